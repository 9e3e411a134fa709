"""An exercise of 03_conv2d: the windows of an input as the columns of a matrix."""

import torch

import convlab.ops.unfold
from convlab.practice._bank._cases import CONVOLUTION, counting, not_contiguous, numbers
from convlab.practice.exercise import Case, Exercise, Mistake


def im2col(input, kernel_size, stride=1, padding=0):
    kH, kW = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    sH, sW = (stride, stride) if isinstance(stride, int) else stride
    pH, pW = (padding, padding) if isinstance(padding, int) else padding
    padded = torch.nn.functional.pad(input, (pW, pW, pH, pH))
    columns = []
    for top in range(0, padded.shape[2] - kH + 1, sH):
        for left in range(0, padded.shape[3] - kW + 1, sW):
            window = padded[:, :, top : top + kH, left : left + kW]  # (N, C, kH, kW)
            columns.append(window.flatten(1))
    return torch.stack(columns, dim=2)


def im2col_by_unfold(input, kernel_size, stride=1, padding=0):
    kH, kW = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    sH, sW = (stride, stride) if isinstance(stride, int) else stride
    pH, pW = (padding, padding) if isinstance(padding, int) else padding
    padded = torch.nn.functional.pad(input, (pW, pW, pH, pH))
    windows = padded.unfold(2, kH, sH).unfold(3, kW, sW)  # (N, C, H_out, W_out, kH, kW)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _columns(
    order="cijhw",
    shape=lambda N, R, L: (N, R, L),
    arguments=lambda k, s, p: (k, s, p),
    pad=None,
    keep=slice(None),
    dtype=None,
):
    """The columns with other axes, other arguments or another padding."""

    def answer(input, kernel_size, stride=1, padding=0):
        (kH, kW), (sH, sW), (pH, pW) = arguments(_pair(kernel_size), _pair(stride), _pair(padding))
        padded = torch.nn.functional.pad(input, pad(pH, pW) if pad else (pW, pW, pH, pH))
        windows = padded.unfold(2, kH, sH).unfold(3, kW, sW)[:, :, keep, keep]
        rows, length = windows.shape[1] * kH * kW, windows.shape[2] * windows.shape[3]
        arranged = torch.einsum(f"nchwij->n{order}", windows)
        return arranged.reshape(shape(len(input), rows, length)).to(dtype or input.dtype)

    return answer


def _moved(axes):
    """As `columns`, with the result's axes in another order."""
    return lambda *args, **kwargs: _columns()(*args, **kwargs).permute(axes)


def _first_sample(input, *args, **kwargs):
    return _columns()(input[:1], *args, **kwargs)


def _first_channel(input, *args, **kwargs):
    return _columns()(input[:, :1], *args, **kwargs)


def _windows_at_i(input, kernel_size, stride=1, padding=0):
    """The number of windows is right, but they start at i."""
    (kH, kW), (pH, pW) = _pair(kernel_size), _pair(padding)
    padded = torch.nn.functional.pad(input, (pW, pW, pH, pH))
    near = padded.unfold(2, kH, 1).unfold(3, kW, 1)
    far = padded.unfold(2, kH, _pair(stride)[0]).unfold(3, kW, _pair(stride)[1])
    return torch.einsum("nchwij->ncijhw", near[:, :, : far.shape[2], : far.shape[3]]).flatten(4).flatten(1, 3)


_LAYOUT = "A column holds channel 0 with its kH * kW taps in reading order, then channel 1, and so on."

_MISTAKES = (
    Mistake(
        "rows and columns of the matrix are swapped",
        "The shape is (N, C * kH * kW, L): each window is a column, not a row.",
        _moved((0, 2, 1)),
    ),
    Mistake(
        "the result is reshaped instead of permuted",
        "Windows with the axes (N, C, H_out, W_out, kH, kW) must be permuted to (N, C, kH, kW, H_out, W_out) before "
        "the reshape, which moves no element.",
        _columns("chwij"),
    ),
    Mistake(
        "the windows are reshaped with the channels inside",
        "The elements of one window belong in one column, below each other; permute the axes before the reshape.",
        _columns("hwcij"),
    ),
    Mistake("the channels change fastest in a column", _LAYOUT, _columns("ijchw")),
    Mistake("the taps are read column by column", _LAYOUT, _columns("cjihw")),
    Mistake(
        "the windows are listed column by column",
        "The windows are listed in reading order: the first row of windows from left to right, then the next row.",
        _columns("cijwh"),
    ),
    Mistake(
        "the channels are an axis of their own",
        "Channels and taps share axis 1: (N, C * kH * kW, L).",
        _columns(shape=lambda N, R, L: (N, -1, 1, R, L)),
    ),
    Mistake(
        "the batch stands in one long axis",
        "The batch stays axis 0: (N, C * kH * kW, L).",
        lambda *args, **kwargs: torch.cat(list(_columns()(*args, **kwargs)), 1),
    ),
    Mistake(
        "the batch axis is missing",
        "The result has three axes, also for a batch of 1.",
        lambda *args, **kwargs: _columns()(*args, **kwargs).squeeze(0),
    ),
    Mistake(
        "the stride is ignored",
        "Neighbouring windows start stride elements apart.",
        _columns(arguments=lambda k, s, p: (k, (1, 1), p)),
    ),
    Mistake(
        "the stride's axes are swapped",
        "The numbers of stride stand in the order (H, W).",
        _columns(arguments=lambda k, s, p: (k, s[::-1], p)),
    ),
    Mistake(
        "the windows start at i, not at i * stride",
        "The number of windows is right, but window i starts at i * stride.",
        _windows_at_i,
    ),
    Mistake(
        "the windows do not overlap",
        "The window moves by stride, not by its own size.",
        _columns(arguments=lambda k, s, p: (k, k, p)),
    ),
    Mistake(
        "the padding is ignored",
        "padding zeros are put on both sides of both spatial axes.",
        _columns(arguments=lambda k, s, p: (k, s, (0, 0))),
    ),
    Mistake(
        "the padding's axes are swapped",
        "padding is (pH, pW), but F.pad wants the last axis first: (pW, pW, pH, pH).",
        _columns(arguments=lambda k, s, p: (k, s, p[::-1])),
    ),
    Mistake(
        "only the last axis is padded",
        "F.pad(input, (p, p)) pads the last axis only.",
        _columns(pad=lambda pH, pW: (pW, pW, 0, 0)),
    ),
    Mistake(
        "the padding is put before only",
        "padding zeros are put on both sides of both spatial axes.",
        _columns(pad=lambda pH, pW: (pW, 0, pH, 0)),
    ),
    Mistake(
        "the kernel's height and width are swapped",
        "kernel_size is (kH, kW).",
        _columns(arguments=lambda k, s, p: (k[::-1], s, p)),
    ),
    Mistake(
        "the last window is missing",
        "There is one window more than steps: (size - kernel) // stride + 1.",
        _columns(keep=slice(-1)),
    ),
    Mistake(
        "only the first sample is computed", "The result holds every sample of the batch, along axis 0.", _first_sample
    ),
    Mistake("only the first channel is used", _LAYOUT, _first_channel),
    Mistake(
        "the result is always float32",
        "The result has the input's dtype. torch.zeros makes float32 unless it is told dtype=input.dtype.",
        _columns(dtype=torch.float32),
    ),
)


