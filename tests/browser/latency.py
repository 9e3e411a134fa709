"""How long the reader waits: from a key or the mouse to the painted frame that shows what came of it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from browser.checks import PICTURE, cells, last_step, shown

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SAMPLES = 40
MILLISECONDS_TO_REST = 250
"""From one setting to the next: the kernel is done with the last one, as it is when a reader presses key after key."""

# Two numbers for each event that changes the attribute: how long the browser held the event before the page got it, as
# it does with the mouse until the next frame begins, and the time from then to the first message that the page can
# handle after the frame in which the picture has changed was painted.
WATCH = """(view, attribute) => {
    window.unwatch?.();
    window.samples = [];
    let start = null, latest = -1;
    const note = event => {
        if (!event.isTrusted || event.timeStamp <= latest) return;
        latest = event.timeStamp;
        const now = performance.now();
        start ??= { now, held: now - event.timeStamp };
    };
    const kinds = ['keydown', 'pointerover', 'pointermove'];
    kinds.forEach(kind => window.addEventListener(kind, note, true));
    const watcher = new MutationObserver(() => {
        if (start === null) return;
        const { now, held } = start;
        start = null;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => window.samples.push([performance.now() - now, held]);
            channel.port2.postMessage(0);
        });
    });
    watcher.observe(view, { attributes: true, attributeFilter: [attribute] });
    window.unwatch = () => {
        watcher.disconnect();
        kinds.forEach(kind => window.removeEventListener(kind, note, true));
    };
    window.forget = () => { start = null };
}"""


@dataclass(frozen=True)
class Latency:
    """The waiting times of one kind of event, in milliseconds.

    Attributes:
        name: What happened.
        samples: From the event in the page to the painted picture.
        held: Before that, from the hand to the page, in the browser.
    """

    name: str
    samples: tuple[float, ...]
    held: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the times are shorter."""
        return statistics.median(self.samples)

    def __str__(self) -> str:
        late = statistics.quantiles(self.samples, n=20, method="inclusive")[-1]
        return (
            f"{self.name}: median {self.median:.1f} ms, 95th percentile {late:.1f} ms, {len(self.samples)} samples; "
            f"before that the browser held the event for {statistics.median(self.held):.1f} ms (median)"
        )


def step(view: Locator) -> Latency:
    """From an arrow key on the picture to the next step."""
    picture = view.locator(PICTURE).first
    picture.press("Home")
    view.evaluate(WATCH, "data-step")
    for number in range(SAMPLES):
        there = number % (2 * last_step(view)) < last_step(view)
        _forget(view.page)
        picture.press("ArrowRight" if there else "ArrowLeft")
        _wait(view.page, number + 1)
    return _measured("step", view.page)


def hover(view: Locator) -> Latency:
    """From the mouse on another cell of the grid that is written to the step for which it stands."""
    view.evaluate(WATCH, "data-step")
    grid = cells(shown(view))[0].split("/")[0]
    boxes = [cell.bounding_box() for cell in view.locator(f"[data-cell^='{grid}/']").all()]
    places = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box]
    view.page.mouse.move(*places[1])
    view.page.wait_for_timeout(100)
    taken = int(view.page.evaluate("() => window.samples.length"))
    for number in range(SAMPLES):
        _forget(view.page)
        view.page.mouse.move(*places[(number + 2) % len(places)])
        _wait(view.page, taken + number + 1)
    return _measured("hover", view.page)


def hyperparameter(view: Locator, control: Locator) -> Latency:
    """From a key on a control, through the kernel, to the new picture."""
    view.evaluate(WATCH, "data-drawn")
    for number in range(SAMPLES):
        view.page.wait_for_timeout(MILLISECONDS_TO_REST)
        _forget(view.page)
        control.press("ArrowDown" if number % 2 else "ArrowUp")
        _wait(view.page, number + 1)
    return _measured("hyperparameter", view.page)


def _forget(page: Page) -> None:
    """Drop an event that changed nothing."""
    page.wait_for_timeout(40)
    page.evaluate("() => window.forget()")


def _wait(page: Page, count: int) -> None:
    page.wait_for_function("count => window.samples.length >= count", arg=count, polling=200)


def _measured(name: str, page: Page) -> Latency:
    samples, held = zip(*page.evaluate("() => window.samples")[-SAMPLES:], strict=True)
    return Latency(name, samples, held)
