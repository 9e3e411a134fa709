"""The matrix of a convolution: read back from the scene alone, and held against torch's own derivatives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from conv_cases import EVEN_SAME_WARNING, torch_conv, torch_conv_transpose
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading_scenes import flat, lit, notes, number, tensors, with_step
from torch import Tensor
from torch.testing import assert_close

from convlab import scenes
from convlab.arithmetic import PADDING_MODES, ConvSpec, output_size
from convlab.scenes import Change, Place, Scene

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)

CASES = [
    pytest.param(ConvSpec(1, 1, (3,)), (5,), id="1d-plain"),
    pytest.param(ConvSpec(1, 1, (3,), stride=2, padding=1, dilation=2), (7,), id="1d-all-numbers"),
    pytest.param(ConvSpec(1, 1, (4,), padding="same"), (5,), id="1d-same-with-an-even-kernel"),
    *[
        pytest.param(ConvSpec(1, 1, (3,), padding=2, padding_mode=mode), (4,), id=f"1d-{mode}")
        for mode in PADDING_MODES
    ],
    pytest.param(ConvSpec(2, 3, (2,)), (3,), id="1d-channels"),
    pytest.param(ConvSpec(4, 2, (2,), groups=2), (3,), id="1d-groups"),
    pytest.param(ConvSpec(1, 1, (3, 3)), (4, 4), id="2d-plain"),
    pytest.param(ConvSpec(1, 2, (2, 1), stride=(1, 2)), (2, 4), id="2d-uneven-axes"),
    pytest.param(ConvSpec(1, 1, (1,), padding=1, stride=3), (1,), id="1d-only-padding-is-read"),
    pytest.param(
        ConvSpec(1, 1, (3,), stride=2, padding=1, output_padding=1, transposed=True), (3,), id="transposed-1d"
    ),
    pytest.param(
        ConvSpec(1, 1, (2,), dilation=3, output_padding=2, transposed=True), (3,), id="transposed-1d-much-more"
    ),
    pytest.param(ConvSpec(2, 4, (2,), groups=2, transposed=True), (2,), id="transposed-1d-groups"),
    pytest.param(ConvSpec(1, 1, (3, 3), transposed=True), (2, 2), id="transposed-2d"),
]


def torchs(spec: ConvSpec, weight: Tensor) -> Callable[[Tensor], Tensor]:
    """What torch computes from an input."""
    options: dict[str, Any] = {"padding": spec.padding, "dilation": spec.dilation, "groups": spec.groups}
    options["stride"] = spec.stride
    if spec.transposed:
        return lambda x: torch_conv_transpose(x, weight, output_padding=spec.output_padding, **options)
    return lambda x: torch_conv(x[None], weight, padding_mode=spec.padding_mode, **options)[0]


def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    found: Tensor = torch.autograd.functional.jacobian(function, x)
    return found.reshape(-1, x.numel())


def faults(scene: Scene) -> list[str]:
    """What is wrong in a matrix with its input and output, read from the scene alone."""
    found = []
    height, width = scene.grid("matrix").shape
    for row, step in enumerate(scene.steps):
        entries, read = lit(step, "weight", "matrix"), lit(step, "read", "input")
        (change,) = step.changes
        products = [number(scene, a) * number(scene, b) for a, b in zip(entries, read, strict=True)]
        if sum(products) != change.value or not step.text.endswith(f" {change.value}"):
            found.append(f"{step.title}: {change.value} is not the sum of {products}, or {step.text}")
        if any(entry.row != row or entry.column != at.row for entry, at in zip(entries, read, strict=True)):
            found.append(f"{step.title}: an entry meets another input")
        dark = [Place("matrix", row, column) for column in range(width) if Place("matrix", row, column) not in entries]
        if any(number(scene, place) or scene.grid("matrix").kind(row, place.column) != "z" for place in dark):
            found.append(f"{step.title}: an entry of the row is not lit")
        if lit(step, "written") != [Place("output", row, 0)] or (change.grid, change.row) != ("output", row):
            found.append(f"{step.title}: writes another output")
        if set(step.at) != {Place("output", row, 0), *(Place("matrix", row, column) for column in range(width))}:
            found.append(f"{step.title}: stands for other cells")
        if list(map(float, notes(step, "read"))) != [number(scene, entry) for entry in entries]:
            found.append(f"{step.title}: notes {notes(step, 'read')}")
    if len(scene.steps) != height:
        found.append("not each row has its step")
    return found


def transpose_faults(scene: Scene) -> list[str]:
    """What is wrong in a matrix with its transpose, read from the scene alone."""
    found = []
    values = scene.values_at(-1)
    if values["transpose"] != [list(column) for column in zip(*values["matrix"], strict=True)]:
        found.append("the right matrix is not the transpose of the left one")
    for row, step in enumerate(scene.steps):
        left, right = lit(step, "weight", "matrix"), lit(step, "weight", "transpose")
        if [(at.column, at.row) for at in left] != [(at.row, at.column) for at in right]:
            found.append(f"{step.title}: the lit cells do not mirror each other")
        used = [column for column, kind in enumerate(scene.grid("matrix").kinds[row]) if kind == "."]
        if [(at.row, at.column) for at in left] != [(row, column) for column in used]:
            found.append(f"{step.title}: lights other cells than the weights of row {row}")
    return found


def check(spec: ConvSpec, size: tuple[int, ...]) -> None:
    x, w = tensors(spec, *size)
    scene = scenes.matrix(spec, x, w)
    assert_close(flat(scene, "matrix"), jacobian(torchs(spec, w), x).flatten())
    assert_close(flat(scene, "output"), torchs(spec, w)(x).flatten())
    assert faults(scene) == []
    if spec.transposed:
        return
    both = scenes.matrix_and_transpose(spec, size, w)
    assert_close(flat(both, "matrix"), flat(scene, "matrix"))
    assert transpose_faults(both) == []


@pytest.mark.parametrize(("spec", "size"), CASES)
def test_pictures_agree_with_torch(spec: ConvSpec, size: tuple[int, ...]) -> None:
    check(spec, size)


@settings(max_examples=40)
@given(st.data())
def test_pictures_agree_with_torch_for_any_small_call(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 2))
    groups = data.draw(st.integers(1, 3 - ndim))
    axes: dict[str, Any] = {name: data.draw(st.tuples(*[st.integers(1, 2)] * ndim)) for name in ("stride", "dilation")}
    spec = ConvSpec(
        groups * data.draw(st.integers(1, 2)), groups, data.draw(st.tuples(*[st.integers(1, 3)] * ndim)),
        groups=groups, padding=data.draw(st.integers(0, 2)), transposed=data.draw(st.booleans()), **axes,
    )  # fmt: skip
    size = data.draw(st.tuples(*[st.integers(1, 3)] * ndim))
    try:
        output_size(spec, size)
    except ValueError:
        assume(False)
    check(spec, size)


def test_the_transpose_is_the_transposed_convolution() -> None:
    spec = ConvSpec(1, 1, (3, 3))
    x, w = tensors(spec, 4, 4)
    turned = flat(scenes.matrix_and_transpose(spec, 4, w), "transpose")
    transposed = replace(spec, transposed=True)
    assert_close(turned, jacobian(torchs(transposed, w), torch.zeros(1, 2, 2).double()).flatten())
    assert_close(turned, flat(scenes.matrix(transposed, 2, w), "matrix"))
    assert x.shape == (1, 4, 4)


SCENE = scenes.matrix(ConvSpec(1, 1, (3,)), 5)
BOTH = scenes.matrix_and_transpose(ConvSpec(1, 1, (3,)), 5)


@pytest.mark.parametrize(
    ("check", "scene"),
    [
        pytest.param(faults, with_step(SCENE, 0, marks=SCENE.steps[1].marks), id="another-row-lit"),
        pytest.param(faults, with_step(SCENE, 0, changes=(Change("output", 0, 0, 99),)), id="another-sum"),
        pytest.param(faults, with_step(SCENE, 0, at=()), id="stands-for-nothing"),
        pytest.param(faults, replace(SCENE, steps=SCENE.steps[1:]), id="a-row-too-few"),
        pytest.param(transpose_faults, with_step(BOTH, 0, marks=BOTH.steps[1].marks), id="another-column-lit"),
        pytest.param(
            transpose_faults,
            replace(BOTH, grids=(BOTH.grids[0], replace(BOTH.grids[1], values=((0,) * 3,) * 5))),
            id="no-transpose",
        ),
    ],
)
def test_the_checks_notice_a_fault(check: Callable[[Scene], list[str]], scene: Scene) -> None:
    assert check(scene) != []


def test_the_words() -> None:
    matrix = scenes.matrix(ConvSpec(1, 1, (3, 3)), 4)
    assert (matrix.grid("matrix").down, matrix.grid("matrix").across) == ("output: 2 x 2 = 4", "input: 4 x 4 = 16")
    assert matrix.steps[2].title == "row 2: output (1, 0)"
    assert "4 x 16 entries, of which 36 hold weights" in matrix.alt
    assert BOTH.steps[1].text.splitlines() == [
        "row: output 1 of the convolution gathers from input 1, 2, 3",
        "column: input 1 of the transposed convolution scatters to output 1, 2, 3",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: scenes.matrix_and_transpose(ConvSpec(1, 1, (3,), transposed=True), 5),
            "matrix_and_transpose needs transposed=False, but transposed=True",
            id="transposed",
        ),
        pytest.param(
            lambda: scenes.matrix(ConvSpec(1, 1, (3, 3)), 20), "matrix shows at most 2000 cells", id="too-large"
        ),
        pytest.param(lambda: scenes.matrix(ConvSpec(1, 1, (3,)), 10**9), "matrix shows at most 2000 cells", id="huge"),
        pytest.param(
            lambda: scenes.matrix_and_transpose(ConvSpec(1, 1, (3, 3)), 9),
            "matrix_and_transpose shows at most",
            id="both",
        ),
        pytest.param(
            lambda: scenes.matrix(ConvSpec(1, 1, (3,)), 2), "the kernel must fit into the padded input", id="no-fit"
        ),
        pytest.param(
            lambda: scenes.matrix(ConvSpec(2, 1, (3,)), torch.zeros(1, 5)),
            "input must have shape (C_in, L)",
            id="shape",
        ),
    ],
)
def test_refused_with_these_words(call: Callable[[], Scene], message: str) -> None:
    with pytest.raises(ValueError, match=rf"\A{re.escape(message)}"):
        call()


@pytest.mark.parametrize("picture", [scenes.matrix, scenes.matrix_and_transpose])
def test_a_scene_is_the_same_each_time_and_survives_json(picture: Callable[..., Scene], meta_device: None) -> None:
    before = torch.random.get_rng_state()
    scene = picture(ConvSpec(2, 2, (2, 2), groups=2), 3)
    assert picture(ConvSpec(2, 2, (2, 2), groups=2), 3) == scene
    assert Scene.from_json(scene.to_json()) == scene
    assert bool((torch.random.get_rng_state() == before).all())
