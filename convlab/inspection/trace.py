"""A trace: a table of all layers that a model runs, with shapes, parameters, MACs and receptive fields."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from convlab.arithmetic.receptive_field import ReceptiveField
from convlab.inspection import table
from convlab.inspection.diagnosis import Diagnosis
from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.diagnosing import case_of, diagnose_case
from convlab.inspection.gradients import measured_field
from convlab.inspection.inputs import as_arguments, unwrapped
from convlab.inspection.rows import layers_of, num_params
from convlab.inspection.silent import Remark, remarks
from convlab.inspection.windows import DEFORMABLE


class Trace:
    """A model's run with an input of one shape, layer by layer.

    It prints as a table, and is shown as one in a notebook. MACs are those of convolutions, transposed convolutions and
    matrix products; biases, norms, pooling and the interpolation of deformable convolutions add none. FLOPs are
    2 x MACs.

    Attributes:
        layers: The rows, in the order of execution: name, kind, input_shape, output_shape, formula, num_params,
            num_macs and receptive_field of each. A layer that is called several times has several; its parameters
            count once, its MACs each time.
        output_shape: The shape of the output; where the model returns several tensors, nested as these are. None
            where the model stopped.
        num_params: All parameters of the model, also of layers that did not run.
        num_macs: The MACs of all rows.
        receptive_field: What one element of the model's first output sees, theoretically, of the first input over
            which windows move: size, jump and start, with one number per spatial axis. Borders are left out of account,
            the statistics of norms do not count, and deformable convolutions count as with offsets of zero. None where
            it is not defined. See `measure_receptive_field`.
        diagnosis: Why the model stopped; None where it ran.
        remarks: What may be a mistake though the model runs.
        error: The exception that stopped the model; None where it ran.

    Example:
        >>> report = trace(nn.Sequential(nn.Conv1d(1, 2, 3), nn.Conv1d(2, 2, 3, stride=2)), (1, 1, 9))
        >>> report.output_shape, report.num_params, report.num_macs, report.receptive_field
        ((1, 2, 3), 22, 78, ReceptiveField(size=(5,), jump=(2,), start=(0,)))
    """

    def __init__(self, case: Case) -> None:
        made = case.record
        self._model = made.model.module or case.model  # of a model with lazy layers, the copy that ran
        self._args, self._options = case.args, case.options
        self.layers, self.receptive_field, (self._number, self._axes) = layers_of(made)
        self.output_shape: Any = None if made.error else _shapes(made.output)
        self.num_params = num_params(self._model.parameters())
        self.num_macs = sum(layer.num_macs for layer in self.layers)
        self.diagnosis = _diagnosis(case)
        self.remarks: tuple[Remark, ...] = remarks(made)
        self.error = made.error
        self._deforms = any(call.kind == DEFORMABLE for call in made.model.walk())
        lengths = [made.inputs[self._number].shape[axis] for axis in self._axes]
        field = self.receptive_field
        self._sees_padding = field is not None and field.size != tuple(lengths)

    def measure_receptive_field(self) -> ReceptiveField | None:
        """The receptive field as gradients show it; None where they show none.

        The model runs on real memory, with an input as large as it must be for a view that no border cuts. So that no
        path is lost and none cancels out another, the run has positive weights, averages in the place of maxima, and
        neither activations nor norms. The model itself is left as it is.

        Where every output sees the whole input, the size is that of the input, without the padding that a theoretical
        size counts, and the jump is 0.

        Raises:
            ValueError: If the model stopped, or the input is not of a floating dtype.

        Example:
            >>> trace(nn.Sequential(nn.Conv1d(1, 2, 3), nn.MaxPool1d(2)), (1, 1, 9)).measure_receptive_field()
            ReceptiveField(size=(4,), jump=(2,), start=(0,))
        """
        if self.error is not None:
            raise ValueError("a receptive field can be measured where the model runs, but it stopped: see diagnosis")
        hint, number = self.receptive_field, self._number
        return measured_field(self._model, self._args, self._options, self._axes, hint, number)

    def to_dict(self) -> dict[str, Any]:
        """Everything as lists, dicts, numbers and texts, for JSON; a jump that is no whole number as "1/2".

        Example:
            >>> trace(nn.Conv1d(1, 2, 3), (1, 1, 9)).to_dict()["receptive_field"]
            {'size': [3], 'jump': [1], 'start': [0]}
        """
        rows = [{**vars(layer), "receptive_field": _field_dict(layer.receptive_field)} for layer in self.layers]
        found = self.diagnosis
        return {
            name: _plain(value)
            for name, value in {
                "layers": rows,
                "output_shape": self.output_shape,
                "num_params": self.num_params,
                "num_macs": self.num_macs,
                "receptive_field": _field_dict(self.receptive_field),
                "remarks": [vars(remark) for remark in self.remarks],
                "error": None if self.error is None else f"{type(self.error).__name__}: {self.error}",
                "diagnosis": None
                if found is None
                else {
                    "layer": found.layer,
                    "explanation": found.explanation,
                    "fixes": [{"description": fix.description, "code": fix.code} for fix in found.fixes],
                },
            }.items()
        }

    def to_csv(self) -> str:
        """The rows as comma-separated values.

        Example:
            >>> print(trace(nn.Linear(4, 2), (1, 4)).to_csv().splitlines()[1])
            ,Linear,model,"(1, 4)","(1, 2)",4 -> 2,10,8,,,,False
        """
        return table.as_csv(self.layers)

    def __str__(self) -> str:
        stopped = [] if self.diagnosis is None else [f"The model stopped. {self.diagnosis}"]
        return table.as_text(self.layers, [*self._notes(), *stopped])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        stopped = "" if self.diagnosis is None else self.diagnosis._repr_html_()
        return table.as_html(self.layers, self._notes()) + stopped

    def _notes(self) -> list[str]:
        """The paragraphs below the table, but for the diagnosis."""
        until = "" if self.error is None else " until it stopped"
        macs = f"{self.num_macs:,} MACs{until}, which are {2 * self.num_macs:,} FLOPs"
        facts = [f"{self.num_params:,} parameters. {macs}."]
        unused = self.num_params - sum(layer.num_params for layer in self.layers)
        if unused and self.error is None:
            facts.append(f"{unused:,} of the parameters were not used in this run.")
        if self.error is None:
            facts.append(f"Output: {table.shape_text(self.output_shape)}.")
        if self.receptive_field is not None:
            size, jump = table.field_text(self.receptive_field)
            whole = ": every output sees the whole input" if jump == "0" else ""
            if whole and self._sees_padding:
                whole += ", and padding around it"
            facts.append(f"Receptive field of the output: {size}, jump {jump}{whole}.")
            if self._deforms:
                facts.append("There, deformable convolutions count as with offsets of zero; others see other elements.")
        notes = ["\n".join(facts)]
        notes += [f"{remark.level.capitalize()} at {remark.layer}: {remark.message}" for remark in self.remarks]
        if self.diagnosis is None and self.error is not None:
            notes.append(f"The model stopped. {type(self.error).__name__}: {self.error}")
        return notes


def trace(model: nn.Module, input: Any) -> Trace:
    """The table of all layers that a model runs with an input, or with the shape of one.

    A shape needs no memory and no arithmetic, however large it is. The model is left exactly as it was, but
    for one case: given a tensor, a `forward` that writes into parameters of more than 256 MiB in all changes them.

    Args:
        model: Any module.
        input: A tensor; a shape such as `(1, 3, 32, 32)`; a tuple or list of several; or a dict of the keyword
            arguments of `forward`.

    Raises:
        TypeError: If the model is not a module, or the input is none of these.
        ValueError: If a shape has a negative entry.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1176, 10))
        >>> for layer in trace(model, (1, 1, 32, 32)).layers:
        ...     print(layer.name, layer.kind, layer.output_shape, layer.num_macs, layer.formula)
        0 Conv2d (1, 6, 28, 28) 117600 floor((32 + 2*0 - 1*(5-1) - 1) / 1) + 1 = 28
        1 MaxPool2d (1, 6, 14, 14) 0 floor((28 + 2*0 - 1*(2-1) - 1) / 2) + 1 = 14
        2 Flatten (1, 1176) 0 6*14*14 = 1176
        3 Linear (1, 10) 11760 1176 -> 10
    """
    if not isinstance(model, nn.Module):
        what = f"the class {model.__name__}" if isinstance(model, type) else f"of type {type(model).__name__}"
        raise TypeError(f"model must be an nn.Module, already built, but it is {what}")
    model = unwrapped(model)
    args, options = as_arguments(model, input)
    with _collecting_later():
        return Trace(case_of(model, args, options))


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Python's search for cycles of objects waits: it would go through all rows again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _diagnosis(case: Case) -> Diagnosis | None:
    """What the doctor says; nothing where it fails itself, as the error of the model is what counts."""
    if case.record.error is None:
        return None
    try:
        return diagnose_case(case)
    except Exception:
        return None


def _shapes(output: Any) -> Any:
    """The output with shapes in the place of tensors; of what torch does not look into, the name of its class."""
    if isinstance(output, torch.Tensor):
        return tuple(output.shape)
    if isinstance(output, tuple | list):
        entries = [_shapes(entry) for entry in output]
        return entries if isinstance(output, list) else tuple(entries)
    if isinstance(output, Mapping):
        return {name: _shapes(entry) for name, entry in output.items()}
    return output if isinstance(output, int | float | str | bool | None) else type(output).__name__


def _field_dict(found: ReceptiveField | None) -> dict[str, Any] | None:
    return None if found is None else dict(vars(found))


def _plain(value: Any) -> Any:
    """The value made of what JSON knows."""
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, int | float | str | None) else str(value)
