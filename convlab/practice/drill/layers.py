"""`Layer`: a convolution as a question names it, perhaps one that torch refuses; and how layers are drawn by lot."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convlab.arithmetic import ConvSpec, output_size

SPOILED = 1 / 6
"""How often the settings of a question are invalid."""
AXES = {1: "length", 2: "height and width", 3: "depth, height and width"}
"""What the spatial axes are called."""


@dataclass(frozen=True)
class Layer:
    """A convolution of torch, its arguments as they are written.

    Attributes:
        ndim: Spatial axes.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: An int, or one int per axis.
        options: The other arguments by their names, without those that have their usual value.
        transposed: Whether it is a transposed convolution.

    Example:
        >>> layer = Layer(2, 3, 6, 5, {"stride": 2})
        >>> layer.code
        'nn.Conv2d(3, 6, kernel_size=5, stride=2)'
        >>> layer.sizes((1, 3, 32, 32))
        (14, 14)
        >>> layer.sizes((1, 4, 32, 32))
        Traceback (most recent call last):
        ValueError: the input must have in_channels channels, but in_channels=3 and the input has 4
    """

    ndim: int
    in_channels: int
    out_channels: int
    kernel_size: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    transposed: bool = False

    @property
    def code(self) -> str:
        """The line of Python that makes it."""
        kind = f"Conv{'Transpose' if self.transposed else ''}{self.ndim}d"
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"nn.{kind}({self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}{options})"

    def spec(self) -> ConvSpec:
        """Its hyperparameters, checked.

        Raises:
            ValueError: If torch refuses them.
        """
        kernel = self.kernel_size if isinstance(self.kernel_size, tuple) else (self.kernel_size,) * self.ndim
        return ConvSpec(self.in_channels, self.out_channels, kernel, transposed=self.transposed, **self.options)

    def sizes(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The spatial size of the output for an input of this shape.

        Args:
            shape: Batch, channels, spatial axes.

        Raises:
            ValueError: If torch refuses the settings, or this input.
        """
        spec = self.spec()
        if shape[1] != self.in_channels:
            raise ValueError(
                "the input must have in_channels channels, "
                f"but in_channels={self.in_channels} and the input has {shape[1]}"
            )
        return output_size(spec, tuple(shape[2:]))

    def with_(self, **options: Any) -> Layer:
        """The same layer with other options; None takes one away.

        Args:
            **options: New values by their names.

        Example:
            >>> Layer(1, 1, 1, 3, {"stride": 2}).with_(stride=None, padding=1).code
            'nn.Conv1d(1, 1, kernel_size=3, padding=1)'
        """
        merged = {name: value for name, value in {**self.options, **options}.items() if value is not None}
        return replace(self, options=merged)


def draw(rng: random.Random, difficulty: int, *, transposed: bool = False) -> tuple[Layer, tuple[int, ...]]:
    """A layer and the shape of an input that torch accepts, its numbers as small as the difficulty asks.

    Args:
        rng: The lot.
        difficulty: 1 to 5.
        transposed: Whether the layer is a transposed convolution.

    Example:
        >>> layer, shape = draw(random.Random(1), 1)
        >>> layer.ndim, len(shape), min(layer.sizes(shape)) > 0
        (1, 3, True)
    """
    while True:
        layer, shape = _drawn(rng, difficulty, transposed=transposed)
        try:
            out = layer.sizes(shape)
        except ValueError:
            continue
        if max(out) <= 64 and (difficulty > 4 or math.prod(out) <= 1200):
            return layer, shape


def spoil(
    rng: random.Random, difficulty: int, layer: Layer, shape: tuple[int, ...]
) -> tuple[Layer, tuple[int, ...], str]:
    """Settings next to these that torch refuses, and the rule that they break.

    Args:
        rng: The lot.
        difficulty: 1 to 5; below 3 no options turn up that are still to come.
        layer: A layer that torch accepts.
        shape: Its input.

    Example:
        >>> spoil(random.Random(3), 1, Layer(1, 2, 4, 3), (1, 2, 8))[2]
        'the input must have in_channels channels, but in_channels=2 and the input has 1'
    """
    while True:
        spoilers = (
            _SPOILERS[layer.transposed] if difficulty < 3 else _SPOILERS[layer.transposed] + _LATE[layer.transposed]
        )
        other, other_shape = rng.choice(spoilers)(rng, layer, shape)
        try:
            other.sizes(other_shape)
        except ValueError as error:
            return other, other_shape, str(error)


