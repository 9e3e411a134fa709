"""The front end as files: what goes into a page, and what must not."""

from __future__ import annotations

import json
import re
from importlib import resources

import pytest
from anywidget import AnyWidget

from convlab.explorers.deform import Deform
from convlab.explorers.view import SceneView
from convlab.figures.style import DARK, LIGHT

SCENES = ("page.js", "picture.js", "beforehand.js", "front.js")
POINTS = ("page.js", "picture.js", "deform_parts.js", "deform.js")
FILES = (*dict.fromkeys(SCENES + POINTS), "front.css", "kernel_lab.js", "kernel_lab.css", "deform.css")


def text_of(name: str) -> str:
    return resources.files("convlab.explorers").joinpath(name).read_text("utf-8")


def outside(text: str) -> list[str]:
    """What asks for something that is not in the file: addresses, imports, requests."""
    text = text.replace("http://www.w3.org/2000/svg", "")  # a name, which nobody fetches
    return re.findall(r"https?://\S*|\bimport\b[^\n]*|@import[^\n]*|\burl\([^)]*|\bfetch\(|XMLHttpRequest", text)


@pytest.mark.parametrize("name", FILES)
def test_the_front_end_needs_nothing_else(name: str) -> None:
    assert outside(text_of(name)) == []


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param('import * as d3 from "d3";', id="a library"),
        pytest.param('const d3 = await import("d3");', id="a library later"),
        pytest.param('const page = "https://example.org/a.js";', id="an address"),
        pytest.param('fetch("data.json")', id="a request"),
        pytest.param("@import 'fonts.css';", id="a style sheet"),
        pytest.param("background: url(hatch.png)", id="a picture"),
    ],
)
def test_what_the_front_end_must_not_ask_for_is_found(planted: str) -> None:
    assert outside(f"// before\n{planted}\n")


@pytest.mark.parametrize("view", [SceneView, Deform])
def test_the_module_exports_one_thing(view: type[AnyWidget]) -> None:
    assert re.findall(r"^export .*", view._esm, re.MULTILINE) == ["export default {"]


def test_no_element_gets_an_id() -> None:
    """So that several views of one model can stand on a page."""
    assert re.findall(r"\bid\s*[:=]|\"id\"|#[a-z][\w-]*\s*\{", "".join(map(text_of, FILES))) == []


def test_what_goes_to_the_browser() -> None:
    view = SceneView(scene="{}", text="9 weights", label="sliding window")
    state = view.get_state()
    assert {"scene", "step", "message", "text", "label", "themes"} <= set(state)
    assert state["themes"] == json.loads(json.dumps({"light": LIGHT.to_dict(), "dark": DARK.to_dict()}))
    assert state["_esm"] == "".join(map(text_of, SCENES))
    assert state["_css"] == text_of("front.css")
    numbered = {key: value for key, value in state.items() if key != "layout"}
    assert not re.search(r"/(?:home|root|tmp|usr|work)/|site-packages|[A-Z]:\\\\", json.dumps(numbered))


def test_every_colour_of_the_style_sheet_is_sent() -> None:
    theme = LIGHT.to_dict()
    known = {key for key, value in theme.items() if isinstance(value, str)}
    known |= {f"{role}-{key}" for role, colours in theme["roles"].items() for key in colours}
    for name in ("front.css", "deform.css"):
        assert set(re.findall(r"var\(--([\w-]+)", text_of(name))) <= known


def test_its_words_have_no_address() -> None:
    assert repr(SceneView(label="sliding window")) == "SceneView('sliding window', step=0)"
