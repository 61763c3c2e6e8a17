"""The simulated world: one abstract grammar put into words by the doubles of real languages."""

from transfer_analysis.corpora.simulated.languages import SimulatedLanguage, WordOrder, simulated_language
from transfer_analysis.corpora.simulated.world import World

__all__ = ["SimulatedLanguage", "WordOrder", "World", "simulated_language"]
