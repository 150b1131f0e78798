"""What a group plans to make: layer, die, batch, cells; and the masses that follow."""

from dataclasses import dataclass
from math import isfinite, isnan, pi
from typing import Any

from screening.campaign.directory import ResultsDirectory
from screening.errors import InputError
from screening.phases.composition import Formula, parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors.detail import molar_volume_cm3

UM_PER_CM, MM_PER_CM, MG_PER_G = 1e4, 10.0, 1e3


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Layer and batch that a group wants to make.

    Attributes
    ----------
    wt_percent : float
        Reactor in the layer, by mass.
    die_mm : float
        Inner diameter of the pressing die.
    layer_mg : float
        Mass of one layer, reactor and electrolyte together.
    batch_g : float
        Reactor to synthesise.
    cells : int
        Symmetric cells, of two layers each, that the mixture is for.
    anode, electrolyte : str

    Raises
    ------
    InputError
        If a number is not above 0, or the content above 100 %.
    """

    wt_percent: float = 50.0
    die_mm: float = 10.0
    layer_mg: float = 10.0
    batch_g: float = 1.0
    cells: int = 5
    anode: str = "Li"
    electrolyte: str = "Li6PS5Cl"

    def __post_init__(self) -> None:
        for name in ("wt_percent", "die_mm", "layer_mg", "batch_g", "cells"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise InputError(f"{value:g} is no amount", where=name, remedy="give a number above 0")
        if self.wt_percent > 100.0:
            raise InputError(
                f"{self.wt_percent:g} % is more than all", where="wt_percent", remedy="give up to 100"
            )

    @classmethod
    def of(cls, results: ResultsDirectory | None, **given: Any) -> "Plan":
        """A plan whose anode, electrolyte and content of the layer are a campaign's unless given.

        Raises
        ------
        InputError
            If the campaign met several anodes or electrolytes, and none is given, or has no reactors.
        """
        if results is None:
            return cls(**given)
        anode, electrolyte = results.of_reactors().pair(given.pop("anode", ""), given.pop("electrolyte", ""))
        content = {"wt_percent": results.study.conditions.wt_percent, **given}
        return cls(**content, anode=anode, electrolyte=electrolyte)

    @property
    def area_cm2(self) -> float:
        """Area of the die."""
        return pi / 4.0 * (self.die_mm / MM_PER_CM) ** 2

    @property
    def areal_mg_per_cm2(self) -> float:
        """Layer per area."""
        return self.layer_mg / self.area_cm2


@dataclass(frozen=True, kw_only=True)
class LayerMasses:
    """One layer before it reacts.

    Attributes
    ----------
    area_cm2, reactor_mg, electrolyte_mg : float
    reactor_g_per_cm3, electrolyte_g_per_cm3 : float or None
        X-ray densities from the volumes of the snapshot; None where it has none.
    thickness_um : float or None
        Without pores.
    volume_estimated : bool
        Whether a volume behind it is an estimate.
    """

    area_cm2: float
    reactor_mg: float
    electrolyte_mg: float
    reactor_g_per_cm3: float | None
    electrolyte_g_per_cm3: float | None
    thickness_um: float | None
    volume_estimated: bool


def layer_masses(snapshot: Snapshot, compound: Formula, plan: Plan) -> LayerMasses:
    """Masses, densities and thickness of one layer of a plan."""
    electrolyte = parse_formula(plan.electrolyte)
    reactor_mg = plan.layer_mg * plan.wt_percent / 100.0
    electrolyte_mg = plan.layer_mg - reactor_mg
    reactor_density, electrolyte_density = _density(snapshot, compound), _density(snapshot, electrolyte)
    thickness = None
    if reactor_density is not None and electrolyte_density is not None:
        cm3 = (reactor_mg / reactor_density + electrolyte_mg / electrolyte_density) / MG_PER_G
        thickness = cm3 / plan.area_cm2 * UM_PER_CM
    found = [p for p in map(snapshot.find, (compound, electrolyte)) if p is not None]
    sources = [str(snapshot.phases.volume_source[p]) for p in found]
    return LayerMasses(
        area_cm2=plan.area_cm2,
        reactor_mg=reactor_mg,
        electrolyte_mg=electrolyte_mg,
        reactor_g_per_cm3=reactor_density,
        electrolyte_g_per_cm3=electrolyte_density,
        thickness_um=thickness,
        volume_estimated="estimated" in sources,
    )


def _density(snapshot: Snapshot, formula: Formula) -> float | None:
    volume = molar_volume_cm3(snapshot, formula)
    return None if isnan(volume) else formula.molar_mass_g / volume
