"""The rows of a trace as text, as HTML and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from typing import Any

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection.rows import Layer, Shapes

_HEADER = ("layer", "kind", "input", "output", "parameters", "MACs", "receptive field", "jump", "size formula")
_NUMBERS = frozenset(["parameters", "MACs", "receptive field", "jump"])
_STOPPED = "stopped here"
# The class stands twice where a rule of Jupyter's, which puts all cells to the right, must be outweighed.
_STYLE = """
.convlab-trace { overflow: auto; max-height: 60em; margin: 0.5em 0; }
.convlab-trace.convlab-trace table { border-collapse: collapse; color: inherit; font-size: 0.9em; margin: 0; }
.convlab-trace.convlab-trace th, .convlab-trace.convlab-trace td { padding: 0.2em 0.5em; text-align: left; }
.convlab-trace.convlab-trace td { white-space: nowrap; vertical-align: top; }
.convlab-trace.convlab-trace tr { background: transparent; border-bottom: 1px solid rgba(128, 128, 128, 0.3); }
.convlab-trace.convlab-trace th { border-bottom: 2px solid rgba(128, 128, 128, 0.6); vertical-align: bottom; }
.convlab-trace.convlab-trace .number { text-align: right; font-variant-numeric: tabular-nums; }
.convlab-trace.convlab-trace .stopped td { font-weight: bold; background: rgba(220, 60, 40, 0.2); }
.convlab-trace-notes { margin: 0.5em 0; max-width: 60em; white-space: pre-wrap; }
"""


def as_text(layers: Sequence[Layer], notes: Sequence[str]) -> str:
    """The rows in aligned columns, and lines below them.

    Args:
        layers: The rows.
        notes: Paragraphs below the table.

    Example:
        >>> print(as_text((), ["Nothing ran."]))
        layer  kind  input  output  parameters  MACs  receptive field  jump  size formula
        <BLANKLINE>
        Nothing ran.
    """
    lines = [_HEADER, *(_cells(layer) for layer in layers)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    rows = []
    for line in lines:
        columns = zip(_HEADER, line, widths, strict=True)
        aligned = [cell.rjust(width) if name in _NUMBERS else cell.ljust(width) for name, cell, width in columns]
        rows.append("  ".join(aligned).rstrip())
    rule = ["-" * max(map(len, rows))] if layers else []
    return "\n".join([rows[0], *rule, *rows[1:], *rule, *(line for note in notes for line in ("", note))])


def as_html(layers: Sequence[Layer], notes: Sequence[str]) -> str:
    """The rows as a table for a notebook, in the colours of its theme.

    Args:
        layers: The rows.
        notes: Paragraphs below the table.

    Example:
        >>> as_html((), ["a < b"]).endswith('<div class="convlab-trace-notes">a &lt; b</div>')
        True
    """
    marks = [' class="number"' if name in _NUMBERS else "" for name in _HEADER]
    head = "".join(f'<th scope="col"{mark}>{name}</th>' for name, mark in zip(_HEADER, marks, strict=True))
    body = []
    for layer in layers:
        stopped = ' class="stopped"' if layer.failed else ""
        cells = map(_html_cell, _cells(layer), marks)
        body.append(f"<tr{stopped}>{''.join(cells)}</tr>")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    below = "".join(f'<div class="convlab-trace-notes">{escape(note)}</div>' for note in notes)
    return f'<style>{_STYLE}</style><div class="convlab-trace">{table}</div>{below}'


def as_csv(layers: Sequence[Layer]) -> str:
    """The rows as comma-separated values, with a header; several numbers in a cell with spaces between.

    Example:
        >>> as_csv(()).startswith("name,kind,place,input_shape,output_shape,formula,num_params,num_macs")
        True
    """
    text = io.StringIO()
    names = ["name", "kind", "place", "input_shape", "output_shape", "formula", "num_params", "num_macs"]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "receptive_field_size", "receptive_field_jump", "receptive_field_start", "failed"])
    for layer in layers:
        shapes = [shape_text(layer.input_shape), shape_text(layer.output_shape)]
        numbers = [layer.num_params, layer.num_macs]
        field = [" ".join(map(str, along)) for along in _axes(layer.receptive_field)]
        names_of = [layer.name, layer.kind, layer.place]
        writer.writerow([*names_of, *shapes, layer.formula, *numbers, *field, layer.failed])
    return text.getvalue()


def shape_text(shape: Any) -> str:
    """A shape, or several, as they are written in a table.

    Example:
        >>> shape_text((1, 3, 32)), shape_text(((1, 3), (1, 4))), shape_text({"a": (2,)}), shape_text(None)
        ('(1, 3, 32)', '(1, 3), (1, 4)', '{a: (2,)}', '')
    """
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{name}: {shape_text(each)}" for name, each in shape.items()) + "}"
    if isinstance(shape, tuple | list) and shape and not isinstance(shape[0], int):
        return ", ".join(map(shape_text, shape))
    return "" if shape is None else str(shape)


def field_text(field: ReceptiveField) -> tuple[str, str]:
    """The size and the jump of a receptive field as they are written in a table.

    Example:
        >>> field_text(ReceptiveField((5, 3), (2, 2), (0, 0)))
        ('5 x 3', '2')
    """
    size, jump, _ = _axes(field)
    return " x ".join(map(str, size)), " x ".join(map(str, jump if len(set(jump)) > 1 else jump[:1]))


def _axes(field: ReceptiveField | None) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """Size, jump and start along each axis."""
    if field is None:
        return (), (), ()
    return field.size, field.jump, field.start  # type: ignore[return-value]  # a trace has one number per axis


def _cells(layer: Layer) -> tuple[str, ...]:
    name = layer.place.partition(": ")[0]
    size, jump = field_text(layer.receptive_field) if layer.receptive_field else ("", "")
    output = _STOPPED if layer.failed else shape_text(layer.output_shape)
    shapes = [_shape_cell(layer.input_shape), output]
    return (name, layer.kind, *shapes, f"{layer.num_params:,}", f"{layer.num_macs:,}", size, jump, layer.formula)


def _html_cell(text: str, mark: str) -> str:
    """A cell in which each formula has a line of its own."""
    return f"<td{mark}>{'<br>'.join(map(escape, text.split('; ')))}</td>"


def _shape_cell(shape: Shapes) -> str:
    return shape_text(shape)
