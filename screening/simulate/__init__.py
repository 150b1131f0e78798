"""Invented data with a known truth: nothing made here is a measurement, and all of it says so."""
