"""What the pages need of Sphinx that it does not do by itself: words for pictures, and maps that are drawn."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx

MAP = "mermaid"
"""The language of the maps in the notebooks; JupyterLab draws them."""


BEFORE_REQUIRE = 100
"""A script that comes before require.js, which would take parts of it for modules that nobody named."""


def setup(app: Sphinx) -> dict[str, bool]:
    """What this module is to Sphinx, which calls this function.

    Args:
        app: The tool.

    Example:
        >>> setup(app)  # doctest: +SKIP
        {'parallel_read_safe': True, 'parallel_write_safe': True}
    """
    app.add_config_value("convlab_alternatives", {}, "env")
    app.connect("doctree-read", _give_words)
    app.connect("doctree-read", _let_maps_be_drawn)
    app.connect("html-page-context", _load_what_draws_maps)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _give_words(app: Sphinx, document: nodes.document) -> None:
    """Give each picture of a page its words; the file of a picture has the name of its hash.

    One that has none says where it stands, so that who cannot see it knows what it is about.
    """
    for picture in document.findall(nodes.image):
        own = app.config.convlab_alternatives.get(Path(picture["uri"]).stem)
        picture["alt"] = own or f"A picture that the code above draws. {_title(picture)}"


def _title(node: nodes.Node) -> str:
    """The title of the section in which something stands."""
    while node and not isinstance(node, nodes.section):
        node = node.parent
    return f"Section: {node.next_node(nodes.title).astext()}." if node else ""


def _let_maps_be_drawn(app: Sphinx, document: nodes.document) -> None:
    """Put each map on the page as it is written; the browser draws it."""
    for block in list(document.findall(nodes.literal_block)):
        if block.get("language") == MAP:
            text = f'<pre class="{MAP}">{escape(block.astext())}</pre>'
            block.replace_self(nodes.raw("", text, format="html", classes=[MAP]))


def _load_what_draws_maps(app: Sphinx, page: str, template: str, context: dict[str, Any], document: Any) -> None:
    """Let a page that has a map load what draws it."""
    if document and any(MAP in block["classes"] for block in document.findall(nodes.raw)):
        app.add_js_file("mermaid.min.js", priority=BEFORE_REQUIRE)
        app.add_js_file("maps.js", priority=BEFORE_REQUIRE)
