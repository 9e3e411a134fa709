"""The exercises on the cost of grouped convolutions."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise

COSTS = (arithmetic.num_params, arithmetic.num_macs)


def grouped_params(in_channels, out_channels, kernel_size, groups=1, bias=True):
    weights = out_channels * (in_channels // groups) * kernel_size**2
    return weights + out_channels if bias else weights


def grouped_params_by_group(in_channels, out_channels, kernel_size, groups=1, bias=True):
    total = 0
    for _ in range(groups):  # each group is a small convolution of its own
        ins, outs = in_channels // groups, out_channels // groups
        total += outs * ins * kernel_size * kernel_size + (outs if bias else 0)
    return total


def _faulty_grouped(faults):
    def grouped_params(in_channels, out_channels, kernel_size, groups=1, bias=True):
        taps = kernel_size if "one side of the kernel" in faults else kernel_size**2
        weights = out_channels * in_channels * taps
        amount = out_channels
        for name, wrong in {
            "the groups are left out": weights,
            "multiplied by the groups": weights * groups,
            "one group only": weights // groups**2,
            "true division, not floor division": weights / groups,
            "the input channels are left out": out_channels * taps,
        }.items():
            if name in faults:
                weights = wrong
                break
        else:
            weights = weights // groups
        for name, wrong in {
            "one bias per input channel": in_channels,
            "one bias per group": groups,
            "one bias for the whole layer": 1,
            "the biases are divided by the groups": out_channels // groups,
            "the biases are multiplied by the groups": out_channels * groups,
            "the bias is left out": 0,
        }.items():
            amount = wrong if name in faults else amount
        bias = True if "the bias always counts" in faults else bias
        return weights + (amount if bias else 0)

    return grouped_params


GROUPED = {
    "the groups are left out": "A filter of a grouped convolution sees in_channels / groups channels only.",
    "multiplied by the groups": "Groups make a layer smaller: each filter sees in_channels / groups channels.",
    "one group only": "in_channels / groups times out_channels / groups is one group; there are groups of them.",
    "true division, not floor division": "A number of parameters is an int: divide with //.",
    "the input channels are left out": "Only with groups=in_channels does a filter see one channel; in general it sees "
    "in_channels / groups.",
    "one side of the kernel": "The kernel has kernel_size * kernel_size taps.",
    "one bias per input channel": "There is one bias per output channel.",
    "one bias per group": "There is one bias per output channel, not per group.",
    "one bias for the whole layer": "There is one bias per output channel.",
    "the biases are divided by the groups": "Groups divide the weight, not the bias: each output channel has its own.",
    "the biases are multiplied by the groups": "Each output channel has one bias, whatever the groups are.",
    "the bias is left out": "With bias, each output channel has one more number.",
    "the bias always counts": "With bias=False, the layer has its weight only.",
}

CHANNELS = {
    "there are several input channels": lambda in_channels, **_: in_channels > 1,
    "there are several output channels": lambda out_channels, **_: out_channels > 1,
    "the numbers of channels differ": lambda in_channels, out_channels, **_: in_channels != out_channels,
    "the kernel is larger than 1": lambda kernel_size, **_: kernel_size > 1,
}

EXERCISES = (
    Exercise(
        name="grouped_params",
        notebook="06_grouped_and_depthwise",
        idea="what groups save",
        question="""How many numbers does a `Conv2d` with groups learn?

Write `grouped_params(in_channels, out_channels, kernel_size, groups=1, bias=True)`. `kernel_size` is one int: the
kernel is square; `groups` divides both numbers of channels; with `bias`, its biases count, too. Return an int. Do
not call convlab's functions for it; building a layer is allowed.""",
        difficulty=1,
        importance=2,
        minutes=5,
        hints=(
            "What is the shape of `nn.Conv2d(6, 8, 3, groups=2).weight`?",
            "It is (C_out, C_in / groups, kH, kW): a filter sees the channels of its group only.",
            "`out_channels * (in_channels // groups) * kernel_size**2`, and with bias `out_channels` more",
        ),
        solution=grouped_params,
        alternative=grouped_params_by_group,
        cases=table(
            grouped_params,
            {
                **CHANNELS,
                "there are groups": lambda groups, **_: groups > 1,
                "each channel is a group": lambda in_channels, groups, **_: in_channels == groups > 1,
                "there is no bias": lambda bias, **_: not bias,
            },
            row("one weight", 1, 1, 1, 1, False),
            row("one channel and a bias", 1, 1, 3),
            row("no groups", 2, 3, 3),
            row("two groups", 4, 6, 1, 2),
            row("two groups, no bias", 4, 6, 3, groups=2, bias=False),
            row("as many outputs as inputs", 4, 4, 3, 2),
            row("depthwise", 4, 4, 3, 4),
            row("depthwise, three outputs per channel", 4, 12, 5, groups=4),
            row("three groups", 6, 9, 2, 3, True),
            row("ResNeXt", 128, 256, 3, 32, False),
        ),
        mistakes=known(_faulty_grouped, GROUPED),
        combined=_faulty_grouped,
        replaces=COSTS,
    ),
)
