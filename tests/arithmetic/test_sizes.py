import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from convlab.arithmetic import (
    PADDING_MODES,
    ConvSpec,
    conv_output_size,
    conv_transpose_output_size,
    effective_kernel_size,
    output_size,
    padding_amounts,
    same_padding,
)

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")

CONV: dict[int, Callable[..., torch.Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
CONV_TRANSPOSE: dict[int, Callable[..., torch.Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def torch_size(
    functional: dict[int, Callable[..., torch.Tensor]],
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    device: str,
    **options: Any,
) -> tuple[int, ...] | None:
    """The spatial size of torch's output; None where torch refuses."""
    x, weight = torch.zeros(1, 1, *sizes, device=device), torch.zeros(1, 1, *kernel, device=device)
    try:
        return tuple(functional[len(sizes)](x, weight, **options).shape[2:])
    except RuntimeError:
        return None


def our_size(function: Callable[..., Any], *sizes: Any, **options: Any) -> Any:
    """What `function` answers; None where it raises ValueError."""
    try:
        return function(*sizes, **options)
    except ValueError:
        return None


def compare(
    function: Callable[..., Any],
    functional: dict[int, Callable[..., torch.Tensor]],
    device: str,
    cases: Iterable[tuple[int, int, dict[str, Any]]],
) -> tuple[list[str], int, int]:
    """The cases on one axis in which torch and convlab differ, and how many torch takes and refuses."""
    differences, taken, refused = [], 0, 0
    for n, k, options in cases:
        theirs = torch_size(functional, (n,), (k,), device, **options)
        ours = our_size(function, n, k, **options)
        taken, refused = taken + (theirs is not None), refused + (theirs is None)
        if (None if ours is None else (ours,)) != theirs:
            differences.append(f"{n}, {k}, {options}: convlab {ours}, torch {theirs}")
    return differences, taken, refused


# Meta tensors are fast but make fewer checks: the wide grids hold no value that is illegal by itself.


def test_conv_output_size_is_that_of_torch_on_a_wide_grid() -> None:
    grid = itertools.product(range(1, 10), range(1, 6), range(1, 5), (0, 1, 2, 3, "same", "valid"), range(1, 4))
    cases = ((n, k, {"stride": s, "padding": p, "dilation": d}) for n, k, s, p, d in grid)
    differences, taken, refused = compare(conv_output_size, CONV, "meta", cases)
    assert differences == []
    assert min(taken, refused) > 100


def test_conv_transpose_output_size_is_that_of_torch_on_a_wide_grid() -> None:
    grid = itertools.product(range(1, 7), range(1, 5), range(1, 5), range(4), range(1, 4), range(4))
    cases = (
        (n, k, {"stride": s, "padding": p, "dilation": d, "output_padding": extra})
        for n, k, s, p, d, extra in grid
        if extra < max(s, d)
    )
    differences, taken, refused = compare(conv_transpose_output_size, CONV_TRANSPOSE, "meta", cases)
    assert differences == []
    assert min(taken, refused) > 100


# Real tensors make every check: these grids hold illegal values too.


def test_conv_output_size_refuses_what_torch_refuses() -> None:
    grid = itertools.product(range(1, 5), range(4), range(-1, 3), (-1, 0, 1, 2, "same", "valid", "full"), range(-1, 3))
    cases = ((n, k, {"stride": s, "padding": p, "dilation": d}) for n, k, s, p, d in grid)
    differences, taken, refused = compare(conv_output_size, CONV, "cpu", cases)
    assert differences == []
    assert min(taken, refused) > 100


def test_conv_transpose_output_size_refuses_what_torch_refuses() -> None:
    grid = itertools.product((1, 2, 3), range(4), range(3), range(-1, 3), range(3), range(-1, 4))
    cases = (
        (n, k, {"stride": s, "padding": p, "dilation": d, "output_padding": extra}) for n, k, s, p, d, extra in grid
    )
    differences, taken, refused = compare(conv_transpose_output_size, CONV_TRANSPOSE, "cpu", cases)
    assert differences == []
    assert min(taken, refused) > 100


# Several axes.

ON_SEVERAL_AXES = [
    pytest.param((427, 640), (3, 3), {"stride": 2, "padding": 1}, (214, 320), id="a-photo-halved"),
    pytest.param((32, 32), (5, 5), {}, (28, 28), id="the-first-layer-of-lenet"),
    pytest.param((20, 30), (3, 5), {"stride": (2, 3), "padding": (0, 4), "dilation": (4, 2)}, (6, 10), id="all-differ"),
    pytest.param((7, 8), (2, 4), {"padding": "same", "dilation": (3, 1)}, (7, 8), id="same-with-even-kernels"),
    pytest.param((7, 8), (2, 4), {"padding": "valid", "stride": (1, 2)}, (6, 3), id="valid-with-stride"),
    pytest.param((16, 224, 112), (3, 7, 5), {"stride": (1, 2, 2), "padding": (1, 3, 2)}, (16, 112, 56), id="a-clip"),
    pytest.param((4, 5, 6), (1, 2, 3), {"stride": (3, 2, 1), "dilation": (1, 2, 2)}, (2, 2, 2), id="3d-all-differ"),
]
TRANSPOSED_ON_SEVERAL_AXES = [
    pytest.param((8, 8), (4, 4), {"stride": 2, "padding": 1}, (16, 16), id="doubled"),
    pytest.param((7, 7), (3, 3), {"stride": 2, "padding": 1, "output_padding": (0, 1)}, (13, 14), id="output-padding"),
    pytest.param(
        (3, 4),
        (2, 5),
        {"stride": (3, 1), "padding": (0, 2), "dilation": (1, 2), "output_padding": (2, 1)},
        (10, 9),
        id="all",
    ),
    pytest.param((2, 3, 4), (3, 2, 1), {"stride": (1, 2, 3), "padding": (1, 0, 0)}, (2, 6, 10), id="3d-all-differ"),
]


@pytest.mark.parametrize(("sizes", "kernel", "options", "expected"), ON_SEVERAL_AXES)
def test_conv_output_size_on_several_axes(
    sizes: tuple[int, ...], kernel: tuple[int, ...], options: dict[str, Any], expected: tuple[int, ...]
) -> None:
    assert conv_output_size(sizes, kernel, **options) == expected
    assert torch_size(CONV, sizes, kernel, "meta", **options) == expected


@pytest.mark.parametrize(("sizes", "kernel", "options", "expected"), TRANSPOSED_ON_SEVERAL_AXES)
def test_conv_transpose_output_size_on_several_axes(
    sizes: tuple[int, ...], kernel: tuple[int, ...], options: dict[str, Any], expected: tuple[int, ...]
) -> None:
    assert conv_transpose_output_size(sizes, kernel, **options) == expected
    assert torch_size(CONV_TRANSPOSE, sizes, kernel, "meta", **options) == expected


def per_axis(ndim: int, low: int, high: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(low, high)] * ndim)


@given(st.data())
def test_any_tuples_give_the_size_of_torch(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 3))
    sizes, kernel = data.draw(per_axis(ndim, 1, 12)), data.draw(per_axis(ndim, 1, 4))
    options = {"stride": data.draw(per_axis(ndim, 1, 4)), "dilation": data.draw(per_axis(ndim, 1, 3))}
    padding: tuple[int, ...] | str = data.draw(per_axis(ndim, 0, 3) | st.sampled_from(["same", "valid"]))
    ours = our_size(conv_output_size, sizes, kernel, padding=padding, **options)
    assert ours == torch_size(CONV, sizes, kernel, "cpu", padding=padding, **options)


@given(st.data())
def test_any_tuples_give_the_transposed_size_of_torch(data: st.DataObject) -> None:
    ndim = data.draw(st.integers(1, 3))
    sizes, kernel = data.draw(per_axis(ndim, 1, 6)), data.draw(per_axis(ndim, 1, 4))
    options = {"stride": data.draw(per_axis(ndim, 1, 4)), "dilation": data.draw(per_axis(ndim, 1, 3))}
    options["padding"] = data.draw(per_axis(ndim, 0, 3))
    largest = [max(pair) - 1 for pair in zip(options["stride"], options["dilation"], strict=True)]
    options["output_padding"] = data.draw(st.tuples(*[st.integers(0, most) for most in largest]))
    ours = our_size(conv_transpose_output_size, sizes, kernel, **options)
    assert ours == torch_size(CONV_TRANSPOSE, sizes, kernel, "cpu", **options)


# The form of the answer.

FORMS: list[Any] = [
    pytest.param(conv_output_size, (7, 3), {}, 5, id="ints-give-an-int"),
    pytest.param(conv_output_size, (7, 3), {"padding": "same"}, 7, id="a-word-is-no-tuple"),
    pytest.param(
        conv_output_size, (np.int64(7), torch.tensor(3)), {"stride": np.uint8(1)}, 5, id="what-stands-for-ints"
    ),
    pytest.param(conv_output_size, ((7,), 3), {}, (5,), id="one-axis-in-a-tuple"),
    pytest.param(conv_output_size, (7, (3,)), {}, (5,), id="the-kernel-in-a-tuple"),
    pytest.param(conv_output_size, (7, 3), {"stride": (2,)}, (3,), id="the-stride-in-a-tuple"),
    pytest.param(conv_output_size, (7, 3), {"padding": (1,)}, (7,), id="the-padding-in-a-tuple"),
    pytest.param(conv_output_size, (7, 3), {"dilation": [2]}, (3,), id="the-dilation-in-a-list"),
    pytest.param(conv_output_size, (7, 3), {"stride": (1, 2)}, (5, 3), id="two-strides-make-two-axes"),
    pytest.param(conv_output_size, ([7, 9], 3), {}, (5, 7), id="a-list"),
    pytest.param(conv_output_size, (torch.Size([7, 9, 8]), 3), {}, (5, 7, 6), id="a-torch-size"),
    pytest.param(conv_output_size, ((7,), (3, 5)), {}, (5, 3), id="a-single-size-stands-for-all-axes"),
    pytest.param(conv_output_size, ((7, 9), (3,)), {"padding": (1,)}, (7, 9), id="single-ones-stand-for-all-axes"),
    pytest.param(conv_output_size, ((5, 6, 7, 8), 3), {}, (3, 4, 5, 6), id="four-axes"),
    pytest.param(conv_transpose_output_size, (4, 3), {"stride": 2}, 9, id="transposed-ints"),
    pytest.param(conv_transpose_output_size, ((4,), 3), {"stride": 2}, (9,), id="transposed-tuple"),
    pytest.param(
        conv_transpose_output_size, (4, 3), {"stride": 2, "output_padding": (0, 1)}, (9, 10), id="output-padding"
    ),
    pytest.param(effective_kernel_size, (3,), {"dilation": 4}, 9, id="span-int"),
    pytest.param(effective_kernel_size, ((3,),), {"dilation": 4}, (9,), id="span-tuple"),
    pytest.param(effective_kernel_size, (3,), {"dilation": (1, 4)}, (3, 9), id="span-two-dilations"),
    pytest.param(same_padding, (4,), {}, (1, 2), id="same-pair"),
    pytest.param(same_padding, ((4,),), {}, ((1, 2),), id="same-tuple-of-one-pair"),
    pytest.param(same_padding, ((3, 4),), {"dilation": (1, 3)}, ((1, 1), (4, 5)), id="same-tuple-of-pairs"),
    pytest.param(same_padding, (2,), {"dilation": [3, 2, 1]}, ((1, 2), (1, 1), (0, 1)), id="same-three-dilations"),
]


@pytest.mark.parametrize(("function", "sizes", "options", "expected"), FORMS)
def test_the_answer_has_the_form_of_the_arguments(
    function: Callable[..., Any], sizes: tuple[Any, ...], options: dict[str, Any], expected: Any
) -> None:
    answer = function(*sizes, **options)
    assert answer == expected
    assert type(answer) is type(expected)
    assert type(answer) is int or {type(item) for item in answer} == {type(item) for item in expected}


def test_an_iterator_is_refused_since_it_lasts_for_one_reading() -> None:
    iterator: Any = iter((5, 6))
    with pytest.raises(TypeError, match=r"^input_size must be an int, but input_size=<tuple_iterator"):
        conv_output_size(iterator, 3)


# The parts.


def test_effective_kernel_size_is_what_the_taps_span_and_the_smallest_input_that_torch_takes() -> None:
    differences = []
    for k, d in itertools.product(range(1, 8), range(1, 6)):
        offsets = [tap * d for tap in range(k)]
        spanned = len(range(offsets[0], offsets[-1] + 1))
        smallest = next(n for n in itertools.count(1) if torch_size(CONV, (n,), (k,), "meta", dilation=d))
        if not effective_kernel_size(k, dilation=d) == spanned == smallest:
            differences.append((k, d, effective_kernel_size(k, dilation=d), spanned, smallest))
    assert differences == []


def test_same_padding_is_where_torch_puts_it() -> None:
    """The first tap brings an impulse out `before` elements later, the last one `after` elements earlier."""
    differences = []
    for k, d in itertools.product(range(1, 9), range(1, 5)):
        span = d * (k - 1) + 1
        impulse = torch.zeros(1, 1, 2 * span + 1, dtype=torch.float64)
        impulse[..., span] = 1
        weight = torch.arange(1, k + 1, dtype=torch.float64).view(1, 1, k)
        out = F.conv1d(impulse, weight, padding="same", dilation=d).flatten().tolist()
        before, after = out.index(1) - span, span - out.index(k)
        if same_padding(k, dilation=d) != (before, after):
            differences.append((k, d, same_padding(k, dilation=d), (before, after)))
    assert differences == []
    assert same_padding(4) == (1, 2)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(ConvSpec(1, 1, (3, 3), padding=(0, 2)), ((0, 0), (2, 2)), id="ints-are-both-sides"),
        pytest.param(ConvSpec(1, 1, (3, 3), padding="valid"), ((0, 0), (0, 0)), id="valid-is-none"),
        pytest.param(ConvSpec(1, 1, (1, 4, 3), padding="same", dilation=3), ((0, 0), (4, 5), (3, 3)), id="same"),
        pytest.param(ConvSpec(1, 1, (3,), padding=2, transposed=True), ((2, 2),), id="transposed"),
        pytest.param(ConvSpec(1, 1, (3,), padding=1, padding_mode="circular"), ((1, 1),), id="any-mode"),
    ],
)
def test_padding_amounts(spec: ConvSpec, expected: tuple[tuple[int, int], ...]) -> None:
    assert padding_amounts(spec) == expected


