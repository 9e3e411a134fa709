"""`Session`: questions of one topic, one after the other, and what became of them."""

from __future__ import annotations

import random
from collections.abc import Callable

from convlab.practice import store
from convlab.practice.drill.question import Question, Reply
from convlab.practice.drill.staircase import Staircase
from convlab.practice.drill.topics import HARDEST, ask, known


def _to_progress(topic: str, passed: bool) -> str:
    """Keep an answer, and return what the reader has to know of that: under a widget nobody sees stderr."""
    said: list[str] = []
    store.record_drill(topic, passed=passed, tell=said.append)
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in said)


class Session:
    """Questions of one topic, without an end; their difficulty follows the answers.

    Args:
        topic: As "output_shape".
        seed: The same seed gives the same questions for the same answers; None draws others each time.
        keep: What is told of every answer that counts: the topic, and whether it was right. It returns what the
            reader has to know, if anything. None keeps the answer in the reader's progress.

    Raises:
        ValueError: If there is no such topic.

    Example:
        >>> session = Session("output_shape", seed=1, keep=lambda topic, passed: None)
        >>> session.question.code, session.answer("2").passed, session.answer("3").passed
        ('nn.Conv1d(2, 1, kernel_size=4)', True, None)
        >>> session.summary
        '1 of 1 right. The difficulty is 1 of 5.'
    """

    def __init__(
        self, topic: str, *, seed: int | None = None, keep: Callable[[str, bool], str | None] | None = None
    ) -> None:
        self.topic = known(topic)
        self._rng = random.Random(seed)
        self._keep = _to_progress if keep is None else keep
        self._stairs = Staircase(1, HARDEST)
        self.num_answered = self.num_right = 0
        self.next()

    @property
    def difficulty(self) -> int:
        """That of the next question."""
        return self._stairs.level

    @property
    def summary(self) -> str:
        """How many answers were right, in words."""
        if not self.num_answered:
            return "No question answered."
        return f"{self.num_right} of {self.num_answered} right. The difficulty is {self.difficulty} of {HARDEST}."

    def next(self) -> Question:
        """Go on to another question, and return it."""
        self.question = ask(self.topic, self.difficulty, self._rng)
        self.is_answered = False
        return self.question

    def answer(self, text: str) -> Reply:
        """What the reader is told; the first answer that can be read counts, and no other.

        Args:
            text: What the reader typed.
        """
        if self.is_answered:
            return Reply("This question is answered already.", None)
        reply = self.question.check(text)
        if reply.passed is None:
            return reply
        self.is_answered = True
        self.num_answered += 1
        self.num_right += reply.passed
        self._stairs.follow(reply.passed)
        said = self._keep(self.topic, reply.passed)
        return Reply(f"{reply.text}\n\n{said}", reply.passed) if said else reply
