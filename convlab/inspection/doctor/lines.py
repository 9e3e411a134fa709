"""A line of the reader's forward, and other text for a part of it."""

from __future__ import annotations

import ast

from convlab.inspection.doctor.case import place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import where
from convlab.inspection.doctor.rewriting import Rewrite
from convlab.inspection.doctor.source import Expression, expression_at, operands
from convlab.inspection.record import Call


class Line:
    """The source line of one recorded call.

    Attributes:
        call: The call.
        expression: Its source.
        nodes: The parts of the source that name what goes in.
        operands: Their text.

    Example:
        >>> Line.of(Call("", "cat")) is None
        True
    """

    def __init__(self, call: Call, expression: Expression) -> None:
        self.call = call
        self.expression = expression
        self.nodes = operands(call, expression)
        self.operands = [self.text(node) for node in self.nodes]

    @classmethod
    def of(cls, call: Call) -> Line | None:
        """The line of a call; None where the source is not at hand."""
        expression = expression_at(call.place)
        return cls(call, expression) if expression is not None else None

    def text(self, node: ast.AST) -> str:
        """The source of a part, in one line."""
        return " ".join(self.expression.source(node).split()).replace(" .", ".")

    def bracketed(self, index: int) -> str:
        """The text of an operand, ready for a method or an index behind it."""
        node, text = self.nodes[index], self.operands[index]
        return text if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript) else f"({text})"

    def edit(self, words: str, cost: float, text: str, node: ast.AST | None = None) -> Edit:
        """The line with other text in the place of the call, or of a part of it."""
        node = node or self.expression.node
        line = f"In {where(self.call.place)}, in place of `{self.expression.line()}`"
        container = self.call.name if self.call.module is None else self.call.name.rpartition(".")[0]
        at = place(self.call) if self.call.module is None else f"{container}.forward".lstrip(".")
        rewrite = Rewrite(self.expression, node, text)
        return Edit(at, self.expression.line(node, text), f"{line}: {words[:1].lower()}{words[1:]}.", cost, rewrite)

    def operand(self, index: int, words: str, cost: float, text: str) -> Edit:
        """The line with other text in the place of one operand."""
        return self.edit(words, cost, text, self.nodes[index])

    def keyword(self, name: str) -> ast.expr | None:
        """The value that the call gives for an argument by its name; None where it gives none so."""
        words = self.expression.node.keywords if isinstance(self.expression.node, ast.Call) else []
        return next((word.value for word in words if word.arg == name), None)

    def function(self) -> str:
        """The text of what is called; empty where the line calls nothing, as with an operator."""
        node = self.expression.node
        return self.text(node.func) if isinstance(node, ast.Call) else ""


def is_simple(text: str) -> bool:
    """Whether the text is a name, or a name of a name, which can stand in a line twice.

    Example:
        >>> is_simple("self.skip"), is_simple("self.up(x)")
        (True, False)
    """
    return all(part.isidentifier() for part in text.split("."))
