"""Importers: published and personal results as transfer tables."""

from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.importers.generic import import_file, import_frame
from transfer_analysis.results.importers.importer import Importer, importer_named, importers
from transfer_analysis.results.importers.taskweb import import_taskweb
from transfer_analysis.results.importers.trainer import import_trainer
from transfer_analysis.results.importers.xpos import import_xpos

__all__ = [
    "Asked",
    "Imported",
    "Importer",
    "import_file",
    "import_frame",
    "import_taskweb",
    "import_trainer",
    "import_xpos",
    "importer_named",
    "importers",
]
