"""What torch refuses of numbers and lets pass of shapes alone: dtypes that do not go together, numbers out of range."""

from __future__ import annotations

import warnings

import torch
from torch.utils import _pytree as pytree

from convlab.inspection.doctor.case import PRODUCTS, function_of
from convlab.inspection.doctor.phrases import plain
from convlab.inspection.record import Call, Record, TensorInfo
from convlab.inspection.windows import named, window_of

REDUCED = (torch.float16, torch.bfloat16)
"""Dtypes of inputs that a norm takes also with parameters in float32."""

# What takes or refuses a tensor by its dtype and the number of its axes, whatever their sizes, and needs little time.
ASKED_OF_ONE_ELEMENT = (
    "softmax", "log_softmax", "softmin", "gumbel_softmax", "sort", "gelu", "silu", "mish", "hardswish", "hardsigmoid",
    "log_sigmoid", "mv", "std", "var",
)  # fmt: skip
CELLS = ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
ATTENTION = "multi_head_attention_forward"


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
        sentence = _out_of_range(call) or _wrong_bias(call) or _mixed_dtypes(call)
        error = RuntimeError(sentence) if sentence is not None else _of_one_element(call)
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


def _wrong_bias(call: Call) -> str | None:
    """A bias of a convolution that has not one number for each channel that comes out, in torch's own words."""
    function = function_of(call)
    window = window_of(call)
    if not function.startswith("conv") or window is None:
        return None
    given = named(call, ("input", "weight", "bias"))
    weight, bias = given.get("weight"), given.get("bias")
    if weight is None or bias is None:
        return None
    transposed = "transpose" in function
    channels = weight.shape[1] * window.groups if transposed else weight.shape[0]
    if bias.shape == (channels,):
        return None
    wanted = f"weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {channels} elements"
    return f"Given {'transposed=1, ' * transposed}{wanted}, but got bias of size {list(bias.shape)} instead"


def _of_one_element(call: Call) -> Exception | None:
    """What torch says where the same function gets tensors of one element, with as many axes and of the same dtypes."""
    if call.function is None or function_of(call) not in ASKED_OF_ONE_ELEMENT:
        return None
    with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, options = pytree.tree_map_only(TensorInfo, _one_element, call.arguments)
        try:
            call.function(*args, **options)
        except Exception as error:
            return error
    return None


def _one_element(info: TensorInfo) -> torch.Tensor:
    return torch.ones([min(size, 1) for size in info.shape], dtype=info.dtype, device="cpu")


def _mixed_dtypes(call: Call) -> str | None:
    """Dtypes of a convolution, a product, a norm, an embedding, a recurrent cell or an attention."""
    function = function_of(call)
    dtypes = [given.dtype for given in call.inputs]
    if function == ATTENTION:  # behind these there may be masks
        dtypes = [given.dtype for given in call.arguments[0] if isinstance(given, TensorInfo)]
    if not dtypes:
        return None
    first, others = dtypes[0], dtypes[1:]
    if function == "embedding" and first.is_floating_point:
        return f"the indices of an embedding must be integers, but they are {plain(first)}"
    is_norm = function.endswith("_norm") and function != "rms_norm"  # which converts
    wants_one = is_norm or function.startswith("conv") or function in ("linear", "addmm", ATTENTION, *CELLS, *PRODUCTS)
    differing = [dtype for dtype in others if dtype != first]
    if is_norm and first in REDUCED:
        differing = [dtype for dtype in differing if dtype != torch.float32]
    if wants_one and differing:
        return f"{function} must get tensors of one dtype, but it got {plain(first)} and {plain(differing[0])}"
    return None
