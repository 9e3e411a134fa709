"""The reader's progress on disk: kept by two kernels at once, through a crash, and out of what is damaged."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from kernels import started

from convlab.practice import keeping, store
from convlab.practice.state import State, Tried, state_of

RECORDS = """
keeping.SECONDS = 100.0
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    store.record("conv1d", passed=False, mistake=f"mistake of {sys.argv[1]}")
    store.record_drill(sys.argv[1], passed=True)
"""
KEPT = {"conv2d": {"attempts": 2}}
MORNING = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's folder, which does not exist yet."""
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def file(home: Path) -> Path:
    """Where progress is kept, in a folder that exists."""
    home.mkdir()
    return home / "progress.json"


def on_disk(file: Path) -> State:
    """What the file alone says."""
    return state_of(json.loads(file.read_bytes()))


def test_nothing_is_known_and_nothing_is_made_before_the_first_record(home: Path) -> None:
    assert store.load() == State()
    assert store.attempts("conv1d") == store.hints_seen("conv1d") == store.times_asked("conv1d") == 0
    assert not home.exists()


def test_what_is_recorded_is_known(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [MORNING + timedelta(hours=hour) for hour in range(3)]
    clock = iter(times)
    monkeypatch.setattr(store, "_now", lambda: next(clock))
    store.record("conv1d", passed=False, mistake="the kernel is flipped")
    store.record("conv1d", passed=False, mistake=None)
    store.record("conv1d", passed=True, mistake=None)
    store.note_hint("conv1d")
    store.note_asked("conv1d")
    expected = Tried(3, times[0], times[2], (times[2],), 1, {"the kernel is flipped": 1}, 1, 1)
    assert store.load().exercises == {"conv1d": expected}
    assert on_disk(home / "progress.json") == store.load()
    assert store.attempts("conv1d") == 3


def test_the_file_holds_no_more_than_is_said(home: Path) -> None:
    store.record("conv1d", passed=True, mistake=None)
    store.record("conv1d", passed=False, mistake="the kernel is flipped")
    store.note_hint("conv1d")
    store.note_asked("conv1d")
    raw = json.loads((home / "progress.json").read_text("utf-8"))
    assert set(raw) == {"version", "note", "exercises"}
    assert set(raw["exercises"]["conv1d"]) == {field.name for field in dataclasses.fields(Tried)}
    assert sorted(path.name for path in home.iterdir()) == ["progress.json", "progress.json.lock"]


def test_drills_count_right_and_wrong() -> None:
    for passed in (True, False, True):
        store.record_drill("output_shape", passed=passed)
    drilled = store.load().drills["output_shape"]
    assert (drilled.right, drilled.wrong) == (2, 1)


def test_there_are_three_hints() -> None:
    seen = []
    for _ in range(4):
        store.note_hint("conv1d")
        seen.append(store.hints_seen("conv1d"))
    assert seen == [1, 2, 3, 3]


def test_the_time_is_an_instant_and_has_the_readers_date() -> None:
    store.record("conv1d", passed=True, mistake=None)
    last = store.load().exercise("conv1d").last
    assert last is not None
    assert last.utcoffset() == datetime.fromtimestamp(last.timestamp()).astimezone().utcoffset()


@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_record_at_once_lose_nothing(count: int, home: Path) -> None:
    running = [started(RECORDS, f"process {number}") for number in range(count)]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate()
    assert [process.returncode for process in running] == [0] * count
    state = on_disk(home / "progress.json")
    assert state.exercise("conv1d").attempts == 20 * count
    assert state.exercise("conv1d").mistakes == {f"mistake of process {number}": 20 for number in range(count)}
    assert [drilled.right for drilled in state.drills.values()] == [20] * count


@pytest.mark.parametrize(
    "crash",
    [
        pytest.param(
            "keeping._fill = lambda file, content: (file.write(content[:40]), file.flush(), os._exit(9))", id="half"
        ),
        pytest.param("os.fsync = lambda number: os._exit(9)", id="before the disk has it"),
        pytest.param("os.replace = lambda *paths: os._exit(9)", id="before it is in place"),
    ],
)
def test_a_crash_while_writing_leaves_the_old_file_whole(crash: str, file: Path) -> None:
    store.record("conv1d", passed=True, mistake=None)
    before = file.read_bytes()
    process = started(f"{crash}\nstore.record('conv1d', passed=False, mistake='lost')")
    process.communicate()
    assert process.returncode == 9
    assert file.read_bytes() == before
    store.record("conv1d", passed=True, mistake=None)
    assert on_disk(file).exercise("conv1d").attempts == 2
    assert sorted(path.name for path in file.parent.iterdir()) == ["progress.json", "progress.json.lock"]


def version_1(**sections: Any) -> bytes:
    """A file of this version."""
    return json.dumps({"version": 1, **sections}).encode()


def with_entry(entry: Any) -> bytes:
    """A file in which one exercise is as it should be, and one is this."""
    return version_1(exercises={**KEPT, "conv1d": entry})


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        pytest.param(b"", 0, id="empty"),
        pytest.param(version_1(exercises=KEPT)[:-9], 0, id="truncated"),
        pytest.param(b"\x00\xff\xfe" * 9, 0, id="no text"),
        pytest.param(b"[1]", 0, id="a list"),
        pytest.param(b"{}", 0, id="no version"),
        pytest.param(b'{"version": "1"}', 0, id="a version that is a text"),
        pytest.param(b'{"version": true}', 0, id="a version that is a bool"),
        pytest.param(b'{"version": 0}', 0, id="version 0"),
        pytest.param(b'{"version": 1, "x": NaN}', 0, id="NaN"),
        pytest.param(b'{"version": 1, "x": 1e999}', 0, id="a number without bounds"),
        pytest.param(b"[" * 100_000, 0, id="very deep"),
        pytest.param(b'{"version": 1' + b"0" * 5000 + b"}", 0, id="a version of 5000 digits"),
        pytest.param(version_1(exercises=[1]), 0, id="exercises in a list"),
        pytest.param(version_1(exercises=None), 0, id="exercises are null"),
        pytest.param(version_1(exercises=KEPT, drills=7), 2, id="drills are a number"),
        pytest.param(version_1(exercises=KEPT, drills={"a": {"right": "many"}}), 2, id="a count that is a text"),
        pytest.param(with_entry(7), 2, id="an exercise that is a number"),
        pytest.param(with_entry({"attempts": -1}), 2, id="a negative count"),
        pytest.param(with_entry({"attempts": True}), 2, id="a count that is a bool"),
        pytest.param(with_entry({"attempts": 2.0}), 2, id="a count that is a float"),
        pytest.param(with_entry({"attempts": None}), 2, id="a count that is null"),
        pytest.param(with_entry({"last": "yesterday"}), 2, id="a time that is none"),
        pytest.param(with_entry({"last": "2026-03-01T09:00:00"}), 2, id="a time without a zone"),
        pytest.param(with_entry({"passes": "2026-03-01T09:00:00+00:00"}), 2, id="passes that are no list"),
        pytest.param(with_entry({"passes": [None]}), 2, id="a pass without a time"),
        pytest.param(with_entry({"mistakes": ["the kernel is flipped"]}), 2, id="mistakes in a list"),
        pytest.param(with_entry({"mistakes": {"\ud800": 1}}), 2, id="half a letter"),
    ],
)
@pytest.mark.parametrize("first", [store.load, lambda: store.note_hint("conv3d")], ids=["read", "written"])
def test_a_damaged_file_is_set_aside_and_what_can_be_read_stays(
    content: bytes, kept: int, first: Callable[[], object], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(content)
    first()
    store.record("conv1d", passed=True, mistake=None)
    assert (on_disk(file).exercise("conv1d").attempts, on_disk(file).exercise("conv2d").attempts) == (1, kept)
    assert (file.parent / "progress.damaged-1.json").read_bytes() == content
    assert not (file.parent / "progress.damaged-2.json").exists()
    said = f"convlab: {file} is damaged; it is now progress.damaged-1.json, and what could be read of it is kept\n"
    assert capsys.readouterr().err == said


def test_each_damaged_file_stays(file: Path) -> None:
    for content in (b"one", b"two"):
        file.write_bytes(content)
        store.note_asked("conv1d")
    assert [(file.parent / f"progress.damaged-{number}.json").read_bytes() for number in (1, 2)] == [b"one", b"two"]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"streak": 5}, id="a streak without passes"),
        pytest.param({"streak": 2, "passes": ["2026-03-01T09:00:00+00:00"]}, id="a streak longer than the passes"),
        pytest.param({"first": None, "last": None}, id="times that are null"),
        pytest.param({"hints": 99}, id="more hints than there are"),
    ],
)
def test_what_is_odd_but_no_damage(entry: Any, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(with_entry(entry))
    store.record("conv1d", passed=True, mistake=None)
    tried = on_disk(file).exercise("conv1d")
    assert (tried.attempts, tried.first) == (1, tried.last)
    assert tried.streak <= len(tried.passes)
    assert capsys.readouterr().err == ""


def test_a_file_with_a_byte_order_mark_is_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + version_1(exercises=KEPT))
    assert store.attempts("conv2d") == 2
    assert capsys.readouterr().err == ""


