"""The date of every stamp."""

import os
import sys

import pytest

from screening.cli import main
from screening.errors import InputError
from screening.provenance import DATE_VARIABLE, today


def test_the_date_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATE_VARIABLE, "86400")
    assert today() == "1970-01-02"


def test_an_empty_date_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """numpy takes it for a number, where something imports all of it."""
    monkeypatch.setenv(DATE_VARIABLE, "")
    monkeypatch.setattr(sys, "argv", ["screening", "--version"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    assert DATE_VARIABLE not in os.environ


@pytest.mark.parametrize("text", ["abc", "1.5", "9" * 12, "9" * 30])
def test_a_date_of_no_calendar_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(DATE_VARIABLE, text)
    with pytest.raises(InputError, match=r"SOURCE_DATE_EPOCH: .* is no date") as refusal:
        today()
    assert refusal.value.remedy
