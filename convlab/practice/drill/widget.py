"""A drill in a notebook: the question, a field for the answer, and the reply."""

from __future__ import annotations

import time
from typing import Any, Protocol

import ipywidgets  # type: ignore[import-untyped]

from convlab.practice.drill.question import Question, Reply
from convlab.practice.drill.session import Session

SECONDS_TO_ARRIVE = 2.0
"""After Enter the browser sends the text; what arrives later was sent for another reason."""
# Colours that let the page shine through, so that the words are readable on a light and on a dark one.
_BORDERS = {True: "#2e8b57", False: "#d9730d", None: "#888888"}
_STYLE = "line-height: 1.45; max-width: 60em"


class _Asking(Protocol):
    """What a drill shows: questions one after the other, as `Session`."""

    topic: str
    question: Question
    is_answered: bool

    @property
    def summary(self) -> str:
        """What became of the questions, in words."""

    def next(self) -> Question:
        """Go on to another question, and return it."""

    def answer(self, text: str) -> Reply:
        """What the reader is told.

        Args:
            text: What the reader typed.
        """


class QuestionBox(ipywidgets.VBox):  # type: ignore[misc]
    """Questions in a notebook, one after the other.

    Enter in the field, or Check, hands an answer in; then Next has the focus, and goes on. A screen reader tells the
    reply and each further question when they appear. A page that is stored shows the topic alone, as questions are
    drawn by lot.

    Args:
        session: The questions.

    Example:
        >>> box = QuestionBox(Session("output_shape", seed=1, keep=lambda topic, passed: None))
        >>> box.check.click()
        >>> "Type an answer first." in box.result.value
        True
    """

    def __init__(self, session: _Asking) -> None:
        self.session = session
        self.question = ipywidgets.HTML()
        self.field = ipywidgets.Text(
            description="answer",
            continuous_update=False,  # then the last keys before Enter cannot arrive after it
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="30em", max_width="100%"),
        )
        self.check = ipywidgets.Button(description="Check", tooltip="hand the answer in")
        self.next = ipywidgets.Button(description="Next", tooltip="go on to another question")
        self.result = ipywidgets.HTML()
        self.score = ipywidgets.HTML()  # a label would be cut short on a phone
        self._num_shown = self._num_replies = 0
        self._entered_at: float | None = None
        row = ipywidgets.Box((self.field, self.check, self.next), layout=ipywidgets.Layout(flex_flow="row wrap"))
        super().__init__((self.question, row, self.result, self.score))
        self.field.on_msg(self._when_entered)
        self.field.observe(self._when_sent, "value")
        self.check.on_click(lambda _: self._hand_in())
        self.next.on_click(lambda _: self._go_on())
        self._show_question()

    def _show_question(self) -> None:
        """A further question is announced; the first one stands there before anybody listens."""
        live = ' role="alert"' if self._num_shown else ""
        self._num_shown += 1
        asked = self.session.question
        self.field.value, self.field.placeholder = "", asked.form.wanted
        self.field.disabled = self.check.disabled = False
        self.result.value = ""
        self.question.value = f'<div{live} style="{_STYLE}">{asked.html}</div>'

    def _go_on(self) -> None:
        self.session.next()
        self._show_question()
        self.field.focus()

    def _when_entered(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        """Enter was pressed. The text, if it changed, arrives in a message of its own right after this one."""
        if content.get("event") != "submit" or self.session.is_answered:
            return
        self._entered_at = time.monotonic()
        if (
            self.field.value
        ):  # it arrived before, when the reader left the field, and may be changed by the next message
            self.check.focus()

    def _when_sent(self, change: object) -> None:
        """The text arrived: by Enter, or as the reader left the field, which hands nothing in."""
        entered, self._entered_at = self._entered_at, None
        if entered is not None and time.monotonic() - entered < SECONDS_TO_ARRIVE:
            self._hand_in()

    def _hand_in(self) -> None:
        if self.session.is_answered:
            return
        reply = self.session.answer(self.field.value)
        self._show_reply(reply)
        if reply.passed is not None:
            self.field.disabled = self.check.disabled = True
            self.score.value = self.session.summary
            self.next.focus()
        else:
            self.field.focus()

    def _show_reply(self, reply: Reply) -> None:
        self._num_replies += 1  # so that the same words are announced again
        style = f"{_STYLE}; border-left: 4px solid {_BORDERS[reply.passed]}; padding: 0.2em 1em"
        live = f'role="alert" aria-live="assertive" data-reply="{self._num_replies}"'
        self.result.value = f'<div {live} style="{style}">{reply.html}</div>'

    def __repr__(self) -> str:
        return f"drill: {self.session.topic}"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widget, and for pages where it does not run its name."""
        return {**dict(super()._repr_mimebundle_(**kwargs) or {}), "text/plain": repr(self)}


class Drill(QuestionBox):
    """Questions of one topic in a notebook.

    Args:
        session: The questions.

    Example:
        >>> drill = Drill(Session("output_shape", seed=1, keep=lambda topic, passed: None))
        >>> drill
        drill: output_shape
        >>> drill.field.value = "2"
        >>> drill.check.click()
        >>> "Right." in drill.result.value, drill.score.value
        (True, '1 of 1 right. The difficulty is 1 of 5.')
    """

    session: Session


def drill(topic: str, *, seed: int | None = None) -> Drill:
    """Questions of one topic in a notebook, without an end; their difficulty follows the answers.

    Args:
        topic: "output_shape", "transposed_output_shape", "padding", "parameters", "macs", "receptive_field" or
            "error_layer".
        seed: The same seed gives the same questions for the same answers; None draws others each time.

    Raises:
        ValueError: If there is no such topic.

    Example:
        >>> drill("macs")
        drill: macs
    """
    return Drill(Session(topic, seed=seed))
