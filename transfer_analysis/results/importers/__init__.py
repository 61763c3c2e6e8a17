"""Importers: published and personal results as transfer tables."""

from transfer_analysis.results.importers.generic import Asked, import_file
from transfer_analysis.results.importers.taskweb import import_taskweb
from transfer_analysis.results.importers.trainer import import_trainer
from transfer_analysis.results.importers.xpos import import_xpos

__all__ = ["Asked", "import_file", "import_taskweb", "import_trainer", "import_xpos"]
