"""Which function of torch a line calls, and with what: read from the line, or from torch's own frame."""

from __future__ import annotations

import ast
import inspect
import operator
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, TypeAlias

import torch
from torch.overrides import resolve_name
from torch.utils import _pytree as pytree

from convlab.inspection.doctor.case import Names
from convlab.notebook.values import NotPureError, is_tensor
from convlab.notebook.words import Line, tensor_names

Called: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], Names]

OPERATORS: dict[type[ast.operator | ast.cmpop], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def called_function(line: Line, inside: FrameType | None) -> Called | None:
    """The function of torch that failed, its arguments, and how the reader writes them; None where it cannot be told.

    A function that changes its tensors is none of these: nobody could try it again.

    Args:
        line: The reader's line.
        inside: The frame of torch that the line led to; None where it led to a function written in C.

    Example:
        >>> called_function(Line(None, inspect.currentframe()), None) is None
        True
    """
    try:
        called = _of_line(line)
    except NotPureError:
        called = _of_frame(inside, line) if inside is not None else None
    if called is None:
        return None
    function, args, kwargs, _ = called
    name = getattr(function, "__name__", "")
    changes = name == "backward" or (name.endswith("_") and not name.endswith("__")) or "out" in kwargs
    has_tensor = any(isinstance(leaf, torch.Tensor) for leaf in pytree.tree_leaves((args, kwargs)))
    return called if has_tensor and not changes else None


def _of_line(line: Line) -> Called | None:
    node = line.node
    if node is None:
        raise NotPureError("no source")
    if isinstance(node, ast.Call):
        return _of_call(line, node)
    if isinstance(node, ast.BinOp):
        return _of_operator(line, node.op, [node.left, node.right])
    if isinstance(node, ast.AugAssign):
        return _of_operator(line, node.op, [node.target, node.value])
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _of_operator(line, node.ops[0], [node.left, *node.comparators])
    return None


def _of_operator(line: Line, sign: ast.operator | ast.cmpop, nodes: Sequence[ast.expr]) -> Called | None:
    function = OPERATORS.get(type(sign))
    if function is None:
        return None
    values = tuple(line.value(node) for node in nodes)
    return function, values, {}, Names(function.__name__, tensor_names(function, values, {}, nodes, line))


def _of_call(line: Line, node: ast.Call) -> Called | None:
    if any(isinstance(part, ast.Starred) for part in node.args) or any(part.arg is None for part in node.keywords):
        raise NotPureError("a star")
    nodes, function = list(node.args), None
    if isinstance(node.func, ast.Attribute) and is_tensor(line.value(node.func.value)):
        function = getattr(torch.Tensor, node.func.attr, None)
        nodes = [node.func.value, *nodes]
    else:
        function = line.value(node.func)
    if function is None or not resolve_name(function):
        return None
    args = tuple(line.value(part) for part in nodes)
    kwargs = {str(part.arg): line.value(part.value) for part in node.keywords}
    nodes += [part.value for part in node.keywords]
    return function, args, kwargs, Names(line.source(node.func), tensor_names(function, args, kwargs, nodes, line))


def _of_frame(inside: FrameType, line: Line) -> Called | None:
    """The function that this frame of torch runs, with the arguments that it was given."""
    name = inside.f_code.co_name
    known = (inside.f_globals.get(name), getattr(torch.Tensor, name, None))
    function = next((one for one in known if getattr(one, "__code__", None) is inside.f_code), None)
    if function is None or not resolve_name(function):
        return None
    given = _given(function, line)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    nodes: list[ast.expr | None] = []
    for parameter in inspect.signature(function).parameters.values():
        value = inside.f_locals[parameter.name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += value
            nodes += given.get(parameter.name) or [None] * len(value)
        elif parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[parameter.name] = value
            nodes.append(given.get(parameter.name))
        elif parameter.kind is not parameter.VAR_KEYWORD:
            args.append(value)
            nodes.append(given.get(parameter.name))
    text = line.source(line.node.func) if isinstance(line.node, ast.Call) else name
    return function, tuple(args), kwargs, Names(text, tensor_names(function, args, kwargs, nodes, line))


def _given(function: Callable[..., Any], line: Line) -> dict[str, Any]:
    """The expression that the line gives for each parameter; for `*args` several."""
    node = line.node
    if not isinstance(node, ast.Call) or any(isinstance(part, ast.Starred) for part in node.args):
        return {}
    method = isinstance(node.func, ast.Attribute) and getattr(torch.Tensor, node.func.attr, None) is function
    own = [node.func.value] if method and isinstance(node.func, ast.Attribute) else []
    keywords = {part.arg: part.value for part in node.keywords if part.arg is not None}
    return inspect.signature(function).bind(*own, *node.args, **keywords).arguments
