"""Distances between tasks: from their texts, their labels, and encoders trained on them; and the diversity of one."""
