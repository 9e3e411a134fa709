"""Tensors that do not match each other where they are joined or added."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import assignment, constructor
from convlab.inspection.doctor.case import Case, function_of, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line, is_simple
from convlab.inspection.doctor.phrases import by
from convlab.inspection.record import Call


def cat_edits(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """Other shapes for the tensors that a line joins.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x, y):
        ...         return torch.cat([x, y], dim=1)
        >>> case = Case.of(Net(), torch.empty(2, 3, 1, 1), torch.empty(2, 5))
        >>> [edit.code for edit in cat_edits(case, case.failing, Line.of(case.failing))]
        ['return torch.cat([torch.flatten(x, 1), y], dim=1)']
    """
    shapes = [given.shape for given in call.inputs]
    if len(line.operands) != len(shapes):
        return
    low = min(map(len, shapes))
    if low == max(map(len, shapes)):
        yield from _matching(case, call, line)
        return
    for index, shape in enumerate(shapes if low == 2 else ()):
        if len(shape) > low:
            text = line.operands[index]
            words = f"flatten `{text}` {shape} to two axes, as the others have"
            yield line.operand(index, words, 1.5, f"torch.flatten({text}, 1)")


def arithmetic_edits(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """Other shapes for the two tensors that a line adds or multiplies.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x, weights):
        ...         return x * weights
        >>> case = Case.of(Net(), torch.empty(2, 3, 8, 8), torch.empty(2, 3))
        >>> [edit.code for edit in arithmetic_edits(case, case.failing, Line.of(case.failing))]
        ['return x * weights[:, :, None, None]']
    """
    if len(call.inputs) != 2 or len(line.operands) != 2:
        return
    shapes = [given.shape for given in call.inputs]
    yield from stored_edits(case, call, line)
    low, high = sorted((0, 1), key=lambda index: len(shapes[index]))
    small, large = shapes[low], shapes[high]
    if len(small) == len(large):
        yield from _matching(case, call, line)
        return
    positions = ", ".join(["None"] * (len(large) - 2))
    words = f"give `{line.operands[low]}` {small} axes of size 1 for the positions"
    if len(small) == 2 and small == large[:2]:
        yield line.operand(low, words, 1.0, f"{line.bracketed(low)}[:, :, {positions}]")
    elif len(small) == 1 and len(large) > 2 and small[0] == large[1]:
        yield line.operand(low, words, 1.0, f"{line.bracketed(low)}[:, {positions}]")


def stored_edits(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """A parameter of the reader's, for the size that arrives: in arithmetic, or as the weight of `F.linear`.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.shift = nn.Parameter(torch.zeros(4))
        ...
        ...     def forward(self, x):
        ...         return x + self.shift
        >>> case = Case.of(Net(), torch.empty(2, 3))
        >>> [edit.code for edit in stored_edits(case, case.failing, Line.of(case.failing))]
        ['model.shift = nn.Parameter(torch.zeros(3,))']
    """
    for index, text in enumerate(line.operands[: len(call.inputs)][:2]):
        name = text.removeprefix("self.")
        container = case.model.get_submodule(call.name) if call.name else case.model
        stored = getattr(container, name, None) if text.startswith("self.") and name.isidentifier() else None
        mine, other = call.inputs[index].shape, call.inputs[1 - index].shape
        if not isinstance(stored, nn.Parameter) or tuple(stored.shape) != mine or len(mine) > len(other):
            continue
        if function_of(call) == "linear":
            wanted: tuple[int, ...] = (*mine[:-1], other[-1])
        else:
            theirs = other[len(other) - len(mine) :]
            wanted = tuple(size if own != 1 else 1 for own, size in zip(mine, theirs, strict=True))
        whole = f"{call.name}.{name}".lstrip(".")
        code = assignment(case.model, whole, f"nn.Parameter(torch.zeros{wanted})")
        words = f"Build `{whole}`, {mine}, for the {other} that arrives; what it has learned is lost."
        yield Edit(whole, code, words, 2.5)


def _matching(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """Maps of different sizes: one is cropped, resized, or made in the other's size."""
    sizes = [given.shape[2:] for given in call.inputs]
    axes = len(sizes[0])
    if axes < 1 or len(set(sizes)) != 2 or len(line.operands) < len(sizes):
        return
    order = sorted(range(len(sizes)), key=lambda index: math.prod(sizes[index]))
    small, large = order[0], order[-1]
    texts = [line.bracketed(index) for index in range(len(sizes))]
    words = f"of {by(sizes[small])} and {by(sizes[large])}"
    yield from _made_in_size(case, call, call.inputs[small].key, sizes[large], texts[large])
    too_large = case.producer(call.inputs[large])
    if too_large is not None and function_of(too_large) in ("interpolate", "upsample"):
        yield from _made_in_size(case, call, call.inputs[large].key, sizes[small], texts[small])
    if axes <= 3:
        size = f"{texts[large]}.shape[2:]" if is_simple(texts[large]) else str(sizes[large])
        text = f"F.interpolate({texts[small]}, size={size})"
        yield line.operand(small, f"resize the smaller {words}", 2.2, text)
    if len(sizes) == 2:
        yield from _cropped_both(line, sizes)
    if all(less <= more for less, more in zip(sizes[small], sizes[large], strict=True)):
        if is_simple(texts[small]):
            cut = ", ".join(f": {texts[small]}.size({axis})" for axis in range(2, axes + 2))
        else:
            cut = ", ".join(f":{size}" for size in sizes[small])
        yield line.operand(large, f"crop the larger {words}", 2.1, f"{texts[large]}[:, :, {cut}]")


