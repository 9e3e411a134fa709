"""The course as pages: every notebook run, and made into a static site that asks no other machine for anything."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from convlab import workspace
from convlab.site import place
from convlab.workspace import WorkspaceError

FOLDER = place.FOLDER

SECONDS_PER_CELL = 600
"""On a slow machine, with other work beside it, pages may take long."""

TOOLS = ("nbclient", "sphinx", "myst_nb", "sphinx_book_theme")
"""What makes the pages: the packages of the extra `site`."""


def scripts_folder() -> Path:
    """Where the scripts of the pages lie: the folder that the variable CONVLAB_WEB names, or else one of convlab's own.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, CONVLAB_WEB="web"):
        ...     scripts_folder().name
        'web'
    """
    chosen = os.environ.get("CONVLAB_WEB")
    return Path(chosen).absolute() if chosen else workspace.home() / "web"


def require_tools() -> None:
    """Nothing, where all is installed that makes the pages.

    Raises:
        WorkspaceError: If something is not.

    Example:
        >>> require_tools()
    """
    lacking = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    if lacking:
        raise WorkspaceError(f"the pages need {', '.join(lacking)}: pip install 'convlab[course,site]'")


def build(
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    *,
    stored: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Run the notebooks, and put them into a folder as pages.

    The notebooks themselves, a working copy and the reader's progress stay as they are. A folder that holds anything
    but a site made here is refused before any work.

    Args:
        folder: Where the pages are to be. A site that was made there before is replaced when the new one is whole.
        files: The notebooks by their names; None takes the course.
        stored: Take the outputs that are stored in the notebooks, and run only what the explorers need.
        tell: Called with a line about each thing that is done.

    Raises:
        WorkspaceError: If a tool is missing, the folder is not ours, a notebook fails, or there is no room.

    Example:
        >>> build(Path("convlab-site"))  # doctest: +SKIP
    """
    require_tools()
    folder = folder.absolute()
    place.check(folder)
    from convlab.site import needed, pages, running, scripts

    web = scripts_folder()
    if scripts.missing(web):
        scripts.require_npm()
    notebooks = pages.read(workspace.course() if files is None else files)
    for notebook in notebooks.values() if stored else ():
        needed.leave_out(notebook, needed.explorers(notebook))
    work = place.scratch(folder)
    try:
        scripts.fetch(web)
        start = time.perf_counter()
        for name in ("home", "current", "source", "pages"):
            (work / name).mkdir()
        running.run_all(
            notebooks,
            work / "current",
            seconds_per_cell=SECONDS_PER_CELL,
            variables={"CONVLAB_HOME": str(work / "home"), "CONVLAB_SCENES": "beforehand"},
            tell=lambda name: tell(f"{name} has run, {time.perf_counter() - start:.0f} s after the start"),
        )
        pages.build(notebooks, web, work / "source", work / "pages")
        place.check(folder)
        if kept := place.put(work / "pages", folder):
            tell(kept)
    except OSError as error:
        raise WorkspaceError(f"the pages cannot be put into {folder}: {error.strerror or error}") from error
    except running.NotebookError as error:
        raise WorkspaceError(f"a notebook does not run to its end, so there are no pages: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
