"""Typological features of every source that URIEL+ has, each by itself and joined as URIEL+ joins them.

URIEL of 2017 joined ten sources (WALS, SSWL, Ethnologue, PHOIBLE's). URIEL+ adds Grambank (Skirgård et al. 2023), APiCS
(Michaelis et al. 2013), eWAVE (Kortmann et al. 2020), BDPROTO (Marsico et al. 2018) and a newer SAPhon (Michael et al. 2015),
and says in `feature_mappings.json` which features follow from others. Here these files are read, and the rules applied,
without its object, which would write into site-packages.

Source: Khan et al. 2025, URIEL+ (COLING 2025).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages.uriel import (
    FeatureTable,
    arrays_of,
    database,
    features,
    glottocodes,
    package,
    read_csv_of,
)

#: What `sources` may be beside names of sources: all, or those of 2017.
ALL, URIEL_2017 = "all", "uriel-2017"

#: File of URIEL+ → what the source is called there.
_FILES = {
    "bdproto_data.csv": "BDPROTO",
    "grambank_data.csv": "GRAMBANK",
    "apics_data.csv": "APICS",
    "english_dialect_data.csv": "EWAVE",
}

#: Of these, those that bring features of their own; the other knows those of 2017 alone.
_WITH_OWN = ("GRAMBANK", "APICS", "EWAVE")

_OR = re.compile(r"OR\((.*)\)")


@cache
def sources() -> dict[str, FeatureTable]:
    """Return what each source knows, by its name in small letters, with what follows within it.

    What URIEL+ takes to be redundant is left out. `source` of each table is the name that URIEL+ has for it.
    """
    rules = _rules()
    redundant = _redundant(rules)
    tables = (*_of_2017(newer=True), *map(_of_file, _FILES))
    return {table.source.lower(): _without(_collapsed(table, rules), redundant) for table in tables}


def source_names() -> list[str]:
    """Return what `sources` may name, in lower case: `all`, `uriel-2017`, and each source."""
    return [ALL, URIEL_2017, *sources()]


@cache
def typology(wanted: str = ALL) -> FeatureTable:
    """Return features as the union of sources: 1 where any says so, 0 where all that say anything say 0.

    Parameters
    ----------
    wanted
        `all`; `uriel-2017`, the table of that year, as it was released; or names of sources, parted by `+`.

    Raises
    ------
    InputError
        As `chosen`.
    """
    if wanted == URIEL_2017:
        return features()
    tables = chosen(wanted)
    said = "all sources" if wanted == ALL else ", ".join(table.source for table in tables)
    joined = _union(tables, f"{package()}, {said}")
    if wanted == ALL:
        _imply(joined, _rules())
    return joined


def chosen(wanted: str) -> list[FeatureTable]:
    """Return the sources that `all`, `uriel-2017` or names parted by `+` stand for.

    Raises
    ------
    InputError
        For a source that is unknown.
    """
    if wanted == ALL:
        return list(sources().values())
    if wanted == URIEL_2017:
        return list(_of_2017())
    names = wanted.lower().split("+")
    if unknown := [name for name in names if name not in sources()]:
        known = source_names()
        raise InputError(
            f"unknown source {unknown[0]!r} of typological features{nearest(unknown[0], known)}; there are {', '.join(known)}"
        )
    return [sources()[name] for name in names]


def known_by_source(
    codes: Sequence[str], names: Sequence[str], wanted: str, filled: Mapping[str, str]
) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield each source with what it knows of some languages, shape (languages, features).

    Parameters
    ----------
    filled
        Language → macrolanguage whose row is read beside its own.
    """
    place = {name: i for i, name in enumerate(names)}
    for source in chosen(wanted):
        there = [(i, place[name]) for i, name in enumerate(source.names) if name in place]
        rows = source.index
        ours = [(i, rows[c]) for i, code in enumerate(codes) for c in (code, filled.get(code, "")) if c in rows]
        if not there or not ours:
            continue
        known = np.zeros((len(codes), len(names)), dtype=bool)
        columns, targets = map(np.array, zip(*there, strict=True))
        for mine, theirs in ours:
            known[mine, targets] |= np.isfinite(source.values[theirs, columns])
        yield source.source, known


def _of_2017(newer: bool = False) -> Iterator[FeatureTable]:
    """Yield the sources of 2017; with SAPhon in its newer release where that has a language, if it is to be."""
    data, codes, of_features, kinds = arrays_of("features.npz")
    for i, name in enumerate(kinds):
        values = data[:, :, i].astype(np.float32)
        values[values < 0] = np.nan
        if newer and name == "PHOIBLE_SAPHON":
            name = "UPDATED_SAPHON"
            _replace(values, codes, of_features)
        known = np.flatnonzero(np.isfinite(values).any(axis=1))
        there = tuple(codes[row] for row in known)
        yield FeatureTable(there, of_features, values[known], name)


