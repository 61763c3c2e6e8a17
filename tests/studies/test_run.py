"""Whole studies on small tables, with every number recomputed independently."""

from __future__ import annotations

import json
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from transfer_analysis.distances import DistanceMatrix, language_distances
from transfer_analysis.distances.embeddings import encoders
from transfer_analysis.errors import InputError
from transfer_analysis.reporting import figure_bytes
from transfer_analysis.results import TransferTable, read_table, write_table
from transfer_analysis.results.importers import import_taskweb, import_xpos
from transfer_analysis.statistics.outcome import number
from transfer_analysis.studies import Given, load_study, run_study
from transfer_analysis.studies.analyses.tasks import Specifications
from transfer_analysis.studies.figures import draw_figures
from transfer_analysis.studies.run import read_report, report_again
from transfer_analysis.studies.scales import Scale
from transfer_analysis.tasks import load_catalogue

TASKS = ["anli_r3", "boolq", "cb", "copa", "imdb", "mrpc"]


class WordCounts:
    """A sentence encoder without weights, for tests: counts of six words."""

    words = ("a", "b", "c", "d", "e", "f")

    def encode(self, texts):
        return np.array([[text.split().count(w) for w in self.words] for text in texts], dtype=float)

    def provenance(self):
        return {"encoder": "counts", "encoder_source": "test", "encoder_sha256": ""}


@pytest.fixture
def taskweb(tmp_path, monkeypatch):
    """TaskWeb in miniature: six sources, five targets, two models, two seeds; examples of six words."""
    rng = np.random.default_rng(0)
    rows = []
    for model in ("t5s", "gpt2m"):
        for target in TASKS[:5]:
            for seed in (1, 2):
                base = {
                    "model": model,
                    "target": target,
                    "language": "en",
                    "split": "validation",
                    "metric": "primary",
                    "seed": seed,
                }
                rows.append({**base, "condition": "none", "score": 50 + 10 * rng.random()})
                rows += [{**base, "condition": s, "score": 50 + 20 * rng.random()} for s in TASKS if s != target]
    frame = pd.DataFrame(rows)
    write_table(TransferTable.from_frame(frame), tmp_path / "tw.parquet")
    texts = {task: [" ".join(rng.choice(WordCounts.words, 6)) for _ in range(4)] for task in TASKS}
    lines = [json.dumps({"task": t, "text": x}) for t, xs in texts.items() for x in xs]
    (tmp_path / "examples.jsonl").write_text("\n".join(lines))
    monkeypatch.setattr(encoders, "load_sentence_encoder", lambda name: WordCounts())
    return tmp_path, frame, texts


