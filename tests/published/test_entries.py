"""The entries as they are bundled, and what any of them says of other files than its own."""

import hashlib

import pandas as pd
import pytest
from pydantic import ValidationError
from transfer_analysis.errors import InputError
from transfer_analysis.published import Finding, entry_named, published, reproduce

from tests.published.made import make

ENTRIES = list(published().values())
IDS = [entry.name for entry in ENTRIES]


def finding(**fields):
    return Finding(what="w", where="Table 1", statistic="mean", **fields)


def test_the_tables_that_are_known():
    assert len(ENTRIES) == 19
    assert {"taskweb", "xpos", "langrank-dep", "langrank-pos", "langrank-el", "langrank-mt", "nlperf-ted"} <= set(IDS)


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_an_entry_answers_from_files_of_its_shape(entry, tmp_path):
    """Reader, statistics, tests and the outcomes that findings name all belong together."""
    found = reproduce(entry, make(entry, tmp_path / entry.name))
    assert [one.finding for one in found.found] == list(entry.findings)
    assert all(pd.notna(one.ours) for one in found.found)
    assert {one.finding.what for one in found.found if one.outcome is None} == {
        f.what for f in entry.findings if not f.answer
    }
    # Made-up files are another version of every file, and said to be.
    assert len(found.remarks) == len(entry.files)
    assert list(found.tidy()["finding"]) == [f.what for f in entry.findings]


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_numbers_say_where_they_stand(entry):
    assert all(one.where for one in entry.findings)
    assert entry.rules, "say what is odd about the table, or what it counts"
    names = [one.what for one in entry.findings]
    assert len(set(names)) == len(names)


def test_the_last_printed_digit_decides():
    two = finding(published="0.57")
    assert two.reproduced(0.5749)
    assert two.reproduced(0.5651)
    assert not two.reproduced(0.5752)
    assert finding(published=".30").tolerance == pytest.approx(0.005)
    assert finding(published="97").reproduced(97.4)
    assert not finding(published="97").reproduced(98)
    assert finding(published="-0.12").reproduced(-0.1241)
    assert finding().reproduced(0.0) is False


def test_digits_beyond_the_tenth_depend_on_the_order_of_summation():
    long = finding(published="57.383750436431335")
    assert long.reproduced(57.38375043643)
    assert not long.reproduced(57.383751)


def test_a_number_is_written_with_its_digits():
    with pytest.raises(ValidationError):
        finding(published="5.7e1")


def test_unknown_entry_names_the_nearest():
    with pytest.raises(InputError, match="langrank-dep"):
        entry_named("langrank-deb")


def test_missing_file_says_where_it_is(tmp_path):
    entry = entry_named("xpos")
    folder = make(entry, tmp_path)
    (folder / "ldnd.csv").unlink()
    with pytest.raises(
        InputError, match=r"holds no ldnd\.csv; it is results/ldnd\.csv of wietsedv/xpos at commit 4edb3a9163a6"
    ):
        reproduce(entry, folder)


def test_a_file_of_another_repository_says_which(tmp_path):
    with pytest.raises(InputError, match="of microsoft/Litmus at commit 0f5c85b07d16"):
        reproduce(entry_named("sumeval-test"), tmp_path)


def test_files_are_found_where_the_repository_has_them(tmp_path):
    entry = entry_named("model-recycling")
    made = make(entry, tmp_path / "made")
    deep = tmp_path / "checkout" / entry.files[0].path
    deep.parent.mkdir(parents=True)
    deep.write_bytes((made / entry.files[0].name).read_bytes())
    assert reproduce(entry, tmp_path / "checkout").rows == reproduce(entry, deep).rows == 32


def test_one_file_for_an_entry_of_several_is_refused(tmp_path):
    folder = make(entry_named("xpos"), tmp_path)
    with pytest.raises(InputError, match="has 6: give the folder"):
        reproduce(entry_named("xpos"), folder / "ldnd.csv")
    with pytest.raises(InputError, match="there is nothing"):
        reproduce(entry_named("xpos"), tmp_path / "nowhere")


def test_a_partial_download_is_said(tmp_path):
    """Fewer rows than the entry's: the numbers stand, and so does the remark."""
    entry = entry_named("langrank-dep")
    (remark,) = reproduce(entry, make(entry, tmp_path)).remarks
    assert "another version" in remark
    assert "132 rows and the entry's 870: perhaps a partial download" in remark


def test_a_partial_folder_is_said(tmp_path):
    entry = entry_named("glue-model-choice")
    remarks = reproduce(entry, make(entry, tmp_path)).remarks
    assert any("files and the entry's 3,712: perhaps a partial download" in text for text in remarks)


def test_the_entrys_own_file_needs_no_remark(tmp_path):
    entry = entry_named("taskweb")
    folder = make(entry, tmp_path)
    file = entry.files[0]
    own = hashlib.sha256((folder / file.name).read_bytes()).hexdigest()
    same = entry.model_copy(update={"files": (file.model_copy(update={"sha256": own}),)})
    found = reproduce(same, folder)
    assert found.remarks == ()
    assert found.hashes == {file.name: own}


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [
        ("langrank-el", 0, "Entity Linking Accuracy"),
        ("model-spider", 0, "LogME"),
        ("taskweb", 0, "source_task"),
        ("xpos", 0, "score"),
    ],
)
def test_a_column_that_is_not_there_is_named(name, file, column, tmp_path):
    entry = entry_named(name)
    folder = make(entry, tmp_path)
    place = folder / entry.files[file].name
    frame = pd.read_csv(place)
    lost = entry.reading.get("score", column) if name.startswith("langrank") else column
    frame.drop(columns=lost).to_csv(place, index=False)
    with pytest.raises(InputError, match=lost.split()[0]):
        reproduce(entry, folder)


def test_text_among_numbers_is_named(tmp_path):
    entry = entry_named("langrank-dep")
    place = make(entry, tmp_path) / entry.files[0].name
    frame = pd.read_csv(place).astype({"GENETIC": object})
    frame.loc[4, "GENETIC"] = "far"
    frame.to_csv(place, index=False)
    with pytest.raises(InputError, match=r"GENETIC: 'far' in row 5 is not a number"):
        reproduce(entry, tmp_path)


def test_runs_without_a_score_count_in_the_papers_number_alone(tmp_path):
    """LangRank's tagging table ranks runs that have no score as the best; the right test leaves them out."""
    entry = entry_named("langrank-pos")
    place = make(entry, tmp_path) / entry.files[0].name
    frame = pd.read_csv(place)
    before = reproduce(entry, tmp_path)
    frame["Accuracy"] = frame["Accuracy"].astype(object)
    frame.loc[:7, "Accuracy"] = "nan"
    frame.to_csv(place, index=False)
    after = reproduce(entry, tmp_path)
    assert [one.ours for one in after.found] == [one.ours for one in before.found]
    key = entry.findings[0].answer
    assert after.outcomes[key].estimate != before.outcomes[key].estimate
