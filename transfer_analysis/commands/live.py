"""A live table of a grid that is being trained."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from transfer_analysis.commands.common import progress as report_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from transfer_analysis.progress import Report
    from transfer_analysis.training.runs.execute import Progress

#: Seconds between two drawings.
_DRAWN_EVERY = 0.25

#: Rows of conditions that fit beside what is running.
_MOST_ROWS = 30


@contextmanager
def live_grid() -> Iterator[tuple[Report, Callable[[Progress], None]]]:
    """Draw conditions × targets with what runs now on a terminal; elsewhere print a line for each tenth of the way."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with report_progress() as report:
        if not console.is_terminal:
            yield report, lambda grid: None
            return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        drawn = [0.0]

        def say(what: str, share: float) -> None:
            if not what.startswith("training"):
                live.update(f"{what} ({share:.0%})", refresh=True)

        def draw(grid: Progress) -> None:
            if time.monotonic() - drawn[0] > _DRAWN_EVERY:
                drawn[0] = time.monotonic()
                live.update(grid_table(grid), refresh=True)

        yield say, draw


def grid_table(grid: Progress) -> Any:
    """Return a table of runs: a row per condition, a column per target, how many seeds are done; below, what runs."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from transfer_analysis.training.grid import INTERMEDIATE

    found = dict.fromkeys(node for _, node in grid.nodes)
    nodes = sorted(found, key=lambda node: node != INTERMEDIATE)  # first, as it comes first
    conditions = list(dict.fromkeys((job.initialisation, job.condition) for job, _ in grid.nodes))
    table = Table("initialisation", "condition", *nodes, box=SIMPLE_HEAD)
    for initialisation, condition in conditions[:_MOST_ROWS]:
        cells = []
        for node in nodes:
            events = [
                event
                for (job, name), event in grid.nodes.items()
                if name == node and (job.initialisation, job.condition) == (initialisation, condition)
            ]
            cells.append(_cell(events))
        table.add_row(initialisation, condition, *cells)
    if len(conditions) > _MOST_ROWS:
        table.add_row("…", f"{len(conditions) - _MOST_ROWS} more", *[""] * len(nodes))
    running = [
        Text(
            f"  {e.job}, {e.node}: " + (f"step {e.step:,} of {e.steps:,}, {e.rate:,.0f} examples/s" if e.steps else "…")
        )
        for e in grid.running()
    ]
    return Group(table, *running, Text(f"  {grid.line()}"))


def _cell(events: list[Any]) -> str:
    if not events:
        return "–"
    done = sum(event is not None and event.state == "finished" for event in events)
    failed = sum(event is not None and event.state == "failed" for event in events)
    return f"{done}/{len(events)}" + (f" [red]{failed} failed[/red]" if failed else "")