def test_taskweb_similarity_recomputed(taskweb):
    folder, frame, texts = taskweb
    out = folder / "report"
    finished = run_study(load_study("taskweb-similarity"), out, Given(folder / "tw.parquet", folder / "examples.jsonl"))
    outcomes = {o["id"]: o for o in json.loads((out / "outcomes.json").read_text())["outcomes"]}

    # Distances by hand: counts of words, mean, cosine.
    means = {
        t: np.mean([[x.split().count(w) for w in WordCounts.words] for x in xs], axis=0) for t, xs in texts.items()
    }
    distance = pd.DataFrame(
        [[1 - means[a] @ means[b] / np.linalg.norm(means[a]) / np.linalg.norm(means[b]) for b in TASKS] for a in TASKS],
        TASKS,
        TASKS,
    )
    # Gains by hand: paired by seed, averaged.
    baseline = frame[frame["condition"] == "none"].set_index(["model", "target", "seed"])["score"]
    scores = frame[frame["condition"] != "none"].copy()
    scores["gain"] = [r.score - baseline[r.model, r.target, r.seed] for r in scores.itertuples()]
    gain = scores.pivot_table(index="condition", columns="target", values="gain").loc[TASKS, TASKS[:5]].to_numpy()
    score = scores.pivot_table(index="condition", columns="target", values="score").loc[TASKS, TASKS[:5]].to_numpy()

    def within(d):
        values = []
        for j in range(5):
            use = np.isfinite(gain[:, j])
            values.append(spearmanr(d[use, j], gain[use, j]).statistic)
        return np.mean(values)

    full = distance.to_numpy()
    # mrpc is never a target here, so only the five tasks on both sides are exchanged.
    relabelled = [full[np.ix_((*p, 5), (*p, 5))] for p in permutations(range(5))]
    null = np.array([within(d) for d in relabelled])
    association = outcomes["rank-association"]
    assert association["estimate"] == pytest.approx(null[0])
    assert association["p_value"] == pytest.approx(np.mean(null <= null[0] + 1e-12))
    assert association["n"] == 25

    def regret(d, k=5):
        values = []
        for j in range(5):
            use = np.isfinite(score[:, j])
            chosen = score[use, j][np.argsort(d[use, j])][:k].mean()
            values.append(100 * (score[use, j].max() - chosen) / score[use, j].max())
        return np.mean(values)

    assert outcomes["regret"]["estimate"] == pytest.approx(regret(full))
    enumerated = [
        np.mean([100 * (s.max() - np.mean(c)) / s.max() for c in combinations(s, 5)])
        for s in (score[np.isfinite(score[:, j]), j] for j in range(5))
    ]
    assert outcomes["regret"]["random_selection"] == pytest.approx(np.mean(enumerated))

    def ndcg(d):
        values = []
        for j in range(5):
            use = np.isfinite(score[:, j])
            ranks = np.argsort(np.argsort(score[use, j])).astype(float)
            discounts = 1 / np.log2(np.arange(2, len(ranks) + 2))
            values.append(ranks[np.argsort(d[use, j])] @ discounts / (np.sort(ranks)[::-1] @ discounts))
        return np.mean(values)

    null = np.array([ndcg(d) for d in relabelled])
    assert outcomes["ndcg"]["estimate"] == pytest.approx(null[0])
    assert outcomes["ndcg"]["p_value"] == pytest.approx(np.mean(null >= null[0] - 1e-12))
    every = [np.mean([np.array(o) @ (1 / np.log2(np.arange(2, 7))) for o in permutations(range(5))])]
    best = np.arange(5)[::-1] @ (1 / np.log2(np.arange(2, 7)))
    assert outcomes["ndcg"]["random_selection"] == pytest.approx(every[0] / best)
    assert finished.answer.startswith(("Supported: ", "Not supported: "))


def test_a_report_holds_everything_and_the_same_input_gives_the_same_bytes(taskweb):
    folder, _, _ = taskweb
    given = Given(folder / "tw.parquet", folder / "examples.jsonl")
    study = load_study("taskweb-similarity")
    run_study(study, folder / "one", given)
    run_study(study, folder / "two", given)
    names = sorted(p.relative_to(folder / "one").as_posix() for p in (folder / "one").rglob("*") if p.is_file())
    assert {"report.html", "outcomes.json", "tables/outcomes.tex", "tables/cells.csv", "data/results.parquet"} <= set(
        names
    )
    for figure in ("distance-gain", "selection-curve", "task-distances"):
        assert {f"figures/{figure}.{kind}" for kind in ("svg", "pdf", "png")} <= set(names)
    for name in names:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name
    record = json.loads((folder / "one" / "outcomes.json").read_text())
    assert len(record["files"]["--results"]["sha256"]) == 64
    assert record["command"] == (
        "transfer-analysis study run taskweb-similarity --results tw.parquet --examples examples.jsonl --out taskweb-similarity"
    )
    assert {"torch", "scipy", "urielplus", "python"} <= set(record["versions"])
    assert read_table(folder / "one" / "data" / "results.parquet")
    assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []


def test_a_report_is_made_again_from_its_folder_alone(taskweb, monkeypatch):
    folder, _, _ = taskweb
    study = load_study("taskweb-similarity")
    run_study(study, folder / "one", Given(folder / "tw.parquet", folder / "examples.jsonl"))
    for name in ("tw.parquet", "examples.jsonl"):
        (folder / name).unlink()
    monkeypatch.setattr(encoders, "load_sentence_encoder", lambda name: pytest.fail("nothing is to be embedded"))
    again = report_again(folder / "one", folder / "two")
    names = sorted(p.relative_to(folder / "one").as_posix() for p in (folder / "one").rglob("*") if p.is_file())
    for name in names:
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes(), name
    assert again.report == folder / "two" / "report.html"
    report_again(folder / "one", folder / "one")
    assert (folder / "one" / "report.md").read_bytes() == (folder / "two" / "report.md").read_bytes()
    with pytest.raises(InputError, match="is not a study report"):
        report_again(folder / "nowhere", folder / "three")


