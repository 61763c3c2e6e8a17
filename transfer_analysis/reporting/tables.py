"""Tables for papers: booktabs LaTeX, and the outcomes in readable columns."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from transfer_analysis.statistics.outcome import Outcome, number, p_text

#: What a column of a paper has room for, a cell without a break, and the space between cells, in characters.
_COLUMN_CHARACTERS = 44
_LINE_CHARACTERS = 18
_BETWEEN = 3


def outcome_table(outcomes: Mapping[str, Outcome], adjusted: Mapping[str, float | None]) -> pd.DataFrame:
    """Return outcomes as text, one row each, rounded for reading.

    Parameters
    ----------
    outcomes
        Name → outcome.
    adjusted
        Name → p-value after correction, None where it is not part of the corrected family.
    """
    rows = []
    for name, outcome in outcomes.items():
        corrected, said = adjusted.get(name), outcome.written()
        rows.append(
            {
                "test": name,
                "statistic": outcome.statistic,
                "estimate": said.estimate,
                "95% interval": _interval(outcome),
                "random selection": said.random_selection + (f" (SD {said.spread})" if said.spread else ""),
                "p": _p(outcome.p_value),
                "p (Holm)": _p(corrected),
                "n": f"{outcome.n} {outcome.unit}",
                "detectable": "" if outcome.detectable is None else number(outcome.detectable),
            }
        )
    table = pd.DataFrame(rows)
    # What no test has needs no column.
    return table.loc[:, [bool((table[column] != "").any()) for column in table.columns]]


def _interval(outcome: Outcome) -> str:
    """Return an interval, with its level where that is not 95%."""
    said = outcome.written()
    level = "" if outcome.confidence == 0.95 else f" ({outcome.confidence:.0%})"
    return f"{said.low} to {said.high}{level}" if said.low else ""


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its p-values as papers write them, for reading; a CSV keeps the numbers."""
    return (
        frame.assign(p_value=frame["p_value"].map(_p)).rename(columns={"p_value": "p"}) if "p_value" in frame else frame
    )


def _p(value: float | None) -> str:
    return "" if value is None or value != value else p_text(value).removeprefix("p ").removeprefix("= ")


def latex_table(frame: pd.DataFrame, *, caption: str, label: str) -> str:
    """Return a booktabs table; text is escaped, numbers have three decimals, missing values are dashes.

    One that is too wide for a column takes the page (`table*` and `tabularx`), its long texts set in paragraphs.
    """
    styler = frame.style.format(_cell, escape="latex", na_rep="--").hide(axis="index")
    cells = {column: _characters(frame[column]) for column in frame.columns}
    wide = sum(max(len(column), width) + _BETWEEN for column, width in cells.items()) > _COLUMN_CHARACTERS
    styler = styler.format_index(lambda column: _heading(column, cells[column], wide), axis=1)
    columns = "".join(_column(frame[column], width, wide) for column, width in cells.items())
    text: str = styler.to_latex(
        hrules=True,
        caption=_escaped(caption),
        label=label,
        column_format=columns,
        position_float="centering",
        environment="table*" if wide else "table",
    )
    text = _symbols(text)
    if wide:
        text = text.replace(r"\centering", r"\centering\scriptsize\setlength{\tabcolsep}{3pt}", 1)
    if "X" in columns:
        before, after = rf"\begin{{tabular}}{{{columns}}}", columns.replace("X", r">{\raggedright\arraybackslash}X")
        text = text.replace(before, rf"\begin{{tabularx}}{{\textwidth}}{{{after}}}")
        text = text.replace(r"\end{tabular}", r"\end{tabularx}")
    return text


def latex_text(text: str) -> str:
    """Return text with what LaTeX reads in another way written as LaTeX has it."""
    return _symbols(_escaped(text))


def markdown_table(frame: pd.DataFrame) -> str:
    """Return a table in Markdown; numbers have three decimals, missing values are dashes."""

    def cell(value: object) -> str:
        if value is None or (isinstance(value, float) and value != value):
            return "–"
        text = f"{value:.3f}" if isinstance(value, float) else str(value)
        return text.replace("|", "\\|").replace("\n", " ")

    numeric = [pd.api.types.is_numeric_dtype(frame[column]) for column in frame.columns]
    lines = [list(map(str, frame.columns)), ["---:" if number else "---" for number in numeric]]
    lines += [[cell(value) for value in row] for row in frame.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


#: Characters that need a Unicode font otherwise, as LaTeX has them.
_SYMBOLS = {
    "<": "$<$",
    ">": "$>$",
    "\u2212": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "–": "--",
    "α": r"$\alpha$",
    "ρ": r"$\rho$",
    "λ": r"$\lambda$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "→": r"$\to$",
    "…": r"\ldots{}",
}


def _symbols(text: str) -> str:
    for character, command in _SYMBOLS.items():
        text = text.replace(character, command)
    return text


def _cell(value: object) -> object:
    """Return a number with three decimals and the sign that is no hyphen; anything else as it is."""
    return f"{value:.3f}".replace("-", "\N{MINUS SIGN}") if isinstance(value, float) else value


def _characters(values: pd.Series) -> int:
    """Return how many characters the widest cell of a column has."""
    return max((len(str(_cell(value))) for value in values), default=0)


def _heading(column: str, width: int, wide: bool) -> str:
    """Return a heading, in a wide table with a line for each word where it is wider than its cells."""
    words = column.replace("_", " ").split()
    if wide and len(column) > width and len(words) > 1:
        lines = r"\\".join(map(_escaped, words))
        return rf"\shortstack{{{lines}}}"
    return _escaped(column)


def _column(values: pd.Series, width: int, wide: bool) -> str:
    """Set numbers to the right, and in a wide table long text in paragraphs."""
    if pd.api.types.is_numeric_dtype(values):
        return "r"
    return "X" if wide and width > _LINE_CHARACTERS else "l"


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\textbackslash ").replace("~", r"\textasciitilde ").replace("^", r"\textasciicircum ")
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    return text
