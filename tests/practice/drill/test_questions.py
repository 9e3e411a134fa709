"""Questions of the drills: torch agrees with every answer, and each answer is worked."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
import warnings
from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import nn

from convlab import trace
from convlab.inspection.doctor import diagnosing
from convlab.practice.drill.question import Question
from convlab.practice.drill.reading import Answer
from convlab.practice.drill.topics import HARDEST, TOPICS, ask

EACH = 60
"""Questions of each topic and difficulty."""


def answer_of(question: Question) -> Answer:
    """The right answer, by torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of even kernels with padding='same'
        return _ORACLES[question.topic](question)


def _made(code: str) -> nn.Module:
    module = eval(code, {"nn": nn})
    assert isinstance(module, nn.Module)
    return module


def _shape(question: Question) -> tuple[int, ...]:
    assert question.input_shape is not None
    return question.input_shape


def _out(code: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of the output on real memory; None where torch raises an error."""
    try:
        with torch.no_grad():
            return tuple(_made(code)(torch.zeros(shape)).shape)
    except (RuntimeError, ValueError):
        return None


def _output(question: Question) -> Answer:
    out = _out(question.code, _shape(question))
    if out is None:
        return "error"
    return out if question.form.numbers == len(out) else out[2:]


def _padding(question: Question) -> Answer:
    shape = _shape(question)
    if "'same'" in question.code:
        if _out(question.code, shape) is None:
            return "error"
        return _zeros_before(question.code, tap=0), _zeros_before(question.code, tap=-1)
    wanted = re.search(r"output of \D+([\dx ]+)\?", question.text)
    assert wanted is not None
    sizes = tuple(map(int, wanted[1].split(" x ")))
    found = []
    for axis in range(len(sizes)):  # the others get so much that the kernel fits
        amounts = [tuple(amount if axis == other else 20 for other in range(len(sizes))) for amount in range(10)]
        outs = [_out(question.code.replace("?", str(each)), shape) for each in amounts]
        if not any(outs):
            return "error"
        found.append([out[2 + axis] if out else None for out in outs])
    if any(size not in along for size, along in zip(sizes, found, strict=True)):
        return "none"
    return tuple(along.index(size) for size, along in zip(sizes, found, strict=True))


def _zeros_before(code: str, *, tap: int) -> int:
    """How many zeros the first tap meets before the input begins, or the last one after it ends."""
    layer = _made(code)
    assert isinstance(layer, nn.Conv1d)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.weight[0, 0, tap] = 1
        seen = layer(torch.ones(1, layer.in_channels, 64))[0, 0]
    return int((seen if tap == 0 else seen.flip(0)).cumsum(0).eq(0).sum())


def _parameters(question: Question) -> Answer:
    try:
        return (sum(parameter.numel() for parameter in _made(question.code).parameters()),)
    except ValueError:
        return "error"


def _macs(question: Question) -> Answer:
    shape = _shape(question)
    if _out(question.code, shape) is None:
        return "error"
    return (trace(_made(question.code), shape).num_macs,)


def _receptive_field(question: Question) -> Answer:
    """From the gradient of the first output; averages in the place of maxima let each tap through."""
    shape = _shape(question)
    if _out(question.code, shape) is None:
        return "error"
    model = _made(question.code.replace("MaxPool", "AvgPool")).double()
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    x = torch.ones(shape, dtype=torch.float64, requires_grad=True)
    model(x)[(0, 0) + (0,) * (len(shape) - 2)].backward()
    assert x.grad is not None
    seen = x.grad[0].nonzero().max(0).values[1:] + 1
    return tuple(seen.tolist())


def _error_layer(question: Question) -> Answer:
    x = torch.zeros(_shape(question))
    model = _made(question.code)
    assert isinstance(model, nn.Sequential)
    with torch.no_grad():
        for place, layer in enumerate(model):
            try:
                x = layer(x)
            except (RuntimeError, ValueError):
                return (place,)
    return "none"


_ORACLES: dict[str, Callable[[Question], Answer]] = {
    "output_shape": _output,
    "transposed_output_shape": _output,
    "padding": _padding,
    "parameters": _parameters,
    "macs": _macs,
    "receptive_field": _receptive_field,
    "error_layer": _error_layer,
}


def wrong_lines(worked: str) -> list[str]:
    """The lines of a worked answer of which the two sides of an equation differ."""
    wrong = []
    for line in filter(lambda line: line.startswith("    "), worked.splitlines()):
        for part in re.split(r"[;:]", line):
            expression = r"(?:floor|[\d\s+*/()-])+"
            plain = re.sub(r"\b(?!floor)[A-Za-z_]+\b", "", part)
            sides = [side for side in plain.split("=") if re.fullmatch(expression, side) and re.search(r"\d", side)]
            values = [eval(side.replace("floor", "int").strip()) for side in sides]
            wrong += [line for one, two in itertools.pairwise(values) if one != two]
    return wrong


def questions(topic: str) -> list[Question]:
    """Three hundred questions, of all difficulties."""
    rng = random.Random(f"drill {topic}")
    return [ask(topic, difficulty, rng) for difficulty in range(1, HARDEST + 1) for _ in range(EACH)]


@pytest.fixture(scope="module", params=TOPICS)
def drawn(request: pytest.FixtureRequest) -> list[Question]:
    return questions(str(request.param))


def test_torch_gives_the_same_answer(drawn: list[Question]) -> None:
    assert [(q.code, q.input_shape, q.answer, answer_of(q)) for q in drawn if q.answer != answer_of(q)] == []


def test_a_planted_answer_is_seen(drawn: list[Question]) -> None:
    number = next(question for question in drawn if not isinstance(question.answer, str))
    planted = dataclasses.replace(number, answer=tuple(each + 1 for each in number.answer if isinstance(each, int)))
    assert answer_of(planted) != planted.answer
    word = next(question for question in drawn if isinstance(question.answer, str))
    assert answer_of(dataclasses.replace(word, answer=(1,))) == word.answer


def test_the_formula_of_each_answer_holds_and_ends_in_it(drawn: list[Question]) -> None:
    assert [question.worked for question in drawn if wrong_lines(question.worked)] == []
    assert wrong_lines("    L_out = floor((5 + 2*0 - 1*(3-1) - 1) / 1) + 1 = 4") != []
    assert wrong_lines("    3 + 1*(3-1)*1 = 5; jump 1*2 = 3") != []
    for question in drawn:
        if not isinstance(question.answer, str) and question.topic not in ("error_layer", "padding"):
            last = question.form.show(question.answer).split(" x ")[-1]
            assert f"= {last}" in question.worked or last in question.worked or question.topic == "receptive_field"


def test_where_torch_raises_an_error_the_rule_is_told(drawn: list[Question]) -> None:
    invalid = [question for question in drawn if question.answer == "error"]
    assert all(question.worked.startswith("Torch raises an error: ") for question in invalid)
    if drawn[0].topic != "error_layer":
        assert len(drawn) / 12 < len(invalid) < len(drawn) / 4  # one in six
        assert {question.difficulty for question in invalid} == set(range(1, HARDEST + 1))


def test_the_right_answer_is_read_and_passes(drawn: list[Question]) -> None:
    for question in drawn:
        assert question.check(question.form.show(question.answer)).passed is True


def test_a_common_mistake_never_gives_the_right_answer(drawn: list[Question]) -> None:
    found = [slip for question in drawn for slip in question.slips if slip.answer == question.answer]
    assert found == []
    for question in drawn:
        for slip in question.slips:
            assert question.check(question.form.show(slip.answer)).passed is False


def test_each_common_mistake_is_named_somewhere(drawn: list[Question]) -> None:
    clauses = Counter(slip.clause for question in drawn for slip in question.slips)
    named = {
        clause
        for question in drawn
        for slip in question.slips
        for clause in clauses
        if clause in question.why(slip.answer)
    }
    assert set(clauses) == named
    assert len(clauses) >= 2


def test_the_question_shows_its_code_and_the_input(drawn: list[Question]) -> None:
    for question in drawn:
        assert all(f"    {line}" in question.text for line in question.code.splitlines())
        assert question.input_shape is None or str(question.input_shape) in question.text
        assert question.html.count("<pre") == 1


def test_the_first_questions_have_small_numbers(drawn: list[Question]) -> None:
    for question in (question for question in drawn if question.difficulty == 1):
        assert isinstance(question.answer, str) or max(question.answer) <= 400
        assert max(question.input_shape or (1,)) <= 24


@pytest.mark.parametrize("topic", TOPICS)
def test_a_seed_gives_the_same_question_again(topic: str) -> None:
    assert ask(topic, 3, random.Random(4)) == ask(topic, 3, random.Random(4))
    assert len({ask(topic, 3, random.Random(seed)).text for seed in range(4)}) > 2


def test_the_doctor_explains_the_layer_that_raises() -> None:
    rng = random.Random(5)
    drawn = [ask("error_layer", difficulty, rng) for difficulty in range(1, HARDEST + 1) for _ in range(3)]
    stopped = [question for question in drawn if question.answer != "none"]
    assert len(stopped) >= 8
    for question in stopped:
        (place,) = map(str, question.answer)
        assert f"Layer {place} raises the error. `{place}` (" in question.worked


def test_a_question_is_drawn_without_a_trial_of_fixes(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(diagnosing, "cures", tried.append)
    rng = random.Random(5)
    drawn = [ask("error_layer", difficulty, rng) for difficulty in range(1, HARDEST + 1) for _ in range(3)]
    assert {type(question.answer) for question in drawn} == {tuple, str}
    assert tried == []  # each trial runs a model, while the reader waits for the question


@pytest.mark.parametrize(
    ("topic", "difficulty", "words"),
    [
        pytest.param("pooling", 1, "topic must be one of output_shape, .* but topic='pooling'", id="no such topic"),
        pytest.param("macs", 6, "difficulty must be from 1 to 5, but difficulty=6", id="too hard"),
        pytest.param("macs", 0, "difficulty must be from 1 to 5, but difficulty=0", id="too easy"),
    ],
)
def test_what_cannot_be_asked_is_refused(topic: str, difficulty: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ask(topic, difficulty, random.Random(1))
