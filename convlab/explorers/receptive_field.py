"""The receptive field of a stack that the reader builds: what one output sees of the input, and what it reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from convlab import arithmetic, scenes
from convlab.arithmetic import ConvSpec
from convlab.arithmetic.receptive_field import PerAxis, num_read
from convlab.explorers.base import Explorer, Shown
from convlab.explorers.beforehand import Beforehand
from convlab.explorers.controls import choice, whole
from convlab.explorers.layer_stack import KINDS, MOST_LAYERS, NUMBERS_ON_PAGES, Layer, LayerStack
from convlab.explorers.presets import OWN, Preset, follow_presets

STACKS = {
    "three 3-kernels": (Layer("conv", 3),) * 3,
    "WaveNet: dilation 1, 2, 4, 8": tuple(Layer("conv", 2, dilation=gap) for gap in (1, 2, 4, 8)),
    "gridding: dilation 2, 2, 2": (Layer("conv", 3, dilation=2),) * 3,
    "its cure (HDC): dilation 1, 2, 5": tuple(Layer("conv", 3, dilation=gap) for gap in (1, 2, 5)),
    "pooling": (Layer("conv", 3), Layer("max_pool", 2, stride=2)) * 2,
    "strides": (Layer("conv", 3, stride=2),) * 3,
}
"""Stacks to begin with, by their names."""

LARGEST_INPUT = 40


def receptive_field(
    layers: Sequence[object] | None = None, *, ndim: Literal[1, 2] = 1, input_size: int | None = None
) -> Explorer:
    """The receptive field of a stack of convolutions and poolings that the reader builds.

    The reader adds and removes layers and sets their hyperparameters, or takes a stack from a list, and steps through
    the outputs of the last layer: all that reaches one is lit, down to the input. In 1D, links show the ways; in 2D, a
    heat map counts them. The lines below tell size, jump and start of the field, and how many of the inputs inside are
    read: fewer where a dilated stack leaves a grid of holes.

    Args:
        layers: At most five, the input side first: `Layer`s, `ConvSpec`s, or torch's convolutions and max poolings,
            with the same numbers along all axes. None takes three kernels of three taps.
        ndim: Number of spatial axes.
        input_size: Elements along each axis of the input, 1 to 40; None takes enough to show the field.

    Raises:
        TypeError: If a layer has no `kernel_size`.
        ValueError: If there are too many layers, a layer is transposed or has `ceil_mode=True` or another padding mode
            than "zeros", or a number is outside of its range.

    Example:
        >>> explorer = receptive_field([Layer("conv", 3, dilation=gap) for gap in (2, 2, 2)])
        >>> print(explorer.text)
        receptive field: size 13, jump 1, start 0
        read: 7 of the 13 inputs inside, the others are holes
        >>> explorer.set(input_size=12)
        >>> explorer.message
        'the kernel must fit into the padded input, but ...'
    """
    stack = LayerStack(STACKS["three 3-kernels"] if layers is None else [_layer(layer) for layer in layers])
    if ndim not in (1, 2):
        raise ValueError(f"ndim must be 1 or 2, but ndim={ndim!r}")
    input_size = _roomy(stack.value, ndim) if input_size is None else input_size
    controls = {
        "stack": choice("stack", OWN, [*STACKS, OWN], tip="stacks to begin with"),
        "ndim": choice("ndim", ndim, [("1D, with links", 1), ("2D, as heat map", 2)], tip="number of spatial axes"),
        "input_size": whole("input_size", input_size, 1, LARGEST_INPUT, tip="elements along each axis"),
        "layers": stack,
    }
    explorer = Explorer("receptive_field", controls, _show, beforehand=_beforehand)
    presets = {name: _preset(layers) for name, layers in STACKS.items()}
    follow_presets(explorer, "stack", presets, loose=["input_size"])
    controls["ndim"].observe(lambda change: explorer.set(input_size=_roomy(stack.value, change["new"])), "value")
    return explorer


def _preset(layers: tuple[Layer, ...]) -> Preset:
    return lambda now: {"layers": layers, "input_size": _roomy(layers, now["ndim"])}


WORDS = (
    "No Python here: these pictures were made beforehand, of the stacks in the list, with fewer or more layers, or "
    "with one field changed. When you change another field, others may go back. In JupyterLab you build any stack."
)


def _beforehand(controls: Mapping[str, Any]) -> Beforehand:
    """What a page without a kernel offers: the stacks, and each of them changed in one place."""
    now = {name: control.value for name, control in controls.items()}
    controls["layers"].for_pages()
    controls["input_size"].disabled = True  # it follows the stack
    names = {layers: name for name, layers in STACKS.items()}
    settings = [now]
    for ndim in (now["ndim"], 3 - now["ndim"]):
        stacks = dict.fromkeys(changed for layers in (now["layers"], *names) for changed in _changed(layers))
        if ndim == now["ndim"]:
            stacks |= dict.fromkeys(_changed_more(now["layers"]))
        settings += [
            {"stack": stack, "ndim": ndim, "input_size": _roomy(layers, ndim), "layers": layers}
            for layers in stacks
            for stack in dict.fromkeys((names.get(layers, OWN), OWN))  # who chooses "your own" leaves all as it is
        ]
    return Beforehand(settings, ("ndim", "layers", "stack", "input_size"), WORDS)


def _changed_more(layers: tuple[Layer, ...]) -> Iterator[tuple[Layer, ...]]:
    """A stack with one layer more and another dilation in one, and with other dilations in its last three layers."""
    if len(layers) < MOST_LAYERS:
        longer = (*layers, layers[-1])
        for number, gap in itertools.product(range(len(longer)), range(1, 5)):
            yield (*longer[:number], longer[number]._replace(dilation=gap), *longer[number + 1 :])
    if len(layers) >= 3:
        for gaps in itertools.product(range(1, 6), repeat=3):
            if max(gaps) <= 4 or sum(gaps) <= 8:  # 4, 4, 4, and all that it takes to compare 2, 2, 2 with 1, 2, 5
                dilated = (layer._replace(dilation=gap) for layer, gap in zip(layers[-3:], gaps, strict=True))
                yield (*layers[:-3], *dilated)


def _changed(layers: tuple[Layer, ...]) -> Iterator[tuple[Layer, ...]]:
    """A stack as it is, with another number of layers, and with another value in one field."""
    yield layers
    for count in range(1, MOST_LAYERS + 1):
        yield (*layers[:count], *layers[-1:] * (count - len(layers)))
    ranges: dict[str, Sequence[Any]] = {"kind": KINDS}
    ranges |= {name: range(low, high + 1) for name, (low, high) in NUMBERS_ON_PAGES.items()}
    for number, layer in enumerate(layers):
        for name, values in ranges.items():
            for value in values:
                yield (*layers[:number], layer._replace(**{name: value}), *layers[number + 1 :])


def _roomy(layers: Sequence[Layer], ndim: int) -> int:
    """An input that shows the field: in 1D many outputs, in 2D a few, since each is a picture of its own."""
    size = _along(arithmetic.receptive_field(layers).size)
    return min(LARGEST_INPUT, max(24, size + 8) if ndim == 1 else size + 2)


def _layer(given: object) -> Layer:
    """The layer with the geometry of a module or a `ConvSpec`."""
    if isinstance(given, Layer):
        return given
    if not hasattr(given, "kernel_size"):
        raise TypeError(f"a layer of a receptive field must have a kernel_size, but {given!r} has none")
    for name, usual in (("transposed", False), ("ceil_mode", False), ("padding_mode", "zeros")):
        if getattr(given, name, usual) != usual:
            raise ValueError(f"a layer of this explorer must have {name}={usual!r}, but {given!r} has not")
    numbers = {name: _one(name, getattr(given, name, usual)) for name, usual in Layer._field_defaults.items()}
    kind = "max_pool" if "MaxPool" in type(given).__name__ else "conv"
    return Layer(kind, _one("kernel_size", given.kernel_size), **numbers)


def _one(name: str, value: Any) -> int:
    """The number that holds for all axes."""
    numbers = set(value) if isinstance(value, tuple | list) else {value}
    number = numbers.pop()
    if numbers or not isinstance(number, int):
        raise ValueError(f"{name} must be one int for all axes in this explorer, but {name}={value!r}")
    return number


def _show(stack: str, ndim: int, input_size: int, layers: tuple[Layer, ...]) -> Shown:
    return _shown(ndim, input_size, layers)


@lru_cache(maxsize=1)  # the list of stacks and the other controls move one another, and each move asks
def _shown(ndim: int, input_size: int, layers: tuple[Layer, ...]) -> Shown:
    specs = [_spec(layer, number, ndim) for number, layer in enumerate(layers, 1)]
    scene = scenes.receptive_field(specs, input_size)
    field = arithmetic.receptive_field(specs)
    size, jump, start = (_along(numbers) for numbers in (field.size, field.jump, field.start))
    inside, read = size**ndim, num_read(specs, 0) ** ndim
    holes = (
        f"{read} of the {inside} inputs inside, the others are holes"
        if read < inside
        else f"all {inside} inputs inside"
    )
    text = f"receptive field: size {'x'.join([str(size)] * ndim)}, jump {jump}, start {start}\nread: {holes}"
    return Shown(scene, text)


def _along(numbers: PerAxis | tuple[PerAxis, ...]) -> int:
    """The number that holds for all axes, which is whole where no layer is transposed."""
    return int((numbers[0] if isinstance(numbers, tuple) else numbers) or 0)


def _spec(layer: Layer, number: int, ndim: int) -> ConvSpec:
    span = layer.dilation * (layer.kernel_size - 1) + 1
    if layer.kind == "max_pool" and layer.padding > span // 2:
        raise ValueError(
            f"the padding of a pooling must be at most half of what its window spans, but layer {number} has "
            f"padding={layer.padding} and a window that spans {span}"
        )
    return ConvSpec(
        1, 1, (layer.kernel_size,) * ndim, stride=layer.stride, padding=layer.padding, dilation=layer.dilation
    )
