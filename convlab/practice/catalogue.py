"""The catalogue of all exercises, in the order of the course."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable

from convlab.practice.exercise import Task


def names(notebook: str | None = None) -> tuple[str, ...]:
    """The names of all exercises in the order of the course, or of those of one notebook.

    Args:
        notebook: Which one, as "02_conv1d"; its number is enough.

    Raises:
        ValueError: If there is no such notebook with exercises.

    Example:
        >>> "conv1d" in names("02_conv1d")
        True
    """
    found = [task for task in _tasks().values() if notebook is None or _stands_in(task, notebook)]
    if not found and notebook is not None:
        notebooks = dict.fromkeys(task.notebook for task in _tasks().values())
        raise ValueError(f"there is no notebook {notebook!r} with exercises; there are: {', '.join(notebooks)}")
    return tuple(task.name for task in found)


def find(name: str) -> Task:
    """The exercise with this name.

    Args:
        name: Its name, as "conv1d".

    Raises:
        TypeError: If the name is no str.
        ValueError: If there is no exercise with this name.

    Example:
        >>> find("conv1d").notebook
        '02_conv1d'
        >>> find("conv_1d")
        Traceback (most recent call last):
        ValueError: there is no exercise 'conv_1d'; close: conv1d, conv3d, conv2d
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be the name of an exercise, a str, but name has type {type(name).__name__}")
    tasks = _tasks()
    if name in tasks:
        return tasks[name]
    close = difflib.get_close_matches(name, tasks, n=3, cutoff=0.5)
    raise ValueError(
        f"there is no exercise {name!r}; " + ("close: " if close else "there are: ") + ", ".join(close or tasks)
    )


@functools.cache
def _tasks() -> dict[str, Task]:
    """All exercises by name. The bank is imported when it is first asked for."""
    from convlab.practice import _bank

    return in_order(task for module in _bank.MODULES for task in module.EXERCISES)


def in_order(tasks: Iterable[Task]) -> dict[str, Task]:
    """Exercises by name, sorted by notebook, and within one from the easy to the hard.

    Args:
        tasks: In any order.

    Raises:
        ValueError: If two have the same name.

    Example:
        >>> list(in_order([find("conv2d"), find("conv1d")]))
        ['conv1d', 'conv2d']
    """
    ordered: dict[str, Task] = {}
    for task in sorted(tasks, key=lambda task: (task.notebook, task.difficulty, task.minutes)):
        if task.name in ordered:
            notebooks = f"{ordered[task.name].notebook} and {task.notebook}"
            raise ValueError(f"each exercise has its own name, but {task.name!r} stands twice, in {notebooks}")
        ordered[task.name] = task
    return ordered


def _stands_in(task: Task, notebook: str) -> bool:
    return task.notebook == notebook or task.notebook.startswith(f"{notebook}_")
