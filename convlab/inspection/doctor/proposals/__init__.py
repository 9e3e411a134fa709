"""Changes that are worth a trial: of the input, of the layer that failed, of its line, and of what came before."""

from convlab.inspection.doctor.proposals.axes_of_joins import axis_edits
from convlab.inspection.doctor.proposals.deformable import deform_edits
from convlab.inspection.doctor.proposals.earlier_lines import earlier_edits
from convlab.inspection.doctor.proposals.failing_line import call_edits
from convlab.inspection.doctor.proposals.layers import layer_edits
from convlab.inspection.doctor.proposals.layouts import common_edits, input_edits
from convlab.inspection.doctor.proposals.operands import operand_edits
from convlab.inspection.doctor.proposals.sizes import length_edits, size_edits
from convlab.inspection.doctor.proposals.upstream import upstream_edits

__all__ = [
    "axis_edits",
    "call_edits",
    "common_edits",
    "deform_edits",
    "earlier_edits",
    "input_edits",
    "layer_edits",
    "length_edits",
    "operand_edits",
    "size_edits",
    "upstream_edits",
]
