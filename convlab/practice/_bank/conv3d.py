"""Exercises of 04_conv3d with tensors: the convolution, and what clips look like."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_case, conv_window, counting
from convlab.practice._bank._switches import faulty_conv, mistakes
from convlab.practice._bank.conv2d import CHANNELS_AND_BIAS, RESULT, SPATIAL, STRIDE_AND_PADDING
from convlab.practice.exercise import Exercise


def conv3d(input, weight, bias=None, stride=1, padding=0):
    sD, sH, sW = (stride,) * 3 if isinstance(stride, int) else stride
    pD, pH, pW = (padding,) * 3 if isinstance(padding, int) else padding
    kD, kH, kW = weight.shape[2:]
    padded = torch.nn.functional.pad(input, (pW, pW, pH, pH, pD, pD))  # the last axis first
    D_out = (padded.shape[2] - kD) // sD + 1
    H_out = (padded.shape[3] - kH) // sH + 1
    W_out = (padded.shape[4] - kW) // sW + 1
    output = input.new_zeros(input.shape[0], weight.shape[0], D_out, H_out, W_out)
    for d in range(D_out):
        for h in range(H_out):
            for w in range(W_out):
                z, y, x = d * sD, h * sH, w * sW  # where the window starts
                window = padded[:, :, z : z + kD, y : y + kH, x : x + kW]
                output[:, :, d, h, w] = torch.einsum("ncijk,ocijk->no", window, weight)
    if bias is not None:
        output += bias.view(1, -1, 1, 1, 1)
    return output


def conv3d_by_taps(input, weight, bias=None, stride=1, padding=0):
    stride = (stride,) * 3 if isinstance(stride, int) else stride
    padding = (padding,) * 3 if isinstance(padding, int) else padding
    amounts = [p for amount in reversed(padding) for p in (amount, amount)]
    padded = torch.nn.functional.pad(input, amounts)
    kernel_size = weight.shape[2:]
    spans = [s * ((n - k) // s) + 1 for n, k, s in zip(padded.shape[2:], kernel_size, stride, strict=True)]
    output = 0
    for tap in torch.cartesian_prod(*map(torch.arange, kernel_size)).tolist():
        slices = [slice(k, k + span, s) for k, span, s in zip(tap, spans, stride, strict=True)]
        seen = padded[:, :, slices[0], slices[1], slices[2]]  # what this tap sees, for all windows
        output = output + torch.einsum("ncdhw,oc->nodhw", seen, weight[:, :, tap[0], tap[1], tap[2]])
    return output if bias is None else output + bias.view(1, -1, 1, 1, 1)


_SMALLEST = torch.tensor([1.0, 2, 0, 4, -1, 0, 0, 3]).reshape(1, 1, 2, 2, 2)


def _conv3d_cases():
    return (
        conv_case("a kernel of 1", counting(1, 1, 4, 4, 4), torch.tensor([2.0]).reshape(1, 1, 1, 1, 1)),
        conv_case("an even kernel", counting(1, 1, 3, 3, 3), _SMALLEST),
        conv_case("a kernel of 3", (1, 1, 4, 4, 4), (1, 1, 3, 3, 3)),
        conv_case("a bias", (1, 1, 3, 3, 3), (1, 1, 3, 3, 3), bias=True),
        conv_case("padding 1", (1, 1, 3, 3, 3), (1, 1, 3, 3, 3), padding=1),
        conv_case("a volume of 3, 4 and 5", (1, 1, 3, 4, 5), (1, 1, 3, 3, 3)),
        conv_case("a kernel in time only", (1, 1, 4, 4, 4), (1, 1, 3, 1, 1)),
        conv_case("a kernel in one frame", (1, 1, 4, 4, 4), (1, 1, 1, 3, 3)),
        conv_case("2 output channels", (1, 1, 3, 3, 3), (2, 1, 3, 3, 3)),
        conv_case("3 input channels", (1, 3, 3, 3, 3), (1, 3, 3, 3, 3)),
        conv_case("a bias for each of 2 output channels", (1, 1, 3, 3, 3), (2, 1, 2, 2, 2), bias=True),
        conv_case("a batch of 3", (3, 1, 3, 3, 3), (1, 1, 3, 3, 3)),
        conv_case("an input that is not contiguous", (2, 2, 3, 3, 3), (1, 2, 3, 3, 3), contiguous=False, seed=2),
        conv_case("float64", (1, 1, 3, 3, 3), (1, 1, 3, 3, 3), dtype=torch.float64),
        conv_case("stride 2", (1, 1, 5, 5, 5), (1, 1, 3, 3, 3), stride=2),
        conv_case("a stride that leaves a rest", (1, 1, 6, 6, 6), (1, 1, 3, 3, 3), stride=2),
        conv_case("6, 5 and 3, padding as a tuple", (1, 1, 6, 5, 3), (1, 1, 1, 2, 3), padding=(0, 2, 1)),
        conv_case("a stride as a tuple", (1, 1, 5, 4, 4), (1, 1, 2, 3, 1), stride=(2, 1, 3)),
        conv_case("tuples", (1, 1, 5, 5, 5), (1, 1, 3, 3, 3), stride=(2, 1, 3), padding=(0, 1, 2)),
        conv_case("2 channels in and out", (1, 2, 3, 3, 3), (2, 2, 3, 3, 3), padding=2, bias=True),
        conv_case(
            "everything, by position", (2, 3, 4, 5, 6), (4, 3, 2, 3, 2), bias=True, positional=True, stride=(1, 2, 3),
            padding=(1, 0, 1), seed=5,
        ),
    )  # fmt: skip


_NAMES = (
    *SPATIAL, "the kernel's axes are in reverse order", "the kernel is flipped along height and width only",
    "only the first slice of the kernel is used", "the depth tap is not in the index",
    "the stride is not used on the first axis", "the first axis is not padded", *STRIDE_AND_PADDING, *CHANNELS_AND_BIAS,
    *RESULT,
)  # fmt: skip


EXERCISES = (
    Exercise(
        name="conv3d",
        notebook="04_conv3d",
        idea="a convolution along three axes",
        question="""Write `conv3d(input, weight, bias=None, stride=1, padding=0)`, which gives what `F.conv3d`
gives.

`input` has the shape `(N, C_in, D, H, W)`, `weight` `(C_out, C_in, kD, kH, kW)` and `bias`, where there is one,
`(C_out,)`. The result has the shape `(N, C_out, D_out, H_out, W_out)` and the input's dtype; each size follows from
the same formula. `stride` and `padding` are an int, or a tuple with one int for D, one for H and one for W. Do not
call torch's convolution.""",
        difficulty=3,
        importance=2,
        minutes=20,
        hints=(
            "Nothing is new but one axis more. Start from your `conv2d`.",
            "The window has five axes: `padded[:, :, z : z + kD, y : y + kH, x : x + kW]`, with `z = d * sD`, `y = h "
            "* sH` and `x = w * sW`.",
            "`F.pad(input, (pW, pW, pH, pH, pD, pD))`; in three loops, `output[:, :, d, h, w] = "
            'torch.einsum("ncijk,ocijk->no", window, weight)`; at the end add `bias.view(1, -1, 1, 1, 1)`.',
        ),
        solution=conv3d,
        alternative=conv3d_by_taps,
        cases=_conv3d_cases,
        mistakes=mistakes(_NAMES, lambda names: faulty_conv(3, names)),
        combined=lambda names: faulty_conv(3, names),
        replaces=CONVOLUTION,
        window=conv_window(3),
    ),
)
