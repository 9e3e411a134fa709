"""The exercises on the sizes of convolutions: the windows of a picture, and the size formula."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise

SIZES = (arithmetic.conv_output_size, arithmetic.output_size)


def positions(input_size, kernel_size):
    rows = input_size[0] - kernel_size[0] + 1
    columns = input_size[1] - kernel_size[1] + 1
    return rows * columns


def positions_by_counting(input_size, kernel_size):
    (height, width), (kernel_height, kernel_width) = input_size, kernel_size
    return sum(1 for bottom in range(kernel_height, height + 1) for right in range(kernel_width, width + 1))


def _faulty_positions(faults):
    def positions(input_size, kernel_size):
        (height, width), (kernel_height, kernel_width) = input_size, kernel_size
        one = 0 if "1 is not added" in faults else 1
        if "the axes of the kernel are swapped" in faults:
            kernel_height, kernel_width = kernel_width, kernel_height
        if "all elements of the input" in faults:
            return height * width
        if "the kernel's elements are subtracted from the input's" in faults:
            return height * width - kernel_height * kernel_width + one
        if "windows do not overlap" in faults:
            return (height // kernel_height) * (width // kernel_width)
        rows, columns = height - kernel_height + one, width - kernel_width + one
        if "1 is added twice" in faults:
            rows, columns = rows + 1, columns + 1
        if "the rows twice" in faults:
            columns = rows
        return rows + columns if "the axes are added" in faults else rows * columns

    return positions


POSITIONS = {
    "1 is not added": "The first window counts, too: on each axis there are input - kernel + 1 windows.",
    "1 is added twice": "A window that fills its axis has one place: on each axis add 1, not 2.",
    "the axes of the kernel are swapped": "Sizes are (rows, columns): subtract kH from H and kW from W.",
    "all elements of the input": "A window must lie inside the input, so it cannot begin at each of its elements.",
    "the kernel's elements are subtracted from the input's": "Count on each axis first, then multiply.",
    "windows do not overlap": "The window moves on by one element, not by its own size: neighbours overlap.",
    "the rows twice": "The columns have their own count: the input need not be square.",
    "the axes are added": "Each row of windows has as many windows as there are columns: multiply.",
}


def conv_output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    span = dilation * (kernel_size - 1) + 1
    return (input_size + 2 * padding - span) // stride + 1


def conv_output_size_by_counting(input_size, kernel_size, stride=1, padding=0, dilation=1):
    last_tap = dilation * (kernel_size - 1)
    starts = range(-padding, input_size + padding - last_tap, stride)
    return len(starts)


def _faulty_size(faults):
    def conv_output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
        if "padding and dilation are swapped" in faults:
            padding, dilation = dilation, padding
        if "stride and padding are swapped" in faults:
            stride, padding = padding, stride
        stride = 1 if "the stride is left out" in faults else stride
        taps = kernel_size - 1
        if "an even kernel counts as an odd one" in faults:
            taps = 2 * (kernel_size // 2)
        span = _faulty_span(faults, kernel_size, taps, dilation)
        both = padding if "the padding counts once" in faults else 2 * padding
        late = "the padding is added after the division" in faults
        both = 0 if late or "the padding is left out" in faults else both
        both = -both if "the padding is subtracted" in faults else both
        both = both * dilation if "the dilation multiplies the padding" in faults else both
        if "the formula of a transposed convolution" in faults:
            return (input_size - 1) * stride - both + span
        if "the dilation spreads the input" in faults:
            input_size, span = dilation * (input_size - 1) + 1, kernel_size
        if "the kernel is left out" in faults:
            span = 1
        if "the size is divided by the stride" in faults:
            return input_size // stride
        if "the kernel is subtracted after the division" in faults:
            return (input_size + both) // stride - span + 1
        if "1 is added before the division" in faults:
            return (input_size + both - span + 1) // stride
        if "the last window that just fits is not counted" in faults:
            return -(-(input_size + both - span) // stride)
        rest = input_size + both - span
        if "multiplied by the stride" in faults:
            windows = rest * stride
        elif "rounded up" in faults:
            windows = -(-rest // stride)
        elif "rounded to the nearest" in faults:
            windows = round(rest / stride)
        elif "true division, not floor division" in faults:
            windows = rest / stride
        else:
            windows = rest // stride
        return windows + (2 * padding if late else 0) + ("1 is not added" not in faults)

    return conv_output_size


def _faulty_span(faults, kernel_size, taps, dilation):
    if "the dilation is left out" in faults:
        return taps + 1
    if "the kernel spans dilation * kernel_size" in faults:
        return dilation * kernel_size
    if "kernel_size gaps between the taps" in faults:
        return dilation * kernel_size + 1
    if "the brackets around kernel_size - 1 are missing" in faults:
        return dilation * kernel_size + 2
    if "the dilation is read as the number of holes" in faults:
        return (dilation + 1) * taps + 1
    if "the dilation is added once" in faults:
        return taps + dilation
    return dilation * taps + ("the kernel's own 1 is left out" not in faults)


CONV_OUTPUT_SIZE = {
    "1 is not added": "The division counts the steps; the window before the first step counts, too: add 1 at the end.",
    "the last window that just fits is not counted": "A window may end exactly where the padded input ends: in a loop, "
    "compare with <=, not with <.",
    "rounded up": "A last step that does not fit is not made: round down, with // (torch's ceil_mode is for pooling).",
    "rounded to the nearest": "A step that fits only in part is not made, however large the part: round down, with //.",
    "true division, not floor division": "A size is a whole number: divide with //, which drops the part of a step.",
    "the padding counts once": "padding elements are added on both sides: the input grows by 2 * padding.",
    "the padding is left out": "The window slides over the padded input: add 2 * padding to the input's size.",
    "the padding is subtracted": "Padding makes the input larger: add 2 * padding. A transposed convolution crops it.",
    "the padding is added after the division": "The window steps over the padding, too: add it before you divide.",
    "the dilation is left out": "A dilated kernel spans dilation * (kernel_size - 1) + 1 elements, not kernel_size.",
    "the kernel spans dilation * kernel_size": "There are kernel_size - 1 gaps between the taps, so the kernel spans "
    "dilation * (kernel_size - 1) + 1.",
    "the dilation is read as the number of holes": "dilation is the distance from one tap to the next: dilation=1 is "
    "no hole, dilation=2 is one.",
    "kernel_size gaps between the taps": "There are kernel_size - 1 gaps between the taps, not kernel_size.",
    "the brackets around kernel_size - 1 are missing": "Put brackets around kernel_size - 1, then multiply.",
    "the dilation is added once": "Each of the kernel_size - 1 gaps is dilation wide, not one of them.",
    "the kernel's own 1 is left out": "dilation * (kernel_size - 1) is the way from the first tap to the last; "
    "the kernel spans one element more.",
    "the dilation multiplies the padding": "Padding is in elements of the input; the dilation does not touch it.",
    "the dilation spreads the input": "A dilation spreads the taps of the kernel; the input stays as it is.",
    "padding and dilation are swapped": "The order is stride, padding, dilation.",
    "stride and padding are swapped": "The order is stride, padding, dilation.",
    "the stride is left out": "The window moves on by stride elements: divide the way that it can go by stride.",
    "multiplied by the stride": "A larger stride gives fewer windows: divide.",
    "1 is added before the division": "Divide the way that the window can go, then add 1 for its first place.",
    "the kernel is left out": "The window must fit: subtract what it spans before you divide. Dividing the size alone "
    "is right only where the padding makes up for the kernel.",
    "the size is divided by the stride": "The window must fit: subtract what it spans before you divide, then add 1.",
    "the kernel is subtracted after the division": "The window's width is in elements of the input: subtract it before "
    "you divide.",
    "an even kernel counts as an odd one": "kernel_size // 2 on both sides is right for odd kernels only: subtract "
    "dilation * (kernel_size - 1).",
    "the formula of a transposed convolution": "A convolution divides by the stride; a transposed one multiplies.",
}


EXERCISES = (
    Exercise(
        name="positions",
        notebook="01_sliding_window",
        idea="where the window fits",
        question="""How many places does a window have in a picture?

