"""What the learner sees of a verdict: in a terminal, in a notebook, and on a page without styles."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import sys
import types
import xml.etree.ElementTree as ET
from html import escape, unescape
from pathlib import Path
from typing import Any

import execute
import IPython.core.getipython
import IPython.display
import nbformat
import pytest
import torch
from PIL import Image

from convlab.practice import feedback
from convlab.practice.exercise import Case, Design, Exercise
from convlab.practice.feedback import as_html, as_text, show
from convlab.practice.verdict import Verdict


def conv1d(input: Any, weight: Any, stride: int = 1) -> None:
    """A solution, for its signature."""


HINTS = ("a", "b", "c")
EXERCISE = Exercise("conv1d", "02_conv1d", "?", "?", 1, 1, 1, HINTS, conv1d, conv1d, tuple, ())
DESIGN = Design("stack", "07_dilated", "?", "?", 1, 1, 1, HINTS, [1], [2], lambda answer: None, ())
TENSORS: dict[str, Any] = {"expected": torch.ones(2), "got": torch.zeros(2), "index": (0,)}

RIGHT = Verdict(EXERCISE, True, "Right.")
BLANK = Verdict(EXERCISE, False, "Not written yet. Fill in the body.", is_blank=True)
BLANK_DESIGN = Verdict(DESIGN, False, "", is_blank=True)
NAMED = Verdict(EXERCISE, False, "Your output equals `conv1d` with the kernel flipped.\n\nTry it.", mistake="flipped")
UNNAMED = Verdict(EXERCISE, False, "Not right yet. They differ.", **TENSORS)
RAISED = Verdict(EXERCISE, False, "It raises:\n\n    y = x <b>\n    ^^^^^^^^^\n\nThe line is yours.")


@pytest.mark.parametrize(
    ("verdict", "first"),
    [
        pytest.param(RIGHT, "✓ Right. conv1d", id="right"),
        pytest.param(NAMED, "✗ Not right yet. conv1d: flipped", id="a mistake with a name"),
        pytest.param(UNNAMED, "✗ Not right yet. conv1d", id="a mistake without a name"),
        pytest.param(
            BLANK,
            "○ Not written yet. Write `conv1d(input, weight, stride=1)` and check it again; "
            '`practice.hint("conv1d")` gives a hint.',
            id="blank",
        ),
        pytest.param(
            BLANK_DESIGN,
            '○ Not written yet. Give `stack` a value and check it again; `practice.hint("stack")` gives a hint.',
            id="a blank design",
        ),
    ],
)
def test_the_state_is_said_once_in_words_and_a_sign(verdict: Verdict, first: str) -> None:
    assert as_text(verdict).splitlines()[0] == first
    assert _bare(as_html(verdict)).splitlines()[0] == first.replace("`", "")
    for words in ("Right.", "Not right yet.", "Not written yet."):
        assert as_text(verdict).count(words) == (words in first)


@pytest.mark.parametrize("verdict", [pytest.param(BLANK, id="of a function"), pytest.param(BLANK_DESIGN, id="design")])
def test_a_blank_answer_shows_one_line(verdict: Verdict) -> None:
    assert "\n" not in as_text(verdict)
    assert as_html(verdict).count("<p>") == 1


def test_paragraphs_code_and_tensors_in_text() -> None:
    assert as_text(NAMED).split("\n\n")[1:] == ["Your output equals `conv1d` with the kernel flipped.", "Try it."]
    assert as_text(RAISED).split("\n\n")[2] == "    y = x <b>\n    ^^^^^^^^^"
    assert as_text(UNNAMED).endswith("They first differ at [0]: expected 1, got 0")


def test_html_has_the_same_words_without_its_styles() -> None:
    for verdict in (RIGHT, BLANK, NAMED, RAISED):
        assert _bare(as_html(verdict)).split() == as_text(verdict).replace("`", "").split()
    assert "<pre" in as_html(RAISED)
    assert "x &lt;b&gt;" in as_html(RAISED)


def _bare(html: str) -> str:
    """The words of a page that shows no styles; the HTML must be well formed."""
    root = ET.fromstring(html.replace("<br>", "<br/>"))
    for part in root.iter():
        part.tail = (part.tail or "") + "\n" * (part.tag in ("p", "pre", "br"))
    return "".join(root.itertext())


EVIL = {
    "tags": "<script>alert(1)</script><b>bold</b> & `<i>`",
    "a page of text": "word " * 100_000,
    "a line without end": "x" * 10**6,
    "many lines": "\n".join(map(str, range(10_000))),
    "control characters": "\x1b[31mred\x00\x07\r\n\u202etxt.exe",
    "half a surrogate pair": "\ud800",
}


@pytest.mark.parametrize("place", ["message", "mistake"])
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in EVIL.items()])
def test_what_a_learner_s_code_may_hold(text: str, place: str) -> None:
    fields: dict[str, Any] = {"message": "?", place: text}
    verdict = Verdict(EXERCISE, False, **fields)
    for shown in (as_text(verdict), as_html(verdict)):
        assert len(shown) < 30_000
        shown.encode()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", shown)
    assert not re.search("<script|<b>|<i>", as_html(verdict))
    _bare(as_html(verdict))


class Notebook:
    """Stands for a notebook; keeps what is displayed."""

    def __init__(self) -> None:
        self.shown: list[tuple[dict[str, str], Any]] = []
        self.display_formatter = types.SimpleNamespace(active_types=["text/plain", "text/html", "image/png"])
        self.execution_count = 5

    def display(self, forms: dict[str, str], *, metadata: Any = None, raw: bool = False) -> None:
        """What IPython.display.display gets."""
        assert raw
        self.shown.append((forms, metadata))


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    made = Notebook()
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: made)
    monkeypatch.setattr(IPython.display, "display", made.display)
    return made


def test_in_a_notebook(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    show(UNNAMED)
    (words, _), (picture, metadata) = notebook.shown
    assert words == {"text/plain": as_text(UNNAMED), "text/html": as_html(UNNAMED)}
    assert set(picture) == {"text/plain", "text/html"}
    assert "expected 1, got 0" in picture["text/plain"]
    assert metadata == {}
    assert capsys.readouterr().out == ""


def test_the_picture_has_words_and_a_form_for_each_page(notebook: Notebook) -> None:
    odd = dataclasses.replace(UNNAMED, case=Case('"><script>', (1,)))
    show(odd)
    forms = notebook.shown[1][0]
    images = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<img [^>]*>", forms["text/html"])]
    assert [unescape(image["alt"]) for image in images] == [forms["text/plain"]] * 2
    assert "<script>" not in forms["text/html"]
    shades = []
    for image in images:
        kind, file = image["src"].split(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(file))) as drawn:
            shades.append(drawn.convert("L").tobytes()[0])
    assert shades[0] == 255
    assert shades[1] < 40
    assert ["none" in image["style"] for image in images] == [False, True]  # without style sheets, the light one


@pytest.mark.parametrize(
    "verdict",
    [
        pytest.param(Verdict(EXERCISE, True, "Right.", **TENSORS), id="right"),
        pytest.param(Verdict(EXERCISE, False, "?", is_blank=True, **TENSORS), id="blank"),
        pytest.param(Verdict(EXERCISE, False, "?", expected=3, got=4), id="ints"),
    ],
)
def test_no_picture_where_there_is_nothing_to_see(notebook: Notebook, verdict: Verdict) -> None:
    show(verdict)
    assert len(notebook.shown) == 1


def test_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(UNNAMED)
    assert capsys.readouterr().out == as_text(UNNAMED) + "\n"


def test_a_terminal_without_the_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", file)
    show(RIGHT)
    file.flush()
    assert file.buffer.getvalue() == b"? Right. conv1d\n"


def test_in_a_real_notebook(tmp_path: Path) -> None:
    sources = [
        "import torch\nfrom convlab.practice import feedback\nfrom convlab.practice.exercise import Design\n"
        "from convlab.practice.verdict import Verdict\n"
        'task = Design("stack", "07_dilated", "?", "?", 1, 1, 1, ("a", "b", "c"), 1, 2, None, ())\n'
        'verdict = Verdict(task, False, "<b>", expected=torch.ones(2), got=torch.zeros(2), index=(0,))\n'
        "def check():\n    feedback.show(verdict)\n    return verdict",
        "check()",
        "verdict",
        "again = check()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    cells = execute.normalised(execute.executed(book, tmp_path)).cells
    kinds = [[set(output.data) for output in cell.outputs] for cell in cells]
    block, line = {"text/plain", "text/html"}, {"text/plain"}
    assert kinds == [[], [block, block], [line], [block, block]]
    assert cells[1].outputs == cells[3].outputs
    assert escape(cells[1].outputs[1].data["text/plain"]) in cells[1].outputs[1].data["text/html"]
    assert cells[2].outputs[0].data["text/plain"] == "stack: not passed"


def test_the_colours_have_words_and_signs() -> None:
    signs, words, colours = zip(*feedback.STATES.values(), strict=True)
    assert len(set(signs)) == len(set(words)) == len(set(colours)) == 3
