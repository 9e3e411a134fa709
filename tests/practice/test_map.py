"""The map of the reader's progress: as text, as HTML, in a notebook, and never in a notebook's file."""

from __future__ import annotations

import re
import types
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import execute
import IPython.core.getipython
import IPython.display
import nbformat
import pytest

from convlab.practice import map as map_
from convlab.practice import store
from convlab.practice.exercise import Design
from convlab.practice.state import Drilled, State, Tried
from convlab.practice.unstored import Unstored

TODAY = date(2026, 3, 10)
WIDGET = "application/vnd.jupyter.widget-view+json"


def task(notebook: str, name: str, idea: str) -> Design:
    """An exercise of the fake catalogue."""
    hints = ("a", "b", "c")
    return Design(name, notebook, idea, "?", 1, 1, 5, hints, [1], [2], judge=lambda answer: None, mistakes=())


TASKS = (
    task("01_sliding_window", "conv_output_size", "counting windows"),
    task("02_conv1d", "conv1d", "cross-correlation"),
    task("02_conv1d", "causal_padding", "no look into the future"),
    task("02_conv1d", "moving_mean", "a kernel as a question"),
    task("03_conv2d", "conv2d", "channels"),
)


def passed(*days: int, **more: Any) -> Tried:
    """Passed on these days of March."""
    times = tuple(datetime(2026, 3, day, 12, tzinfo=UTC) for day in days)
    return Tried(**{"attempts": len(days), "last": times[-1], "passes": times, "streak": len(days), **more})


STATE = State(
    {
        "conv1d": passed(3, attempts=4, mistakes={"the stride is ignored": 1, "the kernel is flipped": 2}, hints=1),
        "causal_padding": Tried(attempts=1, mistakes={"A <b>; and B": 1}),
        "conv2d": passed(9, 10),
        "of_old": passed(1),
    },
    {"output_shape": Drilled(12, 3), "macs": Drilled(0, 1)},
)


def test_text() -> None:
    assert map_.survey(STATE, TASKS, TODAY).as_text() == "\n".join([
        "Your progress: 2 of 5 exercises done, 1 tried",
        "To review today: conv1d (02_conv1d)",
        "Tried, but not in this version of the course: of_old",
        "",
        "[x] done  [~] tried  [ ] open",
        "01_sliding_window: 1 exercise, 1 open",
        "02_conv1d: 3 exercises, 1 done, 1 tried, 1 open",
        "  [x] conv1d          cross-correlation",
        "        passed on 2026-03-03, review today",
        "        1 hint seen",
        "        mistake: the kernel is flipped (2 times)",
        "        mistake: the stride is ignored (1 time)",
        "  [~] causal_padding  no look into the future",
        "        1 attempt",
        "        mistake: A <b>; and B (1 time)",
        "  [ ] moving_mean     a kernel as a question",
        "03_conv2d: 1 exercise, 1 done",
        "  [x] conv2d  channels",
        "        passed on 2026-03-10, review 2026-03-13",
        "",
        "Drills",
        "  macs: 0 of 1 right",
        "  output_shape: 12 of 15 right",
    ])  # fmt: skip


