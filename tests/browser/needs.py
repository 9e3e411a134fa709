"""What has to be there before a page can be opened, and what happens where it is not."""

from __future__ import annotations

import os

import pytest

WANTED = os.environ.get("CONVLAB_BROWSER")
"""Which tests of the browser must run: "short" ones, as `.ci/run` says, or all as `make browser` says: "required"."""

IS_REQUIRED = WANTED in ("short", "required")

LONG = pytest.mark.skipif(WANTED != "required", reason="it takes long; make browser runs it")


def need(missing: list[str], *, is_required: bool = IS_REQUIRED) -> None:
    """Skip the test if something has to be installed first; where it must run, fail."""
    if missing and is_required:
        pytest.fail(f"CONVLAB_BROWSER is {WANTED!r}, but this is missing: {'; '.join(missing)}", pytrace=False)
    if missing:
        pytest.skip(f"it needs {'; '.join(missing)}")


def refuse(faults: list[str]) -> None:
    """Fail if there are faults, and show all of them."""
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)
