"""A verdict as the learner sees it: in letters, as a block in a notebook, and with its picture."""

from __future__ import annotations

import base64
import re
import sys
import textwrap
from html import escape
from typing import Any, Literal

from convlab.practice import pictures
from convlab.practice.exercise import Exercise
from convlab.practice.verdict import Verdict

State = Literal["right", "wrong", "blank"]

STATES: dict[State, tuple[str, str, str]] = {
    "right": ("✓", "Right.", "46, 160, 67"),
    "wrong": ("✗", "Not right yet.", "217, 115, 13"),
    "blank": ("○", "Not written yet.", "128, 128, 128"),
}
"""The sign, the words and the colour of each: none of them alone says it."""

WIDTH = 100
"""Characters of a line of text; code is not broken."""

NARROWEST = "26em"
"""The width of a picture in which its numbers can be read; a page that is narrower scrolls it."""

LONGEST, MOST_LINES = 600, 40
"""Characters of a line, and lines of a message, that are shown: a learner's error may hold more."""

BOX = (
    "font-family: monospace; background: rgba(128, 128, 128, 0.14); padding: 0.4em 0.6em; margin: 0.3em 0 0.8em; "
    "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"
)

# How JupyterLab and its exported pages, VS Code and Colab say that they are dark. Where styles are not allowed, the
# picture for a light page is shown everywhere.
_DARK_PAGE = ':is([data-jp-theme-light="false"], .vscode-dark, html[theme="dark"])'
_BY_PAGE = (
    f"{_DARK_PAGE} .convlab-on-light {{ display: none !important; }} "
    f"{_DARK_PAGE} .convlab-on-dark {{ display: inline !important; }}"
)


def as_text(verdict: Verdict) -> str:
    """The verdict in letters; of tensors that differ, both with the first difference in brackets.

    Args:
        verdict: What the check found.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> print(as_text(Verdict(task, False, "There must be two layers.", mistake="another number of layers")))
        ✗ Not right yet. two: another number of layers
        <BLANKLINE>
        There must be two layers.
    """
    sign, words, _ = STATES[_state(verdict)]
    paragraphs = [f"{sign} {words} {_rest(verdict)}"]
    for text, is_code in _paragraphs(verdict):
        paragraphs.append(textwrap.indent(text, "    ") if is_code else wrapped(text))
    if not verdict.passed and not verdict.is_blank:
        paragraphs.append(pictures.in_words(verdict))
    return "\n\n".join(filter(None, paragraphs))


def as_html(verdict: Verdict) -> str:
    """The verdict as a block for a notebook, which can be read on a light and on a dark page, and without styles.

    Args:
        verdict: What the check found.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> "<p>Write <code>a &lt; b</code>.</p>" in as_html(Verdict(task, False, "Write `a < b`."))
        True
    """
    body = "".join(
        f'<pre style="{BOX}">{escape(text, quote=False)}</pre>' if is_code else f"<p>{inline(text)}</p>"
        for text, is_code in _paragraphs(verdict)
    )
    state = _state(verdict)
    return block(state, f"<strong>{' '.join(STATES[state][:2])}</strong> {inline(_rest(verdict))}", body)


def show(verdict: Verdict) -> None:
    """The verdict shown: in a notebook as a block, and below it the picture, elsewhere as text.

    Args:
        verdict: What the check found.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> task = Design("two", "07_dilated", "depth", "", 1, 1, 5, ("", "", ""), None, None, lambda answer: None, ())
        >>> show(Verdict(task, True, "Right."))
        ✓ Right. two
    """
    say(as_text(verdict), html=as_html(verdict))
    shell = _shell()
    if shell is not None:
        vars(verdict)["_shown_in"] = shell.execution_count  # its `_ipython_display_` looks here
    if _is_rich(shell):
        drawn = None if verdict.passed or verdict.is_blank else pictures.picture(verdict)
        if drawn is not None:
            _display({"text/plain": drawn.alt, "text/html": _on_page(drawn)}, {})


def say(text: str, *, html: str = "", markdown: str = "") -> None:
    """Words shown: in a notebook in the richest form, elsewhere as text.

    Args:
        text: The words.
        html: The same as HTML; empty: there is none.
        markdown: The same as Markdown; empty: there is none.

    Example:
        >>> say("Write your guess first.", html="<p>Write your guess first.</p>")
        Write your guess first.
    """
    if _is_rich(_shell()):
        forms = {"text/plain": text, "text/html": html, "text/markdown": markdown}
        _display({kind: form for kind, form in forms.items() if form}, {})
        return
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))  # a terminal may have no letter for a sign


