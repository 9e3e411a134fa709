"""The kernel lab: a photograph, a kernel whose taps the reader edits, and the result with the sum behind each pixel."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import ipywidgets  # type: ignore[import-untyped]
import torch

from convlab.data import photo
from convlab.explorers.beforehand import is_wanted, let_rest
from convlab.explorers.controls import choice, takes, yes_no
from convlab.explorers.kernel_picture import picture
from convlab.explorers.kernel_view import KernelView, photo_traits, result_traits
from convlab.explorers.kernels import KERNELS, OWN, SIZES, resized
from convlab.scenes.numbers import real

MOST_PIXELS = 65536
"""A larger picture is refused: its numbers travel to the browser."""

LARGEST_TAP = 100
"""No tap is larger."""

FIELD_WIDTH = "64px"
"""The width of a tap's field."""


def kernel_lab(image: torch.Tensor | None = None, *, kernel: str | torch.Tensor = "sharpen") -> KernelLab:
    """A photograph, a kernel of 3x3 or 5x5 taps to edit, and what comes out of their convolution.

    The reader takes a kernel from a list or writes taps of their own, has them divided by their sum or not, and points
    at a pixel of the result, or moves there with the arrow keys: the window on the photograph, its numbers, the taps
    and their products are shown. There is no padding, so that each pixel of the result has a whole window.

    Args:
        image: The picture; None takes a pavilion from `convlab.data.photo()`, in grey.
        kernel: A name of `kernels.KERNELS`, or taps.

    Shape:
        - image: (H, W), at least 5 x 5
        - kernel: (3, 3) or (5, 5), where it is a tensor

    Raises:
        TypeError: If the picture is no tensor, or the kernel neither a name nor a tensor.
        ValueError: If a shape is another one, a number is not finite, or there is no kernel of that name.

    Example:
        >>> lab = kernel_lab(kernel="edges in x")
        >>> lab
        kernel_lab: kernel 'edges in x', 3x3, on a picture of 120 x 160
        >>> lab.result.shape
        torch.Size([118, 158])
        >>> kernel_lab(kernel="blur")
        Traceback (most recent call last):
        ValueError: kernel must be one of 'identity', ..., 'motion blur', but kernel='blur'
    """
    return KernelLab(pavilion() if image is None else image, kernel)


def pavilion() -> torch.Tensor:
    """The upper storeys of the pavilion, in grey: every second pixel's mean, in whole hundredths, easy to read.

    Shape:
        - Output: (120, 160), float32, from 0 to 1

    Example:
        >>> pavilion().shape
        torch.Size([120, 160])
    """
    with torch.device("cpu"):
        grey = torch.nn.functional.avg_pool2d(photo().mean(0, keepdim=True), 2)[0, 5:125, 28:188]
    return (100 * grey).round() / 100


