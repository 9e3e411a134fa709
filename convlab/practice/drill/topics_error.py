"""Questions about errors: which layer of a model raises one, if any."""

from __future__ import annotations

import random

import torch

from convlab.inspection import Record
from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.words import explanation
from convlab.inspection.rows import layers_of
from convlab.practice.drill.models import Parts, Shape, build, run_of, running, stopping
from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Form
from convlab.practice.drill.topics_sizes import indented

SPOILED = 0.75
"""How often a layer raises an error."""


def error_layer(rng: random.Random, difficulty: int) -> Question:
    """A question about the layer that raises an error, which none may do.

    Args:
        rng: The lot.
        difficulty: 1 to 5.

    Example:
        >>> error_layer(random.Random(1), 1).form.wanted
        'the number of the layer, as 2; or none'
    """
    parts, shape = running(rng, difficulty)
    if rng.random() < SPOILED:
        parts, shape = stopping(rng, parts, shape)
    made = run_of(parts, shape)
    place = _raising(made)
    lines = [f"{part.code},  # {number}" for number, part in enumerate(parts)]
    code = "nn.Sequential(\n" + "".join(f"    {line}\n" for line in lines) + ")"
    text = (
        f"An input of shape {shape} goes through\n\n{indented(code)}\n\n"
        "Which layer raises the error? Layers count from 0. If the model runs, answer none."
    )
    names = tuple(part.kind for part in parts)
    form = Form("the number of the layer, as 2; or none", words=("none",), names=names)
    answer: tuple[int, ...] | str = "none" if place is None else (place,)
    slips: list[Slip] = []
    if place is not None:
        makers = [number for number, part in enumerate(parts[:place]) if part.makes_channels]
        slips = [
            Slip((number,), "the layer is named that makes the shape, not the one that refuses it")
            for number in makers[-1:]
        ]
        if place + 1 < len(parts):
            slips.append(Slip((place + 1,), "the layers are counted from 1"))
    return Question(
        "error_layer", difficulty, text, code, shape, answer, form, _worked(parts, shape, made), tuple(slips)
    )


def _raising(made: Record) -> int | None:
    """The number of the layer that raised the error; None where the model ran."""
    return len(made.model.calls) - 1 if made.error is not None else None


def _worked(parts: Parts, shape: Shape, made: Record) -> str:
    """The shapes up to the error, and what is wrong there."""
    rows = [row for row in layers_of(made)[0] if row.output_shape is not None]
    lines = []
    for row in rows:
        line = f"{row.name} {row.kind}: {row.input_shape} -> {row.output_shape}"
        lines.append(f"{line}   {row.formula}" if row.formula else line)
    place = _raising(made)
    if place is None:
        return indented("\n".join(lines)) + "\n\nNo layer raises an error."
    why = explanation(Case(build(parts), (torch.empty(shape, device="meta"),), {}, made))  # no fixes: trying takes long
    shapes = f"{indented(chr(10).join(lines))}\n\n" if lines else ""
    return f"{shapes}Layer {place} raises the error. {why}"
