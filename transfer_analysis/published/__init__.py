"""Released result tables of the literature: what the paper asks, the number that it prints, and the test that is right."""

from transfer_analysis.published.entry import DataFile, Entry, Finding
from transfer_analysis.published.page import all_findings, for_drawing, published_page, summary
from transfer_analysis.published.registry import entry_named, published
from transfer_analysis.published.run import Found, Reproduction, reproduce

__all__ = [
    "DataFile",
    "Entry",
    "Finding",
    "Found",
    "Reproduction",
    "all_findings",
    "entry_named",
    "for_drawing",
    "published",
    "published_page",
    "reproduce",
    "summary",
]
