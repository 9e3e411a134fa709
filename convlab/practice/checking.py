"""`check`: an answer is judged, the attempt is kept, and the learner is told."""

from __future__ import annotations

from typing import Any

from convlab.practice import feedback, store
from convlab.practice.catalogue import find
from convlab.practice.judging import judge
from convlab.practice.verdict import Verdict


def check(name: str, answer: Any) -> Verdict:
    """The verdict on an answer, which is also shown and kept in the reader's progress.

    Args:
        name: The exercise, as "conv1d".
        answer: The learner's function; of a design, the design.

    Raises:
        TypeError: If the name is no str.
        ValueError: If there is no exercise with this name.

    Example:
        >>> def conv_output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
        ...     ...
        >>> check("conv_output_size", conv_output_size).is_blank  # doctest: +ELLIPSIS
        ○ Not written yet. ...
        True
    """
    verdict = judge(find(name), answer)
    if not verdict.is_blank:
        try:
            store.record(verdict.task.name, passed=verdict.passed, mistake=verdict.mistake)
        except Exception as error:  # whatever is wrong with the file: the learner is told about the answer
            print(f"This attempt was not kept: {type(error).__name__}.")
    feedback.show(verdict)
    return verdict
