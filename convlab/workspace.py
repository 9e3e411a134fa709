"""The reader's own copy of the course: where it comes from, and how it is brought up to date.

A list in the folder, `.convlab.json`, says which files were put there, by their hashes. It holds hashes of the
course's files only, never of what the reader wrote, so that a list which is old, wrong or lost can cost a second file,
but no work.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = "convlab-course"
"""The folder that `convlab lab` fills when it is told no other."""
LIST = ".convlab.json"

_CHANGED = "you changed it, so it stays; the course's newer version"
_UNREADABLE = ""
"""Stands for the hash of what has none."""


class WorkspaceError(Exception):
    """The course cannot be put where it was wanted, or cannot be opened; the message says why, and what to do.

    Example:
        >>> update(Path(__file__), {"01_a.ipynb": b"1"})
        Traceback (most recent call last):
        convlab.workspace.WorkspaceError: the notebooks cannot be put into ...: File exists. ...
    """


def home() -> Path:
    """The folder of the reader's own state: the variable CONVLAB_HOME, or else the place that the system has for it.

    The folder need not exist.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, CONVLAB_HOME="state"):
        ...     home() == Path("state").absolute()
        True
    """
    if chosen := os.environ.get("CONVLAB_HOME"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local", "convlab")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "convlab"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share", "convlab")


def course_folder() -> Path:
    """The notebooks as the course has them: inside the installed package, or beside it in a checkout.

    Raises:
        WorkspaceError: If they are in neither place.

    Example:
        >>> (course_folder() / "03_conv2d.ipynb").is_file()
        True
    """
    package = Path(str(importlib.resources.files("convlab")))
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise WorkspaceError("this convlab came without its notebooks; install it again: pip install 'convlab[course]'")


def course() -> dict[str, bytes]:
    """The notebooks of the course, by their names, in the order in which they are read.

    Raises:
        WorkspaceError: If there are none.

    Example:
        >>> len(course()["03_conv2d.ipynb"]) > 1000
        True
    """
    return {path.name: path.read_bytes() for path in sorted(course_folder().glob("*.ipynb"))}


def prepare(folder: Path) -> list[str]:
    """Bring a reader's folder up to this course, as `update` does, and say what the reader has to know.

    Args:
        folder: Made where it does not exist.

    Raises:
        WorkspaceError: As `course` and `update`, and if the folder is the course's own.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp(), "convlab-course")
        >>> prepare(folder)
        []
        >>> (folder / "03_conv2d.ipynb").is_file()
        True
    """
    files = course()
    if folder.resolve() == course_folder().resolve():
        raise WorkspaceError(f"{folder} has the course's own notebooks; name another folder: convlab lab FOLDER")
    return update(folder, files)


def update(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Bring a reader's folder up to the course, and say in a line each what the reader has to know.

    A file that is missing is put there, one that the reader left as it was becomes the newer one, and one that the
    reader changed stays. What the course has newer then lands beside it, once, as `NAME.new.ipynb`, or with a number
    where that is taken. So does a fresh copy where what stands there is no notebook that can be opened.

    Args:
        folder: Made where it does not exist.
        files: The course.

    Raises:
        WorkspaceError: If the folder cannot be made or written. What was the reader's is as it was.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> update(folder, {"01_a.ipynb": b"1"})
        []
        >>> _ = (folder / "01_a.ipynb").write_bytes(b"1, and an answer")
        >>> print(*update(folder, {"01_a.ipynb": b"2"}))
        01_a.ipynb: you changed it, so it stays; the course's newer version lies beside it, 01_a.new.ipynb
        >>> (folder / "01_a.ipynb").read_bytes()
        b'1, and an answer'
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        put = _read_list(folder / LIST)
        try:
            lines = [_update_file(folder, name, new, put) for name, new in files.items()]
        finally:
            _write_list(folder / LIST, put)
    except OSError as error:
        raise WorkspaceError(
            f"the notebooks cannot be put into {folder}: {error.strerror or error}. Nothing of yours has changed. "
            "Make room or name another folder: convlab lab FOLDER"
        ) from error
    return [line for line in lines if line]


def _update_file(folder: Path, name: str, new: bytes, put: dict[str, str]) -> str:
    """Bring one file up to the course, note it in `put`, and return what to say."""
    path, hash_ = folder / name, _hash(new)
    is_back = name in put and not os.path.lexists(path)
    if _put(path, new, put.get(name)):
        put[name] = hash_
        return f"{name}: it was not there any more; here is a fresh copy" if is_back else ""
    damage = _damage(path) if _is_notebook(new) else ""
    if put.get(name) == hash_ and not damage:
        return ""
    told = f"{damage}, and it stays as it is; a fresh copy to go on with" if damage else _CHANGED
    number = 1
    while True:
        other = f"{path.stem}.new{'' if number == 1 else f'-{number}'}{path.suffix}"
        if put.get(other) == hash_ and not damage:
            return ""  # the reader has had it; what became of it since is the reader's affair
        is_there = put.get(other) == hash_ and not _damage(folder / other)
        if is_there or _put(folder / other, new, put.get(other)):
            put[other] = hash_
            return f"{name}: {told} lies beside it, {other}"
        number += 1


def _put(path: Path, new: bytes, known: str | None) -> bool:
    """Make the file the new one, if it is missing, is the new one already, or has the known hash; whether it is now."""
    while (now := _hash_of(path)) != _hash(new):
        if now == _UNREADABLE or now not in (None, known):
            return False
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            _write(fresh, new)
            if now is None:
                _move_to_free_name(fresh, path)
            else:
                _replace(path, fresh, {now, _hash(new)})
        finally:
            fresh.unlink(missing_ok=True)
    return True


def _replace(path: Path, fresh: Path, ours: set[str]) -> None:
    """Put `fresh` in the place of a file, unless the reader, or another `convlab lab`, changes it at this very moment.

    So the file moves aside first, and goes only if it is the course's.
    """
    aside = path.with_name(f"{path.stem}.before-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    is_ours = _hash_of(aside) in ours
    try:
        _move_to_free_name(fresh if is_ours else aside, path)
    except OSError:
        _move_to_free_name(aside, path)
        raise
    if is_ours:
        aside.unlink()


def _move_to_free_name(source: Path, target: Path) -> bool:
    """Give a file a name that nobody has, at once and whole; False, and nothing is done, where somebody has it."""
    try:
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError:  # a disk without links: take the name first, then fill it
            target.touch(exist_ok=False)
            source.replace(target)
    except FileExistsError:
        return False
    source.unlink(missing_ok=True)
    return True


def _write(path: Path, content: bytes) -> None:
    """Write a file that does not exist, down to the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(path: Path) -> str | None:
    """The hash of a file; None where there is none; of a folder, or a link that leads nowhere, `_UNREADABLE`."""
    try:
        return _hash(path.read_bytes())
    except FileNotFoundError:
        return _UNREADABLE if path.is_symlink() else None
    except OSError:
        if os.path.lexists(path):
            return _UNREADABLE
        raise


def _damage(path: Path) -> str:
    """Why JupyterLab cannot open what has the name of a notebook; empty where it can."""
    if path.is_dir():
        return "a folder has this name"
    try:
        return "" if _is_notebook(path.read_bytes()) else "it is damaged"
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"


def _is_notebook(content: bytes) -> bool:
    """Whether this is a notebook, as far as JupyterLab has to know to open it."""
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(raw, dict) and isinstance(raw.get("cells"), list) and isinstance(raw.get("nbformat"), int)


def _read_list(path: Path) -> dict[str, str]:
    """What was put here; nothing where the list is missing or damaged, so that each file counts as changed."""
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {str(name): str(hash_) for name, hash_ in files.items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_list(path: Path, put: Mapping[str, str]) -> None:
    """Write the list, where it is another one than that which is there."""
    if put == _read_list(path):
        return
    note = "convlab notes here which versions of its notebooks it put into this folder"
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        _write(fresh, json.dumps({"note": note, "files": dict(sorted(put.items()))}, indent=1).encode())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
