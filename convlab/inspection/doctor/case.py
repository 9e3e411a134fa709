"""A model that stopped: what was recorded of it, and the way from a tensor back to the layer that it came from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import nn

from convlab.inspection.calls import is_deformable
from convlab.inspection.record import Call, Record, TensorInfo, record

# What hands on each element at its place: the channels and the layout stay those of what came in.
KEEPS_LAYOUT = (
    "relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh", "softmax", "log_softmax", "dropout", "batch_norm",
    "instance_norm", "group_norm", "layer_norm", "clamp", "div", "truediv", "float", "double", "half", "to", "type",
    "contiguous", "clone", "detach", "hardtanh", "relu6", "hardswish", "mish", "selu", "prelu", "softplus", "celu",
    "rsub", "neg", "abs", "exp", "log", "sqrt", "rename", "long", "int", "type_as", "nan_to_num",
)  # fmt: skip
KEEPS_CHANNELS = (*KEEPS_LAYOUT, "pool", "interpolate", "upsample", "pad", "add", "sub", "mul", "unpool", "expand")
KEEPS_FEATURES = ("relu", "dropout", "batch_norm")
ARITHMETIC = ("add", "sub", "mul", "div", "truediv", "iadd", "isub", "imul", "radd", "rsub", "rmul", "pow", "rpow")
JOINS = ("cat", "concat", "stack")
PRODUCTS = ("matmul", "bmm", "mm")
VIEWS = ("view", "reshape")


@dataclass(frozen=True)
class Names:
    """What the reader calls the model and its inputs.

    Attributes:
        model: An expression such as "net" or "self.encoder".
        inputs: One expression for each input; where there are fewer, those of the model's `forward` serve.

    Example:
        >>> Names(model="net").inputs
        ()
    """

    model: str = "model"
    inputs: tuple[str, ...] = ()


@dataclass(eq=False)
class Case:
    """A model, what it was given, and the record of the run that stopped.

    Attributes:
        model: The model; nobody changes it.
        args: Its positional arguments.
        options: Its keyword arguments.
        record: What happened.

    Example:
        >>> case = Case.of(nn.Sequential(nn.ReLU(), nn.Linear(4, 2)), torch.empty(1, 5))
        >>> place(case.failing), [place(call) for call in case.leaves]
        ('1', ['0', '1'])
    """

    model: nn.Module
    args: tuple[Any, ...]
    options: Mapping[str, Any]
    record: Record

    @classmethod
    def of(cls, model: nn.Module, *args: Any, **options: Any) -> Case:
        """The case of a model that is run with these arguments.

        Example:
            >>> Case.of(nn.Linear(4, 2), torch.empty(1, 5)).inputs["x"].shape
            torch.Size([1, 5])
        """
        return cls(model, args, options, record(model, args, options))

    @cached_property
    def failing(self) -> Call:
        """The innermost layer or function that raised; a module of the reader's where its own code did."""
        call = self.record.model
        while not _is_leaf(call):
            inner = [part for part in call.calls if part.error is not None]
            if not inner:
                break
            call = inner[-1]
        return call

    @cached_property
    def leaves(self) -> list[Call]:
        """The layers and functions in the order in which they were called."""
        return list(_leaves(self.record.model))

    @cached_property
    def inputs(self) -> dict[str, torch.Tensor]:
        """The input tensors by the names under which edits know them: `x` where there is only one."""
        given = {**dict(zip(self.argument_names, self.args, strict=False)), **self.options}
        tensors = {name: value for name, value in given.items() if isinstance(value, torch.Tensor)}
        return {"x": next(iter(tensors.values()))} if len(tensors) == 1 else tensors

    @cached_property
    def argument_names(self) -> list[str]:
        """The names of the positional arguments; the tensor's is `x` where there is only one tensor."""
        given = [*self.args, *self.options.values()]
        alone = sum(isinstance(value, torch.Tensor) for value in given) == 1
        names = [name for name in _parameters(self.model) if name not in self.options]
        names += [f"x{number}" for number in range(len(names), len(self.args))]
        return [
            "x" if alone and isinstance(value, torch.Tensor) else name
            for name, value in zip(names, self.args, strict=False)
        ]

    def info(self, name: str) -> TensorInfo:
        """What the record says of an input."""
        position = list(self.inputs).index(name)
        return self.record.inputs[position]

    def producer(self, tensor: TensorInfo) -> Call | None:
        """The layer or function that gave this tensor; None for an input, a parameter or a buffer."""
        made = [call for call in self.leaves if any(tensor.key == out.key for out in call.outputs)]
        return made[-1] if made else None

    def back(self, tensor: TensorInfo, through: tuple[str, ...]) -> tuple[TensorInfo, Call | None]:
        """The tensor that this one goes back to through calls of these kinds, and what gave it."""
        call = self.producer(tensor)
        while call is not None and call.inputs and is_one_of(call, through):
            tensor = call.inputs[0]
            call = self.producer(tensor)
        return tensor, call

    def readers(self, tensor: TensorInfo) -> list[Call]:
        """The layers and functions that the tensor went into."""
        return [call for call in self.leaves if any(tensor.key == given.key for given in call.inputs)]

    def door(self, name: str) -> Call | None:
        """The first layer that has a say about the layout of this input, what keeps the layout being passed by."""
        waiting = [self.info(name)]
        while waiting:
            for call in self.readers(waiting.pop(0)):
                if not is_one_of(call, KEEPS_LAYOUT) or "norm" in function_of(call):
                    return call
                waiting += call.outputs
        return None

    def is_input(self, tensor: TensorInfo) -> str | None:
        """The name of the input that this tensor is, in the same layout; None where it was computed otherwise."""
        start, _ = self.back(tensor, KEEPS_LAYOUT)
        return next((name for name in self.inputs if self.info(name).key == start.key), None)

    def is_given(self, tensor: TensorInfo) -> bool:
        """Whether this is an input itself, untouched."""
        return any(tensor.key == given.key for given in self.record.inputs)


