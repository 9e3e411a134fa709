"""What the README tells a teacher: one installation for all, to each learner a copy and a progress, and JupyterHub."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import kernels
import pytest

from convlab import workspace

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
LEARNER = """
import sys
from convlab import cli, practice

assert cli.main(["copy"]) == 0
practice.check("window_count", lambda input_size, kernel_size: input_size - kernel_size + {more})
"""


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(not kernels.can_be_without_rights(), reason="here no folder can be made read-only")
def test_two_learners_share_an_installation_that_none_can_write(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    for name in ("convlab", "notebooks"):
        shutil.copytree(ROOT / name, installed / name, ignore=shutil.ignore_patterns("__pycache__"))
    before, folders = contents(installed), [installed, *(path for path in installed.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        for learner, more in (("ada", 1), ("bob", 0)):
            (tmp_path / learner).mkdir()
            variables = {"PYTHONPATH": str(installed), "CONVLAB_HOME": str(tmp_path / learner / "home")}
            status, shown, errors = kernels.run(
                LEARNER.format(more=more), variables, tmp_path / learner, may_write=False
            )
            assert (status, errors, "Right" in shown) == (0, "", bool(more))
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert contents(installed) == before
    for learner, passes in (("ada", 1), ("bob", 0)):
        copy, progress = tmp_path / learner / workspace.FOLDER, tmp_path / learner / "home" / "progress.json"
        assert {path.name: path.read_bytes() for path in copy.glob("*.ipynb")} == workspace.course()
        assert all(os.access(path, os.W_OK) for path in copy.iterdir())
        found = json.loads(progress.read_bytes())["exercises"]["window_count"]
        assert (found["attempts"], len(found.get("passes", []))) == (1, passes)


def spawner() -> SimpleNamespace:
    """The settings of the README as JupyterHub would read them."""
    (block,) = (block for block in BLOCKS if "c.Spawner" in block)
    settings = SimpleNamespace(Spawner=SimpleNamespace())
    exec(compile(block, "jupyterhub_config.py", "exec"), {"c": settings})
    found: SimpleNamespace = settings.Spawner
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="JupyterHub starts servers on systems with a shell")
@pytest.mark.parametrize("place", ["free", "taken"])
def test_jupyterhub_makes_a_copy_and_starts_the_server_in_any_case(place: str, tmp_path: Path) -> None:
    programs, home = tmp_path / "bin", tmp_path / "home of 李"
    for folder in (programs, home):
        folder.mkdir()
    stand_in = {
        "convlab": f'exec "{sys.executable}" -m convlab "$@"',
        "jupyterhub-singleuser": 'for word; do echo "<$word>"; done',
    }
    for name, line in stand_in.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    if place == "taken":
        (home / workspace.FOLDER).touch()
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    ended = subprocess.run(
        [*spawner().cmd, "--port=1", "two words"],
        cwd=home,
        env={**os.environ, **spawner().environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout.splitlines()[-2:]) == (0, ["<--port=1>", "<two words>"])
    assert ended.stderr.startswith("convlab: the notebooks cannot be put into") == (place == "taken")
    first = home / spawner().default_url.removeprefix("/lab/tree/")
    assert first.is_file() == (place == "free")


def test_one_thread_and_time_to_start() -> None:
    assert spawner().environment == {"OMP_NUM_THREADS": "1"}
    assert spawner().http_timeout > 30  # JupyterHub's own
