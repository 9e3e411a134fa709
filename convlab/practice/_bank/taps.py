"""The exercise on deformable convolution: deform_conv_at."""

import torch

from convlab.ops import deform, deform_reference
from convlab.practice._bank._numbers import numbers
from convlab.practice._bank._taps import SENTENCES, faulty_deform_conv_at
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "09_deformable"


def deform_conv_at(image, weight, offset, y, x):
    import math

    def sample(row, column):  # of all channels, with zeros outside
        values = image.new_zeros(len(image))
        for i in (math.floor(row), math.floor(row) + 1):
            for j in (math.floor(column), math.floor(column) + 1):
                if 0 <= i < image.shape[1] and 0 <= j < image.shape[2]:
                    values = values + image[:, i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
        return values

    kh, kw = weight.shape[2:]
    total = weight.new_zeros(len(weight))
    for k in range(kh):
        for m in range(kw):
            dy, dx = offset[2 * (k * kw + m) : 2 * (k * kw + m) + 2, y, x]
            total = total + weight[:, :, k, m] @ sample(y + k + dy, x + m + dx)
    return total


def deform_conv_at_by_interpolation(image, weight, offset, y, x):
    def hats(size, places):  # for each place, the weight of each of the elements
        steps = torch.arange(size, dtype=image.dtype, device=image.device)
        return (1 - (steps - places[..., None]).abs()).clamp(min=0)

    kh, kw = weight.shape[2:]
    dy, dx = offset[:, y, x].reshape(kh, kw, 2).unbind(-1)
    rows = hats(image.shape[1], dy + y + torch.arange(kh, device=dy.device)[:, None])  # (kH, kW, H)
    columns = hats(image.shape[2], dx + x + torch.arange(kw, device=dx.device))  # (kH, kW, W)
    return torch.einsum("ockl,cij,kli,klj->o", weight, image, rows, columns)


def _deform_cases():
    def case(id, image, weight, offset, y, x):
        found = {
            "the kernel is not square": weight.shape[2] != weight.shape[3],
            "the offsets are not whole numbers": bool((offset % 1).any()),
            "the offsets are not zero": bool(offset.any()),
            "there are several input channels": len(image) > 1,
            "there are several output channels": len(weight) > 1,
            "the output position is not the first one": (y, x) != (0, 0),
            "the dtype is float64": image.dtype == torch.float64,
            "the image is not contiguous": not image.is_contiguous(),
        }
        traits = frozenset(trait for trait, holds in found.items() if holds)
        return Case(id, (image, weight, offset, y, x), traits=traits)

    double = {"dtype": torch.float64}
    return (
        case("one tap, no offset", numbers(1, 2, 3), numbers(1, 1, 1, 1, seed=1), torch.zeros(2, 2, 3), 1, 2),
        case("2 x 3, no offsets", numbers(1, 3, 4), numbers(1, 1, 2, 3, seed=1), torch.zeros(12, 2, 2), 0, 0),
        case(
            "a whole offset",
            numbers(1, 3, 3),
            numbers(1, 1, 1, 1, seed=1),
            torch.tensor([1.0, 0.0]).reshape(2, 1, 1).expand(2, 3, 3).contiguous(),
            1,
            1,
        ),
        case(
            "half and wholly above",
            numbers(1, 3, 4),
            numbers(1, 1, 1, 3, seed=1),
            torch.tensor([-0.25, 0.5, -2.75, 0.25, -1.25, 0.5]).reshape(6, 1, 1).expand(6, 3, 2).contiguous(),
            0,
            0,
        ),
        case(
            "half and wholly at the left",
            numbers(1, 4, 3),
            numbers(1, 1, 3, 1, seed=1),
            torch.tensor([0.5, -0.25, 0.25, -2.75, 0.5, -1.25]).reshape(6, 1, 1).expand(6, 2, 3).contiguous(),
            0,
            0,
        ),
        case(
            "half and wholly below",
            numbers(1, 3, 5),
            numbers(1, 1, 1, 3, seed=1),
            torch.tensor([0.25, -0.5, 1.25, -0.25, 6.5, -0.5]).reshape(6, 1, 1).expand(6, 3, 3).contiguous(),
            2,
            1,
        ),
        case(
            "half and wholly at the right",
            numbers(1, 5, 3),
            numbers(1, 1, 3, 1, seed=1),
            torch.tensor([-0.5, 0.25, -0.25, 1.25, -0.5, 6.5]).reshape(6, 1, 1).expand(6, 3, 3).contiguous(),
            1,
            2,
        ),
        case("2 channels to 3", numbers(2, 4, 4), numbers(3, 2, 2, 2, seed=1), numbers(8, 3, 3, seed=2) * 0.4, 1, 2),
        case("3 channels to 2", numbers(3, 4, 5), numbers(2, 3, 3, 2, seed=1), numbers(12, 2, 4, seed=2) * 0.4, 1, 0),
        case("2 channels to 2", numbers(2, 4, 4), numbers(2, 2, 2, 2, seed=3), numbers(8, 3, 3, seed=4) * 0.4, 2, 1),
        case(
            "float64",
            numbers(1, 5, 4, **double),
            numbers(1, 1, 3, 3, seed=1, **double),
            numbers(18, 3, 2, seed=2, **double) * 0.4,
            1,
            1,
        ),
        case(
            "not contiguous",
            numbers(5, 4, 2).permute(2, 1, 0),
            numbers(1, 2, 2, 2, seed=1),
            numbers(8, 3, 4, seed=2) * 0.4,
            2,
            2,
        ),
    )


DEFORM_CONV_AT = Exercise(
    name="deform_conv_at",
    notebook=NOTEBOOK,
    idea="every tap reads where its offset says",
    question="Compute a deformable convolution at one output position, for all output channels. Stride 1, no "
    "padding, no bias.\n\n"
    "`image` is `(C_in, H, W)`, `weight` is `(C_out, C_in, kH, kW)`, `offset` is `(2 * kH * kW, H_out, "
    "W_out)` with (dy, dx) for each tap, taps counted row by row; `y` and `x` are ints. The result is "
    "`(C_out,)` and of the image's dtype. Tap (k, m) reads the image at `(y + k + dy, x + m + dx)` by "
    "bilinear interpolation, with zeros outside. `torchvision.ops.deform_conv2d` and "
    "`convlab.deform_conv` are not allowed.",
    difficulty=3,
    importance=3,
    minutes=25,
    hints=(
        "With offsets of zero this is one element of an ordinary convolution. Write that first.",
        "Tap t = k * kW + m reads at (y + k + offset[2 * t, y, x], x + m + offset[2 * t + 1, y, x]). Read there from "
        "every "
        "input channel, as bilinear_sample does, and multiply by weight[:, :, k, m].",
        "For each tap: `values = torch.stack([bilinear_sample(channel, row, column) for channel in image])`, then "
        "`total = total + weight[:, :, k, m] @ values`.",
    ),
    solution=deform_conv_at,
    alternative=deform_conv_at_by_interpolation,
    cases=_deform_cases,
    mistakes=tuple(
        Mistake(name, sentence, faulty_deform_conv_at(frozenset({name}))) for name, sentence in SENTENCES.items()
    ),
    combined=faulty_deform_conv_at,
    replaces=("deform_conv2d", deform.deform_conv, deform_reference.deform_conv),
)

EXERCISES = (DEFORM_CONV_AT,)
