import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from convlab.arithmetic import PADDING_MODES, ConvSpec, Tap, output_size, taps
from convlab.arithmetic.taps import windows

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")

CONV_TRANSPOSE: dict[int, Callable[..., torch.Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def torch_matrix(spec: ConvSpec, input_size: tuple[int, ...]) -> torch.Tensor:
    """Output by input: the sum of 2**k over the kernel elements k, counted in reading order, that join the two.

    A convolution without bias is linear, so that its outputs for the one-hot inputs are its matrix. The kernel holds
    the powers of two: a number tells which of them were added up, exactly in float64.
    """
    n, kernel = math.prod(input_size), spec.kernel_size
    inputs = torch.eye(n, dtype=torch.float64).view(n, 1, *input_size)
    weight = (2.0 ** torch.arange(math.prod(kernel), dtype=torch.float64)).view(1, 1, *kernel)
    if spec.transposed:
        options = {"stride": spec.stride, "output_padding": spec.output_padding, "dilation": spec.dilation}
        outputs = CONV_TRANSPOSE[spec.ndim](inputs, weight, padding=spec.padding, **options)
    else:
        layer = getattr(nn, f"Conv{spec.ndim}d")(
            1,
            1,
            kernel,
            stride=spec.stride,
            padding=spec.padding,
            dilation=spec.dilation,
            padding_mode=spec.padding_mode,
            bias=False,
            dtype=torch.float64,
        )
        layer.weight = nn.Parameter(weight, requires_grad=False)
        outputs = layer(inputs)
    return outputs.flatten(1).T


def taps_matrix(spec: ConvSpec, input_size: tuple[int, ...]) -> torch.Tensor:
    """The same numbers from the taps of every output position."""
    out_sizes = output_size(spec, input_size)
    kernel = np.arange(math.prod(spec.kernel_size)).reshape(spec.kernel_size)
    columns = np.arange(math.prod(input_size)).reshape(input_size)
    matrix = torch.zeros(math.prod(out_sizes), math.prod(input_size), dtype=torch.float64)
    for row, position in enumerate(np.ndindex(*out_sizes)):
        for tap in taps(spec, position, input_size):
            if tap.source is not None:
                matrix[row, columns[tap.source]] += 2.0 ** kernel[tap.kernel_index]
    return matrix


CASES = [
    pytest.param(ConvSpec(1, 1, (3,)), (5,), id="plain"),
    pytest.param(ConvSpec(1, 1, (1,)), (1,), id="smallest"),
    pytest.param(ConvSpec(1, 1, (3,), stride=2, padding=1), (6,), id="stride-leaves-a-rest"),
    pytest.param(ConvSpec(1, 1, (3,), padding=2, dilation=2), (5,), id="dilation"),
    pytest.param(ConvSpec(1, 1, (2,), padding=3), (2,), id="windows-wholly-in-the-padding"),
    pytest.param(ConvSpec(1, 1, (4,), padding="same"), (5,), id="same-with-an-even-kernel"),
    pytest.param(ConvSpec(1, 1, (2,), padding="same", dilation=3), (5,), id="same-with-an-odd-span"),
    pytest.param(ConvSpec(1, 1, (2,), padding="valid", stride=2), (5,), id="valid"),
    pytest.param(ConvSpec(1, 1, (3,), padding=3, padding_mode="reflect"), (4,), id="reflect-as-far-as-it-goes"),
    pytest.param(ConvSpec(1, 1, (3,), padding=4, padding_mode="circular"), (4,), id="circular-as-far-as-it-goes"),
    pytest.param(
        ConvSpec(1, 1, (3,), padding=5, padding_mode="replicate"), (2,), id="replicate-farther-than-the-input"
    ),
    pytest.param(ConvSpec(1, 1, (4,), padding="same", padding_mode="reflect"), (3,), id="reflect-same"),
    pytest.param(ConvSpec(1, 1, (3,), padding=2, stride=2, padding_mode="circular"), (5,), id="circular-with-stride"),
    pytest.param(ConvSpec(1, 1, (2, 3), stride=(2, 1), padding=(0, 2), dilation=(1, 2)), (4, 5), id="2d-all-differ"),
    pytest.param(ConvSpec(1, 1, (3, 2), padding=(2, 1), padding_mode="reflect"), (3, 4), id="2d-reflect"),
    pytest.param(ConvSpec(1, 1, (2, 4), padding="same", padding_mode="circular"), (3, 4), id="2d-circular-same"),
    pytest.param(ConvSpec(1, 1, (3, 3), padding=1, padding_mode="replicate"), (2, 3), id="2d-replicate"),
    pytest.param(ConvSpec(1, 1, (1, 2, 3), stride=(1, 2, 1), padding=(1, 0, 1)), (2, 4, 3), id="3d-all-differ"),
    pytest.param(ConvSpec(1, 1, (3, 2, 2), padding=(1, 1, 0), padding_mode="reflect"), (2, 3, 2), id="3d-reflect"),
    pytest.param(ConvSpec(1, 1, (3,), transposed=True), (4,), id="transposed"),
    pytest.param(ConvSpec(1, 1, (4,), stride=2, padding=1, transposed=True), (3,), id="transposed-doubling"),
    pytest.param(
        ConvSpec(1, 1, (3,), stride=2, padding=1, output_padding=1, transposed=True), (3,), id="output-padding"
    ),
    pytest.param(ConvSpec(1, 1, (1,), stride=3, output_padding=2, transposed=True), (2,), id="transposed-with-gaps"),
    pytest.param(ConvSpec(1, 1, (3,), stride=2, padding=2, dilation=3, transposed=True), (4,), id="transposed-dilated"),
    pytest.param(
        ConvSpec(1, 1, (3, 2), stride=(1, 3), padding=(2, 0), output_padding=(0, 1), transposed=True),
        (4, 2),
        id="transposed-2d",
    ),
    pytest.param(
        ConvSpec(1, 1, (2, 1, 3), stride=(2, 1, 2), padding=(0, 0, 1), dilation=(1, 1, 2), transposed=True),
        (2, 2, 2),
        id="transposed-3d",
    ),
]


@pytest.mark.parametrize(("spec", "input_size"), CASES)
def test_the_taps_are_the_matrix_of_torch(spec: ConvSpec, input_size: tuple[int, ...]) -> None:
    assert torch.equal(taps_matrix(spec, input_size), torch_matrix(spec, input_size))


@st.composite
def specs(draw: st.DrawFn, *, transposed: bool) -> tuple[ConvSpec, tuple[int, ...]]:
    """A spec of 1 to 3 axes and a small input into which it fits."""
    ndim = draw(st.integers(1, 3))
    most = {1: 4, 2: 3, 3: 2}[ndim]
    per_axis = st.tuples(*[st.integers(1, most)] * ndim)
    kernel, stride, dilation = draw(per_axis), draw(per_axis), draw(per_axis)
    padding = draw(st.tuples(*[st.integers(0, 2)] * ndim))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    room = draw(st.tuples(*[st.integers(0, 2)] * ndim))
    if transposed:
        extra = draw(st.tuples(*[st.integers(0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True)]))
        # The smallest input of which something is left: (n - 1) * stride + span > 2 * padding.
        least = [max(1, 1 + -(-(2 * p + 1 - span) // s)) for p, s, span in zip(padding, stride, spans, strict=True)]
        spec = ConvSpec(
            1, 1, kernel, stride=stride, padding=padding, dilation=dilation, output_padding=extra, transposed=True
        )
    else:
        mode, word = draw(st.sampled_from(PADDING_MODES)), draw(st.sampled_from(["same", "valid", None, None]))
        if word == "same":
            stride, padding = (1,) * ndim, tuple(span // 2 for span in spans)
        elif word == "valid":
            padding = (0,) * ndim
        # The kernel must fit, and reflect needs an input longer than its padding.
        least = [max(span - 2 * p, p + 1) for p, span in zip(padding, spans, strict=True)]
        spec = ConvSpec(1, 1, kernel, stride=stride, padding=word or padding, dilation=dilation, padding_mode=mode)
    return spec, tuple(low + more for low, more in zip(least, room, strict=True))


@settings(max_examples=120)
@given(specs(transposed=False))
def test_the_taps_of_any_convolution_are_the_matrix_of_torch(case: tuple[ConvSpec, tuple[int, ...]]) -> None:
    spec, input_size = case
    assert torch.equal(taps_matrix(spec, input_size), torch_matrix(spec, input_size))


@settings(max_examples=80)
@given(specs(transposed=True))
def test_the_taps_of_any_transposed_convolution_are_the_matrix_of_torch(
    case: tuple[ConvSpec, tuple[int, ...]],
) -> None:
    spec, input_size = case
    assert torch.equal(taps_matrix(spec, input_size), torch_matrix(spec, input_size))


@settings(max_examples=60)
@given(specs(transposed=False))
def test_a_convolution_has_every_tap_at_every_position_in_reading_order(
    case: tuple[ConvSpec, tuple[int, ...]],
) -> None:
    spec, input_size = case
    kernel_indices = list(np.ndindex(*spec.kernel_size))
    for position in np.ndindex(*output_size(spec, input_size)):
        found = taps(spec, position, input_size)
        assert len(found) == math.prod(spec.kernel_size)
        assert [tap.kernel_index for tap in found] == kernel_indices


@settings(max_examples=60)
@given(st.one_of(specs(transposed=False), specs(transposed=True)))
def test_the_windows_are_the_taps_at_every_position(case: tuple[ConvSpec, tuple[int, ...]]) -> None:
    spec, input_size = case
    positions = np.ndindex(*output_size(spec, input_size))
    assert list(windows(spec, input_size)) == [(position, taps(spec, position, input_size)) for position in positions]


@settings(max_examples=60)
@given(specs(transposed=False))
def test_input_indices_are_the_windows_of_the_padded_input(case: tuple[ConvSpec, tuple[int, ...]]) -> None:
    spec, input_size = case
    if spec.padding == "same":
        return
    padding = spec.padding if isinstance(spec.padding, tuple) else (0,) * spec.ndim
    windows = []
    for axis, (n, p) in enumerate(zip(input_size, padding, strict=True)):
        span = spec.dilation[axis] * (spec.kernel_size[axis] - 1) + 1
        windows.append(torch.arange(-p, n + p).unfold(0, span, spec.stride[axis])[:, :: spec.dilation[axis]].tolist())
    for position in np.ndindex(*output_size(spec, input_size)):
        expected = list(itertools.product(*[along[i] for along, i in zip(windows, position, strict=True)]))
        assert [tap.input_index for tap in taps(spec, position, input_size)] == expected


@settings(max_examples=60)
@given(specs(transposed=True))
def test_a_transposed_convolution_has_only_taps_that_meet_the_input(case: tuple[ConvSpec, tuple[int, ...]]) -> None:
    spec, input_size = case
    for position in np.ndindex(*output_size(spec, input_size)):
        for tap in taps(spec, position, input_size):
            assert tap.source == tap.input_index
            assert all(0 <= j < n for j, n in zip(tap.input_index, input_size, strict=True))


def along(spec: ConvSpec, output_index: int, n: int) -> list[tuple[int, int, int | None]]:
    return [
        (tap.kernel_index[0], tap.input_index[0], None if tap.source is None else tap.source[0])
        for tap in taps(spec, (output_index,), n)
    ]


@pytest.mark.parametrize(
    ("spec", "output_index", "n", "expected"),
    [
        pytest.param(
            ConvSpec(1, 1, (3,), padding=1), 0, 4, [(0, -1, None), (1, 0, 0), (2, 1, 1)], id="a-zero-before-the-start"
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), padding=1), 3, 4, [(0, 2, 2), (1, 3, 3), (2, 4, None)], id="a-zero-after-the-end"
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), padding=2, padding_mode="reflect"),
            0,
            4,
            [(0, -2, 2), (1, -1, 1), (2, 0, 0)],
            id="reflect-leaves-the-border-out",
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), padding=2, padding_mode="reflect"),
            5,
            4,
            [(0, 3, 3), (1, 4, 2), (2, 5, 1)],
            id="reflect-at-the-end",
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), padding=2, padding_mode="replicate"),
            5,
            4,
            [(0, 3, 3), (1, 4, 3), (2, 5, 3)],
            id="replicate-at-the-end",
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), padding=2, padding_mode="circular"),
            0,
            4,
            [(0, -2, 2), (1, -1, 3), (2, 0, 0)],
            id="circular-takes-from-the-other-end",
        ),
        pytest.param(
            ConvSpec(1, 1, (2,), padding="same"), 3, 4, [(0, 3, 3), (1, 4, None)], id="same-pads-the-extra-one-after"
        ),
        pytest.param(
            ConvSpec(1, 1, (2,), stride=3, dilation=2), 1, 6, [(0, 3, 3), (1, 5, 5)], id="stride-and-dilation"
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), stride=2, transposed=True), 2, 3, [(0, 1, 1), (2, 0, 0)], id="transposed-overlap"
        ),
        pytest.param(ConvSpec(1, 1, (3,), stride=2, transposed=True), 3, 3, [(1, 1, 1)], id="transposed-between"),
        pytest.param(ConvSpec(1, 1, (1,), stride=2, transposed=True), 1, 3, [], id="transposed-no-tap-at-all"),
        pytest.param(
            ConvSpec(1, 1, (1,), stride=2, output_padding=1, transposed=True),
            5,
            3,
            [],
            id="output-padding-sees-nothing",
        ),
    ],
)
def test_taps_along_one_axis(
    spec: ConvSpec, output_index: int, n: int, expected: list[tuple[int, int, int | None]]
) -> None:
    assert along(spec, output_index, n) == expected


