"""Measured melting and boiling points of compounds, and the state that follows at room temperature."""

from dataclasses import dataclass
from functools import cache

from screening.files import packaged_rows
from screening.phases.composition import Formula, composition_key, parse_formula

ROOM_C = 25.0

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
