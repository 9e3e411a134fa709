"""Turning digits and written pages: what is in them, and that their labels say what they show."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from convlab import data

PAPER = torch.linspace(0.5, 1, 80 * 90).reshape(1, 80, 90)


def centres(clips: torch.Tensor) -> torch.Tensor:
    """The rows and columns of the centre of mass, (N, D, 2), of digits that stay inside."""
    clips, size = clips.squeeze(1), clips.shape[-1]
    mass = clips.sum(dim=(2, 3))
    axes = [(clips.sum(dim=dim) * torch.arange(size)).sum(dim=2) / mass for dim in (3, 2)]
    return torch.stack(axes, dim=-1)


def inside(clips: torch.Tensor) -> torch.Tensor:
    """Which digits never reach an edge."""
    edges = clips[..., [0, -1], :].sum(dim=(1, 2, 3, 4)) + clips[..., [0, -1]].sum(dim=(1, 2, 3, 4))
    return edges == 0


def test_layout_of_turning_digits() -> None:
    turning = data.turning_digits(5, size=14)
    assert turning.clips.shape == (5, 1, 9, 14, 14)
    assert (float(turning.clips.min()), float(turning.clips.max())) == (0, 1)
    assert {turning.digits.dtype, turning.turns.dtype} == {torch.int64}
    assert turning.digits.shape == turning.turns.shape == (5,)


def test_they_go_once_round_the_way_that_their_label_says() -> None:
    clips, _, turns = data.turning_digits(300, seed=1, size=40)
    whole = inside(clips)
    assert whole.sum() > 100
    places = centres(clips[whole])
    steps = places.diff(dim=1).round()
    torch.testing.assert_close(places.diff(dim=1), steps, atol=1e-4, rtol=0)
    assert torch.equal(steps.abs().sum(2), torch.ones(len(steps), 8))  # one pixel in each step
    for step in ((0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0)):  # two in each direction, whichever way
        assert torch.equal((steps == torch.tensor(step)).all(2).sum(1), torch.full((len(steps),), 2))
    rows, columns = steps.unbind(2)
    area = (columns[:, :-1] * rows[:, 1:] - rows[:, :-1] * columns[:, 1:]).sum(1)  # rows grow downwards: clockwise > 0
    assert torch.equal(area > 0, turns[whole] == data.TURNS.index("clockwise"))
    assert set(turns.tolist()) == {0, 1}


def test_noise_is_added_and_nothing_else_changes() -> None:
    still, noisy = data.turning_digits(40, seed=2), data.turning_digits(40, seed=2, noise=0.5)
    assert torch.equal(still.turns, noisy.turns)
    noise = noisy.clips - still.clips
    assert abs(float(noise.std()) - 0.5) < 0.02
    assert abs(float(noise.mean())) < 0.02


def test_pages_hold_one_digit_in_each_square_and_say_which() -> None:
    pictures, labels = data.digits()
    pages, kinds = data.written_pages(pictures, labels, PAPER, num_pages=3, cells=5)
    assert pages.shape == (3, 1, 60, 60)
    assert kinds.shape == (3, 60, 60)
    squares = kinds.unfold(1, 12, 12).unfold(2, 12, 12).reshape(-1, 144)
    assert all(len(square.unique()) == 2 and square.min() == 0 for square in squares)
    assert set(kinds.unique().tolist()) == set(range(11))
    assert pages[:, 0][kinds > 0].max() <= 0.75 < pages.max()  # a quarter of ink and more; the paper


def test_a_page_without_ink_is_a_piece_of_the_paper() -> None:
    pages, kinds = data.written_pages(torch.zeros(1, 1, 8, 8), torch.tensor([7]), PAPER, num_pages=2)
    assert not kinds.any()
    for page in pages[:, 0]:
        top, left = divmod(int((PAPER[0] == page[0, 0]).flatten().nonzero()[0]), 90)
        assert torch.equal(page, PAPER[0, top : top + 48, left : left + 48])


def test_the_same_seed_gives_the_same() -> None:
    digits = data.digits()
    makers: list[Callable[[int], torch.Tensor]] = [
        lambda seed: data.turning_digits(3, seed=seed, noise=0.1).clips,
        lambda seed: data.written_pages(*digits, PAPER, num_pages=2, seed=seed)[0],
    ]
    for make in makers:
        before = torch.get_rng_state()
        assert torch.equal(make(4), make(4))
        assert not torch.equal(make(4), make(5))
        assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        pytest.param(lambda: data.turning_digits(0), ValueError, "num_clips must be at least 1", id="no clips"),
        pytest.param(
            lambda: data.turning_digits(2, size=9), ValueError, "size must be at least 10", id="a small frame"
        ),
        pytest.param(lambda: data.turning_digits(2, noise=-1), ValueError, "noise must be at least 0", id="noise"),
        pytest.param(lambda: data.turning_digits(2.0), TypeError, "num_clips", id="half a clip"),  # type: ignore[arg-type]
        pytest.param(
            lambda: data.written_pages(torch.zeros(2, 8, 8), torch.zeros(2), PAPER, num_pages=1),
            ValueError,
            r"pictures must have shape \(M, 1, 8, 8\)",
            id="digits without a channel",
        ),
        pytest.param(
            lambda: data.written_pages(*data.digits(), PAPER[0], num_pages=1), ValueError, "H, W", id="flat paper"
        ),
        pytest.param(
            lambda: data.written_pages(*data.digits(), PAPER, num_pages=1, cells=7),
            ValueError,
            "at least 84",
            id="paper smaller than a page",
        ),
    ],
)
def test_bad_input_is_one_sentence(make: Callable[[], object], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        make()
