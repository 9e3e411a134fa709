"""What the tests of the exercises share: answers called on the cases, and their results compared."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch

from convlab.practice.exercise import Case


def outcome(answer: Callable[..., Any], case: Case) -> Any:
    """What it returns on copies of the arguments; the word "error" where it raises."""
    args, kwargs = copy.deepcopy((case.args, dict(case.kwargs)))
    try:
        return answer(*args, **kwargs)
    except (RuntimeError, IndexError, ValueError, TypeError):
        return "error"


def outcomes(answer: Callable[..., Any], cases: Sequence[Case]) -> list[Any]:
    """What it returns in each case."""
    return [outcome(answer, case) for case in cases]


def same(one: Any, other: Any) -> bool:
    """Equal in type, shape, dtype and values, up to the rounding that a check allows."""
    if not (isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)):
        return type(one) is type(other) and bool(one == other)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    allowed = {torch.float64: 1e-9, torch.float32: 1e-4}.get(one.dtype, 0.0)
    largest = float(other.abs().max()) if other.numel() else 0.0
    return bool(((one - other).abs() <= allowed * largest).all())


def all_same(ones: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether two answers give the same in every case."""
    return all(itertools.starmap(same, zip(ones, others, strict=True)))
