"""Reading from the hub, against a stand-in on this machine."""

from __future__ import annotations

import gzip
import time

import pytest
import yaml
from transfer_analysis.corpora import FolderCorpus, HubCorpus, corpus_from, origin_of, pinned
from transfer_analysis.errors import InputError, MissingError, UnavailableError
from transfer_analysis.tasks import load_catalogue

from tests.hub.layouts import PAIRED, ROWS, content, fill

CATALOGUE = load_catalogue()
ENTRIES = [(task.name, code) for task in CATALOGUE if task.hub for code in task.languages[:2]]
ALL = [task.name for task in CATALOGUE if task.hub]


@pytest.fixture
def served(hub):
    fill(hub, CATALOGUE, languages={"en", "de", "et", "lt", "sw", "zh"})
    return hub


def own(tmp_path, text: str):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path)


OWN = """
mine:
  title: Mine
  family: nli
  head: sequence-classification
  columns: {text: text, label: label}
  labels: [a, b]
  metric: accuracy
  made_of: [mine]
"""


@pytest.mark.parametrize("name", ALL)
def test_every_entry_of_the_catalogue_is_read_where_it_lies(served, name):
    """Each in its layout: configurations by language, converted files beside a dead script, lists, nested choices."""
    task, corpus = CATALOGUE[name], HubCorpus()
    code = next(c for c in corpus.languages(name) if c in ("en", "de", "et"))
    split = task.splits.test[0] if task.head == "retrieval" or name in ("mlqa", "xcopa") else "train"
    found = corpus.examples(name, code, split)
    assert len(found) >= ROWS - 4
    for column in (c for columns in task.columns.values() for c in columns.split()):
        assert column.split(".")[0] in found[0]
    place = next(place for place in task.hub if place.serves(code, task.languages))
    assert (
        corpus.revision(name, code)
        == f"{place.id}@{served.commit('datasets', place.id, place.revision or 'main')[:12]}"
    )


def test_one_split_fetches_no_other(served):
    HubCorpus().examples("xnli", "sw", "test")
    fetched = [asked for asked in served.asked if ".parquet" in asked and asked.startswith("GET")]
    assert fetched
    assert all("/sw/test-" in asked for asked in fetched)


def test_a_language_is_read_only_where_the_data_set_has_it(served):
    corpus = HubCorpus()
    for name in ("snli", "mnli", "squad", "ccg"):
        with pytest.raises(
            InputError, match=rf"{name}: (no data set on the hub is known for German|the catalogue knows no)"
        ):
            corpus.examples(name, "de", "train")
    assert corpus.examples("tatoeba", "lt", "test")[0].keys() == corpus.examples("tatoeba", "de", "test")[0].keys()
    assert "mteb/tatoeba" in corpus.revision("tatoeba", "lt")
    assert "google/xtreme" in corpus.revision("tatoeba", "de")


def test_a_wrong_configuration_is_a_mistake_and_no_missing_language(served, tmp_path):
    catalogue = own(tmp_path, OWN + "  hub: {id: facebook/xnli, config: enn}\n")
    with pytest.raises(InputError, match="no such configuration .did you mean 'en'") as caught:
        HubCorpus(catalogue).examples("mine", "en", "train")
    assert not isinstance(caught.value, MissingError)


def test_a_missing_split_names_those_there_are(served):
    with pytest.raises(MissingError, match="no split 'tset' .did you mean 'test'"):
        HubCorpus().examples("xnli", "en", "tset")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("id: nobody/nothing", "nothing of that name, or it is private"),
        ("id: facebook/xnli, config: en, revision: nowhere", "no such revision"),
        ("id: facebook/xnli, config: en, rename: {premis: text}", "no column 'premis' .did you mean 'premise'"),
        ("id: facebook/xnli, files: {train: 'nowhere/*.parquet'}", "no files nowhere"),
        ("id: facebook/xnli", "has several configurations"),
        ("id: owner/scripted", "own script only, which is not run"),
    ],
)
def test_mistakes_of_an_entry(served, tmp_path, change, message):
    served.add("datasets", "owner/scripted", {"scripted.py": b"raise SystemExit\n", "data.bin": b"x"})
    catalogue = own(tmp_path, OWN + f"  hub: {{{change}}}\n")
    with pytest.raises(InputError, match=message) as caught:
        HubCorpus(catalogue).examples("mine", "en", "train")
    assert not isinstance(caught.value, UnavailableError)


def test_gated_is_said_as_gated(served, monkeypatch):
    served.closed.add("google/xtreme")
    with pytest.raises(InputError, match="google/xtreme: is gated: log in .* accept its terms") as caught:
        HubCorpus().examples("mlqa", "en", "test")
    assert not isinstance(caught.value, MissingError)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert HubCorpus().examples("mlqa", "en", "test")


