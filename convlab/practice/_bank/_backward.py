"""Gradients of a convolution with mistakes as switches, and the calls whose gradients are asked for."""

import torch
import torch.nn.functional as F

from convlab.practice._bank._numbers import channel_traits, numbers, picture_traits
from convlab.practice._bank._stamps import faulty_conv_transpose2d

BACKWARD = ("convolution_backward", "convolution_backward_overrideable", "_slow_conv2d_backward", "conv_tbc_backward")
"""What the answers must not call: the gradients of a convolution, by autograd or torch.nn.grad."""

WEIGHT_SENTENCES = {
    "the mean over the batch": "The samples are averaged. All of them use the weight, and their gradients add.",
    "only the first sample": "Only sample 0 is looked at. All samples use the weight, and their gradients add.",
    "the mean over the positions": "The positions are averaged. The weight is used at each of them, and their "
    "gradients add.",
    "the result is flipped": "The gradient is turned by 180 degrees. Tap (k, m) meets input (i * stride + k, j * "
    "stride + m), "
    "so k and m count upwards.",
    "grad_output is flipped": "grad_output moves over the input turned by 180 degrees. It moves as it is.",
    "the kernel is transposed": "The rows and columns of the kernel have changed places: the result is (C_out, C_in, "
    "kH, kW).",
    "the channel axes are swapped": "Your result is (C_in, C_out, kH, kW). The gradient has the shape of the weight: "
    "(C_out, C_in, kH, kW).",
    "the stride is ignored": "The elements of grad_output were laid side by side on the input. Output (i, j) read the "
    "input "
    "from (i * stride, j * stride) on: here the stride is a distance between the elements of grad_output, a dilation.",
    "the rest is not cut": "Your result is larger than the kernel. Where the stride leaves a rest, the last input "
    "elements are not read by any window: take only kH x kW elements.",
    "the rest is cut at the start": "The first rows or columns were cut. Where the stride leaves a rest, the last ones "
    "are too "
    "many.",
    "padding is ignored": "The windows also read the border of zeros. Pad the input first, as the convolution does.",
    "padding only before": "The border of zeros stands on both sides of each axis.",
    "the output channels are summed": "Every output channel gets the gradients of all. weight[o] only makes output "
    "channel o.",
    "the input channels are summed": "Every input channel gets the gradients of all. weight[:, c] only meets input "
    "channel c.",
    "grad_output is ignored": "These are sums of the input. Each element is multiplied by the gradient of the output "
    "that it "
    "reaches.",
}


def faulty_conv_grad_weight(faults=frozenset()):
    """`conv_grad_weight` with these mistakes, keys of `WEIGHT_SENTENCES`; without any it is right."""
    unknown = faults - set(WEIGHT_SENTENCES)
    if unknown:
        raise ValueError(f"no such mistakes: {sorted(unknown)}")
    has = faults.__contains__

    def conv_grad_weight(input, grad_output, kernel_size, stride=1, padding=0):
        x, g, (kh, kw) = input, grad_output, kernel_size
        scale = 1.0
        if has("the mean over the batch"):
            scale /= len(x)
        if has("the mean over the positions"):
            scale /= g[0, 0].numel()
        if has("only the first sample"):
            x, g = x[:1], g[:1]
        if has("grad_output is flipped"):
            g = g.flip(2, 3)
        if has("grad_output is ignored"):
            g = torch.ones_like(g)
        before = 0 if has("padding is ignored") else padding
        after = 0 if has("padding only before") else before
        x = F.pad(x, (before, after, before, after))
        gap = 1 if has("the stride is ignored") else stride
        windows = x.unfold(2, gap * (g.shape[2] - 1) + 1, 1).unfold(3, gap * (g.shape[3] - 1) + 1, 1)
        found = torch.einsum("nohw,ncklhw->ockl", g, windows[..., ::gap, ::gap]) * scale
        if has("the rest is cut at the start"):
            found = found[:, :, -kh:, -kw:]
        elif not has("the rest is not cut"):
            found = found[:, :, :kh, :kw]
        if has("the output channels are summed"):
            found = found.sum(0, keepdim=True).expand_as(found)
        if has("the input channels are summed"):
            found = found.sum(1, keepdim=True).expand_as(found)
        if has("the result is flipped"):
            found = found.flip(2, 3)
        if has("the kernel is transposed"):
            found = found.transpose(2, 3)
        return found.transpose(0, 1) if has("the channel axes are swapped") else found

    return conv_grad_weight


