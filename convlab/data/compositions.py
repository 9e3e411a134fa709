"""Pictures and clips composed of handwritten digits: digits that go round, and pages with digits on a photograph."""

from __future__ import annotations

from typing import NamedTuple, SupportsIndex

import torch

from convlab.arithmetic.spec import as_int
from convlab.data.handwriting import digits, placed

TURNS = ("clockwise", "anticlockwise")
"""The ways round in the order of their labels: `TURNS[1]` is `"anticlockwise"`."""

_ROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # (row, column), clockwise as one looks at it
_FRAMES = len(_ROUND) + 1
_DIGIT, _CELL = 8, 12
_INK = 0.25


class TurningDigits(NamedTuple):
    """Clips of digits that go round in a square, and what is known about each.

    Attributes:
        clips: The pictures, from 0 (empty) to 1 (ink), noise added, (N, 1, D, H, W), D being the frames.
        digits: Which digit, 0 to 9, (N,).
        turns: Which way round, as an index into `TURNS`, (N,).

    Example:
        >>> turning_digits(2).clips.shape
        torch.Size([2, 1, 9, 12, 12])
    """

    clips: torch.Tensor
    digits: torch.Tensor
    turns: torch.Tensor


def turning_digits(
    num_clips: SupportsIndex, *, seed: SupportsIndex = 0, size: SupportsIndex = 12, noise: float = 0.0
) -> TurningDigits:
    """Clips in which a handwritten digit goes once round a square of 3 x 3 places, clockwise or anticlockwise.

    It makes eight steps of one pixel, two upwards, two downwards, two to the left and two to the right, whichever way
    it goes, and begins anywhere on the round. What leaves the picture at one edge comes in at the opposite one. So no
    frame and no pair of neighbouring frames tells the way; three frames in a row do, where they show a corner.

    Args:
        num_clips: How many clips, N.
        seed: The same seed gives the same clips; torch's own random numbers are not touched.
        size: Height and width of a frame in pixels, at least 10.
        noise: The standard deviation of the normal noise that is added to each pixel.

    Shape:
        - clips: (num_clips, 1, 9, size, size): N, one channel, D, H, W
        - digits, turns: (num_clips,)

    Returns:
        clips, float32; digits and turns, int64; all on torch's default device.

    Raises:
        TypeError: If a number is no int.
        ValueError: If a number is too small, or the noise is negative.
        ModuleNotFoundError: If scikit-learn is not installed.
        FileNotFoundError: If the installed scikit-learn no longer carries the file.

    Source:
        Made here from `digits()`.

    Example:
        >>> clips = turning_digits(4, seed=1).clips
        >>> torch.equal(clips[:, :, 0], clips[:, :, 8])  # back where it began
        True
    """
    count, size = as_int("num_clips", num_clips, minimum=1), as_int("size", size, minimum=_DIGIT + 2)
    if not noise >= 0:
        raise ValueError(f"noise must be at least 0, but noise={noise}")
    generator = torch.Generator("cpu").manual_seed(as_int("seed", seed, minimum=0))
    pictures, labels = (tensor.cpu() for tensor in digits())
    with torch.device("cpu"):
        chosen, turns, first, top, left = (
            torch.randint(0, high, (count, 1), generator=generator)
            for high in (len(labels), len(TURNS), len(_ROUND), size, size)
        )
        steps = torch.arange(_FRAMES) * (1 - 2 * turns)  # (N, D)
        rows, columns = torch.tensor(_ROUND)[(first + steps) % len(_ROUND)].unbind(-1)
        clips = placed(pictures[chosen[:, 0]], top + rows, left + columns, size)
        clips += noise * torch.randn(clips.shape, generator=generator)
    device = torch.get_default_device()
    known = (labels[chosen[:, 0]], turns[:, 0])
    return TurningDigits(clips.unsqueeze(1).to(device), *(tensor.to(device) for tensor in known))


def written_pages(
    pictures: torch.Tensor,
    labels: torch.Tensor,
    paper: torch.Tensor,
    *,
    num_pages: SupportsIndex,
    seed: SupportsIndex = 0,
    cells: SupportsIndex = 4,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pages with handwritten digits in dark ink on pieces of a picture, and which digit each pixel belongs to.

    A page has `cells` x `cells` squares of 12 x 12 pixels, each with one digit at a random place.

    Args:
        pictures: The digits, from 0 (paper) to 1 (ink), as `digits()` gives them.
        labels: Which digit each is, 0 to 9.
        paper: What they are written on, from 0 (dark) to 1 (bright), as large as a page or larger.
        num_pages: How many pages, N.
        seed: The same seed gives the same pages; torch's own random numbers are not touched.
        cells: Squares along each side of a page.

    Shape:
        - pictures: (M, 1, 8, 8)
        - labels: (M,)
        - paper: (1, H, W)
        - Output: (num_pages, 1, 12 * cells, 12 * cells) and (num_pages, 12 * cells, 12 * cells)

    Returns:
        The pages, float32, from 0 (dark) to 1 (bright), and for each pixel, int64, 0 where there is paper (less than a
        quarter of ink), else 1 + the digit; both on torch's default device.

    Raises:
        TypeError: If a number is no int.
        ValueError: If a number is too small, or a shape does not fit.

    Example:
        >>> pages, kinds = written_pages(*digits(), torch.ones(1, 60, 60), num_pages=2)
        >>> pages.shape, kinds.shape
        (torch.Size([2, 1, 48, 48]), torch.Size([2, 48, 48]))
    """
    count, per_side = as_int("num_pages", num_pages, minimum=1), as_int("cells", cells, minimum=1)
    side, number = per_side * _CELL, count * per_side**2
    if pictures.shape != (len(labels), 1, _DIGIT, _DIGIT) or not len(labels):
        shapes = f"pictures has shape {tuple(pictures.shape)} and labels has shape {tuple(labels.shape)}"
        raise ValueError(f"pictures must have shape (M, 1, {_DIGIT}, {_DIGIT}) and labels (M,), but {shapes}")
    if paper.ndim != 3 or len(paper) != 1 or min(paper.shape[1:]) < side:
        raise ValueError(f"paper must have shape (1, H, W), H and W at least {side}, but has {tuple(paper.shape)}")
    generator = torch.Generator("cpu").manual_seed(as_int("seed", seed, minimum=0))
    pictures, labels, paper = (tensor.cpu() for tensor in (pictures, labels, paper))

    def draw(high: int, amount: int) -> torch.Tensor:
        return torch.randint(0, high, (amount, 1), generator=generator, device="cpu")

    def as_pages(squares: torch.Tensor) -> torch.Tensor:
        return squares.reshape(count, per_side, per_side, _CELL, _CELL).transpose(2, 3).reshape(count, side, side)

    chosen = draw(len(labels), number)[:, 0]
    top, left = draw(_CELL - _DIGIT + 1, number), draw(_CELL - _DIGIT + 1, number)
    ink = placed(pictures[chosen], top, left, _CELL)[:, 0]
    kinds = torch.where(ink >= _INK, labels[chosen, None, None] + 1, 0)
    corners = torch.cat([draw(size - side + 1, count) for size in paper.shape[1:]], dim=1).tolist()
    under = torch.stack([paper[:, top : top + side, left : left + side] for top, left in corners])
    pages = under * (1 - as_pages(ink).unsqueeze(1))
    return pages.to(torch.get_default_device()), as_pages(kinds).to(torch.get_default_device())
