"""How answers are read: any usual spelling, and nothing that means something else."""

from __future__ import annotations

import pytest

from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Answer, Form

SIZE = Form("height and width", 2, spreads=True, before=(1, 8), words=("error",))
LENGTH = Form("a whole number", 1, spreads=True, before=(1, 8), words=("error",))
SHAPE = Form("the whole shape", 4, words=("error",))
COUNT = Form("a whole number", is_count=True, words=("error",))
PADDING = Form("a whole number", 1, spreads=True, words=("none", "error"))
LAYER = Form("the number", words=("none",), names=("Conv2d", "ReLU", "Conv2d", "Linear"))


@pytest.mark.parametrize(
    ("form", "text", "answer"),
    [
        pytest.param(SIZE, "28", (28, 28), id="one for both"),
        pytest.param(SIZE, "28 x 26", (28, 26), id="with an x"),
        pytest.param(SIZE, "28x26", (28, 26), id="an x without spaces"),
        pytest.param(SIZE, "28\u00d726", (28, 26), id="the sign"),
        pytest.param(SIZE, "28 X 26", (28, 26), id="a large x"),
        pytest.param(SIZE, "28*26", (28, 26), id="with a star"),
        pytest.param(SIZE, "(28, 26)", (28, 26), id="a tuple"),
        pytest.param(SIZE, "[28, 26]", (28, 26), id="a list"),
        pytest.param(SIZE, "28,28", (28, 28), id="a comma is no sign of thousands here"),
        pytest.param(SIZE, "  28   28. ", (28, 28), id="spaces and a full stop"),
        pytest.param(SIZE, "\uff12\uff18\uff0c\uff12\uff18", (28, 28), id="wide digits and comma"),
        pytest.param(SIZE, "28.0", (28, 28), id="a float without a fraction"),
        pytest.param(SIZE, "1 8 28 28", (28, 28), id="with batch and channels"),
        pytest.param(SIZE, "8, 28, 28", (28, 28), id="with channels"),
        pytest.param(SIZE, "torch.Size([1, 8, 28, 28])", (28, 28), id="as torch prints it"),
        pytest.param(SIZE, "1 3 28 28", (1, 3, 28, 28), id="with other channels it stays whole, and is wrong"),
        pytest.param(SIZE, "-1", (-1, -1), id="below zero"),
        pytest.param(SIZE, "28.5", None, id="a fraction"),
        pytest.param(SIZE, "28 or 29", None, id="two answers"),
        pytest.param(SIZE, "1 2 3 4 5", None, id="too many"),
        pytest.param(SIZE, "(28", None, id="half a tuple"),
        pytest.param(SIZE, "", None, id="nothing"),
        pytest.param(SIZE, "x", None, id="a sign alone"),
        pytest.param(SIZE, "none", None, id="a word of other questions"),
        pytest.param(SIZE, "9" * 300, None, id="endless"),
        pytest.param(LENGTH, "28", (28,), id="a length"),
        pytest.param(LENGTH, "1 8 28", (28,), id="a length with batch and channels"),
        pytest.param(LENGTH, "28 28", (28, 28), id="two lengths are wrong"),
        pytest.param(SHAPE, "1 8 28 28", (1, 8, 28, 28), id="a shape"),
        pytest.param(SHAPE, "28 28", None, id="a shape without its beginning"),
        pytest.param(SHAPE, "28", None, id="no shape"),
        pytest.param(COUNT, "50176", (50176,), id="a count"),
        pytest.param(COUNT, "50,176", (50176,), id="groups of three with a comma"),
        pytest.param(COUNT, "1 050 176", (1050176,), id="groups of three with spaces"),
        pytest.param(COUNT, "64*28*28", (50176,), id="a product"),
        pytest.param(COUNT, "64 x 28 x 28", (50176,), id="a product with x"),
        pytest.param(COUNT, "64 * (3*3*3 + 1)", (1792,), id="a sum in a product"),
        pytest.param(COUNT, "= 12", (12,), id="with a sign before it"),
        pytest.param(COUNT, "28 28", None, id="two numbers"),
        pytest.param(COUNT, "9**9**9", None, id="a power without end"),
        pytest.param(COUNT, "4/2", None, id="a fraction"),
        pytest.param(COUNT, "exit()", None, id="a call"),
        pytest.param(COUNT, "-12", (-12,), id="a count below zero is read, and wrong"),
        pytest.param(COUNT, "Error", "error", id="a large letter"),
        pytest.param(COUNT, "an error.", "error", id="in words"),
        pytest.param(COUNT, "RuntimeError", "error", id="its class"),
        pytest.param(PADDING, "none", "none", id="none"),
        pytest.param(PADDING, "no padding", "none", id="none in words"),
        pytest.param(LAYER, "2", (2,), id="a layer"),
        pytest.param(LAYER, "layer 2", (2,), id="a layer in words"),
        pytest.param(LAYER, "#2", (2,), id="a layer as in the code"),
        pytest.param(LAYER, "2: Conv2d", (2,), id="a layer with its class"),
        pytest.param(LAYER, "Linear", (3,), id="the only one of its class"),
        pytest.param(LAYER, "nn.Linear(400, 10)", (3,), id="its code"),
        pytest.param(LAYER, "Conv2d", None, id="one of two of its class"),
        pytest.param(LAYER, "7", None, id="no such layer"),
        pytest.param(LAYER, "None", "none", id="no layer"),
        pytest.param(LAYER, "error", None, id="a word that does not say where"),
    ],
)
def test_an_answer_is_read(form: Form, text: str, answer: Answer | None) -> None:
    assert form.read(text) == answer


@pytest.fixture
def question() -> Question:
    slips = (
        Slip((13,), "the + 1 at the end is forgotten"),
        Slip((28,), "the stride is ignored"),
        Slip((12,), "the padding is ignored"),
        Slip((12,), "the dilation is ignored"),
    )
    return Question(
        "output_shape", 2, "How long?", "nn.Conv1d(1, 8, 3)", (1, 1, 28), (14,), LENGTH, "    7*2 = 14", slips
    )


@pytest.mark.parametrize(
    ("text", "passed", "told"),
    [
        pytest.param("14", True, "Right.\n\n    7*2 = 14", id="right"),
        pytest.param(
            "13",
            False,
            "Not right: the answer is 14. 13 is what comes out where the + 1 at the end is forgotten.\n\n    7*2 = 14",
            id="a mistake with a name",
        ),
        pytest.param("12", False, "Not right: the answer is 14.\n\n    7*2 = 14", id="one of two mistakes"),
        pytest.param("11", False, "Not right: the answer is 14.\n\n    7*2 = 14", id="no known mistake"),
        pytest.param(
            "error",
            False,
            "Not right: the answer is 14. Torch accepts these settings.\n\n    7*2 = 14",
            id="an error where there is none",
        ),
        pytest.param("soon", None, "This answer cannot be read. Wanted: a whole number.", id="unreadable"),
        pytest.param("  ", None, "Type an answer first. Wanted: a whole number.", id="empty"),
    ],
)
def test_what_the_reader_is_told(text: str, passed: bool | None, told: str, question: Question) -> None:
    reply = question.check(text)
    assert (reply.passed, reply.text) == (passed, told)


def test_the_page_shows_the_same_as_the_text(question: Question) -> None:
    html = question.check("14").html
    assert html.startswith("<p>Right.</p><pre")
    assert html.endswith(">7*2 = 14</pre>")
