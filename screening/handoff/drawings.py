"""Small drawings of a bench sheet, once for paper and for the screen: staircase, sticks of patterns."""

import re
from collections.abc import Mapping, Sequence

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import HexColor

from screening.display import formula_text
from screening.handoff.patterns import Pattern
from screening.handoff.sheet import BenchSheet

WIDTH_PT, HEIGHT_PT, MARGIN_PT, ROW_PT, SIZE_PT = 260.0, 88.0, 24.0, 9.0, 7.5
"""Size of a drawing, margin for its labels, height of a row of sticks, size of its text, points."""

ANGLES_DEG = (10.0, 80.0)
INK, BLUE, BAND = HexColor("#444444"), HexColor("#0072B2"), HexColor("#D9E9F2")
VOLTS_PT = 62.0
"""Margin for a voltage with its interval."""
FACE = "DejaVuSans"


def staircase(sheet: BenchSheet) -> Drawing | None:
    """Voltage with its interval against uptake, down to the floor; None where nothing is taken up."""
    steps = [plateau for plateau in sheet.plateaus if plateau.above_floor]
    if not steps:
        return None
    drawing = Drawing(WIDTH_PT, HEIGHT_PT)
    tops = [step.voltage_v if step.voltage_95_v is None else step.voltage_95_v.high for step in steps]
    most_v, most = max(tops), 1.05 * steps[-1].uptake_per_formula
    wide, high = WIDTH_PT - MARGIN_PT - VOLTS_PT, HEIGHT_PT - 1.5 * MARGIN_PT
    points, taken = [], 0.0
    for step in steps:
        y, left = MARGIN_PT + high * step.voltage_v / most_v, MARGIN_PT + wide * taken / most
        taken = step.uptake_per_formula
        points += [left, y, MARGIN_PT + wide * taken / most, y]
        if step.voltage_95_v is not None:
            low, top = (MARGIN_PT + high * max(v, 0.0) / most_v for v in step.voltage_95_v)
            drawing.add(Rect(left, low, points[-2] - left, top - low, fillColor=BAND, strokeColor=None))
    points += [points[-2], MARGIN_PT]
    _frame(drawing, wide, high, f"{sheet.mobile} taken up per formula", f"V against {sheet.plan.anode}")
    volts = {s.volts: MARGIN_PT + high * s.voltage_v / most_v for s in (steps[0], *reversed(steps))}
    for text, y in _apart(volts, 0.9 * SIZE_PT):
        drawing.add(_text(WIDTH_PT - VOLTS_PT + 2.0, y - 2.0, text, "start"))
    uptakes = {f"{s.uptake_per_formula:.3g}": s.uptake_per_formula for s in reversed(steps)}
    for text, x in _apart({k: MARGIN_PT + wide * v / most for k, v in uptakes.items()}, 2.0 * SIZE_PT):
        drawing.add(_text(x, MARGIN_PT - 9.0, text))
    drawing.add(PolyLine(points, strokeColor=BLUE, strokeWidth=1.4))
    return drawing


def _apart(labels: Mapping[str, float], least: float) -> list[tuple[str, float]]:
    """Labels with their places, without those that would touch one before."""
    kept: list[tuple[str, float]] = []
    for text, place in labels.items():
        if all(abs(place - other) >= least for _, other in kept):
            kept.append((text, place))
    return kept


def sticks(patterns: Sequence[Pattern]) -> Drawing | None:
    """Lines of each phase by angle and intensity, a row each; None where no phase has any."""
    shown = [each for each in patterns if each.lines]
    if not shown:
        return None
    low, high = ANGLES_DEG
    whole = ROW_PT * len(shown) + 1.5 * MARGIN_PT
    drawing = Drawing(WIDTH_PT, whole)
    wide = WIDTH_PT - 3.0 * MARGIN_PT
    _frame(drawing, wide, whole - 1.5 * MARGIN_PT, "2θ (°), Cu Kα", "")
    for row, each in enumerate(shown):
        base = MARGIN_PT + ROW_PT * (len(shown) - 1 - row)
        drawing.add(_text(MARGIN_PT + wide + 4.0, base + 2.0, formula_text(each.formula), "start"))
        for line in each.lines:
            x = MARGIN_PT + wide * (line.two_theta_deg - low) / (high - low)
            top = base + (ROW_PT - 3.0) * line.intensity / 100.0
            drawing.add(PolyLine([x, base, x, top], strokeColor=BLUE, strokeWidth=0.9))
    for angle in range(10, 81, 10):
        drawing.add(_text(MARGIN_PT + wide * (angle - low) / (high - low), MARGIN_PT - 9.0, str(angle)))
    return drawing


def svg(drawing: Drawing) -> str:
    """A drawing as an element of a page, which names no address."""
    text = str(renderSVG.drawToString(drawing))
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", text[text.index("<svg") :])


def _frame(drawing: Drawing, wide: float, high: float, below: str, above: str) -> None:
    for x, y in ((MARGIN_PT + wide, MARGIN_PT), (MARGIN_PT, MARGIN_PT + high)):
        drawing.add(Line(MARGIN_PT, MARGIN_PT, x, y, strokeColor=INK, strokeWidth=0.6))
    drawing.add(_text(MARGIN_PT + wide / 2.0, 2.0, below))
    if above:
        drawing.add(_text(MARGIN_PT - 10.0, MARGIN_PT + high + 3.0, above, "start"))


def _text(x: float, y: float, text: str, anchor: str = "middle") -> String:
    return String(x, y, text, fontName=FACE, fontSize=SIZE_PT, fillColor=INK, textAnchor=anchor)
