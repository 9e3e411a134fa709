"""Other text for the line at which a model failed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import assignment, conversion, path
from convlab.inspection.doctor.case import (
    ARITHMETIC,
    JOINS,
    KEEPS_CHANNELS,
    KEEPS_FEATURES,
    PRODUCTS,
    VIEWS,
    Case,
    function_of,
    is_layer,
    place,
)
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.lines import Line
from convlab.inspection.doctor.phrases import plain
from convlab.inspection.doctor.proposals.functional import (
    convolution_call_edits,
    group_norm_edits,
    interpolation_edits,
    pool_call_edits,
    product_edits,
)
from convlab.inspection.doctor.proposals.joining import arithmetic_edits, calls_itself, cat_edits, stored_edits
from convlab.inspection.doctor.proposals.moves import FOR_A_VIEW, moves_to
from convlab.inspection.doctor.proposals.views import view_edits
from convlab.inspection.doctor.wanted import wanted_by, without_batch
from convlab.inspection.record import Call, TensorInfo

_FEATURES_LAST = nn.Embedding | nn.Linear | nn.RNNBase | nn.LayerNorm | nn.MultiheadAttention


def call_edits(case: Case) -> Iterator[Edit]:
    """Changes of the line at which the model failed.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return x @ x
        >>> case = Case.of(Net(), torch.empty(2, 3))
        >>> [edit.code for edit in call_edits(case)]
        ['return x @ x.transpose(-2, -1)', 'return x.transpose(-2, -1) @ x']
    """
    call = case.failing
    line = Line.of(call) if is_layer(call) else None
    if line is None or not call.inputs or not line.operands:
        return
    function = function_of(call)
    if call.module is not None:
        if calls_itself(line, call):
            yield from _argument(case, call, line)
            yield from _dtype(case, call, line)
            yield from _output_size(call, line)
            yield from _there_and_back(call, line)
    elif function in VIEWS:
        yield from view_edits(call, line)
    elif function in JOINS:
        yield from cat_edits(case, call, line)
    elif function in ARITHMETIC:
        yield from arithmetic_edits(case, call, line)
    elif function in PRODUCTS:
        yield from product_edits(call, line)
    elif function.startswith("conv"):
        yield from convolution_call_edits(call, line)
    elif "pool" in function:
        yield from pool_call_edits(call, line)
    elif function == "group_norm":
        yield from group_norm_edits(case, call, line)
    elif function in ("interpolate", "upsample"):
        yield from interpolation_edits(call, line)
    elif function == "linear":
        yield from _argument(case, call, line)
        yield from stored_edits(case, call, line)


def _argument(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """Other axes of what goes into a layer that is not the first."""
    info, wanted = call.inputs[0], wanted_by(call)
    node: ast.AST = line.nodes[0]
    if line.operands.count(line.operands[0]) > 1:  # attention(x, x, x)
        made = case.producer(info)
        before = Line.of(made) if made is not None else None
        if before is None:
            return
        line, node = before, before.expression.node
    if wanted is None or case.is_input(info) is not None:
        return
    _, origin = case.back(info, KEEPS_CHANNELS)
    if wanted.last or (origin is not None and isinstance(origin.module, _FEATURES_LAST)):
        for move in moves_to(info.shape, wanted):
            if move.text.startswith(("[", ".expand", ".mean(")):
                continue
            if move.text == ".reshape(1, -1)" and _has_batch(case, info):
                continue  # it would make one sample of several
            edit = line.edit(move.words, 0.8 + move.cost, f"{line.text(node)}{move.text}", node)
            if move.in_order:
                words = f"{move.words}, {FOR_A_VIEW}"
                other = line.edit(words, edit.cost, f"{line.text(node)}{move.in_order}", node)
                edit = replace(edit, in_order=other)
            yield edit


def _has_batch(case: Case, info: TensorInfo) -> bool:
    """Whether it is plain that maps, or the features that they were flattened to, came with a batch axis."""
    made = case.back(info, KEEPS_FEATURES)[1]
    flattened = made is not None and made.inputs and function_of(made) in ("flatten", *VIEWS)
    return without_batch(case, made.inputs[0] if made is not None and flattened else info) is False


def _there_and_back(call: Call, line: Line) -> Iterator[Edit]:
    """The features brought to where a norm wants them, and back behind it."""
    module, shape, text = call.module, call.inputs[0].shape, line.operands[0]
    if isinstance(module, nn.BatchNorm1d) and len(shape) == 3 and shape[2] == module.num_features:
        there, back, words = ".transpose(1, 2)", ".transpose(1, 2)", "bring the features to axis 1 for the norm"
        cost = 1.7
    elif isinstance(module, nn.LayerNorm) and len(shape) == 4 and module.normalized_shape == (shape[1],):
        there, back, words = ".permute(0, 2, 3, 1)", ".permute(0, 3, 1, 2)", "bring the channels to the last axis"
        words, cost = f"{words} for the norm", 1.9
    else:
        return
    whole = line.text(line.expression.node).replace(text, f"{line.bracketed(0)}{there}", 1)
    yield line.edit(f"{words}, and back", cost, f"{whole}{back}")


def _dtype(case: Case, call: Call, line: Line) -> Iterator[Edit]:
    """What was made in another dtype than the layer's on the way."""
    weight = next(iter(call.module.parameters()), None) if call.module is not None else None
    given, name = call.inputs[0].dtype, f"`{place(call)}`"
    if weight is None or given == weight.dtype:
        return
    if given.is_complex:
        words = f"take the absolute values of the complex numbers, since {name} has real weights"
        yield line.operand(0, words, 1.5, f"{line.bracketed(0)}.abs()")
    if not given.is_floating_point or case.is_input(call.inputs[0]) is not None:
        return
    method = conversion(weight.dtype)
    yield line.operand(0, f"bring what goes in to the dtype of {name}", 1.5, f"{line.bracketed(0)}{method}")
    for stored, tensor in [*case.model.named_parameters(), *case.model.named_buffers()]:
        if tensor.dtype != given:
            continue
        value = f"{path(case.model, stored)}{method}"
        value = f"nn.Parameter({value})" if isinstance(tensor, nn.Parameter) else value
        words = f"Bring `{stored}`, which makes `{line.operands[0]}` {plain(given)}, to the dtype of {name}."
        yield Edit(stored, assignment(case.model, stored, value), words, 1.2)
        words = f"Bring all parameters and buffers to one dtype: `{stored}` has another."
        yield Edit("model", f"model{method}", words, 1.3)


def _output_size(call: Call, line: Line) -> Iterator[Edit]:
    """A size that a transposed convolution cannot make."""
    if "ConvTranspose" not in call.kind:
        return
    asked: Any = line.keyword("output_size") or (line.nodes[1] if len(line.nodes) > 1 else None)
    if asked is not None:
        made = f"{line.function()}({line.operands[0]})"
        words = f"resize what `{place(call)}` gives, since it can only make sizes within one stride of each other"
        yield line.edit(words, 2.0, f"F.interpolate({made}, size={line.text(asked)})")
