"""Exercises on what surrounds a transposed convolution: insert_zeros and overlap_counts."""

import torch
import torch.nn.functional as F

from convlab.practice._bank._numbers import numbers, picture_traits
from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "08_transposed"


def insert_zeros(input, stride):
    batch, channels, height, width = input.shape
    output = input.new_zeros(batch, channels, (height - 1) * stride + 1, (width - 1) * stride + 1)
    output[:, :, ::stride, ::stride] = input
    return output


def insert_zeros_by_matrices(input, stride):
    def places(size):  # row i is 1 at column i * stride
        return torch.eye((size - 1) * stride + 1, dtype=input.dtype, device=input.device)[::stride]

    height, width = input.shape[2:]
    return places(height).T @ input @ places(width)


def _wider(input, before, between, after, value=0):
    height, width = ((size - 1) * (between + 1) + 1 for size in input.shape[2:])
    output = input.new_full((*input.shape[:2], height + before + after, width + before + after), value)
    output[:, :, before : before + height : between + 1, before : before + width : between + 1] = input
    return output


def _insert_zeros_cases():
    def case(id, input, stride):
        return Case(id, (input, stride), traits=picture_traits(input, stride=stride))

    return (
        case("one element, stride 2", numbers(1, 1, 1, 1), 2),
        case("stride 1 changes nothing", numbers(1, 1, 2, 3), 1),
        case("2 x 2, stride 2", numbers(1, 1, 2, 2), 2),
        case("2 x 3, stride 3", numbers(1, 1, 2, 3), 3),
        case("3 samples, 2 channels, stride 2", numbers(3, 2, 2, 3), 2),
        case("float64", numbers(2, 1, 3, 2, dtype=torch.float64), 2),
        case("not contiguous, stride 3", numbers(3, 2, 2, 2).permute(3, 2, 1, 0), 3),
    )


INSERT_ZEROS = Exercise(
    name="insert_zeros",
    notebook=NOTEBOOK,
    idea="zeros between the input elements",
    question="Put `stride - 1` zeros between neighbouring elements, along both spatial axes.\n\n"
    "`input` is `(N, C, H, W)`, `stride` an int; the result is `(N, C, (H - 1) * stride + 1, (W - 1) * "
    "stride + 1)` of the same dtype. Zeros stand only *between* two elements.",
    difficulty=1,
    importance=2,
    minutes=8,
    hints=(
        "Make a tensor of zeros of the final size. Where does element (i, j) go?",
        "Element (i, j) goes to (i * stride, j * stride). A slice with a step reaches all these places at once.",
        "`output = input.new_zeros(N, C, (H - 1) * stride + 1, ...)`, then `output[:, :, ::stride, ::stride] = ...`",
    ),
    solution=insert_zeros,
    alternative=insert_zeros_by_matrices,
    cases=_insert_zeros_cases,
    mistakes=(
        Mistake(
            "zeros after the last element too",
            "Zeros follow the last element of each axis. They stand only between two elements: (n - 1) * stride + 1.",
            lambda x, s: F.pad(_wider(x, 0, s - 1, 0), (0, s - 1, 0, s - 1)),
        ),
        Mistake(
            "zeros before the first element",
            "Zeros stand before the first element of each axis. They stand only between two elements.",
            lambda x, s: _wider(x, s - 1, s - 1, 0),
        ),
        Mistake(
            "zeros around the picture too",
            "There is a border of zeros on all sides. Zeros stand only between two elements.",
            lambda x, s: _wider(x, s - 1, s - 1, s - 1),
        ),
        Mistake(
            "one zero too many between",
            "There are stride zeros between two elements. With stride - 1 zeros neighbours are stride apart.",
            lambda x, s: _wider(x, 0, s, 0),
        ),
        Mistake(
            "one zero too few between",
            "Between two elements stand stride - 2 zeros. With stride - 1 zeros neighbours are stride apart.",
            lambda x, s: _wider(x, 0, max(s - 2, 0), 0),
        ),
        Mistake(
            "elements repeated instead of zeros",
            "Each element is repeated. Its neighbours must be zeros.",
            lambda x, s: x.repeat_interleave(s, 2).repeat_interleave(s, 3)[
                ..., : (x.shape[2] - 1) * s + 1, : (x.shape[3] - 1) * s + 1
            ],
        ),
        Mistake(
            "elements repeated, after the last one too",
            "Each element is repeated stride times. Its neighbours must be zeros, and none follow the last element.",
            lambda x, s: x.repeat_interleave(s, 2).repeat_interleave(s, 3),
        ),
        Mistake(
            "nothing is left where the stride is 1",
            "[: 1 - stride] is empty where stride is 1, since 1 - 1 is 0. Count the end from the size: "
            ": (H - 1) * stride + 1.",
            lambda x, s: insert_zeros(x, s) if s > 1 else x[:, :, :0, :0],
        ),
        Mistake(
            "ones instead of zeros",
            "The gaps hold ones. They must hold zeros, which add nothing to a sum of products.",
            lambda x, s: _wider(x, 0, s - 1, 0, value=1),
        ),
        Mistake(
            "only along the rows",
            "The columns got no zeros. Put them along both spatial axes.",
            lambda x, s: insert_zeros(x, s)[..., ::s],
        ),
        Mistake(
            "only along the columns",
            "The rows got no zeros. Put them along both spatial axes.",
            lambda x, s: insert_zeros(x, s)[..., ::s, :],
        ),
        Mistake(
            "takes elements away",
            "Your result is smaller: input[:, :, ::stride, ::stride] reads every stride-th element. Write to such a "
            "slice of a larger tensor of zeros.",
            lambda x, s: x[..., ::s, ::s],
        ),
        Mistake(
            "height and width swapped",
            "Your result has the width before the height. It must be (N, C, height, width).",
            lambda x, s: insert_zeros(x, s).transpose(2, 3),
        ),
    ),
)


