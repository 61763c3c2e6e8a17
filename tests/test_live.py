"""The live table of a grid: a row per condition, a column per target, what runs now."""

from __future__ import annotations

import io

from rich.console import Console
from transfer_analysis.commands.live import grid_table
from transfer_analysis.training.grid import Job
from transfer_analysis.training.runs.execute import Progress
from transfer_analysis.training.runs.run import Event


def test_what_is_done_failed_and_running_is_shown():
    targets = ("xnli", "udpos")
    jobs = [Job("pretrained", condition, seed) for seed in (1, 2) for condition in ("none", "squad")]
    progress = Progress(
        {
            (job, node): None
            for job in jobs
            for node in (*(["intermediate"] if job.condition != "none" else []), *targets)
        }
    )
    progress.tell(Event(jobs[0], "xnli", "finished"))
    progress.tell(Event(jobs[2], "xnli", "finished"))
    progress.tell(Event(jobs[0], "udpos", "failed"))
    progress.tell(Event(jobs[1], "intermediate", "running", 30, 120, 85.4))
    console = Console(file=io.StringIO(), width=100)
    console.print(grid_table(progress))
    shown = console.file.getvalue().splitlines()
    rows = {line.split()[1]: line.split()[2:] for line in shown if line.strip().startswith("pretrained  ")}
    assert rows["none"] == ["–", "2/2", "0/2", "1", "failed"]
    assert rows["squad"] == ["0/2", "0/2", "0/2"]
    assert any("pretrained, squad, seed 1, intermediate: step 30 of 120, 85 examples/s" in line for line in shown)
    assert "training: 3 of 10 runs, 85 examples/s" in shown[-1]