def test_a_token_that_is_wrong(served, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    served.faults = [
        ["/api/datasets/facebook/xnli", 401, 9, {"X-Error-Message": "Invalid credentials in Authorization header"}]
    ]
    with pytest.raises(InputError, match="does not accept your token"):
        HubCorpus().examples("xnli", "en", "test")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hiccup_is_tried_again(served, status):
    served.faults = [
        ["facebook/xnli", status, 1, {"Retry-After": "0"}],
        ["xnli/resolve", status, 1, {"Retry-After": "0"}],
    ]
    assert len(HubCorpus().examples("xnli", "en", "test")) == ROWS


def test_a_hub_that_stays_busy_is_given_up(served, tmp_path):
    served.faults = [["/api/datasets/stanfordnlp/snli", 503, 999, {"Retry-After": "30"}]]
    catalogue = own(tmp_path, OWN.replace("text: text", "text: premise") + "  hub: {id: stanfordnlp/snli}\n")
    with pytest.raises(UnavailableError, match="answers 503 .busy."):
        HubCorpus(catalogue).examples("mine", "en", "train")


def test_a_mirror_without_a_page_at_its_root_is_reachable(served):
    served.faults = [["^/$", 404, 9, {}]]
    assert HubCorpus().examples("xnli", "en", "test")


def test_a_mirror_that_cannot_say_who_may_read_is_read(served):
    served.faults = [["auth-check", 404, 9, {}]]
    HubCorpus().require("xnli", "en", ("test",))
    served.closed.add("stanfordnlp/snli")
    served.faults = []
    with pytest.raises(InputError, match="is gated"):
        HubCorpus().require("snli", "en", ("train",))


def test_another_commit_than_was_asked_for_is_refused(served, monkeypatch):
    """As a cache or a mirror may answer; nothing is read from it."""
    import datasets

    real = datasets.load_dataset_builder
    monkeypatch.setattr(
        datasets, "load_dataset_builder", lambda path, name, revision: real(path, name, revision="main")
    )
    with pytest.raises(InputError, match="asked for commit b8dd5d7af511, but its data would come from"):
        HubCorpus().examples("xnli", "en", "test")


def test_offline_reads_what_is_cached_and_nothing_else(served, monkeypatch):
    online = HubCorpus().examples("xnli", "en", "test")
    served.stop()
    assert HubCorpus().examples("xnli", "en", "test") == online
    with pytest.raises(UnavailableError, match="cannot be reached, and it is not in the cache"):
        HubCorpus().examples("xnli", "de", "test")
    with pytest.raises(UnavailableError, match="not in the cache"):
        HubCorpus().examples("xnli", "en", "train")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    served.forget()
    assert HubCorpus().examples("xnli", "en", "test") == online


def test_a_branch_is_read_at_one_commit_and_a_cached_one_is_no_other(hub, tmp_path):
    """What is cached of another commit is never read in its place."""
    catalogue = own(tmp_path, OWN + "  hub: {id: owner/moving, files: {train: '*.parquet'}}\n")
    first, second = ([{"text": t, "label": 0}] for t in ("old", "new"))
    hub.add("datasets", "owner/moving", {"a.parquet": content("a.parquet", first)})
    old = hub.commit("datasets", "owner/moving")
    assert HubCorpus(catalogue).examples("mine", "en", "train") == first
    hub.add("datasets", "owner/moving", {"a.parquet": content("a.parquet", second)})
    hub.repositories["datasets", "owner/moving"][old] = {"a.parquet": content("a.parquet", first)}
    assert HubCorpus(catalogue).examples("mine", "en", "train") == first  # one process, one commit
    hub.forget()
    assert HubCorpus(catalogue).examples("mine", "en", "train") == second
    pinned = own(tmp_path, OWN + f"  hub: {{id: owner/moving, revision: {old}, files: {{train: '*.parquet'}}}}\n")
    assert HubCorpus(pinned).examples("mine", "en", "train") == first
    hub.stop()  # offline, the branch stands for what it last stood for
    assert HubCorpus(catalogue).examples("mine", "en", "train") == second
    assert HubCorpus(catalogue).revision("mine", "en").endswith(hub.commit("datasets", "owner/moving")[:12])


def test_lists_of_sentences_become_pairs_and_sentences_without_a_partner(served):
    tests, tuned = (HubCorpus().examples("bucc", "de", split) for split in ("test", "validation"))
    rows = [(r["source_sentence"], r["target_sentence"]) for r in tests + tuned]
    pairs = [(a, b) for a, b in rows if a and b]
    assert len(pairs) == PAIRED
    assert sum(not b for _, b in rows) == sum(not a for a, _ in rows) == 8 * ROWS - PAIRED
    # The layout gives every sentence its number as the last word: partners have the same one.
    assert all(a.split()[-1] == b.split()[-1] for a, b in pairs)
    assert tuned
    assert len(tests) > 4 * len(tuned)
    assert not {tuple(r.items()) for r in tests} & {tuple(r.items()) for r in tuned}


def test_classes_that_the_hub_numbers_otherwise_have_their_names(hub, tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["b", "a"])})
    path = tmp_path / "x.parquet"
    datasets.Dataset.from_list([{"text": "x", "label": 0}], features=features).to_parquet(path)
    hub.add("datasets", "owner/turned", {"x.parquet": path.read_bytes()})
    catalogue = own(tmp_path, OWN + "  hub: {id: owner/turned, files: {train: '*.parquet'}}\n")
    assert HubCorpus(catalogue).examples("mine", "en", "train") == [{"text": "x", "label": "b"}]


