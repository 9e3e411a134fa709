"""The lines of a reader's forward: found by the call, shown in one line, and written anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convlab.inspection import diagnose
from convlab.inspection.diagnosis import Fix
from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.lines import Line

X = torch.rand(3, 4, 5)


class Base(nn.Module):
    """A layer that takes 20 features."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(20, 2)


class OverLines(Base):
    def forward(self, x: Tensor) -> Any:
        return self.fc(  # from features to scores
            x.view(
                7,  # the batch
                -1,
            )
        )


class AChain(Base):
    def forward(self, x: Tensor) -> Any:
        rows = (
            x.relu()
            .contiguous()
            .view(7, -1)
        )  # fmt: skip
        return self.fc(rows)


class Condition(Base):
    def forward(self, x: Tensor) -> Any:
        if x.view(7, -1).sum() > 0:
            x = x + 1
        return x


class Loop(Base):
    def forward(self, x: Tensor) -> Any:
        for part in x.view(7, -1).unbind():
            part.sum()
        return x


class Brackets(Base):
    def forward(self, x: Tensor) -> Any:
        return self.fc((x + 1).view(7, -1))


class Comprehension(Base):
    def forward(self, x: Tensor) -> Any:
        return [part.view(7, -1) for part in x.split(3)]


class TwoStatements(Base):
    def forward(self, x: Tensor) -> Any:
        y = x.relu(); y = y.view(7, -1)  # fmt: skip  # noqa: E702
        return self.fc(y)


class InAMethod(Base):
    def flat(self, x: Tensor, samples: int = 7, *, rest: int = -1) -> Tensor:
        return x.view(samples, rest)

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.flat(x))


class WithSuper(InAMethod):
    def flat(self, x: Tensor, samples: int = 7, *, rest: int = -1) -> Tensor:
        return super().flat(x.relu(), samples, rest=rest)


def with_closure(samples: int) -> nn.Module:
    """A model whose forward reads a number from outside."""

    class Closure(Base):
        def forward(self, x: Tensor) -> Any:
            return self.fc(x.view(samples, -1))

    return Closure()


class NotAscii(Base):
    def forward(self, x: Tensor) -> Any:
        größe = 7
        return "ä", self.fc(x.view(größe, -1)), x.relu()


class AFunction(Base):
    def forward(self, x: Tensor) -> Any:
        return self.fc(torch.reshape(x, (7, -1)))


class Again(nn.Module):
    """The same call twice in a line: only one of them fails."""

    def forward(self, x: Tensor) -> Any:
        return x.view(3, 20), x.view(7, -1)


class Assigned(nn.Module):
    def forward(self, x: Tensor) -> Any:
        x += F.pad(x, (0, 1))[..., :4].mean(1)
        return x


FIRST = [
    pytest.param(OverLines, "return self.fc(x.view(x.size(0), -1))", id="a call over several lines, with a remark"),
    pytest.param(
        AChain,
        "rows = x.relu().contiguous().view(x.relu().contiguous().size(0), -1)",
        id="a chain of methods, each on a line of its own",
    ),
    pytest.param(Condition, "if x.view(x.size(0), -1).sum() > 0:", id="the head of a condition"),
    pytest.param(Loop, "for part in x.view(x.size(0), -1).unbind():", id="the head of a loop"),
    pytest.param(Brackets, "return self.fc((x + 1).view((x + 1).size(0), -1))", id="a method of a sum"),
    pytest.param(Comprehension, "return [part.view(part.size(0), -1) for part in x.split(3)]", id="a comprehension"),
    pytest.param(InAMethod, "return x.view(x.size(0), -1)", id="a method of the reader's, with a default"),
    pytest.param(WithSuper, "return x.view(x.size(0), -1)", id="a method that is called by super"),
    pytest.param(lambda: with_closure(7), "return self.fc(x.view(x.size(0), -1))", id="a number from outside"),
    pytest.param(NotAscii, 'return "ä", self.fc(x.view(x.size(0), -1)), x.relu()', id="letters of more than one byte"),
    pytest.param(Again, "return x.view(3, 20), x.view(x.size(0), -1)", id="the second of two calls"),
]