def test_what_a_report_holds_can_be_read_and_drawn_again(taskweb):
    folder, _, _ = taskweb
    finished = run_study(
        load_study("taskweb-similarity"), folder / "one", Given(folder / "tw.parquet", folder / "examples.jsonl")
    )
    material, findings = read_report(folder / "one")
    assert findings == finished.findings
    for drawn in draw_figures(material, findings):
        stored = (folder / "one" / "figures" / f"{drawn.name}.pdf").read_bytes()
        assert figure_bytes(drawn.figure, "pdf") == stored


def test_the_answer_is_two_sentences_and_limits_are_said(taskweb):
    folder, _, _ = taskweb
    finished = run_study(
        load_study("taskweb-similarity"), folder / "one", Given(folder / "tw.parquet", folder / "examples.jsonl")
    )
    primary = next(f for f in finished.findings if f.id == "rank-association")
    statement, numbers = finished.answer.split(". ", 1)
    assert statement == f"{primary.verdict.capitalize()}: {primary.statement.rstrip('.')}"
    for part in ("interval", "n = 25", "after Holm's correction", "permutation"):
        assert part in numbers
    text = (folder / "one" / "report.md").read_text()
    declared = [f for f in finished.findings if not f.exploratory]
    supported = [f.id for f in declared if f.verdict.startswith("supported")]
    assert f"Of {len(declared)} declared hypotheses {len(supported) or 'none'} " in text
    assert all(f"*{word}*: " in text for word in ("gain", "cell", "Regret", "detectable", "Holm"))
    assert "*phylogenetic*" not in text
    unsupported = [f for f in finished.findings if not f.exploratory and f.verdict == "not supported"]
    assert unsupported
    for finding in unsupported:
        (limit,) = finding.limits()
        assert limit in text
        if finding.outcome.attainable_p > 0.05:  # five of five are always chosen
            assert "no outcome could have reached α: the smallest attainable p is 1" in limit
        elif finding.attainable_adjusted_p > 0.05:
            assert "no outcome could have been below α beside the other hypotheses" in limit
        else:
            assert f"an effect of {number(finding.outcome.minimum_detectable)} is found in 80%" in limit
    order = [
        text.index(h) for h in ("## Hypotheses declared", "## Figures", "## Tables", "## What could not", "## To redo")
    ]
    assert order == sorted(order)
    latex = (folder / "one" / "report.tex").read_text()
    assert latex.count("\\includegraphics") == text.count("![")
    assert all(ord(character) < 128 or character.isalpha() for character in latex)


def test_a_folder_of_results_brings_its_distances(taskweb, monkeypatch):
    folder, _, _ = taskweb
    study = load_study("taskweb-similarity")
    run_study(study, folder / "one", Given(folder / "tw.parquet", folder / "examples.jsonl"))
    monkeypatch.setattr(encoders, "load_sentence_encoder", lambda name: pytest.fail("the distance is there"))
    run_study(study, folder / "two", Given(folder / "one" / "data"))
    one, two = (json.loads((folder / name / "outcomes.json").read_text())["outcomes"] for name in ("one", "two"))
    assert one == two
    with pytest.raises(InputError, match="the folder holds no results.parquet"):
        run_study(study, folder / "x", Given(folder))


def test_rows_that_cannot_be_joined_are_counted_and_listed(taskweb):
    folder, _frame, _ = taskweb
    table = read_table(folder / "tw.parquet").frame
    extra = table[(table["condition"] == "mrpc") & (table["model"] == "t5s")].assign(condition="wic")
    write_table(TransferTable.from_frame(pd.concat([table, extra])), folder / "more.parquet")
    finished = run_study(
        load_study("taskweb-similarity"), folder / "r", Given(folder / "more.parquet", folder / "examples.jsonl")
    )
    assert f"{len(extra):,} rows dropped: no semantic distance for the condition: wic" in finished.remarks
    dropped = pd.read_csv(folder / "r" / "data" / "dropped-gains.csv")
    assert len(dropped) == len(extra)


