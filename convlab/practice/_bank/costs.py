"""The exercises on the cost of one convolution: parameters and multiply-accumulate operations (MACs)."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise

COSTS = (arithmetic.num_params, arithmetic.num_macs)


def conv_params(in_channels, out_channels, kernel_size, bias=True):
    weights = out_channels * in_channels * kernel_size**2
    return weights + out_channels if bias else weights


def conv_params_of_a_layer(in_channels, out_channels, kernel_size, bias=True):
    import torch

    layer = torch.nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


def conv3d_params(in_channels, out_channels, kernel_size, bias=True):
    depth, height, width = kernel_size
    per_filter = in_channels * depth * height * width
    return out_channels * (per_filter + 1 if bias else per_filter)


def conv3d_params_of_a_layer(in_channels, out_channels, kernel_size, bias=True):
    import torch

    layer = torch.nn.Conv3d(in_channels, out_channels, kernel_size, bias=bias, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


def _faulty_params(ndim):
    def faulty(faults):
        def params(in_channels, out_channels, kernel_size, bias=True):
            sides = (kernel_size,) * 2 if ndim == 2 else tuple(kernel_size)
            sides = sides[1:] if "the depth is left out" in faults else sides
            sides = sides[:1] * 3 if "the kernel's depth on every axis" in faults else sides
            sides = sides[-1:] if "one side of the kernel" in faults else sides
            taps = 1
            for side in sides:
                taps *= side
            taps = sum(sides) if "the sides of the kernel are added" in faults else taps
            channels = in_channels * out_channels
            channels = out_channels if "the input channels are left out" in faults else channels
            channels = in_channels if "the output channels are left out" in faults else channels
            channels = in_channels + out_channels if "the channels are added" in faults else channels
            weights = channels + taps if "channels and taps are added" in faults else channels * taps
            amount = out_channels
            for name, wrong in {
                "one bias for the whole layer": 1,
                "one bias per input channel": in_channels,
                "one bias per pair of channels": in_channels * out_channels,
                "one bias per weight": weights,
                "the bias is left out": 0,
            }.items():
                amount = wrong if name in faults else amount
            if "the bias always counts" in faults:
                bias = True
            if "the bias counts where there is none" in faults:
                bias = not bias
            return weights + (amount if bias else 0)

        params.__name__ = f"conv{'3d' if ndim == 3 else ''}_params"
        return params

    return faulty


PARAMS = {
    "the input channels are left out": "Each filter sees all input channels: it has in_channels times the taps.",
    "the output channels are left out": "There is one filter per output channel.",
    "the channels are added": "Each of out_channels filters has in_channels slices: multiply.",
    "channels and taps are added": "Each pair of channels has its own taps: multiply.",
    "the sides of the kernel are added": "The taps of a kernel are the product of its sides.",
    "one side of the kernel": "kernel_size is one side; the kernel has a tap for each place: multiply the sides.",
    "the bias is left out": "With bias, each output channel has one more number.",
    "one bias for the whole layer": "There is one bias per output channel.",
    "one bias per input channel": "There is one bias per output channel.",
    "one bias per pair of channels": "There is one bias per output channel, not per slice of a filter.",
    "one bias per weight": "There is one bias per output channel, not per weight.",
    "the bias always counts": "With bias=False, the layer has its weight only.",
    "the bias counts where there is none": "bias=True adds out_channels numbers, bias=False adds none.",
}
PARAMS_3D = {
    **PARAMS,
    "the depth is left out": "A 3D kernel has kD * kH * kW taps.",
    "the kernel's depth on every axis": "The kernel need not be a cube: multiply its three sides.",
}


def conv_macs(in_channels, out_channels, kernel_size, output_size):
    rows, columns = output_size
    per_output = in_channels * kernel_size * kernel_size  # one filter at one place
    return rows * columns * out_channels * per_output


def conv_macs_by_shapes(in_channels, out_channels, kernel_size, output_size):
    import math

    weight_shape = (out_channels, in_channels, kernel_size, kernel_size)
    return math.prod(weight_shape) * math.prod(output_size)


def _faulty_macs(faults):
    def conv_macs(in_channels, out_channels, kernel_size, output_size):
        rows, columns = output_size
        taps = kernel_size if "one side of the kernel" in faults else kernel_size**2
        places = rows * columns
        for name, wrong in {
            "the places are left out": 1,
            "one axis of the output": rows,
            "the rows twice": rows * rows,
            "the columns twice": columns * columns,
            "the sides of the output are added": rows + columns,
            "the padded border counts as output": (rows + kernel_size - 1) * (columns + kernel_size - 1),
            "the border of the output is left out": (rows - kernel_size + 1) * (columns - kernel_size + 1),
        }.items():
            places = wrong if name in faults else places
        channels = in_channels * out_channels
        channels = out_channels if "the input channels are left out" in faults else channels
        channels = in_channels if "the output channels are left out" in faults else channels
        channels = in_channels + out_channels if "the channels are added" in faults else channels
        weights = channels * taps
        weights = weights + out_channels if "the bias counts" in faults else weights
        each = 2 if "FLOPs" in faults else 1
        return each * places * weights + (out_channels if "the bias is added once" in faults else 0)

    return conv_macs


MACS = {
    "FLOPs": "A MAC is a multiplication and an addition together; FLOPs are twice as many.",
    "the places are left out": "That is the number of weights: each is used once at every place of the output.",
    "one axis of the output": "The output has rows * columns places.",
    "the rows twice": "The output need not be square: it has rows * columns places.",
    "the columns twice": "The output need not be square: it has rows * columns places.",
    "the sides of the output are added": "The output has rows * columns places.",
    "the padded border counts as output": "output_size is given, and each filter is applied once per place of it: "
    "the border of padding adds no places.",
    "the border of the output is left out": "output_size is the size of the output already: do not subtract the "
    "kernel.",
    "one side of the kernel": "The kernel has kernel_size * kernel_size taps.",
    "the input channels are left out": "An output sums over all input channels.",
    "the output channels are left out": "Each output channel has its own filter, applied at each place.",
    "the channels are added": "Each of out_channels filters reads in_channels channels: multiply.",
    "the bias counts": "By convention a bias adds no MACs: it is an addition only.",
    "the bias is added once": "By convention a bias adds no MACs.",
}

BIAS = {"there is no bias": lambda bias, **_: not bias}
CHANNELS = {
    "there are several input channels": lambda in_channels, **_: in_channels > 1,
    "there are several output channels": lambda out_channels, **_: out_channels > 1,
    "the numbers of channels differ": lambda in_channels, out_channels, **_: in_channels != out_channels,
}
LARGER = {"the kernel is larger than 1": lambda kernel_size, **_: kernel_size > 1}

EXERCISES = (
    Exercise(
        name="conv_params",
        notebook="03_conv2d",
        idea="what a layer learns",
        question="""How many numbers does a `Conv2d` learn?

