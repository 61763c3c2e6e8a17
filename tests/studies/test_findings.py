"""What a finding says of itself."""

from __future__ import annotations

import pytest
from transfer_analysis.statistics import Outcome
from transfer_analysis.studies.findings import Finding


def finding(p, low, high, *, adjusted=None, best=None, exploratory=False, **fields):
    outcome = Outcome(
        statistic="mean difference, in points",
        estimate=(low + high) / 2,
        low=low,
        high=high,
        p_value=p,
        null="no difference",
        n=5,
        unit="seeds",
        method="t",
        **fields,
    )
    adjusted = None if exploratory else (p if adjusted is None else adjusted)
    return Finding("difference", "They differ.", outcome, exploratory, adjusted, 0.05, best)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (finding(0.01, 1, 3), "supported, positive"),
        (finding(0.01, -3, -1), "supported, negative"),
        (finding(0.01, -3, -1, alternative="less"), "supported"),
        (finding(0.01, -0.5, 0.4, margin=1.0), "supported"),
        (finding(0.03, 0.1, 3, adjusted=0.09), "not supported"),
        (finding(0.01, 1, 3, exploratory=True), "exploratory"),
    ],
)
def test_verdicts(found, verdict):
    assert found.verdict == verdict


def test_the_answer_is_two_sentences():
    assert finding(0.03, 0.1, 3.1, adjusted=0.09).sentence() == (
        "Not supported: They differ. Mean difference, in points 1.60; 95% interval 0.10 to 3.10; p = .030, two-sided; null: no "
        "difference; "
        "n = 5 seeds; p = .090 after Holm's correction."
    )


def test_what_could_not_be_concluded():
    (said,) = finding(0.2, -1, 3, minimum_detectable=2.5).limits()
    assert "values from \u22121.00 to 3.00 are compatible with the data" in said
    assert "an effect of 2.5 is found in 80% of such studies" in said
    (said,) = finding(0.2, -1, 3, attainable_p=0.1).limits()
    assert said == "difference: no outcome could have reached α: the smallest attainable p is 0.1."
    (said,) = finding(0.2, -1, 3, minimum_detectable=2.5, attainable_effect=2.0).limits()
    assert (
        "an effect of 2.5 would be needed for a power of 80%, and no choice among these tasks is farther than 2 from"
        in said
    )
    (said,) = finding(0.02, -1, 3, adjusted=0.08, attainable_p=0.02, best=0.08).limits()
    assert "given the other hypotheses, no result could have reached α: at best p = .080" in said
    (said,) = finding(0.02, 0.1, 3, adjusted=0.08, best=0.01).limits()
    assert "p = .020 by itself, and p = .080 after Holm's correction" in said
    assert finding(0.01, 1, 3).limits() == []
    assert finding(0.5, -1, 3, exploratory=True).limits() == []


@pytest.mark.parametrize(
    "found",
    [
        finding(0.99, 1, 3, alternative="less"),
        finding(0.99, -3, -1, alternative="greater"),
        finding(0.99, 2, 3, margin=1.0),
        finding(0.99, 6, 8, alternative="less", random_selection=5.0),
    ],
)
def test_evidence_against_a_hypothesis_is_said(found):
    (said,) = found.limits()
    assert said.startswith("difference: the data speak against the hypothesis: mean difference")


def test_no_evidence_is_not_evidence_against():
    for found in (finding(0.4, -3, 1, alternative="greater"), finding(0.4, 0.2, 3, margin=1.0)):
        (said,) = found.limits()
        assert "does not support the hypothesis, and this is not evidence against it" in said
