"""Other axes or another dtype for one of several tensors that a line brings together."""

from __future__ import annotations

from collections.abc import Iterator

from convlab.inspection.doctor.building import conversion
from convlab.inspection.doctor.case import ARITHMETIC, PRODUCTS, Case, function_of, is_layer
from convlab.inspection.doctor.edits import Edit, change_of_input
from convlab.inspection.doctor.lines import Line
from convlab.inspection.doctor.phrases import plain
from convlab.inspection.record import Call

_PRODUCTS = (*PRODUCTS, "addmm", "baddbmm", "mv", "dot")
_WANTED_OTHERWISE = ("conv", "linear", "embedding", "norm", "pool", "interpolate")


def operand_edits(case: Case) -> Iterator[Edit]:
    """Moves of one tensor of the line that failed, each in the reader's own line.

    Example:
        >>> import torch
        >>> __name__ = "net"  # as the code of a reader
        >>> class Net(torch.nn.Module):
        ...     def forward(self, x, y):
        ...         return torch.stack([x, y])
        >>> case = Case.of(Net(), torch.empty(2, 1, 3), torch.empty(2, 3))
        >>> [edit.code for edit in operand_edits(case)][0]
        'return torch.stack([x.squeeze(1), y])'
    """
    call = case.failing
    line = Line.of(call) if is_layer(call) and call.module is None and len(call.inputs) > 1 else None
    function = function_of(call)
    if line is None or any(part in function for part in _WANTED_OTHERWISE) or len(line.operands) < len(call.inputs):
        return
    if function in _PRODUCTS:
        yield from _product(call, line)
    yield from _shorter_input(case, call)
    ranks = {len(given.shape) for given in call.inputs}
    for index, given in enumerate(call.inputs):
        others = [other.shape for number, other in enumerate(call.inputs) if number != index]
        name = f"`{line.operands[index]}` {given.shape}"
        for move, words in _moves(given.shape, others, function):
            yield line.operand(index, words.format(name), 1.9 if len(ranks) > 1 else 2.1, line.bracketed(index) + move)
        for cut, words in _cuts(given.shape, others):
            yield line.operand(index, words.format(name), 3.4, line.bracketed(index) + cut)


def _shorter_input(case: Case, call: Call) -> Iterator[Edit]:
    """The input cut along its axis 1, such as the steps of a sequence, to what the other tensor has."""
    shapes = [given.shape for given in call.inputs]
    if len(shapes) != 2 or len(shapes[0]) != len(shapes[1]):
        return
    for mine, other in (shapes, shapes[::-1]):
        differing = [axis for axis in range(len(mine)) if mine[axis] != other[axis] != 1]
        for name, tensor in case.inputs.items() if differing else ():
            length = other[differing[0]]
            if tensor.dim() > 1 and tensor.shape[1] == mine[differing[0]] > length:
                words = f"keep the first {length} of {tensor.shape[1]} along axis 1"
                yield change_of_input(case, name, f"{name}[:, :{length}]", words, 2.0)


def _product(call: Call, line: Line) -> Iterator[Edit]:
    """A product of two dtypes, or one that takes no batch."""
    function = function_of(call)
    dtypes = [given.dtype for given in call.inputs[:2]]
    for index, (mine, other) in enumerate(zip(dtypes, reversed(dtypes), strict=True)):
        if other.is_floating_point and mine != other:
            words = f"bring `{line.operands[index]}` to {plain(other)}, as the other one is"
            cost = 1.3 if mine.is_floating_point else 1.0
            yield line.operand(index, words, cost, f"{line.bracketed(index)}{conversion(other)}")
    if function in ("mm", "bmm") and line.function():
        name = line.function().removesuffix(function) + "matmul"
        given = ", ".join(line.operands if name.startswith("torch.") else line.operands[1:])
        yield line.edit("take matmul, which multiplies the matrices of a whole batch", 1.0, f"{name}({given})")


def _moves(shape: tuple[int, ...], others: list[tuple[int, ...]], function: str) -> Iterator[tuple[str, str]]:
    """Text behind a tensor, and the words for it, with a place for its name."""
    rank, ranks = len(shape), {len(other) for other in others}
    if max(ranks) > rank:
        for axis in range(rank + 1):
            yield f".unsqueeze({axis})", f"give {{}} an axis of size 1, axis {axis}"
        if max(ranks) == rank + 2 and rank == 2:
            yield "[:, :, None, None]", "give {} two axes of size 1 at its end"
    for axis, size in enumerate(shape if min(ranks) < rank else ()):
        if size == 1:
            yield f".squeeze({axis})", f"drop axis {axis}, of size 1, of {{}}"
    if rank in ranks and rank >= 2 and function not in PRODUCTS:
        for first, second in dict.fromkeys([(1, 2), (0, 1), (rank - 2, rank - 1)]):
            if second < rank and (first or function not in ARITHMETIC):  # a sum over another batch would run
                yield f".transpose({first}, {second})", f"swap axes {first} and {second} of {{}}"
    if function == "bmm" and rank == 2:
        yield ".unsqueeze(1)", "give {} the axis of the rows"


def _cuts(shape: tuple[int, ...], others: list[tuple[int, ...]]) -> Iterator[tuple[str, str]]:
    """The one axis that is longer than another tensor's, cut."""
    equal = [other for other in others if len(other) == len(shape)]
    smallest = [min(sizes) for sizes in zip(*equal, strict=True)]
    longer = [axis for axis, (size, least) in enumerate(zip(shape, smallest, strict=False)) if size > least > 1]
    if len(longer) == 1:
        kept = smallest[longer[0]]
        cut = ", ".join([":"] * longer[0] + [f":{kept}"])
        yield f"[{cut}]", f"keep the first {kept} along axis {longer[0]} of {{}}"
