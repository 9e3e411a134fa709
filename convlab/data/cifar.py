"""CIFAR-10, from a folder that the reader already has."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""What the labels mean, in their order: `CIFAR10_CLASSES[3]` is `"cat"`."""

_TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
_TEST = ("test_batch",)
_META = "batches.meta"
_FOLDER = "cifar-10-batches-py"


def cifar10(folder: str | Path, *, train: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """CIFAR-10: small colour photographs of ten kinds of things, and which kind each is.

    convlab neither carries nor downloads it. The folder is the unpacked `CIFAR-10 python version`, as torchvision
    leaves it too. All training pictures as floats take 614 MB. The files are pickles, which could run any program when
    they are read carelessly; here nothing is rebuilt but numpy arrays and plain values.

    Args:
        folder: The folder `cifar-10-batches-py`, or the one that contains it. It holds `data_batch_1` to
            `data_batch_5`, `test_batch` and `batches.meta`.
        train: The 50,000 pictures for training, or the 10,000 for testing.

    Shape:
        - Output: (N, 3, 32, 32): N, channels red, green, blue, H downwards, W to the right; and (N,)

    Returns:
        The pictures, float32 from 0 (dark) to 1 (bright), sRGB, and the labels, int64, as indices into
        `CIFAR10_CLASSES`, on torch's default device.

    Raises:
        FileNotFoundError: If the folder or one of its files is missing; it says what to put where.
        ValueError: If a file is not what CIFAR-10 has there.

    Source:
        A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
        https://www.cs.toronto.edu/~kriz/cifar.html, which states no licence.

    Example:
        >>> cifar10("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: folder must be the unpacked CIFAR-10 ..., but there is no folder nowhere
    """
    folder = _checked(Path(folder), _TRAIN if train else _TEST)
    _check_classes(folder / _META)
    parts = [_batch(folder / name) for name in (_TRAIN if train else _TEST)]
    pixels, labels = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return pixels.reshape(-1, 3, 32, 32).to(torch.float32).div_(255), labels


def _checked(folder: Path, names: tuple[str, ...]) -> Path:
    """The folder in which the files are."""
    expected = (
        f"folder must be the unpacked CIFAR-10 'python version', {_FOLDER!r}, with the files data_batch_1 to "
        "data_batch_5, test_batch and batches.meta"
    )
    if not folder.is_dir():
        raise FileNotFoundError(f"{expected}, but there is no folder {folder}")
    folder = folder / _FOLDER if (folder / _FOLDER).is_dir() else folder
    missing = [name for name in (*names, _META) if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{expected}, but {folder} lacks {', '.join(missing)}")
    return folder


def _check_classes(path: Path) -> None:
    """Raises ValueError where the labels do not mean what `CIFAR10_CLASSES` says."""
    names = _load(path).get(b"label_names")
    if names != [name.encode() for name in CIFAR10_CLASSES]:
        raise ValueError(
            f"{path} must name the ten classes of CIFAR-10 under b'label_names', but it has {names!r:.200}"
        )


def _batch(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The pixels, (n, 3072) bytes, and the labels of one file."""
    import numpy as np

    content = _load(path)
    data, labels = content.get(b"data"), content.get(b"labels")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        found = f"{data.dtype} of shape {data.shape}" if isinstance(data, np.ndarray) else f"{data!r:.80}"
        raise ValueError(f"{path} must hold uint8 pixels of shape (N, 3072) under b'data', but it has {found}")
    if not isinstance(labels, list) or len(labels) != len(data):
        found = f"{len(labels)} labels" if isinstance(labels, list) else f"{labels!r:.80}"
        raise ValueError(f"{path} must hold a list of {len(data)} labels under b'labels', but it has {found}")
    wrong = next((label for label in labels if type(label) is not int or not 0 <= label <= 9), None)
    if wrong is not None:
        raise ValueError(f"{path} must hold labels from 0 to 9, but one is {wrong!r:.80}")
    return torch.tensor(data), torch.tensor(labels, dtype=torch.int64)


def _load(path: Path) -> dict[bytes, Any]:
    """The dictionary in one file."""
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except Exception as error:  # a broken pickle can raise nearly anything
        raise ValueError(f"{path} must be a file of CIFAR-10, but it cannot be read as one: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a dict, as the files of CIFAR-10 do, but it holds {content!r:.80}")
    return content


class _ArraysOnly(pickle.Unpickler):
    """Rebuilds numpy arrays and plain values, and refuses to look up anything else."""

    def find_class(self, module: str, name: str) -> Any:
        """The one of three names that an array needs."""
        import numpy as np
        from numpy._core.multiarray import _reconstruct

        arrays = {
            ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in arrays:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no CIFAR-10 file needs")
        return arrays[module, name]
