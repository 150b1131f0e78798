"""The sheet of one cell as a group keeps it: what the cell is, its raw files, its quoted figures."""

import math
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from screening.lab.cycling.cell_sheet import CellSheet
from screening.lab.diffraction.pattern import CU_KA_A
from screening.lab.quantities import QUANTITIES
from screening.lab.sheet_values import (
    ArealCapacity,
    CellVoltage,
    Celsius,
    CurrentDensity,
    Figure,
    Flag,
    Hours,
    Megapascals,
    Milligrams,
    Millimetres,
    Percent,
    PlateauVoltage,
    Positive,
    Rate,
    Share,
    SquareCentimetres,
    Wavelength,
    formula,
)


class Origin(StrEnum):
    """Where the figures of a cell come from; tables never mix them silently."""

    MEASURED = "measured"
    LITERATURE = "literature"
    SIMULATED = "simulated"


class Kind(StrEnum):
    """What was done with the cell."""

    REST = "rest"
    SYMMETRIC = "symmetric"
    FULL = "full"
    PELLET = "pellet"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cathode(_Table):
    """The positive electrode of a full cell.

    Attributes
    ----------
    material : str
    composite_mg, active_fraction : float or None
        Mass of the composite, and the share of active material in it (7:3 is 0.7).
    plateau_v : float or None
        Where its main plateau lies against lithium metal, with `plateau_where` saying who found it.
    plateau_where : str
    other_plateaus_v : tuple of float
        Where it has further plateaus; without `plateau_v`, no plateau of a cell is called an extra one.
    """

    material: str = Field(min_length=1)
    composite_mg: Milligrams | None = None
    active_fraction: Share | None = None
    plateau_v: PlateauVoltage | None = None
    plateau_where: str = ""
    other_plateaus_v: tuple[PlateauVoltage, ...] = ()

    @model_validator(mode="after")
    def _cited(self) -> Self:
        if self.plateau_v is not None and not self.plateau_where.strip():
            raise ValueError("plateau_v needs plateau_where")
        if self.other_plateaus_v and self.plateau_v is None:
            raise ValueError("other_plateaus_v needs plateau_v")
        if (self.composite_mg is None) != (self.active_fraction is None):
            raise ValueError("composite_mg and active_fraction belong together; give both or none")
        return self


class ProtocolSheet(_Table):
    """How the cell was cycled; only cells of one protocol are compared with each other."""

    current_ma_per_cm2: CurrentDensity | None = None
    capacity_mah_per_cm2: ArealCapacity | None = None
    c_rate_per_h: Rate | None = None
    lower_v: CellVoltage | None = None
    upper_v: CellVoltage | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.lower_v is not None and self.upper_v is not None and not self.lower_v < self.upper_v:
            raise ValueError(f"lower_v = {self.lower_v:g} is not below upper_v = {self.upper_v:g}")
        return self

    @property
    def words(self) -> str:
        """One line; empty where nothing is stated."""
        parts = [
            f"{self.current_ma_per_cm2:g} mA/cm²" if self.current_ma_per_cm2 else "",
            f"{self.capacity_mah_per_cm2:g} mAh/cm²" if self.capacity_mah_per_cm2 else "",
            f"{self.c_rate_per_h:g} C" if self.c_rate_per_h else "",
            f"{self.lower_v:g}–{self.upper_v:g} V"
            if self.lower_v is not None and self.upper_v is not None
            else "",
        ]
        return ", ".join(part for part in parts if part)


