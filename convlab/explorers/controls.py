"""Controls in one line each: labelled, with a tooltip, and with the range of what they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import ipywidgets  # type: ignore[import-untyped]
import traitlets


def whole(name: str, value: int, low: int, high: int, *, tip: str = "") -> ipywidgets.BoundedIntText:
    """A field for a whole number, with arrows.

    Args:
        name: Its label.
        value: What it holds first.
        low: The smallest number that it takes.
        high: The largest.
        tip: What is shown when the pointer rests on it.

    Raises:
        TypeError: If `value` is no int.
        ValueError: If `value` is not from `low` to `high`.

    Example:
        >>> whole("stride", 2, 1, 4).value
        2
        >>> whole("stride", 9, 1, 4)
        Traceback (most recent call last):
        ValueError: stride must be from 1 to 4 in this explorer, but stride=9
    """
    if not isinstance(value, SupportsIndex):
        raise TypeError(f"{name} must be an int, but {name}={value!r} is a {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high} in this explorer, but {name}={value}")
    field = ipywidgets.BoundedIntText(value, min=low, max=high, **_labelled(name, tip or _range(name, low, high)))
    field.add_class("convlab-whole")
    return field


def choice(name: str, value: Any, options: Sequence[Any], *, tip: str = "") -> ipywidgets.Dropdown:
    """A list to choose from.

    Args:
        name: Its label.
        value: What is chosen first.
        options: What can be chosen; a pair is a word and the value that it stands for.
        tip: What is shown when the pointer rests on it.

    Raises:
        ValueError: If `value` is none of the options.

    Example:
        >>> choice("padding_mode", "zeros", ("zeros", "circular")).value
        'zeros'
    """
    known = [option[1] if isinstance(option, tuple) else option for option in options]
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, but {name}={value!r}")
    return ipywidgets.Dropdown(options=options, value=value, **_labelled(name, tip or f"choose {name}"))


def yes_no(name: str, value: bool, *, tip: str = "") -> ipywidgets.Checkbox:
    """A box to tick.

    Args:
        name: Its label.
        value: Whether it is ticked first.
        tip: What is shown when the pointer rests on it.

    Example:
        >>> yes_no("transposed", False).description
        'transposed'
    """
    return ipywidgets.Checkbox(value, indent=False, **_labelled(name, tip or f"{name}, yes or no"))


def _range(name: str, low: int, high: int) -> str:
    """The tooltip of a field that has no other."""
    return f"{name}, from {low} to {high}"


def _labelled(name: str, tip: str) -> dict[str, Any]:
    return {
        "description": name,
        "tooltip": tip,
        "style": {"description_width": "initial"},
        "layout": ipywidgets.Layout(width="auto", margin="2px 14px 2px 0"),
    }


def takes(control: ipywidgets.ValueWidget, value: object) -> bool:
    """Give a control a value; whether it took just this one.

    Args:
        control: Any widget with a value.
        value: What it is given; a number out of range may leave it at the end of its range.

    Example:
        >>> takes(whole("stride", 2, 1, 4), 3), takes(whole("stride", 2, 1, 4), 9)
        (True, False)
    """
    if value is None:  # which a list takes for "nothing is chosen"
        return False
    try:
        control.value = value
    except (traitlets.TraitError, RuntimeError):  # torch's, for a tensor that is neither true nor false
        return False
    return bool(control.value == value)


def beside(control: ipywidgets.ValueWidget) -> list[Any]:
    """The values to which one key leads from the one that a field or a list has.

    Args:
        control: Any widget with a value.

    Example:
        >>> beside(whole("stride", 1, 1, 4)), beside(choice("mode", "b", ("a", "b", "c"))), beside(yes_no("same", True))
        ([2], ['a', 'c'], [False])
    """
    if isinstance(control, ipywidgets.BoundedIntText):
        return [n for n in (control.value - 1, control.value + 1) if control.min <= n <= control.max]
    if isinstance(control, ipywidgets.Checkbox):
        return [not control.value]
    if not isinstance(control, ipywidgets.Dropdown):
        return []
    known = [value for _, value in control._options_full]
    at = known.index(control.value)
    return known[max(0, at - 1) : at] + known[at + 1 : at + 2]


def values_of(control: ipywidgets.ValueWidget) -> list[Any]:
    """All values that a control takes.

    Args:
        control: A field, a list or a box.

    Example:
        >>> values_of(whole("stride", 2, 1, 4)), values_of(choice("mode", "b", ("a", "b")))
        ([1, 2, 3, 4], ['a', 'b'])
    """
    if isinstance(control, ipywidgets.BoundedIntText):
        return list(range(control.min, control.max + 1))
    return [value for _, value in control._options_full] if isinstance(control, ipywidgets.Dropdown) else [False, True]


def narrowed(control: ipywidgets.ValueWidget, values: Iterable[Any]) -> list[Any]:
    """Let a control take fewer values; those that it takes now. With one alone it rests: it is there to be read.

    Args:
        control: A field, a list or a box.
        values: What it is to keep; a field keeps what lies between, too. Where the value that it has is not among them,
            it keeps that one alone.

    Example:
        >>> narrowed(whole("stride", 2, 1, 9), (1, 3)), narrowed(choice("mode", "b", ("a", "b", "c")), ("b", "c"))
        ([1, 2, 3], ['b', 'c'])
        >>> narrowed(field := whole("stride", 5, 1, 9), (1, 3)), field.disabled
        ([5], True)
    """
    kept = _kept(control, list(values) or [control.value])
    control.disabled = len(kept) == 1
    return kept


def _kept(control: ipywidgets.ValueWidget, wanted: Sequence[Any]) -> list[Any]:
    """What a control takes after it was narrowed."""
    if isinstance(control, ipywidgets.BoundedIntText):
        low, high = max(control.min, min(wanted)), min(control.max, max(wanted))
        if not low <= control.value <= high:
            low = high = control.value
        if control.tooltip == _range(control.description, control.min, control.max):
            control.tooltip = _range(control.description, low, high)
        control.min, control.max = low, high
        return list(range(low, high + 1))
    if isinstance(control, ipywidgets.Dropdown):
        value = control.value
        wanted = wanted if value in wanted else [value]
        control.options = [(word, known) for word, known in control._options_full if known in wanted]
        control.value = value
        return [known for _, known in control._options_full]
    return [value for value in (False, True) if value in wanted] if control.value in wanted else [control.value]


def leaves(control: ipywidgets.ValueWidget) -> list[ipywidgets.ValueWidget]:
    """The fields and lists of which a control is made, in the order of `states`: itself, if it has no `leaves`.

    Args:
        control: Any widget with a value.

    Example:
        >>> len(leaves(whole("stride", 1, 1, 4)))
        1
    """
    return list(control.leaves) if hasattr(control, "leaves") else [control]


def states(control: ipywidgets.ValueWidget, value: Any) -> list[Any]:
    """What the browser holds for each of the `leaves` when a control has a value: of a list, the place in it.

    Args:
        control: Any widget with a value.
        value: One that it takes.

    Example:
        >>> states(whole("stride", 1, 1, 4), 3), states(choice("mode", "b", ("a", "b", "c")), "c")
        ([3], [2])
    """
    if hasattr(control, "states"):
        return list(control.states(value))
    if isinstance(control, ipywidgets.Dropdown):
        return [[known for _, known in control._options_full].index(value)]
    return [value]