INPUT_SENTENCES = {
    "the kernel is flipped": "Every stamp is the kernel turned by 180 degrees. Each output element hands its gradient "
    "back "
    "through the kernel as it is; it is flipped only if you gather with an ordinary convolution.",
    "the kernel is transposed": "The rows and columns of the kernel have changed places. A stamp is weight[o, c] as "
    "it is, kH rows and kW columns.",
    "the border is padding wide": "An ordinary convolution moves over grad_output inside a border of padding. It needs "
    "a border "
    "of kernel_size - 1 - padding.",
    "the stride is ignored": "The stamps lie side by side at distance 1. Output (i, j) read the input from (i * "
    "stride, "
    "j * stride) on, so its gradient goes back there.",
    "one zero too many between": "The stamps lie stride + 1 apart. Output (i, j) read the input from (i * stride, j * "
    "stride) on.",
    "elements repeated instead of zeros": "Each element of grad_output is stamped several times. Stamp it once.",
    "stamps overwrite": "A later stamp replaces an earlier one. An input element that several windows read gets the "
    "sum of "
    "their gradients: use += instead of =.",
    "stamps overwrite, of all channels the last remains": "Each stamp replaces what was there, even that of another "
    "output "
    "channel. They add: use += instead of =.",
    "overlaps are averaged": "The sum is divided by the number of windows that read an element. Only add the "
    "gradients.",
    "padding is ignored": "Your result has kept the border. The gradients of the padding's zeros are left out: take "
    "away padding elements on each side.",
    "padding crops only the start": "Only the first rows and columns are taken away. The border stands on both sides.",
    "padding crops only the end": "Only the last rows and columns are taken away. The border stands on both sides.",
    "nothing is left where padding is 0": "gradient[:, :, padding:-padding] is empty where padding is 0, since -0 is "
    "0. Count the end from the size: padding : padding + height.",
    "output_padding is ignored": "Your result is smaller than the input. Where the stride leaves a rest, the last "
    "input elements are read by no window, and their gradient is 0: the result has input_size.",
    "output_padding at the start": "The rows and columns that no window reads are the last ones; here they are put "
    "first.",
    "output_padding adds new elements after cropping": "First padding cropped the end, then zeros were added up to "
    "input_size. Input elements of the rest that lie where padding was cropped are read by windows: crop fewer, so "
    "that the stamps there are kept.",
    "the channel axes of the weight are swapped": "The weight is (C_out, C_in, kH, kW): gradients go from axis 0 to "
    "axis 1.",
    "the weight is indexed as weight[o, c]": "The kernel from output channel o back to input channel c is weight[o, "
    "c]; here the "
    "two indices are exchanged.",
    "the weight is reshaped instead of transposed": "reshape keeps the order of the numbers, and so mixes the kernels. "
    "To "
    "exchange two axes, use transpose(0, 1).",
    "only the first input channel": "Only output channel 0 hands back its gradient. Those of all output channels add.",
    "the mean over the input channels": "The output channels are averaged. Add their gradients.",
    "all output channels alike": "Every input channel uses the kernels weight[:, 0]. Input channel c uses weight[:, "
    "c].",
    "only the first sample": "Every sample gets the gradient of the first. Each sample has its own.",
    "the samples of the batch are added": "The gradients of all samples are added together. Each sample has its own.",
}
"""The mistakes of the transposed convolution, as the gradient of the input makes them."""

INPUT_NAMES = {
    "output_padding is ignored": "the rest is missing",
    "output_padding at the start": "the rest at the start",
    "output_padding adds new elements after cropping": "the rest is filled with zeros after cropping",
    "the weight is indexed as weight[o, c]": "the weight is indexed as weight[c, o]",
    "only the first input channel": "only the first output channel",
    "the mean over the input channels": "the mean over the output channels",
    "all output channels alike": "all input channels alike",
}
"""Those that have another name here: what is the input there is the gradient of the output."""


def faulty_conv_grad_input(faults=frozenset()):
    """`conv_grad_input` with these mistakes, by their names here; without any it is right."""
    there = {here: name for name, here in INPUT_NAMES.items()}
    scatter = faulty_conv_transpose2d(frozenset(there.get(fault, fault) for fault in faults))

    def conv_grad_input(grad_output, weight, input_size, stride=1, padding=0):
        rest = [(size + 2 * padding - taps) % stride for size, taps in zip(input_size, weight.shape[2:], strict=True)]
        return scatter(grad_output, weight, None, stride, padding, rest)

    return conv_grad_input


def gradient_traits(input, out_channels, kernel_size, stride=1, padding=0):
    rest = any((size + 2 * padding - taps) % stride for size, taps in zip(input.shape[2:], kernel_size, strict=True))
    return (
        picture_traits(input, stride=stride, padding=padding)
        | channel_traits(input.shape[1], out_channels)
        | (frozenset({"the stride leaves a rest"}) if rest else frozenset())
        | (frozenset({"the kernel is not square"}) if kernel_size[0] != kernel_size[1] else frozenset())
    )


def calls():
    """(id, input, C_out, kernel_size, options) of the convolutions whose gradients are asked for."""
    return (
        ("one output element", numbers(1, 1, 2, 2), 1, (2, 2), {}),
        ("a kernel of 2 x 3", numbers(1, 1, 3, 4), 1, (2, 3), {}),
        ("2 channels to 3", numbers(1, 2, 3, 3), 3, (2, 2), {}),
        ("3 samples", numbers(3, 2, 3, 4), 1, (2, 3), {}),
        ("stride 2", numbers(1, 1, 5, 7), 1, (3, 3), {"stride": 2}),
        ("padding 1", numbers(1, 1, 3, 4), 2, (3, 2), {"padding": 1}),
        ("stride 2 leaves a rest", numbers(1, 1, 4, 6), 1, (3, 3), {"stride": 2}),
        ("stride 3, padding 1, 2 samples", numbers(2, 3, 7, 8), 2, (2, 3), {"stride": 3, "padding": 1}),
        ("stride 3, padding 2, a rest of 2 rows", numbers(1, 2, 6, 5), 2, (2, 3), {"stride": 3, "padding": 2}),
        ("a kernel of 1 x 2, padding 2", numbers(1, 1, 6, 3), 1, (1, 2), {"padding": 2}),
        ("a rest of 1 column", numbers(1, 1, 5, 6), 1, (3, 3), {"stride": 2}),
        ("float64", numbers(2, 2, 4, 5, dtype=torch.float64), 3, (3, 2), {"stride": 2, "padding": 1}),
        ("not contiguous", numbers(4, 3, 2, 2).permute(3, 2, 1, 0), 2, (2, 2), {}),
    )


def grad_output_of(input, out_channels, kernel_size, stride=1, padding=0):
    out = ((size + 2 * padding - taps) // stride + 1 for size, taps in zip(input.shape[2:], kernel_size, strict=True))
    return numbers(len(input), out_channels, *out, seed=7, dtype=input.dtype)