def test_task_distances_can_be_given(taskweb):
    folder, _, _ = taskweb
    run_study(load_study("taskweb-similarity"), folder / "one", Given(folder / "tw.parquet", folder / "examples.jsonl"))
    given = Given(folder / "tw.parquet", task_distances={"": folder / "one" / "data" / "distance-semantic.csv"})
    run_study(load_study("taskweb-similarity"), folder / "two", given)
    one, two = (json.loads((folder / name / "outcomes.json").read_text()) for name in ("one", "two"))
    assert [o["estimate"] for o in one["outcomes"]] == pytest.approx([o["estimate"] for o in two["outcomes"]])


def test_a_study_may_have_several_task_distances(taskweb, tmp_path):
    """Each hypothesis is on the one that it names; one of them is given, the other computed."""
    folder, _, _ = taskweb
    study = load_study("taskweb-similarity")
    run_study(study, folder / "one", Given(folder / "tw.parquet", folder / "examples.jsonl"))
    first = study.hypotheses[0]
    both = study.model_copy(
        update={
            "task_distances": (
                *study.task_distances,
                study.task_distances[0].model_copy(update={"name": "words", "kind": "tfidf"}),
            ),
            "hypotheses": (first, first.model_copy(update={"id": "words", "distance": "words"})),
            "exploratory": (
                Specifications(id="curve", statement="All.", analysis="specification-curve", languages="all"),
            ),
        }
    )
    matrix = DistanceMatrix.read(folder / "one" / "data" / "distance-semantic.csv")
    turned = matrix.values.loc[matrix.rows, matrix.columns]
    turned.iloc[:, :] = np.random.default_rng(1).permutation(turned.to_numpy().ravel()).reshape(turned.shape)
    turned.to_csv(folder / "other.csv")
    given = Given(folder / "tw.parquet", folder / "examples.jsonl", task_distances={"words": folder / "other.csv"})
    run_study(both, folder / "two", given)
    one, two = (json.loads((folder / name / "outcomes.json").read_text()) for name in ("one", "two"))
    estimates = {o["id"]: o["estimate"] for o in two["outcomes"]}
    assert estimates["rank-association"] == pytest.approx(one["outcomes"][0]["estimate"])
    assert estimates["words"] != pytest.approx(estimates["rank-association"])
    assert "--task-distances words=other.csv" in two["command"]
    assert estimates["curve"] == pytest.approx(np.median([*_estimates_of_all(folder, matrix.values, turned)]))
    assert (folder / "two" / "figures" / "specification-curve.pdf").is_file()
    cells = pd.read_csv(folder / "two" / "tables" / "cells.csv")
    assert {"semantic_distance", "words_distance"} <= set(cells.columns)
    # A source that only the second distance lacks still counts for the first.
    turned.drop(index="mrpc", columns="mrpc", errors="ignore").to_csv(folder / "fewer.csv")
    fewer = Given(folder / "tw.parquet", folder / "examples.jsonl", task_distances={"words": folder / "fewer.csv"})
    run_study(both, folder / "three", fewer)
    three = {o["id"]: o for o in json.loads((folder / "three" / "outcomes.json").read_text())["outcomes"]}
    assert three["rank-association"]["estimate"] == pytest.approx(estimates["rank-association"])
    assert three["rank-association"]["n"] > three["words"]["n"]
    assert three["curve"]["n"] % 2 == 0  # each distance as often as the other, on the tasks that both know
    with pytest.raises(InputError, match="2 task distances; say which as NAME=FILE"):
        run_study(both, folder / "x", Given(folder / "tw.parquet", task_distances={"": folder / "other.csv"}))
    with pytest.raises(InputError, match="no task distance 'word' .did you mean 'words'"):
        run_study(both, folder / "x", Given(folder / "tw.parquet", task_distances={"word": folder / "other.csv"}))


