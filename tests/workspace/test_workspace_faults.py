"""Faults that a reader meets: a damaged notebook, no network, a read-only install; nothing is lost, each is told."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kernels
import pytest

from convlab import workspace
from convlab.workspace import LIST, update

A, B, NEW = "01_a.ipynb", "02_b.ipynb", "01_a.new.ipynb"
PROJECT = Path(__file__).resolve().parents[2]


def notebook(text: str) -> bytes:
    """A notebook with one line of words."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": [text]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, indent=1).encode()


V1, V2 = notebook("version 1"), notebook("version 2")
LINES = V1.splitlines(keepends=True)
CONFLICT = b"".join([*LINES[:3], b"<<<<<<< mine\n", LINES[3], b"=======\n", LINES[3], b">>>>>>> theirs\n", *LINES[4:]])


def holds(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def is_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "mine.txt").write_bytes(b"my answers")


def leads_nowhere(path: Path) -> None:
    path.unlink()
    try:
        path.symlink_to(path.with_name("nowhere"))
    except OSError:
        pytest.skip("this system makes no links")


DAMAGES = {
    "half a notebook": (holds(V1[: len(V1) // 2]), "it is damaged"),
    "an empty file": (holds(b""), "it is damaged"),
    "marks of a conflict": (holds(CONFLICT), "it is damaged"),
    "no text": (holds(b"\xff\xfe\x00" * 50), "it is damaged"),
    "a list": (holds(b"[]"), "it is damaged"),
    "no cells": (holds(b'{"nbformat": 4}'), "it is damaged"),
    "very deep": (holds(b"[" * 100_000), "it is damaged"),
    "a folder": (is_a_folder, "a folder has this name"),
    "a link that leads nowhere": (leads_nowhere, "it cannot be read (No such file or directory)"),
}


def everything(folder: Path) -> dict[str, bytes | str]:
    """All that lies in a folder and its folders, without the list; of a link, where it leads."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.name != LIST and (path.is_symlink() or not path.is_dir())
    }


@pytest.mark.parametrize("newer", [V1, V2], ids=["the same course", "a newer course"])
@pytest.mark.parametrize(("damage", "why"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_notebook_stays_and_a_fresh_one_lands_beside_it(
    damage: Callable[[Path], object], why: str, newer: bytes, tmp_path: Path
) -> None:
    update(tmp_path, {A: V1})
    damage(tmp_path / A)
    before = everything(tmp_path)
    said = f"{A}: {why}, and it stays as it is; a fresh copy to go on with lies beside it, {NEW}"
    assert update(tmp_path, {A: newer, B: newer}) == [said]
    assert everything(tmp_path) == {**before, NEW: newer, B: newer}

    (tmp_path / NEW).write_bytes(mine := notebook("my answers"))  # the reader goes on there
    assert update(tmp_path, {A: newer, B: newer}) == [said]
    assert everything(tmp_path) == {**before, NEW: mine, B: newer}


def test_a_fresh_copy_that_is_damaged_or_gone_comes_again(tmp_path: Path) -> None:
    update(tmp_path, {A: V1})
    (tmp_path / A).write_bytes(b"{")
    update(tmp_path, {A: V1})
    (tmp_path / NEW).write_bytes(b"[")
    (line,) = update(tmp_path, {A: V1})
    assert line.endswith("lies beside it, 01_a.new-2.ipynb")
    assert everything(tmp_path) == {A: b"{", NEW: b"[", "01_a.new-2.ipynb": V1}
    (tmp_path / NEW).unlink()
    (line,) = update(tmp_path, {A: V1})
    assert line.endswith(f"lies beside it, {NEW}")
    assert everything(tmp_path) == {A: b"{", NEW: V1, "01_a.new-2.ipynb": V1}


def test_a_notebook_that_another_update_moves_at_this_moment_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(tmp_path, {A: V1})
    real, away = Path.read_bytes, [A]

    def read(path: Path) -> bytes:
        if path.name in away:
            away.remove(path.name)
            raise FileNotFoundError(path)
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read)
        assert update(tmp_path, {A: V2}) == []
    assert everything(tmp_path) == {A: V2}


def test_a_notebook_that_the_reader_mends_is_no_damage_any_more(tmp_path: Path) -> None:
    update(tmp_path, {A: V1})
    (tmp_path / A).write_bytes(b"{")
    update(tmp_path, {A: V1})
    (tmp_path / A).write_bytes(mine := notebook("my answers"))
    assert update(tmp_path, {A: V1}) == []
    assert everything(tmp_path) == {A: mine, NEW: V1}


@pytest.mark.parametrize("name", workspace.course())
def test_each_notebook_of_the_course_is_one_and_half_of_it_is_not(name: str) -> None:
    content = workspace.course()[name]
    assert workspace._is_notebook(content)
    assert not workspace._is_notebook(content[: len(content) // 2])


READER = """
import os, sys
from convlab import cli, data, explorers, figures, lab, practice
from convlab.arithmetic import ConvSpec

lab.open_lab = lambda *words: print("JupyterLab opens") or 0
for words in (["env"], ["lab"], ["progress"]):
    print(words, cli.main(words), flush=True)
practice.check("window_count", lambda input_size, kernel_size: input_size)
practice.hint("window_count")
practice.solution("window_count")
practice.check("window_count", lambda input_size, kernel_size: input_size - kernel_size + 1)
practice.progress()
practice.predict(3, lambda: 3)
print(practice.drill("macs", seed=1).session.answer("1").text)
explorers.sliding_window(2, input_size=4)
print(data.photo().shape, data.digits()[0].shape)

def slow(input_size, kernel_size):
    os.write(1, b"inside")
    os.kill(os.getpid(), 9)

practice.check("window_count", slow)
"""
KILLED = 9 if sys.platform == "win32" else -9


def test_without_a_network_all_works_and_a_kernel_that_is_killed_inside_a_check_loses_nothing(tmp_path: Path) -> None:
    guard, home = tmp_path / "guard", tmp_path / "我的 进度"
    guard.mkdir()
    folder = tmp_path / "读者 的文件夹" / workspace.FOLDER
    folder.mkdir(parents=True)
    (folder / "05_shapes_and_errors.ipynb").write_bytes(V1[:20])
    variables = {**kernels.without_network(guard), "CONVLAB_HOME": str(home)}
    status, shown, errors = kernels.run(READER, variables, folder.parent)
    assert (status, shown.endswith("inside")) == (KILLED, True), errors
    assert kernels.asked(guard) == []
    assert errors == ""
    for words in ("['env'] 0", "JupyterLab opens\n['lab'] 0", "['progress'] 0", "✗ Not right yet.", "✓ Right. window"):
        assert words in shown
    found = json.loads((home / "progress.json").read_bytes())["exercises"]["window_count"]
    assert (found["attempts"], len(found["passes"]), found["hints"], found["asked"]) == (2, 1, 1, 1)
    assert sorted(path.name for path in home.iterdir()) == ["progress.json", "progress.json.lock"]
    assert "05_shapes_and_errors.ipynb: it is damaged, and it stays as it is; a fresh copy" in shown
    damaged = {"05_shapes_and_errors.ipynb": V1[:20]}
    fresh = {"05_shapes_and_errors.new.ipynb": workspace.course()["05_shapes_and_errors.ipynb"]}
    assert everything(folder) == {**workspace.course(), **damaged, **fresh}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("urllib.request.urlopen('http://192.0.2.1', timeout=1)", id="an address"),
        pytest.param("urllib.request.urlopen('http://192.0.2.1.example', timeout=1)", id="a name"),
        pytest.param("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))", id="a datagram"),
    ],
)
def test_who_asks_another_machine_is_noticed(line: str, tmp_path: Path) -> None:
    variables = kernels.without_network(tmp_path)
    status, _, errors = kernels.run(f"import socket, urllib.request; {line}", variables, tmp_path)
    assert (status, "Network is unreachable" in errors) == (1, True)
    assert [host[:9] for host in kernels.asked(tmp_path)] == ["192.0.2.1"]


@pytest.mark.skipif(not kernels.can_be_without_rights(), reason="here no folder can be made read-only")
def test_a_read_only_install_home_and_working_copy(tmp_path: Path) -> None:
    for name in ("install", "home", "reader"):
        (tmp_path / name).mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "convlab", tmp_path / "install" / "convlab", ignore=ignored)
    shutil.copytree(PROJECT / "notebooks", tmp_path / "install" / "notebooks", ignore=ignored)
    folders = [path for path in [tmp_path, *tmp_path.rglob("*")] if path.is_dir()]
    before = everything(tmp_path)
    for folder in folders:
        folder.chmod(0o555)
    try:
        variables = {"PYTHONPATH": str(tmp_path / "install"), "CONVLAB_HOME": str(tmp_path / "home")}
        status, shown, errors = kernels.run(READER, variables, tmp_path / "reader", may_write=False)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert (status, shown.endswith("inside")) == (KILLED, True), errors
    assert str(tmp_path / "install" / "notebooks") in shown
    for words in (
        "['env'] 0",
        "['lab'] 1",
        "['progress'] 0",
        "✗ Not right yet.",
        "✓ Right. window_count",
        "1 done, 3 open",
    ):
        assert words in shown, words
    progress = tmp_path / "home" / "progress.json"
    assert errors.splitlines() == [
        f"convlab: the notebooks cannot be put into {workspace.FOLDER}: Permission denied. "
        "Nothing of yours has changed. Make room or name another folder: convlab lab FOLDER",
        f"convlab: your progress is not kept: {progress}: Permission denied. "
        "Make that place writable, or set CONVLAB_HOME to another folder. All else works.",
    ]
    assert everything(tmp_path) == before


@pytest.mark.parametrize("target", ["lab", "test", "browser", "site", "notebooks", "lint"])
def test_make_in_a_clone_far_from_a_plain_path(target: str, tmp_path: Path) -> None:
    make = shutil.which("make")
    if make is None or sys.platform == "win32":
        pytest.skip("the Makefile is for systems with make and a shell")
    clone = tmp_path / "带 空格 的"
    clone.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(PROJECT / name, clone)
    command = [make, "--no-print-directory", "-n", target]
    printed = subprocess.run(command, cwd=clone, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    words = [word for line in printed.splitlines() for word in shlex.split(line)]
    named = [word.partition("=")[2] for word in words if word.startswith("CONVLAB_") and "/" in word]
    assert all(name.startswith(f"{clone}{os.sep}") for name in named)
    assert bool(named) == (target in ("browser", "site"))
    assert not any("空格" in word for word in words if not word.startswith("CONVLAB_"))
