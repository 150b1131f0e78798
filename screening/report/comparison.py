"""Prediction against measurement on the page: what contradicts first, and every number with its unit."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from screening.errors import InputError
from screening.lab.quantities import QUANTITIES
from screening.provenance import Provenance
from screening.report.parts import (
    Block,
    Section,
    Table,
    capital,
    head,
    number,
    pairs_table,
    records_table,
    subscripted,
    word,
)

VALIDATION_JSON = "validation.json"

FIRST_ROWS = 10
"""Rows of a ranking that stand open; the others are folded."""

YES_OR_NO = "yes or no"
Record = dict[str, Any]
Cell = tuple[str, Callable[[Record], str]]
"""Head of a column, and what a record says in it."""


def validation_section(directory: Path) -> Section | None:
    """The comparison of prediction and measurement, where ``screening validate`` left one.

    Nothing is computed here. Keys and columns are read by name: unknown ones are shown as they are, folded or
    last, and absent ones are passed over.

    Raises
    ------
    InputError
        If the file is there but damaged.
    """
    path = directory / VALIDATION_JSON
    if not path.is_file():
        return None
    remedy = "run screening validate again"
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"damaged ({error})", where=str(path), remedy=remedy) from None
    if not isinstance(content, dict):
        raise InputError("holds no table of keys", where=str(path), remedy=remedy)
    blocks = [block for make in _PARTS if (block := make(content)) is not None]
    return Section("validation", "Prediction against measurement", (*blocks, *_others(content)))


def _records(content: Record, key: str) -> list[Record] | None:
    """Records under a key; None where there is no list of records."""
    value = content.get(key)
    sound = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return value if sound else None


def _table(title: str, records: list[Record], cells: Iterable[Cell], used: str, **look: Any) -> Table:
    """Records in the order of given columns; those of the file that none of them uses follow."""
    known = set(used.split())
    unknown = tuple(dict.fromkeys(name for each in records for name in each if name not in known))
    shown = list(cells)
    rows = tuple(
        (*(say(each) for _, say in shown), *(word(each.get(name)) for name in unknown)) for each in records
    )
    return Table(
        title,
        (*(name for name, _ in shown), *(head(name) for name in unknown)),
        rows,
        stacked=look.pop("stacked", True),
        **look,
    )


def _plain(name: str) -> Callable[[Record], str]:
    return lambda record: word(record.get(name))


def _layer(record: Record) -> str:
    content = record.get("wt_percent")
    reactor = word(record.get("reactor") or "no layer")
    return reactor if content is None else f"{reactor}, {content:g} wt%"


def _unit(record: Record, side: int) -> str:
    """Unit of the predicted (0) or the measured (1) number; one unit may serve for both."""
    units = [part.strip() for part in str(record.get("unit") or "").split(";")]
    return units[min(side, len(units) - 1)].removesuffix("1")


def _compared(record: Record, side: str) -> str:
    """What is predicted or measured, with the number and its uncertainty where the words lack them."""
    value, sd = record.get(f"{side}_value"), record.get(f"{side}_sd")
    unit, words = _unit(record, int(side == "measured")), word(record.get(side))
    told = "±" in words or record.get(f"{side}_low") is not None
    if not isinstance(value, int | float) or unit == YES_OR_NO or told:
        return words
    if isinstance(sd, int | float):
        return f"{words}\nnumber compared: {' '.join(filter(None, (number(value, sd), unit)))}"
    return f"{words}\n(uncertainty not given)"


_COMPARED = (
    "reactor wt_percent question predicted measured "
    "predicted_value predicted_sd predicted_low predicted_high measured_value measured_sd unit"
)
_QUESTION: tuple[Cell, ...] = (
    ("layer", _layer),
    ("question", _plain("question")),
    ("predicted", lambda record: _compared(record, "predicted")),
    ("measured", lambda record: _compared(record, "measured")),
    ("why", _plain("reason")),
)


def _notes(content: Record) -> Block | None:
    notes = content.get("notes")
    told = tuple(word(note) for note in notes) if isinstance(notes, list) else ()
    stamp = content.get("provenance")
    try:
        line = Provenance(**stamp).line() if isinstance(stamp, dict) else ""
    except TypeError:
        line = ""
    return Block("", sentences=(*told, *([line] if line else []))) if told or line else None


def _contradictions(content: Record) -> Block | None:
    found = _records(content, "contradictions")
    if found is None:
        return None
    title = f"Contradictions: {len(found)}"
    if not found:
        return Block(title, ("No cell that counts contradicts a prediction.",))
    cells: tuple[Cell, ...] = (*_QUESTION, ("cells", _names), ("origin", _plain("origin")))
    used = f"{_COMPARED} reason cells origin electrolyte"
    told = "Cells of one layer that speak to the same question share a row."
    return Block(title, (told,), (_table(title, found, cells, used, marked="origin"),))


def _names(record: Record) -> str:
    """Names of the cells, one a line: they are names of files and have no subscripts."""
    return str(record.get("cells") or "–").replace(", ", "\n")


def _agreement(content: Record) -> Block | None:
    checks, found = _records(content, "checks"), _records(content, "agreement")
    if checks is None and found is None:
        return None
    sentences, tables = [], []
    if found:
        told = any(isinstance(each.get("kendall"), int | float) for each in found)
        sentences.append(
            "Do score and criteria order the reactors as measured? Rank correlations with 95 % intervals; "
            "+1 speaks for the prediction, −1 against it."
        )
        cells: tuple[Cell, ...] = (
            ("outcome", lambda record: quantity_words(str(record.get("quantity", "–")))),
            ("protocol", _plain("protocol")),
            ("predictor", lambda record: head(record.get("predictor", "–"))),
            ("reactors", _plain("n_reactors")),
            ("verdict", _plain("verdict")),
            ("Kendall's τ", lambda record: _interval(record, "kendall")),
            ("Spearman's ρ", lambda record: _interval(record, "spearman")),
            ("cells", _plain("n_cells")),
            ("reactors with a lower bound only", _plain("n_open")),
        )
        kept = cells if told else tuple(cell for cell in cells if "'s" not in cell[0])
        used = "quantity protocol predictor n_reactors n_cells n_open verdict " + " ".join(
            f"{name}{end}" for name in ("kendall", "spearman") for end in ("", "_low", "_high")
        )
        tables.append(
            _table(f"Order by {len(found)} outcomes and predictors", found, kept, used, folded=not told)
        )
        if not told:
            sentences.append("No outcome has enough reactors to tell.")
    if checks:
        verdicts = [str(each.get("verdict")) for each in checks]
        counts = ", ".join(f"{name}: {verdicts.count(name)}" for name in dict.fromkeys(verdicts))
        sentences.insert(0, f"{len(checks)} checks of single cells; {counts}.")
        cells = (
            ("cell", lambda record: str(record.get("cell") or "–")),
            ("verdict", _plain("verdict")),
            *_QUESTION,
            ("origin", _plain("origin")),
        )
        used = f"{_COMPARED} cell verdict reason origin electrolyte"
        tables.append(_table(f"All {len(checks)} checks", checks, cells, used, marked="origin", folded=True))
    return Block("Agreement", tuple(sentences), tuple(tables))


def _interval(record: Record, name: str) -> str:
    value, low, high = (record.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−") if low is not None else word(value)


def quantity_words(name: str) -> str:
    """A measured quantity in words, with its unit."""
    known = QUANTITIES.get(name)
    if known is None:
        return head(name)
    return f"{known.meaning} ({known.unit})" if known.unit not in ("", "1") else known.meaning


def _ranking(content: Record) -> Block | None:
    found = _records(content, "ranking")
    if not found:
        return None
    changed = any(
        word(each.get(f"{name}_before")) != word(each.get(f"{name}_after"))
        for each in found
        for name in ("rank", "score")
    )
    sentences = [] if changed else ["The measurements leave ranks and scores as they were."]
    several = len({(each.get("anode"), each.get("electrolyte")) for each in found}) > 1
    cells: tuple[Cell, ...] = (
        ("reactor", _plain("formula")),
        *((("anode", _plain("anode")), ("electrolyte", _plain("electrolyte"))) if several else ()),
        ("rank before", _plain("rank_before")),
        ("rank after", _plain("rank_after")),
        ("places gained", _plain("places_gained")),
        ("score before", _plain("score_before")),
        ("score after", _plain("score_after")),
        ("own deviation from the score", _plain("own_deviation")),
    )
    used = (
        "formula anode electrolyte rank_before rank_after places_gained "
        "score_before score_after own_deviation"
    )
    tables = list(_first_and_rest("Ranks", found, cells, used))
    weights = _records(content, "weights")
    if weights:
        tables.append(_weights(weights))
    return Block("Ranking before and after the measurements", tuple(sentences), tuple(tables))


def _weights(records: list[Record]) -> Table:
    def share(when: str) -> Callable[[Record], str]:
        def say(record: Record) -> str:
            value, sd = record.get(f"share_{when}"), record.get(f"standard_deviation_{when}")
            if not isinstance(value, int | float):
                return "–"
            return number(value, sd if isinstance(sd, int | float) else None)

        return say

    cells: tuple[Cell, ...] = (
        ("criterion", lambda record: head(record.get("criterion", "–"))),
        ("weight in the study", _plain("weight")),
        ("share before", share("before")),
        ("share after", share("after")),
    )
    used = "criterion weight share_before share_after standard_deviation_before standard_deviation_after"
    return _table("Weights of the criteria before and after", records, cells, used, folded=True)


def _first_and_rest(title: str, records: list[Record], cells: tuple[Cell, ...], used: str) -> Iterable[Table]:
    yield _table(title, records[:FIRST_ROWS], cells, used)
    if len(records) > FIRST_ROWS:
        yield _table(f"{len(records) - FIRST_ROWS} more", records[FIRST_ROWS:], cells, used, folded=True)


def _measure_next(content: Record) -> Block | None:
    found, by = _records(content, "measure_next"), content.get("measure_next_compared_by")
    if found is None:
        return None
    sentences = []
    if isinstance(by, dict) and by.get("quantity"):
        beside = subscripted(str(by.get("references") or "nothing yet"))
        sentences.append(
            f"Measure {quantity_words(str(by['quantity']))}, "
            f"protocol {word(by.get('protocol'))}, beside {beside}."
        )
    if not found:
        return Block("What to measure next", (*sentences, "No candidate is left under these filters."))
    sentences.append(
        "The change of rank is how many places a candidate is expected to move once its cell is measured."
    )
    cells: tuple[Cell, ...] = (
        ("reactor", _plain("formula")),
        ("rank", _plain("rank")),
        ("expected change of rank (places)", _plain("expected_rank_change")),
        ("cost of the elements (USD/kg)", _plain("cost_usd_per_kg")),
    )
    used = "formula rank expected_rank_change cost_usd_per_kg"
    return Block("What to measure next", tuple(sentences), tuple(_first_and_rest("Next", found, cells, used)))


def _figures(content: Record) -> Block | None:
    found = _records(content, "cells")
    if not found:
        return None
    cells: tuple[Cell, ...] = (
        ("cell", lambda record: str(record.get("cell") or "–")),
        ("layer", _layer),
        ("outcome", lambda record: quantity_words(str(record.get("quantity", "–")))),
        ("value", outcome_words),
        ("origin", _plain("origin")),
        ("where it stands", _plain("where")),
        ("kind", _plain("kind")),
        ("protocol", lambda record: record.get("protocol") or "–"),
    )
    used = (
        "cell reactor wt_percent quantity value unit standard_deviation at_least "
        "origin where kind protocol electrolyte"
    )
    title = f"All {len(found)} figures of the cells"
    return Block(
        "What was measured", tables=(_table(title, found, cells, used, marked="origin", folded=True),)
    )


def outcome_words(record: Record) -> str:
    """The value of an outcome: yes or no, or a number with bound, uncertainty and unit."""
    value, known = record.get("value"), QUANTITIES.get(str(record.get("quantity")))
    if not isinstance(value, int | float):
        return word(value)
    if known is not None and known.yes_or_no:
        return "yes" if value else "no"
    sd, unit = record.get("standard_deviation"), str(record.get("unit") or "").removesuffix("1")
    bound = "at least " if record.get("at_least") else ""
    return f"{bound}{number(float(value), sd if isinstance(sd, int | float) else None)} {unit}".strip()


_PARTS = (_contradictions, _notes, _agreement, _ranking, _measure_next, _figures)
_KNOWN_RECORDS = ("contradictions", "agreement", "checks", "ranking", "weights", "measure_next", "cells")


def _others(content: Record) -> list[Block]:
    """Keys that no part of the view knows, as they are."""
    blocks = []
    shown = {name for name in _KNOWN_RECORDS if _records(content, name) is not None}
    shown |= {"provenance", "measure_next_compared_by"} | ({"notes"} if _notes(content) else set())
    for key, value in content.items():
        if key in shown:
            continue
        title = capital(head(key))
        if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
            rows = [{"": name, **each} for name, each in value.items()]
            blocks.append(Block(title, tables=(records_table(title, rows, folded=True),)))
        elif isinstance(value, dict):
            blocks.append(Block(title, tables=(pairs_table(title, value, folded=True),)))
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            blocks.append(Block(title, tables=(records_table(title, value, folded=True),)))
        elif isinstance(value, list):
            blocks.append(Block(title, sentences=tuple(word(each) for each in value) or ("none",)))
        else:
            blocks.append(Block(title, sentences=(word(value),)))
    return blocks
