"""The wheel, built, installed elsewhere and started there: the notebooks travel in it, and JupyterLab is safe."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytestmark = pytest.mark.long

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = {path.name: path.read_bytes() for path in (PROJECT / "notebooks").glob("*.ipynb")}
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
SECONDS = 60


class Server(NamedTuple):
    """A JupyterLab that runs."""

    url: str
    port: int
    token: str
    folder: Path

    def get(self, path: str, *, token: bool) -> tuple[int, bytes]:
        """Status and body of an answer; redirections are not followed."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Authorization": f"token {self.token}"} if token else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def run(command: list[str], **options: Any) -> str:
    """What a command prints; it must succeed."""
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return str(ended.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(PROJECT)])
    (path,) = folder.glob("convlab-*.whl")
    return path


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder for the reader, and the variables with which the installed wheel is found, and no settings of a user."""
    installed, reader = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("reader 读者")
    run([*PIP, "install", "--no-deps", "--no-index", "--target", str(installed), str(wheel)])
    settings = reader / "settings"
    settings.mkdir()
    (settings / "jupyter_server_config.json").write_text('{"ServerApp": {"ip": "0.0.0.0"}}', "utf-8")  # a trap
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST_"))}
    variables |= {"PYTHONPATH": str(installed), "PYTHONUTF8": "1", "CONVLAB_HOME": str(reader / "home")}
    variables |= {"JUPYTER_CONFIG_DIR": str(settings), "JUPYTERLAB_SETTINGS_DIR": str(settings / "lab")}
    variables |= {f"JUPYTER_{name}_DIR": str(reader / name.lower()) for name in ("DATA", "RUNTIME")}
    return reader, variables | {"JUPYTERLAB_WORKSPACES_DIR": str(settings / "workspaces")}


@pytest.fixture(scope="module")
def server(elsewhere: tuple[Path, dict[str, str]]) -> Iterator[Server]:
    """`convlab lab` of the wheel, started in the reader's folder, and stopped at the end."""
    reader, variables = elsewhere
    folder, log = reader / "my course 课程", reader / "log.txt"
    command = [sys.executable, "-m", "convlab", "lab", folder.name, "--no-browser", "--port", str(free_port())]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--", "--allow-root"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=reader, env=variables, stdout=output, stderr=subprocess.STDOUT)
    try:
        server = wait_for(process, log, folder)
        yield server
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/api/shutdown", method="POST")
        request.add_header("Authorization", f"token {server.token}")
        urllib.request.urlopen(request, timeout=20).close()
        assert process.wait(timeout=SECONDS) == 0
    finally:
        process.kill()
        process.wait(timeout=SECONDS)


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(process: subprocess.Popen[bytes], log: Path, folder: Path) -> Server:
    """The server, when its address is printed and answers."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        text = log.read_text("utf-8", errors="replace")
        if found := re.search(r"(http://[\w.]+:(\d+)/\S*\?token=(\w+))\s", text):
            server = Server(found[1], int(found[2]), found[3], folder)
            try:
                if server.get("/api/status", token=True)[0] == 200:
                    return server
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError(f"no server after {SECONDS} s:\n" + log.read_text("utf-8", errors="replace"))


def listens(host: str, port: int) -> bool:
    """Whether somebody answers there."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def test_the_wheel_carries_the_notebooks_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        carried = {Path(name).name: archive.read(name) for name in names if name.endswith(".ipynb")}
    assert carried == NOTEBOOKS
    assert {"convlab/jupyter/jupyter_server_config.json", "convlab/py.typed", "convlab/data/LICENSES.md"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"convlab"}


def test_the_environment_of_the_wheel(elsewhere: tuple[Path, dict[str, str]]) -> None:
    reader, variables = elsewhere
    printed = run([sys.executable, "-m", "convlab", "env"], cwd=reader, env=variables)
    installed = Path(variables["PYTHONPATH"])
    assert re.search(rf"^notebooks +{len(NOTEBOOKS)} in .*{re.escape(installed.name)}", printed, re.MULTILINE)
    assert "All is well" in printed


def test_the_first_notebook_opens_in_a_copy_of_the_course(server: Server) -> None:
    assert f"/lab/tree/{min(NOTEBOOKS)}?token=" in server.url
    assert urllib.request.urlopen(server.url, timeout=20).status == 200
    status, body = server.get("/api/contents", token=True)
    assert (status, {item["name"] for item in json.loads(body)["content"]}) == (200, set(NOTEBOOKS))
    assert {path.name: path.read_bytes() for path in server.folder.glob("*.ipynb")} == NOTEBOOKS


def test_it_keeps_its_token(server: Server) -> None:
    assert len(server.token) >= 40
    assert server.get("/api/contents", token=False)[0] == 403
    assert server.get(f"/lab/tree/{min(NOTEBOOKS)}", token=False)[0] == 302  # to the page that asks for the token
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/contents?token={'0' * 48}", timeout=20)


@pytest.mark.skipif(sys.platform == "darwin", reason="there this machine has one local address")
def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert listens("127.0.0.1", server.port)
    assert not listens("127.0.0.2", server.port)
    with socket.socket() as everywhere:  # so a server that listens everywhere would be seen
        everywhere.bind(("0.0.0.0", 0))
        everywhere.listen()
        assert listens("127.0.0.2", everywhere.getsockname()[1])


def test_it_asks_for_no_news(server: Server) -> None:
    status, body = server.get("/lab/api/settings/@jupyterlab/apputils-extension:notification", token=True)
    properties = json.loads(body)["schema"]["properties"]
    assert status == 200
    assert (properties["fetchNews"]["default"], properties["checkForUpdates"]["default"]) == ("false", False)