Write `positions(input_size, kernel_size)`. Both are pairs of ints, `(H, W)` and `(kH, kW)`; the window moves on by
one element and never leaves the picture. Return the number of its places, an int. Do not call convlab's function
for sizes.""",
        difficulty=1,
        importance=2,
        minutes=5,
        hints=(
            "Think of one axis first: where can the top row of the window stand?",
            "It can stand in the rows 0 to H - kH, both included; the columns are counted in the same way.",
            "`(H - kH + 1) * (W - kW + 1)`",
        ),
        solution=positions,
        alternative=positions_by_counting,
        cases=table(
            positions,
            {
                "the input is not square": lambda input_size, **_: input_size[0] != input_size[1],
                "the kernel is not square": lambda kernel_size, **_: kernel_size[0] != kernel_size[1],
                "the window fills an axis": lambda input_size, kernel_size: (
                    0 in map(int.__sub__, input_size, kernel_size)
                ),
            },
            row("one element", (1, 1), (1, 1)),
            row("a window as large as the picture", (3, 3), (3, 3)),
            row("5 x 5 and 3 x 3", (5, 5), (3, 3)),
            row("a picture that is not square", (4, 6), (3, 3)),
            row("a kernel that is not square", (6, 6), (2, 3)),
            row("nothing square", (5, 7), (4, 2)),
            row("a window as wide as the picture", (8, 5), (3, 5)),
            row("28 x 32 and 5 x 5", (28, 32), (5, 5)),
        ),
        mistakes=known(_faulty_positions, POSITIONS),
        combined=_faulty_positions,
        replaces=SIZES,
    ),
    Exercise(
        name="conv_output_size",
        notebook="02_conv1d",
        idea="the size formula",
        question="""How many outputs does a convolution have along one axis?

