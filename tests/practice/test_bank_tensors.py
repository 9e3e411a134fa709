"""The tensor exercises of the notebooks 08 to 11: right and wrong as they claim, and every two mistakes told apart."""

import copy
import inspect
import itertools
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from answering import all_same, outcome, outcomes, same
from torch.nn.grad import conv2d_input, conv2d_weight

import convlab
from convlab.arithmetic.spec import ConvSpec
from convlab.ops import matrix as matrices
from convlab.ops import strided
from convlab.practice._bank import (
    all_windows,
    fast,
    fourier,
    gradients,
    gradients_2d,
    matrix,
    offsets,
    positions,
    sampling,
    spreading,
    taps,
    transposed,
)
from convlab.practice.exercise import Case, Exercise
from convlab.practice.watching import watched

MODULES = (
    matrix,
    spreading,
    transposed,
    offsets,
    positions,
    sampling,
    taps,
    gradients,
    gradients_2d,
    all_windows,
    fast,
    fourier,
)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for module in MODULES for exercise in module.EXERCISES}
AT_LEAST = {"conv_transpose2d": 14}
"""Mistakes in the bank; 6 of the others."""

by_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# The second road to every answer: torch, or another module of convlab.


def inserted(input: torch.Tensor, stride: int) -> torch.Tensor:
    channels = input.shape[1]
    dot = torch.ones(channels, 1, 1, 1, dtype=input.dtype)
    return F.conv_transpose2d(input, dot, stride=stride, groups=channels)


def counted(input_size: int, kernel_size: int, stride: int) -> torch.Tensor:
    stamps = F.conv_transpose1d(torch.ones(1, input_size), torch.ones(1, 1, kernel_size), stride=stride)
    return stamps[0].round().long()


def as_gradient(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
) -> torch.Tensor:
    """A transposed convolution as what it is: the gradient of a convolution to its input."""
    size = F.conv_transpose2d(input, weight, None, stride, padding, output_padding).shape
    picture = torch.zeros(size, dtype=input.dtype, requires_grad=True)
    (found,) = torch.autograd.grad(F.conv2d(picture, weight, None, stride, padding), picture, input)
    return found if bias is None else found + bias.reshape(-1, 1, 1)


def by_scattering(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
) -> torch.Tensor:
    options = {"stride": stride, "padding": padding, "output_padding": output_padding}
    return convlab.conv_transpose(input, weight, bias, **options, method="reference")


def by_torch_grad(input: torch.Tensor, weight: torch.Tensor, *rest: Any, **options: Any) -> torch.Tensor:
    size = (len(input), weight.shape[1], input.shape[2] + weight.shape[2] - 1, input.shape[3] + weight.shape[3] - 1)
    found: torch.Tensor = torch.nn.grad.conv2d_input(size, weight, input)
    return found


def at_one_position(image: torch.Tensor, weight: torch.Tensor, offset: torch.Tensor, y: int, x: int) -> torch.Tensor:
    size = (image.shape[1] - weight.shape[2] + 1, image.shape[2] - weight.shape[3] + 1)
    return convlab.deform_conv(image[None], offset[None, :, : size[0], : size[1]], weight)[0, :, y, x]


def matrix_of_convlab(weight: torch.Tensor, input_size: tuple[int, int]) -> torch.Tensor:
    return matrices.conv_matrix(weight[None, None], ConvSpec(1, 1, tuple(weight.shape), bias=False), input_size)


def matrix_from_pictures(weight: torch.Tensor, input_size: tuple[int, int]) -> torch.Tensor:
    pictures = torch.eye(input_size[0] * input_size[1], dtype=weight.dtype).reshape(-1, 1, *input_size)
    return F.conv2d(pictures, weight[None, None]).flatten(1).T


def shape_from_a_layer(
    input_shape: tuple[int, ...], kernel_size: tuple[int, int], stride: int = 1, padding: int = 0
) -> tuple[int, ...]:
    """The layer that predicts the offsets in every network with deformable convolutions."""
    layer = torch.nn.Conv2d(input_shape[1], 2 * kernel_size[0] * kernel_size[1], kernel_size, stride, padding)
    return tuple(layer(torch.zeros(input_shape)).shape)


def sampled(image: torch.Tensor, y: Any, x: Any) -> torch.Tensor:
    height, width = image.shape
    padded = F.pad(image, (1, 1, 1, 1))  # grid_sample divides by size - 1, so there must be two elements at least
    place = torch.tensor([2 * (x + 1) / (width + 1) - 1, 2 * (y + 1) / (height + 1) - 1], dtype=torch.float64)
    grid = place.reshape(1, 1, 1, 2)
    return F.grid_sample(padded[None, None].double(), grid, align_corners=True)[0, 0, 0, 0].to(image.dtype)


