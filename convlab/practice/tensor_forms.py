"""Mistakes of any exercise with tensors: forms that wrong results take, as "only the first sample"."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from convlab.practice.comparing import agree, tolerance

Pairs = Sequence[tuple[Any, Any]]
"""The right result and the returned one, case by case."""


@dataclass(frozen=True)
class Form:
    """A way in which wrong results follow from the right ones.

    Attributes:
        name: The name of the mistake.
        sentence: What is wrong, for the learner.

    Example:
        >>> Form("negated", "The sign is wrong.").name
        'negated'
    """

    name: str
    sentence: str


def always(pairs: Pairs, variants: Callable[[Any], Iterable[Any]]) -> bool:
    """Whether each returned result is a variant of the right one.

    Args:
        pairs: The right result and the returned one, case by case.
        variants: What a mistake makes of a right result.

    Example:
        >>> always([(1, 2), (4, 8)], lambda right: [2 * right])
        True
    """
    for right, mine in pairs:
        try:
            if not any(agree(variant, mine) for variant in variants(right)):
                return False
        except (IndexError, RuntimeError, ValueError):  # too few axes for this form
            return False
    return True


def _flips(right: torch.Tensor) -> Iterator[torch.Tensor]:
    """Turned round along each axis after the channels, and along all of them."""
    axes = range(2 if right.ndim > 2 else 0, right.ndim)
    for count in range(1, len(axes) + 1):
        yield from (right.flip(chosen) for chosen in itertools.combinations(axes, count))


def _other_axes(right: torch.Tensor) -> Iterator[torch.Tensor]:
    order = tuple(range(right.ndim))
    yield from (right.permute(other) for other in itertools.permutations(order) if other != order)


def _rolls(right: torch.Tensor) -> Iterator[torch.Tensor]:
    yield from (right.roll(by, axis) for axis in range(2 if right.ndim > 2 else 0, right.ndim) for by in (1, -1))


def _first_only(right: torch.Tensor, axis: int) -> torch.Tensor:
    kept = torch.zeros_like(right)
    kept.select(axis, 0).copy_(right.select(axis, 0))
    return kept


def _reduced(right: torch.Tensor, axis: int) -> Iterator[torch.Tensor]:
    for keepdim in (False, True):
        yield right.sum(axis, keepdim=keepdim)
        yield right.mean(axis, keepdim=keepdim)
    yield right.sum(axis, keepdim=True).expand_as(right)
    yield right.mean(axis, keepdim=True).expand_as(right)


_TENSORS: tuple[tuple[Form, Callable[[torch.Tensor], Iterable[Any]]], ...] = (
    (
        Form(
            "all zeros", "Every element of your result is zero: nothing was written into it, or it was multiplied by 0."
        ),
        lambda right: [torch.zeros_like(right)],
    ),
    (
        Form("negated", "Your result has the wrong sign: each element is the negative of the right one."),
        lambda right: [-right],
    ),
    (Form("absolute values", "Negative results lost their sign."), lambda right: [right.abs()]),
    (
        Form("negative values became 0", "Negative results became 0: no activation is asked for."),
        lambda right: [right.relu()],
    ),
    (
        Form("rounded", "The results were rounded to whole numbers."),
        lambda right: [right.trunc(), right.round(), right.floor(), right.ceil()],
    ),
    (
        Form(
            "forgets the batch",
            "Only one sample was computed: the batch axis is lost, or shorter than that of the input.",
        ),
        lambda right: [right[0], right[-1], right[:1], right[-1:]],
    ),
    (
        Form("the first sample for all", "Every sample of your result is that of the first one: loop over the batch."),
        lambda right: [right[:1].expand_as(right)],
    ),
    (
        Form("the last sample for all", "Every sample of your result is that of the last one."),
        lambda right: [right[-1:].expand_as(right)],
    ),
    (
        Form("only the first sample", "Only the first sample of the batch was computed; the others are zero."),
        lambda right: [_first_only(right, 0)],
    ),
    (Form("the batch is summed", "The samples of the batch were added or averaged."), lambda right: _reduced(right, 0)),
    (
        Form("only the first output channel", "Only the first output channel is there: each filter makes one."),
        lambda right: [_first_only(right, 1), right[:, :1], right[:, 0]],
    ),
    (
        Form(
            "the first output channel for all",
            "Every output channel equals the first one: each has a filter of its own.",
        ),
        lambda right: [right[:, :1].expand_as(right)],
    ),
    (
        Form("output channels are summed", "The output channels were added or averaged."),
        lambda right: _reduced(right, 1),
    ),
    (
        Form("output channels in reverse order", "The output channels are in reverse order."),
        lambda right: [right.flip(1)],
    ),
    (
        Form("the last two axes are swapped", "The last two axes of your result are swapped."),
        lambda right: [right.mT] if right.ndim > 1 else [],
    ),
    (Form("axes in another order", "The numbers are right, but the axes are in another order."), _other_axes),
    (
        Form("axes of size 1 are lost", "Axes of size 1 were removed: squeeze takes away too many."),
        lambda right: [right.squeeze()],
    ),
    (
        Form("an axis too many", "Your result has an axis of size 1 too many."),
        lambda right: [right.unsqueeze(axis) for axis in range(right.ndim + 1)],
    ),
    (Form("turned round", "The elements are right, but in reverse order along an axis."), _flips),
    (Form("shifted by one", "All elements are shifted by one place along an axis."), _rolls),
)


_OF_SAMPLES = (
    "forgets the batch",
    "the first sample for all",
    "the last sample for all",
    "only the first sample",
    "the batch is summed",
)
_OF_CHANNELS = (
    "only the first output channel",
    "the first output channel for all",
    "output channels are summed",
    "output channels in reverse order",
)


def _of_an_axis(form: Form, axis: int) -> Form:
    """The form in words that fit a result without samples or output channels."""
    name = {
        "forgets the batch": f"one entry of axis {axis}",
        "the first sample for all": f"the first entry of axis {axis} for all",
        "the last sample for all": f"the last entry of axis {axis} for all",
        "only the first sample": f"only the first entry of axis {axis}",
        "the batch is summed": f"axis {axis} is summed",
        "only the first output channel": f"only the first entry of axis {axis}",
        "the first output channel for all": f"the first entry of axis {axis} for all",
        "output channels are summed": f"axis {axis} is summed",
        "output channels in reverse order": f"axis {axis} in reverse order",
    }[form.name]
    return Form(name, f"Compare your result with the right one along axis {axis}: {name}.")


def of_tensors(pairs: Pairs, has_samples: bool = True, has_channels: bool = True) -> Form | None:
    """The form that tensors have in all cases; None where they have none.

    Args:
        pairs: The right result and the returned one, case by case.
        has_samples: Whether axis 0 of a result counts samples.
        has_channels: Whether axis 1 of a result counts output channels.

    Example:
        >>> right = torch.arange(6.0).reshape(2, 1, 3)
        >>> of_tensors([(right, right[:1])]).name
        'forgets the batch'
        >>> of_tensors([(right, right[:1])], has_samples=False).name
        'one entry of axis 0'
    """
    for form, variants in _TENSORS:
        if always(pairs, variants):
            if form.name in _OF_SAMPLES and not has_samples:
                return _of_an_axis(form, 0)
            return _of_an_axis(form, 1) if form.name in _OF_CHANNELS and not has_channels else form
    for holds, form in _RELATIONS:
        may_agree = form in _PARTIAL
        if all(holds(right.detach(), mine.detach()) or (may_agree and agree(right, mine)) for right, mine in pairs):
            return form
    return None


def _is_scaled(right: torch.Tensor, mine: torch.Tensor) -> bool:
    if right.shape != mine.shape or not right.dtype.is_floating_point or not bool(right.any()):
        return False
    factor = (right * mine).sum() / (right * right).sum()
    return bool(factor) and agree(right * factor, mine) and not agree(right, mine)


def _is_moved(right: torch.Tensor, mine: torch.Tensor) -> bool:
    """Whether in each output channel all elements differ by the same number."""
    if right.shape != mine.shape or right.ndim < 2 or not right.dtype.is_floating_point:
        return False
    apart = (mine - right).transpose(0, 1).flatten(1)
    return bool((apart - apart[:, :1]).abs().max() <= tolerance(right)) if apart.numel() > len(apart) else False


def _has_nan(right: torch.Tensor, mine: torch.Tensor) -> bool:
    return mine.dtype.is_floating_point and bool(mine.isnan().any()) and not bool(right.isnan().any())


def _lies_inside(small: torch.Tensor, big: torch.Tensor) -> bool:
    """Whether one is a block of the other, or every second, third ... element of it, and not the same."""
    if small.ndim != big.ndim or small.shape == big.shape or not small.numel():
        return False
    room = [there - here for here, there in zip(small.shape, big.shape, strict=True)]
    if min(room) < 0:
        return False
    starts = itertools.islice(itertools.product(*(range(each + 1) for each in room)), 2000)
    blocks = (big[tuple(slice(at, at + size) for at, size in zip(start, small.shape, strict=True))] for start in starts)
    steps = (big[(slice(None), slice(None), *(slice(None, None, step),) * (big.ndim - 2))] for step in (2, 3))
    return any(agree(small, other) for other in itertools.chain(blocks, steps))


def _is_reshaped(right: torch.Tensor, mine: torch.Tensor) -> bool:
    return right.shape != mine.shape and right.numel() == mine.numel() and agree(right.flatten(), mine.flatten())


_RELATIONS: tuple[tuple[Callable[[torch.Tensor, torch.Tensor], bool], Form], ...] = (
    (_has_nan, Form("not a number", "Your result holds nan: torch.empty is not filled, and 0 / 0 is nan.")),
    (
        _is_scaled,
        Form("scaled", "Your result is the right one times a number: look at what you multiply and divide by."),
    ),
    (
        _is_moved,
        Form(
            "a constant for each output channel",
            "In each output channel all elements are off by one number: look at the bias.",
        ),
    ),
    (_is_reshaped, Form("another shape", "The numbers are right and in the right order, but the shape is not.")),
    (
        lambda right, mine: _lies_inside(mine, right),
        Form(
            "part of the result is missing",
            "Your elements are right, but some are missing: look at where the loops begin and end.",
        ),
    ),
    (
        lambda right, mine: _lies_inside(right, mine),
        Form(
            "elements too many",
            "The right result lies inside yours: look at where the loops end, and at what is cut off.",
        ),
    ),
)

_PARTIAL = tuple(form for _, form in _RELATIONS[-3:])
"""Forms that may leave some cases right."""
