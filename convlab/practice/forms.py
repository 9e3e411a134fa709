"""Mistakes of any exercise: forms that wrong results take, as "too large by 1", whatever was to be computed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from convlab.practice.conditions import axes_of
from convlab.practice.exercise import Case
from convlab.practice.tensor_forms import Form, Pairs, always, of_tensors


def explain(cases: Sequence[Case], names: Sequence[str], expected: Sequence[Any], got: Sequence[Any]) -> Form | None:
    """The form that the results have in all cases; None where they have none.

    Args:
        cases: The cases.
        names: The names of the parameters.
        expected: The right result of each case.
        got: What was returned.

    Example:
        >>> cases = [Case("2 and 3", (2, 3)), Case("4 and 1", (4, 1))]
        >>> explain(cases, ["a", "b"], [5, 5], [6, 6]).name
        'too large by 1'
    """
    pairs = list(zip(expected, got, strict=True))
    if all(isinstance(right, torch.Tensor) and isinstance(mine, torch.Tensor) for right, mine in pairs):
        return of_tensors(pairs, *axes_of(cases, expected))
    if all(_is_int(right) and _is_int(mine) for right, mine in pairs):
        return _of_ints(cases, names, pairs)
    if all(_are_ints(right) and _are_ints(mine) for right, mine in pairs):
        return next((form for form, variants in _TUPLES if always(pairs, variants)), None)
    return None


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_ints(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(map(_is_int, value))


def _of_ints(cases: Sequence[Case], names: Sequence[str], pairs: Pairs) -> Form | None:
    if len(pairs) < 2:
        return None
    apart = {mine - right for right, mine in pairs}
    if len(apart) == 1 and (by := apart.pop()):
        word = f"too {'large' if by > 0 else 'small'} by {abs(by)}"
        return Form(word, f"Your result is {word} in every case: look at the constants in your formula.")
    if all(mine == -right for right, mine in pairs):
        return Form("negated", "Your result has the wrong sign in every case.")
    if len({mine for _, mine in pairs}) == 1:
        return Form("always the same", f"Your result is {pairs[0][1]} in every case, whatever the arguments are.")
    for place, name in enumerate(names):
        values = [case.args[place] if place < len(case.args) else case.kwargs.get(name) for case in cases]
        if all(_is_int(value) and value == mine for value, (_, mine) in zip(values, pairs, strict=True)):
            return Form(f"returns {name}", f"Your result is {name} itself in every case.")
    for times in range(2, 10):
        if all(mine == times * right for right, mine in pairs):
            return Form(f"{times} times too large", f"Your result is {times} times the right one in every case.")
        if all(mine == right // times for right, mine in pairs):
            return Form(f"{times} times too small", f"The right result is {times} times yours in every case.")
    if all(abs(mine - right) <= 1 for right, mine in pairs):
        sentence = "Your result is never more than 1 away, but wrong in some cases: look at the rounding."
        return Form("off by one in some cases", sentence)
    return None


_TUPLES: tuple[tuple[Form, Callable[[Any], Iterable[Any]]], ...] = (
    (Form("entries in reverse order", "The entries are right, but in the reverse order."), lambda right: [right[::-1]]),
    (
        Form("entries in another order", "The entries are right, but in another order."),
        lambda right: itertools.permutations(right) if len(right) < 7 else (),
    ),
    (
        Form("entries too large by 1", "Every entry is too large by 1."),
        lambda right: [tuple(entry + 1 for entry in right)],
    ),
    (
        Form("entries too small by 1", "Every entry is too small by 1."),
        lambda right: [tuple(entry - 1 for entry in right)],
    ),
    (
        Form("all in the first entry", "The first entry holds the sum of all."),
        lambda right: [(sum(right), *_zeros(right))],
    ),
    (
        Form("all in the last entry", "The last entry holds the sum of all."),
        lambda right: [(*_zeros(right), sum(right))],
    ),
    (Form("the sum in each entry", "Each entry holds the sum of all."), lambda right: [(sum(right),) * len(right)]),
    (Form("entries left out at the end", "The last entry is missing."), lambda right: [right[:-1]]),
    (Form("entries left out at the start", "The first entry is missing."), lambda right: [right[1:]]),
    (Form("the first entry everywhere", "Every entry is the first one."), lambda right: [right[:1] * len(right)]),
    (Form("the last entry everywhere", "Every entry is the last one."), lambda right: [right[-1:] * len(right)]),
)


def _zeros(right: tuple[int, ...]) -> tuple[int, ...]:
    return (0,) * (len(right) - 1)
