"""The transfer table: observed scores in one tidy form, their gains, and importers of published results."""

from transfer_analysis.results.averages import Averages, benchmark_averages
from transfer_analysis.results.gains import Gains, gains
from transfer_analysis.results.store import read_table, write_table
from transfer_analysis.results.table import TransferTable

__all__ = ["Averages", "Gains", "TransferTable", "benchmark_averages", "gains", "read_table", "write_table"]
