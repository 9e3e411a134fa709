"""Answers that learners might hand in, wrong ones and right ones; written without a look at the bank of mistakes."""

# Learners write no annotations.
# mypy: ignore-errors

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor, prod

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import convlab


@dataclass(frozen=True)
class Handed:
    """An answer that is handed in."""

    exercise: str
    id: str
    answer: Callable

    def __str__(self) -> str:
        return f"{self.exercise}: {self.id}"


WRONG: list[Handed] = []
RIGHT: list[Handed] = []


def _wrong(exercise, id):
    return lambda answer: WRONG.append(Handed(exercise, id, answer)) or answer


def _right(exercise, id):
    return lambda answer: RIGHT.append(Handed(exercise, id, answer)) or answer


def _tuple(value, n):
    return (value,) * n if isinstance(value, int) else tuple(value)


# ------------------------------------------------------------------------------------------------ conv_output_size


@_right("conv_output_size", "the formula")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@_right("conv_output_size", "windows are counted in a loop, other names")
def _(n, k, s=1, p=0, d=1):
    count, start = 0, -p
    while start + d * (k - 1) <= n + p - 1:
        count, start = count + 1, start + s
    return count


@_right("conv_output_size", "a layer is run on meta tensors")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    x = torch.empty(1, 1, input_size + 2 * padding, device="meta")
    for size, step in ((dilation * (kernel_size - 1) + 1, stride),):
        x = x.unfold(2, size, step)
    return x.shape[2]


@_right("conv_output_size", "fractions, rounded down")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return floor(Fraction(input_size + 2 * padding - dilation * (kernel_size - 1) - 1, stride) + 1)


@_wrong("conv_output_size", "no plus one")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride


@_wrong("conv_output_size", "true division")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@_wrong("conv_output_size", "rounded up")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return ceil((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1


@_wrong("conv_output_size", "rounded to the nearest")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return round((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)


@_wrong("conv_output_size", "padding on one side")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@_wrong("conv_output_size", "no dilation")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - kernel_size) // stride + 1


@_wrong("conv_output_size", "dilated kernel is dilation times kernel")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * kernel_size) // stride + 1


@_wrong("conv_output_size", "dilation counts holes")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    effective = kernel_size + (kernel_size - 1) * dilation
    return (input_size + 2 * padding - effective) // stride + 1


@_wrong("conv_output_size", "plus stride, divided once too late")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1 + 1) // stride


@_wrong("conv_output_size", "stride and padding swapped")
def _(input_size, kernel_size, padding=0, stride=1, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // max(stride, 1) + 1


@_wrong("conv_output_size", "stride ignored and plus one forgotten")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return input_size + 2 * padding - dilation * (kernel_size - 1) - 1


@_wrong("conv_output_size", "a tuple")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return ((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1,)


@_wrong("conv_output_size", "a tensor")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return torch.tensor((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)


@_wrong("conv_output_size", "a number of NumPy")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return np.floor_divide(input_size + 2 * padding - dilation * (kernel_size - 1) - 1, stride) + 1


@_wrong("conv_output_size", "printed")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    print((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)


@_wrong("conv_output_size", "a word")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return str((input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)


@_wrong("conv_output_size", "two parameters only")
def _(input_size, kernel_size):
    return input_size - kernel_size + 1


@_wrong("conv_output_size", "same padding is taken for granted")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    return ceil(input_size / stride)


# ---------------------------------------------------------------------------------------------------------- conv1d


@_right("conv1d", "three loops")
def _(input, weight, bias=None, stride=1, padding=0):
    stride, padding = _tuple(stride, 1)[0], _tuple(padding, 1)[0]
    batch, _, length = input.shape
    out_channels, _, size = weight.shape
    padded = torch.zeros(batch, input.shape[1], length + 2 * padding, dtype=input.dtype)
    padded[:, :, padding : padding + length] = input
    count = (padded.shape[2] - size) // stride + 1
    out = torch.zeros(batch, out_channels, count, dtype=input.dtype)
    for n in range(batch):
        for o in range(out_channels):
            for i in range(count):
                out[n, o, i] = (padded[n, :, i * stride : i * stride + size] * weight[o]).sum()
                if bias is not None:
                    out[n, o, i] += bias[o]
    return out


@_right("conv1d", "windows by unfold, other names")
def _(x, w, b=None, s=1, p=0):
    s, p = _tuple(s, 1)[0], _tuple(p, 1)[0]
    y = torch.einsum("nclk,ock->nol", F.pad(x, (p, p)).unfold(2, w.shape[2], s), w)
    return y if b is None else y + b[:, None]


@_right("conv1d", "FFT")
def _(input, weight, bias=None, stride=1, padding=0):
    stride, padding = _tuple(stride, 1)[0], _tuple(padding, 1)[0]
    x = F.pad(input, (padding, padding))
    n, k = x.shape[-1], weight.shape[-1]
    spectrum = torch.einsum("ncf,ocf->nof", torch.fft.rfft(x, n), torch.fft.rfft(weight, n).conj())
    out = torch.fft.irfft(spectrum, n)[..., : n - k + 1 : stride]
    return out if bias is None else out + bias.view(1, -1, 1)


@_right("conv1d", "shifted copies, requires grad")
def _(input, weight, bias=None, stride=1, padding=0):
    stride, padding = _tuple(stride, 1)[0], _tuple(padding, 1)[0]
    weight = weight.clone().requires_grad_()
    x = F.pad(input, (padding, padding))
    size = weight.shape[-1]
    count = (x.shape[-1] - size) // stride + 1
    total = 0
    for k in range(size):
        total = total + torch.tensordot(weight[:, :, k], x[:, :, k : k + stride * (count - 1) + 1 : stride], ([1], [1]))
    out = total.transpose(0, 1)
    return out if bias is None else out + bias[None, :, None]


def _conv1d(input, weight, bias=None, stride=1, padding=0):
    stride, padding = _tuple(stride, 1)[0], _tuple(padding, 1)[0]
    y = torch.einsum("nclk,ock->nol", F.pad(input, (padding, padding)).unfold(2, weight.shape[2], stride), weight)
    return y if bias is None else y + bias[:, None]


@_wrong("conv1d", "flipped in a loop")
def _(input, weight, bias=None, stride=1, padding=0):
    stride, padding = _tuple(stride, 1)[0], _tuple(padding, 1)[0]
    x = F.pad(input, (padding, padding))
    size = weight.shape[2]
    columns = []
    for i in range(0, x.shape[2] - size + 1, stride):
        total = torch.zeros(x.shape[0], weight.shape[0], dtype=x.dtype)
        for k in range(size):
            total = total + x[:, :, i + size - 1 - k] @ weight[:, :, k].T
        columns.append(total)
    out = torch.stack(columns, dim=2)
    return out if bias is None else out + bias[:, None]


@_wrong("conv1d", "stride ignored")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input, weight, bias, 1, padding)


@_wrong("conv1d", "padding ignored")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input, weight, bias, stride)


@_wrong("conv1d", "padding at the start only, twice as much")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(F.pad(input, (2 * padding, 0)), weight, bias, stride)


@_wrong("conv1d", "bias forgotten and kernel flipped")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input, weight.flip(2), None, stride, padding)


@_wrong("conv1d", "the loop ends one too early")
def _(input, weight, bias=None, stride=1, padding=0):
    x = F.pad(input, (padding, padding))
    size = weight.shape[2]
    out = torch.stack(
        [(x[:, None, :, i : i + size] * weight).sum((2, 3)) for i in range(0, x.shape[2] - size, stride)], dim=2
    )
    return out if bias is None else out + bias[:, None]


@_wrong("conv1d", "the first channel only")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input[:, :1], weight[:, :1], bias, stride, padding)


@_wrong("conv1d", "the mean of the channels")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv1d(input, weight, None, stride, padding) / input.shape[1]
    return y if bias is None else y + bias[:, None]


@_wrong("conv1d", "bias for every input channel")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv1d(input, weight, None, stride, padding)
    return y if bias is None else y + input.shape[1] * bias[:, None]


@_wrong("conv1d", "a buffer of float32")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv1d(input, weight, bias, stride, padding)
    out = torch.zeros(y.shape)
    out[:] = y
    return out


@_wrong("conv1d", "an array of NumPy")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input, weight, bias, stride, padding).numpy()


@_wrong("conv1d", "a list")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input, weight, bias, stride, padding).tolist()


@_wrong("conv1d", "forgets to return")
def _(input, weight, bias=None, stride=1, padding=0):
    out = _conv1d(input, weight, bias, stride, padding)
    out = out.contiguous()


@_wrong("conv1d", "changes the weight")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv1d(input, weight, bias, stride, padding)
    weight *= 2
    return y


@_wrong("conv1d", "torch's own")
def _(input, weight, bias=None, stride=1, padding=0):
    return F.conv1d(input, weight, bias, stride, padding)


@_wrong("conv1d", "torch's own, as a layer")
def _(input, weight, bias=None, stride=1, padding=0):
    layer = nn.Conv1d(weight.shape[1], weight.shape[0], weight.shape[2], stride, padding, bias=bias is not None)
    layer.weight = nn.Parameter(weight)
    if bias is not None:
        layer.bias = nn.Parameter(bias)
    return layer(input).detach()


@_wrong("conv1d", "without a batch axis")
def _(input, weight, bias=None, stride=1, padding=0):
    channels, length = input.shape  # noqa: RUF059
    return _conv1d(input[None], weight, bias, stride, padding)[0]


