"""Why a model stops, and what to change, each change tried."""

from convlab.inspection.doctor.case import Names
from convlab.inspection.doctor.diagnosing import diagnose, diagnose_call, diagnose_record
from convlab.inspection.doctor.functions import diagnose_function

__all__ = ["Names", "diagnose", "diagnose_call", "diagnose_function", "diagnose_record"]
