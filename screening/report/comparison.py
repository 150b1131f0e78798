"""Prediction against measurement on the page: what contradicts first, and every number with its unit."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from screening.display import subscripted
from screening.errors import InputError
from screening.files import from_json
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
    word,
)

VALIDATION_JSON = "validation.json"

FIRST_ROWS = 10
"""Rows of a ranking that stand open; the others are folded."""

YES_OR_NO = "yes or no"
Record = dict[str, Any]
Cell = tuple[str, str | Callable[[Record], str]]
"""Head of a column, and the key of a record that it shows, or what is said of the record."""


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
        content = from_json(path.read_text("utf-8"))
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


def _table(title: str, records: list[Record], cells: Iterable[Cell], also: str = "", **look: Any) -> Table:
    """Records in the order of given columns; keys of the file that none of them uses follow.

    `also` lists keys that columns use without being named after them.
    """
    shown = list(cells)
    used = {say for _, say in shown if isinstance(say, str)} | set(also.split())
    shown += [
        (head(name), name) for name in dict.fromkeys(n for each in records for n in each if n not in used)
    ]
    rows = tuple(
        tuple(word(each.get(say)) if isinstance(say, str) else say(each) for _, say in shown)
        for each in records
    )
    return Table(title, tuple(name for name, _ in shown), rows, **{"stacked": True} | look)


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
    "reactor wt_percent electrolyte unit predicted predicted_value predicted_sd predicted_low predicted_high "
    "measured measured_value measured_sd "
)
_QUESTION: tuple[Cell, ...] = (
    ("layer", _layer),
    ("question", "question"),
    ("predicted", lambda record: _compared(record, "predicted")),
    ("measured", lambda record: _compared(record, "measured")),
    ("why", "reason"),
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
    cells: tuple[Cell, ...] = (*_QUESTION, ("cells", _names), ("origin", "origin"))
    told = "Cells of one layer that speak to the same question share a row."
    return Block(title, (told,), (_table(title, found, cells, f"{_COMPARED}cells", marked="origin"),))


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
            ("protocol", "protocol"),
            ("predictor", lambda record: head(record.get("predictor", "–"))),
            ("reactors", "n_reactors"),
            ("verdict", "verdict"),
            ("Kendall's τ", lambda record: _interval(record, "kendall")),
            ("Spearman's ρ", lambda record: _interval(record, "spearman")),
            ("cells", "n_cells"),
            ("reactors with a lower bound only", "n_open"),
        )
        kept = cells if told else tuple(cell for cell in cells if "'s" not in cell[0])
        also = "quantity predictor " + " ".join(
            f"{name}{end}" for name in ("kendall", "spearman") for end in ("", "_low", "_high")
        )
        tables.append(
            _table(f"Order by {len(found)} outcomes and predictors", found, kept, also, folded=not told)
        )
        if not told:
            sentences.append("No outcome has enough reactors to tell.")
    if checks:
        verdicts = [str(each.get("verdict")) for each in checks]
        counts = ", ".join(f"{name}: {verdicts.count(name)}" for name in dict.fromkeys(verdicts))
        sentences.insert(0, f"{len(checks)} checks of single cells; {counts}.")
        cells = (
            ("cell", lambda record: str(record.get("cell") or "–")),
            ("verdict", "verdict"),
            *_QUESTION,
            ("origin", "origin"),
        )
        tables.append(
            _table(
                f"All {len(checks)} checks", checks, cells, f"{_COMPARED}cell", marked="origin", folded=True
            )
        )
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
        ("reactor", "formula"),
        *((("anode", "anode"), ("electrolyte", "electrolyte")) if several else ()),
        ("rank before", "rank_before"),
        ("rank after", "rank_after"),
        ("places gained", "places_gained"),
        ("score before", "score_before"),
        ("score after", "score_after"),
        ("own deviation from the score", "own_deviation"),
    )
    also = "anode electrolyte"
    tables = (
        [*_first_and_rest("Ranks", found, cells, also)]
        if changed
        else [_table("Ranks and scores", found, cells, also, folded=True)]
    )
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
        ("weight in the study", "weight"),
        ("share before", share("before")),
        ("share after", share("after")),
    )
    also = "criterion share_before share_after standard_deviation_before standard_deviation_after"
    return _table("Weights of the criteria before and after", records, cells, also, folded=True)


def _first_and_rest(
    title: str, records: list[Record], cells: tuple[Cell, ...], also: str = "", *, stacked: bool = True
) -> Iterable[Table]:
    yield _table(title, records[:FIRST_ROWS], cells, also, stacked=stacked)
    if len(records) > FIRST_ROWS:
        rest = records[FIRST_ROWS:]
        yield _table(f"{len(rest)} more", rest, cells, also, stacked=stacked, folded=True)


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
        "Places moved: how far a candidate is expected to move once its cell is measured, ± sampling."
    )
    cells: tuple[Cell, ...] = (
        ("reactor", "formula"),
        ("rank", "rank"),
        ("places moved", _moved),
        ("elements (USD/kg)", "cost_usd_per_kg"),
    )
    also = "expected_rank_change standard_error"
    tables = _first_and_rest("Next", found, cells, also, stacked=False)
    return Block("What to measure next", tuple(sentences), tuple(tables))


def _moved(record: Record) -> str:
    value, error = (record.get(name) for name in ("expected_rank_change", "standard_error"))
    if not isinstance(value, int | float):
        return "–"
    return number(value, error if isinstance(error, int | float) else None)


def _figures(content: Record) -> Block | None:
    found = _records(content, "cells")
    if not found:
        return None
    cells: tuple[Cell, ...] = (
        ("cell", lambda record: str(record.get("cell") or "–")),
        ("layer", _layer),
        ("outcome", lambda record: quantity_words(str(record.get("quantity", "–")))),
        ("value", outcome_words),
        ("origin", "origin"),
        ("where it stands", "where"),
        ("kind", "kind"),
        ("protocol", lambda record: record.get("protocol") or "–"),
    )
    also = "cell reactor wt_percent quantity value unit standard_deviation at_least protocol electrolyte"
    title = f"All {len(found)} figures of the cells"
    return Block(
        "What was measured", tables=(_table(title, found, cells, also, marked="origin", folded=True),)
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
    shown = {name for name in _KNOWN_RECORDS if _records(content, name) is not None}
    shown |= {"provenance", "measure_next_compared_by"} | ({"notes"} if _notes(content) else set())
    return [_as_it_is(capital(head(key)), value) for key, value in content.items() if key not in shown]


def _as_it_is(title: str, value: Any) -> Block:
    if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
        value = [{"": name, **each} for name, each in value.items()]
    if isinstance(value, dict):
        return Block(title, tables=(pairs_table(title, value, folded=True),))
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return Block(title, tables=(records_table(title, value, folded=True),))
    if isinstance(value, list):
        return Block(title, sentences=tuple(word(each) for each in value) or ("none",))
    return Block(title, sentences=(word(value),))