@_wrong("conv1d", "one sample only")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input[:1], weight, bias, stride, padding)


@_wrong("conv1d", "the first sample for all")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv1d(input[:1], weight, bias, stride, padding).repeat(len(input), 1, 1)


@_wrong("conv1d", "never ends")
def _(input, weight, bias=None, stride=1, padding=0):
    i = 0
    while i < input.shape[2]:
        try:
            input[0, 0, i]
        except:  # noqa: E722
            break
        i += 0


@_wrong("conv1d", "a plus for a minus in the index")
def _(input, weight, bias=None, stride=1, padding=0):
    x = F.pad(input, (padding, padding))
    size = weight.shape[2]
    count = (x.shape[2] + size) // stride + 1
    out = torch.zeros(len(x), len(weight), count, dtype=x.dtype)
    for i in range(count):
        for k in range(size):
            out[:, :, i] += x[:, :, i * stride + k] @ weight[:, :, k].T
    return out


@_wrong("conv1d", "the step is not in the index")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv1d(input, weight, bias, 1, padding)
    return y[..., : (input.shape[2] + 2 * padding - weight.shape[2]) // stride + 1]


# ---------------------------------------------------------------------------------------------------------- conv2d


@_right("conv2d", "six loops over numbers")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    batch, in_channels, height, width = input.shape
    out_channels, _, kh, kw = weight.shape
    oh, ow = (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
    x, w = input.tolist(), weight.tolist()
    out = input.new_zeros(batch, out_channels, oh, ow)
    for n, o, i, j in product(range(batch), range(out_channels), range(oh), range(ow)):
        total = 0.0 if bias is None else float(bias[o])
        for c, a, b in product(range(in_channels), range(kh), range(kw)):
            h, v = i * sh + a - ph, j * sw + b - pw
            if 0 <= h < height and 0 <= v < width:
                total += x[n][c][h][v] * w[o][c][a][b]
        out[n, o, i, j] = total
    return out


@_right("conv2d", "tensor elements one by one")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    x = F.pad(input, (pw, pw, ph, ph))
    oh, ow = (x.shape[2] - weight.shape[2]) // sh + 1, (x.shape[3] - weight.shape[3]) // sw + 1
    out = torch.zeros(len(x), len(weight), oh, ow, dtype=x.dtype)
    for n in range(len(x)):
        for o in range(len(weight)):
            for i in range(oh):
                for j in range(ow):
                    for c in range(x.shape[1]):
                        for a in range(weight.shape[2]):
                            for b in range(weight.shape[3]):
                                out[n, o, i, j] += x[n, c, i * sh + a, j * sw + b] * weight[o, c, a, b]
                    if bias is not None:
                        out[n, o, i, j] += bias[o]
    return out


@_right("conv2d", "im2col")
def _(input, weight, bias=None, stride=1, padding=0):
    stride, padding = _tuple(stride, 2), _tuple(padding, 2)
    cols = F.unfold(input, weight.shape[2:], stride=stride, padding=padding)
    out = weight.flatten(1) @ cols
    if bias is not None:
        out = out + bias[:, None]
    size = [
        (n + 2 * p - k) // s + 1 for n, p, k, s in zip(input.shape[2:], padding, weight.shape[2:], stride, strict=True)
    ]
    return out.view(len(input), len(weight), *size)


@_right("conv2d", "as_strided")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    x = F.pad(input, (pw, pw, ph, ph)).contiguous()
    kh, kw = weight.shape[2:]
    oh, ow = (x.shape[2] - kh) // sh + 1, (x.shape[3] - kw) // sw + 1
    a, b, c, d = x.stride()
    windows = x.as_strided((*x.shape[:2], oh, ow, kh, kw), (a, b, c * sh, d * sw, c, d))
    out = torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3])).permute(0, 3, 1, 2)
    return out if bias is None else out + bias.view(-1, 1, 1)


@_right("conv2d", "FFT")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    x = F.pad(input, (pw, pw, ph, ph))
    size = x.shape[2:]
    spectrum = torch.einsum("nchw,ochw->nohw", torch.fft.fft2(x), torch.fft.fft2(weight, s=size).conj())
    out = torch.fft.ifft2(spectrum).real
    out = out[:, :, : size[0] - weight.shape[2] + 1 : sh, : size[1] - weight.shape[3] + 1 : sw]
    return out if bias is None else out + bias.view(-1, 1, 1)


@_right("conv2d", "vmap over the batch")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)

    def one(x):
        windows = x.unfold(1, weight.shape[2], sh).unfold(2, weight.shape[3], sw)
        out = torch.einsum("chwij,ocij->ohw", windows, weight)
        return out if bias is None else out + bias.view(-1, 1, 1)

    return torch.vmap(one)(F.pad(input, (pw, pw, ph, ph)))


class _Layer(nn.Module):
    def forward(self, input, weight, bias=None, stride=1, padding=0):
        (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
        windows = F.pad(input, (pw, pw, ph, ph)).unfold(2, weight.shape[2], sh).unfold(3, weight.shape[3], sw)
        out = (windows[:, None] * weight[:, :, None, None]).sum((2, 5, 6))
        return out if bias is None else out + bias[:, None, None]


_right("conv2d", "a module")(_Layer())
_conv2d = _Layer().forward


@_right("conv2d", "recursion over the kernel")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    x = F.pad(input, (pw, pw, ph, ph))
    oh, ow = (x.shape[2] - weight.shape[2]) // sh + 1, (x.shape[3] - weight.shape[3]) // sw + 1

    def taps(pairs):
        if len(pairs) == 1:
            ((a, b),) = pairs
            part = x[:, :, a : a + sh * (oh - 1) + 1 : sh, b : b + sw * (ow - 1) + 1 : sw]
            return torch.einsum("nchw,oc->nohw", part, weight[:, :, a, b])
        return taps(pairs[: len(pairs) // 2]) + taps(pairs[len(pairs) // 2 :])

    out = taps(list(product(range(weight.shape[2]), range(weight.shape[3]))))
    return out if bias is None else out + bias[None, :, None, None]


@_wrong("conv2d", "flipped")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, torch.rot90(weight, 2, (2, 3)), bias, stride, padding)


@_wrong("conv2d", "flipped left to right only")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight.flip(3), bias, stride, padding)


@_wrong("conv2d", "the kernel's size is taken from one axis")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    x = F.pad(input, (pw, pw, ph, ph))
    k = weight.shape[2]
    oh, ow = (x.shape[2] - k) // sh + 1, (x.shape[3] - k) // sw + 1
    out = torch.zeros(len(x), len(weight), oh, ow, dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            window = x[:, None, :, i * sh : i * sh + k, j * sw : j * sw + k]
            out[:, :, i, j] = (window * weight).sum((2, 3, 4))
    return out if bias is None else out + bias[:, None, None]


@_wrong("conv2d", "the output is as high as it is wide")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv2d(input, weight, bias, stride, padding)
    size = min(y.shape[2:])
    return y[:, :, :size, :size]


@_wrong("conv2d", "height and width of the stride swapped")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias, _tuple(stride, 2)[::-1], padding)


@_wrong("conv2d", "height and width of the padding swapped")
def _(input, weight, bias=None, stride=1, padding=0):
    ph, pw = _tuple(padding, 2)
    return _conv2d(F.pad(input, (ph, ph, pw, pw)), weight, bias, stride)


@_wrong("conv2d", "ints only")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(F.pad(input, (padding,) * 4), weight, bias, stride)


@_wrong("conv2d", "view on any input")
def _(input, weight, bias=None, stride=1, padding=0):
    flat = input.view(len(input), -1)
    return _conv2d(flat.view(input.shape), weight, bias, stride, padding)


@_wrong("conv2d", "rows follow each other as if contiguous")
def _(input, weight, bias=None, stride=1, padding=0):
    c, h, w = input.shape[1:]
    x = input.as_strided(input.shape, (c * h * w, h * w, w, 1))
    return _conv2d(x, weight, bias, stride, padding)


@_wrong("conv2d", "padding repeats the border")
def _(input, weight, bias=None, stride=1, padding=0):
    ph, pw = _tuple(padding, 2)
    return _conv2d(F.pad(input, (pw, pw, ph, ph), mode="replicate"), weight, bias, stride)


@_wrong("conv2d", "padding with ones")
def _(input, weight, bias=None, stride=1, padding=0):
    ph, pw = _tuple(padding, 2)
    return _conv2d(F.pad(input, (pw, pw, ph, ph), value=1.0), weight, bias, stride)


@_wrong("conv2d", "padding below and to the right only")
def _(input, weight, bias=None, stride=1, padding=0):
    ph, pw = _tuple(padding, 2)
    return _conv2d(F.pad(input, (0, pw, 0, ph)), weight, bias, stride)


@_wrong("conv2d", "the bias only at the first filter")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, None if bias is None else bias[:1], stride, padding)


@_wrong("conv2d", "the bias within each product")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv2d(input, weight, None, stride, padding)
    return y if bias is None else y + weight[0].numel() * bias[:, None, None]


@_wrong("conv2d", "the maximum, not the sum")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    windows = F.pad(input, (pw, pw, ph, ph)).unfold(2, weight.shape[2], sh).unfold(3, weight.shape[3], sw)
    out = (windows[:, None] * weight[:, :, None, None]).amax((2, 5, 6))
    return out if bias is None else out + bias[:, None, None]


