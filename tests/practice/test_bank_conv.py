"""The exercises on convolution of tensors: right and wrong as they claim, and every two mistakes told apart."""

import copy
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from answering import all_same, outcome, outcomes, same

import convlab
import convlab.nn
from convlab.arithmetic.sizes import output_size
from convlab.practice._bank import (
    averages,
    clips,
    conv1d,
    conv2d,
    conv3d,
    depthwise,
    dilated,
    grouped,
    holes,
    im2col,
    shuffle,
    sliding,
    smoothing,
    templates,
)
from convlab.practice._bank._switches import FAULTS, faulty_conv
from convlab.practice.exercise import Case, Exercise
from convlab.practice.watching import watched

MODULES = (
    sliding,
    smoothing,
    templates,
    averages,
    conv1d,
    conv2d,
    im2col,
    conv3d,
    clips,
    grouped,
    depthwise,
    shuffle,
    dilated,
    holes,
)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for module in MODULES for exercise in module.EXERCISES}

AT_LEAST = {"conv1d": 20, "conv2d": 20, "conv3d": 20, "grouped_conv2d": 20, "dilated_conv2d": 20}
"""Mistakes in the bank; 10 of the others."""

SIGNATURES = {
    "conv1d": "(input, weight, bias=None, stride=1, padding=0)",
    "conv2d": "(input, weight, bias=None, stride=1, padding=0)",
    "conv3d": "(input, weight, bias=None, stride=1, padding=0)",
    "grouped_conv2d": "(input, weight, bias=None, groups=1)",
    "dilated_conv2d": "(input, weight, bias=None, dilation=1)",
}

by_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# The second road to every answer: torch.


