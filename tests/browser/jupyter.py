"""A real JupyterLab as `convlab lab` opens it, and a notebook that is run in it."""

from __future__ import annotations

import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode

from browser.chromium import Guard, guarded_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

SECONDS_TO_START = 90
SECONDS_TO_RUN = 240
IS_IDLE = "() => /\\| Idle/.test(document.querySelector('#jp-main-statusbar')?.innerText ?? '')"


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs: the reader's folder, its port and its token."""

    folder: Path
    port: int
    token: str

    def address(self, notebook: str) -> str:
        """Where a notebook of the folder is opened, in a workspace without other tabs."""
        return f"http://127.0.0.1:{self.port}/lab/tree/{notebook}?reset&token={self.token}"

    def ask(self, method: str, path: str) -> bytes:
        """What the server answers to a request with its token."""
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
        return found

    def stop_kernels(self) -> None:
        """End every kernel: they outlive the page in which their notebook was open."""
        for session in json.loads(self.ask("GET", "sessions")):
            self.ask("DELETE", f"sessions/{session['id']}")


@contextmanager
def started(home: Path) -> Iterator[Lab]:
    """`convlab lab` with a home of its own, in the folder `home`, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder, runtime, log = home / "course", home / "runtime", home / "log.txt"
    command = [sys.executable, "-m", "convlab", "lab", str(folder), "--no-browser", "--port", str(port), "--"]
    command += ["--ServerApp.port_retries=0", *(["--allow-root"] if _is_root() else [])]
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=_environment(home, runtime), stdout=output, stderr=output, cwd=home)
    try:
        yield Lab(folder, port, _token(server, runtime, log))
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _environment(home: Path, runtime: Path) -> dict[str, str]:
    """The variables of a reader who never used Jupyter before."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG_", "MPLBACKEND"))}
    names = ("HOME", "USERPROFILE", "CONVLAB_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
    ours = dict.fromkeys(names, str(home / "home"))
    (home / "home").mkdir()
    return {**kept, **ours, "JUPYTER_RUNTIME_DIR": str(runtime), "OMP_NUM_THREADS": "1"}


def _token(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The token of a server, as soon as it answers.

    Raises:
        RuntimeError: If it does not start.
    """
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            found = json.loads(file.read_text() or "{}")
            with socket.socket() as line:
                if found and line.connect_ex(("127.0.0.1", found["port"])) == 0:
                    return str(found["token"])
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text(errors='replace')[-2000:]}")


@dataclass(frozen=True)
class Message:
    """What a kernel and JupyterLab say to each other; `parent` is the message that it answers."""

    kind: str
    id: str
    parent: str
    metadata: dict[str, Any]
    content: dict[str, Any]


def message_of(frame: bytes) -> Message:
    """A frame of the protocol `v1.kernel.websocket.jupyter.org`."""
    (count,) = struct.unpack_from("<Q", frame)
    offsets = struct.unpack_from(f"<{count}Q", frame, 8)
    parts = [frame[start:end] for start, end in itertools.pairwise(offsets)]
    header, parent, metadata, content = (json.loads(part) for part in parts[1:5])
    return Message(header["msg_type"], header["msg_id"], parent.get("msg_id", ""), metadata, content)


class LabPage:
    """A notebook in JupyterLab.

    Attributes:
        page: The page of the browser.
    """

    def __init__(self, page: Page, lab: Lab, name: str, notebook: NotebookNode) -> None:
        self.page = page
        self._ids = [cell.id for cell in notebook.cells]
        self._code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
        self._cell_of: dict[str, str] = {}
        self._heard: list[Message] = []
        page.on("websocket", self._listen)
        page.goto(lab.address(name))
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
        page.wait_for_function(IS_IDLE)  # a cell that runs before is lost without a word

    def _listen(self, channel: Any) -> None:
        channel.on("framesent", self._note_sent)
        channel.on("framereceived", self._note_received)

    def _note_sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and (message := message_of(frame)).kind == "execute_request":
            self._cell_of[message.id] = str(message.metadata.get("cellId", ""))

    def _note_received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            message = message_of(frame)
            if message.kind in ("error", "execute_reply") or message.content.get("name") == "stderr":
                self._heard.append(message)

    def run_all(self) -> None:
        """Run every cell by the menu, and wait until each has answered.

        Raises:
            TimeoutError: If one does not.
        """
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self._wait_for({cell.id for cell in self._code})

    def run(self, cell_id: str, source: str | None = None) -> Locator:
        """Run one cell by the keyboard, with this source in place of its own, and return its outputs.

        Raises:
            TimeoutError: If it does not answer.
        """
        before = len(self._replies())
        self.start(cell_id, source)
        self._wait_for({cell_id}, after=before)
        return self.output(cell_id)

    def start(self, cell_id: str, source: str | None = None) -> None:
        """Begin to run one cell by the keyboard, with this source in place of its own."""
        self._cell(cell_id).locator(".cm-content").click()
        if source is not None:
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")

    def _wait_for(self, wanted: set[str], *, after: int = 0) -> None:
        end = time.monotonic() + SECONDS_TO_RUN
        while not wanted <= (done := {self._cell_of.get(reply.parent) for reply in self._replies()[after:]}):
            if time.monotonic() > end:
                raise TimeoutError(f"these cells did not end: {sorted(wanted - done)}")
            self.page.wait_for_timeout(100)
        self.page.wait_for_function(IS_IDLE)

    def _replies(self) -> list[Message]:
        return [message for message in self._heard if message.kind == "execute_reply"]

    def faults(self, *, within_seconds: float = 0) -> list[str]:
        """What went wrong in the kernel since this was asked last: in a cell, or in a callback of a widget."""
        end = time.monotonic() + within_seconds
        while not (found := self._faults()) and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        self._heard.clear()
        return found

    def _faults(self) -> list[str]:
        may_raise = {cell.id for cell in self._code if "raises-exception" in cell.metadata.get("tags", [])}
        found = []
        for message in self._heard:
            cell = self._cell_of.get(message.parent)
            words = f"{message.content.get('ename')}: {message.content.get('evalue')}"
            if message.kind == "execute_reply" and message.content["status"] != "ok" and cell not in may_raise:
                found.append(f"the cell {cell} failed: {words}")
            if cell is None and message.kind == "error":
                found.append(f"a callback raised: {words}")
            if cell is None and message.kind == "stream" and not message.content["text"].startswith("No such comm"):
                found.append(f"a callback printed to stderr: {message.content['text'][-500:]}")
        return found

    def output(self, cell_id: str) -> Locator:
        """The outputs of one cell, scrolled to."""
        area = self._cell(cell_id).locator(".jp-Cell-outputArea")
        area.scroll_into_view_if_needed()
        return area

    def _cell(self, cell_id: str) -> Locator:
        return self.page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").nth(self._ids.index(cell_id))


@contextmanager
def opened(browser: Browser, lab: Lab, name: str, notebook: NotebookNode) -> Iterator[tuple[LabPage, Guard]]:
    """A notebook of the reader's folder, run in JupyterLab, and what its page must not do; its kernel ends after it."""
    try:
        with guarded_page(browser, port=lab.port) as (page, guard):
            shown = LabPage(page, lab, name, notebook)
            shown.run_all()
            yield shown, guard
    finally:
        lab.stop_kernels()