@_wrong("conv2d", "the mean over a window")
def _(input, weight, bias=None, stride=1, padding=0):
    y = _conv2d(input, weight, None, stride, padding) / weight[0].numel()
    return y if bias is None else y + bias[:, None, None]


@_wrong("conv2d", "channels last")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias, stride, padding).permute(0, 2, 3, 1)


@_wrong("conv2d", "the output is transposed")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias, stride, padding).mT


@_wrong("conv2d", "all zeros")
def _(input, weight, bias=None, stride=1, padding=0):
    return torch.zeros_like(_conv2d(input, weight, bias, stride, padding))


@_wrong("conv2d", "the batch is summed")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias, stride, padding).sum(0)


@_wrong("conv2d", "squeezed")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias, stride, padding).squeeze()


@_wrong("conv2d", "channels stay apart")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    windows = F.pad(input, (pw, pw, ph, ph)).unfold(2, weight.shape[2], sh).unfold(3, weight.shape[3], sw)
    return (windows[:, None] * weight[:, :, None, None]).sum((5, 6))


@_wrong("conv2d", "filters summed over their channels")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input.sum(1, keepdim=True), weight.sum(1, keepdim=True), bias, stride, padding)


@_wrong("conv2d", "the size rounds up")
def _(input, weight, bias=None, stride=1, padding=0):
    (sh, sw), (ph, pw) = _tuple(stride, 2), _tuple(padding, 2)
    rest_h = -(input.shape[2] + 2 * ph - weight.shape[2]) % sh
    rest_w = -(input.shape[3] + 2 * pw - weight.shape[3]) % sw
    return _conv2d(F.pad(input, (pw, pw + rest_w, ph, ph + rest_h)), weight, bias, stride)


@_wrong("conv2d", "always valid and stride one")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias)


@_wrong("conv2d", "stride 1 and no bias")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, None, 1, padding)


@_wrong("conv2d", "truncated to integers")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv2d(input, weight, bias, stride, padding).int()


@_wrong("conv2d", "adds in place into the input's padding")
def _(input, weight, bias=None, stride=1, padding=0):
    input.mul_(1.0).add_(1.0)
    return _conv2d(input - 1, weight, bias, stride, padding)


@_wrong("conv2d", "a missing comma")
def _(input, weight, bias=None, stride=1, padding=0):
    out = torch.zeros(3)
    return out.reshape(len(input), 7, 11)


@_wrong("conv2d", "a generator")
def _(input, weight, bias=None, stride=1, padding=0):
    yield _conv2d(input, weight, bias, stride, padding)


@_wrong("conv2d", "valid through a helper of torch's")
def _(input, weight, bias=None, stride=1, padding=0):
    return functools.partial(torch.conv2d, stride=stride, padding=padding)(input, weight, bias)


# ---------------------------------------------------------------------------------------------------------- conv3d


def _conv3d(input, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = _tuple(stride, 3), _tuple(padding, 3)
    windows = F.pad(input, (pw, pw, ph, ph, pd, pd))
    for axis, (size, step) in enumerate(zip(weight.shape[2:], (sd, sh, sw), strict=True), start=2):
        windows = windows.unfold(axis, size, step)
    out = torch.einsum("ncxyzijk,ocijk->noxyz", windows, weight)
    return out if bias is None else out + bias.view(-1, 1, 1, 1)


_right("conv3d", "einsum")(_conv3d)


@_right("conv3d", "loops over windows")
def _(input, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = _tuple(stride, 3), _tuple(padding, 3)
    x = F.pad(input, (pw, pw, ph, ph, pd, pd))
    kd, kh, kw = weight.shape[2:]
    od, oh, ow = (x.shape[2] - kd) // sd + 1, (x.shape[3] - kh) // sh + 1, (x.shape[4] - kw) // sw + 1
    out = torch.zeros(len(x), len(weight), od, oh, ow, dtype=x.dtype)
    for n in range(len(x)):
        for o in range(len(weight)):
            for d in range(od):
                for i in range(oh):
                    for j in range(ow):
                        box = x[n, :, d * sd : d * sd + kd, i * sh : i * sh + kh, j * sw : j * sw + kw]
                        out[n, o, d, i, j] = torch.sum(box * weight[o]) + (0 if bias is None else bias[o])
    return out


@_right("conv3d", "a sum of plane convolutions over depth")
def _(input, weight, bias=None, stride=1, padding=0):
    (sd, sh, sw), (pd, ph, pw) = _tuple(stride, 3), _tuple(padding, 3)
    x = F.pad(input, (0, 0, 0, 0, pd, pd))
    kd = weight.shape[2]
    planes = []
    for d in range(0, x.shape[2] - kd + 1, sd):
        planes.append(sum(_conv2d(x[:, :, d + a], weight[:, :, a], None, (sh, sw), (ph, pw)) for a in range(kd)))
    out = torch.stack(planes, dim=2)
    return out if bias is None else out + bias.reshape(1, -1, 1, 1, 1)


@_wrong("conv3d", "flipped in all axes")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight.flip(2, 3, 4), bias, stride, padding)


@_wrong("conv3d", "flipped in depth only")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight.flip(2), bias, stride, padding)


@_wrong("conv3d", "no stride in depth")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight, bias, (1, *_tuple(stride, 3)[1:]), padding)


@_wrong("conv3d", "no padding in depth")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight, bias, stride, (0, *_tuple(padding, 3)[1:]))


@_wrong("conv3d", "the order of F.pad is turned round")
def _(input, weight, bias=None, stride=1, padding=0):
    pd, ph, pw = _tuple(padding, 3)
    return _conv3d(F.pad(input, (pd, pd, ph, ph, pw, pw)), weight, bias, stride)


@_wrong("conv3d", "the stride is turned round")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight, bias, _tuple(stride, 3)[::-1], padding)


@_wrong("conv3d", "only the first slice of the kernel")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight[:, :, :1], bias, stride, padding)


@_wrong("conv3d", "bias forgotten")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight, None, stride, padding)


@_wrong("conv3d", "channels and depth swapped")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input.transpose(1, 2), weight.transpose(1, 2), bias, stride, padding)


@_wrong("conv3d", "a float32 buffer")
def _(input, weight, bias=None, stride=1, padding=0):
    return torch.zeros(1) + _conv3d(
        input.float(), weight.float(), None if bias is None else bias.float(), stride, padding
    )


@_wrong("conv3d", "only the last sample")
def _(input, weight, bias=None, stride=1, padding=0):
    for sample in input:
        out = _conv3d(sample[None], weight, bias, stride, padding)
    return out


@_wrong("conv3d", "unpacks four sizes")
def _(input, weight, bias=None, stride=1, padding=0):
    channels, depth, height, width = input.shape  # noqa: RUF059
    return _conv3d(input[None], weight, bias, stride, padding)[0]


@_wrong("conv3d", "stride ignored and kernel flipped")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(input, weight.flip(2, 3, 4), bias, 1, padding)


@_wrong("conv3d", "wrong name of a variable")
def _(input, weight, bias=None, stride=1, padding=0):
    return _conv3d(inputs, weight, bias, stride, padding)  # noqa: F821


# -------------------------------------------------------------------------------------------------- grouped_conv2d


@_right("grouped_conv2d", "one convolution per group")
def _grouped(input, weight, bias=None, groups=1):
    parts = [_conv2d(x, w) for x, w in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True)]
    out = torch.cat(parts, 1)
    return out if bias is None else out + bias[:, None, None]


@_right("grouped_conv2d", "a group axis in einsum")
def _(input, weight, bias=None, groups=1):
    windows = input.unfold(2, weight.shape[2], 1).unfold(3, weight.shape[3], 1)
    windows = windows.unflatten(1, (groups, -1))
    out = torch.einsum("ngchwij,gocij->ngohw", windows, weight.unflatten(0, (groups, -1))).flatten(1, 2)
    return out if bias is None else out + bias[:, None, None]


@_right("grouped_conv2d", "a full weight with zeros")
def _(input, weight, bias=None, groups=1):
    full = weight.new_zeros(len(weight), input.shape[1], *weight.shape[2:])
    share, per_group = len(weight) // groups, weight.shape[1]
    for o in range(len(weight)):
        g = o // share
        full[o, g * per_group : (g + 1) * per_group] = weight[o]
    return _conv2d(input, full, bias)


@_right("grouped_conv2d", "loops")
def _(input, weight, bias=None, groups=1):
    n, _, h, w = input.shape
    o, cg, kh, kw = weight.shape
    out = torch.zeros((n, o, h - kh + 1, w - kw + 1), dtype=input.dtype)
    for k in range(o):
        first = k // (o // groups) * cg
        for i in range(h - kh + 1):
            for j in range(w - kw + 1):
                out[:, k, i, j] = (input[:, first : first + cg, i : i + kh, j : j + kw] * weight[k]).sum((1, 2, 3))
        if bias is not None:
            out[:, k] += bias[k]
    return out


@_wrong("grouped_conv2d", "every group reads the first channels")
def _(input, weight, bias=None, groups=1):
    return _conv2d(input[:, : weight.shape[1]], weight, bias)


@_wrong("grouped_conv2d", "interleaved channels")
def _(input, weight, bias=None, groups=1):
    parts = [_conv2d(input[:, g::groups], w) for g, w in enumerate(weight.chunk(groups, 0))]
    out = torch.cat(parts, 1)
    return out if bias is None else out + bias[:, None, None]


