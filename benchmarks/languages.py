"""Language distances of all pairs beside urielplus's own calls, in one process, data loaded in both.

    python benchmarks/languages.py

urielplus writes into its own folder when it starts, so a copy of it is used.
"""

from __future__ import annotations

import logging
import shutil
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from transfer_analysis.distances import language_distances
from transfer_analysis.languages import resolve

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


def timed(call, runs):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return result, statistics.median(seconds)


def main() -> None:
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
        language_distances(LANGUAGES, kind)  # loads the data
        theirs, slow = timed(lambda k=kind: np.array(peer.new_distance(k, codes)), 1 if kind == "genetic" else 3)
        ours, fast = timed(lambda k=kind: language_distances(LANGUAGES, k).values.to_numpy(), 21)
        off = ~np.eye(len(codes), dtype=bool)
        # urielplus gives a language without recorded family (Basque, Estonian) a small closeness to everything.
        if kind == "genetic":
            without = [i for i, code in enumerate(LANGUAGES) if code in ("eu", "et")]
            off[without, :] = off[:, without] = False
        difference = np.nanmax(np.abs(theirs - ours)[off])
        print(f"| {kind} | {slow:.2f} s | {1000 * fast:.1f} ms | {slow / fast:,.0f}× | {difference:.5f} |")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
