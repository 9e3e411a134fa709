"""Values out of range: dtypes, padding and output_padding."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import broken, edit, feed, floats, integers, swap, whole

# --- dtypes -----------------------------------------------------------------------------------------------------------


@broken(
    "a picture in whole numbers",
    input=lambda: integers(1, 3, 12, 12, below=256, dtype=torch.uint8),
    culprit=("input", "0"),
    cause="dtype",
    accepted=(feed("x = x.float()"), feed("x = x.float() / 255"), feed("x = x / 255")),
    source="https://tbr8.org/pytorch%E6%8A%A5%E9%94%99torch-nn-modules-conv-pyline-456-in-_conv_forward-return"
    "-f-conv2dinputweightbiasself-stride-runtimeerror-expected-scalar-type-byte-but-found-float/",
)
def whole_numbers() -> nn.Module:
    """The message names the bias."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 1, 3))


@broken(
    "a spectrogram in double precision",
    input=lambda: floats(2, 1, 8, 20).double(),
    culprit=("input", "0"),
    cause="dtype",
    accepted=(feed("x = x.float()"), whole("model.double()")),
    source="https://github.com/pytorch/pytorch/issues/2552",
)
def double_precision() -> nn.Module:
    """What numpy makes, if it is not told."""
    return nn.Sequential(nn.Conv2d(1, 4, (2, 10)), nn.ReLU())


@broken(
    "a row of a table in double precision",
    input=lambda: floats(5, 4).double(),
    culprit=("input", "fc"),
    cause="dtype",
    accepted=(feed("x = x.float()"), whole("model.double()")),
    source="https://blog.51cto.com/u_16175525/6637440",
)
def double_row() -> nn.Module:
    """A linear layer says it in other words."""
    return nn.Sequential(OrderedDict(fc=nn.Linear(4, 2)))


@broken(
    "a picture in half precision",
    input=lambda: floats(1, 3, 14, 14).half(),
    culprit=("input", "proj"),
    cause="dtype",
    accepted=(feed("x = x.float()"), whole("model.half()")),
    source="https://github.com/zai-org/CogVLM/issues/282",
)
def half_precision() -> nn.Module:
    """The preparation is done in half precision, the network is not."""
    return nn.Sequential(OrderedDict(proj=nn.Conv2d(3, 8, 7, stride=7), flatten=nn.Flatten(2)))


@broken(
    "words as numbers with a point",
    input=lambda: integers(3, 6, below=9).float(),
    culprit=("input", "embed"),
    cause="dtype",
    accepted=(feed("x = x.long()"), feed("x = x.int()")),
    source="https://github.com/xcmyz/FastSpeech/issues/89",
)
class FloatWords(nn.Module):
    """What is right for a convolution is wrong for an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.conv = nn.Conv1d(4, 5, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.conv(self.embed(x).transpose(1, 2))


class Normalized(nn.Module):
    """Takes the mean of the training pictures off, as numpy had it."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(np.full((3, 1, 1), 0.5)))
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Any:
        x = x - self.mean
        return self.conv(x)


@broken(
    "a mean in double precision",
    input=(1, 3, 8, 8),
    culprit=("forward: sub", "mean", "conv"),
    cause="dtype",
    accepted=(
        edit("x = x - self.mean", "x = x - self.mean.float()"),
        swap("mean = torch.full((3, 1, 1), 0.5)"),
        whole("model.float()"),
        edit("return self.conv(x)", "return self.conv(x.float())"),
    ),
    source="https://github.com/mistralai/mistral-common/issues/316",
    fails_at="conv",
)
def normalized() -> nn.Module:
    """The input is all right; a difference of float32 and float64 is float64."""
    return Normalized()


class NumpyFilter(nn.Module):
    """A fixed filter that numpy made."""

    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.from_numpy(np.ones((1, 1, 5, 5)) / 25))

    def forward(self, x: Tensor) -> Any:
        return F.conv2d(x, self.weight)


