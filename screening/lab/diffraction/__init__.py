"""Powder diffraction: measured patterns, and which of the expected phases stand in them."""
