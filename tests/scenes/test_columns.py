"""Unfold: the column matrix and the product, read back from the scene and held against torch."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conv_cases import EVEN_SAME_WARNING, torch_conv
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading_scenes import moved, with_step
from torch import Tensor
from torch.testing import assert_close

from convlab import scenes
from convlab.arithmetic import PADDING_MODES, ConvSpec
from convlab.scenes import Scene, Step

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)


def faults(scene: Scene) -> list[str]:
    """What is wrong with a picture of unfold, found from the scene alone: copies, products, words and places."""
    found = []
    weight = scene.grid("weight").values
    for number, step in enumerate(scene.steps):
        changes = {(change.grid, change.row, change.column): change.value for change in step.changes}
        read = lit(step, "read")
        window = [scene.grid(grid).values[row][column] for grid, row, column in read if grid.startswith("input")]
        column = [cell for cell in read if cell[0] == "columns"]
        written = lit(step, "written")
        if column != [("columns", row, number) for row in range(len(column))]:
            found.append(f"{step.title}: another column is lit")
        if [changes.get(cell) for cell in column] != window:
            found.append(f"{step.title}: the column is no copy of the window")
        if {*changes} != {*column, *written} or [tuple(place) for place in step.at] != [*column, *written]:
            found.append(f"{step.title}: other cells change")
        if written != [("output", row, number) for row in range(len(weight))]:
            found.append(f"{step.title}: another output is written")
        if lit(step, "weight") != [("weight", r, c) for r, row in enumerate(weight) for c in range(len(row))]:
            found.append(f"{step.title}: not all weights are lit")
        for cell, factors, line in zip(written, weight, step.text.splitlines(), strict=True):
            total = sum((a or 0) * (b or 0) for a, b in zip(window, factors, strict=True))
            if abs(total - (changes.get(cell) or 0)) > 1e-6:
                found.append(f"{step.title}: the products do not add up to {changes.get(cell)}")
            if not line.endswith(f" = {round(total, 2) + 0:.2f}".rstrip("0").rstrip(".")):
                found.append(f"{step.title}: the text ends otherwise: {line}")
        kinds = [scene.grid(grid).kind(r, c) for grid, r, c in read]
        if kinds[: len(window)] != kinds[len(window) :]:
            found.append(f"{step.title}: the padding is marked elsewhere in the column")
    if len(scene.steps) != scene.grid("columns").shape[1]:
        found.append("not each column has a step")
    return found


def lit(step: Step, role: str) -> list[tuple[str, int, int]]:
    return [(mark.grid, *cell) for mark in step.marks if mark.role == role for cell in mark.cells]


def options(spec: ConvSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in ("stride", "padding", "dilation", "padding_mode")}


def tensors(spec: ConvSpec, size: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randint(-9, 10, (spec.in_channels, *size), generator=generator).double() / 4
    return x, torch.randint(-9, 10, spec.weight_shape, generator=generator).double() / 4


def table(scene: Scene, name: str) -> Tensor:
    return torch.tensor(scene.values_at(-1)[name], dtype=torch.float64)


def check(spec: ConvSpec, size: tuple[int, ...]) -> Scene:
    """The scene, after its numbers are held against torch's and its steps against each other."""
    x, w = tensors(spec, size)
    scene = scenes.unfold(spec, x, w)
    assert faults(scene) == []
    expected = torch_conv(x[None], w, None, **options(spec))[0]
    assert_close(table(scene, "output"), expected.flatten(1), rtol=0, atol=1e-9)
    assert_close(table(scene, "weight") @ table(scene, "columns"), expected.flatten(1), rtol=0, atol=1e-9)
    return scene


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        pytest.param(ConvSpec(1, 1, (3,)), (7,), id="1D"),
        pytest.param(ConvSpec(2, 3, (2,), stride=2, padding=1), (6,), id="1D, channels"),
        pytest.param(ConvSpec(1, 1, (3, 3)), (5, 5), id="2D"),
        pytest.param(ConvSpec(2, 3, (2, 2), padding=1), (3, 3), id="2D, channels and padding"),
        pytest.param(ConvSpec(1, 2, (3, 2), padding="same", dilation=(1, 2)), (4, 4), id="2D, same"),
        pytest.param(ConvSpec(1, 1, (2, 2), padding=1, padding_mode="reflect"), (3, 3), id="2D, reflect"),
        pytest.param(ConvSpec(3, 2, (1, 1)), (2, 2), id="pointwise: the columns are the input"),
    ],
)
def test_shows_what_torch_computes(spec: ConvSpec, size: tuple[int, ...]) -> None:
    scene = check(spec, size)
    overlaps = [
        (a.name, b.name)
        for a, b in itertools.combinations(scene.grids, 2)
        if a.left < b.left + b.width and b.left < a.left + a.width
        and a.top < b.top + b.height and b.top < a.top + a.height
    ]  # fmt: skip
    assert overlaps == []
    columns, weight, output = (scene.grid(name) for name in ("columns", "weight", "output"))
    assert (output.left, output.top) == (columns.left, weight.top)


