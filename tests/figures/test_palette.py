"""The colours can be told apart by the colour-blind, and every number can be read."""

import json

import numpy as np
import pytest

from convlab.figures import style
from convlab.figures.palette import STOPS, Theme, mixed, ramp
from convlab.scenes.parts import ROLES

THEMES = [pytest.param(style.LIGHT, id="light"), pytest.param(style.DARK, id="dark")]

# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
# severity 1.0; they act on linear red, green and blue.
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}


def seen(colour: str, vision: str) -> np.ndarray:
    """The colour as this eye sees it, in CIE L*a*b* under D65."""
    parts = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    linear = (VISION[vision] @ linear).clip(0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ linear / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(seen(one, vision) - seen(other, vision)))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", THEMES)
def test_roles_can_be_told_apart(theme: Theme, vision: str) -> None:
    outlines = [theme.roles[role].outline for role in ROLES]
    for place, one in enumerate(outlines):
        for other in outlines[place + 1 :]:
            assert distance(one, other, vision) > 15, (one, other)


def test_the_measure_refuses_a_red_and_a_green_of_one_brightness() -> None:
    red, green = "#b05a3c", "#7a7a2e"
    assert distance(red, green, "full") > 30
    assert distance(red, green, "deuteranopia") < 15


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", THEMES)
def test_below_and_above_zero_can_be_told_apart(theme: Theme, vision: str) -> None:
    stops = theme.ramps["signed"]
    assert all(distance(stops[place], stops[-1 - place], vision) > 10 for place in range(STOPS // 2))


@pytest.mark.parametrize("theme", THEMES)
def test_ink_can_be_read_on_every_stop_and_under_every_role(theme: Theme) -> None:
    fills = [theme.padding, theme.inserted, theme.page, *(look.fill for look in theme.roles.values())]
    for colour in [*(stop for stops in theme.ramps.values() for stop in stops), *fills]:
        ink = {"black": "#000000", "white": "#ffffff"}.get(style.ink_for(colour, theme), theme.ink)
        assert style.contrast(ink, colour) >= 4.5, colour
    assert style.contrast("#808080", "#707070") < 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_the_page(theme: Theme) -> None:
    assert style.contrast(theme.ink, theme.page) >= 7
    assert all(style.contrast(theme.faint, back) >= 4.5 for back in (theme.page, theme.padding, theme.inserted))


@pytest.mark.parametrize("theme", THEMES)
def test_zero_is_the_page(theme: Theme) -> None:
    assert theme.ramps["signed"][STOPS // 2] == theme.ramps["count"][0] == theme.page
    assert set(theme.ramps["plain"]) == {theme.page}


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_is_json_with_all_roles_and_ramps(theme: Theme) -> None:
    plain = json.loads(json.dumps(theme.to_dict()))
    assert plain == theme.to_dict()
    assert set(plain["roles"]) == set(ROLES)
    assert {scale: len(stops) for scale, stops in plain["ramps"].items()} == dict.fromkeys(
        ("signed", "count", "grey", "plain"), STOPS
    )
    for colour in [*theme.flat(), *(stop for stops in plain["ramps"].values() for stop in stops)]:
        assert len(colour) == 7
        assert int(colour[1:], 16) >= 0


def test_mixed_and_ramp_end_where_they_should() -> None:
    assert (mixed("#102030", "#ffffff", 0), mixed("#102030", "#ffffff", 1)) == ("#102030", "#ffffff")
    assert ramp("#000000", "#123456", "#ffffff")[:: STOPS // 2] == ("#000000", "#123456", "#ffffff")
