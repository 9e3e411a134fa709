"""The rows of a trace: one for each call of a layer, and of a function that stands in no layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection.calls import Call, Record, TensorInfo, is_deformable
from convlab.inspection.costs import num_macs
from convlab.inspection.formulas import formula
from convlab.inspection.rules import Views, follow

Shapes: TypeAlias = "tuple[int, ...] | tuple[tuple[int, ...], ...]"
Draft: TypeAlias = "tuple[Call, dict[str, Any]]"

_CONTAINERS = (nn.Sequential, nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder)
_MANY_STEPS = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
"""Layers of which the formulas of the inner steps say nothing about the whole."""

# fmt: off
_UNTOLD = frozenset([
    "contiguous", "clone", "detach", "to", "type", "type_as", "float", "double", "half", "bfloat16", "int", "long",
    "bool", "cpu", "cuda", "requires_grad", "data", "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros",
    "new_ones", "new_full", "new_empty",
])
# fmt: on
"""Functions that change nothing that a trace shows."""


@dataclass(frozen=True)
class Layer:
    """A row of a trace: one call of a layer of torch, or of a function that stands in no layer.

    Attributes:
        name: The qualified name of the layer; of a function, that of the module it stands in, "" for the model.
        kind: The layer's class, or the function's name.
        place: The same in one text: "conv1"; "forward: view" and "up.forward: cat" for functions.
        input_shape: The shape that came in; a tuple of shapes where there are several.
        output_shape: The shape that went out, likewise; None where the call failed.
        formula: The size formula with its numbers; those of different axes with "; " between. "" where sizes stay.
        num_params: Parameters that no row above has counted.
        num_macs: Multiply-accumulate operations of this call.
        receptive_field: What one element of the output sees of the input; None where that is not defined.
        failed: Whether the model stopped here.

    Example:
        >>> from torch import empty
        >>> from convlab.inspection import record
        >>> layers, _, _ = layers_of(record(nn.Conv1d(1, 2, 3), [empty(1, 1, 9, device="meta")]))
        >>> layers[0].formula
        'floor((9 + 2*0 - 1*(3-1) - 1) / 1) + 1 = 7'
    """

    name: str
    kind: str
    place: str
    input_shape: Shapes
    output_shape: Shapes | None
    formula: str
    num_params: int
    num_macs: int
    receptive_field: ReceptiveField | None
    failed: bool = False


def layers_of(record: Record) -> tuple[tuple[Layer, ...], ReceptiveField | None, tuple[int, list[int]]]:
    """The rows of a record, the receptive field of the model's first output, and on which input and axes it lies.

    Example:
        >>> from torch import empty
        >>> from convlab.inspection import record
        >>> made = record(nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU()), [empty(1, 1, 9, device="meta")])
        >>> layers, field, lies_on = layers_of(made)
        >>> [(layer.kind, layer.num_params, layer.num_macs) for layer in layers], field.size, lies_on
        ([('Conv1d', 8, 42), ('ReLU', 0, 0)], (3,), (0, [2]))
    """
    rows = _Rows(record)
    drafts = list(rows.of(record.model))  # only then is it known which axes are spatial
    views = rows.views
    layers = tuple(Layer(**draft, receptive_field=views.receptive_field(call.outputs)) for call, draft in drafts)
    field = None if record.error else views.receptive_field(record.model.outputs)
    return layers, field, views.windowed_input(record.model.outputs)


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is a layer of torch, of which a trace does not show the inside.

    Example:
        >>> is_leaf(nn.LSTM(1, 1)), is_leaf(nn.Sequential())
        (True, False)
    """
    if isinstance(module, torch.jit.ScriptModule):
        return True
    room = getattr(type(module).forward, "__module__", None) or ""
    own = "forward" in vars(module)  # put there by somebody
    return room.startswith("torch.nn.modules.") and not own and not isinstance(module, _CONTAINERS)


