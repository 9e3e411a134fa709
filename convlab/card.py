"""The reference card of the course as one page to print: the section of notebook 00 as a file that needs no other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convlab import workspace

NOTEBOOK = "00_start_here.ipynb"
HEADING = "## The reference card"
"""How the heading of the section begins."""
FILE = "convlab-card.html"
"""Where the card is put, unless another name is given."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>convlab: the reference card</title>
<style>
@page {{ margin: 9mm; }}
body {{ font: 15px/1.4 system-ui, sans-serif; max-width: 62em; margin: 1em auto; padding: 0 1em; }}
html {{ color: #111; background: #fff; }}
h1 {{ font-size: 1.4em; margin: 0 0 0.3em; }}
h2 {{ font-size: 1.1em; margin: 0.9em 0 0.3em; }}
p {{ margin: 0.3em 0; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ border: 1px solid #999; padding: 0.2em 0.45em; text-align: left; vertical-align: top; }}
th {{ background: #eee; }}
code {{ font-family: ui-monospace, monospace; font-size: 0.92em; }}
@media screen {{
  table {{ display: block; overflow-x: auto; }}
}}
@media print {{
  body {{ font-size: 8.8pt; line-height: 1.25; max-width: none; margin: 0; padding: 0; }}
  tr, h2 {{ break-inside: avoid; }}
}}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def section(notebook: Mapping[str, Any]) -> str:
    r"""The card in a notebook: the cell of prose that begins with its heading.

    Args:
        notebook: As `json` reads it.

    Raises:
        ValueError: If there is no such cell.

    Example:
        >>> cells = [["## Before"], ["## The reference card: all\n", "| a |"], ["## Behind"]]
        >>> section({"cells": [{"cell_type": "markdown", "source": source} for source in cells]})
        '## The reference card: all\n| a |'
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (text := "".join(cell["source"])).startswith(HEADING):
            return text
    raise ValueError(f"a cell of the notebook must begin with {HEADING!r}, but none does")


def page(text: str) -> str:
    r"""The card as one page of HTML that asks no other file.

    Args:
        text: The section, in Markdown.

    Example:
        >>> "<td>a</td>" in page("## The reference card: all\n\n| one |\n|---|\n| a |")
        True
    """
    from nbconvert.filters import markdown2html

    heading, _, rest = text.partition("\n")
    body = re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html(rest.replace("\n### ", "\n## ")))
    return _PAGE.format(title=heading.removeprefix("## "), body=body.strip())


def write(path: Path) -> Path:
    """Write the card into a file, and return where it lies.

    Args:
        path: A name that ends in ".html"; a file that is there is replaced.

    Raises:
        WorkspaceError: If the notebooks cannot be found, or the file cannot be written.

    Example:
        >>> write(Path("convlab-card.html"))  # doctest: +SKIP
    """
    if path.suffix != ".html":
        raise workspace.WorkspaceError(f"the file of the card must end in .html, but it is {path}")
    book = json.loads(workspace.course()[NOTEBOOK])
    try:
        path.write_text(page(section(book)), "utf-8")
    except OSError as error:
        raise workspace.WorkspaceError(f"{path} cannot be written: {error.strerror or error}") from error
    return path.absolute()