def of_lines(fixes: tuple[Fix, ...]) -> list[str]:
    """The fixes that are lines of the source."""
    return [fix.code for fix in fixes if fix.description.startswith("In line")]


@pytest.mark.parametrize(("make", "code"), FIRST)
def test_the_line_to_paste(make: Callable[[], nn.Module], code: str) -> None:
    model = make()
    diagnosis = diagnose(model, X)
    assert diagnosis is not None
    assert of_lines(diagnosis.fixes)[0] == code


class Filters(nn.Module):
    """One line of the kind that the row below is about, on pictures of three channels."""

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row
        self.weight = nn.Parameter(torch.rand(1, 1, 3, 3))
        self.window = nn.Parameter(torch.rand(3, 3))
        self.colours = nn.Parameter(torch.rand(4, 3, 3, 3))

    def forward(self, x: Tensor) -> Any:
        if self.row == 0:
            return F.conv2d(x, self.weight, padding=1, groups=3)
        if self.row == 1:
            return F.conv2d(x, self.colours, padding="SAME")
        if self.row == 2:
            return F.conv2d(x, self.colours, stride=2, padding="same")
        if self.row == 3:
            return F.conv2d(x[:, :1], self.window)
        if self.row == 4:
            return F.conv_transpose2d(x, self.colours[:3], output_padding=1, stride=1)
        if self.row == 5:
            return F.conv2d(x.double(), self.colours)
        return torch.stack([x[:, :1], x.mean(1)])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        pytest.param(0, "return F.conv2d(x, self.weight.repeat(3, 1, 1, 1), padding=1, groups=3)", id="one filter"),
        pytest.param(1, "return F.conv2d(x, self.colours, padding='same')", id="a word in capitals"),
        pytest.param(2, "return F.conv2d(x, self.colours, stride=2, padding=1)", id="the same size at a stride of 2"),
        pytest.param(3, "return F.conv2d(x[:, :1], self.window[None, None])", id="a filter of two axes"),
        pytest.param(
            4, "return F.conv_transpose2d(x, self.colours[:3], output_padding=0, stride=1)", id="output_padding"
        ),
        pytest.param(5, "return F.conv2d(x.double(), self.colours.to(x.double().dtype))", id="two dtypes"),
        pytest.param(6, "return torch.stack([x[:, :1], x.mean(1).unsqueeze(1)])", id="a tensor with an axis less"),
    ],
)
def test_the_line_of_a_function(row: int, code: str) -> None:
    diagnosis = diagnose(Filters(row), torch.rand(2, 3, 8, 8))
    assert diagnosis is not None
    assert code in of_lines(diagnosis.fixes)


def test_two_statements_in_a_line_are_both_shown() -> None:
    diagnosis = diagnose(TwoStatements(), X)
    assert diagnosis is not None
    assert of_lines(diagnosis.fixes)[0].startswith("y = x.relu(); y = y.view(y.size(0), -1)")


def test_an_assignment_with_a_sum() -> None:
    line = Line.of(Case.of(Assigned(), X).failing)
    assert line is not None
    assert line.operands == ["x", "F.pad(x, (0, 1))[..., :4].mean(1)"]


def test_a_function_is_read_like_a_method() -> None:
    diagnosis = diagnose(AFunction(), X)
    assert diagnosis is not None
    assert of_lines(diagnosis.fixes)[0] == "return self.fc(x.view(x.size(0), -1))"


def test_the_old_line_stands_in_the_words() -> None:
    diagnosis = diagnose(Condition(), X)
    assert diagnosis is not None
    fix = next(fix for fix in diagnosis.fixes if fix.description.startswith("In line"))
    where = (
        "of test_doctor_lines.py, in place of `if x.view(7, -1).sum() > 0:`: take the batch size from the tensor, 3."
    )
    assert fix.description.endswith(where)


def test_without_its_source_a_model_has_no_fixes_of_lines() -> None:
    space: dict[str, Any] = {}
    exec("def forward(self, x): return self.fc(x.view(7, -1))", space)
    model = type("Net", (Base,), {"forward": space["forward"]})()
    diagnosis = diagnose(model, X)
    assert diagnosis is not None
    assert diagnosis.layer == "forward: view"
    assert of_lines(diagnosis.fixes) == []
