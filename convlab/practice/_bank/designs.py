"""The designs: settings and layers that are judged by their properties."""

from convlab.arithmetic import ConvSpec, conv_output_size
from convlab.practice._bank._properties import Stack, first_fault, read
from convlab.practice.exercise import Design, Mistake

SIZES = range(8, 65)


def _judge_half(answer):
    layers = read([answer], (1, 1, 0))
    if layers is None:
        return "another form", "Hand in three ints: (kernel_size, stride, padding); the first two are at least 1."
    [(kernel_size, stride, padding)] = layers
    settings = f"kernel_size={kernel_size}, stride={stride} and padding={padding}"
    if kernel_size < 3:
        return "the kernel is too small", f"kernel_size must be at least 3, but kernel_size={kernel_size}."
    if SIZES[0] + 2 * padding < kernel_size:
        return "the kernel does not fit", f"An input of {SIZES[0]} elements is too small for {settings}."
    made = {n: conv_output_size(n, kernel_size, stride=stride, padding=padding) for n in SIZES}
    wrong = [n for n in SIZES if made[n] != n // 2]
    if not wrong:
        return None
    shown = f"With {settings}, {wrong[0]} elements become {made[wrong[0]]}, not {wrong[0] // 2}."
    if stride != 2:
        return "the stride is not 2", f"The size halves where the window moves on by 2 elements. {shown}"
    if all(n % 2 for n in wrong):
        return "odd sizes are rounded up", f"Even sizes are right, odd sizes come out too large. {shown}"
    if all(made[n] < n // 2 for n in wrong):
        return "too little padding", f"The output is too small: add padding. {shown}"
    return "too much padding", f"The output is too large: take padding away, or a larger kernel. {shown}"


FIELD_FORM = (
    "Hand in a list of layers (kernel_size, stride, dilation, channels), the input side first; all are ints, at least "
    "1."
)


def _judge_field(answer):
    layers = read(answer, (1, 1, 1, 1))
    if layers is None:
        return "another form", FIELD_FORM
    specs, in_channels = [], 3
    for kernel_size, stride, dilation, channels in layers:
        if kernel_size % 2 == 0:
            sentence = f"Kernels must be odd, so that both sides get the same padding, but kernel_size={kernel_size}."
            return "an even kernel", sentence
        geometry = {"stride": stride, "padding": dilation * (kernel_size - 1) // 2, "dilation": dilation}
        specs.append(ConvSpec(in_channels, channels, (kernel_size, kernel_size), bias=False, **geometry))
        in_channels = channels
    stack = Stack(specs, (32, 32))
    faults = (
        (lambda: stack.jump != 8, "the stride is not 8", "The strides of all layers, multiplied, must be 8."),
        (lambda: stack.field < 31, "the field is too small", "The receptive field must be at least 31."),
        (lambda: stack.macs > 200_000, "too many MACs", "The layers together may need 200,000 MACs at most."),
        (lambda: in_channels < 16, "too few channels", "The last layer must make at least 16 channels."),
        (
            lambda: stack.has_gaps,
            "the field has gaps",
            "The output must see every element of its receptive field; the taps of a dilated layer, or a stride wider "
            "than its kernel, leave some out.",
        ),
    )
    return first_fault(faults, stack)


EXERCISES = (
    Design(
        name="half_size",
        notebook="03_conv2d",
        idea="padding for a wanted size",
        question="""Choose a layer that halves the size. Hand in `(kernel_size, stride, padding)` such that an input of
n elements becomes n // 2 elements, n / 2 rounded **down**, for every n from 8 to 64, even and odd. The kernel has at
least 3 taps.""",
        difficulty=2,
        importance=2,
        minutes=5,
        hints=(
            "Which stride halves a size? Write the size formula with it.",
            "(n + 2 * padding - kernel_size) // 2 + 1 must be n // 2 for all n, so 2 * padding - kernel_size must "
            "be -2.",
            "2 * padding is even, so the kernel must be, too: `(4, 2, ...)`",
        ),
        solution=(4, 2, 1),
        alternative=(6, 2, 2),
        judge=_judge_half,
        mistakes=(
            Mistake("odd sizes are rounded up", "With kernel 3 and padding 1, n odd becomes (n + 1) / 2.", (3, 2, 1)),
            Mistake("too little padding", "Without padding, the kernel's width is lost.", (3, 2, 0)),
            Mistake("too much padding", "The padding is one element too large.", (4, 2, 2)),
            Mistake("the stride is not 2", "Stride 1 keeps the size, less the kernel's width.", (4, 1, 1)),
            Mistake("the kernel is too small", "A kernel of 2 is pooling's way.", (2, 2, 0)),
            Mistake("the kernel does not fit", "The smallest input must hold the kernel.", (20, 2, 1)),
            Mistake("another form", "Three ints are wanted.", [(4, 2, 1)]),
        ),
    ),
    Design(
        name="field_31",
        notebook="07_dilated",
        idea="a receptive field on a budget",
        question="""Choose layers for a picture of 3 x 32 x 32. Hand in a list of
`(kernel_size, stride, dilation, channels)`, the input side first; kernels are square and odd, and each layer has
`dilation * (kernel_size - 1) / 2` of padding and no bias. Together they must have

- a stride of 8: the strides of all layers, multiplied,
- a receptive field of at least 31 elements along each axis,
- without gaps: the output sees every element of its field,
- at least 16 channels in the last layer,
- at most 200,000 MACs.""",
        difficulty=3,
        importance=3,
        minutes=15,
        hints=(
            "Three layers with stride 2 make a stride of 8. How large is their field with kernels of 3?",
            "A layer adds dilation * (kernel_size - 1) times the strides before it: late layers add much, and they are "
            "cheap, since few places are left. Early layers with few channels save most.",
            "`(3, 2, 1, 8)` twice, then `(3, 2, 1, 16)`, and one more layer with stride 1",
        ),
        solution=[(3, 2, 1, 8), (3, 2, 1, 8), (3, 2, 1, 16), (3, 1, 1, 16)],
        alternative=[(7, 2, 1, 2), (5, 2, 1, 8), (5, 2, 1, 16)],
        judge=_judge_field,
        mistakes=(
            Mistake(
                "the field is too small", "Three kernels of 3 see 15 elements.", [(3, 2, 1, 8)] * 2 + [(3, 2, 1, 16)]
            ),
            Mistake("the stride is not 8", "Four strides of 2 make 16.", [(3, 2, 1, 8)] * 3 + [(3, 2, 1, 16)]),
            Mistake("too many MACs", "The first layer has the most places.", [(3, 2, 1, 16)] * 3 + [(3, 1, 1, 16)]),
            Mistake("too few channels", "16 channels are wanted.", [(3, 2, 1, 8)] * 3 + [(3, 1, 1, 8)]),
            Mistake(
                "the field has gaps",
                "Taps 12 elements apart, with 7 elements seen around each, leave holes.",
                [(3, 2, 1, 8), (3, 2, 1, 8), (3, 2, 3, 16)],
            ),
            Mistake("an even kernel", "Kernels are odd.", [(4, 2, 1, 8), (4, 2, 1, 8), (4, 2, 1, 16), (3, 1, 1, 16)]),
            Mistake("another form", "A layer has four ints.", [(3, 2, 8), (3, 2, 8), (3, 2, 16)]),
        ),
    ),
)
