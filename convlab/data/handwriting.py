"""Handwritten digits with their labels, and clips in which they move."""

from __future__ import annotations

from typing import NamedTuple

import torch

from convlab.data.sources import source

DIRECTIONS = ("up", "down", "left", "right")
"""The directions of motion in the order of their labels: `DIRECTIONS[2]` is `"left"`."""

_STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # (rows, columns) from one frame to the next, by label
_SIDE = 8


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Handwritten digits, 8 x 8 pixels, and which digit each is.

    They are the test set of the data set, by 13 people. The file comes inside scikit-learn, which the extra `course`
    installs.

    Shape:
        - Output: (1797, 1, 8, 8): N, one channel, H downwards, W to the right; and (1797,)

    Returns:
        The pictures, float32 from 0 (paper) to 1 (ink) in steps of 1/16, and the labels, int64 from 0 to 9, on torch's
        default device.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
        FileNotFoundError: If the installed scikit-learn no longer carries the file.

    Source:
        E. Alpaydin 1998, https://archive.ics.uci.edu/ml/datasets/Optical+Recognition+of+Handwritten+Digits

    Example:
        >>> pictures, labels = digits()
        >>> pictures.shape, labels.shape
        (torch.Size([1797, 1, 8, 8]), torch.Size([1797]))
        >>> labels[:5].tolist()
        [0, 1, 2, 3, 4]
    """
    pictures, labels = _read()
    device = torch.get_default_device()
    return pictures.to(device), labels.to(device)


class MovingDigits(NamedTuple):
    """Clips of moving digits, and what is known about each.

    Attributes:
        clips: The pictures, from 0 (empty) to 1 (ink), (N, 1, D, H, W), D being the frames in the order of time.
        digits: Which digit, 0 to 9, (N,).
        directions: Which way it moves, as an index into `DIRECTIONS`, (N,).
        starts: The last frame before it moves, (N,).

    Example:
        >>> moving_digits(2).clips.shape
        torch.Size([2, 1, 8, 16, 16])
    """

    clips: torch.Tensor
    digits: torch.Tensor
    directions: torch.Tensor
    starts: torch.Tensor


def moving_digits(
    num_clips: int, *, seed: int = 0, frames: int = 8, size: int = 16, start: tuple[int, int] = (0, 0)
) -> MovingDigits:
    """Short clips in which a handwritten digit moves up, down, left or right, one pixel a frame.

    What leaves the picture at one edge comes in at the opposite one. So every position is equally likely in every
    frame, whatever the direction, and no single frame tells which way the digit goes: only several frames together do.
    The digit, its place, the direction and the frame at which motion begins are drawn independently. Clips with
    different seeds are different, but may show the same digit by the same hand.

    Args:
        num_clips: How many clips, N.
        seed: The same seed gives the same clips; torch's own random numbers are not touched.
        frames: How many frames a clip has, D.
        size: Height and width of a frame in pixels, at least 8.
        start: (first, last) of the frames at which motion may begin, both included. A clip with start 3 shows the same
            picture in frames 0 to 3, and frame 4 is the first that differs.

    Shape:
        - clips: (num_clips, 1, frames, size, size): N, one channel, D, H, W
        - digits, directions, starts: (num_clips,)

    Returns:
        clips, float32; digits, directions and starts, int64; all on torch's default device.

    Raises:
        TypeError: If an argument is no int, or start is no pair of them.
        ValueError: If a number is too small, or motion could begin too late to be seen.
        ModuleNotFoundError: If scikit-learn is not installed.
        FileNotFoundError: If the installed scikit-learn no longer carries the file.

    Source:
        Made here from `digits()`.

    Example:
        >>> late = moving_digits(4, seed=1, start=(4, 6))
        >>> late.clips.shape, bool((late.starts >= 4).all())
        (torch.Size([4, 1, 8, 16, 16]), True)
        >>> torch.equal(late.clips[:, :, 0], late.clips[:, :, 4])
        True
    """
    _validate(num_clips, seed, frames, size, start)
    pictures, labels = _read()
    generator = torch.Generator("cpu").manual_seed(seed)

    def draw(low: int, high: int) -> torch.Tensor:
        return torch.randint(low, high, (num_clips,), generator=generator, device="cpu")

    chosen, directions, top, left = draw(0, len(labels)), draw(0, len(DIRECTIONS)), draw(0, size), draw(0, size)
    starts = draw(start[0], start[1] + 1)

    with torch.device("cpu"):
        moves = (torch.arange(frames) - starts[:, None]).clamp(min=0)  # (N, D): steps made so far
        steps = torch.tensor(_STEPS)[directions]  # (N, 2)
        clips = placed(
            pictures[chosen], top[:, None] + moves * steps[:, :1], left[:, None] + moves * steps[:, 1:], size
        )

    device = torch.get_default_device()
    known = (labels[chosen], directions, starts)
    return MovingDigits(clips.unsqueeze(1).to(device), *(tensor.to(device) for tensor in known))


def placed(pictures: torch.Tensor, top: torch.Tensor, left: torch.Tensor, size: int) -> torch.Tensor:
    """Small pictures on larger empty frames; what leaves a frame at one edge comes in at the opposite one.

    Args:
        pictures: The pictures, in main memory, as the others.
        top: The row at which the upper edge of each picture lies in each of its D frames.
        left: The column of its left edge.
        size: Height and width of a frame.

    Shape:
        - pictures: (N, 1, 8, 8)
        - top, left: (N, D)
        - Output: (N, D, size, size)

    Example:
        >>> corner = torch.tensor([[9]])
        >>> placed(torch.ones(1, 1, 8, 8), corner, corner, 10)[0, 0].sum(1).int().tolist()
        [8, 8, 8, 8, 8, 8, 8, 0, 0, 8]
    """
    rows, columns = (edge[..., None] + torch.arange(_SIDE, device="cpu") for edge in (top, left))
    count, frames = top.shape
    clip, frame = (
        torch.arange(count, device="cpu")[:, None, None, None],
        torch.arange(frames, device="cpu")[:, None, None],
    )
    shown = torch.zeros(count, frames, size, size, device="cpu")
    shown[clip, frame, rows[..., :, None] % size, columns[..., None, :] % size] = pictures
    return shown


def _read() -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures and labels of `digits`, in main memory whatever the default device is."""
    path = source("digits").path()

    import numpy as np

    table = np.loadtxt(path, delimiter=",", dtype=np.int64)  # a row: 64 pixels, the label
    pictures, labels = table[:, :-1].reshape(-1, 1, _SIDE, _SIDE), table[:, -1]
    return torch.tensor(pictures.astype(np.float32), device="cpu") / 16, torch.tensor(labels, device="cpu")


def _validate(num_clips: int, seed: int, frames: int, size: int, start: tuple[int, int]) -> None:
    """Raises what `moving_digits` promises."""
    least = {"num_clips": (num_clips, 1), "seed": (seed, 0), "frames": (frames, 2), "size": (size, _SIDE)}
    for name, (value, minimum) in least.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, but {name}={value!r}")
        if value < minimum:
            raise ValueError(f"{name} must be at least {minimum}, but {name}={value}")
    if not isinstance(start, tuple) or len(start) != 2 or not all(type(frame) is int for frame in start):
        raise TypeError(f"start must be a pair of ints, (first, last), but start={start!r}")
    if not 0 <= start[0] <= start[1] <= frames - 2:
        raise ValueError(
            f"start must be (first, last) with 0 <= first <= last <= frames - 2, but start={start} and frames={frames}"
        )
