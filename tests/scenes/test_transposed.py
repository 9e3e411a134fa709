"""Scatter, gather and overlap: read back from the scene alone, and held against torch."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from conv_cases import outcome, torch_conv_transpose
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reading_scenes import flat, lit, moved, notes, number, tensors, with_step
from torch import Tensor
from torch.testing import assert_close

from convlab import conv_transpose, scenes
from convlab.arithmetic import ConvSpec, output_size
from convlab.scenes import Change, Mark, Place, Scene


def transposed(in_channels: int, out_channels: int, kernel_size: tuple[int, ...], **options: Any) -> ConvSpec:
    return ConvSpec(in_channels, out_channels, kernel_size, transposed=True, **options)


CASES = [
    pytest.param(transposed(1, 1, (3,)), (4,), id="1d-plain"),
    pytest.param(transposed(1, 1, (3,), stride=2, padding=1, output_padding=1), (4,), id="1d-uncrops-one"),
    pytest.param(transposed(1, 1, (2,), stride=3, output_padding=2), (3,), id="1d-output-padding-behind-all-stamps"),
    pytest.param(transposed(1, 1, (2,), stride=4), (3,), id="1d-stamps-with-gaps"),
    pytest.param(transposed(1, 1, (2,), stride=2, padding=3), (5,), id="1d-negative-border"),
    pytest.param(
        transposed(1, 1, (2,), stride=1, dilation=3, output_padding=2), (2,), id="1d-output-padding-by-dilation"
    ),
    pytest.param(transposed(2, 3, (3,), stride=2, padding=1), (3,), id="1d-channels"),
    pytest.param(transposed(4, 6, (2,), groups=2), (3,), id="1d-groups"),
    pytest.param(transposed(1, 1, (3, 3), stride=2, padding=1, output_padding=1), (3, 3), id="2d-doubles"),
    pytest.param(transposed(1, 1, (4, 2), stride=(2, 1), padding=(1, 0)), (3, 2), id="2d-uneven-axes"),
    pytest.param(transposed(2, 2, (2, 2), stride=2, dilation=2), (2, 3), id="2d-channels-dilation"),
    pytest.param(transposed(3, 6, (2, 2), stride=2, groups=3), (2, 2), id="2d-depthwise-multiplier"),
    pytest.param(
        transposed(1, 1, (2, 2, 2), stride=2, padding=(1, 0, 0), output_padding=1), (2, 2, 2), id="3d-cropped-depth"
    ),
    pytest.param(transposed(2, 2, (1, 2, 2), groups=2), (2, 2, 2), id="3d-groups"),
]


def expected(spec: ConvSpec, input: Tensor, weight: Tensor, operation: Callable[..., Tensor], **more: Any) -> Tensor:
    options = {"stride": spec.stride, "padding": spec.padding, "output_padding": spec.output_padding}
    return operation(input, weight, groups=spec.groups, dilation=spec.dilation, **options, **more)


def scatter_faults(scene: Scene) -> list[str]:
    """What is wrong in a scatter, read from the scene alone."""
    found = []
    now = {place: number(scene, place) for place in cells(scene, "output")}
    for step in scene.steps:
        (source,) = lit(step, "read")
        value = number(scene, source)
        weights, written = lit(step, "weight", "kernel"), lit(step, "written", "output")
        if step.at != (source,) or [(c.grid, c.row, c.column) for c in step.changes] != [tuple(w) for w in written]:
            found.append(f"{step.title}: the marks, the changes and the place differ")
        added = []
        for change in step.changes:
            place = Place(change.grid, change.row, change.column)
            added.append((change.value or 0) - now[place])
            now[place] = change.value or 0
            if scene.grid(place.grid).kind(place.row, place.column) == "p":
                found.append(f"{step.title}: a stamp lands behind all stamps")
        if added != [value * number(scene, weight) for weight in weights]:
            found.append(f"{step.title}: adds {added}")
        if list(map(float, notes(step, "written"))) != added:
            found.append(f"{step.title}: notes {notes(step, 'written')}")
    if Counter(step.at[0] for step in scene.steps) != Counter(cells(scene, "input")):
        found.append("not each input element has its step")
    return found


def gather_faults(scene: Scene) -> list[str]:
    """What is wrong in a gather, read from the scene alone."""
    found = []
    for step in scene.steps:
        read, weights = lit(step, "read", "input"), lit(step, "weight", "kernel")
        (change,) = step.changes
        place = Place(change.grid, change.row, change.column)
        products = [number(scene, a) * number(scene, b) for a, b in zip(read, weights, strict=True)]
        if sum(products) != change.value:
            found.append(f"{step.title}: {change.value} is not the sum of {products}")
        if step.at != (place,) or lit(step, "written") != [place]:
            found.append(f"{step.title}: the marks, the change and the place differ")
        if list(map(float, notes(step, "read"))) != [number(scene, weight) for weight in weights]:
            found.append(f"{step.title}: notes {notes(step, 'read')}")
        if any(scene.grid(at.grid).kind(at.row, at.column) == "c" for at in read):
            found.append(f"{step.title}: reads what is cropped")
        said = sum(float(a) * float(b) for a, b in re.findall(r"(-?\d+)\)?\*\(?(-?\d+)", step.text))
        if said != change.value or not step.text.endswith(f" {change.value}"):
            found.append(f"{step.title}: says {step.text}")
    if Counter(step.at[0] for step in scene.steps) != Counter(cells(scene, "output")):
        found.append("not each output element has its step")
    if any(number(scene, place) for place in cells(scene, "input", "pz")):
        found.append("padding and the cells between must hold 0")
    return found


def overlap_faults(scene: Scene) -> list[str]:
    """What is wrong in an overlap, read from the scene alone."""
    found = []
    for step in scene.steps:
        (there,) = lit(step, "written", "output")
        if len(set(lit(step, "read", "input"))) != number(scene, there) or step.at != (there,):
            found.append(f"{step.title}: {number(scene, there)} stamps, but {lit(step, 'read')}")
        if int(re.sub("^no ", "0 ", step.text).split()[0]) != number(scene, there):
            found.append(f"{step.title}: says {step.text}")
    if Counter(step.at[0] for step in scene.steps) != Counter(cells(scene, "output")):
        found.append("not each output element has its step")
    return found


def cells(scene: Scene, name: str, kinds: str = ".pzc") -> list[Place]:
    return [
        Place(grid.name, row, column)
        for grid in scene.grids
        if grid.name.startswith(name)
        for row, column in itertools.product(*map(range, grid.shape))
        if grid.kind(row, column) in kinds
    ]


def check(spec: ConvSpec, size: tuple[int, ...]) -> None:
    """Everything that holds for the three pictures of one transposed convolution."""
    x, w = tensors(spec, *size)
    torchs = expected(spec, x, w, torch_conv_transpose)
    scatter, gather = scenes.scatter(spec, x, w), scenes.gather(spec, x, w)
    assert_close(flat(scatter, "output"), torchs.flatten())
    assert_close(flat(scatter, "output"), expected(spec, x, w, conv_transpose, method="reference").flatten())
    assert_close(flat(scatter, "input"), x.flatten())
    assert_close(flat(gather, "output"), torchs.flatten())
    assert scatter_faults(scatter) == []
    assert gather_faults(gather) == []
    one = replace(spec, in_channels=1, out_channels=1, groups=1)
    overlap = scenes.overlap(spec, size)
    ones = expected(one, torch.ones(1, *size).double(), torch.ones(one.weight_shape).double(), torch_conv_transpose)
    assert_close(flat(overlap, "output"), ones.flatten())
    assert overlap_faults(overlap) == []


@pytest.mark.parametrize(("spec", "size"), CASES)
def test_pictures_agree_with_torch(spec: ConvSpec, size: tuple[int, ...]) -> None:
    check(spec, size)


@st.composite
def calls(draw: st.DrawFn) -> tuple[ConvSpec, tuple[int, ...]]:
    ndim = draw(st.integers(1, 2))
    groups = draw(st.integers(1, 2))
    per_axis = {
        name: draw(st.tuples(*[st.integers(low, high)] * ndim))
        for name, low, high in (("stride", 1, 3), ("padding", 0, 3), ("dilation", 1, 3))
    }
    extra = [draw(st.integers(0, max(s, d) - 1)) for s, d in zip(per_axis["stride"], per_axis["dilation"], strict=True)]
    spec = transposed(
        groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)),
        draw(st.tuples(*[st.integers(1, 3)] * ndim)), groups=groups, output_padding=extra, **per_axis,
    )  # fmt: skip
    return spec, draw(st.tuples(*[st.integers(1, 3)] * ndim))


@settings(max_examples=60)
@given(calls())
def test_pictures_agree_with_torch_for_any_small_call(call: tuple[ConvSpec, tuple[int, ...]]) -> None:
    spec, size = call
    assume(not isinstance(outcome(output_size, spec, size), Exception))  # type: ignore[arg-type]
    assume("shows at most" not in str(outcome(scenes.gather, spec, size)))  # type: ignore[arg-type]
    check(spec, size)


SCATTER = scenes.scatter(transposed(1, 1, (3,), stride=2, padding=1), 4)
GATHER = scenes.gather(transposed(1, 1, (3,), stride=2, padding=1), 4)
OVERLAP = scenes.overlap(transposed(1, 1, (3,), stride=2), 4)


@pytest.mark.parametrize(
    ("faults", "scene"),
    [
        pytest.param(scatter_faults, moved(SCATTER, role="read", step=1, columns=-1), id="scatter-another-input"),
        pytest.param(scatter_faults, moved(SCATTER, role="written", step=1, columns=-1), id="scatter-another-place"),
        pytest.param(scatter_faults, with_step(SCATTER, 1, changes=SCATTER.steps[0].changes), id="scatter-another-sum"),
        pytest.param(scatter_faults, replace(SCATTER, steps=SCATTER.steps[:-1]), id="scatter-a-step-too-few"),
        pytest.param(gather_faults, moved(GATHER, role="read", step=1, columns=-1), id="gather-another-window"),
        pytest.param(gather_faults, moved(GATHER, role="written", step=1, columns=-1), id="gather-another-place"),
        pytest.param(
            gather_faults, with_step(GATHER, 1, changes=(Change("output", 0, 1, 99),)), id="gather-another-sum"
        ),
        pytest.param(gather_faults, with_step(GATHER, 1, text="1*1 = 1"), id="gather-other-words"),
        pytest.param(
            overlap_faults, with_step(OVERLAP, 1, marks=(Mark("output", "written", ((0, 1),)),)), id="overlap-no-input"
        ),
        pytest.param(overlap_faults, with_step(OVERLAP, 1, text="5 of the 4"), id="overlap-other-words"),
    ],
)
def test_the_checks_notice_a_fault(faults: Callable[[Scene], list[str]], scene: Scene) -> None:
    assert faults(scene) != []


def test_what_padding_crops_is_in_the_picture() -> None:
    (grid,) = (grid for grid in SCATTER.grids if grid.name == "output")
    assert grid.kinds == ("c.......c",)
    assert grid.first == (0, -1)


def test_zeros_of_output_padding_behind_all_stamps_are_padding() -> None:
    scene = scenes.scatter(transposed(1, 1, (2,), stride=3, output_padding=2), 2)
    assert scene.grid("output").kinds == (".....pp",)
    assert SCATTER.grid("output").across == "L_out = 7, padding 1"


def test_a_negative_border_crops_the_input() -> None:
    scene = scenes.gather(transposed(1, 1, (2,), stride=2, padding=3), 5)
    assert scene.grid("input").kinds == ("cc.z.z.cc",)
    assert scene.grid("input").across == "L = 5, 1 zero between, cropped 2"


def test_the_words_of_each_picture() -> None:
    assert SCATTER.steps[0].text.splitlines()[1:] == ["added to output -1 to 1", "1 of the 3 products are cropped"]
    assert SCATTER.alt.startswith("Each element of an input of 4 elements stamps a kernel of 3")
    assert GATHER.alt.startswith("Flipped, a kernel of 3 slides with stride 1 over an input of 4 elements with 1 zero")
    assert "from 1 to 2 stamps land on each of its 9 elements" in OVERLAP.alt


SPEC = transposed(2, 1, (3,))
SHOWN_BY = "needs spec.transposed=True; a convolution is shown by sliding_window"
REFUSED = [
    pytest.param(lambda: scenes.scatter(ConvSpec(1, 1, (3,)), 5), f"scatter {SHOWN_BY}", id="scatter-of-a-convolution"),
    pytest.param(lambda: scenes.gather(ConvSpec(1, 1, (3,)), 5), f"gather {SHOWN_BY}", id="gather-of-a-convolution"),
    pytest.param(lambda: scenes.overlap(ConvSpec(1, 1, (3,)), 5), f"overlap {SHOWN_BY}", id="overlap-of-a-convolution"),
    pytest.param(
        lambda: scenes.scatter(SPEC, torch.zeros(1, 4)),
        "input must have shape (C_in, L) with C_in=2, nowhere 0, but has shape (1, 4)",
        id="channels-missing",
    ),
    pytest.param(
        lambda: scenes.gather(SPEC, 4, torch.zeros(1, 1, 3)),
        "weight must have shape (2, 1, 3), but has shape (1, 1, 3)",
        id="weight-of-another-shape",
    ),
    pytest.param(
        lambda: scenes.scatter(SPEC, (2, 2)),
        "input must be an int or have one int for the spatial axis, but input=(2, 2)",
        id="a-size-too-many",
    ),
    pytest.param(
        lambda: scenes.overlap(SPEC, 2.5),  # type: ignore[arg-type]
        "input_size must be an int, but input_size=2.5 is a float",
        id="a-float",
    ),
    pytest.param(
        lambda: scenes.gather(transposed(1, 1, (1,), padding=3), 5),
        "the output must have at least 1 element, but on spatial axis 0 input_size=5, stride=1, padding=3, "
        "a kernel that spans 1 and output_padding=0 make -1",
        id="nothing-left",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_refused_with_these_words(call: Callable[[], Scene], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"\A{re.escape(message)}\Z"):
        call()


@pytest.mark.parametrize("size", [100, 10**9])
@pytest.mark.parametrize("picture", [scenes.scatter, scenes.gather, scenes.overlap])
def test_too_much_to_read_is_refused(picture: Callable[..., Scene], size: int) -> None:
    with pytest.raises(ValueError, match=rf"\A{picture.__name__} shows at most "):
        picture(transposed(1, 1, (3, 3)), size)


@pytest.mark.parametrize("picture", [scenes.scatter, scenes.gather, scenes.overlap])
def test_a_scene_is_the_same_each_time_and_survives_json(picture: Callable[..., Scene], meta_device: None) -> None:
    before = torch.random.get_rng_state()
    scene = picture(transposed(2, 2, (2, 2), stride=2, padding=1, output_padding=1, groups=2), 3)
    assert picture(transposed(2, 2, (2, 2), stride=2, padding=1, output_padding=1, groups=2), 3) == scene
    assert Scene.from_json(scene.to_json()) == scene
    assert bool((torch.random.get_rng_state() == before).all())
