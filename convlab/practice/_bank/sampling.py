"""The exercise on reading between elements: bilinear_sample."""

import math

import torch

from convlab.arithmetic import interpolation
from convlab.ops import deform, deform_reference
from convlab.practice._bank._numbers import numbers
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "09_deformable"


def bilinear_sample(image, y, x):
    import math

    height, width = image.shape
    top, left = math.floor(y), math.floor(x)
    total = image.new_zeros(())
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < height and 0 <= j < width:  # outside is zero
                total = total + image[i, j] * (1 - abs(y - i)) * (1 - abs(x - j))
    return total


def bilinear_sample_by_matrices(image, y, x):
    def hat(size, place):  # 1 at the place, falling to 0 at distance 1
        return (1 - (torch.arange(size, dtype=image.dtype, device=image.device) - place).abs()).clamp(min=0)

    return hat(image.shape[0], y) @ image @ hat(image.shape[1], x)


def _corners(weights, *, floor=math.floor, read=None):
    """A wrong answer that weighs the four corners by a rule of the fractions (fy, fx), or reads them wrongly."""

    def wrong(image, y, x):
        top, left = floor(y), floor(x)
        total = image.new_zeros(())
        for (a, b), part in zip(((0, 0), (0, 1), (1, 0), (1, 1)), weights(y - top, x - left), strict=True):
            total = total + (read or _or_zero)(image, top + a, left + b) * part
        return total

    return wrong


