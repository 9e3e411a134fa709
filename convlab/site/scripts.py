"""What a page needs to show widgets and formulas: files of npm packages, fetched once, and anywidget's own file."""

from __future__ import annotations

import importlib.resources
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from convlab.workspace import WorkspaceError

FILES = {
    "embed-amd.js": ("@jupyter-widgets/html-manager@1.0.15", "dist/embed-amd.js"),
    "require.js": ("requirejs@2.3.8", "require.js"),
    "tex-svg.js": ("mathjax@3.2.2", "es5/tex-svg.js"),
}
"""The files by their names: of which package of npm, and where in it."""

LIST = "packages.json"


def missing(folder: Path) -> list[str]:
    """The names of the files that are not in a folder, or are there from another version.

    Args:
        folder: Where `fetch` put them.

    Example:
        >>> missing(Path("nowhere"))
        ['embed-amd.js', 'require.js', 'tex-svg.js']
    """
    known = _known(folder)
    return [name for name, (package, _) in FILES.items() if known.get(name) != package or not (folder / name).is_file()]


def require_npm() -> str:
    """The program npm.

    Raises:
        WorkspaceError: If it is not installed.

    Example:
        >>> require_npm()  # doctest: +SKIP
        '/usr/bin/npm'
    """
    npm = shutil.which("npm")
    if npm is None:
        raise WorkspaceError(
            "what shows widgets and formulas on a page comes from npm, which is not installed: install Node.js, which "
            "has it, and try again"
        )
    return npm


def fetch(folder: Path) -> None:
    """Put the files that are missing into a folder.

    Args:
        folder: Made where it does not exist.

    Raises:
        WorkspaceError: If npm is not installed or cannot fetch a package, or the folder cannot be written.

    Example:
        >>> fetch(Path("web"))  # doctest: +SKIP
    """
    for name in missing(folder):
        package, path = FILES[name]
        npm = require_npm()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                content = _member(npm, package, f"package/{path}", Path(scratch))
                fresh = Path(scratch, name)
                fresh.write_bytes(content)
                fresh.replace(folder / name)
            (folder / LIST).write_text(json.dumps({**_known(folder), name: package}, indent=1), encoding="utf-8")
        except (OSError, KeyError, tarfile.TarError) as error:
            raise WorkspaceError(f"{name} of {package} cannot be put into {folder}: {error}") from error


def _member(npm: str, package: str, path: str, scratch: Path) -> bytes:
    """One file of a package."""
    told = subprocess.run([npm, "pack", "--silent", package], cwd=scratch, capture_output=True, text=True, check=False)
    archives = list(scratch.glob("*.tgz"))
    if told.returncode or len(archives) != 1:
        said = (told.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise WorkspaceError(f"npm cannot fetch {package}; is there a network? It says: {said}")
    with tarfile.open(archives[0]) as archive:
        member = archive.extractfile(path)
        if member is None:
            raise KeyError(path)
        return member.read()


def _known(folder: Path) -> dict[str, str]:
    """The packages from which the files of a folder come."""
    try:
        known = json.loads((folder / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def anywidget_file() -> Path:
    """The file with which the browser loads the explorers, of the installed anywidget.

    Example:
        >>> anywidget_file().is_file()
        True
    """
    return Path(str(importlib.resources.files("anywidget"))) / "nbextension" / "index.js"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the files into the folder that the command line names, as `make web` does; 1 where that fails.

    Args:
        arguments: The words of the command line.

    Example:
        >>> main(["web"])  # doctest: +SKIP
        0
    """
    (folder,) = sys.argv[1:] if arguments is None else arguments
    try:
        fetch(Path(folder))
    except WorkspaceError as error:
        print(f"convlab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
