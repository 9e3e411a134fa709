"""Hints one at a time, and the solutions with what is wrong in the answers that learners give most."""

from __future__ import annotations

import inspect
import pprint
import re
import textwrap
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

from convlab.practice import catalogue, store
from convlab.practice.feedback import say, wrapped


def hint(name: str) -> None:
    """The next of an exercise's three hints, shown; after the last one all three.

    Args:
        name: The exercise.

    Raises:
        ValueError: If there is no such exercise.

    Example:
        >>> import os, tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, CONVLAB_HOME=home):
        ...     hint("conv1d")
        Hint 1 of 3 for conv1d: ...
    """
    task = catalogue.find(name)
    seen, count = store.hints_seen(task.name), len(task.hints)
    after = f'`practice.solution("{task.name}")` shows two solutions.'
    if seen < count:
        store.note_hint(task.name)
        again = (
            f'`practice.hint("{task.name}")` gives the next one.' if seen + 1 < count else f"It was the last; {after}"
        )
        title, body = f"Hint {seen + 1} of {count} for {task.name}:", task.hints[seen]
        say(f"{wrapped(f'{title} {body}')}\n{again}", markdown=f"**{title}** {body}\n\n{again}")
        return
    title = f"The {count} hints for {task.name}:"
    numbered = "\n".join(f"{n}. {textwrap.indent(text, '   ').lstrip()}" for n, text in enumerate(task.hints, start=1))
    after = f"Next is the solution: {after}"
    say(f"{title}\n{wrapped(numbered, '   ')}\n{after}", markdown=f"**{title}**\n\n{numbered}\n\n{after}")


def solution(name: str) -> None:
    """Two solutions of an exercise and why the common wrong ones fail, shown after an attempt or when asked twice.

    Args:
        name: The exercise.

    Raises:
        ValueError: If there is no such exercise.

    Example:
        >>> import os, tempfile
        >>> from unittest.mock import patch
        >>> with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, CONVLAB_HOME=home):
        ...     solution("conv1d")
        ...     store.times_asked("conv1d")
        Try it first: `practice.check("conv1d", conv1d)` names ...
        1
    """
    task = catalogue.find(name)
    may_see = store.attempts(task.name) > 0 or store.times_asked(task.name) > 0
    store.note_asked(task.name)
    if not may_see:
        line = (
            f'Try it first: `practice.check("{task.name}", {task.name})` names the mistake in an answer. '
            f'Asked once more, `practice.solution("{task.name}")` shows two solutions.'
        )
        say(line, markdown=line)
        return
    found = [
        (f"A solution of {task.name}", source_of(task.solution)),
        ("Another one, in another style", source_of(task.alternative)),
    ]
    why = [f"- {mistake.name}: {mistake.sentence}" for mistake in task.mistakes]
    text = [f"{title}:\n\n{textwrap.indent(code, '    ')}" for title, code in found]
    rich = [f"**{title}**\n\n```python\n{code}\n```" for title, code in found]
    if why:
        text.append("\n".join(["Why the common wrong ones fail:", *(wrapped(line, "  ") for line in why)]))
        bold = [f"- **{_escaped(mistake.name)}**: {_escaped(mistake.sentence)}" for mistake in task.mistakes]
        rich.append("\n".join(["**Why the common wrong ones fail**\n", *bold]))
    say("\n\n".join(text), markdown="\n\n".join(rich))


def source_of(answer: Any) -> str:
    """The source of an answer with all that it needs; of what is no function, how it is written.

    Args:
        answer: A function, or what a design asks for.

    Example:
        >>> print(source_of([(3, 1), (3, 2)]))
        [(3, 1), (3, 2)]
        >>> source_of(wrapped).startswith("import textwrap")
        True
    """
    if not inspect.isfunction(answer):
        return pprint.pformat(answer, width=88, sort_dicts=False)
    imports: dict[str, str] = {}
    parts: dict[str, str] = {}
    _collect(answer, imports, parts)
    return "\n\n\n".join(filter(None, ["\n".join(sorted(imports.values())), *parts.values()]))


def _collect(function: Any, imports: dict[str, str], parts: dict[str, str]) -> None:
    """The imports, constants and functions that a function uses, and then its own source."""
    parts[function.__name__] = ""  # it may call itself
    known = function.__globals__
    for name in dict.fromkeys(_names(function.__code__)):
        value = known.get(name)
        if isinstance(value, ModuleType):
            imports[name] = f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")
        elif inspect.isfunction(value) and value.__module__.startswith("convlab.practice."):
            if value.__name__ not in parts:
                _collect(value, imports, parts)
        elif inspect.isfunction(value) or inspect.isclass(value):
            imports[name] = f"from {value.__module__} import {name}"
        elif isinstance(value, int | float | str | tuple | dict):
            parts[name] = f"{name} = {value!r}"
    del parts[function.__name__]
    parts[function.__name__] = textwrap.dedent(inspect.getsource(function)).rstrip()


def _names(code: CodeType) -> Iterator[str]:
    """The names that a function and the functions in it use, those of attributes among them."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _escaped(text: str) -> str:
    """Plain words with code between backticks as Markdown: outside of code no sign has a meaning."""
    parts = text.split("`")
    return "`".join(part if number % 2 else re.sub(r"([*_<$\\])", r"\\\1", part) for number, part in enumerate(parts))