@broken(
    "a filter in double precision",
    input=(3, 1, 12, 12),
    culprit=("forward: conv2d", "weight"),
    cause="dtype",
    accepted=(
        edit("F.conv2d(x, self.weight)", "F.conv2d(x, self.weight.float())"),
        swap("weight = torch.full((1, 1, 5, 5), 1 / 25)"),
        whole("model.float()"),
        feed("x = x.double()"),
    ),
    source="https://github.com/pytorch/pytorch/issues/1357",
)
def numpy_filter() -> nn.Module:
    """Old versions of torch computed rubbish."""
    return NumpyFilter()


# --- Padding ----------------------------------------------------------------------------------------------------------


@broken(
    "the same size, transposed",
    input=(1, 4, 6, 6),
    culprit="conv2dt",
    cause="padding",
    accepted=(
        swap("conv2dt = nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1)"),
        swap("conv2dt = nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1)"),
    ),
    source="https://github.com/pytorch/pytorch/issues/95123",
    raises=TypeError,
)
def same_transposed() -> nn.Module:
    """Only plain convolutions know the word; the letters become four paddings."""
    same: Any = "same"
    return nn.Sequential(OrderedDict(conv2dt=nn.ConvTranspose2d(4, 8, 3, stride=2, padding=same)))


@broken(
    "half a kernel of padding",
    input=(1, 4, 8, 8),
    culprit="conv2",
    cause="padding",
    accepted=(
        swap("conv2 = nn.Conv2d(4, 4, 3, padding=1, groups=4)"),
        swap("conv2 = nn.Conv2d(4, 4, 3, padding=3 // 2, groups=4)"),
    ),
    source="http://runxinzhi.com/ywheunji-p-12532417.html",
    raises=TypeError,
)
def half_a_kernel() -> nn.Module:
    """A division that gave a whole number in Python 2."""
    half: Any = 3 / 2
    return nn.Sequential(OrderedDict(conv2=nn.Conv2d(4, 4, 3, padding=half, groups=4)))


@broken(
    "padding below zero",
    input=(1, 1, 10, 10),
    culprit="crop",
    cause="padding",
    accepted=(swap("crop = nn.Conv2d(1, 2, 3)"), swap("crop = nn.Conv2d(1, 2, 3, padding=0)")),
    source="https://github.com/pytorch/pytorch/pull/996",
)
def below_zero() -> nn.Module:
    """Meant to crop."""
    return nn.Sequential(OrderedDict(crop=nn.Conv2d(1, 2, 3, padding=-1)))


@broken(
    "a pool padded by more than half of it",
    input=(1, 1, 5, 5),
    culprit="pool",
    cause="padding",
    accepted=(swap("pool = nn.MaxPool2d(4, 4, padding=2)"), swap("pool = nn.MaxPool2d(4, 4, padding=1)")),
    source="https://github.com/pytorch/pytorch/pull/50135",
)
def padded_pool() -> nn.Module:
    """A window could hold nothing but padding."""
    return nn.Sequential(OrderedDict(pool=nn.MaxPool2d(4, 4, padding=3)))


@broken(
    "a reflection wider than the picture",
    input=(1, 3, 8, 12),
    culprit=("0", "input"),
    cause="padding",
    accepted=(
        swap("0 = nn.ReflectionPad2d(7)"),
        swap("0 = nn.ReplicationPad2d(9)"),
        swap("0 = nn.ZeroPad2d(9)"),
        feed("x = F.interpolate(x, size=(16, 24))"),
    ),
    source="https://github.com/pytorch/pytorch/issues/115532",
)
def reflection() -> nn.Module:
    """There are no 9 rows to reflect."""
    return nn.Sequential(nn.ReflectionPad2d(9), nn.Conv2d(3, 4, 7))


@broken(
    "a convolution that reflects too far",
    input=(2, 1, 16),
    culprit=("1", "input"),
    cause="padding",
    accepted=(
        swap("1 = nn.Conv1d(4, 4, 9, padding=3, padding_mode='reflect')"),
        swap("1 = nn.Conv1d(4, 4, 9, padding=4)"),
        swap("1 = nn.Conv1d(4, 4, 9, padding=4, padding_mode='replicate')"),
        feed("x = F.interpolate(x, size=32)"),
    ),
    source="https://github.com/pytorch/pytorch/issues/52205",
)
def reflecting_convolution() -> nn.Module:
    """Four samples are left after the stride, and 4 are to be reflected."""
    return nn.Sequential(nn.Conv1d(1, 4, 4, stride=4), nn.Conv1d(4, 4, 9, padding=4, padding_mode="reflect"), nn.ReLU())


