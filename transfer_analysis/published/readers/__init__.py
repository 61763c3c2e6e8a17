"""Readers of released tables: from the places of an entry's files to one frame."""