def is_layer(call: Call) -> bool:
    """Whether the call is one of torch's own layers, a deformable convolution of this package, or a function.

    Example:
        >>> is_layer(Call("0", "Linear", nn.Linear(1, 1))), is_layer(Call("", "Sequential", nn.Sequential()))
        (True, False)
    """
    if call.module is None:
        return True
    own = type(call.module).__module__.startswith("torch.nn.modules.")
    if is_deformable(call.module):
        return True
    return own and not isinstance(call.module, nn.Sequential | nn.ModuleList | nn.ModuleDict)


def place(call: Call) -> str:
    """The name of a call: "conv1", "model" for the model itself, "forward: view", or "up.forward: cat".

    Example:
        >>> place(Call("up", "cat")), place(Call("", "Net", nn.Module()))
        ('up.forward: cat', 'model')
    """
    if call.module is not None:
        return call.name or "model"
    return f"{call.name}.forward: {call.kind.strip('_')}".lstrip(".")


def function_of(call: Call) -> str:
    """The name of what a call computes, in the words of torch's functions: "batch_norm" for an `nn.BatchNorm2d`.

    Example:
        >>> function_of(Call("pool", "MaxPool2d", nn.MaxPool2d(2))), function_of(Call("", "__iadd__"))
        ('max_pool2d', 'iadd')
    """
    if call.module is None:
        return call.kind.strip("_")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", call.kind).lower()
    name = re.sub(r"_lu\b", "lu", name.replace("re_lu", "relu"))
    return re.sub(r"(norm)\dd", r"\1", name)


def is_one_of(call: Call, names: tuple[str, ...]) -> bool:
    """Whether the call is named so, or has the name as a part of its own: "pool" of "max_pool2d".

    Example:
        >>> is_one_of(Call("", "max_pool2d"), ("pool",)), is_one_of(Call("", "embedding"), ("add",))
        (True, False)
    """
    function = function_of(call)
    parts = re.sub(r"\dd$", "", function.removesuffix("_with_indices")).split("_")
    return any(name == function or name in parts for name in names)


def weight_of(call: Call) -> TensorInfo | None:
    """What is known of the weight that a function was given; None where it takes none.

    Example:
        >>> case = Case.of(nn.Linear(4, 2), torch.empty(1, 5))
        >>> weight_of(case.failing) is None, weight_of(case.failing.calls[0]).shape
        (True, (2, 4))
    """
    takes_one = call.module is None and function_of(call).startswith(("conv", "linear"))
    return call.inputs[1] if takes_one and len(call.inputs) > 1 else None


def spatial_axes(kind: str) -> int | None:
    """The number of spatial axes that a name tells: 2 of "Conv2d" and of "max_pool2d_with_indices".

    Example:
        >>> spatial_axes("max_pool2d_with_indices"), spatial_axes("Linear")
        (2, None)
    """
    found = re.search(r"([123])d(_with_indices)?$", kind)
    return int(found[1]) if found else None


def _is_leaf(call: Call) -> bool:
    """Whether a call is taken as one: a layer of torch, unless one of the layers that it is made of failed."""
    if call.module is not None and is_deformable(call.module):
        return True
    return is_layer(call) and not any(part.module is not None and part.error is not None for part in call.calls)


def _leaves(call: Call) -> Iterator[Call]:
    for part in call.calls:
        if _is_leaf(part):
            yield part
        else:
            yield from _leaves(part)


def _parameters(model: nn.Module) -> list[str]:
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
