"""Receptive fields are those that a single NaN in the input shows, and those that gradients show."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection import trace

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")


class Network(nn.Module):
    """Some layers, and what a forward makes of them."""

    def __init__(self, forward: Callable[..., Any], **layers: Any) -> None:
        super().__init__()
        self.made_of = forward
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, *inputs: Tensor) -> Any:
        return self.made_of(self, *inputs)


def chain(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers)


def conv(*args: Any, **options: Any) -> nn.Module:
    """One channel, one axis."""
    return nn.Conv1d(1, 1, *args, **options)


def conv2(before: int, after: int, kernel_size: int) -> nn.Module:
    """Two axes, size kept."""
    return nn.Conv2d(before, after, kernel_size, padding="same")


def shift_windows(net: Any, x: Tensor) -> Tensor:
    """Attention inside windows of 2 x 2 patches, as in a Swin transformer."""
    x = net.patches(x)
    n, c, h, w = x.shape
    x = x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, c)
    x = x + F.scaled_dot_product_attention(x, x, x)
    x = x.view(n, h // 2, w // 2, 2, 2, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)
    out: Tensor = net.out(x)
    return out


def unet(net: Any, x: Tensor) -> Tensor:
    skip = net.encode(x)
    up = net.up(net.deep(F.max_pool2d(skip, 2)))
    out: Tensor = net.out(torch.cat([up, skip], 1))
    return out


def space_to_depth(net: Any, x: Tensor) -> Any:
    quarters = [x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return net.conv(torch.cat(quarters, 1))


class Case(NamedTuple):
    model: nn.Module
    shape: tuple[int, ...]
    size: tuple[int, ...]
    jump: tuple[Any, ...]
    start: tuple[int, ...]


HALF = Fraction(1, 2)
CASES = {
    # the list that other tools were measured on
    "a chain": Case(
        chain(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5, padding=2)),
        (1, 3, 32, 32),
        (12, 12),
        (2, 2),
        (-4, -4),
    ),
    "dilated": Case(chain(conv(3), conv(3, dilation=2), conv(3, dilation=4)), (1, 1, 40), (15,), (1,), (0,)),
    "asymmetric": Case(nn.Conv2d(1, 2, (3, 5), (2, 1), (1, 0), (1, 2)), (1, 1, 33, 40), (3, 9), (2, 1), (-1, 0)),
    "one axis": Case(chain(conv(4, padding="same"), nn.AvgPool1d(2), conv(2)), (1, 1, 30), (7,), (2,), (-1,)),
    "three axes": Case(
        chain(nn.Conv3d(1, 2, (1, 3, 3), padding=(0, 1, 1)), nn.MaxPool3d((1, 2, 2)), nn.Conv3d(2, 2, 3)),
        (1, 1, 6, 20, 20),
        (3, 8, 8),
        (1, 2, 2),
        (0, -1, -1),
    ),
    "inception branches": Case(
        Network(
            lambda net, x: torch.cat([net.a(x), net.b(x), net.c(x), F.max_pool2d(x, 3, 1, 1)], 1),
            a=conv2(2, 2, 1),
            b=conv2(2, 2, 3),
            c=conv2(2, 2, 11),
        ),
        (1, 2, 30, 30),
        (11, 11),
        (1, 1),
        (-5, -5),
    ),
    "a residual with a strided shortcut": Case(
        Network(
            lambda net, x: net.a(x) + net.b(x),
            a=chain(conv2(2, 2, 3), nn.Conv2d(2, 2, 3, 2, 1), conv2(2, 2, 5)),
            b=nn.Conv2d(2, 2, 1, 2),
        ),
        (1, 2, 40, 40),
        (13, 13),
        (2, 2),
        (-6, -6),
    ),
    "stride, then transposed": Case(
        chain(conv(3, stride=2), nn.ConvTranspose1d(1, 1, 4, stride=2)), (1, 1, 40), (5,), (1,), (-2,)
    ),
    "functions": Case(
        Network(lambda net, x: F.avg_pool2d(F.conv2d(x, net.w, padding=1), 2), w=nn.Parameter(torch.rand(2, 2, 3, 3))),
        (1, 2, 20, 20),
        (4, 4),
        (2, 2),
        (-1, -1),
    ),
    "a layer used three times": Case(
        Network(lambda net, x: net.c(net.c(net.c(x))), c=nn.Conv2d(2, 2, 3)), (1, 2, 20, 20), (7, 7), (1, 1), (0, 0)
    ),
    "upsampling between convolutions": Case(
        chain(conv2(1, 1, 3), nn.Upsample(scale_factor=2), conv2(1, 1, 3)),
        (1, 1, 16, 16),
        (4, 4),
        (HALF, HALF),
        (-2, -2),
    ),
    "average pooling with batch norm": Case(
        chain(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1), nn.AvgPool2d(2), nn.ReLU(), nn.Conv2d(1, 1, 3)),
        (1, 1, 30, 30),
        (8, 8),
        (2, 2),
        (0, 0),
    ),
    # windows
    "gaps between the windows": Case(conv(2, stride=3), (1, 1, 30), (2,), (3,), (0,)),
    "rounded up": Case(
        chain(nn.Conv2d(1, 1, 3, 2), nn.MaxPool2d(3, 2, ceil_mode=True)), (1, 1, 40, 40), (7, 7), (4, 4), (0, 0)
    ),
    "a dilated maximum": Case(nn.MaxPool2d(3, 1, dilation=2), (1, 1, 24, 24), (5, 5), (1, 1), (0, 0)),
    "groups of channels": Case(
        chain(nn.Conv2d(4, 8, 3, groups=4), nn.ChannelShuffle(2), nn.Conv2d(8, 8, 3, groups=2)),
        (1, 4, 20, 20),
        (5, 5),
        (1, 1),
        (0, 0),
    ),
    "unbatched": Case(chain(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)), (1, 20, 20), (4, 4), (2, 2), (0, 0)),
    "an adaptive pool": Case(chain(conv2(1, 1, 3), nn.AdaptiveAvgPool2d(6)), (1, 1, 24, 24), (6, 6), (4, 4), (-1, -1)),
    "an adaptive maximum": Case(
        chain(conv2(1, 1, 3), nn.AdaptiveMaxPool2d(6)), (1, 1, 24, 24), (6, 6), (4, 4), (-1, -1)
    ),
    "padding with a mode": Case(conv(5, padding=2, padding_mode="reflect"), (1, 1, 24), (5,), (1,), (-2,)),
    "a maximum over windows": Case(
        Network(lambda net, x: net.c(x).unflatten(2, (11, 2)).max(3).values, c=conv(3)), (1, 1, 24), (4,), (2,), (0,)
    ),
    "a convolution as large as the map": Case(
        chain(nn.Conv2d(1, 2, 5), nn.MaxPool2d(2), nn.Conv2d(2, 4, 14)), (1, 1, 32, 32), (32, 32), (2, 2), (0, 0)
    ),
    # padding
    "padding on one side": Case(
        Network(lambda net, x: net.c(F.pad(x, (4, 0))), c=conv(3, dilation=2)), (1, 1, 24), (5,), (1,), (-4,)
    ),
    "a crop": Case(Network(lambda net, x: net.c(F.pad(x, (-3, -1))), c=conv(3)), (1, 1, 24), (3,), (1,), (3,)),
    "zeros put in front": Case(
        Network(lambda net, x: net.c(torch.cat([x.new_zeros(1, 1, 2), x], 2)), c=conv(3)), (1, 1, 24), (3,), (1,), (-2,)
    ),
    # resampling
    "bilinear upsampling": Case(
        chain(conv2(1, 1, 3), nn.Upsample(scale_factor=2, mode="bilinear"), conv2(1, 1, 3)),
        (1, 1, 20, 20),
        (5, 5),
        (HALF, HALF),
        (-2, -2),
    ),
    "linear upsampling by 1.5": Case(
        chain(nn.Upsample(scale_factor=1.5, mode="linear"), conv(3)), (1, 1, 40), (4,), (Fraction(2, 3),), (-1,)
    ),
    "upsampling from corner to corner": Case(
        chain(nn.Upsample(41, mode="linear", align_corners=True), conv(3)), (1, 1, 21), (3,), (HALF,), (0,)
    ),
    "bicubic upsampling": Case(
        chain(conv2(1, 1, 3), nn.Upsample(scale_factor=2, mode="bicubic")),
        (1, 1, 20, 20),
        (6, 6),
        (HALF, HALF),
        (-3, -3),
    ),
    "down by four, up by four": Case(
        chain(conv2(1, 1, 1), nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, 2, 1), nn.Upsample(scale_factor=4)),
        (1, 1, 32, 32),
        (7, 7),
        (1, 1),
        (-3, -3),
    ),
    "elements repeated": Case(
        Network(lambda net, x: net.c(x.repeat_interleave(2, -1)), c=conv(3)), (1, 1, 20), (2,), (HALF,), (0,)
    ),
    "channels become pixels": Case(
        chain(conv2(1, 4, 3), nn.PixelShuffle(2), conv2(1, 1, 3)), (1, 1, 16, 16), (4, 4), (HALF, HALF), (-2, -2)
    ),
    "pixels become channels": Case(
        chain(nn.PixelUnshuffle(2), conv2(4, 4, 3)), (1, 1, 32, 32), (6, 6), (2, 2), (-2, -2)
    ),
    "every other pixel": Case(Network(space_to_depth, conv=conv2(4, 4, 3)), (1, 1, 32, 32), (6, 6), (2, 2), (-2, -2)),
    # layouts
    "a U-Net": Case(
        Network(
            unet, encode=conv2(1, 2, 3), deep=conv2(2, 4, 3), up=nn.ConvTranspose2d(4, 2, 2, 2), out=conv2(4, 1, 3)
        ),
        (1, 1, 32, 32),
        (10, 10),
        (1, 1),
        (-5, -5),
    ),
    "features last": Case(
        Network(lambda net, x: net.c(x.transpose(1, 2)).transpose(1, 2), c=nn.Conv1d(5, 5, 3)),
        (1, 20, 5),
        (3,),
        (1,),
        (0,),
    ),
    "frames in the batch": Case(
        Network(lambda net, x: net.c(x.flatten(0, 1)).unflatten(0, (2, 3)), c=nn.Conv2d(1, 2, 3)),
        (2, 3, 1, 20, 20),
        (3, 3),
        (1, 1),
        (0, 0),
    ),
    "attention inside windows": Case(
        Network(shift_windows, patches=nn.Conv2d(3, 4, 4, 4), out=nn.Conv2d(4, 4, 3)),
        (1, 3, 32, 32),
        (16, 16),
        (4, 4),
        (0, 0),
    ),
    "products over the channels": Case(
        Network(
            lambda net, x: torch.einsum("nchw,dc->ndhw", net.c(x), net.w),
            c=nn.Conv2d(1, 2, 3),
            w=nn.Parameter(torch.rand(3, 2)),
        ),
        (1, 1, 20, 20),
        (3, 3),
        (1, 1),
        (0, 0),
    ),
    "a weight that is computed": Case(
        Network(lambda net, x: F.conv2d(x, net.w - net.w.mean()), w=nn.Parameter(torch.rand(2, 1, 3, 3))),
        (1, 1, 20, 20),
        (3, 3),
        (1, 1),
        (0, 0),
    ),
    "a pixel shuffle": Case(
        chain(conv2(1, 4, 3), nn.PixelShuffle(2)),
        (1, 1, 20, 20),
        (3, 3),
        (Fraction(1, 2), Fraction(1, 2)),
        (-1, -1),
    ),
    "a pixel shuffle alone": Case(nn.PixelShuffle(2), (1, 4, 20, 20), (1, 1), (Fraction(1, 2), Fraction(1, 2)), (0, 0)),
    "upsampling alone": Case(
        nn.Upsample(scale_factor=2), (1, 1, 20, 20), (1, 1), (Fraction(1, 2), Fraction(1, 2)), (0, 0)
    ),
    "a sub-pixel decoder in two steps": Case(
        chain(conv2(1, 4, 3), nn.PixelShuffle(2), conv2(1, 4, 3), nn.PixelShuffle(2)),
        (1, 1, 20, 20),
        (4, 4),
        (Fraction(1, 4), Fraction(1, 4)),
        (-2, -2),
    ),
    "pixels to channels, of which one place has all": Case(
        chain(conv2(1, 1, 3), nn.PixelUnshuffle(2)), (1, 1, 20, 20), (4, 4), (2, 2), (-1, -1)
    ),
    "one part of an axis cut in two": Case(
        Network(lambda net, x: net.c(x.view(1, 4, 8)[:, 1].unsqueeze(1)), c=nn.Conv1d(1, 1, 3)),
        (1, 1, 32),
        (3,),
        (1,),
        (8,),
    ),
    "a dict of outputs, of which the first counts": Case(
        Network(lambda net, x: {"a": net.c(x), "b": net.c(net.c(x))}, c=conv(3)), (1, 1, 20), (3,), (1,), (0,)
    ),
}
every_case = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])


def first(output: Any) -> Tensor:
    output = next(iter(output.values())) if isinstance(output, dict) else output
    assert isinstance(output, Tensor)
    return output


def seen_by_nan(model: nn.Module, shape: tuple[int, ...], axis: int, dim: int) -> list[tuple[int, int] | None]:
    """The first and last input index along an axis whose NaN comes out, at each output index along `dim`."""
    model = model.double().eval()
    x = torch.rand(shape, dtype=torch.float64)
    reached = []
    with torch.no_grad():
        for index in range(shape[axis]):
            spoiled = x.clone()
            spoiled.select(axis, index).fill_(torch.nan)
            output = first(model(spoiled)).isnan().movedim(dim, 0)
            reached.append(output.reshape(len(output), -1).any(1))
    columns = torch.stack(reached, 1)
    found = [column.nonzero().flatten().tolist() for column in columns]
    return [(indices[0], indices[-1]) if indices else None for indices in found]


def spatial(shape: tuple[int, ...], ndim: int) -> list[int]:
    """The last axes; of sequences with their features last, the one before."""
    return [1] if shape == (1, 20, 5) else list(range(len(shape) - ndim, len(shape)))


@every_case
def test_the_theoretical_field(case: Case) -> None:
    assert trace(case.model, case.shape).receptive_field == ReceptiveField(case.size, case.jump, case.start)


@every_case
def test_gradients_measure_the_same(case: Case) -> None:
    report = trace(case.model, case.shape)
    assert report.measure_receptive_field() == report.receptive_field


@every_case
def test_a_nan_shows_the_same(case: Case) -> None:
    """Of outputs that see no border; where they all step on alike, each sees what it should."""
    for place, axis in enumerate(spatial(case.shape, len(case.size))):
        length, size, jump, start = case.shape[axis], case.size[place], case.jump[place], case.start[place]
        spans = seen_by_nan(case.model, case.shape, axis, axis)
        inner = {i: span for i, span in enumerate(spans) if span and span[0] > 0 and span[1] < length - 1}
        if size < length:
            assert inner
        assert max((last - first + 1 for first, last in inner.values()), default=size) == size
        assert all(abs(first - start - i * jump) < size for i, (first, _) in inner.items())
        firsts = [first for first, last in inner.values() if last - first + 1 == size]
        steps = {after - before for before, after in pairwise(firsts)}
        if len(steps) == 1 and len(firsts) > 2 and isinstance(jump, int):
            assert steps == {jump}
            assert all(first == start + i * jump for i, (first, last) in inner.items() if last - first + 1 == size)


WHOLE: dict[str, tuple[nn.Module, tuple[int, ...], ReceptiveField, ReceptiveField]] = {
    "flattened and mixed": (
        chain(nn.Conv2d(1, 2, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(392, 3)),
        (1, 1, 32, 32),
        ReceptiveField((32, 32), (0, 0), (0, 0)),
        ReceptiveField((32, 32), (0, 0), (0, 0)),
    ),
    "a global average, of padded maps": (
        chain(conv2(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)),
        (1, 1, 20, 20),
        ReceptiveField((22, 22), (0, 0), (-1, -1)),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
    ),
    "a mean of both axes": (
        Network(lambda net, x: net.c(x).mean((2, 3)), c=nn.Conv2d(1, 2, 3)),
        (1, 1, 20, 20),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
    ),
    "channel attention, which brings the whole to every place": (
        Network(
            lambda net, x: net.c(x) * net.f(x.mean((2, 3), keepdim=True)).sigmoid(),
            c=nn.Conv2d(2, 2, 3),
            f=conv2(2, 2, 1),
        ),
        (1, 2, 20, 20),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
    ),
    "a maximum of both axes": (
        Network(lambda net, x: net.c(x).amax((2, 3)), c=nn.Conv2d(1, 2, 3)),
        (1, 1, 20, 20),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
        ReceptiveField((20, 20), (0, 0), (0, 0)),
    ),
    "attention between patches": (
        Network(
            lambda net, x: net.e(torch.cat([net.t.expand(len(x), -1, -1), net.p(x).flatten(2).mT], 1))[:, 0],
            p=nn.Conv2d(3, 8, 4, 4),
            t=nn.Parameter(torch.zeros(1, 1, 8)),
            e=nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        ),
        (1, 3, 16, 16),
        ReceptiveField((16, 16), (0, 0), (0, 0)),
        ReceptiveField((16, 16), (0, 0), (0, 0)),
    ),
    "the last state of an LSTM": (
        Network(lambda net, x: net.l(net.c(x).mT)[1][0], c=nn.Conv1d(2, 4, 3), l=nn.LSTM(4, 4, batch_first=True)),
        (1, 2, 20),
        ReceptiveField((20,), (0,), (0,)),
        ReceptiveField((20,), (0,), (0,)),
    ),
}


@pytest.mark.parametrize(
    ("model", "shape", "theoretical", "measured"), [pytest.param(*case, id=name) for name, case in WHOLE.items()]
)
def test_all_see_the_whole(model: nn.Module, shape: Any, theoretical: ReceptiveField, measured: ReceptiveField) -> None:
    """The theoretical size counts the padding around the input, of which a gradient knows nothing."""
    report = trace(model, shape)
    assert report.receptive_field == theoretical
    assert report.measure_receptive_field() == measured
    axis, length = len(shape) - 1, shape[-1]
    assert set(seen_by_nan(model, shape, axis, 0)) == {(0, length - 1)}


def marked(net: Any, x: Tensor) -> Any:
    x = net.c(x)
    x[..., :4].add_(1)
    return net.c(x)


def shifted(net: Any, x: Tensor) -> Any:
    y = torch.zeros_like(x)
    y[..., 1:] = x[..., :-1]
    return net.c(y)


class Secret(torch.autograd.Function):
    """A function that torch does not tell of."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        with torch._C.DisableTorchFunction():
            return x.flip(-1)


