"""The padding modes: where each number of the padding comes from, read back from the scene and held against torch."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_scenes import moved, with_step
from torch import Tensor

from convlab import scenes
from convlab.arithmetic import PADDING_MODES
from convlab.scenes import Grid, Scene, Step

Cell = tuple[int, int]


def faults(scene: Scene) -> list[str]:
    """What is wrong with a picture of padding modes whose elements all differ, found from the scene alone."""
    found = []
    source, *modes = scene.grids
    end = {name: {(r, c): v for r, row in enumerate(rows) for c, v in enumerate(row)} for name, rows in all_rows(scene)}
    inputs = {value: said(source, cell) for cell, value in end["input"].items()}
    for grid in modes:
        changed = [
            (change.row, change.column) for step in scene.steps for change in step.changes if change.grid == grid.name
        ]
        if sorted(changed) != [cell for cell in end[grid.name] if grid.kind(*cell) == "p"]:
            found.append(f"{grid.name}: not each place of the padding is filled once")
        for step in scene.steps:
            line = next(line for line in step.text.splitlines() if line.startswith(f"{grid.name}: "))
            read, written = lit(step, grid.name, "read"), lit(step, grid.name, "written")
            at = [(place.row, place.column) for place in step.at if place.grid == grid.name]
            if step.title.startswith("position"):
                value = end[grid.name][written[0]]
                told = f"element {inputs.get(value)}, which is {value}" if read else "0"
                expected = f"{grid.name}: {step.title} holds {told}"
                if at != written or step.title != f"position {said(grid, written[0])}":
                    found.append(f"{step.title}, {grid.name}: another place is lit")
                if read and end[grid.name][read[0]] != value:
                    found.append(f"{step.title}, {grid.name}: {value} is no copy of {end[grid.name][read[0]]}")
            else:
                (own,) = read
                value = end[grid.name][own]
                copies = [cell for cell, copy in end[grid.name].items() if copy == value and cell != own]
                told = f"copied to {', '.join(said(grid, cell) for cell in copies)}" if copies else "not copied"
                expected = f"{grid.name}: {told}"
                if written != copies or at != [own] or step.title != f"element {inputs[value]}, which is {value}":
                    found.append(f"{step.title}, {grid.name}: other copies are lit")
            if line != expected:
                found.append(f"{step.title}: {line!r} should be {expected!r}")
    for step in scene.steps:
        copied = {end[g.name][cell] for g in modes for cell in lit(step, g.name, "read")}
        if {end["input"][cell] for cell in lit(step, "input", "read")} != copied:
            found.append(f"{step.title}: other elements of the input are lit")
    if sum(step.title.startswith("element") for step in scene.steps) != len(inputs):
        found.append("not each element has a step")
    return found


def all_rows(scene: Scene) -> Any:
    return scene.values_at(-1).items()


def lit(step: Step, grid: str, role: str) -> list[Cell]:
    return [cell for mark in step.marks if mark.grid == grid and mark.role == role for cell in mark.cells]


def said(grid: Grid, cell: Cell) -> str:
    """The index of this cell; a signal is a single row without a word beside it."""
    index = (cell[0] + grid.first[0], cell[1] + grid.first[1])
    return str(index) if grid.down else str(index[1])


def numbered(*size: int) -> Tensor:
    """Elements that all differ, and none of them 0."""
    return torch.arange(1.0, torch.Size(size).numel() + 1).reshape(1, *size)


def padded(x: Tensor, padding: tuple[int, ...], mode: str) -> list[Any]:
    amounts = [amount for amount in reversed(padding) for _ in range(2)]
    result = F.pad(x[None], amounts, mode="constant" if mode == "zeros" else mode)[0]
    rows: list[Any] = result.reshape(-1, result.shape[-1]).tolist()
    return rows


@pytest.mark.parametrize(
    ("size", "padding"),
    [
        pytest.param((6,), (2,), id="1D"),
        pytest.param((4,), (3,), id="1D, as much as reflect can fill"),
        pytest.param((4, 3), (2, 1), id="2D, axes that differ"),
        pytest.param((3, 3), (0, 2), id="2D, one axis only"),
        pytest.param((2, 2), (1, 1), id="2D, small"),
    ],
)
def test_shows_what_torch_pads(size: tuple[int, ...], padding: tuple[int, ...]) -> None:
    scene = scenes.padding_modes(numbered(*size), padding)
    assert faults(scene) == []
    assert [grid.name for grid in scene.grids] == ["input", *PADDING_MODES]
    for mode in PADDING_MODES:
        assert scene.values_at(-1)[mode] == padded(numbered(*size), padding, mode)


@settings(max_examples=40)
@given(st.data())
def test_every_place_is_told_as_torch_fills_it(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 2))
    size = data.draw(st.tuples(*[st.integers(1, 5)] * ndim))
    padding = data.draw(st.tuples(*[st.integers(0, 3)] * ndim).filter(any))
    modes = data.draw(st.lists(st.sampled_from(PADDING_MODES), min_size=1, unique=True))
    try:
        expected = {mode: padded(numbered(*size), padding, mode) for mode in modes}
    except RuntimeError:
        with pytest.raises(ValueError, match="can fill at most"):
            scenes.padding_modes(numbered(*size), padding, modes)
        return
    scene = scenes.padding_modes(numbered(*size), padding, modes)
    assert faults(scene) == []
    assert {mode: scene.values_at(-1)[mode] for mode in modes} == expected


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(lambda s: moved(s, "reflect", "read"), "is no copy of", id="another source"),
        pytest.param(lambda s: moved(s, "input", "read"), "other elements of the input", id="another element"),
        pytest.param(lambda s: moved(s, "zeros", "written"), "another place is lit", id="another place"),
        pytest.param(lambda s: moved(s, "reflect", "written", step=6), "other copies are lit", id="another copy"),
        pytest.param(lambda s: with_step(s, 0, text=s.steps[1].text), "should be", id="the text of another step"),
        pytest.param(lambda s: with_step(s, 0, changes=()), "filled once", id="a place that stays empty"),
        pytest.param(lambda s: dataclasses.replace(s, steps=s.steps[:-1]), "not each element", id="a step is missing"),
        pytest.param(
            lambda s: with_step(s, 0, changes=tuple(c._replace(value=1) for c in s.steps[0].changes)),
            "is no copy of",
            id="another number",
        ),
    ],
)
def test_the_check_finds_planted_faults(spoil: Callable[[Scene], Scene], fault: str) -> None:
    scene = scenes.padding_modes(numbered(4), 2)
    assert faults(scene) == []
    assert any(fault in found for found in faults(spoil(scene)))


def test_words() -> None:
    scene = scenes.padding_modes(torch.tensor([[5.0, 7.5, 9.0]]), 1)
    assert scene.title == "padding 1: zeros, reflect, replicate, circular"
    assert (
        scene.alt
        == "An input of 3 numbers, and what each padding mode puts around it: zeros, reflect, replicate, circular."
    )
    assert [step.title for step in scene.steps] == [
        "position -1", "position 3", "element 0, which is 5", "element 1, which is 7.5", "element 2, which is 9",
    ]  # fmt: skip
    assert scene.steps[1].text == (
        "zeros: position 3 holds 0\nreflect: position 3 holds element 1, which is 7.5\n"
        "replicate: position 3 holds element 2, which is 9\ncircular: position 3 holds element 0, which is 5"
    )
    assert scene.steps[3].text.splitlines()[:2] == ["zeros: not copied", "reflect: copied to -1, 3"]


def test_each_element_of_a_signal_stands_in_one_column() -> None:
    source, *modes = scenes.padding_modes(5, 2).grids
    assert {grid.left - grid.first[1] for grid in modes} == {source.left}
    assert [grid.across for grid in modes] == ["", "", "", "L = 5, padding 2"]


def test_a_size_makes_digits() -> None:
    assert scenes.padding_modes((3, 4), 1).grid("input").shape == (3, 4)
    assert scenes.padding_modes((3,), 1) == scenes.padding_modes(3, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        pytest.param((4, 0), ValueError, "padding must be at least 1 on some axis, but padding=0", id="no padding"),
        pytest.param((4, -1), ValueError, "padding must be at least 0, but padding=-1", id="negative"),
        pytest.param((4, 1.5), TypeError, "padding must be an int, but padding=1.5", id="a float"),
        pytest.param(
            (4, 4), ValueError, "padding_mode='reflect' can fill at most 3 elements", id="too much for reflect"
        ),
        pytest.param((4, 5, ["circular"]), ValueError, "padding_mode='circular' can fill at most 4", id="for circular"),
        pytest.param((4, 1, ["mirror"]), ValueError, "but padding_mode='mirror'", id="an unknown mode"),
        pytest.param((4, 1, []), ValueError, "at least one and each once, but modes=()", id="no modes"),
        pytest.param((4, 1, ["zeros"] * 2), ValueError, "but modes=('zeros', 'zeros')", id="a mode twice"),
        pytest.param(((2, 2, 2), 1), ValueError, "(1, L) or (1, H, W), but input has size (2, 2, 2)", id="3D"),
        pytest.param((torch.zeros(3), 1), ValueError, "(1, L) or (1, H, W), but input has shape (3,)", id="no channel"),
        pytest.param((torch.zeros(2, 5), 1), ValueError, "with C_in=1, nowhere 0, but has shape (2, 5)", id="channels"),
        pytest.param(
            ((20, 20), 5), ValueError, "padding_modes shows at most 2000 cells, but here are 4000 cells", id="too large"
        ),
    ],
)
def test_refuses(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        scenes.padding_modes(*arguments)
