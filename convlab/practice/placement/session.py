"""`PlacementSession`: the questions of the placement drill, one after the other, until it is known where to begin."""

from __future__ import annotations

import random
import re

from convlab.inspection.doctor.phrases import listed
from convlab.practice.drill.question import Question, Reply
from convlab.practice.placement.rule import Placement, advice, next_number, place
from convlab.practice.placement.topics import TOPICS

UNSURE = "I do not know"
"""An answer to every question."""
_MEANS_UNSURE = re.compile(
    r"\?+|(?:(?:sorry,? )?i )?(?:do not|don['\u2019]?t) know|(?:no|not an?) idea|idk|不知道", re.I
)


class PlacementSession:
    """Questions on the notebooks in their order; a second one where the first answer is wrong.

    A notebook is known where one of its two questions is answered. "I do not know" ends its questions. Nothing is
    written into the reader's progress.

    Args:
        seed: The same seed gives the same questions for the same answers; None draws others each time.

    Example:
        >>> session = PlacementSession(seed=1)
        >>> session.answer("I do not know").passed, session.is_finished, session.placement.start
        (False, True, '01')
    """

    topic = "placement"

    def __init__(self, *, seed: int | None = None) -> None:
        self._rng = random.Random(seed)
        self._number, self._attempt = "01", 0
        self.num_answered = 0
        self.outcomes: dict[str, bool] = {}
        self.missed: dict[str, list[str]] = {}
        self._draw()

    def _draw(self) -> Question:
        self.question = TOPICS[self._number][self._attempt].ask(self._rng)
        self.is_answered = False
        return self.question

    @property
    def number(self) -> str:
        """The notebook that the question is about."""
        return self._number

    @property
    def is_finished(self) -> bool:
        """Whether it is known where the reader begins."""
        return self.is_answered and self._number in self.outcomes and next_number(self.outcomes) is None

    @property
    def placement(self) -> Placement:
        """Where the reader begins, by the answers so far."""
        return place(self.outcomes)

    @property
    def advice(self) -> str:
        """The same in words: paragraphs."""
        return advice(self.placement, self.missed)

    @property
    def summary(self) -> str:
        """What is known so far, in words."""
        known = [number for number, passed in self.outcomes.items() if passed]
        said = f"Questions answered: {self.num_answered}."
        said += f" Notebooks that you know: {listed(known)}." if known else ""
        return f"{said} That was the last question." if self.is_finished else said

    def next(self) -> Question:
        """Go on to the next question, and return it; an unanswered one stays, and so does the last."""
        if not self.is_answered or self.is_finished:
            return self.question
        if self._number in self.outcomes:
            following = next_number(self.outcomes)
            assert following is not None
            self._number, self._attempt = following, 0
        else:
            self._attempt = 1
        return self._draw()

    def answer(self, text: str) -> Reply:
        """What the reader is told; the first answer that can be read counts, and no other.

        Args:
            text: What the reader typed; "I do not know" and "?" are answers, too.
        """
        if self.is_answered:
            return Reply("This question is answered already.", None)
        is_unsure = _MEANS_UNSURE.fullmatch(text.strip().rstrip(".!")) is not None
        asked = self.question
        told = f"The answer is {asked.form.show(asked.answer)}.\n\n{asked.worked}"
        reply = Reply(told, False) if is_unsure else asked.check(text)
        if reply.passed is None:
            return reply
        self.is_answered = True
        self.num_answered += 1
        if not reply.passed:
            self.missed.setdefault(self._number, []).append(TOPICS[self._number][self._attempt].section)
        if reply.passed or is_unsure or self._attempt == 1:
            self.outcomes[self._number] = reply.passed
        return reply
