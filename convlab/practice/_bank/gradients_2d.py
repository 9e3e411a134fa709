"""Exercises on the backward pass of a Conv2d: conv_grad_weight and conv_grad_input."""

import torch

from convlab.arithmetic.spec import ConvSpec
from convlab.practice._bank._backward import (
    BACKWARD,
    INPUT_NAMES,
    INPUT_SENTENCES,
    WEIGHT_SENTENCES,
    calls,
    faulty_conv_grad_input,
    faulty_conv_grad_weight,
    grad_output_of,
    gradient_traits,
)
from convlab.practice._bank._numbers import numbers
from convlab.practice.exercise import Case, Exercise, Mistake, Window

NOTEBOOK = "10_backward"


def conv_grad_weight(input, grad_output, kernel_size, stride=1, padding=0):
    from torch.nn.functional import pad

    (kh, kw), (out_height, out_width) = kernel_size, grad_output.shape[2:]
    input = pad(input, (padding,) * 4)
    gradient = input.new_zeros(grad_output.shape[1], input.shape[1], kh, kw)
    for k in range(kh):
        for m in range(kw):
            rows = slice(k, k + (out_height - 1) * stride + 1, stride)
            columns = slice(m, m + (out_width - 1) * stride + 1, stride)
            met = input[:, :, rows, columns]  # what tap (k, m) met, (N, C_in, H_out, W_out)
            gradient[:, :, k, m] = torch.einsum("nohw,nchw->oc", grad_output, met)
    return gradient


def conv_grad_weight_by_convolution(input, grad_output, kernel_size, stride=1, padding=0):
    from torch.nn.functional import conv2d

    # The batch takes the place of the channels, and grad_output that of the kernel; its stride becomes a dilation.
    gradient = conv2d(input.transpose(0, 1), grad_output.transpose(0, 1), padding=padding, dilation=stride)
    return gradient.transpose(0, 1)[:, :, : kernel_size[0], : kernel_size[1]]


def _grad_weight_cases():
    return tuple(
        Case(id, (x, grad_output_of(x, c, k, **options), k), options, gradient_traits(x, c, k, **options))
        for id, x, c, k, options in calls()
    )


CONV_GRAD_WEIGHT = Exercise(
    name="conv_grad_weight",
    notebook=NOTEBOOK,
    idea="the gradient of the weight is a convolution of the input",
    question="Compute the gradient of the weight of a Conv2d.\n\n"
    "`input` is `(N, C_in, H, W)`, `grad_output` is `(N, C_out, H_out, W_out)`, `kernel_size` is `(kH, "
    "kW)`, `stride` and `padding` are ints. The result is `(C_out, C_in, kH, kW)`, in the dtype of "
    "`input`. `F.conv2d` is allowed; `torch.nn.grad` and the autograd of a convolution are not.",
    difficulty=3,
    importance=3,
    minutes=20,
    hints=(
        "In which output elements does weight[o, c, k, m] appear, and with which factor?",
        "In all (i, j) of output channel o, with the factor input[n, c, i * stride + k, j * stride + m] of the padded "
        "input. "
        "Sum grad_output times that factor over n, i and j.",
        "For each tap: `met = padded[:, :, k : k + (H_out - 1) * stride + 1 : stride, m : ...]`, then "
        '`gradient[:, :, k, m] = torch.einsum("nohw,nchw->oc", grad_output, met)`.',
    ),
    solution=conv_grad_weight,
    alternative=conv_grad_weight_by_convolution,
    cases=_grad_weight_cases,
    mistakes=tuple(
        Mistake(name, sentence, faulty_conv_grad_weight(frozenset({name})))
        for name, sentence in WEIGHT_SENTENCES.items()
    ),
    combined=faulty_conv_grad_weight,
    replaces=BACKWARD,
)


def conv_grad_input(grad_output, weight, input_size, stride=1, padding=0):
    (height, width), (kh, kw) = input_size, weight.shape[2:]
    batch, _, out_height, out_width = grad_output.shape
    gradient = grad_output.new_zeros(batch, weight.shape[1], height + 2 * padding, width + 2 * padding)
    for i in range(out_height):
        for j in range(out_width):
            stamps = torch.einsum("no,ockl->nckl", grad_output[:, :, i, j], weight)
            gradient[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw] += stamps
    return gradient[:, :, padding : padding + height, padding : padding + width]


def conv_grad_input_by_transposed_convolution(grad_output, weight, input_size, stride=1, padding=0):
    from torch.nn.functional import conv_transpose2d

    rest = [(size + 2 * padding - taps) % stride for size, taps in zip(input_size, weight.shape[2:], strict=True)]
    return conv_transpose2d(grad_output, weight, stride=stride, padding=padding, output_padding=rest)


def _grad_input_cases():
    cases = []
    for id, x, c, k, options in calls():
        weight, grad_output = numbers(c, x.shape[1], *k, seed=5, dtype=x.dtype), grad_output_of(x, c, k, **options)
        if id == "not contiguous":
            grad_output = numbers(*grad_output.permute(3, 2, 1, 0).shape, seed=6).permute(3, 2, 1, 0)
        traits = gradient_traits(x, c, k, **options)
        cases.append(Case(id, (grad_output, weight, tuple(x.shape[2:])), options, traits))
    return tuple(cases)


def _grad_input_window(case, sample):
    """The transposed convolution that makes the gradient."""
    grad_output, weight, input_size = case.args
    stride, padding = case.kwargs.get("stride", 1), case.kwargs.get("padding", 0)
    kernel_size = tuple(weight.shape[2:])
    rest = tuple((size + 2 * padding - taps) % stride for size, taps in zip(input_size, kernel_size, strict=True))
    options = {"stride": stride, "padding": padding, "output_padding": rest, "bias": False}
    return Window(ConvSpec(*weight.shape[:2], kernel_size, transposed=True, **options), grad_output[sample], weight)


CONV_GRAD_INPUT = Exercise(
    name="conv_grad_input",
    notebook=NOTEBOOK,
    idea="the gradient of the input is a transposed convolution",
    question="Compute the gradient of the input of a Conv2d.\n\n"
    "`grad_output` is `(N, C_out, H_out, W_out)`, `weight` is `(C_out, C_in, kH, kW)`, `input_size` is "
    "`(H, W)`, `stride` and `padding` are ints. The result is `(N, C_in, H, W)`, in the dtype of "
    "`grad_output`. `F.conv2d` and `F.conv_transpose2d` are allowed; `torch.nn.grad` and the autograd of "
    "a convolution are not.",
    difficulty=3,
    importance=3,
    minutes=20,
    hints=(
        "Which input elements did the window of output (i, j) read, and with which weights?",
        "Those from (i * stride, j * stride) on, with the kernel. So its gradient goes back there, times the kernel: a "
        "stamp. Stamps add, over windows and output channels.",
        "Zeros of the padded size; for all i and j: `gradient[:, :, i * stride : i * stride + kH, ...] += "
        'torch.einsum("no,ockl->nckl", grad_output[:, :, i, j], weight)`; then cut the padding off.',
    ),
    solution=conv_grad_input,
    alternative=conv_grad_input_by_transposed_convolution,
    cases=_grad_input_cases,
    mistakes=tuple(
        Mistake(here, sentence, faulty_conv_grad_input(frozenset({here})))
        for here, sentence in ((INPUT_NAMES.get(name, name), sentence) for name, sentence in INPUT_SENTENCES.items())
    ),
    combined=faulty_conv_grad_input,
    replaces=BACKWARD,
    window=_grad_input_window,
)

EXERCISES = (CONV_GRAD_WEIGHT, CONV_GRAD_INPUT)
