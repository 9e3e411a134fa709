"""Mistakes that act like other arguments: the right result, but of a flipped kernel, or of stride 1."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from convlab.practice.calling import copied
from convlab.practice.comparing import agree
from convlab.practice.exercise import Answer, Case
from convlab.practice.tensor_forms import Form

_AXES = ("first", "second", "third", "fourth", "fifth")


_SAMPLES = {
    "only the first slice of input along axis 0 is used": (
        "only the first sample is computed",
        "The result holds every sample of the batch, along axis 0.",
    ),
    "the first slice of input along axis 0 is used for all": (
        "the first sample stands for all",
        "Sample n of the result comes from sample n of the input.",
    ),
    "input is in reverse order along axis 0": (
        "the samples are in reverse order",
        "Sample n of the result comes from sample n of the input.",
    ),
    "all but the first slice of input along axis 0 count as 0": (
        "the other samples stay zero",
        "Only the first sample is computed. Every sample of the result comes from its own sample of the input.",
    ),
    "the last slice of input along axis 0 is left out": (
        "the last sample is left out",
        "The result holds every sample of the batch, along axis 0.",
    ),
}
"""What a change of a batch means, in plain words."""


class Change(NamedTuple):
    """Another value of an argument, and what a mistake with this effect is called.

    Attributes:
        name: The name of the mistake.
        value: The other value.

    Example:
        >>> Change("stride is ignored", 1).value
        1
    """

    name: str
    value: Any


def explain(solution: Answer, cases: Sequence[Case], got: Sequence[Any]) -> Form | None:
    """The change of one argument with which the right function returns all these results; None where there is none.

    Args:
        solution: The right function.
        cases: The cases.
        got: What was returned in each.

    Example:
        >>> def area(height, width=1):
        ...     return height * width
        >>> explain(area, [Case("3 and 4", (3, 4)), Case("5 and 2", (5, 2))], [3, 5]).name
        'width is ignored'
    """
    signature = inspect.signature(solution)
    bound = []
    for case in cases:
        arguments = signature.bind(*case.args, **case.kwargs)
        arguments.apply_defaults()
        bound.append(arguments.arguments)
    ndim, traits = _ndim(bound[0]), frozenset[str]().union(*(case.traits for case in cases))
    for name, parameter in signature.parameters.items():
        changes = [{c.name: c.value for c in _changes(name, each[name], parameter.default, ndim)} for each in bound]
        for change in dict.fromkeys(itertools.chain.from_iterable(changes)):
            if all(
                _returns(solution, {**each, name: values.get(change, each[name])}, mine)
                for each, values, mine in zip(bound, changes, got, strict=True)
            ):
                return _in_words(change, has_samples=any("the batch has" in trait for trait in traits))
    return None


def _in_words(change: str, *, has_samples: bool) -> Form:
    if has_samples and change in _SAMPLES:
        return Form(*_SAMPLES[change])
    return Form(change, f"Your results are those of a right answer to another call: {change}.")


def _ndim(arguments: Mapping[str, Any]) -> int:
    """The number of spatial axes, from the first tensor; 0 where there is none."""
    tensors = [value for value in arguments.values() if isinstance(value, torch.Tensor)]
    return max(0, tensors[0].ndim - 2) if tensors else 0


def _returns(solution: Answer, arguments: Mapping[str, Any], mine: Any) -> bool:
    try:
        return agree(solution(**copied(arguments)), mine)
    except Exception:
        return False


def _changes(name: str, value: Any, default: Any, ndim: int) -> Iterator[Change]:
    """All changes of one argument of one case."""
    if isinstance(value, torch.Tensor):
        yield from _of_tensor(name, value, default)
    elif isinstance(value, bool):
        yield Change(f"{name} is always on", True)
        yield Change(f"{name} is ignored", False)
    elif isinstance(value, int):
        yield from _of_int(name, value, default)
        if ndim > 1 and isinstance(default, int):
            yield from _of_axes(name, (value,) * ndim, default)
    elif isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        if isinstance(default, int):
            yield Change(f"{name} is ignored", default)
            yield from _of_axes(name, value, default)
        yield Change(f"the axes of {name} are swapped", value[::-1])


def _of_int(name: str, value: int, default: Any) -> Iterator[Change]:
    if isinstance(default, int) and not isinstance(default, bool):
        yield Change(f"{name} is ignored", default)
    yield Change(f"{name} counts one too many", value + 1)
    yield Change(f"{name} counts one too few", value - 1)
    yield Change(f"{name} counts twice", 2 * value)
    yield Change(f"{name} counts half", value // 2)


def _of_axes(name: str, value: tuple[int, ...], default: int) -> Iterator[Change]:
    for axis in range(len(value)):
        others = tuple(default if i == axis else item for i, item in enumerate(value))
        yield Change(f"{name} is ignored along the {_AXES[axis]} spatial axis", others)
        yield Change(f"the {_AXES[axis]} entry of {name} is used for all axes", (value[axis],) * len(value))


def _of_tensor(name: str, value: torch.Tensor, default: Any) -> Iterator[Change]:
    if default is None:
        yield Change(f"{name} is ignored", None)
        yield Change(f"{name} is subtracted", -value)
        yield Change(f"{name} counts twice", 2 * value)
    if value.ndim < 2:
        return
    axes = range(2 if value.ndim > 2 else 0, value.ndim)
    for count in range(1, len(axes) + 1):
        for chosen in itertools.combinations(axes, count):
            which = "" if count == len(axes) else f" along axis {' and '.join(map(str, chosen))}"
            yield Change(f"{name} is flipped{which}", value.flip(chosen))
    yield Change(f"the last two axes of {name} are swapped", value.mT)
    yield Change(f"the first two axes of {name} are swapped", value.transpose(0, 1))
    for axis in range(value.ndim):
        first = value.narrow(axis, 0, 1)
        yield Change(f"only the first slice of {name} along axis {axis} is used", first)
        yield Change(f"the first slice of {name} along axis {axis} is used for all", first.expand_as(value))
        yield Change(f"{name} is in reverse order along axis {axis}", value.flip(axis))
        zeroed = value.clone()
        zeroed.narrow(axis, 1, value.shape[axis] - 1).zero_()
        yield Change(f"all but the first slice of {name} along axis {axis} count as 0", zeroed)
        shorter = value.narrow(axis, 0, max(1, value.shape[axis] - 1))
        yield Change(f"the last slice of {name} along axis {axis} is left out", shorter)
