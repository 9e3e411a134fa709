"""An exercise of 01_sliding_window: a blur, with zeros around the image."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, POOLING, conv_window, counting, not_contiguous, numbers
from convlab.practice._bank._images import image_case
from convlab.practice.exercise import Exercise, Mistake


def blur(image, size):
    r = size // 2
    padded = torch.nn.functional.pad(image, (r, r, r, r))
    result = torch.zeros_like(image)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            result[i, j] = padded[i : i + size, j : j + size].mean()
    return result


def blur_by_unfold(image, size):
    padded = torch.nn.functional.pad(image, [size // 2] * 4)
    return padded.unfold(0, size, 1).unfold(1, size, 1).mean((2, 3))


def _blur(mode="constant", amounts=lambda r: (r, r, r, r), divide=lambda size: size**2, change=lambda result: result):
    def answer(image, size):
        padded = torch.nn.functional.pad(image[None, None], amounts(size // 2), mode=mode)[0, 0]
        return change(padded.unfold(0, size, 1).unfold(1, size, 1).sum((2, 3)) / divide(size))

    return answer


def _over_real_pixels(image, size):
    return _blur()(image, size) / _blur()(torch.ones_like(image), size)


def _border_kept(image, size):
    r, result = size // 2, image.clone()
    result[r : len(image) - r, r : image.shape[1] - r] = _blur(amounts=lambda r: (0, 0, 0, 0))(image, size)
    return result


_BLUR_MISTAKES = (
    Mistake(
        "nothing is padded",
        "The result has the image's shape: put size // 2 zeros on each side first.",
        _blur(amounts=lambda r: (0, 0, 0, 0)),
    ),
    Mistake(
        "the sum is not divided",
        "A mean is the sum divided by the number of elements, size * size.",
        _blur(divide=lambda size: 1),
    ),
    Mistake(
        "divided by the size, not by its square", "A window has size * size elements.", _blur(divide=lambda size: size)
    ),
    Mistake(
        "only the pixels of the image are counted",
        "The zeros outside count, too: every window is divided by size * size, and the border gets darker.",
        _over_real_pixels,
    ),
    Mistake(
        "the border is left as it was",
        "The border is blurred, too: outside of the image there are zeros.",
        _border_kept,
    ),
    Mistake(
        "the border is set to zero",
        "The border is blurred, too: outside of the image there are zeros.",
        lambda image, size: torch.nn.functional.pad(
            _blur(amounts=lambda r: (0, 0, 0, 0))(image, size), [size // 2] * 4
        ),
    ),
    Mistake("the padding repeats the border", "Outside of the image there are zeros.", _blur("replicate")),
    Mistake("the padding wraps around", "Outside of the image there are zeros.", _blur("circular")),
    Mistake("the padding mirrors the image", "Outside of the image there are zeros.", _blur("reflect")),
    Mistake(
        "all zeros are put before the image",
        "The window is centred on its pixel: size // 2 zeros on each side.",
        _blur(amounts=lambda r: (2 * r, 0, 2 * r, 0)),
    ),
    Mistake(
        "all zeros are put after the image",
        "The window is centred on its pixel: size // 2 zeros on each side.",
        _blur(amounts=lambda r: (0, 2 * r, 0, 2 * r)),
    ),
    Mistake(
        "only the rows are blurred",
        "The window has size rows and size columns.",
        lambda image, size: torch.nn.functional.pad(image, (size // 2, size // 2)).unfold(1, size, 1).mean(2),
    ),
    Mistake(
        "only the columns are blurred",
        "The window has size rows and size columns.",
        lambda image, size: torch.nn.functional.pad(image, (0, 0, size // 2, size // 2)).unfold(0, size, 1).mean(2),
    ),
    Mistake(
        "blurred twice",
        "One mean for each pixel, of the image as it was.",
        lambda image, size: blur(blur(image, size), size),
    ),
    Mistake(
        "the blurred pixels are used again",
        "Each window is cut from the image as it was: write into a new tensor.",
        lambda image, size: _in_place(image, size),
    ),
    Mistake(
        "the result is always float32",
        "The result has the image's dtype. torch.zeros makes float32 unless it is told dtype=image.dtype.",
        _blur(change=lambda result: result.float()),
    ),
)


def _in_place(image, size):
    r = size // 2
    padded = torch.nn.functional.pad(image, (r, r, r, r))
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            padded[i + r, j + r] = padded[i : i + size, j : j + size].mean()
    return padded[r : len(padded) - r, r : padded.shape[1] - r]


def _blur_cases():
    return (
        image_case("the smallest", 9 * counting(3, 3), 3),
        image_case("a size of 1", counting(2, 2), 1),
        image_case("an image of 3 rows and 5 columns", 9 * numbers(3, 5), 3),
        image_case("a size of 5", 25 * numbers(6, 6), 5),
        image_case("an image that is not contiguous", 9 * not_contiguous(numbers(4, 4, seed=3)), 3),
        image_case("float64", numbers(4, 4, seed=5, dtype=torch.float64), 3),
    )


def _window(image, size):
    padded = torch.nn.functional.pad(image, [size // 2] * 4)
    return {"input": padded[None, None], "weight": image.new_full((1, 1, size, size), 1 / size**2)}


EXERCISES = (
    Exercise(
        name="blur",
        notebook="01_sliding_window",
        idea="padding",
        question="""Blur an image: write `blur(image, size)`.

`image` has the shape `(H, W)`; the result has the same shape and dtype; `size` is odd. Element `[i, j]` of the
result is the mean of the window of `size` x `size` elements whose middle is `image[i, j]`. Outside of the image
there are zeros, and they count in the mean. Do not call torch's convolution or pooling.""",
        difficulty=2,
        importance=2,
        minutes=10,
        hints=(
            "Without padding the result would be smaller than the image. How many zeros does each side need?",
            "Put `size // 2` zeros on each side; then the window of `[i, j]` starts at `padded[i, j]`.",
            "`padded = F.pad(image, (r, r, r, r))` with `r = size // 2`; `result[i, j]` is "
            "`padded[i : i + size, j : j + size].mean()`.",
        ),
        solution=blur,
        alternative=blur_by_unfold,
        cases=_blur_cases,
        mistakes=_BLUR_MISTAKES,
        replaces=CONVOLUTION + POOLING,
        window=conv_window(2, _window),
    ),
)