def located(offset: torch.Tensor, y: int, x: int, kernel_size: tuple[int, int]) -> torch.Tensor:
    """The rows and columns that `unfold` finds in pictures of the row and column numbers, moved by the offsets."""
    size = (offset.shape[1] + kernel_size[0] - 1, offset.shape[2] + kernel_size[1] - 1)
    numbered = torch.stack(torch.meshgrid(*map(torch.arange, size), indexing="ij")).to(offset.dtype)
    windows = F.unfold(numbered[None], kernel_size).reshape(2, -1, *offset.shape[1:])  # (2, taps, H_out, W_out)
    moves = torch.stack([offset[0::2], offset[1::2]])
    return (windows + moves)[:, :, y, x].T


def deformed(image: torch.Tensor, weight: torch.Tensor, offset: torch.Tensor, y: int, x: int) -> torch.Tensor:
    """The definition, with torch's sampling: as torchvision lays out its offsets."""
    places = located(offset, y, x, (weight.shape[2], weight.shape[3]))
    read = torch.stack([torch.stack([sampled(plane, *place.tolist()) for place in places]) for plane in image])
    return torch.einsum("oct,ct->o", weight.flatten(2), read)


def bias_gradient(grad_output: torch.Tensor) -> torch.Tensor:
    bias = torch.zeros(grad_output.shape[1], dtype=grad_output.dtype, requires_grad=True)
    ones = torch.ones(len(bias), 1, 1, 1, dtype=bias.dtype)
    output = F.conv2d(torch.zeros(len(grad_output), 1, *grad_output.shape[2:], dtype=bias.dtype), ones, bias)
    return torch.autograd.grad(output, bias, grad_output)[0]


def weight_gradient_1d(input: torch.Tensor, grad_output: torch.Tensor) -> torch.Tensor:
    weight = torch.zeros(1, 1, len(input) - len(grad_output) + 1, dtype=input.dtype, requires_grad=True)
    return torch.autograd.grad(F.conv1d(input[None], weight), weight, grad_output[None])[0].flatten()


def weight_gradient(
    input: torch.Tensor, grad_output: torch.Tensor, kernel_size: tuple[int, int], stride: int = 1, padding: int = 0
) -> torch.Tensor:
    shape = (grad_output.shape[1], input.shape[1], *kernel_size)
    weight = torch.zeros(shape, dtype=input.dtype, requires_grad=True)
    return torch.autograd.grad(F.conv2d(input, weight, None, stride, padding), weight, grad_output)[0]


def weight_gradient_by_torch(
    input: torch.Tensor, grad_output: torch.Tensor, kernel_size: tuple[int, int], stride: int = 1, padding: int = 0
) -> torch.Tensor:
    shape = (grad_output.shape[1], input.shape[1], *kernel_size)
    found: torch.Tensor = conv2d_weight(input, shape, grad_output, stride, padding)
    return found


def input_gradient(
    grad_output: torch.Tensor, weight: torch.Tensor, input_size: tuple[int, int], stride: int = 1, padding: int = 0
) -> torch.Tensor:
    shape = (len(grad_output), weight.shape[1], *input_size)
    input = torch.zeros(shape, dtype=weight.dtype, requires_grad=True)
    return torch.autograd.grad(F.conv2d(input, weight, None, stride, padding), input, grad_output)[0]


def input_gradient_by_torch(
    grad_output: torch.Tensor, weight: torch.Tensor, input_size: tuple[int, int], stride: int = 1, padding: int = 0
) -> torch.Tensor:
    shape = (len(grad_output), weight.shape[1], *input_size)
    found: torch.Tensor = conv2d_input(shape, weight, grad_output, stride, padding)
    return found


def windows_of_convlab(input: torch.Tensor, kernel_size: tuple[int, int]) -> torch.Tensor:
    return strided.windows(input, ConvSpec(1, 1, kernel_size))


ORACLES: dict[str, Callable[..., Any]] = {
    "conv_matrix: convlab": matrix_of_convlab,
    "conv_matrix: the convolution of each unit picture": matrix_from_pictures,
    "insert_zeros: a transposed convolution with one tap": inserted,
    "overlap_counts: a transposed convolution of ones": counted,
    "conv_transpose2d: torch": F.conv_transpose2d,
    "conv_transpose2d: the gradient of a convolution": as_gradient,
    "conv_transpose2d: the definition": by_scattering,
    "offset_shape: the layer that predicts offsets": shape_from_a_layer,
    "tap_positions: the windows of unfold": located,
    "bilinear_sample: grid_sample": sampled,
    "deform_conv_at: grid_sample at each tap": deformed,
    "conv_grad_bias: autograd": bias_gradient,
    "conv1d_grad_weight: autograd": weight_gradient_1d,
    "conv_grad_weight: autograd": weight_gradient,
    "conv_grad_weight: torch.nn.grad": weight_gradient_by_torch,
    "conv_grad_input: autograd": input_gradient,
    "conv_grad_input: torch.nn.grad": input_gradient_by_torch,
    "strided_windows: convlab": windows_of_convlab,
    "conv_by_matmul: torch": F.conv2d,
    "fft_conv1d: torch": F.conv1d,
    "fft_conv2d: torch": F.conv2d,
}


