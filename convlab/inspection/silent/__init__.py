"""Mistakes that raise nothing: an axis taken for another, a batch that is lost or mixed."""

from __future__ import annotations

from convlab.inspection.calls import Record
from convlab.inspection.silent.layers import layer_rules
from convlab.inspection.silent.meanings import Meanings
from convlab.inspection.silent.mixing import mixing_rules
from convlab.inspection.silent.reshaping import reshaping_rules
from convlab.inspection.silent.watch import Remark, Watch, placed

__all__ = ["Remark", "remarks"]


def remarks(record: Record) -> tuple[Remark, ...]:
    """What a model does without an error in this run, and may not be meant; from shapes and arguments alone.

    Args:
        record: The run, of shapes or of numbers, whether it came to its end or not.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> model = nn.Sequential(nn.Conv1d(1, 8, 5), nn.MaxPool2d(2))
        >>> for remark in remarks(record(model, [empty(2, 1, 20, device="meta")])):
        ...     print(remark.level, "at", remark.layer)
        warning at 1
    """
    watch = Watch(Meanings(record))
    for call, place in placed(record):
        if call.inputs and call.outputs:
            layer_rules(watch, call, place)
            watch.made(call, place)
            reshaping_rules(watch, call, place)
            mixing_rules(watch, call, place)
    outputs = [] if record.error else [watch.axes(info) for info in record.model.outputs]
    return watch.remarks(outputs)
