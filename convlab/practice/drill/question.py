"""`Question`: a question of a drill as data, and `Reply`: what the reader is told about an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from convlab.practice.drill.reading import Answer, Form

_PRE = (
    "background: rgba(128, 128, 128, 0.14); padding: 0.4em 0.6em; margin: 0.3em 0; "
    "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"
)


@dataclass(frozen=True)
class Slip:
    """A common mistake, and the answer that it gives.

    Attributes:
        answer: What comes out.
        clause: The mistake, in words that end the sentence "This is what comes out where ...".

    Example:
        >>> Slip((27,), "the + 1 at the end is forgotten").answer
        (27,)
    """

    answer: Answer
    clause: str


@dataclass(frozen=True)
class Reply:
    """What the reader is told about an answer.

    Attributes:
        text: Plain words; paragraphs are separated by empty lines, and formulas are indented.
        passed: Whether the answer is right; None where it could not be read, and does not count.

    Example:
        >>> Reply("Right.", True).html
        '<p>Right.</p>'
    """

    text: str
    passed: bool | None

    @property
    def html(self) -> str:
        """The text for a page."""
        return as_html(self.text)


@dataclass(frozen=True)
class Question:
    """A question with exactly one right answer.

    Attributes:
        topic: What it is about, as "output_shape".
        difficulty: 1 to 5.
        text: The question in plain words; code is indented.
        code: The layer or the model that it is about.
        input_shape: The shape of the input; None where it does not matter.
        answer: The right answer.
        form: How answers are read.
        worked: How the answer is found: the formula with its numbers; where torch refuses the settings, its rule.
        slips: Common mistakes, and what they give; none gives the right answer.

    Example:
        >>> question = Question(
        ...     "output_shape", 1, "How long is the output?", "nn.Conv1d(1, 1, kernel_size=3)", (1, 1, 5), (3,),
        ...     Form("a whole number, as 28"), "    (5 - 2) = 3", (Slip((2,), "the + 1 at the end is forgotten"),),
        ... )
        >>> print(question.check("2").text)
        Not right: the answer is 3. 2 is what comes out where the + 1 at the end is forgotten.
        <BLANKLINE>
            (5 - 2) = 3
    """

    topic: str
    difficulty: int
    text: str
    code: str
    input_shape: tuple[int, ...] | None
    answer: Answer
    form: Form
    worked: str
    slips: tuple[Slip, ...] = ()

    @property
    def html(self) -> str:
        """The question for a page."""
        return as_html(self.text)

    def check(self, text: str) -> Reply:
        """What the reader is told who answers this.

        Args:
            text: What the reader typed.
        """
        given = self.form.read(text)
        if given is None:
            said = "Type an answer first." if not text.strip() else "This answer cannot be read."
            return Reply(f"{said} Wanted: {self.form.wanted}.", None)
        if given == self.answer:
            return Reply(f"Right.\n\n{self.worked}", True)
        first = f"Not right: the answer is {self.form.show(self.answer)}."
        why = self.why(given)
        return Reply(f"{first} {why}\n\n{self.worked}" if why else f"{first}\n\n{self.worked}", False)

    def why(self, given: Answer) -> str:
        """The common mistake that gives this wrong answer, as a sentence; "" where not exactly one does.

        Args:
            given: A wrong answer.
        """
        if given == "error":
            return "Torch accepts these settings."
        clauses = {slip.clause for slip in self.slips if slip.answer == given}
        if len(clauses) != 1:
            return "Torch refuses these settings." if self.answer == "error" else ""
        return f"{self.form.show(given)} is what comes out where {clauses.pop()}."


def as_html(text: str) -> str:
    r"""Paragraphs as such, what stands between backticks as code, and indented lines as blocks of code.

    Args:
        text: Plain text; what is indented by four spaces is code.

    Example:
        >>> as_html("How long?\n\n    x < 3")
        '<p>How long?</p><pre style="...">x &lt; 3</pre>'
    """
    parts = []
    for block in re.split(r"\n\n+", text.strip("\n")):
        lines = block.split("\n")
        if all(line.startswith("    ") for line in lines):
            code = "\n".join(line[4:] for line in lines)
            parts.append(f'<pre style="{_PRE}">{escape(code, quote=False)}</pre>')
        else:
            words = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(block, quote=False))
            parts.append(f"<p>{words}</p>")
    return "".join(parts)
