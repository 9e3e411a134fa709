"""`Verdict`: what a check found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convlab.practice.exercise import Case, Task


@dataclass(frozen=True)
class Verdict:
    """What a check found out about an answer.

    Attributes:
        task: The exercise.
        passed: Whether the answer is right.
        message: What the learner is told, in plain words: a few short paragraphs, separated by empty lines.
        mistake: The name of the mistake, as "the kernel is flipped"; None where it has none, and where the answer is
            right.
        case: The smallest case that fails; None where no case was reached.
        expected: What the answer must return in this case.
        got: What it returned.
        index: Where the two differ first; None where they have no elements to compare.
        is_blank: Whether there is no answer yet: the function is the empty one of the notebook.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> design = Design("two", "07_dilated", "depth", "Two layers.", 1, 1, 5, ("a", "b", "c"), [3, 3], [5, 1],
        ...                 judge=lambda layers: None, mistakes=())
        >>> Verdict(design, passed=True, message="Right.")
        two: passed
    """

    task: Task
    passed: bool
    message: str
    mistake: str | None = None
    case: Case | None = None
    expected: Any = None
    got: Any = None
    index: tuple[int, ...] | None = None
    is_blank: bool = False

    def __repr__(self) -> str:
        outcome = "passed" if self.passed else "not written yet" if self.is_blank else "not passed"
        return f"{self.task.name}: {outcome}" + (f" ({self.mistake})" if self.mistake else "")

    def _ipython_display_(self) -> None:
        """Its one line, but not in the cell whose check has shown it already."""
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        shell = get_ipython()
        if shell is None or vars(self).get("_shown_in") != shell.execution_count:
            display({"text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call]
