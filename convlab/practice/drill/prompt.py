"""A drill in a terminal: a question, a line for the answer, and the reply, until the reader ends it."""

from __future__ import annotations

import builtins
import re
import textwrap
from collections.abc import Callable

from convlab.practice.drill.session import Session

WIDTH = 100
"""Characters of a line of words; code is not broken."""
_ENDS = ("q", "quit", "exit")


def run(
    topic: str,
    input: Callable[[str], str] = builtins.input,
    print: Callable[[str], object] = builtins.print,
    *,
    session: Session | None = None,
) -> None:
    """A drill in a terminal; q, Ctrl-D or Ctrl-C ends it with a summary.

    Args:
        topic: As "output_shape".
        input: Shows a prompt and returns the line that the reader types.
        print: Shows a text.
        session: The questions; None begins new ones.

    Raises:
        ValueError: If there is no such topic.

    Example:
        >>> answers = iter(["2", "q"])
        >>> quiet = Session("output_shape", seed=1, keep=lambda topic, passed: None)
        >>> run("output_shape", input=lambda prompt: next(answers), session=quiet)
        drill: output_shape (q ends it)
        <BLANKLINE>
        An input of shape (1, 2, 5) goes through
        ...
        1 of 1 right. The difficulty is 1 of 5.
    """
    asked = Session(topic) if session is None else session
    print(f"drill: {asked.topic} (q ends it)")
    try:
        while True:
            print(f"\n{wrapped(asked.question.text)}\n")
            while not asked.is_answered:
                line = input("> ").strip()
                if line.lower() in _ENDS:
                    print(f"\n{asked.summary}")
                    return
                print(f"\n{wrapped(asked.answer(line).text)}\n")
            asked.next()
    except (EOFError, KeyboardInterrupt):
        print(f"\n\n{asked.summary}")  # the prompt's line is not ended yet


def wrapped(text: str, width: int = WIDTH) -> str:
    r"""The text with its paragraphs broken into lines, code left as it is.

    Args:
        text: Paragraphs; what is indented is code.
        width: Characters of a line.

    Example:
        >>> print(wrapped("one two three\n\n    four five six", 8))
        one two
        three
        <BLANKLINE>
            four five six
    """
    blocks = re.split(r"\n\n", text)
    kept = (
        block
        if block.startswith("    ")
        else textwrap.fill(block, width, break_long_words=False, break_on_hyphens=False)
        for block in blocks
    )
    return "\n\n".join(kept)
