"""Other Pythons on this machine, as a reader's kernels are: with the store alone, without a network, without rights."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import convlab

PACKAGE = str(Path(convlab.__file__).parent)
# The modules of the store without the entrances of their packages, which load torch: that takes seconds.
QUICK_START = f"""
import os, sys, types
for name, path in [("convlab", {PACKAGE!r}), ("convlab.practice", os.path.join({PACKAGE!r}, "practice"))]:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from convlab.practice import keeping, store
"""

# Python runs a module of this name when it starts. No code can take an audit hook away.
_NO_NETWORK = r"""
import errno, os, sys

NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
ADDRESSES = {"socket.connect", "socket.sendto", "socket.sendmsg"}
HERE = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}

def refuse(event, arguments):
    if event in NAMES:
        host = arguments[0]
    elif event in ADDRESSES and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in HERE:
        with open(os.path.join(os.path.dirname(__file__), "asked.txt"), "a") as log:
            log.write(f"{host}\n")
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

sys.addaudithook(refuse)
"""

# Root may write everywhere, until it gives this right away: 24 is PR_CAPBSET_DROP, 1 is CAP_DAC_OVERRIDE.
_WITHOUT_RIGHTS = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(24, 1, 0, 0, 0):
    sys.exit("root keeps its rights here")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def started(code: str, *words: str) -> subprocess.Popen[str]:
    """A new Python with the store, which runs this code."""
    command = [sys.executable, "-c", QUICK_START + code, *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def without_network(folder: Path) -> dict[str, str]:
    """The variables with which every Python that starts refuses to ask another machine, and notes it in the folder."""
    (folder / "sitecustomize.py").write_text(_NO_NETWORK, "utf-8")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def asked(folder: Path) -> list[str]:
    """The other machines that a Python wanted to ask, which had the variables of `without_network`."""
    log = folder / "asked.txt"
    return log.read_text("utf-8").split() if log.exists() else []


def run(code: str, variables: Mapping[str, str], folder: Path, *, may_write: bool = True) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a new Python in a folder; root can lose the right to write everywhere."""
    options = ["-c", code]
    if not may_write and _is_root():
        options = ["-c", _WITHOUT_RIGHTS, *options]
    environment = {**os.environ, "PYTHONUTF8": "1", **variables}
    ended = subprocess.run(
        [sys.executable, *options], env=environment, cwd=folder, capture_output=True, text=True, encoding="utf-8"
    )
    return ended.returncode, ended.stdout, ended.stderr


def can_be_without_rights() -> bool:
    """Whether a folder can be made read-only for a new Python here."""
    if not _is_root():
        return sys.platform != "win32"
    return sys.platform == "linux" and bool(ctypes.CDLL(None).prctl(23, 8, 0, 0, 0) == 1)  # may it give rights away?


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
