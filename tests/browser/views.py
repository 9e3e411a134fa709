"""The pictures of every kind of explorer, where they stand, and what each of them must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import checks, controls, deform, kernel_lab, sums

if TYPE_CHECKING:
    from playwright.sync_api import Locator

VIEWS = ", ".join((checks.VIEW, kernel_lab.VIEW, deform.VIEW))


def faults(area: Locator, explorer: str) -> list[str]:
    """What is wrong with the pictures of a cell, with its output as their frame."""
    area.locator(VIEWS).first.wait_for()
    views, labs, windows = (area.locator(view) for view in (checks.VIEW, kernel_lab.VIEW, deform.VIEW))
    found = [fault for view in views.all() for fault in checks.faults(view)]
    if explorer == "sliding_window":
        found += [fault for view in views.all() for fault in sums.faults(view)]
    found += [fault for lab in labs.all() for fault in kernel_lab.faults(lab)]
    return found + [fault for window in windows.all() for fault in deform.faults(window)]


def faults_without_kernel(area: Locator, explorer: str) -> list[str]:
    """What is wrong with an explorer on a page that has no kernel, and has to say so."""
    found = faults(area, explorer) + controls.name_faults(area) + controls.keyboard_faults(area)
    if not area.locator(".convlab-offline").first.is_visible():
        found.append("nothing says that there is no kernel")
    return found
