"""Other paddings for a layer whose own are out of range: below zero, no whole numbers, or wider than what there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import replaced
from convlab.inspection.doctor.case import Case, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import by
from convlab.inspection.record import Call


def padding_edits(case: Case, call: Call) -> Iterator[Edit]:
    """Other paddings for a convolution.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Conv1d(1, 1, 3, padding=-1), torch.empty(1, 1, 8))
        >>> [edit.code for edit in padding_edits(case, case.failing)]
        ['model = nn.Conv1d(1, 1, 3)', 'model = nn.Conv1d(1, 1, 3, padding=1)']
    """
    module: Any = call.module
    name = f"`{place(call)}`"
    numbers = module.padding if isinstance(module.padding, tuple) else (module.padding,)
    halves = tuple(step * (size - 1) // 2 for size, step in zip(module.kernel_size, module.dilation, strict=False))
    if "Transpose" in call.kind and any(isinstance(entry, str) for entry in numbers):
        yield from _padding_in_numbers(case, call, halves)
    elif any(isinstance(entry, float) for entry in numbers):
        whole = tuple(int(entry) for entry in numbers)
        yield replaced(case, call, f"Give {name} a padding in whole numbers", 1.5, padding=whole)
    elif any(isinstance(entry, int) and entry < 0 for entry in numbers):
        words = f"Leave out the padding of {name} that is below zero; to crop, cut the tensor"
        yield replaced(case, call, words, 1.5, padding=(0,) * len(numbers))
        yield replaced(case, call, f"Give {name} a padding of half its window", 2.5, padding=halves)
    if "Transpose" in call.kind:
        yield from _output_paddings(case, call)
    else:
        yield from _padding_modes(case, call)


def border_edits(case: Case, call: Call) -> Iterator[Edit]:
    """Smaller or other borders for a layer that pads with what it gets.

    Example:
        >>> import torch
        >>> case = Case.of(nn.ReflectionPad1d(9), torch.empty(1, 1, 8))
        >>> [edit.code for edit in border_edits(case, case.failing)]
        ['model = nn.ReflectionPad1d(7)', 'model = nn.ReplicationPad1d(9)', 'model = nn.ZeroPad1d(9)']
    """
    module: Any = call.module
    if "Reflection" not in call.kind and "Circular" not in call.kind:
        return
    axes, name = len(module.padding) // 2, place(call)
    sizes = call.inputs[0].shape[-axes:]
    most = min(sizes) - (1 if "Reflection" in call.kind else 0)
    words = f"Let `{name}` pad {by(sizes)} by at most {most}"
    yield replaced(case, call, words, 1.6, padding=tuple(min(amount, most) for amount in module.padding))
    for other in ("Replication", "Zero"):
        kind = getattr(nn, f"{other}Pad{axes}d")
        words = f"Take {kind.__name__} for `{name}`, which can pad any number of elements"
        yield replaced(case, call, words, 1.8, kind)


def _padding_in_numbers(case: Case, call: Call, halves: tuple[int, ...]) -> Iterator[Edit]:
    """Numbers in place of "same", which a transposed convolution does not know."""
    module: Any = call.module
    steps = zip(module.stride, module.kernel_size, strict=False)
    more = tuple(stride - 1 if stride > 1 and kernel % 2 else 0 for stride, kernel in steps)
    words = f"Give `{place(call)}` its padding in numbers"
    larger = "with output_padding, the output is the stride times the input"
    yield replaced(case, call, f"{words}; {larger}", 1.5, padding=halves, output_padding=more)
    yield replaced(case, call, words, 1.8, padding=halves)


def _output_paddings(case: Case, call: Call) -> Iterator[Edit]:
    """What to do with an output_padding that is out of range."""
    module: Any = call.module
    name = f"`{place(call)}`"
    more = module.output_padding if isinstance(module.output_padding, tuple) else (module.output_padding,)
    none = (0,) * len(more)
    if any(isinstance(entry, bool) for entry in more):
        order = f"the sixth argument of nn.{call.kind} is output_padding"
        words = f"Give {name} bias=False by its name: {order}"
        yield replaced(case, call, words, 1.2, output_padding=none, bias=False)
        words = f"Leave out output_padding={more[0]} of {name}: {order}"
        yield replaced(case, call, words, 1.5, output_padding=none)
    elif any(extra >= max(pair) for extra, *pair in zip(more, module.stride, module.dilation, strict=False)):
        bounds = [max(pair) for pair in zip(module.stride, module.dilation, strict=False)]
        fitting = tuple(min(extra, bound - 1) for extra, bound in zip(more, bounds, strict=False))
        if any(fitting):
            words = f"Give {name} an output_padding below its stride"
            yield replaced(case, call, words, 1.4, output_padding=fitting)
        words = f"Give {name} a stride that is larger than its output_padding"
        yield replaced(case, call, words, 1.5, stride=tuple(max(2, extra + 1) for extra in more))
        words = (
            f"Leave out output_padding of {name}: at a stride of {module.stride[0]} there is no room for {max(more)}"
        )
        yield replaced(case, call, words, 1.6, output_padding=none)
        longer = tuple(size + extra for size, extra in zip(module.kernel_size, more, strict=False))
        words = f"Make the kernel of {name} longer in place of output_padding"
        yield replaced(case, call, words, 3, kernel_size=longer, output_padding=none)


def _padding_modes(case: Case, call: Call) -> Iterator[Edit]:
    """A reflection that is wider than what there is to reflect."""
    module: Any = call.module
    if module.padding_mode == "zeros" or not isinstance(module.padding, tuple):
        return
    sizes, name = call.inputs[0].shape[-len(module.padding) :], place(call)
    if all(amount < size for amount, size in zip(module.padding, sizes, strict=False)):
        return
    most = tuple(min(amount, size - 1) for amount, size in zip(module.padding, sizes, strict=False))
    words = f"Let `{name}` pad by less than the {by(sizes)} that there is to reflect"
    yield replaced(case, call, words, 1.6, padding=most)
    words = f"Let `{name}` repeat the border, which it can do any number of times"
    yield replaced(case, call, words, 1.7, padding_mode="replicate")
    words = f"Let `{name}` pad with zeros, which it can do any number of times"
    yield replaced(case, call, words, 1.8, padding_mode="zeros")
