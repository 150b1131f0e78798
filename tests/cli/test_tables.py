"""Tables on terminals of any width: numbers whole, or their column named as left out."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.cli import options
from screening.display import Table


@settings(deadline=None)  # the first table loads rich
@given(
    st.integers(40, 160),
    st.lists(st.integers(1, 10**12), min_size=1, max_size=14, unique=True),
)
def test_no_number_is_ever_cut(width: int, numbers: list[int]) -> None:
    frame = pd.DataFrame(
        {"formula": ["LiAlCl4"], **{f"c{i:02d} (eV)": [str(n)] for i, n in enumerate(numbers)}}
    )
    with pytest.MonkeyPatch.context() as patched:
        printed: list[str] = []
        console = options.console()
        console.width = width
        patched.setattr(console, "print", lambda each: printed.append(rendered(console, each)))
        patched.setattr(options, "console", lambda: console)
        options.print_table(Table("all", frame, ("stamp",)))
    words, note = printed[0].split(), " ".join(" ".join(printed[1:]).split())
    assert "LiAlCl4" in words
    for name, value in zip(frame.columns[1:], frame.iloc[0, 1:], strict=True):
        assert (value in words) != (name in note)


def rendered(console: Any, each: Any) -> str:
    with console.capture() as captured:
        type(console).print(console, each)
    return str(captured.get())
