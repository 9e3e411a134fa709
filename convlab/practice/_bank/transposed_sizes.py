"""The exercises on the size of a transposed convolution's output."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise

SIZES = (arithmetic.conv_transpose_output_size, arithmetic.output_size)


def conv_transpose_output_size(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    first_to_last = (input_size - 1) * stride  # where the first tap of the last stamp falls
    span = dilation * (kernel_size - 1) + 1
    return first_to_last + span - 2 * padding + output_padding


def conv_transpose_output_size_by_torch(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    import torch

    layer = torch.nn.ConvTranspose1d(1, 1, kernel_size, stride, padding, output_padding, dilation=dilation)
    return layer(torch.zeros(1, 1, input_size)).shape[-1]


def _grown(faults, input_size, kernel_size, stride, padding, dilation):
    """The size without output_padding, with these faults."""
    if "stride and padding are swapped" in faults:
        stride, padding = padding, stride
    stride = 1 if "the stride is left out" in faults else stride
    dilation = 1 if "the dilation is left out" in faults else dilation
    dilation = dilation + 1 if "the dilation is read as the number of holes" in faults else dilation
    span = dilation * (kernel_size - 1) + 1
    span = span - 1 if "1 is not added" in faults else span
    span = span + 1 if "1 is added twice" in faults else span
    span = dilation * kernel_size if "the kernel spans dilation * kernel_size" in faults else span
    span = kernel_size - 1 + dilation if "the dilation is added once" in faults else span
    span = -span if "the kernel is subtracted" in faults else span
    span = stride if "the kernel is left out" in faults else span
    cropped = padding if "the padding counts once" in faults else 2 * padding
    cropped = 0 if "the padding is left out" in faults else cropped
    cropped = -cropped if "the padding is added" in faults else cropped
    steps = (input_size - 1) * stride
    steps = input_size * stride if "the steps are as many as the inputs" in faults else steps
    steps = input_size * stride - 1 if "1 is subtracted after the stride" in faults else steps
    if "the formula of a convolution" in faults:
        return (input_size + cropped - span) // stride + 1
    if "the stride multiplies the kernel, too" in faults:
        return (input_size - 1 + span - cropped) * stride
    return steps + span - cropped


def _faulty_size(faults):
    def conv_transpose_output_size(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
        if "only the input's size times the stride" in faults:
            return input_size * stride
        extra = output_padding
        for name, wrong in {
            "output_padding is left out": 0,
            "output_padding on both sides": 2 * extra,
            "output_padding is subtracted": -extra,
            "output_padding times the stride": extra * stride,
            "output_padding is always stride - 1": stride - 1,
        }.items():
            extra = wrong if name in faults else extra
        if "output_padding and dilation are swapped" in faults:
            extra, dilation = dilation, output_padding
        return _grown(faults, input_size, kernel_size, stride, padding, dilation) + extra

    return conv_transpose_output_size


GROWN = {
    "the steps are as many as the inputs": "n inputs have n - 1 steps between them: (input_size - 1) * stride.",
    "1 is subtracted after the stride": "Subtract 1 from the inputs, then multiply: (input_size - 1) * stride. "
    "The + 1 at the end is another one: it stays.",
    "the padding is added": "The padding of a transposed convolution is cropped from its output: subtract 2 * padding.",
    "the padding counts once": "padding elements are cropped from both ends: subtract 2 * padding.",
    "the padding is left out": "padding elements are cropped from both ends: subtract 2 * padding.",
    "the stride is left out": "Stamps of neighbouring inputs are stride apart: multiply input_size - 1 by stride.",
    "1 is not added": "The last stamp has dilation * (kernel_size - 1) + 1 elements: add the 1.",
    "1 is added twice": "The last stamp has dilation * (kernel_size - 1) + 1 elements: add 1 once.",
    "the dilation is left out": "A dilated stamp has dilation * (kernel_size - 1) + 1 elements.",
    "the kernel spans dilation * kernel_size": "There are kernel_size - 1 gaps between the taps, so a stamp spans "
    "dilation * (kernel_size - 1) + 1.",
    "the dilation is read as the number of holes": "dilation is the distance from one tap to the next: dilation=1 is "
    "no hole.",
    "the dilation is added once": "Each of the kernel_size - 1 gaps is dilation wide, not one of them.",
    "the kernel is subtracted": "The last stamp reaches past its first tap: add what the kernel spans.",
    "the kernel is left out": "input_size * stride is right only where the kernel and the padding happen to agree: add "
    "what the kernel spans to the steps.",
    "the formula of a convolution": "That is the size of an ordinary convolution; a transposed one goes the other way: "
    "it multiplies by the stride.",
    "the stride multiplies the kernel, too": "Only the steps from input to input are stride wide; the kernel is not.",
    "stride and padding are swapped": "The order is stride, padding, output_padding, dilation.",
}
CONV_TRANSPOSE_OUTPUT_SIZE = {
    **GROWN,
    "only the input's size times the stride": "That is right only where kernel, padding and output_padding are chosen "
    "for it: start from (input_size - 1) * stride and follow them all.",
    "output_padding is left out": "output_padding elements are added at the end of the output.",
    "output_padding on both sides": "output_padding is added at the end only: add it once.",
    "output_padding is subtracted": "output_padding makes the output larger: add it.",
    "output_padding times the stride": "output_padding is in elements of the output: the stride does not touch it.",
    "output_padding is always stride - 1": "output_padding is what the caller says; 0 where nothing is said.",
    "output_padding and dilation are swapped": "The order is stride, padding, output_padding, dilation.",
}


def output_padding_for(input_size, output_size, kernel_size, stride=1, padding=0, dilation=1):
    without = (input_size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1
    return output_size - without


def output_padding_by_trying(input_size, output_size, kernel_size, stride=1, padding=0, dilation=1):
    import torch

    for extra in range(max(stride, dilation)):  # torch allows no larger one
        layer = torch.nn.ConvTranspose1d(1, 1, kernel_size, stride, padding, extra, dilation=dilation)
        if layer(torch.zeros(1, 1, input_size)).shape[-1] == output_size:
            return extra


def _faulty_output_padding(faults):
    def output_padding_for(input_size, output_size, kernel_size, stride=1, padding=0, dilation=1):
        missing = output_size - _grown(faults, input_size, kernel_size, stride, padding, dilation)
        for name, wrong in {
            "always stride - 1": stride - 1,
            "tried only below the stride": missing if missing < stride else None,
            "always 0": 0,
            "what is left of output_size / stride": output_size % stride,
            "what is left after dividing by the stride": missing % stride,
            "the difference is the other way round": -missing,
            "shared between two sides": missing // 2,
            "the difference of the two sizes": output_size - input_size,
            "output_size without output_padding": output_size - missing,
        }.items():
            missing = wrong if name in faults else missing
        return missing

    return output_padding_for


OUTPUT_PADDING_FOR = {
    "always stride - 1": "stride - 1 is right for some sizes only: take the size that comes without output_padding "
    "from "
    "the wanted one.",
    "tried only below the stride": "output_padding is below the stride or the dilation, whichever is larger: try up to "
    "max(stride, dilation) - 1, or take the difference of the sizes.",
    "always 0": "A stride above 1 maps several input sizes of a convolution to one output size; output_padding says "
    "which of them is wanted.",
    "what is left of output_size / stride": "Padding and kernel matter, too: subtract the size that comes without "
    "output_padding.",
    "what is left after dividing by the stride": "What is left is always less than the stride; where the dilation is "
    "larger, output_padding may be as large as the stride or larger. Take the difference itself.",
    "the difference is the other way round": "output_padding is added: it is the wanted size minus the one without it.",
    "shared between two sides": "output_padding is added at the end only: do not halve it.",
    "the difference of the two sizes": "Compare the wanted size with the size that comes without output_padding, not "
    "with the input's.",
    "output_size without output_padding": "That is the size without output_padding; how much is missing from "
    "output_size?",
    **{name: sentence for name, sentence in GROWN.items() if "swapped" not in name and "formula" not in name},
}

TRAITS = {
    "the stride is not 1": lambda stride, **_: stride != 1,
    "the dilation is not 1": lambda dilation, **_: dilation != 1,
    "there is padding": lambda padding, **_: padding > 0,
    "there is output_padding": lambda output_padding=0, **_: output_padding > 0,
    "the kernel has an even size": lambda kernel_size, **_: kernel_size % 2 == 0,
    "the kernel is smaller than the stride": lambda kernel_size, stride, **_: kernel_size < stride,
    "the input has one element": lambda input_size, **_: input_size == 1,
}

EXERCISES = (
    Exercise(
        name="conv_transpose_output_size",
        notebook="08_transposed",
        idea="the size of a transposed convolution",
        question="""How large is the output of a transposed convolution along one axis?

