"""The topics of the drills, and a question of each."""

from __future__ import annotations

import random
from collections.abc import Callable

from convlab.practice.drill.question import Question
from convlab.practice.drill.topics_cost import macs, parameters
from convlab.practice.drill.topics_error import error_layer
from convlab.practice.drill.topics_field import receptive_field
from convlab.practice.drill.topics_padding import padding
from convlab.practice.drill.topics_sizes import output_shape, transposed_output_shape

HARDEST = 5
"""Questions have a difficulty from 1 to this."""
TOPICS: dict[str, Callable[[random.Random, int], Question]] = {
    "output_shape": output_shape,
    "transposed_output_shape": transposed_output_shape,
    "padding": padding,
    "parameters": parameters,
    "macs": macs,
    "receptive_field": receptive_field,
    "error_layer": error_layer,
}


def known(topic: str) -> str:
    """The topic, where there is one of this name.

    Args:
        topic: Its name.

    Raises:
        ValueError: If there is none.

    Example:
        >>> known("pooling")
        Traceback (most recent call last):
        ValueError: topic must be one of output_shape, transposed_output_shape, padding, ..., but topic='pooling'
    """
    if topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, but topic={topic!r}")
    return topic


def ask(topic: str, difficulty: int, rng: random.Random) -> Question:
    """A question by lot.

    Args:
        topic: What it is about.
        difficulty: 1 to 5.
        rng: The lot; the same state gives the same question.

    Raises:
        ValueError: If there is no such topic or difficulty.

    Example:
        >>> print(ask("output_shape", 1, random.Random(5)).text)
        An input of shape (1, 3, 11) goes through
        <BLANKLINE>
            nn.Conv1d(3, 3, kernel_size=2)
        <BLANKLINE>
        Which length does the output have? If torch raises an error, answer error.
    """
    if difficulty not in range(1, HARDEST + 1):
        raise ValueError(f"difficulty must be from 1 to {HARDEST}, but difficulty={difficulty}")
    return TOPICS[known(topic)](rng, difficulty)
