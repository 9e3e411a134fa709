"""Exercises as data: what is asked, what is right, and which mistakes are known by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from convlab.arithmetic.spec import ConvSpec

Answer = Callable[..., Any]
"""What a learner hands in: a function."""


@dataclass(frozen=True)
class Case:
    """One call of a learner's function, chosen for what it tells apart.

    Attributes:
        id: What it is for, as "stride 2".
        args: The positional arguments; tensors are copied for each call.
        kwargs: The arguments by name.
        traits: What is special here, in words that end the sentence "wrong where ...", as "the stride is not 1".

    Example:
        >>> Case("a kernel of 3", (5, 3), traits=frozenset({"the kernel is larger than 1"}))
        Case('a kernel of 3')
    """

    id: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    traits: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Case({self.id!r})"


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners give, and the sentence that explains it.

    Attributes:
        name: A few words, as "the kernel is flipped".
        sentence: What is wrong and what is right, for the learner.
        wrong: A function that makes this mistake; of a design, a wrong design.

    Example:
        >>> Mistake("one too few", "The last window counts too: add 1.", lambda n, k: n - k).name
        'one too few'
    """

    name: str
    sentence: str
    wrong: Any


@dataclass(frozen=True)
class Window:
    """The convolution behind a case, for a picture of the window that feeds an element of the result.

    Attributes:
        spec: The convolution.
        input: Without a batch axis.
        weight: As in torch.
        bias: One number per output channel, or None.

    Shape:
        - input: (C_in, *spatial)

    Example:
        >>> Window(ConvSpec(1, 1, (3,)), torch.zeros(1, 5), torch.ones(1, 1, 3)).spec.kernel_size
        (3,)
    """

    spec: ConvSpec
    input: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None = None


@dataclass(frozen=True)
class Exercise:
    """An exercise: the question, two solutions, the cases of its check, and the mistakes that it knows.

    Attributes:
        name: What `practice.check` calls it: the name of the function that the learner writes.
        notebook: Where it stands, as "02_conv1d".
        idea: The idea that it practises, in a few words, for the map of progress.
        question: What to write, in plain words; Markdown.
        difficulty: 1 to 3.
        importance: 1 to 3.
        minutes: How long it takes.
        hints: Three: the direction, the key step, nearly the code.
        solution: A right answer. Its source is shown to the learner.
        alternative: A right answer in another style. Its source is shown, too.
        cases: Makes the cases, the smallest first; called when they are needed.
        mistakes: Wrong answers that learners give; each is told apart from all others by the cases.
        combined: Makes the wrong answer that makes several of the mistakes at once, from their names; None where they
            cannot be combined.
        replaces: What the answer must not call, since it is what the exercise asks for: names of ATen operators, as
            "convolution", and functions of Python.
        window: The convolution behind a case and, of a batch, behind the sample with this number; None where there is
            none to show.

    Example:
        >>> def count(input_size, kernel_size):
        ...     return input_size - kernel_size + 1
        >>> def count_by_loop(input_size, kernel_size):
        ...     return len(range(kernel_size, input_size + 1))
        >>> exercise = Exercise(
        ...     "count", "01_sliding_window", "windows", "How many windows are there?", 1, 3, 2, ("a", "b", "c"),
        ...     count, count_by_loop, lambda: (Case("5 and 3", (5, 3)),),
        ...     (Mistake("one too few", "Add 1.", lambda n, k: n - k),),
        ... )
        >>> exercise.signature
        'count(input_size, kernel_size)'
    """

    name: str
    notebook: str
    idea: str
    question: str
    difficulty: int
    importance: int
    minutes: int
    hints: tuple[str, str, str]
    solution: Answer
    alternative: Answer
    cases: Callable[[], tuple[Case, ...]]
    mistakes: tuple[Mistake, ...]
    combined: Callable[[frozenset[str]], Answer] | None = None
    replaces: tuple[str | Callable[..., Any], ...] = ()
    window: Callable[[Case, int], Window] | None = None

    def __post_init__(self) -> None:
        for name, number in (("difficulty", self.difficulty), ("importance", self.importance)):
            if number not in (1, 2, 3):
                raise ValueError(f"{name} must be 1, 2 or 3, but that of {self.name} is {number}")
        if len(self.hints) != 3:
            raise ValueError(f"an exercise has three hints, but {self.name} has {len(self.hints)}")

    def __repr__(self) -> str:
        return f"Exercise({self.signature!r})"

    @property
    def signature(self) -> str:
        """The function that the learner writes, without annotations."""
        found = inspect.signature(self.solution)
        plain = [parameter.replace(annotation=parameter.empty) for parameter in found.parameters.values()]
        return f"{self.name}{found.replace(parameters=plain, return_annotation=found.empty)}"


@dataclass(frozen=True)
class Design:
    """An exercise without one right answer: what is handed in is judged by its properties.

    Attributes:
        name: What `practice.check` calls it.
        notebook: Where it stands.
        idea: The idea that it practises, in a few words.
        question: What to design, and which properties it must have; Markdown.
        difficulty: 1 to 3.
        importance: 1 to 3.
        minutes: How long it takes.
        hints: Three: the direction, the key step, nearly the answer.
        solution: A right answer.
        alternative: Another one.
        judge: What is wrong with an answer: the name of the mistake and the sentence for the learner, or None.
        mistakes: Wrong answers, each with the name that `judge` must give it.

    Example:
        >>> def judge(layers):
        ...     return None if len(layers) == 2 else ("another number of layers", f"2 layers, not {len(layers)}.")
        >>> design = Design("stack", "07_dilated", "depth", "Stack two layers.", 1, 1, 5, ("a", "b", "c"),
        ...                 solution=[3, 3], alternative=[5, 1], judge=judge, mistakes=())
        >>> design.judge([3])
        ('another number of layers', '2 layers, not 1.')
    """

    name: str
    notebook: str
    idea: str
    question: str
    difficulty: int
    importance: int
    minutes: int
    hints: tuple[str, str, str]
    solution: Any
    alternative: Any
    judge: Callable[[Any], tuple[str, str] | None]
    mistakes: tuple[Mistake, ...]


Task = Exercise | Design
"""Anything that `practice.check` takes."""
