"""The photograph: its layout, its colours, where it comes from, and what is said when it cannot be had."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_image  # type: ignore[import-untyped]

from convlab import data


@pytest.fixture(scope="module")
def photo() -> torch.Tensor:
    return data.photo()


@pytest.fixture
def meta_device() -> Iterator[None]:
    """Torch's default device is one without memory."""
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


def test_layout(photo: torch.Tensor) -> None:
    assert photo.shape == (3, 427, 640)
    assert photo.dtype == torch.float32
    assert photo.is_contiguous()
    assert photo.device.type == "cpu"
    assert photo.min() == 0
    assert photo.max() == 1
    assert not photo.requires_grad


def test_it_is_the_picture_that_scikit_learn_shows(photo: torch.Tensor) -> None:
    theirs = torch.from_numpy(load_sample_image("china.jpg").copy())  # (H, W, C), 0 to 255
    assert torch.equal((photo * 255).round().to(torch.uint8), theirs.permute(2, 0, 1))


def test_it_is_the_same_each_time_and_nobody_elses(photo: torch.Tensor) -> None:
    again = data.photo()
    assert torch.equal(again, photo)
    again.zero_()
    assert torch.equal(data.photo(), photo)


@pytest.mark.parametrize(
    ("rows", "columns", "strongest"),
    [
        pytest.param(slice(5, 40), slice(5, 60), "blue", id="the sky at the top left is blue"),
        pytest.param(slice(20, 80), slice(450, 620), "blue", id="the sky at the top right is pale blue"),
        pytest.param(slice(195, 235), slice(220, 290), "red", id="the columns are red"),
        pytest.param(slice(260, 275), slice(100, 300), "red", id="the tiles are orange"),
        pytest.param(slice(300, 320), slice(360, 420), "green", id="the lake is green"),
    ],
)
def test_channels_rows_and_columns_are_in_order(
    rows: slice, columns: slice, strongest: str, photo: torch.Tensor
) -> None:
    means = photo[:, rows, columns].mean(dim=(1, 2))
    assert ("red", "green", "blue")[means.argmax()] == strongest


def test_the_default_device_is_respected(meta_device: None) -> None:
    photo = data.photo()
    assert photo.device.type == "meta"
    assert photo.shape == (3, 427, 640)


def test_source() -> None:
    source = data.source("photo")
    assert source.author == "danielbuechele"
    assert source.licence == "CC BY 2.0"
    assert source.url == "https://www.flickr.com/photos/danielbuechele/6061409035"
    assert (source.package, source.module, source.file) == ("scikit-learn", "sklearn", "datasets/images/china.jpg")
    assert source.path().name == "china.jpg"
    assert all(part in str(source) for part in (source.title, source.author, source.licence, source.url))


def test_what_scikit_learn_says_about_author_and_licence() -> None:
    source = data.source("photo")
    readme = source.path().with_name("README.txt").read_text(encoding="utf-8")
    china, _, _ = readme.partition("Image: flower.jpg")
    assert all(part in china for part in ("danielbuechele", "creativecommons.org/licenses/by/2.0", source.url))


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"^name must be one of 'photo'.*, but name='foto'$"):
        data.source("foto")


def test_a_missing_package_is_named_with_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"package scikit-learn, .* pip install scikit-learn$"):
        data.photo()


def test_a_missing_file_is_named_with_its_installation() -> None:
    moved = replace(data.source("photo"), file=str(Path("datasets", "images", "gone.jpg")))
    with pytest.raises(FileNotFoundError, match=r"scikit-learn does not carry .*gone\.jpg; .*convlab\[course\]"):
        moved.path()
