"""Texts as the pooled states of a layer of an encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.encoders.known import Pooling
from transfer_analysis.training.batches import by_length
from transfer_analysis.training.encoder import Encoder, pooled
from transfer_analysis.training.loop import on_device


@torch.inference_mode()
def pooled_states(
    encoder: Encoder, texts: Sequence[str], layer: int, pooling: Pooling, batch_size: int = 32
) -> npt.NDArray[np.float64]:
    """Return one vector per text, shape (texts, width): a layer's states, their mean or the first.

    Texts are cut at the longest that the encoder reads (at most 512 subwords), and read in batches of similar length.
    """
    encoder.model.eval()
    limit = min(encoder.longest, 512)
    tokens = encoder.tokenizer(list(texts), truncation=True, max_length=limit)
    lengths = np.array([len(row) for row in tokens["input_ids"]], dtype=np.int64)
    vectors = np.empty((len(texts), encoder.hidden_size))
    for items in by_length(lengths, batch_size):
        batch = encoder.tokenizer.pad(
            {key: [rows[i] for i in items] for key, rows in tokens.items()}, return_tensors="pt"
        )
        batch = on_device(dict(batch), encoder)
        states = pooled(encoder.hidden(batch, layer), batch["attention_mask"], pooling)
        vectors[items] = states.double().cpu().numpy()
    return vectors
