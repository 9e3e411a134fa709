"""`SceneView`: a scene in the browser, where the reader points and steps without asking Python."""

from __future__ import annotations

from pathlib import Path

import anywidget
import ipywidgets  # type: ignore[import-untyped]
import traitlets

from convlab.figures.style import DARK, LIGHT

_HERE = Path(__file__).parent


class SceneView(anywidget.AnyWidget):
    """A scene drawn in the browser; it steps, plays and follows the pointer there, with or without a kernel.

    What it shows are its traits, which the browser follows: `scene` (the JSON text of a `scenes.Scene`, "" for none),
    `step` (which one is shown; the browser writes it back), `message` (words in place of the picture, "" for none),
    `text` (lines under the picture), `label` (what the picture is called), `themes` (light and dark colours). Where it
    has no kernel, `beforehand` holds the scenes of other settings ("" for none), `leaves` the fields that ask for them,
    and `words` what the reader is told about it.

    Example:
        >>> SceneView(message="groups must divide in_channels").message
        'groups must divide in_channels'
    """

    _esm = "".join((_HERE / name).read_text("utf-8") for name in ("page.js", "picture.js", "beforehand.js", "front.js"))
    _css = (_HERE / "front.css").read_text("utf-8")

    scene = traitlets.Unicode("").tag(sync=True)
    step = traitlets.Int(0, min=0).tag(sync=True)
    message = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    beforehand = traitlets.Unicode("").tag(sync=True)
    leaves = traitlets.List(traitlets.Instance(ipywidgets.Widget)).tag(sync=True, **ipywidgets.widget_serialization)
    words = traitlets.Unicode("").tag(sync=True)
    themes = traitlets.Dict({"light": LIGHT.to_dict(), "dark": DARK.to_dict()}).tag(sync=True)

    def __repr__(self) -> str:
        return f"SceneView({self.label!r}, step={self.step})"