def test_a_file_of_a_newer_version_is_left_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = json.dumps({"version": 2, "exercises": KEPT}).encode()
    file.write_bytes(newer)
    for _ in range(2):
        store.record("conv1d", passed=False, mistake="the kernel is flipped")
    assert store.attempts("conv1d") == 2
    assert file.read_bytes() == newer
    reason = f"{file} is of a newer version of convlab"
    advice = "Use that version again, or set CONVLAB_HOME to another folder."
    assert capsys.readouterr().err == f"convlab: your progress is not kept: {reason}. {advice} All else works.\n"


def test_unknown_fields_are_kept(file: Path) -> None:
    file.write_bytes(version_1(plan={"goal": 1.5}, exercises={"conv1d": {"attempts": 1, "mood": ["good"]}}))
    store.record("conv1d", passed=True, mistake=None)
    raw = json.loads(file.read_bytes())
    assert raw["plan"] == {"goal": 1.5}
    assert raw["exercises"]["conv1d"]["mood"] == ["good"]
    assert raw["exercises"]["conv1d"]["attempts"] == 2


def a_file_as_home(home: Path) -> Callable[[], None]:
    home.write_text("mine")
    return home.unlink


def a_folder_as_file(home: Path) -> Callable[[], None]:
    (home / "progress.json").mkdir(parents=True)
    return (home / "progress.json").rmdir


