"""Every command of the README is run: by a test that its row names, by `.ci/run`, or by the workflow."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from execute import as_bytes
from nbformat.v4 import new_code_cell, new_notebook

from convlab import cli, workspace

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = (
    r"(?:make|convlab|python3?|py|pip|conda|mamba|jupyter\w*|npm|npx|git|uv|pytest|\.venv\\\S+|%\w+) \S.*|\.ci/\w+"
)


@dataclass(frozen=True)
class Run:
    """Who runs a command: a test, as `file::name`, or a file that holds a line with these words.

    Attributes:
        by: The file, and what is in it.
        not_as_it_stands: Why nothing of ours can run the command itself; then `by` checks what can be checked.
    """

    by: str
    not_as_it_stands: str = ""


HERE = "tests/house/test_readme_commands.py"
IN_CI, WORKFLOW = ".ci/run: make --no-print-directory", ".github/workflows/ci.yml"
LAB = "tests/workspace/test_wheel.py::test_the_first_notebook_opens_in_a_copy_of_the_course"
NO_LAUNCHER = "the workflow starts Python on Windows without the launcher py and without a virtual environment"
RUNS = {
    "make lab": Run(f"{HERE}::test_make_lab_makes_a_copy_and_starts_jupyterlab"),
    "make lab LAB_ARGS=--no-browser": Run(f"{HERE}::test_make_lab_makes_a_copy_and_starts_jupyterlab"),
    "make lab PYTHON=python3.12": Run(f"{HERE}::test_make_lab_refuses_an_old_python", "there may be no such Python"),
    'make lab TORCH="torch==2.13.0 --index-url ADDRESS_FROM_THAT_PAGE"': Run(
        f"{HERE}::test_make_lab_hands_on_the_torch_that_is_named", "the address is not ours, and needs a network"
    ),
    "make test": Run(f"{IN_CI} test"),
    "make more": Run(f"{IN_CI} more"),
    "make lint": Run(f"{IN_CI} lint"),
    "make web": Run(f"{IN_CI} web"),
    "make browser": Run(f"{IN_CI} browser"),
    "make pages": Run(f"{WORKFLOW}: run: make browser pages"),
    "make site": Run(f"{IN_CI} site"),
    "make notebooks": Run(f"{HERE}::test_make_notebooks_stores_the_outputs"),
    ".ci/run": Run(f"{WORKFLOW}: run: .ci/run"),
    "convlab lab": Run(LAB),
    "convlab lab FOLDER": Run(LAB),
    "convlab lab [FOLDER] [--no-browser] [--port N] [-- OPTIONS FOR JUPYTERLAB]": Run(LAB),
    "convlab copy FOLDER": Run(f"{HERE}::test_convlab"),
    "convlab copy [FOLDER]": Run(f"{HERE}::test_convlab"),
    "convlab site": Run(f"{IN_CI} site"),
    "convlab site --stored": Run(f"{IN_CI} site SITE_ARGS=--stored"),
    "convlab site [FOLDER] [--stored]": Run(f"{IN_CI} site SITE_ARGS=--stored"),
    "convlab card [FILE]": Run(f"{HERE}::test_convlab"),
    "convlab env": Run(f"{HERE}::test_convlab"),
    "convlab drill output_shape": Run(f"{HERE}::test_convlab"),
    "convlab progress": Run(f"{HERE}::test_convlab"),
    "%load_ext convlab": Run("tests/explain/test_extension.py::test_what_each_cell_shows"),
    "pip install .": Run("tests/workspace/test_wheel.py::test_the_environment_of_the_wheel"),
    "python tests/benchmarks/learners.py --learners 12": Run(f"{HERE}::test_what_learners_cost_is_measured"),
    "py -3.11 -m venv .venv": Run(f"{WORKFLOW}: python-version: ${{{{ matrix.python }}}}", NO_LAUNCHER),
    r".venv\Scripts\python -m pip install torch==2.13.0": Run(f"{WORKFLOW}: python -m pip install $TORCH", NO_LAUNCHER),
    r'.venv\Scripts\python -m pip install --editable ".[course]"': Run(
        f"{WORKFLOW}: python -m pip install --editable '.[course,site,dev]'", NO_LAUNCHER
    ),
    r'.venv\Scripts\python -m pip install --editable ".[course,site,dev]"': Run(
        f"{WORKFLOW}: python -m pip install --editable '.[course,site,dev]'", NO_LAUNCHER
    ),
    r".venv\Scripts\convlab lab": Run(LAB, NO_LAUNCHER),
    r".venv\Scripts\python -m pytest -n 2 --dist loadfile": Run(
        f"{WORKFLOW}: python -m pytest tests convlab -n 2 --dist loadfile", NO_LAUNCHER
    ),
    "conda env create --file environment.yml": Run(
        "tests/house/test_packaging.py::test_environment", "conda is not here, and fetches an environment of gigabytes"
    ),
    "conda activate convlab": Run("tests/house/test_packaging.py::test_environment", "conda is not here"),
}


def commands(readme: str) -> list[str]:
    """The commands of a text: each line of its `sh` and `bat` blocks, and the pieces of code that begin as one does."""
    fences = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
    lines = [line for kind, block in fences.findall(readme) if kind in ("sh", "bat") for line in block.splitlines()]
    found = [re.sub(r"\s+#.*", "", line).strip() for line in lines]
    pieces = [" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", fences.sub("", readme))]
    return sorted({*filter(None, found), *(piece for piece in pieces if re.fullmatch(COMMAND, piece))})


def faults(readme: str, runs: Mapping[str, Run], root: Path) -> list[str]:
    """The commands without a row, the rows without a command, and those whose test or line is not there."""
    named = commands(readme)
    found = [f"nothing runs: {command}" for command in named if command not in runs]
    found += [f"the README has no such command: {command}" for command in runs if command not in named]
    for command, run in runs.items():
        file, separator, what = re.split("(::|: )", run.by, maxsplit=1)
        content = (root / file).read_text(encoding="utf-8") if (root / file).is_file() else ""
        if separator == "::":
            tests = [node.name for node in ast.parse(content).body if isinstance(node, ast.FunctionDef)]
            is_there = what.startswith("test_") and what in tests
        else:
            lines = [re.split(r"(?:^|\s)#", line)[0].rstrip() for line in content.splitlines()]
            is_there = any(re.search(rf"(?:^|\s){re.escape(what)}(?:\s|$)", line) for line in lines if line)
        if not is_there:
            found.append(f"{command}: there is no {run.by}")
    return found


def test_every_command_is_run() -> None:
    assert faults(README, RUNS, ROOT) == []


GOOD = "Type `make lint`, not `convlab`:\n\n```sh\nmake lint  # or not\n```\n\n```python\nmake = 1\n```\n"


@pytest.mark.parametrize(
    ("readme", "runs", "found"),
    [
        pytest.param(GOOD, {"make lint": RUNS["make lint"]}, [], id="all is well"),
        pytest.param(GOOD, {}, ["nothing runs: make lint"], id="a command without a row"),
        pytest.param("`conda  \nupdate x`", {}, ["nothing runs: conda update x"], id="a command over two lines"),
        pytest.param("```bat\ndir\n```", {}, ["nothing runs: dir"], id="any line of a block"),
        pytest.param(
            "", {"make lint": RUNS["make lint"]}, ["the README has no such command: make lint"], id="a row too many"
        ),
        pytest.param(
            "`make lint`",
            {"make lint": Run(f"{HERE}::test_that_was_renamed")},
            [f"make lint: there is no {HERE}::test_that_was_renamed"],
            id="a test that is not there",
        ),
        pytest.param(
            "`make lint`",
            {"make lint": Run(f"{HERE}::commands")},
            [f"make lint: there is no {HERE}::commands"],
            id="a function that is no test",
        ),
        pytest.param(
            "`make lint`",
            {"make lint": Run("tests/no_such_file.py::test_x")},
            ["make lint: there is no tests/no_such_file.py::test_x"],
            id="a file that is not there",
        ),
        pytest.param(
            "`make lint`",
            {"make lint": Run(f"{IN_CI} lin")},
            [f"make lint: there is no {IN_CI} lin"],
            id="a line that is not there",
        ),
    ],
)
def test_refused(readme: str, runs: Mapping[str, Run], found: list[str]) -> None:
    assert faults(readme, runs, ROOT) == found


def test_a_line_that_is_commented_out_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("# make lint\nmake web # make test\n")
    run = {name: Run(f"run: {name}") for name in ("make lint", "make web", "make test")}
    assert faults("`make lint` `make web` `make test`", run, tmp_path) == [
        "make lint: there is no run: make lint",
        "make test: there is no run: make test",
    ]


@pytest.mark.parametrize(
    ("words", "answers", "said"),
    [
        pytest.param(["copy", "mine"], "", "Your copy of the course: ", id="copy"),
        pytest.param(["card", "card.html"], "", "The card: ", id="card"),
        pytest.param(["env"], "", "All is well: this environment has what the course needs.", id="env"),
        pytest.param(["drill", "output_shape"], "1\nq\n", " of 1 right.", id="drill"),
        pytest.param(["progress"], "", "00_start_here: 4 exercises", id="progress"),
    ],
)
def test_convlab(
    words: list[str],
    answers: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    assert cli.main(words) == 0
    assert said in capsys.readouterr().out


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `make` says in a folder with the Makefile and the environment in which this test runs."""
    program = shutil.which("make")
    if program is None or sys.platform == "win32":
        pytest.skip("the Makefile is for systems with make and a shell")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    installed = [f"--old-file={sys.prefix}/.{stamp}" for stamp in ("course", "dev")]
    command = [program, "--no-print-directory", f"VENV={sys.prefix}", *installed, *words]
    variables = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=120
    )


