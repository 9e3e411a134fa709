"""What an expression of the reader's is worth, found without running code of the reader's again."""

from __future__ import annotations

import ast
import inspect
import operator
from collections.abc import Callable
from types import FrameType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import torch
from torch import nn

NUMBER_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
TENSOR_ATTRIBUTES = {"T", "mT", "H", "mH", "data", "grad", "shape", "dtype", "device", "ndim", "real", "imag"}
TENSOR_METHODS = {
    "size", "dim", "numel", "view", "reshape", "flatten", "unsqueeze", "squeeze", "permute", "transpose", "t",
    "expand", "contiguous", "detach", "clone", "float", "double", "half", "bfloat16", "long", "int", "to", "type",
    "movedim", "unflatten", "mean", "sum", "argmax", "repeat",
}  # fmt: skip
"""Methods that leave their tensor, and torch's random state, as they are."""
FUNCTIONS: set[Any] = {len, int, torch.rand, torch.randn, torch.zeros, torch.ones, torch.empty, torch.full}
FUNCTIONS |= {torch.arange, torch.randint, torch.rand_like, torch.randn_like, torch.zeros_like, torch.ones_like}


class NotPureError(Exception):
    """The expression may do more than give a value.

    Example:
        >>> try:
        ...     value_of(ast.parse("print(1)", mode="eval").body, inspect.currentframe())
        ... except NotPureError as reason:
        ...     print(reason)
        a call
    """


def value_of(node: ast.expr, frame: FrameType) -> Any:
    """The value of an expression in a frame, if it is made of names, attributes, constants and the like.

    Torch's random state is put back where the expression makes random tensors: these have the shapes of the reader's,
    and other numbers.

    Args:
        node: The expression.
        frame: The frame whose names it uses.

    Raises:
        NotPureError: If finding the value could run code of the reader's, or change anything.

    Example:
        >>> x = torch.zeros(2, 3)
        >>> value_of(ast.parse("x.view(x.size(0), -1), 16 * 5 * 5", mode="eval").body, inspect.currentframe())
        (tensor([[0., 0., 0.],
                [0., 0., 0.]]), 400)
        >>> value_of(ast.parse("x.zero_()", mode="eval").body, inspect.currentframe())
        Traceback (most recent call last):
        convlab.notebook.values.NotPureError: an attribute of a tensor
    """
    cuda = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.no_grad(), torch.random.fork_rng(devices=cuda):
        return _Values(frame).visit(node)


class _Values(ast.NodeVisitor):
    def __init__(self, frame: FrameType) -> None:
        self._names = (frame.f_locals, frame.f_globals, frame.f_builtins)

    def generic_visit(self, node: ast.AST) -> Any:
        raise NotPureError(type(node).__name__)

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node.value

    def visit_Name(self, node: ast.Name) -> Any:
        for names in self._names:
            if node.id in names:
                return names[node.id]
        raise NotPureError(f"{node.id} is not there any more")

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        return _attribute(self.visit(node.value), node.attr)

    def visit_Tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.visit(element) for element in node.elts)

    def visit_List(self, node: ast.List) -> list[Any]:
        return [self.visit(element) for element in node.elts]

    def visit_Slice(self, node: ast.Slice) -> slice:
        return slice(*(part and self.visit(part) for part in (node.lower, node.upper, node.step)))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        if not isinstance(node.op, ast.USub) or not _is_number(value):
            raise NotPureError("an operator")
        return -value

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        left, right = self.visit(node.left), self.visit(node.right)
        if type(node.op) not in NUMBER_OPERATORS or not (_is_number(left) and _is_number(right)):
            raise NotPureError("an operator")
        return NUMBER_OPERATORS[type(node.op)](left, right)

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        value, index = self.visit(node.value), self.visit(node.slice)
        layers = isinstance(value, nn.Sequential | nn.ModuleList | nn.ModuleDict)
        if not layers and not is_tensor(value) and type(value) not in (list, tuple, dict, torch.Size):
            raise NotPureError("an index")
        return value[index]

    def visit_Call(self, node: ast.Call) -> Any:
        if any(isinstance(part, ast.Starred) for part in node.args) or any(part.arg is None for part in node.keywords):
            raise NotPureError("a call")
        method = isinstance(node.func, ast.Attribute) and node.func.attr in TENSOR_METHODS
        if method and isinstance(node.func, ast.Attribute) and is_tensor(of := self.visit(node.func.value)):
            function = getattr(of, node.func.attr)
        else:
            function = self.visit(node.func)
            if not any(function is known for known in FUNCTIONS):
                raise NotPureError("a call")
        args = [self.visit(part) for part in node.args]
        return function(*args, **{str(part.arg): self.visit(part.value) for part in node.keywords})


def is_tensor(value: object) -> bool:
    """Whether this is a tensor of torch itself, not of a class of the reader's.

    Example:
        >>> is_tensor(torch.zeros(2)), is_tensor(2)
        (True, False)
    """
    return type(value) in (torch.Tensor, nn.Parameter)


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _attribute(of: Any, name: str) -> Any:
    """The attribute, if no property has to run for it."""
    if isinstance(of, nn.Module):
        for parts in (of._parameters, of._buffers, of._modules):
            if name in parts:
                return parts[name]
    if isinstance(of, ModuleType):
        if name in vars(of):
            return vars(of)[name]
        raise NotPureError("an attribute of a module")
    if is_tensor(of):
        if name in TENSOR_ATTRIBUTES:
            return getattr(of, name)
        raise NotPureError("an attribute of a tensor")
    try:
        found = inspect.getattr_static(of, name)
    except AttributeError:
        raise NotPureError("an attribute that is computed") from None
    if not hasattr(type(found), "__get__"):
        return found
    if isinstance(found, FunctionType | MemberDescriptorType):
        return getattr(of, name)
    raise NotPureError("a property")
