"""Practice: exercises whose checks name the mistake, hints, solutions, drills, and the map of what is done."""

from convlab.practice.catalogue import names
from convlab.practice.checking import check
from convlab.practice.drill import drill
from convlab.practice.map import progress
from convlab.practice.predict import predict
from convlab.practice.reveal import hint, solution
from convlab.practice.store import reset

__all__ = ["check", "drill", "hint", "names", "predict", "progress", "reset", "solution"]