def test_the_columns_are_those_of_torch() -> None:
    spec = ConvSpec(2, 1, (3, 2), stride=(1, 2), padding=1, dilation=(1, 2))
    x, w = tensors(spec, (3, 4))
    expected = F.unfold(x[None], spec.kernel_size, spec.dilation, 1, spec.stride)[0]
    assert_close(table(scenes.unfold(spec, x, w), "columns"), expected)


@settings(max_examples=40)
@given(st.data())
def test_every_column_adds_up(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 2))
    padding = data.draw(st.just("same") | st.tuples(*[st.integers(0, 2)] * ndim))
    spec = ConvSpec(
        data.draw(st.integers(1, 2)),
        data.draw(st.integers(1, 2)),
        data.draw(st.tuples(*[st.integers(1, 3)] * ndim)),
        stride=1 if padding == "same" else data.draw(st.integers(1, 2)),
        padding=padding,
        dilation=data.draw(st.integers(1, 2)),
        padding_mode=data.draw(st.sampled_from(PADDING_MODES)),
    )
    size = data.draw(st.tuples(*[st.integers(1, 5)] * ndim))
    try:
        torch_conv(torch.zeros(1, spec.in_channels, *size), torch.zeros(spec.weight_shape), **options(spec))
    except RuntimeError:
        with pytest.raises(ValueError, match=r"must fit|can fill"):
            scenes.unfold(spec, size)
        assume(False)
    check(spec, size)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(lambda s: moved(s, "input"), "no copy of the window", id="another window"),
        pytest.param(lambda s: moved(s, "columns"), "another column", id="another column"),
        pytest.param(lambda s: moved(s, "output"), "another output", id="another output"),
        pytest.param(
            lambda s: with_step(s, 0, marks=tuple(m for m in s.steps[0].marks if m.role != "weight")),
            "not all weights",
            id="no weights",
        ),
        pytest.param(
            lambda s: with_step(s, 0, changes=(*s.steps[0].changes[:-1], s.steps[0].changes[-1]._replace(value=99))),
            "add up to 99",
            id="another product",
        ),
        pytest.param(lambda s: with_step(s, 0, at=s.steps[1].at), "other cells change", id="another place"),
        pytest.param(lambda s: with_step(s, 0, text=s.steps[0].text + "1"), "ends otherwise", id="another text"),
        pytest.param(lambda s: dataclasses.replace(s, steps=s.steps[:-1]), "not each column", id="a step is missing"),
        pytest.param(
            lambda s: dataclasses.replace(
                s, grids=tuple(dataclasses.replace(g, kinds=()) if g.name == "columns" else g for g in s.grids)
            ),
            "marked elsewhere",
            id="padding as if it were elements",
        ),
    ],
)
def test_the_check_finds_planted_faults(spoil: Callable[[Scene], Scene], fault: str) -> None:
    spec = ConvSpec(1, 1, (3,), padding=1)
    scene = scenes.unfold(spec, *tensors(spec, (5,)))
    assert faults(scene) == []
    assert any(fault in found for found in faults(spoil(scene)))


def test_words() -> None:
    scene = scenes.unfold(ConvSpec(1, 2, (2, 1)), torch.tensor([[[1.0], [2.0], [3.0]]]), torch.ones(2, 1, 2, 1))
    assert scene.steps[1].title == "column 1, the window of output (1, 0)"
    assert scene.steps[1].text == "output channel 0: 2*1 + 3*1 = 5\noutput channel 1: 2*1 + 3*1 = 5"
    assert scene.title == "unfold: 2 x 1 kernel, stride 1, C_in = 1, C_out = 2"
    assert scene.alt == (
        "A convolution as a matrix product (2 x 1 kernel, stride 1, C_in = 1, C_out = 2): each of the 2 windows "
        "becomes a column of 2 numbers, and the weight, a 2 x 2 matrix, multiplies it."
    )
    assert scene.grid("columns").down == scene.grid("weight").across == "C_in * kH * kW = 2"
    assert scene.grid("output").across == "H_out * W_out = 2"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        pytest.param(
            (ConvSpec(1, 1, (3,), transposed=True), 5), ValueError, "unfold needs transposed=False", id="transposed"
        ),
        pytest.param(
            (ConvSpec(2, 2, (3,), groups=2), 5), ValueError, "unfold needs groups=1, but groups=2", id="groups"
        ),
        pytest.param(
            (ConvSpec(1, 1, (2, 2, 2)), 3),
            ValueError,
            "unfold shows 1 or 2 spatial axes, but kernel_size=(2, 2, 2) has 3",
            id="3D",
        ),
        pytest.param(
            (ConvSpec(1, 1, (5, 5)), 14),
            ValueError,
            "unfold shows at most 2000 cells, but here are 2821 cells",
            id="too large as columns",
        ),
        pytest.param((ConvSpec(1, 1, (3, 3)), 60), ValueError, "at most 2000 cells and 4000 products", id="too large"),
        pytest.param((ConvSpec(1, 1, (3,)), torch.zeros(5)), ValueError, "but has shape (5,)", id="no channel"),
        pytest.param(
            (ConvSpec(1, 1, (3,)), 5, torch.zeros(1, 1, 2)), ValueError, "weight must have shape (1, 1, 3)", id="weight"
        ),
    ],
)
def test_refuses(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        scenes.unfold(*arguments)
