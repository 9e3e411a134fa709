"""The receptive field of a stack: paths against torch's gradients, links and words read back from the scene alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from conv_cases import outcome, torch_conv, torch_conv_transpose
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading_scenes import lit
from torch import Tensor, nn

import convlab
from convlab import scenes
from convlab.arithmetic import ConvSpec, receptive_field
from convlab.scenes import Scene

Levels = dict[str, list[int]]


def layer(*kernel_size: int, **options: Any) -> ConvSpec:
    return ConvSpec(1, 1, kernel_size, **options)


def gradients(specs: Sequence[ConvSpec], size: tuple[int, ...], output: tuple[int, ...]) -> Levels:
    """The paths to one output from each element of each level: torch's gradients, with weights of ones."""
    now = torch.ones(1, *size, dtype=torch.float64, requires_grad=True)
    levels = [now]
    for spec in specs:
        weight = torch.ones(spec.weight_shape, dtype=torch.float64)
        options: dict[str, Any] = {"stride": spec.stride, "padding": spec.padding, "dilation": spec.dilation}
        if spec.transposed:
            now = torch_conv_transpose(now, weight, output_padding=spec.output_padding, **options)
        else:
            now = torch_conv(now, weight, **options)
        levels.append(now)
    found = torch.autograd.grad(now[0][output], levels, allow_unused=True)
    return {
        name: [int(number) for number in (torch.zeros_like(level) if grad is None else grad).flatten().tolist()]
        for name, level, grad in zip(names(len(specs)), levels, found, strict=True)
    }


def names(layers: int) -> list[str]:
    return ["input", *(f"layer {number}" for number in range(1, layers + 1))]


def shown(scene: Scene, number: int) -> Levels:
    """The paths that a step shows: as notes of the lit cells in 1D, as numbers in 2D."""
    step = scene.steps[number]
    found = {}
    for grid in scene.grids:
        rows, columns = grid.shape
        if scene.links:
            notes = {cell: int(note) for mark in step.marks if mark.grid == grid.name
                     for cell, note in zip(mark.cells, mark.notes, strict=True)}  # fmt: skip
            found[grid.name] = [notes.get((0, column), 0) for column in range(columns)]
        else:
            values = scene.values_at(number)[grid.name]
            found[grid.name] = [int(values[row][column] or 0) for row in range(rows) for column in range(columns)]
    return found


def link_faults(scene: Scene) -> list[str]:
    """What is wrong with links and notes in 1D, read from the scene alone: a cell's paths are those of its readers."""
    found = []
    top = scene.grids[-1].name
    for number, step in enumerate(scene.steps):
        paths = shown(scene, number)
        counted: Counter[tuple[str, int]] = Counter({(top, number): 1})
        for name in reversed(names(len(scene.grids) - 1)[1:]):
            for start, end in (scene.links[link] for link in step.links):
                if end.grid == name:
                    counted[start.grid, start.column] += counted[end.grid, end.column]
        for name, counts in paths.items():
            for column, count in enumerate(counts):
                if count != counted[name, column]:
                    found.append(f"{step.title}: {name} {column} has {count} paths, but {counted[name, column]} ways")
    return found


STACKS = [
    pytest.param([layer(3), layer(3), layer(3)], 9, id="linear-growth"),
    pytest.param([layer(2, dilation=d) for d in (1, 2, 4)], 12, id="exponential-growth"),
    pytest.param([layer(3, dilation=2)] * 2, 12, id="gridding"),
    pytest.param([layer(3, stride=2, padding=1), layer(3), layer(2, stride=2)], 15, id="strides"),
    pytest.param([layer(3, padding="same"), layer(5, padding=2)], 6, id="padding"),
    pytest.param([layer(1)], 3, id="one-pixel"),
    pytest.param([layer(1, padding=1), layer(1, stride=2)], 3, id="outputs-that-see-padding-only"),
    pytest.param([layer(3, stride=2), layer(4, stride=2, padding=1, transposed=True)], 9, id="transposed"),
    pytest.param([layer(2, stride=3, output_padding=2, transposed=True)], 3, id="transposed-with-gaps"),
    pytest.param([layer(3, 3), layer(3, 3)], (6, 5), id="2d"),
    pytest.param([layer(3, 1, dilation=2, padding=(2, 0)), layer(2, 3, stride=(2, 1))], (6, 5), id="2d-uneven-axes"),
]