@_wrong("grouped_conv2d", "filters dealt in turn")
def _(input, weight, bias=None, groups=1):
    parts = [_conv2d(x, weight[g::groups]) for g, x in enumerate(input.chunk(groups, 1))]
    out = torch.cat(parts, 1)
    return out if bias is None else out + bias[:, None, None]


@_wrong("grouped_conv2d", "the groups are summed")
def _(input, weight, bias=None, groups=1):
    parts = [_conv2d(x, w) for x, w in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True)]
    out = sum(parts)
    return out if bias is None else out + bias[: out.shape[1], None, None]


@_wrong("grouped_conv2d", "groups ignored")
def _(input, weight, bias=None, groups=1):
    return _conv2d(input, weight.repeat(1, groups, 1, 1), bias)


@_wrong("grouped_conv2d", "bias forgotten")
def _(input, weight, bias=None, groups=1):
    return _grouped(input, weight, None, groups)


@_wrong("grouped_conv2d", "flipped kernel")
def _(input, weight, bias=None, groups=1):
    return _grouped(input, weight.flip((-1, -2)), bias, groups)


@_wrong("grouped_conv2d", "the last group only is kept")
def _(input, weight, bias=None, groups=1):
    for x, w in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True):
        out = _conv2d(x, w)
    return out if bias is None else out + bias[-out.shape[1] :, None, None]


@_wrong("grouped_conv2d", "stacked, not joined")
def _(input, weight, bias=None, groups=1):
    return torch.stack([_conv2d(x, w) for x, w in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True)], 1)


@_wrong("grouped_conv2d", "joined along the batch")
def _(input, weight, bias=None, groups=1):
    return torch.cat([_conv2d(x, w) for x, w in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True)], 0)


@_wrong("grouped_conv2d", "outputs interleaved")
def _(input, weight, bias=None, groups=1):
    out = _grouped(input, weight, None, groups)
    out = out.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)
    return out if bias is None else out + bias[:, None, None]


@_wrong("grouped_conv2d", "groups in the reverse order")
def _(input, weight, bias=None, groups=1):
    parts = [_conv2d(x, w) for x, w in zip(input.chunk(groups, 1)[::-1], weight.chunk(groups, 0), strict=True)]
    out = torch.cat(parts, 1)
    return out if bias is None else out + bias[:, None, None]


# -------------------------------------------------------------------------------------------------- dilated_conv2d


