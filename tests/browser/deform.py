"""What the explorer of a deformable convolution must do in a browser: its points move, and the sums follow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from browser import checks, sums

if TYPE_CHECKING:
    from playwright.sync_api import Locator

VIEW = ".convlab-deform[data-drawn]"

READ = """view => ({ ...view.dataset, title: view.querySelector('.convlab-title').textContent,
    text: view.querySelector('.convlab-text').textContent, line: view.querySelector('.lab-line').textContent,
    facts: view.querySelector('.convlab-facts').textContent,
    lit: [...view.querySelectorAll('.deform-plane .corners rect:not(.halo)')].filter(
        rect => rect.style.display !== 'none').map(rect => [+rect.getAttribute('y'), +rect.getAttribute('x')]),
    numbers: ['read', 'weight', 'mask', 'products', 'output'].map(name => [...view.querySelectorAll(
        `.deform-${name} span`)].map(cell => +cell.textContent)) })"""

# The middle of the dot of a point, on the page; and how far an element is from the next.
DOT = """(view, tap) => { const dot = [...view.querySelectorAll(`.point[data-tap='${tap}'] .dot`)].find(
        node => node.getClientRects().length), box = dot.getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2, unit: dot.getScreenCTM().a } }"""


@dataclass(frozen=True)
class Now:
    """What is shown now.

    Attributes:
        chosen: The number of the chosen tap.
        place: Where its point is.
        value: What it reads.
        output: What the window makes.
        title: The words for the place.
        text: The sum of what it reads, and whether something lies outside.
        facts: The words for all offsets.
        lit: How many elements around it are lit.
        numbers: What stands in the tables: read at the points, weight, mask, products, output.
    """

    chosen: int
    place: tuple[float, ...]
    value: float
    output: float
    title: str
    text: str
    facts: str
    lit: int
    numbers: tuple[tuple[float, ...], ...]


def read(view: Locator) -> Now:
    """What is shown now."""
    found: dict[str, Any] = view.evaluate(READ)
    return Now(
        int(found["chosen"]),
        tuple(json.loads(found["place"])),
        float(found["value"]),
        float(found["output"]),
        found["title"],
        found["text"],
        found["facts"],
        len(found["lit"]),
        tuple(map(tuple, found["numbers"])),
    )


def drag(view: Locator, tap: int, *, down: float = 0, right: float = 0) -> None:
    """Take the point of a tap with the mouse, and move it so many elements."""
    view.locator(".deform-stage").scroll_into_view_if_needed()
    at, mouse = view.evaluate(DOT, tap), view.page.mouse
    mouse.move(at["x"], at["y"])
    mouse.down()
    for part in (0.3, 0.7, 1):
        mouse.move(at["x"] + part * right * at["unit"], at["y"] + part * down * at["unit"])
    mouse.up()


def sum_faults(now: Now) -> list[str]:
    """The sums that are shown add up."""
    found = []
    written = sums.sum_in(now.text.splitlines()[0])
    if written is None or abs(written[0] - written[1]) > written[2] or abs(written[0] - now.value) > written[2]:
        found.append(f"the sum of what the point reads does not add up: {now}")
    values, weights, masks, products, (output,) = now.numbers
    for value, weight, mask, term in zip(values, weights, masks or [1] * len(values), products, strict=True):
        if abs(value * weight * mask - term) > 1e-3 * max(1, abs(term)):
            found.append(f"a product is wrong: {value} * {weight} * {mask} is not {term}")
    if abs(sum(products) - output) > 1e-3 * max(1, len(products), abs(output)) or abs(output - now.output) > 1e-4:
        found.append(f"the products do not add up: {now}")
    return found


def faults(view: Locator) -> list[str]:
    """What is wrong with the pictures, with keys, and with dragging; the points stand as before at the end."""
    found = [
        f"a picture has no alt text: {picture.evaluate('e => e.outerHTML.slice(0, 80)')}"
        for picture in view.get_by_role("img").all()
        if not (picture.get_attribute("aria-label") or "").strip()
    ]
    found += checks.cut_off_faults(view)
    stage = view.locator(checks.PICTURE).first
    before = read(view)
    found += sum_faults(before)
    way = {-0.25: "ArrowLeft", 0.25: "ArrowRight"}
    found += _there_and_back(view, before, 0.25, lambda move: stage.press(way[move]), "the arrow keys")
    stage.press("n")
    if len(before.numbers[0]) > 1 and read(view).chosen == before.chosen:
        found.append("the key N does not choose another point")
    stage.press("p")
    return found + _there_and_back(view, before, 0.5, lambda move: drag(view, before.chosen, right=move), "the mouse")


def _there_and_back(view: Locator, before: Now, far: float, move: Callable[[float], None], who: str) -> list[str]:
    """What goes wrong when a point is moved to where there is room for it, and back; the sums must follow."""
    if before.place[-1] - far < 0:
        far = -far
    move(-far)
    now = read(view)
    found = sum_faults(now)
    if now.place[-1] - before.place[-1] != -far or now.title == before.title or now.text == before.text:
        found.append(f"{who} lead by {-far} from {before} to {now}")
    move(far)
    return found if read(view) == before else [*found, f"{who} do not lead back to {before}, but to {read(view)}"]