class Files(_Table):
    """Raw files, by paths relative to the sheet.

    Attributes
    ----------
    impedance, cycling : tuple of str
    diffraction : tuple of str
        At most one: the powder pattern of the layer after the rest.
    wavelength_a : float
        Of that pattern, Å; Cu Kα by default.
    """

    impedance: tuple[str, ...] = ()
    cycling: tuple[str, ...] = ()
    diffraction: Annotated[tuple[str, ...], Field(max_length=1)] = ()
    wavelength_a: Wavelength = CU_KA_A

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.impedance, *self.cycling, *self.diffraction)

    @field_validator("impedance", "cycling", "diffraction")
    @classmethod
    def _relative(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if PurePosixPath(name).is_absolute() or "\\" in name or ":" in name:
                raise ValueError(f"{name!r} is no path relative to the sheet, with forward slashes")
        return names


class Quoted(_Table):
    """A figure that the sheet quotes.

    Attributes
    ----------
    quantity : str
        One of `quantities.QUANTITIES`.
    value : float or bool
        Yes-or-no quantities take true or false.
    sd : float or None
        Standard deviation, where it is known.
    at_least : bool
        Whether the cell had not failed at this value, or the source gives a lower bound.
    where : str
        Where the figure stands: the page of a book, the section of a paper.
    """

    quantity: str
    value: Figure
    sd: Positive | None = None
    at_least: Flag = False
    where: str = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = QUANTITIES.get(self.quantity)
        if known is None:
            raise ValueError(f"no quantity {self.quantity!r}; choose from {', '.join(QUANTITIES)}")
        if known.yes_or_no != isinstance(self.value, bool):
            wanted = "true or false" if known.yes_or_no else f"a number in {known.unit}"
            raise ValueError(f"{self.quantity} = {self.value!r}: give {wanted}")
        if not known.lowest <= float(self.value) <= known.highest:
            raise ValueError(
                f"{self.quantity} = {self.value:g}: lies outside {known.lowest:g} to {known.highest:g}"
            )
        if known.yes_or_no and (self.at_least or self.sd is not None):
            raise ValueError(f"{self.quantity}: a yes or no has neither sd nor at_least")
        return self


class CellRecord(_Table):
    """The sheet of one cell.

    Attributes
    ----------
    origin : Origin
    kind : Kind
    reactor : str
        Formula; empty for a control cell without a layer.
    wt_percent : float or None
        Reactor in the layer, by mass; of every cell with a layer.
    electrolyte, anode : str
        What the layer is mixed with, and what reduces it.
    layer_mg : float or None
        Mass of one layer, reactor and electrolyte together.
    area_cm2, die_mm : float or None
        Electrode area, or the diameter of a round die.
    stack : tuple of str
        From one electrode to the other; ``layer`` stands for the mixture.
    masses_mg : dict of str to float
        Of the other parts, by name.
    pressure_mpa, temperature_c, rest_h : float or None
    cathode, protocol, files, quoted
        Tables of the sheet.
    notes : str
    """

    origin: Origin
    kind: Kind
    reactor: str = ""
    wt_percent: Percent | None = None
    electrolyte: str = "Li6PS5Cl"
    anode: str = "Li"
    layer_mg: Milligrams | None = None
    area_cm2: SquareCentimetres | None = None
    die_mm: Millimetres | None = None
    stack: tuple[str, ...] = ()
    masses_mg: dict[str, Milligrams] = Field(default_factory=dict)
    pressure_mpa: Megapascals | None = None
    temperature_c: Celsius = 25.0
    rest_h: Hours | None = None
    cathode: Cathode | None = None
    protocol: ProtocolSheet = ProtocolSheet()
    files: Files = Files()
    quoted: tuple[Quoted, ...] = ()
    notes: str = ""

    @field_validator("reactor", "electrolyte", "anode")
    @classmethod
    def _formula(cls, text: str) -> str:
        return formula(text) if text else text

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.wt_percent is None) != (self.reactor == ""):
            raise ValueError("reactor and wt_percent belong together; a control without a layer has neither")
        if self.area_cm2 is not None and self.die_mm is not None:
            raise ValueError("area_cm2 and die_mm both given; keep one")
        if (self.kind is Kind.FULL) != (self.cathode is not None):
            raise ValueError('a [cathode] belongs to kind = "full" and to no other')
        if not self.quoted and not self.files.all:
            raise ValueError("nothing measured: give files or quoted figures")
        if self.files.diffraction and not self.reactor:
            raise ValueError("a diffraction pattern is read for a layer, and this sheet names no reactor")
        names = [quoted.quantity for quoted in self.quoted]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} quoted twice; keep one, or write one sheet per cell")
        return self

    @property
    def electrode_cm2(self) -> float | None:
        """Electrode area from either statement."""
        if self.die_mm is not None:
            return math.pi / 4.0 * (self.die_mm / 10.0) ** 2
        return self.area_cm2

    @property
    def reactor_mg_per_cm2(self) -> float | None:
        """Areal mass of reactor in one layer."""
        area = self.electrode_cm2
        if self.layer_mg is None or self.wt_percent is None or area is None:
            return None
        return self.layer_mg * self.wt_percent / 100.0 / area

    def cell_sheet(self, label: str) -> CellSheet:
        """What the cycling analysis needs to know."""
        given: dict[str, Any] = {"label": label, "area_cm2": self.electrode_cm2}
        if self.cathode is not None and self.cathode.composite_mg is not None:
            given["composite_mass_mg"] = self.cathode.composite_mg
            given["active_fraction"] = self.cathode.active_fraction
        return CellSheet(temperature_c=self.temperature_c, pressure_mpa=self.pressure_mpa, **given)


TABLES: dict[str, type[BaseModel]] = {
    "": CellRecord,
    "cathode": Cathode,
    "protocol": ProtocolSheet,
    "files": Files,
    "quoted": Quoted,
}
"""Tables of a sheet by the name of their heading; the sheet itself has none."""
