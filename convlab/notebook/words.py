"""How the reader writes a call: the expression in the failing line, and a name for each argument that can be pasted."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

import torch
from torch.utils import _pytree as pytree

from convlab.inspection.doctor.source import Expression, expression_at
from convlab.inspection.record import Place
from convlab.notebook.values import NotPureError, value_of


@dataclass(frozen=True)
class Line:
    """The expression that failed, and the frame that it stands in.

    Attributes:
        expression: It, and its text; None where the source is not at hand.
        frame: The names that it uses.

    Example:
        >>> images = torch.zeros(2)
        >>> Line(None, inspect.currentframe()).name_of(images)
        'images'
    """

    expression: Expression | None
    frame: FrameType

    @property
    def node(self) -> ast.AST | None:
        """The call, the operator or the subscript."""
        return self.expression.node if self.expression is not None else None

    def value(self, node: ast.expr) -> Any:
        """The value of a part of it; raises `NotPureError` where that cannot be told."""
        return value_of(node, self.frame)

    def is_value(self, node: ast.expr, value: object) -> bool:
        """Whether a part of it can be told to have this value."""
        try:
            return self.value(node) is value
        except NotPureError:
            return False

    def source(self, node: ast.expr) -> str:
        """The text of a part of it."""
        return self.expression.source(node) if self.expression is not None else ast.unparse(node)

    def can_be_set(self, node: ast.expr) -> bool:
        """Whether `node = ...` gives the reader's tensor another value, and does no more."""
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            try:
                return type(self.value(node.value)) in (dict, list)
            except NotPureError:
                return False
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name)

    def name_of(self, value: object) -> str | None:
        """A name that the frame has for this object, wherever it stands in the line; None where there is none."""
        for names in (self.frame.f_locals, self.frame.f_globals):
            for name, known in names.items():
                if known is value and not name.startswith("_"):
                    return name
        return None


def line_of(step: TracebackType) -> Line:
    """The expression at which a traceback passes through a frame.

    Args:
        step: One entry of the traceback.

    Example:
        >>> try:
        ...     torch.zeros(2) @ torch.zeros(3)
        ... except RuntimeError as error:
        ...     line_of(error.__traceback__).frame is inspect.currentframe()
        True
    """
    return Line(expression_at(Place(step.tb_frame.f_code, step.tb_lasti)), step.tb_frame)


def tensor_names(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    nodes: Sequence[ast.expr | None] = (),
    line: Line | None = None,
) -> tuple[str, ...]:
    """A name for each tensor among the arguments, and behind these for each in lists and dicts that are arguments.

    It is the reader's where the line has one that can be set, else `x` for the only tensor, else the function's.

    Args:
        function: What is called: a function, or the `forward` of a module.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        nodes: The expression for each argument, as `argument_nodes` gives them.
        line: Where the expressions stand, if that is known.

    Example:
        >>> import torch.nn.functional as F
        >>> tensor_names(F.mse_loss, [torch.ones(2)], {"target": torch.ones(3)})
        ('input', 'target')
        >>> tensor_names(F.softmax, [torch.ones(2)], {"dim": 0})
        ('x',)
        >>> tensor_names(F.softmax, [{"image": torch.ones(2), "label": torch.ones(2)}, 0], {})
        ("input['image']", "input['label']")
    """
    values = [*args, *kwargs.values()]
    others = [*_parameters(function, len(args)), *kwargs]
    if sum(isinstance(leaf, torch.Tensor) for leaf in pytree.tree_leaves(values)) == 1:
        others = ["x"] * len(values)
    parts = zip(nodes or [None] * len(values), values, others, strict=True)
    parts_in_order = sorted(parts, key=lambda part: not isinstance(part[1], torch.Tensor))
    return tuple(name for node, value, other in parts_in_order for name in _names_in(node, value, other, line))


def argument_nodes(node: ast.Call, count: int, keywords: Sequence[str]) -> list[ast.expr | None]:
    """The expression that a call has for each argument; none for those that come from behind a star.

    Args:
        node: The call.
        count: The number of its positional arguments.
        keywords: The names of the others.

    Example:
        >>> call = ast.parse("net(images, mask=None)", mode="eval").body
        >>> [ast.unparse(node) for node in argument_nodes(call, 1, ["mask"])]
        ['images', 'None']
    """
    starred = any(isinstance(part, ast.Starred) for part in node.args)
    first: list[ast.expr | None] = [None] * count if starred or len(node.args) != count else list(node.args)
    by_name = {part.arg: part.value for part in node.keywords}
    return first + [by_name.get(name) for name in keywords]


def _names_in(node: ast.expr | None, value: object, other: str, line: Line | None) -> list[str]:
    """The names of the tensors in one argument."""
    if isinstance(node, ast.List | ast.Tuple) and isinstance(value, list | tuple) and len(node.elts) == len(value):
        pairs = enumerate(zip(node.elts, value, strict=True))
        return [name for i, (part, entry) in pairs for name in _names_in(part, entry, f"x{i}", line)]
    if line is not None and node is not None and line.can_be_set(node) and line.is_value(node, value):
        other = line.source(node)
    elif line is not None:
        other = line.name_of(value) or other
    leaves, _ = pytree.tree_flatten_with_path(value)
    return [other + pytree.keystr(path) for path, leaf in leaves if isinstance(leaf, torch.Tensor)]


def _parameters(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the first positional parameters, as many as there are arguments."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # of a function written in C
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][:count]
    return names + [f"x{number}" for number in range(len(names), count)]
