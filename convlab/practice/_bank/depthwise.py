"""An exercise of 06_grouped_and_depthwise: the depthwise convolution, with a multiplier."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_case, conv_window, counting
from convlab.practice._bank._switches import faulty_conv, mistakes
from convlab.practice._bank.grouped import IN_A_WINDOW, RESULT
from convlab.practice.exercise import Case, Exercise, Mistake


def depthwise_conv2d(input, weight, bias=None):
    kH, kW = weight.shape[2:]
    multiplier = weight.shape[0] // input.shape[1]  # output channels for each input channel
    windows = input.unfold(2, kH, 1).unfold(3, kW, 1)  # (N, C_in, H_out, W_out, kH, kW)
    windows = windows.repeat_interleave(multiplier, dim=1)  # each channel, once for each of its filters
    output = torch.einsum("nchwij,cij->nchw", windows, weight[:, 0])
    return output if bias is None else output + bias.view(1, -1, 1, 1)


def depthwise_conv2d_by_loops(input, weight, bias=None):
    N, C_in, H, W = input.shape
    C_out, _, kH, kW = weight.shape
    output = input.new_zeros(N, C_out, H - kH + 1, W - kW + 1)
    for o in range(C_out):
        channel = input[:, o // (C_out // C_in)]  # (N, H, W)
        for i in range(kH):
            for j in range(kW):
                output[:, o] += weight[o, 0, i, j] * channel[:, i : i + output.shape[2], j : j + output.shape[3]]
        if bias is not None:
            output[:, o] += bias[o]
    return output


_DEPTHWISE = (
    *IN_A_WINDOW, "all output channels use the first filter", "groups is ignored",
    "every group reads the first input channels", "the filters are dealt out to the groups",
    "the output channels of the groups are interleaved", "the groups are in reverse order",
    "each group takes every so many filters",
    "the groups are stacked, not joined", "the groups are joined along the batch", "the groups are added up",
    "only the last group is kept", "every group uses the first filters", *RESULT,
)  # fmt: skip


def _depthwise(names):
    convolve = faulty_conv(2, names)
    return lambda input, weight, bias=None: convolve(input, weight, bias, groups=input.shape[1])


def _without_multiplier(input, weight, bias=None):
    """Only the first filter of each channel."""
    C_in = input.shape[1]
    multiplier = weight.shape[0] // C_in
    bias = bias if bias is None else bias[::multiplier]
    return _depthwise(frozenset())(input, weight[::multiplier], bias)


def _first_filters(input, weight, bias=None):
    """As many filters as there are input channels."""
    C_in = input.shape[1]
    return _depthwise(frozenset())(input, weight[:C_in], bias if bias is None else bias[:C_in])


def _multiplier_added_up(input, weight, bias=None):
    C_in = input.shape[1]
    output = _depthwise(frozenset())(input, weight, bias)
    return output.unflatten(1, (C_in, -1)).sum(2)


_MULTIPLIER = (
    "Input channel c has the filters c * m to c * m + m - 1, where m = C_out / C_in, and each gives a channel."
)

_DEPTHWISE_MISTAKES = (
    Mistake("each channel uses its first filter only", _MULTIPLIER, _without_multiplier),
    Mistake("only the first C_in filters are used", _MULTIPLIER, _first_filters),
    Mistake("the filters of a channel are added up", _MULTIPLIER, _multiplier_added_up),
    *mistakes(_DEPTHWISE, _depthwise),
)


def _depthwise_case(*args, **options):
    case = conv_case(*args, **options)
    input, weight = case.args[:2]
    other = {"there are several input channels": "there are several channels"}
    found = {other.get(trait, trait) for trait in case.traits} - {"there are several output channels"}
    if len(weight) > input.shape[1]:
        found.add("there are several filters for a channel")
    return Case(case.id, case.args, case.kwargs, frozenset(found))


def _depthwise_cases():
    return (
        _depthwise_case("the smallest", counting(1, 1, 3, 3), torch.tensor([[[[1.0, 2.0], [0.0, 4.0]]]])),
        _depthwise_case("a kernel of 3", (1, 1, 4, 4), (1, 1, 3, 3)),
        _depthwise_case("2 channels", (1, 2, 4, 4), (2, 1, 3, 3)),
        _depthwise_case("2 filters for 1 channel", (1, 1, 4, 4), (2, 1, 3, 3)),
        _depthwise_case("a bias", (1, 1, 4, 4), (1, 1, 3, 3), bias=True),
        _depthwise_case("an input of 4 rows and 5 columns", (1, 1, 4, 5), (1, 1, 3, 3)),
        _depthwise_case("a kernel of 1 row and 3 columns", (1, 1, 4, 4), (1, 1, 1, 3)),
        _depthwise_case("a batch of 3", (3, 1, 4, 4), (1, 1, 3, 3)),
        _depthwise_case("float64", (1, 1, 4, 4), (1, 1, 3, 3), dtype=torch.float64),
        _depthwise_case("an input that is not contiguous", (2, 2, 4, 4), (2, 1, 3, 3), contiguous=False),
        _depthwise_case("a bias for each of 2 channels", (1, 2, 4, 4), (2, 1, 3, 3), bias=True),
        _depthwise_case("2 filters for each of 2 channels", (1, 2, 4, 4), (4, 1, 3, 3)),
        _depthwise_case("2 filters for each of 3 channels", (1, 3, 4, 4), (6, 1, 3, 3), bias=True),
        _depthwise_case("everything, by position", (2, 3, 5, 6), (9, 1, 2, 3), bias=True, positional=True, seed=5),
    )


def _as_grouped(input, weight, bias=None):
    return {"input": input, "weight": weight, "bias": bias, "groups": input.shape[1]}


EXERCISES = (
    Exercise(
        name="depthwise_conv2d",
        notebook="06_grouped_and_depthwise",
        idea="depthwise convolution",
        question="""Write `depthwise_conv2d(input, weight, bias=None)`, which gives what `F.conv2d` gives with
`groups=C_in`.

`input` has the shape `(N, C_in, H, W)`, `weight` `(C_out, 1, kH, kW)` and `bias`, where there is one, `(C_out,)`; the
result has the shape `(N, C_out, H - kH + 1, W - kW + 1)`. `C_out` is a multiple of `C_in`: the first `C_out // C_in`
filters belong to input channel 0, the next ones to channel 1, and so on. Do not call torch's convolution.""",
        difficulty=2,
        importance=2,
        minutes=12,
        hints=(
            "Nothing is added up over channels. Which single input channel does output channel `o` look at?",
            "With `m = C_out // C_in`, output channel `o` is input channel `o // m`, filtered with `weight[o, 0]`.",
            "`windows = input.unfold(2, kH, 1).unfold(3, kW, 1).repeat_interleave(m, dim=1)`, then "
            '`torch.einsum("nchwij,cij->nchw", windows, weight[:, 0])`, then the bias.',
        ),
        solution=depthwise_conv2d,
        alternative=depthwise_conv2d_by_loops,
        cases=_depthwise_cases,
        mistakes=_DEPTHWISE_MISTAKES,
        replaces=CONVOLUTION,
        window=conv_window(2, _as_grouped),
    ),
)
