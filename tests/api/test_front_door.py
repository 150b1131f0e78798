"""What ``import screening`` offers, and what it costs."""

import json
import subprocess
import sys

import pytest

import screening

MOST_IMPORT_S = 0.15

PROBE = """
import json, sys, time
start = time.process_time()
import screening
spent = time.process_time() - start
names = dir(screening)
print(json.dumps({"spent": spent, "names": names, "numpy": "numpy" in sys.modules, "all": screening.__all__}))
"""


def test_the_import_is_light_and_names_everything() -> None:
    command = [sys.executable, "-c", PROBE]
    told = [json.loads(subprocess.check_output(command, text=True)) for _ in range(3)]
    assert min(each["spent"] for each in told) <= MOST_IMPORT_S
    assert not told[0]["numpy"]
    assert set(told[0]["names"]) == set(told[0]["all"]) >= {"react", "lithiate", "load_snapshot"}


@pytest.mark.parametrize("name", screening.__all__)
def test_each_exported_name_is_there_and_documented(name: str) -> None:
    assert getattr(screening, name).__doc__


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert screening.__version__ == version("interphase-screening")


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="gather"):
        _ = screening.gather