def test_the_padding_modes_reach_as_far_as_in_torch() -> None:
    differences, answers = [], {}
    paddings: tuple[int | str, ...] = (0, 1, 2, 3, 4, 5, "same", "valid")
    for mode, n, k, p, d in itertools.product(PADDING_MODES, range(1, 5), range(1, 5), paddings, (1, 2)):
        layer: nn.Module = nn.Conv1d(1, 1, k, padding=p, dilation=d, padding_mode=mode)  # type: ignore[arg-type]
        spec = ConvSpec(1, 1, (k,), padding=p, dilation=d, padding_mode=mode)
        try:
            theirs = tuple(layer(torch.zeros(1, 1, n)).shape[2:])
        except RuntimeError:
            theirs = None
        ours = our_size(output_size, spec, n)
        answers[mode, n, k, p, d] = ours
        if ours != theirs:
            differences.append(f"{mode} n={n} k={k} padding={p} dilation={d}: convlab {ours}, torch {theirs}")
    assert differences == []
    assert answers["reflect", 3, 1, 2, 1] == (7,)
    assert answers["reflect", 3, 1, 3, 1] is None
    assert answers["circular", 3, 1, 3, 1] == (9,)
    assert answers["circular", 3, 1, 4, 1] is None
    assert answers["replicate", 1, 1, 5, 1] == (11,)


