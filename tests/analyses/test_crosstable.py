"""Conditions × targets as papers print them."""

import numpy as np
import pandas as pd
import pytest
import transfer_analysis as ta
from transfer_analysis import reporting, statistics
from transfer_analysis.cli import app
from transfer_analysis.results import write_table
from typer.testing import CliRunner

SCORES = {
    ("none", "xnli"): 60.0,
    ("squad", "xnli"): 62.0,
    ("stsb", "xnli"): 61.0,
    ("none", "udpos"): 70.0,
    ("squad", "udpos"): 67.0,
}


def rows():
    """Two seeds around a mean; German on all, Thai on XNLI of squad alone."""
    found = [
        {"condition": c, "target": t, "source_language": "en", "language": language, "seed": seed, "model": "m",
         "initialisation": "pretrained", "score": mean + off + (1 if seed else -1)}
        for (c, t), mean in SCORES.items() for language, off in (("en", 20.0), ("de", 0.0)) for seed in (0, 1)
    ]  # fmt: skip
    lone = [{**found[4], "language": "th", "score": 10.0}]
    return pd.DataFrame([*found, *lone])


def test_scores_by_hand():
    table = ta.score_table(rows())
    assert table.values.loc[["none", "squad", "stsb"], "xnli"].tolist() == [60, 62, 61]  # Thai is not in all conditions
    assert table.values.loc["squad", "mean"] == pytest.approx((62 + 67) / 2)
    assert np.isnan(table.values.loc["stsb", "mean"])
    assert table.spread.loc["none", "xnli"] == pytest.approx(np.sqrt(2))
    assert table.seeds == (2, 2)
    assert table.p_values is None
    assert ta.score_table(rows(), languages="source").values.loc["none", "xnli"] == 80


def test_effects_are_those_of_dunnett_over_the_columns():
    table = ta.effect_table(rows())
    runs = rows().query("language == 'de'")
    wanted = statistics.effects_beside_baseline(runs).set_index(["condition", "target"])
    for (condition, target), row in wanted.iterrows():
        assert table.values.loc[condition, target] == pytest.approx(row["effect"])
        assert table.spread.loc[condition, target] == pytest.approx((row["high"] - row["low"]) / 2)
        assert table.p_values.loc[condition, target] == pytest.approx(min(1.0, 2 * row["p_value"]))
    assert list(table.values.columns) == ["udpos", "xnli", "mean"]


def test_languages_of_one_target():
    table = ta.score_table(rows(), across="language", targets=["xnli"], languages="all")
    assert list(table.values.columns) == ["de", "en", "th", "mean"][: len(table.values.columns)]
    assert table.values.loc["none", "en"] == 80
    with pytest.raises(ta.InputError, match="languages are of one target: name one of udpos, xnli"):
        ta.score_table(rows(), across="language")


def test_what_is_not_told_apart_is_refused():
    both = pd.concat([rows(), rows().assign(model="n")])
    with pytest.raises(ta.InputError, match="rows of several models: name one of m, n"):
        ta.score_table(both)
    assert ta.score_table(both, model="n").values.loc["none", "xnli"] == 60
    with pytest.raises(ta.InputError, match="columns 'targets': expected target or language"):
        ta.score_table(rows(), across="targets")
    with pytest.raises(ta.InputError, match="no target has condition none"):
        ta.effect_table(rows().query("condition != 'none'"))


def text(**given):
    table = ta.effect_table(rows())
    return reporting.crosstable_text(table.values, table.spread, table.p_values, **given), table


def test_the_best_is_bold_and_marks_stand_behind():
    values = pd.DataFrame({"a": [1.04, 1.0, -2.0], "b": [np.nan, np.nan, 3.0]}, index=["x", "y", "z"])
    p_values = pd.DataFrame({"a": [0.04, 0.2, 0.0004], "b": [np.nan, np.nan, 0.009]}, index=["x", "y", "z"])
    found = reporting.crosstable_text(values, values.abs(), p_values)
    assert found["a"].tolist() == ["**1.0** ± 1.0 *", "**1.0** ± 1.0", "\u22122.0 ± 2.0 ***"]
    assert found["b"].tolist() == ["", "", "3.0 ± 3.0 **"]  # alone in its column: nothing to be better than
    assert "**" not in " ".join(reporting.crosstable_text(values, best=False)["a"])


def test_latex_has_as_many_cells_in_every_row():
    found, table = text()
    latex = reporting.crosstable_latex(found, table.caption(spread=True, marks=True), "tab:e", True)
    body = [line for line in latex.splitlines() if line.endswith(r"\\") and "&" in line]
    assert {line.count("&") for line in body} == {3}
    assert latex.startswith("\\begin{table}")
    assert r"\textbf{" in latex
    assert latex.count(r"\caption{") == 1
    assert ".." not in latex


def test_many_columns_are_set_in_blocks_of_the_page():
    values = pd.DataFrame(np.full((2, 40), 55.5), index=["none", "squad"], columns=[f"l{i}" for i in range(40)])
    latex = reporting.crosstable_latex(reporting.crosstable_text(values, values), "c", "tab:x", False)
    assert latex.startswith("\\begin{table*}")
    assert latex.count("\\begin{tabular}") > 2
    assert sum(line.count("none &") for line in latex.splitlines()) == latex.count("\\begin{tabular}")


def test_markdown_keeps_its_marks():
    values = pd.DataFrame({"a": [1.0, -2.0]}, index=["x", "y"])
    found = reporting.crosstable_text(values, None, values * 0)
    markdown = reporting.crosstable_markdown(found, "Effects", True)
    assert r"**1.0** \*\*\*" in markdown
    assert markdown.rstrip().endswith("***: p < .001.")


@pytest.mark.parametrize(("ending", "begins"), [(".tex", "\\begin{table"), (".md", "|"), (".csv", "condition,column")])
def test_the_ending_decides(ending, begins, tmp_path):
    place = tmp_path / "t.parquet"
    write_table(ta.example_results(), place)
    given = ["results", "print", str(place), "--what", "effects", "--initialisation", "pretrained"]
    found = CliRunner().invoke(app, [*given, "-o", str(tmp_path / f"out{ending}")])
    assert found.exit_code == 0, found.output
    assert (tmp_path / f"out{ending}").read_text(encoding="utf-8").startswith(begins)
    refused = CliRunner().invoke(app, [*given, "-o", str(tmp_path / "out.docx")])
    assert "expected a name that ends in .tex, .md or .csv" in str(refused.exception)
    assert "squad" in CliRunner().invoke(app, given).stdout
    marked = CliRunner().invoke(app, ["results", "print", str(place), "--marks"])
    assert "effects have p-values" in str(marked.exception)
