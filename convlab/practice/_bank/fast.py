"""The exercise on a convolution as a matrix product: conv_by_matmul."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_window
from convlab.practice._bank._numbers import channel_traits, numbers, picture_traits
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "11_how_it_runs"


def conv_by_matmul(input, weight):
    out_channels, _, kh, kw = weight.shape
    windows = input.unfold(2, kh, 1).unfold(3, kw, 1)  # (N, C_in, H_out, W_out, kH, kW)
    out_height, out_width = windows.shape[2:4]
    columns = windows.permute(0, 1, 4, 5, 2, 3).reshape(len(input), -1, out_height * out_width)
    rows = weight.reshape(out_channels, -1)  # one row for each output channel
    return (rows @ columns).reshape(len(input), out_channels, out_height, out_width)


def conv_by_matmul_of_taps(input, weight):
    out_height, out_width = (size - taps + 1 for size, taps in zip(input.shape[2:], weight.shape[2:], strict=True))
    output = input.new_zeros(len(input), len(weight), out_height * out_width)
    for k in range(weight.shape[2]):
        for m in range(weight.shape[3]):
            met = input[:, :, k : k + out_height, m : m + out_width].flatten(2)  # what tap (k, m) meets
            output += weight[:, :, k, m] @ met
    return output.unflatten(2, (out_height, out_width))


def _matmul(*, weight_rows=lambda w: w.flatten(1), columns=None, shaped=None, before=lambda x, w: (x, w)):
    """A wrong answer that differs in how it makes rows, columns or the result."""

    def wrong(input, weight):
        x, w = before(input, weight)
        windows = x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1)
        size = windows.shape[2:4]
        taps_first = windows.permute(0, 1, 4, 5, 2, 3)
        cols = columns(windows) if columns else taps_first.flatten(4).flatten(1, 3)
        product = weight_rows(w) @ cols
        return shaped(product, size) if shaped else product.unflatten(2, size)

    return wrong


def _matmul_cases():
    def case(id, input, weight):
        traits = picture_traits(input, weight) | channel_traits(*weight.shape[1::-1])
        return Case(id, (input, weight), traits=traits)

    double = {"dtype": torch.float64}
    return (
        case("one window", numbers(1, 1, 2, 2), numbers(1, 1, 2, 2, seed=1)),
        case("2 x 2 in 3 x 4", numbers(1, 1, 3, 4), numbers(1, 1, 2, 2, seed=1)),
        case("2 channels to 3", numbers(1, 2, 3, 3), numbers(3, 2, 2, 2, seed=1)),
        case("2 channels to 2, a kernel of 3 x 2", numbers(1, 2, 4, 5), numbers(2, 2, 3, 2, seed=1)),
        case("3 samples", numbers(3, 2, 4, 3), numbers(4, 2, 2, 3, seed=1)),
        case("float64", numbers(2, 3, 3, 5, **double), numbers(2, 3, 2, 3, seed=1, **double)),
        case(
            "not contiguous",
            numbers(5, 3, 2, 2).permute(3, 2, 1, 0),
            numbers(2, 3, 2, 2, seed=1).transpose(0, 1)[:, :2],
        ),
    )


CONV_BY_MATMUL = Exercise(
    name="conv_by_matmul",
    notebook=NOTEBOOK,
    idea="a convolution as one matrix product",
    question="Write a convolution as a matrix product: every window becomes a column, every output channel a row of "
    "weights.\n\n"
    "`input` is `(N, C_in, H, W)`, `weight` is `(C_out, C_in, kH, kW)`; stride 1, no padding, no bias. The result is "
    "that of "
    "`F.conv2d`, which you may not call. `F.unfold` is allowed.",
    difficulty=2,
    importance=3,
    minutes=15,
    hints=(
        "Which shapes must the two matrices have, so that their product has C_out rows and H_out * W_out columns?",
        "A row of weights has C_in * kH * kW numbers. A column holds the same elements of one window, in the same "
        "order.",
        "`columns = F.unfold(input, (kH, kW))` is (N, C_in * kH * kW, H_out * W_out); `weight.reshape(C_out, -1) @ "
        "columns`, "
        "and reshape.",
    ),
    solution=conv_by_matmul,
    alternative=conv_by_matmul_of_taps,
    cases=_matmul_cases,
    mistakes=(
        Mistake(
            "the kernel is flipped",
            "The rows hold the kernel turned by 180 degrees. torch computes cross-correlation: no flip.",
            _matmul(weight_rows=lambda w: w.flip(2, 3).flatten(1)),
        ),
        Mistake(
            "the kernel is transposed",
            "The row of weights goes down the columns of the kernel, the window along its rows. Use the same order for "
            "both.",
            _matmul(weight_rows=lambda w: w.transpose(2, 3).flatten(1)),
        ),
        Mistake(
            "the channels come last in the rows",
            "The row of weights is in the order (kH, kW, C_in), the column in (C_in, kH, kW). Use the same order for "
            "both.",
            _matmul(weight_rows=lambda w: w.permute(0, 2, 3, 1).flatten(1)),
        ),
        Mistake(
            "reshape instead of permute",
            "The windows were reshaped to columns while their axes still stood in the order (C_in, H_out, W_out, kH, "
            "kW). "
            "reshape keeps the order of the numbers: permute the axes first.",
            _matmul(
                columns=lambda windows: windows.reshape(
                    len(windows), windows.shape[1] * windows.shape[4] * windows.shape[5], -1
                )
            ),
        ),
        Mistake(
            "the product is not shaped",
            "Your result is (N, C_out, H_out * W_out). Its last axis has to be split into H_out and W_out.",
            _matmul(shaped=lambda product, size: product),
        ),
        Mistake(
            "H_out and W_out swapped",
            "The last axis was split into (W_out, H_out). It must be (H_out, W_out): windows are counted row by row.",
            _matmul(shaped=lambda product, size: product.unflatten(2, size[::-1])),
        ),
        Mistake(
            "the output is transposed",
            "Rows and columns of the output are exchanged: axis 2 is H_out and axis 3 is W_out.",
            _matmul(shaped=lambda product, size: product.unflatten(2, size).transpose(2, 3)),
        ),
        Mistake(
            "the channels come last in the result",
            "Your result is (N, H_out, W_out, C_out). Channels stand on axis 1.",
            _matmul(shaped=lambda product, size: product.unflatten(2, size).permute(0, 2, 3, 1)),
        ),
        Mistake(
            "the product is reshaped instead of transposed",
            "The product has the channels last, and was reshaped to (N, C_out, H_out, W_out). reshape keeps the order "
            "of the "
            "numbers: transpose first.",
            _matmul(shaped=lambda product, size: product.transpose(1, 2).reshape(*product.shape[:2], *size)),
        ),
        Mistake(
            "only the first sample",
            "Every sample of the result is that of the first sample. Each sample has its own columns.",
            _matmul(before=lambda x, w: (x[:1].expand_as(x), w)),
        ),
        Mistake(
            "only the first input channel",
            "Only input channel 0 is read. The products of all input channels add: a column has C_in * kH * kW "
            "elements.",
            _matmul(before=lambda x, w: (x[:, :1], w[:, :1])),
        ),
        Mistake(
            "all output channels alike",
            "Every output channel uses weight[0]. Each has its own row of weights.",
            _matmul(weight_rows=lambda w: w[:1].expand_as(w).flatten(1)),
        ),
        Mistake(
            "the weight is reshaped to (C_in, -1)",
            "The weight was reshaped to C_in rows. It has C_out rows, one for each output channel: "
            "weight.reshape(C_out, -1).",
            _matmul(weight_rows=lambda w: w.reshape(w.shape[1], -1)),
        ),
        Mistake(
            "the mean over the window",
            "The products are averaged. A matrix product adds them.",
            _matmul(weight_rows=lambda w: w.flatten(1) / w[0].numel()),
        ),
    ),
    replaces=CONVOLUTION,
    window=conv_window(2),
)

EXERCISES = (CONV_BY_MATMUL,)
