"""The sliding window: read back from the scene alone, and held against torch."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from conv_cases import EVEN_SAME_WARNING, outcome, torch_conv
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading_scenes import moved, with_step
from torch import Tensor
from torch.testing import assert_close

from convlab import conv, scenes
from convlab.arithmetic import PADDING_MODES, ConvSpec, padding_amounts
from convlab.scenes import Change, Scene, Step
from convlab.scenes.checks import check_amount

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)


def faults(scene: Scene) -> list[str]:
    """What is wrong with a sliding window, found from the scene alone: marks, numbers, words and places."""
    found = []
    biases = [float(label.text.strip("+ ()")) for label in scene.labels if label.text.startswith("+")]
    written = [change for step in scene.steps for change in step.changes]
    for step in scene.steps:
        pairs = pairs_of(scene, step)
        change, *others = step.changes
        bias = biases[channel_of(step)] if biases else 0
        if others or abs(sum(a * b for a, b in pairs) + bias - number(change)) > 1e-6:
            found.append(f"{step.title}: the products do not add up to {change.value}")
        place = (change.grid, change.row, change.column)
        if lit(step, "written") != [place] or [tuple(at) for at in step.at] != [place]:
            found.append(f"{step.title}: the mark, the change and the place differ")
        if not step.title.endswith(name_of(scene, change)):
            found.append(f"{step.title}: but it writes {name_of(scene, change)}")
        products = re.findall(r"([^ ]+)\*([^ ]+)", step.text)
        if products != [(said(a), said(b)) for a, b in pairs] and "more products" not in step.text:
            found.append(f"{step.title}: the text speaks of {products}")
        if not step.text.endswith(f" = {said(number(change)).strip('()')}"):
            found.append(f"{step.title}: the text ends otherwise: {step.text}")
        notes = [note for mark in step.marks if mark.role == "read" for note in mark.notes]
        if notes != [two_digits(weight) for _, weight in pairs]:
            found.append(f"{step.title}: the notes are {notes}")
    outputs = [grid for grid in scene.grids if grid.name.startswith("output")]
    cells = [(g.name, row, column) for g in outputs for row, column in itertools.product(*map(range, g.shape))]
    if Counter((c.grid, c.row, c.column) for c in written) != Counter(cells):
        found.append("not each output is written once")
    if any(value is not None for grid in outputs for row in grid.values for value in row):
        found.append("the output is not empty at the beginning")
    return found


def number(change: Change) -> float:
    assert change.value is not None
    return change.value


def lit(step: Step, role: str) -> list[tuple[str, int, int]]:
    return [(mark.grid, *cell) for mark in step.marks if mark.role == role for cell in mark.cells]


def pairs_of(scene: Scene, step: Step) -> list[tuple[float, float]]:
    """The number read and the weight that it meets, for each tap."""
    read, weights = (
        [scene.grid(grid).values[row][column] for grid, row, column in lit(step, role)] for role in ("read", "weight")
    )
    return [(float(a or 0), float(b or 0)) for a, b in zip(read, weights, strict=True)]


def channel_of(step: Step) -> int:
    found = re.search(r"channel (\d+)", step.title)
    return int(found[1]) if found else 0


def name_of(scene: Scene, change: Change) -> str:
    """How a title ends that speaks of this cell: the position, with the depth of its plane."""
    grid = scene.grid(change.grid)
    depth = re.search(r"d=(\d+)", grid.name)
    if not any(other.name.startswith("kernel") and other.across.startswith("kW") for other in scene.grids):
        return f" {change.column}"
    return str(((int(depth[1]),) if depth else ()) + (change.row, change.column))


def two_digits(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def said(value: float) -> str:
    """A number in a sum, written without the package's own functions."""
    text = two_digits(value)
    if text == "0" and abs(value) > 1e-10:
        text = f"{value:.2g}"
    return f"({text})" if text.startswith("-") else text


def tensor_of(scene: Scene, name: str, shape: tuple[int, ...]) -> Tensor:
    """The grids of this name at the end, put together again."""
    values = scene.values_at(-1)
    grids = [values[grid.name] for grid in scene.grids if grid.name.split(" ")[0] == name]
    return torch.tensor(grids, dtype=torch.float64).reshape(shape)


