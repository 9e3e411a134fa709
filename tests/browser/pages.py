"""A notebook as an HTML page that opens from a folder: no kernel, no server, no network."""

from __future__ import annotations

import copy
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import execute
from jinja2 import DictLoader
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from convlab.site.scripts import anywidget_file

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = ("require.js", "embed-amd.js")
"""What shows widgets on a page without a kernel: `make web` fetches it."""

# Nothing is loaded from elsewhere, and a stored picture has the words that stand in its metadata.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{% block data_png scoped %}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
     alt="{{ output.metadata.get('image/png', {}).get('alt', '') | escape_html }}">
</div>
{%- endblock data_png %}
"""


def scripts_folder() -> Path:
    """Where the scripts lie: the folder that the variable CONVLAB_WEB names, or else `.venv/web`."""
    return Path(os.environ.get("CONVLAB_WEB") or PROJECT / ".venv" / "web")


def missing() -> list[str]:
    """What has to be fetched before a page can show widgets, in words."""
    lacking = [name for name in SCRIPTS if not (scripts_folder() / name).is_file()]
    return [f"{' and '.join(lacking)} in {scripts_folder().name}: make web"] if lacking else []


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook with outputs and the state of its widgets, as `make notebooks` runs it."""
    with ThreadPoolExecutor(1) as thread:  # a browser that is open in this thread lets no other event loop run in it
        return thread.submit(execute.executed, copy.deepcopy(notebook), folder).result()


def exported(notebook: NotebookNode, path: Path, *, theme: str = "light") -> Path:
    """The path, with the notebook as a page, and its scripts beside it."""
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        require_js_url="require.js",
        widget_renderer_url="embed-amd.js",
        theme=theme,
        template_file="page.html.j2",
        extra_loaders=[DictLoader({"page.html.j2": TEMPLATE})],
    )
    text, _ = exporter.from_notebook_node(notebook)
    path.write_text(text, encoding="utf-8")
    for name in SCRIPTS:
        shutil.copy(scripts_folder() / name, path.parent)
    shutil.copy(anywidget_file(), path.with_name("anywidget.js"))
    return path


def output(page: Page, cell_id: str) -> Locator:
    """The outputs of one cell of a page, scrolled to."""
    area = page.locator(f"[id='cell-id={cell_id}'] .jp-OutputArea-output").last
    area.scroll_into_view_if_needed()
    return area


def static_faults(area: Locator) -> list[str]:
    """A stored picture is there, with words for those who cannot see it."""
    picture = area.locator("img")
    if picture.count() != 1:
        return [f"there are {picture.count()} pictures, not 1"]
    faults = []
    if not picture.evaluate("e => e.complete && e.naturalWidth > 100"):
        faults.append("the picture is not shown")
    if not (picture.get_attribute("alt") or "").strip():
        faults.append("the picture has no alt text")
    return faults
