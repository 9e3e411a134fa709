"""A wrong answer is refused and its mistake is named; a right one is accepted, however it is written."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from wrong_answers import RIGHT, WRONG, Handed

from convlab.practice.catalogue import find
from convlab.practice.exercise import Case, Design, Exercise, Mistake
from convlab.practice.judging import judge
from convlab.practice.verdict import Verdict

UNNAMED = ["conv_matrix: kernel transposed"]
"""Wrong answers to the core exercises whose mistake has no name yet."""


@functools.cache
def judged(handed: Handed) -> Verdict:
    """The verdict on an answer; several tests look at it."""
    return judge(find(handed.exercise), handed.answer, seconds=60, seconds_per_case=30)


@pytest.mark.parametrize("handed", RIGHT, ids=str)
def test_right_answers_pass_in_any_style(handed: Handed) -> None:
    verdict = judge(find(handed.exercise), handed.answer, seconds=60, seconds_per_case=30)
    assert verdict.passed, verdict.message
    assert verdict.mistake is None


@pytest.mark.parametrize("handed", [handed for handed in WRONG if handed.id != "never ends"], ids=str)
def test_wrong_answers_are_refused_and_named(handed: Handed) -> None:
    verdict = judged(handed)
    assert not verdict.passed
    assert not verdict.is_blank
    assert f'practice.hint("{handed.exercise}")' in verdict.message
    assert (verdict.mistake is None) == (str(handed) in UNNAMED)


def test_almost_every_mistake_is_named() -> None:
    assert len(UNNAMED) <= 0.02 * len(WRONG)


@pytest.mark.parametrize(
    ("exercise", "id", "mistake"),
    [
        ("conv1d", "flipped in a loop", "the kernel is flipped"),
        ("conv1d", "bias forgotten and kernel flipped", "the kernel is flipped; and the bias is forgotten"),
        ("conv1d", "torch's own", "calls torch's own function"),
        ("conv1d", "torch's own, as a layer", "calls torch's own function"),
        ("conv1d", "an array of NumPy", "returns a NumPy array"),
        ("conv1d", "changes the weight", "changes its input"),
        ("conv1d", "without a batch axis", "forgets the batch"),
        ("conv2d", "ints only", "raises TypeError where there is padding and an argument is a tuple"),
        ("conv2d", "view on any input", "raises RuntimeError where the input is not contiguous"),
        ("conv2d", "always valid and stride one", "the stride is ignored; and the padding is ignored"),
        ("conv2d", "a generator", "returns a generator"),
        ("conv_output_size", "printed", "prints instead of returning"),
        ("conv_output_size", "stride and padding swapped", "parameters in another order"),
        ("conv_output_size", "a number of NumPy", "returns a number of NumPy"),
        ("conv_output_size", "two parameters only", "other parameters"),
        ("receptive_field", "empties the list", "changes its input"),
        ("same_padding", "a list", "returns a list"),
        ("conv_output_size", "the last window that just fits is not counted", None),
        ("same_padding", "halved by round()", "round() on the left"),
        ("conv1d", "reshaped where axes must move", "the result is reshaped, its channels not moved"),
        ("conv2d", "view on samples and channels", "raises RuntimeError where the input is not contiguous"),
        (
            "conv2d",
            "stride of the rows for both axes, bias of the first channel only",
            "the stride's first number is used for every axis; and only the first output channel gets its bias",
        ),
        ("conv3d", "every tap reads the same frame", "the depth tap is not in the index"),
        ("conv3d", "bias along the batch", "the bias runs along the batch"),
        ("grouped_conv2d", "the groups are added up", "the groups are added up, with the first biases"),
        ("grouped_conv2d", "groups are not used", "raises RuntimeError where there are several groups"),
        ("grouped_conv2d", "the bias of the first group for each", "every group uses the first biases"),
        ("dilated_conv2d", "dilation changes only the size", "the dilation only changes the size"),
        ("dilated_conv2d", "dilation zeros between the taps", "the dilation is one too large, unless it is 1"),
        ("dilated_conv2d", "dilation in the rows only", "the dilation is not used on the last axis"),
        (
            "dilated_conv2d",
            "dilation not in the index of the columns",
            "the dilation is not in the index of the last axis",
        ),
        ("dilated_conv2d", "bias with every tap", "the bias is added once per tap"),
        ("separable_params", "an ordinary convolution with its bias", "an ordinary convolution"),
        ("separable_params", "the depthwise layer alone", "no pointwise layer"),
        ("separable_params", "the layers multiplied, with bias", "the layers are multiplied, each with its bias"),
        ("separable_params", "counts the tensors", "the parameter tensors are counted"),
        ("receptive_field", "the elements of a square", None),
        ("conv_matrix", "rows numbered with W", "the output has rows of length W"),
        ("conv_matrix", "windows that leave the picture", None),
        ("conv_matrix", "H for W", "H is used for both sides"),
        ("conv_matrix", "the size is read as (W, H)", "H and W swapped"),
        ("conv_transpose2d", "autograd of torch's convolution", "calls torch's own function"),
        ("conv_transpose2d", "elements repeated, then correlated", "elements repeated in the gaps"),
        ("conv_transpose2d", "only the first sample is filled", "the other samples stay zero"),
        ("first_layer_that_fails", "the last layer that runs", None),
        (
            "depthwise_conv2d",
            "one filter per channel",
            "raises RuntimeError where there are several channels and there are several filters for a channel",
        ),
        ("overlap_counts", "the same count everywhere", "the same count everywhere, at least 1"),
        ("bilinear_sample", "int() for floor()", "int() instead of floor(), with absolute distances"),
    ],
)
def test_names_say_what_the_mistake_is(exercise: str, id: str, mistake: str | None) -> None:
    """None: the words of the one who handed it in."""
    (handed,) = [handed for handed in WRONG if (handed.exercise, handed.id) == (exercise, id)]
    assert judged(handed).mistake == (mistake or id)


@pytest.mark.parametrize(
    ("exercise", "id", "words"),
    [
        ("grouped_conv2d", "a list of the groups", "torch.cat(result, dim=...)"),
        ("overlap_counts", "counts as floats", "dtype=torch.int64"),
        ("separable_params", "the ratio of the costs", "An int is wanted, and in some cases another number."),
        ("conv_output_size", "true division", "divide with //"),
        ("receptive_field", "empties the list", "take a copy first, with list(...)"),
        ("conv1d", "changes the weight", "take a copy first, with .clone()"),
        ("conv1d", "a list", "torch.tensor(result, dtype=...)"),
        (
            "grouped_conv2d",
            "one channel in each group",
            "in some cases; in each of them there are several input channels.",
        ),
        ("conv_transpose2d", "autograd of torch's convolution", "gradient of a convolution (convolution_backward)"),
        ("depthwise_conv2d", "one filter per channel", "for a channel, in the cases that were checked."),
        ("grouped_conv2d", "groups are not used", "raises RuntimeError exactly where there are several groups."),
        ("dot", "an item", "A tensor is wanted: leave out .item()"),
        ("dot", "the cosine", "the right one times a number: look at what you multiply and divide by"),
        ("batch_shape", "a list", "write round brackets for the square ones"),
        ("blur", "twice the mean", "the right one times a number: look at what you multiply and divide by"),
        ("clip_to_input", "divided by 255", "nothing is computed here"),
        ("output_padding_for", "a remainder of the stride", "output_padding may be"),
        ("conv_transpose_output_size", "convlab's layer", "convlab.output_size (seen while it ran)"),
        ("first_layer_that_fails", "no pool fails", "A pool fails, too"),
        ("first_layer_that_fails", "no kernel of a convolution is too large", "A convolution fails, too"),
        ("moving_average", "torch's pooling", "torch's own pooling (seen while it ran)"),
        ("im2col", "an identity as the weight", "torch's own convolution"),
    ],
)
def test_advice_fits_what_was_handed_in(exercise: str, id: str, words: str) -> None:
    (handed,) = [handed for handed in WRONG if (handed.exercise, handed.id) == (exercise, id)]
    assert words in judged(handed).message


# --------------------------------------------------------------------------------- an exercise made for these tests


def scaled(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    """The solution: each sample times a number, plus one number per channel."""
    out = input * scale
    return out if bias is None else out + bias[:, None]


def _by_loop(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return torch.stack([scaled(sample, scale, bias) for sample in input])


def _faulty(faults: frozenset[str]) -> Callable[..., Any]:
    def answer(input: Any, scale: Any = 1, bias: Any = None) -> Any:
        bias = None if "no bias" in faults else bias
        return scaled(input, 1 if "no scale" in faults else scale, bias)

    return answer


def _cases() -> tuple[Case, ...]:
    x = torch.arange(1.0, 9.0).reshape(2, 2, 2)
    bias = torch.tensor([1.0, -2.0])
    return (
        Case("plain", (x[:1],)),
        Case("a scale", (x[:1], 3), traits=frozenset({"there is a scale"})),
        Case("a bias", (x[:1],), {"bias": bias}, frozenset({"there is a bias"})),
        Case("two samples", (x,), traits=frozenset({"the batch has more than one sample"})),
        Case("float64", (x[:1].double() / 7, 3), {"bias": bias.double()}, frozenset({"the dtype is float64"})),
        Case("both", (x, 3, bias), traits=frozenset({"there is a scale", "there is a bias"})),
    )


TASK = Exercise(
    "scaled", "01_sliding_window", "scaling", "Scale.", 1, 1, 1, ("a", "b", "c"), scaled, _by_loop, _cases,
    tuple(Mistake(name, f"There is {name}.", _faulty(frozenset({name}))) for name in ("no scale", "no bias")),
    combined=_faulty, replaces=("convolution",),
)  # fmt: skip


def _blank(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    """What the notebook holds."""
    ...


async def _coroutine(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return scaled(input, scale, bias)


def _in_float32(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return scaled(input.float(), scale, None if bias is None else bias.float()).to(input.dtype)


def _by_loop_in_half(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return _by_loop(input, scale, bias).half()


def _rounded(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    out = scaled(input, scale, bias)
    return out * (1 + 1e-6) if out.dtype == torch.float32 else out


def _sparse(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return scaled(input, scale, bias).to_sparse()


def _half_written(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    out = scaled(input, scale, bias)
    out[:, -1, -1] = 0
    return out


def _exits(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    raise SystemExit


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        pytest.param(_faulty(frozenset({"no scale"})), "no scale", id="from the bank"),
        pytest.param(_faulty(frozenset({"no scale", "no bias"})), "no scale; and no bias", id="two from the bank"),
        pytest.param(lambda i, s=1, b=None: -scaled(i, s, b), "negated", id="a form"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b)[:1], "forgets the batch", id="a shorter batch"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b)[..., :-1], "part of the result is missing", id="cut"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b) * 0, "all zeros", id="zeros"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b) / 4, "scaled", id="another factor"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b) * float("nan"), "not a number", id="nan"),
        pytest.param(_half_written, "elements stay zero", id="not all are written"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s + 1, b), "scale counts one too many", id="another argument"),
        pytest.param(
            lambda i, s=1, b=None: scaled(i, s, b) + (len(i) > 1 and b is None) * i,
            "wrong where the batch has more than one sample",
            id="a condition",
        ),
        pytest.param(_in_float32, "computed in float32", id="the last digits"),
        pytest.param(_by_loop_in_half, "returns float16 where float32 is wanted", id="dtype"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b).to("meta"), "another device", id="device"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b).int(), "returns int32 where float32 is wanted", id="ints"),
        pytest.param(_sparse, "returns a sparse tensor", id="sparse"),
        pytest.param(_coroutine, "returns a coroutine", id="async def"),
        pytest.param(_exits, "ends Python", id="exit"),
        pytest.param(lambda *a, **k: None, "returns None", id="None"),
        pytest.param(lambda i, s=1, b=None: [][0], "raises IndexError", id="raises always"),
        pytest.param(lambda: 3, "other parameters", id="no parameters"),
        pytest.param(3, "not a function", id="a number"),
        pytest.param(torch.zeros(3), "not a function", id="a tensor"),
    ],
)  # fmt: skip
def test_mistakes_of_any_exercise_are_named(answer: Any, mistake: str) -> None:
    verdict = judge(TASK, answer, seconds=60, seconds_per_case=30)
    assert not verdict.passed
    assert verdict.mistake == mistake


def _raises_from_the_bank(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return scaled(input, scale, None if bias is None else bias.reshape(3, len(bias) - 2))


def _raises_otherwise(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return scaled(input, scale, bias if bias is None else bias[[7]])


def _also_without_scale(input: Any, scale: Any = 1, bias: Any = None) -> Any:
    return _raises_otherwise(input, 1, bias)


RAISING = dataclasses.replace(
    TASK, combined=None, mistakes=(*TASK.mistakes, Mistake("raises", "It raises.", _raises_from_the_bank))
)


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        pytest.param(_raises_from_the_bank, "raises", id="in the same words"),
        pytest.param(_raises_otherwise, "raises IndexError where there is a bias or the dtype is float64", id="other"),
        pytest.param(_also_without_scale, "raises IndexError", id="one wrong value is too few"),
    ],
)
def test_an_error_alone_names_no_mistake_of_the_bank(answer: Any, mistake: str) -> None:
    assert judge(RAISING, answer).mistake == mistake


def _two_that_raise(faults: frozenset[str]) -> Callable[..., Any]:
    def answer(input: Any, scale: Any = 1, bias: Any = None) -> Any:
        if bias is not None and "raises" in faults:
            raise ValueError("no bias")
        return _faulty(faults)(input, scale, bias)

    return answer


def test_two_mistakes_are_told_by_values_and_not_by_errors() -> None:
    """Without a scale, and it raises for every bias: whether the bias was wrong, too, nobody has seen."""
    mistakes = tuple(Mistake(name, f"{name}.", _two_that_raise(frozenset({name}))) for name in ("no scale", "raises"))
    task = dataclasses.replace(TASK, combined=_two_that_raise, mistakes=mistakes)
    assert judge(task, _two_that_raise(frozenset({"no scale", "raises"}))).mistake == "raises ValueError"


def _returns_none_where_a_convolution_fails(input_shape: Any, layers: Any) -> Any:
    found = find("first_layer_that_fails").solution(input_shape, layers)
    return None if found is not None and layers[found][0] == "conv" else found


NEITHER = "the channels are not checked; and the conv layers are not checked for size"


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        pytest.param(lambda input_shape, layers: None, "returns None", id="always"),
        pytest.param(_returns_none_where_a_convolution_fails, NEITHER, id="in some cases"),
    ],
)
def test_none_is_named_only_where_it_is_no_answer(answer: Any, mistake: str) -> None:
    assert judge(find("first_layer_that_fails"), answer).mistake == mistake


def _right_rows(rows: int) -> Callable[..., Any]:
    def answer(weight: Any, input_size: Any) -> Any:
        matrix = find("conv_matrix").solution(weight, input_size)
        matrix[rows:] = matrix[rows:] + 1
        return matrix

    return answer


def test_a_matrix_has_no_samples() -> None:
    verdict = judge(find("conv_matrix"), _right_rows(1))
    assert not verdict.passed
    assert "sample" not in f"{verdict.mistake} {verdict.message}"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(scaled, id="the solution"),
        pytest.param(_by_loop, id="another style"),
        pytest.param(lambda x, s=1, b=None: scaled(x, s, b), id="other names"),
        pytest.param(lambda *, bias=None, scale=1, input: scaled(input, scale, bias), id="by name only"),
        pytest.param(lambda *args, **kwargs: scaled(*args, **kwargs), id="whatever comes"),
        pytest.param(lambda i, s=1, b=None: scaled(i, s, b).clone().requires_grad_(), id="requires grad"),
        pytest.param(_rounded, id="rounded in float32"),
    ],
)  # fmt: skip
def test_right_answers_of_any_form_pass(answer: Any) -> None:
    verdict = judge(TASK, answer, seconds=60, seconds_per_case=30)
    assert verdict.passed, verdict.message
    assert verdict.message == "Right. 6 cases were checked."


@pytest.mark.parametrize("answer", [_blank, None, ...])
def test_an_unwritten_answer_is_blank(answer: Any) -> None:
    verdict = judge(TASK, answer)
    assert (verdict.is_blank, verdict.passed, verdict.mistake) == (True, False, None)


def test_a_planted_wrong_expectation_refuses_a_right_answer() -> None:
    broken = dataclasses.replace(TASK, solution=_faulty(frozenset({"no scale"})))
    assert not judge(broken, _by_loop).passed


def test_an_answer_that_does_not_end_is_stopped() -> None:
    (endless,) = [handed.answer for handed in WRONG if handed.id == "never ends"]
    assert judge(find("conv1d"), endless, seconds_per_case=0.1).mistake == "does not end"


def test_the_smallest_failing_case_is_shown_with_its_first_difference() -> None:
    verdict = judge(TASK, _half_written)
    assert verdict.case is not None
    assert (verdict.case.id, verdict.index) == ("plain", (0, 1, 1))
    assert float(verdict.expected[verdict.index]) == 4
    assert float(verdict.got[verdict.index]) == 0


def test_the_message_says_what_where_and_what_next() -> None:
    message = judge(TASK, _faulty(frozenset({"no bias"}))).message
    assert message.split("\n\n") == [
        "There is no bias.",
        'In the case "a bias", `scaled(input: 1x2x2, bias: 2)`: '
        "expected 2, got 1 at index [0, 0, 0] (4 of 4 elements differ).",
        '`practice.hint("scaled")` gives a hint.',
    ]  # fmt: skip


def test_an_error_is_shown_with_the_learners_line() -> None:
    def answer(input: Any, scale: Any = 1, bias: Any = None) -> Any:
        return input.reshape(7)

    message = judge(TASK, answer).message
    assert "..\n" not in message
    assert "it raised RuntimeError: shape '[7]' is invalid for input of size 4." in message
    assert "in answer: return input.reshape(7)" in message


# ------------------------------------------------------------------------------------------------------------ designs


def _judge_layers(layers: Any) -> tuple[str, str] | None:
    return None if sum(k - 1 for k, _ in layers) >= 4 else ("too small a field", "The field is too small.")


DESIGN = Design(
    "two", "07_dilated", "depth", "Two.", 1, 1, 5, ("a", "b", "c"), [(3, 1), (3, 1)], [(5, 1)], _judge_layers, ()
)


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        pytest.param([(3, 1)], "too small a field", id="by its judge"),
        pytest.param(3, "another form", id="a number"),
        pytest.param("33", "another form", id="a word"),
        pytest.param([(3, 1, 2)], "another form", id="too many entries"),
    ],
)
def test_designs_are_judged_by_their_properties(answer: Any, mistake: str) -> None:
    assert judge(DESIGN, answer).mistake == mistake


def test_a_right_design_passes_and_an_empty_one_is_blank() -> None:
    assert judge(DESIGN, [(9, 1)]).passed
    assert judge(DESIGN, None).is_blank


def test_an_unreadable_design_is_told_the_form_and_not_the_solution() -> None:
    message = judge(DESIGN, 3).message
    assert message.startswith("This answer could not be read. Wanted is a list of tuples of 2 ints; this is an int.")