def check(specs: Sequence[ConvSpec], size: Any) -> None:
    scene = scenes.receptive_field(specs, size)
    per_axis = (size,) if isinstance(size, int) else size
    for number, step in enumerate(scene.steps):
        output = tuple(map(int, re.findall(r"\d+", step.title)))
        expected = gradients(specs, per_axis, output)
        assert shown(scene, number) == expected
        (top,) = lit(step, "written")
        assert step.at == (top,)
        assert (top.row, top.column)[-len(output) :] == output
        read = sum(map(bool, expected["input"]))
        assert read == 0 or f": {read} are read" in step.text or f"{read} inputs" in step.text
    assert len(scene.steps) == len(expected[scene.grids[-1].name])
    if scene.links:
        assert link_faults(scene) == []


@pytest.mark.parametrize(("specs", "size"), STACKS)
def test_paths_are_gradients(specs: Sequence[ConvSpec], size: Any) -> None:
    check(specs, size)


@settings(max_examples=40)
@given(st.data())
def test_paths_are_gradients_for_any_small_stack(data: st.DataObject) -> None:
    numbers = {"stride": st.integers(1, 2), "padding": st.integers(0, 2), "dilation": st.integers(1, 3)}
    options = st.fixed_dictionaries({**numbers, "transposed": st.booleans()})
    specs = [layer(data.draw(st.integers(1, 3)), **data.draw(options)) for _ in range(data.draw(st.integers(1, 3)))]
    size = data.draw(st.integers(1, 9))
    assume(not re.match("the kernel must fit|the output must have", str(outcome(scenes.receptive_field, specs, size))))  # type: ignore[arg-type]
    check(specs, size)


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param([layer(3), layer(3, dilation=2), layer(3, dilation=4)], id="dilation"),
        pytest.param([layer(3, stride=2), layer(3), layer(2, stride=2)], id="strides"),
    ],
)
def test_sizes_are_those_of_arithmetic_and_of_trace(specs: list[ConvSpec]) -> None:
    modules = [nn.Conv1d(1, 1, s.kernel_size, stride=s.stride, dilation=s.dilation) for s in specs]  # type: ignore[arg-type]
    (size,) = receptive_field(specs).size  # type: ignore[misc]
    traced = convlab.trace(nn.Sequential(*modules), (1, 1, 25)).receptive_field
    assert traced is not None
    assert traced.size == (size,)
    for given_layers in (specs, modules):
        scene = scenes.receptive_field(given_layers, 25)
        formula, total = re.fullmatch(r"(.*) = (\d+): input \d+ to \d+", scene.steps[1].text.splitlines()[0]).groups()  # type: ignore[union-attr]
        assert sum(eval(term) for term in formula.split(" + ")) == int(total) == size
        places = [cell.column for cell in lit(scene.steps[1], "read", "input")]
        assert max(places) - min(places) + 1 == size


def test_the_words_of_holes_and_padding() -> None:
    holes = scenes.receptive_field([layer(3, dilation=2)] * 2, 12)
    assert holes.steps[1].text == "1 + 2*2 + 2*2 = 9: input 1 to 9\n9 inputs: 5 are read, 4 lie in holes"
    border = scenes.receptive_field([layer(3, padding=1)], 5)
    assert border.steps[0].text == "1 + 2*1 = 3: input -1 to 1\n2 inputs and 1 in the padding: all are read"
    plane = scenes.receptive_field([layer(3, 3)], 5)
    assert plane.steps[4].text.splitlines()[0] == "1 + 2*1 = 3 on each axis: rows 1 to 3, columns 1 to 3"
    assert "sees a field of 3 x 3 inputs; the input has 5 x 5 elements" in plane.alt
    gaps = scenes.receptive_field([layer(1, stride=2, transposed=True)], 3)
    assert gaps.steps[1].text == "it sees nothing of the input"


