"""What the pages need of Sphinx that it does not do by itself: words for pictures."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx


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
