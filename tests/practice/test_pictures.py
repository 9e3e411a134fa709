"""Expected and got side by side, and the window that feeds the first difference."""

from __future__ import annotations

import dataclasses
import io
import itertools
import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from convlab.arithmetic.spec import ConvSpec
from convlab.figures.sheet import sheet, title_lines
from convlab.practice import pictures, windows
from convlab.practice.exercise import Case, Exercise, Window
from convlab.practice.verdict import Verdict
from convlab.scenes import gather, sliding_window
from convlab.scenes.layout import moved

NAN, INF = math.nan, math.inf


def exercise(window: Any = None) -> Exercise:
    """An exercise of which only the window matters."""

    def answer(input: Any, weight: Any) -> None: ...

    return Exercise("conv", "03_conv2d", "?", "?", 1, 1, 1, ("a", "b", "c"), answer, answer, tuple, (), window=window)


def verdict(expected: Any, got: Any, index: tuple[int, ...] | None = None, window: Any = None) -> Verdict:
    """A failed check."""
    return Verdict(exercise(window), False, "?", case=Case("a case", ()), expected=expected, got=got, index=index)


def digits(*shape: int, seed: int = 0) -> torch.Tensor:
    """Small whole numbers."""
    return torch.randint(-4, 6, shape, generator=torch.Generator().manual_seed(seed)).double()


def convolved(spec: ConvSpec, size: tuple[int, ...], *, batch: int = 1, bias: bool = False) -> tuple[Any, Any]:
    """The result of a convolution, and the window behind it, as a bank gives it."""
    x, w = digits(batch, spec.in_channels, *size), digits(*spec.weight_shape, seed=1)
    b = digits(spec.out_channels, seed=2) + 0.5 if bias else None
    name = f"conv{'_transpose' * spec.transposed}{spec.ndim}d"
    options = {"stride": spec.stride, "padding": spec.padding, "dilation": spec.dilation, "groups": spec.groups}
    result = getattr(F, name)(x, w, b, **options)
    return result, lambda case, sample: Window(spec, x[sample], w, b)


