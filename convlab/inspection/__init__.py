"""What happens inside a model: every call written down, with its shapes, what stopped it, and what to change."""

from convlab.inspection.diagnosis import Diagnosis, Fix
from convlab.inspection.doctor import diagnose
from convlab.inspection.record import Call, Place, Record, TensorInfo, record
from convlab.inspection.specification import Findings, Specification
from convlab.inspection.trace import Trace, trace

__all__ = [
    "Call",
    "Diagnosis",
    "Findings",
    "Fix",
    "Place",
    "Record",
    "Specification",
    "TensorInfo",
    "Trace",
    "diagnose",
    "record",
    "trace",
]