def test_every_exercise_has_an_oracle() -> None:
    assert {words.split(":")[0] for words in ORACLES} == set(EXERCISES)


@pytest.mark.parametrize("which", ORACLES)
def test_both_solutions_agree_with_an_oracle(which: str) -> None:
    exercise = EXERCISES[which.split(":")[0]]
    for case in exercise.cases():
        expected = ORACLES[which](*case.args, **case.kwargs)
        for answer in (exercise.solution, exercise.alternative):
            got = outcome(answer, case)
            assert same(got, expected), f"{answer.__name__} in the case {case.id!r}: {got} instead of {expected}"


@by_exercise
def test_every_mistake_is_wrong(exercise: Exercise) -> None:
    truth = outcomes(exercise.solution, exercise.cases())
    right = [
        mistake.name for mistake in exercise.mistakes if all_same(outcomes(mistake.wrong, exercise.cases()), truth)
    ]
    assert right == []


@by_exercise
def test_every_two_mistakes_are_told_apart(exercise: Exercise) -> None:
    made = {mistake.name: outcomes(mistake.wrong, exercise.cases()) for mistake in exercise.mistakes}
    assert len(made) == len(exercise.mistakes)
    alike = [pair for pair in itertools.combinations(made, 2) if all_same(made[pair[0]], made[pair[1]])]
    assert alike == []


@by_exercise
def test_no_mistake_only_raises(exercise: Exercise) -> None:
    silent = [m.name for m in exercise.mistakes if all(isinstance(o, str) for o in outcomes(m.wrong, exercise.cases()))]
    assert silent == []


@by_exercise
def test_mistakes_keep_the_dtype(exercise: Exercise) -> None:
    """Else a check would speak of the dtype, and not of the mistake."""
    for mistake, (case, expected) in itertools.product(
        exercise.mistakes, zip(exercise.cases(), outcomes(exercise.solution, exercise.cases()), strict=True)
    ):
        got = outcome(mistake.wrong, case)
        if isinstance(got, torch.Tensor):
            assert got.dtype == expected.dtype, (mistake.name, case.id)