Write `conv_params(in_channels, out_channels, kernel_size, bias=True)`: its weights and, with `bias`, its biases
together. `kernel_size` is one int: the kernel is square. Return an int. Do not call convlab's functions for it;
building a layer is allowed.""",
        difficulty=1,
        importance=3,
        minutes=5,
        hints=(
            "What is the shape of `nn.Conv2d(3, 16, 5).weight`, and what is that of its bias?",
            "The weight has the shape (C_out, C_in, kH, kW), the bias (C_out,).",
            "`out_channels * in_channels * kernel_size**2`, and with bias `out_channels` more",
        ),
        solution=conv_params,
        alternative=conv_params_of_a_layer,
        cases=table(
            conv_params,
            {**CHANNELS, **LARGER, **BIAS},
            row("one weight", 1, 1, 1, False),
            row("one channel", 1, 1, 3, bias=False),
            row("one channel and a bias", 1, 1, 3),
            row("several output channels", 1, 6, 5),
            row("several input channels", 4, 1, 2, True),
            row("a 1 x 1 kernel", 5, 3, 1),
            row("no bias", 3, 8, 3, bias=False),
            row("the first layer of ResNet", 3, 64, 7, False),
            row("16 to 32 channels", 16, 32, 3, bias=True),
        ),
        mistakes=known(_faulty_params(2), PARAMS),
        combined=_faulty_params(2),
        replaces=COSTS,
    ),
    Exercise(
        name="conv_macs",
        notebook="03_conv2d",
        idea="what a layer costs",
        question="""How many multiply-accumulate operations (MACs) does a `Conv2d` need for one picture?

