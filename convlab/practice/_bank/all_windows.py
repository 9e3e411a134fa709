"""The exercise on all windows as a view: strided_windows."""

import torch
import torch.nn.functional as F

from convlab.ops import strided
from convlab.practice._bank._numbers import channel_traits, numbers, picture_traits
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "11_how_it_runs"


def strided_windows(input, kernel_size):
    (kh, kw), (batch, channels, height, width) = kernel_size, input.shape
    n, c, down, right = input.stride()  # elements of memory between neighbours
    size = (batch, channels, height - kh + 1, width - kw + 1, kh, kw)
    return input.as_strided(size, (n, c, down, right, down, right))


def strided_windows_by_unfold(input, kernel_size):
    return input.unfold(2, kernel_size[0], 1).unfold(3, kernel_size[1], 1)


def _strided(step):
    """A wrong answer with other strides: `step` gets the tensor's own and its shape, and gives those of the view."""

    def wrong(input, kernel_size):
        (kh, kw), (height, width) = kernel_size, input.shape[2:]
        size = (*input.shape[:2], height - kh + 1, width - kw + 1, kh, kw)
        return input.as_strided(size, step(*input.stride(), *input.shape))

    return wrong


def _tiles(input, kernel_size):
    kh, kw = kernel_size
    return input.unfold(2, kh, kh).unfold(3, kw, kw)


def _windows_cases():
    def case(id, input, kernel_size):
        traits = picture_traits(input) | channel_traits(input.shape[1], 1)
        if kernel_size[0] != kernel_size[1]:
            traits |= {"the kernel is not square"}
        return Case(id, (input, kernel_size), traits=traits)

    return (
        case("one window", numbers(1, 1, 2, 2), (2, 2)),
        case("windows of one element", numbers(1, 1, 2, 3), (1, 1)),
        case("2 x 2 in 3 x 3", numbers(1, 1, 3, 3), (2, 2)),
        case("2 x 3 in 4 x 5", numbers(1, 1, 4, 5), (2, 3)),
        case("3 samples, 2 channels", numbers(3, 2, 4, 3), (3, 2)),
        case("float64", numbers(1, 2, 3, 4, dtype=torch.float64), (2, 2)),
        case("not contiguous", numbers(5, 4, 3, 2).permute(3, 2, 1, 0), (2, 3)),
        case("part of a larger tensor", numbers(2, 2, 5, 5)[1:, :, 1:, 1:], (2, 2)),
    )


STRIDED_WINDOWS = Exercise(
    name="strided_windows",
    notebook=NOTEBOOK,
    idea="all windows as a view",
    question="Give all windows of a batch, at best without a loop and as a view that copies nothing.\n\n"
    "`input` is `(N, C, H, W)`, `kernel_size` is `(kH, kW)`; stride 1, no padding. The result is `(N, C, "
    "H_out, W_out, kH, kW)`: `result[n, c, i, j]` is `input[n, c, i : i + kH, j : j + kW]`. `as_strided` "
    "and `unfold` are allowed, convlab's own windows are not.",
    difficulty=2,
    importance=2,
    minutes=12,
    hints=(
        "`input.stride()` says how far apart in memory neighbours are along each axis. How far apart are two windows?",
        "Neighbouring windows are as far apart as neighbouring elements, and so are neighbours inside a window.",
        "`n, c, down, right = input.stride()`, then `input.as_strided((N, C, H - kH + 1, W - kW + 1, kH, kW), (n, c, "
        "down, "
        "right, down, right))`",
    ),
    solution=strided_windows,
    alternative=strided_windows_by_unfold,
    cases=_windows_cases,
    mistakes=(
        Mistake(
            "the kernel axes before the output axes",
            "Your result is (N, C, kH, kW, H_out, W_out). The axes of the output come before those of the kernel.",
            lambda x, k: strided_windows(x, k).permute(0, 1, 4, 5, 2, 3),
        ),
        Mistake(
            "rows and taps mixed",
            "Your axes are (N, C, H_out, kH, W_out, kW). The order must be (N, C, H_out, W_out, kH, kW).",
            lambda x, k: strided_windows(x, k).permute(0, 1, 2, 4, 3, 5),
        ),
        Mistake(
            "the windows are transposed",
            "Rows and columns inside each window have changed places: the last two axes are (kH, kW).",
            lambda x, k: strided_windows(x, k).transpose(4, 5),
        ),
        Mistake(
            "the output is transposed",
            "The windows are counted column by column: axis 2 is H_out and axis 3 is W_out.",
            lambda x, k: strided_windows(x, k).transpose(2, 3),
        ),
        Mistake(
            "windows side by side",
            "The windows do not overlap: neighbours are a whole kernel apart. With stride 1 they are one element "
            "apart.",
            _tiles,
        ),
        Mistake(
            "strides of a contiguous tensor",
            "The strides are computed from the shape. A transposed tensor has others: ask input.stride().",
            _strided(lambda n, c, down, right, batch, channels, h, w: (channels * h * w, h * w, w, 1, w, 1)),
        ),
        Mistake(
            "the strides of the axes are swapped",
            "The strides of rows and columns are exchanged. They stand in the order of the result's axes: down, "
            "right, down, right.",
            _strided(lambda n, c, down, right, *shape: (n, c, right, down, right, down)),
        ),
        Mistake(
            "the same window everywhere",
            "The windows do not move: their strides are 0. Neighbouring windows are as far apart as neighbouring "
            "elements.",
            _strided(lambda n, c, down, right, *shape: (n, c, 0, 0, down, right)),
        ),
        Mistake(
            "the first element everywhere in a window",
            "All elements of a window are its first one. Neighbours in a window are as far apart as in the input.",
            _strided(lambda n, c, down, right, *shape: (n, c, down, right, 0, 0)),
        ),
        Mistake(
            "one row and column of windows too few",
            "The last windows are missing: there are H - kH + 1 by W - kW + 1.",
            lambda x, k: strided_windows(x, k)[:, :, :-1, :-1],
        ),
        Mistake(
            "flattened to columns",
            "This is im2col, (N, C * kH * kW, H_out * W_out). Here every axis stays by itself.",
            lambda x, k: F.unfold(x, k),
        ),
        Mistake(
            "kH and kW swapped",
            "The windows are kW high and kH wide: kernel_size is (kH, kW).",
            lambda x, k: strided_windows(x, k[::-1]),
        ),
    ),
    replaces=(strided.windows,),
)

EXERCISES = (STRIDED_WINDOWS,)
