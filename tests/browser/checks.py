"""What an explorer must do in a browser: be drawn whole, have names, follow keys, buttons and the mouse.

Each check takes a view, the element `.convlab-view` of one picture, and returns its faults as sentences. It presses and
points as a reader does, and reads back what stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator

VIEW = ".convlab-view[data-drawn]"
PICTURE = "[tabindex='0']:not(input):not(button)"
MILLISECONDS_TO_FOLLOW = 6000

READ = """view => ({
    step: Number(view.dataset.step),
    title: view.querySelector('.convlab-title')?.textContent ?? '',
    text: view.querySelector('.convlab-text')?.textContent ?? '',
    slider: Number(view.querySelector('input.convlab-step')?.value),
    lit: [...view.querySelectorAll('[data-cell][data-role]')].map(c => c.dataset.cell + ' ' + c.dataset.role).sort(),
    colours: [...view.querySelectorAll('[data-cell], [data-image]')].map(
        c => c.getAttribute('fill') ?? c.getAttribute('href')).join(';'),
})"""

CUT_OFF = """view => {
    const found = [], shown = e => e.getClientRects().length > 0 && getComputedStyle(e).clipPath === 'none';
    const within = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1
        && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
    const words = e => (e.textContent || e.getAttribute('aria-label') || '').trim().slice(0, 40);
    const name = e => `${e.tagName.toLowerCase()} '${words(e)}'`;
    for (const svg of view.querySelectorAll('svg')) {
        const outer = svg.getBoundingClientRect();
        for (const e of svg.querySelectorAll('text, rect, image'))
            if (shown(e) && e.getBoundingClientRect().width && !within(e.getBoundingClientRect(), outer))
                found.push(`${name(e)} leaves its picture`);
    }
    const area = view.closest('.jp-OutputArea-output') ?? view, frame = area.getBoundingClientRect();
    for (const e of area.querySelectorAll('svg, canvas, button, input, select, label, .convlab-title, .convlab-text'))
        if (shown(e) && e.getBoundingClientRect().width > 1) {
            const box = e.getBoundingClientRect();
            if (box.left < frame.left - 1 || box.right > Math.min(frame.right, innerWidth) + 1)
                found.push(`${name(e)} leaves the page at ${innerWidth} pixels`);
        }
    for (const e of area.querySelectorAll('label, .widget-label, button, .convlab-title, .convlab-text'))
        if (shown(e) && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible'
            && e.clientWidth > 1) found.push(`${name(e)} is cut short at ${innerWidth} pixels`);
    return found;
}"""


@dataclass(frozen=True)
class Shown:
    """What a view shows now."""

    step: int
    title: str
    text: str
    slider: int
    lit: tuple[str, ...]
    colours: str = field(repr=False)

    def story(self) -> tuple[str, str, tuple[str, ...], str]:
        """What must be the same whenever this step is shown."""
        return self.title, self.text, self.lit, self.colours


def shown(view: Locator) -> Shown:
    """What it shows now."""
    found: dict[str, Any] = view.evaluate(READ)
    return Shown(**{**found, "lit": tuple(found["lit"])})


def last_step(view: Locator) -> int:
    """The number of its last step."""
    return int(view.get_attribute("data-steps") or 0) - 1


def reaches(view: Locator, step: int, *, stays: bool = False) -> bool:
    """Whether it shows this step before long; with `stays`, not only while a pointer passes: so does the slider."""
    from playwright.sync_api import TimeoutError as Late

    try:
        view.page.wait_for_function(
            """([view, step, stays]) => view.dataset.step === String(step)
                && (!stays || view.querySelector('input.convlab-step').value === String(step))""",
            arg=[view.element_handle(), step, stays],
            timeout=MILLISECONDS_TO_FOLLOW,
        )
    except Late:
        return False
    return True


def drawn_faults(view: Locator) -> list[str]:
    """The picture is there, with words for those who cannot see it."""
    faults = []
    if not int(view.get_attribute("data-drawn") or 0):
        faults.append("nothing is drawn")
    pictures = view.get_by_role("img")
    if not pictures.count():
        return [*faults, "there is no picture"]
    if not (pictures.first.get_attribute("aria-label") or "").strip():
        faults.append("the picture has no alt text")
    box = pictures.first.bounding_box()
    if box is None or min(box["width"], box["height"]) < 20:
        faults.append(f"the picture has no size: {box}")
    if not is_seen(view.locator(".convlab-title")):
        faults.append("the step has no title")
    return faults


def is_seen(words: Locator) -> bool:
    """Whether words are seen on the page before long: JupyterLab hides an output while it makes room for it."""
    from playwright.sync_api import TimeoutError as Late

    try:
        words.wait_for(timeout=MILLISECONDS_TO_FOLLOW)
    except Late:
        return False
    return True


def theme_faults(views: Locator, theme: str) -> list[str]:
    """Each has the colours of its page."""
    views.page.wait_for_timeout(500)  # style sheets may be on their way
    found = [view.get_attribute("data-theme") for view in views.all()]
    return [f"its colours are for a {other} page, but the page is {theme}" for other in found if other != theme]


def cut_off_faults(view: Locator) -> list[str]:
    """Nothing is cut off, at the widths of a screen and of half a screen."""
    faults: list[str] = []
    before = view.page.viewport_size
    assert before is not None
    for width in (1280, 800):
        view.page.set_viewport_size({"width": width, "height": before["height"]})
        view.page.wait_for_timeout(150)
        faults += view.evaluate(CUT_OFF)
    view.page.set_viewport_size(before)
    view.page.wait_for_timeout(150)
    return sorted(set(faults))


def step_faults(view: Locator) -> list[str]:
    """Keys, buttons and the slider lead to the same steps, and picture and words follow."""
    last = last_step(view)
    if last < 1:
        return [] if last == 0 else ["there is no step"]
    picture, slider = view.locator(PICTURE).first, view.locator("input.convlab-step")

    def button(name: str) -> Locator:
        return view.locator(f"button[data-go='{name}']")

    ways: list[tuple[str, Callable[[], None], int]] = [
        ("the key End", lambda: picture.press("End"), last),
        ("the button first", lambda: button("first").click(), 0),
        ("the button next", lambda: button("next").click(), 1),
        ("the button previous", lambda: button("previous").click(), 0),
        ("the button last", lambda: button("last").click(), last),
        ("the key Home", lambda: picture.press("Home"), 0),
        ("the slider's key Home", lambda: slider.press("Home"), 0),
        ("the slider's key to the right", lambda: slider.press("ArrowRight"), 1),
        ("the slider's key to the left", lambda: slider.press("ArrowLeft"), 0),
        ("the slider's key End", lambda: slider.press("End"), last),
    ]
    faults: list[str] = []
    seen: dict[int, Shown] = {}
    for name, act, step in ways:
        act()
        if not reaches(view, step, stays=True):
            now = shown(view)
            where = f"step {now.step}, not to {step}"
            if now.step == step:
                where = f"step {step}, but the slider stands at {now.slider}, not at {step}"
            return [*faults, f"{name} leads to {where}"]
        now = shown(view)
        if now.story() != seen.setdefault(step, now).story():
            faults.append(f"{name}: step {step} is another one than before: {now}, not {seen[step]}")
    if not seen[0].lit:
        faults.append("no cell is lit at the first step")
    for other in {1, last}:
        if seen[other].lit == seen[0].lit:
            faults.append(f"the picture does not follow: the same cells are lit at steps 0 and {other}")
        if (seen[other].title, seen[other].text) == (seen[0].title, seen[0].text):
            faults.append(f"the words do not follow: they are the same at steps 0 and {other}")
    return faults + _arrow_faults(view, picture, last)


def _arrow_faults(view: Locator, picture: Locator, last: int) -> list[str]:
    """The arrow keys lead away from the first step, to the right or down."""
    picture.press("Home")
    reaches(view, 0)
    picture.press("ArrowRight")
    view.page.wait_for_timeout(30)
    there = shown(view).step
    if there == 0:
        picture.press("ArrowDown")
        view.page.wait_for_timeout(30)
        there = shown(view).step
    return [] if 0 < there <= last else ["the arrow keys do not leave the first step"]


def hover_faults(view: Locator) -> list[str]:
    """Who points at the cell that stands for a step sees that step, and who leaves sees the step from before."""
    last = last_step(view)
    picture = view.locator(PICTURE).first
    if last < 1:
        return []
    picture.press("Home")
    reaches(view, 0)
    first = shown(view)
    picture.press("End")
    reaches(view, last)
    before = shown(view)
    view.page.mouse.move(1, 1)
    places = [cell for cell in cells(first) if cell not in cells(before)] or cells(first)
    here = next((cell for cell in places if _leads_to(view, cell, 0)), None)
    if here is None:
        return [f"who points at one of {places} does not see step 0"]
    faults = []
    if (now := shown(view)).story() != first.story():
        faults.append(f"pointing at {here} shows {now}, not {first}")
    if len(now.lit) < 2 and now.colours == before.colours:
        faults.append(f"pointing at {here} lights {now.lit} only, not the window that it comes from")
    view.page.mouse.move(1, 1)
    if not reaches(view, last) or shown(view).story() != before.story():
        faults.append(f"who leaves the picture sees {shown(view)}, not {before}")
    return faults


def _leads_to(view: Locator, cell: str, step: int) -> bool:
    """Whether who points at this cell sees this step."""
    view.locator(f"[data-cell='{cell}']").first.hover()
    view.page.wait_for_timeout(30)
    return shown(view).step == step


def cells(now: Shown) -> list[str]:
    """The cells that are lit, those first that are written."""
    return [lit.rpartition(" ")[0] for lit in sorted(now.lit, key=lambda lit: not lit.endswith(" written"))]


def faults(view: Locator) -> list[str]:
    """What is wrong with a picture and its steps."""
    found = drawn_faults(view)
    return found or cut_off_faults(view) + step_faults(view) + hover_faults(view)
