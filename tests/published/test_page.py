"""The commands and the page."""

import json

import pandas as pd
import pytest
from transfer_analysis.cli import app
from transfer_analysis.published import entry_named, for_drawing, published, published_page, reproduce, summary
from transfer_analysis.reporting import figure_bytes, reproduction_plot
from typer.testing import CliRunner

from tests.published.made import make


def run(*arguments):
    found = CliRunner().invoke(app, list(arguments))
    assert found.exit_code == 0, found.output
    return found.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two tables that run fast, one with findings published as significant."""
    place = tmp_path_factory.mktemp("downloads")
    for name in ("alignment", "model-recycling"):
        make(entry_named(name), place / name)
    return place


def test_list_and_show():
    assert all(name in run("published", "list") for name in published())
    shown = run("published", "show", "sumeval-test")
    assert "microsoft/Litmus" in shown
    assert "0.030" in shown
    assert "not stated" not in shown
    assert json.loads(run("published", "show", "xpos", "--json"))["repository"] == "wietsedv/xpos"


def test_run_says_published_and_ours(folder, tmp_path):
    out = tmp_path / "found.csv"
    said = run("published", "run", "alignment", str(folder / "alignment"), "--out", str(out))
    assert "another version" in said
    assert ".94" in said
    table = pd.read_csv(out)
    assert list(table["published"]) == [0.94, 0.93, 0.89]
    assert table["significant_in_paper"].all()
    given = json.loads(run("published", "run", "alignment", str(folder / "alignment"), "--json"))
    assert len(given["findings"]) == 3
    assert given["rows"] == 7


def test_page_has_all_that_is_there_and_names_the_rest(folder, tmp_path):
    said = run("published", "page", str(folder), "--out", str(tmp_path))
    assert "of 6 published numbers of 2 released tables" in said
    page = (tmp_path / "published.md").read_text(encoding="utf-8")
    assert "| alignment |" in page
    assert "- xpos: xpos" in page.split("## Not run")[1]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"published.{kind}" for kind in ("md", "csv", "svg", "pdf", "png")
    }
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    run("published", "page", str(folder), "--out", str(tmp_path))
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_page_of_an_empty_folder_is_refused(tmp_path):
    found = CliRunner().invoke(app, ["published", "page", str(tmp_path), "--out", str(tmp_path / "out")])
    assert found.exit_code != 0
    assert not (tmp_path / "out").exists()


def test_numbers_that_cannot_be_read_claim_nothing(folder):
    found = reproduce(entry_named("model-recycling"), folder / "model-recycling")
    assert found.found[-1].reproduced is None
    assert "of 3 published numbers" in summary([found])
    assert "findings" not in summary([found])
    assert "not readable" in published_page([found])


def test_figure_draws_with_and_without_claims(folder):
    both = [reproduce(entry_named(name), folder / name) for name in ("alignment", "model-recycling")]
    assert len(reproduction_plot(for_drawing(both)).axes) == 2
    alone = reproduction_plot(for_drawing(both[1:]))
    assert len(alone.axes) == 1
    assert figure_bytes(alone, "svg")
    with pytest.raises(ValueError, match="nothing to compare"):
        reproduction_plot(for_drawing(both).assign(published=None))


def test_the_released_table_of_taskweb(published):  # the fixture, not the function
    """The real file: the printed numbers, and the bytes they were read from."""
    found = reproduce(entry_named("taskweb"), published / "taskweb_transfer.csv")
    assert found.remarks == ()
    assert [one.reproduced for one in found.found] == [True] * 4
    assert found.found[0].ours == 97
