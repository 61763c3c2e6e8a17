"""The bundled training core: pretraining, intermediate and target training, zero-shot evaluation.

Nothing here is imported before training starts: torch and transformers take seconds to load.
"""
