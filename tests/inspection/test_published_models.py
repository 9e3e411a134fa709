"""The networks of `published_models` are those that the numbers were printed for: measured without convlab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pytest
import torch
from published_models import CLASSIFIERS, FIELDS, ODD_FIELDS, Published
from published_networks import ScaledResidual
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

ROWS = (*FIELDS, *ODD_FIELDS)
every_network = pytest.mark.parametrize("published", [*CLASSIFIERS, *ROWS], ids=str)
every_row = pytest.mark.parametrize("published", ROWS, ids=str)


class Run(NamedTuple):
    """A run on tensors without memory; `num_outputs` are the elements that came out of each module, by its name."""

    model: nn.Module
    output_shape: tuple[int, ...]
    flops: int
    num_outputs: dict[str, int]


@cache
def run(published: Published) -> Run:
    with torch.device("meta"):
        model, input = published.make().eval(), torch.empty(published.input_shape)
    num_outputs: dict[str, int] = {}
    for name, module in model.named_modules():
        module.register_forward_hook(
            lambda _module, _args, output, name=name: num_outputs.update({name: output.numel()})
        )
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        output = model(input)
    return Run(model, tuple(output.shape), counter.get_total_flops(), num_outputs)


def by_name(networks: Sequence[Published], name: str) -> Published:
    return next(published for published in networks if published.name == name)


def rounded(number: int, printed: str) -> str:
    """The number to as many decimals as were printed, and in the same unit."""
    digits, _, unit = printed.partition(" ")
    decimals = len(digits.partition(".")[2])
    return f"{number / {'': 1, 'M': 1e6, 'G': 1e9}[unit]:.{decimals}f} {unit}".strip()


@every_network
def test_parameters_are_the_published_ones(published: Published) -> None:
    assert sum(parameter.numel() for parameter in run(published).model.parameters()) == published.num_params


@every_network
def test_macs_are_half_the_flops_that_torch_counts(published: Published) -> None:
    assert 2 * published.num_macs == run(published).flops


@pytest.mark.parametrize("published", CLASSIFIERS, ids=str)
def test_macs_are_the_published_ones_to_the_printed_digits(published: Published) -> None:
    assert rounded(published.num_macs, published.printed_macs) == published.printed_macs


@every_network
def test_the_output_has_the_shape_it_should_have(published: Published) -> None:
    assert run(published).output_shape == published.output_shape


@pytest.mark.parametrize(("name", "millions"), [("mobilenet", "4.2 M"), ("mobilenet_075", "2.6 M")])
def test_mobilenet_has_the_parameters_of_its_paper(name: str, millions: str) -> None:
    """Table 6 again; the exact numbers are not in the paper."""
    assert rounded(by_name(CLASSIFIERS, name).num_params, millions) == millions


@pytest.mark.parametrize(
    ("name", "num_variables", "per_normed_channel"),
    [
        ("vgg_16", 14_714_688, 0),
        ("inception_v2", 10_173_112, 3),
        ("resnet_v1_101", 42_605_504, 4),
        ("inception_v3", 21_802_784, 3),
        ("inception_resnet_v2", 54_336_736, 3),
        ("mobilenet_v1", 3_217_920, 3),
    ],
)
def test_variables_are_as_many_as_tensorflow_counted(name: str, num_variables: int, per_normed_channel: int) -> None:
    """Huang and others, "Speed/accuracy trade-offs for modern convolutional object detectors", 2017, table 2.

    MobileNet's is not theirs but that of TF-Slim's own test, mobilenet_v1_test.py. TensorFlow counts the two running
    averages of a batch norm as well, and TF-Slim's Inception and MobileNet shift but do not scale in it.
    """
    model = run(by_name(FIELDS, name)).model
    normed = sum(module.num_features for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    num_params = sum(parameter.numel() for parameter in model.parameters())
    assert num_params + (per_normed_channel - 2) * normed == num_variables


def tf_flops(published: Published) -> int:
    """What TensorFlow's profiler counts.

    Two for a multiply-accumulate, one for every element that gets a bias, the size of the window for every element of a
    pool, and in Inception-ResNet one for every element of a sum. The ResNets were built with batch norms and the others
    without, and nothing is counted of a batch norm or of a sum in a ResNet.
    """
    model, _, flops, num_outputs = run(published)
    resnet = published.name.startswith("resnet")
    for name, module in model.named_modules():
        if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
            kernel = module.kernel_size
            flops += num_outputs[name] * (kernel[0] * kernel[1] if isinstance(kernel, tuple) else kernel**2)
        separable = isinstance(module, nn.Conv2d) and module.out_channels > module.groups > 1
        if isinstance(module, nn.Conv2d | ScaledResidual) and not resnet and not separable:
            flops += num_outputs[name]
    return flops


@every_row
def test_tensorflows_profiler_would_print_the_same_flops(published: Published) -> None:
    assert rounded(tf_flops(published), f"{published.tf_flops} G") == f"{published.tf_flops} G"


# --- Receptive fields, by gradients -----------------------------------------------------------------------------------


def thin(published: Published) -> nn.Sequential:
    """The network with a few channels and positive weights, and averages for maxima: no path is lost, none cancels."""
    model = published.make(width=1 / 64).double().eval()
    for parameter in model.parameters():
        nn.init.constant_(parameter, 1 / parameter[0].numel())
    for parent in list(model.modules()):
        for name, pool in parent.named_children():
            if isinstance(pool, nn.MaxPool2d):
                setattr(
                    parent, name, nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding, ceil_mode=pool.ceil_mode)
                )
    assert isinstance(model, nn.Sequential)
    return model


def seen(output: Tensor, input: Tensor, axis: int, index: int) -> tuple[int, int]:
    """The first and the last index along the axis of the input that the outputs of this index see."""
    (gradient,) = torch.autograd.grad(output.select(axis, index).sum(), input, retain_graph=True)
    visible = gradient.sum([other for other in range(4) if other != axis]).nonzero().flatten()
    first, last = int(visible[0]), int(visible[-1])
    assert first > 0, "the start of the input is in view"
    assert last < input.shape[axis] - 1, "the end of the input is in view"
    return first, last


def measured(output: Tensor, input: Tensor, axis: int, index: int) -> tuple[int, int, int]:
    """Size, jump and padding of the receptive field, from the outputs of this index and the next."""
    (first, last), (next_first, _) = (seen(output, input, axis, i) for i in (index, index + 1))
    jump = next_first - first
    return last - first + 1, jump, index * jump - first


HEIGHT, WIDTH = 2, 3
# The other rows have nothing but square kernels, strides and paddings.
WITH_LONG_KERNELS = ("inception_v3", "inception_v4", "inception_resnet_v2")


@pytest.mark.parametrize(
    ("published", "axis"),
    [
        *[pytest.param(published, WIDTH, id=f"{published}-width") for published in ROWS],
        *[pytest.param(by_name(FIELDS, name), HEIGHT, id=f"{name}-height") for name in WITH_LONG_KERNELS],
    ],
)
def test_receptive_fields_are_the_published_ones(published: Published, axis: int) -> None:
    """After the network and after every end point in print; along its other axis the input may be short."""
    field = published.receptive_field, published.jump, published.padding
    size, jump, padding = (number or 0 for number in field)
    end_points = dict(published.end_points)
    model = thin(published)
    last_child = [name for name, _ in model.named_children()][-1]
    assert end_points.setdefault(last_child, (size, jump, padding)) == field

    remainder = published.input_shape[-1] % 32
    length = -(-(size + 3 * jump) // 32) * 32 + remainder
    shape = [1, 3, 96 + remainder, 96 + remainder]
    shape[axis] = length
    input = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    x: Tensor = input
    for name, child in model.named_children():
        x = child(x)
        if name in end_points:
            _, jump, padding = end_points[name]
            assert measured(x, input, axis, padding // jump + 1) == end_points[name], name