# --- Output padding ---------------------------------------------------------------------------------------------------


@broken(
    "output padding at a stride of one",
    input=(2, 3, 3),
    culprit="net",
    cause="output_padding",
    accepted=(
        swap("net = nn.ConvTranspose1d(3, 4, kernel_size=3)"),
        swap("net = nn.ConvTranspose1d(3, 4, kernel_size=3, stride=2, output_padding=1)"),
        swap("net = nn.ConvTranspose1d(3, 4, kernel_size=4)"),
    ),
    source="https://github.com/pytorch/pytorch/issues/56328",
)
def output_padding() -> nn.Module:
    """It settles which of the sizes was meant that a stride makes one; here there is nothing to settle."""
    return nn.Sequential(OrderedDict(net=nn.ConvTranspose1d(3, 4, kernel_size=3, output_padding=1)))


@broken(
    "a decoder that forgot its stride",
    input=(1, 8, 6, 6),
    culprit="decoder.0",
    cause="output_padding",
    accepted=(
        swap("decoder.0 = nn.ConvTranspose2d(8, 4, 3, stride=2, padding=1, output_padding=1)"),
        swap("decoder.0 = nn.ConvTranspose2d(8, 4, 3, stride=2, output_padding=1)"),
        swap("decoder.0 = nn.ConvTranspose2d(8, 4, 3)"),
    ),
    source="https://xue-jishu.com/?p=3338",
)
def forgotten_stride() -> nn.Module:
    """Meant to double the size. The layer after it has the same mistake mended."""
    return nn.Sequential(
        OrderedDict(
            decoder=nn.Sequential(
                nn.ConvTranspose2d(8, 4, 3, output_padding=1),
                nn.ReLU(),
                nn.ConvTranspose2d(4, 3, 3, stride=2, output_padding=1),
                nn.Sigmoid(),
            )
        )
    )


@broken(
    "a bias where the output padding stands",
    input=(1, 4, 6, 6),
    culprit="up.conv",
    cause="output_padding",
    accepted=(
        swap("up.conv = nn.ConvTranspose2d(4, 2, 4, 2, 1, bias=False)"),
        swap("up.conv = nn.ConvTranspose2d(4, 2, 4, 2, 1)"),
    ),
    source="https://github.com/IsHYuhi/ST-CGAN_Stacked_Conditional_Generative_Adversarial_Networks/issues/21",
    raises=TypeError,
)
def misplaced_bias() -> nn.Module:
    """Given by place, as a plain convolution would not have taken it either."""
    place: Any = False
    return nn.Sequential(OrderedDict(up=nn.Sequential(OrderedDict(conv=nn.ConvTranspose2d(4, 2, 4, 2, 1, place)))))


class Decoder(nn.Module):
    """Asks the transposed convolution for the size of the input."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 2, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(2, 1, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Any:
        size = (2 * x.size(2), 2 * x.size(3))
        x = self.down(x)
        return self.up(x, output_size=size)


@broken(
    "an output size out of reach",
    input=(1, 1, 8, 8),
    culprit="up",
    cause="output_padding",
    accepted=(
        edit("size = (2 * x.size(2), 2 * x.size(3))", "size = (x.size(2), x.size(3))"),
        swap("up = nn.ConvTranspose2d(2, 1, 4, stride=4)"),
        edit("self.up(x, output_size=size)", "F.interpolate(self.up(x), size=size)"),
    ),
    source="https://github.com/pytorch/pytorch/pull/904",
    raises=ValueError,
)
def out_of_reach() -> nn.Module:
    """From 4, a stride of 2 reaches 7 and 8, and not 16."""
    return Decoder()
