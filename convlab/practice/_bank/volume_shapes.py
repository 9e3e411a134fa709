"""The exercise on the five numbers in the shape of a 3D convolution's output."""

from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise


def conv3d_output_shape(input_shape, out_channels, kernel_size, stride=(1, 1, 1), padding=(0, 0, 0)):
    batch, _, *sizes = input_shape
    out = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(sizes, kernel_size, stride, padding, strict=True)]
    return (batch, out_channels, *out)


def conv3d_output_shape_of_a_layer(input_shape, out_channels, kernel_size, stride=(1, 1, 1), padding=(0, 0, 0)):
    import torch

    layer = torch.nn.Conv3d(input_shape[1], out_channels, kernel_size, stride, padding)
    return tuple(layer(torch.zeros(input_shape)).shape)


def _faulty(faults):
    def conv3d_output_shape(input_shape, out_channels, kernel_size, stride=(1, 1, 1), padding=(0, 0, 0)):
        batch, in_channels, *sizes = input_shape
        kernel_size, stride, padding = list(kernel_size), list(stride), list(padding)
        if "the arguments begin with the width" in faults:
            kernel_size, stride, padding = kernel_size[::-1], stride[::-1], padding[::-1]
        for name, changed in (("kernel", kernel_size), ("stride", stride), ("padding", padding)):
            if f"the depth's {name} on every axis" in faults:
                changed[1:] = changed[:1] * 2
        stride = [1, 1, 1] if "the stride is left out" in faults else stride
        padding = [0, 0, 0] if "the padding is left out" in faults else padding
        both = 1 if "the padding counts once" in faults else 2
        one = 0 if "1 is not added" in faults else 1
        ways = [n + both * p - k for n, k, p in zip(sizes, kernel_size, padding, strict=True)]
        if "rounded up" in faults:
            out = [-(-way // s) + one for way, s in zip(ways, stride, strict=True)]
        elif "1 is added before the division" in faults:
            out = [(way + one) // s for way, s in zip(ways, stride, strict=True)]
        elif "true division, not floor division" in faults:
            out = [way / s + one for way, s in zip(ways, stride, strict=True)]
        else:
            out = [way // s + one for way, s in zip(ways, stride, strict=True)]
        if "the depth stays" in faults:
            out[0] = sizes[0]
        if "the depth is summed away" in faults:
            out[0] = 1
        channels = in_channels if "the channels stay" in faults else out_channels
        channels = in_channels * out_channels if "the channels are multiplied" in faults else channels
        batch = 1 if "one sample only" in faults else batch
        if "the channels are last" in faults:
            return (batch, *out, channels)
        if "the depth before the channels" in faults:
            return (batch, out[0], channels, *out[1:])
        if "the batch is left out" in faults:
            return (channels, *out)
        return tuple(out) if "the sizes alone" in faults else (batch, channels, *out)

    return conv3d_output_shape


MISTAKES = {
    "1 is not added": "The division counts the steps; the window before the first step counts, too.",
    "1 is added before the division": "Divide the way that the kernel can go, then add 1 for its first place.",
    "rounded up": "A last step that does not fit is not made: round down, with //.",
    "true division, not floor division": "A size is a whole number: divide with //.",
    "the padding counts once": "padding elements are added on both sides of an axis.",
    "the padding is left out": "The window slides over the padded input: add 2 * padding to each size.",
    "the stride is left out": "Each axis is divided by its stride.",
    "the depth stays": "The kernel slides along the depth, too: it shrinks as height and width do.",
    "the depth is summed away": "The kernel slides along the depth; only the channels are summed over.",
    "the depth's kernel on every axis": "kernel_size is (kD, kH, kW): each axis has its own.",
    "the depth's stride on every axis": "stride is one int per axis: depth, height, width.",
    "the depth's padding on every axis": "padding is one int per axis: depth, height, width.",
    "the arguments begin with the width": "The order is depth, height, width.",
    "the channels stay": "There is one output channel per filter: out_channels.",
    "the channels are multiplied": "A filter sums over the input channels: there are out_channels channels.",
    "the channels are last": "torch wants the channels before the spatial axes: (N, C_out, D, H, W).",
    "the depth before the channels": "The channels come right after the batch: (N, C_out, D, H, W).",
    "the batch is left out": "The batch is the first axis: (N, C_out, D, H, W).",
    "the sizes alone": "The shape has five ints: (N, C_out, D, H, W).",
    "one sample only": "The layer treats each sample alike: the batch stays as it is.",
}

EXERCISES = (
    Exercise(
        name="conv3d_output_shape",
        notebook="04_conv3d",
        idea="five dimensions",
        question="""What comes out of a `Conv3d`?

Write `conv3d_output_shape(input_shape, out_channels, kernel_size, stride=(1, 1, 1), padding=(0, 0, 0))`.
`input_shape` is `(N, C_in, D, H, W)`; the last three arguments have one int per axis, in the order depth, height,
width. Return the shape of the output, a tuple of five ints.""",
        difficulty=2,
        importance=3,
        minutes=5,
        hints=(
            "Which of the five numbers stay, which is given, and which follow the size formula?",
            "N stays, C_out is given, and depth, height and width follow the formula each with its own numbers.",
            "`(n + 2 * p - k) // s + 1` for each of the three axes, behind `N` and `out_channels`",
        ),
        solution=conv3d_output_shape,
        alternative=conv3d_output_shape_of_a_layer,
        cases=table(
            conv3d_output_shape,
            {
                "the batch has more than one sample": lambda input_shape, **_: input_shape[0] > 1,
                "the kernel is no cube": lambda kernel_size, **_: len(set(kernel_size)) > 1,
                "the stride is not 1": lambda stride, **_: set(stride) != {1},
                "there is padding": lambda padding, **_: any(padding),
                "the input is no cube": lambda input_shape, **_: len(set(input_shape[2:])) > 1,
            },
            row("one element", (1, 1, 1, 1, 1), 1, (1, 1, 1)),
            row("a cube", (1, 1, 4, 4, 4), 2, (3, 3, 3)),
            row("two samples of three channels", (2, 3, 4, 5, 6), 4, (1, 1, 1)),
            row("a flat kernel", (1, 2, 4, 5, 5), 3, (1, 3, 3)),
            row("a kernel in time", (1, 3, 8, 6, 7), 2, (5, 1, 1)),
            row("stride 2", (2, 1, 6, 7, 8), 5, (3, 3, 3), (2, 2, 2)),
            row("padding 1", (1, 2, 4, 6, 8), 3, (3, 3, 3), padding=(1, 1, 1)),
            row("a stride for each axis", (1, 1, 8, 12, 10), 4, (2, 3, 4), stride=(1, 2, 3)),
            row("padding for each axis", (3, 2, 4, 6, 9), 5, (3, 4, 5), (1, 1, 1), (1, 0, 2)),
            row("everything at once", (2, 3, 16, 32, 28), 8, (3, 5, 7), (1, 2, 2), (1, 2, 3)),
        ),
        mistakes=known(_faulty, MISTAKES),
        combined=_faulty,
    ),
)
