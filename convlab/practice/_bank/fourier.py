"""Exercises on convolution by FFT: fft_conv1d and fft_conv2d."""

import torch

from convlab.practice._bank._cases import CONVOLUTION, conv_window
from convlab.practice._bank._numbers import channel_traits, numbers
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "11_how_it_runs"


def fft_conv1d(input, weight):
    length, taps = input.shape[2], weight.shape[2]
    spectrum = torch.fft.rfft(input)  # (N, C_in, frequencies)
    kernels = torch.fft.rfft(weight, n=length).conj()  # conj: cross-correlation, no flip
    products = torch.einsum("ncf,ocf->nof", spectrum, kernels)
    return torch.fft.irfft(products, n=length)[:, :, : length - taps + 1]


def fft_conv1d_by_flipping(input, weight):
    length, taps = input.shape[2], weight.shape[2]
    size = length + taps - 1  # long enough that nothing wraps around
    spectrum = torch.fft.fft(input, n=size)[:, None]  # (N, 1, C_in, size)
    kernels = torch.fft.fft(weight.flip(2), n=size)
    full = torch.fft.ifft((spectrum * kernels).sum(2)).real
    return full[:, :, taps - 1 : length]


def fft_conv2d(input, weight):
    (height, width), (kh, kw) = input.shape[2:], weight.shape[2:]
    spectrum = torch.fft.rfft2(input)
    kernels = torch.fft.rfft2(weight, s=(height, width)).conj()  # conj: cross-correlation, no flip
    products = torch.einsum("ncyx,ocyx->noyx", spectrum, kernels)
    return torch.fft.irfft2(products, s=(height, width))[:, :, : height - kh + 1, : width - kw + 1]


def fft_conv2d_by_flipping(input, weight):
    (height, width), (kh, kw) = input.shape[2:], weight.shape[2:]
    size = (height + kh - 1, width + kw - 1)  # large enough that nothing wraps around
    spectrum = torch.fft.fft2(input, s=size)[:, None]  # (N, 1, C_in, *size)
    kernels = torch.fft.fft2(weight.flip(2, 3), s=size)
    full = torch.fft.ifft2((spectrum * kernels).sum(2)).real
    return full[:, :, kh - 1 : height, kw - 1 : width]


SENTENCES = {
    "the kernel is flipped": "This is true convolution. A product of spectra flips the kernel: take the complex "
    "conjugate of "
    "the kernel's spectrum, or flip the kernel before.",
    "conj is missing": "The product of spectra is a true convolution that wraps around, and its first elements were "
    "taken. "
    "Take the complex conjugate of the kernel's spectrum.",
    "the end that wraps around is taken": "The last elements were taken. With the conjugate the first L - K + 1 are "
    "those whose "
    "window does not wrap around.",
    "nothing is cut off": "Your result is as long as the input; in its last elements the window wraps around to the "
    "start. Keep the first L - K + 1 of each axis.",
    "a full convolution": "Your result also has the elements where the window hangs over an edge. Keep those where "
    "it fits: L - K + 1 of each axis.",
    "nothing is left where there is one tap": "[K - 1 : 1 - K] is empty where K is 1, since 1 - 1 is 0. Count the end "
    "from the size: K - 1 : L.",
    "one element too few": "The last element of each axis is missing: there are L - K + 1.",
    "the length of irfft is not given": "From the spectrum alone irfft assumes an even length. Give it: n=length, or "
    "s=(height, "
    "width).",
    "the FFT is scaled": "The result is divided by the number of elements of the FFT once too often. irfft divides "
    "already.",
    "the inverse is not scaled": "The result is multiplied by the number of elements of the FFT. The inverse divides "
    "by it: leave "
    "norm at its default.",
    "the absolute value": "The absolute value was taken, and all signs are lost. Take the real part, or use irfft.",
    "only the first input channel": "Only input channel 0 is used. The products of all input channels are added.",
    "the mean over the input channels": "The products of the input channels are averaged. Add them.",
    "all output channels alike": "Every output channel uses weight[0]. Output channel o uses weight[o].",
    "only the first sample": "Every sample of the result is that of the first sample. Each sample has its own "
    "spectrum.",
    "the channel axes of the weight are swapped": "The kernel from input channel c to output channel o is weight[o, "
    "c].",
    "correlation with the other one": "The conjugate was taken of the input's spectrum. Take that of the kernel's.",
}


