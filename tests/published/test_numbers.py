"""The papers' statistics and readers by hand, and the right tests on tables whose answer is known."""

import json
import random

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.stats import kendalltau, spearmanr
from scipy.stats import t as student
from transfer_analysis.errors import InputError
from transfer_analysis.published import Finding, Found
from transfer_analysis.published.answers import answered
from transfer_analysis.published.readers import pairs_of_languages, printed, tables
from transfer_analysis.published.readers.predictions import beside_gold
from transfer_analysis.published.statistics import bounds, computed
from transfer_analysis.statistics import mantel

from tests.published.made import notebook


@pytest.fixture
def frame():
    rng = np.random.default_rng(3)
    return pd.DataFrame({"t": list("aaaabbbb"), "x": rng.normal(size=8), "y": rng.normal(size=8)})


def test_correlation_within_groups_is_a_mean(frame):
    parts = [spearmanr(part["x"], part["y"]).statistic for _, part in frame.groupby("t")]
    assert computed("correlation", frame, {"x": "x", "y": "y", "by": ["t"]}) == pytest.approx(np.mean(parts))


def test_the_best_setting_is_printed(frame):
    both = pd.concat([frame.assign(d=1), frame.assign(d=2, x=frame["y"])])
    assert computed("correlation", both, {"x": "x", "y": "y", "best_of": "d"}) == pytest.approx(1.0)


def test_centred_values_lose_the_levels(frame):
    moved = frame.assign(x=frame["x"] + 100 * (frame["t"] == "b"))
    given = {"x": "x", "y": "y", "method": "pearson", "centred_by": "t"}
    assert computed("correlation", moved, given) == pytest.approx(computed("correlation", frame, given))


def test_weighted_tau_weighs_the_top_of_the_truth():
    """By hand: one swap among three, weights 1/(r + 1) by the rank in truth; a swap at the top costs more than one below."""
    truth = pd.DataFrame({"y": [3.0, 2.0, 1.0], "top": [2.0, 3.0, 1.0], "low": [3.0, 1.0, 2.0]})
    top, low = (computed("correlation", truth, {"x": c, "y": "y", "method": "weighted-tau"}) for c in ("top", "low"))
    # Pair weights 1 + 1/2, 1 + 1/3, 1/2 + 1/3: (sum less twice the swapped pair) / sum.
    pairs = {"12": 1.5, "13": 4 / 3, "23": 5 / 6}
    total = sum(pairs.values())
    assert top == pytest.approx((total - 2 * pairs["12"]) / total)
    assert low == pytest.approx((total - 2 * pairs["23"]) / total)
    assert kendalltau(truth["top"], truth["y"]).statistic == kendalltau(truth["low"], truth["y"]).statistic


def test_ndcg_by_hand_and_ties_in_the_order_of_the_file():
    rows = pd.DataFrame({"t": ["a"] * 4, "d": [0.1, 0.1, 0.5, 0.9], "g": [1.0, 7.0, 3.0, 0.0]})
    given = {"by": "t", "predictor": "d", "relevance": "g", "k": 3}
    weights = 1 / np.log2([2, 3, 4])
    ideal = np.array([7, 3, 1]) @ weights
    assert computed("ndcg", rows, given) == pytest.approx(np.array([1, 7, 3]) @ weights / ideal)
    assert computed("ndcg", rows.iloc[[1, 0, 2, 3]], given) == pytest.approx(np.array([7, 1, 3]) @ weights / ideal)
    near = computed("ndcg", rows.assign(d=-rows["d"]), {**given, "similar": True, "times": 100})
    assert near == pytest.approx(100 * computed("ndcg", rows, given))


def test_equal_values_leave_a_range():
    rows = pd.DataFrame({"t": list("aaaab"), "d": [0.1, 0.1, 0.5, 0.9, 0.3], "g": [1.0, 7.0, 3.0, 0.0, 1.0]})
    given = {"by": "t", "predictor": "d", "relevance": "g", "k": 3}
    weights = 1 / np.log2([2, 3, 4])
    low, high = (np.array(order) @ weights / (np.array([7, 3, 1]) @ weights) for order in ([1, 7, 3], [7, 1, 3]))
    assert bounds("ndcg", rows, given) == pytest.approx(((low + 1) / 2, (high + 1) / 2))
    assert bounds("mean", rows, {"column": "d"}) is None
    finding = Finding(what="w", where="x", statistic="ndcg", published="0.90", options=given)
    assert Found(finding, 0.7, False, None, (0.62, 0.95)).verdict == "by order of ties"
    assert Found(finding, 0.7, False, None, (0.62, 0.85)).verdict == "no"
    assert Found(finding, 0.7, False, None).verdict == "no"
    assert Found(finding, 0.9, True, None, (0.62, 0.95)).verdict == "yes"


