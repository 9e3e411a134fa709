"""The colours of every picture, light and dark, as plain data: matplotlib and the browser draw with the same ones."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

STOPS = 11
"""Colours in a ramp, from its lowest number to its highest, at equal distances."""


@dataclass(frozen=True)
class RoleColours:
    """How a lit cell looks.

    Attributes:
        outline: The line around it.
        fill: Its colour, in place of that of its number. A cell that shows its number by its colour alone keeps that.

    Example:
        >>> RoleColours("#0072b2", "#add3e6").fill
        '#add3e6'
    """

    outline: str
    fill: str


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, each as "#rrggbb".

    Attributes:
        name: "light" or "dark".
        page: What lies behind everything, and in an empty cell.
        ink: Titles, numbers of the axes and text.
        faint: Words that step back: shape letters, the numbers of padding.
        line: The lines between cells.
        frame: The line around a grid.
        link: A link that is not lit.
        lit: A link that is lit.
        padding: Fill of a cell of padding.
        inserted: Fill of a zero that is put in.
        cropped: The stroke through a cell that is computed and cropped.
        roles: The colours of each role: "read", "weight", "written" and "muted".
        ramps: For each scale 11 colours at equal distances. "signed": from -limit by 0 to limit; "count", "grey" and
            "plain": from 0 to limit.

    Example:
        >>> LIGHT.page, LIGHT.roles["read"].outline
        ('#ffffff', '#0072b2')
    """

    name: str
    page: str
    ink: str
    faint: str
    line: str
    frame: str
    link: str
    lit: str
    padding: str
    inserted: str
    cropped: str
    roles: MappingProxyType[str, RoleColours]
    ramps: MappingProxyType[str, tuple[str, ...]]

    def flat(self) -> list[str]:
        """The colours that fill areas or draw lines, without the ramps.

        Example:
            >>> LIGHT.flat()[:2]
            ['#ffffff', '#1d2026']
        """
        roles = [colour for role in self.roles.values() for colour in (role.outline, role.fill)]
        words, lines = [self.page, self.ink, self.faint], [self.line, self.frame, self.link, self.lit]
        return [*words, *lines, self.padding, self.inserted, self.cropped, *roles]

    def to_dict(self) -> dict[str, Any]:
        """The theme as dicts, lists, numbers and words, for JSON.

        Example:
            >>> LIGHT.to_dict()["roles"]["weight"]
            {'outline': '#009e73', 'fill': '#ade0d2'}
        """
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain["roles"] = {role: dataclasses.asdict(colours) for role, colours in self.roles.items()}
        plain["ramps"] = {scale: list(stops) for scale, stops in self.ramps.items()}
        return plain


def mixed(below: str, above: str, opacity: float) -> str:
    """The colour of one thing laid over another.

    Args:
        below: What lies behind, as "#rrggbb".
        above: What lies in front.
        opacity: How much of `above` covers it, from 0 to 1.

    Example:
        >>> mixed("#ffffff", "#000000", 0.2)
        '#cccccc'
    """
    pairs = zip(_bytes(below), _bytes(above), strict=True)
    return "#" + "".join(f"{round(back + (front - back) * opacity):02x}" for back, front in pairs)


def ramp(*colours: str) -> tuple[str, ...]:
    """A ramp of `STOPS` colours through these, which stand at equal distances.

    Example:
        >>> ramp("#000000", "#ffffff")[::5]
        ('#000000', '#808080', '#ffffff')
    """
    last = len(colours) - 1
    places = [min(divmod(number * last, STOPS - 1), (last - 1, STOPS - 1)) for number in range(STOPS)]
    return tuple(mixed(colours[before], colours[before + 1], rest / (STOPS - 1)) for before, rest in places)


def _bytes(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))


def _roles(page: str, read: str, weight: str, written: str, muted: str) -> MappingProxyType[str, RoleColours]:
    colours = {"read": read, "weight": weight, "written": written, "muted": muted}
    return MappingProxyType({role: RoleColours(colour, mixed(page, colour, 0.32)) for role, colour in colours.items()})


LIGHT = Theme(
    name="light",
    page="#ffffff",
    ink="#1d2026",
    faint="#626a76",
    line="#d5d9df",
    frame="#8d95a1",
    link="#d5d9df",
    lit="#0072b2",
    padding="#e9ecf0",
    inserted="#f3f1ea",
    cropped="#a9b0ba",
    roles=_roles("#ffffff", "#0072b2", "#009e73", "#d55e00", "#7b838f"),
    ramps=MappingProxyType(
        {
            "signed": ramp("#8878bd", "#b9aedb", "#ffffff", "#fbcb8b", "#ee9a3a"),
            "count": ramp("#ffffff", "#b5d3ec", "#5a9fd2"),
            "grey": ramp("#000000", "#ffffff"),
            "plain": ramp("#ffffff", "#ffffff"),
        }
    ),
)
"""Dark ink on white. Blue, green and vermilion are those of Okabe and Ito, "Color Universal Design" (2008)."""

DARK = Theme(
    name="dark",
    page="#14161a",
    ink="#e9ebee",
    faint="#a2a9b4",
    line="#3a3f48",
    frame="#737b87",
    link="#3a3f48",
    lit="#56b4e9",
    padding="#262a31",
    inserted="#2b2920",
    cropped="#5d6570",
    roles=_roles("#14161a", "#56b4e9", "#22b98b", "#ff8a3d", "#9aa2ad"),
    ramps=MappingProxyType(
        {
            "signed": ramp("#a594e0", "#5f5490", "#14161a", "#7d5424", "#e0943a"),
            "count": ramp("#14161a", "#28567c", "#5aa5dc"),
            "grey": ramp("#000000", "#ffffff"),
            "plain": ramp("#14161a", "#14161a"),
        }
    ),
)
"""Light ink on a dark page; the hues are those of `LIGHT`."""