def faulty_fft_conv(ndim, faults=frozenset()):
    """`fft_conv1d` or `fft_conv2d` with these mistakes, keys of `SENTENCES`; without any it is right."""
    unknown = faults - set(SENTENCES)
    if unknown:
        raise ValueError(f"no such mistakes: {sorted(unknown)}")
    has = faults.__contains__
    axes = tuple(range(-ndim, 0))

    def fft_conv(input, weight):
        x, w = _tensors(input, weight, has, axes)
        size = [n + k - 1 if has("a full convolution") else n for n, k in zip(x.shape[2:], w.shape[2:], strict=True)]
        norm = "forward" if has("the inverse is not scaled") else "backward"
        kernels = torch.fft.rfftn(w, s=size, dim=axes)
        spectrum = torch.fft.rfftn(x, s=size, dim=axes)
        if has("correlation with the other one"):
            spectrum = spectrum.conj()
        elif not has("conj is missing") and not has("a full convolution"):
            kernels = kernels.conj()
        products = torch.einsum("nc...,oc...->no...", spectrum, kernels)
        if has("the length of irfft is not given"):
            found = torch.fft.irfftn(products, dim=axes, norm=norm)
        else:
            found = torch.fft.irfftn(products, s=size, dim=axes, norm=norm)
        if has("the FFT is scaled"):
            found = found / found[0, 0].numel()
        if has("the absolute value"):
            found = found.abs()
        return _cut(found, x.shape[2:], w.shape[2:], has)

    fft_conv.__name__ = f"fft_conv{ndim}d"
    return fft_conv


def _tensors(x, w, has, axes):
    if has("the channel axes of the weight are swapped"):
        if w.shape[0] != w.shape[1]:
            raise IndexError("index out of range")
        w = w.transpose(0, 1)
    if has("all output channels alike"):
        w = w[:1].expand_as(w)
    if has("only the first input channel"):
        x, w = x[:, :1], w[:, :1]
    if has("the mean over the input channels"):
        w = w / w.shape[1]
    if has("only the first sample"):
        x = x[:1].expand_as(x)
    return x, w.flip(axes) if has("the kernel is flipped") or has("a full convolution") else w


def _cut(found, sizes, taps, has):
    if has("nothing is cut off") or has("a full convolution"):
        return found
    for axis, (size, count) in enumerate(zip(sizes, taps, strict=True), start=2):
        start, length = 0, size - count + 1
        if has("the end that wraps around is taken"):
            start = count - 1
        if has("one element too few"):
            length -= 1
        length = 0 if has("nothing is left where there is one tap") and count == 1 else length
        found = found.narrow(axis, start, min(length, found.shape[axis] - start))
    return found


def _case(id, input, weight):
    found = {
        "the input is not contiguous": not input.is_contiguous(),
        "the dtype is float64": input.dtype == torch.float64,
        "the batch has more than one sample": len(input) > 1,
        "the input has an odd size": any(size % 2 for size in input.shape[2:]),
        "the kernel has an even size": any(size % 2 == 0 for size in weight.shape[2:]),
        "the input is not square": len(set(input.shape[2:])) > 1,
        "the kernel is not square": len(set(weight.shape[2:])) > 1,
    }
    traits = frozenset(trait for trait, holds in found.items() if holds) | channel_traits(*weight.shape[1::-1])
    return Case(id, (input, weight), traits=traits)


def _cases_1d():
    double = {"dtype": torch.float64}
    return (
        _case("one tap", numbers(1, 1, 4), numbers(1, 1, 1, seed=1)),
        _case("two taps", numbers(1, 1, 4), numbers(1, 1, 2, seed=1)),
        _case("an odd length", numbers(1, 1, 5), numbers(1, 1, 3, seed=1)),
        _case("2 channels to 3", numbers(1, 2, 6), numbers(3, 2, 3, seed=1)),
        _case("2 channels to 2, 3 samples", numbers(3, 2, 7), numbers(2, 2, 4, seed=1)),
        _case("float64", numbers(2, 3, 9, **double), numbers(1, 3, 2, seed=1, **double)),
        _case("not contiguous", numbers(2, 8, 3).transpose(1, 2), numbers(2, 3, 3, seed=1)),
    )


