"""The exercises of the first notebook on integers: short ones that teach how a check works."""

from convlab import arithmetic
from convlab.practice._bank._making import row, single, table
from convlab.practice.exercise import Exercise


def window_count(input_size, kernel_size):
    return input_size - kernel_size + 1


def window_count_by_counting(input_size, kernel_size):
    count = 0
    for start in range(input_size):
        if start + kernel_size <= input_size:
            count += 1
    return count


WINDOW_COUNT = {
    "1 is not added": (
        "The window before the first step counts, too: add 1.",
        lambda input_size, kernel_size: input_size - kernel_size,
    ),
    "1 is added twice": (
        "A window that fills the input has one place: add 1, not 2.",
        lambda input_size, kernel_size: input_size - kernel_size + 2,
    ),
    "all elements of the input": (
        "The window must lie inside the input, so it cannot begin at each element.",
        lambda input_size, kernel_size: input_size,
    ),
    "windows do not overlap": (
        "The window moves on by one element, not by its own size: neighbours overlap.",
        lambda input_size, kernel_size: input_size // kernel_size,
    ),
    "the sizes are added": (
        "A larger window has fewer places: subtract.",
        lambda input_size, kernel_size: input_size + kernel_size - 1,
    ),
    "the difference is the other way round": (
        "Subtract the kernel's size from the input's.",
        lambda input_size, kernel_size: kernel_size - input_size + 1,
    ),
}


def batch_shape(batch, channels, height, width):
    return batch, channels, height, width


def batch_shape_of_a_tensor(batch, channels, height, width):
    import torch

    return tuple(torch.empty(batch, channels, height, width, device="meta").shape)


BATCH_SHAPE = {
    "channels last": (
        "torch wants the channels before the spatial axes: (N, C, H, W).",
        lambda batch, channels, height, width: (batch, height, width, channels),
    ),
    "width before height": (
        "The rows come first: (N, C, H, W).",
        lambda batch, channels, height, width: (batch, channels, width, height),
    ),
    "channels before the batch": (
        "The batch is the first axis: (N, C, H, W).",
        lambda batch, channels, height, width: (channels, batch, height, width),
    ),
    "the batch is left out": (
        "The batch is the first axis, also where it holds one picture: (N, C, H, W).",
        lambda batch, channels, height, width: (channels, height, width),
    ),
    "the channels are left out": (
        "The channels are an axis, also where there is one: (N, C, H, W).",
        lambda batch, channels, height, width: (batch, height, width),
    ),
    "the number of elements": (
        "A shape is a tuple with one int per axis; their product is the number of elements.",
        lambda batch, channels, height, width: batch * channels * height * width,
    ),
}

EXERCISES = (
    Exercise(
        name="window_count",
        notebook="00_start_here",
        idea="how a check works",
        question="""A window of `kernel_size` elements slides over `input_size` elements, one element at a time, and
never leaves them. Write `window_count(input_size, kernel_size)`: the number of places that it has, an int. Do not
call convlab's function for sizes.""",
        difficulty=1,
        importance=2,
        minutes=2,
        hints=(
            "Draw 5 elements and a window of 3, and count.",
            "The window can begin at 0, 1, ... up to input_size - kernel_size, both included.",
            "`input_size - kernel_size`, and 1 for the first place",
        ),
        solution=window_count,
        alternative=window_count_by_counting,
        cases=table(
            window_count,
            {
                "the window fills the input": lambda input_size, kernel_size: input_size == kernel_size,
                "the window has one element": lambda kernel_size, **_: kernel_size == 1,
                "the window has an even size": lambda kernel_size, **_: kernel_size % 2 == 0,
            },
            row("one element", 1, 1),
            row("5 and 3", 5, 3),
            row("a window as large as the input", 4, 4),
            row("a window of 1", 6, 1),
            row("an even window", 7, 2),
            row("by name", input_size=10, kernel_size=3),
            row("one place more than one", 6, 5),
            row("28 and 5", 28, 5),
        ),
        mistakes=single(WINDOW_COUNT),
        replaces=(arithmetic.conv_output_size, arithmetic.output_size),
    ),
    Exercise(
        name="batch_shape",
        notebook="00_start_here",
        idea="the order of the axes",
        question="""Write `batch_shape(batch, channels, height, width)`: the shape that torch wants for a batch of
pictures, as a tuple of four ints.""",
        difficulty=1,
        importance=3,
        minutes=2,
        hints=(
            "torch writes the shape of a batch of pictures with four letters.",
            "The letters are N C H W: the batch, the channels, the rows, the columns.",
            "`return batch, channels, ...`",
        ),
        solution=batch_shape,
        alternative=batch_shape_of_a_tensor,
        cases=table(
            batch_shape,
            {
                "the batch holds one picture": lambda batch, **_: batch == 1,
                "there is one channel": lambda channels, **_: channels == 1,
                "the picture is not square": lambda height, width, **_: height != width,
            },
            row("one grey picture", 1, 1, 2, 2),
            row("three grey pictures", 3, 1, 2, 2),
            row("a picture in colour", 1, 3, 4, 4),
            row("a picture that is not square", 1, 3, 4, 5),
            row("all different", 2, 3, 4, 5),
            row("by name", batch=8, channels=3, height=32, width=48),
        ),
        mistakes=single(BATCH_SHAPE),
    ),
)