def _case(id, input, kernel_size, *more, **options):
    values = (kernel_size, *more, *options.values())
    stride, padding = options.get("stride", more[0] if more else 1), options.get("padding", more[1] if more[1:] else 0)
    found = {
        "the batch has more than one sample": len(input) > 1,
        "there are several channels": input.shape[1] > 1,
        "the sides of the input differ": input.shape[2] != input.shape[3],
        "the sides of the kernel differ": len(set(_pair(kernel_size))) > 1,
        "the kernel has an even size": any(size % 2 == 0 for size in _pair(kernel_size)),
        "the stride is not 1": _pair(stride) != (1, 1),
        "there is padding": _pair(padding) != (0, 0),
        "an argument is a tuple": any(isinstance(value, tuple) for value in values),
        "the input is not contiguous": not input.is_contiguous(),
        "the dtype is float64": input.dtype == torch.float64,
    }
    return Case(id, (input, kernel_size, *more), options, frozenset(trait for trait, is_so in found.items() if is_so))


def _cases():
    return (
        _case("the smallest", counting(1, 1, 4, 4), 3),
        _case("an even kernel", counting(1, 1, 3, 3), 2),
        _case("padding 1", counting(1, 1, 3, 3), 3, padding=1),
        _case("stride 2", counting(1, 1, 5, 5), 3, stride=2),
        _case("3 channels", counting(1, 3, 4, 4), 3),
        _case("a batch of 2", counting(2, 1, 4, 4), 3),
        _case("an input of 3 rows and 5 columns", counting(1, 1, 3, 5), 3),
        _case("a kernel as a tuple", counting(1, 1, 4, 4), (3, 3)),
        _case("a kernel of 3 rows and 1 column", counting(1, 1, 4, 4), (3, 1)),
        _case("5 rows and 3 columns, padding as a tuple", counting(1, 1, 5, 3), 2, padding=(0, 1)),
        _case("a stride as a tuple, wider than the kernel", counting(1, 1, 5, 6), 2, stride=(1, 3)),
        _case("float64", numbers(1, 1, 4, 4, dtype=torch.float64), 3),
        _case("an input that is not contiguous", not_contiguous(counting(2, 2, 4, 4)), 3),
        _case("everything, by position", numbers(3, 2, 5, 8), (2, 3), (1, 2), (2, 1)),
    )


EXERCISES = (
    Exercise(
        name="im2col",
        notebook="03_conv2d",
        idea="a convolution as a matrix product",
        question="""Write `im2col(input, kernel_size, stride=1, padding=0)`, which gives what `F.unfold` gives.

`input` has the shape `(N, C, H, W)`; the result has the shape `(N, C * kH * kW, H_out * W_out)`: each window becomes
a column, with the taps of channel 0 in reading order, then those of channel 1, and so on. The windows stand in
reading order, too. `kernel_size`, `stride` and `padding` are each an int, or a tuple with one int for H and one for W.
Do not call `F.unfold` or torch's convolution; the method `tensor.unfold` is allowed.""",
        difficulty=3,
        importance=2,
        minutes=20,
        hints=(
            "Make one column first: the upper left window of one sample, flattened.",
            "The column of a window is `window.flatten(1)`, of the shape `(N, C * kH * kW)`; the columns stand side "
            "by side along axis 2.",
            "Loop over `top` in `range(0, H + 2 * pH - kH + 1, sH)` and over `left` in the same way; append "
            "`padded[:, :, top : top + kH, left : left + kW].flatten(1)`; return `torch.stack(columns, dim=2)`.",
        ),
        solution=im2col,
        alternative=im2col_by_unfold,
        cases=_cases,
        mistakes=_MISTAKES,
        replaces=("im2col", convlab.ops.unfold.columns, *CONVOLUTION),
    ),
)
