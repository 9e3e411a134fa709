"""Exercises of 03_conv2d with tensors: the convolution, and its special case with a kernel of one element."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_case, conv_window, counting
from convlab.practice._bank._switches import faulty_conv, mistakes
from convlab.practice.exercise import Case, Exercise, Mistake


def conv2d(input, weight, bias=None, stride=1, padding=0):
    sH, sW = (stride, stride) if isinstance(stride, int) else stride
    pH, pW = (padding, padding) if isinstance(padding, int) else padding
    N, C_in, H, W = input.shape
    C_out, _, kH, kW = weight.shape
    padded = input.new_zeros(N, C_in, H + 2 * pH, W + 2 * pW)
    padded[:, :, pH : pH + H, pW : pW + W] = input
    H_out = (H + 2 * pH - kH) // sH + 1
    W_out = (W + 2 * pW - kW) // sW + 1
    output = input.new_zeros(N, C_out, H_out, W_out)
    for i in range(H_out):
        for j in range(W_out):
            window = padded[:, :, i * sH : i * sH + kH, j * sW : j * sW + kW]  # (N, C_in, kH, kW)
            for o in range(C_out):
                output[:, o, i, j] = (window * weight[o]).sum((1, 2, 3))
    if bias is not None:
        output += bias.view(1, -1, 1, 1)
    return output


def conv2d_by_unfold(input, weight, bias=None, stride=1, padding=0):
    sH, sW = (stride, stride) if isinstance(stride, int) else stride
    pH, pW = (padding, padding) if isinstance(padding, int) else padding
    padded = torch.nn.functional.pad(input, (pW, pW, pH, pH))  # the last axis first
    kH, kW = weight.shape[2:]
    windows = padded.unfold(2, kH, sH).unfold(3, kW, sW)  # (N, C_in, H_out, W_out, kH, kW)
    output = torch.einsum("nchwij,ocij->nohw", windows, weight)
    return output if bias is None else output + bias.view(1, -1, 1, 1)


def _conv2d_cases():
    return (
        conv_case("the smallest", counting(1, 1, 4, 4), torch.tensor([[[[1.0, 2.0, 0], [0, 4, 0], [-1, 0, 3]]]])),
        conv_case("an even kernel", (1, 1, 4, 4), (1, 1, 2, 2)),
        conv_case("a bias", (1, 1, 4, 4), (1, 1, 3, 3), bias=True),
        conv_case("padding 1", (1, 1, 4, 4), (1, 1, 3, 3), padding=1),
        conv_case("an input of 4 rows and 6 columns", (1, 1, 4, 6), (1, 1, 3, 3)),
        conv_case("a kernel of 3 rows and 1 column", (1, 1, 4, 4), (1, 1, 3, 1)),
        conv_case("2 output channels", (1, 1, 4, 4), (2, 1, 3, 3)),
        conv_case("3 input channels", (1, 3, 4, 4), (1, 3, 3, 3)),
        conv_case("a batch of 3", (3, 1, 4, 4), (1, 1, 3, 3)),
        conv_case("an input that is not contiguous", (2, 2, 4, 4), (1, 2, 3, 3), contiguous=False, seed=2),
        conv_case("float64", (1, 1, 4, 4), (1, 1, 3, 3), dtype=torch.float64),
        conv_case("stride 2", (1, 1, 5, 5), (1, 1, 3, 3), stride=2),
        conv_case("a stride that leaves a rest", (1, 1, 6, 6), (1, 1, 3, 3), stride=2),
        conv_case("tuples", (1, 1, 7, 7), (1, 1, 3, 3), stride=(3, 1), padding=(1, 2)),
        conv_case("7 rows and 4 columns, padding as a tuple", (1, 1, 7, 4), (1, 1, 3, 2), padding=(1, 2)),
        conv_case("a stride as a tuple, wider than the kernel", (1, 1, 8, 7), (1, 1, 2, 3), stride=(3, 2)),
        conv_case("a kernel of 1", (2, 3, 2, 4), (2, 3, 1, 1), bias=True),
        conv_case("2 channels in and out", (1, 2, 5, 5), (2, 2, 3, 3), padding=2, bias=True),
        conv_case(
            "everything, by position", (3, 2, 6, 9), (4, 2, 2, 3), bias=True, positional=True, stride=(2, 3),
            padding=(1, 0), seed=5,
        ),
    )  # fmt: skip


SPATIAL = (
    "the kernel is flipped", "the kernel is flipped along its first axis", "the kernel is flipped along its last axis",
    "the kernel is transposed", "the taps' row and column are swapped", "the weights are left out",
    "only the last product is kept", "the products are averaged", "the largest product is taken",
)  # fmt: skip
"""What goes wrong inside one window."""

STRIDE_AND_PADDING = (
    "the stride is ignored", "the windows start at i, not at i * stride", "the first windows are skipped",
    "the stride's axes are swapped", "the stride's first number is used for every axis",
    "the stride is used on the last axis only", "the stride is not used on the last axis",
    "the stride is used as a dilation", "the last window is missing", "the 1 is added before the division",
    "a window too many where the stride leaves a rest", "a window too many", "the padding is left out of the size",
    "the padding is ignored", "the padding is put before only", "the padding is put after only",
    "the padding is put twice", "all of the padding is put before", "all of the padding is put after",
    "the padding keeps the size, whatever was asked for", "the padding holds ones", "the result is cut to a square",
    "the padding is shared between both sides", "the padding's axes are swapped",
    "the padding's first number is used for every axis", "only the last axis is padded", "the last axis is not padded",
    "the padding repeats the border", "the padding wraps around", "the padding mirrors the input",
    "the result is padded, not the input",
)  # fmt: skip

CHANNELS_AND_BIAS = (
    "the bias is forgotten", "the bias is subtracted", "the bias is added once per input channel",
    "the bias is added to each product", "the first bias is used for all channels", "the bias is added once per tap",
    "only the first output channel gets its bias", "the bias runs along the batch", "the bias stands on axis 0",
    "the bias runs along the last axis", "the bias multiplies", "only the first input channel is used",
    "only the last input channel is used", "the input channels are averaged", "the largest input channel is taken",
    "the input channels are not added up", "the input channels are added before the product",
    "one kernel is used for all input channels", "all output channels use the first filter",
    "the weight's channels are swapped", "the output channels are added up",
    "only the first output channel is computed",
)  # fmt: skip

RESULT = (
    "only the first sample is computed", "the first sample stands for all", "the samples are added up",
    "axes of length 1 are dropped", "the result is reshaped, its channels not moved",
    "the result is reshaped, its batch not moved", "batch and channels are swapped", "the channels come last",
    "the result's last two axes are swapped", "the result is always float32", "computed in float32",
    "negative results are set to zero", "the absolute value is taken", "the result has the wrong sign",
    "the sums are rounded",
)  # fmt: skip


def one_by_one(input, weight):
    matrix = weight[:, :, 0, 0]  # (C_out, C_in)
    return torch.einsum("oc,nchw->nohw", matrix, input)


def one_by_one_by_sums(input, weight):
    channels = []
    for filter in weight:  # (C_in, 1, 1): one number for each input channel
        channels.append((filter * input).sum(1))
    return torch.stack(channels, dim=1)


def _columns_reshaped(input, weight):
    """The classical accident: reshape where a transposition is needed."""
    N, C, H, W = input.shape
    return (input.reshape(N * H * W, C) @ weight[:, :, 0, 0].T).reshape(N, H, W, -1).permute(0, 3, 1, 2)


_ONE_BY_ONE_MISTAKES = (
    Mistake(
        "the channels are not moved before the reshape",
        "reshape(-1, C_in) does not move axes: it cuts the memory into other pieces. Move the channels to the end "
        "first, with permute or movedim.",
        _columns_reshaped,
    ),
    *mistakes(
        (
            "only the first input channel is used",
            "only the last input channel is used",
            "the input channels are averaged",
            "the largest input channel is taken",
            "the input channels are not added up",
            "the input channels are added before the product",
            "all output channels use the first filter",
            "the weight's channels are swapped",
            "the weights are left out",
            "the output channels are added up",
            "only the first output channel is computed",
            *RESULT,
        ),
        lambda names: faulty_conv(2, names),
    ),
)


def _pixel_case(*args, **options):
    case = conv_case(*args, **options)
    return Case(case.id, case.args, traits=case.traits - {"the kernel has one element"})


def _one_by_one_cases():
    return (
        _pixel_case("the smallest", torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]]), torch.tensor([[[[10.0]], [[1.0]]]])),
        _pixel_case("1 channel in and out", (1, 1, 2, 2), (1, 1, 1, 1)),
        _pixel_case("2 output channels", (1, 1, 2, 2), (2, 1, 1, 1), seed=4),
        _pixel_case("2 channels in and out", (1, 2, 2, 2), (2, 2, 1, 1)),
        _pixel_case("2 rows and 3 columns", (1, 1, 2, 3), (1, 1, 1, 1), seed=4),
        _pixel_case("a batch of 3", (3, 1, 2, 2), (1, 1, 1, 1)),
        _pixel_case("float64", (1, 1, 2, 2), (1, 1, 1, 1), dtype=torch.float64),
        _pixel_case("an input that is not contiguous", (2, 2, 2, 2), (1, 2, 1, 1), contiguous=False),
        _pixel_case("everything", (2, 3, 4, 5), (4, 3, 1, 1), seed=5),
    )


EXERCISES = (
    Exercise(
        name="conv2d",
        notebook="03_conv2d",
        idea="channels, stride and padding",
        question="""Write `conv2d(input, weight, bias=None, stride=1, padding=0)`, which gives what `F.conv2d`
