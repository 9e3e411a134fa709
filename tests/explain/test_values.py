"""The value of an expression is found where no code of the reader's has to run, and nowhere else."""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F  # noqa: F401
from torch import Tensor, nn

from convlab.notebook.values import NotPureError, value_of


@dataclass
class Settings:
    """Plain attributes, and one that is computed."""

    width: int = 3

    @property
    def computed(self) -> int:
        """Counts how often it is read."""
        COUNTS.append(1)
        return self.width

    def __getattr__(self, name: str) -> int:
        COUNTS.append(1)
        return 0


class Pair(NamedTuple):
    """Two tensors."""

    left: Tensor
    right: Tensor


class Slotted:
    """An attribute in a slot."""

    __slots__ = ("width",)

    def __init__(self) -> None:
        self.width = 2


class Own(Tensor):
    """A tensor of the reader's."""


COUNTS: list[int] = []
x = torch.arange(6.0).view(2, 3)
net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5))
settings, pair, slotted = Settings(), Pair(x, x), Slotted()
shapes = {"image": (1, 3), "label": [2]}
defaults: defaultdict[str, int] = defaultdict(int)
own = x.as_subclass(Own)


def value(text: str) -> Any:
    frame = inspect.currentframe()
    assert frame is not None
    return value_of(ast.parse(text, mode="eval").body, frame)


@pytest.mark.parametrize(
    "text",
    [
        "x", "3", "-1", "None", "(1, x.shape[0])", "[2, 3]", "shapes['image'][1]", "16 * 5 // 2", "settings.width",
        "x.T", "x[0, 1:]", "x[:, None]", "x.view(x.size(0), -1)", "x.flatten(start_dim=1)", "len(x)", "net[0].weight",
        "net[1:]", "net[0].in_features", "F.relu", "nn.functional.relu", "slotted.width", "x.shape", "torch.float32",
        "torch.zeros(2, 3)", "x.to(torch.int64)",
    ],
)  # fmt: skip
def test_pure(text: str) -> None:
    expected = eval(text)
    COUNTS.clear()
    found = value(text)
    if isinstance(expected, Tensor):
        assert torch.equal(found, expected)
    else:
        assert repr(found) == repr(expected)
    assert COUNTS == []


@pytest.mark.parametrize(
    "text",
    [
        "x.zero_()", "x.copy_(x)", "net(x)", "F.dropout(x)", "settings.computed", "settings.nothing", "missing",
        "x + x", "print(1)", "[i for i in x]", "(y := x)", "f'{x}'", "pair.left", "lambda: x", "own[0]", "own.T",
        "defaults['new']", "x.backward()", "net[0].forward(x)", "not x", "torch.manual_seed(0)", "len(*[x])",
        "x.register_hook", "torch.nothing",
    ],
)  # fmt: skip
def test_not_pure(text: str) -> None:
    COUNTS.clear()
    with pytest.raises(NotPureError):
        value(text)
    assert COUNTS == []
    assert defaults == {}
