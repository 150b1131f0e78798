"""A short, repeatable fuzz run of every reader; the long one is fuzz_readers.py itself."""

import importlib.util
import random
import warnings
from pathlib import Path

import pytest

from screening.errors import ScreeningError

CASES = 40


def _load():
    path = Path(__file__).with_name("fuzz_readers.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fuzz = _load()


@pytest.mark.parametrize("name", sorted(fuzz.corpora()))
def test_damaged_files_raise_nothing_but_errors_to_mend(name, tmp_path):
    module = fuzz.corpora()[name]
    read, rng = module.reader(name), random.Random(name)
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(CASES):
            file, content = fuzz.damaged(module.FILES[name], rng)
            path = tmp_path / file
            path.write_bytes(content)
            try:
                read(path)
            except ScreeningError as error:
                refused += 1
                assert "\n" not in str(error)
    assert refused > CASES // 10  # the damage is real


def test_every_whole_file_is_read(tmp_path):
    for name, module in fuzz.corpora().items():
        for file, content in module.FILES[name].items():
            path = tmp_path / file
            path.write_bytes(content)
            module.reader(name)(path)


def test_the_run_tells_a_bad_reader(tmp_path):
    def broken(path):
        raise IndexError(path)

    with fuzz.Outcome() as outcome:
        broken(tmp_path)
    assert "IndexError" in outcome.reason
    with fuzz.Outcome() as outcome:
        raise ScreeningError("one line")
    assert outcome.reason == ""
