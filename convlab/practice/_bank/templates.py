"""An exercise of 01_sliding_window: where does a template match best?"""

import torch

from convlab.practice._bank._cases import as_batch, conv_window, counting, not_contiguous, numbers
from convlab.practice._bank._images import flip, full_padding, image_case, on_image
from convlab.practice.exercise import Exercise, Mistake


def best_match(image, template):
    h, w = template.shape
    windows = image.unfold(0, h, 1).unfold(1, w, 1)
    response = (windows * template).sum((2, 3))
    row, column = divmod(response.argmax().item(), response.shape[1])
    return row, column


def best_match_by_loops(image, template):
    h, w = template.shape
    best, position = None, None
    for row in range(image.shape[0] - h + 1):
        for column in range(image.shape[1] - w + 1):
            response = (image[row : row + h, column : column + w] * template).sum().item()
            if best is None or response > best:
                best, position = response, (row, column)
    return position


_CORRELATE = on_image()()


def _match(
    response=_CORRELATE, place=lambda response: response.argmax(), answer=lambda row, column, h, w: (row, column)
):
    def found(image, template):
        map = response(image, template)
        return answer(*divmod(int(place(map)), map.shape[1]), *template.shape)

    return found


def _distance(image, template):
    windows = image.unfold(0, template.shape[0], 1).unfold(1, template.shape[1], 1)
    return -((windows - template) ** 2).sum((2, 3))


def _brightest(image, template):
    return on_image()(frozenset({"the weights are left out"}))(image, template)