def test_a_cache_that_cannot_be_written(served, monkeypatch):
    def full(*arguments, **more):
        raise OSError(28, "No space left on device", "/cache/x")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
    with pytest.raises(InputError, match="cannot be kept: No space left on device .* HF_HOME"):
        HubCorpus().examples("mlqa", "en", "test")


def test_several_sources_serve_what_they_have(served, tmp_path):
    folder = tmp_path / "mine" / "ccg" / "en"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text('{"tokens": ["a"], "tags": ["N"]}\n', encoding="utf-8")
    corpus = corpus_from(["hub", str(tmp_path / "mine")], CATALOGUE)
    assert corpus.examples("ccg", "en", "train") == [{"tokens": ["a"], "tags": ["N"]}]
    assert corpus.revision("ccg", "en") == ""
    assert "facebook/xnli@" in corpus.revision("xnli", "en")
    assert origin_of(["hub", str(tmp_path / "mine")]) == "hub, then folder mine"
    with pytest.raises(MissingError, match="mewsli-x: neither the hub nor mine has it"):
        corpus.examples("mewsli-x", "en", "test")


def test_a_data_set_that_has_grown_a_language_is_tested_in_those_of_the_catalogue(served):
    files = served.repositories["datasets", "facebook/xnli"]["main"]
    more = {name.replace("sw/", "lt/"): given for name, given in files.items() if name.startswith("sw/")}
    served.add("datasets", "facebook/xnli", more, CATALOGUE["xnli"].hub[0].revision)
    assert HubCorpus().languages("xnli") == list(CATALOGUE["xnli"].languages)


def test_what_is_fetched_reads_as_the_hub_does(served, tmp_path):
    from transfer_analysis.cli import app
    from typer.testing import CliRunner

    out = tmp_path / "fetched"
    said = CliRunner().invoke(
        app, ["corpora", "fetch", "xnli", "tydiqa", "bucc", "--languages", "en de", "-o", str(out)]
    )
    assert isinstance(said.exception, InputError)  # TyDiQA has no German
    assert not out.exists()
    said = CliRunner().invoke(app, ["corpora", "fetch", "xnli", "udpos", "--languages", "en de", "-o", str(out)])
    assert said.exit_code == 0, said.exception
    folder = FolderCorpus(out)
    for task in ("xnli", "udpos"):
        for split in ("train", "test"):
            assert folder.examples(task, "de", split) == HubCorpus().examples(task, "de", split)
            assert folder.sample(task, "de", split, 5) == HubCorpus().sample(task, "de", split, 5)
        assert folder.revision(task, "de") == HubCorpus().revision(task, "de")


def test_a_hub_that_never_answers_is_given_up_soon(monkeypatch):
    """A host that accepts connections and says nothing must not keep anybody."""
    import socket
    import time

    from huggingface_hub import constants
    from transfer_analysis.hub import client

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(client, "HUB_WAIT", 0.2)
        client.hub_is_reachable.cache_clear()
        start = time.monotonic()
        assert not client.hub_is_reachable()
        assert time.monotonic() - start < 10  # without a bound it would wait for ever
    client.hub_is_reachable.cache_clear()


def test_a_proxy_that_is_not_there_is_no_hub(monkeypatch):
    from transfer_analysis.hub import client

    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client.hub_is_reachable.cache_clear()
    assert not client.hub_is_reachable()
    client.hub_is_reachable.cache_clear()


@pytest.mark.parametrize("status", [429, 503])
def test_a_listing_that_is_refused_is_no_missing_language(served, status):
    """Nothing that could not be asked may pass as not being there: a test language would vanish."""
    served.faults = [["facebook/xnli/tree/", status, 999, {"Retry-After": "0"}]]
    with pytest.raises(UnavailableError, match="facebook/xnli"):
        HubCorpus().examples("xnli", "en", "test")


