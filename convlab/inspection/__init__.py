"""What happens inside a model: every call written down, with its shapes."""

from convlab.inspection.record import Call, Record, TensorInfo, record

__all__ = ["Call", "Record", "TensorInfo", "record"]
