"""An exercise of 07_dilated: a dilated kernel is a larger kernel with zeros in its holes."""

import torch

from convlab.practice._bank._cases import counting, numbers
from convlab.practice.exercise import Case, Exercise, Mistake


def spread_kernel(weight, dilation):
    C_out, C_in, kH, kW = weight.shape
    spread = weight.new_zeros(C_out, C_in, dilation * (kH - 1) + 1, dilation * (kW - 1) + 1)
    spread[:, :, ::dilation, ::dilation] = weight
    return spread


def spread_kernel_by_kron(weight, dilation):
    tile = weight.new_zeros(1, 1, dilation, dilation)
    tile[..., 0, 0] = 1
    tiles = torch.kron(weight.contiguous(), tile)  # each tap becomes a tile: itself, then zeros
    return tiles[:, :, : tiles.shape[2] - dilation + 1, : tiles.shape[3] - dilation + 1]


def _placed(size=lambda k, d: d * (k - 1) + 1, first=lambda d: 0, step=lambda d: d, fill=0.0, dtype=None):
    def answer(weight, dilation):
        C_out, C_in, kH, kW = weight.shape
        spread = weight.new_full((C_out, C_in, size(kH, dilation), size(kW, dilation)), fill, dtype=dtype)
        rows, columns = (first(dilation) + step(dilation) * torch.arange(k) for k in (kH, kW))
        spread[:, :, rows[:, None], columns] = weight.to(spread.dtype)
        return spread

    return answer


_SPREAD_MISTAKES = (
    Mistake(
        "there are zeros after the last tap, too",
        "The spread kernel ends with its last tap: dilation * (k - 1) + 1 rows.",
        _placed(size=lambda k, d: d * k),
    ),
    Mistake(
        "the taps start after the zeros",
        "The first tap stays at [0, 0], and the last one is the last element.",
        _placed(size=lambda k, d: d * k, first=lambda d: d - 1),
    ),
    Mistake(
        "dilation zeros lie between the taps",
        "dilation is the distance of neighbouring taps, so dilation - 1 zeros lie between them.",
        _placed(size=lambda k, d: (d + 1) * (k - 1) + 1, step=lambda d: d + 1),
    ),
    Mistake(
        "the taps stay side by side", "Tap (i, j) moves to (i * dilation, j * dilation).", _placed(step=lambda d: 1)
    ),
    Mistake("the holes hold ones", "The holes hold zeros: what lies under them does not count.", _placed(fill=1.0)),
    Mistake(
        "the taps are repeated",
        "The holes hold zeros: a tap is not repeated to fill them.",
        lambda weight, dilation: weight.repeat_interleave(dilation, 2).repeat_interleave(dilation, 3),
    ),
    Mistake(
        "the kernel is repeated",
        "Each tap stays once; zeros come between the taps.",
        lambda weight, dilation: weight.repeat(1, 1, dilation, dilation),
    ),
    Mistake(
        "the kernel gets a border of zeros",
        "The zeros come between the taps, not around them.",
        lambda weight, dilation: torch.nn.functional.pad(weight, [dilation - 1] * 4),
    ),
    Mistake(
        "the kernel is not spread",
        "Tap (i, j) moves to (i * dilation, j * dilation).",
        lambda weight, dilation: weight.clone(),
    ),
    Mistake(
        "every so many taps are kept",
        "All taps are kept; weight[..., ::dilation] leaves some out.",
        lambda weight, dilation: weight[:, :, ::dilation, ::dilation],
    ),
    Mistake(
        "only the rows are spread",
        "The holes come between rows and between columns.",
        lambda weight, dilation: _one_axis(weight, dilation, 2),
    ),
    Mistake(
        "only the columns are spread",
        "The holes come between rows and between columns.",
        lambda weight, dilation: _one_axis(weight, dilation, 3),
    ),
    Mistake(
        "the kernel is flipped",
        "The taps keep their order.",
        lambda weight, dilation: spread_kernel(weight.flip(2, 3), dilation),
    ),
    Mistake(
        "the kernel is transposed",
        "Rows stay rows.",
        lambda weight, dilation: spread_kernel(weight.transpose(2, 3), dilation),
    ),
    Mistake(
        "only the first filter is spread",
        "Every filter and every channel is spread.",
        lambda weight, dilation: spread_kernel(weight[:1], dilation),
    ),
    Mistake(
        "only the first input channel is spread",
        "Every filter and every channel is spread.",
        lambda weight, dilation: spread_kernel(weight[:, :1], dilation),
    ),
    Mistake(
        "the result is always float32",
        "The result has the weight's dtype. torch.zeros makes float32 unless it is told dtype=weight.dtype.",
        _placed(dtype=torch.float32),
    ),
)


def _one_axis(weight, dilation, axis):
    size = list(weight.shape)
    size[axis] = dilation * (size[axis] - 1) + 1
    spread = weight.new_zeros(size)
    spread[(slice(None),) * axis + (slice(None, None, dilation),)] = weight
    return spread


def _spread_case(id, weight, dilation):
    found = {
        "the dilation is not 1": dilation != 1,
        "the dilation is larger than 2": dilation > 2,
        "there are several output channels": len(weight) > 1,
        "there are several input channels": weight.shape[1] > 1,
        "the sides of the kernel differ": weight.shape[2] != weight.shape[3],
        "the kernel has one element": weight.shape[2] == weight.shape[3] == 1,
        "the dtype is float64": weight.dtype == torch.float64,
    }
    return Case(id, (weight, dilation), traits=frozenset(trait for trait, is_so in found.items() if is_so))


def _spread_cases():
    return (
        _spread_case("dilation 2", counting(1, 1, 2, 2), 2),
        _spread_case("dilation 1", counting(1, 1, 2, 2), 1),
        _spread_case("dilation 3", counting(1, 1, 3, 3), 3),
        _spread_case("a kernel of 2 rows and 3 columns", counting(1, 1, 2, 3), 2),
        _spread_case("2 filters", counting(2, 1, 2, 2), 2),
        _spread_case("2 channels", counting(1, 2, 2, 2), 2),
        _spread_case("a kernel of 1", counting(1, 1, 1, 1), 2),
        _spread_case("float64", numbers(1, 1, 2, 2, dtype=torch.float64), 2),
        _spread_case("not contiguous", numbers(3, 2, 2, 2).permute(3, 2, 1, 0), 2),
        _spread_case("everything", numbers(3, 2, 3, 4), 4),
    )


EXERCISES = (
    Exercise(
        name="spread_kernel",
        notebook="07_dilated",
        idea="holes in the kernel",
        question="""A dilated kernel is a larger kernel with zeros in the holes. Write `spread_kernel(weight,
dilation)`, which makes it.

`weight` has the shape `(C_out, C_in, kH, kW)`, and `dilation` is an int; the result has the shape `(C_out, C_in,
dilation * (kH - 1) + 1, dilation * (kW - 1) + 1)` and the weight's dtype. Tap `(i, j)` moves to `(i * dilation, j *
dilation)`; all else is zero. `F.conv2d` with this kernel is `F.conv2d` with `dilation`.""",
        difficulty=1,
        importance=2,
        minutes=6,
        hints=(
            "Make a tensor of zeros of the right size first. Where do the taps go?",
            "A slice with a step, `[..., ::dilation, ::dilation]`, reaches all places of the taps at once.",
            "`spread = weight.new_zeros(...)`, then `spread[:, :, ::dilation, ::dilation] = weight`.",
        ),
        solution=spread_kernel,
        alternative=spread_kernel_by_kron,
        cases=_spread_cases,
        mistakes=_SPREAD_MISTAKES,
    ),
)
