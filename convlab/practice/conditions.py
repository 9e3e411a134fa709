"""Where an answer goes wrong: in which cases, by what is special about them, and in which elements of the results."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from convlab.practice.comparing import wrong_elements
from convlab.practice.exercise import Case


class Where(NamedTuple):
    """What the failing cases have in common and no other case has.

    Attributes:
        words: In words that follow "wrong", as "where the stride is not 1".
        is_plain: Whether it is one trait that the failing cases have; two may be joined by chance.

    Example:
        >>> Where("where the stride is not 1", True).words
        'where the stride is not 1'
    """

    words: str
    is_plain: bool


def in_words(cases: Sequence[Case], failing: Sequence[bool]) -> Where | None:
    """What the failing cases have in common and no other case has, as "where the stride is not 1".

    One trait, then either of two, two at once, one without another, then all cases without one; None where none fits.

    Args:
        cases: All cases.
        failing: Whether each of them fails.

    Example:
        >>> cases = [Case("plain", (1,)), Case("stride 2", (2,), traits=frozenset({"the stride is not 1"}))]
        >>> in_words(cases, [False, True]).words
        'where the stride is not 1'
    """
    wanted = frozenset(i for i, fails in enumerate(failing) if fails)
    if not wanted or len(wanted) == len(cases):
        return None
    traits = list(dict.fromkeys(trait for case in cases for trait in sorted(case.traits)))
    having = {trait: frozenset(i for i, case in enumerate(cases) if trait in case.traits) for trait in traits}
    for trait in traits:
        if having[trait] == wanted:
            return Where(f"where {trait}", True)
    pairs = list(itertools.combinations(traits, 2))
    for one, other in pairs:
        if having[one] | having[other] == wanted:
            return Where(f"where {one} or {other}", False)
    for one, other in pairs:
        if having[one] & having[other] == wanted:
            return Where(f"where {one} and {other}", False)
    for one, other in itertools.permutations(traits, 2):
        if having[one] - having[other] == wanted:
            return Where(f"where {one}, unless {other}", False)
    for trait in traits:
        if frozenset(range(len(cases))) - having[trait] == wanted:
            return Where(f"everywhere but where {trait}", False)
    return None


def in_common(failing: Sequence[Case]) -> str:
    """What all failing cases have in common, as "the stride is not 1 and there is a bias"; "" where that is nothing.

    Other cases may have it, too.

    Args:
        failing: The cases that fail.

    Example:
        >>> in_common([Case("one", (1,), traits=frozenset({"there is a bias"})), Case("two", (2,))])
        ''
    """
    return " and ".join(sorted(frozenset[str].intersection(*(case.traits for case in failing)))) if failing else ""


class Axes(NamedTuple):
    """What the first two axes of a result are.

    Attributes:
        has_samples: Whether axis 0 counts samples.
        has_channels: Whether axis 1 counts output channels.

    Example:
        >>> Axes(has_samples=True, has_channels=False).has_channels
        False
    """

    has_samples: bool
    has_channels: bool


def axes_of(cases: Sequence[Case], expected: Sequence[Any]) -> Axes:
    """What the first two axes of the results of an exercise are, seen from its cases.

    Args:
        cases: All cases of an exercise.
        expected: The right result of each case.

    Example:
        >>> two = Case("two samples", (torch.zeros(2, 3),), traits=frozenset({"the batch has more than one sample"}))
        >>> axes_of([two], [torch.zeros(2, 3)])
        Axes(has_samples=True, has_channels=False)
        >>> axes_of([two], [torch.zeros(3, 3)])
        Axes(has_samples=False, has_channels=False)
    """
    traits = frozenset[str]().union(*(case.traits for case in cases))
    has_samples = "the batch has more than one sample" in traits and all(
        isinstance(right, torch.Tensor)
        and right.ndim > 0
        and isinstance(case.args[0], torch.Tensor)
        and len(right) == len(case.args[0])
        for case, right in zip(cases, expected, strict=True)
    )
    makes_channels = traits & {"there are several output channels", "there are several filters for a channel"}
    return Axes(has_samples, has_samples and bool(makes_channels))


def in_elements(expected: Sequence[Any], got: Sequence[Any], axes: Axes) -> tuple[str, str] | None:
    """Which elements are wrong in all failing cases: a name for it and a sentence; None where nothing fits.

    Args:
        expected: The right result of each case.
        got: What was returned.
        axes: What the first axes of the results are.

    Example:
        >>> right = torch.arange(1.0, 6.0).reshape(1, 1, 5)
        >>> wrong = right.clone()
        >>> wrong[..., 0] = 9
        >>> in_elements([right], [wrong], Axes(True, True))[0]
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
    samples = axes.has_samples and _after_first(wrong, 0)
    channels = axes.has_channels and _after_first(wrong, 1)
    for found, name, sentence in (
        (samples, "right only for the first sample", "Only the first sample of the batch is right."),
        (channels, "right only for the first channel", "Only the first output channel is right."),
        (
            axes.has_samples and _at_border(wrong),
            "wrong only at the border",
            "The inner elements are right, those at the border are not.",
        ),
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
