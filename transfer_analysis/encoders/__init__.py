"""Encoders: short names, the hub, copies inside packages, and what each has read before."""

from transfer_analysis.encoders.known import KnownEncoder, Size, known_encoders
from transfer_analysis.encoders.located import Located, locate

__all__ = ["KnownEncoder", "Located", "Size", "known_encoders", "locate"]
