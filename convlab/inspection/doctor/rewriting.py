"""A module with another expression in one of its methods: the changed source compiled, and a class of its own."""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass

from torch import nn

from convlab.inspection.doctor.source import Expression

_FUTURE = 0x1000000
"""The flag of `from __future__ import annotations`."""


@dataclass(frozen=True)
class Rewrite:
    """One part of an expression, and the text to put in its place.

    Attributes:
        expression: The expression.
        node: The part.
        text: Its new text.

    Example:
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return x.flatten(0)
        >>> import torch
        >>> from convlab.inspection import record
        >>> from convlab.inspection.doctor.source import expression_at
        >>> net, x = Net(), torch.ones(2, 3)
        >>> found = expression_at(record(net, [x]).model.calls[0].place)
        >>> Rewrite(found, found.node, "x + 1").apply(net), net(x).shape
        (True, torch.Size([2, 3]))
    """

    expression: Expression
    node: ast.AST
    text: str

    def apply(self, module: nn.Module) -> bool:
        """Gives the module, a copy, a class of its own with the changed method; False where no method is concerned."""
        code = self.expression.code
        attribute = _attribute(type(module), code)
        if attribute is None:
            return False
        name, function = attribute
        changed = _function_like(self.expression.replaced(self.node, self.text), function)
        if changed is None:
            return False
        module.__class__ = type(type(module).__name__, (type(module),), {name: changed})
        return True


def _attribute(kind: type, code: types.CodeType) -> tuple[str, types.FunctionType] | None:
    """The method that has this code, itself or in a function or comprehension inside."""
    for base in kind.__mro__:
        for name, value in vars(base).items():
            if not isinstance(value, types.FunctionType):
                continue
            if any(part is code for part in (value.__code__, *_codes(value.__code__))):
                return name, value
    return None


def _function_like(text: str, function: types.FunctionType) -> types.FunctionType | None:
    """The function as this source has it, with the globals, defaults and closure of the one that there is."""
    old = function.__code__
    try:
        compiled = compile(text, old.co_filename, "exec", dont_inherit=True, flags=old.co_flags & _FUTURE)
    except (SyntaxError, ValueError):
        return None
    same = [
        code for code in _codes(compiled) if (code.co_name, code.co_firstlineno) == (old.co_name, old.co_firstlineno)
    ]
    if not same or not set(same[0].co_freevars) <= set(old.co_freevars):
        return None
    cells = dict(zip(old.co_freevars, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in same[0].co_freevars)
    made = types.FunctionType(same[0], function.__globals__, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _codes(code: types.CodeType) -> list[types.CodeType]:
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return inner + [deeper for part in inner for deeper in _codes(part)]
