"""The report: one HTML page that needs nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from transfer_analysis.reporting.tables import latex_text, markdown_table


@dataclass(frozen=True)
class Figure:
    """A figure of the report: SVG text, caption, and alternative text for readers who cannot see it.

    A `wide` figure takes the whole width of the page, others share a row.
    """

    name: str
    svg: str
    caption: str
    alt: str
    wide: bool = False

    def inline(self) -> Markup:
        """Return the SVG for use inside HTML: no XML head, names of parts made unique to the figure, scaled to fit."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r'\bid="([^"]+)"', rf'id="{self.name}-\1"', body)
        body = re.sub(r'href="#([^"]+)"', rf'href="#{self.name}-\1"', body)
        body = re.sub(r"url\(#([^)]+)\)", rf"url(#{self.name}-\1)", body)
        return Markup(re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', body, count=1))


@dataclass(frozen=True)
class Section:
    """A titled table."""

    title: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Page:
    """Everything a report says.

    Attributes
    ----------
    note
        What must be known before the answer is read; empty where there is nothing.
    answer
        One or two sentences with the numbers.
    verdicts
        How many of several declared hypotheses are supported; empty where it says no more than the answer.
    hypotheses, exploratory
        Dictionaries with `statement`, `verdict`, `sentence`, `notes` for each test.
    limits
        What could not be concluded, and why.
    remarks
        What happened to the data on the way.
    redo
        Command, versions, seeds and hashes, as pairs of a term and its text.
    terms
        Words that the page uses, as pairs of a word and its meaning.
    """

    title: str
    question: str
    note: str
    answer: str
    verdicts: str
    hypotheses: Sequence[dict[str, Any]]
    exploratory: Sequence[dict[str, Any]]
    figures: Sequence[Figure]
    sections: Sequence[Section]
    limits: Sequence[str]
    remarks: Sequence[str]
    redo: Sequence[tuple[str, str]]
    terms: Sequence[tuple[str, str]] = ()
    files: Sequence[str] = field(default_factory=tuple)


def render_html(page: Page) -> str:
    """Return the page as self-contained HTML."""
    return _rendered(page, "report.html.j2", table=_table, autoescape=True)


def render_markdown(page: Page) -> str:
    """Return the page as Markdown, with its figures beside it in `figures/`."""
    return _rendered(page, "report.md.j2", table=markdown_table, autoescape=False)


def render_latex(page: Page) -> str:
    r"""Return the page as a fragment for a paper: \\input it beside `figures/` and `tables/`; needs booktabs, graphicx and tabularx."""
    return _rendered(page, "report.tex.j2", tex=latex_text, autoescape=False)


def _rendered(page: Page, name: str, *, autoescape: bool, **functions: Any) -> str:
    # Templates are the package's own, and only HTML has anything to escape.
    environment = Environment(autoescape=autoescape, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    template = files("transfer_analysis.reporting").joinpath(name).read_text(encoding="utf-8")
    return environment.from_string(template).render(page=page, **functions)


def _table(frame: pd.DataFrame) -> Markup:
    html: str = frame.to_html(index=False, border=0, na_rep="–", float_format=lambda v: f"{v:.3f}", escape=True)
    # Numbers are set to the right of their columns; short text is not broken.
    html = re.sub(r"<td>((?:&lt; )?[\u2212-]?[\d.,]+)</td>", r'<td class="number">\1</td>', html)
    html = re.sub(r"<td>([^<]{1,22})</td>", r'<td class="short">\1</td>', html)
    html = re.sub(r"<td>([^<]{23,})</td>", r'<td class="long">\1</td>', html)
    return Markup(html.replace(' style="text-align: right;"', ""))
