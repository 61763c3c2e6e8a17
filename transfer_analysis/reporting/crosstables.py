"""Tables of conditions × targets, or × languages: best in bold, spread and marks of significance, in LaTeX and Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from transfer_analysis.reporting.look import said
from transfer_analysis.reporting.tables import latex_text, markdown_table

#: p-values below which a mark stands, with the mark.
_MARKS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
_LEGEND = "*: p < .05, **: p < .01, ***: p < .001"

#: Characters that the width of a column and of the page have room for, in small letters.
_COLUMN, _PAGE = 46, 104

#: Characters between two cells.
_BETWEEN = 2.2


def crosstable_text(
    values: pd.DataFrame, spread: pd.DataFrame | None = None, p_values: pd.DataFrame | None = None, *, best: bool = True
) -> pd.DataFrame:
    """Return a table as text: `**67.2** ± 0.3**`, missing cells empty.

    Parameters
    ----------
    values, spread, p_values
        The same rows and columns; spread and p-values stand where they are given.
    best
        Whether the highest value of each column with several, and what rounds alike, is in bold.
    """
    rounded = values.round(1) + 0.0
    rows = []
    for row in values.index:
        cells = {}
        for column in values.columns:
            text = _number(rounded.loc[row, column])
            if text and best and rounded[column].count() > 1 and rounded.loc[row, column] == rounded[column].max():
                text = f"**{text}**"
            if text and spread is not None and pd.notna(spread.loc[row, column]):
                text += f" ± {spread.loc[row, column]:.1f}"
            if text and p_values is not None and (mark := _mark(p_values.loc[row, column])):
                text += f" {mark}"
            cells[said(column)] = text
        rows.append({"": said(row), **cells})
    return pd.DataFrame(rows)


def crosstable_markdown(text: pd.DataFrame, caption: str, marked: bool) -> str:
    """Return the table in Markdown, its caption beneath; asterisks of marks are escaped."""
    escaped = text.map(
        lambda cell: cell.replace(" *", " \\*").replace("\\**", "\\*\\*").replace("\\*\\**", "\\*\\*\\*")
    )
    return f"{markdown_table(escaped)}\n\n{_caption(caption, marked)}\n"


def crosstable_latex(text: pd.DataFrame, caption: str, label: str, marked: bool) -> str:
    """Return the table in LaTeX, as wide as a column where it fits, else as the page, in blocks where it must be.

    It needs the package booktabs alone.
    """
    blocks = _blocks(text)
    wide = len(blocks) > 1 or _width(text, list(text.columns)) > _COLUMN
    star = "*" if wide else ""
    lines = [rf"\begin{{table{star}}}", r"\centering\small\setlength{\tabcolsep}{3pt}"]
    for number, columns in enumerate(blocks):
        lines += [
            *([r"\par\smallskip"] if number else []),
            rf"\begin{{tabular}}{{l{'r' * (len(columns) - 1)}}}",
            r"\toprule",
            " & ".join(latex_text(str(column)) for column in columns) + r" \\",
            r"\midrule",
            *(" & ".join(_latex_cell(cell) for cell in row) + r" \\" for row in text[columns].itertuples(index=False)),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    lines += [rf"\caption{{{latex_text(_caption(caption, marked))}}}", rf"\label{{{label}}}", rf"\end{{table{star}}}"]
    return "\n".join(lines) + "\n"


def _caption(caption: str, marked: bool) -> str:
    text = f"{caption}; {_LEGEND}" if marked else caption
    return f"{text.rstrip('.')}."


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.1f}".replace("-", "\N{MINUS SIGN}")


def _mark(p: float) -> str:
    return next((mark for level, mark in _MARKS if p < level), "")


def _latex_cell(cell: str) -> str:
    """Return a cell with its bold number, its spread in small letters, and its mark raised."""
    number, _, mark = cell.partition(" *")
    number, _, spread = number.partition(" ± ")
    bold = number.startswith("**")
    text = latex_text(number.strip("*"))
    text = rf"\textbf{{{text}}}" if bold else text
    if spread:
        text += rf"{{\scriptsize$\pm${spread}}}"
    return text + (rf"$^{{*{mark}}}$" if " *" in cell else "")


def _width(text: pd.DataFrame, columns: Sequence[str]) -> float:
    return sum(_characters(text, column) + _BETWEEN for column in columns)


def _characters(text: pd.DataFrame, column: str) -> int:
    """Return how many characters the widest cell has, in letters of the table's size: spreads stand in smaller ones."""
    cells = [cell.replace("**", "") for cell in text[column]]
    sizes = [len(cell.split(" ± ")[0]) + 0.75 * len(cell.partition(" ±")[2]) for cell in cells]
    return round(max([len(str(column)), *sizes]))


def _blocks(text: pd.DataFrame) -> list[list[str]]:
    """Return the columns in as many parts as the page's width asks for, the names of rows before each."""
    first, *others = list(text.columns)
    blocks: list[list[str]] = []
    left = 0.0
    for column in others:
        need = _characters(text, column) + _BETWEEN
        if not blocks or need > left:
            blocks.append([first])
            left = _PAGE - _width(text, [first])
        blocks[-1].append(column)
        left -= need
    return blocks or [[first]]