gives.

`input` has the shape `(N, C_in, H, W)`, `weight` `(C_out, C_in, kH, kW)` and `bias`, where there is one,
`(C_out,)`. The result has the shape `(N, C_out, H_out, W_out)` with `H_out = (H + 2 * pH - kH) // sH + 1` and
`W_out` likewise, and the input's dtype. `stride` and `padding` are an int, or a tuple with one int for H and one
for W. Do not call torch's convolution.""",
        difficulty=3,
        importance=3,
        minutes=30,
        hints=(
            "Begin with one channel, stride 1 and no padding: one window, one sum of products. Then add one thing at "
            "a time.",
            "`output[n, o, i, j]` is the sum of `padded[n, :, i * sH : i * sH + kH, j * sW : j * sW + kW] * "
            "weight[o]`, plus `bias[o]`.",
            "`padded = F.pad(input, (pW, pW, pH, pH))`; `windows = padded.unfold(2, kH, sH).unfold(3, kW, sW)` has "
            'the shape `(N, C_in, H_out, W_out, kH, kW)`; `torch.einsum("nchwij,ocij->nohw", windows, weight)`; add '
            "`bias.view(1, -1, 1, 1)`.",
        ),
        solution=conv2d,
        alternative=conv2d_by_unfold,
        cases=_conv2d_cases,
        mistakes=mistakes(
            SPATIAL + STRIDE_AND_PADDING + CHANNELS_AND_BIAS + RESULT, lambda names: faulty_conv(2, names)
        ),
        combined=lambda names: faulty_conv(2, names),
        replaces=CONVOLUTION,
        window=conv_window(2),
    ),
    Exercise(
        name="one_by_one",
        notebook="03_conv2d",
        idea="the 1x1 convolution",
        question="""Write `one_by_one(input, weight)`: a convolution with a 1x1 kernel, as a mixture of channels.

`input` has the shape `(N, C_in, H, W)` and `weight` `(C_out, C_in, 1, 1)`; the result has the shape
`(N, C_out, H, W)` and the input's dtype. At each pixel it is the product of a matrix, `(C_out, C_in)`, and the
pixel's channels. Do not call torch's convolution.""",
        difficulty=1,
        importance=2,
        minutes=8,
        hints=(
            "There is no window here: what happens at one pixel, happens at every pixel in the same way.",
            "`output[n, o, h, w]` is the sum over `c` of `weight[o, c, 0, 0] * input[n, c, h, w]`.",
            '`torch.einsum("oc,nchw->nohw", weight[:, :, 0, 0], input)`.',
        ),
        solution=one_by_one,
        alternative=one_by_one_by_sums,
        cases=_one_by_one_cases,
        mistakes=_ONE_BY_ONE_MISTAKES,
        replaces=CONVOLUTION,
        window=conv_window(2),
    ),
)
