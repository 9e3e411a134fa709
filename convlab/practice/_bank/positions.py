"""The exercise on the places that a deformable convolution reads: tap_positions."""

import torch

from convlab.practice._bank._numbers import numbers
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "09_deformable"


def tap_positions(offset, y, x, kernel_size):
    kh, kw = kernel_size
    positions = []
    for k in range(kh):
        for m in range(kw):
            tap = k * kw + m
            dy, dx = offset[2 * tap, y, x], offset[2 * tap + 1, y, x]
            positions.append(torch.stack([y + k + dy, x + m + dx]))
    return torch.stack(positions)


def tap_positions_by_grid(offset, y, x, kernel_size):
    kh, kw = kernel_size
    options = {"dtype": offset.dtype, "device": offset.device}
    regular = torch.cartesian_prod(torch.arange(y, y + kh, **options), torch.arange(x, x + kw, **options))
    return regular + offset[:, y, x].reshape(kh * kw, 2)


def _regular(y, x, kernel_size, like):
    return torch.cartesian_prod(torch.arange(kernel_size[0]), torch.arange(kernel_size[1])).to(like) + torch.tensor(
        [y, x]
    )


def _moved(move, base=lambda y, x, size, like: _regular(y, x, size, like)):
    def wrong(offset, y, x, kernel_size):
        return (base(y, x, kernel_size, offset) + move(offset[:, y, x].reshape(-1, 2))).to(offset.dtype)

    return wrong


def _tap_cases():
    def case(id, offset, y, x, kernel):
        found = {
            "the kernel is not square": kernel[0] != kernel[1],
            "the offsets are not zero": bool(offset.any()),
            "the output position is not the first one": (y, x) != (0, 0),
            "the dtype is float64": offset.dtype == torch.float64,
            "the offsets are not contiguous": not offset.is_contiguous(),
        }
        return Case(id, (offset, y, x, kernel), traits=frozenset(trait for trait, holds in found.items() if holds))

    return (
        case("one tap", torch.tensor([0.5, -0.25]).reshape(2, 1, 1), 0, 0, (1, 1)),
        case("one tap, no offset", torch.zeros(2, 2, 2), 1, 0, (1, 1)),
        case("2 x 3, no offsets", torch.zeros(12, 2, 3), 0, 0, (2, 3)),
        case("2 x 2, first position", numbers(8, 2, 3) * 0.4, 0, 0, (2, 2)),
        case("3 x 2, another position", numbers(12, 3, 3, seed=1) * 0.4, 1, 2, (3, 2)),
        case("float64", numbers(6, 3, 2, seed=2, dtype=torch.float64), 2, 1, (1, 3)),
        case("not contiguous", (numbers(3, 3, 8, seed=3) * 0.4).permute(2, 1, 0), 2, 0, (2, 2)),
    )


TAP_POSITIONS = Exercise(
    name="tap_positions",
    notebook=NOTEBOOK,
    idea="where the taps read",
    question="Where does a deformable convolution read for its output element `(y, x)`? Stride 1, no padding.\n\n"
    "`offset` belongs to one sample, `(2 * kH * kW, H_out, W_out)`: channel `2 * t` holds dy and channel "
    "`2 * t + 1` holds dx of tap `t`, the taps counted row by row. `y` and `x` are ints, `kernel_size` is "
    "`(kH, kW)`. The result is `(kH * kW, 2)`, with the row and the column for each tap, in the dtype of "
    "`offset`.",
    difficulty=2,
    importance=2,
    minutes=12,
    hints=(
        "Without offsets, tap (k, m) of the window at (y, x) reads at row y + k and column x + m.",
        "Its number is t = k * kW + m. Add offset[2 * t, y, x] to the row and offset[2 * t + 1, y, x] to the column.",
        "`offset[:, y, x].reshape(kH * kW, 2)` holds (dy, dx) of each tap; add it to the rows and columns without "
        "offsets.",
    ),
    solution=tap_positions,
    alternative=tap_positions_by_grid,
    cases=_tap_cases,
    mistakes=(
        Mistake(
            "dx before dy",
            "The first number of a pair is added to the column. dy, for the row, comes first.",
            _moved(lambda pairs: pairs.flip(1)),
        ),
        Mistake(
            "all dy before all dx",
            "The first half of the channels is read as dy. dy and dx alternate: channels 2 * t and 2 * t + 1 belong to "
            "tap t.",
            _moved(lambda pairs: pairs.reshape(2, -1).T),
        ),
        Mistake(
            "the offsets are subtracted",
            "The taps are moved the other way. The offsets are added to the positions.",
            _moved(lambda pairs: -pairs),
        ),
        Mistake(
            "the offsets are ignored",
            "These are the positions of an ordinary convolution. Add the offsets.",
            _moved(lambda pairs: pairs * 0),
        ),
        Mistake(
            "the offsets are rounded",
            "The positions are rounded to whole numbers. A tap may read between elements: do not round.",
            _moved(lambda pairs: pairs.round()),
        ),
        Mistake(
            "only the offsets",
            "These are the offsets alone. Add them to the position of each tap.",
            _moved(lambda pairs: pairs, lambda y, x, size, like: torch.zeros(size[0] * size[1], 2)),
        ),
        Mistake(
            "the output position is forgotten",
            "Every window stands at the first position. Add y to the rows and x to the columns.",
            _moved(lambda pairs: pairs, lambda y, x, size, like: _regular(0, 0, size, like)),
        ),
        Mistake(
            "the taps are forgotten",
            "All taps start from (y, x). Tap (k, m) starts from (y + k, x + m).",
            _moved(lambda pairs: pairs, lambda y, x, size, like: torch.tensor([[y, x]]).expand(size[0] * size[1], 2)),
        ),
        Mistake(
            "the window is centred",
            "The window is centred on (y, x). Without padding its first tap stands at (y, x).",
            _moved(
                lambda pairs: pairs,
                lambda y, x, size, like: _regular(y - size[0] // 2, x - size[1] // 2, size, like),
            ),
        ),
        Mistake(
            "the taps are counted column by column",
            "The second tap is that of the next row. Taps are counted row by row: t = k * kW + m.",
            _moved(lambda pairs: pairs, lambda y, x, size, like: _regular(x, y, size[::-1], like).flip(1)),
        ),
        Mistake(
            "the column before the row",
            "Each pair of your result holds the column first. The row comes first.",
            lambda offset, y, x, size: tap_positions(offset, y, x, size).flip(1),
        ),
        Mistake(
            "rows and columns on the first axis",
            "Your result is (2, kH * kW). It must be (kH * kW, 2): one row for each tap.",
            lambda offset, y, x, size: tap_positions(offset, y, x, size).T,
        ),
        Mistake(
            "the offsets of the first position",
            "The offsets are read at (0, 0). Every output position has its own: offset[:, y, x].",
            lambda offset, y, x, size: tap_positions_by_grid(offset[:, :1, :1].expand_as(offset), y, x, size),
        ),
        Mistake(
            "the offsets are read at (x, y)",
            "The offsets are read at column y of row x. Rows come first: offset[:, y, x].",
            lambda offset, y, x, size: tap_positions_by_grid(offset.transpose(1, 2), y, x, size),
        ),
    ),
)


EXERCISES = (TAP_POSITIONS,)
