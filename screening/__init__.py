"""Interphase: thermodynamic screening of reactive interlayers, joined to what the bench measured."""

from importlib.metadata import version

__version__ = version("interphase-screening")
