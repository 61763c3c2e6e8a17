"""The catalogue of tasks, as data, and the scales of metrics."""

from transfer_analysis.tasks.catalogue import Catalogue, Task, load_catalogue
from transfer_analysis.tasks.metrics import Metric, metrics

__all__ = ["Catalogue", "Metric", "Task", "load_catalogue", "metrics"]
