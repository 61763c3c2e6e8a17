"""Importers: published and personal results as transfer tables."""

from transfer_analysis.results.importers.generic import import_csv
from transfer_analysis.results.importers.taskweb import import_taskweb
from transfer_analysis.results.importers.xpos import import_xpos

__all__ = ["import_csv", "import_taskweb", "import_xpos"]
