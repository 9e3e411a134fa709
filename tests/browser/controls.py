"""The controls of an explorer: they have names, the keyboard reaches them, and the picture follows them.

Each check takes the output of a cell, in which one explorer is shown, and returns its faults as sentences.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from browser.checks import PICTURE

if TYPE_CHECKING:
    from playwright.sync_api import Locator

CONTROLS = "input:not(.convlab-step):enabled:visible, select:enabled:visible, .noUi-handle:visible"
BUTTONS = "button:not([data-go]):not([disabled]):visible"
NAMELESS = re.compile(r"^\s*- (button|checkbox|combobox|radio|slider|spinbutton|textbox)(?! \")", re.MULTILINE)
SECONDS_TO_FOLLOW = 6
MILLISECONDS_TO_SAVE = 300
MILLISECONDS_TO_STAY = 100

MAY_REST = {
    r"padding_mode": "without padding it changes nothing",
    r"layer \d+, kind": "pooling with the same window has the same receptive field",
}
"""Controls that may leave the picture as it is, and why."""

MAY_DIFFER = {
    r"row \d+, column \d+": "a kernel that was edited is no preset any more",
    r"kind|kernel|stack": "one of the choices is 'your own', which leaves everything as it is",
}
"""Controls that need not bring back what was there, and why."""

# Who can be reached by the key Tab, in the order of the page.
REACHABLE = """area => [...area.querySelectorAll('a[href], button, input, select, textarea, [tabindex]')].filter(
    e => e.tabIndex >= 0 && !e.disabled && e.getClientRects().length)"""

# Whether an element looks another way while the keyboard is at it; its parents may show it.
LOOK = """e => {
    const look = n => {
        const s = getComputedStyle(n);
        const outline = s.outlineStyle === 'none' ? '' : s.outlineWidth + s.outlineColor;
        return [outline, s.boxShadow, s.borderColor, s.borderWidth, s.backgroundColor].join();
    };
    const all = () => [e, e.parentElement, e.parentElement.parentElement].map(look).join('; ');
    const present = all();
    e.blur();
    const absent = all();
    e.focus();
    return present !== absent;
}"""

# What an explorer shows, as words: of its picture, its step, its counters, its message.
READ = """area => { const view = area.querySelector('[data-theme]');
    const at = s => { const e = view.querySelector(s);
        return e && e.getClientRects().length ? e.getAttribute('aria-label') ?? e.innerText.trim() : '' };
    return { drawn: Number(view.dataset.drawn ?? 0), message: at('.convlab-message'),
        says: WORDS.map(at).join('\\n') } }""".replace(
    "WORDS", "['[role=img]', '.convlab-title', '.convlab-text', '.convlab-facts', '.lab-line', '.lab-text']"
)

# Whether JupyterLab does not say that the kernel is at work; a page without a kernel says nothing.
RESTS = "() => !/\\| Busy/.test(document.querySelector('#jp-main-statusbar')?.innerText ?? '')"


@dataclass(frozen=True)
class Said:
    """What an explorer shows now: how many pictures it drew, its message, and the words of its picture."""

    drawn: int
    message: str
    says: str


def read(area: Locator) -> Said:
    """What is shown now."""
    return Said(**area.evaluate(READ))


def follows(area: Locator, before: Said, seconds: float | None = None) -> bool:
    """Whether another picture, another message or other words are shown before long."""
    end = time.monotonic() + (SECONDS_TO_FOLLOW if seconds is None else seconds)
    while time.monotonic() < end:
        if read(area) != before:
            _settle(area)
            return True
        area.page.wait_for_timeout(10)
    return False


def _settle(area: Locator) -> None:
    """Wait until the kernel rests, where there is one, and what is shown stays: a control may move another one."""
    before = None
    while before != (before := read(area)):
        area.page.wait_for_timeout(MILLISECONDS_TO_STAY)
        area.page.wait_for_function(RESTS)


def name_faults(area: Locator) -> list[str]:
    """Each control has a name, as a screen reader would say it."""
    return [f"a {found[1]} has no name" for found in NAMELESS.finditer(area.aria_snapshot())]


def keyboard_faults(area: Locator) -> list[str]:
    """The key Tab reaches every control and the picture, one after the other, and the eye sees where it is."""
    page = area.page
    reachable = area.evaluate_handle(REACHABLE)
    count = int(reachable.evaluate("found => found.length"))
    names: list[str] = reachable.evaluate(
        "found => found.map(e => e.getAttribute('aria-label') || e.title || e.id || e.className || e.tagName)"
    )
    faults = []
    picture = area.locator(PICTURE)
    if not picture.count():
        faults.append("the key Tab does not reach the picture")
    for control in area.locator(f"{CONTROLS}, {BUTTONS}").all():
        if not control.evaluate("(e, found) => found.includes(e)", reachable):
            faults.append(f"the key Tab does not reach {control.evaluate('e => e.outerHTML.slice(0, 80)')}")
    if not count:
        return [*faults, "the key Tab reaches nothing"]
    reachable.evaluate("found => { found[0].focus(); }")
    for number in range(count):
        if number:
            page.keyboard.press("Tab")
        if not reachable.evaluate("(found, number) => document.activeElement === found[number]", number):
            where = page.evaluate("() => document.activeElement.outerHTML.slice(0, 80)")
            return [*faults, f"the key Tab leads to {where} after {names[number - 1]!r}, not to {names[number]!r}"]
        if not page.evaluate_handle("() => document.activeElement").evaluate(LOOK):
            faults.append(f"nobody sees that the keyboard is at {names[number]!r}")
    return faults


def moves(control: Locator) -> list[tuple[str, str]]:
    """The keys that move a control, each with the one that moves it back."""
    kind = control.evaluate("e => e.type === 'checkbox' ? 'press' : e.tagName + e.type")
    if kind == "press":
        return [("Space", "Space")]
    if control.evaluate("e => e.classList.contains('noUi-handle')"):
        return [("ArrowRight", "ArrowLeft"), ("ArrowLeft", "ArrowRight")]
    down, up = ("ArrowDown", "ArrowUp"), ("ArrowUp", "ArrowDown")
    if kind == "SELECTselect-one":
        at_end = control.evaluate("e => e.selectedIndex === e.length - 1")
        return [up, down, down] if at_end else [down, up, up]  # the second leads back to where it was
    return [down, up] if control.evaluate("e => e.max !== '' && +e.value >= +e.max") else [up, down]


def control_faults(area: Locator, *, most: int | None = None) -> list[str]:
    """Each control, or the first `most`, moved by a key, changes what is shown; moved back, it brings back the old."""
    faults = []
    area.locator(PICTURE).first.press("Home")  # to the one step that every picture has
    area.page.wait_for_timeout(MILLISECONDS_TO_SAVE)
    for number in range(area.locator(CONTROLS).count())[:most]:
        control = area.locator(CONTROLS).nth(number)
        name = control.evaluate("e => (e.labels?.[0] ?? e).innerText || e.getAttribute('aria-label') || e.title")
        before = read(area)
        may_rest = _is_in(MAY_REST, name)
        way_back = _moved(control, area, before, 0.5 if may_rest else None)
        if way_back is None and may_rest:
            continue
        if way_back is None:
            faults.append(f"the keys do not move {name!r}, or the picture does not follow")
            continue
        now = read(area)
        if not now.message and now.says == before.says:
            faults.append(f"what is shown is the same after {name!r} was moved: {now.says!r}")
        control.press(way_back)
        came_back = follows(area, now)  # waited for by each: what comes late would be taken for the next one's work
        if _is_in(MAY_DIFFER, name):
            continue
        if not came_back:
            faults.append(f"the picture does not follow when {name!r} is moved back")
        elif (after := read(area)).says != before.says:
            faults.append(f"{name!r}, moved and moved back, shows {after.says!r}, not {before.says!r}")
    return faults


def _is_in(names: Iterable[str], name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in names)


def _moved(control: Locator, area: Locator, before: Said, seconds: float | None) -> str | None:
    """The key that moves the control back, after one has moved it; None where none does."""
    for there, back in moves(control):
        control.press(there)
        if follows(area, before, seconds):
            return back
    return None


def button_faults(area: Locator) -> list[str]:
    """Each button changes what is shown."""
    faults = []
    for name in [button.inner_text() for button in area.locator(BUTTONS).all()]:
        button = area.locator(BUTTONS).get_by_text(name, exact=True)
        if not button.count():
            continue  # another button took it away
        before = read(area)
        button.press("Enter")
        if not follows(area, before):
            faults.append(f"nothing follows when {name!r} is pressed")
    return faults


def refusal_faults(area: Locator, name: str, bad: str) -> list[str]:
    """A setting that torch refuses shows a message in place of the picture, and the next good one draws again."""
    control = area.get_by_label(name, exact=True)
    good, before = control.input_value(), read(area)
    give(control, bad)
    if not follows(area, before) or not (now := read(area)).message:
        return [f"{name}={bad} shows no message: {read(area)}"]
    faults = []
    if area.get_by_role("img").count():
        faults.append(f"{name}={bad}: the picture stays beside the message")
    if not area.get_by_role("alert").count():
        faults.append(f"{name}={bad}: the message is no alert")
    give(control, good)
    if not follows(area, now) or (after := read(area)).message or after.says != before.says:
        faults.append(f"after {name}={bad}, {name}={good} shows {read(area)}, not {before}")
    return faults


def give(control: Locator, value: str) -> None:
    """Choose a word, or write a number and end it with the key Enter."""
    if control.evaluate("e => e.tagName === 'SELECT'"):
        control.select_option(label=value)
    else:
        control.fill(value)
        control.press("Enter")


def faults(area: Locator, *, most: int | None = None) -> list[str]:
    """What is wrong with the controls of an explorer that has a kernel; `most` of them are moved, or all."""
    return name_faults(area) + keyboard_faults(area) + control_faults(area, most=most) + button_faults(area)
