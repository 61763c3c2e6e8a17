"""The hub of models and data sets: what is asked of it, and what is read from it, always at one commit."""

from __future__ import annotations

from transfer_analysis.hub.client import asked, hub_is_reachable, named
from transfer_analysis.hub.repositories import Kind, Repository, repository, require_access

__all__ = ["Kind", "Repository", "asked", "hub_is_reachable", "named", "repository", "require_access"]
