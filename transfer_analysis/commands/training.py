"""Commands of the training core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transfer_analysis.commands.common import (
    AsJson,
    From,
    Out,
    OwnTasks,
    group,
    print_table,
    progress,
    read_catalogue,
    store_table,
)
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.tasks import Catalogue
    from transfer_analysis.training.plan import Plan
    from transfer_analysis.training.runs.store import Store

app = group("The bundled training core: a grid of intermediate and target tasks.")


@app.command(
    "grid", epilog="Example: transfer-analysis train grid plan.yaml --from corpora/ --store runs/ -o results.parquet"
)
def train_command(
    plan: Annotated[Path, typer.Argument(help="Encoder, recipe and grid in YAML; see README.md.")],
    source: From,
    store: Annotated[Path, typer.Option(help="Folder of finished runs: skip runs that are already there.")] = Path(
        "runs"
    ),
    out: Out = Path("results.parquet"),
    append: Annotated[bool, typer.Option(help="Append to the file instead of replacing it.")] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Runs at once; on processors, one thread each. 0: as many as there is room for.")
    ] = 2,
    device: Annotated[str, typer.Option(help="cpu, cuda (all cards: --workers 0), cuda:1, mps.")] = "cpu",
    engine: Annotated[str, typer.Option(help="What runs the work: local, ray or slurm.")] = "local",
    address: Annotated[str, typer.Option(help="Ray: address of the cluster  [default: one of this machine]")] = "",
    cpus: Annotated[int, typer.Option(min=1, help="Ray, SLURM: cores that a run reserves.")] = 1,
    gpus: Annotated[float, typer.Option(min=0, help="Ray, SLURM: cards that a run reserves; Ray takes fractions.")] = 0,
    memory: Annotated[float, typer.Option(min=0, help="Ray, SLURM: GiB that a run reserves.")] = 0,
    minutes: Annotated[
        int, typer.Option(min=1, help="SLURM: time limit of a job, which then goes on in the next.")
    ] = 240,
    partition: Annotated[str, typer.Option(help="SLURM: partition.")] = "",
    shard: Annotated[str, typer.Option(help="Do only this part of the work, such as 2/4.")] = "1/1",
    dry_run: Annotated[bool, typer.Option(help="List the work with estimates, and train nothing.")] = False,
    tflops: Annotated[
        float | None, typer.Option(min=0, help="For estimates: 10^12 operations a second  [default: measured here]")
    ] = None,
    checkpoint_minutes: Annotated[float, typer.Option(min=0, help="Between checkpoints inside a run.")] = 10.0,
    own_tasks: OwnTasks = None,
) -> None:
    """Train and score a grid, or what is left of it; results do not depend on interruptions, workers or the engine.

    Everything is read and checked before training starts. A run that fails is noted with its reason and the rest goes
    on; the exit code is then 1. Stop at any time with Ctrl-C and run the same command again to go on. Several commands,
    on one machine or many, may share a --store: none does what another does.
    """
    from transfer_analysis.commands.live import live_grid
    from transfer_analysis.corpora import corpus_from, origin_of
    from transfer_analysis.results import read_table
    from transfer_analysis.results.store import require_table_path
    from transfer_analysis.training.engines.engine import Options
    from transfer_analysis.training.plan import load_plan
    from transfer_analysis.training.runs.execute import run_grid

    loaded, catalogue, part = load_plan(plan), read_catalogue(own_tasks), _shard(shard)
    if dry_run:
        _print_work(loaded, catalogue, source, store, part, tflops)
        raise typer.Exit
    require_table_path(out)
    earlier = read_table(out, catalogue=catalogue) if append and out.is_file() else None
    try:
        with live_grid() as (report, watch):
            trained = run_grid(
                corpus_from(source, catalogue),
                catalogue,
                loaded.encoder,
                loaded.grid,
                loaded.chosen_recipe(),
                store,
                model=loaded.model_name(),
                origin=origin_of(source),
                workers=workers,
                device=device,
                checkpoint_every=60 * checkpoint_minutes,
                engine=engine,
                options=Options(
                    cpus=cpus, gpus=gpus, memory=memory, address=address, minutes=minutes, partition=partition
                ),
                shard=part,
                report=report,
                watch=watch,
                warn=lambda remark: typer.echo(f"note: {remark}", err=True),
            )
    except KeyboardInterrupt:
        typer.echo(f"stopped; what is finished is in {store}. Run the same command again to go on.", err=True)
        raise typer.Exit(130) from None
    table, remarks = trained.table, []
    if earlier is not None:
        table = earlier.extended(trained.table)
        replaced = len(earlier) + len(trained.table) - len(table)
        remarks.append(f"kept {len(earlier) - replaced:,} rows of {out.name}, replaced {replaced:,}")
    store_table(table, out, remarks)
    for failure in trained.failures:
        typer.echo(f"failed: {failure}", err=True)
    if trained.failures:
        raise typer.Exit(1)


def _shard(given: str) -> tuple[int, int]:
    part, _, parts = given.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise InputError(f"--shard {given!r}: expected a part of the whole, such as 2/4")
    return int(part), int(parts)


def _print_work(
    plan: Plan, catalogue: Catalogue, source: list[str], store: Path, shard: tuple[int, int], tflops: float | None
) -> None:
    """List the nodes of a plan with what each takes."""
    from transfer_analysis.corpora import corpus_from, origin_of
    from transfer_analysis.training.runs.estimate import estimated
    from transfer_analysis.training.session import Setting

    corpus = corpus_from(source, catalogue)
    setting = Setting(
        corpus, catalogue, plan.encoder, plan.model_name(), plan.grid, plan.chosen_recipe(), store, origin_of(source)
    )
    with progress() as report:
        found = estimated(setting, shard, tflops, report)
    rows = [
        [str(row.node), "stored" if row.stored else f"{row.seconds:,.0f}", f"{row.bytes / 1e6:,.1f}"]
        for row in found.nodes
    ]
    print_table(["run", "seconds", "MB"], rows)
    for line in found.lines():
        typer.echo(line)


@app.command("status", epilog="Example: transfer-analysis train status runs/")
def train_status_command(
    store: Annotated[Path, typer.Argument(help="Folder of finished runs.")], as_json: AsJson = False
) -> None:
    """Say who does what in a store, how many runs are finished, which failed and why, and how many are in the middle."""
    from dataclasses import asdict

    from transfer_analysis.training.runs.claims import claims

    found = _store(store)
    finished = [record["about"] for record in found.finished()]
    failed = list(found.failed())
    held = [{**asdict(claim), "abandoned": abandoned} for claim, abandoned in claims(store)]
    if as_json:
        typer.echo(json.dumps({"finished": finished, "failed": failed, "held": held}, ensure_ascii=False, indent=2))
        return
    if held:
        rows = [
            [
                str(one["what"]),
                f"{one['host']} ({one['process']})",
                f"{one['step']:,} of {one['steps']:,}" if one["steps"] else "–",
                f"{one['rate']:,.0f}" if one["rate"] else "–",
                "gone; the next command takes it over" if one["abandoned"] else "",
            ]
            for one in held
        ]
        print_table(["run", "machine (process)", "step", "examples/s", ""], rows)
    for record in failed:
        typer.echo(f"failed: {record['reason']}")
    typer.echo(
        f"{len(finished)} runs finished, {len(failed)} failed, {sum(not one['abandoned'] for one in held)} being done, "
        f"{found.begun()} phases begun and not ended"
    )


@app.command("collect", epilog="Example: transfer-analysis train collect runs/ -o results.parquet")
def collect_command(
    store: Annotated[Path, typer.Argument(help="Folder of finished runs.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Transfer table to write (.csv or .parquet).")],
    append: Annotated[bool, typer.Option(help="Append to the file instead of replacing it.")] = False,
    own_tasks: OwnTasks = None,
) -> None:
    """Write the transfer table of all finished runs of a store, whichever plans, machines or engines they are from."""
    from transfer_analysis.results import read_table
    from transfer_analysis.results.store import require_table_path
    from transfer_analysis.training.runs.collect import collected

    require_table_path(out)
    catalogue = read_catalogue(own_tasks)
    table = collected(_store(store), catalogue)
    if append and out.is_file():
        table = read_table(out, catalogue=catalogue).extended(table)
    store_table(table, out, [])


@app.command("provenance", epilog="Example: transfer-analysis train provenance runs/ -o provenance.json")
def provenance_command(
    store: Annotated[Path, typer.Argument(help="Folder of finished runs.")],
    results: Annotated[
        Path | None, typer.Option(help="Use only the runs in this table  [default: all of the store]")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON file to write.")] = Path("provenance.json"),
) -> None:
    """Write what the runs of a store were made from: encoders, recipes, and hashes of all examples, each said once."""
    from transfer_analysis.files import write_text
    from transfer_analysis.results import read_table
    from transfer_analysis.training.runs.provenance import provenance

    of = None if results is None else set(read_table(results).frame["run"])
    found = provenance(_store(store), of)
    write_text(out, json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    typer.echo(f"wrote {out}: {found['runs']} runs, {len(found['targets'])} targets")


def _store(path: Path) -> Store:
    from transfer_analysis.training.runs.store import Store

    if not path.is_dir():
        raise InputError(f"{path}: no such folder; expected one that `train grid --store` wrote")
    return Store(path)


@app.command("pretrain", epilog="Example: transfer-analysis train pretrain encoder.yaml --from corpora/ -o my-encoder")
def pretrain_command(
    settings: Annotated[Path, typer.Argument(help="Text, vocabulary, size and steps in YAML; see README.md.")],
    source: From,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the encoder.")],
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps.")] = "cpu",
    checkpoint_minutes: Annotated[float, typer.Option(min=0, help="Between checkpoints.")] = 10.0,
    own_tasks: OwnTasks = None,
) -> None:
    """Pretrain an encoder from nothing: a tokenizer, then masked and translation language modelling.

    Stop at any time and run the same command again to go on.
    """
    from transfer_analysis.corpora import corpus_from
    from transfer_analysis.training.computing.checkpoints import StoppedError
    from transfer_analysis.training.pretraining.pretrain import pretrain
    from transfer_analysis.training.pretraining.settings import load_pretraining

    catalogue = read_catalogue(own_tasks)
    try:
        with progress() as report:
            done = pretrain(
                corpus_from(source, catalogue),
                catalogue,
                load_pretraining(settings),
                out,
                device=device,
                checkpoint_every=60 * checkpoint_minutes,
                report=report,
            )
    except StoppedError:
        typer.echo(f"stopped; {out}.partial holds a checkpoint. Run the same command again to go on.", err=True)
        raise typer.Exit(130) from None
    rows = [
        [str(r.language), f"{r.passages:,}", _or_dash(r.held_out_loss, 3), _or_dash(r.unknown_tokens, 2)]
        for r in done.languages.itertuples()
    ]
    print_table(["language", "passages", "held-out loss (nats)", "unknown subwords (%)"], rows)
    typer.echo(f"wrote {out}")


def _or_dash(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:.{digits}f}"
