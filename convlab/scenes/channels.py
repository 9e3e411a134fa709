"""What reaches what, as nodes in rows: the channels of layers with groups, or any nodes with given links."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch

from convlab.arithmetic.cost import num_params
from convlab.arithmetic.spec import ConvSpec
from convlab.scenes.layout import moved
from convlab.scenes.parts import Grid, Label, Link, Mark, Place, Step
from convlab.scenes.scene import Scene
from convlab.scenes.wording import times

MOST_NODES = 64
"""Nodes in a row, at most."""

MOST_SPREAD = 20
"""Rows of at most so many nodes are drawn with gaps between them."""

GAP = 2.5
"""From one row of nodes to the next."""


def channels(layers: Iterable[ConvSpec]) -> Scene:
    """The channels of layers, the input lowest, with a link wherever an output channel reads an input channel.

    There is a step for each output channel of the last layer, lit down to the input; its text counts the weights. The
    rows are named C_in, C between two layers, and C_out.

    Args:
        layers: The layers, input side first; each reads the channels that the layer before makes.

    Raises:
        TypeError: If a layer is no `ConvSpec`.
        ValueError: If there is no layer, a layer has other input channels than the layer before has output channels, or
            a layer has more than 64 channels.

    Example:
        >>> scene = channels([ConvSpec(4, 4, (3, 3), groups=4, bias=False), ConvSpec(4, 2, (1, 1), bias=False)])
        >>> print(scene.steps[0].text)
        layer 2: 4 input channels x 1 x 1 = 4 weights for this channel; 8 in all
        layer 1: 1 input channel x 3 x 3 = 9 weights for each of 4 channels; 36 in all
        >>> [mark.cells for mark in scene.steps[0].marks if mark.grid == "layer 1"]
        [((0, 0), (0, 2), (0, 4), (0, 6))]
    """
    specs = list(layers)
    _check_specs(specs)
    links = [_links(spec) for spec in specs]
    between = [f"C = {spec.out_channels}" for spec in specs[:-1]]
    names = [f"C_in = {specs[0].in_channels}", *between, f"C_out = {specs[-1].out_channels}"]
    made = connections(links, names=names)
    steps = tuple(
        replace(step, title=f"output channel {channel}", text=_text(specs, links, channel))
        for channel, step in enumerate(made.steps)
    )
    layers_words = "; ".join(
        f"{spec.in_channels} to {spec.out_channels} channels in {spec.groups} group{'s' * (spec.groups > 1)}"
        for spec in specs
    )
    return replace(made, title="which channel reaches which", alt=f"Channels as nodes: {layers_words}.", steps=steps)


def connections(links: torch.Tensor | Sequence[torch.Tensor], *, names: Sequence[str] | None = None) -> Scene:
    """Nodes in rows, the input lowest, with a link wherever one reaches the next: a step for each output.

    The rows are the grids "input", "layer 1", "layer 2" and so on; the numbers in the cells count the nodes.

    Args:
        links: Which input reaches which output, for one layer or for each layer from the input on.
        names: A name for each row of nodes, from the input up; None leaves them out.

    Shape:
        - links: (outputs, inputs) bools; each layer's inputs are the outputs of the layer before

    Raises:
        TypeError: If the links are no tensors, or no bools.
        ValueError: If the layers do not fit each other, a row has more than 64 nodes, or the names are not as many as
            the rows.

    Example:
        >>> two_groups = torch.tensor([[True, True, False, False], [False, False, True, True]])
        >>> scene = connections(two_groups, names=["in", "out"])
        >>> scene.steps[1].text
        '2 of the 4 inputs reach it: 2, 3'
    """
    layers = [links] if isinstance(links, torch.Tensor) else list(links)
    _check(layers)
    layers = [layer.detach().cpu() for layer in layers]
    sizes = [layers[0].shape[1], *(len(layer) for layer in layers)]
    if names is not None and len(names) != len(sizes):
        raise ValueError(f"names must be as many as rows, but there are {len(sizes)} rows and {len(names)} names")
    rows = ["input", *(f"layer {number}" for number in range(1, len(sizes)))]
    spread = 2 if max(sizes) <= MOST_SPREAD else 1
    pitches = [spread * max(sizes) // size for size in sizes]
    room = 0.36 * max(map(len, names)) + 0.6 if names else 0.0
    grids = [
        _row(name, size, pitch, spread * max(sizes) - 1, room, (len(sizes) - 1 - level) * (1 + GAP))
        for level, (name, size, pitch) in enumerate(zip(rows, sizes, pitches, strict=True))
    ]
    lines = [
        Link(Place(rows[level], 0, source * pitches[level]), Place(rows[level + 1], 0, output * pitches[level + 1]))
        for level, layer in enumerate(layers)
        for output, source in layer.nonzero().tolist()
    ]
    steps = [_step(layers, output, rows, pitches, lines) for output in range(sizes[-1])]
    labels = tuple(Label(name, room / 2 - 0.5, grid.top + 0.5) for name, grid in zip(names or (), grids, strict=False))
    alt = f"Nodes in {len(sizes)} rows of {', '.join(map(str, sizes))}, the input lowest, with {len(lines)} links."
    return Scene("what reaches what", alt, tuple(grids), tuple(steps), links=tuple(lines), labels=labels)


def _row(name: str, nodes: int, pitch: int, width: int, left: float, top: float) -> Grid:
    """Nodes at equal distances, in the middle of this width."""
    cells = (nodes - 1) * pitch + 1
    numbers = tuple(place // pitch if place % pitch == 0 else None for place in range(cells))
    kinds = "".join("." if place % pitch == 0 else " " for place in range(cells))
    grid = Grid(name, (numbers,), (kinds,), scale="plain")
    return moved([grid], left + (width - cells) / 2, top)[0]


def _step(
    layers: Sequence[torch.Tensor], output: int, rows: Sequence[str], pitches: Sequence[int], lines: Sequence[Link]
) -> Step:
    reached = _reaching(layers, output)
    cells = [tuple((0, node * pitch) for node in nodes) for nodes, pitch in zip(reached, pitches, strict=True)]
    lit = {Place(row, *cell) for row, found in zip(rows, cells, strict=True) for cell in found}
    marks = [Mark(row, "read", found) for row, found in zip(rows[:-1], cells[:-1], strict=True) if found]
    inputs, count = reached[0], layers[0].shape[1]
    which = f": {', '.join(map(str, inputs))}" if inputs else ""
    return Step(
        f"output {output}",
        f"{len(inputs)} of the {count} inputs reach{'es' * (len(inputs) == 1)} it{which}",
        (*marks, Mark(rows[-1], "written", cells[-1])),
        tuple(number for number, line in enumerate(lines) if {line.start, line.end} <= lit),
        at=(Place(rows[-1], *cells[-1][0]),),
    )


def _reaching(layers: Sequence[torch.Tensor], output: int) -> list[list[int]]:
    """For each row, the nodes that reach this output, the input first."""
    found = [[output]]
    for layer in reversed(layers):
        found.insert(0, layer[found[0]].any(0).nonzero().flatten().tolist())
    return found


def _links(spec: ConvSpec) -> torch.Tensor:
    """Which input channel reaches which output channel: those of its own group."""
    group_of = [torch.arange(n, device="cpu") // (n // spec.groups) for n in (spec.out_channels, spec.in_channels)]
    return group_of[0][:, None] == group_of[1]


def _text(specs: Sequence[ConvSpec], links: Sequence[torch.Tensor], channel: int) -> str:
    """What the channels on the way cost, from the last layer down."""
    reached = _reaching(links, channel)
    lines = []
    for number, (spec, nodes) in reversed(list(enumerate(zip(specs, reached[1:], strict=True), start=1))):
        share = spec.in_channels // spec.groups
        each = num_params(replace(spec, bias=False)) // spec.out_channels
        weights = f"{share} input channel{'s' * (share > 1)} x {times(spec.kernel_size)} = {each} weights"
        bias = " + 1 bias" if spec.bias else ""
        whose = "this channel" if number == len(specs) else f"each of {len(nodes)} channel{'s' * (len(nodes) > 1)}"
        layer = f"layer {number}: " if len(specs) > 1 else ""
        lines.append(f"{layer}{weights}{bias} for {whose}; {num_params(spec)} in all")
    return "\n".join(lines)


def _check_specs(specs: Sequence[ConvSpec]) -> None:
    if not specs:
        raise ValueError("layers must hold at least one layer, but it is empty")
    for number, spec in enumerate(specs, start=1):
        if not isinstance(spec, ConvSpec):
            raise TypeError(f"layers must be ConvSpecs, but layer {number} is a {type(spec).__name__}")
        _check_count(max(spec.in_channels, spec.out_channels))
    for number, (below, above) in enumerate(itertools.pairwise(specs), start=2):
        if above.in_channels != below.out_channels:
            raise ValueError(
                f"a layer must read the channels that the layer before makes, but layer {number} has "
                f"in_channels={above.in_channels} and layer {number - 1} has out_channels={below.out_channels}"
            )


def _check(layers: Sequence[torch.Tensor]) -> None:
    if not layers:
        raise ValueError("links must hold at least one layer, but it is empty")
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, torch.Tensor):
            raise TypeError(f"links must be tensors, but layer {number} is a {type(layer).__name__}")
        if layer.dtype != torch.bool:
            raise TypeError(f"links must be bools, but layer {number} has dtype {layer.dtype}")
        if layer.is_meta:
            raise ValueError(f"links must hold bools, but layer {number} is on the device 'meta', which has none")
        if layer.ndim != 2 or not layer.numel():
            shape = tuple(layer.shape)
            raise ValueError(
                f"links must have shape (outputs, inputs), nowhere 0, but layer {number} has shape {shape}"
            )
        _check_count(max(layer.shape))
    for number, (below, above) in enumerate(itertools.pairwise(layers), start=2):
        if above.shape[1] != len(below):
            raise ValueError(
                f"the inputs of a layer must be the outputs of the layer before, but layer {number} has "
                f"{above.shape[1]} inputs and layer {number - 1} has {len(below)} outputs"
            )


def _check_count(nodes: int) -> None:
    if nodes > MOST_NODES:
        raise ValueError(f"a row shows at most {MOST_NODES} nodes, but one has {nodes}")
