"""What is drawn is read back: traces, their places, their scale."""

import numpy as np
import pytest
import torch
from matplotlib.lines import Line2D

from convlab import figures


def drawn(line: Line2D) -> tuple[list[float], list[float]]:
    """Where the points of a trace are."""
    return np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()


SIGNAL = torch.tensor([[1.0, 3.0, 2.0, 2.0], [10.0, 10.0, 14.0, 10.0]])


def test_channels_lie_one_below_the_other_at_one_scale() -> None:
    ax = figures.signals(SIGNAL)
    upper, lower = (torch.tensor(drawn(ax.lines[number])[1]).double() for number in range(2))
    torch.testing.assert_close(upper, SIGNAL[0].double() - 2)
    torch.testing.assert_close(lower, SIGNAL[1].double() - 11 - 4)  # 4 is the larger range
    assert ax.get_yticks().tolist() == [0, -4]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["channel 0", "channel 1"]


@pytest.mark.parametrize(
    ("largest", "bar"),
    [
        pytest.param(4.0, 2.0, id="2 of 4"),
        pytest.param(0.09, 0.05, id="0.05 of 0.09"),
        pytest.param(100.0, 100.0, id="the whole range"),
    ],
)
def test_the_bar_shows_the_scale(largest: float, bar: float) -> None:
    ax = figures.signals(torch.tensor([[0.0, largest], [0.0, 0.0]]), unit="mV")
    low, high = drawn(ax.lines[-1])[1]
    assert high - low == pytest.approx(bar)
    assert ax.texts[0].get_text() == f" {bar:g} mV"


def test_one_y_axis_shows_the_values_as_they_are() -> None:
    ax = figures.signals(SIGNAL, overlay=True, unit="mV", labels=["a", "b"])
    assert [drawn(line)[1] for line in ax.lines] == SIGNAL.tolist()
    assert ax.get_ylabel() == "mV"
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


@pytest.mark.parametrize("shape", [pytest.param((5,), id="(L,)"), pytest.param((1, 5), id="(1, L)")])
def test_a_single_channel_keeps_its_values_and_has_no_name(shape: tuple[int, ...]) -> None:
    ax = figures.signals(torch.full(shape, -65.0), unit="mV")
    assert drawn(ax.lines[0])[1] == [-65.0] * 5
    assert (len(ax.lines), ax.get_ylabel(), ax.get_legend()) == (1, "mV", None)


@pytest.mark.parametrize(
    ("options", "times", "label"),
    [
        pytest.param({}, [0, 1, 2, 3], "sample (L = 4)", id="samples"),
        pytest.param({"start": 10}, [10, 11, 12, 13], "sample (L = 4)", id="a part"),
        pytest.param({"sample_rate": 2}, [0, 0.5, 1, 1.5], "time in s", id="seconds"),
        pytest.param({"sample_rate": 2, "start": 10}, [5, 5.5, 6, 6.5], "time in s", id="a part, in seconds"),
    ],
)
def test_time(options: dict[str, int], times: list[float], label: str) -> None:
    ax = figures.signals(SIGNAL, **options)  # type: ignore[arg-type]
    assert drawn(ax.lines[0])[0] == times
    assert ax.get_xlabel() == label


def test_constant_channels_and_single_samples_are_drawn() -> None:
    assert figures.signals(torch.zeros(2, 3)).get_yticks().tolist() == [0, -1]
    assert figures.signals(torch.zeros(1)).has_data()


@pytest.mark.parametrize(
    ("shape", "labels", "message"),
    [
        pytest.param((1, 2, 3), None, r"tensor must have shape \(C, L\) or \(L,\), .* \(1, 2, 3\)$", id="a batch"),
        pytest.param((), None, r"has shape \(\)$", id="a number"),
        pytest.param((2, 0), None, r"nowhere 0, but has shape \(2, 0\)$", id="nothing"),
        pytest.param((2, 3), ["a"], "there are 2 channels and 1 labels$", id="a name too few"),
    ],
)
def test_refused(shape: tuple[int, ...], labels: list[str] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        figures.signals(torch.zeros(shape), labels=labels)
