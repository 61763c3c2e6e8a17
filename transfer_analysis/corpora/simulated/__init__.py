"""The simulated world: one abstract grammar put into words by the doubles of real languages."""

from __future__ import annotations

from transfer_analysis.corpora.simulated.languages import Dials, SimulatedLanguage, simulated_language
from transfer_analysis.corpora.simulated.typology import Typology, typology
from transfer_analysis.corpora.simulated.world import World

__all__ = ["Dials", "SimulatedLanguage", "Typology", "World", "simulated_language", "typology"]