def a_folder_as_new_file(home: Path) -> Callable[[], None]:
    (home / "progress.json.new").mkdir(parents=True)
    return (home / "progress.json.new").rmdir


def a_folder_as_lock(home: Path) -> Callable[[], None]:
    (home / "progress.json.lock").mkdir(parents=True)
    return (home / "progress.json.lock").rmdir


IN_THE_WAY = [a_file_as_home, a_folder_as_file, a_folder_as_new_file, a_folder_as_lock]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.__name__) for block in IN_THE_WAY])
def test_what_cannot_be_written_is_said_once_and_counts_until_python_ends(
    block: Callable[[Path], Callable[[], None]], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free = block(home)
    store.note_hint("conv1d")
    store.note_hint("conv1d")
    assert store.hints_seen("conv1d") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"convlab: your progress is not kept: {home / 'progress.json'}: ")
    assert said.count("\n") == 1
    free()
    store.record("conv1d", passed=True, mistake=None)
    tried = on_disk(home / "progress.json").exercise("conv1d")
    assert (tried.hints, tried.attempts) == (2, 1)
    assert store.load().exercise("conv1d") == tried


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CONVLAB_HOME", "~nobody-has-this-name/convlab")
    store.record("conv1d", passed=True, mistake=None)
    assert capsys.readouterr().err.startswith("convlab: your progress is not kept: ")


def test_while_another_kernel_holds_the_file_each_attempt_is_said_and_waits(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keeping, "SECONDS", 0.0)
    line = f"convlab: this attempt was not kept yet: another kernel holds {file}; the next one tries again\n"
    with FileLock(f"{file}.lock"):
        store.record("conv1d", passed=False, mistake="the kernel is flipped")
        store.record("conv1d", passed=True, mistake=None)
        assert capsys.readouterr().err == line * 2
        assert store.attempts("conv1d") == 2
        assert not file.exists()
    store.record("conv1d", passed=True, mistake=None)
    tried = on_disk(file).exercise("conv1d")
    assert (tried.attempts, tried.mistakes, tried.streak) == (3, {"the kernel is flipped": 1}, 1)
    assert capsys.readouterr().err == ""


def test_the_file_has_bounds(file: Path) -> None:
    for number in range(40):
        store.record("conv1d", passed=number % 2 == 0, mistake="often")
        store.record("conv1d", passed=True, mistake=f"mistake {number}" + "." * 1000)
    for _ in range(60):
        store.record("conv1d", passed=False, mistake=None)
        store.record("conv1d", passed=True, mistake=None)
    tried = on_disk(file).exercise("conv1d")
    assert (len(tried.passes), len(tried.mistakes)) == (store.MOST_PASSES, store.MOST_MISTAKES)
    assert tried.mistakes["often"] == 40
    newest = [name for name in tried.mistakes if name.startswith("mistake 39.")]
    assert [len(name) for name in newest] == [store.MOST_LETTERS]


def test_a_file_that_is_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "synced.json"
    try:
        file.symlink_to(elsewhere)
    except OSError:
        pytest.skip("this system makes no links")
    store.record("conv1d", passed=True, mistake=None)
    assert file.is_symlink()
    assert on_disk(elsewhere).exercise("conv1d").attempts == 1


@pytest.mark.parametrize(
    ("name", "left", "drills"),
    [
        pytest.param(None, [], [], id="all"),
        pytest.param("conv1d", ["conv2d"], ["padding"], id="an exercise"),
        pytest.param("padding", ["conv1d", "conv2d"], [], id="a drill"),
        pytest.param("conv9d", ["conv1d", "conv2d"], ["padding"], id="what was never tried"),
    ],
)
def test_reset_keeps_a_copy(name: str | None, left: list[str], drills: list[str], file: Path) -> None:
    store.record("conv1d", passed=True, mistake=None)
    store.record("conv2d", passed=True, mistake=None)
    store.record_drill("padding", passed=True)
    before = file.read_bytes()
    store.reset(name)
    state = store.load()
    assert (list(state.exercises), list(state.drills)) == (left, drills)
    assert (file.parent / "progress.before-reset-1.json").read_bytes() == before


def test_reset_that_cannot_be_done_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.record("conv1d", passed=True, mistake=None)
    monkeypatch.setattr(keeping, "SECONDS", 0.0)
    with FileLock(f"{file}.lock"):
        store.reset()
    assert store.attempts("conv1d") == 1
    assert f"convlab: nothing was changed: another kernel holds {file}\n" in capsys.readouterr().err
    store.record("conv1d", passed=True, mistake=None)
    assert on_disk(file).exercise("conv1d").attempts == 2
