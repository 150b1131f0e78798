"""The cell that a campaign is for, on its page, where ``screening stack --out RESULTS`` left it."""

import base64
from pathlib import Path

import pandas as pd

from screening.errors import InputError
from screening.lab.readers.stamp import STAMP_COLUMN
from screening.report.parts import Block, Picture, Section, records_table

STACK_CSV, STACK_PNG = "stack.csv", "stack.png"


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
        uri = f"data:image/png;base64,{base64.b64encode(figure.read_bytes()).decode('ascii')}"
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"damaged ({error})", where=str(path), remedy="run screening stack again") from None
    records = [{str(k): v for k, v in each.items()} for each in shown.to_dict("records")]
    block = Block("", (stamp,), (records_table(path.name, records),), (Picture(figure.name, uri),))
    return Section("stack", "The cell, contact by contact", (block,))
