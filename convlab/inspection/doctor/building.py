"""Layers written as a reader writes them, `nn.Conv2d(3, 8, 3, padding=1)`, and lines that put them into a model."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from convlab.inspection.doctor.case import Case, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import spot
from convlab.inspection.doctor.source import built_at
from convlab.inspection.record import Call
from convlab.nn import deform
from convlab.nn.deform_base import DeformConv

_KINDS = (
    "Conv", "ConvTranspose", "BatchNorm", "InstanceNorm", "MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool",
    "LPPool", "MaxUnpool", "Dropout", "DeformConv",
)  # fmt: skip
_METHODS = {torch.float32: ".float()", torch.float64: ".double()", torch.float16: ".half()"}
_LEFT_OUT = ("device", "dtype", "self", "args", "kwargs")


def constructor(module: nn.Module, kind: type[nn.Module] | None = None, **changes: Any) -> str:
    """The line that makes a layer of torch like this one, but for some of its arguments.

    Args:
        module: A layer of torch.
        kind: The class to make; the layer's own if not given.
        **changes: Arguments that differ.

    Example:
        >>> constructor(nn.Conv2d(3, 8, 3, padding=1, bias=False), in_channels=4)
        'nn.Conv2d(4, 8, 3, padding=1, bias=False)'
        >>> constructor(nn.MaxPool2d(2), nn.MaxPool1d)
        'nn.MaxPool1d(2)'
    """
    kind = kind or eager(type(module))
    written = []
    parameters = inspect.signature(nn.RNNBase if issubclass(kind, nn.RNNBase) else kind).parameters.values()
    for parameter in parameters:
        if parameter.name in _LEFT_OUT or (parameter.name == "mode" and issubclass(kind, nn.RNNBase)):
            continue
        value = changes.get(parameter.name, _value(module, parameter.name))
        is_new_size = parameter.name == "output_size" and parameter.name in changes
        if parameter.default is parameter.empty or is_new_size:
            written.append(literal(value, parameter.name))
        elif not _is_default(value, parameter, module, changes):
            written.append(f"{parameter.name}={literal(value, parameter.name)}")
    weight = next(iter(module.parameters()), None)
    if weight is not None and weight.is_floating_point() and weight.dtype != torch.get_default_dtype():
        written.append(f"dtype={weight.dtype}")
    room = "convlab.nn" if issubclass(kind, DeformConv) else "nn"
    return f"{room}.{kind.__name__}({', '.join(written)})"


def replaced(
    case: Case, call: Call, words: str, cost: float, kind: type[nn.Module] | None = None, **changes: Any
) -> Edit:
    """An edit that builds a layer anew with some arguments changed.

    Args:
        case: The model that failed.
        call: The call of the layer.
        words: What the edit does, in a sentence without the period.
        cost: That of the edit.
        kind: The class to make; the layer's own if not given.
        **changes: Arguments that differ.

    Example:
        >>> case = Case.of(nn.Sequential(nn.Conv1d(1, 8, 3)), torch.empty(1, 2, 9))
        >>> replaced(case, case.failing, "Build it for 2 channels", 1, in_channels=2).code
        'model[0] = nn.Conv1d(2, 8, 3)'
    """
    assert call.module is not None
    line = assignment(case.model, call.name, constructor(call.module, kind, **changes))
    found = built_at(case.model, call.name) if call.name else None
    built = f"; it is built in {spot(*found[:2])} by `{found[2]}`" if found is not None else ""
    return Edit(place(call), line, f"{words}{built}.", cost)


def in_front(case: Case, call: Call, layer: str, words: str, cost: float) -> Edit:
    """An edit that puts another layer in front of one.

    Example:
        >>> case = Case.of(nn.Sequential(nn.Linear(4, 2)), torch.empty(1, 2, 2))
        >>> in_front(case, case.failing, "nn.Flatten()", "Flatten", 1).code
        'model[0] = nn.Sequential(nn.Flatten(), model[0])'
    """
    line = assignment(case.model, call.name, f"nn.Sequential({layer}, {path(case.model, call.name)})")
    return Edit(place(call), line, f"{words}.", cost)


def family(module: nn.Module | None) -> tuple[str, int] | None:
    """The kind of a layer and the number of its spatial axes; None where it comes in one form only.

    Example:
        >>> family(nn.MaxPool2d(2)), family(nn.Linear(1, 1))
        (('MaxPool', 2), None)
    """
    name = eager(type(module)).__name__ if module is not None else ""
    return (name[:-2], int(name[-2])) if name[:-2] in _KINDS and name.endswith("d") else None


def of_family(kind: str, axes: int) -> type[nn.Module]:
    """The layer of a kind for so many spatial axes.

    Example:
        >>> of_family("MaxPool", 1).__name__, of_family("DeformConv", 3).__name__
        ('MaxPool1d', 'DeformConv3d')
    """
    found: type[nn.Module] = getattr(deform if kind == "DeformConv" else nn, f"{kind}{axes}d")
    return found


def adapted(module: nn.Module | None, axes: int) -> dict[str, Any]:
    """The arguments of a layer's window, with one number for each of so many axes.

    Example:
        >>> adapted(nn.Conv2d(1, 1, (3, 5)), 3)["kernel_size"], adapted(nn.Conv2d(1, 1, (3, 5)), 1)["kernel_size"]
        ((3, 3, 3), (5,))
    """
    changes = {}
    for name in ("kernel_size", "stride", "padding", "dilation", "output_padding", "output_size"):
        value = getattr(module, name, None)
        if isinstance(value, tuple) and value:
            changes[name] = value[-axes:] if len(value) >= axes else (value[0],) * axes
    return changes


def conversion(dtype: torch.dtype) -> str:
    """The method that brings a tensor or a model to a dtype.

    Example:
        >>> conversion(torch.float32), conversion(torch.bfloat16)
        ('.float()', '.to(torch.bfloat16)')
    """
    return _METHODS.get(dtype, f".to({dtype})")


def eager(kind: type[nn.Module]) -> type[nn.Module]:
    """The class that is not lazy: `nn.Conv2d` of an `nn.LazyConv2d`.

    Example:
        >>> eager(nn.LazyLinear).__name__
        'Linear'
    """
    other = getattr(nn, kind.__name__.removeprefix("Lazy"), kind)
    return other if isinstance(other, type) else kind


def literal(value: Any, name: str = "") -> str:
    """A value as it is written in a call: equal numbers, one for each axis, are written once.

    Example:
        >>> literal((3, 3)), literal((1, 2)), literal((8, 12), "normalized_shape"), literal((8,), "normalized_shape")
        ('3', '(1, 2)', '[8, 12]', '8')
    """
    if name == "normalized_shape":
        sizes = list(value) if isinstance(value, tuple | list) else [value]
        return str(sizes[0]) if len(sizes) == 1 else str(sizes)
    if isinstance(value, tuple | list) and value and len(set(value)) == 1:
        return repr(value[0])
    return repr(tuple(value) if isinstance(value, list) else value)


def path(model: nn.Module, name: str) -> str:
    """The expression for a part of the model: a module, a parameter or a buffer.

    Example:
        >>> path(nn.Sequential(nn.Sequential(nn.ReLU())), "0.0")
        'model[0][0]'
        >>> path(nn.ModuleDict({"a b": nn.ReLU()}), "a b"), path(nn.Linear(2, 2), "weight")
        ("model['a b']", 'model.weight')
    """
    text, here = "model", model
    for part in name.split(".") if name else []:
        if (
            isinstance(here, nn.Sequential | nn.ModuleList)
            and part.isdigit()
            and list(here._modules).index(part) == int(part)
        ):
            text += f"[{part}]"
        elif isinstance(here, nn.ModuleDict):
            text += f"[{part!r}]"
        elif part.isidentifier():
            text += f".{part}"
        else:
            text += f".get_submodule({part!r})"
        here = here.get_submodule(part) if part in here._modules else here
    return text


def assignment(model: nn.Module, name: str, value: str) -> str:
    """The line that puts something else in the place of a part of the model.

    Example:
        >>> assignment(nn.Sequential(nn.Linear(2, 2)), "0", "nn.Identity()")
        'model[0] = nn.Identity()'
    """
    target = path(model, name)
    if target.endswith(")"):
        parent, _, leaf = name.rpartition(".")
        return f"{path(model, parent)}.add_module({leaf!r}, {value})"
    return f"{target} = {value}"


def _value(module: nn.Module, name: str) -> Any:
    value = getattr(module, name, None)
    if isinstance(module, nn.MultiheadAttention) and name == "bias":
        return module.in_proj_bias is not None
    if name == "bias":
        return value if isinstance(value, bool) else value is not None
    return value


def _is_default(value: Any, parameter: inspect.Parameter, module: nn.Module, changes: dict[str, Any]) -> bool:
    if parameter.name == "stride" and parameter.default is None:  # of pooling: the window's size
        return value is None or value == changes.get("kernel_size", getattr(module, "kernel_size", None))
    if value is None:  # or there is no such attribute, and so no way to tell
        return parameter.default is None or not (parameter.name in changes or hasattr(module, parameter.name))
    default = parameter.default
    if isinstance(value, tuple | list) and isinstance(default, int) and not isinstance(default, bool):
        return all(entry == default for entry in value)
    return bool(value == default)
