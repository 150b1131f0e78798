"""Instrument files in, tidy tables out."""
