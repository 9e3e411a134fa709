"""The receptive field of a stack of layers: what each output sees of the input, and by how many paths."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from convlab.arithmetic.fields import Field
from convlab.arithmetic.receptive_field import chain_field, layer_specs
from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.scenes.checks import check_amount
from convlab.scenes.layout import below, beside, moved
from convlab.scenes.parts import Change, Grid, Label, Link, Mark, Place, Step
from convlab.scenes.paths import PathsAlong, check_layers, names_of, paths_along, some, sources, words_of_field
from convlab.scenes.scene import Scene
from convlab.scenes.wording import one_or_all, position, times

MOST_LIT = 12_000
"""Cells that all steps together may light."""


def receptive_field(layers: Iterable[object], input_size: IntOrTuple) -> Scene:
    """What each output of a stack sees: one step for each output of the last layer, lit down to the input.

    In 1D each level is a row of cells, the input lowest, and links lead from each cell to those that read it; the notes
    count the paths to the output. In 2D each level is a grid, a heat map of the paths. A path is a way through one tap
    of each layer; where no path leads, the field has a hole (gridding). Padding and channels are left out.

    Args:
        layers: Input side first: `ConvSpec`s, or torch's convolution and pooling modules, as
            `arithmetic.receptive_field` takes them; transposed ones too.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        TypeError: If a layer has no `kernel_size`.
        ValueError: If there is no layer, or more than two spatial axes, a layer does not fit, a pooling has
            `ceil_mode=True`, or the picture would be too large to read.

    Source:
        Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill (2019).

    Example:
        >>> scene = receptive_field([ConvSpec(1, 1, (3,), dilation=2), ConvSpec(1, 1, (3,), dilation=2)], 10)
        >>> print(scene.steps[1].text)
        1 + 2*2 + 2*2 = 9: input 1 to 9
        9 inputs: 5 are read, 4 lie in holes
        >>> [mark.notes for mark in scene.steps[1].marks if mark.grid == "input"]
        [('1', '2', '3', '2', '1')]
    """
    given = list(layers)
    specs = layer_specs(given)
    check_layers(given, specs)
    sizes = [as_tuple("input_size", input_size, specs[0].ndim, minimum=1)]
    for spec in specs:
        sizes.append(output_size(spec, sizes[-1]))
    fields = [chain_field(specs, axis) for axis in range(specs[0].ndim)]
    check_amount("receptive_field", cells=sum(map(math.prod, sizes)))
    along = [paths_along(specs, axis, [size[axis] for size in sizes]) for axis in range(specs[0].ndim)]
    _check_lit(along, sizes[0])
    picture = _rows_and_links if specs[0].ndim == 1 else _planes
    grids, links, labels, steps = picture(specs, sizes, fields, along)
    title = f"receptive field of {len(specs)} layer{'s' * (len(specs) > 1)}"
    return Scene(
        title, _alt(specs, sizes, fields), grids, steps, links=links, labels=labels, accumulates=specs[0].ndim > 1
    )


Picture = tuple[tuple[Grid, ...], tuple[Link, ...], tuple[Label, ...], tuple[Step, ...]]


def _rows_and_links(
    specs: Sequence[ConvSpec], sizes: Sequence[tuple[int, ...]], fields: Sequence[Field], along: Sequence[PathsAlong]
) -> Picture:
    names = names_of(specs)
    rows = [Grid(name, ((None,) * size[0],), scale="plain") for name, size in zip(names, sizes, strict=True)]
    placed = moved(below(*([row] for row in reversed(rows)), gap=2), _room(names), 0)
    grids = tuple(reversed(placed))
    labels = tuple(Label(grid.name, _room(names) / 2 - 0.5, grid.top + 0.5) for grid in grids)
    links = [
        Link(Place(names[level], 0, source), Place(names[level + 1], 0, output))
        for level, spec in enumerate(specs)
        for output in range(sizes[level + 1][0])
        for source in sorted(set(sources(spec, 0, output, sizes[level][0])))
    ]
    steps = []
    for output, levels in enumerate(along[0]):
        lit = {(name, place): count for name, paths in zip(names, levels, strict=True) for place, count in some(paths)}
        marks = tuple(
            Mark(
                name,
                "written" if name == names[-1] else "read",
                tuple((0, place) for place, _ in some(paths)),
                tuple(str(count) for _, count in some(paths)),
            )
            for name, paths in zip(names, levels, strict=True)
            if any(paths)
        )
        steps.append(
            Step(
                f"output {output}",
                words_of_field(specs, fields, (output,), [levels[0]]),
                marks,
                tuple(n for n, (start, end) in enumerate(links) if {start[::2], end[::2]} <= lit.keys()),
                at=(Place(names[-1], 0, output),),
            )
        )
    return grids, tuple(links), labels, tuple(steps)


def _planes(
    specs: Sequence[ConvSpec], sizes: Sequence[tuple[int, ...]], fields: Sequence[Field], along: Sequence[PathsAlong]
) -> Picture:
    names = names_of(specs)
    most = [max(max(max(levels[number]) for levels in axis) for axis in along) ** 2 for number in range(len(names))]
    grids = beside(
        *(
            [Grid(name, ((None,) * w,) * h, title=name, down=f"H = {h}", across=f"W = {w}", scale="count", limit=limit)]
            for name, (h, w), limit in zip(names, sizes, most, strict=True)
        )
    )
    steps: list[Step] = []
    shown: dict[Place, int] = {}
    for row, column in itertools.product(*map(range, sizes[-1])):
        levels = list(zip(along[0][row], along[1][column], strict=True))
        counts = {
            Place(name, i, j): down * across
            for name, (downs, acrosses) in zip(names, levels, strict=True)
            for i, down in some(downs)
            for j, across in some(acrosses)
        }
        gone = [Change(*place, None) for place in shown if place not in counts]
        new = [Change(*place, count) for place, count in counts.items() if shown.get(place) != count]
        steps.append(
            Step(
                f"output {position((row, column))}",
                words_of_field(specs, fields, (row, column), levels[0]),
                (Mark(names[-1], "written", ((row, column),)),),
                changes=(*gone, *new),
                at=(Place(names[-1], row, column),),
            )
        )
        shown = counts
    return grids, (), (), tuple(steps)


def _room(names: Sequence[str]) -> float:
    """Units at the left for the names of the rows."""
    return 0.36 * max(map(len, names)) + 0.6


def _check_lit(along: Sequence[PathsAlong], size: Sequence[int]) -> None:
    """Refuse a story that lights more cells than a reader can step through."""
    lit_along = [[[len(some(paths)) for paths in levels] for levels in axis] for axis in along]
    lit = sum(
        sum(math.prod(level) for level in zip(*outputs, strict=True)) for outputs in itertools.product(*lit_along)
    )
    if lit > MOST_LIT:
        raise ValueError(
            f"receptive_field lights at most {MOST_LIT} cells in all steps together, "
            f"but with input_size={times(size)} it lights {lit}"
        )


def _alt(specs: Sequence[ConvSpec], sizes: Sequence[tuple[int, ...]], fields: Sequence[Field]) -> str:
    layers = "; ".join(
        f"{'transposed, ' * spec.transposed}kernel_size {one_or_all(spec.kernel_size)}, "
        f"stride {one_or_all(spec.stride)}, dilation {one_or_all(spec.dilation)}"
        for spec in specs
    )
    return (
        f"Each output of {len(specs)} layer{'s' * (len(specs) > 1)} ({layers}) sees a field of "
        f"{times([field.size for field in fields])} inputs; the input has {times(sizes[0])} elements, "
        f"the output {times(sizes[-1])}."
    )