def secret(x: Tensor) -> Any:
    return Secret.apply(x)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "forward",
    [
        pytest.param(lambda net, x: net.c(x)[..., torch.tensor([3, 2, 1])], id="an index that is a tensor"),
        pytest.param(lambda net, x: net.c(net.c(x).flip(-1)), id="turned around"),
        pytest.param(lambda net, x: net.c(x).roll(2, -1), id="rolled"),
        pytest.param(lambda net, x: net.c(x).cumsum(-1), id="a running sum"),
        pytest.param(lambda net, x: net.c(x).unsqueeze(-1) - net.c(x).unsqueeze(-2), id="every pair"),
        pytest.param(lambda net, x: net.c(x) + net.s(x).repeat(1, 1, 2), id="branches at different paces"),
        pytest.param(lambda net, x: torch.cat([net.c(x), net.c(x)], 2), id="one behind the other"),
        pytest.param(lambda net, x: F.conv1d(x, net.c(x)[..., :3]), id="a kernel from the input"),
        pytest.param(lambda net, x: torch.fft.rfft(net.c(x)).abs(), id="a function without a rule"),
        pytest.param(lambda net, x: net.c(secret(net.c(x))), id="a function that is not seen"),
        pytest.param(lambda net, x: net.c(x)[net.c(x) > 0], id="a mask"),
        pytest.param(
            lambda net, x: F.max_unpool1d(*F.max_pool1d(net.c(x), 2, return_indices=True), (2,)), id="unpooling"
        ),
        pytest.param(shifted, id="a part that is set"),
        pytest.param(marked, id="a part that is changed"),
        pytest.param(lambda net, x: net.l(net.c(x).mT)[0], id="the outputs of an LSTM"),
        pytest.param(lambda net, x: net.s(net.c(x) + F.pad(net.s(x), (0, 9))), id="a window over different paces"),
    ],
)
def test_none_where_none_is_defined(forward: Any) -> None:
    net = Network(forward, c=nn.Conv1d(1, 1, 3), s=nn.Conv1d(1, 1, 4, stride=2), l=nn.LSTM(1, 2, batch_first=True))
    report = trace(net, (1, 1, 20))
    assert report.error is None
    assert report.receptive_field is None


