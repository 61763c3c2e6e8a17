"""The page of reproductions: a table of all numbers, and what each of them rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from transfer_analysis.published.entry import Entry
from transfer_analysis.published.run import Found, Reproduction
from transfer_analysis.reporting.tables import markdown_table
from transfer_analysis.statistics.outcome import number, p_text


def all_findings(reproductions: Iterable[Reproduction]) -> pd.DataFrame:
    """Return the findings of several tables, one row each (see `Reproduction.tidy`)."""
    return pd.concat([one.tidy() for one in reproductions], ignore_index=True)


def for_drawing(reproductions: Iterable[Reproduction]) -> pd.DataFrame:
    """Return findings as `reporting.reproduction_plot` draws them: numbers as shares of the largest they can be."""
    rows = []
    for one in reproductions:
        for found in one.found:
            finding, outcome = found.finding, found.outcome
            published = None if finding.published is None else float(finding.published) / finding.out_of
            rows.append(
                {
                    "finding": f"{one.entry.name}: {finding.label or finding.what}",
                    "published": published,
                    "ours": found.ours / finding.out_of,
                    "verdict": found.verdict,
                    "significant_in_paper": finding.significant,
                    "p_value": outcome.p_value if outcome else None,
                }
            )
    return pd.DataFrame(rows)


def summary(reproductions: Sequence[Reproduction]) -> str:
    """Return in a sentence or two how many numbers were reproduced, and how many findings stand."""
    found = [one for each in reproductions for one in each.found]
    compared = [one for one in found if one.reproduced is not None]
    claims = [one for one in found if one.finding.significant and one.stands is not None]
    tied = sum(one.verdict == "by order of ties" for one in compared)
    text = (
        f"{sum(bool(one.reproduced) for one in compared)} of {len(compared)} published numbers of {len(reproductions)} "
        "released tables come out to the last printed digit"
    )
    text += f", and {tied} more lie within what some order of equal values gives." if tied else "."
    if claims:
        text += (
            f" Of {len(claims)} findings published as significant, {sum(bool(one.stands) for one in claims)} "
            "are significant at 5% at the level of languages, tasks or models; that languages are related is not accounted for everywhere."
        )
    return text


def published_page(reproductions: Sequence[Reproduction], absent: Sequence[Entry] = (), figure: str = "") -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    absent
        Entries whose files were not there.
    figure
        Address of the figure, where there is one.
    """
    parts = ["# Published results, computed again", summary(reproductions)]
    if figure:
        parts.append(
            f"![Published numbers against the same numbers computed from the released files, and the p-values of findings "
            f"published as significant, under the right unit]({figure})"
        )
    parts += [
        "`transfer-analysis published show NAME` says where the files of a table are, and `published run NAME FOLDER` gives "
        "its rows of this page. *Ours* is the paper’s own statistic on the released files. The *right test* asks the same "
        "question with a null or errors that respect what is independent in those data.",
        markdown_table(pd.DataFrame([_row(one, found) for one in reproductions for found in one.found])),
    ]
    parts += [_about(one) for one in reproductions]
    if absent:
        parts.append("## Not run\n\n" + "\n".join(f"- {entry.name}: {entry.title}" for entry in absent))
    return "\n\n".join(parts) + "\n"


def _row(one: Reproduction, found: Found) -> dict[str, str]:
    return {
        "table": one.entry.name,
        "number": found.finding.what,
        "published": found.finding.published or "not readable",
        "ours": ours_text(found),
        "reproduced": reproduced_text(found),
        "published as significant": {True: "yes", False: "no", None: ""}[found.finding.significant],
        "right test": answer_text(found),
    }


def ours_text(found: Found) -> str:
    """Return our number with as many digits as the published one, one more where they differ; at most ten digits."""
    if found.finding.published is None:
        return number(found.ours)
    decimals = found.finding.decimals + (not found.reproduced)
    text = f"{found.ours:.{decimals}f}"
    return text if len(text) <= 12 else f"{found.ours:.10g}"


def reproduced_text(found: Found) -> str:
    """Return whether a number is the published one, in a few words."""
    if found.verdict == "by order of ties" and found.between is not None:
        low, high = (f"{value:.{found.finding.decimals}f}" for value in found.between)
        return f"depends on ties: {low} to {high}"
    return {"yes": "yes", "no": "no", "not readable": "–"}[found.verdict]


def answer_text(found: Found) -> str:
    """Return what the right test says, in a few words."""
    outcome = found.outcome
    if outcome is None:
        return ""
    text = number(outcome.estimate)
    if outcome.p_value is not None:
        text += f", {p_text(outcome.p_value)}"
    return f"{outcome.statistic} {text}; n = {outcome.n} {outcome.unit}"


def _about(one: Reproduction) -> str:
    entry = one.entry
    lines = [
        f"## {entry.name}: {entry.title}",
        f"{entry.paper} <{entry.url}>",
        f"*{entry.question}* Unit: {entry.unit}.",
        f"From {entry.repository} at {entry.commit[:12]}, licence {entry.licence}; {one.rows:,} rows.",
    ]
    facts = [f"Rule: {rule}" for rule in entry.rules]
    facts += [f"{found.finding.what}: {found.finding.note}" for found in one.found if found.finding.note]
    facts += [f"Where: {where}" for where in dict.fromkeys(finding.where for finding in entry.findings)]
    facts += [f"`{name}` SHA-256 {found}" for name, found in one.hashes.items()]
    facts += list(one.remarks)
    return "\n\n".join(lines) + "\n\n" + "\n".join(f"- {fact}" for fact in facts)
