"""The exercises on the cost of depthwise separable convolutions."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice._bank.grouped_costs import CHANNELS
from convlab.practice.exercise import Exercise

COSTS = (arithmetic.num_params, arithmetic.num_macs)


def separable_params(in_channels, out_channels, kernel_size, bias=False):
    depthwise = in_channels * kernel_size**2
    pointwise = in_channels * out_channels
    biases = in_channels + out_channels if bias else 0
    return depthwise + pointwise + biases


def separable_params_of_layers(in_channels, out_channels, kernel_size, bias=False):
    from torch import nn

    pair = nn.Sequential(
        nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels, bias=bias, device="meta"),
        nn.Conv2d(in_channels, out_channels, 1, bias=bias, device="meta"),
    )
    return sum(parameter.numel() for parameter in pair.parameters())


def _weights(faults, in_channels, out_channels, kernel_size):
    """The weights of both layers together, with these faults."""
    taps = kernel_size**2
    taps = kernel_size if "one side of the kernel" in faults else taps
    taps = 2 * kernel_size if "separable in space" in faults else taps
    depthwise, pointwise = in_channels * taps, in_channels * out_channels
    for name, wrong in {
        "an ordinary first layer": in_channels * out_channels * taps,
        "an ordinary first layer that keeps the channels": in_channels * in_channels * taps,
        "depthwise over the output channels": out_channels * taps,
        "one depthwise kernel for all channels": taps,
        "no depthwise layer": 0,
    }.items():
        depthwise = wrong if name in faults else depthwise
    for name, wrong in {
        "the pointwise layer has the whole kernel": in_channels * out_channels * taps,
        "the pointwise layer has one input channel": out_channels,
        "the pointwise layer keeps the channels": in_channels * in_channels,
        "the pointwise layer starts from the output channels": out_channels * out_channels,
        "the pointwise channels are added": in_channels + out_channels,
        "no pointwise layer": 0,
    }.items():
        pointwise = wrong if name in faults else pointwise
    if "an ordinary convolution" in faults:
        return in_channels * out_channels * taps
    return depthwise * pointwise if "the layers are multiplied" in faults else depthwise + pointwise


WEIGHTS = {
    "an ordinary convolution": "A separable convolution is two layers: depthwise, in_channels * kernel_size**2, then "
    "pointwise, in_channels * out_channels.",
    "an ordinary first layer": "The first layer is depthwise: one kernel per input channel, in_channels * "
    "kernel_size**2.",
    "an ordinary first layer that keeps the channels": "The first layer is depthwise: each kernel sees one channel, so "
    "there are in_channels * kernel_size**2 weights.",
    "depthwise over the output channels": "The depthwise layer comes first: it has one kernel per input channel.",
    "one depthwise kernel for all channels": "Each input channel has its own depthwise kernel.",
    "no depthwise layer": "Before the pointwise layer comes the depthwise one, in_channels * kernel_size**2.",
    "the pointwise layer has the whole kernel": "The pointwise layer has a 1 x 1 kernel: in_channels * out_channels.",
    "the pointwise layer has one input channel": "Each pointwise filter sees all input channels.",
    "the pointwise layer keeps the channels": "The pointwise layer goes from in_channels to out_channels.",
    "the pointwise layer starts from the output channels": "The depthwise layer keeps in_channels; the pointwise layer "
    "goes from them to out_channels.",
    "the pointwise channels are added": "Each of out_channels filters has in_channels weights: multiply.",
    "no pointwise layer": "After the depthwise layer comes the pointwise one, in_channels * out_channels.",
    "the layers are multiplied": "The two layers run one after the other: their costs are added, not multiplied.",
    "one side of the kernel": "The kernel has kernel_size * kernel_size taps.",
    "separable in space": "This pair separates channels from space; its depthwise kernels are whole, kernel_size by "
    "kernel_size.",
}


_WITHOUT_WEIGHTS = {
    "the pointwise weights are left out": "no pointwise layer",
    "the depthwise weights are left out": "no depthwise layer",
}


def _faulty_params(faults):
    def separable_params(in_channels, out_channels, kernel_size, bias=False):
        biases = in_channels + out_channels
        for name, wrong in {
            "the depthwise bias is left out": out_channels,
            "the pointwise bias is left out": in_channels,
            "both biases have out_channels": 2 * out_channels,
            "both biases have in_channels": 2 * in_channels,
            "one bias per layer": 2,
            "the bias is left out": 0,
            "an ordinary convolution": out_channels,
            "no pointwise layer": in_channels,
            "no depthwise layer": out_channels,
        }.items():
            biases = wrong if name in faults else biases
        bias = True if "the bias always counts" in faults else bias
        bias = not bias if "the bias counts where there is none" in faults else bias
        if "the parameter tensors are counted" in faults:
            return 4 if bias else 2
        if "the layers are multiplied, each with its bias" in faults:
            return in_channels * (kernel_size**2 + bias) * out_channels * (in_channels + bias)
        missing = {layer for weights, layer in _WITHOUT_WEIGHTS.items() if weights in faults}
        return _weights(faults | missing, in_channels, out_channels, kernel_size) + (biases if bias else 0)

    return separable_params


SEPARABLE_PARAMS = {
    **WEIGHTS,
    "the layers are multiplied, each with its bias": "The two layers run one after the other: their numbers are added, "
    "not multiplied.",
    "the pointwise weights are left out": "The pointwise layer has weights, too: in_channels * out_channels.",
    "the depthwise weights are left out": "The depthwise layer has weights, too: in_channels * kernel_size**2.",
    "the parameter tensors are counted": "A parameter is a tensor of many numbers. Add up numel() of each: "
    "sum(p.numel() for p in model.parameters()).",
    "the depthwise bias is left out": "With bias, both layers have one: in_channels and out_channels numbers.",
    "the pointwise bias is left out": "With bias, both layers have one: in_channels and out_channels numbers.",
    "both biases have out_channels": "The depthwise layer has in_channels outputs, so its bias has in_channels "
    "numbers.",
    "both biases have in_channels": "The pointwise layer has out_channels outputs, so its bias has out_channels "
    "numbers.",
    "one bias per layer": "A layer has one bias per output channel: in_channels and out_channels numbers.",
    "the bias is left out": "With bias=True, both layers have one: in_channels and out_channels numbers.",
    "the bias always counts": "bias=False is the default: then there are weights only.",
    "the bias counts where there is none": "bias=True adds in_channels + out_channels numbers, bias=False adds none.",
}


def separable_macs(in_channels, out_channels, kernel_size, output_size):
    rows, columns = output_size
    per_place = in_channels * kernel_size**2 + in_channels * out_channels
    return rows * columns * per_place


def separable_macs_by_layer(in_channels, out_channels, kernel_size, output_size):
    import math

    depthwise_shape = (in_channels, 1, kernel_size, kernel_size)
    pointwise_shape = (out_channels, in_channels, 1, 1)
    return sum(math.prod(shape) * math.prod(output_size) for shape in (depthwise_shape, pointwise_shape))


def _faulty_macs(faults):
    def separable_macs(in_channels, out_channels, kernel_size, output_size):
        rows, columns = output_size
        places = rows * columns
        for name, wrong in {
            "the places are left out": 1,
            "the rows twice": rows * rows,
            "one axis of the output": rows,
        }.items():
            places = wrong if name in faults else places
        if "the pointwise layer at one place" in faults:
            return places * in_channels * kernel_size**2 + in_channels * out_channels
        each = 2 if "FLOPs" in faults else 1
        return each * places * _weights(faults, in_channels, out_channels, kernel_size)

    return separable_macs


SEPARABLE_MACS = {
    **WEIGHTS,
    "the places are left out": "That is the number of weights: each is used once at every place of the output.",
    "the rows twice": "The output need not be square: it has rows * columns places.",
    "one axis of the output": "The output has rows * columns places.",
    "the pointwise layer at one place": "Both layers run at each place of the output.",
    "FLOPs": "A MAC is a multiplication and an addition together; FLOPs are twice as many.",
}

EXERCISES = (
    Exercise(
        name="separable_params",
        notebook="06_grouped_and_depthwise",
        idea="what a separable convolution saves",
        question="""How many numbers does a depthwise separable convolution learn?

