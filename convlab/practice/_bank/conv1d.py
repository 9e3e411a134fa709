"""Exercises of 02_conv1d with tensors: a convolution along one axis, and a causal one."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_case, conv_window, counting
from convlab.practice._bank._switches import faulty_conv, mistakes
from convlab.practice.exercise import Exercise, Mistake


def conv1d(input, weight, bias=None, stride=1, padding=0):
    N, C_in, L = input.shape
    C_out, _, K = weight.shape
    padded = input.new_zeros(N, C_in, L + 2 * padding)
    padded[:, :, padding : padding + L] = input
    L_out = (L + 2 * padding - K) // stride + 1
    output = input.new_zeros(N, C_out, L_out)
    for i in range(L_out):
        window = padded[:, :, i * stride : i * stride + K]  # (N, C_in, K)
        for o in range(C_out):
            output[:, o, i] = (window * weight[o]).sum((1, 2))
    if bias is not None:
        output += bias.view(1, -1, 1)
    return output


def conv1d_by_unfold(input, weight, bias=None, stride=1, padding=0):
    padded = torch.nn.functional.pad(input, (padding, padding))
    windows = padded.unfold(2, weight.shape[2], stride)  # (N, C_in, L_out, K)
    output = torch.einsum("nclk,ock->nol", windows, weight)
    return output if bias is None else output + bias.view(1, -1, 1)


def _conv1d_cases():
    return (
        conv_case("the smallest", counting(1, 1, 4), torch.tensor([[[1.0, 2.0, 4.0]]])),
        conv_case("an even kernel", (1, 1, 5), (1, 1, 2)),
        conv_case("a bias", (1, 1, 5), (1, 1, 3), bias=True),
        conv_case("padding 1", (1, 1, 5), (1, 1, 3), padding=1),
        conv_case("stride 2", (1, 1, 7), (1, 1, 3), stride=2),
        conv_case("2 output channels", (1, 1, 5), (2, 1, 3)),
        conv_case("3 input channels", (1, 3, 5), (1, 3, 3)),
        conv_case("a batch of 3", (3, 1, 5), (1, 1, 3)),
        conv_case("2 channels in and out", (1, 2, 6), (2, 2, 3)),
        conv_case("an input that is not contiguous", (2, 2, 5), (1, 2, 3), contiguous=False, seed=2),
        conv_case("float64", (1, 1, 5), (1, 1, 3), dtype=torch.float64),
        conv_case("a stride that leaves a rest", (1, 1, 8), (1, 1, 3), stride=2),
        conv_case("a kernel of 1", (2, 3, 4), (2, 3, 1), bias=True),
        conv_case("padding wider than the kernel", (1, 1, 4), (1, 1, 1), padding=2),
        conv_case("a stride wider than the kernel", (1, 1, 9), (1, 1, 2), stride=3),
        conv_case("stride 3 and padding 2", (1, 1, 9), (1, 1, 3), stride=3, padding=2),
        conv_case(
            "everything, by position", (3, 2, 9), (4, 2, 4), bias=True, positional=True, stride=2, padding=3, seed=5
        ),
    )  # fmt: skip


_CONV1D = (
    "the kernel is flipped", "the weights are left out", "only the last product is kept", "the products are averaged",
    "the largest product is taken", "the stride is ignored", "the windows start at i, not at i * stride",
    "the first windows are skipped", "the stride is used as a dilation", "the last window is missing",
    "the 1 is added before the division", "a window too many where the stride leaves a rest", "a window too many",
    "the padding is left out of the size", "the padding is ignored",
    "the padding is put before only", "the padding is put after only", "the padding is put twice",
    "all of the padding is put before", "all of the padding is put after",
    "the padding keeps the size, whatever was asked for", "the padding holds ones",
    "the padding is shared between both sides", "the padding repeats the border", "the padding wraps around",
    "the padding mirrors the input", "the result is padded, not the input", "the bias is forgotten",
    "the bias is subtracted", "the bias is added once per input channel", "the bias is added to each product",
    "the first bias is used for all channels", "the bias is added once per tap",
    "only the first output channel gets its bias",
    "the bias runs along the batch", "the bias stands on axis 0", "the bias runs along the last axis",
    "the bias multiplies",
    "only the first input channel is used", "only the last input channel is used", "the input channels are averaged",
    "the largest input channel is taken", "the input channels are not added up",
    "the input channels are added before the product", "one kernel is used for all input channels",
    "all output channels use the first filter", "the weight's channels are swapped", "the output channels are added up",
    "only the first output channel is computed", "only the first sample is computed",
    "the first sample stands for all", "the samples are added up", "axes of length 1 are dropped",
    "the result is reshaped, its channels not moved", "the result is reshaped, its batch not moved",
    "batch and channels are swapped", "the channels come last", "the result is always float32", "computed in float32",
    "negative results are set to zero", "the absolute value is taken", "the result has the wrong sign",
    "the sums are rounded",
)  # fmt: skip


def causal_conv1d(input, weight, dilation=1):
    past = dilation * (weight.shape[2] - 1)
    padded = torch.nn.functional.pad(input, (past, 0))
    return torch.nn.functional.conv1d(padded, weight, dilation=dilation)


def causal_conv1d_by_shifts(input, weight, dilation=1):
    L, K = input.shape[2], weight.shape[2]
    output = input.new_zeros(input.shape[0], weight.shape[0], L)
    for k in range(K):
        delay = dilation * (K - 1 - k)  # the last tap reads the present
        if delay < L:
            output[:, :, delay:] += torch.einsum("ncl,oc->nol", input[:, :, : L - delay], weight[:, :, k])
    return output


def _causal(names=frozenset(), before=lambda past: past, after=lambda past: 0):
    """A causal convolution with other amounts of padding, and with faults of the convolution inside."""

    def answer(input, weight, dilation=1):
        past = dilation * (weight.shape[2] - 1)
        padded = torch.nn.functional.pad(input, (before(past), after(past)))
        return faulty_conv(1, names)(padded, weight, dilation=dilation)

    return answer


def _causal_without_dilation(input, weight, dilation=1):
    padded = torch.nn.functional.pad(input, (weight.shape[2] - 1, 0))
    return faulty_conv(1, frozenset())(padded, weight, dilation=dilation)


def _strictly_past(input, weight, dilation=1):
    past = dilation * (weight.shape[2] - 1)
    padded = torch.nn.functional.pad(input, (past + 1, -1))
    return faulty_conv(1, frozenset())(padded, weight, dilation=dilation)


_CAUSAL_MISTAKES = (
    Mistake(
        "the padding is after the input",
        "Zeros after the input let each output see the future. All of them belong before it; after padding on both "
        "sides, the end of the result is cut off, not its start.",
        _causal(before=lambda past: 0, after=lambda past: past),
    ),
    Mistake(
        "the padding is shared between both sides",
        "With half of the zeros on each side the window is centred, and half of it lies in the future.",
        _causal(before=lambda past: past // 2, after=lambda past: past - past // 2),
    ),
    Mistake(
        "nothing is padded",
        "Without zeros before the input the result is shorter, and its first element already sees the whole window.",
        _causal(before=lambda past: 0),
    ),
    Mistake(
        "the padding is one too large",
        "kernel_size taps span dilation * (kernel_size - 1) steps into the past; kernel_size zeros are one too many.",
        _causal(before=lambda past: past + 1),
    ),
    Mistake(
        "the present is left out",
        "The last tap of output t reads input t itself; only what comes after t is forbidden.",
        _strictly_past,
    ),
    Mistake(
        "both sides are padded and nothing is cut off",
        "padding=... of a layer pads both sides. Pad before the input only, or cut the end of the result off.",
        _causal(after=lambda past: past),
    ),
    Mistake(
        "the dilation is forgotten in the padding",
        "The taps reach dilation * (kernel_size - 1) steps back, and so many zeros are needed.",
        _causal_without_dilation,
    ),
    Mistake(
        "the dilation is ignored",
        "Neighbouring taps are dilation elements apart.",
        lambda input, weight, dilation=1: _causal()(input, weight),
    ),
    *mistakes(
        (
            "the kernel is flipped",
            "only the first input channel is used",
            "all output channels use the first filter",
            "the input channels are averaged",
            "only the first sample is computed",
            "the result is always float32",
        ),
        _causal,
    ),
)


def _causal_cases():
    return (
        conv_case("the smallest", counting(1, 1, 4), torch.tensor([[[10.0, 1.0]]])),
        conv_case("a kernel of 3", (1, 1, 5), (1, 1, 3)),
        conv_case("dilation 2", (1, 1, 6), (1, 1, 3), dilation=2),
        conv_case("2 output channels", (1, 1, 5), (2, 1, 3)),
        conv_case("3 input channels", (1, 3, 5), (1, 3, 3)),
        conv_case("a batch of 3", (3, 1, 5), (1, 1, 3)),
        conv_case("a kernel of 1", (1, 1, 4), (1, 1, 1)),
        conv_case("float64", (1, 1, 5), (1, 1, 3), dtype=torch.float64),
        conv_case("an input that is not contiguous", (2, 2, 5), (1, 2, 3), contiguous=False, seed=2),
        conv_case("a reach longer than the input", (1, 1, 4), (1, 1, 3), dilation=3),
        conv_case("everything, by position", (3, 2, 9), (4, 2, 3), dilation=2, positional=True, seed=5),
    )


def _causal_window(input, weight, dilation=1):
    past = dilation * (weight.shape[2] - 1)
    return {"input": torch.nn.functional.pad(input, (past, 0)), "weight": weight, "dilation": dilation}


EXERCISES = (
    Exercise(
        name="conv1d",
        notebook="02_conv1d",
        idea="a convolution along one axis",
        question="""Write `conv1d(input, weight, bias=None, stride=1, padding=0)`, which gives what `F.conv1d`