_MATCH_MISTAKES = (
    Mistake(
        "row and column are swapped",
        "The row comes first, as in image[row, column].",
        _match(answer=lambda row, column, h, w: (column, row)),
    ),
    Mistake(
        "the smallest response is found",
        "The best match is where the response is largest.",
        _match(place=lambda response: response.argmin()),
    ),
    Mistake(
        "the largest absolute value is found",
        "A large negative response means the opposite of the template.",
        _match(place=lambda response: response.abs().argmax()),
    ),
    Mistake(
        "the kernel is flipped",
        "The template lies on the image as it is: cross-correlation, without a flip.",
        _match(on_image(flip)()),
    ),
    Mistake(
        "the template is transposed",
        "The template has the shape (h, w), rows first.",
        _match(on_image(lambda kernel: kernel.T)()),
    ),
    Mistake(
        "the best begins at 0",
        "All responses may be negative: begin with float('-inf'), or with the first window.",
        _match(place=lambda response: response.argmax() if response.max() > 0 else 0),
    ),
    Mistake(
        "the brightest window is found",
        "Each element is multiplied by the template's before the sum.",
        _match(_brightest),
    ),
    Mistake(
        "the nearest window is found, not the largest response",
        "The response is a sum of products. The smallest squared difference is another measure.",
        _match(_distance),
    ),
    Mistake(
        "the middle of the window is returned",
        "The position of a window is its upper left corner.",
        _match(answer=lambda row, column, h, w: (row + h // 2, column + w // 2)),
    ),
    Mistake(
        "the end of the window is returned",
        "The position of a window is its upper left corner.",
        _match(answer=lambda row, column, h, w: (row + h - 1, column + w - 1)),
    ),
    Mistake(
        "the positions count from 1",
        "Rows and columns count from 0.",
        _match(answer=lambda row, column, h, w: (row + 1, column + 1)),
    ),
    Mistake(
        "the index counts through the whole map",
        "argmax() counts through all rows: divide by the width of the response.",
        lambda image, template: int(on_image()()(image, template).argmax()),
    ),
    Mistake(
        "the index is divided by the image's width",
        "The response is narrower than the image: divide by its own width.",
        lambda image, template: divmod(int(on_image()()(image, template).argmax()), image.shape[1]),
    ),
    Mistake(
        "the last of equal responses is found",
        "Where several responses are largest, the first in reading order counts.",
        _match(place=lambda response: response.numel() - 1 - response.flatten().flip(0).argmax()),
    ),
    Mistake(
        "the response itself is returned",
        "The position is asked for: argmax, not max.",
        lambda image, template: on_image()()(image, template).max().item(),
    ),
    Mistake(
        "the last window is missing",
        "There are H - h + 1 rows of windows: range() stops before its end.",
        _match(on_image()(frozenset({"the last window is missing"}))),
    ),
    Mistake(
        "the response is padded",
        "Only windows that lie wholly inside the image count.",
        _match(on_image(padding=full_padding)()),
    ),
)


def _planted(height, width, row, column, template, noise=0, dark=None):
    """A picture of `noise` with the template in one place, and with its negative in another."""
    image = numbers(height, width, seed=noise).abs() / 4 if noise else torch.zeros(height, width)
    h, w = template.shape
    image[row : row + h, column : column + w] = template
    if dark is not None:
        image[dark[0] : dark[0] + h, dark[1] : dark[1] + w] = -2 * template
    return image


def _match_cases():
    corner = torch.tensor([[3.0, 1.0], [2.0, -4.0]])
    arrow = torch.tensor([[5.0, -1.0, 2.0], [0.0, 4.0, -3.0]])
    bright = _planted(6, 7, 1, 4, arrow)
    bright[4:, :3] = 2
    near = _planted(5, 5, 0, 3, corner) + (1 + 1e-9) * _planted(5, 5, 3, 0, corner).double()
    return (
        image_case("a template in the middle", _planted(5, 5, 2, 1, corner), corner),
        image_case("a template in the last corner", _planted(4, 4, 2, 2, corner), corner),
        image_case("a wide template", _planted(6, 6, 1, 2, arrow), arrow),
        image_case("the negative of the template", _planted(7, 7, 1, 4, corner, dark=(4, 1)), corner),
        image_case("a bright place elsewhere", bright, arrow),
        image_case(
            "the template and its transpose", _planted(6, 6, 3, 3, corner) + _planted(6, 6, 0, 0, corner.T), corner
        ),
        image_case("two equal places", _planted(6, 6, 3, 0, corner) + _planted(6, 6, 1, 3, corner), corner),
        image_case("a template of 1", torch.tensor([[1.0, 2.0], [9.0, 3.0]]), torch.tensor([[2.0]])),
        image_case("an image that is not contiguous", not_contiguous(_planted(5, 5, 1, 2, corner, noise=3)), corner),
        image_case("float64", _planted(5, 5, 0, 3, corner).double(), corner.double()),
        image_case("only negative responses", 1000 * (counting(3, 4) - 20), torch.tensor([[1.0, 2.0]])),
        image_case("a wide template in the last corner", _planted(5, 6, 3, 3, arrow), arrow),
        image_case("a tall template in the last corner", _planted(6, 5, 3, 3, arrow.T), arrow.T.contiguous()),
        image_case("float64, nearly equal", near, corner.double()),
        image_case("everything", numbers(9, 12, seed=9), numbers(3, 4, seed=10)),
    )


EXERCISES = (
    Exercise(
        name="best_match",
        notebook="01_sliding_window",
        idea="a kernel as a template",
        question="""Find a template in an image: write `best_match(image, template)`.

`image` has the shape `(H, W)` and `template` `(h, w)`. The response of a window is the sum of the products of its
elements and the template's. Return the position of the largest response as a tuple of two ints, `(row, column)`: the
upper left corner of its window. Of equal responses the first in reading order counts. torch's own convolution is
allowed.""",
        difficulty=2,
        importance=2,
        minutes=10,
        hints=(
            "Compute the map of all responses first; then ask where it is largest.",
            "`argmax()` of a map counts through all of its rows: the row is this number divided by the width of the "
            "map, the column is the rest.",
            "`row, column = divmod(response.argmax().item(), response.shape[1])`, and the response is what "
            "`cross_correlate` gives.",
        ),
        solution=best_match,
        alternative=best_match_by_loops,
        cases=_match_cases,
        mistakes=_MATCH_MISTAKES,
        window=conv_window(2, as_batch),
    ),
)
