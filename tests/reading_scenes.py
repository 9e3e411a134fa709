"""What the tests of scenes share: numbers, lit cells and kinds, read back from a scene alone; and scenes spoilt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from convlab.arithmetic import ConvSpec
from convlab.scenes import Place, Scene, Step


def lit(step: Step, role: str, grid: str = "") -> list[Place]:
    """The cells that a step lights in this role, in the grids whose names begin so, in their order."""
    return [
        Place(mark.grid, *cell)
        for mark in step.marks
        if mark.role == role and mark.grid.startswith(grid)
        for cell in mark.cells
    ]


def notes(step: Step, role: str) -> list[str]:
    """The words in the cells that a step lights in this role."""
    return [note for mark in step.marks if mark.role == role for note in mark.notes]


def number(scene: Scene, place: Place) -> float:
    """The number of a cell before the first step; an empty cell counts as 0."""
    return scene.grid(place.grid).values[place.row][place.column] or 0


def flat(scene: Scene, name: str, *, step: int | None = None, kinds: str = ".pz") -> Tensor:
    """The numbers of the grids whose names begin so, one after another: those in cells of these kinds."""
    values = scene.values_at(-1) if step is None else scene.values_at(step)
    found = [
        values[grid.name][row][column]
        for grid in scene.grids
        if grid.name.startswith(name)
        for row in range(grid.shape[0])
        for column in range(grid.shape[1])
        if grid.kind(row, column) in kinds
    ]
    return torch.tensor(found, dtype=torch.float64)


def whole_numbers(*shape: int, seed: int = 0) -> Tensor:
    """Whole numbers from -4 to 4, none of them 0, the same in every run."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.randint(1, 5, shape, generator=generator, dtype=torch.float64)
    return size * (2 * torch.randint(0, 2, shape, generator=generator) - 1)


def tensors(spec: ConvSpec, *size: int) -> tuple[Tensor, Tensor]:
    """An input of this spatial size and a weight for a convolution."""
    return whole_numbers(spec.in_channels, *size), whole_numbers(*spec.weight_shape, seed=1)


def with_step(scene: Scene, number: int, **changes: Any) -> Scene:
    """The scene with another step at this number."""
    steps = list(scene.steps)
    steps[number] = replace(steps[number], **changes)
    return replace(scene, steps=tuple(steps))


def moved(scene: Scene, grid: str = "", role: str = "", *, step: int = 0, columns: int = 1) -> Scene:
    """The scene, of which one step lights the cells of this grid, or of this role, so many columns further right."""
    marks = [
        mark._replace(cells=tuple((row, column + columns) for row, column in mark.cells))
        if grid in ("", mark.grid) and role in ("", mark.role)
        else mark
        for mark in scene.steps[step].marks
    ]
    return with_step(scene, step, marks=tuple(marks))
