"""Exercises of 01_sliding_window: the kernel as it is, and flipped."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, as_batch, conv_window, counting, not_contiguous, numbers
from convlab.practice._bank._images import flip, full_padding, image_case, on_image, same_padding
from convlab.practice._bank._switches import mistakes
from convlab.practice.exercise import Exercise, Mistake


def cross_correlate(image, kernel):
    H, W = image.shape
    kH, kW = kernel.shape
    result = image.new_zeros(H - kH + 1, W - kW + 1)
    for i in range(H - kH + 1):
        for j in range(W - kW + 1):
            result[i, j] = (image[i : i + kH, j : j + kW] * kernel).sum()
    return result


def cross_correlate_by_shifts(image, kernel):
    H_out = image.shape[0] - kernel.shape[0] + 1
    W_out = image.shape[1] - kernel.shape[1] + 1
    result = 0
    for i, row in enumerate(kernel):
        for j, number in enumerate(row):
            result = result + number * image[i : i + H_out, j : j + W_out]  # the image as this tap sees it
    return result


def convolve2d(image, kernel):
    kH, kW = kernel.shape
    flipped = kernel.flip(0, 1)
    rows = []
    for i in range(image.shape[0] - kH + 1):
        row = [(image[i : i + kH, j : j + kW] * flipped).sum() for j in range(image.shape[1] - kW + 1)]
        rows.append(torch.stack(row))
    return torch.stack(rows)


def convolve2d_by_unfold(image, kernel):
    kH, kW = kernel.shape
    windows = image.unfold(0, kH, 1).unfold(1, kW, 1)  # (H_out, W_out, kH, kW)
    return torch.einsum("hwij,ij->hw", windows, kernel.flip(0, 1))


_IN_A_WINDOW = (
    "the kernel is transposed", "the taps' row and column are swapped", "the weights are left out",
    "only the last product is kept", "the products are averaged", "the largest product is taken",
    "the last window is missing", "a window too many", "the result's last two axes are swapped",
    "the result is always float32", "computed in float32", "negative results are set to zero",
    "the absolute value is taken", "the result has the wrong sign", "the sums are rounded",
)  # fmt: skip


def _sizes(change):
    """Mistakes about where windows may lie."""
    return (
        Mistake(
            "windows that stick out are counted",
            "Only windows that lie wholly inside the image count: (H - kH + 1, W - kW + 1) of them.",
            on_image(change, full_padding)(),
        ),
        Mistake(
            "the result has the image's size",
            "Nothing is padded here: the result has the shape (H - kH + 1, W - kW + 1).",
            on_image(change, same_padding)(),
        ),
        Mistake(
            "the result has four axes",
            "The image has two axes, (H, W), and so has the result.",
            lambda image, kernel: on_image(change)()(image, kernel)[None, None],
        ),
        Mistake(
            "the windows do not overlap",
            "The window moves by 1, not by its own size.",
            lambda image, kernel: on_image(change)()(image, kernel)[:: kernel.shape[0], :: kernel.shape[1]],
        ),
        Mistake(
            "the answers of all windows are added up",
            "Each window gives one number of the result; keep them apart.",
            lambda image, kernel: on_image(change)()(image, kernel).sum(),
        ),
    )


_CORRELATE = (
    *mistakes(
        (
            "the kernel is flipped", "the kernel is flipped along its first axis",
            "the kernel is flipped along its last axis", *_IN_A_WINDOW,
        ),
        on_image(),
    ),
    *_sizes(lambda kernel: kernel),
)  # fmt: skip

_CONVOLVE = (
    Mistake(
        "the kernel is not flipped",
        "The convolution of mathematics flips the kernel along both axes. Without it, this is cross-correlation, "
        "what torch computes.",
        on_image()(),
    ),
    Mistake(
        "the kernel is flipped along its first axis only",
        "The kernel is flipped along both axes: kernel.flip(0, 1).",
        on_image(lambda kernel: kernel.flip(0))(),
    ),
    Mistake(
        "the kernel is flipped along its last axis only",
        "The kernel is flipped along both axes: kernel.flip(0, 1).",
        on_image(lambda kernel: kernel.flip(1))(),
    ),
    Mistake(
        "the kernel is turned by 90 degrees",
        "Flipping along both axes is a turn by 180 degrees, as torch.rot90(kernel, 2).",
        on_image(lambda kernel: kernel.rot90())(),
    ),
    Mistake(
        "the kernel is transposed, not flipped",
        "A transposition swaps rows and columns; a flip reverses their order: kernel.flip(0, 1).",
        on_image(lambda kernel: kernel.T)(),
    ),
    Mistake(
        "the result is flipped, too",
        "Only the kernel is flipped; the first window still gives the first number of the result.",
        on_image(flip, turn=flip)(),
    ),
    Mistake(
        "the result is flipped, not the kernel",
        "Flip the kernel; the first window still gives the first number of the result.",
        on_image(turn=flip)(),
    ),
    *mistakes(_IN_A_WINDOW, on_image(flip)),
    *_sizes(flip),
)


def _cases():
    return (
        image_case("the smallest", counting(4, 4), torch.tensor([[1.0, 2.0, 0.0], [0.0, 3.0, 0.0], [-1.0, 0.0, 1.0]])),
        image_case("an even kernel", counting(3, 3), torch.tensor([[1.0, 2.0], [0.0, 4.0]])),
        image_case("a kernel of 1", numbers(3, 3), torch.tensor([[3.0]])),
        image_case("an image of 4 rows and 6 columns", numbers(4, 6), numbers(3, 3, seed=1)),
        image_case("a kernel of 1 row and 3 columns", numbers(4, 4), torch.tensor([[-1.0, 2.0, 1.0]])),
        image_case("a kernel as large as the image", numbers(3, 3), numbers(3, 3, seed=2)),
        image_case("an image that is not contiguous", not_contiguous(numbers(5, 5, seed=3)), numbers(3, 3, seed=4)),
        image_case("float64", numbers(5, 5, seed=5, dtype=torch.float64), numbers(3, 3, seed=6, dtype=torch.float64)),
        image_case("everything", numbers(7, 9, seed=7), numbers(2, 5, seed=8)),
    )


EXERCISES = (
    Exercise(
        name="cross_correlate",
        notebook="01_sliding_window",
        idea="the sum of products in a window",
        question="""Write `cross_correlate(image, kernel)`: slide a kernel over an image.

