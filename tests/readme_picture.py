"""The moving picture of the README, drawn by convlab itself; `python tests/readme_picture.py` stores it."""

from __future__ import annotations

import sys
from pathlib import Path

from convlab.animation import Animation, animate
from convlab.arithmetic import ConvSpec
from convlab.scenes import sliding_window

NAME = ".github/sliding_window.png"
"""Where it lies, from the root of the project; a name in a hidden folder keeps the root as short as it is."""
MOST_BYTES = 200_000


def drawn() -> Animation:
    """A kernel of 3 x 3 that slides with stride 2 and padding 1, with the sum of products behind each output."""
    spec = ConvSpec(1, 1, (3, 3), stride=2, padding=1)
    return animate(sliding_window(spec, (5, 5)), seconds_per_step=1.2)


def store(root: Path) -> bool:
    """Write the picture into a project, and say whether that changed the file."""
    path, new = root / NAME, drawn().data
    if path.exists() and path.read_bytes() == new:
        return False
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(new)
    return True


if __name__ == "__main__":
    changed = store(Path(__file__).resolve().parents[1])
    sys.stdout.write(f"{'changed' if changed else 'same':8}{NAME}\n")