def test_a_2d_picture_forgets_the_step_before() -> None:
    scene = scenes.receptive_field([layer(2, 2)], 3)
    assert scene.values_at(-1)["input"] == [[None] * 3, [None, 1, 1], [None, 1, 1]]
    assert (scene.accumulates, scene.links) == (True, ())


SCENE = scenes.receptive_field([layer(3), layer(3)], 8)


def test_the_checks_notice_a_fault() -> None:
    first, *others = SCENE.steps
    fewer = replace(first, links=first.links[1:])
    other = replace(first, marks=(first.marks[0]._replace(notes=("9",) * len(first.marks[0].notes)), *first.marks[1:]))
    assert link_faults(SCENE) == []
    for step in (fewer, other, others[0]):
        assert link_faults(replace(SCENE, steps=(step, *others))) != []
    assert shown(SCENE, 1) != gradients([layer(3), layer(3)], (8,), (0,))
    assert shown(SCENE, 0) != gradients([layer(3), layer(3, dilation=2)], (8,), (0,))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        pytest.param(lambda: scenes.receptive_field([], 5), ValueError, "layers must hold at least one", id="no-layer"),
        pytest.param(
            lambda: scenes.receptive_field([nn.ReLU()], 5),
            TypeError,
            "a layer of a receptive field must have a kernel_size, but ReLU() has none",
            id="no-window",
        ),
        pytest.param(
            lambda: scenes.receptive_field([layer(1, 1, 1)], 5),
            ValueError,
            "receptive_field shows 1 or 2 spatial axes, but the layers have 3",
            id="3d",
        ),
        pytest.param(
            lambda: scenes.receptive_field([nn.MaxPool1d(2, ceil_mode=True)], 5),
            ValueError,
            "receptive_field shows layers with ceil_mode=False, but layer 1 has ceil_mode=True",
            id="ceil-mode",
        ),
        pytest.param(
            lambda: scenes.receptive_field([layer(3, padding=1, padding_mode="reflect")], 5),
            ValueError,
            "receptive_field shows layers with padding_mode='zeros', but layer 1 has padding_mode='reflect'",
            id="other-padding",
        ),
        pytest.param(
            lambda: scenes.receptive_field([layer(3), layer(3)], 4),
            ValueError,
            "the kernel must fit into the padded input, but on spatial axis 0 input_size=2",
            id="no-fit",
        ),
        pytest.param(
            lambda: scenes.receptive_field([layer(3)], 10**9), ValueError, "receptive_field shows at most", id="huge"
        ),
        pytest.param(
            lambda: scenes.receptive_field([layer(3, 3)] * 3, 20),
            ValueError,
            "receptive_field lights at most 12000 cells in all steps together, "
            "but with input_size=20 x 20 it lights 16464",
            id="too-many-lit",
        ),
    ],
)
def test_refused_with_these_words(call: Callable[[], Scene], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}"):
        call()


@pytest.mark.parametrize("specs", [[layer(3), layer(3)], [layer(3, 3)]])
def test_a_scene_is_the_same_each_time_and_survives_json(specs: list[ConvSpec], meta_device: None) -> None:
    scene = scenes.receptive_field(specs, 6)
    assert scenes.receptive_field(iter(specs), 6) == scene
    assert Scene.from_json(scene.to_json()) == scene


def test_modules_and_specs_make_the_same_scene() -> None:
    modules = [nn.Conv2d(3, 6, 3, padding=1), nn.MaxPool2d(2)]
    specs = [layer(3, 3, padding=1), layer(2, 2, stride=2)]
    assert scenes.receptive_field(modules, 6) == scenes.receptive_field(specs, 6)
    assert isinstance(modules[0].weight, Tensor)
