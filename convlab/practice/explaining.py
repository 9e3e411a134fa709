"""From the outcomes of a wrong answer to the mistake behind them: the bank, pairs from it, forms, and conditions."""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from convlab.practice import conditions, forms, other_arguments
from convlab.practice.calling import Outcome, call, copied
from convlab.practice.comparing import Difference, agree, wrong_elements
from convlab.practice.exercise import Answer, Case, Exercise, Mistake

_MOST_PAIRS = 400


class Named(NamedTuple):
    """A mistake that explains all outcomes.

    Attributes:
        name: Its name.
        sentence: What is wrong, and what is right.

    Example:
        >>> Named("the kernel is flipped", "Torch computes cross-correlation.").name
        'the kernel is flipped'
    """

    name: str
    sentence: str


@dataclass(frozen=True)
class Tried:
    """A case, and how an answer did in it.

    Attributes:
        case: The case.
        expected: The right result.
        outcome: What happened.
        difference: How the result differs; None where it is right, and where there is none.

    Example:
        >>> Tried(Case("5 and 3", (5, 3)), 3, Outcome(value=3), None).is_right
        True
    """

    case: Case
    expected: Any
    outcome: Outcome
    difference: Difference | None

    @property
    def is_right(self) -> bool:
        """Whether the result is the expected one.

        Example:
            >>> Tried(Case("5 and 3", (5, 3)), 3, Outcome(timed_out=True), None).is_right
            False
        """
        return self.difference is None and not self.outcome.failed


def from_bank(task: Exercise, tried: Sequence[Tried]) -> Named | None:
    """The mistake of the bank that has these outcomes in every case, or the two that have them together.

    Args:
        task: The exercise with its mistakes.
        tried: All cases.

    Example:
        >>> from convlab.practice.catalogue import find
        >>> case = Case("a kernel", (torch.ones(1, 1, 3), torch.tensor([[[1.0, 2.0]]])))
        >>> outcome = Outcome(value=torch.full((1, 1, 2), 9.0))
        >>> from_bank(find("conv1d"), [Tried(case, torch.full((1, 1, 2), 3.0), outcome, None)])
    """
    if all(each.outcome.failed for each in tried):
        return None
    returned = [each for each in tried if not each.outcome.failed]
    wrong = sum(not each.is_right for each in returned)
    found = [mistake for mistake in task.mistakes if _does_the_same(mistake.wrong, tried, by_words=not wrong)]
    if found:
        return Named(found[0].name, found[0].sentence) if len(found) == 1 else None
    both = _two_at_once(task, tried) if wrong else None
    if both is not None or len(returned) == len(tried) or wrong < 2:
        return both
    found = [mistake for mistake in task.mistakes if _does_the_same(mistake.wrong, returned)]  # it raises in the others
    return Named(found[0].name, found[0].sentence) if len(found) == 1 else None


def _two_at_once(task: Exercise, tried: Sequence[Tried]) -> Named | None:
    """Two mistakes that together have these outcomes; of many only those that fail in the same cases.

    Two that raise where the answer does tell little: the results that are returned must show both of them.
    """
    if task.combined is None:
        return None
    returned = [each for each in tried if not each.outcome.failed]
    failing = frozenset(i for i, each in enumerate(tried) if not each.is_right)
    pairs = list(itertools.combinations(_failing_cases(task), 2))
    likely = [pair for pair in pairs if pair[0][1] | pair[1][1] == failing]
    for (one, _), (other, _) in likely if len(pairs) > _MOST_PAIRS else pairs:
        try:
            both = task.combined(frozenset({one.name, other.name}))
        except Exception:
            continue
        if both is None or not _does_the_same(both, tried):
            continue
        if len(returned) == len(tried) or not any(_does_the_same(each.wrong, returned) for each in (one, other)):
            return Named(f"{one.name}; and {other.name}", f"Two things at once. {one.sentence} And: {other.sentence}")
    return None


@functools.lru_cache(maxsize=16)
def _failing_cases(task: Exercise) -> tuple[tuple[Mistake, frozenset[int]], ...]:
    """Each mistake of an exercise with the numbers of the cases in which it shows."""
    tried = [Tried(case, value, Outcome(value=value), None) for case, value in _solved(task)]
    return tuple(
        (mistake, frozenset(i for i, each in enumerate(tried) if not _does_the_same(mistake.wrong, [each])))
        for mistake in task.mistakes
    )


def _solved(task: Exercise) -> list[tuple[Case, Any]]:
    return [(case, task.solution(*copied(case.args), **copied(dict(case.kwargs)))) for case in task.cases()]