`image` has the shape `(H, W)` and `kernel` `(kH, kW)`; the result has the shape `(H - kH + 1, W - kW + 1)` and the
image's dtype. Element `[i, j]` is the sum of the products of the kernel and the window whose upper left corner is
`image[i, j]`. Do not call torch's convolution.""",
        difficulty=1,
        importance=3,
        minutes=8,
        hints=(
            "Cut out the upper left window and compute one number. Then move the window.",
            "The window of element `[i, j]` is `image[i : i + kH, j : j + kW]`; its number is `(window * "
            "kernel).sum()`.",
            "Make `result = image.new_zeros(H - kH + 1, W - kW + 1)`; in two loops over `i` and `j`, store "
            "`(image[i : i + kH, j : j + kW] * kernel).sum()` in `result[i, j]`.",
        ),
        solution=cross_correlate,
        alternative=cross_correlate_by_shifts,
        cases=_cases,
        mistakes=_CORRELATE,
        combined=on_image(),
        replaces=CONVOLUTION,
        window=conv_window(2, as_batch),
    ),
    Exercise(
        name="convolve2d",
        notebook="01_sliding_window",
        idea="correlation and convolution",
        question="""Write `convolve2d(image, kernel)`: the convolution of mathematics, which flips the kernel.

`image` has the shape `(H, W)` and `kernel` `(kH, kW)`; the result has the shape `(H - kH + 1, W - kW + 1)` and the
image's dtype. The kernel is flipped along both axes before it slides over the image; only windows that lie wholly
inside count. Do not call torch's convolution.""",
        difficulty=1,
        importance=2,
        minutes=8,
        hints=(
            "One step is new, compared with `cross_correlate`. What happens to the kernel?",
            "Flipped, the kernel's last row comes first, and in each row the last number: `kernel.flip(0, 1)`.",
            "Element `[i, j]` is `(image[i : i + kH, j : j + kW] * kernel.flip(0, 1)).sum()`.",
        ),
        solution=convolve2d,
        alternative=convolve2d_by_unfold,
        cases=_cases,
        mistakes=_CONVOLVE,
        replaces=CONVOLUTION,
        window=conv_window(2, lambda image, kernel: as_batch(image, kernel.flip(0, 1))),
    ),
)
