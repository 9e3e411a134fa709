"""The slice and the volume: byte order, which axis is which, which end is up, and the size of a voxel."""

from __future__ import annotations

import gzip
import struct
from typing import Any

import nibabel
import pytest
import torch

from convlab import data


@pytest.fixture(scope="module")
def volume() -> torch.Tensor:
    return data.mri_volume()


@pytest.fixture(scope="module")
def file() -> Any:
    return nibabel.load(data.source("mri_volume").path())


def test_slice_is_what_the_file_says_number_by_number() -> None:
    numbers = struct.unpack("<65536H", gzip.decompress(data.source("mri_slice").path().read_bytes()))
    levels = (data.mri_slice() * 65535).round().to(torch.int64)
    assert torch.equal(levels.flatten(), torch.tensor(numbers))


def test_slice_is_upright_and_the_face_looks_to_the_left() -> None:
    (head,) = data.mri_slice() > 0.1
    rows, columns = head.any(dim=1).nonzero(), head.any(dim=0).nonzero()
    assert 20 < rows.min() < 40  # air above the skull
    assert rows.max() > 250  # the neck goes on below
    assert 20 < columns.min() < columns.max() < 225
    brain, throat = data.mri_slice()[0, 80:120, 80:170], data.mri_slice()[0, 200:240, 80:170]
    assert brain.mean() > 2 * throat.mean()
    assert head[215, :100].sum() > 20  # the chin
    assert head[215, 180:].sum() < 5  # nothing behind the neck


def test_axes_of_the_volume_are_those_of_the_affine(volume: torch.Tensor, file: Any) -> None:
    assert nibabel.aff2axcodes(file.affine) == ("L", "A", "S")  # type: ignore[no-untyped-call]
    raw = torch.tensor(file.get_fdata(), dtype=torch.float64)
    for d, h, w in ((0, 0, 64), (3, 20, 50), (12, 48, 80), (23, 70, 61)):
        stored = raw[w, 95 - h, d, 0]  # W to the left of the person, H to the back, D upwards
        assert float(volume[0, d, h, w]) == pytest.approx(float(stored) / 1162)


def test_spacing_is_that_of_the_header(file: Any) -> None:
    w, h, d = (round(float(size), 3) for size in file.header.get_zooms()[:3])
    assert file.header.get_xyzt_units()[0] == "mm"
    assert data.source("mri_volume").spacing.startswith(f"{d:g}, {h:g}, {w:g} mm along D, H, W")


def test_volume_shows_a_head(volume: torch.Tensor) -> None:
    head = volume[0] > 0.1
    assert float(volume.mean()) == pytest.approx(0.1488, abs=1e-4)
    widest = head.any(dim=0)
    height, width = widest.any(dim=1).sum() * 2, widest.any(dim=0).sum() * 2
    assert 160 < height < 200  # mm, from forehead to back
    assert 120 < width < 160  # mm, from ear to ear: less
    assert not head[:, :, :20].any()  # air to the right of the person and to the left
    assert not head[:, :, 108:].any()


def test_neighbouring_slices_are_more_alike_than_distant_ones(volume: torch.Tensor) -> None:
    slices = volume[0].flatten(1)
    alike = torch.corrcoef(slices)
    neighbours, distant = alike.diagonal(1).mean(), alike.diagonal(12).mean()
    assert neighbours > 0.95 > distant


def test_eyes_are_below_and_in_front(volume: torch.Tensor) -> None:
    # The lowest slice has, above its middle, the bone and air behind the eyes: darker than brain. The highest has not.
    front = volume[0, :, 20:40, 45:80].mean(dim=(1, 2))
    back = volume[0, :, 60:80, 45:80].mean(dim=(1, 2))
    assert front[0] < back[0]
    assert abs(front[20] - back[20]) < 0.25 * back[20]


def test_the_right_side_of_the_person_is_at_the_left(file: Any) -> None:
    first, last = (file.affine @ [column, 48, 12, 1] for column in (0, 127))
    assert first[0] > 0 > last[0]  # millimetres to the right of the middle (nibabel: x grows to the right)
