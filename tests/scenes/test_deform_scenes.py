"""Deformable convolutions: read back from the scene alone, and held against torch."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_scenes import flat, lit, with_step
from torch import Tensor
from torch.testing import assert_close

from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.scenes import Grid, Point, Scene, Step
from convlab.scenes.lattice import samples


def faults(scene: Scene) -> list[str]:
    """What is wrong with a deformable convolution, found from the scene alone: points, numbers, marks and words."""
    found = []
    bias = sum(float(label.text.strip("+ ()")) for label in scene.labels if label.text.startswith("+"))
    (kernel,) = torch.tensor(scene.grid("kernel").values, dtype=torch.float64)[None]
    for number, step in enumerate(scene.steps):
        now = scene.values_at(number)
        read = torch.tensor(now["sampled"], dtype=torch.float64)
        mask = torch.tensor(now["mask"], dtype=torch.float64) if "mask" in now else torch.ones(1)
        (written,) = lit(step, "written")
        total = now["output"][written.row][written.column] or 0
        if abs(float((read * mask * kernel).sum()) + bias - total) > 1e-6:
            found.append(f"{step.title}: the products do not add up to {total}")
        wanted = [sampled(scene.grid("input"), point) for point in step.points]
        if max(abs(a - b) for a, b in zip(wanted, read.flatten().tolist(), strict=True)) > 1e-6:
            found.append(f"{step.title}: the points read {wanted}")
        if set(lit(step, "read", "input")) != {
            ("input", *cell) for point in step.points for cell in around(scene, point)
        }:
            found.append(f"{step.title}: the cells that are read are not those around the points")
        if not re.search(rf"= {re.escape(f'{total:.2f}'.rstrip('0').rstrip('.'))}(\n|$)", step.text):
            found.append(f"{step.title}: the text ends otherwise: {step.text}")
        outside = sum(not around(scene, point) for point in step.points)
        words = (
            f"\n{outside} of the {len(step.points)} points lie a whole element outside, where everything is zero"
            if outside
            else ""
        )
        if not step.text.endswith(words) or ("outside" in step.text) != bool(outside):
            found.append(f"{step.title}: {outside} points lie outside")
    return found


def sampled(grid: Grid, point: Point) -> float:
    """What stands at a point, by torch's own sampler; outside there are zeros."""
    image = torch.tensor(grid.values, dtype=torch.float64)
    place = [2 * at / max(1, n - 1) - 1 for at, n in zip((point.column, point.row), grid.shape[::-1], strict=True)]
    where = torch.tensor(place, dtype=torch.float64).reshape(1, 1, 1, 2)
    return float(F.grid_sample(image[None, None], where, align_corners=True))


def around(scene: Scene, point: Point) -> set[tuple[int, int]]:
    """The elements of the input that are less than one element away from a point along each axis."""
    grid = scene.grid("input")
    return {
        (row, column)
        for row, column in itertools.product(*map(range, grid.shape))
        if abs(row - point.row) < 1 and abs(column - point.column) < 1 and grid.kind(row, column) == "."
    }


def quarters(*shape: int, most: int = 6, seed: int = 0) -> Tensor:
    """Offsets in quarters of an element, the same in every run."""
    return torch.randint(-most, most + 1, shape, generator=torch.Generator().manual_seed(seed)).double() / 4


