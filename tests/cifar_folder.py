"""A folder in the standard format of CIFAR-10's python batches, with few pictures that are made up."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from convlab import data

TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST, META, FOLDER = "test_batch", "batches.meta", "cifar-10-batches-py"
PICKLER: Any = pickle._Pickler  # the one whose opcodes can be changed


class Python2Pickler(PICKLER):  # type: ignore[misc]
    """Writes as Python 2 did in 2009: texts are bytes, protocol 2, numpy's old names."""

    dispatch: ClassVar[dict[type, Any]] = dict(PICKLER.dispatch)

    def save_text(self, text: bytes | str) -> None:
        raw = text.encode("latin1") if isinstance(text, str) else text
        short = len(raw) < 256
        opcode = pickle.SHORT_BINSTRING if short else pickle.BINSTRING
        self.write(opcode + struct.pack("<B" if short else "<i", len(raw)) + raw)
        self.memoize(text)

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if getattr(obj, "__name__", "") == "_reconstruct":
            self.write(b"cnumpy.core.multiarray\n_reconstruct\n")
        else:
            super().save_global(obj, name)

    dispatch[bytes] = dispatch[str] = save_text
    dispatch[type] = save_global


def python2(content: object) -> bytes:
    """The pickle that Python 2 would have written."""
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(content)
    return file.getvalue()


def batch(name: str, pixels: np.ndarray, labels: list[int]) -> dict[str, Any]:
    """The content of one file.

    Args:
        name: What the file says of itself.
        pixels: The pictures, uint8. A row of the file is one of them: all of its red, then green, then blue.
        labels: Which kind of thing each picture shows, 0 to 9.

    Shape:
        - pixels: (N, 3, 32, 32)
    """
    return {
        "data": pixels.reshape(len(pixels), 3072),
        "labels": labels,
        "batch_label": name,
        "filenames": [f"{name}_{index}.png" for index in range(len(pixels))],
    }


def write(folder: Path, batches: Mapping[str, dict[str, Any]]) -> Path:
    """The unpacked archive inside a folder: these files, and the one that names the classes."""
    folder = folder / FOLDER
    folder.mkdir(parents=True)
    meta = {"label_names": list(data.CIFAR10_CLASSES), "num_cases_per_batch": 3, "num_vis": 3072}
    for name, content in {**batches, META: meta}.items():
        (folder / name).write_bytes(python2(content))
    return folder
