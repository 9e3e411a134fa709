"""The file of the reader's progress: `progress.json` in the folder of the reader's own state.

It is written whole or not at all, and by one kernel at a time. What cannot be written is said in a line, on stderr or
where the caller says; it counts until Python ends, and is written with what comes next, if that can be. A damaged file
is set aside; a file of a newer version, or one that cannot be read, is left as it is.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from convlab import workspace
from convlab.practice.state import VERSION, NewerVersionError, Raw, decoded

FILE = "progress.json"
SECONDS = 5.0
"""How long another kernel is waited for."""

Change = Callable[[Raw], None]
"""What is to be noted: it changes what the file holds."""

Tell = Callable[[str], object]
"""Where the reader is told, in a sentence, what cannot be written."""

_NOTE = "convlab keeps here how far you are; it has none of your answers, and it stays on this machine"
_TRIES = 40
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_waiting: dict[Path, list[Change]] = {}
"""What is not in the file yet."""
_said: set[tuple[Path, bool]] = set()
"""What was said already of a file that cannot be written, and that nobody mended since."""


def say(sentence: str) -> None:
    """Tell the reader on stderr.

    Args:
        sentence: What happened.

    Example:
        >>> say("another kernel holds the file")
    """
    print(f"convlab: {sentence}", file=sys.stderr, flush=True)


def known() -> Raw:
    """What the file holds, and what waits to be written; nothing where there is no file.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     known()
        {}
    """
    path = _path()
    raw: Raw = {}
    try:
        raw, _, is_whole = _read(path)
        if not is_whole:
            keep()  # sets the damaged file aside
            raw, _, _ = _read(path)
    except (OSError, NewerVersionError) as error:
        _say_why(path, error, say)
    for change in _waiting.get(path, []):
        change(raw)
    return raw


def keep(*changes: Change, tell: Tell = say) -> None:
    """Make changes in the file, after those that wait for it.

    Args:
        *changes: They are made in the order in which they came.
        tell: Is called with a sentence where they cannot be written, or where the file is damaged.

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     keep(lambda raw: raw.update(exercises={"conv1d": {"attempts": 1}}))
        ...     known()["exercises"], sorted(os.listdir(home))
        ({'conv1d': {'attempts': 1}}, ['progress.json', 'progress.json.lock'])
    """
    path = _path()
    waiting = _waiting.setdefault(path, [])
    waiting += changes
    try:
        with _opened(path, tell=tell) as raw:
            now = list(waiting)
            for change in now:
                change(raw)
        del waiting[: len(now)]
        _said.difference_update([(path, True), (path, False)])
    except (OSError, NewerVersionError) as error:
        _say_why(path, error, tell)


def rewrite(change: Change, word: str) -> None:
    """Make a change in the file, and keep the file as it was beside it; where that fails, nothing changes.

    Args:
        change: Made after what waits to be written.
        word: Stands in the name of the other file, as "before-reset".

    Example:
        >>> import tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict("os.environ", CONVLAB_HOME=home):
        ...     keep(lambda raw: raw.update(drills={}))
        ...     rewrite(lambda raw: raw.clear(), "before-reset")
        ...     sorted(os.listdir(home))[0]
        'progress.before-reset-1.json'
    """
    path = _path()
    keep()
    try:
        with _opened(path, word) as raw:
            change(raw)
    except (OSError, NewerVersionError) as error:
        say(f"nothing was changed: {_reason(path, error)}")


def _path() -> Path:
    try:
        return Path(os.path.realpath(workspace.home() / FILE))
    except RuntimeError:  # the system knows no home for this user
        return Path(os.devnull, FILE)


def _read(path: Path) -> tuple[Raw, bytes | None, bool]:
    """What the file holds, its bytes, and whether all of it can be understood."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, None, True
    raw, is_whole = decoded(content)
    return raw, content, is_whole


@contextmanager
def _opened(path: Path, word: str = "", *, tell: Tell = say) -> Iterator[Raw]:
    """What the file holds, to be changed inside, while no other kernel does; then it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = None
    with FileLock(f"{path}.lock", timeout=SECONDS):
        raw, content, is_whole = _read(path)
        yield raw
        if content is not None and not is_whole:
            aside = _beside(path, content, "damaged")
        elif content is not None and word:
            _beside(path, content, word)
        _write(path, raw)
    if aside is not None:
        tell(f"{path} is damaged; it is now {aside.name}, and what could be read of it is kept")


def _beside(path: Path, content: bytes, word: str) -> Path:
    """Write the bytes into a file of their own, as `progress.damaged-1.json`, and say which."""
    number = 1
    while True:
        other = path.with_name(f"{path.stem}.{word}-{number}{path.suffix}")
        try:
            file = other.open("xb")
        except FileExistsError:
            number += 1
        else:
            with _whole(other), file:
                _fill(file, content)
            return other


def _write(path: Path, raw: Raw) -> None:
    """Put the new file in the place of the old one, at once: there is a whole one at every moment."""
    text = json.dumps({**raw, "version": VERSION, "note": _NOTE}, indent=1)
    fresh = path.with_name(f"{path.name}.new")  # one name, so that a crash leaves one file at most
    with _whole(fresh):
        with fresh.open("wb") as file:
            _fill(file, text.encode())
        for left in reversed(range(_TRIES)):
            try:
                os.replace(fresh, path)
                return
            except PermissionError:  # on Windows, while another kernel reads the file
                if os.name != "nt" or not left:
                    raise
                time.sleep(SECONDS / _TRIES)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """A new file is written inside; no half one stays where that fails."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def _fill(file: Any, content: bytes) -> None:
    """Write the bytes down to the disk."""
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _say_why(path: Path, error: Exception, tell: Tell) -> None:
    """Why nothing was written, and what to do; what is not a matter of the moment is said once."""
    if isinstance(error, Timeout):
        tell(f"this attempt was not kept yet: {_reason(path, error)}; the next one tries again")
    elif (path, isinstance(error, OSError)) not in _said:
        _said.add((path, isinstance(error, OSError)))
        tell(f"your progress is not kept: {_reason(path, error)}. {_advice(error)} All else works.")


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, Timeout):
        return f"another kernel holds {path}"
    if isinstance(error, NewerVersionError):
        return f"{path} is of a newer version of convlab"
    return f"{path}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"


def _advice(error: Exception) -> str:
    """What the reader can do, as a sentence."""
    if isinstance(error, NewerVersionError):
        return "Use that version again, or set CONVLAB_HOME to another folder."
    if isinstance(error, OSError) and error.errno in _FULL:
        return "Make room there before Python ends: the next check keeps all of it."
    return "Make that place writable, or set CONVLAB_HOME to another folder."
