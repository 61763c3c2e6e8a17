"""Where examples come from: folders, the hub, several of these, or the simulated world."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transfer_analysis.corpora.folder import FolderCorpus
from transfer_analysis.corpora.hub import HubCorpus
from transfer_analysis.corpora.records import Corpus, Record, text_of
from transfer_analysis.corpora.several import SeveralCorpora
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Catalogue

__all__ = [
    "Corpus",
    "FolderCorpus",
    "HubCorpus",
    "Record",
    "SeveralCorpora",
    "corpus_from",
    "hub_part",
    "origin_of",
    "pinned",
    "reads_hub",
    "text_of",
]

#: The name of the hub among sources.
HUB = "hub"


def corpus_from(sources: Sequence[str], catalogue: Catalogue) -> Corpus:
    """Return the corpus that sources name, each `hub` or a folder; the first that has a task serves it.

    Raises
    ------
    InputError
        Where no source is named, or one twice.
    """
    if not sources or len(set(sources)) < len(sources):
        raise InputError(f"--from {' '.join(sources)}: name each source once, `hub` or a folder")
    places = tuple(
        HubCorpus(catalogue) if source == HUB else FolderCorpus(Path(source), catalogue) for source in sources
    )
    return places[0] if len(places) == 1 else SeveralCorpora(places)


def origin_of(sources: Sequence[str]) -> str:
    """Return where examples come from, for the transfer table."""
    return ", then ".join(HUB if source == HUB else f"folder {Path(source).name}" for source in sources)


def pinned(corpus: Corpus, tasks: Sequence[str]) -> Corpus:
    """Return a corpus that reads what tasks have on the hub at the commits of now, in whichever process."""
    if isinstance(corpus, SeveralCorpora):
        of_place = [[task for task in tasks if corpus.of(task) is place] for place in corpus.places]
        places = zip(corpus.places, of_place, strict=True)
        return SeveralCorpora(
            tuple(place.pinned(own) if isinstance(place, HubCorpus) else place for place, own in places)
        )
    return corpus.pinned(tasks) if isinstance(corpus, HubCorpus) else corpus


def reads_hub(corpus: Corpus) -> bool:
    """Whether the hub is among the places that a corpus reads."""
    places = corpus.places if isinstance(corpus, SeveralCorpora) else (corpus,)
    return any(isinstance(place, HubCorpus) for place in places)


def hub_part(corpus: Corpus, task: str) -> HubCorpus | None:
    """Return the hub where it is what serves a task, else None.

    Raises
    ------
    MissingError
        Where nothing serves it.
    """
    place = corpus.of(task) if isinstance(corpus, SeveralCorpora) else corpus
    return place if isinstance(place, HubCorpus) else None
