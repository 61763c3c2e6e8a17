"""Encoders from nothing: their vocabulary, their first weights, language modelling on text."""
