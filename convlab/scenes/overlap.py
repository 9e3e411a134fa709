"""The overlap of a transposed convolution: how many input elements reach each element of the output."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_tuple
from convlab.arithmetic.taps import Tap, taps
from convlab.scenes.checks import check_amount, refuse_plain
from convlab.scenes.grids import output_words, sized_planes
from convlab.scenes.layout import below, beside
from convlab.scenes.parts import Grid, Step
from convlab.scenes.scene import Scene
from convlab.scenes.tensors import labelled, marks, planes
from convlab.scenes.transposed import input_words, kernel_words
from convlab.scenes.wording import named, one_or_all, position, times

MOST_NAMED = 6
"""Input elements that a step names, at most."""


def overlap(spec: ConvSpec, input_size: IntOrTuple) -> Scene:
    """How many stamps land on each output element, and which input elements they come from: a step for each output.

    Uneven counts are the checkerboard of a transposed convolution. Channels are left out of account: all have the same
    counts. The notes in the input are the taps, the index of the kernel element that meets it.

    Args:
        spec: The transposed convolution.
        input_size: Elements of the input, an int or one int per spatial axis.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If `spec` is not transposed, no output is left, or the picture would be too large to read.

    Source:
        Odena, Dumoulin and Olah, "Deconvolution and Checkerboard Artifacts", Distill (2016).

    Example:
        >>> scene = overlap(ConvSpec(1, 1, (3,), stride=2, transposed=True), 3)
        >>> scene.grid("output").values
        ((1, 1, 2, 1, 2, 1, 1),)
        >>> scene.steps[2].text
        '2 of the 3 input elements reach it: 1 by tap 0, 0 by tap 2'
    """
    refuse_plain("overlap", spec)
    spec = replace(spec, in_channels=1, out_channels=1, groups=1)
    size = as_tuple("input_size", input_size, spec.ndim, minimum=1)
    out_size = output_size(spec, size)
    check_amount(
        "overlap", cells=math.prod(size) + math.prod(out_size), products=math.prod(size) * math.prod(spec.kernel_size)
    )
    reached = {index: taps(spec, index, size) for index in itertools.product(*map(range, out_size))}
    options: dict[str, Any] = {"dtype": torch.float64, "device": "cpu"}
    counts = torch.tensor([len(found) for found in reached.values()], **options).reshape(1, *out_size)
    shown = sized_planes("input", torch.zeros(1, *size, **options))
    result = labelled(planes("output", counts, title="stamps on the output"), output_words(spec, size), channels="")
    shown = replace(shown, grids=tuple(replace(grid, values=_empty(grid)) for grid in shown.grids))
    result = replace(result, grids=tuple(replace(grid, scale="count") for grid in result.grids))
    steps = []
    for index, found in reached.items():
        notes = [position(tap.kernel_index).strip("()").replace(" ", "") for tap in found]
        there = result.place(0, index)
        lit = (*marks("read", [shown.place(0, tap.input_index) for tap in found], notes), *marks("written", [there]))
        steps.append(Step(f"output {position(index)}", _text(found, math.prod(size)), marks=lit, at=(there,)))
    flat = [each.grids if spec.ndim == 3 else (each.grids[0],) for each in (shown, result)]
    rows = [beside(*([grid] for grid in grids), gap=1.5) for grids in flat]
    grids = beside(*rows, gap=3) if spec.ndim == 2 else below(*rows, gap=2.5, centred=False)
    return Scene(f"overlap: {named(spec)}", _alt(spec, size, counts), grids, tuple(steps))


def _empty(grid: Grid) -> tuple[tuple[None, ...], ...]:
    return tuple((None,) * len(row) for row in grid.values)


def _text(found: Sequence[Tap], elements: int) -> str:
    """Which input elements reach an output element, and by which taps."""
    if not found:
        return "no input element reaches it"
    first = [f"{position(tap.input_index)} by tap {position(tap.kernel_index)}" for tap in found[:MOST_NAMED]]
    more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    verb = "reaches" if len(found) == 1 else "reach"
    return f"{len(found)} of the {elements} input elements {verb} it: {', '.join([*first, *more])}"


def _alt(spec: ConvSpec, size: Sequence[int], counts: torch.Tensor) -> str:
    fewest, most = int(counts.min()), int(counts.max())
    land = (
        ("1 stamp lands" if most == 1 else f"{fewest} stamps land")
        if fewest == most
        else f"from {fewest} to {most} stamps land"
    )
    return (
        f"Each element of {input_words(spec, size)} stamps {kernel_words(spec)} into the output, "
        f"{one_or_all(spec.stride)} apart; {land} on each of its {times(counts.shape[1:])} elements."
    )
