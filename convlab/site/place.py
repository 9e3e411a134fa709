"""The folder of a site: whether it may be written anew, and how that is done so that nothing else is lost."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from convlab.workspace import WorkspaceError

FOLDER = "convlab-site"
"""The folder that `convlab site` fills when it is told no other."""

LIST = ".convlab-site.json"
"""The list, in the folder of a site, of its files and their hashes."""


def check(folder: Path) -> None:
    """Nothing, where the folder can take a site: it is not there, or empty, or a site as `put` left it.

    Args:
        folder: Where the site is to be.

    Raises:
        WorkspaceError: If it is something else.

    Example:
        >>> check(Path(__file__).parent)
        Traceback (most recent call last):
        convlab.workspace.WorkspaceError: ... is no site that convlab made; name another folder: convlab site FOLDER
    """
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder} is a file; name another folder: convlab site FOLDER")
    try:
        if not folder.is_dir() or not any(folder.iterdir()):
            return
        known = _known(folder)
        if not known:
            raise WorkspaceError(f"{folder} is no site that convlab made; name another folder: convlab site FOLDER")
        if stranger := next(_strangers(folder, known), None):
            raise WorkspaceError(
                f"{stranger} is not as convlab site left it; move it away, or name another folder: convlab site FOLDER"
            )
    except OSError as error:
        raise WorkspaceError(f"{folder} cannot be read: {error.strerror or error}") from error


def scratch(folder: Path) -> Path:
    """A new folder beside the one of a site, in which it can be made.

    Args:
        folder: Where the site is to be.

    Raises:
        WorkspaceError: If there is no place for it.

    Example:
        >>> where = Path(tempfile.mkdtemp(), "site")
        >>> scratch(where).parent == where.parent
        True
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise WorkspaceError(f"no pages can be put into {folder.parent}: {error.strerror or error}") from error


def put(new: Path, folder: Path) -> str:
    """Let a new site take the place of an old one, and say what was kept aside, if anything.

    Of the old one, only files go that are as the list in it says. One that came or changed since it was checked stays.

    Args:
        new: A folder with the pages.
        folder: Its place, as `check` wants it.

    Raises:
        OSError: If the folders cannot be moved.

    Example:
        >>> where = Path(tempfile.mkdtemp())
        >>> (where / "new").mkdir()
        >>> _ = (where / "new" / "index.html").write_text("a page")
        >>> put(where / "new", where / "site")
        ''
        >>> check(where / "site")
    """
    hashes = {path.relative_to(new).as_posix(): _hash(path) for path in _files(new)}
    (new / LIST).write_text(
        json.dumps({"note": "convlab site made these files", "files": dict(sorted(hashes.items()))}, indent=1),
        encoding="utf-8",
    )
    if not folder.exists():
        new.rename(folder)
        return ""
    aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}-before-", dir=folder.parent))
    folder.rename(aside / folder.name)
    new.rename(folder)
    old = aside / folder.name
    kept = list(_strangers(old, _known(old)))
    if not kept:
        shutil.rmtree(aside)
        return ""
    return f"{kept[0].name} came into {folder} meanwhile; what was there lies in {aside}"


def _files(folder: Path) -> list[Path]:
    """The files of a site, without the list."""
    return sorted(path for path in folder.rglob("*") if not path.is_dir() and path != folder / LIST)


def _strangers(folder: Path, known: Mapping[str, str]) -> Iterator[Path]:
    """The files of a site that are not as its list says."""
    return (path for path in _files(folder) if known.get(path.relative_to(folder).as_posix()) != _hash(path))


def _hash(path: Path) -> str:
    return "a link" if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()


def _known(folder: Path) -> dict[str, str]:
    """The hashes in the list of a site; none where it is missing or damaged."""
    try:
        files = json.loads((folder / LIST).read_text(encoding="utf-8"))["files"]
        return {str(name): str(hash_) for name, hash_ in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