def test_text_of_an_empty_progress_says_how_to_begin() -> None:
    assert map_.survey(State(), TASKS, TODAY).as_text() == "\n".join([
        "Your progress: 0 of 5 exercises done, 0 tried",
        "To begin, open the notebook 01_sliding_window, write conv_output_size, and run",
        'practice.check("conv_output_size", conv_output_size). In a terminal, convlab drill output_shape asks',
        "as many questions as you like.",
        "",
        "01_sliding_window: 1 exercise, 1 open",
        "02_conv1d: 3 exercises, 3 open",
        "03_conv2d: 1 exercise, 1 open",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("state", "line"),
    [
        pytest.param(State({"conv1d": passed(10)}), "nothing; the next review is on 2026-03-11", id="not today"),
        pytest.param(
            State({"conv2d": passed(9), "conv1d": passed(1)}), "conv1d (02_conv1d), conv2d (03_conv2d)", id="two"
        ),
        pytest.param(State({"conv1d": passed(8, streak=0)}), "conv1d (02_conv1d)", id="failed after a pass"),
        pytest.param(State({"conv1d": passed(9), "of_old": passed(1)}), "conv1d (02_conv1d)", id="one is gone"),
    ],
)
def test_what_to_review_today(state: State, line: str) -> None:
    assert map_.survey(state, TASKS, TODAY).as_text().splitlines()[1] == f"To review today: {line}"


def test_a_notebook_with_a_hint_seen_is_begun() -> None:
    text = map_.survey(State({"conv2d": Tried(hints=2)}), TASKS, TODAY).as_text()
    assert "  [ ] conv2d  channels\n        2 hints seen" in text


def test_no_line_of_text_is_too_long() -> None:
    state = State(
        {"conv1d": passed(1, mistakes={"a long name " * 15: 1}), **{f"old_{n}": passed(1) for n in range(40)}}
    )
    lines = map_.survey(state, TASKS, TODAY).as_text().splitlines()
    assert max(map(len, lines)) <= map_.WIDTH


def test_html_has_all_that_the_text_has() -> None:
    progress = map_.survey(STATE, TASKS, TODAY)
    html = re.sub(r"<style>.*?</style>", "", progress.as_html(), flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", html).replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    for line in progress.as_text().replace("[x] done  [~] tried  [ ] open", "").splitlines():
        for part in re.split(r"  +|\[.\]|: (?=\d+ of)", line):
            assert part.strip() in words


def test_html_says_the_status_in_words_and_opens_what_was_begun() -> None:
    html = map_.survey(STATE, TASKS, TODAY).as_html()
    assert re.findall(r'<span aria-hidden="true">[^<]*</span> (\w+)', html) == ["open", "done", "tried", "open", "done"]
    assert re.findall(r"<details( open)?><summary>(\w+)", html) == [
        ("", "01_sliding_window"), (" open", "02_conv1d"), (" open", "03_conv2d"), (" open", "Drills"),
    ]  # fmt: skip


def test_html_is_escaped() -> None:
    odd = State({"<i>": Tried(attempts=1), "conv1d": Tried(1, mistakes={"<b>": 1})}, {"<u>": Drilled(1)})
    html = map_.survey(odd, TASKS, TODAY).as_html()
    assert [tag for tag in ("<i>", "<b>", "<u>") if tag in html] == []
    assert [tag for tag in ("&lt;i&gt;", "&lt;b&gt;", "&lt;u&gt;") if tag not in html] == []


@pytest.fixture
def fake_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake exercises in the place of the course's, and a reader who tried one."""
    by_name = {task.name: task for task in TASKS}
    fake = types.SimpleNamespace(names=lambda: tuple(by_name), find=by_name.__getitem__)
    monkeypatch.setattr(map_, "catalogue", fake)
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))
    store.record("conv1d", passed=False, mistake="the kernel is flipped")


def test_progress_prints_the_text_in_a_terminal(fake_catalogue: None, capsys: pytest.CaptureFixture[str]) -> None:
    map_.progress()
    printed = capsys.readouterr().out
    assert printed == map_.as_text() + "\n"
    assert "mistake: the kernel is flipped (1 time)" in printed


def test_progress_in_jupyter_is_a_widget_and_a_sentence_without_progress(
    fake_catalogue: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[Unstored] = []
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: types.SimpleNamespace(kernel=None))
    monkeypatch.setattr(IPython.display, "display", shown.append)
    map_.progress()
    (view,) = shown
    bundle, _ = view._repr_mimebundle_()
    assert set(bundle) == {WIDGET, "text/plain"}
    assert bundle["text/plain"] == repr(view) == map_.PLACEHOLDER
    assert "flipped" not in f"{bundle} {view.get_state()}"
    assert capsys.readouterr().out == ""


def test_the_browser_gets_the_map_when_it_asks(fake_catalogue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    view = Unstored("<p>the map</p>", "a sentence")
    monkeypatch.setattr(view, "send", sent.append)
    assert sent == []
    view._handle_custom_msg({}, [])
    assert sent == [{"html": "<p>the map</p>"}]


def test_a_notebook_stores_no_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))
    store.record("an_old_exercise", passed=False, mistake="the kernel is flipped")
    sources = [
        "from types import SimpleNamespace\nfrom convlab.practice import map as map_\n"
        "map_.catalogue = SimpleNamespace(names=lambda: (), find=None)",
        "assert 'an_old_exercise' in map_.as_text()\nmap_.progress()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    book = execute.executed(book, tmp_path)
    assert WIDGET in book.cells[1].outputs[0].data
    assert "widgets" in book.metadata  # the state of the widgets is stored here, too
    assert b"flipped" not in execute.as_bytes(book)
    assert [output.data for output in execute.normalised(book).cells[1].outputs] == [{"text/plain": map_.PLACEHOLDER}]