def test_none_where_a_view_splits_an_axis_and_merges_another() -> None:
    """Half of the places become channels, and the features places: no window moves evenly over the input."""
    net = Network(lambda net, x: net.c(net.e(x).view(1, 8, 64)), e=nn.Embedding(9, 8), c=nn.Conv1d(8, 4, 3))
    report = trace(net, torch.zeros(1, 64, dtype=torch.int64))
    assert report.output_shape == (1, 4, 62)
    assert report.receptive_field is None


CIRCULAR = nn.Conv2d(1, 1, 7, padding=3, padding_mode="circular")


@pytest.mark.parametrize(
    "length", [pytest.param(32, id="room for a view"), pytest.param(8, id="every view goes around")]
)
def test_circular_padding_is_a_border_like_others(length: int) -> None:
    report = trace(chain(CIRCULAR, CIRCULAR), (1, 1, length, length))
    assert report.receptive_field == ReceptiveField((13, 13), (1, 1), (-6, -6))
    assert report.measure_receptive_field() == report.receptive_field


def test_a_measurement_on_another_default_device(meta_device: None) -> None:
    """The numbers of a measurement are on the device of the model, whatever the default is."""
    model = nn.Sequential(nn.Conv1d(1, 2, 3, device="cpu"), nn.MaxPool1d(2))
    assert trace(model, (1, 1, 9)).measure_receptive_field() == ReceptiveField((4,), (2,), (0,))