def marked(scene: Any, name: str) -> Any:
    """The number in the cell of this grid that is marked as written."""
    (mark,) = (mark for mark in scene.steps[0].marks if mark.grid == name)
    ((row, column),) = mark.cells
    return scene.grid(name).values[row][column]


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((), id="a number without axes"),
        pytest.param((30,), id="one axis"),
        pytest.param((2, 30), id="a matrix that is too wide"),
        pytest.param((40, 2), id="a matrix that is too high"),
        pytest.param((2, 3, 5), id="a batch of signals"),
        pytest.param((2, 3, 20, 20), id="a batch of pictures"),
        pytest.param((2, 2, 3, 4, 5), id="a batch of volumes"),
    ],
)
def test_the_difference_is_marked_wherever_it_lies(shape: tuple[int, ...]) -> None:
    expected = torch.arange(math.prod(shape)).double().reshape(shape)
    corners_and_middle = itertools.product(*({0, size // 2, size - 1} for size in shape))
    for index in corners_and_middle:
        got = expected.clone()
        got[index] += 0.5
        scene = pictures.comparison(verdict(expected, got, index))
        assert scene is not None
        assert (marked(scene, "expected"), marked(scene, "got")) == (expected[index].item(), got[index].item())
        assert all(max(grid.shape) <= windows.MOST for grid in scene.grids)
        assert str(list(index)) in scene.steps[0].title


def test_the_titles_say_which_plane_and_which_part() -> None:
    expected = torch.zeros(2, 3, 20, 20)
    scene = pictures.comparison(verdict(expected, expected + 1, (1, 2, 19, 0)))
    assert scene is not None
    words = [(grid.title, grid.down, grid.across) for grid in scene.grids]
    part = "rows 11 to 19 of 20", "columns 0 to 8 of 20"
    assert words == [("expected[1, 2]", *part), ("got[1, 2]", *part)]


CONVOLUTIONS = [
    pytest.param(ConvSpec(1, 1, (3,)), (6,), id="1D"),
    pytest.param(ConvSpec(2, 3, (3,), stride=2, padding=1, dilation=2), (9,), id="1D, channels and options"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding=1), (5, 4), id="2D"),
    pytest.param(ConvSpec(3, 2, (2, 3), stride=(2, 1)), (5, 6), id="2D, channels and strides"),
    pytest.param(ConvSpec(4, 4, (3, 3), padding=1, groups=2), (4, 4), id="2D, groups"),
    pytest.param(ConvSpec(2, 2, (2, 2, 2), padding=1), (2, 3, 3), id="3D"),
    pytest.param(ConvSpec(1, 2, (3,), stride=2, padding=1, transposed=True), (4,), id="1D, transposed"),
    pytest.param(ConvSpec(2, 2, (3, 3), stride=2, groups=2, transposed=True), (2, 3), id="2D, transposed, groups"),
]


@pytest.mark.parametrize("bias", [pytest.param(False, id="no bias"), pytest.param(True, id="a bias")])
@pytest.mark.parametrize(("spec", "size"), CONVOLUTIONS)
def test_the_window_is_that_of_the_house(spec: ConvSpec, size: tuple[int, ...], bias: bool) -> None:
    expected, window = convolved(spec, size, batch=2, bias=bias)
    index = (1, *(n - 1 for n in expected.shape[1:]))
    got = expected.clone()
    got[index] += 1
    scene = pictures.comparison(verdict(expected, got, index, window))
    behind = window(None, 1)
    if spec.transposed:
        whole = gather(spec, behind.input, behind.weight)
    else:
        whole = sliding_window(spec, behind.input, behind.weight, behind.bias)
    assert scene is not None
    (step,) = (step for step in whole.steps if step.at == whole.steps[-1].at)
    assert step.text in scene.steps[0].text
    assert f" = {expected[index].item():g}" in scene.steps[0].text.splitlines()[-1]
    shown = {mark.grid: mark for mark in scene.steps[0].marks if mark.role != "written"}
    for mark in step.marks:
        if mark.grid in shown:
            assert _numbers(scene, shown[mark.grid]) == _numbers(whole, mark)
    assert {mark.role for mark in shown.values()} == {"read", "weight"}


def _numbers(scene: Any, mark: Any) -> list[Any]:
    return [scene.grid(mark.grid).values[row][column] for row, column in mark.cells]


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        pytest.param(ConvSpec(1, 1, (3,), padding=2, dilation=2, stride=3), (8,), id="all options"),
        pytest.param(ConvSpec(2, 2, (3, 2), padding=1, padding_mode="reflect"), (4, 4), id="another padding"),
        pytest.param(ConvSpec(4, 2, (2, 2), groups=2, bias=True), (3, 4), id="groups"),
        pytest.param(ConvSpec(1, 1, (2, 2, 2), padding="same"), (2, 3, 3), id="'same' in 3D"),
    ],
)
def test_the_window_alone_has_the_same_sums(spec: ConvSpec, size: tuple[int, ...]) -> None:
    x, w = digits(spec.in_channels, *size), digits(*spec.weight_shape, seed=1)
    window = Window(spec, x, w, digits(spec.out_channels) if spec.bias else None)
    whole = sliding_window(spec, x, w, window.bias)
    for step in whole.steps:
        index = _index(step.title, spec)
        scene, alone, total = windows._alone(window, index) or pytest.fail("there is no step")
        assert (alone.title, alone.text, total) == (step.title, step.text, step.changes[0].value)
        for mark, other in zip(step.marks, alone.marks, strict=True):
            if mark.role != "written":
                assert _numbers(whole, mark) == _numbers(scene, other)


def _index(title: str, spec: ConvSpec) -> tuple[int, ...]:
    found = [int("".join(filter(str.isdigit, part))) for part in title.split(" ") if any(map(str.isdigit, part))]
    return tuple(found) if spec.out_channels > 1 else (0, *found)


def test_a_convolution_that_is_too_large_shows_its_window() -> None:
    spec = ConvSpec(3, 4, (3, 3), padding=1)
    expected, window = convolved(spec, (14, 14))
    with pytest.raises(ValueError, match="at most"):
        sliding_window(spec, window(None, 0).input, window(None, 0).weight)
    scene = pictures.comparison(verdict(expected, -expected, (0, 2, 0, 5), window))
    assert scene is not None
    assert "output channel 2, (0, 5)" in scene.steps[0].text
    assert scene.grid("input 0").shape == (3, 3)


def test_many_planes_are_not_all_drawn() -> None:
    expected, window = convolved(ConvSpec(8, 1, (3, 3)), (4, 4))
    scene = pictures.comparison(verdict(expected, expected + 1, (0, 0, 0, 0), window))
    assert scene is not None
    assert len([grid for grid in scene.grids if grid.name.startswith("input")]) == windows.MOST_PAIRS
    assert "4 of the 8 planes" in scene.steps[0].text