def overlap_counts(input_size, kernel_size, stride):
    counts = torch.zeros((input_size - 1) * stride + kernel_size, dtype=torch.int64)
    for i in range(input_size):
        counts[i * stride : i * stride + kernel_size] += 1
    return counts


def overlap_counts_by_places(input_size, kernel_size, stride):
    starts = torch.arange(input_size) * stride
    places = starts[:, None] + torch.arange(kernel_size)  # where each stamp lands
    return torch.bincount(places.flatten())


def _counts(rule):
    """A wrong answer that gets each count from (place, n, k, s)."""
    return lambda n, k, s: torch.tensor([rule(place, n, k, s) for place in range((n - 1) * s + k)])


def _overlap_cases():
    rows = (
        ("one input element", 1, 3, 2),
        ("kernel 1", 3, 1, 1),
        ("kernel 2, stride 1", 3, 2, 1),
        ("kernel 3, stride 2", 3, 3, 2),
        ("stride larger than the kernel", 3, 2, 3),
        ("stride divides the kernel", 4, 4, 2),
        ("kernel 5, stride 3", 4, 5, 3),
        ("kernel 7, stride 2", 5, 7, 2),
        ("2 input elements, kernel 7, stride 2", 2, 7, 2),
    )
    return tuple(
        Case(id, (n, k, s), traits=frozenset({"the stride is not 1"} if s != 1 else ()) | _sizes(k, s))
        for id, n, k, s in rows
    )


def _sizes(kernel_size, stride):
    found = {
        "the kernel has an even size": kernel_size % 2 == 0,
        "the stride is larger than the kernel": stride > kernel_size,
        "the stride does not divide the kernel size": kernel_size % stride != 0,
    }
    return frozenset(trait for trait, holds in found.items() if holds)