def block(state: State, heading: str, body: str = "") -> str:
    """A block in a notebook, with a line at its left in the colour of the state; a screen reader tells right and wrong.

    Args:
        state: What it says.
        heading: Its first line, as HTML.
        body: What follows, as HTML.

    Example:
        >>> block("right", "Right.").startswith('<div role="status" style="border-left: 4px solid rgb(46, 160, 67);')
        True
    """
    colour = STATES[state][2]
    style = (
        f"border-left: 4px solid rgb({colour}); background: rgba({colour}, 0.08); padding: 0.6em 1em; margin: 0.5em 0; "
        "overflow-wrap: break-word"
    )
    role = "note" if state == "blank" else "status"
    return f'<div role="{role}" style="{style}"><p>{heading}</p>{body}</div>'


def inline(text: str) -> str:
    """Text as HTML: what stands between backticks as code, and each line on its own.

    Args:
        text: The text.

    Example:
        >>> inline("`<b>` is no tag")
        '<code>&lt;b&gt;</code> is no tag'
    """
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text, quote=False)).replace("\n", "<br>")


def wrapped(text: str, hanging: str = "") -> str:
    """Text in lines that fit in a terminal.

    Args:
        text: The text; its own lines stay.
        hanging: What stands before the later lines of a line that is broken.

    Example:
        >>> wrapped("a " * 60).count(chr(10))
        1
    """
    options: dict[str, Any] = {"subsequent_indent": hanging, "break_long_words": False, "break_on_hyphens": False}
    return "\n".join(textwrap.fill(line, WIDTH, **options) for line in text.splitlines())


def clean(text: str) -> str:
    r"""Text that every page and terminal can show, and no more of it than can be read.

    Args:
        text: What may come from a learner's code: control characters, half a surrogate pair, a million letters.

    Example:
        >>> clean("\x1b[31m red") == "\ufffd[31m red"
        True
        >>> len(clean("a" * 10**6)) < 700
        True
    """
    lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines = [*lines[:half], f"... ({len(lines) - MOST_LINES} more lines)", *lines[-half:]]
    cut = (
        line if len(line) <= LONGEST else f"{line[:LONGEST]} ... ({len(line) - LONGEST} more characters)"
        for line in lines
    )
    shown = ("".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in line) for line in cut)
    return "\n".join(shown)


def _state(verdict: Verdict) -> State:
    return "blank" if verdict.is_blank else "right" if verdict.passed else "wrong"


def _rest(verdict: Verdict) -> str:
    """What the first line says behind the state."""
    name = verdict.task.name
    if verdict.is_blank:
        what = f"Write `{verdict.task.signature}`" if isinstance(verdict.task, Exercise) else f"Give `{name}` a value"
        return f'{what} and check it again; `practice.hint("{name}")` gives a hint.'
    return clean(f"{name}: {verdict.mistake}" if verdict.mistake else name)


def _paragraphs(verdict: Verdict) -> list[tuple[str, bool]]:
    """The message in paragraphs, without the words that the first line has said; an indented one is code."""
    if verdict.is_blank:
        return []
    message = clean(verdict.message).removeprefix(STATES[_state(verdict)][1])
    found = []
    for paragraph in re.split(r"\n[ ]*\n", message):
        is_code = all(line.startswith("    ") for line in paragraph.splitlines())
        text = textwrap.dedent(paragraph).rstrip() if is_code else paragraph.strip()
        found += [(text, is_code)] if text else []
    return found


def _on_page(picture: pictures.Picture) -> str:
    """The picture as HTML: as `image/png`, JupyterLab shows it without its words, and the same on a dark page."""
    alt = escape(picture.alt)
    images = (
        f'<img class="convlab-on-{page}" style="max-width: max(100%, {NARROWEST}); display: {display}" alt="{alt}" '
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for page, display, png in (("light", "inline", picture.png), ("dark", "none", picture.dark))
    )
    return f'<style>{_BY_PAGE}</style><div style="overflow-x: auto">{"".join(images)}</div>'


def _shell() -> Any:
    """The running IPython, else None."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def _is_rich(shell: Any) -> bool:
    """Whether it can show more than text."""
    return shell is not None and "text/html" in shell.display_formatter.active_types


def _display(forms: dict[str, str], metadata: dict[str, dict[str, str]]) -> None:
    from IPython.display import display

    display(forms, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
