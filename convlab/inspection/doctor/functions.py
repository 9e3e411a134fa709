"""A call of one of torch's functions that no model makes: the doctor sees it as a model whose forward is that line."""

from __future__ import annotations

import inspect
import itertools
import linecache
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from convlab.inspection.diagnosis import Diagnosis, Fix
from convlab.inspection.doctor.case import Names
from convlab.inspection.doctor.diagnosing import case_of, diagnose_case, same_failure

_SIGNS: dict[Callable[..., Any], str] = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//",
    operator.mod: "%", operator.pow: "**", operator.matmul: "@", operator.and_: "&", operator.or_: "|",
    operator.xor: "^", operator.eq: "==", operator.ne: "!=", operator.lt: "<", operator.le: "<=", operator.gt: ">",
    operator.ge: ">=",
}  # fmt: skip
_numbers = itertools.count(1)


def diagnose_function(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception, *, names: Names
) -> Diagnosis | None:
    """What is to say of a function of torch that raised; None where it runs now, or raises another error.

    Args:
        function: The function; of a method or an operator, that of the class or of the module `operator`.
        args: Its positional arguments, of a method the tensor first.
        kwargs: Its keyword arguments.
        error: What it raised.
        names: How the reader writes the function and each tensor.

    Example:
        >>> picture, kernel = torch.rand(1, 1, 8, 8), torch.rand(3, 3)
        >>> error = RuntimeError("weight should have at least three dimensions")
        >>> diagnosis = diagnose_function(
        ...     F.conv2d, (picture, kernel), {}, error, names=Names("F.conv2d", ("picture", "kernel"))
        ... )
        >>> diagnosis.layer, diagnosis.fixes[0].code
        ('conv2d', 'F.conv2d(picture, kernel[None, None])')
    """
    with _as_model(function, args, kwargs, names) as (model, tensors):
        if model is None:
            return None
        case = case_of(model, tensors, {})
        if not (case.record.on_meta or same_failure(error, case.record.error)):
            return None
        tensors_of = [name for name, value in zip(_names_of(model), tensors, strict=True) if _is_tensor(value)]
        found = diagnose_case(case, Names("model", tuple(tensors_of)))
    fixes = tuple(Fix(_without_line(fix.description), fix.code.removeprefix("return ")) for fix in found.fixes)
    text = re.sub(r" The layers fit each other.*| That is the model's input as it was given\.", "", found.explanation)
    text = _without_line(re.sub(r"the model's input (`\w+`)", r"\1", text))
    return replace(found, error=error, layer=found.layer.rpartition(": ")[2], explanation=text, fixes=fixes, place=None)


def _names_of(model: nn.Module) -> list[str]:
    return list(inspect.signature(model.forward).parameters)


def _is_tensor(value: object) -> bool:
    return isinstance(value, torch.Tensor)


def _without_line(text: str) -> str:
    return re.sub(r"In line 2, in place of `return ([^`]*)`", r"In place of `\1`", text).replace(" in line 2", "")


@contextmanager
def _as_model(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], names: Names
) -> Iterator[tuple[nn.Module | None, list[Any]]]:
    """A model whose forward is the call, and the values of its parameters; the source is at hand while this lasts."""
    parameters: dict[str, Any] = {}
    given = iter(names.inputs)

    def written(value: Any) -> str:
        if isinstance(value, tuple | list) and any(isinstance(part, torch.Tensor) for part in value):
            parts = ", ".join(map(written, value))
            return f"[{parts}]" if isinstance(value, list) else f"({parts},)"
        if value is None or isinstance(value, bool | int | float | str | torch.dtype):
            return repr(value)
        if isinstance(value, tuple | list):
            return repr(tuple(value) if isinstance(value, torch.Size) else value)
        name = next(given, "x") if isinstance(value, torch.Tensor) else "value"
        return _parameter(parameters, name, value)

    positional = [written(value) for value in args]
    named = [f"{key}={written(value)}" for key, value in kwargs.items()]
    line = _line(function, positional, named, names.model)
    file = f"<call {next(_numbers)}>"
    source = f"def forward(self, {', '.join(parameters)}):\n    return {line}\n"
    space: dict[str, Any] = {"__name__": "cell", "torch": torch, "nn": nn, "F": F, "_function": function}
    try:
        exec(compile(source, file, "exec"), space)
    except SyntaxError:
        yield None, []
        return
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        yield type("Call", (nn.Module,), {"forward": space["forward"]})(), list(parameters.values())
    finally:
        linecache.cache.pop(file, None)


def _parameter(parameters: dict[str, Any], name: str, value: Any) -> str:
    """The name of a parameter for this value; one that has it already, or a new one."""
    name = name if name.isidentifier() else re.sub(r"\W+", "_", name).strip("_") or "x"
    for number in itertools.count():
        numbered = f"{name}{number or ''}"
        if numbered not in parameters or parameters[numbered] is value:
            parameters[numbered] = value
            return numbered
    raise AssertionError("there is always another number")


def _line(function: Callable[..., Any], positional: list[str], named: list[str], text: str) -> str:
    """The call as a line of code."""
    if function in _SIGNS and len(positional) == 2:
        return f" {_SIGNS[function]} ".join(positional)
    name = getattr(function, "__name__", "")
    if getattr(torch.Tensor, name, None) is function:
        return f"{positional[0]}.{name}({', '.join([*positional[1:], *named])})"
    room = text.rpartition(".")[0]
    known = text if room in ("F", "torch", "nn.functional", "torch.nn.functional") else f"F.{name}"
    if not hasattr(F if known.startswith(("F.", "nn.f", "torch.nn.f")) else torch, name):
        known = "_function"
    return f"{known}({', '.join([*positional, *named])})"