def test_one_treebank_of_each_language_is_drawn():
    """By hand, with the generator that the authors use."""
    rows = [
        (s, t, s.split("-")[0], t.split("-")[0])
        for s in ("de-a", "de-b", "fi-a")
        for t in ("de-a", "de-b", "fi-a", "fr-a")
    ]
    frame = pd.DataFrame(rows, columns=["s", "t", "S", "T"])
    rng = np.random.default_rng(2)
    frame = frame.assign(x=rng.normal(size=12), y=rng.normal(size=12)).assign(
        y=lambda f: f["y"].where(f["s"] != f["t"])
    )
    wanted = []
    for seed in (1, 2):
        random.seed(a=seed)
        german = random.choice(["de-a", "de-b"])
        part = frame[frame["s"].isin([german, "fi-a"]) & frame["t"].isin([german, "fi-a", "fr-a"])].dropna()
        wanted.append(spearmanr(part["x"], part["y"]).statistic)
    given = {"x": "x", "y": "y", "source": "s", "target": "t", "source_unit": "S", "target_unit": "T", "seeds": 2}
    assert computed("sampled-correlation", frame, given) == pytest.approx(np.mean(wanted))


def test_errors_of_predictions():
    rows = pd.DataFrame({"p": [1.0, 2.0, 5.0], "s": [1.0, 4.0, 5.0], "t": ["a", "a", "b"]})
    assert computed("error", rows, {"predicted": "p", "score": "s"}) == pytest.approx(np.sqrt(4 / 3))
    assert computed("error", rows, {"predicted": "p", "score": "s", "measure": "mae"}) == pytest.approx(2 / 3)
    assert computed("error", rows, {"predicted": "p", "score": "s", "by": ["t"]}) == pytest.approx(np.sqrt(2) / 2)


def test_rows_that_are_not_there_and_names_that_are_wrong(frame):
    with pytest.raises(InputError, match="no row whose t is c"):
        computed("mean", frame, {"column": "x", "where": {"t": "c"}})
    with pytest.raises(InputError, match="did you mean"):
        computed("corelation", frame, {})
    with pytest.raises(InputError, match="there are"):
        answered("anova", frame, {})


