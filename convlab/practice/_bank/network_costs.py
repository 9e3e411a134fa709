"""The exercises of the last notebook on what a whole network costs."""

from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise


def network_params(in_channels, layers):
    total = 0
    for out_channels, kernel_size, groups in layers:
        total += out_channels * (in_channels // groups) * kernel_size**2 + out_channels
        in_channels = out_channels
    return total


def network_params_of_a_model(in_channels, layers):
    from torch import nn

    model = nn.Sequential()
    for out_channels, kernel_size, groups in layers:
        model.append(nn.Conv2d(in_channels, out_channels, kernel_size, groups=groups, device="meta"))
        in_channels = out_channels
    return sum(parameter.numel() for parameter in model.parameters())


def network_macs(input_shape, layers):
    channels, height, width = input_shape
    total = 0
    for out_channels, kernel_size, stride, padding in layers:
        height = (height + 2 * padding - kernel_size) // stride + 1
        width = (width + 2 * padding - kernel_size) // stride + 1
        total += height * width * out_channels * channels * kernel_size**2
        channels = out_channels
    return total


def network_macs_of_a_model(input_shape, layers):
    import torch

    x, total = torch.zeros(1, *input_shape), 0
    for out_channels, kernel_size, stride, padding in layers:
        layer = torch.nn.Conv2d(x.shape[1], out_channels, kernel_size, stride, padding)
        x = layer(x)
        total += layer.weight.numel() * x[0, 0].numel()
    return total


def _faulty_params(faults):
    def network_params(in_channels, layers):
        total, first = 0, in_channels
        layers = layers[-1:] if "the last layer only" in faults else layers
        for out_channels, kernel_size, groups in layers:
            taps = kernel_size if "one side of the kernel" in faults else kernel_size**2
            groups = 1 if "the groups are left out" in faults else groups
            sees = in_channels if "the groups are left out" in faults else in_channels // groups
            sees = first // groups if "the channels do not follow" in faults else sees
            outs = out_channels // groups if "one group only" in faults else out_channels
            biases = out_channels
            biases = 0 if "the bias is left out" in faults else biases
            biases = 1 if "one bias per layer" in faults else biases
            biases = in_channels if "one bias per input channel" in faults else biases
            total += outs * sees * taps + biases
            in_channels = out_channels
        return total

    return network_params


PARAMS = {
    "the channels do not follow": "A layer's in_channels are the out_channels of the layer before it.",
    "the groups are left out": "A filter sees in_channels / groups channels.",
    "one group only": "Each group has out_channels / groups filters, and there are groups of them.",
    "one side of the kernel": "The kernel has kernel_size * kernel_size taps.",
    "the bias is left out": "Each layer has a bias: out_channels more.",
    "one bias per layer": "A layer has one bias per output channel.",
    "one bias per input channel": "A layer has one bias per output channel.",
    "the last layer only": "Add up all layers.",
}


def _faulty_macs(faults):
    def network_macs(input_shape, layers):
        channels, height, width = input_shape
        total = 0
        layers = layers[-1:] if "the last layer only" in faults else layers
        for out_channels, kernel_size, stride, padding in layers:
            stride = 1 if "the strides are left out" in faults else stride
            padding = 0 if "the padding is left out" in faults else padding
            both = padding if "the padding counts once" in faults else 2 * padding
            ways = [n + both - kernel_size for n in (height, width)]
            sizes = [-(-way // stride) if "rounded up" in faults else way // stride for way in ways]
            rows, columns = (n if "1 is not added" in faults else n + 1 for n in sizes)
            places = height * width if "the places of the input" in faults else rows * columns
            places = rows * rows if "the rows twice" in faults else places
            taps = kernel_size if "one side of the kernel" in faults else kernel_size**2
            sees = input_shape[0] if "the channels do not follow" in faults else channels
            sees = 1 if "the input channels are left out" in faults else sees
            total += places * out_channels * sees * taps
            total += out_channels * places if "the bias counts" in faults else 0
            channels = out_channels
            if "the size stays that of the input" not in faults:
                height, width = rows, columns
        return 2 * total if "FLOPs" in faults else total

    return network_macs


MACS = {
    "the channels do not follow": "A layer's in_channels are the out_channels of the layer before it.",
    "the size stays that of the input": "Each layer works on the output of the layer before it: follow the size.",
    "the places of the input": "A filter is applied once per place of the output.",
    "the strides are left out": "A stride makes the output smaller: fewer places.",
    "the padding is left out": "Padding makes the output larger; products with padding count.",
    "the padding counts once": "padding elements are added on both sides: 2 * padding.",
    "rounded up": "A last step that does not fit is not made: round down, with //.",
    "1 is not added": "The window before the first step counts, too: add 1.",
    "the rows twice": "The picture need not be square: rows * columns.",
    "one side of the kernel": "The kernel has kernel_size * kernel_size taps.",
    "the input channels are left out": "An output sums over all input channels.",
    "the bias counts": "By convention a bias adds no MACs.",
    "FLOPs": "A MAC is a multiplication and an addition together; FLOPs are twice as many.",
    "the last layer only": "Add up all layers.",
}

SEVERAL = {
    "there are several layers": lambda layers, **_: len(layers) > 1,
    "there are several input channels": lambda layers, in_channels=1, input_shape=(1,): (
        max(in_channels, input_shape[0]) > 1
    ),
}

EXERCISES = (
    Exercise(
        name="network_params",
        notebook="12_capstone",
        idea="the weights of a network",
        question="""How many numbers does a stack of convolutions learn?

Write `network_params(in_channels, layers)`; `layers` is a list of `(out_channels, kernel_size, groups)`, the input
side first. Kernels are square, and every layer has a bias. Return an int.""",
        difficulty=2,
        importance=2,
        minutes=5,
        hints=(
            "Count one layer, then ask what the next one sees.",
            "A layer has out_channels filters of (in_channels / groups) * kernel_size**2 weights, and out_channels "
            "biases.",
            "In the loop, `total += out_channels * (in_channels // groups) * kernel_size**2 + out_channels`, then "
            "`in_channels = out_channels`.",
        ),
        solution=network_params,
        alternative=network_params_of_a_model,
        cases=table(
            network_params,
            {
                **SEVERAL,
                "a layer has groups": lambda layers, **_: any(groups > 1 for *_, groups in layers),
                "a kernel is larger than 1": lambda layers, **_: any(layer[1] > 1 for layer in layers),
            },
            row("one weight", 1, [(1, 1, 1)]),
            row("one layer", 3, [(4, 3, 1)]),
            row("two layers", 1, [(2, 3, 1), (5, 1, 1)]),
            row("a layer with groups", 4, [(6, 3, 2)]),
            row("a 1 x 1 layer", 5, [(3, 1, 1)]),
            row("three layers", 2, [(4, 3, 1), (6, 2, 2), (3, 1, 1)]),
            row("a depthwise and a pointwise layer", 8, [(8, 3, 8), (12, 1, 1)]),
            row("a picture in colour", 3, [(16, 3, 1), (16, 5, 4), (32, 1, 1), (32, 3, 32)]),
        ),
        mistakes=known(_faulty_params, PARAMS),
        combined=_faulty_params,
    ),
    Exercise(
        name="network_macs",
        notebook="12_capstone",
        idea="the cost of a network",
        question="""How many multiply-accumulate operations (MACs) does a stack of convolutions need for one
picture?

Write `network_macs(input_shape, layers)`. `input_shape` is `(C, H, W)`; `layers` is a list of `(out_channels,
kernel_size, stride, padding)`, the input side first. Kernels are square; products with the padding's zeros
count, biases do not. Return an int.""",
        difficulty=2,
        importance=2,
        minutes=10,
        hints=(
            "Three numbers change from layer to layer: the channels, the height and the width.",
            "A layer needs one MAC per place of its output and weight. Find the size of its output first.",
            "`total += height * width * out_channels * channels * kernel_size**2`, with the new height and width",
        ),
        solution=network_macs,
        alternative=network_macs_of_a_model,
        cases=table(
            network_macs,
            {
                **SEVERAL,
                "a stride is not 1": lambda layers, **_: any(layer[2] > 1 for layer in layers),
                "there is padding": lambda layers, **_: any(layer[3] > 0 for layer in layers),
                "the input is not square": lambda input_shape, **_: input_shape[1] != input_shape[2],
            },
            row("one product", (1, 1, 1), [(1, 1, 1, 0)]),
            row("one layer", (1, 4, 4), [(2, 3, 1, 0)]),
            row("several channels", (3, 4, 5), [(2, 3, 1, 0)]),
            row("padding", (1, 4, 6), [(2, 3, 1, 1)]),
            row("a stride with a rest", (1, 6, 8), [(1, 3, 2, 0)]),
            row("two layers", (2, 6, 7), [(3, 3, 1, 0), (4, 1, 1, 0)]),
            row("an even kernel", (2, 7, 8), [(3, 2, 1, 0)]),
            row("two strides", (1, 9, 13), [(4, 3, 2, 0), (2, 3, 2, 1)]),
            row("a picture in colour", (3, 32, 48), [(8, 5, 2, 2), (16, 3, 2, 1), (16, 1, 1, 0)]),
        ),
        mistakes=known(_faulty_macs, MACS),
        combined=_faulty_macs,
    ),
)
