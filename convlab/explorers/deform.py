"""The points of a deformable convolution: the reader drags them, and sees what each reads and what comes out."""

from __future__ import annotations

import base64
import functools
from pathlib import Path
from typing import Any

import anywidget
import torch
import traitlets

from convlab.animation import Animation, animate
from convlab.arithmetic.spec import IntOrTuple
from convlab.data import digits
from convlab.figures.style import DARK, LIGHT
from convlab.ops import deform_conv
from convlab.scenes.numbers import plain, word
from convlab.scenes.sampling import sampling
from convlab.scenes.sampling_picture import still

DPI = 80
"""Dots per inch of the stored picture."""

DIGIT = 32
"""Which of `convlab.data.digits()` is shown where no input is given: a five."""

_HERE = Path(__file__).parent


def deform(
    input: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    offset: torch.Tensor | None = None,
    mask: torch.Tensor | None = None,
    *,
    position: IntOrTuple | None = None,
    stride: IntOrTuple = 1,
    padding: IntOrTuple | str = 0,
    dilation: IntOrTuple = 1,
) -> Deform:
    """The sampling points of one output of a deformable convolution, to drag between the elements of the input.

    Each tap has a ring where an ordinary convolution would read, and an arrow to the point where this one reads. The
    chosen point shows the 2, 4 or 8 elements around it with their weights, and the sum that it reads; below, the sum
    over all taps that makes the output. Points stand on quarters of an element, so that weights are short numbers.
    Buttons set all offsets: to zero, to a shift, to a dilation, and back to those of the start. In 3D the two slices
    beside the chosen point are shown.

    Args:
        input: The numbers, in 1, 2 or 3 axes, at most 12 along each; None takes a handwritten five.
        weight: The kernel, with as many axes; None takes 1, 2, 1 along each.
        offset: The offsets at the start, for one offset group, laid out as in `convlab.deform_conv`; they are rounded
            to quarters. None turns and stretches the lattice.
        mask: One factor for each tap and output, laid out as in `convlab.deform_conv`; None leaves it out.
        position: Which output is made, one int per axis; None takes the middle.
        stride: Steps between windows, in elements.
        padding: Zeros on both sides of each axis, in elements, or "same" or "valid".
        dilation: Distance between neighbouring taps, in elements.

    Shape:
        - input: (L,), (H, W) or (D, H, W)
        - weight: kernel_size
        - offset: (ndim * prod(kernel_size), *out) or (1, ndim * prod(kernel_size), *out)
        - mask: (prod(kernel_size), *out) or (1, prod(kernel_size), *out)

    Raises:
        TypeError: If an argument that must be a tensor is none, or holds no real numbers.
        ValueError: If a shape does not fit, a number is not finite, there is no such output, or there would be too much
            to read.

    Example:
        >>> explorer = deform(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.ones(1, 1), torch.full((2, 2, 2), 0.5))
        >>> explorer
        deform: the point of a 1 x 1 kernel for output (0, 0), on an input of 2 x 2
        >>> explorer.output  # (1 + 2 + 3 + 5) / 4
        2.75
        >>> explorer.offset.shape
        torch.Size([1, 2, 2, 2])
    """
    return Deform(
        _five() if input is None else input,
        weight,
        offset,
        mask,
        position=position,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )


