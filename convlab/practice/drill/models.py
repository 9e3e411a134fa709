"""Small models drawn by lot: some that run, and some that a layer stops."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from convlab.inspection import Record, record


@dataclass(frozen=True)
class Part:
    """A layer of a model, its arguments as they are written.

    Attributes:
        kind: Its class in torch.nn.
        args: The arguments by position.
        kwargs: The arguments by name.

    Example:
        >>> Part("Conv2d", (3, 6, 5), {"stride": 2}).code
        'nn.Conv2d(3, 6, 5, stride=2)'
    """

    kind: str
    args: tuple[int, ...] = ()
    kwargs: Mapping[str, int] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The line of Python that makes it."""
        arguments = [*map(str, self.args), *(f"{name}={value}" for name, value in self.kwargs.items())]
        return f"nn.{self.kind}({', '.join(arguments)})"

    @property
    def makes_channels(self) -> bool:
        """Whether the channels, or the features, of its output are an argument of it."""
        return self.kind.startswith("Conv") or self.kind == "Linear"

    def with_argument(self, place: int, value: int) -> Part:
        """The same part with another argument at this place.

        Args:
            place: Of the argument, from 0.
            value: The new one.
        """
        return replace(self, args=(*self.args[:place], value, *self.args[place + 1 :]))


Parts = tuple[Part, ...]
Shape = tuple[int, ...]


def build(parts: Parts) -> nn.Sequential:
    """The model of these layers, without memory.

    Args:
        parts: The layers, input side first.

    Example:
        >>> build((Part("ReLU"),))
        Sequential(
          (0): ReLU()
        )
    """
    with torch.device("meta"):
        return nn.Sequential(*(getattr(nn, part.kind)(*part.args, **part.kwargs) for part in parts))


def run_of(parts: Parts, shape: Shape) -> Record:
    """What happens when an input of this shape goes through the layers.

    Args:
        parts: The layers, input side first.
        shape: The input.

    Example:
        >>> run_of((Part("Linear", (4, 2)),), (1, 4)).output.shape
        torch.Size([1, 2])
    """
    return record(build(parts), [torch.empty(shape, device="meta")])


def running(rng: random.Random, difficulty: int) -> tuple[Parts, Shape]:
    """A model that runs, and the shape of its input.

    Args:
        rng: The lot.
        difficulty: 1 to 5; the harder, the longer.

    Example:
        >>> parts, shape = running(random.Random(1), 1)
        >>> [part.kind for part in parts], run_of(parts, shape).error
        (['Conv1d', 'ReLU', 'Conv1d'], None)
    """
    while True:
        try:
            return _PLANS[difficulty](rng)
        except (RuntimeError, ValueError):  # the input is too small for these kernels
            continue


def _shape(parts: Sequence[Part], shape: Shape) -> Shape:
    """The shape of the output; an error is torch's own."""
    with torch.no_grad():
        return tuple(build(tuple(parts))(torch.empty(shape, device="meta")).shape)


def _two_convolutions(rng: random.Random) -> tuple[Parts, Shape]:
    one, two, three = (rng.choice((1, 2, 3, 4)) for _ in range(3))
    parts = (
        Part("Conv1d", (one, two, rng.choice((2, 3)))),
        Part("ReLU"),
        Part("Conv1d", (two, three, rng.choice((2, 3, 5)))),
    )
    return _checked(parts, (1, one, rng.randint(6, 12)))


def _with_pooling(rng: random.Random) -> tuple[Parts, Shape]:
    one, two, three = (rng.choice((1, 3, 4, 6, 8)) for _ in range(3))
    size = rng.choice((8, 12, 16))
    parts = (_conv(rng, one, two), Part("ReLU"), Part("MaxPool2d", (2,)), _conv(rng, two, three))
    return _checked(parts, (1, one, size, size))


def _classifier(rng: random.Random) -> tuple[Parts, Shape]:
    one, two = rng.choice((1, 3)), rng.choice((4, 6, 8))
    size = rng.choice((8, 12, 16, 28))
    body = (_conv(rng, one, two), Part("ReLU"), Part("MaxPool2d", (2,)), Part("Flatten"))
    return _with_head(body, (1, one, size, size), (10,))


def _two_stages(rng: random.Random) -> tuple[Parts, Shape]:
    one, two, three = rng.choice((1, 3)), rng.choice((4, 6, 8)), rng.choice((8, 12, 16))
    size = rng.choice((16, 28, 32))
    body = (
        _conv(rng, one, two), Part("BatchNorm2d", (two,)), Part("ReLU"), Part("MaxPool2d", (2,)),
        _conv(rng, two, three), Part("Flatten"),
    )  # fmt: skip
    return _with_head(body, (1, one, size, size), (10,))


