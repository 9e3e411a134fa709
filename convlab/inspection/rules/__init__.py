"""What the outputs of a call see of the model's inputs: a rule for each function of torch, by its name."""

from __future__ import annotations

from convlab.inspection.calls import Call
from convlab.inspection.rules import choice, joining, layout, pointwise, sliding
from convlab.inspection.rules.sliding import WINDOWS
from convlab.inspection.rules.views import Rule, UnclearError, Views

__all__ = ["RULES", "WINDOWS", "UnclearError", "Views", "follow"]

RULES: dict[str, Rule] = {**pointwise.RULES, **sliding.RULES, **layout.RULES, **choice.RULES, **joining.RULES}
"""The rule of each function, by its name."""


def follow(call: Call, views: Views) -> None:
    """Write into the views what the outputs of a call of a function see; unknown where there is no rule for it.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> made = record(nn.Conv1d(1, 1, 3, stride=2), [empty(1, 1, 9, device="meta")])
        >>> views = Views(made)
        >>> follow(made.model.calls[0], views)
        >>> views[made.model.outputs[0]].axes[2].field
        Field(jump=2, spans=((0, 2),))
    """
    if not views.depend(call.inputs):
        for info in call.outputs:
            views.constant(info)
        return
    rule = RULES.get(call.kind)
    if rule is not None and call.kind not in ("__setitem__",):
        try:
            found = rule(call, views)
        except (UnclearError, LookupError, TypeError, ValueError, ZeroDivisionError):  # arguments in an unusual form
            found = []
        seen = [found] if not isinstance(found, list | tuple) else found
        if len(seen) == len(call.outputs) and all(a.shape == b.shape for a, b in zip(seen, call.outputs, strict=True)):
            for info, each in zip(call.outputs, seen, strict=True):
                views[info] = each
            return
    for info in call.outputs:
        views[info] = views.unknown(info)
