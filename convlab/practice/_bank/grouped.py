"""An exercise of 06_grouped_and_depthwise: the convolution with groups."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_case, conv_window, counting
from convlab.practice._bank._switches import faulty_conv, mistakes
from convlab.practice.exercise import Exercise


def grouped_conv2d(input, weight, bias=None, groups=1):
    kH, kW = weight.shape[2:]
    windows = input.unfold(2, kH, 1).unfold(3, kW, 1)  # (N, C_in, H_out, W_out, kH, kW)
    outputs = []
    for channels, filters in zip(windows.chunk(groups, dim=1), weight.chunk(groups, dim=0), strict=True):
        outputs.append(torch.einsum("nchwij,ocij->nohw", channels, filters))
    output = torch.cat(outputs, dim=1)
    return output if bias is None else output + bias.view(1, -1, 1, 1)


def grouped_conv2d_by_loops(input, weight, bias=None, groups=1):
    N, _, H, W = input.shape
    C_out, C_per_group, kH, kW = weight.shape
    output = input.new_zeros(N, C_out, H - kH + 1, W - kW + 1)
    for o in range(C_out):
        first = o // (C_out // groups) * C_per_group  # the first channel of the group of filter o
        for i in range(output.shape[2]):
            for j in range(output.shape[3]):
                window = input[:, first : first + C_per_group, i : i + kH, j : j + kW]
                output[:, o, i, j] = (window * weight[o]).sum((1, 2, 3))
    if bias is not None:
        output += bias.view(1, -1, 1, 1)
    return output


IN_A_WINDOW = (
    "the kernel is flipped", "the kernel is flipped along its first axis", "the kernel is flipped along its last axis",
    "the kernel is transposed", "the taps' row and column are swapped", "the weights are left out",
    "only the last product is kept", "the products are averaged", "the last window is missing", "a window too many",
    "the bias is forgotten", "the bias is subtracted", "the bias is added to each product",
    "the first bias is used for all channels", "only the first output channel gets its bias",
    "the bias runs along the batch", "the bias stands on axis 0", "the bias runs along the last axis",
    "the bias multiplies",
)  # fmt: skip

RESULT = (
    "the output channels are added up", "only the first output channel is computed",
    "only the first sample is computed", "the first sample stands for all", "the samples are added up",
    "axes of length 1 are dropped", "the result is reshaped, its channels not moved",
    "the result is reshaped, its batch not moved", "batch and channels are swapped", "the channels come last",
    "the result's last two axes are swapped", "the result is always float32", "computed in float32",
    "negative results are set to zero", "the absolute value is taken", "the result has the wrong sign",
    "the sums are rounded",
)  # fmt: skip

_GROUPED = (
    *IN_A_WINDOW, "the bias is added once per tap", "the bias is added once per input channel",
    "only the first input channel is used",
    "only the last input channel is used", "the input channels are averaged", "the largest input channel is taken",
    "one kernel is used for all input channels", "all output channels use the first filter", "groups is ignored",
    "every group reads the first input channels", "every group uses the first filters",
    "the input channels are dealt out to the groups", "the filters are dealt out to the groups",
    "the output channels of the groups are interleaved", "the groups are in reverse order",
    "each group takes every so many filters",
    "the groups are stacked, not joined", "the groups are joined along the batch", "the groups are added up",
    "the groups are added up, with the first biases", "every group uses the first biases",
    "only the last group is kept", "groups is taken for the channels of a group", *RESULT,
)  # fmt: skip


def _grouped(names):
    convolve = faulty_conv(2, names)
    return lambda input, weight, bias=None, groups=1: convolve(input, weight, bias, groups=groups)


_TWO_KERNELS = torch.tensor([[[[1.0, 2], [0, 4]]], [[[3, 0], [1, -1]]]])


def _grouped_cases():
    return (
        conv_case("2 groups of 1 channel", counting(1, 2, 2, 2), _TWO_KERNELS, groups=2),
        conv_case("1 group", (1, 1, 4, 4), (1, 1, 3, 3)),
        conv_case("a bias", (1, 1, 4, 4), (1, 1, 3, 3), bias=True),
        conv_case("2 output channels", (1, 1, 4, 4), (2, 1, 3, 3)),
        conv_case("2 input channels", (1, 2, 4, 4), (1, 2, 3, 3)),
        conv_case("an even kernel", (1, 1, 4, 4), (1, 1, 2, 2)),
        conv_case("an input of 4 rows and 5 columns", (1, 1, 4, 5), (1, 1, 3, 3)),
        conv_case("a kernel of 1 row and 3 columns", (1, 1, 4, 4), (1, 1, 1, 3)),
        conv_case("a batch of 3", (3, 1, 4, 4), (1, 1, 3, 3)),
        conv_case("float64", (1, 1, 4, 4), (1, 1, 3, 3), dtype=torch.float64),
        conv_case("an input that is not contiguous", (2, 2, 4, 4), (1, 2, 3, 3), contiguous=False),
        conv_case("2 groups of 3 channels", (1, 6, 3, 3), (4, 3, 3, 3), groups=2),
        conv_case("3 groups of 2 channels", (1, 6, 3, 3), (9, 2, 3, 3), groups=3, bias=True),
        conv_case("everything, by position", (3, 4, 5, 6), (8, 2, 2, 3), bias=True, positional=True, groups=2, seed=5),
    )  # fmt: skip


EXERCISES = (
    Exercise(
        name="grouped_conv2d",
        notebook="06_grouped_and_depthwise",
        idea="groups",
        question="""Write `grouped_conv2d(input, weight, bias=None, groups=1)`, which gives what `F.conv2d` gives
with `groups`.

`input` has the shape `(N, C_in, H, W)`, `weight` `(C_out, C_in // groups, kH, kW)` and `bias`, where there is one,
`(C_out,)`. The result has the shape `(N, C_out, H - kH + 1, W - kW + 1)` and the input's dtype. Do not call torch's
convolution.""",
        difficulty=2,
        importance=3,
        minutes=20,
        hints=(
            "Cut the channels into `groups` pieces, and treat each piece as a small convolution of its own.",
            "Group `g` takes the input channels from `g * C_in // groups` on and the filters from `g * C_out // "
            "groups` on; the results stand side by side along axis 1.",
            "`input.chunk(groups, dim=1)` and `weight.chunk(groups, dim=0)` give the pieces; convolve each pair, then "
            "`torch.cat(outputs, dim=1)`, then add `bias.view(1, -1, 1, 1)`.",
        ),
        solution=grouped_conv2d,
        alternative=grouped_conv2d_by_loops,
        cases=_grouped_cases,
        mistakes=mistakes(_GROUPED, _grouped),
        combined=_grouped,
        replaces=CONVOLUTION,
        window=conv_window(2, options=("groups",)),
    ),
)
