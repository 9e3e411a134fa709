"""Kernels to begin with in the kernel lab: their taps, and a few words on what each does to a picture."""

from __future__ import annotations

from typing import NamedTuple

import torch

SIZES = (3, 5)
"""The kernels of the lab are 3x3 or 5x5."""


class Kernel(NamedTuple):
    """Taps to begin with.

    Attributes:
        taps: The 3x3 taps, row by row; on a larger kernel they stand in its middle, with zeros around them.
        words: What it does to a picture.
        normalise: Whether the taps are divided by their sum.
        larger: The row of taps whose products with themselves fill a 5x5 kernel; empty: as `taps` says.

    Example:
        >>> KERNELS["box blur"].words
        'The mean of the window: a blur.'
    """

    taps: tuple[tuple[float, ...], ...]
    words: str
    normalise: bool = False
    larger: tuple[float, ...] = ()

    def weight(self, size: int) -> torch.Tensor:
        """The taps of a kernel of this size, before they are divided.

        Args:
            size: Rows and columns, one of `SIZES`.

        Shape:
            - Output: (size, size), float64

        Example:
            >>> KERNELS["identity"].weight(5)[2]
            tensor([0., 0., 1., 0., 0.], dtype=torch.float64)
            >>> KERNELS["Gaussian blur"].weight(5)[1]
            tensor([ 4., 16., 24., 16.,  4.], dtype=torch.float64)
        """
        if size > 3 and self.larger:
            row = torch.tensor(self.larger, dtype=torch.float64, device="cpu")
            return torch.outer(row, row)
        return resized(torch.tensor(self.taps, dtype=torch.float64, device="cpu"), size)


KERNELS = {
    "identity": Kernel(((0, 0, 0), (0, 1, 0), (0, 0, 0)), "The picture as it is."),
    "shift": Kernel(((0, 0, 0), (1, 0, 0), (0, 0, 0)), "The left neighbour: the picture moves one pixel to the right."),
    "box blur": Kernel(((1,) * 3,) * 3, "The mean of the window: a blur.", True, (1,) * 5),
    "Gaussian blur": Kernel(
        ((1, 2, 1), (2, 4, 2), (1, 2, 1)),
        "A mean in which near pixels count more: a softer blur.",
        True,
        (1, 4, 6, 4, 1),
    ),
    "sharpen": Kernel(((0, -1, 0), (-1, 5, -1), (0, -1, 0)), "Each pixel's difference from its neighbours is added."),
    "edges in x": Kernel(
        ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), "Right minus left (Sobel): vertical edges; orange where it gets brighter."
    ),
    "edges in y": Kernel(
        ((-1, -2, -1), (0, 0, 0), (1, 2, 1)), "Below minus above (Sobel): horizontal edges, and no vertical ones."
    ),
    "Laplacian": Kernel(((0, 1, 0), (1, -4, 1), (0, 1, 0)), "The neighbours minus the pixel: edges in all directions."),
    "emboss": Kernel(
        ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), "A difference along the diagonal, and the picture: like a relief."
    ),
    "motion blur": Kernel(
        ((1, 0, 0), (0, 1, 0), (0, 0, 1)), "A mean along the diagonal: as if the camera moved.", True
    ),
}
"""The kernels by their names."""

OWN = "your own"
"""What the lab calls taps that the reader has changed."""


def resized(taps: torch.Tensor, size: int) -> torch.Tensor:
    """Taps on a kernel of another size: in its middle with zeros around them, or cut to their own middle.

    Args:
        taps: The taps.
        size: Rows and columns of the new kernel.

    Shape:
        - taps: (k, k), k as even or odd as `size`
        - Output: (size, size)

    Example:
        >>> resized(torch.ones(1, 1), 3).int().tolist()
        [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    """
    return torch.nn.functional.pad(taps, [(size - len(taps)) // 2] * 4)
