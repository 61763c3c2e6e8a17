from __future__ import annotations

import numpy as np
import pytest
from transfer_analysis.distances import LANGUAGE_KINDS, language_distances
from transfer_analysis.errors import InputError
from transfer_analysis.languages import features, memberships, resolve

LANGUAGES = ["en", "de", "fr", "hi", "tr", "ja", "sw", "zh"]

#: urielplus 1.3.2, first row of `URIELPlus().new_distance(kind, [iso codes of LANGUAGES])`: from English, 4 decimals.
REFERENCE = {
    "syntactic": [0.3582, 0.4204, 0.5508, 0.6848, 0.6287, 0.693, 0.5275],
    "inventory": [0.4364, 0.4753, 0.4684, 0.5183, 0.5472, 0.484, 0.5926],
    "featural": [0.4033, 0.4542, 0.4873, 0.5712, 0.5786, 0.5467, 0.5494],
    "genetic": [0.6335999965667725, 0.9386000037193298, 0.9196000099182129, 1.0, 1.0, 1.0, 1.0],
}


def slow_distance(kind, one, other):
    """The definition, pair by pair and feature by feature."""
    table = memberships() if kind == "genetic" else features()
    prefix = {"syntactic": "S_", "phonological": "P_", "inventory": "INV_"}.get(kind, "")
    u, v = table.rows([resolve(one).iso639_3, resolve(other).iso639_3])
    pairs = [
        (float(a), float(b))
        for name, a, b in zip(table.names, u, v, strict=True)
        if name.startswith(prefix) and np.isfinite(a) and np.isfinite(b)
    ]
    if not pairs:
        return np.nan, 0
    a, b = map(np.array, zip(*pairs, strict=True))
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    return 2 / np.pi * np.arccos(min(1.0, cosine)), len(pairs)


@pytest.mark.parametrize("kind", LANGUAGE_KINDS)
def test_all_pairs_follow_the_definition(kind):
    matrix = language_distances(LANGUAGES, kind)
    for i, one in enumerate(LANGUAGES):
        for j, other in enumerate(LANGUAGES):
            wanted, shared = slow_distance(kind, one, other)
            assert matrix.shared.iloc[i, j] == shared
            got = matrix.values.iloc[i, j]
            if i == j:
                assert got == 0
            else:
                assert got == pytest.approx(wanted, nan_ok=True, abs=1e-7)


@pytest.mark.parametrize("kind", REFERENCE)
def test_agreement_with_urielplus(kind):
    matrix = language_distances(LANGUAGES, kind)
    np.testing.assert_allclose(matrix.values.loc["en"].to_numpy()[1:], REFERENCE[kind], atol=5.1e-5)


def test_isolates_are_unrelated_to_everything():
    matrix = language_distances(["eu", "en"], "genetic")
    assert matrix.values.to_numpy().tolist() == [[0, 1], [1, 0]]


def test_a_language_whose_family_is_not_recorded_is_missing_not_unrelated():
    """urielplus 1.3.2 records no family of Estonian (ekk); Glottolog has it in Uralic, with Finnish."""
    matrix = language_distances(["et", "fi", "eu"], "genetic")
    assert np.isnan(matrix.values.loc["et"]).all()
    assert matrix.shared.loc["et", "fi"] == 0
    assert matrix.values.loc["eu", "fi"] == 1


def test_pairs_without_shared_features_are_missing_not_zero():
    matrix = language_distances(["en", "hyw", "otk"], "syntactic")
    assert np.isnan(matrix.values.loc["en", "hyw"])
    assert np.isnan(matrix.values.loc["otk", "otk"])
    assert matrix.shared.loc["en", "otk"] == 0


def test_pairs_with_few_shared_features_can_be_left_out():
    loose, strict = (language_distances(["en", "hr"], "syntactic", min_shared=m) for m in (1, 20))
    assert loose.values.loc["en", "hr"] == 0  # twelve features on which the two agree
    assert np.isnan(strict.values.loc["en", "hr"])
    assert strict.parameters["min_shared"] == 20


def test_two_codes_of_one_language_are_no_distance_apart():
    assert language_distances(["zh", "cmn"], "syntactic").values.to_numpy().max() == 0


def test_unknown_kind():
    with pytest.raises(InputError, match="unknown language distance 'syntax' .did you mean 'syntactic'"):
        language_distances(["en", "de"], "syntax")
