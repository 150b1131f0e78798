"""The sheet of one cell: what no instrument's file holds, where its raw files lie, which figures are quoted.

A sheet is a short TOML file. An electrode area suffices to judge a cycling record; a folder of experiments
also asks what the cell is (`experiments`)::

    diameter_mm = 10.0
    electrolyte = "Li6PS5Cl"
    [separator]
    conductivity_s_per_cm = 1.0e-3
    thickness_um = 620.0
"""

import math
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from screening.display import Shown, Table, settings_table
from screening.lab.cycling.fullcell import CycleOrder, active_mass_mg
from screening.lab.diffraction.pattern import CU_KA_A
from screening.lab.quantities import Quoted
from screening.lab.sheet_values import (
    ArealCapacity,
    CellVoltage,
    Celsius,
    CurrentDensity,
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

LITHIUM_ARGYRODITE_EA_EV = 0.44
"""Activation energy of Li6PS5Cl, σT form."""


class Origin(StrEnum):
    """Where the figures of a cell come from; tables never mix them silently."""

    MEASURED = "measured"
    LITERATURE = "literature"
    SIMULATED = "simulated"


class Kind(StrEnum):
    """What was done with the cell; ``plating`` is on a side that holds no lithium, or on a reacted layer."""

    REST = "rest"
    SYMMETRIC = "symmetric"
    FULL = "full"
    PLATING = "plating"
    PELLET = "pellet"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Separator(_Table):
    """The electrolyte between the electrodes.

    Attributes
    ----------
    conductivity_s_per_cm : float
        Ionic conductivity at the cell's temperature.
    thickness_um : float
        Thickness in the cell.
    activation_energy_ev : float
        Of the conductivity, σT form.
    """

    conductivity_s_per_cm: Positive
    thickness_um: Positive
    activation_energy_ev: Positive = LITHIUM_ARGYRODITE_EA_EV

    @property
    def asr_ohm_cm2(self) -> float:
        """Thickness over conductivity: no cell that conducts ions only can show less."""
        return self.thickness_um * 1e-4 / self.conductivity_s_per_cm

    def resistance_ohm(self, area_cm2: float) -> float:
        """Resistance of the separator for an electrode area."""
        return self.asr_ohm_cm2 / area_cm2


class Cathode(_Table):
    """The positive electrode of a full cell.

    Attributes
    ----------
    material : str
    composite_mg, active_fraction : float or None
        Mass of the composite, and the share of active material in it (7:3 is 0.7).
    active_mg : float or None
        Instead: mass of the active material alone.
    plateau_v : float or None
        Where its main plateau lies against lithium metal, with `plateau_where` saying who found it.
    plateau_where : str
    other_plateaus_v : tuple of float
        Where it has further plateaus; without `plateau_v`, no plateau of a cell is called an extra one.
    """

    material: str = ""
    composite_mg: Milligrams | None = None
    active_fraction: Share | None = None
    active_mg: Milligrams | None = None
    plateau_v: PlateauVoltage | None = None
    plateau_where: str = ""
    other_plateaus_v: tuple[PlateauVoltage, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.plateau_v is not None and not self.plateau_where.strip():
            raise ValueError("plateau_v needs plateau_where")
        if self.other_plateaus_v and self.plateau_v is None:
            raise ValueError("other_plateaus_v needs plateau_v")
        if (self.composite_mg is None) != (self.active_fraction is None):
            raise ValueError("composite_mg and active_fraction belong together; give both or none")
        if self.active_mg is not None and self.composite_mg is not None:
            raise ValueError("active_mg and composite_mg both given; keep one")
        return self

    @property
    def plateaus_v(self) -> tuple[float, ...]:
        """Its own plateaus against lithium metal; none where they are not stated."""
        return () if self.plateau_v is None else (self.plateau_v, *self.other_plateaus_v)

    @property
    def active_material_mg(self) -> float | None:
        """Mass of the active material from either statement."""
        if self.composite_mg is not None and self.active_fraction is not None:
            return active_mass_mg(self.composite_mg, self.active_fraction)
        return self.active_mg


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


class Cell(Shown, _Table):
    """The sheet of one cell; all of it may be left out.

    Attributes
    ----------
    label : str
        Name of the cell in tables and figures; by default that of its sheet's file.
    origin : Origin or None
    kind : Kind or None
    reactor : str
        Formula; empty for a control cell without a layer.
    wt_percent : float or None
        Reactor in the layer, by mass; of every cell with a layer.
    electrolyte, anode : str
        Formulas: what the layer is mixed with, and what reduces it.
    layer_mg : float or None
        Mass of one layer, reactor and electrolyte together.
    area_cm2, diameter_mm : float or None
        Electrode area, or the diameter of a round electrode; one of them, not both.
    stack : tuple of str
        From one electrode to the other; ``layer`` stands for the mixture.
    masses_mg : dict of str to float
        Of the other parts, by name.
    pressure_mpa, temperature_c, rest_h : float or None
        A recorded temperature takes precedence.
    nominal_capacity_mah, reference_cycle : float or None, int or None
        What C-rates and retention of a full cell refer to; by default the first cycle after the formation.
    cycle_order : CycleOrder or None
        Which half-cycle of a full cell begins a cycle; by default as the record begins.
    voltage_limit_v : float or None
        Polarisation above which a symmetric cell counts as failed.
    separator, cathode, protocol, files, quoted
        Tables of the sheet.
    notes : str
    """

    label: str = ""
    origin: Origin | None = None
    kind: Kind | None = None
    reactor: str = ""
    wt_percent: Percent | None = None
    electrolyte: str = "Li6PS5Cl"
    anode: str = "Li"
    layer_mg: Milligrams | None = None
    area_cm2: SquareCentimetres | None = None
    diameter_mm: Millimetres | None = None
    stack: tuple[str, ...] = ()
    masses_mg: dict[str, Milligrams] = Field(default_factory=dict)
    pressure_mpa: Megapascals | None = None
    temperature_c: Celsius = 25.0
    rest_h: Hours | None = None
    nominal_capacity_mah: Positive | None = None
    reference_cycle: Annotated[int, Field(ge=1, strict=True)] | None = None
    cycle_order: CycleOrder | None = None
    voltage_limit_v: Positive | None = None
    separator: Separator | None = None
    cathode: Cathode | None = None
    protocol: ProtocolSheet = ProtocolSheet()
    files: Files = Files()
    quoted: tuple[Quoted, ...] = ()
    notes: str = ""

    _path: Path = PrivateAttr(default=Path())
    _hints: tuple[str, ...] = PrivateAttr(default=())

    @field_validator("reactor", "electrolyte", "anode")
    @classmethod
    def _formula(cls, text: str) -> str:
        return formula(text) if text else text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.wt_percent is None) != (self.reactor == ""):
            raise ValueError("reactor and wt_percent belong together; a control without a layer has neither")
        if self.area_cm2 is not None and self.diameter_mm is not None:
            raise ValueError("area_cm2 and diameter_mm both given; keep one")
        if self.cathode is not None and self.kind not in (None, Kind.FULL):
            raise ValueError('a [cathode] belongs to kind = "full" and to no other')
        if self.files.diffraction and not self.reactor:
            raise ValueError("a diffraction pattern is read for a layer, and this sheet names no reactor")
        names = [quoted.quantity for quoted in self.quoted]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} quoted twice; keep one, or write one sheet per cell")
        return self

    def display(self) -> Table:
        """What is given of it."""
        return settings_table(self.label or self.name, self.model_dump(mode="json", exclude_defaults=True))

    @property
    def path(self) -> Path:
        """The sheet's file; an empty path for a cell made in Python."""
        return self._path

    @property
    def name(self) -> str:
        """Stem of the sheet's file, or the label of a cell made in Python."""
        return self._path.stem or self.label

    @property
    def hints(self) -> tuple[str, ...]:
        """What the sheet calls by a former name."""
        return self._hints

    def located(self, kind: Literal["impedance", "cycling", "diffraction", "all"]) -> tuple[Path, ...]:
        """Paths of the raw files of one kind."""
        return tuple(self._path.parent / name for name in getattr(self.files, kind))

    @property
    def electrode_area_cm2(self) -> float | None:
        """Electrode area from either statement."""
        if self.diameter_mm is not None:
            return math.pi / 4.0 * (self.diameter_mm / 10.0) ** 2
        return self.area_cm2

    @property
    def active_material_mg(self) -> float | None:
        """Mass of the cathode's active material."""
        return None if self.cathode is None else self.cathode.active_material_mg

    @property
    def reactor_mg_per_cm2(self) -> float | None:
        """Areal mass of reactor in one layer."""
        area = self.electrode_area_cm2
        if self.layer_mg is None or self.wt_percent is None or area is None:
            return None
        return self.layer_mg * self.wt_percent / 100.0 / area

    @property
    def separator_ohm(self) -> float | None:
        """Resistance of the separator alone; None where it or the area is not stated."""
        area = self.electrode_area_cm2
        return None if self.separator is None or area is None else self.separator.resistance_ohm(area)


class Experiment(Cell):
    """A cell of a folder of experiments: it says what it is and where its figures come from.

    Attributes
    ----------
    origin : Origin
    kind : Kind
    """

    origin: Origin
    kind: Kind

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is Kind.FULL and self.cathode is None:
            raise ValueError("a full cell needs the table [cathode] with its material")
        if self.cathode is not None and not self.cathode.material:
            raise ValueError("[cathode] names no material")
        if not self.quoted and not self.files.all:
            raise ValueError("nothing measured: give files or quoted figures")
        return self