def _cropped_both(line: Line, sizes: list[tuple[int, ...]]) -> Iterator[Edit]:
    """Two maps, each of which is smaller along another axis."""
    common = tuple(min(pair) for pair in zip(*sizes, strict=True))
    if common in sizes or not isinstance(line.expression.node, ast.BinOp):
        return
    cut = ", ".join(f":{size}" for size in common)
    first, second = (f"{line.bracketed(index)}[..., {cut}]" for index in (0, 1))
    between = line.text(line.expression.node)[len(line.operands[0]) : -len(line.operands[1])].strip(" ()")
    if between in ("+", "-", "*", "/"):
        yield line.edit(f"crop both to {by(common)}", 1.9, f"{first} {between} {second}")


def _made_in_size(case: Case, call: Call, key: int, wanted: tuple[int, ...], other: str) -> Iterator[Edit]:
    """The layer that made a map, told which size to make."""
    made = _upsampling(case, key)
    if made is None:
        return
    line, module = Line.of(made), made.module
    here = call.place is not None and made.place is not None and made.place.code is call.place.code
    reachable = line is not None and here and is_simple(other)
    if "ConvTranspose" in made.kind:
        if line is not None and reachable and made.name and calls_itself(line, made) and len(line.operands) == 1:
            words = f"let `{place(made)}` make the size {by(wanted)} that the other one has"
            yield line.edit(words, 1.5, f"{line.function()}({line.operands[0]}, output_size={other}.shape[2:])")
        yield from _output_padding(case, made, wanted)
    elif function_of(made) in ("interpolate", "upsample") and module is None and line is not None and reachable:
        words = "upsample to the size that the other one has, not by a factor"
        yield line.edit(words, 1.5, f"{line.function()}({line.operands[0]}, size={other}.shape[2:])")
    elif isinstance(module, nn.Upsample):
        code = assignment(case.model, made.name, f"nn.Upsample(size={wanted}, mode={module.mode!r})")
        yield Edit(place(made), code, f"Let `{place(made)}` upsample to {by(wanted)}.", 2.4)


def _output_padding(case: Case, made: Call, wanted: tuple[int, ...]) -> Iterator[Edit]:
    """A transposed convolution that makes a few elements more."""
    module: Any = made.module
    sizes = made.outputs[0].shape[2:]
    more = tuple(old + new - size for old, new, size in zip(module.output_padding, wanted, sizes, strict=True))
    if min(more) >= 0:
        code = assignment(case.model, made.name, constructor(module, output_padding=more))
        words = f"Let `{place(made)}` make {by(wanted)} in place of {by(sizes)}, by output_padding."
        yield Edit(place(made), code, words, 1.8)


def calls_itself(line: Line, call: Call) -> bool:
    """Whether the line calls this very layer, not a Sequential around it.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Sequential):
        ...     def forward(self, x):
        ...         return self[0](x)
        >>> call = Case.of(Net(nn.Linear(4, 2)), torch.empty(1, 5)).failing
        >>> calls_itself(Line.of(call), call)
        True
    """
    return line.function().endswith((f".{call.name.rpartition('.')[2]}", "]"))


def _upsampling(case: Case, key: int) -> Call | None:
    """The layer that sets the size of a map, past layers that keep it."""
    makers = {output.key: call for call in case.leaves for output in call.outputs}
    for _ in itertools.repeat(None, len(makers)):
        made = makers.get(key)
        if made is None or any(word in made.kind for word in ("Transpose", "interpolate", "Upsample")):
            return made
        if not made.inputs or made.inputs[0].shape[2:] != made.outputs[0].shape[2:]:
            return None
        key = made.inputs[0].key
    return None
