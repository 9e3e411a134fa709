"""Parts of sentences: numbers of things, sizes, dtypes, lines of code, and the names of calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import torch

from convlab.inspection.doctor.case import place
from convlab.inspection.record import Call, Place


def count(number: int, thing: str) -> str:
    """A number of things.

    Example:
        >>> count(1, "channel"), count(2, "axis")
        ('1 channel', '2 axes')
    """
    return f"{number} {thing if number == 1 else _plural(thing)}"


def arriving(number: int, thing: str) -> str:
    """The things that come to a layer.

    Example:
        >>> arriving(1, "channel"), arriving(3, "channel")
        ('the 1 channel that arrives', 'the 3 channels that arrive')
    """
    return f"the {count(number, thing)} that arrive{'s' if number == 1 else ''}"


def numbered(thing: str, numbers: Sequence[int]) -> str:
    """Things that have numbers.

    Example:
        >>> numbered("axis", [1]), numbered("axis", [1, 2, 3])
        ('axis 1', 'axes 1, 2 and 3')
    """
    return f"{thing if len(numbers) == 1 else _plural(thing)} {listed(list(map(str, numbers)))}"


def listed(words: Sequence[str]) -> str:
    """A list in a sentence.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def by(sizes: Sequence[int]) -> str:
    """Sizes as they are read aloud.

    Example:
        >>> by((3, 4))
        '3 x 4'
    """
    return " x ".join(map(str, sizes))


def plain(dtype: torch.dtype) -> str:
    """The name of a dtype without that of the package.

    Example:
        >>> plain(torch.float32)
        'float32'
    """
    return str(dtype).removeprefix("torch.")


def spot(file: str, line: int) -> str:
    """A line in words: that of a file by its name, that of a notebook by its number in the cell.

    Example:
        >>> spot("nets/net.py", 3), spot("ipykernel_1/2.py", 3), spot("<stdin>", 3)
        ('line 3 of net.py', 'line 3 of its cell', 'line 3')
    """
    name = PurePath(file).name
    if "ipykernel" in file or name.startswith("<ipython"):
        return f"line {line} of its cell"
    return f"line {line} of {name}" if name.endswith(".py") else f"line {line}"


def where(at: Place | None) -> str:
    """The line of a call in words, with the file's name where it has one.

    Example:
        >>> where(Place(compile("0", "net.py", "exec"), 0))
        'line 1 of net.py'
    """
    return "the model" if at is None else spot(at.file, at.line)


def named(call: Call, more: str = "") -> str:
    """The name of a layer with its kind, or of a function with its line.

    Example:
        >>> from torch import nn
        >>> named(Call("fc1", "Linear", nn.Linear(1, 1))), named(Call("up", "cat"))
        ('`fc1` (Linear)', '`cat` in `up`')
    """
    if call.module is not None:
        return f"`{place(call)}` ({', '.join(filter(None, [call.kind, more]))})"
    line = f" in line {call.place.line}" if call.place is not None else ""
    inside = f" {'of' if line else 'in'} `{call.name}`" if call.name else ""
    function = call.kind.strip("_")
    return f"{'the index' if function == 'getitem' else f'`{function}`'}{line}{inside}"


def _plural(thing: str) -> str:
    return f"{thing.removesuffix('axis')}axes" if thing.endswith("axis") else f"{thing}s"