Write `conv_transpose_output_size(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1)`. All
arguments are ints with the meaning that they have in `nn.ConvTranspose1d`; the output has at least one element.
Return an int. Do not call convlab's functions for it; running a layer of torch is allowed.""",
        difficulty=2,
        importance=3,
        minutes=8,
        hints=(
            "Each input element stamps the kernel into the output, stride elements after the one before. Where does "
            "the "
            "last stamp end?",
            "The last stamp begins at (input_size - 1) * stride and is dilation * (kernel_size - 1) + 1 long. Then "
            "padding is cropped from both ends, and output_padding is added at the end.",
            "`(input_size - 1) * stride + span - 2 * padding + output_padding`",
        ),
        solution=conv_transpose_output_size,
        alternative=conv_transpose_output_size_by_torch,
        cases=table(
            conv_transpose_output_size,
            TRAITS,
            row("one element", 1, 3),
            row("only the sizes", 4, 3),
            row("an even kernel", 5, 2),
            row("stride 2", 4, 3, stride=2),
            row("stride 3, a kernel of 2", 4, 2, 3),
            row("padding 1", 6, 3, padding=1),
            row("padding 2, stride 2", 6, 5, 2, 2),
            row("dilation 2", 5, 3, dilation=2),
            row("dilation 3, an even kernel", 5, 4, 1, 0, 0, 3),
            row("output_padding 1", 4, 3, 2, 1, 1),
            row("output_padding 2 of stride 4", 5, 4, stride=4, output_padding=2),
            row("output_padding 1 of stride 4", 6, 3, 4, 1, 1, 2),
            row("the layer that doubles", 16, 4, 2, 1),
            row("more padding than the kernel has neighbours", 6, 2, 2, 2),
            row("output_padding of a dilated layer", 5, 3, output_padding=1, dilation=2),
            row("everything at once", 9, 4, 3, 2, 2, 4),
        ),
        mistakes=known(_faulty_size, CONV_TRANSPOSE_OUTPUT_SIZE),
        combined=_faulty_size,
        replaces=SIZES,
    ),
    Exercise(
        name="output_padding_for",
        notebook="08_transposed",
        idea="what output_padding is for",
        question="""Which `output_padding` gives a wanted size?

Write `output_padding_for(input_size, output_size, kernel_size, stride=1, padding=0, dilation=1)`: the
output_padding with which a transposed convolution makes `output_size` elements from `input_size`. Return an int. Only
sizes that can be reached are asked for.""",
        difficulty=2,
        importance=2,
        minutes=8,
        hints=(
            "How large is the output without output_padding?",
            "output_padding is added to that size, at the end.",
            "`output_size - ((input_size - 1) * stride - 2 * padding + ...)`",
        ),
        solution=output_padding_for,
        alternative=output_padding_by_trying,
        cases=table(
            output_padding_for,
            TRAITS,
            row("nothing to add", 4, 6, 3),
            row("stride 2, the smaller size", 4, 9, 3, stride=2),
            row("stride 2, the larger size", 4, 10, 3, 2),
            row("stride 2 and padding 1", 5, 10, 3, 2, 1),
            row("stride 3, a kernel of 2", 4, 12, 2, 3),
            row("stride 3 and padding 2", 6, 18, 5, 3, 2),
            row("stride 4, the largest size", 3, 14, 3, 4),
            row("stride 4, one less", 5, 19, 2, 4, padding=0),
            row("dilation 2 and stride 3", 5, 19, 3, 3, dilation=2),
            row("dilation 3, an even kernel", 5, 24, 4, stride=4, padding=2, dilation=3),
            row("more than the stride allows", 8, 13, 3, dilation=2),
            row("more padding than the kernel has neighbours", 6, 9, 2, 2, 2),
            row("everything at once", 8, 39, 4, 5, 3, 2),
        ),
        mistakes=known(_faulty_output_padding, OUTPUT_PADDING_FOR),
        combined=_faulty_output_padding,
    ),
)