@_right("dilated_conv2d", "a kernel with holes")
def _dilated(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    o, c, kh, kw = weight.shape
    holes = weight.new_zeros(o, c, dh * (kh - 1) + 1, dw * (kw - 1) + 1)
    holes[:, :, ::dh, ::dw] = weight
    return _conv2d(input, holes, bias)


@_right("dilated_conv2d", "slices with a step")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    kh, kw = weight.shape[2:]
    oh, ow = input.shape[2] - dh * (kh - 1), input.shape[3] - dw * (kw - 1)
    rows = []
    for i in range(oh):
        row = []
        for j in range(ow):
            window = input[:, None, :, i : i + dh * (kh - 1) + 1 : dh, j : j + dw * (kw - 1) + 1 : dw]
            row.append((window * weight).sum((2, 3, 4)))
        rows.append(torch.stack(row, -1))
    out = torch.stack(rows, -2)
    return out if bias is None else out + bias[:, None, None]


@_right("dilated_conv2d", "shifted inputs")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    kh, kw = weight.shape[2:]
    oh, ow = input.shape[2] - dh * (kh - 1), input.shape[3] - dw * (kw - 1)
    out = 0
    for a, b in product(range(kh), range(kw)):
        shifted = input[:, :, a * dh : a * dh + oh, b * dw : b * dw + ow]
        out = out + torch.einsum("nchw,oc->nohw", shifted, weight[:, :, a, b])
    return out if bias is None else out + bias[:, None, None]


@_right("dilated_conv2d", "unfold with dilation")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    cols = F.unfold(input, tuple(weight.shape[2:]), dilation=(dh, dw))
    out = torch.einsum("ok,nkl->nol", weight.reshape(len(weight), -1), cols)
    size = input.shape[2] - dh * (weight.shape[2] - 1), input.shape[3] - dw * (weight.shape[3] - 1)
    out = out.reshape(len(input), -1, *size)
    return out if bias is None else out + bias[:, None, None]


@_wrong("dilated_conv2d", "dilation ignored")
def _(input, weight, bias=None, dilation=1):
    return _conv2d(input, weight, bias)


@_wrong("dilated_conv2d", "dilation counts the holes")
def _(input, weight, bias=None, dilation=1):
    return _dilated(input, weight, bias, tuple(d + 1 for d in _tuple(dilation, 2)))


@_wrong("dilated_conv2d", "the stride is meant")
def _(input, weight, bias=None, dilation=1):
    return _conv2d(input, weight, bias, dilation)


@_wrong("dilated_conv2d", "the input has holes")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    n, c, h, w = input.shape
    x = input.new_zeros(n, c, dh * (h - 1) + 1, dw * (w - 1) + 1)
    x[:, :, ::dh, ::dw] = input
    return _conv2d(x, weight, bias)


@_wrong("dilated_conv2d", "every d-th pixel of the picture")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    return _conv2d(input[:, :, ::dh, ::dw], weight, bias)


@_wrong("dilated_conv2d", "flipped")
def _(input, weight, bias=None, dilation=1):
    return _dilated(input, weight.flip(2).flip(3), bias, dilation)


@_wrong("dilated_conv2d", "holes filled with the weight")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    big = weight.repeat_interleave(dh, 2).repeat_interleave(dw, 3)
    big = big[:, :, : dh * (weight.shape[2] - 1) + 1, : dw * (weight.shape[3] - 1) + 1]
    return _conv2d(input, big, bias)


@_wrong("dilated_conv2d", "padded to the same size")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    th, tw = dh * (weight.shape[2] - 1), dw * (weight.shape[3] - 1)
    return _dilated(F.pad(input, (tw // 2, tw - tw // 2, th // 2, th - th // 2)), weight, bias, dilation)


@_wrong("dilated_conv2d", "a dilated kernel of dilation times size")
def _(input, weight, bias=None, dilation=1):
    dh, dw = _tuple(dilation, 2)
    o, c, kh, kw = weight.shape
    holes = weight.new_zeros(o, c, dh * kh, dw * kw)
    holes[:, :, ::dh, ::dw] = weight
    return _conv2d(input, holes, bias)


@_wrong("dilated_conv2d", "no bias")
def _(input, weight, bias=None, dilation=1):
    return _dilated(input, weight, dilation=dilation)


# ------------------------------------------------------------------------------------------------ separable_params


@_right("separable_params", "two products")
def _(in_channels, out_channels, kernel_size, bias=False):
    kh, kw = _tuple(kernel_size, 2)
    return in_channels * kh * kw + in_channels * out_channels + (in_channels + out_channels if bias else 0)


@_right("separable_params", "two layers are counted")
def _(in_channels, out_channels, kernel_size, bias=False):
    depthwise = nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels, bias=bias)
    pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=bias)
    return sum(p.numel() for p in nn.Sequential(depthwise, pointwise).parameters())


@_right("separable_params", "shapes")
def _(in_channels, out_channels, kernel_size, bias=False):
    shapes = [(in_channels, 1, *_tuple(kernel_size, 2)), (out_channels, in_channels, 1, 1)]
    if bias:
        shapes += [(in_channels,), (out_channels,)]
    return sum(map(prod, shapes))


def _square(kernel_size):
    kh, kw = _tuple(kernel_size, 2)
    return kh * kw


@_wrong("separable_params", "an ordinary convolution")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * out_channels * _square(kernel_size) + (out_channels if bias else 0)


@_wrong("separable_params", "the pointwise step is forgotten")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * _square(kernel_size) + (in_channels if bias else 0)


@_wrong("separable_params", "the kernel is not squared")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * kernel_size + in_channels * out_channels + (in_channels + out_channels if bias else 0)


@_wrong("separable_params", "one bias")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * _square(kernel_size) + in_channels * out_channels + (out_channels if bias else 0)


@_wrong("separable_params", "bias always")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * _square(kernel_size) + in_channels * out_channels + in_channels + out_channels


@_wrong("separable_params", "no bias")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * _square(kernel_size) + in_channels * out_channels


@_wrong("separable_params", "the kernel runs over the outputs")
def _(in_channels, out_channels, kernel_size, bias=False):
    extra = in_channels + out_channels if bias else 0
    return out_channels * _square(kernel_size) + in_channels * out_channels + extra


@_wrong("separable_params", "a product of the two")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * _square(kernel_size) * in_channels * out_channels


@_wrong("separable_params", "two biases for each channel")
def _(in_channels, out_channels, kernel_size, bias=False):
    return in_channels * _square(kernel_size) + in_channels * out_channels + (2 * out_channels if bias else 0)


@_wrong("separable_params", "spatially separable")
def _(in_channels, out_channels, kernel_size, bias=False):
    extra = in_channels + out_channels if bias else 0
    return in_channels * 2 * _tuple(kernel_size, 2)[0] + in_channels * out_channels + extra


@_wrong("separable_params", "a float")
def _(in_channels, out_channels, kernel_size, bias=False):
    extra = in_channels + out_channels if bias else 0
    return in_channels * _square(kernel_size) + in_channels * out_channels * 1.0 + extra


# ------------------------------------------------------------------------------------------------- receptive_field


@_right("receptive_field", "size and jump")
def _(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        size, jump = size + d * (k - 1) * jump, jump * s
    return size


@_right("receptive_field", "backwards")
def _(layers):
    size = 1
    for kernel_size, stride, dilation in reversed(list(layers)):
        size = (size - 1) * stride + dilation * (kernel_size - 1) + 1
    return size


@_right("receptive_field", "recursion")
def _(layers):
    def field(rest):
        if not rest:
            return 1
        (k, s, d), *more = rest
        return (field(more) - 1) * s + d * (k - 1) + 1

    return field(list(layers))


@_right("receptive_field", "a set of positions")
def _(layers):
    low, high = 0, 0
    for k, s, d in tuple(layers)[::-1]:
        low, high = low * s, high * s + d * (k - 1)
    return high - low + 1


@_wrong("receptive_field", "no jump")
def _(layers):
    return 1 + sum(d * (k - 1) for k, s, d in layers)


@_wrong("receptive_field", "the stride counts a layer too early")
def _(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        jump *= s
        size += d * (k - 1) * jump
    return size


@_wrong("receptive_field", "output side first")
def _(layers):
    size, jump = 1, 1
    for k, s, d in reversed(layers):
        size, jump = size + d * (k - 1) * jump, jump * s
    return size


@_wrong("receptive_field", "dilation ignored")
def _(layers):
    size, jump = 1, 1
    for k, s, _ in layers:
        size, jump = size + (k - 1) * jump, jump * s
    return size


@_wrong("receptive_field", "a sum of kernels")
def _(layers):
    return sum(k for k, s, d in layers)


@_wrong("receptive_field", "starts at nothing")
def _(layers):
    size, jump = 0, 1
    for k, s, d in layers:
        size, jump = size + d * (k - 1) * jump, jump * s
    return size


@_wrong("receptive_field", "the whole kernel is added")
def _(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        size, jump = size + d * k * jump, jump * s
    return size


@_wrong("receptive_field", "a product")
def _(layers):
    return prod(d * (k - 1) + 1 for k, s, d in layers)


@_wrong("receptive_field", "the jump is added")
def _(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        size, jump = size + d * (k - 1) * jump, jump + s - 1
    return size


@_wrong("receptive_field", "the last layer only")
def _(layers):
    for k, _s, d in layers:
        size = d * (k - 1) + 1
    return size


@_wrong("receptive_field", "stride and dilation swapped")
def _(layers):
    size, jump = 1, 1
    for k, d, s in layers:
        size, jump = size + d * (k - 1) * jump, jump * s
    return size


@_wrong("receptive_field", "empties the list")
def _(layers):
    size = 1
    while layers:
        k, s, d = layers.pop()
        size = (size - 1) * s + d * (k - 1) + 1
    return size


# ---------------------------------------------------------------------------------------------------- same_padding


@_right("same_padding", "half and the rest")
def _(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total // 2, total - total // 2


@_right("same_padding", "divmod")
def _(kernel_size, dilation=1):
    half, rest = divmod((kernel_size - 1) * dilation, 2)
    return (half, half + rest)


@_right("same_padding", "dealt out in turn, as a Size")
def _(kernel_size, dilation=1):
    sides = [0, 0]
    for i in range(dilation * (kernel_size - 1)):
        sides[1 - i % 2] += 1
    return torch.Size(sides)


@_wrong("same_padding", "the left gets more")
def _(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total - total // 2, total // 2


@_wrong("same_padding", "no dilation")
def _(kernel_size, dilation=1):
    total = kernel_size - 1
    return total // 2, total - total // 2


@_wrong("same_padding", "half on both sides")
def _(kernel_size, dilation=1):
    return (dilation * (kernel_size - 1) // 2,) * 2


@_wrong("same_padding", "kernel over two")
def _(kernel_size, dilation=1):
    return kernel_size // 2, kernel_size // 2


@_wrong("same_padding", "one number")
def _(kernel_size, dilation=1):
    return dilation * (kernel_size - 1) // 2


@_wrong("same_padding", "a list")
def _(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return [total // 2, total - total // 2]


@_wrong("same_padding", "floats")
def _(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total / 2, total / 2


@_wrong("same_padding", "all on the left")
def _(kernel_size, dilation=1):
    return dilation * (kernel_size - 1), 0


@_wrong("same_padding", "the dilation after the halving")
def _(kernel_size, dilation=1):
    half = (kernel_size - 1) // 2
    return dilation * half, dilation * (kernel_size - 1 - half)


@_wrong("same_padding", "the total on each side")
def _(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    return total, total


@_wrong("same_padding", "dilation times kernel")
def _(kernel_size, dilation=1):
    total = dilation * kernel_size - 1
    return total // 2, total - total // 2


# ----------------------------------------------------------------------------------------------------- conv_matrix


@_right("conv_matrix", "place the kernel row by row")
def _matrix(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    rows = []
    for i in range(h - kh + 1):
        for j in range(w - kw + 1):
            plane = torch.zeros(h, w, dtype=weight.dtype)
            plane[i : i + kh, j : j + kw] = weight
            rows.append(plane.flatten())
    return torch.stack(rows)


@_right("conv_matrix", "columns are responses to unit pictures")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    units = torch.eye(h * w, dtype=weight.dtype).reshape(h * w, 1, h, w)
    return _conv2d(units, weight[None, None]).flatten(1).T


@_right("conv_matrix", "index arithmetic")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    oh, ow = h - kh + 1, w - kw + 1
    matrix = weight.new_zeros(oh * ow, h * w)
    for i, j, a, b in product(range(oh), range(ow), range(kh), range(kw)):
        matrix[i * ow + j, (i + a) * w + j + b] = weight[a, b]
    return matrix


@_wrong("conv_matrix", "flipped")
def _(weight, input_size):
    return _matrix(weight.flip(0, 1), input_size)


@_wrong("conv_matrix", "transposed matrix")
def _(weight, input_size):
    return _matrix(weight, input_size).T


@_wrong("conv_matrix", "rows jump by the input's width")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    oh, ow = h - kh + 1, w - kw + 1
    matrix = weight.new_zeros(oh * ow, h * w)
    for r in range(oh * ow):
        for a, b in product(range(kh), range(kw)):
            column = r + a * w + b
            if column < h * w:
                matrix[r, column] = weight[a, b]
    return matrix


@_wrong("conv_matrix", "the kernel's rows follow without a gap")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    oh, ow = h - kh + 1, w - kw + 1
    matrix = weight.new_zeros(oh * ow, h * w)
    for i, j in product(range(oh), range(ow)):
        start = i * w + j
        matrix[i * ow + j, start : start + kh * kw] = weight.flatten()[: h * w - start]
    return matrix


@_wrong("conv_matrix", "height and width swapped")
def _(weight, input_size):
    return _matrix(weight, _tuple(input_size, 2)[::-1])


@_wrong("conv_matrix", "four axes")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    return _matrix(weight, input_size).reshape(h - kh + 1, w - kw + 1, h, w)


@_wrong("conv_matrix", "kernel transposed")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    matrix = weight.new_zeros((h - kh + 1) * (w - kw + 1), h * w)
    for i, j, a, b in product(range(h - kh + 1), range(w - kw + 1), range(kh), range(kw)):
        matrix[i * (w - kw + 1) + j, (i + a) * w + j + b] = weight.flatten()[b * kh + a]
    return matrix


@_wrong("conv_matrix", "columns first")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    rows = []
    for j in range(w - kw + 1):
        for i in range(h - kh + 1):
            plane = torch.zeros(h, w, dtype=weight.dtype)
            plane[i : i + kh, j : j + kw] = weight
            rows.append(plane.flatten())
    return torch.stack(rows)


@_wrong("conv_matrix", "always float32")
def _(weight, input_size):
    return _matrix(weight.float(), input_size)


@_wrong("conv_matrix", "wraps around")
def _(weight, input_size):
    h, w = _tuple(input_size, 2)
    kh, kw = weight.shape
    matrix = weight.new_zeros(h * w, h * w)
    for i, j, a, b in product(range(h), range(w), range(kh), range(kw)):
        matrix[i * w + j, (i + a) % h * w + (j + b) % w] = weight[a, b]
    return matrix


# ------------------------------------------------------------------------------------------------ conv_transpose2d


@_right("conv_transpose2d", "stamps")
def _transposed(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (eh, ew) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    n, _, h, w = input.shape
    _, o, kh, kw = weight.shape
    full = input.new_zeros(n, o, (h - 1) * sh + kh + eh, (w - 1) * sw + kw + ew)
    for i, j in product(range(h), range(w)):
        stamp = torch.einsum("nc,coab->noab", input[:, :, i, j], weight)
        full[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += stamp
    out = full[:, :, ph : full.shape[2] - ph, pw : full.shape[3] - pw]
    return out if bias is None else out + bias[:, None, None]


@_right("conv_transpose2d", "zeros between, then a flipped convolution")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (eh, ew) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    n, c, h, w = input.shape
    kh, kw = weight.shape[2:]
    spread = input.new_zeros(n, c, (h - 1) * sh + 1, (w - 1) * sw + 1)
    spread[:, :, ::sh, ::sw] = input
    spread = F.pad(spread, (kw - 1 - pw, kw - 1 - pw + ew, kh - 1 - ph, kh - 1 - ph + eh))
    return _conv2d(spread, weight.flip(2, 3).transpose(0, 1), bias)


@_right("conv_transpose2d", "the gradient of a convolution")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (eh, ew) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    h = (input.shape[2] - 1) * sh - 2 * ph + weight.shape[2] + eh
    w = (input.shape[3] - 1) * sw - 2 * pw + weight.shape[3] + ew
    x = torch.zeros(len(input), weight.shape[1], h, w, dtype=input.dtype, requires_grad=True)
    y = _conv2d(x, weight, None, (sh, sw), (ph, pw))
    (out,) = torch.autograd.grad(y, x, input)
    return out if bias is None else out + bias[:, None, None]


@_right("conv_transpose2d", "fold")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    stride, padding, extra = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    kernel = tuple(weight.shape[2:])
    size = [
        (n - 1) * s - 2 * p + k + e
        for n, s, p, k, e in zip(input.shape[2:], stride, padding, kernel, extra, strict=True)
    ]
    cols = weight.flatten(1).T @ input.flatten(2)
    out = F.fold(cols, size, kernel, padding=padding, stride=stride)
    return out if bias is None else out + bias[:, None, None]


@_wrong("conv_transpose2d", "stamps overwrite")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (eh, ew) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    n, _, h, w = input.shape
    _, o, kh, kw = weight.shape
    full = input.new_zeros(n, o, (h - 1) * sh + kh + eh, (w - 1) * sw + kw + ew)
    for i, j in product(range(h), range(w)):
        full[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] = torch.einsum(
            "nc,coab->noab", input[:, :, i, j], weight
        )
    out = full[:, :, ph : full.shape[2] - ph, pw : full.shape[3] - pw]
    return out if bias is None else out + bias[:, None, None]


@_wrong("conv_transpose2d", "an ordinary convolution")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _conv2d(input, weight.transpose(0, 1), bias, stride, padding)


@_wrong("conv_transpose2d", "kernel flipped")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _transposed(input, weight.flip(2, 3), bias, stride, padding, output_padding)


@_wrong("conv_transpose2d", "stride ignored")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _transposed(input, weight, bias, 1, padding, output_padding)


@_wrong("conv_transpose2d", "padding adds zeros")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    ph, pw = _tuple(padding, 2)
    out = F.pad(_transposed(input, weight, None, stride, 0, output_padding), (pw, pw, ph, ph))
    return out if bias is None else out + bias[:, None, None]


@_wrong("conv_transpose2d", "padding ignored")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _transposed(input, weight, bias, stride, 0, output_padding)


@_wrong("conv_transpose2d", "output_padding ignored")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _transposed(input, weight, bias, stride, padding)


@_wrong("conv_transpose2d", "output_padding of zeros after cropping")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    eh, ew = _tuple(output_padding, 2)
    return F.pad(_transposed(input, weight, bias, stride, padding), (0, ew, 0, eh))


@_wrong("conv_transpose2d", "output_padding before")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (ph, pw), (eh, ew) = _tuple(padding, 2), _tuple(output_padding, 2)
    full = F.pad(_transposed(input, weight, None, stride), (ew, 0, eh, 0))
    out = full[:, :, ph : full.shape[2] - ph, pw : full.shape[3] - pw]
    return out if bias is None else out + bias[:, None, None]


@_wrong("conv_transpose2d", "bias with every stamp")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    y = _transposed(input, weight, None, stride, padding, output_padding)
    if bias is None:
        return y
    ones = torch.ones_like(input[:, :1])
    stamps = _transposed(ones, torch.ones_like(weight[:1]), None, stride, padding, output_padding)
    return y + stamps * bias[:, None, None]


@_wrong("conv_transpose2d", "no bias")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _transposed(input, weight, None, stride, padding, output_padding)


@_wrong("conv_transpose2d", "the weight in the order of a convolution")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return _transposed(input, weight.transpose(0, 1), bias, stride, padding, output_padding)


@_wrong("conv_transpose2d", "upsampling by repetition")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    sh, sw = _tuple(stride, 2)
    kh, kw = weight.shape[2:]
    x = input.repeat_interleave(sh, 2).repeat_interleave(sw, 3)
    x = F.pad(x, (kw - 1, kw - 1, kh - 1, kh - 1))
    return _conv2d(x, weight.flip(2, 3).transpose(0, 1), bias)


@_wrong("conv_transpose2d", "torch's own")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    return F.conv_transpose2d(input, weight, bias, stride, padding, output_padding)


@_wrong("conv_transpose2d", "the first sample only")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    y = _transposed(input, weight, bias, stride, padding, output_padding)
    return y[:1].expand_as(y)


# -------------------------------------------------------------------------------------- conv_transpose_output_size


@_right("conv_transpose_output_size", "the formula")
def _transposed_size(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1


@_right("conv_transpose_output_size", "a layer on the meta device")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    length = len(range(0, stride * input_size, stride)) * stride - stride + 1
    return length + dilation * (kernel_size - 1) - padding - padding + output_padding


@_right("conv_transpose_output_size", "the furthest position that a stamp reaches")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    last = max(i * stride + dilation * k for i in range(input_size) for k in range(kernel_size))
    return last + 1 + output_padding - 2 * padding


@_wrong("conv_transpose_output_size", "input times stride")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return input_size * stride


@_wrong("conv_transpose_output_size", "no minus one")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return input_size * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1


@_wrong("conv_transpose_output_size", "the last one is forgotten")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding


@_wrong("conv_transpose_output_size", "padding is added")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride + 2 * padding + dilation * (kernel_size - 1) + output_padding + 1


@_wrong("conv_transpose_output_size", "padding once")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - padding + dilation * (kernel_size - 1) + output_padding + 1


@_wrong("conv_transpose_output_size", "no output_padding")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1


@_wrong("conv_transpose_output_size", "output_padding twice")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 2 * output_padding + 1


@_wrong("conv_transpose_output_size", "no dilation")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + kernel_size + output_padding


@_wrong("conv_transpose_output_size", "an ordinary convolution")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@_wrong("conv_transpose_output_size", "dilation times kernel")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + dilation * kernel_size + output_padding


@_wrong("conv_transpose_output_size", "padding subtracted after the stride and once more")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1 - 2 * padding) * stride + dilation * (kernel_size - 1) + output_padding + 1


@_wrong("conv_transpose_output_size", "a float from an inverse formula")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    return (input_size - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1.0


# -------------------------------------------------------------------------------- a second set, by another hand


def _layers(layers):
    makers = {"conv": nn.Conv2d, "pool": nn.MaxPool2d, "flatten": nn.Flatten, "linear": nn.Linear}
    return [makers[kind](*numbers) for kind, *numbers in layers]


@_wrong("conv_output_size", "the last window that just fits is not counted")
def _(input_size, kernel_size, stride=1, padding=0, dilation=1):
    reach = dilation * (kernel_size - 1) + 1
    count = 0
    start = -padding
    while start + reach < input_size + padding:
        count += 1
        start += stride
    return count


@_wrong("same_padding", "halved by round()")
def _(kernel_size, dilation=1):
    total = (kernel_size - 1) * dilation
    left = round(total / 2)
    return (left, total - left)


@_wrong("conv1d", "reshaped where axes must move")
def _(input, weight, bias=None, stride=1, padding=0):
    batch = input.shape[0]
    out_channels, in_channels, size = weight.shape
    windows = F.pad(input, (padding, padding)).unfold(2, size, stride)
    length = windows.shape[2]
    rows = windows.permute(0, 2, 1, 3).reshape(batch * length, in_channels * size)
    result = rows @ weight.reshape(out_channels, -1).T
    if bias is not None:
        result = result + bias
    return result.reshape(batch, out_channels, length)


@_wrong("conv2d", "view on samples and channels")
def _(input, weight, bias=None, stride=1, padding=0):
    sh, sw = _tuple(stride, 2)
    ph, pw = _tuple(padding, 2)
    n, c, h, w = input.shape
    o, _, kh, kw = weight.shape
    flat = input.view(n * c, h, w)
    flat = F.pad(flat, (pw, pw, ph, ph))
    x = flat.view(n, c, h + 2 * ph, w + 2 * pw)
    hh, ww = (h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1
    y = input.new_zeros(n, o, hh, ww)
    for a in range(kh):
        for b in range(kw):
            part = x[:, :, a : a + sh * hh : sh, b : b + sw * ww : sw][:, :, :hh, :ww]
            y = y + torch.einsum("nchw,oc->nohw", part, weight[:, :, a, b])
    return y if bias is None else y + bias.view(o, 1, 1)


@_wrong("conv2d", "stride of the rows for both axes, bias of the first channel only")
def _(input, weight, bias=None, stride=1, padding=0):
    s = stride if isinstance(stride, int) else stride[0]
    ph, pw = _tuple(padding, 2)
    x = F.pad(input, (pw, pw, ph, ph)).unfold(2, weight.shape[2], s).unfold(3, weight.shape[3], s)
    y = torch.einsum("nchwij,ocij->nohw", x, weight)
    if bias is not None:
        y[:, 0] += bias[0]
    return y


@_wrong("conv3d", "every tap reads the same frame")
def _(input, weight, bias=None, stride=1, padding=0):
    sd, sh, sw = _tuple(stride, 3)
    pd, ph, pw = _tuple(padding, 3)
    x = F.pad(input, (pw, pw, ph, ph, pd, pd))
    kd, kh, kw = weight.shape[2:]
    depth = (x.shape[2] - kd) // sd + 1
    out = []
    for d in range(depth):
        acc = 0
        for k in range(kd):
            frame = x[:, :, d * sd]
            win = frame.unfold(2, kh, sh).unfold(3, kw, sw)
            acc = acc + torch.einsum("nchwij,ocij->nohw", win, weight[:, :, k])
        out.append(acc)
    out = torch.stack(out, 2)
    return out if bias is None else out + bias.view(1, -1, 1, 1, 1)


@_wrong("conv3d", "bias along the batch")
def _(input, weight, bias=None, stride=1, padding=0):
    sd, sh, sw = _tuple(stride, 3)
    pd, ph, pw = _tuple(padding, 3)
    x = F.pad(input, (pw, pw, ph, ph, pd, pd))
    x = x.unfold(2, weight.shape[2], sd).unfold(3, weight.shape[3], sh).unfold(4, weight.shape[4], sw)
    y = torch.einsum("ncdhwijk,ocijk->nodhw", x, weight)
    if bias is not None:
        for i in range(len(bias)):
            if i < len(y):
                y[i] += bias[i]
    return y


@_wrong("grouped_conv2d", "the groups are added up")
def _(input, weight, bias=None, groups=1):
    xs = input.chunk(groups, dim=1)
    ws = weight.chunk(groups, dim=0)
    total = 0
    for x, w in zip(xs, ws, strict=True):
        win = x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1)
        total = total + torch.einsum("nchwij,ocij->nohw", win, w)
    if bias is not None:
        total = total + bias[: total.shape[1], None, None]
    return total


@_wrong("grouped_conv2d", "groups are not used")
def _(input, weight, bias=None, groups=1):
    n, c, h, w = input.shape
    o, _, kh, kw = weight.shape
    out = torch.zeros(n, o, h - kh + 1, w - kw + 1, dtype=input.dtype)
    for i in range(h - kh + 1):
        for j in range(w - kw + 1):
            patch = input[:, :, i : i + kh, j : j + kw].reshape(n, c * kh * kw)
            out[:, :, i, j] = patch @ weight.reshape(o, c * kh * kw).T
    return out if bias is None else out + bias[:, None, None]


@_wrong("grouped_conv2d", "the bias of the first group for each")
def _(input, weight, bias=None, groups=1):
    outs = []
    per = len(weight) // groups
    for g in range(groups):
        x = input.chunk(groups, 1)[g]
        f = weight[g * per : (g + 1) * per]
        y = torch.einsum("nchwij,ocij->nohw", x.unfold(2, f.shape[2], 1).unfold(3, f.shape[3], 1), f)
        if bias is not None:
            y = y + bias[:per].view(1, per, 1, 1)
        outs.append(y)
    return torch.cat(outs, dim=1)


@_wrong("grouped_conv2d", "a list of the groups")
def _(input, weight, bias=None, groups=1):
    b = bias.chunk(groups) if bias is not None else [None] * groups
    res = []
    for x, w, bb in zip(input.chunk(groups, 1), weight.chunk(groups, 0), b, strict=True):
        y = torch.einsum("nchwij,ocij->nohw", x.unfold(2, w.shape[2], 1).unfold(3, w.shape[3], 1), w)
        res.append(y if bb is None else y + bb[:, None, None])
    return res


@_wrong("dilated_conv2d", "dilation changes only the size")
def _(input, weight, bias=None, dilation=1):
    n, _, h, w = input.shape
    o, _, kh, kw = weight.shape
    hh, ww = h - dilation * (kh - 1), w - dilation * (kw - 1)
    out = torch.zeros(n, o, hh, ww, dtype=input.dtype)
    for i in range(hh):
        for j in range(ww):
            out[:, :, i, j] = torch.einsum("ncij,ocij->no", input[:, :, i : i + kh, j : j + kw], weight)
    return out if bias is None else out + bias[:, None, None]


@_wrong("dilated_conv2d", "dilation zeros between the taps")
def _(input, weight, bias=None, dilation=1):
    o, c, kh, kw = weight.shape
    step = dilation + 1
    if dilation == 1:
        step = 1
    big = torch.zeros(o, c, step * (kh - 1) + 1, step * (kw - 1) + 1, dtype=weight.dtype)
    big[:, :, ::step, ::step] = weight
    x = input.unfold(2, big.shape[2], 1).unfold(3, big.shape[3], 1)
    y = torch.einsum("nchwij,ocij->nohw", x, big)
    return y if bias is None else y + bias[:, None, None]


@_wrong("dilated_conv2d", "dilation in the rows only")
def _(input, weight, bias=None, dilation=1):
    kh, kw = weight.shape[2:]
    height = input.shape[2] - dilation * (kh - 1)
    width = input.shape[3] - (kw - 1)
    y = 0
    for a in range(kh):
        for b in range(kw):
            part = input[:, :, a * dilation : a * dilation + height, b : b + width]
            y = y + torch.einsum("nchw,oc->nohw", part, weight[:, :, a, b])
    if bias is not None:
        y = y + bias[:, None, None]
    return y


@_wrong("dilated_conv2d", "dilation not in the index of the columns")
def _(input, weight, bias=None, dilation=1):
    kh, kw = weight.shape[2:]
    height = input.shape[2] - dilation * (kh - 1)
    width = input.shape[3] - dilation * (kw - 1)
    out = torch.zeros(input.shape[0], weight.shape[0], height, width).to(input)
    for o in range(weight.shape[0]):
        for c in range(weight.shape[1]):
            for a in range(kh):
                for b in range(kw):
                    out[:, o] += weight[o, c, a, b] * input[:, c, a * dilation : a * dilation + height, b : b + width]
        if bias is not None:
            out[:, o] += bias[o]
    return out


@_wrong("separable_params", "an ordinary convolution with its bias")
def _(in_channels, out_channels, kernel_size, bias=False):
    n = out_channels * in_channels * kernel_size**2
    if bias:
        n += out_channels
    return n


@_wrong("separable_params", "the depthwise layer alone")
def _(in_channels, out_channels, kernel_size, bias=False):
    layer = nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels, bias=bias)
    return sum(p.numel() for p in layer.parameters())


@_wrong("separable_params", "the layers multiplied, with bias")
def _(in_channels, out_channels, kernel_size, bias=False):
    depthwise = in_channels * kernel_size**2
    pointwise = in_channels * out_channels
    if bias:
        depthwise = depthwise + in_channels
        pointwise = pointwise + out_channels
    return depthwise * pointwise


@_wrong("separable_params", "counts the tensors")
def _(in_channels, out_channels, kernel_size, bias=False):
    net = nn.Sequential(
        nn.Conv2d(in_channels, in_channels, kernel_size, groups=in_channels, bias=bias),
        nn.Conv2d(in_channels, out_channels, 1, bias=bias),
    )
    return len(list(net.parameters()))


@_wrong("separable_params", "the ratio of the costs")
def _(in_channels, out_channels, kernel_size, bias=False):
    sep = in_channels * kernel_size**2 + in_channels * out_channels
    full = in_channels * out_channels * kernel_size**2
    return sep / full


@_wrong("receptive_field", "the elements of a square")
def _(layers):
    r = 1
    for k, s, d in layers[::-1]:
        r = (r - 1) * s + d * (k - 1) + 1
    return r * r


@_wrong("conv_matrix", "rows numbered with W")
def _(weight, input_size):
    height, width = input_size
    kh, kw = weight.shape
    ho, wo = height - kh + 1, width - kw + 1
    matrix = torch.zeros(ho * wo, height * width, dtype=weight.dtype)
    for i in range(ho):
        for j in range(wo):
            r = i * width + j
            if r < ho * wo:
                for a in range(kh):
                    matrix[r, (i + a) * width + j : (i + a) * width + j + kw] = weight[a]
    return matrix


@_wrong("conv_matrix", "windows that leave the picture")
def _(weight, input_size):
    height, width = input_size
    kh, kw = weight.shape
    matrix = torch.zeros(height * width, height * width, dtype=weight.dtype)
    for y in range(height):
        for x in range(width):
            for a in range(kh):
                for b in range(kw):
                    if y + a < height and x + b < width:
                        matrix[y * width + x, (y + a) * width + x + b] = weight[a, b]
    return matrix


@_wrong("conv_matrix", "H for W")
def _(weight, input_size):
    n = input_size[0]
    kh, kw = weight.shape
    rows = []
    for i in range(n - kh + 1):
        for j in range(n - kw + 1):
            img = torch.zeros(n, n, dtype=weight.dtype)
            img[i : i + kh, j : j + kw] += weight
            rows.append(img.view(-1))
    return torch.stack(rows)


@_wrong("conv_matrix", "the size is read as (W, H)")
def _(weight, input_size):
    width, height = input_size
    kh, kw = weight.shape
    matrix = torch.zeros((height - kh + 1) * (width - kw + 1), height * width, dtype=weight.dtype)
    out = 0
    for i in range(height - kh + 1):
        for j in range(width - kw + 1):
            for a in range(kh):
                for b in range(kw):
                    matrix[out, (i + a) * width + j + b] = weight[a, b]
            out += 1
    return matrix


@_wrong("conv_transpose2d", "autograd of torch's convolution")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (oh, ow) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    n, _, h, w = input.shape
    _, o, kh, kw = weight.shape
    size = (h - 1) * sh + kh - 2 * ph + oh, (w - 1) * sw + kw - 2 * pw + ow
    x = torch.zeros(n, o, *size, dtype=input.dtype, requires_grad=True)
    with torch.enable_grad():
        z = F.conv2d(x, weight, None, (sh, sw), (ph, pw))
        (y,) = torch.autograd.grad(z, x, input)
    return y if bias is None else y + bias[:, None, None]


@_wrong("conv_transpose2d", "elements repeated, then correlated")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (oh, ow) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    kh, kw = weight.shape[2:]
    x = input.repeat_interleave(sh, 2).repeat_interleave(sw, 3)
    x = x[:, :, : x.shape[2] - sh + 1, : x.shape[3] - sw + 1]
    x = F.pad(x, (kw - 1, kw - 1 + ow, kh - 1, kh - 1 + oh)).unfold(2, kh, 1).unfold(3, kw, 1)
    y = torch.einsum("nchwij,coij->nohw", x, weight.flip(2, 3))
    y = y[:, :, ph : y.shape[2] - ph, pw : y.shape[3] - pw]
    return y if bias is None else y + bias[:, None, None]


@_wrong("conv_transpose2d", "only the first sample is filled")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    (sh, sw), (ph, pw), (oh, ow) = _tuple(stride, 2), _tuple(padding, 2), _tuple(output_padding, 2)
    n, c, h, w = input.shape
    _, o, kh, kw = weight.shape
    out = torch.zeros(n, o, (h - 1) * sh + kh + oh, (w - 1) * sw + kw + ow, dtype=input.dtype)
    for ci in range(c):
        for i in range(h):
            for j in range(w):
                out[0, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += input[0, ci, i, j] * weight[ci]
    out = out[:, :, ph : out.shape[2] - ph, pw : out.shape[3] - pw]
    return out if bias is None else out + bias[:, None, None]


@_wrong("first_layer_that_fails", "the last layer that runs")
def _(input_shape, layers):
    x, good = torch.zeros(input_shape), None
    try:
        for i, layer in enumerate(_layers(layers)):
            x = layer(x)
            good = i
    except RuntimeError:
        return good
    return None


@_wrong("depthwise_conv2d", "one filter per channel")
def _(input, weight, bias=None):
    kh, kw = weight.shape[2:]
    x = input.unfold(2, kh, 1).unfold(3, kw, 1)
    y = torch.einsum("nchwij,cij->nchw", x, weight.squeeze(1))
    if bias is not None:
        y = y + bias[:, None, None]
    return y


@_wrong("overlap_counts", "the same count everywhere")
def _(input_size, kernel_size, stride):
    return torch.full(((input_size - 1) * stride + kernel_size,), max(1, kernel_size // stride), dtype=torch.int64)


@_wrong("overlap_counts", "counts as floats")
def _(input_size, kernel_size, stride):
    x = torch.ones(1, 1, input_size)
    return F.conv_transpose1d(x, torch.ones(1, 1, kernel_size), stride=stride)[0, 0]


@_wrong("bilinear_sample", "int() for floor()")
def _(image, y, x):
    height, width = image.shape
    y0, x0 = int(y), int(x)
    total = torch.zeros((), dtype=image.dtype)
    for i in (y0, y0 + 1):
        for j in (x0, x0 + 1):
            if 0 <= i < height and 0 <= j < width:
                total = total + image[i, j] * (1 - abs(y - i)) * (1 - abs(x - j))
    return total


@_wrong("grouped_conv2d", "one channel in each group")
def _(input, weight, bias=None, groups=1):
    kh, kw = weight.shape[2:]
    x = input.repeat_interleave(weight.shape[0] // input.shape[1], dim=1).unfold(2, kh, 1).unfold(3, kw, 1)
    y = (x * weight[:, 0][None, :, None, None]).sum((-1, -2))
    return y if bias is None else y + bias[None, :, None, None]


@_wrong("dilated_conv2d", "bias with every tap")
def _(input, weight, bias=None, dilation=1):
    kh, kw = weight.shape[2:]
    rows, columns = input.shape[2] - dilation * (kh - 1), input.shape[3] - dilation * (kw - 1)
    y = 0
    for a, b in product(range(kh), range(kw)):
        part = input[:, :, a * dilation : a * dilation + rows, b * dilation : b * dilation + columns]
        y = y + torch.einsum("nchw,oc->nohw", part, weight[:, :, a, b])
        y = y if bias is None else y + bias[:, None, None]
    return y


@_wrong("dot", "an item")
def _(window, weights):
    return (window * weights).sum().item()


@_wrong("dot", "the cosine")
def _(window, weights):
    return (window * weights).sum() / (window.norm() * weights.norm()).clamp(min=1e-9)


@_wrong("batch_shape", "a list")
def _(batch, channels, height, width):
    return [batch, channels, height, width]


@_wrong("blur", "twice the mean")
def _(image, size):
    windows = F.pad(image, (size // 2,) * 4).unfold(0, size, 1).unfold(1, size, 1)
    return 2 * windows.mean((-1, -2))


@_wrong("moving_average", "torch's pooling")
def _(signal, window):
    return F.avg_pool1d(signal[None], window, stride=1)[0]


@_wrong("clip_to_input", "divided by 255")
def _(clip):
    return clip.permute(3, 0, 1, 2).unsqueeze(0) / 255


@_wrong("output_padding_for", "a remainder of the stride")
def _(input_size, output_size, kernel_size, stride=1, padding=0, dilation=1):
    return (output_size + 2 * padding - dilation * (kernel_size - 1) - 1) % stride


@_wrong("conv_transpose_output_size", "convlab's layer")
def _(input_size, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    options = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    return convlab.conv_transpose(torch.ones(1, 1, input_size), torch.ones(1, 1, kernel_size), **options).shape[-1]


def _first_that_fails(input_shape, layers, checked):
    channels, *sizes = input_shape[1:]
    for index, (kind, *numbers) in enumerate(layers):
        if kind == "flatten":
            sizes = [channels * prod(sizes)]
        elif kind == "linear":
            if sizes[-1] != numbers[0]:
                return index
            sizes[-1] = numbers[1]
        else:
            wanted, made, k, s, p = numbers if kind == "conv" else (channels, channels, *numbers, 0)
            if wanted != channels or (kind in checked and k > min(sizes) + 2 * p):
                return index
            channels, sizes = made, [(size + 2 * p - k) // s + 1 for size in sizes]
    return None


@_wrong("best_match", "the best begins at 0")
def _(image, template):
    h, w = template.shape
    best, found = 0, (0, 0)
    for row in range(image.shape[0] - h + 1):
        for column in range(image.shape[1] - w + 1):
            response = (image[row : row + h, column : column + w] * template).sum().item()
            if response > best:
                best, found = response, (row, column)
    return found


@_wrong("conv1d", "the window is cut where the input ends")
def _(input, weight, bias=None, stride=1, padding=0):
    count = (input.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    out = input.new_zeros(len(input), len(weight), count)
    for i in range(count):
        start = i * stride - padding
        first, last = max(0, start), min(input.shape[2], start + weight.shape[2])
        out[:, :, i] = torch.einsum("nck,ock->no", input[:, :, first:last], weight[:, :, first - start : last - start])
    return out if bias is None else out + bias[:, None]


@_wrong("conv2d", "stride and padding are both ints or both tuples")
def _(input, weight, bias=None, stride=1, padding=0):
    if isinstance(stride, int):
        stride, padding = (stride,) * 2, (padding,) * 2
    padded = F.pad(input, (padding[1], padding[1], padding[0], padding[0]))
    windows = padded.unfold(2, weight.shape[2], stride[0]).unfold(3, weight.shape[3], stride[1])
    out = torch.einsum("nchwij,ocij->nohw", windows, weight)
    return out if bias is None else out + bias[:, None, None]


@_wrong("first_layer_that_fails", "no pool fails")
def _(input_shape, layers):
    return _first_that_fails(input_shape, layers, ("conv",))


@_wrong("first_layer_that_fails", "no kernel of a convolution is too large")
def _(input_shape, layers):
    return _first_that_fails(input_shape, layers, ("pool",))


@_right("first_layer_that_fails", "each axis is a list")
def _(input_shape, layers):
    return _first_that_fails(input_shape, layers, ("conv", "pool"))


@_wrong("im2col", "an identity as the weight")
def _(input, kernel_size, stride=1, padding=0):
    kh, kw = _tuple(kernel_size, 2)
    taps = input.shape[1] * kh * kw
    weight = torch.eye(taps, dtype=input.dtype).reshape(taps, -1, kh, kw)
    return F.conv2d(input, weight, stride=stride, padding=padding).flatten(2)


@_wrong("receptive_field", "a kernel of 1 is passed over, with its stride")
def _(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        if k == 1:
            continue
        size, jump = size + d * (k - 1) * jump, jump * s
    return size


@_wrong("reached", "the order of a set")
def _(kernel_size, dilations):
    offsets = {0}
    for d in dilations:
        offsets = {offset + d * tap for offset in offsets for tap in range(kernel_size)}
    return tuple(offsets)


@_wrong("conv_transpose2d", "padding kernel_size - 1 - padding")
def _(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    n, c, h, w = input.shape
    spread = input.new_zeros(n, c, (h - 1) * stride + 1 + output_padding, (w - 1) * stride + 1 + output_padding)
    spread[:, :, : (h - 1) * stride + 1 : stride, : (w - 1) * stride + 1 : stride] = input
    around = (weight.shape[2] - 1 - padding, weight.shape[3] - 1 - padding)
    return F.conv2d(spread, weight.flip(2, 3).transpose(0, 1), bias, padding=around)
