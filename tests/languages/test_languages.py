from __future__ import annotations

import numpy as np
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.languages import (
    families,
    features,
    known_languages,
    lineages,
    memberships,
    resolve,
    source_shares,
)


@pytest.mark.parametrize(
    ("given", "code", "iso"),
    [
        ("zh", "zh", "cmn"),
        ("cmn", "zh", "cmn"),
        ("zh-CN", "zh", "cmn"),
        ("zh_Hant", "zh", "cmn"),
        ("no", "no", "nob"),
        ("nb", "no", "nob"),
        ("iw", "he", "heb"),
        ("German", "de", "deu"),
        ("ara", "ar", "arb"),
        ("sme", "se", "sme"),
        ("kpv", "kpv", "kpv"),
        ("nan", "nan", "nan"),
        ("fil", "tl", "tgl"),
        ("stan1295", "de", "deu"),
        ("esto1258", "et", "ekk"),
        ("norw1258", "no", "nob"),
        ("srp_Cyrl", "sr", "srp"),
        ("zh-Hant-TW", "zh", "cmn"),
        ("es-419", "es", "spa"),
        ("Ghotuo", "aaa", "aaa"),
        ("Farsi", "fa", "pes"),
        ("Haitian Creole", "ht", "hat"),
        ("Norwegian Bokmål", "no", "nob"),
        ("zh-yue", "yue", "yue"),
        (" slovene ", "sl", "slv"),
    ],
)
def test_resolve(given, code, iso):
    language = resolve(given)
    assert (language.code, language.iso639_3) == (code, iso)


def test_unknown_language_suggests_near_ones():
    with pytest.raises(InputError, match="unknown language 'germn'.*german"):
        resolve("germn")


@pytest.mark.parametrize("given", ["xx", "zz-Latn", "stan9999", "de-Latn-DE-1996", "", "-", "und", "zxx"])
def test_what_is_no_language_is_refused(given):
    with pytest.raises(InputError, match="unknown language"):
        resolve(given)


def test_every_language_of_the_table_is_itself_and_most_have_features():
    for code, language in known_languages().items():
        assert resolve(code) is language
        assert language.name != "?"
    present = set(features().languages)
    assert sum(language.iso639_3 in present for language in known_languages().values()) > 195


def test_xtreme_languages_all_have_word_order_and_a_family():
    xtreme = [
        "af",
        "ar",
        "bg",
        "bn",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "he",
        "hi",
        "hu",
        "id",
        "it",
        "ja",
        "jv",
        "ka",
        "kk",
        "ko",
        "ml",
        "mr",
        "ms",
        "my",
        "nl",
        "pt",
        "ru",
        "sw",
        "ta",
        "te",
        "th",
        "tl",
        "tr",
        "ur",
        "vi",
        "yo",
        "zh",
    ]
    assert len(xtreme) == 40
    order = features().columns("S_").rows([resolve(code).iso639_3 for code in xtreme])
    assert (np.isfinite(order).sum(axis=1) >= 10).all()
    found = families(xtreme)
    assert found["en"] == found["hi"] == "Indo-European"
    assert found["sw"] == "Atlantic-Congo"
    assert found["eu"] == "Basque"  # an isolate is a family of its own


def test_lineage_ends_with_the_language_and_retired_codes_are_no_family():
    assert lineages(["de"])["de"][:3] == ("Indo-European", "Classical Indo-European", "Germanic")
    assert lineages(["de"])["de"][-1] == "German"
    assert families(["otk"])["otk"] == "Old Turkish"


def test_union_and_shares_agree_on_what_is_known():
    union, shares = features().values, source_shares().values
    assert np.array_equal(np.isnan(union), np.isnan(shares))
    known = np.isfinite(union)
    assert ((shares[known] > 0) == (union[known] > 0)).all()
    assert set(np.unique(union[known])) == {0.0, 1.0}


def test_memberships_are_whole_rows_and_missing_languages_are_missing():
    table = memberships()
    unknown = np.isnan(table.values)
    assert (unknown.all(axis=1) == unknown.any(axis=1)).all()
    assert not unknown[table.index["eus"]].any()  # an isolate is known to have no family
    assert unknown[table.index["ekk"]].all()  # Glottolog has one, URIEL+ lacks the record
    assert np.isnan(table.rows(["eng", "zzz"])[1]).all()
    assert "urielplus" in table.source


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("udpos.English", "en"), ("PAN-X.de", "de"), ("MLQA.de.de", "de"), ("tatoeba.deu", "de"), ("XQuAD.zh", "zh"),
        ("pt-br", "pt"), ("pt_BR", "pt"), ("en-us", "en"), ("fr-ca", "fr"), ("de-de", "de"), ("en-DE", "en"), ("zh-cn", "zh"),
        ("es-419", "es"), ("en-in", "en"), ("fr-ch", "fr"), ("fr-CA", "fr"), ("pt-ao", "pt"), ("sr-Latn-RS", "sr"), ("uk_iu", "uk"), ("kmr_mg", "kmr"), ("mr_ufal", "mr"), ("ar-ar", "ar"),
        ("deu_Latn", "de"), ("zho_Hant", "zh"),
    ],
)  # fmt: skip
def test_tags_treebanks_and_configurations(given, code):
    assert resolve(given).code == code


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("en-de", "could be a pair of languages, en and de; expected one. A region is written in capitals: en-DE"),
        ("zh-et", "could be a pair"), ("en_fr", "could be a pair"), ("en_zh", "could be a pair"), ("en-vi", "could be a pair"), ("en-ar", "could be a pair"), ("MLQA.de.en", "names a pair of languages, de and en"),
        ("en-qz-x", "unknown language"), ("deu-Hdtb", "unknown language"), ("qqq", "unknown language"),
    ],
)  # fmt: skip
def test_pairs_and_what_is_no_tag(given, said):
    with pytest.raises(InputError, match=said):
        resolve(given)
