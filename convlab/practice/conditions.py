"""Where an answer goes wrong: in which cases, by what is special about them, and in which elements of the results."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch

from convlab.practice.comparing import wrong_elements
from convlab.practice.exercise import Case


def in_words(cases: Sequence[Case], failing: Sequence[bool]) -> str | None:
    """What the failing cases have in common and no other case has, as "where the stride is not 1".

    One trait, then either of two, two at once, one without another, then all cases without one; None where none fits.

    Args:
        cases: All cases.
        failing: Whether each of them fails.

    Example:
        >>> cases = [Case("plain", (1,)), Case("stride 2", (2,), traits=frozenset({"the stride is not 1"}))]
        >>> in_words(cases, [False, True])
        'where the stride is not 1'
    """
    wanted = frozenset(i for i, fails in enumerate(failing) if fails)
    if not wanted or len(wanted) == len(cases):
        return None
    traits = list(dict.fromkeys(trait for case in cases for trait in sorted(case.traits)))
    having = {trait: frozenset(i for i, case in enumerate(cases) if trait in case.traits) for trait in traits}
    for trait in traits:
        if having[trait] == wanted:
            return f"where {trait}"
    pairs = list(itertools.combinations(traits, 2))
    for one, other in pairs:
        if having[one] | having[other] == wanted:
            return f"where {one} or {other}"
    for one, other in pairs:
        if having[one] & having[other] == wanted:
            return f"where {one} and {other}"
    for one, other in itertools.permutations(traits, 2):
        if having[one] - having[other] == wanted:
            return f"where {one}, unless {other}"
    for trait in traits:
        if frozenset(range(len(cases))) - having[trait] == wanted:
            return f"everywhere but where {trait}"
    return None


def in_elements(expected: Sequence[Any], got: Sequence[Any]) -> tuple[str, str] | None:
    """Which elements are wrong in all failing cases: a name for it and a sentence; None where nothing fits.

    Args:
        expected: The right result of each case.
        got: What was returned.

    Example:
        >>> right = torch.arange(1.0, 6.0).reshape(1, 1, 5)
        >>> wrong = right.clone()
        >>> wrong[..., 0] = 9
        >>> in_elements([right], [wrong])[0]
        'wrong only at the border'
    """
    pairs = list(zip(expected, got, strict=True))
    if not all(isinstance(right, torch.Tensor) and isinstance(mine, torch.Tensor) for right, mine in pairs):
        return None
    if not all(right.shape == mine.shape and right.dtype == mine.dtype for right, mine in pairs):
        return None
    masks = [wrong_elements(right, mine) for right, mine in pairs]
    failing = [(right, mine, mask) for (right, mine), mask in zip(pairs, masks, strict=True) if bool(mask.any())]
    if not failing:
        return None
    if all(bool((mine[mask] == 0).all()) for _, mine, mask in failing):
        return (
            "elements stay zero",
            "Every wrong element is zero: some elements of the result are never computed, or never written.",
        )
    wrong = [mask for _, _, mask in failing]
    for found, name, sentence in (
        (_after_first(wrong, 0), "right only for the first sample", "Only the first sample of the batch is right."),
        (_after_first(wrong, 1), "right only for the first channel", "Only the first output channel is right."),
        (_at_border(wrong), "wrong only at the border", "The inner elements are right, those at the border are not."),
    ):
        if found:
            return name, sentence
    return None


def _after_first(masks: Sequence[torch.Tensor], axis: int) -> bool:
    """Whether every first slice along an axis is right, and some other slice is wrong everywhere."""
    if any(mask.ndim < axis + 2 for mask in masks):
        return False
    return all(not bool(mask.select(axis, 0).any()) for mask in masks)


def _at_border(masks: Sequence[torch.Tensor]) -> bool:
    """Whether only elements at a border of the spatial axes are wrong, and there are others that are right."""
    if any(mask.ndim < 3 for mask in masks):
        return False
    inner = [mask[(slice(None), slice(None), *(slice(1, -1),) * (mask.ndim - 2))] for mask in masks]
    return any(part.numel() for part in inner) and not any(bool(part.any()) for part in inner)
