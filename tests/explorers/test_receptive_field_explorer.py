"""The explorer of receptive fields: a picture where torch runs the stack, and fields as torch's gradients show them."""

from __future__ import annotations

import itertools
import re

import pytest
import torch
from torch import nn

from convlab.arithmetic import ConvSpec
from convlab.explorers import Explorer, receptive_field
from convlab.explorers.layer_stack import KINDS, MOST_LAYERS, Layer, LayerStack
from convlab.explorers.presets import OWN
from convlab.explorers.receptive_field import STACKS

MODULES: dict[int, dict[str, type[nn.Module]]] = {
    1: {"conv": nn.Conv1d, "max_pool": nn.MaxPool1d},
    2: {"conv": nn.Conv2d, "max_pool": nn.MaxPool2d},
}


def module(layer: Layer, ndim: int, *, as_conv: bool = False) -> nn.Module:
    """The layer in torch; as a convolution of ones, gradients show all that it reads."""
    numbers = {name: getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    if layer.kind == "max_pool" and not as_conv:
        return MODULES[ndim]["max_pool"](**numbers)
    conv = MODULES[ndim]["conv"](1, 1, bias=False, dtype=torch.float64, **numbers)
    for weight in conv.parameters():
        nn.init.ones_(weight)
    return conv


def num_outputs(layers: tuple[Layer, ...], ndim: int, input_size: int) -> int | None:
    """Elements along each axis of torch's output; None where torch refuses the stack."""
    try:
        stack = nn.Sequential(*(module(layer, ndim) for layer in layers))
        found: torch.Tensor = stack(torch.zeros(1, 1, *[input_size] * ndim, dtype=torch.float64))
    except RuntimeError:
        return None
    return found.shape[-1]


def faults(explorer: Explorer) -> list[str]:
    """Where the explorer and torch disagree, at these settings."""
    values = explorer.values()
    outputs = num_outputs(values["layers"], values["ndim"], values["input_size"])
    if outputs is None:
        one_sentence = explorer.scene is None and explorer.message and "\n" not in explorer.message
        return [] if one_sentence else [f"torch refuses {values}, the explorer says {explorer.message!r}"]
    if explorer.scene is None:
        return [f"torch runs {values}, the explorer says {explorer.message!r}"]
    steps = len(explorer.scene.steps)
    return [] if steps == outputs ** values["ndim"] else [f"torch makes {outputs} outputs, the explorer {steps} steps"]


def read_by_gradients(layers: tuple[Layer, ...], ndim: int, input_size: int) -> int:
    """How many inputs the output in the middle reads."""
    x = torch.ones(1, 1, *[input_size] * ndim, dtype=torch.float64, requires_grad=True)
    y = nn.Sequential(*(module(layer, ndim, as_conv=True) for layer in layers))(x)
    (gradient,) = torch.autograd.grad(y[(0, 0, *[y.shape[-1] // 2] * ndim)], x)
    return int(gradient.count_nonzero())


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_or_a_reason_at_the_extremes_of_every_control(kind: str, ndim: int) -> None:
    explorer = receptive_field(ndim=ndim)  # type: ignore[arg-type]
    inputs, kernels, strides = (1, 9), (1, 2, 7), (1, 4)
    for size, k, stride, padding, dilation in itertools.product(inputs, kernels, strides, (0, 1, 8), (1, 8)):
        explorer.set(input_size=size, layers=(Layer(kind, k, stride, padding, dilation),))
        assert faults(explorer) == []
    explorer.set(input_size=11, layers=(Layer(kind, 3),) * MOST_LAYERS)
    assert faults(explorer) == []


def test_a_wrong_picture_or_a_wrong_refusal_is_found() -> None:
    other = receptive_field(input_size=30).scene
    assert other is not None
    assert "torch makes 18 outputs" in faults(Explorer("stale", receptive_field().controls, lambda **values: other))[0]
    explorer = receptive_field([Layer("max_pool", 2, padding=2)])
    assert faults(explorer) == []
    explorer.view.message = ""
    assert "torch refuses" in faults(explorer)[0]
    explorer.set(layers=(Layer("max_pool", 2, padding=1),))
    assert faults(explorer) == []
    assert read_by_gradients((Layer("conv", 3, dilation=2),), 1, 9) == 3


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("name", STACKS)
def test_the_stacks_read_what_gradients_say(name: str, ndim: int) -> None:
    explorer = receptive_field(ndim=ndim)  # type: ignore[arg-type]
    explorer.set(ndim=3 - ndim)
    explorer.set(ndim=ndim)
    explorer.set(stack=name)
    values = explorer.values()
    assert values["stack"] == name
    assert faults(explorer) == []
    found = re.search(r"read: (?:all )?(\d+) ", explorer.text)
    assert found
    assert int(found[1]) == read_by_gradients(STACKS[name], ndim, values["input_size"])


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        pytest.param(
            STACKS["gridding: dilation 2, 2, 2"], "size 13, jump 1, start 0\nread: 7 of the 13", id="gridding"
        ),
        pytest.param(STACKS["its cure (HDC): dilation 1, 2, 5"], "size 17, jump 1, start 0\nread: all 17", id="cured"),
        pytest.param(STACKS["pooling"], "size 10, jump 4, start 0\nread: all 10", id="pooling makes jumps"),
        pytest.param(
            [nn.Conv1d(1, 1, 3, padding=1), nn.MaxPool1d(2)], "size 4, jump 2, start -1", id="modules of torch"
        ),
        pytest.param([Layer("conv", 7, padding=3)], "size 7, jump 1, start -3\nread: all 7 ", id="padding"),
        pytest.param(
            [Layer("conv", 3, padding=4, dilation=4)] * 2,
            "size 17, jump 1, start -8\nread: 5 of the 17",
            id="padding and gridding",
        ),
        pytest.param([ConvSpec(1, 1, (5,), dilation=2)], "size 9, jump 1, start 0\nread: 5 of the 9", id="a spec"),
    ],
)
def test_the_lines_below(layers: list[object], text: str) -> None:
    assert receptive_field(layers).text.startswith(f"receptive field: {text}")


@pytest.mark.parametrize("ndim", [1, 2])
def test_padding_is_no_hole(ndim: int) -> None:
    """Where every output sees some of the padding, a field without holes is still read whole."""
    explorer = receptive_field([Layer("conv", 5, padding=2)] * 2, ndim=ndim, input_size=4)  # type: ignore[arg-type]
    assert explorer.text.endswith(f"read: all {9**ndim} inputs inside")


def test_the_reader_builds_a_stack() -> None:
    explorer = receptive_field([Layer("conv", 3)])
    stack = explorer.controls["layers"]
    assert explorer.values()["stack"] == OWN
    stack.add()
    stack.add()
    assert explorer.values()["stack"] == "three 3-kernels"
    stack.rows[1]["dilation"].value = 4
    assert explorer.values()["stack"] == OWN
    assert "size 13" in explorer.text
    stack.remove()
    assert "size 11" in explorer.text
    for _ in range(9):
        stack.remove()
    assert len(stack.value) == 1
    for _ in range(9):
        stack.add()
    assert len(stack.value) == MOST_LAYERS
    stack.rows[4]["kind"].value = "max_pool"
    assert stack.value[4].kind == "max_pool"
    assert explorer.message == ""


def test_the_reasons() -> None:
    explorer = receptive_field([Layer("conv", 3, dilation=8)], input_size=16)
    assert explorer.message.startswith("the kernel must fit into the padded input, but on spatial axis 0 input_size=16")
    explorer.set(layers=(Layer("conv", 3), Layer("max_pool", 2, padding=2)))
    assert explorer.message == (
        "the padding of a pooling must be at most half of what its window spans, but layer 2 has padding=2 and a "
        "window that spans 2"
    )
    explorer.set(layers=(Layer("conv", 3), Layer("max_pool", 2, padding=1)))
    assert explorer.message == ""


def test_the_input_is_as_large_as_the_field_needs() -> None:
    for ndim, size in ((1, 24), (2, 9)):
        explorer = receptive_field(ndim=ndim)  # type: ignore[arg-type]
        assert explorer.values()["input_size"] == size
        assert explorer.message == ""
    with pytest.raises(ValueError, match="ndim must be 1 or 2, but ndim=3"):
        receptive_field(ndim=3)  # type: ignore[arg-type]


def test_each_field_has_a_label_of_its_own() -> None:
    stack = LayerStack([Layer("conv", 3)])
    labels = [field.description for row in stack.rows for field in row.values()]
    assert len(set(labels)) == len(labels) == 5 * MOST_LAYERS
    assert labels[6] == "layer 2, kernel_size"


@pytest.mark.parametrize(
    ("layers", "error", "sentence"),
    [
        pytest.param([], ValueError, "a stack must have 1 to 5 layers, but it has 0", id="none"),
        pytest.param([Layer("conv", 3)] * 6, ValueError, "but it has 6", id="too many"),
        pytest.param([Layer("conv", 8)], ValueError, "kernel_size must be from 1 to 7", id="too large a kernel"),
        pytest.param([Layer("mean", 3)], ValueError, "kind must be one of conv, max_pool", id="an unknown kind"),
        pytest.param([nn.ReLU()], TypeError, "must have a kernel_size, but ReLU() has none", id="no window"),
        pytest.param([nn.Conv2d(1, 1, (3, 5))], ValueError, "kernel_size must be one int for all axes", id="oblong"),
        pytest.param([nn.Conv1d(1, 1, 3, padding="same")], ValueError, "but padding='same'", id="a word"),
        pytest.param([nn.ConvTranspose1d(1, 1, 3)], ValueError, "must have transposed=False", id="transposed"),
        pytest.param([nn.MaxPool1d(2, ceil_mode=True)], ValueError, "must have ceil_mode=False", id="rounded up"),
        pytest.param(
            [nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")], ValueError, "padding_mode='zeros'", id="no zeros"
        ),
        pytest.param(
            [Layer("conv", "3")],  # type: ignore[arg-type]
            ValueError,
            "layer 1 has kernel_size='3'",
            id="a word as a number",
        ),
    ],
)
def test_refused(layers: list[object], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        receptive_field(layers)
    assert sentence in str(caught.value)


def test_a_refused_stack_leaves_all_as_it_was() -> None:
    explorer = receptive_field()
    before = explorer.values()
    for layers in ((), (Layer("conv", 99),), (1, 2)):
        with pytest.raises((TypeError, ValueError), match="layer"):
            explorer.set(input_size=7, layers=layers)
        assert explorer.values() == before
        assert explorer.message == ""


def test_the_buttons_add_a_layer_like_the_last_and_rest_at_the_ends() -> None:
    stack = LayerStack([Layer("conv", 3), Layer("max_pool", 2, stride=2)])
    more, fewer = stack.children[1].children
    assert (more.disabled, fewer.disabled) == (False, False)
    more.click()
    assert stack.value[1:] == (Layer("max_pool", 2, stride=2),) * 2
    for _ in range(2):
        more.click()
    assert (len(stack.value), more.disabled, fewer.disabled) == (5, True, False)
    for _ in range(4):
        fewer.click()
    assert (stack.value, more.disabled, fewer.disabled) == ((Layer("conv", 3),), False, True)
