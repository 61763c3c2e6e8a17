"""Where the rows of a table stand, for messages: as short to keep as the table is long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload


class Places(Sequence[str]):
    """What each row is called, `results.csv row 17`, made when it is asked for.

    Examples
    --------
    >>> Places("results.csv row", range(2, 5))[1]
    'results.csv row 3'
    """

    def __init__(self, before: str, numbers: Sequence[int]) -> None:
        self.before = before
        self.numbers = numbers

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> Places: ...
    def __getitem__(self, i: int | slice) -> str | Places:
        """Return what a row is called, or the rows of a part of the table."""
        if isinstance(i, slice):
            return Places(self.before, self.numbers[i])
        return f"{self.before} {self.numbers[i]}"

    def __len__(self) -> int:
        return len(self.numbers)
