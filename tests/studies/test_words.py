"""Paragraphs for a paper."""

import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.outcome import p_text
from transfer_analysis.studies import Given, load_study, run_study

from tests.studies.test_run import taskweb  # noqa: F401  # a fixture


def test_results_and_methods_have_every_hypothesis(taskweb):  # noqa: F811
    folder, _, _ = taskweb
    found = run_study(
        load_study("taskweb-similarity"), folder / "w", Given(folder / "tw.parquet", folder / "examples.jsonl")
    )
    methods, results = ((folder / "w" / f"{name}.md").read_text(encoding="utf-8") for name in ("methods", "results"))
    for finding in found.findings:
        assert finding.statement.rstrip(".") in results
        assert finding.outcome.sentence() in results
        assert finding.outcome.sentence("methods") in methods
        assert finding.id in methods
        if finding.adjusted_p is not None:
            assert f"After Holm’s correction, {p_text(finding.adjusted_p)}: {finding.verdict}." in results
    declared = [finding for finding in found.findings if not finding.exploratory]
    assert f"{len(declared) + len(found.untested)} hypotheses were declared" in methods
    assert results.index("## Exploratory") > results.index(declared[-1].outcome.sentence())


def test_a_description_has_no_p_value():
    found = Outcome("median correlation", 0.2, 36, "specifications", "specification curve")
    assert found.sentence() == "The median correlation was 0.200 (n = 36 specifications)."
    assert "estimated as follows" in found.sentence("methods")
    assert "p-value" not in found.sentence("methods")


def test_names_keep_their_capitals():
    found = Outcome("RMSE of the mean", 0.2, 36, "languages", "OLS", p_value=0.2, alternative="greater")
    assert found.sentence() == "The RMSE of the mean was 0.200 (p = .200, one-sided; n = 36 languages)."
    assert "one-sided (greater)" in found.sentence("methods")


def test_another_style_is_refused():
    with pytest.raises(InputError, match="expected results or methods"):
        Outcome("a", 0.2, 3, "b", "c").sentence("abstract")


def test_notebooks_show_what_is_escaped():
    shown = Outcome("a < b", 0.2, 3, "b", "c", warnings=("x & y",))._repr_html_()
    assert "A &lt; b" in shown
    assert "<li>x &amp; y</li>" in shown
