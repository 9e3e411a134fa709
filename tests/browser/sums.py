"""The sums of products that an explorer shows to who points at a number: they are there, and they are right."""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING

from browser.checks import shown

if TYPE_CHECKING:
    from playwright.sync_api import Locator

_FACTOR = r"(?:\d[\d.]*|\(-[\d.]+\))"
_TERM = rf"{_FACTOR}(?:\*{_FACTOR})*"
SUM = re.compile(rf"{_TERM}(?: \+ {_TERM})* = -?[\d.]+")
"""A sum of products written out, as "2*3 + 1*(-1) = 5"."""

# The number that is written into a cell: the text that stands in its middle.
NUMBER = """cell => [...cell.ownerSVGElement.querySelectorAll('text')].find(text => ['x', 'y'].every(at =>
    Math.abs(text.getAttribute(at) - cell.getAttribute(at) - cell.getAttribute('width') / 2) < 1e-6))?.textContent"""


def faults(view: Locator) -> list[str]:
    """Who points at a number of the output sees the sum of products behind it, and it comes to this number."""
    places = [cell.get_attribute("data-cell") for cell in view.locator("[data-cell^='output']").all()]
    found = []
    for place in (places[0], places[len(places) // 2], places[-1]):
        cell = view.locator(f"[data-cell='{place}']")
        cell.hover()
        number, text = cell.evaluate(NUMBER), shown(view).text
        *_, last = ["", *text.splitlines()]
        sums = [sum_in(line) for line in text.splitlines()]
        if not sums or None in sums or "*" not in text:
            found.append(f"who points at {place} sees no sum of products: {text!r}")
        elif any(abs(total - result) > slack for total, result, slack in filter(None, sums)):
            found.append(f"who points at {place} sees a sum that does not add up: {text!r}")
        elif abs(float(last.rpartition(" = ")[2]) - float(number or "nan")) > 0.005:
            found.append(f"who points at {place}, {number}, sees the sum of another number: {last!r}")
    view.page.mouse.move(1, 1)
    return found


def sum_in(line: str) -> tuple[float, float, float] | None:
    """What the products in "channel 0: 2*3 + 1*(-1) = 5" come to, what is said, and how far two digits may lie off."""
    sides = line.partition(": ")[2] or line
    if not SUM.fullmatch(sides):
        return None
    left, _, right = sides.rpartition(" = ")
    products = [[float(factor.strip("()")) for factor in term.split("*")] for term in left.split(" + ")]
    slack = 0.005 * (1 + sum(map(abs, itertools.chain(*products))))
    return sum(map(math.prod, products)), float(right), slack
