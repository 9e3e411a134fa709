"""The reader's own lines: the expression behind a recorded call, its parts, and the line that builds a layer."""

from __future__ import annotations

import ast
import functools
import linecache
import textwrap
import types
from dataclasses import dataclass

from torch import nn

from convlab.inspection.doctor.case import JOINS
from convlab.inspection.record import Call, Place


@dataclass(frozen=True)
class Expression:
    """The expression of a call in the source.

    Attributes:
        node: The call, the operator or the subscript.
        statement: The statement that it stands in.
        text: The source of the whole file or notebook cell.
        code: The compiled code that the call belongs to.

    Example:
        >>> expression_at(None) is None
        True
    """

    node: ast.expr | ast.AugAssign
    statement: ast.stmt
    text: str
    code: types.CodeType

    def source(self, node: ast.AST) -> str:
        """The text of a part of the expression."""
        return ast.get_source_segment(self.text, node) or ast.unparse(node)

    def line(self, node: ast.AST | None = None, text: str | None = None) -> str:
        """The statement in one line, of `if` and its like the head; with other text in the place of a part if told."""
        replaced = self.text if node is None or text is None else self.replaced(node, text)
        added = len(replaced.splitlines()) - len(self.text.splitlines())
        lines = replaced.splitlines()[self.statement.lineno - 1 : self._last_line + added]
        joined = " ".join(line.strip() for line in lines)
        if len(lines) == 1:
            return joined
        if "#" in joined:  # the comments would hide the rest of the line
            tree = _parsed(textwrap.dedent("\n".join(lines)))
            joined = ast.unparse(tree) if tree is not None else joined
        return joined.replace("( ", "(").replace(" )", ")").replace(" .", ".").replace(", )", ")").replace(",)", ")")

    def replaced(self, node: ast.AST, text: str) -> str:
        """The source of the whole file with other text in the place of a part, whose columns count bytes."""
        lines = self.text.splitlines(keepends=True)
        first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
        head = lines[first].encode()[: node.col_offset].decode()  # type: ignore[attr-defined]
        tail = lines[last].encode()[node.end_col_offset :].decode()  # type: ignore[attr-defined]
        return "".join([*lines[:first], head + text + tail, *lines[last + 1 :]])

    @property
    def _last_line(self) -> int:
        """The last line of the statement without the statements inside."""
        inside = getattr(self.statement, "body", None)
        if inside and inside[0].lineno > self.statement.lineno:
            return int(inside[0].lineno) - 1
        return self.statement.end_lineno or self.statement.lineno


def expression_at(place: Place | None) -> Expression | None:
    """The expression that makes a call; None where the source is not at hand.

    Example:
        >>> import torch
        >>> from convlab.inspection import record
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(nn.Module):
        ...     def forward(self, x):
        ...         return x.relu().view(2, 7)
        >>> made = record(Net(), [torch.empty(4)])
        >>> expression = expression_at(made.model.calls[-1].place)
        >>> expression.source(expression.node), expression.line()
        ('x.relu().view(2, 7)', 'return x.relu().view(2, 7)')
    """
    if place is None:
        return None
    text = "".join(linecache.getlines(place.file))
    tree = _parsed(text)
    if tree is None:
        return None
    first, last, begin, end = place.span
    for statement in [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]:
        for node in [statement, *_own_expressions(statement)]:
            if not isinstance(node, ast.expr | ast.AugAssign):
                continue
            begins = [(node.lineno, node.col_offset)]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = node.func  # Python lets a method that stands on a line of its own begin there
                begins.append((name.end_lineno or 0, (name.end_col_offset or 0) - len(name.attr.encode())))
            if (first, begin) in begins and (node.end_lineno, node.end_col_offset) == (last, end):
                return Expression(node, statement, text, place.code)
    return None


def built_at(model: nn.Module, name: str) -> tuple[str, int, str] | None:
    """File, line and text of the assignment that builds a layer; None where it is not found.

    Example:
        >>> built_at(nn.Sequential(nn.ReLU()), "0") is None
        True
    """
    container, _, leaf = name.rpartition(".")
    build = type(model.get_submodule(container)).__init__
    code = getattr(build, "__code__", None)
    if code is None or not leaf.isidentifier():
        return None
    tree = _parsed("".join(linecache.getlines(code.co_filename)))
    for function in ast.walk(tree) if tree is not None else ():
        if not isinstance(function, ast.FunctionDef) or function.name != "__init__":
            continue
        for node in ast.walk(function) if function.lineno == code.co_firstlineno else ():
            if isinstance(node, ast.Assign) and f"self.{leaf}" in map(ast.unparse, node.targets):
                return code.co_filename, node.lineno, ast.unparse(node)
    return None


def operands(call: Call, expression: Expression) -> list[ast.expr]:
    """The expressions of what went into a call: of a method, the object first; of `cat`, the members of the list.

    Example:
        >>> sum_of_two = ast.parse("a + f(b)").body[0]
        >>> parts = operands(Call("", "add"), Expression(sum_of_two.value, sum_of_two, "a + f(b)", None))
        >>> [ast.unparse(part) for part in parts]
        ['a', 'f(b)']
    """
    node = expression.node
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.AugAssign):
        return [node.target, node.value]
    if isinstance(node, ast.Subscript):
        return [node.value]
    if not isinstance(node, ast.Call):
        return []
    given: list[ast.expr] = list(node.args)
    if call.module is None and isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
        given = [node.func.value, *given]
    if given and isinstance(given[0], ast.List | ast.Tuple) and call.kind in (*JOINS, "stack", "hstack"):
        return list(given[0].elts)
    return given


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> ast.Module | None:
    """The tree of a file, which is asked for at each of its lines; nobody changes it."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _is_module(node: ast.expr) -> bool:
    """Whether the object of a method is a module of functions, such as `torch` or `F`."""
    return ast.unparse(node) in ("torch", "F", "nn.functional", "torch.nn.functional", "functional", "torch.special")


def _own_expressions(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement without those of the statements inside."""
    found, waiting = [], list(ast.iter_child_nodes(statement))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            continue
        if isinstance(node, ast.expr):
            found.append(node)
        waiting += ast.iter_child_nodes(node)
    return found