def overlapping(scene: Scene) -> list[tuple[str, str]]:
    return [
        (a.name, b.name)
        for a, b in itertools.combinations(scene.grids, 2)
        if a.left < b.left + b.width and b.left < a.left + a.width
        and a.top < b.top + b.height and b.top < a.top + a.height
    ]  # fmt: skip


def misplaced(scene: Scene) -> list[str]:
    """Words beside the picture, or on a grid."""
    inside = [0 < label.left < scene.size[0] and 0 < label.top < scene.size[1] for label in scene.labels]
    free = [
        not any(
            g.left < label.left + 0.12 * len(label.text)
            and label.left - 0.12 * len(label.text) < g.left + g.width
            and g.top < label.top < g.top + g.height
            for g in scene.grids
        )
        for label in scene.labels
    ]
    return [label.text for label, one, other in zip(scene.labels, inside, free, strict=True) if not (one and other)]


def options(spec: ConvSpec) -> dict[str, Any]:
    names = ("stride", "padding", "dilation", "groups", "padding_mode")
    return {name: getattr(spec, name) for name in names}


def tensors(spec: ConvSpec, size: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers that differ, so that a window in a wrong place gives a wrong sum."""
    generator = torch.Generator().manual_seed(1)
    shapes = ((spec.in_channels, *size), spec.weight_shape)
    x, w = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)
    return x, w, torch.arange(spec.out_channels) / 2 - 1.0


CASES = [
    pytest.param(ConvSpec(1, 1, (3,)), (7,), id="1D"),
    pytest.param(ConvSpec(2, 3, (3,), stride=2, padding=2, dilation=2), (9,), id="1D, channels are rows"),
    pytest.param(ConvSpec(4, 2, (2,), groups=2, padding="same"), (5,), id="1D, groups, an even kernel and same"),
    pytest.param(ConvSpec(1, 1, (9,), padding="same"), (64,), id="1D, the longest that must pass"),
    pytest.param(ConvSpec(1, 1, (1,)), (1,), id="one number"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding=1), (7, 7), id="2D, 7 x 7"),
    pytest.param(ConvSpec(1, 1, (3, 2), stride=(1, 2), padding=(0, 1)), (4, 5), id="2D, axes that differ"),
    pytest.param(ConvSpec(3, 1, (3, 3)), (5, 5), id="2D, channels are added"),
    pytest.param(ConvSpec(1, 3, (4, 4)), (5, 5), id="2D, outputs smaller than kernels"),
    pytest.param(ConvSpec(4, 4, (3, 3), groups=2, padding=1), (4, 4), id="2D, groups"),
    pytest.param(ConvSpec(2, 4, (2, 2), groups=2), (3, 3), id="2D, depthwise with multiplier 2"),
    pytest.param(ConvSpec(3, 4, (1, 1)), (2, 2), id="2D, pointwise"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding=2, padding_mode="reflect"), (4, 4), id="2D, reflect"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding=2, padding_mode="replicate"), (3, 3), id="2D, replicate"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding=2, padding_mode="circular"), (3, 3), id="2D, circular"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding="same", dilation=(1, 2)), (4, 5), id="2D, dilation and same"),
    pytest.param(ConvSpec(1, 1, (2, 3, 3)), (4, 6, 6), id="3D"),
    pytest.param(ConvSpec(3, 1, (2, 3, 3)), (4, 6, 6), id="3D, the largest that must pass"),
    pytest.param(ConvSpec(2, 2, (2, 2, 2), groups=2, padding=1, stride=2), (3, 2, 2), id="3D, groups and padding"),
]


@pytest.mark.parametrize(("spec", "size"), CASES)
@pytest.mark.parametrize("with_bias", [False, True], ids=["no bias", "bias"])
def test_tells_what_torch_computes(spec: ConvSpec, size: tuple[int, ...], with_bias: bool) -> None:
    x, w, b = tensors(spec, size)
    bias = b.double() if with_bias else None
    expected = torch_conv(x[None], w, bias, **options(spec))[0]
    scene = scenes.sliding_window(spec, x, w, bias)
    assert faults(scene) == []
    assert overlapping(scene) == []
    assert min(g.left for g in scene.grids) >= 0
    assert min(g.top for g in scene.grids) >= 0
    assert misplaced(scene) == []
    assert_close(tensor_of(scene, "output", tuple(expected.shape)), expected, rtol=0, atol=1e-9)
    assert_close(expected, conv(x, w, bias, **options(spec), method="reference"))
    pads = [amount for pair in reversed(padding_amounts(spec)) for amount in pair]
    around = F.pad(x[None], pads, mode="constant" if spec.padding_mode == "zeros" else spec.padding_mode)[0]
    assert_close(tensor_of(scene, "input", tuple(around.shape)), around, rtol=0, atol=1e-9)
    assert_close(tensor_of(scene, "kernel", spec.weight_shape), w, rtol=0, atol=1e-9)
    kinds = [g.kind(r, c) for g in scene.grids for r, c in itertools.product(*map(range, g.shape))]
    assert kinds.count("p") == around.numel() - x.numel()


@st.composite
def calls(draw: st.DrawFn) -> tuple[ConvSpec, tuple[int, ...]]:
    """A small convolution and an input size; the kernel need not fit."""
    ndim = draw(st.integers(1, 3))
    per_axis = st.tuples(*[st.integers(1, 4 - ndim // 2)] * ndim)
    groups, ins, outs = draw(st.tuples(*[st.integers(1, 2)] * 3))
    padding = draw(st.sampled_from(["same", "valid"]) | st.tuples(*[st.integers(0, 2)] * ndim))
    spec = ConvSpec(
        ins * groups,
        outs * groups,
        draw(per_axis),
        stride=1 if padding == "same" else draw(st.tuples(*[st.integers(1, 3)] * ndim)),
        padding=padding,
        dilation=draw(st.tuples(*[st.integers(1, 2)] * ndim)),
        groups=groups,
        padding_mode=draw(st.sampled_from(PADDING_MODES)),
    )
    return spec, draw(st.tuples(*[st.integers(1, 6 - ndim)] * ndim))


@settings(max_examples=100)
@given(calls(), st.booleans())
def test_every_step_adds_up_and_torch_agrees(call: tuple[ConvSpec, tuple[int, ...]], with_bias: bool) -> None:
    spec, size = call
    x, w, b = tensors(spec, size)
    bias = b.double() if with_bias else None
    expected = outcome(torch_conv, x[None], w, bias, **options(spec))
    scene = outcome(scenes.sliding_window, spec, x, w, bias)  # type: ignore[arg-type]
    assert isinstance(scene, Exception) == isinstance(expected, Exception), f"{scene!r}, {expected!r}"
    assume(isinstance(scene, Scene) and isinstance(expected, Tensor))
    assert isinstance(scene, Scene)
    assert isinstance(expected, Tensor)
    assert faults(scene) == []
    assert overlapping(scene) == []
    assert misplaced(scene) == []
    assert_close(tensor_of(scene, "output", tuple(expected[0].shape)), expected[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(lambda s: moved(s, role="read"), "do not add up", id="a window one column to the right"),
        pytest.param(lambda s: moved(s, role="written"), "the mark, the change", id="another output lit"),
        pytest.param(
            lambda s: with_step(s, 0, changes=(s.steps[0].changes[0]._replace(value=99),)),
            "do not add up to 99",
            id="another number written",
        ),
        pytest.param(
            lambda s: with_step(s, 0, at=s.steps[1].at), "the mark, the change", id="the place of another step"
        ),
        pytest.param(
            lambda s: with_step(s, 0, title=s.steps[1].title), "but it writes", id="the title of another step"
        ),
        pytest.param(lambda s: with_step(s, 0, text=s.steps[1].text), "the text speaks", id="the text of another step"),
        pytest.param(lambda s: with_step(s, 0, text=s.steps[0].text + "0"), "ends otherwise", id="another total"),
        pytest.param(lambda s: dataclasses.replace(s, steps=s.steps[1:]), "not each output", id="a step is missing"),
        pytest.param(lambda s: dataclasses.replace(s, labels=()), "do not add up", id="the bias is not shown"),
    ],
)
def test_the_check_finds_planted_faults(spoil: Callable[[Scene], Scene], fault: str) -> None:
    spec = ConvSpec(1, 2, (2, 2))
    x, w, _ = tensors(spec, (3, 4))
    scene = scenes.sliding_window(spec, x, w, torch.tensor([1.5, -1.0]))
    assert faults(scene) == []
    assert any(fault in found for found in faults(spoil(scene)))


def test_the_check_of_places_finds_planted_faults() -> None:
    scene = scenes.sliding_window(ConvSpec(1, 1, (3, 3)), 5)
    label, *others = scene.labels
    for left in (-1.0, scene.grid("kernel").left + 1, scene.size[0] + 1):
        spoilt = dataclasses.replace(scene, labels=(label._replace(left=left), *others))
        assert misplaced(spoilt) == ["*"]
    kernel = scene.grid("kernel")
    moved = tuple(dataclasses.replace(g, left=kernel.left + 1) if g.name == "output" else g for g in scene.grids)
    assert overlapping(dataclasses.replace(scene, grids=moved)) == [("kernel", "output")]


def test_words_of_one_channel() -> None:
    x, w = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, -1.0], [0.5, 0.0]])
    scene = scenes.sliding_window(ConvSpec(1, 1, (2, 2)), x[None], w[None, None], torch.tensor([0.5]))
    (step,) = scene.steps
    assert step.title == "output (0, 0)"
    assert step.text == "1*1 + 2*(-1) + 3*0.5 + 4*0 + 0.5 = 1"
    assert [label.text for label in scene.labels] == ["*", "+ 0.5", "="]
    assert scene.alt == "A 2 x 2 kernel slides with stride 1 over a 2 x 2 input; the output has 1 x 1 numbers."


def test_words_of_several_channels() -> None:
    x, w = torch.tensor([[1.0], [2.0]]), torch.tensor([[[3.0], [4.0]], [[1.0], [1.0]]])
    scene = scenes.sliding_window(ConvSpec(2, 2, (1,)), x, w, torch.tensor([0.0, -1.0]))
    assert scene.steps[1].title == "output channel 1, position 0"
    assert scene.steps[1].text == "channel 0: 1*1 = 1\nchannel 1: 2*1 = 2\ntogether: 1 + 2 + (-1) = 2"
    assert [label.text for label in scene.labels] == ["*", "+ 0", "=", "+ (-1)", "="]
    assert scene.title == "kernel of 1, stride 1, C_in = 2, C_out = 2"
    assert "2 channels of 1 numbers; the output has 2 channels of 1 numbers." in scene.alt


def test_words_at_the_axes() -> None:
    scene = scenes.sliding_window(ConvSpec(1, 1, (3, 2), padding="same"), (5, 6))
    axes = {grid.name: (grid.across, grid.down, grid.first) for grid in scene.grids}
    assert axes == {
        "input": ("W = 6, padding 0 and 1", "H = 5, padding 1", (-1, 0)),
        "kernel": ("kW = 2", "kH = 3", (0, 0)),
        "output": ("W_out = 6", "H_out = 5", (0, 0)),
    }


def test_planes_of_a_volume() -> None:
    scene = scenes.sliding_window(ConvSpec(2, 1, (1, 2, 2), padding=(1, 0, 0)), (1, 2, 2))
    names = [grid.name for grid in scene.grids]
    assert names[:3] == ["input 0 d=-1", "input 0 d=0", "input 0 d=1"]
    assert names[6:] == ["kernel 0 d=0", "kernel 1 d=0", "output d=0", "output d=1", "output d=2"]
    assert scene.grid("kernel 1 d=0").title == "weight[0, 1], d = 0"
    tops = [scene.grid(name).top for name in ("input 0 d=-1", "input 1 d=-1", "kernel 0 d=0", "output d=0")]
    assert tops == sorted(set(tops))


def test_groups_read_their_own_channels() -> None:
    scene = scenes.sliding_window(ConvSpec(4, 2, (2, 2), groups=2), (3, 3))
    read = [{grid for grid, _, _ in lit(step, "read")} for step in scene.steps]
    assert read == [{"input 0", "input 1"}] * 4 + [{"input 2", "input 3"}] * 4


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        pytest.param(ConvSpec(1, 1, (3,), dilation=2), 9, id="dilation"),
        pytest.param(ConvSpec(1, 1, (3,), padding=3), 4, id="padding"),
        pytest.param(ConvSpec(1, 1, (2,)), 5, id="even kernel"),
    ],
)
def test_with_stride_1_each_output_stands_below_the_middle_of_its_window(spec: ConvSpec, size: int) -> None:
    scene = scenes.sliding_window(spec, size)
    shown, output = scene.grid("input"), scene.grid("output")
    for step in scene.steps:
        columns = [column for grid, _, column in lit(step, "read") if grid == "input"]
        middle = shown.left + (columns[0] + columns[-1] + 1) / 2
        assert output.left + step.at[0].column + 0.5 == middle


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        pytest.param(
            (ConvSpec(1, 1, (3,), transposed=True), 5),
            ValueError,
            "sliding_window needs transposed=False, but transposed=True; scatter and gather show",
            id="transposed",
        ),
        pytest.param(
            (ConvSpec(1, 1, (3, 3)), (60, 60)),
            ValueError,
            "sliding_window shows at most 2000 cells and 4000 products, but here are 6973 cells and 30276 products",
            id="too large",
        ),
        pytest.param(
            (ConvSpec(1, 1, (20, 20)), (23, 23)),
            ValueError,
            "at most 2000 cells and 4000 products, but here are 945 cells and 6400 products",
            id="too many products",
        ),
        pytest.param((ConvSpec(1, 1, (3,)), 2), ValueError, "the kernel must fit", id="the kernel does not fit"),
        pytest.param((ConvSpec(1, 1, (3,)), 0), ValueError, "input must be at least 1, but input=0", id="no elements"),
        pytest.param((ConvSpec(1, 1, (3,)), 5.0), TypeError, "input must be an int, but input=5.0", id="a float"),
        pytest.param(
            (ConvSpec(2, 1, (3,)), torch.zeros(1, 5)),
            ValueError,
            "input must have shape (C_in, L) with C_in=2, nowhere 0, but has shape (1, 5)",
            id="channels",
        ),
        pytest.param((ConvSpec(1, 1, (3,)), torch.zeros(1, 1, 5)), ValueError, "but has shape (1, 1, 5)", id="a batch"),
        pytest.param(
            (ConvSpec(1, 1, (3,)), 5, torch.zeros(3)),
            ValueError,
            "weight must have shape (1, 1, 3), but has shape (3,)",
            id="weight",
        ),
        pytest.param(
            (ConvSpec(1, 1, (3,)), 5, [1, 2, 3]), TypeError, "weight must be a torch.Tensor or None", id="weight a list"
        ),
        pytest.param(
            (ConvSpec(1, 1, (3,)), 5, None, torch.zeros(2)),
            ValueError,
            "bias must have shape (C_out,) = (1,), but has shape (2,)",
            id="bias",
        ),
        pytest.param(
            (ConvSpec(1, 1, (3,)), 5, None, 0.5), TypeError, "bias must be a torch.Tensor or None", id="bias a float"
        ),
        pytest.param(
            (ConvSpec(1, 1, (3,)), torch.full((1, 5), torch.nan)),
            ValueError,
            "input must hold finite numbers",
            id="nan",
        ),
        pytest.param(
            (ConvSpec(1, 1, (3,)), torch.zeros(1, 5, dtype=torch.complex64)),
            TypeError,
            "input must hold real numbers, but has dtype torch.complex64",
            id="complex",
        ),
        pytest.param(
            (ConvSpec(1, 1, (3,)), torch.zeros(1, 5, device="meta")), ValueError, "on the device 'meta'", id="meta"
        ),
    ],
)
def test_refuses(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        scenes.sliding_window(*arguments)


def test_the_limits_themselves_are_allowed() -> None:
    check_amount("a picture", cells=2000, products=4000)
    for cells, products in ((2001, 0), (0, 4001)):
        with pytest.raises(ValueError, match=f"but here are {cells} cells and {products} products"):
            check_amount("a picture", cells=cells, products=products)


def test_an_input_of_any_kind_of_number() -> None:
    spec = ConvSpec(1, 1, (2,))
    expected = scenes.sliding_window(spec, torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[[1.0, 2.0]]]))
    for dtype in (torch.int64, torch.bool, torch.float16, torch.uint8):
        x, w = torch.tensor([[1, 2, 3]]), torch.tensor([[[1, 2]]])
        if dtype is torch.bool:
            x, w = x > 1, w > 0
            assert scenes.sliding_window(spec, x, w).values_at(-1)["output"] == [[1, 2]]
            continue
        assert scenes.sliding_window(spec, x.to(dtype), w.to(dtype)) == expected


def test_the_arguments_stay_as_they_are_and_gradients_do_no_harm() -> None:
    x, w = torch.ones(1, 4, requires_grad=True), torch.ones(1, 1, 2, requires_grad=True)
    scenes.sliding_window(ConvSpec(1, 1, (2,)), x, w, torch.ones(1, requires_grad=True))
    assert x.grad is None
    assert x.dtype == torch.float32
