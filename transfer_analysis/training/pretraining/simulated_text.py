"""The text of a simulated world as numbers: documents of each language, and pairs with the source language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from transfer_analysis.corpora.simulated import World
from transfer_analysis.corpora.simulated.languages import pieces
from transfer_analysis.corpora.simulated.tasks.drafts import STOP
from transfer_analysis.languages import pretraining_size, resolve
from transfer_analysis.progress import Report
from transfer_analysis.training.encoder import Encoder

Document = npt.NDArray[np.int64]

#: What is read at once: documents with the number of their language; two for an aligned pair.
Row = list[tuple[Document, int]]

#: Steps whose rows are drawn at once.
_TOGETHER = 8

#: XLM-R samples a language in proportion to its share of the text to this power (Conneau et al. 2020).
_SMOOTHING = 0.3


@dataclass(frozen=True)
class Text:
    """Documents by language.

    Attributes
    ----------
    single
        Documents of each language, which mean different things.
    pairs
        The same document in the source language and in another, by that other language.
    stop
        The number of what stands between sentences.
    aligned
        The world's dial `aligned_text`: how much there is of the pairs that there could be.
    """

    single: list[list[Document]]
    pairs: list[list[tuple[Document, Document]]]
    stop: int
    aligned: float

    @cached_property
    def _single_shares(self) -> npt.NDArray[np.float64]:
        return _shares([len(documents) for documents in self.single])

    @cached_property
    def _pair_shares(self) -> npt.NDArray[np.float64]:
        return _shares([len(pairs) for pairs in self.pairs])

    def drawn(self, steps: int, size: int, aligned: float, rng: np.random.Generator) -> Iterator[list[Row]]:
        """Yield the rows of each step: pairs in a share `aligned` of the steps, half as many, else single documents.

        Rows of several steps are drawn at once and dealt out by length, which saves padding.
        """
        while steps > 0:
            some = min(steps, _TOGETHER)
            paired = int(rng.binomial(some, aligned)) if self._pair_shares.any() else 0
            dealt = [*self._dealt(self._pairs(paired * (size // 2), rng), paired)]
            dealt += self._dealt(self._singles((some - paired) * size, rng), some - paired)
            for i in rng.permutation(some):
                yield dealt[int(i)]
            steps -= some

    def _dealt(self, rows: list[Row], parts: int) -> list[list[Row]]:
        ordered = sorted(rows, key=lambda row: sum(len(ids) for ids, _ in row))
        size = len(rows) // max(1, parts)
        return [ordered[i * size : (i + 1) * size] for i in range(parts)]

    def _pairs(self, count: int, rng: np.random.Generator) -> list[Row]:
        rows: list[Row] = []
        for language in rng.choice(len(self.pairs), count, p=self._pair_shares) if count else ():
            source, other = self.pairs[language][int(rng.integers(len(self.pairs[language])))]
            row = [(source, 0), (other, int(language))]
            rows.append(row if rng.random() < 0.5 else row[::-1])
        return rows

    def _singles(self, count: int, rng: np.random.Generator) -> list[Row]:
        rows: list[Row] = []
        for language in rng.choice(len(self.single), count, p=self._single_shares):
            documents = self.single[language]
            rows.append([(documents[int(rng.integers(len(documents)))], int(language))])
        return rows


def _shares(counts: list[int]) -> npt.NDArray[np.float64]:
    """Return each count's share of all; zeros where there is nothing."""
    found: npt.NDArray[np.float64] = np.array(counts, dtype=np.float64) / max(1, sum(counts))
    return found


def volumes(languages: tuple[str, ...], documents: int) -> list[int]:
    """Return how many documents each language has: in proportion to the text XLM-R read of it, to the power of 0.3.

    A crossing has as many as the language that its words are of; a language that XLM-R did not read counts as 0.1 GiB.
    """
    sizes = np.array([pretraining_size(resolve(code).descends_as) or 0.1 for code in languages]) ** _SMOOTHING
    return [max(1, round(float(n))) for n in documents * sizes / sizes.max()]


def read_text(world: World, encoder: Encoder, documents: int, report: Report) -> Text:
    """Read the world's text. Documents of different languages mean different things, but for the aligned pairs."""
    number = encoder.tokenizer.get_vocab()

    def read(code: str, count: int, offset: int) -> list[Document]:
        texts = world.text(code, count, offset=offset)
        ids = {form: [number[piece] for piece in pieces(form)] for form in world.language(code).forms.values()}
        ids[STOP.strip()] = [number[STOP.strip()]]
        return [np.array([i for word in text.split() for i in ids[word]], dtype=np.int64) for text in texts]

    single, pairs = [], []
    for i, (code, volume) in enumerate(zip(world.spoken, volumes(world.spoken, documents), strict=True)):
        report(f"writing text: language {i + 1} of {len(world.spoken)}", (i + 1) / len(world.spoken))
        single.append(read(code, volume, 2 * i * documents))
        # Only as many pairs as the dial leaves, and none of the source language with itself.
        aligned = 0 if code == world.source else round(volume * world.dials.aligned_text)
        offset = (2 * i + 1) * documents
        pairs.append(list(zip(read(world.source, aligned, offset), read(code, aligned, offset), strict=True)))
    return Text(single, pairs, number[STOP.strip()], world.dials.aligned_text)
