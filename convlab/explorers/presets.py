"""Presets: a list from which the reader takes settings for several controls of an explorer at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from convlab.explorers.base import Explorer

OWN = "your own"
"""What a list of presets says when the reader has moved a control."""

Preset = Callable[[dict[str, Any]], dict[str, Any]]
"""The new settings, from those of now."""


def follow_presets(
    explorer: Explorer, name: str, presets: Mapping[str, Preset], *, loose: Collection[str] = ()
) -> None:
    """Let the other controls follow a list of presets, and the list say which preset the controls fit.

    Args:
        explorer: What is to follow.
        name: Which of its controls is the list; its options are the names of the presets and `OWN`.
        presets: The settings by their names.
        loose: Controls that a preset moves, and that the reader may move without leaving it.

    Example:
        >>> from convlab.explorers.controls import choice, whole
        >>> from convlab.scenes import Grid, Scene, Step
        >>> def show(preset, count):
        ...     return Scene("", f"{count} zeros.", (Grid("input", ((0,) * count,)),), (Step(""),))
        >>> controls = {"preset": choice("preset", OWN, [OWN, "three"]), "count": whole("count", 1, 1, 5)}
        >>> explorer = Explorer("zeros", controls, show)
        >>> follow_presets(explorer, "preset", {"three": lambda now: {"count": 3}})
        >>> explorer.set(preset="three")
        >>> explorer.values()
        {'preset': 'three', 'count': 3}
        >>> explorer.set(count=2)
        >>> explorer.values()
        {'preset': 'your own', 'count': 2}
    """
    listed = explorer.controls[name]
    at_work = False

    def take(change: dict[str, Any]) -> None:
        nonlocal at_work
        if change["new"] != OWN and not at_work:
            at_work = True
            try:
                explorer.set(**presets[change["new"]](explorer.values()))
            finally:
                at_work = False

    def moved(change: object = None) -> None:
        nonlocal at_work
        if not at_work:
            at_work = True
            try:
                listed.value = _fitting(explorer.values(), listed.value, presets, loose)
            finally:
                at_work = False

    listed.observe(take, "value")
    for other, control in explorer.controls.items():
        if other != name:
            control.observe(moved, "value")
    moved()


def _fitting(values: dict[str, Any], now: str, presets: Mapping[str, Preset], loose: Collection[str]) -> str:
    """The preset that these settings fit: the one of now if it can stay."""
    strict = {name: value for name, value in values.items() if name not in loose}
    names = [
        name
        for name, preset in presets.items()
        if all(strict.get(key, value) == value for key, value in preset(values).items())
    ]
    return now if now in names else next(iter(names), OWN)
