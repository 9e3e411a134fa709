"""A browser, a JupyterLab, and the notebook with which the explorers are tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import kernels
import pytest

from browser import chromium, jupyter, pages
from browser.needs import need

if TYPE_CHECKING:
    from playwright.sync_api import Browser


# For each module anew: while it is open, no event loop can be started, and other tests of this process need one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    need(chromium.missing())
    with chromium.started() as found:
        yield found


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jupyter.Lab]:
    """A JupyterLab with a working copy of the course: without a network, and far from a plain path."""
    need(chromium.missing())
    home = tmp_path_factory.mktemp("lab") / "读者 的家"
    home.mkdir()
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in kernels.without_network(home.parent).items():
                patch.setenv(name, value)
            found = stack.enter_context(jupyter.started(home))
        yield found


@pytest.fixture(scope="session")
def scripts() -> Path:
    """The folder with what shows widgets on a page without a kernel."""
    need(pages.missing())
    return pages.scripts_folder()