def _drawn(rng: random.Random, difficulty: int, *, transposed: bool) -> tuple[Layer, tuple[int, ...]]:
    ndim = 1 if difficulty < 3 else 2 if difficulty < 5 else rng.choice((2, 2, 3))
    channels = [1, 2, 3, 4] if difficulty < 3 else [3, 4, 6, 8, 12, 16]
    groups = rng.choice((1, 2)) if difficulty >= 4 else 1
    inward, outward = (groups * rng.choice(channels) for _ in range(2))
    uneven = difficulty == 5

    def each(values: Sequence[int]) -> Any:
        """One number, or at the highest difficulty perhaps one per axis."""
        if not uneven or rng.random() < 0.4:
            return rng.choice(values)
        found = tuple(rng.choice(values) for _ in range(ndim))
        return found[0] if len(set(found)) == 1 else found

    options: dict[str, Any] = {}
    if difficulty >= 3 or (difficulty == 2 and rng.random() < 0.7) or (transposed and rng.random() < 0.6):
        options["stride"] = each((1, 2, 3) if difficulty > 3 else (2, 2, 3))
    if difficulty >= 3 or (difficulty == 2 and ("stride" not in options or rng.random() < 0.5)):
        options["padding"] = each((0, 1, 2) if uneven else (1, 2))
    if transposed and difficulty >= 3 and rng.random() < 0.6:
        options["output_padding"] = rng.choice((1, 1, 2))
    if difficulty >= 4 and rng.random() < 0.7:
        options["dilation"] = each((1, 2, 3) if uneven else (2, 3))
    if groups > 1:
        options["groups"] = groups
    if uneven and not transposed and rng.random() < 0.25:
        options.pop("stride", None)
        options["padding"] = "same"
    elif uneven and not transposed and rng.random() < 0.25:
        options["padding_mode"] = rng.choice(("reflect", "circular"))
    layer = Layer(ndim, inward, outward, each((2, 3, 4, 5) if ndim < 3 else (2, 3)), options, transposed)
    usual = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0}
    layer = layer.with_(**{name: None for name, value in options.items() if usual.get(name) == value})
    largest = (6 if transposed else 12) if difficulty < 3 else (9 if transposed else 32) if ndim == 2 else 8
    low = 2 if transposed else 4
    size = rng.randint(low, largest)
    sizes = [rng.randint(low, largest) if uneven else size for _ in range(ndim)]
    return layer, (rng.choice((1, 1, 2, 4)) if difficulty >= 3 else 1, inward, *sizes)


Settings = tuple[Layer, tuple[int, ...]]


def _other_channels(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    wrong = rng.choice([layer.out_channels, layer.in_channels + 1, max(1, layer.in_channels - 1)])
    return layer, (shape[0], wrong, *shape[2:])


def _large_kernel(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    low = 3 if layer.ndim == 1 else 2
    return layer.with_(padding=None), (*shape[:2], *(rng.randint(1, low) for _ in range(layer.ndim)))


def _odd_groups(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    return layer.with_(groups=rng.choice((2, 3, 4))), shape


def _same_with_stride(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    return layer.with_(padding="same", stride=rng.choice((2, 3))), shape


def _large_output_padding(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    return layer.with_(output_padding=rng.choice((1, 2, 3))), shape


def _cropped_away(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    """Less than nothing is left along each axis: of exactly nothing, torch makes an empty tensor at times."""
    small = (*shape[:2], *(rng.randint(1, 2) for _ in range(layer.ndim)))
    whole = layer.with_(padding=None, output_padding=None)
    return whole.with_(padding=max(whole.sizes(small)) // 2 + rng.choice((1, 2))), small


def _wide_padding(rng: random.Random, layer: Layer, shape: tuple[int, ...]) -> Settings:
    size = rng.choice((2, 3, 4))
    mode, padding = rng.choice((("reflect", size), ("circular", size + 1)))
    return layer.with_(padding=padding, padding_mode=mode), (*shape[:2], *(size,) * layer.ndim)


_Spoiler = Callable[[random.Random, Layer, tuple[int, ...]], Settings]
_SPOILERS: dict[bool, list[_Spoiler]] = {
    False: [_other_channels, _large_kernel],
    True: [_other_channels, _large_output_padding, _cropped_away],
}
_LATE: dict[bool, list[_Spoiler]] = {
    False: [_odd_groups, _same_with_stride, _wide_padding],
    True: [_odd_groups, _large_output_padding],
}
