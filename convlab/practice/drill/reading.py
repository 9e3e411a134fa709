"""What a reader means by an answer: numbers in any usual spelling, or one of the words that a question knows."""

from __future__ import annotations

import ast
import operator
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Answer = tuple[int, ...] | str
"""Numbers, or a word: "error" or "none"."""

LONGEST = 200
"""Characters of an answer that are read."""
_MEANT: dict[str, tuple[str, ...]] = {
    "error": ("error", "errors", "err", "raises", "exception", "runtimeerror", "valueerror", "invalid"),
    "none": ("none", "no", "nothing", "no one", "no layer", "no padding", "no error"),
}
_COUNT: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True)
class Form:
    """How a question wants its answer.

    Attributes:
        wanted: The form in words, as "a whole number, as 28".
        numbers: How many numbers the answer has.
        is_count: Whether it is one number that may be written as a product or a sum.
        spreads: Whether one number alone stands for all.
        before: What may stand before the numbers, as the batch and the channels of a shape.
        words: The words that are answers, too.
        names: Of a question whose answer is one of several things: what they are called; the answer is the place.

    Example:
        >>> size = Form("height and width, as 28 x 28", 2, spreads=True, before=(1, 8), words=("error",))
        >>> [size.read(text) for text in ("28", "28 x 26", "(1, 8, 28, 28)", "Error", "about 30")]
        [(28, 28), (28, 26), (28, 28), 'error', None]
    """

    wanted: str
    numbers: int = 1
    is_count: bool = False
    spreads: bool = False
    before: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def read(self, text: str) -> Answer | None:
        """The answer that this text means; None where it cannot be read.

        Args:
            text: What the reader typed.

        Example:
            >>> Form("a whole number", is_count=True).read("64*28*28")
            (50176,)
        """
        plain = _plain(text)
        if len(text) > LONGEST or not plain:
            return None
        word = _word(plain)
        if word is not None:
            return word if word in self.words else None
        if self.names:
            return _place(plain, self.names)
        if self.is_count:
            number = count(plain)
            return None if number is None else (number,)
        found = numbers(plain)
        if found is None:
            return None
        if self.spreads and len(found) == 1:
            return found * self.numbers
        extra = len(found) - self.numbers
        if extra == 0:
            return found
        if 0 < extra <= len(self.before):
            return found[extra:] if found[:extra] == self.before[-extra:] else found
        return None

    def show(self, answer: Answer) -> str:
        """An answer in its usual spelling.

        Args:
            answer: Numbers or a word.

        Example:
            >>> Form("", 2, spreads=True).show((28, 26)), Form("", 4).show((1, 8, 28, 28)), Form("").show((3,))
            ('28 x 26', '(1, 8, 28, 28)', '3')
        """
        if isinstance(answer, str):
            return answer
        if self.spreads or len(answer) == 1:
            return " x ".join(map(str, answer))
        return str(answer)


def numbers(text: str) -> tuple[int, ...] | None:
    """The whole numbers of a list, a shape or a product; None where there is anything else.

    Args:
        text: As "28 x 28", "(28, 28)", "1 8 28 28" or "torch.Size([28, 28])".

    Example:
        >>> numbers("28x28"), numbers("torch.Size([1, 8, 28])"), numbers("28 or 29"), numbers("(28")
        ((28, 28), (1, 8, 28), None, None)
    """
    inner = re.sub(r"^(?:torch\.)?size(?=[(\[])", "", _plain(text))
    while inner and (inner[0], inner[-1]) in {("(", ")"), ("[", "]")}:
        inner = inner[1:-1].strip()
    parts = re.split(r"\s*[,;x*\u00d7\u00b7]\s*|\s+", inner.removesuffix(",").strip())
    if not parts or not all(re.fullmatch(r"[-+]?\d{1,15}(?:\.0*)?", part) for part in parts):
        return None
    return tuple(int(part.partition(".")[0]) for part in parts)


def count(text: str) -> int | None:
    """The whole number that a text stands for: digits, also in groups of three, or sums and products of such.

    Args:
        text: As "50176", "50,176" or "64*28*28 + 64".

    Example:
        >>> count("50 176"), count("64 x 28 x 28"), count("2*(3 + 4)"), count("many")
        (50176, 50176, 14, None)
    """
    plain = re.sub(r"(?<=\d)[\s,_](?=\d{3}(?!\d))", "", _plain(text))
    plain = re.sub(r"\b(\d+)\.0*(?!\d)", r"\1", re.sub(r"[x\u00d7\u00b7]", "*", plain))
    if not re.fullmatch(r"[\d\s+*()-]+", plain) or "**" in plain.replace(" ", ""):
        return None
    try:
        return _computed(ast.parse(plain.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _plain(text: str) -> str:
    """The text in small letters, wide digits and signs made narrow, without "=" before and a full stop behind it."""
    narrow = unicodedata.normalize("NFKC", text).replace("、", ",").lower().strip()  # NFKC keeps this comma
    return narrow.strip("`'\"").removeprefix("=").rstrip(".!?").strip()


def _word(plain: str) -> str | None:
    bare = re.sub(r"^(?:it raises |raises |an |a |the )+", "", plain) if plain != "raises" else plain
    return next((word for word, spellings in _MEANT.items() if bare in spellings), None)


def _place(plain: str, names: Sequence[str]) -> tuple[int, ...] | None:
    """The place of what is named by its number, or by its name where only one is called so."""
    found = re.fullmatch(r"(?:(?:layer|number|no)\s*)?[#(]?\s*(\d{1,4})\s*\)?(?:\W+[\w.]+(?:\(.*\))?)?", plain)
    if found is not None:
        return (int(found[1]),) if int(found[1]) < len(names) else None
    called = plain.removeprefix("nn.").partition("(")[0].strip()
    places = [place for place, name in enumerate(names) if name.lower() == called]
    return (places[0],) if len(places) == 1 else None


def _computed(node: ast.expr) -> int:
    """The number of an expression of whole numbers."""
    match node:
        case ast.Constant(value=int(number)):
            return int(number)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_computed(inner)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _COUNT:
            return _COUNT[type(sign)](_computed(left), _computed(right))
    raise ValueError("no whole number")
