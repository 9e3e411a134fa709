"""The digits and the clips made of them: labels, motion, chance, and that one frame does not give the answer away."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

from convlab import data

STEPS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def test_digits_are_those_of_scikit_learn() -> None:
    pictures, labels = data.digits()
    theirs = load_digits()
    assert torch.equal(pictures.squeeze(1), torch.tensor(theirs.images, dtype=torch.float32) / 16)
    assert torch.equal(labels, torch.tensor(theirs.target))
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert torch.equal((pictures * 16).frac(), torch.zeros_like(pictures))


def test_digits_are_upright_and_their_labels_mean_what_they_say() -> None:
    pictures, labels = data.digits()
    mean = torch.stack([pictures[labels == digit].mean(dim=0)[0] for digit in range(10)])
    assert mean[0][3:5, 3:5].mean() < 0.2 < mean[8][3:5, 3:5].mean()  # 0 is empty in its middle
    assert mean[7][:2].sum() > 1.2 * mean[7][6:].sum()  # 7 has its bar at the top ...
    assert mean[6][5:, 4:].sum() > 1.5 * mean[6][:3, 4:].sum()  # ... 6 its ring at the bottom


def test_layout_of_clips() -> None:
    moving = data.moving_digits(5, frames=6, size=20)
    assert moving.clips.shape == (5, 1, 6, 20, 20)
    assert moving.clips.dtype == torch.float32
    assert (float(moving.clips.min()), float(moving.clips.max())) == (0, 1)
    assert moving.clips.is_contiguous()
    for tensor in moving[1:]:
        assert tensor.shape == (5,)
        assert tensor.dtype == torch.int64
    assert tuple(STEPS) == data.DIRECTIONS


@pytest.mark.parametrize("start", [(0, 0), (0, 3), (4, 6)])
def test_labels_agree_with_the_displacement_of_the_centre_of_mass(start: tuple[int, int]) -> None:
    clips, _, directions, starts = data.moving_digits(400, seed=3, size=40, start=start)
    clips = clips.squeeze(1)
    border = clips[..., [0, -1], :].sum(dim=(1, 2, 3)) + clips[..., [0, -1]].sum(dim=(1, 2, 3))
    whole = border == 0  # the digit never reaches an edge
    assert whole.sum() > 150
    mass = clips.sum(dim=(2, 3))
    rows = (clips.sum(dim=3) * torch.arange(40)).sum(dim=2) / mass
    columns = (clips.sum(dim=2) * torch.arange(40)).sum(dim=2) / mass
    moved = torch.stack([rows.diff(dim=1), columns.diff(dim=1)], dim=-1)[whole]  # (clips, frames - 1, 2)
    step = torch.tensor([STEPS[data.DIRECTIONS[direction]] for direction in directions[whole]])
    is_moving = torch.arange(7) >= starts[whole][:, None]
    torch.testing.assert_close(moved, step[:, None] * is_moving[..., None].float(), atol=1e-4, rtol=0)


def test_what_leaves_at_one_edge_comes_in_at_the_other() -> None:
    clips, _, directions, starts = data.moving_digits(60, seed=1, frames=12, start=(0, 5))
    for clip, direction, start in zip(clips.squeeze(1), directions, starts, strict=True):
        steps = STEPS[data.DIRECTIONS[direction]]
        for frame in range(11):
            moved = clip[frame].roll(steps, dims=(0, 1)) if frame >= start else clip[frame]
            assert torch.equal(clip[frame + 1], moved)


def test_labels_agree_with_the_digits_that_are_seen() -> None:
    pictures, labels = data.digits()
    clips, digits, _, _ = data.moving_digits(30, seed=5)
    for clip, digit in zip(clips[:, 0], digits, strict=True):
        of_this_digit = pictures[labels == digit, 0]
        turned = torch.stack(
            [clip[0].roll((row, column), dims=(0, 1)) for row in range(16) for column in range(16)]
        )  # the digit is at the top left in one of them
        outside = turned.clone()
        outside[:, :8, :8] = 0
        inside = turned[outside.sum(dim=(1, 2)) == 0][:, :8, :8]
        assert (inside[:, None] == of_this_digit).all(dim=(2, 3)).any()


@pytest.mark.parametrize("frame", [0, 7])
def test_no_single_frame_tells_the_direction(frame: int) -> None:
    clips, _, directions, _ = data.moving_digits(6000, seed=2)
    for direction in range(4):
        mean = clips[directions == direction, 0, frame].mean(dim=0)
        for ink in (mean.mean(dim=0), mean.mean(dim=1)):  # the same in each column, and in each row
            assert ((ink / ink.mean() - 1).abs() < 0.2).all()


def test_what_is_drawn_is_balanced_and_independent() -> None:
    _, digits, directions, starts = data.moving_digits(8000, seed=4, start=(1, 4))
    assert starts.unique().tolist() == [1, 2, 3, 4]
    for first, second, kinds in ((digits, directions, 40), (directions, starts - 1, 16)):
        table = (first * 4 + second).bincount(minlength=kinds) * kinds / 8000
        assert ((table - 1).abs() < 0.25).all()


def test_the_same_seed_gives_the_same_clips_and_another_others() -> None:
    first, again, other = (data.moving_digits(20, seed=seed) for seed in (7, 7, 8))
    assert all(torch.equal(tensor, same) for tensor, same in zip(first, again, strict=True))
    assert not torch.equal(first.clips, other.clips)
    assert not torch.equal(first.digits, other.digits)


def test_torchs_own_random_numbers_are_untouched() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    clips = data.moving_digits(3).clips
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(1)
    assert torch.equal(data.moving_digits(3).clips, clips)


def test_clips_are_on_the_default_device(meta_device: None) -> None:
    moving = data.moving_digits(3, start=(2, 4))
    assert all(tensor.device.type == "meta" for tensor in moving)
    assert moving.clips.shape == (3, 1, 8, 16, 16)


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        pytest.param({"num_clips": 0}, ValueError, "num_clips must be at least 1, but num_clips=0", id="no clips"),
        pytest.param({"num_clips": 2.0}, TypeError, "num_clips must be an int, but num_clips=2.0", id="half a clip"),
        pytest.param({"seed": -1}, ValueError, "seed must be at least 0, but seed=-1", id="a negative seed"),
        pytest.param({"seed": None}, TypeError, "seed must be an int, but seed=None", id="no seed"),
        pytest.param({"frames": 1}, ValueError, "frames must be at least 2, but frames=1", id="a picture"),
        pytest.param({"size": 7}, ValueError, "size must be at least 8, but size=7", id="smaller than a digit"),
        pytest.param({"size": True}, TypeError, "size must be an int, but size=True", id="a truth value"),
        pytest.param(
            {"start": 3}, TypeError, "start must be a pair of ints, (first, last), but start=3", id="one number"
        ),
        pytest.param(
            {"start": (3, 7)},
            ValueError,
            "start must be (first, last) with 0 <= first <= last <= frames - 2, but start=(3, 7) and frames=8",
            id="too late to be seen",
        ),
        pytest.param(
            {"start": (3, 2)},
            ValueError,
            "start must be (first, last) with 0 <= first <= last <= frames - 2, but start=(3, 2) and frames=8",
            id="the last before the first",
        ),
    ],
)
def test_errors(arguments: dict[str, Any], kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        data.moving_digits(**({"num_clips": 2} | arguments))
    assert str(caught.value) == sentence
