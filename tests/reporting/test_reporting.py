from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from transfer_analysis import reporting
from transfer_analysis.statistics import Outcome, regression_band, selection_curve, separate_relabelings


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.random(30),
            "y": rng.random(30),
            "family": [f"f{i % 9}" for i in range(30)],
            "name": [f"l{i}" for i in range(30)],
        }
    )


def scatter(points):
    band = regression_band(points, "x", "y", ["family"], draws=99)
    return reporting.distance_scatter(
        points, x="x", y="y", group="family", band=band, labels="name", names={"x": "distance"}
    )


def test_scatter_draws_every_point_and_labels_that_do_not_overlap(points):
    ax = scatter(points)
    assert sum(len(c.get_offsets()) for c in ax.collections[1:]) == 30
    assert ax.get_xlabel() == "distance"
    figure = ax.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in ax.texts]
    assert len(boxes) > 10
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_more_groups_than_colours_share_grey(points):
    labels = [t.get_text() for t in scatter(points).figure.legends[0].get_texts()]
    assert len(labels) == 7
    assert labels[-1] == "3 other"


def test_heatmap_orders_by_group_and_hides_the_diagonal():
    labels = ["b", "a", "c"]
    values = pd.DataFrame(np.arange(9.0).reshape(3, 3), index=labels, columns=labels)
    ax = reporting.distance_heatmap(values, label="d", groups={"a": "z", "b": "y", "c": "z"})
    assert [t.get_text() for t in ax.get_xticklabels()] == ["b", "a", "c"]
    shown = ax.collections[0].get_array()
    assert np.ma.getmaskarray(shown).reshape(3, 3).diagonal().all()


def test_agreement_puts_what_agrees_together_and_leaves_gaps_white():
    names = ["a", "far", "b", "none"]
    values = pd.DataFrame(np.eye(4), index=names, columns=names)
    values.loc["a", "b"] = values.loc["b", "a"] = 0.9
    values.loc["a", "far"] = values.loc["far", "a"] = -0.25
    values.loc["b", "far"] = values.loc["far", "b"] = -0.3
    values.loc["none", ["a", "b", "far"]] = values.loc[["a", "b", "far"], "none"] = np.nan
    ax = reporting.agreement_heatmap(values)
    order = [t.get_text() for t in ax.get_yticklabels()][1:]
    across = [t.get_text() for t in ax.get_xticklabels()][:-1]
    shown = [across[0], *order]
    assert set(shown) == {"a", "b", "far"}  # `none` has a correlation with nothing
    assert abs(shown.index("a") - shown.index("b")) == 1
    assert {t.get_text() for t in ax.texts} == {".90", "\u2212.25", "\u2212.30"}


def test_selection_curve_has_its_three_lines():
    rng = np.random.default_rng(1)
    curve = selection_curve(rng.random((5, 3)), rng.random((5, 3)), separate_relabelings(5, 3))
    ax = reporting.selection_curve_plot(curve, outcome="gain")
    assert {t.get_text() for t in ax.get_legend().get_texts()} == {
        "95% of relabelings",
        "random selection (expected)",
        "nearest first",
        "best possible",
    }


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_figure_gives_the_same_bytes(points, kind):
    one, same = (reporting.figure_bytes(scatter(points).figure, kind) for _ in range(2))
    assert one == same
    if kind == "pdf":
        assert b"/FontFile2" in one  # TrueType, embedded


def test_latex_is_booktabs_and_escaped():
    frame = pd.DataFrame({"task_a": ["50% & more", "x_y"], "score": [1.23456, np.nan], "p": ["< .001", None]})
    text = reporting.latex_table(frame, caption="All_tests", label="tab:a")
    assert r"\toprule" in text
    assert r"50\% \& more" in text
    assert r"task\_a" in text
    assert "1.235" in text
    assert "$<$ .001" in text
    assert "--" in text
    assert r"\caption{All\_tests}" in text


def wide_table():
    told = "a permutation test of which more is to be told than a line of a table can hold"
    return pd.DataFrame(
        {"test": ["one"], "statistic": [told], "semantic_distance": [-0.5], "n": [told[:40]], "share_improved": [0.25]}
    )


def test_a_wide_table_takes_the_page_its_long_texts_in_paragraphs_and_its_headings_in_lines():
    text = reporting.latex_table(wide_table(), caption="c", label="tab:b")
    assert text.startswith(r"\begin{table*}")
    paragraph = r">{\raggedright\arraybackslash}X"
    assert rf"\begin{{tabularx}}{{\textwidth}}{{l{paragraph}r{paragraph}r}}" in text
    assert r"\shortstack{semantic\\distance} & n & \shortstack{share\\improved}" in text
    assert "$-$0.500" in text
    assert text.count("tabularx") == 2


