"""Faults while an answer is checked: the learner is told about the answer, and no progress is lost."""

from __future__ import annotations

import errno
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kernels import started

from convlab import practice
from convlab.practice import keeping, store
from convlab.practice.state import State, state_of

ONLY = ["progress.json", "progress.json.lock"]
FULL = "Make room there before Python ends: the next check keeps all of it. All else works."
RECORDS = """
keeping.SECONDS = 100.0
for number in range(int(sys.argv[1])):
    store.record("conv1d", passed=False, mistake="the kernel is flipped")
    print(number + 1, flush=True)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where progress is kept, with one exercise that was passed before."""
    home = tmp_path / "我的 进度"
    monkeypatch.setenv("CONVLAB_HOME", str(home))
    store.record("conv2d", passed=True)
    return home / "progress.json"


def on_disk(file: Path) -> State:
    """What the file alone says; it must be whole."""
    return state_of(json.loads(file.read_bytes()))


def names(file: Path) -> list[str]:
    """All that lies beside the file."""
    return sorted(path.name for path in file.parent.iterdir())


def window_count(input_size: int, kernel_size: int) -> int:
    return input_size - kernel_size + 1


def no_room(*_: object) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def half(file: Any, content: bytes) -> None:
    file.write(content[: len(content) // 2])
    file.flush()
    no_room()


FULL_AT: dict[str, Callable[[pytest.MonkeyPatch, Path], object]] = {
    "the first half is written": lambda patch, file: patch.setattr(keeping, "_fill", half),
    "the disk takes it": lambda patch, file: patch.setattr(os, "fsync", no_room),
    "it is put in place": lambda patch, file: patch.setattr(os, "replace", no_room),
}


@pytest.mark.parametrize("full", FULL_AT.values(), ids=FULL_AT)
def test_a_disk_that_is_full(
    full: Callable[[pytest.MonkeyPatch, Path], object],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = file.read_bytes()
    for again in (1, 2):  # full, mended, and full again: it is said again
        with monkeypatch.context() as patch:
            full(patch, file)
            assert not practice.check("window_count", lambda input_size, kernel_size: input_size).passed
            assert practice.check("window_count", window_count).passed
        shown = capsys.readouterr()
        assert ("✗ Not right yet. window_count" in shown.out, "✓ Right. window_count" in shown.out) == (True, True)
        reason = f"{file}: {os.strerror(errno.ENOSPC)}"
        assert shown.err == f"convlab: your progress is not kept: {reason}. {FULL}\n"
        assert file.read_bytes() == before
        assert names(file) == ONLY
        store.record("conv1d", passed=True)
        found = on_disk(file)
        assert (found.exercise("window_count").attempts, found.exercise("conv2d").attempts) == (2 * again, 1)
        before = file.read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_a_disk_that_is_full_says_the_system(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = file.read_bytes()
    (file.parent / "progress.json.new").symlink_to("/dev/full")
    store.record("conv1d", passed=True)
    assert f"{os.strerror(errno.ENOSPC)}. {FULL}" in capsys.readouterr().err
    assert (file.read_bytes(), names(file)) == (before, ONLY)


def test_no_half_copy_of_a_damaged_file_stays(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(b"{")
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_fill", half)
        store.record("conv1d", passed=True)
    assert (file.read_bytes(), names(file)) == (b"{", ONLY)
    store.record("conv1d", passed=True)
    assert (file.parent / "progress.damaged-1.json").read_bytes() == b"{"
    assert on_disk(file).exercise("conv1d").attempts == 2
    assert "is damaged" in capsys.readouterr().err


def test_kernels_that_are_killed_leave_a_whole_file(file: Path) -> None:
    rng, told = random.Random(1), 0
    for _ in range(3):
        process = started(RECORDS, "1000000")
        assert process.stdout is not None
        for _ in range(rng.randint(1, 12)):
            last = int(process.stdout.readline())
        time.sleep(rng.random() * 0.01)
        process.kill()
        last = max([last, *map(int, process.communicate()[0].split())])
        found = on_disk(file)
        told += last
        assert told <= found.exercise("conv1d").attempts <= told + 1  # the last one was kept, or was on its way
        assert found.exercise("conv2d").attempts == 1
        told = found.exercise("conv1d").attempts
    store.record("conv1d", passed=True)  # nobody holds the lock any more
    assert on_disk(file).exercise("conv1d").attempts == told + 1
    assert names(file) == ONLY


def test_who_reads_while_kernels_write_sees_a_whole_file(file: Path) -> None:
    file.write_bytes(b'{"version": 1, "exercises": {"conv2d": {"attempts": 1}, "conv3d": ')
    damaged = file.read_bytes()
    done, broken, counts = threading.Event(), [], []

    def read() -> None:
        while not done.is_set():
            content = file.read_bytes()
            try:
                counts.append(state_of(json.loads(content)).exercise("conv1d").attempts)
            except ValueError:
                if content != damaged:
                    broken.append(content)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        processes = [started(RECORDS, "30") for _ in range(2)]
        ended = [(process.communicate()[0].split()[-1], process.returncode) for process in processes]
    finally:
        done.set()
        reader.join()
    assert ended == [("30", 0)] * 2
    assert broken == []
    assert counts == sorted(counts)
    assert on_disk(file).exercise("conv1d").attempts == 60
    assert names(file) == ["progress.damaged-1.json", *ONLY]  # set aside by one of them, once
    assert (file.parent / "progress.damaged-1.json").read_bytes() == damaged


@pytest.mark.skipif(sys.platform == "win32", reason="there a disk without locks is told by another error")
def test_a_disk_without_locks(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", refuse)
        assert practice.check("window_count", window_count).passed
    shown = capsys.readouterr()
    assert "✓ Right. window_count" in shown.out
    assert f"{file}: {os.strerror(errno.ENOLCK)}. Make that place writable, or set CONVLAB_HOME" in shown.err
    store.record("conv1d", passed=True)
    assert on_disk(file).exercise("window_count").attempts == 1