gives.

`input` has the shape `(N, C_in, L)`, `weight` `(C_out, C_in, K)` and `bias`, where there is one, `(C_out,)`;
`stride` and `padding` are ints. The result has the shape `(N, C_out, L_out)` with
`L_out = (L + 2 * padding - K) // stride + 1`, and the input's dtype. Do not call torch's convolution.""",
        difficulty=2,
        importance=3,
        minutes=20,
        hints=(
            "Take one number of the result: which window of the padded input, and which filter, does it come from?",
            "`output[n, o, i]` is the sum over channels and taps of `padded[n, :, i * stride : i * stride + K] * "
            "weight[o]`, plus `bias[o]`.",
            "Pad with `F.pad(input, (padding, padding))`; make `output = input.new_zeros(N, C_out, L_out)`; loop "
            "over `i` and `o` and store `(window * weight[o]).sum((1, 2))`; at the end add `bias.view(1, -1, 1)`.",
        ),
        solution=conv1d,
        alternative=conv1d_by_unfold,
        cases=_conv1d_cases,
        mistakes=mistakes(_CONV1D, lambda names: faulty_conv(1, names)),
        combined=lambda names: faulty_conv(1, names),
        replaces=CONVOLUTION,
        window=conv_window(1),
    ),
    Exercise(
        name="causal_conv1d",
        notebook="02_conv1d",
        idea="causal padding",
        question="""Write `causal_conv1d(input, weight, dilation=1)`: a convolution that never sees the future.

`input` has the shape `(N, C_in, L)` and `weight` `(C_out, C_in, K)`; the result has the shape `(N, C_out, L)` and
the input's dtype. Element `t` of the result depends on the elements `0` to `t` of the input only: the last tap
reads element `t`, the tap before it element `t - dilation`, and so on; before the input there are zeros. `F.conv1d`
and `F.pad` may be called.""",
        difficulty=2,
        importance=3,
        minutes=10,
        hints=(
            "An ordinary convolution without padding is too short. Where must zeros be added, so that nothing comes "
            "from the future?",
            "All zeros go before the input. The first tap reads `dilation * (K - 1)` elements before the last one.",
            "`F.pad(input, (dilation * (K - 1), 0))`, then `F.conv1d(..., weight, dilation=dilation)`.",
        ),
        solution=causal_conv1d,
        alternative=causal_conv1d_by_shifts,
        cases=_causal_cases,
        mistakes=_CAUSAL_MISTAKES,
        window=conv_window(1, _causal_window),
    ),
)
