"""Measured melting and boiling points of compounds, and the state that follows at room temperature."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from screening.files import packaged_rows
from screening.phases.composition import Formula, composition_key, parse_formula

ROOM_C = 25.0

VOLATILE = "VOLATILE: {} escapes from a warm mill, an oven or under vacuum."

VOLATILE_C = 200.0
"""Boiling point below which milling, heating or pumping carries a substance away."""

SOFT_C = 100.0
"""Melting point below which the heat of a mill melts a substance."""

SUBLIMES_C = {"AlCl3": 180.0, "PCl5": 160.0, "SeCl4": 191.0, "XeF2": 114.0}
"""Points of sublimation below `VOLATILE_C`, which the table of `SOURCE` lacks (from the handbook itself)."""

SOURCE = "CRC Handbook of Chemistry and Physics, Physical Constants of Inorganic Compounds"
"""As the library `chemicals` (MIT) holds the table; `data/melting_points.py` takes it from there."""


@dataclass(frozen=True, kw_only=True)
class MeltingPoint:
    """One compound of the table.

    Attributes
    ----------
    formula, name, cas : str
    melts_c, boils_c : float or None
        At 1 atm, °C; None where the table has none.
    """

    formula: str
    name: str
    cas: str
    melts_c: float | None
    boils_c: float | None

    @property
    def state(self) -> str:
        """``solid``, ``liquid`` or ``gas`` at 25 °C; empty where the points do not tell."""
        if self.boils_c is not None and self.boils_c <= ROOM_C:
            return "gas"
        if self.melts_c is None:
            return ""
        return "solid" if self.melts_c > ROOM_C else "liquid"


def melting_point(formula: Formula) -> MeltingPoint | None:
    """What is measured of a compound, by composition and not by spelling; None if it is not in the table."""
    return melting_points().get(composition_key(formula))


@cache
def melting_points() -> dict[tuple[tuple[int, ...], tuple[int, ...]], MeltingPoint]:
    """The table, by `composition_key`."""
    found = {}
    for row in packaged_rows("screening.phases", "melting_points.csv"):
        points = {key: float(row[key]) if row[key] else None for key in ("melts_c", "boils_c")}
        one = MeltingPoint(formula=row["formula"], name=row["name"], cas=row["cas"], **points)
        found[composition_key(parse_formula(one.formula))] = one
    return found


def state_lines(text: str, formula: Formula) -> Iterator[str]:
    """A sentence on a substance that a mill or a warm oven cannot hold as a powder; none for others."""
    sublimes_c = _sublimation().get(composition_key(formula))
    if sublimes_c is not None:
        yield VOLATILE.format(f"{text} (sublimes at {sublimes_c:.0f} °C)")
    known = melting_point(formula)
    if known is None or sublimes_c is not None:
        return
    told = f"{known.name} {points_text(known)}"
    if known.state in ("liquid", "gas"):
        yield f"{known.state.upper()} at {ROOM_C:g} °C: {text} ({told}) is no powder to mill or press."
    elif known.boils_c is not None and known.boils_c < VOLATILE_C:
        yield VOLATILE.format(f"{text} ({told})")
    elif known.melts_c is not None and known.melts_c < SOFT_C:
        yield f"LOW MELTING: {text} ({told}) may melt in the mill."


@cache
def _sublimation() -> dict[tuple[tuple[int, ...], tuple[int, ...]], float]:
    return {composition_key(parse_formula(name)): value for name, value in SUBLIMES_C.items()}


def points_text(known: MeltingPoint) -> str:
    """Both points in words."""
    told = (("melts", known.melts_c), ("boils", known.boils_c))
    return ", ".join(
        f"{verb} at {value:.0f} °C".replace("-", "−") for verb, value in told if value is not None
    )