def _right(fy, fx):
    return (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx


def _right_by_distance(fy, fx):
    return tuple((1 - abs(fy - a)) * (1 - abs(fx - b)) for a in (0, 1) for b in (0, 1))


def _or_zero(image, i, j):
    return image[i, j] if 0 <= i < len(image) and 0 <= j < image.shape[1] else 0.0


def _clamped(image, i, j):
    return image[min(max(i, 0), len(image) - 1), min(max(j, 0), image.shape[1] - 1)]


def _zero_unless_inside(image, y, x):
    inside = 0 <= y <= image.shape[0] - 1 and 0 <= x <= image.shape[1] - 1
    return bilinear_sample(image, y, x) if inside else image.new_zeros(())


def _zero_near_the_end(image, y, x):
    i, j = math.floor(y), math.floor(x)
    inside = i >= 0 and i + 1 < image.shape[0] and j >= 0 and j + 1 < image.shape[1]
    return bilinear_sample(image, y, x) if inside else image.new_zeros(())


def _twice_on_elements(image, y, x):
    times = (2 if y % 1 == 0 else 1) * (2 if x % 1 == 0 else 1)
    return bilinear_sample(image, y, x) * times


def _bilinear_cases():
    image = torch.tensor([[1.0, 3.0, 8.0], [5.0, 11.0, 2.0]])

    def case(id, image, y, x):
        found = {
            "the place is between two rows": y % 1 != 0,
            "the place is between two columns": x % 1 != 0,
            "the place is outside the image": not (0 <= y <= image.shape[0] - 1 and 0 <= x <= image.shape[1] - 1),
            "a coordinate is negative": y < 0 or x < 0,
            "the image is not contiguous": not image.is_contiguous(),
            "the dtype is float64": image.dtype == torch.float64,
        }
        return Case(id, (image, y, x), traits=frozenset(trait for trait, holds in found.items() if holds))

    return (
        case("on an element", image, 0.0, 1.0),
        case("on the last element", image, 1.0, 2.0),
        case("between two columns", image, 0.0, 0.25),
        case("between two rows", image, 0.25, 1.0),
        case("between four elements", image, 0.75, 1.25),
        case("half outside, above", image, -0.25, 1.0),
        case("half outside, at the right", image, 1.0, 2.25),
        case("outside a corner", image, 1.5, 2.75),
        case("left of the image", image, 0.5, -0.75),
        case("far outside", image, -3.5, 1.0),
        case("far outside, below", image, 2.5, 0.5),
        case("far outside, at the left", image, 0.5, -3.5),
        case("far outside, at the right", image, 0.5, 6.25),
        case("float64", numbers(4, 3, dtype=torch.float64), 2.3, 0.7),
        case("not contiguous", numbers(3, 4).T, 2.375, 1.75),
    )


BILINEAR_SAMPLE = Exercise(
    name="bilinear_sample",
    notebook=NOTEBOOK,
    idea="sampling between elements",
    question="Read an image between its elements.\n\n"
    "`image` is `(H, W)`; `y` and `x` are floats, in elements: `(0.0, 1.0)` is `image[0, 1]`. The result "
    "is a tensor without axes and of the image's dtype: the mean of the four elements around `(y, x)`, "
    "each weighted by `(1 - |y - i|) * (1 - |x - j|)`. Outside the image everything is zero, also where "
    "only some of the four are outside. `F.grid_sample`, "
    "`convlab.deform_conv`, `torchvision.ops.deform_conv2d` and convlab's functions for interpolation are not allowed.",
    difficulty=2,
    importance=3,
    minutes=15,
    hints=(
        "Which four elements stand around (y, x)? Those with rows floor(y) and floor(y) + 1, and columns floor(x) and "
        "floor(x) + 1.",
        "An element at distance dy and dx has the weight (1 - dy) * (1 - dx). Leave out those outside the image.",
        "For i in (floor(y), floor(y) + 1) and j likewise: where `0 <= i < H and 0 <= j < W`, add "
        "`image[i, j] * (1 - abs(y - i)) * (1 - abs(x - j))`.",
    ),
    solution=bilinear_sample,
    alternative=bilinear_sample_by_matrices,
    cases=_bilinear_cases,
    mistakes=(
        Mistake(
            "y and x swapped",
            "The first coordinate is used for the columns. y counts rows, x counts columns: image[y, x].",
            lambda image, y, x: bilinear_sample(image, x, y),
        ),
        Mistake(
            "ceil() instead of floor() + 1",
            "Where a coordinate is a whole number, its ceil() is its floor(), and the same element counts twice. Take "
            "floor() and floor() + 1.",
            _twice_on_elements,
        ),
        Mistake(
            "the nearest element",
            "The nearest element is read. Between elements the value is a mean of the four around.",
            _corners(lambda fy, fx: (1, 0, 0, 0), floor=round),
        ),
        Mistake(
            "rounded down",
            "The element above and to the left is read. Between elements the value is a mean of the four around.",
            _corners(lambda fy, fx: (1, 0, 0, 0)),
        ),
        Mistake(
            "the weights are exchanged",
            "Far elements get the large weights. An element at distance d gets 1 - d.",
            _corners(lambda fy, fx: _right(1 - fy, 1 - fx)),
        ),
        Mistake(
            "all four weigh the same",
            "This is the plain mean of the four elements. Near elements weigh more: (1 - dy) * (1 - dx).",
            _corners(lambda fy, fx: (0.25, 0.25, 0.25, 0.25)),
        ),
        Mistake(
            "the weights of the fractions are exchanged",
            "The fraction of y weighs the columns, and that of x the rows. Each belongs to its own axis.",
            _corners(lambda fy, fx: _right(fx, fy)),
        ),
        Mistake(
            "weights by half the sum of the distances",
            "The weights of the two axes are averaged. Multiply them: (1 - dy) * (1 - dx).",
            _corners(lambda fy, fx: tuple((a + b) / 2 for a in (1 - fy, fy) for b in (1 - fx, fx))),
        ),
        Mistake(
            "only between columns",
            "The row is rounded down. Interpolate along both axes.",
            _corners(lambda fy, fx: _right(0, fx)),
        ),
        Mistake(
            "only between rows",
            "The column is rounded down. Interpolate along both axes.",
            _corners(lambda fy, fx: _right(fy, 0)),
        ),
        Mistake(
            "the edge goes on outside",
            "Outside the image your answer reads the elements of the edge. It must read zeros there.",
            _corners(_right, read=_clamped),
        ),
        Mistake(
            "zero for every place outside",
            "A place between the edge and the zeros outside gives zero. Elements inside still count: only those "
            "outside are "
            "zero.",
            _zero_unless_inside,
        ),
        Mistake(
            "zero where one of the four is outside",
            "Where one of the four elements is outside, the result is zero. Only that element is zero; the others "
            "count.",
            _zero_near_the_end,
        ),
        Mistake(
            "int() instead of floor()",
            "int(-0.25) is 0, it rounds towards zero. The element before -0.25 is -1: use math.floor.",
            _corners(_right, floor=int),
        ),
        Mistake(
            "int() instead of floor(), with absolute distances",
            "int(-0.25) is 0, it rounds towards zero, and then 1 - abs(y - i) is negative for the element after it. "
            "The element before -0.25 is -1: use math.floor.",
            _corners(_right_by_distance, floor=int),
        ),
        Mistake(
            "a negative index counts from the end",
            "image[-1] is the last row. An index below 0 is outside, where everything is zero.",
            _corners(
                _right,
                read=lambda image, i, j: (
                    _or_zero(image, i, j)
                    if i < -len(image) or j < -image.shape[1]
                    else _or_zero(image, i % len(image) if i < 0 else i, j % image.shape[1] if j < 0 else j)
                ),
            ),
        ),
        Mistake(
            "half an element off",
            "The centres of the elements are taken to be at 0.5, 1.5, ... Here (0.0, 1.0) is image[0, 1].",
            lambda image, y, x: bilinear_sample(image, y - 0.5, x - 0.5),
        ),
        Mistake(
            "coordinates from 0 to 1",
            "y and x are read as fractions of the image. They are in elements: (0.0, 1.0) is image[0, 1].",
            lambda image, y, x: bilinear_sample(image, y * (image.shape[0] - 1), x * (image.shape[1] - 1)),
        ),
    ),
    replaces=(
        "grid_sampler_2d",
        "grid_sampler_2d_fallback",
        "_grid_sampler_2d_cpu_fallback",
        "cudnn_grid_sampler",
        "deform_conv2d",
        deform.deform_conv,
        deform_reference.deform_conv,
        interpolation.corners,
        interpolation.neighbours,
    ),
)


EXERCISES = (BILINEAR_SAMPLE,)
