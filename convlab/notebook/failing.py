"""From an exception to the call that failed: the outermost model, or a function of torch, with what it was given."""

from __future__ import annotations

import ast
import copy
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from convlab.inspection.doctor.case import Names
from convlab.notebook.functions import called_function
from convlab.notebook.values import NotPureError
from convlab.notebook.words import Line, argument_nodes, line_of, tensor_names

LIBRARIES = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")})


@dataclass(frozen=True)
class FailedCall:
    """A call that ended with an exception.

    Attributes:
        function: The outermost model, or a function of torch that was called outside of any.
        args: Its positional arguments; of a method the tensor first.
        kwargs: Its keyword arguments.
        names: How the reader writes the model, or the function, and each tensor that it was given.
        place: File and line of the call in the reader's code; None where it stands in a library.

    Example:
        >>> import torch
        >>> net, images = nn.Linear(4, 2), torch.zeros(1, 5)
        >>> try:
        ...     net(images)
        ... except RuntimeError as error:
        ...     failed = failed_call(error)
        >>> failed.function is net, failed.args[0] is images
        (True, True)
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    names: Names
    place: tuple[str, int] | None = None


def failed_call(error: BaseException) -> FailedCall | None:
    """The call of a model or of torch that raised this; None where there is none, or it cannot be told.

    Args:
        error: The exception, with its traceback.

    Example:
        >>> failed_call(ValueError("not raised")) is None
        True
    """
    steps = list(_steps(error.__traceback__))
    for number, step in enumerate(steps):
        if step.tb_next is not None and step.tb_next.tb_frame.f_code.co_name == "forward":
            called = _of_forward(line_of(step), _place(step))
            if called is not None:
                return called
        if step.tb_frame.f_code is nn.Module._wrapped_call_impl.__code__:
            own = [outer for outer in steps[:number] if not _is_torch(outer.tb_frame)]
            call = _of_module(step.tb_frame, own[-1] if own else None)
            return None if isinstance(call.function, torch.jit.ScriptModule) else call
    own = [step for step in steps if not _is_torch(step.tb_frame)]
    if not own or not _is_readers(own[-1].tb_frame):
        return None
    inside = steps[steps.index(own[-1]) + 1 :]
    function = called_function(line_of(own[-1]), inside[0].tb_frame if inside else None)
    return FailedCall(*function, _place(own[-1])) if function is not None else None


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    """The traceback from the outside in."""
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_torch(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).split(".")[0] == "torch"


def _is_readers(frame: FrameType) -> bool:
    """Whether the code is the reader's own: in no library, and not in this package."""
    name = str(frame.f_globals.get("__name__", ""))
    return name.split(".")[0] != "convlab" and not frame.f_code.co_filename.startswith(LIBRARIES)


def _place(step: TracebackType) -> tuple[str, int]:
    return step.tb_frame.f_code.co_filename, step.tb_lineno


def _of_module(frame: FrameType, caller: TracebackType | None) -> FailedCall:
    """The call that torch's own `Module.__call__` was asked for."""
    module, args, kwargs = (frame.f_locals[name] for name in ("self", "args", "kwargs"))
    line = place = None
    if caller is not None and _is_readers(caller.tb_frame):
        line, place = line_of(caller), _place(caller)
    node = line.node if line is not None else None
    nodes = argument_nodes(node, len(args), list(kwargs)) if isinstance(node, ast.Call) else []
    inputs = tensor_names(module.forward, args, kwargs, nodes, line)
    text = None
    if line is not None and isinstance(node, ast.Call) and line.is_value(node.func, module):
        text = line.source(node.func)
    while isinstance(module, DataParallel | DistributedDataParallel):
        module, text = module.module, text and f"{text}.module"
    module = getattr(module, "_orig_mod", module)  # of torch.compile
    text = text or (line.name_of(module) if line is not None else None)
    if module._compiled_call_impl is not None:  # by module.compile(): a copy with the same layers is not compiled
        module = copy.copy(module)
    return FailedCall(module, args, kwargs, Names(text or "model", inputs), place)


def _of_forward(line: Line, place: tuple[str, int]) -> FailedCall | None:
    """A call that the reader writes as `net.forward(x)`."""
    node = line.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    try:
        module = line.value(node.func.value)
        args = tuple(line.value(part) for part in node.args)
        kwargs = {str(part.arg): line.value(part.value) for part in node.keywords if part.arg is not None}
    except NotPureError:
        return None
    if node.func.attr != "forward" or not isinstance(module, nn.Module) or len(kwargs) != len(node.keywords):
        return None
    inputs = tensor_names(module.forward, args, kwargs, [*node.args, *(part.value for part in node.keywords)], line)
    return FailedCall(module, args, kwargs, Names(line.source(node.func.value), inputs), place)
