"""A stack of layers that the reader builds: a table of fields, one row for each layer, and two buttons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import ipywidgets  # type: ignore[import-untyped]
import traitlets

from convlab.explorers.controls import choice, narrowed, whole

MOST_LAYERS = 5
KINDS = ("conv", "max_pool")
NUMBERS = {"kernel_size": (1, 7), "stride": (1, 4), "padding": (0, 8), "dilation": (1, 8)}
"""The smallest and the largest number in each field."""

NUMBERS_ON_PAGES = {"kernel_size": (1, 5), "stride": (1, 3), "padding": (0, 2), "dilation": (1, 8)}
"""Those of a page without a kernel."""


_COLUMNS = "38px minmax(74px, 96px) minmax(79px, 84px) repeat(3, minmax(56px, 84px))"
"""Of the table: layer, kind, kernel_size, and three numbers; they fit beside the files of JupyterLab at 800 pixels."""


class Layer(NamedTuple):
    """One layer of the stack; its numbers hold for every spatial axis.

    Attributes:
        kind: "conv" or "max_pool".
        kernel_size: Taps, or elements of the pooling window.
        stride: Steps between windows.
        padding: Elements added on both sides.
        dilation: Distance between neighbouring taps.

    Example:
        >>> Layer("conv", 3)
        Layer(kind='conv', kernel_size=3, stride=1, padding=0, dilation=1)
    """

    kind: str
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class LayerStack(ipywidgets.VBox):  # type: ignore[misc]
    """The fields of one to five layers, the input side first; `value` is a tuple of `Layer`, and can be set.

    Args:
        layers: The layers at first.

    Raises:
        ValueError: If there are too many layers or none, or a number is outside of its field's range.

    Example:
        >>> stack = LayerStack([Layer("conv", 3)])
        >>> stack.add()
        >>> len(stack.value)
        2
        >>> stack.value = (Layer("max_pool", 2, stride=2),)
        >>> stack.rows[0]["stride"].value
        2
    """

    value = traitlets.Tuple()

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._filling = False
        self.rows = [_row(number) for number in range(1, MOST_LAYERS + 1)]
        self._more = ipywidgets.Button(description="add a layer", tooltip="on top of the others")
        self._fewer = ipywidgets.Button(description="remove the last", tooltip="the layer on top")
        for button in (self._more, self._fewer):
            button.add_class("convlab-plain")
            button.layout = {"width": "auto", "flex": "0 0 auto"}  # whole words in a narrow window
        self._table = ipywidgets.GridBox(
            layout=ipywidgets.Layout(width="100%", grid_template_columns=_COLUMNS, grid_gap="1px")
        )
        self._table.add_class("convlab-table")
        heads = ["layer", "kind", *NUMBERS]
        self._heads = tuple(ipywidgets.Label(head) for head in heads)
        self._names = tuple(ipywidgets.Label(str(number)) for number in range(1, MOST_LAYERS + 1))
        super().__init__(
            (self._table, ipywidgets.HBox((self._more, self._fewer), layout=ipywidgets.Layout(flex_flow="row wrap"))),
            layout=ipywidgets.Layout(width="100%"),
        )
        self.value = tuple(layers)
        for row in self.rows:
            for field in row.values():
                field.observe(self._read, "value")
        self._more.on_click(lambda _: self.add())
        self._fewer.on_click(lambda _: self.remove())

    def for_pages(self) -> None:
        """Take the form in which no kernel is needed: five rows, and a field for the number of layers, no buttons."""
        self._count = whole("layers", len(self.value), 1, MOST_LAYERS, tip="layers of the stack; the other rows rest")
        self._table.children = (*self._heads, *self._cells(MOST_LAYERS))
        self.children = (self._count, self._table)
        for row in self.rows:
            for name, ends in NUMBERS_ON_PAGES.items():
                narrowed(row[name], ends)
        for leaf, state in zip(self.leaves, self.states(self.value), strict=True):
            leaf.disabled = state is None

    @property
    def leaves(self) -> list[ipywidgets.ValueWidget]:
        """The fields of the form for pages: the number of layers, and those of all rows."""
        return [self._count, *(field for row in self.rows for field in row.values())]

    def states(self, value: Sequence[Layer]) -> list[Any]:
        """What the `leaves` hold for some layers; None for a row that rests.

        Args:
            value: The layers.

        Example:
            >>> LayerStack([Layer("conv", 3)]).states((Layer("max_pool", 2), Layer("conv", 5)))[:12]
            [2, 1, 2, 1, 0, 1, 0, 5, 1, 0, 1, None]
        """
        found: list[Any] = [len(value)]
        for layer in value:
            found += [KINDS.index(layer.kind), *layer[1:]]
        return found + [None] * (MOST_LAYERS - len(value)) * len(Layer._fields)

    def _cells(self, count: int) -> list[ipywidgets.Widget]:
        """The first rows of the table, from left to right."""
        return [
            cell for name, row in zip(self._names[:count], self.rows, strict=False) for cell in (name, *row.values())
        ]

    def add(self) -> None:
        """One more layer on top, like the one below; nothing where there are five."""
        if len(self.value) < MOST_LAYERS:
            self.value = (*self.value, self.value[-1])

    def remove(self) -> None:
        """One layer fewer; nothing where there is only one."""
        if len(self.value) > 1:
            self.value = self.value[:-1]

    @traitlets.validate("value")
    def _check(self, proposal: dict[str, Any]) -> tuple[Layer, ...]:
        layers = tuple(proposal["value"])
        if not 1 <= len(layers) <= MOST_LAYERS:
            raise ValueError(f"a stack must have 1 to {MOST_LAYERS} layers, but it has {len(layers)}")
        for number, layer in enumerate(layers, 1):
            if not isinstance(layer, Layer):
                raise TypeError(f"layers must be of the class Layer, but layer {number} is a {type(layer).__name__}")
            if layer.kind not in KINDS:
                raise ValueError(f"kind must be one of {', '.join(KINDS)}, but layer {number} has kind={layer.kind!r}")
            for name, (low, high) in NUMBERS.items():
                given = getattr(layer, name)
                if not isinstance(given, int) or not low <= given <= high:
                    raise ValueError(
                        f"{name} must be from {low} to {high} in this explorer, but layer {number} has {name}={given!r}"
                    )
        return layers

    @traitlets.observe("value")
    def _write(self, change: dict[str, Any]) -> None:
        """Let the fields say what the value says."""
        layers = change["new"]
        self._filling = True
        try:
            for row, layer in zip(self.rows, layers, strict=False):
                for name, field in row.items():
                    field.value = getattr(layer, name)
        finally:
            self._filling = False
        self._more.disabled, self._fewer.disabled = len(layers) == MOST_LAYERS, len(layers) == 1
        cells = (*self._heads, *self._cells(len(layers)))
        if self._table.children != cells:
            self._table.children = cells

    def _read(self, change: object) -> None:
        """Let the value say what the fields say."""
        if not self._filling:
            rows = self.rows[: len(self.value)]
            self.value = tuple(Layer(**{name: field.value for name, field in row.items()}) for row in rows)


def _row(number: int) -> dict[str, ipywidgets.ValueWidget]:
    """The fields of one layer; their labels are there for those who cannot see where they stand."""
    row = {"kind": choice(f"layer {number}, kind", "conv", KINDS)}
    for name, (low, high) in NUMBERS.items():
        row[name] = whole(f"layer {number}, {name}", max(low, 1 - low), low, high)
    for field in row.values():
        field.layout = {"width": "auto", "margin": "0"}
        field.add_class("convlab-tabled")
    return row