@pytest.mark.parametrize(
    ("change", "index"),
    [
        pytest.param(lambda x: x + 7, (0, 0, 1, 1), id="of another sum than the expected one"),
        pytest.param(lambda x: x[0, 0], (1, 1), id="of a result with other axes"),
        pytest.param(lambda x: x * NAN, (0, 0, 1, 1), id="of nan"),
    ],
)
def test_no_window(change: Any, index: tuple[int, ...]) -> None:
    expected, window = convolved(ConvSpec(1, 1, (3, 3)), (5, 5))
    changed = change(expected)
    scene = pictures.comparison(verdict(changed, torch.zeros_like(changed), index, window))
    assert scene is not None
    assert [grid.name for grid in scene.grids] == ["expected", "got"]


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        pytest.param(torch.zeros(1, 1, 2, 2), torch.zeros(2, 2), id="axes lost"),
        pytest.param(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 30, 1), id="other sizes"),
        pytest.param(torch.tensor(1.0), torch.zeros(3), id="a number without axes"),
    ],
)
def test_other_shapes(expected: torch.Tensor, got: torch.Tensor) -> None:
    scene = pictures.comparison(verdict(expected, got))
    assert scene is not None
    titles = [f"{name}: shape {tuple(tensor.shape)}" for name, tensor in (("expected", expected), ("got", got))]
    assert [grid.title for grid in scene.grids] == titles
    assert all(title in pictures.in_words(verdict(expected, got)) for title in titles)


def test_a_shape_stands_in_one_line_over_a_small_grid() -> None:
    scene = pictures.comparison(verdict(torch.zeros(1, 1, 2), torch.zeros(1, 1, 1)))
    assert scene is not None
    paper = sheet(scene, unit=pictures.UNIT)
    assert [len(title_lines(scene, grid, paper)) for grid in scene.grids] == [1, 1]
    narrow = dataclasses.replace(scene, grids=moved(scene.grids, -scene.grids[0].left, 0))  # as far left as it goes
    assert len(title_lines(narrow, narrow.grids[0], paper)) > 1


@pytest.mark.parametrize(
    ("expected", "got", "index"),
    [
        pytest.param(3, 4, None, id="ints"),
        pytest.param((1, 2), (1, 3), (1,), id="tuples"),
        pytest.param(torch.zeros(2), None, None, id="nothing returned"),
        pytest.param(torch.zeros(2), [0.0, 1.0], (1,), id="a list"),
        pytest.param(torch.zeros(2), torch.zeros(2, dtype=torch.float64), None, id="another dtype alone"),
        pytest.param(torch.zeros(2, 2), torch.zeros(2, 0), None, id="nothing in it"),
        pytest.param(torch.ones(2), torch.ones(2, dtype=torch.complex64), (0,), id="complex"),
        pytest.param(torch.ones(2), torch.zeros(2).to_sparse(), (0,), id="sparse"),
        pytest.param(torch.ones(2), torch.ones(2, device="meta"), (0,), id="without memory"),
    ],
)
def test_no_picture(expected: Any, got: Any, index: tuple[int, ...] | None) -> None:
    assert pictures.picture(verdict(expected, got, index)) is None
    assert pictures.in_words(verdict(expected, got, index)) == ""


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        pytest.param([1.0, 2.0], [NAN, 2.0], "expected 1, got nan", id="nan"),
        pytest.param([1.0, NAN], [-INF, NAN], "expected 1, got -inf", id="inf"),
        pytest.param([NAN, NAN], [0.0, 0.0], "expected nan, got 0", id="nothing finite"),
        pytest.param([1.5, 2.0], [4e30, 1e-38], "expected 1.5, got 4e+30", id="what torch.empty holds"),
        pytest.param([0.0001234, 0.0], [0.0001235, 0.0], "expected 0.0001234, got 0.0001235", id="small numbers"),
        pytest.param([1.0, 0.0], [1.0 + 1e-12, 0.0], "expected 1.0, got 1.000000000001", id="nearly the same"),
        pytest.param([1, 2], [2, 2], "expected 1, got 2", id="ints"),
        pytest.param([True, False], [False, False], "expected 1, got 0", id="bools"),
    ],
)
def test_unusual_numbers(expected: list[float], got: list[float], words: str) -> None:
    dtype = torch.float64 if isinstance(expected[0], float) else None
    found = verdict(torch.tensor(expected, dtype=dtype), torch.tensor(got, dtype=dtype), (0,))
    drawn = pictures.picture(found)
    assert drawn is not None
    assert words in drawn.alt
    assert words in pictures.in_words(found)
    assert max(len(line) for line in pictures.in_words(found).splitlines()) <= 100


def test_the_file() -> None:
    expected, window = convolved(ConvSpec(3, 2, (3, 3), padding=1), (12, 12))
    got = expected.flip(3).requires_grad_()
    found = verdict(expected, got, (0, 0, 0, 0), window)
    before = expected.clone(), got.detach().clone()
    drawn = pictures.picture(found)
    assert drawn is not None
    with Image.open(io.BytesIO(drawn.png)) as image:
        assert image.format == "PNG"
        assert image.width <= pictures.PIXELS
    assert drawn == pictures.picture(found)
    assert torch.equal(before[0], expected)
    assert torch.equal(before[1], got)


def test_wide_grids_stand_below_each_other_in_a_terminal() -> None:
    expected = torch.full((2, 9), 1234.5)
    lines = pictures.in_words(verdict(expected, -expected, (1, 8))).splitlines()
    assert [lines.index("expected"), lines.index("got")] == [0, 3]
