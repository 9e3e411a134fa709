"""The card of an exercise: the words above it in a notebook, and the cell in which the learner writes."""

from __future__ import annotations

import inspect

from convlab.practice.exercise import Design, Task

_MOST = 3

WIDTH = 96
"""Characters of a line of code in a notebook."""


def markdown(task: Task) -> str:
    """The card of an exercise as Markdown.

    Args:
        task: The exercise.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> design = Design("two", "07_dilated", "depth", "Stack two layers.", 1, 3, 5, ("a", "b", "c"), [3, 3], [5, 1],
        ...                 judge=lambda layers: None, mistakes=())
        >>> print(markdown(design))
        ### Exercise: `two`
        <BLANKLINE>
        Difficulty ●○○ · importance ●●● · about 5 minutes
        <BLANKLINE>
        Stack two layers.
        <BLANKLINE>
        Stuck: `practice.hint("two")`, up to three times. After an attempt: `practice.solution("two")`.
    """
    name = task.name
    dots = ["●" * number + "○" * (_MOST - number) for number in (task.difficulty, task.importance)]
    return "\n\n".join(
        [
            f"### Exercise: `{name}`",
            f"Difficulty {dots[0]} · importance {dots[1]} · about {task.minutes} minutes",
            inspect.cleandoc(task.question),
            f'Stuck: `practice.hint("{name}")`, up to three times. After an attempt: `practice.solution("{name}")`.',
        ]
    )


def stub(task: Task) -> str:
    """The cell in which the learner writes, as a reader gets it.

    Args:
        task: The exercise.

    Example:
        >>> from convlab.practice.exercise import Case, Exercise
        >>> def count(input_size, kernel_size):
        ...     return input_size - kernel_size + 1
        >>> print(stub(Exercise("count", "01_sliding_window", "windows", "How many?", 1, 3, 2, ("a", "b", "c"), count,
        ...                     count, lambda: (Case("5 and 3", (5, 3)),), ())))
        def count(input_size, kernel_size):
            pass  # your code
        <BLANKLINE>
        <BLANKLINE>
        practice.check("count", count)
    """
    if isinstance(task, Design):
        return with_check(task, f"{task.name} = ...  # your answer")
    head = f"def {task.signature}:"
    if len(head) > WIDTH:
        name, _, arguments = task.signature.removesuffix(")").partition("(")
        head = f"def {name}(\n    {arguments}\n):"
    return with_check(task, f"{head}\n    pass  # your code")


def solved(task: Task) -> str:
    """The cell with the solution in it, as tests run it.

    Args:
        task: The exercise.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> print(solved(Design("two", "07_dilated", "depth", "Stack two layers.", 1, 1, 5, ("a", "b", "c"), [3, 3],
        ...                     [5, 1], judge=lambda layers: None, mistakes=())))
        two = [3, 3]
        <BLANKLINE>
        practice.check("two", two)
    """
    if isinstance(task, Design):
        return with_check(task, f"{task.name} = {task.solution!r}")
    return with_check(task, inspect.getsource(task.solution).rstrip())


def with_check(task: Task, answer: str) -> str:
    """The answer of a learner as source, and the check under it.

    Args:
        task: The exercise.
        answer: Source that binds the name of the exercise.

    Example:
        >>> from convlab.practice.exercise import Design
        >>> print(with_check(Design("two", "07_dilated", "depth", "Stack two layers.", 1, 1, 5, ("a", "b", "c"),
        ...                         [3, 3], [5, 1], judge=lambda layers: None, mistakes=()), "two = [1]"))
        two = [1]
        <BLANKLINE>
        practice.check("two", two)
    """
    blank = "\n\n" if isinstance(task, Design) else "\n\n\n"
    return f'{answer}{blank}practice.check("{task.name}", {task.name})'