def test_the_limit_that_the_hub_names_is_waited_for_within_bounds(served):
    served.faults = [["facebook/xnli/", 429, 2, {"RateLimit": '"api";r=0;t=200', "Retry-After": "0"}]]
    began = time.monotonic()
    assert HubCorpus().examples("xnli", "en", "test")
    assert time.monotonic() - began < 60  # the header alone would have cost 400 s


def test_a_configuration_beside_others_serves_no_further_language(served, tmp_path):
    entry = "  hub: {id: facebook/xnli, config: en, configs: {de: de}}\n  languages: [en, de, sw]\n"
    catalogue = own(tmp_path, OWN.replace("text: text", "text: premise") + entry)
    corpus = HubCorpus(catalogue)
    assert corpus.languages("mine") == ["de"]
    for code in ("en", "sw"):
        with pytest.raises(InputError, match="no data set on the hub is known for"):
            corpus.examples("mine", code, "test")


def test_what_was_fetched_of_one_task_is_not_read_as_another(served, tmp_path):
    from transfer_analysis.cli import app
    from typer.testing import CliRunner

    out = tmp_path / "fetched"
    assert CliRunner().invoke(app, ["corpora", "fetch", "anli", "snli", "-o", str(out)]).exit_code == 0
    both = corpus_from([str(out), "hub"], CATALOGUE)
    assert both.examples("anli", "en", "test") == HubCorpus().examples("anli", "en", "test")
    assert both.examples("anli_r3", "en", "test") == HubCorpus().examples("anli_r3", "en", "test")
    changed = out / "snli" / "en" / "test.jsonl.gz"
    changed.write_bytes(gzip.compress(b'{"premise": "a", "hypothesis": "b", "label": 0}\n'))
    with pytest.raises(InputError, match="snli/en/test has changed since it was fetched from stanfordnlp/snli@"):
        FolderCorpus(out).revision("snli", "en")


def test_what_another_program_has_cached_is_read_offline(served):
    from huggingface_hub import snapshot_download

    place = CATALOGUE["mlqa"].hub[0]
    snapshot_download(place.id, repo_type="dataset", revision=place.revision)
    served.stop()
    assert HubCorpus().examples("mlqa", "en", "test")


def test_classes_that_only_the_card_numbers_have_their_names(hub, tmp_path):
    card = {"dataset_info": {"features": [
        {"name": "text", "dtype": "string"},
        {"name": "label", "dtype": {"class_label": {"names": {"0": "b", "1": "a"}}}},
    ]}}  # fmt: skip
    rows = [{"text": "is b", "label": 0}, {"text": "is a", "label": 1}, {"text": "is open", "label": None}]
    files = {"train.parquet": content("train.parquet", rows), "README.md": f"---\n{yaml.safe_dump(card)}---\n".encode()}
    hub.add("datasets", "owner/card", files)
    found = HubCorpus(own(tmp_path, OWN + "  hub: {id: owner/card}\n")).examples("mine", "en", "train")
    assert [record["label"] for record in found] == ["b", "a", None]


def test_an_entry_with_an_unknown_place_holder_is_refused(tmp_path):
    for wrong in ("config: '{lang}'", "files: {train: '{language}/*'}", "rows: {id: '{code}'}"):
        with pytest.raises(InputError, match="expected {"):
            own(tmp_path, OWN + f"  hub: {{id: owner/x, {wrong}}}\n")


def test_a_column_of_languages_that_is_missing_is_a_mistake(served, tmp_path):
    catalogue = own(tmp_path, OWN + "  hub: {id: facebook/xnli, config: en, rows: {idd: '{english}-'}}\n")
    with pytest.raises(InputError, match="no column 'idd'") as caught:
        HubCorpus(catalogue).examples("mine", "en", "test")
    assert not isinstance(caught.value, MissingError)


def test_workers_read_what_was_checked(hub, tmp_path):
    catalogue = own(tmp_path, OWN + "  hub: {id: owner/moving, files: {train: '*.parquet'}}\n")
    first, second = ([{"text": t, "label": 0}] for t in ("old", "new"))
    hub.add("datasets", "owner/moving", {"a.parquet": content("a.parquet", first)})
    old = hub.commit("datasets", "owner/moving")
    there = pinned(HubCorpus(catalogue), ["mine"])
    hub.add("datasets", "owner/moving", {"a.parquet": content("a.parquet", second)})
    hub.repositories["datasets", "owner/moving"][old] = {"a.parquet": content("a.parquet", first)}
    hub.forget()
    assert there.examples("mine", "en", "train") == first
    assert HubCorpus(catalogue).examples("mine", "en", "train") == second
