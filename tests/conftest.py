"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

LAB_DATA_VARIABLE = "INTERPHASE_LAB_DATA"


def lab_data_folder() -> Path:
    """Folder of measured files: from the environment, else beside the checkout."""
    given = os.environ.get(LAB_DATA_VARIABLE)
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "lab-data"


@pytest.fixture(scope="session")
def lab_data() -> Path:
    """Measured files of public repositories; they are not part of this one."""
    folder = lab_data_folder()
    if not folder.is_dir():
        pytest.skip(f"measured files are absent ({LAB_DATA_VARIABLE} or ../shared/lab-data)")
    return folder