It is a depthwise `Conv2d` (one kernel per input channel) and then a pointwise one (1 x 1, all channels). Write
`separable_params(in_channels, out_channels, kernel_size, bias=False)`. `kernel_size` is one int: the kernel is
square; with `bias`, **both** layers have one (unlike `convlab.nn.SeparableConv2d`, where only the second has). Return
an int. Do not call convlab's functions for it; building layers is allowed.""",
        difficulty=2,
        importance=3,
        minutes=5,
        hints=(
            "Count the two layers one after the other.",
            "The depthwise layer has in_channels kernels of kernel_size**2 taps; the pointwise layer has out_channels "
            "filters of in_channels numbers.",
            "`in_channels * kernel_size**2 + in_channels * out_channels`, and with bias one number per output of each "
            "layer",
        ),
        solution=separable_params,
        alternative=separable_params_of_layers,
        cases=table(
            separable_params,
            {**CHANNELS, "there is a bias": lambda bias, **_: bias},
            row("one channel", 1, 1, 1),
            row("one channel and a bias", 1, 1, 3, True),
            row("two channels in", 2, 1, 3),
            row("two channels out", 1, 2, 3),
            row("a bias", 2, 5, 3, bias=True),
            row("an even kernel", 3, 4, 2, False),
            row("more inputs than outputs", 8, 3, 5, True),
            row("a 1 x 1 kernel", 4, 6, 1),
            row("16 to 32 channels", 16, 32, 3),
            row("a layer of MobileNet", 512, 1024, 3, bias=False),
        ),
        mistakes=known(_faulty_params, SEPARABLE_PARAMS),
        combined=_faulty_params,
        replaces=COSTS,
    ),
    Exercise(
        name="separable_macs",
        notebook="06_grouped_and_depthwise",
        idea="what a separable convolution saves",
        question="""How many multiply-accumulate operations (MACs) does a depthwise separable convolution need for
one picture?

Write `separable_macs(in_channels, out_channels, kernel_size, output_size)`. `kernel_size` is one int: the
kernel is square; `output_size` is the pair `(H_out, W_out)` that both layers have. Products with the padding's
zeros count, biases do not. Return an int. Do not call convlab's functions for it.""",
        difficulty=2,
        importance=2,
        minutes=5,
        hints=(
            "How often is each weight used?",
            "Once per place of the output, in both layers.",
            "`H_out * W_out * (in_channels * kernel_size**2 + ...)`, the weights of both layers in the brackets",
        ),
        solution=separable_macs,
        alternative=separable_macs_by_layer,
        cases=table(
            separable_macs,
            {**CHANNELS, "the output is not square": lambda output_size, **_: output_size[0] != output_size[1]},
            row("one channel, one place", 1, 1, 1, (1, 1)),
            row("a kernel of 3", 1, 1, 3, (1, 1)),
            row("several places", 1, 1, 3, (4, 4)),
            row("two channels in", 2, 1, 3, (2, 3)),
            row("two channels out", 1, 2, 3, (3, 2)),
            row("an even kernel", 3, 4, 2, (5, 4)),
            row("more inputs than outputs", 8, 3, 5, (6, 7)),
            row("16 to 32 channels", 16, 32, 3, (28, 28)),
            row("a layer of MobileNet", 512, 1024, kernel_size=3, output_size=(7, 7)),
        ),
        mistakes=known(_faulty_macs, SEPARABLE_MACS),
        combined=_faulty_macs,
        replaces=COSTS,
    ),
)
