"""Commands on result tables that papers have released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transfer_analysis.commands.common import AsJson, group, print_table, progress
from transfer_analysis.commands.figures import KINDS, write_figure
from transfer_analysis.commands.fitting import OutCsv, records, write_csv
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.published import Entry, Reproduction

app = group("Published transfer results: the number in the paper, and the test that is right.")


@app.command("list", epilog="Example: transfer-analysis published list")
def list_command(as_json: AsJson = False) -> None:
    """List the released tables that are known."""
    from transfer_analysis.published import published

    entries = list(published().values())
    if as_json:
        typer.echo(json.dumps([entry.model_dump(mode="json") for entry in entries], ensure_ascii=False, indent=2))
        return
    print_table(
        ["table", "paper", "question", "numbers"],
        [[entry.name, entry.paper, entry.question, str(len(entry.findings))] for entry in entries],
    )


@app.command("show", epilog="Example: transfer-analysis published show langrank-dep")
def show_command(
    name: Annotated[str, typer.Argument(help="A table of the list.")],
    as_json: AsJson = False,
) -> None:
    """Show where a table's files are, what the paper prints from them, and which tests are right."""
    from transfer_analysis.published import entry_named

    entry = entry_named(name)
    if as_json:
        typer.echo(json.dumps(entry.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{entry.title}\n{entry.paper} <{entry.url}>\n{entry.question}")
    typer.echo(f"unit: {entry.unit}\nlicence: {entry.licence}")
    for rule in entry.rules:
        typer.echo(f"rule: {rule}")
    print_table(
        ["file", "where it is"],
        [
            [file.name, f"{file.repository or entry.repository}: {file.path} at {(file.commit or entry.commit)[:12]}"]
            for file in entry.files
        ],
    )
    print_table(
        ["number", "published", "where", "statistic", "right test"],
        [[f.what, f.published or "not readable", f.where, f.statistic, f.answer or ""] for f in entry.findings],
    )


@app.command("run", epilog="Example: transfer-analysis published run langrank-dep downloads/data_tsfparsing.csv")
def run_command(
    name: Annotated[str, typer.Argument(help="A table of the list.")],
    path: Annotated[
        Path, typer.Argument(help="Folder with the files, or a checkout of the repository; or the one file.")
    ],
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Compute a paper's numbers from its released files, and beside each what the right test says."""
    from transfer_analysis.published import entry_named, reproduce

    entry = entry_named(name)
    with progress() as report:
        found = reproduce(entry, path, report)
    write_csv(found.tidy(), out)
    if as_json:
        facts = {"hashes": dict(found.hashes), "remarks": list(found.remarks), "rows": found.rows}
        typer.echo(json.dumps({"findings": records(found.tidy()), **facts}, ensure_ascii=False, indent=2))
        return
    _print(found)


@app.command("page", epilog="Example: transfer-analysis published page downloads --out reports/published")
def page_command(
    folder: Annotated[Path, typer.Argument(help="Folder with a folder for each table, called as the table is.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for published.md, published.csv and the figure.")],
) -> None:
    """Run every table whose files are there, and write the page of reproductions with its figure."""
    from transfer_analysis.files import write_text
    from transfer_analysis.published import all_findings, for_drawing, published, published_page, reproduce, summary
    from transfer_analysis.reporting import reproduction_plot

    there = [entry for entry in published().values() if (folder / entry.name).exists()]
    if not there:
        raise InputError(f"{folder}: holds no folder of a published table; there are {', '.join(published())}")
    found: list[Reproduction] = []
    with progress() as report:
        for place, entry in enumerate(there):
            report(entry.name, place / len(there))
            found.append(reproduce(entry, folder / entry.name))
    figure = reproduction_plot(for_drawing(found))
    for kind in KINDS:
        write_figure(figure, out / f"published.{kind}", kind)
    absent: list[Entry] = [entry for entry in published().values() if entry not in there]
    write_text(out / "published.md", published_page(found, absent, "published.svg"))
    write_csv(all_findings(found), out / "published.csv")
    typer.echo(summary(found))
    typer.echo(f"wrote {out / 'published.md'}")


def _print(found: Reproduction) -> None:
    from transfer_analysis.published.page import answer_text, ours_text, reproduced_text

    entry = found.entry
    typer.echo(f"{entry.title}\n{entry.paper}\n{entry.question}")
    print_table(
        ["number", "published", "ours", "reproduced", "published as significant", "right test"],
        [
            [
                one.finding.what,
                one.finding.published or "not readable",
                ours_text(one),
                reproduced_text(one),
                {True: "yes", False: "no", None: ""}[one.finding.significant],
                answer_text(one),
            ]
            for one in found.found
        ],
    )
    notes = [f"{one.finding.what}: {one.finding.note}" for one in found.found if one.finding.note]
    warnings = list(dict.fromkeys(text for one in found.outcomes.values() for text in one.warnings))
    for note in (*entry.rules, *notes, *found.remarks, *warnings):
        typer.echo(f"note: {note}")