def test_numbers_on_another_default_device(meta_device: None) -> None:
    """Where the model looks into a tensor, the shape gets numbers, and these are on the device of the model."""
    model = Network(lambda net, x: net.c(x) * x.sum().item(), c=nn.Conv1d(1, 2, 3, device="cpu"))
    report = trace(model, (1, 1, 9))
    assert report.error is None
    assert report.output_shape == (1, 2, 7)


def test_none_without_a_window() -> None:
    report = trace(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), (1, 4))
    assert report.receptive_field is None
    assert report.measure_receptive_field() is None


def test_mixing_makes_it_known_again() -> None:
    """After branches at different paces, or in a lost order, all is seen by what sees all of them."""
    net = Network(lambda net, x: net.s(x).mean(2) + net.c(x).flip(-1).mean(2), c=conv(3), s=conv(4, stride=2))
    assert trace(net, (1, 1, 20)).receptive_field == ReceptiveField((20,), (0,), (0,))


def test_rows_before_the_first_window_see_themselves() -> None:
    fields = [
        layer.receptive_field for layer in trace(chain(nn.BatchNorm2d(3), nn.Conv2d(3, 1, 3)), (1, 3, 8, 8)).layers
    ]
    assert fields == [ReceptiveField((1, 1), (1, 1), (0, 0)), ReceptiveField((3, 3), (1, 1), (0, 0))]