@by_exercise
def test_an_exercise_is_complete(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= AT_LEAST.get(exercise.name, 6)
    cases = exercise.cases()
    assert 6 <= len(cases) <= 15
    assert len({case.id for case in cases}) == len(cases)
    assert len({case.traits for case in cases}) > 3
    words = [exercise.question, *exercise.hints, *(mistake.sentence for mistake in exercise.mistakes)]
    assert all(text.strip() and "!" not in text.replace("!=", "") for text in words)
    assert all(mistake.sentence.endswith((".", "`")) for mistake in exercise.mistakes)


@by_exercise
def test_cases_start_with_the_smallest(exercise: Exercise) -> None:
    def size(case: Case) -> int:
        return sum(part.numel() if isinstance(part, torch.Tensor) else 1 for part in case.args)

    cases = exercise.cases()
    assert size(cases[0]) <= min(map(size, cases[2:]))


@by_exercise
def test_solutions_stand_alone(exercise: Exercise) -> None:
    """A learner who pastes one into a notebook needs torch and nothing else."""
    for answer in (exercise.solution, exercise.alternative):
        names: dict[str, Any] = {"torch": torch}
        exec(textwrap.dedent(inspect.getsource(answer)), names)
        assert all_same(
            outcomes(names[answer.__name__], exercise.cases()), outcomes(exercise.solution, exercise.cases())
        )
        assert inspect.signature(answer) == inspect.signature(exercise.solution)
    assert exercise.solution.__name__ == exercise.name


@by_exercise
def test_solutions_leave_arguments_alone_and_call_nothing_forbidden(exercise: Exercise) -> None:
    for answer, case in itertools.product((exercise.solution, exercise.alternative), exercise.cases()):
        args = copy.deepcopy(case.args)
        with watched(exercise.replaces) as called:
            answer(*args, **case.kwargs)
        assert called == []
        assert all(itertools.starmap(same, zip(args, case.args, strict=True)))


FORBIDDEN: dict[str, tuple[str, Callable[..., Any]]] = {
    "a transposed convolution": ("conv_transpose2d", F.conv_transpose2d),
    "a layer of torch": (
        "conv_transpose2d",
        lambda input, weight, *rest, **options: torch.nn.ConvTranspose2d(len(weight), 1, 1)(input),
    ),
    "the gradient of a convolution": ("conv_transpose2d", by_torch_grad),
    "convlab's deformable convolution": ("deform_conv_at", at_one_position),
    "convlab's transposed convolution": ("conv_transpose2d", convlab.conv_transpose),
    "convlab's matrix": ("conv_matrix", matrix_of_convlab),
    "grid_sample": ("bilinear_sample", sampled),
    "autograd for the weight": ("conv_grad_weight", weight_gradient),
    "torch.nn.grad for the weight": ("conv_grad_weight", weight_gradient_by_torch),
    "torch.nn.grad for the input": ("conv_grad_input", input_gradient_by_torch),
    "autograd for the bias": ("conv_grad_bias", bias_gradient),
    "autograd in one axis": ("conv1d_grad_weight", weight_gradient_1d),
    "convlab's windows": ("strided_windows", windows_of_convlab),
    "conv2d instead of a product": ("conv_by_matmul", F.conv2d),
    "conv1d instead of an FFT": ("fft_conv1d", F.conv1d),
    "conv2d instead of an FFT": ("fft_conv2d", F.conv2d),
}


@by_exercise
def test_what_may_not_be_called_is_said(exercise: Exercise) -> None:
    words = " ".join(exercise.question.split())
    assert any(no in words for no in ("not allowed", "may not call", "are not.")) == bool(exercise.replaces)


@pytest.mark.parametrize("which", FORBIDDEN)
def test_what_an_exercise_asks_for_is_seen(which: str) -> None:
    name, answer = FORBIDDEN[which]
    case = EXERCISES[name].cases()[0]
    with watched(EXERCISES[name].replaces) as called:
        answer(*case.args, **case.kwargs)
    assert called


def test_a_transposed_convolution_may_use_an_ordinary_one() -> None:
    with watched(EXERCISES["conv_transpose2d"].replaces) as called:
        F.conv2d(torch.zeros(1, 1, 3, 3), torch.zeros(1, 1, 2, 2))
    assert called == []


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if exercise.combined])
def test_mistakes_combine(name: str) -> None:
    exercise = EXERCISES[name]
    assert exercise.combined is not None
    truth = outcomes(exercise.solution, exercise.cases())
    assert all_same(outcomes(exercise.combined(frozenset()), exercise.cases()), truth)
    names = [mistake.name for mistake in exercise.mistakes]
    for mistake in exercise.mistakes:
        alone = exercise.combined(frozenset({mistake.name}))
        assert all_same(outcomes(alone, exercise.cases()), outcomes(mistake.wrong, exercise.cases()))
    one, other = names[0], names[-1]
    both = outcomes(exercise.combined(frozenset({one, other})), exercise.cases())
    assert not any(
        all_same(both, outcomes(exercise.combined(frozenset({single})), exercise.cases())) for single in (one, other)
    )
    with pytest.raises(ValueError, match="no such mistakes"):
        exercise.combined(frozenset({"the moon is full"}))


def by_window(spec: ConvSpec, input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """The result for one sample, from the window's hyperparameters alone."""
    options: dict[str, Any] = {"stride": spec.stride, "padding": spec.padding}
    if spec.transposed:
        return convlab.conv_transpose(input, weight, bias, output_padding=spec.output_padding, **options)
    return convlab.conv(input, weight, bias, **options)


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if exercise.window])
def test_the_window_makes_the_sample(name: str) -> None:
    exercise = EXERCISES[name]
    assert exercise.window is not None
    for case in exercise.cases():
        expected = exercise.solution(*case.args, **case.kwargs)
        for sample in range(len(expected)):
            window = exercise.window(case, sample)
            assert window.spec.in_channels == len(window.input)
            got = by_window(window.spec, window.input, window.weight, window.bias)
            assert same(got, expected[sample])


def test_offsets_of_zero_make_an_ordinary_convolution() -> None:
    image, weight = (
        torch.rand(2, 4, 5, generator=torch.Generator().manual_seed(0)),
        torch.arange(24.0).reshape(2, 2, 2, 3),
    )
    for answer in (EXERCISES["deform_conv_at"].solution, EXERCISES["deform_conv_at"].alternative):
        got = torch.stack([answer(image, weight, torch.zeros(12, 3, 3), y, x) for y in range(3) for x in range(3)])
        torch.testing.assert_close(got.T.reshape(2, 3, 3), F.conv2d(image, weight))


def test_a_planted_wrong_expectation_is_noticed() -> None:
    """The comparisons of this file can fail: in one value, in the shape, in the dtype."""
    expected = torch.tensor([1.0, 2.0, 3.0])
    assert same(expected.clone(), expected)
    for wrong in (torch.tensor([1.0, 2.0, 3.01]), expected[:2], expected.double(), [1.0, 2.0, 3.0], "error"):
        assert not same(wrong, expected)
