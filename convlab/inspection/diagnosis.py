"""What the doctor says of a model that stops: the layer, the reason, and what to change."""

from __future__ import annotations

import ast
import linecache
import re
import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import PurePath

TITLE = "convlab: what went wrong"
TRIED = "What made it run when it was tried:"
WIDTH = 100
"""Characters of a line of text; code is not broken."""
LINES = 8
"""Lines of a statement that are shown."""

# Colours that let the page shine through, so that the block is readable on a light and on a dark one.
BLOCK = "border-left: 4px solid #d9730d; background: rgba(217, 115, 13, 0.08); padding: 0.6em 1em; margin: 0.5em 0"
BOX = "background: rgba(128, 128, 128, 0.14); padding: 0.4em 0.6em; margin: 0.3em 0 0.8em; white-space: pre-wrap"
CODE = f"font-family: monospace; {BOX}"


@dataclass(frozen=True)
class Fix:
    """A change that was made to a copy of the model or of its input, and with which the model ran.

    Attributes:
        description: What it does and where it belongs, in a sentence.
        code: One line to paste; what has to be changed together stands in it with "; " between, but for a line of
            `forward` and one for the model, which stand below each other.

    Example:
        >>> print(Fix("Give fc1 the 2704 features that arrive.", "model.fc1 = nn.Linear(2704, 120)"))
        Give fc1 the 2704 features that arrive.
            model.fc1 = nn.Linear(2704, 120)
    """

    description: str
    code: str

    def __str__(self) -> str:
        return f"{self.description}\n{textwrap.indent(self.code, '    ')}"


@dataclass(frozen=True)
class Diagnosis:
    """Why a model stopped.

    Attributes:
        layer: The layer at fault by its qualified name; a call that is no module's is written "forward: view", or
            "up.forward: cat" inside the module `up`; the model itself is "model".
        error: The exception that the model raised.
        explanation: What arrived, what the layer was built for, and where the difference came from.
        fixes: Changes that were tried, the least intrusive first; empty where none of those tried made the model run.
        place: File and line in the reader's code where the layer is called; None where it is not known.

    Example:
        >>> print(Diagnosis("fc1", RuntimeError(), "fc1 gets 2704 features, but was built for 400.", ()))
        fc1 gets 2704 features, but was built for 400.
    """

    layer: str
    error: Exception
    explanation: str
    fixes: tuple[Fix, ...]
    place: tuple[str, int] | None = None

    def __str__(self) -> str:
        """The explanation, the place and the fixes as plain text."""
        blocks = [_wrapped(paragraph) for paragraph in self.explanation.splitlines() if paragraph]
        if self.place is not None:
            where, code = _where(self.place)
            blocks.append("\n".join([where, *(f"    {line}" for line in code.splitlines())]))
        if self.fixes:
            lines = [TRIED]
            for number, fix in enumerate(self.fixes, start=1):
                lines += [_wrapped(fix.description, f"{number}. "), textwrap.indent(fix.code, "   ")]
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        """What IPython shows in a terminal; without the error's class, which stands in the traceback."""
        printer.text(str(self))  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        """What Jupyter shows: the same, with each fix in a box of its own to be copied."""
        parts = [f"<p><strong>{escape(TITLE)}</strong></p>"]
        parts += [f"<p>{_html(paragraph)}</p>" for paragraph in self.explanation.splitlines() if paragraph]
        if self.place is not None:
            where, code = _where(self.place)
            parts.append(f"<p>{escape(where)}</p>" + _code(code))
        if self.fixes:
            rows = "".join(f"<li>{_html(fix.description)}{_code(fix.code)}</li>" for fix in self.fixes)
            parts.append(f"<p>{escape(TRIED)}</p><ol>{rows}</ol>")
        return f'<div role="note" aria-label="{escape(TITLE)}" style="{BLOCK}">{"".join(parts)}</div>'


def _where(place: tuple[str, int]) -> tuple[str, str]:
    """A place in words without a path, which differs from machine to machine, and the code that stands there."""
    file, line = place
    path = PurePath(file)
    in_cell = file.startswith("<ipython-input-") or path.parent.name.startswith("ipykernel_")
    where = "a notebook cell" if in_cell else path.name
    return f"The call is in line {line} of {where}:", _statement(linecache.getlines(file)[line - 1 :])


def _statement(lines: list[str]) -> str:
    """The statement that these lines begin with, if it ends within a few; else the first of them."""
    for count in range(1, LINES + 1):
        text = textwrap.dedent("".join(lines[:count])).rstrip()
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        return text
    return "".join(lines[:1]).strip()


def _wrapped(text: str, bullet: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _html(text: str) -> str:
    """The text, what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _code(line: str) -> str:
    return f'<pre style="{CODE}">{escape(line, quote=False)}</pre>' if line else ""
