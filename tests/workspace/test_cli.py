"""The command `convlab`: what it hands to JupyterLab, what it says, its exit status; and `environment`."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

import convlab
from convlab import cli, environment, lab, workspace
from convlab.environment import Finding

PROJECT = Path(__file__).resolve().parents[2]
FIRST = min(path.name for path in (PROJECT / "notebooks").glob("*.ipynb"))
COURSE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["course"]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What JupyterLab would be opened with; the current folder is an empty one."""
    calls: list[tuple[Any, ...]] = []

    def open_lab(*arguments: Any) -> int:
        calls.append(arguments)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "open_lab", open_lab)
    return calls


@pytest.mark.parametrize(
    ("words", "folder", "options"),
    [
        pytest.param([], "convlab-course", [], id="nothing"),
        pytest.param(["my copy 课程"], "my copy 课程", [], id="a folder"),
        pytest.param(["--no-browser", "--port", "8890"], "convlab-course", ["--no-browser", "--port=8890"], id="ours"),
        pytest.param(["--", "--allow-root"], "convlab-course", ["--allow-root"], id="others"),
        pytest.param(
            ["mine", "--no-browser", "--", "--ip=::1", "--", "x"],
            "mine",
            ["--no-browser", "--ip=::1", "--", "x"],
            id="all",
        ),
        pytest.param(["--"], "convlab-course", [], id="no others"),
    ],
)
def test_lab(words: list[str], folder: str, options: list[str], opened: list[tuple[Any, ...]], tmp_path: Path) -> None:
    assert cli.main(["lab", *words]) == 0
    assert opened == [(Path(folder), FIRST, options)]
    assert (tmp_path / folder / FIRST).read_bytes() == (PROJECT / "notebooks" / FIRST).read_bytes()


