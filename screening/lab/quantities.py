"""What a cell can show: named quantities that a sheet may quote and that raw files are reduced to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from screening.lab.sheet_values import Figure, Flag, Positive


class Better(StrEnum):
    """Which end of a quantity speaks for a reactor; agreement is asked of those with one."""

    LARGER = "larger"
    SMALLER = "smaller"
    NEITHER = "neither"


@dataclass(frozen=True)
class Quantity:
    """One measurable outcome.

    Attributes
    ----------
    name : str
        Name in sheets and tables, with its unit.
    unit : str
    better : Better
    meaning : str
    lowest, highest : float
        Physical bounds.
    yes_or_no : bool
        Whether 1 means yes and 0 no.
    """

    name: str
    unit: str
    better: Better
    meaning: str
    lowest: float = 0.0
    highest: float = float("inf")
    yes_or_no: bool = False


def _fact(name: str, meaning: str, better: Better = Better.NEITHER) -> Quantity:
    return Quantity(name, "", better, meaning, 0.0, 1.0, yes_or_no=True)


_KNOWN = (
    _fact("reacting_interface_fades", "the reacting interface (τ2, τ3) fades at rest"),
    _fact("alloy_contact_appears", "the alloy | electrolyte contact (τ4) appears at rest"),
    _fact("reactor_lines_gone", "no reactor line is left in the diffraction pattern after rest"),
    _fact("salt_lines_present", "lines of the lithium salt stand in the pattern after rest"),
    _fact("alloy_lines_present", "lines of the alloy or metal stand in the pattern after rest"),
    _fact("shorts_at_rest", "a cell whose only separator is the layer shorts through at rest"),
    _fact("extra_plateau", "the first charge shows a plateau that the cathode does not have"),
    Quantity("completion_h", "h", Better.SMALLER, "time at rest until the reacting interface has settled"),
    Quantity("resistance_ratio", "1", Better.SMALLER, "cell resistance after rest over that before"),
    Quantity(
        "rest_capacity_loss_mah_per_cm2", "mAh/cm²", Better.NEITHER, "capacity lost in rest to the reactor"
    ),
    Quantity(
        "life_h",
        "h",
        Better.LARGER,
        "life of a symmetric cell to short circuit or polarisation, gaps not counted",
    ),
    Quantity("critical_current_ma_per_cm2", "mA/cm²", Better.LARGER, "last safe step of rising current"),
    Quantity("overpotential_mv", "mV", Better.SMALLER, "overpotential of a symmetric cell once stable"),
    Quantity("asr_ohm_cm2", "Ω·cm²", Better.SMALLER, "resistance times area of a symmetric cell once stable"),
    Quantity("stabilisation_cycles", "1", Better.SMALLER, "cycles until a symmetric cell is stable"),
    Quantity(
        "plating_efficiency", "1", Better.LARGER, "stripped over plated lithium, cycle by cycle", 0.0, 1.05
    ),
    Quantity(
        "plating_efficiency_aurbach", "1", Better.LARGER, "the same from a reservoir (Aurbach)", 0.0, 1.05
    ),
    Quantity("first_plateau_v", "V", Better.NEITHER, "main plateau of the first charge"),
    Quantity("first_discharge_mah_per_g", "mAh/g", Better.LARGER, "first discharge per gram of active mass"),
    Quantity("first_efficiency", "1", Better.LARGER, "Coulombic efficiency of the first cycle", 0.0, 1.05),
    Quantity("coulombic_efficiency", "1", Better.LARGER, "Coulombic efficiency once steady", 0.0, 1.05),
    Quantity("retention_100_cycles", "1", Better.LARGER, "capacity of cycle 100 over reference", 0.0, 1.5),
    Quantity("life_cycles", "1", Better.LARGER, "cycles of a full cell until it failed or the record ended"),
    Quantity("discharge_mah_per_g", "mAh/g", Better.LARGER, "discharge capacity while cycling"),
    Quantity("layer_conductivity_s_per_cm", "S/cm", Better.LARGER, "ionic conductivity of the layer, 25 °C"),
    Quantity("activation_energy_ev", "eV", Better.NEITHER, "activation energy of it, σT form"),
    Quantity("layer_thickness_um", "µm", Better.NEITHER, "thickness of the pressed layer"),
)

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _KNOWN}
"""All quantities by name."""


class Quoted(BaseModel):
    """A figure that the sheet quotes.

    Attributes
    ----------
    quantity : str
        One of `QUANTITIES`.
    value : float or bool
        Yes-or-no quantities take true or false.
    sd : float or None
        Standard deviation, where it is known.
    at_least : bool
        Whether the cell had not failed at this value, or the source gives a lower bound.
    where : str
        Where the figure stands: the page of a book, the section of a paper.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
