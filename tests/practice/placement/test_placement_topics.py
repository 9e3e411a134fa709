"""The questions of the placement drill: torch agrees with every answer, and each answer stands in a section."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from course_text import prose
from torch import nn

import convlab
import convlab.nn
from convlab.practice.course import COURSE
from convlab.practice.drill.question import Question
from convlab.practice.drill.reading import Answer
from convlab.practice.placement import TOPICS, shapes, values

EACH = 25
NAMES = {"F": F, "convlab": convlab, "nn": nn, "torch": torch}
ASKED = [(number, which) for number in TOPICS for which in (0, 1)]


def run(question: Question, x: torch.Tensor | None = None) -> torch.Tensor:
    """The output of the code of a question, for an input of its shape."""
    found = eval(question.code, {**NAMES, "x": x})
    return found(x) if isinstance(found, nn.Module) else found  # type: ignore[no-any-return]


def zeros(question: Question) -> torch.Tensor:
    assert question.input_shape is not None
    return torch.zeros(question.input_shape)


def filled_in(question: Question, accepts: Callable[[torch.Tensor], bool]) -> Answer:
    """The only number for which the code with a question mark runs, and gives such an output."""
    candidates = {question.answer, *(slip.answer for slip in question.slips), (2,), (7,)}
    fine = []
    for candidate in candidates:
        code = question.code.replace("?", str(candidate[0]))
        try:
            output = run(dataclasses.replace(question, code=code), zeros(question))
        except RuntimeError:
            continue
        if accepts(output):
            fine.append(candidate)
    (only,) = fine
    return only


def causal(question: Question) -> Answer:
    """The number of zeros in front with which a change of element 10 changes nothing before output 10."""
    layer, fine = eval(question.code, NAMES), []
    for zeros_in_front in range(30):
        x = torch.rand(1, 1, 20)
        later = x.clone()
        later[..., 10] += 1
        before, after = (layer(F.pad(each, (zeros_in_front, 0))) for each in (x, later))
        if before.shape == x.shape and (before != after).flatten().nonzero()[0] == 10:
            fine.append((zeros_in_front,))
    (only,) = fine
    return only


def gradient_of(question: Question, wanted: str) -> Answer:
    x = zeros(question).requires_grad_()
    if wanted == "bias":
        layer = eval(question.code, NAMES)
        layer(x).sum().backward()
        return (int(layer.bias.grad[0]),)
    run(question, x).sum().backward()
    assert x.grad is not None
    return (int(x.grad[0, 0, 3]),)


def without_wrapping(question: Question) -> Answer:
    """The shortest length at which the FFT gives all products."""
    length, kernel = (torch.rand(size, dtype=torch.float64) for size in zeros(question).shape)
    whole = F.conv1d(length[None, None], kernel.flip(0)[None, None], padding=len(kernel) - 1).flatten()

    def agrees(size: int) -> bool:
        product = torch.fft.irfft(torch.fft.rfft(length, size) * torch.fft.rfft(kernel, size), size)
        return torch.allclose(F.pad(product, (0, max(0, len(whole) - size)))[: len(whole)], whole)

    return (next(size for size in range(len(length), 2 * len(whole)) if agrees(size)),)


def weight_of(question: Question) -> Answer:
    return tuple(eval(question.code, NAMES).weight.shape)


def offsets_of(question: Question) -> Answer:
    """What a deformable convolution accepts."""
    ndim = 2 if "2d" in question.code else 3
    x, weight, fine = torch.rand(1, 1, *(5,) * ndim), torch.rand(1, 1, *(3,) * ndim), []
    for answer in {question.answer, *(slip.answer for slip in question.slips)}:
        try:
            convlab.deform_conv(x, torch.zeros(1, int(answer[0]), *(3,) * ndim), weight)
        except ValueError:
            continue
        fine.append(answer)
    (only,) = fine
    return only


ORACLES: dict[Callable[[random.Random], Question], Callable[[Question], Answer]] = {
    values.window_value: lambda question: (int(run(question).flatten()[0]),),
    shapes.electrodes: lambda question: filled_in(question, lambda output: True),
    shapes.causal_padding: causal,
    shapes.weight_shape: weight_of,
    shapes.unbatched: lambda question: tuple(run(question, zeros(question)).shape),
    shapes.clip_layout: lambda question: filled_in_shape(question),
    shapes.flattened: lambda question: filled_in(question, lambda output: True),
    shapes.depthwise_weight_shape: weight_of,
    shapes.kept_size: lambda question: filled_in(question, lambda output: output.shape == zeros(question).shape),
    shapes.transposed_weight_shape: weight_of,
    values.offset_channels: offsets_of,
    values.between_elements: lambda question: (int(run(question)),),
    values.input_gradient: lambda question: gradient_of(question, "input"),
    values.bias_gradient: lambda question: gradient_of(question, "bias"),
    values.transform_length: without_wrapping,
    values.columns: lambda question: tuple(run(question, zeros(question)).shape[1:]),
}


def filled_in_shape(question: Question) -> Answer:
    """The only shape that the layer takes; of the two that differ in height and width alone, the one in this order."""
    fine = []
    for answer in (question.answer, *(slip.answer for slip in question.slips)):
        assert not isinstance(answer, str)
        try:
            run(question, torch.zeros(answer))
        except RuntimeError:
            continue
        fine.append(answer)
    return next(answer for answer in fine if answer[-2:] == (48, 64))


@pytest.mark.parametrize(("number", "which"), ASKED)
def test_the_section_is_in_the_notebook(number: str, which: int) -> None:
    assert f"\n## {TOPICS[number][which].section}\n" in f"\n{prose(COURSE[number].stem)}\n"


def test_every_notebook_but_the_capstone_is_asked_about_by_two_questions_of_two_sections() -> None:
    assert list(TOPICS) == list(COURSE)[:-1]
    assert all(one.section != other.section for one, other in TOPICS.values())


@pytest.mark.parametrize("ask", [pytest.param(ask, id=ask.__name__) for ask in ORACLES])
def test_torch_agrees(ask: Callable[[random.Random], Question]) -> None:
    for seed in range(EACH):
        question = ask(random.Random(seed))
        assert ORACLES[ask](question) == question.answer, question


def test_every_question_of_its_own_has_an_oracle() -> None:
    own = {topic.ask for pair in TOPICS.values() for topic in pair if topic.ask.__name__ != "drawn"}
    assert own == set(ORACLES)


@pytest.mark.parametrize(("number", "which"), ASKED)
def test_the_right_answer_is_right_and_each_mistake_is_named(number: str, which: int) -> None:
    for seed in range(EACH):
        question = TOPICS[number][which].ask(random.Random(seed))
        assert question.check(question.form.show(question.answer)).passed is True
        assert question.worked
        assert all(slip.answer != question.answer for slip in question.slips)
        if question.topic == shapes.TOPIC:
            assert len({slip.answer for slip in question.slips}) == len(question.slips), question  # each has one name
            for slip in question.slips:
                reply = question.check(question.form.show(slip.answer))
                assert reply.passed is False
                assert f" is what comes out where {slip.clause}." in reply.text


def test_the_questions_of_drills_have_what_they_are_asked_for() -> None:
    for seed, (number, word) in itertools.product(range(EACH), (("06", "groups="), ("07", "dilation="))):
        question = TOPICS[number][0].ask(random.Random(seed))
        assert word in question.code
        assert question.answer != "error"
        assert "MaxPool" not in question.code
