"""Typological, family and geographic features, read once from the data files of the installed `urielplus` package.

Only the files are read. Importing the package itself would configure logging, and creating its `URIELPlus` object
copies its databases into site-packages; neither happens here.

Source: Khan et al. 2025, URIEL+: Enhancing Linguistic Inclusion and Usability in a Typological and Multilingual
Knowledge Base (COLING 2025).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError

#: What provenance calls it that a macrolanguage's row has filled gaps.
GAPS_FILLED = "gaps filled from the macrolanguage"


@dataclass(frozen=True)
class FeatureTable:
    """Features of languages.

    Attributes
    ----------
    languages
        ISO 639-3 codes, one per row.
    names
        Feature names, one per column.
    values
        Array of shape (languages, features), NaN where unknown: a binary feature is 1 when any source says so
        (the union, URIEL+'s default).
    source
        Package and version the values come from.
    filled
        Code of a language → code of the macrolanguage whose row its gaps were filled from.
    """

    languages: tuple[str, ...]
    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    source: str
    filled: dict[str, str] = field(default_factory=dict)

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each language."""
        return {code: i for i, code in enumerate(self.languages)}

    def rows(self, languages: list[str]) -> npt.NDArray[np.float32]:
        """Return one row per ISO 639-3 code in the order given; all NaN for a language without features."""
        places = np.array([self.index.get(code, -1) for code in languages], dtype=np.int64)
        found: npt.NDArray[np.float32] = self.values[places]
        found[places < 0] = np.nan
        return found

    def columns(self, *prefixes: str) -> FeatureTable:
        """Return the features whose names begin so (`S_` is syntax, `P_` phonology, `INV_` inventory, `M_` morphology)."""
        keep = [i for i, name in enumerate(self.names) if name.startswith(prefixes)]
        names = tuple(self.names[i] for i in keep)
        return FeatureTable(self.languages, names, np.ascontiguousarray(self.values[:, keep]), self.source, self.filled)

    def gaps_filled(self, languages: list[str]) -> dict[str, dict[str, str]]:
        """Return, for provenance, which of some languages have gaps filled from which macrolanguage; nothing for none."""
        filled = {code: self.filled[code] for code in languages if code in self.filled}
        return {GAPS_FILLED: filled} if filled else {}

    def known(self) -> list[str]:
        """Return the languages of which at least one feature is known."""
        there: npt.NDArray[np.bool_] = np.any(np.isfinite(self.values), axis=1)
        return [code for code, known in zip(self.languages, there, strict=True) if known]


@cache
def features() -> FeatureTable:
    """Return the typological features of all languages in the table of 2017, which `sources.typology` extends."""
    return _load("features.npz")


@cache
def source_shares() -> FeatureTable:
    """Return the share of sources that say a typological feature is present (0 to 1), where the union says only yes."""
    data, languages, names, _ = arrays_of("features.npz")
    known = data >= 0
    counts = known.sum(axis=2)
    values = np.where(counts > 0, np.where(known, data, 0).sum(axis=2) / np.maximum(counts, 1), np.nan)
    return FeatureTable(languages, names, values.astype(np.float32), package())


@cache
def memberships() -> FeatureTable:
    """Return the membership of all languages of URIEL+ in the families and subfamilies of Glottolog (0 or 1).

    A row without any family is an isolate's where Glottolog's classification is empty too. Where Glottolog has one,
    URIEL+ lacks the record (Estonian under `ekk`, in urielplus 1.3.2), and the row is unknown.
    """
    table = _load("family_features.npz")
    lineages = glottolog_lineages()
    classified = np.array([bool(lineages.get(glottocodes().get(code, ""), ())) for code in table.languages])
    table.values[~(table.values > 0).any(axis=1) & classified] = np.nan
    return table


@cache
def positions() -> FeatureTable:
    """Return how far all languages of URIEL+ are from each of 299 places on Earth, as shares of the greatest distance."""
    return _load("geocoord_features.npz")


@cache
def scripts() -> FeatureTable:
    """Return the properties of the scripts that languages are written in (ScriptSource)."""
    return _load("script_features.npz")


@cache
def glottocodes() -> dict[str, str]:
    """Return the Glottocode of each ISO 639-3 code that URIEL+ knows."""
    return {row["iso_code"]: row["glottocode"] for row in read_csv_of("uriel_glottocode_map.csv")}


@cache
def glottolog_names() -> dict[str, str]:
    """Return the Glottolog name of each Glottocode."""
    return {row["language_id"]: row["language_name"] for row in read_csv_of("lang_fam_geo.csv")}


@cache
def glottolog_lineages() -> dict[str, tuple[str, ...]]:
    """Return the Glottolog classification of each Glottocode, from its top-level family downwards."""
    return {
        row["language_id"]: tuple(part.strip() for part in row["lineage"].split(",") if part.strip())
        for row in read_csv_of("lang_fam_geo.csv")
    }


def _load(name: str) -> FeatureTable:
    data, languages, names, _ = arrays_of(name)
    values = data.max(axis=2).astype(np.float32)  # unknown is -1, so the maximum over sources is the union
    values[values < 0] = np.nan
    return FeatureTable(languages, names, values, package())


def arrays_of(name: str) -> tuple[npt.NDArray[np.float64], tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return a table of 2017: values of shape (languages, features, sources), -1 where unknown, and what each axis is."""
    # allow_pickle stays False: the arrays hold numbers and plain strings only.
    with np.load(database() / "original_uriel" / name) as arrays:
        languages, names, sources = (tuple(map(str, arrays[key])) for key in ("langs", "feats", "sources"))
        return arrays["data"], languages, names, sources


def package() -> str:
    """Return the package that the values come from, with its version."""
    return f"urielplus {version('urielplus')}"


def read_csv_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one of URIEL+'s CSV files."""
    with (database() / "urielplus_csvs" / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def database() -> Path:
    """Return the folder of URIEL+'s data.

    Raises
    ------
    InputError
        Where it is not installed.
    """
    spec = find_spec("urielplus")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("URIEL+ is not installed; install it with: pip install urielplus")
    return Path(spec.submodule_search_locations[0]) / "database"
