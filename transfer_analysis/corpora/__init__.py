"""Where examples come from: a folder, the hub, or the simulated world."""

from transfer_analysis.corpora.folder import FolderCorpus
from transfer_analysis.corpora.hub import HubCorpus
from transfer_analysis.corpora.records import Corpus, Record, text_of

__all__ = ["Corpus", "FolderCorpus", "HubCorpus", "Record", "text_of"]