OVERLAP_COUNTS = Exercise(
    name="overlap_counts",
    notebook=NOTEBOOK,
    idea="the checkerboard",
    question="Along one axis, how many stamps of a transposed convolution land on each output element?\n\n"
    "`input_size` elements stamp a kernel of `kernel_size` elements, `stride` apart, all ints; there is "
    "no padding. The result is a 1D tensor of `torch.int64` with one count for each output element: "
    "`overlap_counts(3, 3, 2)` is `tensor([1, 1, 2, 1, 2, 1, 1])`. The uneven counts are the "
    "checkerboard.",
    difficulty=1,
    importance=2,
    minutes=8,
    hints=(
        "Start with zeros, one for each output element. Then stamp.",
        "Input element i adds 1 to the kernel_size places from i * stride on.",
        "`counts = torch.zeros((input_size - 1) * stride + kernel_size, dtype=torch.int64)`, then in a loop "
        "`counts[i * stride : ...] += 1`",
    ),
    solution=overlap_counts,
    alternative=overlap_counts_by_places,
    cases=_overlap_cases,
    mistakes=(
        Mistake(
            "the stride is ignored",
            "The stamps lie side by side at distance 1. They start stride apart.",
            lambda n, k, s: overlap_counts(n, k, 1),
        ),
        Mistake(
            "stamps overwrite",
            "The counts are at most 1: a stamp replaces the one before. Where stamps overlap, add 1 for each.",
            _counts(lambda place, n, k, s: int(any(0 <= place - i * s < k for i in range(n)))),
        ),
        Mistake(
            "the same count everywhere, rounded up",
            "Every count is ceil(kernel_size / stride). Counts alternate where the stride does not divide the kernel "
            "size, and are smaller at both ends.",
            _counts(lambda place, n, k, s: -(-k // s)),
        ),
        Mistake(
            "the same count everywhere, rounded down",
            "Every count is kernel_size // stride. Counts alternate where the stride does not divide the kernel size, "
            "and are smaller at both ends.",
            _counts(lambda place, n, k, s: k // s),
        ),
        Mistake(
            "the same count everywhere, at least 1",
            "Every count is kernel_size // stride, or 1 where that is 0. Counts alternate where the stride does not "
            "divide the kernel size, are smaller at both ends, and are 0 between stamps that do not touch.",
            _counts(lambda place, n, k, s: max(1, k // s)),
        ),
        Mistake(
            "the ends are counted like the middle",
            "The counts at both ends are too large: stamps of input elements that do not exist are counted. Input "
            "element i runs from 0 to input_size - 1.",
            _counts(lambda place, n, k, s: sum(0 <= place - i * s < k for i in range(-k, n + k))),
        ),
        Mistake(
            "the last stamp is missing",
            "The stamp of the last input element is not counted. Count i from 0 to input_size - 1.",
            _counts(lambda place, n, k, s: sum(0 <= place - i * s < k for i in range(n - 1))),
        ),
        Mistake(
            "a stamp one element too short",
            "Your stamps cover only kernel_size - 1 places: the end of a slice is not part of it.",
            _counts(lambda place, n, k, s: sum(0 <= place - i * s < k - 1 for i in range(n))),
        ),
        Mistake(
            "only the first element of each stamp",
            "Each stamp counts at one place only. It covers kernel_size places.",
            _counts(lambda place, n, k, s: int(place % s == 0 and place // s < n)),
        ),
        Mistake(
            "one element too few",
            "The last output element is missing. The output has (input_size - 1) * stride + kernel_size elements.",
            lambda n, k, s: overlap_counts(n, k, s)[:-1],
        ),
        Mistake(
            "the size is input_size * stride",
            "The output has (input_size - 1) * stride + kernel_size elements, not input_size * stride.",
            lambda n, k, s: F.pad(overlap_counts(n, k, s), (0, s - k)),
        ),
        Mistake(
            "counts of an ordinary convolution",
            "These are the windows in which each input element stands. Here the input elements write: count the stamps "
            "that land on each output element.",
            lambda n, k, s: torch.tensor([sum(0 <= j - i < k for i in range(0, n - k + 1, s)) for j in range(n)]),
        ),
    ),
)

EXERCISES = (INSERT_ZEROS, OVERLAP_COUNTS)
