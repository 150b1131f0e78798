"""The cell that a campaign is for, on its page, where ``screening stack --out RESULTS`` left it."""

import base64
import json
from pathlib import Path

import pandas as pd

from screening.display import formula_text
from screening.errors import InputError
from screening.lab.readers.stamp import STAMP_COLUMN
from screening.report.parts import Block, Picture, Section, records_table

STACK_CSV, STACK_PNG, STACK_JSON = "stack.csv", "stack.png", "stack.json"


def stack_section(directory: Path) -> Section | None:
    """Table and figure of a stack; None where there is none.

    Raises
    ------
    InputError
        If the table is there but damaged.
    """
    path, figure = directory / STACK_CSV, directory / STACK_PNG
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path)
        shown = table.drop(columns=[STAMP_COLUMN], errors="ignore")
        stamp = str(table[STAMP_COLUMN].iloc[0])
        cell = json.loads((directory / STACK_JSON).read_text("utf-8"))
        low, high = cell["window_v"]
        name = f"{formula_text(' | '.join(cell['layers']))}, {low:g} to {high:g} V vs {cell['element']}"
        uri = f"data:image/png;base64,{base64.b64encode(figure.read_bytes()).decode('ascii')}"
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"damaged ({error})", where=str(path), remedy="run screening stack again") from None
    records = [{str(k): v for k, v in each.items()} for each in shown.to_dict("records")]
    block = Block("", (name, stamp), (records_table(name, records),), (Picture(name, uri),))
    return Section("stack", "The cell, contact by contact", (block,))
