"""The shapes on which `tests/benchmarks/conv_auto.py` measures: enough of each kind, all of them possible."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest
import torch
from conv_shapes import FAMILIES, MOST, NARROW, SHAPES, Shape, depthwise, drawn, shape

from convlab.arithmetic import ConvSpec, num_macs, output_size

WANTED = (
    *("LeNet", "AlexNet", "VGG", "ResNet", "MobileNet", "EfficientNet", "ConvNeXt", "RepLKNet", "Inception", "WaveNet"),
    *("TCN", "FIR", "EEG and ECG", "speech", "C3D", "R(2+1)D", "MRI", "dilated", "ResNeXt", "blur", "Gabor"),
    "depth multiplier",
)
DRAWN = drawn(1, 100)


def faults_of(each: Shape) -> list[str]:
    """What is wrong with a shape, in words."""
    faults = []
    again = ConvSpec(**{name: getattr(each.spec, name) for name in each.spec.__dataclass_fields__})
    if again != each.spec:
        faults.append("ConvSpec reads it otherwise")
    if len(each.sizes) != each.spec.ndim or min(output_size(each.spec, each.sizes)) < 1:
        faults.append("the sizes do not fit")
    if not each.family or not each.layer:
        faults.append("nobody knows where it comes from")
    if each.spec.padding_mode != "zeros" or isinstance(each.spec.padding, str) or each.spec.transposed:
        faults.append("F.conv does not take it as it is")
    most = 3e8 if each.dtype not in NARROW else 8e7
    if each.spec.out_channels == 1 and num_macs(each.spec, each.sizes, batch_size=each.batch) > most:
        faults.append("it takes torch too long")
    return faults


def test_the_list_is_long_and_has_every_family() -> None:
    assert len(SHAPES) >= 60
    assert set(FAMILIES) == set(WANTED)
    assert len({each[2:] for each in SHAPES}) == len(SHAPES), "a shape is there twice"


@pytest.mark.parametrize("each", SHAPES, ids=lambda each: f"{each.family}: {each.layer}, {each.dtype}")
def test_a_shape_of_the_list_is_sound(each: Shape) -> None:
    assert not faults_of(each)


@pytest.mark.parametrize(
    ("has", "least"),
    [
        pytest.param(lambda each: each.dtype == torch.float64, 10, id="float64"),
        pytest.param(lambda each: each.dtype == torch.float16, 2, id="float16"),
        pytest.param(lambda each: each.dtype == torch.bfloat16, 2, id="bfloat16"),
        pytest.param(lambda each: each.spec.ndim == 1, 15, id="1D"),
        pytest.param(lambda each: each.spec.ndim == 3, 8, id="3D"),
        pytest.param(lambda each: each.batch >= 8, 10, id="batches"),
        pytest.param(lambda each: each.spec.groups == each.spec.in_channels > 1, 15, id="depthwise"),
        pytest.param(lambda each: max(each.spec.stride) > 1, 8, id="strides"),
        pytest.param(lambda each: max(each.spec.dilation) > 1, 6, id="dilations"),
        pytest.param(lambda each: each.spec.bias, 10, id="biases"),
        pytest.param(lambda each: max(each.spec.kernel_size) >= 512, 6, id="kernels of 512 and more"),
    ],
)
@pytest.mark.parametrize("shapes", [pytest.param(SHAPES, id="list"), pytest.param(drawn(3, 300), id="random")])
def test_each_kind_is_there(shapes: Sequence[Shape], has: Callable[[Shape], bool], least: int) -> None:
    assert sum(map(has, shapes)) >= (least if shapes is SHAPES else 1)


def test_random_shapes_are_sound_new_and_the_same_again() -> None:
    assert drawn(1, 100) == DRAWN != drawn(2, 100)
    assert not {each[2:] for each in DRAWN} & {each[2:] for each in SHAPES}
    assert len({each[2:] for each in DRAWN}) == len(DRAWN)
    for each in DRAWN:
        assert min(output_size(each.spec, each.sizes)) >= 1
        assert max(each.spec.kernel_size) <= MOST[each.spec.ndim][0]
        assert max(each.sizes) <= MOST[each.spec.ndim][1]


def test_a_shape_reads_as_what_it_is() -> None:
    made = depthwise("a", "b", 4, (3, 5), (8, 9), stride=2, dilation=(1, 2), bias=True)
    assert str(made) == "1x4x8x9 * 4x1x3x5 s2 p1,2 d1,2 g4 bias"


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        pytest.param({"channels": (3, 4), "groups": 2}, ValueError, "groups must divide", id="groups"),
        pytest.param({"sizes": (4,)}, ValueError, "one int per spatial axis", id="one axis too few"),
        pytest.param({"sizes": (2, 9)}, ValueError, "the kernel must fit", id="a kernel larger than the input"),
        pytest.param({"batch": 0}, ValueError, "batch=0", id="an empty batch"),
        pytest.param({"dtype": torch.int64}, ValueError, "torch.int64", id="integers"),
        pytest.param({"strides": 2}, TypeError, "strides", id="a misspelt option"),
        pytest.param({"padding": -1}, ValueError, "padding", id="negative padding"),
    ],
)
def test_a_wrong_shape_is_refused(wrong: dict[str, object], error: type[Exception], words: str) -> None:
    right = {"channels": (4, 4), "kernel": (3, 3), "sizes": (9, 9)}
    shape("a", "b", **right)  # type: ignore[arg-type]
    with pytest.raises(error, match=re.escape(words)):
        shape("a", "b", **{**right, **wrong})  # type: ignore[arg-type]


def test_a_shape_that_does_not_fit_is_a_fault() -> None:
    assert faults_of(SHAPES[0]._replace(sizes=(32,)))
    assert faults_of(SHAPES[0]._replace(layer=""))
    assert faults_of(shape("a", "b", (1, 1), (63, 63), (1024, 1024)))


def test_no_random_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="count=0"):
        drawn(1, 0)