def _cases_2d():
    double = {"dtype": torch.float64}
    return (
        _case("one tap", numbers(1, 1, 2, 4), numbers(1, 1, 1, 1, seed=1)),
        _case("2 x 2 in 3 x 4", numbers(1, 1, 3, 4), numbers(1, 1, 2, 2, seed=1)),
        _case("an odd width", numbers(1, 1, 4, 5), numbers(1, 1, 2, 3, seed=1)),
        _case("2 channels to 3", numbers(1, 2, 4, 4), numbers(3, 2, 3, 2, seed=1)),
        _case("2 channels to 2, 3 samples", numbers(3, 2, 5, 6), numbers(2, 2, 3, 3, seed=1)),
        _case("float64", numbers(2, 3, 5, 3, **double), numbers(1, 3, 2, 2, seed=1, **double)),
        _case("not contiguous", numbers(6, 4, 2, 2).permute(3, 2, 1, 0), numbers(3, 2, 2, 3, seed=1)),
    )


def _mistakes(ndim):
    return tuple(Mistake(name, words, faulty_fft_conv(ndim, frozenset({name}))) for name, words in SENTENCES.items())


FFT_CONV1D = Exercise(
    name="fft_conv1d",
    notebook=NOTEBOOK,
    idea="a product of spectra is a convolution",
    question="Write `F.conv1d` with the FFT: stride 1, no padding, no bias.\n\n"
    "`input` is `(N, C_in, L)`, `weight` is `(C_out, C_in, K)`; the result is `(N, C_out, L - K + 1)`, in "
    "the input's dtype. Small errors of rounding are allowed; torch's convolutions are not.",
    difficulty=2,
    importance=2,
    minutes=15,
    hints=(
        "A product of spectra is a *true* convolution that wraps around. Which two things have to be changed?",
        "Bring the kernel to length L (`n=L`), multiply by the complex conjugate of its spectrum and sum over the "
        "input "
        "channels. The first L - K + 1 elements do not wrap around.",
        '`torch.fft.irfft(torch.einsum("ncf,ocf->nof", torch.fft.rfft(input), torch.fft.rfft(weight, n=L).conj()), n=L)'
        "[:, :, : L - K + 1]`",
    ),
    solution=fft_conv1d,
    alternative=fft_conv1d_by_flipping,
    cases=_cases_1d,
    mistakes=_mistakes(1),
    combined=lambda faults: faulty_fft_conv(1, faults),
    replaces=CONVOLUTION,
    window=conv_window(1),
)

FFT_CONV2D = Exercise(
    name="fft_conv2d",
    notebook=NOTEBOOK,
    idea="a product of spectra in two axes",
    question="Write `F.conv2d` with the FFT: stride 1, no padding, no bias.\n\n"
    "`input` is `(N, C_in, H, W)`, `weight` is `(C_out, C_in, kH, kW)`; the result is `(N, C_out, H_out, "
    "W_out)`, in the input's dtype. Small errors of rounding are allowed; torch's convolutions are not.",
    difficulty=3,
    importance=2,
    minutes=15,
    hints=(
        "It is `fft_conv1d` with two axes: `torch.fft.rfft2` and `torch.fft.irfft2`.",
        "Bring the kernel to (H, W) with `s=(H, W)`, take the complex conjugate of its spectrum, multiply, sum over "
        "the input "
        "channels. Cut both axes.",
        '`torch.einsum("ncyx,ocyx->noyx", torch.fft.rfft2(input), torch.fft.rfft2(weight, s=(H, W)).conj())`, then '
        "`irfft2(..., s=(H, W))` and the first H - kH + 1 rows and W - kW + 1 columns.",
    ),
    solution=fft_conv2d,
    alternative=fft_conv2d_by_flipping,
    cases=_cases_2d,
    mistakes=_mistakes(2),
    combined=lambda faults: faulty_fft_conv(2, faults),
    replaces=CONVOLUTION,
    window=conv_window(2),
)

EXERCISES = (FFT_CONV1D, FFT_CONV2D)
