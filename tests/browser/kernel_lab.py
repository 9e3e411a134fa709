"""What the kernel lab must do in a browser: it has pictures of its own, and no steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import checks

if TYPE_CHECKING:
    from playwright.sync_api import Locator

VIEW = ".convlab-lab[data-drawn]"

# The pixel that is shown, the sum of products that the page computed for it, and the number that Python has there.
READ = """view => ({ row: +view.dataset.row, column: +view.dataset.column, sum: +view.dataset.sum,
    result: +view.dataset.result, line: view.querySelector('.lab-line').innerText })"""


def faults(view: Locator) -> list[str]:
    """What is wrong with the pictures, with keys, and with pointing."""
    found = [
        f"a picture has no alt text: {picture.evaluate('e => e.outerHTML.slice(0, 80)')}"
        for picture in view.locator("canvas").all()
        if not (picture.get_attribute("aria-label") or "").strip() or picture.get_attribute("role") != "img"
    ]
    found += checks.cut_off_faults(view)
    result = view.locator(checks.PICTURE).first
    before = view.evaluate(READ)
    down = "ArrowDown" if before["row"] == 0 else "ArrowUp"
    for key in (down, "ArrowRight" if before["column"] == 0 else "ArrowLeft"):
        result.press(key)
    now = view.evaluate(READ)
    if abs(now["row"] - before["row"]) != 1 or abs(now["column"] - before["column"]) != 1:
        found.append(f"the arrow keys lead from {before} to {now}")
    found += _sum_faults(now)
    box = result.bounding_box()
    assert box is not None
    view.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    view.page.wait_for_timeout(30)
    pointed = view.evaluate(READ)
    if (pointed["row"], pointed["column"]) == (now["row"], now["column"]) or pointed["line"] == now["line"]:
        found.append(f"nothing follows who points at the middle of the result: {pointed}")
    return found + _sum_faults(pointed)


def _sum_faults(now: dict[str, float | str]) -> list[str]:
    """The products that the page shows add up to the number of the result."""
    total, result = float(now["sum"]), float(now["result"])
    return [] if abs(total - result) < 1e-4 * max(1, abs(result)) else [f"the products do not add up: {now}"]
