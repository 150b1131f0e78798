"""What happened to a cell in one line, and the cells of a folder beside each other."""

from collections.abc import Iterator, Sequence

import pandas as pd

from screening.lab.analysis import CellAnalysis
from screening.lab.cell import Kind
from screening.lab.outcomes import Outcome
from screening.lab.quantities import QUANTITIES, Better
from screening.lab.short import Short, ShortVerdict

PERCENT = 100.0

LEADING = {
    Kind.SYMMETRIC: "life_h",
    Kind.FULL: "retention_100_cycles",
    Kind.PLATING: "coulombic_efficiency",
    Kind.REST: "completion_h",
    Kind.PELLET: "layer_conductivity_s_per_cm",
}
"""Quantity that cells of a kind are ordered by."""


def brief(cell: CellAnalysis) -> str:
    """One line: a short circuit first, what the measurements show, or why they show nothing; doubts last."""
    said = [*_said(cell)]
    if cell.short is not None and cell.short.verdict is Short.INDETERMINATE and _at_rest(cell) is None:
        said.append(f"a short is not excluded{_leak(cell.short)}")
    if not said:
        return f"nothing to tell: {cell.remarks[0]}" if cell.remarks else "nothing measured yet"
    return "; ".join(said)


def _said(cell: CellAnalysis) -> Iterator[str]:
    found, short = cell.outcomes, cell.short
    if short is not None and short.verdict.is_alarm:
        when = "" if short.time_h != short.time_h else f" at {short.time_h:.3g} h"
        yield f"short ({short.verdict}){when}"
    elif (at_rest := _at_rest(cell)) is not None:
        yield "short at rest" if at_rest.value else f"no short at rest{_leak(short)}"
    fades = found.get("reacting_interface_fades")
    if "completion_h" in found:
        yield f"reacted within {_number(found['completion_h'])} h"
    elif fades is not None:
        yield "still reacting: the interface fades" if fades.value else "the interface does not fade"
    life = found.get("life_h")
    if life is not None and not (short is not None and short.verdict.is_alarm):
        spent = f"{life.value:.0f}" if life.value >= 10.0 else f"{life.value:.2g}"
        yield f"no failure in {spent} h" if life.at_least else f"lived {life.value:.3g} h"
    for name, form in FORMS.items():
        if name in found:
            value = found[name].value * (PERCENT if "%" in form else 1.0)
            digits = ".4g" if "CE" in form else ".3g"  # 100.21 % is not 100 %
            yield form.format(f"{'at least ' * found[name].at_least}{value:{digits}}")
    for name, words in FACTS.items():
        if name in found and found[name].value:
            yield words


def _at_rest(cell: CellAnalysis) -> Outcome | None:
    return cell.outcomes.get("shorts_at_rest")


def _leak(short: ShortVerdict | None) -> str:
    return f" (leak {short.bound})" if short is not None and short.bound else ""


FORMS = {
    "overpotential_mv": "overpotential {} mV",
    "critical_current_ma_per_cm2": "critical current {} mA/cm²",
    "first_efficiency": "first CE {} %",
    "coulombic_efficiency": "CE {} %",
    "retention_100_cycles": "{} % after 100 cycles",
    "life_cycles": "life {} cycles",
    "layer_conductivity_s_per_cm": "σ = {} S/cm",
}
"""How further quantities are said."""

FACTS = {
    "extra_plateau": "an extra plateau in the first charge",
    "reactor_lines_gone": "no reactor line left",
    "salt_lines_present": "lines of the salt",
    "alloy_lines_present": "lines of the alloy or metal",
}
"""What is said where it is so."""


def _number(outcome: Outcome) -> str:
    return f"{'at least ' * outcome.at_least}{outcome.value:.3g}"


def compared(cells: Sequence[CellAnalysis]) -> pd.DataFrame:
    """Cells of each kind from best to worst by its leading quantity, one row a cell.

    Columns: kind, cell, origin, layer, quantity, value, unit, at_least, place (1 is best), brief. Cells
    without the quantity come last in their kind, without a place.
    """
    rows = [
        {
            "kind": str(cell.sheet.kind or ""),
            "cell": cell.name,
            "origin": str(cell.sheet.origin or "not stated"),
            "layer": f"{cell.sheet.reactor} {cell.sheet.wt_percent:g} wt%" if cell.sheet.reactor else "none",
            "quantity": quantity,
            "value": None if outcome is None else outcome.value,
            "unit": QUANTITIES[quantity].unit if quantity else "",
            "at_least": outcome is not None and outcome.at_least,
            "brief": brief(cell),
        }
        for cell in cells
        for quantity in [LEADING.get(cell.sheet.kind, "") if cell.sheet.kind else ""]
        for outcome in [cell.outcomes.get(quantity)]
    ]
    table = pd.DataFrame(rows)
    smaller = table["quantity"].map(lambda name: bool(name) and QUANTITIES[name].better is Better.SMALLER)
    table["place"] = table["value"].astype(float).where(smaller, -table["value"].astype(float))
    table["place"] = table.groupby("kind")["place"].rank(method="min")
    return table.sort_values(["kind", "place", "cell"], ignore_index=True)
