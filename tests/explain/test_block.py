"""How a diagnosis looks: as text, and as HTML that stays readable, escaped, and the same on every machine."""

from __future__ import annotations

import linecache
import textwrap
from html.parser import HTMLParser
from pathlib import Path

import pytest
from IPython.lib.pretty import pretty

from convlab.inspection.diagnosis import TITLE, Diagnosis, Fix

FIXES = (
    Fix("Give fc1 the 2704 features that arrive.", "net.fc1 = nn.Linear(2704, 120)"),
    Fix("Pool to 5 x 5 <b>before</b> fc1.", 'x = F.adaptive_avg_pool2d(x, 5) if "x" else x'),
)
LONG = "fc1 gets 2704 features, but was built for 400. " * 5
FULL = Diagnosis("fc1", RuntimeError("<0x7f00> & more"), f"{LONG}\nThey come from flatten & conv2.", FIXES)

TEXT = """\
fc1 gets 2704 features, but was built for 400. fc1 gets 2704 features, but was built for 400. fc1
gets 2704 features, but was built for 400. fc1 gets 2704 features, but was built for 400. fc1 gets
2704 features, but was built for 400.

They come from flatten & conv2.

What made it run when it was tried:
1. Give fc1 the 2704 features that arrive.
   net.fc1 = nn.Linear(2704, 120)
2. Pool to 5 x 5 <b>before</b> fc1.
   x = F.adaptive_avg_pool2d(x, 5) if "x" else x"""


class Page(HTMLParser):
    """The tags, the texts and the attributes of a piece of HTML; refuses what is not closed in its order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes.update(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_as_text() -> None:
    assert str(FULL) == pretty(FULL) == TEXT  # type: ignore[no-untyped-call]
    assert str(Diagnosis("fc1", RuntimeError(), "Nothing helps.", ())) == "Nothing helps."


def test_as_html() -> None:
    page = Page(FULL._repr_html_())
    assert page.tags == ["div", "p", "strong", "p", "p", "p", "ol", "li", "pre", "li", "pre"]
    assert page.texts[0] == TITLE
    assert [text for text in page.texts if text in (fix.code for fix in FIXES)] == [fix.code for fix in FIXES]
    assert "Pool to 5 x 5 <b>before</b> fc1." in page.texts
    assert page.attributes["aria-label"] == TITLE
    assert Page(Diagnosis("fc1", RuntimeError(), "`a < b` is code", ())._repr_html_()).texts[1:] == [
        "a < b",
        " is code",
    ]
    assert "0x" not in FULL._repr_html_()


def test_a_page_that_is_not_closed_is_refused() -> None:
    with pytest.raises(AssertionError):
        Page("<p><b>no</p>")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param("nets/lenet.py", "lenet.py", id="a file without its folder"),
        pytest.param("ipykernel_4711/2911.py", "a notebook cell", id="a cell in Jupyter"),
        pytest.param("<ipython-input-7-0a1b>", "a notebook cell", id="a cell in IPython"),
        pytest.param("<stdin>", "<stdin>", id="typed into Python"),
    ],
)
def test_the_place(file: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(linecache.cache, file, (1, None, ["\n", "    x = self.fc1(x)\n"], file))
    placed = Diagnosis("fc1", RuntimeError(), "No.", (), (file, 2))
    assert str(placed) == f"No.\n\nThe call is in line 2 of {words}:\n    x = self.fc1(x)"
    assert Page(placed._repr_html_()).texts[-2:] == [f"The call is in line 2 of {words}:", "x = self.fc1(x)"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        pytest.param("    x = net(\n        x,\n    )\n    y = x\n", "x = net(\n    x,\n)", id="over several lines"),
        pytest.param("    with open(x):\n        net(x)\n", "with open(x):\n    net(x)", id="a block"),
        pytest.param("        .view(1)\n    )\n", ".view(1)", id="in the middle of a statement"),
        pytest.param("x = [\n" + "    1,\n" * 20 + "]\n", "x = [", id="a long one"),
    ],
)
def test_the_statement(lines: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(linecache.cache, "lenet.py", (1, None, lines.splitlines(keepends=True), "lenet.py"))
    text = str(Diagnosis("fc1", RuntimeError(), "No.", (), ("lenet.py", 1)))
    assert text == f"No.\n\nThe call is in line 1 of lenet.py:\n{textwrap.indent(code, '    ')}"


def test_a_place_without_source() -> None:
    file = str(Path("no") / "such.py")
    assert str(Diagnosis("fc1", RuntimeError(), "No.", (), (file, 2))) == "No.\n\nThe call is in line 2 of such.py:"
