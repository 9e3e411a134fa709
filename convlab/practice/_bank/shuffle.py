"""An exercise of 06_grouped_and_depthwise: the channel shuffle."""

import torch

from convlab.practice._bank._cases import counting, not_contiguous, numbers
from convlab.practice.exercise import Case, Exercise, Mistake


def channel_shuffle(input, groups):
    N, C, H, W = input.shape
    return input.reshape(N, groups, C // groups, H, W).transpose(1, 2).reshape(N, C, H, W)


def channel_shuffle_by_index(input, groups):
    size = input.shape[1] // groups
    order = [group * size + place for place in range(size) for group in range(groups)]
    return input[:, order]


def _shuffled(change):
    def answer(input, groups):
        N, C, H, W = input.shape
        return change(input, N, groups, C // groups, H, W)

    return answer


_SHUFFLE_MISTAKES = (
    Mistake(
        "nothing is shuffled",
        "Between the two reshapes the two axes of the channels are swapped: transpose(1, 2). "
        "A reshape by itself moves no element.",
        lambda input, groups: input.clone(),
    ),
    Mistake(
        "groups and channels of a group are swapped",
        "The channels are first seen as (groups, C // groups), then swapped. "
        "The other way round, the shuffle is undone.",
        _shuffled(lambda x, N, g, k, H, W: x.reshape(N, k, g, H, W).transpose(1, 2).reshape(N, -1, H, W)),
    ),
    Mistake(
        "the channels are reversed",
        "The channels of the groups take turns; none is reversed.",
        lambda input, groups: input.flip(1),
    ),
    Mistake(
        "the groups are reversed",
        "The channels of the groups take turns: first the first of each group, then the second.",
        _shuffled(lambda x, N, g, k, H, W: x.reshape(N, g, k, H, W).flip(1).flatten(1, 2)),
    ),
    Mistake(
        "the channels are moved round",
        "The channels of the groups take turns; a roll keeps them side by side.",
        lambda input, groups: input.roll(groups, 1),
    ),
    Mistake(
        "the channels are shuffled at random",
        "The order is fixed: first the first channel of each group, then the second.",
        lambda input, groups: input[:, torch.randperm(input.shape[1], generator=torch.Generator().manual_seed(7))],
    ),
    Mistake(
        "the axes of the channels are not joined again",
        "At the end the channels are one axis again: (N, C, H, W).",
        _shuffled(lambda x, N, g, k, H, W: x.reshape(N, g, k, H, W).transpose(1, 2)),
    ),
    Mistake(
        "height and width are swapped, too",
        "Only the two axes of the channels are swapped.",
        _shuffled(lambda x, N, g, k, H, W: x.reshape(N, g, k, H, W).permute(0, 2, 1, 4, 3).flatten(1, 2)),
    ),
    Mistake(
        "the batch is shuffled, not the channels", "The channels are axis 1.", lambda input, groups: input.roll(1, 0)
    ),
    Mistake(
        "the groups are added up",
        "Nothing is computed: each channel is moved to another place.",
        _shuffled(lambda x, N, g, k, H, W: x.reshape(N, g, k, H, W).sum(1)),
    ),
    Mistake(
        "only the first sample is shuffled",
        "The result holds every sample of the batch, along axis 0.",
        lambda input, groups: channel_shuffle(input[:1], groups),
    ),
    Mistake(
        "the result is always float32",
        "The result has the input's dtype.",
        lambda input, groups: channel_shuffle(input, groups).float(),
    ),
)


def _shuffle_case(id, input, groups):
    found = {
        "there are several groups": groups > 1,
        "groups is not the number of channels in a group": groups**2 != input.shape[1],
        "the batch has more than one sample": len(input) > 1,
        "height and width differ": input.shape[2] != input.shape[3],
        "the input is not contiguous": not input.is_contiguous(),
        "the dtype is float64": input.dtype == torch.float64,
    }
    return Case(id, (input, groups), traits=frozenset(trait for trait, is_so in found.items() if is_so))


def _shuffle_cases():
    return (
        _shuffle_case("4 channels in 2 groups", counting(1, 4, 1, 1), 2),
        _shuffle_case("6 channels in 2 groups", counting(1, 6, 1, 1), 2),
        _shuffle_case("6 channels in 3 groups", counting(1, 6, 1, 1), 3),
        _shuffle_case("1 group", counting(1, 3, 1, 1), 1),
        _shuffle_case("maps of 1 row and 3 columns", counting(1, 4, 1, 3), 2),
        _shuffle_case("a batch of 2", counting(2, 4, 1, 1), 2),
        _shuffle_case("an input that is not contiguous", not_contiguous(counting(2, 4, 2, 2)), 2),
        _shuffle_case("float64", counting(1, 4, 1, 1).double(), 2),
        _shuffle_case("everything", numbers(3, 12, 4, 5), 4),
    )


EXERCISES = (
    Exercise(
        name="channel_shuffle",
        notebook="06_grouped_and_depthwise",
        idea="the channel shuffle",
        question="""Write `channel_shuffle(input, groups)`, which gives what `F.channel_shuffle` gives.

`input` has the shape `(N, C, H, W)`, and so has the result. The channels are `groups` groups of `C // groups`
neighbours. The result holds the first channel of each group, then the second of each group, and so on: 6 channels in
2 groups become 0, 3, 1, 4, 2, 5. Do not call `F.channel_shuffle` or `nn.ChannelShuffle`.""",
        difficulty=2,
        importance=2,
        minutes=8,
        hints=(
            "Write the numbers of the channels as a table with one row for each group, and read it column by column.",
            "The table is `input.reshape(N, groups, C // groups, H, W)`; reading it column by column means to swap "
            "two axes.",
            "`input.reshape(N, groups, C // groups, H, W).transpose(1, 2).reshape(N, C, H, W)`.",
        ),
        solution=channel_shuffle,
        alternative=channel_shuffle_by_index,
        cases=_shuffle_cases,
        mistakes=_SHUFFLE_MISTAKES,
        replaces=("channel_shuffle", "native_channel_shuffle"),
    ),
)