def test_tables_fit_the_page_of_a_paper(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    small = pd.DataFrame({"language": ["de", "sw"], "score": [71.25, -1.5]})
    tables = [reporting.latex_table(frame, caption="c", label="l") for frame in (wide_table(), small)]
    packages = r"\usepackage[a4paper,margin=2.5cm]{geometry}\usepackage{booktabs,graphicx,tabularx}"
    text = rf"\documentclass[twocolumn]{{article}}{packages}\begin{{document}}{''.join(tables)}\end{{document}}"
    (tmp_path / "paper.tex").write_text(text)
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "paper.tex"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout
    assert "Overfull" not in run.stdout


def test_outcome_table_reads_well():
    outcome = Outcome(
        statistic="s",
        estimate=-0.2,
        n=4,
        unit="cells",
        method="m",
        p_value=0.0001,
        random_selection=0.8,
        random_selection_spread=0.01,
    )
    row = reporting.outcome_table({"a": outcome}, {"a": 0.02}).iloc[0]
    assert row["estimate"] == "−0.200"
    assert row["p"] == "< .001"
    assert row["p (Holm)"] == ".020"
    assert row["random selection"] == "0.800 (SD 0.010)"


def test_the_page_needs_nothing_beside_it_and_escapes_what_it_is_given(points):
    svg = reporting.figure_bytes(scatter(points).figure, "svg").decode()
    test = {"statement": "<b>bold</b>", "verdict": "not supported", "sentence": "s", "notes": "n"}
    page = reporting.Page(
        title="T & T",
        question="q",
        note="",
        answer="a",
        verdicts="v <v>",
        hypotheses=[test],
        exploratory=[],
        figures=[
            reporting.Figure("one", svg, "caption", "alt"),
            reporting.Figure("two", svg, "caption", "alt", wide=True),
        ],
        sections=[reporting.Section("Table", pd.DataFrame({"x": [1.5], "y": ["<i>"]}))],
        limits=["l"],
        remarks=["r"],
        redo=[("command", "c")],
        files=["report.html"],
    )
    html = reporting.render_html(page)
    assert "T &amp; T" in html
    assert "&lt;b&gt;bold" in html
    assert "&lt;i&gt;" in html
    assert "v &lt;v&gt;" in html
    assert "<h2>Words</h2>" not in html
    with_words = reporting.render_html(replace(page, terms=[("gain", "more <points>")]))
    assert "<dt>gain</dt><dd>more &lt;points&gt;</dd>" in with_words
    assert "src=" not in html
    assert '<link rel="stylesheet"' not in html
    assert "<script" not in html
    ids = [part.split('"')[0] for part in html.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
    body = html[html.index("<svg") : html.index("</svg>") + 6]
    ET.fromstring(body)


def test_score_panels_show_floor_and_chance():
    frame = pd.DataFrame(
        {
            "target": ["xnli"] * 4 + ["udpos"] * 4,
            "language": ["en", "de", "ru", "ja"] * 2,
            "distance": [0.0, 0.4, 0.5, 0.7] * 2,
            "score": [80.0, 70, 60, 50, 95, 80, 70, 40],
            "floor": [40.0] * 8,
            "is_source": [True, False, False, False] * 2,
            "group": ["Indo-European"] * 3 + ["Japonic"] + ["Indo-European"] * 3 + ["Japonic"],
        }
    )
    figure = reporting.score_panels(
        frame, groups=list(frame["group"]), name="distance", chance={"xnli": 33.3}, titles={"xnli": "XNLI"}
    )
    one, two = figure.axes
    assert [one.get_title(), two.get_title()] == ["XNLI", "udpos"]
    dotted = [line.get_ydata()[0] for line in one.lines if line.get_linestyle() == ":"]
    assert dotted == [33.3]
    assert not [line for line in two.lines if line.get_linestyle() == ":"]
    # The source language, which is trained on, is left out of the line.
    slope = np.polyfit([0.4, 0.5, 0.7], [70.0, 60, 50], 1)[0]
    line = next(line for line in one.lines if line.get_linestyle() == "-")
    (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(slope)


def test_effects_that_may_be_noise_stand_in_brackets():
    frame = pd.DataFrame(
        {
            "panel": "here",
            "condition": ["squad", "qqp", "squad", "qqp"],
            "target": ["xnli", "xnli", "udpos", "udpos"],
            "effect": [8.0, -5.0, 1.0, -12.0],
            "low": [3.0, -9.0, -2.0, -20.0],
            "high": [13.0, 1.0, 4.0, -4.0],
        }
    )
    figure = reporting.effect_panels(frame, panels=["here"], label="effect")
    said = {text.get_text(): text.get_fontweight() for text in figure.axes[0].texts}
    assert said == {"+8": "bold", "(\u22125)": "normal", "(+1)": "normal", "\u221212": "bold"}
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["squad", "qqp"]


def test_overlapping_cells_are_framed():
    frame = pd.DataFrame({"panel": "here", "condition": ["a", "b"], "target": ["t", "t"], "effect": [1.0, 2.0]})
    frame = frame.assign(low=0.5, high=3.0, overlap=[True, False])
    (patch,) = reporting.effect_panels(frame, panels=["here"], label="effect").axes[0].patches
    assert patch.get_xy() == pytest.approx((0.02, 1.06))  # b, the larger effect, stands above


@pytest.mark.parametrize(("targets", "shapes"), [(5, [(1, 2)] * 2), (15, [(2, 1)] * 2)])
def test_effects_stand_side_by_side_where_they_have_room_and_empty_panels_are_left_out(targets, shapes):
    rows = [
        {"panel": panel, "condition": c, "target": f"t{t:02}", "effect": t - 2.0, "low": t - 3.0, "high": t - 1.0}
        for panel in ("in English", "elsewhere")
        for c in ("a", "b")
        for t in range(targets)
    ]
    frame = pd.DataFrame(rows)
    figure = reporting.effect_panels(frame, panels=["in English", "elsewhere"], label="effect")
    drawn = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_subplotspec().get_gridspec().get_geometry() for ax in drawn] == shapes
    alone = reporting.effect_panels(
        frame[frame["panel"] == "in English"], panels=["in English", "elsewhere"], label="effect"
    )
    assert [ax.get_title() for ax in alone.axes if ax.get_title()] == ["in English"]


def test_curves_draw_what_they_are_given():
    power = pd.DataFrame(
        [(c, t, 30, 3, 0.1 * c * t / 8, 0.0, 1.0) for c in (3, 6, 9) for t in (4, 8)],
        columns=["conditions", "targets", "languages", "seeds", "power", "low", "high"],
    )
    ax = reporting.power_plot(power)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["4 targets", "8 targets"]
    assert ax.get_xlabel() == "intermediate tasks"
    table = pd.DataFrame(
        {
            "distance": ["a", "b", "a"],
            "covariates": ["none", "none", "size"],
            "exclusion": "none",
            "estimate": [-0.3, 0.1, np.nan],
            "low": [-0.5, np.nan, np.nan],
            "high": [-0.1, np.nan, np.nan],
            "p_value": [0.01, 0.5, np.nan],
        }
    )
    labels = [label.get_text() for label in reporting.specification_plot(table).get_yticklabels()]
    assert labels[-2:] == ["a", "b"]  # one covariate set is left, which says nothing
    rates = pd.DataFrame(
        {
            "question": ["q", "q"],
            "procedure": ["t test", "ours"],
            "naive": [True, False],
            "rejected": [0.3, 0.05],
            "replications": 2000,
        }
    )
    assert [label.get_text() for label in reporting.calibration_plot(rates).get_yticklabels()] == ["t test", "ours"]


def test_a_forest_has_a_panel_for_each_scale():
    table = pd.DataFrame(
        {
            "label": ["one", "two", "three"],
            "scale": ["points", "rank correlation", "points"],
            "estimate": [1.0, -0.2, -2.0],
            "low": [0.5, -0.4, -3.0],
            "high": [1.5, 0.1, -1.0],
            "declared": [True, False, True],
            "supported": [True, False, True],
        }
    )
    first, second = reporting.forest_plot(table).axes
    assert (first.get_xlabel(), second.get_xlabel()) == ("points", "rank correlation")
    assert [label.get_text() for label in first.get_yticklabels()] == ["one", "three"]
    assert first.collections[-1].get_offsets()[:, 0].tolist() == [1.0, -2.0]
    with pytest.raises(ValueError, match="no estimates"):
        reporting.forest_plot(table.iloc[:0])


def test_every_choice_has_its_line():
    lines = pd.DataFrame(
        {
            "condition": list("abcd"),
            "at_low": [4.0, 3, 2, 1],
            "at_high": [1.0, 2, 3, 4],
            "low_distance": 0.2,
            "high_distance": 0.6,
        }
    )
    ax = reporting.robustness_plot(lines, ["a", "b"], distance="d", value="v")
    assert len(ax.lines) == 6 + 4 + 1  # C(4, 2) choices, four conditions, the mean of the chosen ones
    assert ax.lines[-1].get_ydata().tolist() == [3.5, 1.5]
    assert ax.lines[-1].get_xdata().tolist() == [0.2, 0.6]


def test_a_map_keeps_what_can_be_kept_of_distances_and_points_at_targets():
    places = np.array([[0, 0], [3, 0], [0, 4], [3, 4.0]])
    names = ["a", "b", "x", "y"]
    apart = pd.DataFrame(np.linalg.norm(places[:, None] - places[None], axis=2), names, names)
    gains = pd.DataFrame({"condition": ["a", "b", "a"], "target": ["x", "x", "y"], "gain": [2.0, -1.0, 0.1]})
    ax = reporting.task_map(apart, gains, dict.fromkeys(names, "g"), most=2)
    assert ax.get_xlabel() == "stress 0.00"
    drawn = np.array([c.get_offsets()[0] for c in ax.collections])
    found = np.linalg.norm(drawn[:, None] - drawn[None], axis=2)
    np.testing.assert_allclose(found, apart, atol=0.02)
    arrows = [text for text in ax.texts if text.arrow_patch is not None]
    assert len(arrows) == 2
    assert arrows[0].xy == pytest.approx(drawn[2])  # the largest gain is that of a on x
    assert arrows[0].arrow_patch.get_linewidth() > arrows[1].arrow_patch.get_linewidth()


def test_languages_stand_with_their_relatives_and_their_own_gain():
    lineages = {
        "de": ("IE", "Germanic", "German"),
        "fr": ("IE", "Romance", "French"),
        "sv": ("IE", "Germanic", "Swedish"),
        "fi": ("Uralic", "Finnish"),
    }
    gains = pd.DataFrame(
        {"language": ["fr", "de", "fi", "sv"], "gain": [1.0, 2, 3, 4], "low": [0.0, 1, 2, 3], "high": [2.0, 3, 4, 5]}
    )
    tree, ax = reporting.language_tree(lineages, gains, label="gain", names={"de": "German"}).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["German", "sv", "fr", "fi"]
    assert ax.collections[-1].get_offsets().tolist() == [[2.0, 0], [4.0, 1], [1.0, 2], [3.0, 3]]
    assert {text.get_text() for text in tree.texts} == {"IE", "Uralic"}


def test_a_matrix_stands_in_the_order_of_its_tree():
    """Two pairs of near ones: each pair stands together, and its distance is on the diagonal's side."""
    names = ["a", "x", "b", "y"]
    values = pd.DataFrame(1.0, names, names)
    for one, other in (("a", "b"), ("x", "y")):
        values.loc[one, other] = values.loc[other, one] = 0.1
    for name in names:
        values.loc[name, name] = 0.0
    figure = reporting.distance_dendrogram(values, label="d", groups={"a": "g", "b": "g", "x": "h", "y": "h"})
    order = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset("ab"), frozenset("xy")}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["g", "h"]


def test_markdown_and_latex_say_what_the_page_says():
    table = pd.DataFrame({"name": ["a|b", None], "value": [0.12345, np.nan]})
    assert reporting.tables.markdown_table(table) == "| name | value |\n| --- | ---: |\n| a\\|b | 0.123 |\n| – | – |"
    assert reporting.tables.latex_text("50% of x_1 & −0.2 ± 1 < α") == r"50\% of x\_1 \& $-$0.2 $\pm$ 1 $<$ $\alpha$"


def test_panels_share_their_columns_also_those_without_effects():
    """A panel that lacks a target leaves its column empty; its numbers stay under their own target."""
    rows = [
        ("one", "mnli", "xnli", 1.0),
        ("two", "mnli", "tatoeba", 2.0),
        ("two", "mnli", "xnli", 3.0),
        ("two", "qqp", "xnli", 4.0),
    ]
    effects = pd.DataFrame(rows, columns=["panel", "condition", "target", "effect"]).assign(low=-9.0, high=9.0)
    for targets in (["xnli", "tatoeba"], [f"t{i}" for i in range(11)]):
        padded = pd.concat([effects, effects.tail(1).assign(target=targets[-1])]) if len(targets) > 2 else effects
        wide = pd.concat([padded, *(effects.tail(1).assign(target=name) for name in targets[2:-1])]).drop_duplicates(
            ["panel", "condition", "target"]
        )
        figure = reporting.effect_panels(wide, panels=["one", "two"], label="effect")
        columns = sorted(wide["target"].unique())
        for ax, panel in zip(figure.get_axes(), ["one", "two"], strict=False):
            part = wide[wide["panel"] == panel]
            found = {(text.get_position()[0] - 0.5, text.get_text().strip("()")) for text in ax.texts}
            assert found == {(columns.index(row.target), f"{row.effect:+.1f}") for row in part.itertuples()}
            labels = [tick.get_text() for tick in figure.get_axes()[1].get_xticklabels()]
            assert labels == columns
