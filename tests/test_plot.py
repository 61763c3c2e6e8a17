"""Figures from tables, and the looks that a person may give them."""

import numpy as np
import pandas as pd
import pytest
import transfer_analysis as ta
from matplotlib.collections import PathCollection
from transfer_analysis.cli import app
from transfer_analysis.example import example_rows
from transfer_analysis.plot.draw import of_one_kind
from transfer_analysis.reporting import Look, looking
from transfer_analysis.reporting.look import arranged, current_look, said
from transfer_analysis.reporting.style import group_looks
from transfer_analysis.studies.figures import figures
from typer.testing import CliRunner


def texts(figure):
    figure.draw_without_rendering()
    return {text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text")) if text.get_text()}


def distances(names, seed=0):
    places = np.random.default_rng(seed).normal(size=(len(names), 3))
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    return pd.DataFrame(apart, index=names, columns=names)


@pytest.fixture(scope="module")
def rows():
    return example_rows()


def test_a_look_ends_with_its_block():
    with looking(labels={"a": "A"}, order=["c"], only=["a", "c"]):
        assert said("a") == "A"
        assert arranged(["a", "b", "c"]) == ["c", "a"]
        with looking():  # without keywords the outer one stays
            assert said("a") == "A"
    assert said("a") == "a"
    assert arranged(["b", "a"]) == ["b", "a"]
    assert current_look() == Look()


def test_names_of_another_axis_hide_nothing():
    with looking(only=["xnli"]):
        assert arranged(["en", "de"]) == ["en", "de"]
        assert arranged(["udpos", "xnli"]) == ["xnli"]


@pytest.mark.parametrize(
    ("given", "said_of_it"),
    [
        ({"width": "colum"}, "width 'colum': expected column, page, slide"),
        ({"width": 0.1}, "expected 1 to 60"),
        ({"height": 99.0}, "99 inches"),
        ({"palette": "colourblind"}, "palette 'colourblind': seaborn has none"),
        ({"palette": ["#12345"]}, "palette: .*#rrggbb"),
        ({"palette": {"a": "blu"}}, "palette: "),
        ({"font": "DejaVu San"}, "is not installed .did you mean 'DejaVu Sans'"),
    ],
)
def test_a_look_that_cannot_be_is_refused_at_once(given, said_of_it):
    with pytest.raises(ta.InputError, match=said_of_it):
        Look(**given)


def test_sizes():
    assert Look(width="column").sized(6.3, 4.0)[0] == pytest.approx(3.03)
    assert Look(width="5").sized(3.03, 2.0) == pytest.approx((5.0, 2.0 * np.sqrt(5 / 3.03)))
    assert Look(height=2.0).sized(3.03, 4.0) == (3.03, 2.0)
    assert Look().sized(3.03, 4.0) == (3.03, 4.0)


def test_colours_of_groups():
    with looking(palette={"b": "#ff0000"}):
        assert group_looks(["a", "a", "b"])["b"][0] == "#ff0000"
        assert group_looks(["a", "a", "b"])["a"][0] == "#0072B2"
    with looking(palette=["red", "blue"]):
        assert [colour for colour, _ in group_looks(["a", "a", "b"]).values()] == ["#ff0000", "#0000ff"]


def test_a_scatter_has_what_was_asked_for(rows):
    ax = ta.plot.distance_gain(
        rows, "semantic", width="page", height=2.5, title="Mine", labels={"qa": "Questions", "semantic distance": "how far"},
        palette="Set2", font_size=9,
    )  # fmt: skip
    assert tuple(ax.figure.get_size_inches()) == pytest.approx((6.30, 2.5))
    assert {"Mine", "Questions", "how far"} <= texts(ax.figure)
    found = ta.association(rows, "semantic")
    assert any(text.startswith("ρ = ") and found.written().estimate in text for text in texts(ax.figure))


def test_only_leaves_out_points_and_their_line(rows):
    whole, part = (ta.plot.distance_gain(rows, "semantic", only=only) for only in ([], ["stsb", "qqp", "squad"]))
    points = [
        sum(len(d.get_offsets()) for d in ax.collections if isinstance(d, PathCollection)) for ax in (whole, part)
    ]
    assert points[1] < points[0]
    assert not np.allclose(whole.get_lines()[0].get_ydata(), part.get_lines()[0].get_ydata())


def test_axes_start_where_the_data_do():
    frame = pd.DataFrame(
        [(t, c, s, d) for t in ("xnli", "udpos") for c, s, d in (("en", 80, 0), ("de", 70, 0.5), ("fr", 68, 0.55), ("ja", 50, 0.7), ("sw", 45, 0.6))],
        columns=["target", "language", "score", "syntactic_distance"],
    )  # fmt: skip
    figure = ta.plot.scores_by_language(frame.assign(source_language="en"), "syntactic")
    low, high = figure.axes[0].get_xlim()
    assert 0.4 < low < 0.5
    assert 0.7 < high < 0.75
    assert "source language" in texts(figure)


def test_several_models_are_not_pooled_unasked(rows):
    both = pd.concat([rows, rows.assign(model="other", gain=-rows["gain"])])
    for draw in (
        lambda **of: ta.plot.distance_gain(both, "semantic", **of),
        lambda **of: ta.plot.selection_curve(both, "semantic", **of),
        lambda **of: ta.plot.interaction(both, "semantic", "syntactic", **of),
        lambda **of: ta.plot.scores_by_language(both, "syntactic", **of),
        lambda **of: ta.plot.language_scatter(both, "syntactic", **of),
    ):
        with pytest.raises(ta.InputError, match="rows of several models: name one of"):
            draw()
        with pytest.raises(ta.InputError, match="did you mean 'other'"):
            draw(model="othr")
    assert set(of_one_kind(both, "other", None)["model"]) == {"other"}


def test_initialisations_are_not_pooled_unasked(rows):
    both = pd.concat([rows, rows.assign(initialisation="random", gain=-rows["gain"])])
    with pytest.raises(ta.InputError, match="rows of several initialisations: name one of pretrained, random"):
        ta.plot.distance_gain(both, "semantic")
    one, alone = (
        ta.plot.distance_gain(*of, "semantic", initialisation=i) for of, i in (((both,), "pretrained"), ((rows,), None))
    )
    assert np.allclose(one.get_lines()[0].get_ydata(), alone.get_lines()[0].get_ydata())


def test_missing_distances_are_hatched():
    apart = distances(["xnli", "stsb", "qqp", "squad"])
    apart.iloc[0, 1] = apart.iloc[1, 0] = np.nan
    for figure in (ta.plot.task_distances(apart), ta.plot.task_distances(apart.iloc[:3])):
        heat = next(ax for ax in figure.axes if ax.collections and len(ax.get_yticklabels()) > 2)
        assert len([patch for patch in heat.patches if patch.get_hatch()]) == 2


def test_three_hundred_languages_keep_their_cells_and_lose_their_letters():
    names = [f"l{i:03d}" for i in range(300)]
    figure = ta.plot.task_distances(distances(names))
    (heat,) = [
        ax
        for ax in figure.axes
        if ax.collections and ax.collections[0].get_array() is not None and ax.get_xlim()[1] == 300
    ]
    assert not heat.get_yticklabels()
    assert heat.collections[0].get_array().size == 300 * 300


def test_labels_that_are_long_and_other_scripts_are_inside_the_figure(rows, tmp_path):
    long = {"qa": "questions and answers about a passage, of whatever kind they may be"}
    ax = ta.plot.distance_gain(rows, "semantic", labels=long)
    assert long["qa"] in texts(ax.figure)
    apart = distances(["xnli", "stsb", "qqp", "squad"])
    out = tmp_path / "map.png"
    from transfer_analysis.commands.figures import write_figure

    write_figure(ta.plot.task_map(apart, labels={"xnli": "推論"}), out, "png")
    assert out.stat().st_size > 0


def test_one_point_is_drawn_or_refused_in_words(rows):
    one = rows[(rows["condition"] == rows["condition"].iloc[0]) & (rows["target"] == rows["target"].iloc[0])]
    with pytest.raises(ta.InputError):
        ta.plot.distance_gain(one, "semantic")


def test_near_and_far_languages_have_lines_of_their_own():
    frame = pd.DataFrame(
        [(f"t{i}", "u", code, i, d, -i * (d > 0.5)) for i in range(6) for code, d in (("de", 0.2), ("fr", 0.3), ("ja", 0.8), ("zh", 0.7))],
        columns=["condition", "target", "language", "semantic_distance", "syntactic_distance", "gain"],
    )  # fmt: skip
    ax = ta.plot.interaction(frame, "semantic", "syntactic")
    slopes = {
        line.get_label(): np.ptp(line.get_ydata()) for line in ax.get_lines() if not line.get_label().startswith("_")
    }
    assert slopes == {"2 near (0.25)": 0.0, "2 far (0.75)": pytest.approx(5.0)}
    with pytest.raises(ta.InputError, match="4 languages with a syntactic distance make no 9 parts"):
        ta.plot.interaction(frame, "semantic", "syntactic", parts=9)


def test_forest_is_of_outcomes_or_of_their_csv():
    found = {
        name: ta.Outcome("difference", 1.0, 5, "seeds", "t", low=0.2, high=1.8, p_value=0.02) for name in ("a", "b")
    }
    table = pd.concat([one.tidy().assign(question=name) for name, one in found.items()])
    assert {"a", "b", "difference"} <= texts(ta.plot.forest(found)) & texts(ta.plot.forest(table))
    assert "Mine" in texts(ta.plot.forest(found, labels={"a": "Mine"}))
    with pytest.raises(ta.InputError, match="question"):
        ta.plot.forest(table.drop(columns="question"))


# The command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tables")
    example_rows().to_parquet(place / "rows.parquet")
    distances(["xnli", "stsb", "qqp", "squad", "udpos"]).to_csv(place / "apart.csv")
    return place


def run(*arguments):
    return CliRunner().invoke(app, ["figures", *map(str, arguments)])


@pytest.mark.parametrize(
    "name", ["distance-gain", "selection-curve", "interaction", "language-scatter", "scores-by-language"]
)
def test_joined_rows_suffice(name, folder, tmp_path):
    out = tmp_path / "figure.pdf"
    given = ["--distance", "syntactic"] if name in ("language-scatter", "scores-by-language") else []
    more = ["--language-distance", "syntactic"] if name == "interaction" else []
    only = ["--target", "xnli"] if name == "language-scatter" else []
    found = run(name, "--from", folder / "rows.parquet", "--width", "column", "-o", out, *given, *more, *only)
    assert found.exit_code == 0, found.output
    assert out.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["task-distances", "task-map"])