# Refusals.

REFUSED: list[Any] = [
    pytest.param(
        lambda: conv_output_size(2, 3),
        ValueError,
        "the kernel must fit into the padded input, "
        "but on spatial axis 0 input_size=2 with padding of 0 before and 0 after makes 2 "
        "and kernel_size=3 with dilation=1 spans 3",
        id="kernel-too-large",
    ),
    pytest.param(
        lambda: conv_output_size((9, 5), 3, padding=(0, 1), dilation=4),
        ValueError,
        "the kernel must fit into the padded input, "
        "but on spatial axis 1 input_size=5 with padding of 1 before and 1 after makes 7 "
        "and kernel_size=3 with dilation=4 spans 9",
        id="dilated-kernel-too-large-on-axis-1",
    ),
    pytest.param(
        lambda: conv_transpose_output_size((4, 1), 2, padding=1),
        ValueError,
        "the output must have at least 1 element, but on spatial axis 1 input_size=1, stride=1, padding=1, "
        "a kernel that spans 2 and output_padding=0 make 0",
        id="transposed-output-empty",
    ),
    pytest.param(
        lambda: output_size(ConvSpec(1, 1, (3,), padding=4, padding_mode="reflect"), 4),
        ValueError,
        "padding_mode='reflect' can fill at most 3 elements per side here, "
        "but on spatial axis 0 input_size=4 and the padding is 4 before and 4 after",
        id="reflect-too-far",
    ),
    pytest.param(
        lambda: output_size(ConvSpec(1, 1, (1, 6), padding="same", padding_mode="reflect"), (1, 3)),
        ValueError,
        "padding_mode='reflect' can fill at most 2 elements per side here, "
        "but on spatial axis 1 input_size=3 and the padding is 2 before and 3 after",
        id="reflect-too-far-after-the-end",
    ),
    pytest.param(
        lambda: output_size(ConvSpec(1, 1, (3,), padding=5, padding_mode="circular"), 4),
        ValueError,
        "padding_mode='circular' can fill at most 4 elements per side here, "
        "but on spatial axis 0 input_size=4 and the padding is 5 before and 5 after",
        id="circular-too-far",
    ),
    pytest.param(
        lambda: conv_output_size(7, (3, 3), padding="same", stride=2),
        ValueError,
        "padding='same' needs stride=1, but stride=(2, 2)",
        id="as-a-spec",
    ),
    pytest.param(
        lambda: conv_transpose_output_size(7, 3, output_padding=1),
        ValueError,
        "output_padding must be smaller than stride or dilation, "
        "but on spatial axis 0 output_padding=1, stride=1 and dilation=1",
        id="output-padding-as-a-spec",
    ),
    pytest.param(
        lambda: conv_output_size(0, 1),
        ValueError,
        "input_size must be at least 1, but input_size=0",
        id="empty-input",
    ),
    pytest.param(
        lambda: conv_output_size((7, -1), 3),
        ValueError,
        "input_size must be at least 1, but input_size=(7, -1)",
        id="negative-input",
    ),
    pytest.param(
        lambda: conv_transpose_output_size(0, 3),
        ValueError,
        "input_size must be at least 1, but input_size=0",
        id="empty-input-transposed",
    ),
    pytest.param(
        lambda: conv_output_size((7, 7, 7), (3, 3)),
        ValueError,
        "kernel_size must be an int or have one int for each of 3 spatial axes, but kernel_size=(3, 3)",
        id="two-kernel-sizes-for-three-axes",
    ),
    pytest.param(
        lambda: conv_output_size((7, 7), (3, 3, 3)),
        ValueError,
        "input_size must be an int or have one int for each of 3 spatial axes, but input_size=(7, 7)",
        id="two-input-sizes-for-three-axes",
    ),
    pytest.param(
        lambda: output_size(ConvSpec(1, 1, (3,)), (7, 7)),
        ValueError,
        "input_size must be an int or have one int for the spatial axis, but input_size=(7, 7)",
        id="two-input-sizes-for-a-spec-of-one",
    ),
    pytest.param(
        lambda: conv_output_size((), 3),
        ValueError,
        "input_size must be an int or have one int for the spatial axis, but input_size=()",
        id="no-sizes",
    ),
    pytest.param(
        lambda: conv_output_size(7.0, 3),  # type: ignore[arg-type]
        TypeError,
        "input_size must be an int, but input_size=7.0 is a float",
        id="float-input",
    ),
    pytest.param(
        lambda: conv_output_size(7, 3.0),  # type: ignore[arg-type]
        TypeError,
        "kernel_size must be an int, but kernel_size=3.0 is a float",
        id="float-kernel",
    ),
    pytest.param(
        lambda: conv_output_size((True, 7), 3),
        TypeError,
        "input_size must hold ints, but input_size=(True, 7) holds a bool",
        id="bool-input",
    ),
    pytest.param(
        lambda: conv_transpose_output_size(7, 3, padding="same"),  # type: ignore[arg-type]
        TypeError,
        "padding must hold ints in a transposed convolution, but padding='same'",
        id="transposed-same",
    ),
    pytest.param(
        lambda: effective_kernel_size(3, dilation=0),
        ValueError,
        "dilation must be at least 1, but dilation=0",
        id="span-dilation-0",
    ),
    pytest.param(
        lambda: same_padding((3, 0)),
        ValueError,
        "kernel_size must be at least 1, but kernel_size=(3, 0)",
        id="same-kernel-0",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refused_with_these_words(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        call()


def test_an_empty_axis_is_refused_even_where_torch_takes_it() -> None:
    assert F.conv1d(torch.zeros(0, 1, 0), torch.zeros(1, 1, 2), padding=1).shape == (0, 1, 1)
    with pytest.raises(ValueError, match="input_size must be at least 1, but input_size=0"):
        conv_output_size(0, 2, padding=1)


def test_everything_after_the_sizes_is_keyword_only() -> None:
    for call in (
        lambda: conv_output_size(7, 3, 2),  # type: ignore[call-arg]
        lambda: conv_transpose_output_size(7, 3, 2),  # type: ignore[call-arg]
        lambda: effective_kernel_size(3, 2),  # type: ignore[call-arg]
        lambda: same_padding(3, 2),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError, match="positional"):
            call()
