"""CIFAR-10: read from files of its format that are made here, and refused where they are something else."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cifar_folder
import numpy as np
import pytest
import torch
from cifar_folder import python2

from convlab import data


def batch(number: int, count: int = 3) -> dict[str, Any]:
    """The content of one file: each picture has red 10, green 20 and blue 30, and marks at its corners."""
    pixels = np.empty((count, 3, 32, 32), dtype=np.uint8)
    pixels[:] = np.array([10, 20, 30], dtype=np.uint8)[:, None, None]
    pixels[:, 0, 0, 31] = 255  # red at the top right
    pixels[:, 2, 31, 0] = 254  # blue at the bottom left
    pixels[:, 1, 16, 16] = np.arange(count) + 10 * number
    return cifar_folder.batch(f"batch {number}", pixels, [(number + index) % 10 for index in range(count)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The unpacked archive, with few pictures."""
    names = [*cifar_folder.TRAIN, cifar_folder.TEST]
    return cifar_folder.write(tmp_path, {name: batch(number) for number, name in enumerate(names, start=1)})


def test_the_files_made_here_have_the_old_format(folder: Path) -> None:
    raw = (folder / "test_batch").read_bytes()
    assert raw.startswith(b"\x80\x02}")
    assert b"numpy.core.multiarray\n_reconstruct" in raw
    assert b"_codecs" not in raw
    with pytest.raises(UnicodeDecodeError):
        pickle.loads(raw, encoding="ascii")


def test_training_pictures(folder: Path) -> None:
    pictures, labels = data.cifar10(folder)
    assert pictures.shape == (15, 3, 32, 32)
    assert pictures.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert labels.tolist() == [1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6, 5, 6, 7]
    levels = (pictures * 255).round()
    assert levels[:, 1, 16, 16].tolist() == [number * 10 + index for number in range(1, 6) for index in range(3)]
    assert levels[0, :, 5, 5].tolist() == [10, 20, 30]
    assert levels[0, 0, 0, 31] == 255
    assert levels[0, 2, 31, 0] == 254
    assert pictures.max() == 1


def test_test_pictures_and_the_folder_above(folder: Path) -> None:
    pictures, labels = data.cifar10(str(folder.parent), train=False)
    assert pictures.shape == (3, 3, 32, 32)
    assert labels.tolist() == [6, 7, 8]


def test_testing_needs_no_training_files(folder: Path) -> None:
    (folder / "data_batch_4").unlink()
    assert len(data.cifar10(folder, train=False)[0]) == 3


def test_classes() -> None:
    assert len(data.CIFAR10_CLASSES) == 10
    assert data.CIFAR10_CLASSES[3] == "cat"
    assert list(data.CIFAR10_CLASSES) == sorted(data.CIFAR10_CLASSES)


def test_a_file_of_today_can_be_read_too(folder: Path) -> None:
    content = {key.encode(): value for key, value in batch(6).items()}
    (folder / "test_batch").write_bytes(pickle.dumps(content, protocol=3))
    assert data.cifar10(folder, train=False)[1].tolist() == [6, 7, 8]


def test_the_default_device_is_respected(folder: Path, meta_device: None) -> None:
    pictures, labels = data.cifar10(folder)
    assert (pictures.device.type, labels.device.type) == ("meta", "meta")
    assert pictures.shape == (15, 3, 32, 32)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^folder must be .*'cifar-10-batches-py', .* no folder .*gone$"):
        data.cifar10(tmp_path / "gone")


@pytest.mark.parametrize(
    ("name", "train"), [("data_batch_3", True), ("test_batch", False), ("batches.meta", True), ("batches.meta", False)]
)
def test_a_missing_file(name: str, train: bool, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"^folder must be .*batches\.meta, but .* lacks {name}$"):
        data.cifar10(folder, train=train)


def without(key: str) -> dict[str, Any]:
    """The content of a file that lacks something."""
    return {name: value for name, value in batch(1).items() if name != key}


@pytest.mark.parametrize(
    ("name", "raw", "sentence"),
    [
        pytest.param("test_batch", b"", "cannot be read as one", id="empty"),
        pytest.param("test_batch", b"\x1f\x8b\x08 an archive", "cannot be read as one", id="no pickle"),
        pytest.param("test_batch", python2(batch(1))[:5000], "cannot be read as one", id="cut short"),
        pytest.param("test_batch", python2([1, 2]), r"hold a dict, .* holds \[1, 2\]", id="a list"),
        pytest.param("test_batch", python2(without("data")), r"b'data', but it has None", id="no pixels"),
        pytest.param("test_batch", python2(without("labels")), r"b'labels', but it has None", id="no labels"),
        pytest.param(
            "test_batch",
            python2(batch(1) | {"data": np.zeros((3, 784), dtype=np.uint8)}),
            r"shape \(N, 3072\) under b'data', but it has uint8 of shape \(3, 784\)",
            id="pictures of another size",
        ),
        pytest.param(
            "test_batch",
            python2(batch(1) | {"data": np.zeros((3, 3072), dtype=np.float32)}),
            r"uint8 pixels .* has float32 of shape",
            id="floats",
        ),
        pytest.param("test_batch", python2(batch(1) | {"labels": [1, 2]}), "3 labels .* has 2 labels", id="too few"),
        pytest.param(
            "test_batch", python2(batch(1) | {"labels": [1, 2, 10]}), "0 to 9, but one is 10", id="a label 10"
        ),
        pytest.param(
            "test_batch", python2(batch(1) | {"labels": [1, 2, "3"]}), "but one is b'3'", id="a text as label"
        ),
        pytest.param("batches.meta", python2({"fine_label_names": []}), "ten classes .* has None", id="CIFAR-100"),
        pytest.param(
            "batches.meta",
            python2({"label_names": list(reversed(data.CIFAR10_CLASSES))}),
            r"ten classes .* has \[b'truck'",
            id="another order",
        ),
    ],
)
def test_a_malformed_file(name: str, raw: bytes, sentence: str, folder: Path) -> None:
    (folder / name).write_bytes(raw)
    with pytest.raises(ValueError, match=rf"^.*{name} must .*{sentence}"):
        data.cifar10(folder, train=False)


class Call:
    """A pickle of it calls a function when it is read carelessly."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


@pytest.mark.parametrize(
    ("function", "named"),
    [
        pytest.param(os.mkdir, r"\w+\.mkdir", id="a function of the system"),
        pytest.param(eval, r"_*builtins?_*\.eval", id="a builtin"),
        pytest.param(np.fromfile, r"numpy.*\.fromfile", id="another function of numpy"),
        pytest.param(pickle.loads, r"_?pickle\.loads", id="a second pickle"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_malicious_pickle_is_refused(
    function: Callable[..., object], named: str, protocol: int, folder: Path
) -> None:
    victim = folder / "made by the pickle"
    code = f"__import__('os').mkdir({str(victim)!r})"
    argument = {os.mkdir: str(victim), eval: code}.get(function, "")
    (folder / "test_batch").write_bytes(pickle.dumps({"data": Call(function, argument)}, protocol=protocol))
    with pytest.raises(ValueError, match=rf"test_batch must be .*: it asks for {named}, which no CIFAR-10 file needs$"):
        data.cifar10(folder, train=False)
    assert not victim.exists()


def test_the_malicious_pickle_would_do_harm_elsewhere(tmp_path: Path) -> None:
    victim = tmp_path / "made by the pickle"
    pickle.loads(pickle.dumps(Call(os.mkdir, str(victim))))
    assert victim.is_dir()
