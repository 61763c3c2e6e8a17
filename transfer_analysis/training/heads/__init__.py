"""Heads: what is put on an encoder for a task. Each gives logits, a loss, and predictions."""

from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.heads.made import make_head
from transfer_analysis.training.heads.masked_lm import MaskedLM

__all__ = ["Batch", "Head", "MaskedLM", "make_head"]
