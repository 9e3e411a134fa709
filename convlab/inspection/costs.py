"""Multiply-accumulate operations (MACs) of one recorded call, from its shapes."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.utils import _pytree as pytree

from convlab.inspection.calls import Call, TensorInfo
from convlab.inspection.rules import RULES, WINDOWS
from convlab.inspection.windows import DEFORMABLE, named

_PRODUCTS = ("matmul", "mm", "bmm", "mv", "addmm", "addmv", "baddbmm", "__matmul__", "__rmatmul__")
_COUNTED_BY_TORCH = (
    "einsum",
    "scaled_dot_product_attention",
    "multi_head_attention_forward",
)
_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_FREE = frozenset(RULES) - {*WINDOWS, *_PRODUCTS, *_COUNTED_BY_TORCH, *_RECURRENT, "linear"}


def num_macs(call: Call) -> int:
    """The MACs of one call of a function, by the definition. FLOPs are twice as many.

    Convolutions, transposed convolutions and matrix products have MACs. By convention products with padding count, and
    biases, norms, pooling, the interpolation of a deformable convolution and functions of single elements add none.
    Functions that are not known here are counted by `torch.utils.flop_counter` on tensors without memory.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> made = record(nn.Conv2d(1, 6, 5), [empty(1, 1, 32, 32, device="meta")])
        >>> num_macs(made.model.calls[0])  # 28 * 28 positions, 150 weights
        117600
    """
    kind = call.kind
    if kind in _FREE or not call.outputs:
        return 0
    output = call.outputs[0]
    if kind.startswith("conv") or kind in ("linear", "bilinear", DEFORMABLE):
        two = {"bilinear": ("input1", "input2"), DEFORMABLE: ("input", "offset")}
        weight = named(call, (*two.get(kind, ("input",)), "weight")).get("weight")
        if not isinstance(weight, TensorInfo):
            return 0
        positions = call.inputs[0] if "transpose" in kind else output
        return math.prod(positions.shape) * math.prod(weight.shape[1:])
    if kind in WINDOWS:
        return 0
    if kind in _PRODUCTS:
        columns = call.inputs[-1].shape
        return math.prod(output.shape) * (columns[-2] if len(columns) > 1 else columns[0])
    if kind in _RECURRENT:  # each weight once for each moment of each sample
        matrices = [info for info in call.inputs[1:] if len(info.shape) == 2 and info in _listed(call)]
        return math.prod(call.inputs[0].shape[:-1]) * sum(math.prod(info.shape) for info in matrices)
    return _counted_by_torch(call)


def _listed(call: Call) -> list[TensorInfo]:
    """The tensors in the last list of the arguments: the weights of a recurrent function."""
    *_, last = [given for given in call.arguments[0] if isinstance(given, list)]
    return last


def _counted_by_torch(call: Call) -> int:
    """Half the FLOPs that torch counts in the call, made once more on tensors without memory."""
    from torch.utils.flop_counter import FlopCounterMode

    if call.function is None:
        return 0
    args, kwargs = pytree.tree_map_only(TensorInfo, _without_memory, call.arguments)
    try:
        with torch.no_grad(), torch.device("meta"), FlopCounterMode(display=False) as counter:
            call.function(*args, **kwargs)
    except Exception:  # it needs numbers, as nonzero does, which is no product of matrices
        return 0
    return int(counter.get_total_flops()) // 2


def _without_memory(info: TensorInfo) -> Any:
    return torch.empty(info.shape, dtype=info.dtype, device="meta")
