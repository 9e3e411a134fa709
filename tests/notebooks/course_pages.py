"""All prose of the course that may name other parts of it: the notebooks, the exercises and the README."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from course_text import FOLDER, book, prose

from convlab.practice import catalogue

STEMS = {path.stem[:2]: path.stem for path in sorted(FOLDER.glob("*.ipynb"))}
"""The notebooks by their numbers."""


@dataclass(frozen=True)
class Page:
    """A text of the course, and where it stands: a notebook, the README or an exercise.

    Attributes:
        name: The stem of a notebook, or other words.
        text: Its prose.
        code: Its code, whose comments name notebooks, too.
    """

    name: str
    text: str
    code: str = ""

    @property
    def body(self) -> str:
        """The text without the references and without the targets of links."""
        return without_targets(re.split(r"^## References$", self.text, flags=re.MULTILINE)[0])

    @property
    def entries(self) -> list[str]:
        """The references, each in one line."""
        parts = re.split(r"^## References$", self.text, flags=re.MULTILINE)[1:]
        return [" ".join(entry.split()) for part in parts for entry in re.split(r"^- ", part, flags=re.MULTILINE)[1:]]


def without_targets(text: str) -> str:
    """The text with what links show, and not where they lead."""
    return re.sub(r"\]\([^()\s]*\)", "]", text)


@functools.cache
def headings(text: str) -> list[str]:
    """The headings of a text, without their marks for code and emphasis."""
    prose_only = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [plain(found) for found in re.findall(r"^#+ (.+)$", prose_only, re.MULTILINE)]


def plain(words: str) -> str:
    """Words without marks for code and emphasis."""
    return re.sub(r"[`*]", "", words).strip()


def notebooks() -> list[Page]:
    """The notebooks."""
    codes = ("\n".join(cell.source for cell in book(stem).cells if cell.cell_type == "code") for stem in STEMS.values())
    return [Page(stem, prose(stem), code) for stem, code in zip(STEMS.values(), codes, strict=True)]


def exercises() -> Iterator[Page]:
    """What an exercise says: its question, its hints, and the sentences of its mistakes."""
    for name in catalogue.names():
        task = catalogue.find(name)
        sentences = [getattr(mistake, "sentence", "") for mistake in task.mistakes]
        yield Page(f"the exercise {name}", "\n\n".join([task.question, *task.hints, *sentences]))


def all_pages() -> list[Page]:
    """The notebooks, the exercises and the README."""
    return [*notebooks(), *exercises(), Page("README", (FOLDER.parent / "README.md").read_text("utf-8"))]