@pytest.mark.long
def test_make_lab_makes_a_copy_and_starts_jupyterlab(tmp_path: Path) -> None:
    ended = make(tmp_path, "lab", "LAB_ARGS=--version")  # JupyterLab says its version, and ends
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r"[\d.]+", ended.stdout.splitlines()[-1])
    copied = {path.name: path.read_bytes() for path in (tmp_path / workspace.FOLDER).glob("*.ipynb")}
    assert copied == workspace.course()


def test_make_lab_refuses_an_old_python(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "$(echo "$2" | sed \'s/(3, 11)/(9, 11)/\')"\n')
    old.chmod(0o755)
    ended = make(tmp_path, "lab", f"VENV={tmp_path / 'none'}", f"PYTHON={old}")
    assert ended.returncode != 0
    assert f"convlab needs Python 3.11 or newer, but {old} is 3." in ended.stderr


def test_make_lab_hands_on_the_torch_that_is_named(tmp_path: Path) -> None:
    words = "torch==2.13.0 --index-url ADDRESS"
    ended = make(
        tmp_path, "--dry-run", "lab", f"VENV={tmp_path / 'none'}", f"TORCH={words}", f"PYTHON={sys.executable}"
    )
    installs = [line.split("pip install --quiet ")[1] for line in ended.stdout.splitlines() if "pip install" in line]
    assert installs == [words, "--editable '.[course]'"]


@pytest.mark.long
def test_make_notebooks_stores_the_outputs(tmp_path: Path) -> None:
    for folder in ("notebooks", "tests/notebooks"):
        (tmp_path / folder).mkdir(parents=True)
    for path in (*ROOT.glob("tests/*.py"), *ROOT.glob("tests/notebooks/*.*")):
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    book = tmp_path / "notebooks" / "01_a.ipynb"
    book.write_bytes(as_bytes(new_notebook(cells=[new_code_cell("print( 6*7 )", id="a-00")])))
    ended = make(tmp_path, "notebooks")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (cell,) = json.loads(book.read_bytes())["cells"]
    assert ("".join(cell["source"]), cell["outputs"][0]["text"]) == ("print(6 * 7)", ["42\n"])


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells the memory of a process in this way")
def test_what_learners_cost_is_measured() -> None:
    command = [sys.executable, "tests/benchmarks/learners.py", "--learners", "1", "--alone", "0"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    (row,) = re.findall(r"^1 at once, median +(.*)$", ended.stdout, re.MULTILINE)
    ready, imports, both, imported, worked = map(float, row.split())
    assert 0 < ready < both < 100
    assert both == pytest.approx(ready + imports, abs=0.02)
    assert 50 < imported < worked < 3000
    assert re.search(r"^JupyterLab itself: answers after [\d.]+ s, \d\d+ MiB$", ended.stdout, re.MULTILINE)
