"""The exercise on the transposed convolution: conv_transpose2d."""

import torch
import torch.nn.functional as F

from convlab.arithmetic.spec import ConvSpec
from convlab.ops import conv_transpose
from convlab.practice._bank._backward import BACKWARD
from convlab.practice._bank._numbers import channel_traits, numbers, picture_traits
from convlab.practice._bank._stamps import SENTENCES, faulty_conv_transpose2d
from convlab.practice.exercise import Case, Exercise, Mistake, Window

NOTEBOOK = "08_transposed"
TRANSPOSED = (
    "conv_transpose2d",
    F.conv_transpose1d,
    F.conv_transpose2d,
    F.conv_transpose3d,
    torch.convolution,
    conv_transpose,
    *BACKWARD,
)
"""What the answer must not call. To the dispatcher a transposed and an ordinary convolution have the same name, and an
ordinary one is allowed: so these are the functions. The gradient of an ordinary one is a transposed one, too."""


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    batch, _, height, width = input.shape
    _, out_channels, kh, kw = weight.shape
    full_height = (height - 1) * stride + kh + output_padding
    full_width = (width - 1) * stride + kw + output_padding
    output = input.new_zeros(batch, out_channels, full_height, full_width)
    for i in range(height):
        for j in range(width):
            stamps = torch.einsum("nc,cokl->nokl", input[:, :, i, j], weight)  # (N, C_out, kH, kW)
            top, left = i * stride, j * stride
            output[:, :, top : top + kh, left : left + kw] += stamps
    output = output[:, :, padding : full_height - padding, padding : full_width - padding]
    return output if bias is None else output + bias[:, None, None]


def conv_transpose2d_by_gathering(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    from torch.nn.functional import pad

    batch, channels, height, width = input.shape
    kh, kw = weight.shape[2:]
    spread = input.new_zeros(batch, channels, (height - 1) * stride + 1, (width - 1) * stride + 1)
    spread[:, :, ::stride, ::stride] = input  # zeros between
    left, top = kw - 1 - padding, kh - 1 - padding
    windows = (
        pad(spread, (left, left + output_padding, top, top + output_padding)).unfold(2, kh, 1).unfold(3, kw, 1)
    )  # (N, C_in, H_out, W_out, kH, kW)
    output = torch.einsum("nchwkl,cokl->nohw", windows, weight.flip(2, 3))
    return output if bias is None else output + bias[:, None, None]


def _case(id, input, weight, bias=None, **options):
    traits = picture_traits(input, weight, bias, **options) | channel_traits(*weight.shape[:2])
    return Case(id, (input, weight) if bias is None else (input, weight, bias), options, traits)


def _conv_transpose2d_cases():
    double = {"dtype": torch.float64}
    return (
        _case("one input element: a stamp", numbers(1, 1, 1, 1), numbers(1, 1, 2, 3, seed=1)),
        _case("two stamps overlap", numbers(1, 1, 1, 2), numbers(1, 1, 2, 2, seed=1)),
        _case("2 channels to 3", numbers(1, 2, 2, 2), numbers(2, 3, 2, 1, seed=1)),
        _case("3 channels to 2, bias", numbers(1, 3, 2, 2), numbers(3, 2, 2, 2, seed=1), numbers(2, seed=2)),
        _case("stride 2", numbers(1, 1, 2, 3), numbers(1, 1, 3, 2, seed=1), stride=2),
        _case("padding 1", numbers(1, 1, 3, 4), numbers(1, 1, 3, 2, seed=1), padding=1),
        _case(
            "stride 2, padding 1, output_padding 1, bias",
            numbers(1, 1, 2, 3),
            numbers(1, 1, 3, 3, seed=1),
            numbers(1, seed=2),
            stride=2,
            padding=1,
            output_padding=1,
        ),
        _case(
            "stride 3, kernel 2: gaps get the bias",
            numbers(1, 2, 2, 3),
            numbers(2, 2, 2, 2, seed=1),
            numbers(2, seed=2),
            stride=3,
            output_padding=2,
        ),
        _case("padding 2, kernel 2", numbers(1, 1, 3, 4), numbers(1, 1, 2, 2, seed=1), stride=2, padding=2),
        _case("3 samples", numbers(3, 3, 3, 4), numbers(3, 2, 2, 3, seed=1), stride=2, padding=1),
        Case(
            "everything, by position",
            (numbers(2, 2, 3, 4, seed=3), numbers(2, 3, 3, 5, seed=4), numbers(3, seed=5), 3, 2, 1),
            traits=picture_traits(
                numbers(2, 2, 3, 4), numbers(2, 3, 3, 5), numbers(3), stride=3, padding=2, output_padding=1
            )
            | channel_traits(2, 3),
        ),
        _case(
            "not contiguous",
            numbers(4, 3, 2, 2).permute(3, 2, 1, 0),
            numbers(3, 2, 3, 3, seed=1).transpose(0, 1),
            padding=1,
        ),
        _case(
            "float64",
            numbers(2, 2, 3, 2, **double),
            numbers(2, 3, 2, 3, seed=1, **double),
            numbers(3, seed=2, **double),
            stride=2,
            padding=1,
            output_padding=1,
        ),
    )


def _window(case, sample):
    input, weight, bias, *options = (*case.args, None)[: max(3, len(case.args))]
    given = dict(zip(("stride", "padding", "output_padding"), options, strict=False)) | dict(case.kwargs)
    spec = ConvSpec(*weight.shape[:2], weight.shape[2:], bias=bias is not None, transposed=True, **given)
    return Window(spec, input[sample], weight, bias)


CONV_TRANSPOSE2D = Exercise(
    name="conv_transpose2d",
    notebook=NOTEBOOK,
    idea="scatter: every input element stamps the kernel",
    question="Write the transposed convolution: every input element multiplies the kernel and adds it to the output, "
    "`stride` apart.\n\n"
    "`input` is `(N, C_in, H, W)`, `weight` is `(C_in, C_out, kH, kW)`, `bias` is `(C_out,)` or None. `stride`, "
    "`padding` and `output_padding` are ints, the same for both axes. The result is that of `F.conv_transpose2d`, in "
    "the dtype of `input`. You may not call it; the gradient of `F.conv2d`, by autograd or `torch.nn.grad`, is not "
    "allowed either. `F.conv2d` is allowed.",
    difficulty=3,
    importance=3,
    minutes=25,
    hints=(
        "First make the output without padding: zeros of (H - 1) * stride + kH (+ output_padding) rows. Then stamp, "
        "then "
        "crop.",
        "Input element (i, j) adds input[n, c, i, j] * weight[c, o] to the kH x kW elements from (i * stride, j * "
        "stride) "
        "on, for every c. Then padding takes elements away from both sides, and the bias is added once.",
        '`output[:, :, i * stride : i * stride + kH, j * stride : j * stride + kW] += torch.einsum("nc,cokl->nokl", '
        "input[:, :, i, j], weight)` for all i and j; then `output[:, :, padding : ... - padding, padding : ... - "
        "padding]`",
    ),
    solution=conv_transpose2d,
    alternative=conv_transpose2d_by_gathering,
    cases=_conv_transpose2d_cases,
    mistakes=tuple(
        Mistake(name, sentence, faulty_conv_transpose2d(frozenset({name}))) for name, sentence in SENTENCES.items()
    ),
    combined=faulty_conv_transpose2d,
    replaces=TRANSPOSED,
    window=_window,
)

EXERCISES = (CONV_TRANSPOSE2D,)