def test_lab_twice_with_an_edited_notebook_in_between(
    opened: list[tuple[Any, ...]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert cli.main(["lab"]) == 0
    mine = tmp_path / "convlab-course" / FIRST
    mine.write_bytes(mine.read_bytes() + b"\n")
    edited = mine.read_bytes()
    assert cli.main(["lab"]) == 0
    assert capsys.readouterr().out == f"Your copy of the course: {mine.parent}\n" * 2
    newer = {name: content + b"\n\n" for name, content in workspace.course().items()}
    monkeypatch.setattr(workspace, "course", lambda: newer)
    assert cli.main(["lab"]) == 0
    beside = FIRST.replace(".", ".new.")
    assert capsys.readouterr().out.startswith(f"{FIRST}: you changed it, so it stays; the course's newer version lies")
    assert mine.read_bytes() == edited
    assert (mine.parent / beside).read_bytes() == newer[FIRST]
    assert len(opened) == 3


def test_copy_opens_nothing(opened: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, folder in (([], "convlab-course"), (["my copy 课程"], "my copy 课程")):
        assert cli.main(["copy", *words]) == 0
        assert capsys.readouterr().out == f"Your copy of the course: {tmp_path / folder}\n"
        assert {path.name: path.read_bytes() for path in (tmp_path / folder).glob("*.ipynb")} == workspace.course()
    assert cli.main(["copy"]) == 0  # once more: up to date
    (tmp_path / "taken").touch()
    assert cli.main(["copy", "taken"]) == 1
    assert opened == []


def test_lab_in_a_terminal_that_lacks_the_letters(
    opened: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    assert cli.main(["lab", "课程"]) == 0
    assert rb"\u8bfe\u7a0b" in written.getvalue()
    assert len(opened) == 1


def test_lab_without_jupyterlab(
    opened: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lab"]) == 1
    assert capsys.readouterr().err == "convlab: JupyterLab is not installed: pip install 'convlab[course]'\n"
    assert list(tmp_path.iterdir()) == []
    assert opened == []


def test_lab_in_a_place_that_is_taken(
    opened: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    assert cli.main(["lab", "taken"]) == 1
    assert re.fullmatch(r"convlab: the notebooks cannot be put into taken: .*\n", capsys.readouterr().err)
    assert opened == []


def test_the_command_that_opens_jupyterlab() -> None:
    command = lab.lab_command("01_a b.ipynb", ["--x"])
    assert command == [sys.executable, "-P", "-m", "jupyterlab", "--LabApp.default_url=/lab/tree/01_a%20b.ipynb", "--x"]
    assert not any(word in " ".join(command) for word in ("root", "token", "password", "ip="))


def test_the_settings_of_the_course_stand_before_those_that_are_there() -> None:
    ours = str(PROJECT / "convlab" / "jupyter")
    assert lab.lab_environment({"A": "1"}) == {"A": "1", "JUPYTER_CONFIG_PATH": ours}
    theirs = {"JUPYTER_CONFIG_PATH": os.pathsep.join(["x", "y"])}
    assert lab.lab_environment(theirs) == {"JUPYTER_CONFIG_PATH": os.pathsep.join([ours, "x", "y"])}


@pytest.mark.parametrize(
    "words",
    [
        ["drive"],
        ["lab", "a", "b"],
        ["lab", "--port", "x"],
        ["lab", "--allow-root"],
        ["copy", "a", "b"],
        ["env", "--", "x"],
        ["env", "x"],
    ],
    ids=" ".join,
)
def test_words_that_are_not_understood(words: list[str], opened: list[tuple[Any, ...]]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert opened == []


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["--version"], f"convlab {convlab.__version__}\n"),
        (["--help"], "usage: convlab "),
        (["lab", "--help"], "usage: convlab lab "),
        (["env", "--help"], "usage: convlab env "),
        (["card", "--help"], "usage: convlab card "),
    ],
)
def test_help_and_version(words: list[str], printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(printed)


def test_python_m_convlab() -> None:
    command = [sys.executable, "-m", "convlab", "env"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, encoding="utf-8")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "All is well" in ended.stdout


@pytest.mark.parametrize("options", [[], ["LAB_ARGS=--no-browser --port=8890"]])
def test_make_lab(options: list[str], tmp_path: Path) -> None:
    make = shutil.which("make")
    if make is None or sys.platform == "win32":
        pytest.skip("the Makefile is for systems with make and a shell")
    (tmp_path / "pyproject.toml").touch()
    shutil.copy(PROJECT / "Makefile", tmp_path)
    command = [make, "--no-print-directory", "-n", "lab", *options]  # make test calls it, and make would say so
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    last = printed.stdout.splitlines()[-1]
    assert last.split() == [
        ".venv/bin/convlab",
        "lab",
        "--",
        *(options[0].partition("=")[2].split() if options else []),
    ]
    assert "labextension" not in printed.stdout


def test_env_where_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["env"]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("\n\nAll is well: this environment has what the course needs.\n")
    for line in COURSE:
        name, _, pin = line.partition("==")
        assert re.search(rf"^{re.escape(name)} +{re.escape(pin)}(\+\w+)?$", printed, re.MULTILINE), line
    assert str(Path.home()) + os.sep not in printed


def test_env_says_what_torch_uses_of_the_processor(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["env"])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("CPU "))
    assert line.endswith(f", {torch.backends.cpu.get_cpu_capability()}")


def test_card_writes_a_page_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["card", str(tmp_path / "mine.html")]) == 0
    assert capsys.readouterr().out == f"The card: {tmp_path / 'mine.html'}\n"
    assert cli.main(["card", str(tmp_path / "mine.pdf")]) == 1
    assert capsys.readouterr().err.startswith("convlab: the file of the card must end in .html, but it is ")


def test_env_says_what_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "jupyterlab":
            raise importlib.metadata.PackageNotFoundError(name)
        return {"torch": "2.9.1+cu128", "tqdm": "99.0"}.get(name, real(name))

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert cli.main(["env"]) == 1
    printed = capsys.readouterr().out
    pin = next(line for line in COURSE if line.startswith("torch==")).partition("==")[2]
    sentences = [
        "- jupyterlab is not installed.",
        f"- torch is 2.9.1+cu128, older than {pin}, with which the course is tested.",
    ]
    assert printed.partition("Not all is well:\n")[2].splitlines() == [
        *sentences,
        "What is missing or too old comes with",
        "    pip install 'convlab[course]'",
    ]
    assert re.search(r"^tqdm +99\.0 \(the course is tested with ", printed, re.MULTILINE)


def test_the_pins_have_one_source() -> None:
    assert sorted(environment.requirements()) == sorted(COURSE)


@pytest.mark.parametrize(
    ("here", "fault"),
    [("2.13.0", ""), ("2.13.0+cpu", ""), ("2.14", ""), ("3.0.0", ""), ("2.9.9", "older"), (None, "not installed")],
)
def test_versions_are_compared_as_numbers(here: str | None, fault: str) -> None:
    (finding,) = environment.check_pins(["torch==2.13.0"], lambda name: here)
    assert (fault in finding.fault) if fault else finding.fault == ""


def test_a_bare_copy_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert environment.own_version() == "not installed"
    assert environment.problems(environment.check()) == [
        "convlab is a bare copy of its files here; it has to be installed."
    ]


def test_data_that_is_missing() -> None:
    photo = convlab.data.source("photo")
    no_package = dataclasses.replace(photo, package="nowhere", module="nowhere_to_be_found")
    no_file = dataclasses.replace(photo, file="datasets/no.jpg")
    findings = environment.check_data([photo, no_file, no_package])
    assert [finding.value for finding in findings] == ["scikit-learn: 1 file of 2", "nowhere: 0 files of 1"]
    assert "does not carry datasets/no.jpg" in findings[0].fault
    assert "nowhere, which is not installed" in findings[1].fault
    assert all(re.fullmatch(r"[A-Z].*\.", finding.fault) for finding in findings)


def test_notebooks_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / "convlab")
    (fault,) = environment.problems(environment.check())
    assert "came without its notebooks" in fault


def test_a_report_shows_the_folder_of_the_user_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLAB_HOME", str(Path.home() / "state of mine"))
    assert environment.check()[-1] == Finding("CONVLAB_HOME", f"~{os.sep}state of mine")


def test_drill_asks_until_q(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
    assert cli.main(["drill", "output_shape"]) == 0
    assert "No question answered." in capsys.readouterr().out


def test_drill_names_its_topics(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["drill", "shapes"]) == 1
    assert "topic must be one of output_shape" in capsys.readouterr().err


def test_progress_prints_the_map(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["progress"]) == 0
    assert "00_start_here: 4 exercises, 4 open" in capsys.readouterr().out
