"""The reader's copy of the course: what is put there, what stays, and that nothing of the reader's is ever lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from convlab import workspace
from convlab.workspace import LIST, WorkspaceError, update

V1, V2, V3 = b"version 1", b"version 2", b"version 3"
MINE, MINE_TOO = b"my answers", b"more of my answers"
A, NEW, NEW_2 = "01_a.ipynb", "01_a.new.ipynb", "01_a.new-2.ipynb"


def course(content: bytes) -> dict[str, bytes]:
    """A course of one notebook."""
    return {A: content}


def files(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder, without the list."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != LIST}


def write(name: str, content: bytes) -> Callable[[Path], object]:
    """The step of a reader who saves a file."""
    return lambda folder: (folder / name).write_bytes(content)


def delete(name: str) -> Callable[[Path], object]:
    """The step of a reader who deletes a file."""
    return lambda folder: (folder / name).unlink()


Step = bytes | Callable[[Path], object]
"""A version of the course that is put there, or what a reader does."""


class Story(NamedTuple):
    """What happens to a folder: the course's versions and the reader's steps in turn; what is there then, and said."""

    steps: list[Step]
    files: dict[str, bytes]
    said: str = ""


def told(name: str) -> str:
    """What is said where a newer version lands beside a changed file."""
    return f"{A}: you changed it, so it stays; the course's newer version lies beside it, {name}"


BACK = f"{A}: it was not there any more; here is a fresh copy"
CHANGED: list[Step] = [V1, write(A, MINE), V2]

STORIES = {
    "fresh": Story([V1], {A: V1}),
    "the same course again": Story([V1, V1], {A: V1}),
    "unchanged, a newer course": Story([V1, V2], {A: V2}),
    "unchanged, two newer courses": Story([V1, V2, V3], {A: V3}),
    "changed, the same course": Story([V1, write(A, MINE), V1], {A: MINE}),
    "changed, a newer course": Story(CHANGED, {A: MINE, NEW: V2}, told(NEW)),
    "changed, the newer course again": Story([*CHANGED, V2], {A: MINE, NEW: V2}),
    "changed twice": Story([*CHANGED, write(A, MINE_TOO), V2], {A: MINE_TOO, NEW: V2}),
    "changed, a course newer again": Story([*CHANGED, V3], {A: MINE, NEW: V3}, told(NEW)),
    "both changed, the same course": Story([*CHANGED, write(NEW, MINE_TOO), V2], {A: MINE, NEW: MINE_TOO}),
    "both changed, a newer course": Story(
        [*CHANGED, write(NEW, MINE_TOO), V3], {A: MINE, NEW: MINE_TOO, NEW_2: V3}, told(NEW_2)
    ),
    "a file of the reader's with that name": Story(
        [V1, write(A, MINE), write(NEW, MINE_TOO), V2], {A: MINE, NEW: MINE_TOO, NEW_2: V2}, told(NEW_2)
    ),
    "the newer one deleted": Story([*CHANGED, delete(NEW), V2], {A: MINE}),
    "the newer one deleted, a course newer again": Story([*CHANGED, delete(NEW), V3], {A: MINE, NEW: V3}, told(NEW)),
    "the newer one taken": Story([*CHANGED, write(A, V2), V2], {A: V2, NEW: V2}),
    "the newer one taken, then a newer course": Story([*CHANGED, write(A, V2), V2, V3], {A: V3, NEW: V2}),
    "changed and changed back": Story([V1, write(A, MINE), write(A, V1), V2], {A: V2}),
    "emptied": Story([V1, write(A, b""), V2], {A: b"", NEW: V2}, told(NEW)),
    "deleted": Story([V1, delete(A), V1], {A: V1}, BACK),
    "deleted, a newer course": Story([V1, delete(A), V2], {A: V2}, BACK),
    "a file of the reader's before the course": Story([write(A, MINE), V1], {A: MINE, NEW: V1}, told(NEW)),
    "other files": Story([V1, write("mine.txt", MINE), V2], {A: V2, "mine.txt": MINE}),
    "the list lost, unchanged": Story([V1, delete(LIST), V1], {A: V1}),
    "the list lost, a newer course": Story([V1, delete(LIST), V2], {A: V1, NEW: V2}, told(NEW)),
    "the list lost, changed": Story([V1, write(A, MINE), delete(LIST), V1], {A: MINE, NEW: V1}, told(NEW)),
    "the list lost, then on": Story([V1, write(A, MINE), delete(LIST), V1, V1], {A: MINE, NEW: V1}),
}
DAMAGED = [b"", b"{", b"[]", b"null", b'{"files": []}', b'{"files": {"01_a.ipynb": null}}', b"\xff\xfe", b"{}"]


@pytest.mark.parametrize("name", ["plain", "with spaces", "我的 课程 ü"])
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_stories(story: Story, name: str, tmp_path: Path) -> None:
    folder, said = tmp_path / "deep" / name, [""]
    folder.mkdir(parents=True)
    for step in story.steps:
        if isinstance(step, bytes):
            said = update(folder, course(step))
        else:
            step(folder)
    assert files(folder) == story.files
    assert "\n".join(said) == story.said


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_list_means_that_all_may_be_changed(damaged: bytes, tmp_path: Path) -> None:
    update(tmp_path, course(V1))
    (tmp_path / LIST).write_bytes(damaged)
    assert update(tmp_path, course(V2)) == [told(NEW)]
    assert files(tmp_path) == {A: V1, NEW: V2}
    assert update(tmp_path, course(V2)) == []


def test_the_list_never_holds_a_hash_of_what_the_reader_wrote(tmp_path: Path) -> None:
    known = {workspace._hash(content) for content in (V1, V2, V3)}
    for story in STORIES.values():
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        for step in story.steps:
            if isinstance(step, bytes):
                update(folder, course(step))
                assert set(json.loads((folder / LIST).read_text("utf-8"))["files"].values()) <= known
            else:
                step(folder)


def test_the_reader_saves_at_the_moment_of_the_update(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update(tmp_path, course(V1))
    real = workspace._write

    def write_and_save(path: Path, content: bytes) -> None:
        real(path, content)
        if path.name.startswith(f".{A}"):  # the file was seen as unchanged, and the newer one lies ready
            (tmp_path / A).write_bytes(MINE)

    monkeypatch.setattr(workspace, "_write", write_and_save)
    assert update(tmp_path, course(V2)) == [told(NEW)]
    assert files(tmp_path) == {A: MINE, NEW: V2}


def test_the_reader_saves_a_moment_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update(tmp_path, course(V1))
    real = workspace._hash_of

    def hash_and_save(path: Path) -> str | None:
        found = real(path)
        if ".before-" in path.name:
            (tmp_path / A).write_bytes(MINE)
        return found

    monkeypatch.setattr(workspace, "_hash_of", hash_and_save)
    assert update(tmp_path, course(V2)) == [told(NEW)]
    assert files(tmp_path) == {A: MINE, NEW: V2}


@pytest.fixture
def two_readers_files(tmp_path: Path) -> tuple[Path, dict[str, bytes], dict[str, bytes]]:
    """A folder in which every third file is changed, the next version of the course, and what must be there then."""
    names = [f"{number:02d}.ipynb" for number in range(24)]
    update(tmp_path, dict.fromkeys(names, V1))
    newer, expected = {}, {}
    for number, name in enumerate(names):
        newer[name] = V2 + name.encode() * 10_000
        expected[name] = newer[name]
        if number % 3 == 0:
            (tmp_path / name).write_bytes(MINE)
            expected |= {name: MINE, name.replace(".", ".new."): newer[name]}
    return tmp_path, newer, expected


def test_threads_at_once(two_readers_files: tuple[Path, dict[str, bytes], dict[str, bytes]]) -> None:
    folder, newer, expected = two_readers_files
    start, errors = threading.Barrier(6), []

    def run() -> None:
        start.wait(timeout=20)
        try:
            update(folder, newer)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert files(folder) == expected
    assert update(folder, newer) == []


def test_processes_at_once(two_readers_files: tuple[Path, dict[str, bytes], dict[str, bytes]]) -> None:
    folder, _, expected = two_readers_files
    code = (
        "import sys, pathlib, runpy; folder = pathlib.Path(sys.argv[1])\n"
        "update = runpy.run_path(sys.argv[2])['update']\n"
        "newer = {f'{n:02d}.ipynb': b'version 2' + f'{n:02d}.ipynb'.encode() * 10_000 for n in range(24)}\n"
        "sys.stdin.readline(); update(folder, newer)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), workspace.__file__], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        results = []
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        for process in processes:
            results.append((process.communicate(timeout=60)[1], process.returncode))
    finally:
        for process in processes:
            process.kill()
    assert results == [(b"", 0)] * 2
    assert files(folder) == expected


def broken(error: int) -> Callable[..., None]:
    """A call that the system refuses."""

    def call(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    return call


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_disk_without_links(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", broken(errno.EPERM))
    for step in story.steps:
        if isinstance(step, bytes):
            update(tmp_path, course(step))
        else:
            step(tmp_path)
    assert files(tmp_path) == story.files


@pytest.mark.parametrize("step", ["_write", "_move_to_free_name"])
def test_a_full_disk(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update(tmp_path, {A: V1, "02_b.ipynb": V1})
    (tmp_path / A).write_bytes(MINE)
    before = files(tmp_path)
    real, calls = getattr(workspace, step), []

    def first_fails(*arguments: object) -> object:
        calls.append(arguments)
        return broken(errno.ENOSPC)() if len(calls) == 1 else real(*arguments)

    for newer in ({A: V2}, {"02_b.ipynb": V2}):
        calls.clear()
        with monkeypatch.context() as patch:
            patch.setattr(workspace, step, first_fails)
            with pytest.raises(WorkspaceError, match=r"No space left.* Nothing of yours has changed\. Make room"):
                update(tmp_path, newer)
        assert files(tmp_path) == before
    update(tmp_path, {A: V2, "02_b.ipynb": V2})
    assert files(tmp_path) == {A: MINE, NEW: V2, "02_b.ipynb": V2}


@pytest.mark.skipif(sys.platform == "win32", reason="there chmod makes no folder read-only")
def test_a_folder_that_cannot_be_written() -> None:
    posix: Any = os  # mypy also runs on Windows, where os lacks these
    outer = Path(tempfile.mkdtemp())
    folder = outer / "course"
    try:
        update(folder, course(V1))
        (folder / A).chmod(0o644)
        outer.chmod(0o755)
        folder.chmod(0o555)
        (folder / LIST).chmod(0o644)
        is_root = posix.geteuid() == 0
        if is_root:
            posix.seteuid(65534)  # root may write everywhere
        try:
            assert update(folder, course(V1)) == []  # nothing to write
            with pytest.raises(WorkspaceError, match=r"be put into .*course: Permission denied\. Nothing of"):
                update(folder, course(V2))
            with pytest.raises(WorkspaceError, match="Permission denied"):
                update(folder / "inside", course(V1))
        finally:
            if is_root:
                posix.seteuid(0)
        assert files(folder) == {A: V1}
    finally:
        folder.chmod(0o755)
        shutil.rmtree(outer)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "course").write_bytes(MINE)
    for folder in (tmp_path / "course", tmp_path / "course" / "inside"):
        with pytest.raises(WorkspaceError, match="cannot be put into"):
            update(folder, course(V1))
    assert files(tmp_path) == {"course": MINE}


def test_the_course_is_that_of_this_checkout() -> None:
    notebooks = Path(__file__).parents[2] / "notebooks"
    assert workspace.course_folder() == notebooks
    assert workspace.course() == {path.name: path.read_bytes() for path in notebooks.glob("*.ipynb")}
    assert list(workspace.course()) == sorted(workspace.course())


def test_the_course_is_not_copied_onto_itself() -> None:
    before = {path.name for path in workspace.course_folder().iterdir()}
    with pytest.raises(WorkspaceError, match="the course's own notebooks"):
        workspace.prepare(workspace.course_folder() / ".." / "notebooks")
    assert {path.name for path in workspace.course_folder().iterdir()} == before


def test_a_package_without_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / "convlab")
    with pytest.raises(WorkspaceError, match="came without its notebooks"):
        workspace.course()


def test_home_is_never_the_real_one_in_tests_and_their_processes() -> None:
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['home']())"
    command = [sys.executable, "-c", code, workspace.__file__]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert Path(printed.stdout.strip()) == workspace.home() == Path(os.environ["CONVLAB_HOME"])
    assert workspace.home().name.startswith("convlab-home-")
    assert workspace.home().is_dir()


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        pytest.param("linux", {}, "~/.local/share/convlab", id="Linux"),
        pytest.param("linux", {"XDG_DATA_HOME": "/xdg"}, "/xdg/convlab", id="Linux, with a choice"),
        pytest.param("darwin", {}, "~/Library/Application Support/convlab", id="macOS"),
        pytest.param("win32", {}, "~/AppData/Local/convlab", id="Windows"),
        pytest.param("win32", {"LOCALAPPDATA": "/local"}, "/local/convlab", id="Windows, with a choice"),
        pytest.param("linux", {"CONVLAB_HOME": "~/my state"}, "~/my state", id="the reader's choice"),
        pytest.param("win32", {"CONVLAB_HOME": ""}, "~/AppData/Local/convlab", id="an empty choice"),
    ],
)
def test_home(
    system: str, variables: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONVLAB_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert workspace.home() == Path(expected).expanduser()