class Deform(anywidget.AnyWidget):
    """The points of one window in the browser, as `deform` makes them; they move there without asking Python.

    Its traits are `sampling` (the window as plain data), `offsets` (for each tap one number per axis; the browser
    writes them back), `chosen` (the number of the chosen tap, likewise) and `themes` (light and dark colours).

    Args:
        input: The numbers, in 1, 2 or 3 axes.
        weight: The kernel; None takes 1, 2, 1 along each axis.
        offset: The offsets at the start; None turns and stretches the lattice.
        mask: One factor for each tap and output; None leaves it out.
        position: Which output is made; None takes the middle.
        **options: stride, padding and dilation.

    Shape:
        - input: (L,), (H, W) or (D, H, W)
        - weight: kernel_size
        - offset: (ndim * prod(kernel_size), *out) or (1, ndim * prod(kernel_size), *out)
        - mask: (prod(kernel_size), *out) or (1, prod(kernel_size), *out)

    Example:
        >>> Deform(torch.arange(5.0), None, torch.zeros(3, 3)).output  # 1*1 + 2*2 + 1*3
        8.0
    """

    _esm = "".join(
        (_HERE / name).read_text("utf-8") for name in ("page.js", "picture.js", "deform_parts.js", "deform.js")
    )
    _css = (_HERE / "deform.css").read_text("utf-8")

    sampling = traitlets.Dict().tag(sync=True)
    offsets = traitlets.List(traitlets.List(traitlets.Float())).tag(sync=True)
    chosen = traitlets.Int(0, min=0).tag(sync=True)
    themes = traitlets.Dict({"light": LIGHT.to_dict(), "dark": DARK.to_dict()}).tag(sync=True)

    def __init__(
        self,
        input: torch.Tensor,
        weight: torch.Tensor | None = None,
        offset: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        *,
        position: IntOrTuple | None = None,
        **options: Any,
    ) -> None:
        numbers = plain("input", input)
        kernel = _one_two_one(numbers.ndim) if weight is None else plain("weight", weight)
        moves, factors = _without_batch("offset", offset, numbers.ndim), _without_batch("mask", mask, numbers.ndim)
        window = sampling(numbers, kernel, moves, factors, position=position, **options)
        self.window, self._options = window, options
        super().__init__(sampling=window.to_dict(), offsets=[list(move) for move in window.start])
        with torch.device("cpu"):
            moves = torch.zeros(numbers.ndim * kernel.numel(), *window.output_size) if moves is None else moves
        dtype = input.dtype if input.is_floating_point() else torch.get_default_dtype()
        self.input, self.weight, self._moves = (tensor.to(dtype)[None, None] for tensor in (numbers, kernel, moves))
        self.mask = None if factors is None else factors.to(dtype)[None]

    @property
    def offset(self) -> torch.Tensor:
        """The offsets as the points stand now; at other outputs those that were given, or zeros.

        With `input`, `weight` and `mask`, it is laid out as `convlab.deform_conv` takes it.

        Shape:
            - Output: (1, ndim * prod(kernel_size), *out)
        """
        offset = self._moves[0].clone()
        here: tuple[Any, ...] = (..., *self.window.output_index)
        offset[here] = torch.tensor(self.offsets, dtype=offset.dtype, device="cpu").flatten()
        return offset

    @property
    def output(self) -> float:
        """The output that the window makes, by `convlab.deform_conv`."""
        output = deform_conv(self.input, self.offset, self.weight, mask=self.mask, **self._options)
        return float(output[(0, 0, *self.window.output_index)])

    @property
    def alt(self) -> str:
        """What a reader who cannot see the picture needs to know."""
        return still(self.window, self.offsets, chosen=self.chosen).alt

    def picture(self) -> Animation:
        """The picture for pages where no widget runs."""
        text = f"the products of weights and what is read add to {word(self.output, 4)}"
        return animate(still(self.window, self.offsets, chosen=self.chosen, text=text), dpi=DPI)

    @traitlets.validate("offsets")
    def _checked_offsets(self, proposal: dict[str, Any]) -> list[list[float]]:
        """The nearest offsets that can be shown: so Python has no others than the browser."""
        moves, taps = proposal["value"], self.sampling["lattice"]
        if [len(move) for move in moves] != [len(place) for place in taps]:
            raise traitlets.TraitError(
                f"offsets must hold {len(taps)} lists of {len(taps[0])} numbers each, but are {moves}"
            )
        return [list(move) for move in self.window.snapped(moves)]

    def __repr__(self) -> str:
        return f"deform: {self.window.words}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and for pages where it does not run the picture with its words."""
        bundle = dict((super()._repr_mimebundle_(**kwargs) or ({}, {}))[0])
        bundle["text/plain"] = repr(self)
        bundle["image/png"] = base64.b64encode(self.picture().data).decode()
        return bundle, {"image/png": {"alt": self.alt}}


def _five() -> torch.Tensor:
    """A handwritten five, from 0 (paper) to 16 (ink)."""
    with torch.device("cpu"):
        return 16 * digits()[0][DIGIT, 0]


def _one_two_one(ndim: int) -> torch.Tensor:
    """A small blur: 1, 2, 1 along each axis."""
    along = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64, device="cpu")
    return functools.reduce(lambda kernel, _: kernel[..., None] * along, range(ndim - 1), along)


def _without_batch(name: str, tensor: torch.Tensor | None, ndim: int) -> torch.Tensor | None:
    """The tensor without a batch of one."""
    values = None if tensor is None else plain(name, tensor)
    return values[0] if values is not None and values.ndim == ndim + 2 and len(values) == 1 else values
