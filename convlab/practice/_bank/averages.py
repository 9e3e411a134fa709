"""An exercise of 02_conv1d: the moving average."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, POOLING, conv_window, numbers
from convlab.practice.exercise import Case, Exercise, Mistake


def moving_average(signal, window):
    count = len(signal) - window + 1
    averages = [signal[i : i + window].mean() for i in range(count)]
    return torch.stack(averages)


def moving_average_by_cumsum(signal, window):
    total = torch.nn.functional.pad(signal, (1, 0)).cumsum(0)  # total[i]: the sum of the first i elements
    return (total[window:] - total[:-window]) / window


def _average(change=lambda signal, window: (signal, window), divide=lambda window: window, keep=slice(None)):
    def answer(signal, window):
        signal, length = change(signal, window)
        return (signal.unfold(0, length, 1).sum(1) / divide(window))[keep].to(signal.dtype)

    return answer


def _padded(before, after):
    return lambda signal, window: (torch.nn.functional.pad(signal, (before(window), after(window))), window)


_AVERAGE_MISTAKES = (
    Mistake(
        "the sum is not divided",
        "A mean is the sum divided by the number of elements, window.",
        _average(divide=lambda window: 1),
    ),
    Mistake(
        "the last window is missing",
        "There are len(signal) - window + 1 windows: range() stops before its end.",
        _average(keep=slice(-1)),
    ),
    Mistake(
        "the window is one too long",
        "signal[i : i + window] has window elements: the end of a slice is left out.",
        _average(lambda signal, window: (signal, window + 1), lambda window: window + 1),
    ),
    Mistake(
        "divided by a number that is off by one",
        "The window has window elements, so divide by window.",
        _average(divide=lambda window: window + 1),
    ),
    Mistake(
        "the windows do not overlap",
        "The window moves by 1, not by its own length.",
        lambda signal, window: signal.unfold(0, window, window).mean(1),
    ),
    Mistake(
        "the result has the signal's length",
        "Only windows that lie wholly inside the signal count; nothing is padded.",
        _average(_padded(lambda window: (window - 1) // 2, lambda window: window // 2)),
    ),
    Mistake(
        "zeros are put before the signal",
        "Only windows that lie wholly inside the signal count; nothing is padded.",
        _average(_padded(lambda window: window - 1, lambda window: 0)),
    ),
    Mistake(
        "windows that stick out are counted",
        "Only windows that lie wholly inside the signal count.",
        _average(_padded(lambda window: window - 1, lambda window: window - 1)),
    ),
    Mistake(
        "the median is taken",
        "The mean is asked for: the sum divided by the number of elements.",
        lambda signal, window: signal.unfold(0, window, 1).median(1).values,
    ),
    Mistake(
        "the largest element is taken",
        "The mean is asked for; the maximum is another kind of pooling.",
        lambda signal, window: signal.unfold(0, window, 1).amax(1),
    ),
    Mistake(
        "the mean of all elements before",
        "Each mean looks at the last window elements only, not at all before.",
        lambda signal, window: (signal.cumsum(0) / torch.arange(1, len(signal) + 1))[window - 1 :].to(signal.dtype),
    ),
    Mistake(
        "the mean of the whole signal",
        "There is one mean for each place of the window.",
        lambda signal, window: signal.mean(),
    ),
    Mistake(
        "the means are rounded",
        "A mean need not be a whole number: divide with /, not with //.",
        lambda signal, window: signal.unfold(0, window, 1).sum(1) // window,
    ),
    Mistake(
        "the result is always float32",
        "The result has the signal's dtype. torch.zeros makes float32 unless it is told dtype=signal.dtype.",
        lambda signal, window: signal.unfold(0, window, 1).mean(1).float(),
    ),
)


def _average_case(id, signal, window, *more):
    found = {
        "the window is even": window % 2 == 0,
        "the window has one element": window == 1,
        "the window is as long as the signal": window == len(signal),
        "the signal is not contiguous": not signal.is_contiguous(),
        "the dtype is float64": signal.dtype == torch.float64,
    }
    return Case(id, (signal, window), traits=frozenset(trait for trait, is_so in found.items() if is_so))


def _average_cases():
    return (
        _average_case("a window of 3", torch.tensor([3.0, 0.0, 6.0, 9.0, -3.0]), 3),
        _average_case("a window of 2", torch.tensor([1.0, 3.0, 2.0, 8.0]), 2),
        _average_case("a window of 1", torch.tensor([1.0, 3.0, 2.0]), 1),
        _average_case("a window as long as the signal", torch.tensor([1.0, 3.0, 5.0]), 3),
        _average_case("float64", numbers(6, dtype=torch.float64), 3),
        _average_case("every second element of a signal", numbers(14)[::2], 3),
        _average_case("a longer signal", numbers(12, seed=3), 5),
    )


def _average_window(signal, window):
    return {"input": signal[None, None], "weight": signal.new_full((1, 1, window), 1 / window)}


EXERCISES = (
    Exercise(
        name="moving_average",
        notebook="02_conv1d",
        idea="a convolution along one axis",
        question="""Smooth a signal: write `moving_average(signal, window)`.

`signal` has the shape `(L,)`; the result has the shape `(L - window + 1,)` and the signal's dtype. Its element
`i` is the mean of `signal[i]` to `signal[i + window - 1]`. Do not call torch's convolution or pooling.""",
        difficulty=1,
        importance=2,
        minutes=5,
        hints=(
            "How many windows of this length fit into the signal? Each gives one mean.",
            "The window `i` is the slice `signal[i : i + window]`; the last one starts at `L - window`.",
            "Put `signal[i : i + window].mean()` for each `i` in `range(len(signal) - window + 1)` into a list, and "
            "give the list to `torch.stack`.",
        ),
        solution=moving_average,
        alternative=moving_average_by_cumsum,
        cases=_average_cases,
        mistakes=_AVERAGE_MISTAKES,
        replaces=CONVOLUTION + POOLING,
        window=conv_window(1, _average_window),
    ),
)
