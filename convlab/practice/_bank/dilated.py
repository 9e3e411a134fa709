"""An exercise of 07_dilated: the dilated convolution."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_case, conv_window, counting
from convlab.practice._bank._switches import faulty_conv, mistakes
from convlab.practice._bank.conv2d import CHANNELS_AND_BIAS, RESULT, SPATIAL
from convlab.practice.exercise import Exercise


def dilated_conv2d(input, weight, bias=None, dilation=1):
    kH, kW = weight.shape[2:]
    tall, wide = dilation * (kH - 1) + 1, dilation * (kW - 1) + 1  # what the kernel spans
    H_out, W_out = input.shape[2] - tall + 1, input.shape[3] - wide + 1
    output = input.new_zeros(input.shape[0], weight.shape[0], H_out, W_out)
    for i in range(H_out):
        for j in range(W_out):
            window = input[:, :, i : i + tall : dilation, j : j + wide : dilation]  # (N, C_in, kH, kW)
            output[:, :, i, j] = torch.einsum("ncij,ocij->no", window, weight)
    if bias is not None:
        output += bias.view(1, -1, 1, 1)
    return output


def dilated_conv2d_by_taps(input, weight, bias=None, dilation=1):
    kH, kW = weight.shape[2:]
    H_out = input.shape[2] - dilation * (kH - 1)
    W_out = input.shape[3] - dilation * (kW - 1)
    output = 0
    for i in range(kH):
        for j in range(kW):
            y, x = i * dilation, j * dilation
            seen = input[:, :, y : y + H_out, x : x + W_out]  # what tap (i, j) sees, for all windows
            output = output + torch.einsum("nchw,oc->nohw", seen, weight[:, :, i, j])
    return output if bias is None else output + bias.view(1, -1, 1, 1)


def _dilated_cases():
    return (
        conv_case("dilation 1", counting(1, 1, 5, 5), torch.tensor([[[[1.0, 2.0, 0], [0, 4, 0], [-1, 0, 3]]]])),
        conv_case("an even kernel", (1, 1, 5, 5), (1, 1, 2, 2)),
        conv_case("dilation 2", (1, 1, 7, 7), (1, 1, 3, 3), dilation=2),
        conv_case("dilation 3 and an even kernel", (1, 1, 6, 6), (1, 1, 2, 2), dilation=3),
        conv_case("a bias", (1, 1, 5, 5), (1, 1, 3, 3), bias=True),
        conv_case("a bias for each of 2 channels", (1, 1, 5, 6), (2, 1, 3, 3), bias=True),
        conv_case("an input of 5 rows and 6 columns", (1, 1, 5, 6), (1, 1, 3, 3)),
        conv_case("a kernel of 3 rows and 1 column", (1, 1, 5, 5), (1, 1, 3, 1)),
        conv_case("dilation 2, a kernel of 3 rows and 1 column", (1, 1, 6, 4), (1, 1, 3, 1), dilation=2),
        conv_case("dilation 2, a kernel of 1 row and 3 columns", (1, 1, 4, 6), (1, 1, 1, 3), dilation=2),
        conv_case("2 output channels", (1, 1, 5, 5), (2, 1, 3, 3)),
        conv_case("3 input channels", (1, 3, 5, 5), (1, 3, 3, 3)),
        conv_case("a batch of 3", (3, 1, 5, 5), (1, 1, 3, 3)),
        conv_case("an input that is not contiguous", (2, 2, 5, 5), (1, 2, 3, 3), contiguous=False, seed=2),
        conv_case("float64", (1, 1, 5, 5), (1, 1, 3, 3), dtype=torch.float64),
        conv_case("2 channels in and out", (1, 2, 7, 7), (2, 2, 3, 3), dilation=2, bias=True, seed=3),
        conv_case("a kernel of 1", (2, 3, 2, 4), (2, 3, 1, 1), dilation=2, bias=True),
        conv_case("everything", (3, 2, 7, 9), (4, 2, 2, 3), bias=True, positional=True, dilation=2, seed=5),
    )  # fmt: skip


_DILATION = (
    "the dilation is ignored", "the dilation is one too large", "the dilation is one too small",
    "the dilation is one too large, unless it is 1", "the dilation only changes the size",
    "the dilation is not used on the last axis", "the dilation is not used on the first axis",
    "the dilation is not in the index of the last axis", "the dilation is not in the index of the first axis",
    "there are holes after the last tap, too", "the dilation is used as a stride",
    "the dilation is used as a stride, too", "the input is spread, not the kernel",
    "the kernel is enlarged, not spread", "the holes hold copies of the taps",
    "the padding keeps the size, whatever was asked for", "the last window is missing", "a window too many",
    "the result is cut to a square",
)  # fmt: skip


def _dilated(names):
    convolve = faulty_conv(2, names)
    return lambda input, weight, bias=None, dilation=1: convolve(input, weight, bias, dilation=dilation)


EXERCISES = (
    Exercise(
        name="dilated_conv2d",
        notebook="07_dilated",
        idea="holes in the kernel",
        question="""Write `dilated_conv2d(input, weight, bias=None, dilation=1)`, which gives what `F.conv2d` gives
with `dilation`.

`input` has the shape `(N, C_in, H, W)`, `weight` `(C_out, C_in, kH, kW)` and `bias`, where there is one, `(C_out,)`;
`dilation` is an int, the same for both axes. The result has the shape `(N, C_out, H - dilation * (kH - 1), W -
dilation * (kW - 1))` and the input's dtype. Do not call torch's convolution.""",
        difficulty=2,
        importance=3,
        minutes=15,
        hints=(
            "The window has holes. Which elements of a row do the taps of a kernel of 3 read at dilation 2?",
            "The window of `[i, j]` is a slice with a step: from `i` to `i + dilation * (kH - 1)`, in steps of "
            "`dilation`, and likewise in the columns.",
            "With `tall = dilation * (kH - 1) + 1` and `wide` likewise, "
            "`window = input[:, :, i : i + tall : dilation, j : j + wide : dilation]`; then "
            '`torch.einsum("ncij,ocij->no", window, weight)` is `output[:, :, i, j]`; at the end add the bias.',
        ),
        solution=dilated_conv2d,
        alternative=dilated_conv2d_by_taps,
        cases=_dilated_cases,
        mistakes=mistakes(SPATIAL + _DILATION + CHANNELS_AND_BIAS + RESULT, _dilated),
        combined=_dilated,
        replaces=CONVOLUTION,
        window=conv_window(2, options=("dilation",)),
    ),
)