def _estimates_of_all(folder, *distances):
    """Mean rank correlation over targets, for each distance, with all sources and without those of each family."""
    catalogue = load_catalogue()
    rows = pd.read_parquet(folder / "two" / "data" / "observations-gains.parquet")
    rows = rows[~rows["overlap"]]
    gain = rows.groupby(["condition", "target"])["gain"].mean().unstack("target")
    families = {task: catalogue.family(task) for task in gain.index}
    for values in distances:
        for left_out in (None, *sorted(set(families.values()))):
            kept = [task for task in gain.index if families[task] != left_out]
            found = []
            for target in gain.columns:
                both = pd.concat([gain.loc[kept, target], values.loc[kept, target]], axis=1).dropna()
                if len(both) > 2:
                    found.append(spearmanr(both.iloc[:, 0], both.iloc[:, 1]).statistic)
            yield np.mean(found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Given(), "needs a transfer table"),
        (Given(), "needs examples of the tasks"),
    ],
)
def test_what_is_missing_is_said_before_anything_runs(tmp_path, given, message):
    with pytest.raises(InputError, match=message):
        run_study(load_study("taskweb-similarity"), tmp_path / "r", given)
    assert not (tmp_path / "r").exists()


def test_a_folder_that_is_no_report_is_not_replaced(taskweb):
    folder, _, _ = taskweb
    (folder / "precious").mkdir()
    (folder / "precious" / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="exists and is not a study report"):
        run_study(
            load_study("taskweb-similarity"),
            folder / "precious",
            Given(folder / "tw.parquet", folder / "examples.jsonl"),
        )
    assert (folder / "precious" / "thesis.tex").read_text() == "x"


def test_wrong_split_and_metric_name_what_there_is(taskweb):
    folder, frame, _ = taskweb
    given = Given(folder / "test.parquet", folder / "examples.jsonl")
    write_table(TransferTable.from_frame(frame.assign(split="test")), given.results)
    with pytest.raises(InputError, match="no split 'validation'; they have test"):
        run_study(load_study("taskweb-similarity"), folder / "r", given)
    write_table(TransferTable.from_frame(frame.assign(metric="accuracy")), given.results)
    with pytest.raises(InputError, match="no primary scores in split 'validation'; they have accuracy"):
        run_study(load_study("taskweb-similarity"), folder / "r", given)


def test_cells_are_means_over_the_same_runs(taskweb):
    """A weak model that one source task lacks must not make that source look good."""
    folder, frame, _ = taskweb
    weak = frame[frame["model"] == "t5s"].assign(model="roberta", score=lambda f: f["score"] - 40)
    uneven = pd.concat([frame, weak[~((weak["condition"] == "copa") & (weak["target"] == "cb"))]])
    given = Given(folder / "uneven.parquet", folder / "examples.jsonl")
    write_table(TransferTable.from_frame(uneven), given.results)
    finished = run_study(load_study("taskweb-similarity"), folder / "r", given)
    regret = next(f for f in finished.findings if f.id == "regret").outcome
    assert any("cb: 1 runs left out: not every task has them" in w for w in regret.warnings)
    write_table(TransferTable.from_frame(frame), folder / "even.parquet")
    # The other targets have the weak model everywhere, which shifts all their sources alike.
    cells = pd.read_csv(folder / "r" / "tables" / "per-target.csv").set_index("target")
    run_study(load_study("taskweb-similarity"), folder / "e", Given(folder / "even.parquet", folder / "examples.jsonl"))
    even = pd.read_csv(folder / "e" / "tables" / "per-target.csv").set_index("target")
    assert cells.loc["cb"].iloc[0] == pytest.approx(even.loc["cb"].iloc[0])