CASES = [
    pytest.param(lambda: scenes.deform(ConvSpec(1, 1, (3, 3), padding=1), 5), id="2D, everything made"),
    pytest.param(lambda: scenes.deform(ConvSpec(1, 1, (3,)), 6), id="1D, everything made"),
    pytest.param(
        lambda: scenes.deform(
            ConvSpec(1, 1, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), (5, 6), quarters(12, 3, 4)
        ),
        id="other hyperparameters along each axis",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (2, 2), padding="same"), (3, 4), quarters(8, 3, 4)), id="padding same"
    ),
    pytest.param(
        lambda: scenes.deform(
            ConvSpec(1, 1, (2, 2)), 3, quarters(8, 2, 2), bias=torch.tensor([-1.5]), mask=quarters(4, 2, 2, seed=1)
        ),
        id="a mask and a bias",
    ),
    pytest.param(lambda: scenes.deform(ConvSpec(1, 1, (3,)), 4, torch.full((3, 2), -7.5)), id="all points outside"),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (2, 2)), torch.rand(1, 3, 3), 0.3 * torch.ones(8, 2, 2), picture=True),
        id="a picture, and offsets that are no quarters",
    ),
    pytest.param(
        lambda: scenes.growing_offsets(ConvSpec(1, 1, (3, 3), padding=1), 4, quarters(18, 4, 4), steps=3),
        id="growing, 2D",
    ),
    pytest.param(
        lambda: scenes.growing_offsets(ConvSpec(1, 1, (3,)), 5, at=0, mask=quarters(3, 3), bias=torch.tensor([2.0])),
        id="growing, 1D, with a mask and a bias",
    ),
]


@pytest.mark.parametrize("story", CASES)
def test_a_scene_tells_the_truth(story: Callable[[], Scene]) -> None:
    scene = story()
    assert faults(scene) == []
    assert Scene.from_json(scene.to_json()) == scene
    assert scene.accumulates


SMALL = scenes.deform(ConvSpec(1, 1, (2, 2)), 3, quarters(8, 2, 2, most=2), mask=torch.full((4, 2, 2), 0.5))


def moved_point(step: Step) -> dict[str, Any]:
    first, *others = step.points
    return {"points": (first._replace(row=first.row + 0.25), *others)}


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(moved_point, "the points read", id="a point that is not where it reads"),
        pytest.param(lambda step: {"points": step.points[::-1]}, "the points read", id="taps in another order"),
        pytest.param(
            lambda step: {"points": tuple(p._replace(row=p.column, column=p.row) for p in step.points)},
            "the points read", id="rows and columns exchanged",
        ),
        pytest.param(
            lambda step: {"changes": tuple(c._replace(value=9) if c.grid == "mask" else c for c in step.changes)},
            "do not add up", id="another mask",
        ),
        pytest.param(
            lambda step: {"changes": tuple(c._replace(value=99) if c.grid == "output" else c for c in step.changes)},
            "do not add up", id="another output",
        ),
        pytest.param(
            lambda step: {"marks": tuple(m._replace(cells=m.cells[m.grid == "input" :]) for m in step.marks)},
            "not those around", id="a corner that is not lit",
        ),
        pytest.param(lambda step: {"text": step.text + "1"}, "the text ends otherwise", id="another sum in the text"),
    ],
)  # fmt: skip
def test_a_scene_that_lies_is_found_out(spoil: Callable[[Step], dict[str, Any]], fault: str) -> None:
    assert faults(SMALL) == []
    found = faults(with_step(SMALL, 2, **spoil(SMALL.steps[2])))
    assert any(fault in each for each in found), found


@settings(max_examples=20, deadline=None)
@given(
    kernel=st.integers(1, 3), stride=st.integers(1, 2), padding=st.integers(0, 1), dilation=st.integers(1, 2),
    ndim=st.integers(1, 2),
)  # fmt: skip
def test_rings_stand_where_torch_reads_and_points_are_an_offset_away(
    kernel: int, stride: int, padding: int, dilation: int, ndim: int
) -> None:
    spec = ConvSpec(1, 1, (kernel,) * ndim, stride=stride, padding=padding, dilation=dilation)
    x = torch.arange(1.0, 6**ndim + 1, dtype=torch.float64).reshape(1, *(6,) * ndim)
    w = torch.ones(spec.weight_shape, dtype=torch.float64)
    conv = (F.conv1d, F.conv2d)[ndim - 1]
    y = conv(x[None], w, stride=stride, padding=padding, dilation=dilation)[0]
    offset = quarters(ndim * kernel**ndim, *y.shape[1:])
    scene = scenes.deform(spec, x, offset, w)
    assert faults(scene) == []
    grid = scene.grid("input")
    for step, total, moves in zip(scene.steps, y.flatten(), offset.flatten(1).T.unflatten(1, (-1, ndim)), strict=True):
        starts = [(int(point.start[0]), int(point.start[1])) for point in step.points if point.start]
        assert sum(grid.values[row][column] or 0 for row, column in starts) == total
        for point, start, move in zip(step.points, starts, moves.tolist(), strict=True):
            assert [point.row - start[0], point.column - start[1]] == [0.0] * (2 - ndim) + move
    still = scenes.deform(spec, x, torch.zeros_like(offset), w)
    assert_close(flat(still, "output"), y.flatten())


