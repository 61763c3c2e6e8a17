"""The transfer table: observed scores in one tidy form, their gains, and importers of published results."""

from transfer_analysis.results.gains import Gains, gains
from transfer_analysis.results.store import read_table, write_table
from transfer_analysis.results.table import TransferTable

__all__ = ["Gains", "TransferTable", "gains", "read_table", "write_table"]
