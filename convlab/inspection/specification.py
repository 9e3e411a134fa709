"""What a network must be: sizes, receptive field and costs, and which of them a network misses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import SupportsIndex

import torch
from torch import nn

from convlab.arithmetic.spec import as_int, as_tuple
from convlab.inspection.gradients import STEP
from convlab.inspection.positive import positive_run
from convlab.inspection.trace import Trace, trace

PROPERTIES = ("runs", "output shape", "receptive field", "no gaps", "jump", "parameters", "MACs")
"""What can be asked for, in the order in which it is checked; the names that `Findings.missed` gives."""


@dataclass(frozen=True)
class Finding:
    """One property of a network beside what was wanted.

    Attributes:
        name: One of `PROPERTIES`.
        wanted: What the specification asks for, in words.
        found: What the network has, in words.
        holds: Whether that is enough.

    Example:
        >>> Specification((1, 1, 9), (1, 1, 7), jump=2).check(nn.Conv1d(1, 1, 3)).rows[1]
        Finding(name='jump', wanted='2', found='1', holds=False)
    """

    name: str
    wanted: str
    found: str
    holds: bool


@dataclass(frozen=True, repr=False)
class Findings:
    """What a network was found to have; it prints as a table, a tick or a cross in front of each property.

    Attributes:
        rows: The properties that were checked.
        trace: The trace of the network.

    Example:
        >>> spec = Specification((1, 1, 16), (1, 2, 14), receptive_field=5)
        >>> spec.check(nn.Conv1d(1, 2, 3))
        ✓ output shape     wanted (1, 2, 14)  found (1, 2, 14)
        ✗ receptive field  wanted 5 or more   found 3
        ✓ no gaps          wanted none        found none
    """

    rows: tuple[Finding, ...]
    trace: Trace

    @property
    def passed(self) -> bool:
        """Whether every property holds."""
        return not self.missed

    @property
    def missed(self) -> tuple[str, ...]:
        """The names of the properties that the network misses."""
        return tuple(row.name for row in self.rows if not row.holds)

    def __repr__(self) -> str:
        table = [
            ("✓" if row.holds else "✗", row.name, f"wanted {row.wanted}", f"found {row.found}") for row in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in table]
        return "\n".join(f"{mark} {'  '.join(cells)}".rstrip() for mark, *cells in lines)


@dataclass(frozen=True)
class Specification:
    """What a network must be, before there is one: `check` says which of it a network misses.

    Args:
        input_shape: The shape that goes in, with its batch: (N, C, *spatial).
        output_shape: The shape that must come out; None where any number will do.
        receptive_field: The elements along each spatial axis that one output must see, at least, measured by gradients;
            an int stands for all axes. Then the output must see every element inside its field, too.
        jump: The input elements between what neighbouring outputs see, exactly.
        max_params: The parameters, at most.
        max_macs: The MACs of this input, at most.

    Raises:
        TypeError: If a number is no int.
        ValueError: If a number is below 1, or there is not one for each spatial axis.

    Example:
        >>> spec = Specification((1, 1, 32, 32), (1, 8, None, None), receptive_field=7, jump=2, max_params=500)
        >>> spec.check(nn.Sequential(nn.Conv2d(1, 8, 3, stride=2), nn.Conv2d(8, 8, 3))).missed
        ('parameters',)
    """

    input_shape: Sequence[int]
    output_shape: Sequence[int | None]
    receptive_field: int | Sequence[int] | None = None
    jump: int | Sequence[int] | None = None
    max_params: SupportsIndex | None = None
    max_macs: SupportsIndex | None = None

    def __post_init__(self) -> None:
        """Raises what the class promises, before any network is there."""
        if not isinstance(self.input_shape, tuple | list) or len(self.input_shape) < 3:
            raise ValueError(f"input_shape must be (N, C, *spatial), but input_shape={self.input_shape!r}")
        for name, shape in (("input_shape", self.input_shape), ("output_shape", self.output_shape)):
            for size in shape:
                if size is not None or name == "input_shape":
                    as_int(name, size, minimum=1)
        for name in ("receptive_field", "jump"):
            if getattr(self, name) is not None:
                as_tuple(name, getattr(self, name), self._ndim, minimum=1)
        for name in ("max_params", "max_macs"):
            if getattr(self, name) is not None:
                as_int(name, getattr(self, name), minimum=1)

    def check(self, model: nn.Module) -> Findings:
        """What the network has of what is asked for. It is left as it is.

        Args:
            model: Any module.

        Raises:
            TypeError: If the model is not a module.

        Example:
            >>> Specification((1, 1, 9), (1, 1, 7)).check(nn.Conv1d(2, 1, 3)).missed
            ('runs',)
        """
        made = trace(model, tuple(self.input_shape))
        if made.error is not None:
            return Findings((Finding("runs", "an output", f"stopped by {type(made.error).__name__}", False),), made)
        return Findings((self._of_shape(made), *self._of_field(model, made), *self._of_costs(made)), made)

    @property
    def _ndim(self) -> int:
        return len(self.input_shape) - 2

    def _of_shape(self, made: Trace) -> Finding:
        found, wanted = made.output_shape, tuple(self.output_shape)
        fits = isinstance(found, tuple) and len(found) == len(wanted)
        holds = fits and all(size in (None, other) for size, other in zip(wanted, found, strict=True))
        return Finding("output shape", str(wanted).replace("None", "any"), str(found), holds)

    def _of_field(self, model: nn.Module, made: Trace) -> list[Finding]:
        if self.receptive_field is None and self.jump is None:
            return []
        found, rows = made.measure_receptive_field(), []
        sizes, jumps = (None, None) if found is None else (_all(found.size), _all(found.jump))
        if self.receptive_field is not None:
            wanted = as_tuple("receptive_field", self.receptive_field, self._ndim, minimum=1)
            large = sizes is not None and all(size >= least for size, least in zip(sizes, wanted, strict=True))
            rows.append(Finding("receptive field", f"{_by(wanted)} or more", _by(sizes), large))
            gaps = sizes is not None and _has_gaps(model, self.input_shape, sizes, jumps or ())
            rows.append(Finding("no gaps", "none", "gaps" if gaps else "none", not gaps))
        if self.jump is not None:
            wanted = as_tuple("jump", self.jump, self._ndim, minimum=1)
            rows.append(Finding("jump", _by(wanted), _by(jumps), jumps == wanted))
        return rows

    def _of_costs(self, made: Trace) -> list[Finding]:
        costs = [("parameters", self.max_params, made.num_params), ("MACs", self.max_macs, made.num_macs)]
        limits = [(name, as_int(name, most, minimum=1), count) for name, most, count in costs if most is not None]
        return [Finding(name, f"{most:,} or fewer", f"{count:,}", count <= most) for name, most, count in limits]


def _has_gaps(
    model: nn.Module, shape: Sequence[int], sizes: Sequence[int | Fraction], jumps: Sequence[int | Fraction]
) -> bool:
    """Whether an output in the middle does not see some element between the first and the last that it sees."""
    lengths = [  # long enough for a whole field, and for the steps of all strides
        length + (STEP * -(-max(0, 2 * int(size) - length) // STEP) if jump else 0)
        for length, size, jump in zip(shape[2:], sizes, jumps, strict=True)
    ]
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    for each in ([1, shape[1], *lengths], shape):
        input = torch.ones(tuple(each), dtype=torch.float64, device=device, requires_grad=True)
        with suppress(RuntimeError):  # a model that takes one size only
            output = positive_run(model, [input], {})
            middle = [size // 2 for size in output.shape[2:]]
            return any(_is_torn(input, output, [max(0, place - back) for place in middle]) for back in (0, 1))
    return False


def _is_torn(input: torch.Tensor, output: torch.Tensor, place: Sequence[int]) -> bool:
    """Whether there are zeros inside the smallest box that holds what this output sees."""
    here: tuple[int | slice, ...] = (0, slice(None), *place)
    one = output[here].sum()
    (gradient,) = torch.autograd.grad(one, input, retain_graph=True, materialize_grads=True)
    seen = gradient[0].ne(0).any(0)
    bounds = [where.unique() for where in seen.nonzero().T]
    box = seen[tuple(slice(int(b[0]), int(b[-1]) + 1) for b in bounds)] if all(map(len, bounds)) else seen
    return not bool(box.all())


def _all(numbers: object) -> tuple[int | Fraction, ...] | None:
    """The numbers of all axes; None where one is not defined."""
    entries = numbers if isinstance(numbers, tuple) else (numbers,)
    return None if None in entries else entries


def _by(numbers: Sequence[int | Fraction] | None) -> str:
    """As "7 x 7"."""
    return "none that can be measured" if numbers is None else " x ".join(map(str, numbers))