def test_a_corner_of_a_padded_picture() -> None:
    assert taps(ConvSpec(1, 1, (2, 2), padding=(1, 0)), (0, 1), (2, 3)) == (
        Tap((0, 0), (-1, 1), None),
        Tap((0, 1), (-1, 2), None),
        Tap((1, 0), (0, 1), (0, 1)),
        Tap((1, 1), (0, 2), (0, 2)),
    )


def test_a_transposed_convolution_uses_each_pair_of_input_and_kernel_element_once() -> None:
    spec, n = ConvSpec(1, 1, (4, 2), stride=(3, 2), dilation=(2, 1), transposed=True), (3, 2)
    pairs = [
        (tap.kernel_index, tap.source)
        for position in np.ndindex(*output_size(spec, n))
        for tap in taps(spec, position, n)
    ]
    assert sorted(pairs) == sorted(itertools.product(np.ndindex(4, 2), np.ndindex(*n)))


def test_channels_and_groups_do_not_enter() -> None:
    assert taps(ConvSpec(6, 12, (3,), groups=3, padding=1), (0,), 4) == taps(ConvSpec(1, 1, (3,), padding=1), (0,), 4)


@pytest.mark.parametrize(
    "position",
    [
        pytest.param([2, 1], id="list"),
        pytest.param(torch.Size([2, 1]), id="torch-size"),
        pytest.param(np.array([2, 1]), id="numpy-array"),
        pytest.param(torch.tensor([2, 1]), id="tensor"),
    ],
)
def test_a_position_may_be_any_sequence_of_ints(position: Any) -> None:
    assert taps(ConvSpec(1, 1, (2, 2)), position, (5, 4)) == taps(ConvSpec(1, 1, (2, 2)), (2, 1), [5, 4])


