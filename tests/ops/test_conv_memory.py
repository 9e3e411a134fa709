"""What each algorithm of `conv` puts into memory: what these tensors hold, and that they are as large as is said."""

from __future__ import annotations

import math
import re
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from conv_cases import CONV, Case, assert_one_sentence, every_conv_method, numbers, refusal
from torch import Tensor
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from convlab.arithmetic import ConvSpec, output_size, padding_amounts
from convlab.ops import fft, matrix, shift, strided, unfold
from convlab.ops.padding import padded

DOUBLE = 8
"""Bytes of a float64 and of an int64: the tensors and indices of these tests."""


class Memory(TorchDispatchMode):
    """Counts the elements that live in memory that was allocated inside this context."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = {id_of(tensor) for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)}
        result = func(*args, **kwargs)
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and id_of(tensor) not in given:
                storage = tensor.untyped_storage()
                self.live[id_of(tensor)] = storage.nbytes() // DOUBLE
                weakref.finalize(storage, self.live.pop, id_of(tensor), None)
        self.peak = max(self.peak, sum(self.live.values()))
        return result


def id_of(tensor: Tensor) -> int:
    """The same for tensors that share memory."""
    return int(tensor.untyped_storage()._cdata)


def peak_of(call: Callable[..., object], *args: object) -> int:
    memory = Memory()
    with torch.no_grad(), memory:
        call(*args)
    return memory.peak


def test_memory_counts_what_lives_at_the_same_time() -> None:
    x = numbers(10)
    assert peak_of(lambda: x[2:].reshape(2, 4)) == 0
    assert peak_of(lambda: x + 1) == 10
    assert peak_of(lambda: [x + 1 for _ in range(5)]) == 50
    assert peak_of(lambda: ((x + 1).sum(), (x + 1).sum())) == 12
    assert peak_of(lambda: torch.cat([x, x])[:1]) == 20


class Setting(NamedTuple):
    """A convolution, and the batch that it is applied to. All counts are in elements."""

    spec: ConvSpec
    batch: int
    size: tuple[int, ...]

    @property
    def input(self) -> Tensor:
        return numbers(self.batch, self.spec.in_channels, *self.size)

    @property
    def weight(self) -> Tensor:
        return numbers(*self.spec.weight_shape, seed=1)

    @property
    def positions(self) -> int:
        return math.prod(output_size(self.spec, self.size))

    @property
    def output(self) -> int:
        return self.batch * self.spec.out_channels * self.positions

    @property
    def padded(self) -> int:
        """The padded copy of the input; 0 where there is no padding, and no copy."""
        amounts = padding_amounts(self.spec)
        sizes = [n + sum(pair) for n, pair in zip(self.size, amounts, strict=True)]
        return self.batch * self.spec.in_channels * math.prod(sizes) if any(map(any, amounts)) else 0

    def peak(self, algorithm: Callable[..., Tensor]) -> int:
        return peak_of(algorithm, self.input, self.weight, None, self.spec)


def setting(
    channels: tuple[int, int], kernel: tuple[int, ...], batch: int, size: tuple[int, ...], **options: Any
) -> Setting:
    return Setting(ConvSpec(*channels, kernel, bias=False, **options), batch, size)


SETTINGS = {
    "1D": setting((6, 4), (5,), 3, (40,)),
    "1D, same, dilation": setting((6, 4), (3,), 3, (40,), dilation=4, padding="same"),
    "2D": setting((4, 6), (3, 3), 2, (9, 11), padding=1),
    "2D, stride": setting((4, 6), (4, 5), 2, (16, 17), stride=(2, 3), padding=(0, 2)),
    "2D, groups": setting((6, 4), (3, 4), 2, (10, 8), groups=2),
    "2D, depthwise, circular": setting((6, 6), (3, 3), 2, (9, 8), groups=6, padding=2, padding_mode="circular"),
    "2D, same, even kernel": setting((5, 4), (4, 2), 1, (9, 8), padding="same"),
    "3D": setting((4, 3), (2, 3, 3), 2, (5, 6, 4)),
    "3D, reflect": setting((4, 3), (2, 3, 2), 2, (4, 3, 5), padding=1, padding_mode="reflect", dilation=(2, 1, 3)),
}
every_setting = pytest.mark.parametrize("s", SETTINGS.values(), ids=SETTINGS)


@every_setting
def test_unfold_needs_its_columns_and_their_index(s: Setting) -> None:
    stated = unfold.num_elements(s.spec, s.size, batch_size=s.batch)
    assert unfold.columns(s.input, s.spec).numel() == stated
    index = unfold.column_index(s.spec, s.size).numel()
    assert index == math.prod(s.spec.kernel_size) * s.positions
    weights = s.batch * math.prod(s.spec.weight_shape)  # with groups, torch copies the weight for each example
    assert s.padded + stated + index <= s.peak(unfold.conv) <= s.padded + stated + index + weights + s.output


@every_setting
def test_strided_makes_a_view_for_nothing_and_a_product_that_copies_it(s: Setting) -> None:
    input = s.input
    stated = strided.num_elements(s.spec, s.size, batch_size=s.batch)
    assert strided.windows(input, s.spec).numel() == stated
    assert peak_of(strided.windows, input, s.spec) == s.padded
    assert s.padded + stated <= s.peak(strided.conv) <= s.padded + stated + 2 * s.output


@every_setting
def test_shift_needs_a_slice_and_a_product(s: Setting) -> None:
    stated = shift.num_elements(s.spec, s.size, batch_size=s.batch)
    whole, last = padded(s.input, s.spec), [k - 1 for k in s.spec.kernel_size]
    piece = shift.shifted(whole, last, output_size(s.spec, s.size), s.spec)
    assert id_of(piece) == id_of(whole), "a slice is a view"
    assert piece.numel() + s.output == stated
    assert s.padded + stated <= s.peak(shift.conv) <= s.padded + stated + 2 * s.output


@every_setting
def test_matrix_is_dense_and_there_are_two_while_it_is_built(s: Setting) -> None:
    stated = matrix.num_elements(s.spec, s.size)
    dense = matrix.conv_matrix(s.weight, s.spec, s.size)
    assert dense.shape == (s.spec.out_channels * s.positions, s.spec.in_channels * math.prod(s.size))
    assert dense.numel() == stated
    entries = math.prod(s.spec.weight_shape) * s.positions
    assert 2 * stated <= s.peak(matrix.conv) <= 2 * stated + 3 * entries + s.output


FFT_SETTINGS = {
    **SETTINGS,
    "1D, blocks": setting((6, 4), (50,), 3, (4000,), padding=20),
    "1D, stride": setting((6, 4), (50,), 3, (4000,), stride=7, padding=20),
    "2D, large": setting((4, 6), (9, 9), 2, (50, 60), padding=4),
    "2D, groups in parts": setting((64, 64), (15, 15), 1, (40, 40), groups=64, padding=7),
    "2D, kernels in parts": setting((64, 64), (11, 11), 1, (20, 20), padding=5),
    "3D, large": setting((4, 3), (5, 5, 5), 2, (20, 20, 20)),
}


@pytest.mark.parametrize("s", FFT_SETTINGS.values(), ids=FFT_SETTINGS)
def test_fft_holds_the_spectra_of_a_part_of_the_work(s: Setting) -> None:
    stated = fft.num_elements(s.spec, s.size, batch_size=s.batch)
    filled = 2 * (s.padded + s.input.numel() + s.weight.numel() * math.prod(s.spec.dilation))  # with zeros at the end
    peak = s.peak(fft.conv)
    assert stated <= peak <= 3 * stated + filled + 2 * s.output


def test_more_groups_need_no_more_spectra_at_a_time() -> None:
    def held(channels: int) -> int:
        return fft.num_elements(ConvSpec(channels, channels, (31, 31), padding=15, groups=channels), 64)

    assert held(1) < held(1000) == held(2000)
    error = refusal(fft.num_elements, ConvSpec(1, 1, (3,)), 8, batch_size=-1)
    assert str(error) == "batch_size must be at least 0, but batch_size=-1"


def test_autograd_keeps_no_spectrum_but_the_padded_input_and_the_kernels() -> None:
    kept: list[Tensor] = []
    input, weight = (numbers(*shape, requires_grad=True) for shape in ((1, 8, 60, 60), (8, 8, 9, 9)))

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        CONV.ours(input, weight, padding=4, method="fft")
    assert sum(tensor.numel() for tensor in kept) == 8 * 68 * 68 + weight.numel()


@pytest.mark.parametrize("module", [unfold, strided, shift], ids=lambda module: str(module.__name__))
def test_sizes_grow_with_the_batch(module: Any) -> None:
    spec = ConvSpec(3, 4, (3, 3))
    one = module.num_elements(spec, (8, 9))
    assert [module.num_elements(spec, (8, 9), batch_size=n) for n in (0, 1, 5)] == [0, one, 5 * one]
    for error in (refusal(module.num_elements, spec, 8, batch_size=-1), refusal(module.num_elements, spec, 2)):
        assert isinstance(error, ValueError)
        assert re.match("batch_size must be at least 0|the kernel must fit into the padded input", str(error))


def test_only_the_memory_of_shift_does_not_grow_with_the_kernel() -> None:
    small, large = (ConvSpec(3, 4, (k, k), padding="same") for k in (3, 5))
    assert shift.num_elements(small, 16) == shift.num_elements(large, 16)
    for module in (unfold, strided):
        assert 9 * module.num_elements(large, 16) == 25 * module.num_elements(small, 16)


@pytest.mark.parametrize("options", [{}, {"stride": (2, 1)}, {"padding": (1, 2)}, {"dilation": (1, 3)}], ids=str)
def test_columns_are_those_of_torch(options: dict[str, Any]) -> None:
    input = numbers(2, 3, 7, 8)
    expected = F.unfold(input, (3, 2), **options)
    assert torch.equal(unfold.columns(input, ConvSpec(3, 1, (3, 2), **options)), expected)


def test_windows_are_the_strides_of_the_input_times_stride_and_dilation() -> None:
    input = numbers(2, 3, 9, 8).transpose(2, 3)
    view = strided.windows(input, ConvSpec(3, 1, (2, 3), stride=(3, 1), dilation=(2, 4)))
    n, c, h, w = input.stride()
    assert view.stride() == (n, c, 3 * h, w, 2 * h, 4 * w)
    assert torch.equal(view, torch.as_strided(input, view.shape, view.stride()))
    assert id_of(view) == id_of(input)


def test_the_transposed_matrix_is_the_transposed_convolution() -> None:
    spec = ConvSpec(4, 6, (3, 2), stride=2, padding=1, groups=2)
    weight, cotangent = numbers(*spec.weight_shape), numbers(6, *output_size(spec, (7, 6)), seed=1)
    expected = F.conv_transpose2d(cotangent, weight, stride=2, padding=1, groups=2)
    assert_close(cotangent.flatten() @ matrix.conv_matrix(weight, spec, (7, 6)), expected.flatten())


def test_conv_matrix_refuses_what_it_is_no_matrix_of() -> None:
    weight = numbers(4, 3, 3)
    error = refusal(matrix.conv_matrix, weight, ConvSpec(3, 4, (2,)), 5)
    assert str(error) == "weight must have shape (4, 3, 2), but weight has shape (4, 3, 3)"
    error = refusal(matrix.conv_matrix, weight, ConvSpec(4, 3, (3,), transposed=True), 5)
    assert str(error) == (
        "transposed must be False: the matrix of a transposed convolution is that of its convolution, transposed"
    )
    error = refusal(matrix.conv_matrix, weight, ConvSpec(3, 4, (3,)), 2)
    assert_one_sentence(error)


@every_conv_method
@pytest.mark.parametrize("groups", [1, 2])
def test_the_output_is_contiguous(method: str, groups: int) -> None:
    tensors = Case((2, 4, 5, 6), (6, 4 // groups, 3, 2), {"groups": groups}).tensors(CONV)
    assert CONV.ours(*tensors, groups=groups, method=method).is_contiguous()