def test_overlapping_cells_have_neither_outcome_nor_distance(tmp_path):
    from transfer_analysis.analyses import task_cells
    from transfer_analysis.distances import DistanceMatrix
    from transfer_analysis.observations import observe

    conditions, targets = ["mnli", "squad", "qqp", "mnli+mlm"], ["xnli", "paws-x"]
    rows = pd.DataFrame(
        [
            {"model": "m", "adaptation": "f", "initialisation": "pretrained", "checkpoint": "last", "condition": c, "target": t,
             "source_language": "en", "language": "de", "score": 50.0 + i, "gain": float(i)}
            for i, (c, t) in enumerate((c, t) for c in conditions for t in targets)
        ]
    )  # fmt: skip
    matrix = DistanceMatrix(
        pd.DataFrame([[0.0, 0.2], [0.5, 0.6], [0.4, 0.1]], index=conditions[:3], columns=targets), "toy"
    )
    joined = observe(rows, task_distances={"semantic": matrix})
    cells = task_cells(joined.frame, "gain", ["semantic"], languages="all")
    assert list(cells.outcome.index) == ["mnli", "qqp", "squad"]
    assert np.isnan(cells.outcome.loc["mnli", "xnli"])
    observed = pd.DataFrame(cells.observed(), cells.outcome.index, cells.outcome.columns)
    assert np.isnan(observed.loc["mnli", "xnli"])
    assert observed.loc["mnli", "paws-x"] == 0.2
    # Only mnli was run with +mlm too, so that run is left out where others would be compared with it.
    assert cells.outcome.loc["mnli", "paws-x"] == 1.0
    assert any("paws-x: 1 runs left out: not every task has them" in note for note in cells.notes)
    # Asked for, they count; a task with itself never does.
    counted = task_cells(joined.frame, "gain", ["semantic"], languages="all", overlaps=True)
    assert counted.outcome.notna().to_numpy().all()


@pytest.fixture
def xpos(tmp_path):
    """Tagging in miniature: five source and fourteen test languages, scores that fall with syntactic distance."""
    rng = np.random.default_rng(2)
    languages = ["en", "de", "fr", "hi", "tr", "fi", "et", "hu", "ja", "ar", "he", "ru", "zh", "hyw"]
    distance = language_distances(languages, "syntactic").values
    rows = [
        {
            "model": "m",
            "target": "udpos",
            "metric": "accuracy",
            "source_language": s,
            "language": t,
            "score": 90 - 40 * np.nan_to_num(distance.loc[s, t], nan=0.5) + 3 * rng.normal(),
        }
        for s in languages[:5]
        for t in languages
    ]
    frame = pd.DataFrame(rows).assign(score=lambda f: f["score"].clip(0, 100))
    write_table(TransferTable.from_frame(frame), tmp_path / "xpos.parquet")
    (tmp_path / "languages.csv").write_text(
        "language,xlmr_size_gb\n" + "".join(f"{c},{i}\n" for i, c in enumerate(languages))
    )
    return tmp_path, frame, distance


def test_pos_typology_recomputed(xpos):
    folder, frame, distance = xpos
    out = folder / "report"
    finished = run_study(
        load_study("pos-typology"), out, Given(folder / "xpos.parquet", languages=folder / "languages.csv")
    )
    outcomes = {o["id"]: o for o in json.loads((out / "outcomes.json").read_text())["outcomes"]}
    slope = outcomes["syntactic-from-english"]
    assert slope["n"] == 12  # fourteen less English and the language without features
    assert "hyw" in " ".join(slope["warnings"])
    assert slope["low"] < -40 < slope["high"]

    scores = frame.pivot(index="source_language", columns="language", values="score")
    pairs = [c for c in scores.columns if c != "hyw"]
    values = []
    for target in pairs:
        sources = [s for s in scores.index if s != target]
        values.append(spearmanr(distance.loc[sources, target], scores.loc[sources, target]).statistic)
    assert outcomes["syntactic-pairs"]["estimate"] == pytest.approx(np.mean(values))
    assert "labels are not exchangeable" in " ".join(outcomes["syntactic-pairs"]["warnings"])
    assert outcomes["syntactic-pairs"]["p_value"] is None
    assert "syntactic-given-pretraining" in outcomes
    assert finished.report.is_file()


