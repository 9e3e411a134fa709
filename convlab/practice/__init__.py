"""Practice: exercises whose checks name the mistake, hints, solutions, drills, and the map of what is done."""

from convlab.practice.catalogue import names
from convlab.practice.checking import check
from convlab.practice.course import COURSE, ROUTES, direct_needs, everything_before, still_needed
from convlab.practice.drill import drill
from convlab.practice.map import progress
from convlab.practice.placement import placement
from convlab.practice.predict import predict
from convlab.practice.reveal import hint, solution
from convlab.practice.store import reset

__all__ = [
    "COURSE",
    "ROUTES",
    "check",
    "direct_needs",
    "drill",
    "everything_before",
    "hint",
    "names",
    "placement",
    "predict",
    "progress",
    "reset",
    "solution",
    "still_needed",
]