def test_offsets_that_grow_begin_with_a_convolution_and_end_with_the_given_ones() -> None:
    spec, x, w = ConvSpec(1, 1, (3, 3), padding=1), torch.rand(1, 4, 5).double(), torch.rand(1, 1, 3, 3).double()
    offset = quarters(18, 4, 5)
    growing = scenes.growing_offsets(spec, x, offset, w, steps=4, at=(1, 2))
    assert_close(flat(growing, "output", step=0), F.conv2d(x[None], w, padding=1).flatten(), atol=1e-9, rtol=0)
    for number, share in enumerate((0, 0.25, 0.5, 0.75, 1)):
        alone = scenes.deform(spec, x, share * offset, w)
        assert_close(flat(growing, "output", step=number), flat(alone, "output"))
        assert growing.steps[number].points[4].row - growing.grid("input").first[0] * -1 == pytest.approx(
            1 + share * offset[8, 1, 2].item()
        )
    titles = [step.title for step in growing.steps]
    assert titles[:2] == ["no offsets: a convolution; output (1, 2)", "offsets * 0.25; output (1, 2)"]


def test_a_step_says_how_few_corners_make_a_value_and_leaves_out_many() -> None:
    few = scenes.deform(ConvSpec(1, 1, (1, 1)), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), torch.full((2, 2, 2), 0.25))
    assert few.steps[0].text == "at (0.25, 0.25): 0.56*1 + 0.19*2 + 0.19*3 + 0.06*4 = 1.75\ntogether: 1.75*(-1) = -1.75"
    many = scenes.deform(ConvSpec(1, 1, (3, 3)), 3, torch.zeros(18, 1, 1), torch.ones(1, 1, 3, 3))
    assert many.steps[0].text.count("\n") == 0


def test_a_picture_shows_no_numbers_of_input_and_output() -> None:
    scene = scenes.deform(ConvSpec(1, 1, (3, 3), padding=1), torch.rand(1, 4, 4), picture=True)
    assert {grid.name: grid.decimals for grid in scene.grids} == {
        "input": None, "sampled": 2, "kernel": 0, "output": None,
    }  # fmt: skip
    assert scene.grid("input").scale == "grey"