SPEC = ConvSpec(1, 1, (3, 3))


@pytest.mark.parametrize(
    ("spec", "position", "input_size", "error", "message"),
    [
        pytest.param(
            SPEC,
            (0, 3),
            5,
            ValueError,
            "output_index must lie inside the output, but output_index=(0, 3) and the output size is (3, 3)",
            id="past-the-end",
        ),
        pytest.param(
            ConvSpec(1, 1, (3,), stride=2, transposed=True),
            (9,),
            4,
            ValueError,
            "output_index must lie inside the output, but output_index=(9,) and the output size is (9,)",
            id="past-the-end-transposed",
        ),
        pytest.param(
            SPEC,
            (-1, 0),
            5,
            ValueError,
            "output_index must be at least 0, but output_index=(-1, 0)",
            id="negative-does-not-count-from-the-end",
        ),
        pytest.param(
            SPEC,
            (0, 0, 0),
            5,
            ValueError,
            "output_index must be an int or have one int for each of 2 spatial axes, but output_index=(0, 0, 0)",
            id="too-many-axes",
        ),
        pytest.param(
            SPEC,
            (0, 1.0),
            5,
            TypeError,
            "output_index must hold ints, but output_index=(0, 1.0) holds a float",
            id="float",
        ),
        pytest.param(
            SPEC,
            (0, True),
            5,
            TypeError,
            "output_index must hold ints, but output_index=(0, True) holds a bool",
            id="bool",
        ),
        pytest.param(
            SPEC,
            (0, 0),
            (5, 2),
            ValueError,
            "the kernel must fit into the padded input, "
            "but on spatial axis 1 input_size=2 with padding of 0 before and 0 after makes 2 "
            "and kernel_size=3 with dilation=1 spans 3",
            id="kernel-too-large",
        ),
        pytest.param(SPEC, (0, 0), 0, ValueError, "input_size must be at least 1, but input_size=0", id="empty-input"),
    ],
)
def test_refused_with_these_words(
    spec: ConvSpec, position: Any, input_size: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        taps(spec, position, input_size)