def test_relevance_counts_from_the_best_ten(tmp_path):
    """Gain 2^10 − 1 for the best source of a target, 2^9 − 1 for the next, nothing beyond the tenth."""
    sources = [f"s{i}" for i in range(12)]
    pd.DataFrame({"T": "x", "S": sources, "A": range(12), "L": range(1, 13), "D": 0.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    found = tables.choose_languages(
        {"t.csv": tmp_path / "t.csv"}, target="T", source="S", score="A", level="L", numbers={"d": "D"}
    )
    gains = dict(zip(found["source"], found["gain"], strict=True))
    assert gains["s11"] == 2**10 - 1
    assert gains["s10"] == 2**9 - 1
    assert gains["s2"] == 1
    assert gains["s1"] == gains["s0"] == 0


def test_codes_stay_codes(tmp_path):
    (tmp_path / "t.csv").write_text("language,x\nno,1\nnan,nan\nNA,2\n")
    frame = tables.read_frame(tmp_path / "t.csv", ("language",), ("x",))
    assert list(frame["language"]) == ["no", "nan", "NA"]
    assert frame["x"].isna().tolist() == [False, True, False]


def test_blocks_are_predicted_by_the_mean_of_the_others(tmp_path):
    (tmp_path / "t.csv").write_text('s,n\n1,"1,000"\n2,5\n3,6\n4,7\n')
    found = tables.in_blocks({"t.csv": tmp_path / "t.csv"}, score="s", folds=2, needed=["n"])
    assert found["mean of the others"].tolist() == [3.5, 3.5, 1.5, 1.5]
    assert found["n"].tolist() == [1000, 5, 6, 7]


def test_gains_of_both_directions_and_pairs_once(tmp_path):
    rows = [("a", "b", 0.30, 1.0), ("b", "a", 0.20, 0.5), ("a", "c", 0.30, 1.0), ("c", "a", -0.40, 0.0)]
    columns = ["source_task", "target_task", "mean_relative_change", "share_of_seeds_improved"]
    pd.DataFrame(rows, columns=columns).assign(model="all").to_csv(tmp_path / "t.csv", index=False)
    found = tables.task_pairs({"t.csv": tmp_path / "t.csv"}).set_index(["source", "target"])
    assert found.loc[("a", "b"), "gain"] == pytest.approx(0.5 * 0.30 + 0.5 * (0.2 * 1 - 0.1))
    assert found.loc[("a", "b"), "back"] == pytest.approx(0.10)
    assert found["once"].sum() == 2
    assert found["commutes"].sum() == 1


def test_what_two_languages_share(tmp_path):
    (tmp_path / "s.csv").write_text("lang_train,lang_pred,score\na,b,50\nb,a,40\na,a,99\na,c,30\n")
    (tmp_path / "l.csv").write_text("language_id,language,script\na,Aa,latin\nb,Bb Old,latin\nc,Cc,greek\n")
    (tmp_path / "p.csv").write_text("language\nAa\n")
    (tmp_path / "f.txt").write_text("Aa IE, Greek\nBb_Old IE, Baltic\nCc Uralic\n")
    (tmp_path / "o.csv").write_text("language,SOV\nAa,SVO\n")
    (tmp_path / "d.csv").write_text(",Aa,Bb Old\nAa,,61.5\nBb Old,61.5,\n")
    places = {path.name: path for path in tmp_path.iterdir()}
    found = tables.tagging(
        places, scores="s.csv", languages="l.csv", pretrained="p.csv", families="f.txt", orders="o.csv", lexical="d.csv"
    )
    assert found[["source", "target"]].to_numpy().tolist() == [["Aa", "Bb Old"], ["Bb Old", "Aa"], ["Aa", "Cc"]]
    assert found["same_family"].tolist() == [1, 1, 0]
    assert found["same_script"].tolist() == [1, 1, 0]
    assert found["same_order"].tolist() == [0, 0, 0]
    assert found["lexical"].tolist() == [61.5, 61.5, 100.0]
    assert found["source_pretrained"].tolist() == [1, 0, 1]


def test_names_with_hyphens_are_parted(tmp_path):
    names = ["Achuar-Shiwiar", "Galela", "Farsi", "Wolof"]
    keys = [f"{a}-{b}" for i, a in enumerate(names) for b in names[:i]]
    known = pd.DataFrame({"Language pair": keys, "Combined sentences (A)": [0, 5, 0, 0, 0, 0], "D": np.arange(6.0)})
    measured = pd.DataFrame({"Language pair": keys[::-1], "F (A, average)": np.arange(6.0), "G (A, average)": 1.0})
    places = {"k": tmp_path / "k.csv", "m": tmp_path / "m.csv"}
    known.to_csv(places["k"], index=False)
    measured.to_csv(places["m"], index=False)
    given = {"predictors": "k", "outcomes": "m", "distance": "D", "models": ["A"], "negated": ["G"]}
    found = pairs_of_languages.retrieval(places, **given).set_index(["first", "second"])
    assert found.loc[("Galela", "Achuar-Shiwiar"), ["F", "G", "D"]].tolist() == [5.0, -1.0, 0.0]
    assert found["unseen"].sum() == 5
    measured.iloc[:4].to_csv(places["m"], index=False)  # a part of the table alone
    with pytest.raises(InputError, match="pairs of theirs are missing"):
        pairs_of_languages.retrieval(places, **given)


def test_overlap_is_read_both_ways_round(tmp_path):
    codes = ["wol", "pcm"]
    pd.DataFrame(
        [[1.0, 2.0], [3.0, 4.0]],
        index=[f"{c} (NER finetune lang)" for c in codes],
        columns=[f"{c} Evaled on" for c in codes],
    ).to_csv(tmp_path / "s.csv")
    pd.DataFrame([[9, 20], [30, 9]], index=codes, columns=codes).to_csv(tmp_path / "o.csv")
    found = pairs_of_languages.overlaps({"s": tmp_path / "s.csv", "o": tmp_path / "o.csv"}, scores="s", overlap="o")
    assert found.to_numpy().tolist() == [["wol", "pcm", 2.0, 30, 20], ["pcm", "wol", 3.0, 20, 30]]


def test_a_pair_of_several_treebanks_counts_once():
    rng = np.random.default_rng(4)
    rows = [(s, t, rng.normal(), rng.normal()) for s in "abcd" for t in "uvwx" for _ in range(2)]
    frame = pd.DataFrame(rows, columns=["s", "t", "x", "y"])
    given = {"source": "s", "target": "t", "score": "y", "permutations": 99, "predictors": {"x": "distance"}}
    mean = frame.groupby(["s", "t"], as_index=False).mean()
    assert {k: o.estimate for k, o in answered("pairs", frame, given).items()} == {
        k: o.estimate for k, o in answered("pairs", mean, given).items()
    }


def test_pairs_without_an_order_are_a_mantel_test():
    rng = np.random.default_rng(9)
    x, y = rng.uniform(size=(2, 7, 7))
    names = list("abcdefg")
    rows = [(names[i], names[j], (x + x.T)[i, j], (y + y.T)[i, j]) for i in range(7) for j in range(i)]
    frame = pd.DataFrame(rows, columns=["p", "q", "x", "y"])
    found = answered("mantel", frame, {"first": "p", "second": "q", "outcome": "y", "distance": "x"})["x"]
    wanted = mantel(y + y.T, x + x.T)
    assert (found.estimate, found.p_value, found.n) == (pytest.approx(wanted.estimate), wanted.p_value, 7)


def test_predictions_stand_beside_the_mean_of_the_language(tmp_path):
    contents = {
        "gold": [{"de": 0.5, "fi": 0.7}],
        "predicted": [{"de": 0.6, "fi": 0.7}],
        "train": [{"de": 0.4}, {"de": 0.6}],
    }
    places = {}
    for name, rows in contents.items():
        places[f"{name}/XNLI_A.json"] = tmp_path / f"{name}.json"
        places[f"{name}/XNLI_A.json"].write_text(json.dumps([{"eval_results": row} for row in rows]))
    found = beside_gold(places, gold="gold", predicted="predicted", train="train", tasks=["XNLI_A"]).set_index(
        "language"
    )
    assert found.loc["de", "usual"] == pytest.approx(0.5)
    assert found.loc["fi", "usual"] == pytest.approx(0.5)
    assert found.loc["de", "unit"] == "XNLI de"
    assert found.loc["fi", "predicted"] == 0.7
    places["predicted/XNLI_A.json"].write_text(json.dumps([{"eval_results": {"de": 0.6}}]))
    with pytest.raises(InputError, match="no prediction of fi in configuration 0"):
        beside_gold(places, gold="gold", predicted="predicted", train="train", tasks=["XNLI_A"])
    places["gold/XNLI_A.json"].write_text('[{"eval_results": {"de": 0.5')  # cut off
    with pytest.raises(InputError, match="no list of configurations"):
        beside_gold(places, gold="gold", predicted="predicted", train="train", tasks=["XNLI_A"])


def test_scripts_are_read_and_never_run(tmp_path):
    script = tmp_path / "plot.py"
    script.write_text("raise SystemExit\nx = np.array([1, 2.5])\n# y = np.array([3, -4])\nx = np.array([9, 9])\n")
    found = printed.literal_columns({"plot.py": script}, names=["x", "y"], labels=["a", "b"])
    assert found["x"].tolist() == [1, 2.5]
    assert found["y"].tolist() == [3, -4]
    with pytest.raises(InputError, match="has 2 numbers; expected 3"):
        printed.literal_columns({"plot.py": script}, names=["x"], labels=["a", "b", "c"])
    with pytest.raises(InputError, match="no line `z = "):
        printed.literal_columns({"plot.py": script}, names=["z"], labels=["a", "b"])


def test_notebooks_are_read_and_never_run(tmp_path):
    place = tmp_path / "n.ipynb"
    cell = "TUNED_RESULTS = {'rte': [70.0]}\nPLMS = __import__('os').listdir()\n"
    place.write_text(json.dumps(notebook({1: (cell, "")})))
    with pytest.raises(InputError, match="PLMS is no literal"):
        printed.model_choice({"n": place, "f": tmp_path}, folder="f", notebook="n", methods=["LogME"])
    place.write_text("{")
    with pytest.raises(InputError, match="is no notebook"):
        printed.tokenizers({"n": place}, cell=0)
    place.write_text(json.dumps(notebook({0: ("x", "")})))
    with pytest.raises(InputError, match="has 1 cells; expected a cell 3"):
        printed.tokenizers({"n": place}, cell=3)
    with pytest.raises(InputError, match="no stored text"):
        printed.tokenizers({"n": place}, cell=0)


def test_a_printed_frame_in_blocks_is_the_frame(tmp_path):
    frame = pd.DataFrame(
        {
            "language": ["de", "zh"],
            "tokenizer": ["A", "B"],
            "Avg. Rank": [1.5, -2.0],
            "CPT": [0.1, np.nan],
            "X": [1e-16, 2.0],
        }
    )
    frame.columns.name = "metric"
    place = tmp_path / "n.ipynb"
    place.write_text(json.dumps(notebook({0: ("f", frame.to_string(line_width=40))})))
    found = printed.tokenizers({"n": place}, cell=0)
    assert found["set"].tolist() == ["n", "n"]
    pd.testing.assert_frame_equal(found[list(frame.columns)], frame, check_names=False)


def test_seven_rows_are_permuted_in_every_order():
    rows = pd.DataFrame({"x": range(7), "y": [0, 1, 2, 3, 4, 6, 5]})
    found = answered("ranks", rows, {"x": "x", "y": "y", "unit": "languages"})["x"]
    # Of 5,040 orders one is equal, and six are one swap of neighbours away; two-sided.
    assert found.p_value == pytest.approx(14 / 5040)
    assert found.n == 7
    assert found.unit == "languages"


def test_zero_speakers_have_no_logarithm():
    codes = ["deu", "fra", "fin", "hun", "tur", "rus", "ces", "est", "heb"]
    rows = pd.DataFrame({"language": codes, "score": np.linspace(60, 80, 9), "n": [10.0**i for i in range(8)] + [0.0]})
    given = {"language": "language", "outcome": "score", "predictor": "n", "logarithm": True}
    assert answered("tree", rows, given)["n"].n == 8


def test_a_predictor_of_pairs_that_tells_nothing_is_not_found():
    """Source quality and target difficulty alone make correlations over pairs; labels exchanged, they are usual."""
    rng = np.random.default_rng(11)
    p_values = []
    for _ in range(60):
        source, target, quality = rng.normal(size=5), rng.normal(size=6), rng.normal(size=5)
        rows = [
            {"s": f"s{i}", "t": f"t{j}", "x": quality[i] + rng.normal() / 5, "y": source[i] + target[j] + rng.normal() / 5}
            for i in range(5) for j in range(6)
        ]  # fmt: skip
        given = {"source": "s", "target": "t", "score": "y", "permutations": 199, "predictors": {"x": "distance"}}
        p_values.append(answered("pairs", pd.DataFrame(rows), given)["Pearson over all pairs, x"].p_value)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15


def test_what_pairs_share_is_told_from_how_hard_a_target_is():
    """A fixed effect of each side, as dummies would have it; a harder target that shares more would turn the sign otherwise."""
    rng = np.random.default_rng(6)
    sources, targets = [f"s{i}" for i in range(24)], [f"t{i}" for i in range(30)]
    hard = dict(zip(targets, rng.normal(0, 20, 30), strict=True))
    rows = [
        {"s": s, "t": t, "x": x, "z": rng.normal(), "y": 3 * x - hard[t] + rng.normal()}
        for s in sources for t in targets for x in [float(rng.random() < 1 / (1 + np.exp(-hard[t] / 5)))] if rng.random() < 0.9
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    found = answered("within", frame, {"outcome": "y", "predictors": ["x", "z"], "sides": ["s", "t"]})
    wanted = smf.ols("y ~ x + z + C(s) + C(t)", frame).fit()
    assert found["x"].estimate == pytest.approx(wanted.params["x"], rel=1e-8)
    assert found["z"].estimate == pytest.approx(wanted.params["z"], rel=1e-6)
    assert smf.ols("y ~ x + z", frame).fit().params["x"] < 0 < found["x"].estimate
    groups = np.column_stack([pd.factorize(frame[side])[0] for side in ("s", "t")])
    errors = (
        smf.ols("y ~ x + z + C(s) + C(t)", frame)
        .fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
        .bse
    )
    bare = (found["x"].high - found["x"].low) / 2 / student.ppf(0.975, 23)
    assert bare == pytest.approx(errors["x"], rel=0.12)  # but for the small-sample factors
    with pytest.raises(InputError, match="h does not vary within s and t"):
        answered(
            "within", frame.assign(h=frame["t"].map(hard)), {"outcome": "y", "predictors": ["h"], "sides": ["s", "t"]}
        )
