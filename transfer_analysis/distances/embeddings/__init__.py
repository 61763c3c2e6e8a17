"""Embeddings of texts: by a sentence encoder, or by any layer of any encoder; computed once and kept."""
