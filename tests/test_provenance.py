"""The date of every stamp."""

import pytest

from screening.errors import InputError
from screening.provenance import DATE_VARIABLE, today


def test_the_date_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATE_VARIABLE, "86400")
    assert today() == "1970-01-02"


@pytest.mark.parametrize("text", ["abc", "1.5", "9" * 12, "9" * 30])
def test_a_date_of_no_calendar_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(DATE_VARIABLE, text)
    with pytest.raises(InputError, match=r"SOURCE_DATE_EPOCH: .* is no date") as refusal:
        today()
    assert refusal.value.remedy
