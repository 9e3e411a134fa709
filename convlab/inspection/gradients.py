"""The receptive field of a model as gradients show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection.positive import positive_run
from convlab.inspection.record import record
from convlab.inspection.spans import SMALLEST, Extent, Run, extent, whole

STEP = 32
"""Lengths that are tried differ from the given one by multiples of this, so that strides divide them alike."""
MOST_DOUBLINGS = 5
"""How often an input that is too short is doubled, at most."""


def measured_field(
    model: nn.Module,
    args: Sequence[Any],
    options: Mapping[str, Any],
    axes: Sequence[int],
    hint: ReceptiveField | None = None,
    number: int = 0,
) -> ReceptiveField | None:
    """The receptive field of the model's first output on one of its inputs, from gradients alone.

    Args:
        model: Any module.
        args: The positional arguments of its `forward`; of tensors without memory only the shape counts.
        options: The keyword arguments.
        axes: The spatial axes of the input.
        hint: A receptive field that may be right, which says only how large an input is tried first.
        number: Which of the tensors that the model is given is the input.

    Raises:
        ValueError: If the input is not of a floating dtype.

    Example:
        >>> measured_field(nn.Conv1d(1, 1, 3, stride=2), [torch.empty(1, 1, 9, device="meta")], {}, [2])
        ReceptiveField(size=(3,), jump=(2,), start=(0,))
    """
    if not axes:
        return None
    bench = _Bench(model, (tuple(args), dict(options)), axes, number)
    extents: list[Extent] = []
    for place, axis in enumerate(axes):
        size, jump = (_at(hint, name, place) for name in ("size", "jump"))
        found = bench.measure(axis, size, jump)
        if found is None:
            return None
        extents.append(found)
    sizes, jumps, starts = zip(*extents, strict=True)
    return ReceptiveField(sizes, jumps, starts)


class _Bench:
    """A model with inputs of any length."""

    def __init__(self, model: nn.Module, arguments: Any, axes: Sequence[int], number: int) -> None:
        self._model, self._arguments, self._axes = model, arguments, axes
        self._input = [leaf for leaf in pytree.tree_leaves(arguments) if isinstance(leaf, Tensor)][number]
        self._shape = tuple(self._input.shape)
        if not self._input.is_floating_point():
            raise ValueError(f"the input must be of a floating dtype for a gradient, but it is {self._input.dtype}")
        self._dtype = torch.float64

    def measure(self, axis: int, size: int | None, jump: int | Fraction | None) -> Extent | None:
        """Size, jump and start along one axis of the input."""
        for self._dtype in SMALLEST:
            with suppress(ArithmeticError), torch.inference_mode(False), torch.enable_grad():
                return self._measure(axis, size, jump)
        return None

    def _measure(self, axis: int, size: int | None, jump: int | Fraction | None) -> Extent | None:
        given = self._shape[axis]
        short = self._shortest_others(axis)
        before, after = (self._output_shape(_with(short, axis, length)) for length in (given, given + 8 * STEP))
        grows = after is not None and after != before
        for length in self._lengths(given, size, jump) if grows else [given]:
            found = extent(self._run(_with(short if grows else self._shape, axis, length)), axis)
            if found is not None:
                return found
        return whole(self._run(self._shape), axis)

    def _lengths(self, given: int, size: int | None, jump: int | Fraction | None) -> Iterator[int]:
        """Lengths to try, each a multiple of `STEP` away from the given one."""
        needed = size + 6 * max(1, int(jump)) if size and jump else given
        length = (given - 1) % STEP + 1
        length += max(0, -(-(needed - length) // STEP)) * STEP
        yield length
        for _ in range(MOST_DOUBLINGS if jump != 0 else 1):
            length += -(-length // STEP) * STEP
            yield length

    def _shortest_others(self, axis: int) -> tuple[int, ...]:
        """The given shape with one sample and with its other spatial axes as short as the model allows."""
        single = (1, *self._shape[1:]) if min(self._axes) > 1 else self._shape
        others = [each for each in self._axes if each != axis]
        for base in dict.fromkeys((single, self._shape)):
            for blocks in range(8):
                shape = base
                for other in others:
                    length = (base[other] - 1) % STEP + 1 + blocks * STEP
                    shape = _with(shape, other, min(length, base[other]))
                output = self._output_shape(shape)
                if output is not None and 0 not in output:
                    return shape
        return self._shape

    def _output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """The shape of the output for an input of this shape, from a run without memory; None where it fails."""
        args, options = self._arguments_of(shape, torch.empty(shape, dtype=self._input.dtype, device="meta"))
        made = record(self._model, args, options)
        return None if made.error or not made.model.outputs else made.model.outputs[0].shape

    def _run(self, shape: tuple[int, ...]) -> Run:
        generator = torch.Generator().manual_seed(0)
        device = next((parameter.device for parameter in self._model.parameters() if not parameter.is_meta), "cpu")
        numbers = torch.rand(shape, generator=generator, dtype=self._dtype, device="cpu")
        input = (0.5 + numbers).to(device).requires_grad_()
        args, options = self._arguments_of(shape, input)
        args, options = pytree.tree_map_only(Tensor, lambda tensor: _with_memory(tensor, device), (args, options))
        output = next(
            leaf
            for leaf in pytree.tree_leaves(positive_run(self._model, args, options, self._dtype))
            if _is_tensor(leaf)
        )
        return Run(input, output if output.ndim else output.reshape(1))

    def _arguments_of(self, shape: tuple[int, ...], input: Tensor) -> Any:
        """The arguments with another input; others that had its shape get the new one, too."""

        def replaced(tensor: Tensor) -> Tensor:
            if tensor is self._input:
                return input
            return input.detach() if tuple(tensor.shape) == self._shape and shape != self._shape else tensor

        return pytree.tree_map_only(Tensor, replaced, self._arguments)


def _with(shape: tuple[int, ...], axis: int, length: int) -> tuple[int, ...]:
    return (*shape[:axis], length, *shape[axis + 1 :])


def _with_memory(tensor: Tensor, device: torch.device | str) -> Tensor:
    if not tensor.is_meta:
        return tensor
    fill = torch.ones if tensor.is_floating_point() else torch.zeros
    return fill(tensor.shape, dtype=tensor.dtype, device=device)


def _is_tensor(leaf: object) -> bool:
    return isinstance(leaf, Tensor)


def _at(field: ReceptiveField | None, name: str, place: int) -> Any:
    values = getattr(field, name, None)
    return values[place] if isinstance(values, tuple) else None
