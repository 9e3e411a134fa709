"""A drill from the first question to the last: difficulty, progress, prompt and widget."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from convlab.practice import store
from convlab.practice.drill import drill, run
from convlab.practice.drill.prompt import wrapped
from convlab.practice.drill.session import Session
from convlab.practice.drill.staircase import Staircase
from convlab.practice.drill.widget import SECONDS_TO_ARRIVE, Drill

Kept = list[tuple[str, bool]]


@pytest.fixture
def kept() -> Kept:
    return []


@pytest.fixture
def session(kept: Kept) -> Session:
    return Session("output_shape", seed=1, keep=lambda topic, passed: kept.append((topic, passed)))


def right(session: Session) -> str:
    return session.question.form.show(session.question.answer)


def wrong(session: Session) -> str:
    return (
        "1 1 1 1 97" if session.question.form.numbers == 5 else "97 97 97 97"[: 3 * session.question.form.numbers - 1]
    )


@pytest.mark.parametrize(
    ("answers", "levels"),
    [
        pytest.param("11", [1, 2], id="up after two"),
        pytest.param("1111", [1, 2, 2, 3], id="two more are needed for the next"),
        pytest.param("101", [1, 1, 1], id="a wrong one between"),
        pytest.param("110", [1, 2, 1], id="down after one"),
        pytest.param("00", [1, 1], id="never below the easiest"),
        pytest.param("1" * 10, [1, 2, 2, 3, 3, 3, 3, 3, 3, 3], id="never above the hardest"),
    ],
)
def test_the_difficulty_follows_the_answers(answers: str, levels: list[int]) -> None:
    stairs, found = Staircase(1, 3), []
    for answer in answers:
        stairs.follow(answer == "1")
        found.append(stairs.level)
    assert found == levels


def test_questions_become_harder_and_easier(session: Session, kept: Kept) -> None:
    found = []
    for passed in (True, True, True, True, False):
        found.append(session.question.difficulty)
        assert session.answer(right(session) if passed else wrong(session)).passed is passed
        session.next()
    assert [*found, session.question.difficulty] == [1, 1, 2, 2, 3, 2]
    assert kept == [("output_shape", passed) for passed in (True, True, True, True, False)]
    assert session.summary == "4 of 5 right. The difficulty is 2 of 5."


def test_what_cannot_be_read_does_not_count(session: Session, kept: Kept) -> None:
    assert session.answer("about 3").passed is None
    assert (session.is_answered, session.num_answered, kept) == (False, 0, [])
    assert session.answer(right(session)).passed is True


def test_only_the_first_answer_counts(session: Session, kept: Kept) -> None:
    session.answer(wrong(session))
    assert session.answer(right(session)).passed is None
    assert kept == [("output_shape", False)]


def test_the_answers_go_to_the_progress(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))
    session = Session("macs", seed=3)
    session.answer(right(session))
    assert store.load().drills["macs"].right == 1


def test_a_progress_that_cannot_be_written_is_said_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "progress.json").mkdir()
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))
    session = Session("macs", seed=3)
    reply = session.answer(right(session))
    assert reply.passed is True
    assert f"\n\nYour progress is not kept: {tmp_path / 'progress.json'}: " in reply.text
    assert capsys.readouterr().err == ""
    session.next()


def test_readers_get_other_questions_each_time() -> None:
    assert len({Session("parameters").question.text for _ in range(12)}) > 4


@pytest.mark.parametrize("begin", [Session, drill, run])
def test_an_unknown_topic_is_refused(begin: type[Session]) -> None:
    with pytest.raises(ValueError, match=r"topic must be one of output_shape, .*error_layer, but topic='shapes'"):
        begin("shapes")


class Terminal:
    """A reader who types these lines, and what is printed."""

    def __init__(self, session: Session, *lines: str | type[BaseException]) -> None:
        self.session, self.lines = session, iter(lines)
        self.printed: list[str] = []
        self.prompts: list[str] = []
        run(session.topic, self.input, self.printed.append, session=session)

    def input(self, prompt: str) -> str:
        self.prompts.append(prompt)
        line = next(self.lines)
        if not isinstance(line, str):
            raise line
        return {"right": right(self.session), "wrong": wrong(self.session)}.get(line, line)


@pytest.mark.parametrize(
    ("lines", "summary"),
    [
        pytest.param(("q",), "\nNo question answered.", id="at once"),
        pytest.param(("right", "wrong", "Q"), "\n1 of 2 right. The difficulty is 1 of 5.", id="a large q"),
        pytest.param(("right", EOFError), "\n\n1 of 1 right. The difficulty is 1 of 5.", id="Ctrl-D"),
        pytest.param(("wrong", KeyboardInterrupt), "\n\n0 of 1 right. The difficulty is 1 of 5.", id="Ctrl-C"),
    ],
)
def test_the_prompt_ends_with_a_summary(
    lines: tuple[str | type[BaseException], ...], summary: str, session: Session
) -> None:
    assert Terminal(session, *lines).printed[-1] == summary


def test_the_prompt_asks_answers_and_goes_on(session: Session) -> None:
    first = session.question
    terminal = Terminal(session, "soon", "", "right", "q")
    title, asked, unread, empty, reply, second, _ = terminal.printed
    assert title == "drill: output_shape (q ends it)"
    assert asked == f"\n{wrapped(first.text)}\n"
    assert unread == f"\nThis answer cannot be read. Wanted: {first.form.wanted}.\n"
    assert empty == f"\nType an answer first. Wanted: {first.form.wanted}.\n"
    assert reply == f"\nRight.\n\n{first.worked}\n"
    assert second == f"\n{wrapped(session.question.text)}\n" != asked
    assert set(terminal.prompts) == {"> "}


@pytest.fixture
def widget(session: Session) -> Iterator[Drill]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield Drill(session)


def enter(widget: Drill, text: str) -> None:
    """What the browser sends when a reader types this and presses Enter: first the key, then the text."""
    widget.field._handle_custom_msg({"event": "submit"}, [])
    widget.field.set_state({"value": text})


def test_the_widget_shows_the_question_and_how_to_answer(widget: Drill) -> None:
    asked = widget.session.question
    assert asked.html in widget.question.value
    assert (widget.field.description, widget.field.placeholder) == ("answer", asked.form.wanted)
    assert [button.description for button in (widget.check, widget.next)] == ["Check", "Next"]


def test_check_hands_in_and_next_goes_on(widget: Drill, kept: Kept) -> None:
    first = widget.session.question
    widget.field.set_state({"value": right(widget.session)})
    assert kept == []  # the reader left the field, and handed nothing in
    widget.check.click()
    widget.check.click()
    assert kept == [("output_shape", True)]
    assert 'role="alert" aria-live="assertive"' in widget.result.value
    assert "<p>Right.</p>" in widget.result.value
    assert (widget.field.disabled, widget.check.disabled) == (True, True)
    assert widget.score.value == "1 of 1 right. The difficulty is 1 of 5."
    widget.next.click()
    assert widget.session.question != first
    assert widget.session.question.html in widget.question.value
    assert (widget.field.value, widget.result.value, widget.field.disabled, widget.check.disabled) == (
        "",
        "",
        False,
        False,
    )


def test_enter_hands_in(widget: Drill, kept: Kept) -> None:
    enter(widget, wrong(widget.session))
    assert kept == [("output_shape", False)]
    assert "Not right" in widget.result.value
    enter(widget, "3")
    assert len(kept) == 1


def test_enter_takes_the_text_that_comes_with_it(widget: Drill, kept: Kept) -> None:
    widget.field.set_state({"value": wrong(widget.session)})  # the reader left the field, came back and changed it
    enter(widget, right(widget.session))
    assert kept == [("output_shape", True)]


def test_a_text_long_after_enter_was_not_handed_in(widget: Drill, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    widget.field._handle_custom_msg({"event": "submit"}, [])
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + SECONDS_TO_ARRIVE + 1)
    widget.field.set_state({"value": right(widget.session)})
    assert kept == []


def test_the_focus_goes_where_the_reader_goes_on(widget: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    focused: list[str] = []
    for name in ("field", "check", "next"):
        monkeypatch.setattr(getattr(widget, name), "focus", lambda name=name: focused.append(name))
    enter(widget, "soon")
    widget.field.set_state({"value": ""})
    enter(widget, right(widget.session))
    widget.next.click()
    widget.field.set_state({"value": "3"})
    widget.field._handle_custom_msg({"event": "submit"}, [])  # Enter, with nothing changed
    assert focused == ["field", "next", "field", "check"]


def test_the_same_words_are_announced_again(widget: Drill) -> None:
    widget.check.click()
    first = widget.result.value
    widget.check.click()
    assert "Type an answer first." in first
    assert widget.result.value != first


def test_further_questions_are_announced(widget: Drill) -> None:
    assert 'role="alert"' not in widget.question.value
    widget.next.click()
    assert 'role="alert"' in widget.question.value


def test_a_skipped_question_does_not_count(widget: Drill, kept: Kept) -> None:
    widget.next.click()
    assert (kept, widget.session.num_answered) == ([], 0)


def test_what_is_stored_is_the_topic_alone() -> None:
    one, two = (drill("receptive_field")._repr_mimebundle_() for _ in range(2))
    view = "application/vnd.jupyter.widget-view+json"
    assert set(one) == {view, "text/plain"}
    assert one["text/plain"] == two["text/plain"] == "drill: receptive_field"
    one[view].pop("model_id"), two[view].pop("model_id")
    assert one[view] == two[view]
