"""What holds of every data set: its layout, its origin, and what is said when it cannot be had."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import convlab
from convlab import data
from convlab.data.sources import NOT_STATED

LICENCES = Path(convlab.__file__).with_name("data") / "LICENSES.md"


def flower() -> torch.Tensor:
    return data.photo("flower")


# By the names of their sources: the loader, and the shapes and lowest and highest values of what it returns.
SETS: dict[str, tuple[Callable[[], object], list[tuple[tuple[int, ...], float, float]]]] = {
    "photo": (data.photo, [((3, 427, 640), 0, 1)]),
    "flower": (flower, [((3, 427, 640), 0, 1)]),
    "mri_slice": (data.mri_slice, [((1, 256, 256), 0, 55040 / 65535)]),
    "eeg": (data.eeg, [((4, 800), -5.18736609, 5.28871204)]),
    "membrane_potential": (data.membrane_potential, [((1, 12000), -67.52137, 3.785104)]),
    "mri_volume": (data.mri_volume, [((1, 24, 96, 128), 0, 1)]),
    "digits": (data.digits, [((1797, 1, 8, 8), 0, 1), ((1797,), 0, 9)]),
}
ROWS = [pytest.param(name, id=name) for name in SETS]


def tensors(name: str) -> list[torch.Tensor]:
    """What a loader returns, as a list."""
    loaded = SETS[name][0]()
    return [part for part in (loaded if isinstance(loaded, tuple) else (loaded,)) if isinstance(part, torch.Tensor)]


def test_every_source_is_tested_here() -> None:
    assert sorted(data.source_names()) == sorted(SETS)


@pytest.mark.parametrize("name", ROWS)
def test_layout(name: str) -> None:
    expected = SETS[name][1]
    found = tensors(name)
    assert [tensor.shape for tensor in found] == [shape for shape, _, _ in expected]
    assert [tensor.dtype for tensor in found] == [torch.float32, torch.int64][: len(expected)]
    for tensor, (_, lowest, highest) in zip(found, expected, strict=True):
        assert tensor.is_contiguous()
        assert tensor.device.type == "cpu"
        assert not tensor.requires_grad
        assert float(tensor.min()) == pytest.approx(lowest, rel=1e-6)
        assert float(tensor.max()) == pytest.approx(highest, rel=1e-6)


@pytest.mark.parametrize("name", ROWS)
def test_it_is_the_same_each_time_and_nobody_elses(name: str) -> None:
    first = tensors(name)
    for tensor in tensors(name):
        tensor.zero_()
    again = tensors(name)
    assert all(torch.equal(tensor, other) for tensor, other in zip(again, first, strict=True))


@pytest.mark.parametrize("name", ROWS)
def test_the_default_device_is_respected(name: str, meta_device: None) -> None:
    found = tensors(name)
    assert all(tensor.device.type == "meta" for tensor in found)
    assert [tensor.shape for tensor in found] == [shape for shape, _, _ in SETS[name][1]]


@pytest.mark.parametrize("name", ROWS)
def test_a_missing_package_is_named_with_its_installation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    package = data.source(name).package
    sentence = rf"^this data .* package {package}, which is not installed: pip install 'convlab\[course\]'$"
    with pytest.raises(ModuleNotFoundError, match=sentence):
        tensors(name)


@pytest.mark.parametrize("name", ROWS)
def test_a_missing_file_is_named_with_its_installation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    source = data.source(name)
    sentence = rf"^the installed {source.package} does not carry {source.file}; .*pip install 'convlab\[course\]'$"
    with pytest.raises(FileNotFoundError, match=sentence):
        tensors(name)


def test_a_package_without_the_file_is_not_searched_elsewhere() -> None:
    moved = replace(data.source("photo"), file="datasets/images/gone.jpg")
    with pytest.raises(FileNotFoundError, match=r"scikit-learn does not carry datasets/images/gone\.jpg"):
        moved.path()


def test_the_packages_are_imported_only_when_a_loader_is_called() -> None:
    code = "import sys; from convlab import data; print(*{name.split('.')[0] for name in sys.modules})"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sklearn", "matplotlib", "nibabel", "PIL"} & set(process.stdout.split())
    for path in LICENCES.parent.glob("*.py"):
        top = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.Import)]
        assert "numpy" not in {alias.name for node in top for alias in node.names}


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"^name must be one of 'photo', 'eeg', .*'flower', but name='foto'$"):
        data.source("foto")


@pytest.mark.parametrize("name", ROWS)
def test_everything_is_said_or_said_to_be_unknown(name: str) -> None:
    source = data.source(name)
    assert all(vars(source).values())
    is_signal = len(SETS[name][1][0][0]) == 2
    assert source.sampling_rate.startswith("none") != is_signal
    assert source.spacing.startswith("none") == is_signal
    assert source.url.startswith("https://")
    assert all(part in str(source) for part in (source.title, source.licence, source.url))
    assert ("author not stated" in str(source)) == (source.author == NOT_STATED)


def test_a_credit_line_without_an_author() -> None:
    assert str(data.source("eeg")).startswith("EEG at four electrodes, author not stated, Matplotlib licence, https://")


@pytest.mark.parametrize("name", ROWS)
def test_the_licences_have_a_row(name: str) -> None:
    source = data.source(name)
    call = {"flower": 'photo("flower")'}.get(name, f"{name}()")
    (row,) = [line for line in LICENCES.read_text("utf-8").splitlines() if line.startswith(f"| `data.{call}` |")]
    file = f"`{source.module}/{source.file}`"
    parts = (source.title, source.author, f"[{source.licence}](https://", f"<{source.url}>", source.package, file)
    assert [part for part in parts if part not in row] == []


def test_what_the_packages_say() -> None:
    samples = data.source("eeg").path().with_name("README.txt").read_text("utf-8")
    assert "the sample data needed for some of matplotlib's examples" in samples
    descriptions = data.source("digits").path().parents[1] / "descr"
    digits = (descriptions / "digits.rst").read_text("utf-8")
    assert ":Creator: E. Alpaydin" in digits
    assert data.source("digits").url in digits
    assert "licen" not in digits.lower()
    images = data.source("mri_volume").path().with_name("README.rst").read_text("utf-8")
    assert "example4d" not in images
