"""The placement drill in a notebook."""

from __future__ import annotations

from typing import Any

import ipywidgets  # type: ignore[import-untyped]

from convlab.practice.drill.question import Reply, as_html
from convlab.practice.drill.widget import QuestionBox
from convlab.practice.placement.session import UNSURE, PlacementSession
from convlab.practice.unstored import Unstored

WAITING = "The placement drill: run this cell in your own copy of the course, and it asks."
"""What stands in a page without a kernel."""


class PlacementDrill(QuestionBox):
    """The questions of a placement session in a notebook, then where to begin.

    It is used as a drill, with one button more, "I do not know". It appears when a page with a kernel opens it; a page
    that is stored holds no question.

    Args:
        session: The questions.

    Example:
        >>> drill = PlacementDrill(PlacementSession(seed=1))
        >>> drill
        The placement drill: run this cell in your own copy of the course, and it asks.
        >>> drill.unsure.click()
        >>> drill.next.click()
        >>> "Start with notebook 01" in drill.question.value
        True
    """

    session: PlacementSession
    children: tuple[Any, ...]

    def __init__(self, session: PlacementSession) -> None:
        self.unsure = ipywidgets.Button(description=UNSURE, tooltip="see the answer, and go on")
        super().__init__(session)
        self._row = self.children[1]
        field, check, next_ = self._row.children
        self._row.children = (field, check, self.unsure, next_)
        self.next.tooltip = "go on"
        self.unsure.on_click(lambda _: self._give_up())
        self._gate = Unstored("", WAITING)
        self._gate.on_msg(self._when_seen)
        self._asking = self.children
        self.children = (self._gate,)

    def _when_seen(self, widget: object, content: object, buffers: object) -> None:
        """A page with a kernel has opened it."""
        self.children = (self._gate, *self._asking)

    def _give_up(self) -> None:
        if not self.session.is_answered:
            self.field.value = UNSURE
            self._hand_in()

    def _show_question(self) -> None:
        super()._show_question()
        self.unsure.disabled, self.next.disabled = False, True

    def _show_reply(self, reply: Reply) -> None:
        super()._show_reply(reply)
        if reply.passed is not None:
            self.unsure.disabled, self.next.disabled = True, False
            self.next.description = "Where to start" if self.session.is_finished else "Next"

    def _go_on(self) -> None:
        if not self.session.is_finished:
            super()._go_on()
            return
        self.question.value = f'<div role="alert">{as_html(self.session.advice)}</div>'
        self.result.value = ""
        self._row.layout.display = "none"

    def __repr__(self) -> str:
        return WAITING


def placement(*, seed: int | None = None) -> PlacementDrill:
    """The placement drill in a notebook: about ten minutes of questions, and the notebook to begin with.

    Args:
        seed: The same seed gives the same questions for the same answers; None draws others each time.

    Example:
        >>> placement()
        The placement drill: run this cell in your own copy of the course, and it asks.
    """
    return PlacementDrill(PlacementSession(seed=seed))
