"""Heartsease: an eight-week compassion course, delivered as a conversation."""

__version__ = "0.1.0"