def test_without_covariates_the_test_that_needs_them_is_said_not_run(xpos):
    folder, _, _ = xpos
    finished = run_study(load_study("pos-typology"), folder / "r", Given(folder / "xpos.parquet"))
    assert any("syntactic-given-pretraining was not run" in remark for remark in finished.remarks)
    assert any("rows have no syntactic distance; none at all for the language hyw" in r for r in finished.remarks)
    assert "syntactic-given-pretraining" not in {f.id for f in finished.findings}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,xlmr_size_gb\nen,1\n", "column 'language' is missing"),
        ("language,xlmr_gb\nen,1\n", "column 'xlmr_size_gb' is missing .did you mean 'xlmr_gb'"),
        ("language,xlmr_size_gb\nen,1\neng,2\n", "row 3: language 'en' is given twice"),
        ("language,xlmr_size_gb\nen,1\nqq1,2\n", "row 3: unknown language 'qq1'"),
        ("language,xlmr_size_gb\nen,lots\n", "row 2: xlmr_size_gb 'lots' is not a number"),
    ],
)
def test_wrong_covariates(xpos, text, message):
    folder, _, _ = xpos
    (folder / "languages.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        run_study(
            load_study("pos-typology"), folder / "r", Given(folder / "xpos.parquet", languages=folder / "languages.csv")
        )


def test_holm_over_the_declared_hypotheses_only(xpos):
    folder, _, _ = xpos
    finished = run_study(load_study("pos-typology"), folder / "r", Given(folder / "xpos.parquet"))
    declared = [f for f in finished.findings if not f.exploratory]
    p = np.array([f.outcome.p_value for f in declared])
    order = np.argsort(p)
    by_hand = np.empty(3)
    by_hand[order] = np.minimum(1, np.maximum.accumulate(p[order] * [3, 2, 1]))
    assert [f.adjusted_p for f in declared] == pytest.approx(by_hand)
    for i, found in enumerate(declared):
        best = p.copy()
        best[i] = found.outcome.attainable_p
        # In its place in the order, or in that of one before it whose product is larger.
        place = np.argsort(best, kind="stable").tolist()
        products = [min(1.0, best[j] * (3 - rank)) for rank, j in enumerate(place)]
        assert found.attainable_adjusted_p == pytest.approx(max(products[: place.index(i) + 1]))
    assert all(f.verdict == "exploratory" for f in finished.findings if f.exploratory)


def test_published_taskweb_end_to_end(published, tmp_path):
    write_table(import_taskweb(published).table, tmp_path / "tw.parquet")
    finished = run_study(
        load_study("taskweb-similarity"),
        tmp_path / "r",
        Given(tmp_path / "tw.parquet", published / "taskweb_examples.jsonl"),
    )
    primary = next(f for f in finished.findings if f.id == "rank-association").outcome
    assert primary.n == 441
    assert primary.estimate == pytest.approx(-0.2139, abs=5e-4)
    assert any("8 rows dropped: no semantic distance for the condition: sst2" in r for r in finished.remarks)


def test_published_xpos_end_to_end(published, tmp_path):
    write_table(import_xpos(published).table, tmp_path / "x.parquet")
    given = Given(tmp_path / "x.parquet", languages=published / "xpos_languages.csv")
    finished = run_study(load_study("pos-typology"), tmp_path / "r", given)
    found = {f.id: f.outcome for f in finished.findings}
    # Latvian among them, whose features stand under its macrolanguage; ten more than the table of 2017 alone gives.
    assert found["syntactic-from-english"].n == 85
    assert abs(found["syntactic-given-pretraining"].estimate) < abs(found["syntactic-from-english"].estimate)