class KernelLab(ipywidgets.VBox):  # type: ignore[misc]
    """A photograph, the fields of a kernel's taps and the result, as `kernel_lab` makes them.

    Args:
        image: The picture.
        kernel: A name of `kernels.KERNELS`, or taps.

    Shape:
        - image: (H, W)

    Example:
        >>> lab = KernelLab(torch.eye(8), "box blur")
        >>> lab.set(normalise=False)
        >>> lab.weight[0].tolist()
        [1.0, 1.0, 1.0]
    """

    def __init__(self, image: torch.Tensor, kernel: str | torch.Tensor) -> None:
        self.image = _checked_image(image)
        taps = KERNELS[_checked_name(kernel)].weight(3) if isinstance(kernel, str) else _checked_taps(kernel, SIZES)
        name = kernel if isinstance(kernel, str) else OWN
        self.controls = _controls(name, len(taps), name != OWN and KERNELS[name].normalise)
        self.fields = {size: _fields(size) for size in SIZES}
        self.view = KernelView(**photo_traits(self.image))
        self._quiet = False
        self._grid = ipywidgets.GridBox(layout=ipywidgets.Layout(grid_gap="2px"))
        self._show(taps)
        self.view.pixel = [(edge - len(taps)) // 2 for edge in self.image.shape]
        layout = ipywidgets.Layout(flex_flow="row wrap", grid_gap="12px 24px", align_items="center")
        controls = ipywidgets.VBox(tuple(self.controls.values()))
        super().__init__([ipywidgets.HBox([controls, self._grid], layout=layout), self.view])
        for control in (*self.controls.values(), *self.fields[3], *self.fields[5]):
            control.observe(self._on_change, "value")

    @property
    def taps(self) -> torch.Tensor:
        """The numbers in the fields, (k, k), float64."""
        return self._written(self.controls["kernel_size"].value)

    @property
    def weight(self) -> torch.Tensor:
        """The taps at work: those in the fields, divided by their sum where the reader wants that and it is not 0."""
        return self.taps / self.view.divisor

    @property
    def result(self) -> torch.Tensor:
        """What the browser shows, (H - k + 1, W - k + 1), float32."""
        rows, columns = (edge - len(self.taps) + 1 for edge in self.image.shape)
        numbers = torch.frombuffer(bytearray(self.view.result), dtype=torch.float32)
        return numbers.reshape(rows, columns)

    def values(self) -> dict[str, Any]:
        """What the controls say.

        Example:
            >>> KernelLab(torch.eye(8), "emboss").values()
            {'kernel': 'emboss', 'kernel_size': 3, 'normalise': False}
        """
        return {name: control.value for name, control in self.controls.items()}

    def set(self, *, taps: torch.Tensor | None = None, **values: Any) -> None:
        """Move controls by program, in the order given; then write taps into the fields.

        Args:
            taps: The numbers for the fields; None leaves them.
            **values: New values of `kernel`, `kernel_size` and `normalise`.

        Shape:
            - taps: (k, k), k the kernel's size

        Raises:
            TypeError: If there is no control of that name, or the taps are no tensor.
            ValueError: If a control does not take the value, or the taps do not fit. All is then as it was.

        Example:
            >>> lab = KernelLab(torch.eye(8), "emboss")
            >>> lab.set(taps=torch.ones(3, 3))
            >>> lab.values()["kernel"]
            'your own'
        """
        for name in values:
            if name not in self.controls:
                raise TypeError(f"kernel_lab has the controls {', '.join(self.controls)}, but no {name!r}")
        before, old_taps = self.values(), self.taps
        try:
            for name, value in values.items():
                if not takes(self.controls[name], value):
                    raise ValueError(f"the control {name} of kernel_lab does not take {name}={value!r}")
            if taps is not None:
                self._show(_checked_taps(taps, [self.controls["kernel_size"].value]), kernel=OWN)
        except (TypeError, ValueError):
            self._show(old_taps, **before)
            raise

    def _on_change(self, change: dict[str, Any]) -> None:
        if self._quiet:
            return
        name, normalise = self.controls["kernel"].value, self.controls["normalise"].value
        size, taps = self.controls["kernel_size"].value, self.taps
        if change["owner"] is self.controls["kernel_size"]:
            taps = resized(self._written(change["old"]), size) if name == OWN else KERNELS[name].weight(size)
        elif change["owner"] is self.controls["kernel"] and name != OWN:
            taps, normalise = KERNELS[name].weight(size), KERNELS[name].normalise
        elif change["owner"] not in self.controls.values():
            name = OWN
        self._show(taps, kernel=name, normalise=normalise)

    def _written(self, size: int) -> torch.Tensor:
        """The numbers in the fields of this size."""
        values = [field.value for field in self.fields[size]]
        return torch.tensor(values, dtype=torch.float64, device="cpu").reshape(size, size)

    def _show(self, taps: torch.Tensor, **controls: Any) -> None:
        """Write these taps into the fields of their size, these values into controls, and show what they make."""
        fields = self.fields[len(taps)]
        self._quiet = True
        try:
            for field, value in zip(fields, taps.flatten().tolist(), strict=True):
                field.value = value
            for name, value in controls.items():
                self.controls[name].value = value
        finally:
            self._quiet = False
        if self._grid.children != fields:
            self._grid.layout.grid_template_columns = f"repeat({len(taps)}, {FIELD_WIDTH})"
            self._grid.children = fields
        name, normalise = self.controls["kernel"].value, self.controls["normalise"].value
        words = "" if name == OWN else KERNELS[name].words
        traits = result_traits(self.image, taps, normalise=normalise, words=words)
        with self.view.hold_sync():  # one message
            for trait, value in traits.items():
                setattr(self.view, trait, value)

    def picture(self) -> bytes:
        """The photograph, the taps and the result side by side as a PNG file, for pages where no widget runs."""
        return picture(self.image, self.taps, self.result, limit=self.view.limit, alt=self.alt)

    @property
    def alt(self) -> str:
        """What a reader who cannot see the pictures needs to know."""
        return f"{self.view.photo_alt} {self.view.result_alt}"

    def __repr__(self) -> str:
        (height, width), size = self.image.shape, len(self.taps)
        name = self.controls["kernel"].value
        return f"kernel_lab: kernel {name!r}, {size}x{size}, on a picture of {height} x {width}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and for pages where it does not run the pictures with their words."""
        if is_wanted():
            let_rest([*self.controls.values(), *self.fields[3], *self.fields[5]])
        bundle = dict(super()._repr_mimebundle_(**kwargs) or {})
        bundle["text/plain"] = repr(self)
        bundle["image/png"] = base64.b64encode(self.picture()).decode()
        return bundle, {"image/png": {"alt": self.alt}}


def _controls(name: str, size: int, normalise: bool) -> dict[str, ipywidgets.ValueWidget]:
    sizes = [(f"{edge}x{edge}", edge) for edge in SIZES]
    return {
        "kernel": choice("kernel", name, [*KERNELS, OWN], tip="taps to begin with"),
        "kernel_size": choice("kernel_size", size, sizes, tip="rows and columns of the kernel"),
        "normalise": yes_no("normalise", normalise, tip="divide the taps by their sum, so that they add to 1"),
    }


def _fields(size: int) -> tuple[ipywidgets.BoundedFloatText, ...]:
    """One field for each tap, row by row; they share their style and layout."""
    layout, style = ipywidgets.Layout(width=FIELD_WIDTH, margin="0"), {"description_width": "0"}
    fields = []
    for row in range(size):
        for column in range(size):
            words = f"row {row}, column {column}"
            field = ipywidgets.BoundedFloatText(
                value=0, min=-LARGEST_TAP, max=LARGEST_TAP, step=1, description=words, tooltip=f"the tap in {words}",
                layout=layout, style=style,
            )  # fmt: skip
            field.add_class("convlab-tap")
            fields.append(field)
    return tuple(fields)


def _checked_image(image: torch.Tensor) -> torch.Tensor:
    if not isinstance(image, torch.Tensor):
        raise TypeError(f"image must be a tensor of shape (H, W), but is a {type(image).__name__}")
    if image.ndim != 2 or min(image.shape) < max(SIZES) or image.numel() > MOST_PIXELS:
        raise ValueError(
            f"image must have shape (H, W), at least {max(SIZES)} x {max(SIZES)} and at most {MOST_PIXELS:,} pixels, "
            f"but has shape {tuple(image.shape)}"
        )
    numbers = real("image", image).float()
    if not bool(numbers.isfinite().all()):
        raise ValueError("the numbers of image must be finite, but there is an inf or a nan")
    return numbers


def _checked_taps(taps: object, sizes: Sequence[int]) -> torch.Tensor:
    if not isinstance(taps, torch.Tensor):
        raise TypeError(f"a kernel must be a name or a tensor of taps, but is a {type(taps).__name__}")
    allowed = [(size, size) for size in sizes]
    if tuple(taps.shape) not in allowed:
        raise ValueError(
            f"a kernel must have shape {' or '.join(map(str, allowed))}, but has shape {tuple(taps.shape)}"
        )
    numbers = real("kernel", taps)
    if not bool((numbers.abs() <= LARGEST_TAP).all()):
        raise ValueError(f"the taps must lie between -{LARGEST_TAP} and {LARGEST_TAP}, but are {numbers.tolist()}")
    return numbers


def _checked_name(name: str) -> str:
    if name not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(map(repr, KERNELS))}, but kernel={name!r}")
    return name