def _deep(rng: random.Random) -> tuple[Parts, Shape]:
    one, two, three = rng.choice((1, 3)), rng.choice((4, 6, 8)), rng.choice((8, 12, 16))
    size, batch = rng.choice((28, 32)), rng.choice((1, 4))
    if rng.random() < 0.4:  # down and up again
        parts = (
            Part("Conv2d", (one, two, 3), {"stride": 2, "padding": 1}), Part("ReLU"),
            Part("Conv2d", (two, three, 3), {"stride": 2, "padding": 1}), Part("BatchNorm2d", (three,)), Part("ReLU"),
            Part("ConvTranspose2d", (three, two, rng.choice((2, 4))), {"stride": 2}), Part("BatchNorm2d", (two,)),
            Part("ConvTranspose2d", (two, one, 2), {"stride": 2}), _conv(rng, one, one),
        )  # fmt: skip
        return _checked(parts, (batch, one, size, size))
    body = (
        _conv(rng, one, two), Part("BatchNorm2d", (two,)), Part("ReLU"), Part("MaxPool2d", (2,)),
        _conv(rng, two, three), Part("ReLU"), Part("MaxPool2d", (2,)), Part("Flatten"),
    )  # fmt: skip
    return _with_head(body, (batch, one, size, size), (32, 10))


_PLANS = {1: _two_convolutions, 2: _with_pooling, 3: _classifier, 4: _two_stages, 5: _deep}


def _conv(rng: random.Random, inward: int, outward: int) -> Part:
    options = {"padding": 1} if rng.random() < 0.4 else {}
    return Part("Conv2d", (inward, outward, rng.choice((3, 3, 5))), options)


def _checked(parts: Parts, shape: Shape) -> tuple[Parts, Shape]:
    _shape(parts, shape)
    return parts, shape


def _with_head(body: Parts, shape: Shape, features: Sequence[int]) -> tuple[Parts, Shape]:
    """The body and layers of these features behind it."""
    parts, arriving = list(body), _shape(body, shape)[-1]
    for number in features:
        parts += [Part("ReLU")] if parts[-1].kind == "Linear" else []
        parts.append(Part("Linear", (arriving, number)))
        arriving = number
    return tuple(parts), shape


def stopping(rng: random.Random, parts: Parts, shape: Shape) -> tuple[Parts, Shape]:
    """A model next to this one that stops, and the shape of its input.

    Args:
        rng: The lot.
        parts: The layers of a model that runs.
        shape: The input with which it does.

    Example:
        >>> run_of(*stopping(random.Random(1), *running(random.Random(1), 1))).error is None
        False
    """
    while True:
        bad, wrong = rng.choice((_wrong_number, _wrong_number, _large_kernel, _other_input, _no_flatten))(
            rng, parts, shape
        )
        try:
            _shape(bad, wrong)
        except (RuntimeError, ValueError):
            return bad, wrong


def _put(parts: Parts, place: int, part: Part) -> Parts:
    return (*parts[:place], part, *parts[place + 1 :])


def _wrong_number(rng: random.Random, parts: Parts, shape: Shape) -> tuple[Parts, Shape]:
    """Another number of channels or features that come in or go out."""
    place = rng.choice([number for number, part in enumerate(parts) if part.args and part.kind != "MaxPool2d"])
    part, argument = parts[place], 0
    if part.makes_channels and place + 1 < len(parts) and rng.random() < 0.4:
        argument = 1
    usual = part.args[argument]
    other = rng.choice([usual + 1, 2 * usual, usual + 2, max(1, usual // 2)])
    return _put(parts, place, part.with_argument(argument, other)), shape


def _large_kernel(rng: random.Random, parts: Parts, shape: Shape) -> tuple[Parts, Shape]:
    places = [number for number, part in enumerate(parts) if part.kind in ("Conv1d", "Conv2d")]
    place = places[-1]
    if "Linear" in {part.kind for part in parts}:  # then the input is too small for the features, too
        return parts, (*shape[:2], *(max(1, size // rng.choice((4, 6, 8))) for size in shape[2:]))
    return _put(parts, place, parts[place].with_argument(2, rng.choice((7, 9, 11)))), shape


def _other_input(rng: random.Random, parts: Parts, shape: Shape) -> tuple[Parts, Shape]:
    if rng.random() < 0.3:
        return parts, (shape[0], shape[1] + rng.choice((1, 2)), *shape[2:])
    factor = rng.choice((2, 4))
    return parts, (*shape[:2], *(size * factor if rng.random() < 0.9 else size for size in shape[2:]))


def _no_flatten(rng: random.Random, parts: Parts, shape: Shape) -> tuple[Parts, Shape]:
    return tuple(part for part in parts if part.kind != "Flatten"), shape