def test_samples_of_a_group_are_those_of_its_own_offsets() -> None:
    spec = ConvSpec(4, 1, (2, 3), stride=2)
    offset = quarters(2 * 12, 2, 2)
    for group, tap in itertools.product(range(2), range(6)):
        sample = samples(spec, offset, (1, 0), (4, 5), offset_group=group)[tap]
        move = offset[12 * group + 2 * tap : 12 * group + 2 * tap + 2, 1, 0]
        assert sample.kernel_index == divmod(tap, 3)
        assert sample.lattice == (2 + tap // 3, tap % 3)
        assert torch.equal(torch.tensor(sample.point), torch.tensor(sample.lattice) + move)


REFUSED: list[Any] = [
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3, 3), transposed=True), 5), ValueError,
        "deform needs transposed=False, but transposed=True; scatter and gather show a transposed convolution",
        id="transposed",
    ),
    pytest.param(
        lambda: scenes.growing_offsets(ConvSpec(1, 2, (3, 3)), 5), ValueError,
        "growing_offsets shows one channel, C_in = 1 and C_out = 1, but here are C_in = 1 and C_out = 2",
        id="two channels",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (2, 2, 2)), 3), ValueError,
        "deform shows 1 or 2 spatial axes, but kernel_size=(2, 2, 2) has 3; figures.offset_slices shows the points in "
        "a volume", id="three axes",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3,), padding=1, padding_mode="reflect"), 5), ValueError,
        "deform needs padding_mode='zeros', but padding_mode='reflect'", id="another padding mode",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3, 3)), 5, torch.zeros(1, 18, 3, 3)), ValueError,
        "offset must have shape (2 * offset_groups * kH * kW, H_out, W_out) = (18 * offset_groups, 3, 3), but has "
        "shape (1, 18, 3, 3); a batch is not drawn, so take one of its examples", id="a batch of offsets",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3,)), 5, torch.zeros(2, 3)), ValueError,
        "offset must have shape (offset_groups * k, L_out) = (3 * offset_groups, 3), but has shape (2, 3); a batch is "
        "not drawn, so take one of its examples", id="too few offsets, 1D",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3,)), 5, torch.zeros(6, 3)), ValueError,
        "deform shows one offset group, 3 channels, but offset has shape (6, 3)", id="two offset groups",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3,)), 5, torch.tensor([[torch.inf] * 3] * 3)), ValueError,
        "offset must hold finite numbers, but there is an inf or a nan", id="an infinite offset",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3,)), 5, [0.0]), TypeError,  # type: ignore[arg-type]
        "offset must be a torch.Tensor, but is a list", id="a list of offsets",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (3,)), 5, mask=torch.ones(3, 5)), ValueError,
        "mask must have shape (3, 3), one factor for each point of the offset, but has shape (3, 5)", id="mask",
    ),
    pytest.param(
        lambda: scenes.deform(ConvSpec(1, 1, (1,)), 2, torch.full((1, 2), 1e6)), ValueError,
        "deform shows at most 2000 cells, but here are 1000007 cells", id="a point far away",
    ),
    pytest.param(
        lambda: scenes.growing_offsets(ConvSpec(1, 1, (3, 3)), 5, at=(0, 3)), ValueError,
        "at must lie inside the output, but at=(0, 3) and the output size is (3, 3)", id="no such position",
    ),
    pytest.param(
        lambda: scenes.growing_offsets(ConvSpec(1, 1, (3,)), 5, steps=0), ValueError,
        "steps must be at least 1, but steps=0", id="no steps",
    ),
    pytest.param(
        lambda: samples(ConvSpec(1, 1, (3,)), torch.zeros(6, 3), (0,), 5, offset_group=2), ValueError,
        "offset_group must be less than the number of offset groups, but offset_group=2 and the offset has 2",
        id="no such group",
    ),
    pytest.param(
        lambda: with_point(Point("input", 0, 2.75, "read")), ValueError,
        "a point must lie in its grid, but row 0, column 2.75 of 'input' does not: it has 1 x 3 cells",
        id="a point beside its grid",
    ),
    pytest.param(
        lambda: with_point(Point("input", 0, 2.5, "read", (-1, 0))), ValueError,
        "an arrow must lie in its grid, but row -1, column 0 of 'input' does not: it has 1 x 3 cells",
        id="an arrow from beside its grid",
    ),
    pytest.param(
        lambda: with_point(Point("other", 0, 0, "read")), ValueError,
        "a point must lie in its grid, but row 0, column 0 of 'other' does not: it has 0 x 0 cells", id="no such grid",
    ),
]  # fmt: skip


def with_point(point: Point) -> Scene:
    return Scene("", "", (Grid("input", ((1, 2, 3),)),), (Step("", points=(point,)),))


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


def test_nothing_that_is_given_is_changed() -> None:
    given = [torch.rand(1, 4, 4), quarters(8, 3, 3), torch.rand(1, 1, 2, 2), torch.rand(1)]
    before = [tensor.clone() for tensor in given]
    scene = scenes.deform(ConvSpec(1, 1, (2, 2)), *given)
    assert all(torch.equal(one, other) for one, other in zip(given, before, strict=True))
    assert dataclasses.replace(scene) == scene