def _replace(values: npt.NDArray[np.float32], codes: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Put SAPhon's newer values in place of the older ones."""
    rows: dict[str, list[int]] = {}
    for i, code in enumerate(codes):
        rows.setdefault(glottocodes().get(code, ""), []).append(i)
    column = {name: i for i, name in enumerate(names)}
    for row in read_csv_of("saphon_data.csv"):
        for i in rows.get(row["glottocode"], []) if row["glottocode"] else []:
            for feature, value in row.items():
                if feature in column and value:
                    values[i, column[feature]] = float(value) if float(value) >= 0 else np.nan


def _of_file(name: str) -> FeatureTable:
    """Return a source that is a file of its own, whose languages are Glottocodes."""
    rows = read_csv_of(name)
    source = _FILES[name]
    given = [column for column in rows[0] if column != "language_id"]
    known = set(features().names)
    names = [column for column in given if column in known or source in _WITH_OWN]
    by_code = {row["language_id"]: row for row in rows}
    codes = [code for code, glottocode in glottocodes().items() if glottocode in by_code]
    values = np.array(
        [[float(by_code[glottocodes()[code]][column] or -1) for column in names] for code in codes], dtype=np.float32
    ).reshape(len(codes), len(names))
    values[values < 0] = np.nan
    return FeatureTable(tuple(codes), tuple(names), values, source)


def _collapsed(table: FeatureTable, rules: Sequence[Mapping[str, Any]]) -> FeatureTable:
    """Return a source with what follows from alternatives that it has apart: 1 of any, 0 of none, else unknown."""
    names, values = list(table.names), table.values
    for rule in rules:
        if rule["relationship"] != "exact_collapse" or rule["source_layer"] != table.source:
            continue
        for target in rule["targets"]:
            matched = _OR.fullmatch(str(target.get("expression", "")).strip())
            operands = [part.strip() for part in matched[1].split(",")] if matched else []
            if not operands or any(operand not in names for operand in operands):
                continue
            parts = values[:, [names.index(operand) for operand in operands]]
            any_of = (parts == 1).any(axis=1)
            found = np.where(any_of, 1.0, np.where((parts == 0).all(axis=1), 0.0, np.nan)).astype(np.float32)
            feature = target["feature_id"]
            if feature not in names:
                names.append(feature)
                values = np.column_stack([values, np.full(len(values), np.nan, dtype=np.float32)])
            column = names.index(feature)
            values[:, column] = np.fmax(values[:, column], found)
    return FeatureTable(table.languages, tuple(names), values, table.source)


def _without(table: FeatureTable, redundant: set[str]) -> FeatureTable:
    keep = [i for i, name in enumerate(table.names) if name not in redundant]
    names = tuple(table.names[i] for i in keep)
    return FeatureTable(table.languages, names, np.ascontiguousarray(table.values[:, keep]), table.source)


def _union(tables: Sequence[FeatureTable], source: str) -> FeatureTable:
    languages = tuple(dict.fromkeys(code for table in tables for code in table.languages))
    names = tuple(dict.fromkeys(name for table in tables for name in table.names))
    row = {code: i for i, code in enumerate(languages)}
    column = {name: i for i, name in enumerate(names)}
    values = np.full((len(languages), len(names)), np.nan, dtype=np.float32)
    for table in tables:
        there = np.ix_([row[code] for code in table.languages], [column[name] for name in table.names])
        values[there] = np.fmax(values[there], table.values)
    return FeatureTable(languages, names, values, source)


def _imply(table: FeatureTable, rules: Sequence[Mapping[str, Any]]) -> None:
    """Set what follows from features that are there (a velar nasal at the beginning of words is a velar nasal), in place."""
    place = {name: i for i, name in enumerate(table.names)}
    implied = [
        ([place[item["id"]] for item in rule["source_features"]], place[rule["targets"][0]["feature_id"]])
        for rule in rules
        if rule["relationship"] == "positive_implication"
        and rule["targets"][0]["matrix"] == "typological"
        and all(item["id"] in place for item in rule["source_features"])
        and rule["targets"][0]["feature_id"] in place
    ]
    for _ in implied:  # at most as many steps as there are rules
        for causes, effect in implied:
            table.values[(table.values[:, causes] == 1).any(axis=1), effect] = 1.0


def _redundant(rules: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return features that others say: the alternatives that were collapsed, and columns that URIEL+ does not take over."""
    removed, kept = set(), set()
    for rule in rules:
        removed |= {item["id"] for item in rule["source_features"] if item["namespace"] == "removed_urielplus_operand"}
        if rule["disposition"] in ("not_represented", "collapsed_into"):
            removed |= set(rule["bundled_columns"])
        if rule["disposition"] == "represented":
            kept |= {target["feature_id"] for target in rule["targets"] if target["matrix"] == "typological"}
    return removed - kept


@cache
def _rules() -> list[dict[str, Any]]:
    path = database() / "urielplus_csvs" / "feature_mappings.json"
    rules: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rules
