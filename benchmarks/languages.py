"""Language distances of all pairs beside urielplus's own calls, in one process, data loaded in both; and of all languages.

    python benchmarks/languages.py

urielplus writes into its own folder when it starts, so a copy of it is used. Each kind over all languages is computed in a
process of its own, reading the data included.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from transfer_analysis.distances import language_distances
from transfer_analysis.distances.languages.typological import TYPOLOGICAL
from transfer_analysis.languages import joined_rows, resolve
from transfer_analysis.languages.sources import URIEL_2017

from timing import timed

LANGUAGES = [
    "ar",
    "he",
    "vi",
    "id",
    "jv",
    "ms",
    "tl",
    "eu",
    "ml",
    "ta",
    "te",
    "af",
    "nl",
    "en",
    "de",
    "el",
    "bn",
    "hi",
    "mr",
    "ur",
    "fa",
    "fr",
    "it",
    "pt",
    "es",
    "bg",
    "ru",
    "ja",
    "ka",
    "ko",
    "th",
    "sw",
    "yo",
    "my",
    "zh",
    "kk",
    "tr",
    "et",
    "fi",
    "hu",
]


#: Times and peak memory of one kind over all languages that URIEL+ has data of, data read before the clock starts.
EVERY = """
import resource, sys, time
from transfer_analysis.distances.languages import language_distances, languages_with
kind = sys.argv[1]
codes = languages_with(kind)
start = time.perf_counter()
matrix = language_distances(codes, kind)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"| {kind} | {len(codes):,} | {seconds:.2f} s | {peak:,.0f} MB | {matrix.missing():,} |")
"""


def every() -> None:
    # First and from a small process, as a child begins with the peak memory of what it was forked from.
    print("| kind, every language | languages | time | peak memory | missing pairs |\n|---|---|---|---|---|")
    for kind in ("syntactic", "featural", "genetic"):
        print(
            subprocess.run([sys.executable, "-c", EVERY, kind], check=True, capture_output=True, text=True).stdout,
            end="",
        )
    print(flush=True)


def main() -> None:
    every()
    spec = find_spec("urielplus")
    folder = tempfile.mkdtemp()
    shutil.copytree(spec.submodule_search_locations[0], Path(folder) / "urielplus")
    sys.path.insert(0, folder)
    from urielplus import urielplus

    peer = urielplus.URIELPlus()
    logging.disable(logging.CRITICAL)
    codes = [resolve(language).iso639_3 for language in LANGUAGES]
    print("| kind, 40 languages | urielplus | here | ratio | largest difference |\n|---|---|---|---|---|")
    for kind in ("syntactic", "featural", "genetic"):
        # The peer reads the table of 2017 unless its user integrates the other sources, which takes minutes.
        old = {} if kind == "genetic" else {"sources": URIEL_2017}
        language_distances(LANGUAGES, kind, **old)  # loads the data
        theirs, slow = timed(lambda k=kind: np.array(peer.new_distance(k, codes)), 1 if kind == "genetic" else 3)
        ours, fast = timed(lambda k=kind, o=old: language_distances(LANGUAGES, k, **o).values.to_numpy(), 21)
        off = ~np.eye(len(codes), dtype=bool)
        # It knows nothing of macrolanguages' rows, and gives an isolate (Basque) a small closeness to everything.
        table, prefixes = TYPOLOGICAL[kind]
        filled = joined_rows(table, prefixes, URIEL_2017).filled
        other = [i for i, code in enumerate(codes) if code in filled or (kind == "genetic" and code == "eus")]
        off[other, :] = off[:, other] = False
        off &= theirs >= 0
        difference = np.nanmax(np.abs(theirs - ours)[off])
        print(f"| {kind} | {slow:.2f} s | {1000 * fast:.1f} ms | {slow / fast:,.0f}× | {difference:.5f} |")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
