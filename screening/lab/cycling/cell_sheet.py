"""The sheet of a cell: what no cycler's file knows (area, active mass, electrolyte, temperature, pressure).

A sheet is a short TOML file::

    label = "Li/SL/LPSC/SL/Li, 0.5 mA/cm2"
    diameter_mm = 10.0
    temperature_c = 25.0
    pressure_mpa = 190.0

    [electrolyte]
    conductivity_s_per_cm = 1.0e-3
    thickness_um = 620.0
"""

import math
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from screening.errors import InputError
from screening.lab.cycling.fullcell import CycleOrder, active_mass_mg

ROOM_TEMPERATURE_C = 25.0
LITHIUM_ARGYRODITE_EA_EV = 0.44
"""Activation energy of Li6PS5Cl, sigma T form."""

_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Electrolyte(BaseModel):
    """The separator of a cell.

    Attributes
    ----------
    conductivity_s_per_cm : float
        Ionic conductivity at the cell's temperature.
    thickness_um : float
        Thickness in the cell.
    activation_energy_ev : float
        Of the conductivity, sigma T form.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    conductivity_s_per_cm: _Positive
    thickness_um: _Positive
    activation_energy_ev: _Positive = LITHIUM_ARGYRODITE_EA_EV

    @property
    def asr_ohm_cm2(self) -> float:
        """Thickness over conductivity: no cell that conducts ions only can show less."""
        return self.thickness_um * 1e-4 / self.conductivity_s_per_cm

    def resistance_ohm(self, area_cm2: float) -> float:
        """Resistance of the separator for an electrode area."""
        return self.asr_ohm_cm2 / area_cm2


class CellSheet(BaseModel):
    """What the user states about one cell.

    Attributes
    ----------
    label : str
        Name of the cell in tables and figures.
    area_cm2, diameter_mm : float or None
        Electrode area, or the diameter of a round electrode; one of them, not both.
    active_mass_mg : float or None
        Mass of the *active* material, not of the composite.
    composite_mass_mg, active_fraction : float or None
        Instead: mass of the composite, and the mass fraction of the active material in it (7:3 is 0.7).
    nominal_capacity_mah, reference_cycle : float or None, int or None
        What C-rates and retention of a full cell refer to; by default the first cycle after the formation.
    cycle_order : CycleOrder or None
        Which half-cycle of a full cell begins a cycle; by default as the record begins.
    temperature_c : float
        Temperature of the test; a recorded one takes precedence.
    pressure_mpa : float or None
        Stack pressure, for the record.
    voltage_limit_v : float or None
        Polarisation above which a symmetric cell counts as failed.
    electrolyte : Electrolyte or None
        The separator.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = ""
    area_cm2: _Positive | None = None
    diameter_mm: _Positive | None = None
    active_mass_mg: _Positive | None = None
    composite_mass_mg: _Positive | None = None
    active_fraction: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    nominal_capacity_mah: _Positive | None = None
    reference_cycle: Annotated[int, Field(ge=1)] | None = None
    cycle_order: CycleOrder | None = None
    temperature_c: float = Field(default=ROOM_TEMPERATURE_C, gt=-273.15, lt=1000.0)
    pressure_mpa: _Positive | None = None
    voltage_limit_v: _Positive | None = None
    electrolyte: Electrolyte | None = None

    @model_validator(mode="after")
    def _said_once(self) -> "CellSheet":
        if self.area_cm2 is not None and self.diameter_mm is not None:
            raise ValueError("area_cm2 and diameter_mm both given; keep one")
        if (self.composite_mass_mg is None) != (self.active_fraction is None):
            raise ValueError("composite_mass_mg and active_fraction belong together; give both or none")
        if self.active_mass_mg is not None and self.composite_mass_mg is not None:
            raise ValueError("active_mass_mg and composite_mass_mg both given; keep one")
        return self

    @property
    def electrode_area_cm2(self) -> float | None:
        """Electrode area from either statement."""
        if self.diameter_mm is not None:
            return math.pi / 4.0 * (self.diameter_mm / 10.0) ** 2
        return self.area_cm2

    @property
    def active_material_mg(self) -> float | None:
        """Mass of the active material from either statement."""
        if self.composite_mass_mg is not None and self.active_fraction is not None:
            return active_mass_mg(self.composite_mass_mg, self.active_fraction)
        return self.active_mass_mg


def read_cell_sheet(path: Path) -> CellSheet:
    """Read and check a sheet.

    Raises
    ------
    InputError
        With one line that names the first key at fault.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"cannot read ({error.strerror})", where=str(path), remedy="name an existing file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", where=str(path), remedy="correct that line") from None
    try:
        return CellSheet.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(
            Electrolyte.model_fields if key.startswith("electrolyte.") else CellSheet.model_fields
        )
        remedy = f"known keys: {known}" if first["type"] == "extra_forbidden" else "correct the value"
        message = (
            "unknown key"
            if first["type"] == "extra_forbidden"
            else first["msg"].removeprefix("Value error, ")
        )
        value = f" (got {first['input']!r})" if isinstance(first["input"], int | float | str) else ""
        raise InputError(
            f"{message}{value}", where=f"{path}: {key}" if key else str(path), remedy=remedy
        ) from None
