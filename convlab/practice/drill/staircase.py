"""`Staircase`: a difficulty that follows the answers."""

from __future__ import annotations

UP_AFTER = 2
"""Right answers in a row after which questions become harder."""


class Staircase:
    """A difficulty that rises after two right answers in a row and falls after a wrong one.

    Args:
        lowest: The easiest, which is also the first.
        highest: The hardest.

    Example:
        >>> stairs = Staircase(1, 5)
        >>> for passed in (True, True, True, True, False):
        ...     stairs.follow(passed)
        >>> stairs.level
        2
    """

    def __init__(self, lowest: int, highest: int) -> None:
        self._lowest, self._highest = lowest, highest
        self._in_a_row = 0
        self.level = lowest

    def follow(self, passed: bool) -> None:
        """Take the outcome of a question into account.

        Args:
            passed: Whether the answer was right.
        """
        if not passed:
            self._in_a_row = 0
            self.level = max(self._lowest, self.level - 1)
            return
        self._in_a_row += 1
        if self._in_a_row == UP_AFTER:
            self._in_a_row = 0
            self.level = min(self._highest, self.level + 1)

    def __repr__(self) -> str:
        return f"Staircase({self._lowest}, {self._highest}, level={self.level})"
