"""Snapshots of the Materials Project: open, fetch, compare."""

from screening.phases.sources import load_snapshot

__all__ = ["load_snapshot"]