def test_two_inputs() -> None:
    """Each row says what it sees of the first input that it sees."""
    net = Network(
        lambda net, x, y: net.a(x) - net.b(y), a=nn.Conv2d(1, 1, 3), b=nn.Conv2d(1, 1, 3, padding=2, dilation=2)
    )
    report = trace(net, [(1, 1, 20, 20), (1, 1, 18, 18)])
    sizes = [layer.receptive_field.size for layer in report.layers if layer.receptive_field]
    assert sizes == [(3, 3), (5, 5), (3, 3)]
    assert report.measure_receptive_field() == report.receptive_field


def test_an_input_without_spatial_axes_comes_first() -> None:
    net = Network(lambda net, t, x: net.a(x) + net.b(t)[..., None, None], a=nn.Conv2d(1, 2, 3), b=nn.Linear(4, 2))
    report = trace(net, [(1, 4), (1, 1, 20, 20)])
    assert report.receptive_field == ReceptiveField((3, 3), (1, 1), (0, 0))
    assert report.measure_receptive_field() == report.receptive_field


def test_a_measurement_needs_an_input_with_gradients() -> None:
    net = Network(lambda net, x: net.c(net.e(x).mT), e=nn.Embedding(9, 4), c=nn.Conv1d(4, 4, 3))
    report = trace(net, (1, 20))
    assert report.receptive_field == ReceptiveField((3,), (1,), (0,))
    with pytest.raises(ValueError, match=r"of a floating dtype for a gradient, but it is torch\.int64"):
        report.measure_receptive_field()


def test_a_gradient_too_small_for_its_dtype_is_no_measurement() -> None:
    """After some hundred steps an LSTM has forgotten so much that the rest would look like a border."""
    net = Network(lambda net, x: net.l(net.c(x).mT)[0], c=conv(3), l=nn.LSTM(1, 2, batch_first=True))
    assert trace(net, (1, 1, 250)).measure_receptive_field() is None


def test_a_measurement_is_no_echo() -> None:
    """It comes from the model, whatever the theory says: a dead path is not seen."""
    net = Network(lambda net, x: net.a(x) + 0 * net.b(x), a=conv(3, padding=1), b=conv(9, padding=4))
    report = trace(net, (1, 1, 30))
    assert report.receptive_field == ReceptiveField((9,), (1,), (-4,))
    assert report.measure_receptive_field() == ReceptiveField((3,), (1,), (-1,))
