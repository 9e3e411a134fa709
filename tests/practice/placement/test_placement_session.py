"""The placement drill from the first question to the advice: session and widget."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from convlab.practice import store
from convlab.practice.placement import PlacementSession, place, placement
from convlab.practice.placement.widget import WAITING, PlacementDrill


def right(session: PlacementSession) -> str:
    return session.question.form.show(session.question.answer)


def play(session: PlacementSession, answers: Iterator[str]) -> list[str]:
    """Answer r(ight), w(rong) or u(nsure) to the end; the notebooks asked about."""
    asked = []
    for answer in answers:
        asked.append(session.number)
        wrong = (
            "1 1 1 1 97"
            if session.question.form.numbers == 5
            else "97 97 97 97"[: 3 * session.question.form.numbers - 1]
        )
        reply = session.answer({"r": right(session), "w": wrong, "u": "I do not know"}[answer])
        assert reply.passed is (answer == "r")
        if session.is_finished:
            return asked
        session.next()
    raise AssertionError("it did not end")


@pytest.mark.parametrize(
    ("answers", "asked", "start"),
    [
        pytest.param("r" * 11, [f"{n:02}" for n in range(1, 12)], "12", id="all right: one question each"),
        pytest.param("ww", ["01", "01"], "01", id="nothing right: two questions"),
        pytest.param("u", ["01"], "01", id="unsure ends at once"),
        pytest.param("wrwrww", ["01", "01", "02", "02", "03", "03"], "03", id="a second chance"),
        pytest.param("rurru" , ["01", "02", "03", "04", "05"], "02", id="the second failed one ends it"),
        pytest.param("ruru", ["01", "02", "03", "04"], "02", id="04 is the second"),
        pytest.param("rurrrrrrr", ["01", "02", "03", "04", "05", "06", "08", "10", "11"], "02",
                     id="what stands on 02 is not asked"),
    ],
)  # fmt: skip
def test_answers_lead_to_a_notebook(answers: str, asked: list[str], start: str) -> None:
    session = PlacementSession(seed=3)
    assert play(session, iter(answers)) == asked
    assert session.placement.start == start
    assert session.placement == place(session.outcomes)
    assert session.advice.startswith(f"Start with notebook {start} ")
    last = session.question
    assert session.next() is last


def test_the_sections_of_wrong_answers_are_named() -> None:
    session = PlacementSession(seed=3)
    play(session, iter("wru" + "u"))
    assert session.missed["01"] == ["Torch does not flip the kernel"]
    assert '"`in_channels` counts the electrodes, not the time steps"' in session.advice
    assert "You can skip 01." in session.advice
    assert 'One answer about 01 was wrong: look at its section "Torch does not flip the kernel".' in session.advice


@pytest.mark.parametrize("text", ["?", "I do not know", "i don't know.", "I don\u2019t know", "no idea", "不知道"])
def test_not_knowing_is_an_answer(text: str) -> None:
    session = PlacementSession(seed=1)
    reply = session.answer(text)
    assert reply.passed is False
    assert reply.text.startswith(f"The answer is {right(session)}.\n\n")


def test_what_cannot_be_read_does_not_count_and_is_not_left() -> None:
    session = PlacementSession(seed=1)
    first = session.question
    assert session.answer("about 3").passed is None
    assert session.next() is first
    assert (session.num_answered, session.summary) == (0, "Questions answered: 0.")
    assert session.answer(right(session)).passed is True
    assert session.answer("97").passed is None
    assert session.summary == "Questions answered: 1. Notebooks that you know: 01."


def test_readers_get_other_questions_each_time() -> None:
    assert len({PlacementSession().question.text for _ in range(12)}) > 6


def test_nothing_is_written_into_the_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))
    play(PlacementSession(seed=1), itertools.repeat("w"))
    assert store.load().drills == {}
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def widget() -> Iterator[PlacementDrill]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield PlacementDrill(PlacementSession(seed=3))


def test_a_stored_page_holds_no_question(widget: PlacementDrill) -> None:
    one, two = (placement()._repr_mimebundle_() for _ in range(2))
    assert one["text/plain"] == two["text/plain"] == WAITING
    assert [type(child).__name__ for child in widget.children] == ["Unstored"]


def test_a_page_with_a_kernel_shows_it(widget: PlacementDrill) -> None:
    gate = widget.children[0]
    for _ in range(2):  # two views of it
        gate._handle_custom_msg({}, [])
    assert widget.children[0] is gate
    assert widget.children[1] is widget.question
    assert len(widget.children) == 5


def test_the_buttons_go_with_the_answers(widget: PlacementDrill) -> None:
    assert [button.description for button in (widget.check, widget.unsure, widget.next)] == [
        "Check",
        "I do not know",
        "Next",
    ]
    assert (widget.unsure.disabled, widget.next.disabled) == (False, True)
    first = widget.question.value
    widget.field.value = right(widget.session)
    widget.check.click()
    assert "<p>Right.</p>" in widget.result.value
    assert (widget.unsure.disabled, widget.next.disabled, widget.check.disabled) == (True, False, True)
    widget.unsure.click()  # answered already
    assert widget.score.value == "Questions answered: 1. Notebooks that you know: 01."
    widget.next.click()
    assert widget.question.value != first
    assert (widget.unsure.disabled, widget.next.disabled, widget.field.value) == (False, True, "")


def test_enter_hands_in_and_the_focus_goes_on(widget: PlacementDrill, monkeypatch: pytest.MonkeyPatch) -> None:
    focused: list[str] = []
    for name in ("field", "check", "next"):
        monkeypatch.setattr(getattr(widget, name), "focus", lambda name=name: focused.append(name))
    widget.field._handle_custom_msg({"event": "submit"}, [])
    widget.field.set_state({"value": "97"})
    assert "Not right" in widget.result.value
    widget.next.click()
    assert focused == ["next", "field"]


def test_the_end_says_where_to_begin(widget: PlacementDrill) -> None:
    widget.unsure.click()
    assert 'role="alert"' in widget.result.value
    assert widget.score.value == "Questions answered: 1. That was the last question."
    assert widget.next.description == "Where to start"
    widget.next.click()
    assert 'role="alert"' in widget.question.value
    assert "<code>01_sliding_window.ipynb</code>" in widget.question.value
    assert widget.field.disabled
    assert widget.children[0].__class__.__name__ == "Unstored"
