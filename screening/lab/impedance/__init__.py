"""Impedance spectra, their trust and their relaxation times."""
