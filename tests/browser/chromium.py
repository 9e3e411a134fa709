"""Chromium as the system has it, and a guard that notes what a page does and must not do."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""What the browser is called on the PATH, on different systems."""

OPTIONS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
    "--no-proxy-server",
]
"""No other machine is asked, and nothing is fetched in the background."""

WITHOUT_NETWORK = ("about", "blob", "data", "file")


def path() -> str | None:
    """Where the browser lies; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> list[str]:
    """What has to be installed before a page can be opened, in words."""
    wanted = []
    if importlib.util.find_spec("playwright") is None:
        wanted.append("Playwright for Python: pip install --editable '.[course,dev]'")
    if path() is None:
        wanted.append(f"a browser on the PATH, one of {', '.join(NAMES)}: on Debian, apt-get install chromium")
    return wanted


@contextmanager
def started() -> Iterator[Browser]:
    """A browser without a window, until the block ends.

    While it runs, no event loop can be started in this thread.
    """
    from playwright.sync_api import sync_playwright

    is_root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium does not start for root with its sandbox
    options = [*OPTIONS, *(["--no-sandbox"] if is_root else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path(), args=options, chromium_sandbox=not is_root)
        try:
            yield browser
        finally:
            browser.close()


class Guard:
    """Notes what the pages of a browser context do and must not."""

    def __init__(self, context: BrowserContext, port: int | None = None) -> None:
        self._faults: list[str] = []
        self._port = port
        context.on("request", lambda request: self._note_address(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._note_address(socket.url)))
        context.on("weberror", self._note_exception)
        context.on("console", self._note_console)

    def faults(self) -> list[str]:
        """Requests to another machine, exceptions, and errors in the console, since this was asked last."""
        found, self._faults = self._faults, []
        return found

    def _note_address(self, address: str) -> None:
        parts = urlsplit(address)
        is_ours = self._port is not None and parts.hostname == "127.0.0.1" and parts.port == self._port
        if parts.scheme not in WITHOUT_NETWORK and not is_ours:
            self._faults.append(f"the page asked the network: {address[:200]}")

    def _note_exception(self, error: WebError) -> None:
        self._faults.append(f"the page raised: {error.error.message[:300]}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._faults.append(f"the console has an error: {message.text[:300]}")


@contextmanager
def guarded_page(browser: Browser, *, port: int | None = None, dark: bool = False) -> Iterator[tuple[Page, Guard]]:
    """An empty page and its guard; it may ask this port of this machine, or nobody."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    guard = Guard(context, port)
    try:
        yield context.new_page(), guard
    finally:
        context.close()
