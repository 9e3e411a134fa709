"""What the padding modes put around an input: which element is copied where."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import PADDING_MODES, ConvSpec, IntOrTuple, as_tuple, axes_of
from convlab.arithmetic.taps import taps
from convlab.ops.padding import padded
from convlab.scenes.arrangement import GAP, NEAR
from convlab.scenes.checks import check_amount
from convlab.scenes.layout import Block, below, beside
from convlab.scenes.numbers import input_for, whole, word
from convlab.scenes.parts import Change, Grid, Place, Step
from convlab.scenes.scene import Scene
from convlab.scenes.tensors import LETTERS, Planes, input_planes, labelled, marks, planes
from convlab.scenes.wording import one_or_all, position, times

Index = tuple[int, ...]
Sources = Mapping[str, Index | None]
"""For each mode the element that stands at a place; None for a zero."""


def padding_modes(input: torch.Tensor | IntOrTuple, padding: IntOrTuple, modes: Sequence[str] = PADDING_MODES) -> Scene:
    """An input and what each padding mode puts around it: a step for each place in the padding, and for each element.

    The step of a place says which element each mode copies there; the step of an element, to which places it is copied.

    Args:
        input: The input without a batch axis, or its size, an int or two ints: then digits are made.
        padding: Elements added on both sides, an int or one int per spatial axis.
        modes: The padding modes.

    Shape:
        - input: (1, L) or (1, H, W)

    Raises:
        TypeError: If the padding or the size holds no ints.
        ValueError: If the input has other axes or more channels, a mode is unknown or cannot fill this padding, there
            is no padding, or there would be too much to read: at most 2000 cells.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    Example:
        >>> scene = padding_modes(torch.tensor([[5.0, 7.0, 9.0]]), 2, ["zeros", "reflect"])
        >>> print(scene.steps[0].text)
        zeros: position -2 holds 0
        reflect: position -2 holds element 2, which is 9
        >>> scene.values_at(-1)["reflect"]
        [[9, 7, 5, 7, 9, 7, 5]]
    """
    specs = _specs(input, padding, modes)
    spec = specs[modes[0]]
    size = tuple(input.shape[1:]) if isinstance(input, torch.Tensor) else as_tuple("input", input, spec.ndim, minimum=1)
    if isinstance(input, torch.Tensor):
        input = input_for(spec, input)
    places, *_ = [output_size(each, size) for each in specs.values()]  # refuses what one of them cannot fill
    check_amount("padding_modes", cells=math.prod(size) + len(specs) * math.prod(places))
    values = input_for(spec, input)
    around = {mode: _mode_planes(each, padded(values[None], each)[0], size) for mode, each in specs.items()}
    sources: dict[Index, Sources] = {}
    for place in itertools.product(*map(range, places)):
        found = {mode: taps(each, place, size)[0] for mode, each in specs.items()}
        sources[found[modes[0]].input_index] = {mode: tap.source for mode, tap in found.items()}
    words = [f"{letter} = {length}" for letter, length in zip(LETTERS[spec.ndim], size, strict=True)]
    source = labelled(planes("input", values), words, channels="")
    elements = list(itertools.product(*map(range, size)))
    inside = set(elements)
    steps = [
        _place_step(index, found, source, around, values) for index, found in sources.items() if index not in inside
    ]
    steps += [_element_step(index, sources, source, around, values) for index in elements]
    return Scene(
        f"padding {one_or_all(as_tuple('padding', padding, spec.ndim, minimum=0))}: {', '.join(specs)}",
        f"An input of {times(size)} numbers, and what each padding mode puts around it: {', '.join(specs)}.",
        _arranged(spec, source.grids[0], [planes_of.grids[0] for planes_of in around.values()]),
        tuple(steps),
    )


def _specs(input: torch.Tensor | IntOrTuple, padding: IntOrTuple, modes: Sequence[str]) -> dict[str, ConvSpec]:
    """A convolution for each mode whose kernel has one tap: its outputs are the places of the padded input."""
    ndim = input.ndim - 1 if isinstance(input, torch.Tensor) else len(axes_of(input) or (0,))
    if ndim not in (1, 2):
        shown = f"shape {tuple(input.shape)}" if isinstance(input, torch.Tensor) else f"size {input}"
        raise ValueError(f"padding_modes shows an input of shape (1, L) or (1, H, W), but input has {shown}")
    specs = {mode: ConvSpec(1, 1, (1,) * ndim, padding=padding, padding_mode=mode) for mode in modes}
    if not specs or len(specs) < len(modes):
        raise ValueError(f"modes must be padding modes, at least one and each once, but modes={tuple(modes)}")
    if not any(as_tuple("padding", padding, ndim, minimum=0)):
        raise ValueError(f"padding must be at least 1 on some axis, but padding={padding}")
    return specs


def _mode_planes(spec: ConvSpec, around: torch.Tensor, size: Sequence[int]) -> Planes:
    """The padded input, its padding still empty."""
    found = input_planes(spec, around, size)
    (grid,) = found.grids
    rows = zip(grid.values, grid.kinds, strict=True)
    values = tuple(tuple(None if k == "p" else v for v, k in zip(*row, strict=True)) for row in rows)
    mode = spec.padding_mode
    return replace(found, grids=(replace(grid, name=mode, title=mode, values=values),))


def _place_step(
    index: Index, found: Sources, source: Planes, around: Mapping[str, Planes], values: torch.Tensor
) -> Step:
    """What each mode puts at one place in the padding."""
    places = {mode: grids.place(0, index) for mode, grids in around.items()}
    lines, changes = [], []
    for mode, element in found.items():
        number = 0 if element is None else values[(0, *element)].item()
        held = "0" if element is None else f"element {position(element)}, which is {word(number)}"
        lines.append(f"{mode}: position {position(index)} holds {held}")
        changes.append(Change(*places[mode], whole(number)))
    copied = {mode: element for mode, element in found.items() if element is not None}
    read = [source.place(0, element) for element in dict.fromkeys(copied.values())]
    read += [around[mode].place(0, element) for mode, element in copied.items()]
    lit = (*marks("read", read), *marks("written", places.values()))
    return Step(f"position {position(index)}", "\n".join(lines), lit, changes=tuple(changes), at=tuple(places.values()))


def _element_step(
    element: Index,
    sources: Mapping[Index, Sources],
    source: Planes,
    around: Mapping[str, Planes],
    values: torch.Tensor,
) -> Step:
    """Where each mode copies one element."""
    own = [source.place(0, element), *(grids.place(0, element) for grids in around.values())]
    lines, written = [], list[Place]()
    for mode, grids in around.items():
        copies = [index for index, found in sources.items() if found[mode] == element and index != element]
        written += [grids.place(0, index) for index in copies]
        lines.append(f"{mode}: {'copied to ' + ', '.join(map(position, copies)) if copies else 'not copied'}")
    title = f"element {position(element)}, which is {word(values[(0, *element)].item())}"
    return Step(title, "\n".join(lines), (*marks("read", own), *marks("written", written)), at=tuple(own))


def _arranged(spec: ConvSpec, source: Grid, modes: Sequence[Grid]) -> Block:
    """A signal above its modes, each element in one column; a picture at the left of its modes, two in a row."""
    if spec.ndim == 1:
        modes = [replace(grid, across=grid.across if grid is modes[-1] else "") for grid in modes]
        above, *others = below((replace(source, across=""),), *((grid,) for grid in modes), gap=NEAR, centred=False)
        return (replace(above, left=-modes[0].first[1]), *others)
    rows = [beside(*((grid,) for grid in modes[start : start + 2]), gap=GAP) for start in range(0, len(modes), 2)]
    return beside((source,), below(*rows, gap=GAP, centred=False), gap=GAP)