def correlated(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def largest(image: torch.Tensor, template: torch.Tensor) -> tuple[int, ...]:
    response = correlated(image, template)
    return tuple((response == response.max()).nonzero()[0].tolist())


def pooled(image: torch.Tensor, size: int) -> torch.Tensor:
    return F.avg_pool2d(image[None], size, stride=1, padding=size // 2)[0]


def causal(input: torch.Tensor, weight: torch.Tensor, dilation: int = 1) -> torch.Tensor:
    layer = convlab.nn.CausalConv1d(weight.shape[1], weight.shape[0], weight.shape[2], dilation=dilation, bias=False)
    layer.weight = torch.nn.Parameter(weight)
    found: torch.Tensor = layer(input)
    return found.detach()


def spread(weight: torch.Tensor, dilation: int) -> torch.Tensor:
    flat = weight.flatten(0, 1)[:, None]
    dot = torch.ones(1, 1, 1, 1, dtype=weight.dtype)
    found: torch.Tensor = F.conv_transpose2d(flat, dot, stride=dilation).unflatten(0, weight.shape[:2])
    return found[:, :, 0]


ORACLES: dict[str, Callable[..., Any]] = {
    "cross_correlate": correlated,
    "convolve2d": lambda image, kernel: correlated(image, kernel.flip(0, 1)),
    "best_match": largest,
    "blur": pooled,
    "moving_average": lambda signal, window: F.avg_pool1d(signal[None], window, stride=1)[0],
    "conv1d": F.conv1d,
    "causal_conv1d": causal,
    "conv2d": F.conv2d,
    "one_by_one": F.conv2d,
    "im2col": lambda input, kernel_size, stride=1, padding=0: F.unfold(input, kernel_size, 1, padding, stride),
    "conv3d": F.conv3d,
    "clip_to_input": lambda clip: clip.movedim(-1, 0)[None],
    "frame_difference": lambda input: input.diff(dim=2),
    "grouped_conv2d": lambda input, weight, bias=None, groups=1: F.conv2d(input, weight, bias, groups=groups),
    "depthwise_conv2d": lambda input, weight, bias=None: F.conv2d(input, weight, bias, groups=input.shape[1]),
    "channel_shuffle": F.channel_shuffle,
    "dilated_conv2d": lambda input, weight, bias=None, dilation=1: F.conv2d(input, weight, bias, dilation=dilation),
    "spread_kernel": spread,
}


def test_every_exercise_has_an_oracle() -> None:
    assert set(ORACLES) == set(EXERCISES)


@by_exercise
def test_both_solutions_agree_with_torch(exercise: Exercise) -> None:
    for case in exercise.cases():
        expected = ORACLES[exercise.name](*case.args, **case.kwargs)
        for answer in (exercise.solution, exercise.alternative):
            got = outcome(answer, case)
            assert same(got, expected), f"{answer.__name__} in the case {case.id!r}: {got} instead of {expected}"


@by_exercise
def test_every_mistake_is_wrong_and_told_apart_from_every_other(exercise: Exercise) -> None:
    cases = exercise.cases()
    made = {"no mistake": outcomes(exercise.solution, cases)}
    made |= {mistake.name: outcomes(mistake.wrong, cases) for mistake in exercise.mistakes}
    assert len(made) == len(exercise.mistakes) + 1
    alike = [pair for pair in itertools.combinations(made, 2) if all_same(made[pair[0]], made[pair[1]])]
    assert alike == []


@by_exercise
def test_no_mistake_only_raises(exercise: Exercise) -> None:
    cases = exercise.cases()
    silent = [m.name for m in exercise.mistakes if all(isinstance(o, str) for o in outcomes(m.wrong, cases))]
    assert silent == []


@by_exercise
def test_traits_tell_cases_apart(exercise: Exercise) -> None:
    """Else "wrong where ..." could name the wrong one of two."""
    cases = exercise.cases()
    holding: dict[frozenset[str], set[str]] = {}
    for trait in frozenset[str]().union(*(case.traits for case in cases)):
        holding.setdefault(frozenset(case.id for case in cases if trait in case.traits), set()).add(trait)
    assert [traits for traits in holding.values() if len(traits) > 1] == []
    assert all(len(ids) < len(cases) for ids in holding), "a trait of all cases tells nothing"


@by_exercise
def test_cases_cover_what_learners_forget(exercise: Exercise) -> None:
    """Both dtypes, memory in another order, and sides that differ; each where it can be."""
    cases = exercise.cases()
    tensors = [part for case in cases for part in case.args if isinstance(part, torch.Tensor)]
    assert {torch.float32, torch.float64} <= {tensor.dtype for tensor in tensors}
    assert any("differ" in trait for case in cases for trait in case.traits) or tensors[0].ndim not in (2, 4, 5)
    if exercise.name != "spread_kernel":  # a weight is contiguous
        assert not all(tensor.is_contiguous() for tensor in tensors)


@by_exercise
def test_cases_have_their_own_names_and_start_with_a_small_one(exercise: Exercise) -> None:
    def size(case: Case) -> int:
        return sum(part.numel() for part in case.args if isinstance(part, torch.Tensor))

    cases = exercise.cases()
    assert len({case.id for case in cases}) == len(cases) >= 6
    assert size(cases[0]) < 100
    assert size(cases[-1]) >= size(cases[0])


@by_exercise
def test_words_are_complete(exercise: Exercise) -> None:
    assert len(exercise.mistakes) >= AT_LEAST.get(exercise.name, 10)
    words = [exercise.question, *exercise.hints, *(mistake.sentence for mistake in exercise.mistakes)]
    assert [text for text in words if not text.rstrip("`\n ").endswith((".", "?", ")", "]", "1"))] == []
    assert [text for text in words if "!" in text] == []
    assert f"`{exercise.signature}" in exercise.question.replace("\n", " ")
    assert 2 <= len([line for line in exercise.question.splitlines() if line]) <= 6


@by_exercise
def test_solutions_stand_alone(exercise: Exercise) -> None:
    """A learner who pastes one into a notebook needs torch and nothing else."""
    cases = exercise.cases()
    for answer in (exercise.solution, exercise.alternative):
        names: dict[str, Any] = {"torch": torch}
        exec(textwrap.dedent(inspect.getsource(answer)), names)
        assert all_same(outcomes(names[answer.__name__], cases), outcomes(exercise.solution, cases))
        assert inspect.signature(answer) == inspect.signature(exercise.solution)
    assert exercise.solution.__name__ == exercise.name != exercise.alternative.__name__


@pytest.mark.parametrize("name", SIGNATURES)
def test_core_exercises_have_their_signature(name: str) -> None:
    assert EXERCISES[name].signature == name + SIGNATURES[name]


@by_exercise
def test_solutions_leave_arguments_alone_and_call_nothing_forbidden(exercise: Exercise) -> None:
    for answer, case in itertools.product((exercise.solution, exercise.alternative), exercise.cases()):
        args = copy.deepcopy(case.args)
        with watched(exercise.replaces) as called:
            answer(*args, **case.kwargs)
        assert called == []
        assert all(itertools.starmap(same, zip(args, case.args, strict=True)))


def of_convlab(input: torch.Tensor, weight: torch.Tensor, bias: Any = None, **options: Any) -> torch.Tensor:
    return convlab.conv(input, weight, bias, **options, method="reference")


def as_layer(input: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    layer = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 1)
    return layer.to(weight.dtype)(input)  # type: ignore[no-any-return]


FORBIDDEN: dict[str, tuple[str, Callable[..., Any]]] = {
    "torch's conv2d": ("conv2d", F.conv2d),
    "torch's conv1d": ("conv1d", F.conv1d),
    "torch's conv3d": ("conv3d", F.conv3d),
    "a layer": ("one_by_one", as_layer),
    "torch's groups": ("grouped_conv2d", ORACLES["grouped_conv2d"]),
    "torch's groups, depthwise": ("depthwise_conv2d", ORACLES["depthwise_conv2d"]),
    "torch's dilation": ("dilated_conv2d", ORACLES["dilated_conv2d"]),
    "the reference of convlab": ("conv2d", of_convlab),
    "unfold of functional": ("im2col", ORACLES["im2col"]),
    "torch's shuffle": ("channel_shuffle", F.channel_shuffle),
    "pooling in one axis": ("moving_average", ORACLES["moving_average"]),
    "pooling in two axes": ("blur", pooled),
    "a convolution of one picture": ("cross_correlate", correlated),
}


@by_exercise
def test_what_may_not_be_called_is_said(exercise: Exercise) -> None:
    question = " ".join(exercise.question.split())
    assert ("Do not call" in question) == bool(exercise.replaces)
    if "convolution" in exercise.replaces:
        assert "torch's convolution" in question


@pytest.mark.parametrize("which", FORBIDDEN)
def test_what_an_exercise_asks_for_is_seen(which: str) -> None:
    name, answer = FORBIDDEN[which]
    case = EXERCISES[name].cases()[0]
    with watched(EXERCISES[name].replaces) as called:
        answer(*case.args, **case.kwargs)
    assert called


WITH_WINDOWS = {name: exercise for name, exercise in EXERCISES.items() if exercise.window}


@pytest.mark.parametrize("name", WITH_WINDOWS)
def test_the_window_is_the_convolution_behind_a_case(name: str) -> None:
    exercise = EXERCISES[name]
    assert exercise.window is not None
    for case in exercise.cases():
        expected = exercise.solution(*case.args, **case.kwargs)
        if name == "best_match":
            expected = correlated(*case.args)
        batch = expected if expected.ndim > 2 else expected.reshape(1, 1, *expected.shape)
        for number, sample in enumerate(batch):
            window = exercise.window(case, number)
            options = {key: getattr(window.spec, key) for key in ("stride", "padding", "dilation", "groups")}
            assert same(convlab.conv(window.input, window.weight, window.bias, **options), sample)
            assert output_size(window.spec, window.input.shape[1:]) == sample.shape[1:]
            assert window.spec.bias == (window.bias is not None)


COMBINED = {
    "flipped, and the bias forgotten": ("conv2d", "the kernel is flipped", "the bias is forgotten"),
    "two of the padding": ("conv1d", "the padding is put twice", "the padding repeats the border"),
    "stride and channels": ("conv3d", "the stride is ignored", "the input channels are averaged"),
    "groups and bias": ("grouped_conv2d", "the groups are in reverse order", "the bias is subtracted"),
    "dilation and result": ("dilated_conv2d", "the dilation is ignored", "the channels come last"),
    "one picture": ("cross_correlate", "the kernel is flipped", "the absolute value is taken"),
}


@pytest.mark.parametrize("which", COMBINED)
def test_mistakes_can_be_combined(which: str) -> None:
    name, *pair = COMBINED[which]
    exercise = EXERCISES[name]
    cases = exercise.cases()
    assert exercise.combined is not None
    both = outcomes(exercise.combined(frozenset(pair)), cases)
    for single in (exercise.solution, *(mistake.wrong for mistake in exercise.mistakes)):
        assert not all_same(both, outcomes(single, cases))
    assert all_same(outcomes(exercise.combined(frozenset()), cases), outcomes(exercise.solution, cases))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_without_faults_the_switches_are_a_convolution(ndim: int) -> None:
    generator = torch.Generator().manual_seed(ndim)
    input = torch.randn(2, 4, *(7, 8, 6)[:ndim], generator=generator, dtype=torch.float64)
    weight = torch.randn(6, 2, *(3, 2, 1)[:ndim], generator=generator, dtype=torch.float64)
    bias = torch.randn(6, generator=generator, dtype=torch.float64)
    options: dict[str, Any] = {
        "stride": (2, 1, 3)[:ndim],
        "padding": (1, 0, 2)[:ndim],
        "dilation": (2, 3, 1)[:ndim],
        "groups": 2,
    }
    expected = convlab.conv(input, weight, bias, **options)
    torch.testing.assert_close(faulty_conv(ndim, frozenset())(input, weight, bias, **options), expected)


def test_every_fault_stands_in_an_exercise() -> None:
    used = {mistake.name for exercise in EXERCISES.values() for mistake in exercise.mistakes}
    assert set(FAULTS) <= used


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("there is no fault 'the kernel is lost'")):
        faulty_conv(2, frozenset({"the kernel is lost"}))
