"""The front end by itself, on an empty page: what arrives from a kernel, and when, is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from browser.checks import VIEW
from convlab.explorers.view import SceneView
from convlab.scenes import Scene

if TYPE_CHECKING:
    from anywidget import AnyWidget
    from playwright.sync_api import Locator, Page

# As the model of a widget: a change, from here or from Python, is told to who listens. `saved` is what Python was told.
SHOW = """async ([source, state]) => {
    const heard = new Set();
    const model = {
        saved: [],
        get: name => state[name],
        set: (name, value) => model.hear({ [name]: value }),
        on: (kind, listener) => heard.add(listener),
        off: (kind, listener) => heard.delete(listener),
        save_changes: () => model.saved.push(structuredClone(state)),
        hear: news => {
            const isNew = Object.entries(news).some(([name, value]) => state[name] !== value);
            Object.assign(state, news);
            if (isNew) heard.forEach(listener => listener());
        },
    };
    const front = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    front.default.render({ model, el: document.body });
    window.model = model;
}"""


def shown(page: Page, scene: Scene) -> Locator:
    """The view of a scene, at its first step, on an empty page."""
    view = SceneView(scene=scene.to_json(), label=scene.title)
    render(page, view, "scene", "step", "message", "text", "label", "themes")
    return page.locator(VIEW)


def render(page: Page, widget: AnyWidget, *names: str) -> None:
    """Show a widget of which the page gets the traits of these names."""
    page.add_style_tag(content=widget._css)
    page.evaluate(SHOW, [widget._esm, {name: getattr(widget, name) for name in names}])


def hear(page: Page, **news: Any) -> None:
    """Python says what some of the traits are, as it also does when it repeats what it was told."""
    page.evaluate("news => window.model.hear(news)", news)


def saved(page: Page, *, count: int, name: str = "step") -> list[Any]:
    """What Python was told of one trait, as soon as it was told so many times."""
    page.wait_for_function("count => window.model.saved.length >= count", arg=count)
    found: list[Any] = page.evaluate("name => window.model.saved.map(state => state[name])", name)
    return found
