"""Random streams of the simulated world: one for each thing that is drawn, so that none depends on another."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

#: Draws in generating text are small and many, for which the standard library's generator is several times as fast as
#: numpy's.
Stream = random.Random


def stream(seed: int, *names: str | int) -> Stream:
    """Return the stream of a name in the world of a seed, the same in every process."""
    return Stream(seed << 32 | zlib.crc32("/".join(map(str, names)).encode()))  # nothing secret is drawn


def choose(rng: Stream, options: Sequence[T]) -> T:
    """Draw one option."""
    return options[int(rng.random() * len(options))]


def other(rng: Stream, options: Sequence[T], *than: T) -> T:
    """Draw an option that is none of those given."""
    return choose(rng, [option for option in options if option not in than])


def draw_below(rng: Stream, end: int) -> int:
    """Draw a number from 0 to `end` - 1."""
    return int(rng.random() * end)