Write `conv_macs(in_channels, out_channels, kernel_size, output_size)`. `kernel_size` is one int: the kernel is
square; `output_size` is the pair `(H_out, W_out)`. Products with the padding's zeros count, the bias does not.
Return an int. Do not call convlab's functions for it.""",
        difficulty=2,
        importance=2,
        minutes=5,
        hints=(
            "How many products make one number of the output? How many numbers has the output?",
            "One number needs in_channels * kernel_size**2 products; there are out_channels * H_out * W_out numbers.",
            "`H_out * W_out * out_channels * in_channels * ...`",
        ),
        solution=conv_macs,
        alternative=conv_macs_by_shapes,
        cases=table(
            conv_macs,
            {
                **CHANNELS,
                **LARGER,
                "the output is not square": lambda output_size, **_: output_size[0] != output_size[1],
            },
            row("one product", 1, 1, 1, (1, 1)),
            row("one place", 1, 1, 3, (1, 1)),
            row("several places", 1, 1, 3, (4, 4)),
            row("an output that is not square", 1, 1, 2, (3, 5)),
            row("several input channels", 3, 1, 3, (4, 6)),
            row("several output channels", 1, 4, 3, (6, 4)),
            row("a 1 x 1 kernel", 8, 4, 1, (7, 5)),
            row("the first layer of LeNet-5", 1, 6, 5, (28, 28)),
            row("16 to 32 channels", 16, 32, 3, output_size=(24, 32)),
        ),
        mistakes=known(_faulty_macs, MACS),
        combined=_faulty_macs,
        replaces=COSTS,
    ),
    Exercise(
        name="conv3d_params",
        notebook="04_conv3d",
        idea="what the depth adds",
        question="""How many numbers does a `Conv3d` learn?

Write `conv3d_params(in_channels, out_channels, kernel_size, bias=True)`: its weights and, with `bias`, its
biases together. `kernel_size` is a tuple `(kD, kH, kW)`. Return an int. Do not call convlab's functions for it;
building a layer is allowed.""",
        difficulty=1,
        importance=2,
        minutes=3,
        hints=(
            "What is the shape of `nn.Conv3d(1, 8, 3).weight`?",
            "It is (C_out, C_in, kD, kH, kW); the bias has one number per output channel, as in two dimensions.",
            "`kD, kH, kW = kernel_size`, then multiply all five, and add `out_channels` with bias",
        ),
        solution=conv3d_params,
        alternative=conv3d_params_of_a_layer,
        cases=table(
            conv3d_params,
            {
                **CHANNELS,
                **BIAS,
                "the kernel is no cube": lambda kernel_size, **_: len(set(kernel_size)) > 1,
                "the kernel has a depth": lambda kernel_size, **_: kernel_size[0] > 1,
            },
            row("one weight", 1, 1, (1, 1, 1), False),
            row("a cube", 1, 1, (3, 3, 3), bias=False),
            row("a cube and a bias", 1, 1, (3, 3, 3)),
            row("a flat kernel", 1, 4, (1, 3, 3)),
            row("a kernel in time", 3, 2, (5, 1, 1), True),
            row("three different sides", 2, 5, (2, 3, 4)),
            row("no bias", 3, 8, (3, 5, 5), False),
            row("16 to 32 channels", 16, 32, (3, 3, 3)),
        ),
        mistakes=known(_faulty_params(3), PARAMS_3D),
        combined=_faulty_params(3),
        replaces=COSTS,
    ),
)
