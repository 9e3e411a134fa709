"""What happens inside a model: every call written down, with its shapes."""

from convlab.inspection.record import Call, Place, Record, TensorInfo, record

__all__ = ["Call", "Place", "Record", "TensorInfo", "record"]