def test_a_simulated_study_trains_its_own_results(tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, "load_sentence_encoder", lambda name: LemmaLengths())
    study = load_study("quickstart")
    small = at_quick(
        study,
        simulated={
            "seed": 0,
            "languages": ["en", "de", "fr", "tr", "fi", "ja", "ar"],
            "encoders": {
                "simulated": {"layers": 1, "hidden": 16, "heads": 1, "feed_forward": 16, "max_length": 64},
            },
            "pretraining": {"steps": 10, "batch_size": 8, "documents": 20},
        },
        recipe={"name": "simulated", "epochs": 1},
        grid={
            "conditions": ["sim-topic", "sim-supertags", "sim-entailment", "multi-task"],
            "targets": ["sim-pos", "sim-paraphrase"],
            "seeds": [1, 2],
            "initialisations": ["pretrained", "random"],
            "random_conditions": ["sim-topic"],
            "multi_task": {"tasks": ["sim-topic", "sim-supertags"]},
            "intermediate_examples": 256,
            "target_examples": 128,
            "test_examples": 40,
        },
    )
    said = []
    given = Given(workers=1, scale="quick", store=tmp_path / "runs")
    with pytest.raises(InputError, match="needed-task-helps: target: there is no 'sim-inference'"):
        run_study(small, tmp_path / "r", given)
    hypotheses = tuple(h for h in study.hypotheses if h.analysis != "condition-effect")
    small = small.model_copy(update={"hypotheses": hypotheses})
    finished = run_study(small, tmp_path / "r", given, lambda what, share: said.append(what))
    assert finished.report.is_file()
    assert any(what.startswith("training (simulated): 38 of 38") for what in said)
    assert any(what.startswith("training (simulated-unshared): 4 of 4") for what in said)  # the floor
    table = read_table(tmp_path / "r" / "data" / "results.parquet").frame
    assert set(table["condition"]) == {"none", "sim-topic", "sim-supertags", "sim-entailment", "multi-task"}
    random = table[(table["initialisation"] == "random") & (table["split"] == "test")]
    assert set(random["condition"]) == {"none", "sim-topic"}
    floor = table[table["model"] == study.floor_model]
    assert set(floor["condition"]) == {"none"}
    effects = pd.read_csv(tmp_path / "r" / "tables" / "effects.csv")
    assert len(effects) == 2 * 2 * (4 + 1)
    assert (effects["low"] < effects["effect"]).all()
    learnt = pd.read_csv(tmp_path / "r" / "tables" / "learnt.csv")
    own = floor[(floor["target"] == "sim-pos") & (floor["language"] != "en") & (floor["metric"] == "accuracy")]
    mean = own["score"].mean()
    assert learnt.loc[learnt["target"] == "sim-pos", "floor"].to_numpy() == pytest.approx([mean, mean])
    assert (tmp_path / "r" / "figures" / "scores-by-language.pdf").is_file()
    assert (tmp_path / "r" / "figures" / "transfer-heatmap.pdf").is_file()


class LemmaLengths:
    """A sentence encoder for glosses, without weights: how many words begin with each vowel."""

    def encode(self, texts):
        return np.array([[1 + sum(w.startswith(v) for w in t.split()) for v in "aeiou"] for t in texts], dtype=float)

    def provenance(self):
        return {"encoder": "lengths", "encoder_source": "test", "encoder_sha256": ""}


def at_quick(study, **changes):
    """A study with some fields of its quick scale changed."""
    fields = study.scales["quick"].model_dump(mode="json")
    for name, value in changes.items():
        fields[name] = {**fields[name], **value}
    return study.model_copy(update={"scales": {"quick": Scale.model_validate(fields)}})


def test_mistakes_in_a_simulation_cost_no_training(tmp_path):
    study = load_study("quickstart")
    given = Given(scale="quick")
    free = study.model_copy(update={"hypotheses": study.hypotheses[:2]})
    with pytest.raises(InputError, match="grid: the simulated world has no task 'sim-pose' .did you mean 'sim-pos'"):
        run_study(at_quick(free, grid={"targets": ["sim-pose"]}), tmp_path / "r", given)
    with pytest.raises(InputError, match="is not the first of the simulated languages"):
        run_study(study.model_copy(update={"source_language": "de"}), tmp_path / "r", given)
    with pytest.raises(InputError, match="recipe simulated: epochs"):
        run_study(at_quick(study, recipe={"epochs": 0}), tmp_path / "r", given)
    with pytest.raises(InputError, match="simulated: pretraining.steps"):
        run_study(at_quick(study, simulated={"pretraining": {"steps": -1}}), tmp_path / "r", given)
    with pytest.raises(InputError, match="no scale 'quik' .did you mean 'quick'"):
        run_study(study, tmp_path / "r", Given(scale="quik"))
    assert not (tmp_path / "r").exists()
