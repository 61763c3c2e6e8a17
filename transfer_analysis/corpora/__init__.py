"""Where examples come from: a folder, the hub, or the simulated world."""

from __future__ import annotations

from pathlib import Path

from transfer_analysis.corpora.folder import FolderCorpus
from transfer_analysis.corpora.hub import HubCorpus
from transfer_analysis.corpora.records import Corpus, Record, text_of
from transfer_analysis.tasks import Catalogue

__all__ = ["Corpus", "FolderCorpus", "HubCorpus", "Record", "corpus_from", "origin_of", "text_of"]


def corpus_from(source: str, catalogue: Catalogue) -> Corpus:
    """Return the corpus that a source names: `hub`, or a folder."""
    return HubCorpus(catalogue) if source == "hub" else FolderCorpus(Path(source), catalogue)


def origin_of(source: str) -> str:
    """Return where examples come from, for the transfer table."""
    return "hub" if source == "hub" else f"folder {Path(source).name}"
