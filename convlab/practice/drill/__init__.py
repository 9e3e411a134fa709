"""Drills: questions without an end, each with its worked answer, at a difficulty that follows the answers."""

from convlab.practice.drill.prompt import run
from convlab.practice.drill.topics import TOPICS
from convlab.practice.drill.widget import drill

__all__ = ["TOPICS", "drill", "run"]
