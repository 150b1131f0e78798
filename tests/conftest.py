"""Fixtures shared by all tests."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

LAB_DATA_VARIABLE = "INTERPHASE_LAB_DATA"


def lab_data_folder() -> Path:
    """Folder of measured files: from the environment, else beside the checkout."""
    given = os.environ.get(LAB_DATA_VARIABLE)
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "lab-data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever the order of the tests, documents are read from the top: later blocks use earlier files."""

    def place(item: pytest.Item) -> tuple[int, ...]:
        parameters = getattr(item, "callspec", None)
        return (item.function.__code__.co_firstlineno, *(parameters.indices.values() if parameters else ()))

    rows = [row for row, item in enumerate(items) if item.path.name == "test_documents.py"]
    for row, item in zip(rows, sorted((items[row] for row in rows), key=place), strict=True):
        items[row] = item


@pytest.fixture(scope="session")
def lab_data() -> Path:
    """Measured files of public repositories; they are not part of this one."""
    folder = lab_data_folder()
    if not folder.is_dir():
        pytest.skip(f"measured files are absent ({LAB_DATA_VARIABLE} or ../shared/lab-data)")
    return folder


@pytest.fixture(scope="session")
def impedance_corpus() -> ModuleType:
    """Impedance files written by code (tests/fuzz/impedance_corpus.py), shared with the fuzz runs."""
    path = Path(__file__).parent / "fuzz" / "impedance_corpus.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