Write `conv_output_size(input_size, kernel_size, stride=1, padding=0, dilation=1)`. All arguments are ints with the
meaning that they have in `nn.Conv1d`; `padding` elements are added on **both** sides. The kernel always fits.
Return an int. Do not call convlab's functions for it; running a layer of torch is allowed.""",
        difficulty=2,
        importance=3,
        minutes=10,
        hints=(
            "Count the places of the window in the padded input: the first one, and one more for each whole step.",
            "The padded input has input_size + 2 * padding elements and the dilated kernel spans dilation * "
            "(kernel_size - 1) + 1. Their difference is the way that the window can go; a step is stride long.",
            "`(input_size + 2 * padding - span) // stride + 1`, with `span = dilation * (kernel_size - 1) + 1`",
        ),
        solution=conv_output_size,
        alternative=conv_output_size_by_counting,
        cases=table(
            conv_output_size,
            {
                "the stride is not 1": lambda stride, **_: stride != 1,
                "the dilation is not 1": lambda dilation, **_: dilation != 1,
                "there is padding": lambda padding, **_: padding > 0,
                "the kernel has an even size": lambda kernel_size, **_: kernel_size % 2 == 0,
                "the division leaves a rest": lambda input_size, kernel_size, stride, padding, dilation: (
                    (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) % stride > 0
                ),
                "the input is large": lambda input_size, **_: input_size > 99,
            },
            row("only the sizes", 5, 3),
            row("the kernel fills the input", 4, 4),
            row("padding 1", 5, 3, padding=1),
            row("padding 2, an even kernel", 6, 4, 1, 2),
            row("stride 2 that fits", 7, 3, stride=2),
            row("stride 2 with a rest", 8, 3, 2),
            row("stride 3 with a rest of 2", 9, 4, 3),
            row("dilation 2", 9, 3, dilation=2),
            row("dilation 3, an even kernel", 14, 4, 1, 0, 3),
            row("stride 2 and padding 1", 10, 4, 2, 1),
            row("stride 3, padding 2, dilation 2", 16, 5, stride=3, padding=2, dilation=2),
            row("a stride wider than the kernel", 11, 2, 4, 1),
            row("the first layer of ResNet", 224, 7, 2, 3),
            row("everything at once", 100, 6, 4, 5, 3),
        ),
        mistakes=known(_faulty_size, CONV_OUTPUT_SIZE),
        combined=_faulty_size,
        replaces=SIZES,
    ),
)
