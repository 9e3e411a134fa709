"""The placement drill: questions from every notebook, and where a reader who answers them should begin."""

from convlab.practice.placement.rule import Placement, place
from convlab.practice.placement.session import PlacementSession
from convlab.practice.placement.topics import TOPICS
from convlab.practice.placement.widget import placement

__all__ = ["TOPICS", "Placement", "PlacementSession", "place", "placement"]
