"""The photograph: its layout, its colours, where it comes from, and what is said when it cannot be had."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_sample_image  # type: ignore[import-untyped]

from convlab import data


@pytest.fixture(scope="module")
def photo() -> torch.Tensor:
    return data.photo()


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


def test_the_flower() -> None:
    flower = data.photo("flower")
    assert flower.shape == (3, 427, 640)
    assert flower.dtype == torch.float32
    assert (float(flower.min()), float(flower.max())) == (0, 1)
    theirs = torch.from_numpy(load_sample_image("flower.jpg").copy())
    assert torch.equal((flower * 255).round().to(torch.uint8), theirs.permute(2, 0, 1))
    petals, leaves = flower[:, 100:340, 190:420].mean(dim=(1, 2)), flower[:, :90, :60].mean(dim=(1, 2))
    assert petals[0] > petals[1] > petals[2]  # orange
    assert leaves[0] < leaves[1]
    assert leaves.mean() < petals.mean() / 2


def test_the_pavilion_is_the_photograph_that_is_shown_without_a_name(photo: torch.Tensor) -> None:
    assert torch.equal(data.photo("pavilion"), photo)
    assert data.source("pavilion") == data.source("photo")


def test_what_scikit_learn_says_about_the_flower() -> None:
    source = data.source("flower")
    readme = source.path().with_name("README.txt").read_text(encoding="utf-8")
    _, _, flower = readme.partition("Image: flower.jpg")
    assert "creativecommons.org/licenses/by/2.0" in flower
    assert source.url in flower
    assert "Some rights reserved by danielbuechele" in flower  # where this is mended, mend the source
    assert "https://www.flickr.com/photos/vultilion/\n" in flower
    assert "danielbuechele" in source.author
    assert "vultilion" in source.author


def test_an_unknown_photograph_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"^name must be one of 'pavilion', 'flower', but name='lake'$"):
        data.photo("lake")
