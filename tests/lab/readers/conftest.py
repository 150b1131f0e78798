"""Cycling files written by code (tests/fuzz/cycling_corpus.py), shared with the fuzz runs."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def cycling_corpus() -> ModuleType:
    path = Path(__file__).parents[2] / "fuzz" / "cycling_corpus.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
