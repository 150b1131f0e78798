"""The page that holds the paper's numbers is what its script gives."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("paper_against", ROOT / "data" / "paper_against.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules["paper_against"] = script
    spec.loader.exec_module(script)
    assert script.table() in (ROOT / "docs" / "paper.md").read_text("utf-8")
