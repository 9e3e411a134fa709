"""What torch refuses of numbers and lets pass of shapes alone: dtypes that do not go together, numbers out of range."""

from __future__ import annotations

import torch

from convlab.inspection.doctor.case import PRODUCTS, function_of
from convlab.inspection.doctor.phrases import plain
from convlab.inspection.record import Call, Record
from convlab.inspection.windows import window_of

REDUCED = (torch.float16, torch.bfloat16)
"""Dtypes of inputs that a norm takes also with parameters in float32."""


def missed_on_meta(record: Record) -> Exception | None:
    """The error that a run with numbers would raise, where a run of shapes alone went through.

    The record is then left as that run would leave it: the error stands at the calls that it stops, and nothing
    follows them.

    Example:
        >>> from convlab.inspection import record
        >>> made = record(torch.nn.Conv2d(1, 1, 3, padding=-1), [torch.empty(1, 1, 8, 8, device="meta")])
        >>> missed_on_meta(made), made.model.error is not None
        (RuntimeError('padding must not be negative, but it is (-1, -1)'), True)
    """
    return _stopped(record.model)


def _stopped(call: Call) -> Exception | None:
    """The error that this call, or one inside it, would raise."""
    error: Exception | None = None
    if call.module is None:
        sentence = _out_of_range(call) or _mixed_dtypes(call)
        error = RuntimeError(sentence) if sentence is not None else None
    for number, part in enumerate(call.calls, start=1):
        error = _stopped(part)
        if error is not None:
            del call.calls[number:]
            break
    if error is not None:
        call.error, call.outputs = error, []
    return error


def _out_of_range(call: Call) -> str | None:
    """Numbers of a window that no run with numbers takes."""
    window = window_of(call)
    if window is None:
        return None
    padding = tuple(before for before, _ in window.padding)
    more, kernel, stride, dilation = window.output_padding, window.kernel_size, window.stride, window.dilation
    if min(padding) < 0:
        return f"padding must not be negative, but it is {padding}"
    if min(dilation) < 1:
        return f"dilation must be at least 1, but it is {dilation}"
    if min(more) < 0:
        return f"output_padding must not be negative, but it is {more}"
    if any(extra >= max(pair) for extra, *pair in zip(more, stride, dilation, strict=True)):
        return f"output_padding must be smaller than stride or dilation, but it is {more}"
    reach = [step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True)]
    if "pool" in call.kind and any(2 * each > most for each, most in zip(padding, reach, strict=True)):
        return f"padding of a pool must be at most half of its window, but padding={padding} and kernel_size={kernel}"
    return None


def _mixed_dtypes(call: Call) -> str | None:
    """Dtypes of a convolution, a product, a norm or an embedding."""
    function = function_of(call)
    dtypes = [given.dtype for given in call.inputs]
    if not dtypes:
        return None
    first, others = dtypes[0], dtypes[1:]
    if function == "embedding" and first.is_floating_point:
        return f"the indices of an embedding must be integers, but they are {plain(first)}"
    is_norm = function.endswith("_norm")
    wants_one = is_norm or function.startswith("conv") or function in ("linear", "addmm", *PRODUCTS)
    differing = [dtype for dtype in others if dtype != first]
    if is_norm and first in REDUCED:
        differing = [dtype for dtype in differing if dtype != torch.float32]
    if wants_one and differing:
        return f"{function} must get tensors of one dtype, but it got {plain(first)} and {plain(differing[0])}"
    return None