def test_a_matrix_suffices(name, folder, tmp_path):
    out = tmp_path / "figure.svg"
    given = ["--labels", "xnli=XNLI,stsb=STS-B", "--title", "Apart", "--height", "3"]
    found = run(name, "--from", folder / "apart.csv", "-o", out, *given)
    assert found.exit_code == 0, found.output
    assert out.stat().st_size > 1000


def test_a_file_that_does_not_suffice_says_what_is_missing(folder, tmp_path):
    out = tmp_path / "figure.pdf"
    several = run("language-scatter", "--from", folder / "rows.parquet", "-o", out)
    assert "say which language distance; the table has syntactic, genetic" in str(several.exception)
    none = run("distance-gain", "--from", folder / "apart.csv", "-o", out)
    assert "no column of a task distance" in str(none.exception)
    assert "results join" in str(none.exception)
    wrong = run(
        "distance-gain", "--from", folder / "rows.parquet", "--distance", "semantic", "--hue", "famly", "-o", out
    )
    assert "rows.parquet: hue 'famly'" in str(wrong.exception)
    assert not out.exists()


def test_every_figure_of_a_file_is_in_the_list():
    said_of_them = run().stdout
    assert all(name in said_of_them for name in figures())


def test_panels_fill_their_rows_and_say_what_the_axis_is():
    codes = [("de", 0.5), ("fr", 0.55), ("ja", 0.7), ("sw", 0.6)]
    frame = pd.DataFrame(
        [(f"t{i}", code, 60 - 20 * d, d) for i in range(7) for code, d in codes],
        columns=["target", "language", "score", "syntactic_distance"],
    ).assign(source_language="en")
    figure = ta.plot.scores_by_language(frame, "syntactic", width="page")
    assert "syntactic distance from en" in texts(figure)
    assert [ax.get_visible() for ax in figure.axes].count(True) == 7
    bottom = [ax for ax in figure.axes[3:7] if ax.xaxis.get_tick_params()["labelbottom"]]
    assert len(bottom) == 4


def test_scores_without_intermediate_training_are_those_of_none_or_the_baselines():
    """Gains have no row of condition none: their scores are after training, and their baselines are not."""
    codes = [("de", 0.5), ("fr", 0.55), ("ja", 0.7), ("sw", 0.6)]
    gains = pd.DataFrame(
        [("squad", "xnli", code, 10.0, 80.0, d) for code, d in codes],
        columns=["condition", "target", "language", "score", "baseline", "syntactic_distance"],
    ).assign(source_language="en")
    scores = pd.concat([gains, gains.assign(condition="none", score=80.0)]).drop(columns="baseline")
    for frame in (gains, scores):
        ax = ta.plot.scores_by_language(frame, "syntactic").axes[0]
        heights = np.concatenate([np.asarray(d.get_offsets())[:, 1] for d in ax.collections if len(d.get_offsets())])
        assert set(heights) == {80.0}
    with pytest.raises(ta.InputError, match="no row has condition none"):
        ta.plot.scores_by_language(gains.drop(columns="baseline"), "syntactic")
