"""JupyterLab in the reader's folder, on this machine only, with its token, and without news."""

from __future__ import annotations

import importlib.resources
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from convlab.workspace import WorkspaceError


def lab_command(first: str, options: Sequence[str]) -> list[str]:
    """The command that opens JupyterLab with one notebook.

    Python is told not to look for modules in the current folder, which is the reader's: a file `random.py` there would
    stop the server.

    Args:
        first: Name of the notebook.
        options: For JupyterLab, as they are.

    Example:
        >>> lab_command("00_start_here.ipynb", ["--no-browser"])[1:]
        ['-P', '-m', 'jupyterlab', '--LabApp.default_url=/lab/tree/00_start_here.ipynb', '--no-browser']
    """
    # As the address, not as a file: the address that is printed then leads to the notebook too.
    return [sys.executable, "-P", "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{quote(first)}", *options]


def lab_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with which JupyterLab reads the few settings of the course, in the folder `jupyter` of the package.

    They stand beside the reader's own settings and change none of them. JupyterLab listens on this machine only,
    whatever a configuration says; an option on the command line can say otherwise.

    Args:
        environment: The variables as they are.

    Example:
        >>> Path(lab_environment({})["JUPYTER_CONFIG_PATH"]).name
        'jupyter'
    """
    ours = str(importlib.resources.files("convlab") / "jupyter")
    paths = [ours, *filter(None, [environment.get("JUPYTER_CONFIG_PATH")])]
    return {**environment, "JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}


def require_jupyterlab() -> None:
    """Nothing, where JupyterLab is installed.

    Raises:
        WorkspaceError: If it is not.

    Example:
        >>> require_jupyterlab()
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise WorkspaceError("JupyterLab is not installed: pip install 'convlab[course]'")


def open_lab(folder: Path, first: str, options: Sequence[str]) -> int:
    """Open JupyterLab and return its exit status when it has ended; on Linux and macOS it takes this process's place.

    Args:
        folder: What the reader sees in it.
        first: Name of the notebook that it opens.
        options: For JupyterLab, as they are.

    Raises:
        WorkspaceError: If JupyterLab is not installed.

    Example:
        >>> open_lab(Path("convlab-course"), "00_start_here.ipynb", ["--no-browser"])  # doctest: +SKIP
    """
    require_jupyterlab()
    command, environment = lab_command(first, options), lab_environment(os.environ)
    sys.stdout.flush()
    if sys.platform == "win32":  # there a process cannot take another's place
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for JupyterLab, which asks before it stops
        return subprocess.call(command, cwd=folder, env=environment)
    os.chdir(folder)
    os.execve(sys.executable, command, environment)