def num_params(parameters: Iterable[nn.Parameter]) -> int:
    """The numbers in parameters; none in one that is not initialised.

    Example:
        >>> num_params(nn.Linear(4, 2).parameters())
        10
    """
    return sum(math.prod(parameter.shape) for parameter in parameters if not is_lazy(parameter))


class _Rows:
    """Makes the rows, and remembers what they have counted."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.views = Views(record)
        model = record.model.module
        self._parameters = dict(model.named_parameters()) if model is not None else {}
        self._counted: set[int] = set()

    def of(self, call: Call) -> Iterator[Draft]:
        if call.module is None:
            yield from self._of_function(call)
        elif is_leaf(call.module):
            yield self._of_layer(call, call.module)
        elif is_deformable(call.module):
            for inner in call.calls:
                if inner.module is not None:  # the branch, of which the layer's own row then counts nothing
                    yield from self.of(inner)
            yield self._of_layer(call, call.module, [inner for inner in call.calls if inner.module is None])
        else:
            for inner in call.calls:
                yield from self.of(inner)
            given = {info.key for info in call.inputs}
            if not call.calls and call.outputs and not all(info.key in given for info in call.outputs):
                yield self._of_layer(call, call.module)  # whatever it does, torch does not tell

    def _of_layer(self, call: Call, module: nn.Module, functions: Sequence[Call] | None = None) -> Draft:
        """The row of a layer: of all the functions that it calls, or of these."""
        if functions is None:
            functions = [inner for inner in call.walk() if inner.module is None]
        for function in functions:
            follow(function, self.views)
        inputs = call.inputs or (functions[0].inputs if functions else [])
        own = [] if isinstance(module, _MANY_STEPS) else [inner for inner in call.calls if inner.module is None]
        formulas = dict.fromkeys(text for text in map(formula, own) if text)
        return call, {
            "name": call.name,
            "kind": call.kind,
            "place": call.name or "model",
            "input_shape": self._shapes(inputs),
            "output_shape": None if call.error else _one_or_several(call.outputs),
            "formula": "; ".join(formulas),
            "num_params": self._count(list(module.parameters())),
            "num_macs": sum(map(num_macs, functions)),
            "failed": call.error is not None,
        }

    def _of_function(self, call: Call) -> Iterator[Draft]:
        follow(call, self.views)
        names = [self._record.parameters.get(info.key, "") for info in call.inputs]
        new_params = self._count([self._parameters[name] for name in names if name in self._parameters])
        macs = num_macs(call)
        dependent = [info for info in call.inputs if self.views.depend([info])]
        same = call.kind == "__getitem__" and [info.shape for info in call.outputs] == [call.inputs[0].shape]
        quiet = call.kind in _UNTOLD or same or not dependent
        if quiet and not (new_params or macs or call.error):
            return
        yield (
            call,
            {
                "name": call.name,
                "kind": call.kind.strip("_"),
                "place": f"{call.name}.forward: {call.kind.strip('_')}".lstrip("."),
                "input_shape": self._shapes(call.inputs),
                "output_shape": None if call.error else _one_or_several(call.outputs),
                "formula": formula(call),
                "num_params": new_params,
                "num_macs": macs,
                "failed": call.error is not None,
            },
        )

    def _count(self, parameters: Sequence[nn.Parameter]) -> int:
        """The numbers in those of these parameters that were not counted before."""
        new = {id(parameter): parameter for parameter in parameters if id(parameter) not in self._counted}
        self._counted.update(new)
        return num_params(new.values())

    def _shapes(self, inputs: Sequence[TensorInfo]) -> Shapes:
        """The shapes of what comes from the model's input; of all tensors where none does."""
        dependent = [info for info in inputs if self.views.depend([info])]
        return _one_or_several(dependent or inputs)


def _one_or_several(infos: Sequence[TensorInfo]) -> Shapes:
    return infos[0].shape if len(infos) == 1 else tuple(info.shape for info in infos)
