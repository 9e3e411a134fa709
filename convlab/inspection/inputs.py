"""What the reader gives for an input, tensors or shapes, as the arguments of a model's `forward`."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from convlab.inspection.calls import Record

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional and keyword arguments."""

# fmt: off
_NEEDS_NUMBERS = frozenset([
    "item", "tolist", "numpy", "nonzero", "unique", "masked_select", "bincount", "multinomial", "equal", "allclose",
    "__bool__", "__int__", "__float__", "__index__", "__contains__", "__array__",
])
# fmt: on
"""Functions that look into a tensor, which has to have numbers for that."""


def as_arguments(model: nn.Module, input: Any) -> Arguments:
    """The positional and the keyword arguments of `forward` for what the reader gave.

    A shape becomes a tensor without memory, of the model's floating dtype; of int64 where the model's first layer is
    an `nn.Embedding`. A tuple or list of numbers is always read as a shape.

    Args:
        model: The model that will be called.
        input: A tensor; a shape; a tuple or list of several arguments; a dict of keyword arguments. Among several,
            shapes become tensors, and what is neither a tensor nor a shape stays as it is.

    Raises:
        TypeError: If the input is none of these, or a shape has an entry that is no int.
        ValueError: If a shape has a negative entry.

    Example:
        >>> as_arguments(nn.Conv2d(3, 8, 3), (1, 3, 32, 32))
        ((tensor(..., device='meta', size=(1, 3, 32, 32)),), {})
        >>> as_arguments(nn.Bilinear(2, 3, 4), [(5, 2), torch.ones(5, 3)])[0][1].shape
        torch.Size([5, 3])
        >>> as_arguments(nn.Conv2d(3, 8, 3), {"input": (1, 3, 32, 32)})
        ((), {'input': tensor(..., device='meta', size=(1, 3, 32, 32))})
    """
    dtype = input_dtype(model)
    if isinstance(input, torch.Tensor) or _is_whole(input):
        return (input,), {}
    if isinstance(input, Mapping):
        unnamed = [key for key in input if not isinstance(key, str)]
        if unnamed:
            raise TypeError(f"a dict of inputs must have the names of forward's arguments, but has {unnamed[0]!r}")
        return (), {name: _filled(value, dtype) for name, value in input.items()}
    if isinstance(input, tuple | list):
        if is_shape(input):
            return (_filled(input, dtype),), {}
        return tuple(_filled(value, dtype) for value in input), {}
    kind = type(input).__name__
    raise TypeError(
        "input must be a tensor, a shape such as (1, 3, 32, 32), a tuple or list of several inputs, or a dict of "
        f"forward's arguments, but it is of type {kind}; what else forward takes goes into a tuple, as (input,)"
    )


def is_shape(value: object) -> bool:
    """Whether this is a tuple or list of numbers, which is read as a shape.

    Example:
        >>> is_shape((1, 3, 32, 32)), is_shape([torch.ones(2), 3]), is_shape(())
        (True, False, False)
    """
    if isinstance(value, torch.Size):
        return True
    if not isinstance(value, tuple | list) or _is_whole(value):
        return False
    return bool(value) and all(isinstance(size, Number) for size in value)


def input_dtype(model: nn.Module) -> torch.dtype:
    """The dtype that a tensor gets which is made from a shape.

    Example:
        >>> input_dtype(nn.Linear(2, 3).double()), input_dtype(nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2)))
        (torch.float64, torch.int64)
    """
    first = next((module for module in model.modules() if not list(module.children())), None)
    if isinstance(first, nn.Embedding | nn.EmbeddingBag):
        return torch.int64
    dtypes = (parameter.dtype for parameter in model.parameters())
    return next((dtype for dtype in dtypes if dtype.is_floating_point or dtype.is_complex), torch.get_default_dtype())


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself, without what `nn.DataParallel` or `torch.compile` put around it.

    Args:
        model: The model as the reader has it.

    Raises:
        TypeError: If it is compiled by `torch.jit`, whose calls nobody can watch.

    Example:
        >>> unwrapped(nn.DataParallel(nn.Linear(2, 2)))
        Linear(in_features=2, out_features=2, bias=True)
    """
    while isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel) or hasattr(model, "_orig_mod"):
        inner = getattr(model, "_orig_mod", None) or getattr(model, "module", None)
        assert isinstance(inner, nn.Module)
        model = inner
    if isinstance(model, torch.jit.ScriptModule):
        rule = "model must be the one from before torch.jit, whose calls cannot be watched"
        raise TypeError(f"{rule}, but it is a {type(model).__name__}")
    return model


def needs_numbers(record: Record) -> bool:
    """Whether a run of shapes stopped at a function that looks into a tensor.

    Example:
        >>> from convlab.inspection import record
        >>> needs_numbers(record(nn.ReLU(), [torch.empty(1, 3, device="meta")]))
        False
    """
    if record.error is None or not record.on_meta:
        return False
    *_, last = [call for call in record.model.walk() if call.error is not None]
    masks = last.kind == "__getitem__" and any(info.dtype == torch.bool for info in last.inputs[1:])
    return masks or last.kind in _NEEDS_NUMBERS


def with_numbers(arguments: Arguments, device: torch.device | str = "cpu") -> Arguments:
    """The arguments with numbers in the tensors that have no memory: the same ones each time, integers of zero.

    Args:
        arguments: The positional and the keyword arguments of a model.
        device: That of the tensors that get numbers.

    Example:
        >>> with_numbers(((torch.empty(2, dtype=torch.int64, device="meta"),), {}))
        ((tensor([0, 0]),), {})
    """
    filled: Arguments = pytree.tree_map_only(torch.Tensor, lambda tensor: _with_numbers(tensor, device), arguments)
    return filled


def _filled(value: Any, dtype: torch.dtype) -> Any:
    """The value with tensors in the place of shapes, also inside tuples, lists and dicts."""
    if is_shape(value):
        return torch.empty(_sizes(value), dtype=dtype, device="meta")
    if isinstance(value, dict):
        return {name: _filled(entry, dtype) for name, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, dtype) for entry in value]
    if isinstance(value, tuple) and not _is_whole(value):
        return tuple(_filled(entry, dtype) for entry in value)
    return value


def _is_whole(value: object) -> bool:
    """Whether this is a tuple with named fields, as PackedSequence: one value, not several."""
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _sizes(shape: Sequence[Any]) -> tuple[int, ...]:
    """The sizes of a shape, checked."""
    for size in shape:
        if isinstance(size, bool) or not hasattr(size, "__index__"):
            raise TypeError(f"a shape must have ints only, but {tuple(shape)} has {size!r}")
        if size < 0:
            raise ValueError(f"a shape must have no negative size, but {tuple(shape)} has {size!r}")
    return tuple(operator.index(size) for size in shape)


def _with_numbers(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    if not tensor.is_meta:
        return tensor
    generator = torch.Generator().manual_seed(0)
    if tensor.is_floating_point():
        return torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype, device="cpu").to(device)
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device=device)