def _does_the_same(wrong: Answer, tried: Sequence[Tried], *, by_words: bool = False) -> bool:
    """Whether a wrong answer has these outcomes in every case.

    An error is like any other error, and like an empty result; `by_words` wants errors of one kind, in the same words.
    """
    for each in sorted(tried, key=lambda each: each.is_right):  # the failing ones tell most mistakes apart at once
        try:
            value = wrong(*copied(each.case.args), **copied(dict(each.case.kwargs)))
        except Exception as error:
            if by_words and each.outcome.failed and _words(error) != _words(each.outcome.error):
                return False
            if not each.outcome.failed and not _is_empty(each):
                return False
            continue
        if each.outcome.failed or not _same(value, each.outcome.value):
            return False
    return True


def _words(error: BaseException | None) -> tuple[type | None, str]:
    """The kind of an error and its words, without numbers."""
    return type(error), re.sub(r"\d+", "0", str(error))


def _is_empty(each: Tried) -> bool:
    value = each.outcome.value
    return isinstance(value, torch.Tensor) and value.numel() == 0 and not each.is_right


def _same(one: Any, other: Any) -> bool:
    """Whether two wrong results are the same; numbers of different types are not."""
    if type(one) is not type(other) and not isinstance(one, torch.Tensor | tuple):
        return False
    return agree(one, other)


def from_outcomes(task: Exercise, tried: Sequence[Tried]) -> Named | None:
    """A name for a mistake that the bank does not hold: a form of all results, or what the failing cases share.

    Args:
        task: The exercise.
        tried: All cases.

    Example:
        >>> from convlab.practice.catalogue import find
        >>> cases = [Case("3", (3, 3)), Case("4", (4, 3)), Case("5", (5, 3))]
        >>> tried = [Tried(case, i, Outcome(value=i + 2), Difference("values", "")) for i, case in enumerate(cases, 1)]
        >>> from_outcomes(find("conv_output_size"), tried).name
        'too large by 2'
    """
    names = list(inspect.signature(task.solution).parameters)
    cases = [each.case for each in tried]
    expected, got = [each.expected for each in tried], [each.outcome.value for each in tried]
    failed = any(each.outcome.failed for each in tried)
    if not failed:
        form = forms.explain(cases, names, expected, got)
        if form is not None:
            return Named(form.name, form.sentence)
        change = other_arguments.explain(task.solution, cases, got)
        if change is not None:
            return Named(change.name, change.sentence)
    where = conditions.in_words(cases, [not each.is_right for each in tried])
    if where is not None:
        errors = {type(each.outcome.error).__name__ for each in tried if each.outcome.error is not None}
        all_raise = all(each.is_right or each.outcome.failed for each in tried)
        verb = f"raises {errors.pop()}" if all_raise and len(errors) == 1 else "wrong"
        how = f"Your answer {'is wrong' if verb == 'wrong' else verb}"
        sure = "exactly " if where.is_plain else ""
        checked = "" if where.is_plain else ", in the cases that were checked"
        return Named(f"{verb} {where.words}", f"{how} {sure}{where.words}{checked}.")
    if not failed:
        elements = conditions.in_elements(expected, got, conditions.axes_of(cases, expected))
        if elements is not None:
            return Named(*elements)
    return None


def works_without_batch(answer: Answer, tried: Sequence[Tried], seconds: float) -> bool:
    """Whether an answer that raises in every case is right where the input is one sample, without its batch axis.

    Args:
        answer: The learner's function.
        tried: All cases.
        seconds: The time limit of a call.

    Example:
        >>> works_without_batch(lambda x: x, [], 1.0)
        False
    """
    found = False
    for each in tried[:3]:
        first, *others = each.case.args or (None,)
        right = each.expected
        if not (isinstance(first, torch.Tensor) and isinstance(right, torch.Tensor) and first.ndim and right.ndim):
            return False
        outcome = call(answer, Case(each.case.id, (first[0], *others), each.case.kwargs), seconds=seconds)
        if outcome.failed or not agree(right[0], outcome.value):
            return False
        found = True
    return found


def is_rounding(tried: Sequence[Tried]) -> bool:
    """Whether all that is wrong are the last digits in float64, as after a computation in float32.

    Args:
        tried: All cases.

    Example:
        >>> right = torch.tensor([1 / 3], dtype=torch.float64)
        >>> wrong = right.float().double()
        >>> is_rounding([Tried(Case("a third", ()), right, Outcome(value=wrong), Difference("values", ""))])
        True
    """
    failing = [each for each in tried if not each.is_right]
    return bool(failing) and all(
        isinstance(each.expected, torch.Tensor)
        and each.difference is not None
        and each.difference.kind == "values"
        and each.expected.dtype == torch.float64
        and not bool(wrong_elements(each.expected.float(), each.outcome.value.float()).any())
        for each in failing
    )
