"""Scenes made beforehand, for pages on which an explorer has no kernel to ask."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import ipywidgets  # type: ignore[import-untyped]

from convlab.explorers.controls import leaves, states, values_of

VARIABLE = "CONVLAB_SCENES"
"""The variable that says, as "beforehand", that what runs now becomes a page without a kernel."""

WORDS = (
    "No Python here: these pictures were made beforehand. When you change many settings, others may go back. In "
    "JupyterLab all go together."
)

MOST_MOVED = 2
"""How many controls may be moved anywhere while the others are where they are now."""

Settings = Mapping[str, Any]


class Beforehand(NamedTuple):
    """What an explorer offers where it has no kernel.

    Attributes:
        settings: The values of all controls, by their names, for each picture.
        order: The names of the controls. Where settings are wanted that are not there, those are shown that agree in
            the control that was moved, and then in as many as possible of the first ones of this order.
        words: What the reader is told about it.

    Example:
        >>> Beforehand([{"stride": 1}, {"stride": 2}], ("stride",)).words
        'No Python here: these pictures were made beforehand. ...'
    """

    settings: Sequence[Settings]
    order: tuple[str, ...]
    words: str = WORDS


def is_wanted() -> bool:
    """Whether what runs now becomes a page without a kernel.

    Example:
        >>> is_wanted()
        False
    """
    return os.environ.get(VARIABLE) == "beforehand"


def around(controls: Mapping[str, ipywidgets.ValueWidget], near: Mapping[str, Iterable[Any]]) -> Beforehand:
    """All combinations of some values; and beside them, all settings that differ from those of now in two controls.

    Args:
        controls: The controls by their names.
        near: By the names of controls, the values that are combined. A control that is not named keeps the one that it
            has, and so does one whose value is not among them.

    Example:
        >>> from convlab.explorers.controls import choice, whole
        >>> controls = {name: whole(name, 1, 1, 9) for name in ("stride", "padding", "dilation")}
        >>> settings = [tuple(setting.values()) for setting in around(controls, {"stride": (1, 2)}).settings]
        >>> len(settings), (2, 1, 1) in settings, (1, 9, 9) in settings, (2, 9, 9) in settings
        (217, True, True, False)
    """
    now = {name: control.value for name, control in controls.items()}
    known = {name: values_of(control) for name, control in controls.items()}
    wanted = {name: [value for value in known[name] if value in near.get(name, ())] for name in controls}
    ranges = [{name: wanted[name] if now[name] in wanted[name] else [now[name]] for name in controls}]
    for moved in itertools.combinations(controls, min(MOST_MOVED, len(controls))):
        ranges.append({name: known[name] if name in moved else [now[name]] for name in controls})
    found = dict.fromkeys(values for taken in ranges for values in itertools.product(*taken.values()))
    settings = [dict(zip(controls, values, strict=True)) for values in found]
    return Beforehand(settings, tuple(controls))


def leaves_of(controls: Mapping[str, ipywidgets.ValueWidget], order: Sequence[str]) -> list[ipywidgets.ValueWidget]:
    """The fields and lists of which controls are made, in an order of the controls.

    Args:
        controls: The controls by their names.
        order: Their names.

    Example:
        >>> from convlab.explorers.controls import yes_no
        >>> [leaf.value for leaf in leaves_of({"a": yes_no("a", True), "b": yes_no("b", False)}, ("b", "a"))]
        [False, True]
    """
    return [leaf for name in order for leaf in leaves(controls[name])]


def let_rest(fields: Iterable[ipywidgets.ValueWidget]) -> None:
    """Let fields and lists be there to be read alone: no kernel would follow them.

    Args:
        fields: What the reader shall not move.

    Example:
        >>> from convlab.explorers.controls import whole
        >>> let_rest([stride := whole("stride", 1, 1, 9)])
        >>> stride.disabled
        True
    """
    for field in fields:
        field.disabled = True


def packed(
    controls: Mapping[str, ipywidgets.ValueWidget],
    made: Beforehand,
    show: Callable[[Settings], tuple[str, str, str]],
) -> str:
    """The scenes of some settings, packed for the browser, which unpacks them when a control moves first.

    Args:
        controls: The controls by their names.
        made: What is offered.
        show: The scene as JSON ("" for none), the lines under it, and the message in its place, for some settings.

    Example:
        >>> from convlab.explorers.controls import whole
        >>> controls = {"stride": whole("stride", 1, 1, 2)}
        >>> text = packed(controls, around(controls, {"stride": (1, 2)}), lambda now: ("{}", f"{now['stride']}", ""))
        >>> json.loads(gzip.decompress(base64.b64decode(text)))
        {'settings': [[[1], 0, '1', ''], [[2], 0, '2', '']], 'scenes': ['{}']}
    """
    scenes: dict[str, int] = {}
    rows = []
    for settings in made.settings:
        scene, text, message = show(settings)
        number = scenes.setdefault(scene, len(scenes)) if scene else None
        rows.append(
            [[state for name in made.order for state in states(controls[name], settings[name])], number, text, message]
        )
    content = json.dumps({"settings": rows, "scenes": list(scenes)}, separators=(",", ":"))
    return base64.b64encode(gzip.compress(content.encode(), mtime=0)).decode()
