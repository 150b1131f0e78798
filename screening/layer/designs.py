"""Designs of a layer: one in its stack, and all of one reactor with those that nothing dominates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.files import records
from screening.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

OBJECTIVES = {
    "network_chance": True,
    "asr_ohm_cm2": False,
    "volume_change": False,
    "wh_per_kg": True,
    "usd_per_m2": False,
}
"""What a design is judged by, and whether more is better; of a change of volume its size counts."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """The rest of the stack; by default as in doi 10.1002/aenm.202300815, with a thin separator.

    Attributes
    ----------
    separator_um : float
        Electrolyte behind the layer.
    cathode_mah_per_cm2, cathode_mah_per_g, active_fraction, cathode_v : float
        Areal capacity; capacity per gram of active material, and its share of the composite; against lithium.
    cathode_g_per_cm3 : float
        Of the composite: LiCoO2 and Li3InCl6, 7:3 by mass, without pores.
    """

    separator_um: float = 30.0
    cathode_mah_per_cm2: float = 3.0
    cathode_mah_per_g: float = 137.5
    active_fraction: float = 0.7
    cathode_v: float = 3.9
    cathode_g_per_cm3: float = 3.9

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 < value < np.inf:
                raise InputError(f"{name} = {value}", where="around", remedy="give a finite number above 0")

    @property
    def cathode_mg_per_cm2(self) -> float:
        """Mass of the composite."""
        return 1e3 * self.cathode_mah_per_cm2 / self.cathode_mah_per_g / self.active_fraction


@dataclass(frozen=True, kw_only=True)
class Design:
    """One layer in its stack, after the reaction.

    Attributes
    ----------
    wt_percent, layer_mg_per_cm2, anode_um : float
        Reactor before the reaction, mass of the layer, lithium that faces it.
    metal_fraction, electrolyte_fraction, volume_change : float
    metal_chance, electrolyte_chance, network_chance : float
        That each connects, and both.
    layer_um : float
        Thickness after the reaction, without pores.
    lithium_taken_um, lithium_left_mah_per_cm2 : float
    asr_ohm_cm2, asr_low_ohm_cm2, asr_high_ohm_cm2 : float
        Of ions through the layer: median and 68 % interval over the threshold of the electrolyte.
    rest_at_least_h : float
        Were it limited by ions through the reacted layer, driven by the first plateau (C. Wagner).
    rest_h, rest_low_h, rest_high_h : float
        Time to react through from one side, as a cell tells it: median and 95 % interval; NaN without a cell.
    usd_per_m2 : float
        Elements of reactor and electrolyte in the layer; no quotation.
    wh_per_kg, wh_per_l : float
        Of lithium left, layer, separator and cathode, without collectors.
    """

    wt_percent: float
    layer_mg_per_cm2: float
    anode_um: float
    metal_fraction: float
    electrolyte_fraction: float
    volume_change: float
    metal_chance: float
    electrolyte_chance: float
    network_chance: float
    layer_um: float
    lithium_taken_um: float
    lithium_left_mah_per_cm2: float
    asr_ohm_cm2: float
    asr_low_ohm_cm2: float
    asr_high_ohm_cm2: float
    rest_at_least_h: float
    rest_h: float
    rest_low_h: float
    rest_high_h: float
    usd_per_m2: float
    wh_per_kg: float
    wh_per_l: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Designs(Displayed):
    """Layers of one reactor.

    Attributes
    ----------
    reactor, electrolyte : str
    designs : tuple of Design
    undominated : tuple of bool
        Whether no other design is as good in all `OBJECTIVES` and better in one.
    next_wt_percent : tuple of float
        Contents of the cells at rest that tell most of the threshold, together.
    notes : tuple of str
    """

    reactor: str
    electrolyte: str
    designs: tuple[Design, ...]
    undominated: tuple[bool, ...]
    next_wt_percent: tuple[float, ...]
    notes: tuple[str, ...]
    provenance: Provenance = field(repr=False)

    def to_frame(self) -> "pd.DataFrame":
        """One row per design; `pareto` marks the undominated ones."""
        import pandas as pd

        rows = [vars(design) for design in self.designs]
        return pd.DataFrame(rows).assign(pareto=list(self.undominated))

    def display(self) -> Table:
        """The undominated designs, the likeliest network first."""
        frame = self.to_frame()
        best = frame[frame["pareto"]].sort_values("network_chance", ascending=False, kind="stable")
        shown = {
            "wt_percent": "wt%",
            "layer_mg_per_cm2": "mg/cm²",
            "anode_um": "Li (µm)",
            "metal_fraction": "metal",
            "network_chance": "P (both connect)",
            "layer_um": "depth (µm)",
            "lithium_left_mah_per_cm2": "Li left (mAh/cm²)",
            "asr_ohm_cm2": "Ω·cm²",
            "volume_change": "ΔV/V",
            "rest_at_least_h": "rest ≥ (h)",
            "rest_h": "rest (h)",
            "usd_per_m2": "USD/m²",
            "wh_per_kg": "Wh/kg",
            "wh_per_l": "Wh/L",
        }
        table = best[list(shown)].rename(columns=shown).map(lambda v: "–" if np.isnan(v) else f"{v:.3g}")
        caption = f"{self.reactor} in {self.electrolyte}: {len(best)} undominated of {len(frame)} designs"
        return Table(caption, table, (*self.notes, self.provenance.line()))

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        return {
            "reactor": self.reactor,
            "electrolyte": self.electrolyte,
            "designs": records(self.to_frame()),
            "next_wt_percent": list(self.next_wt_percent),
            "notes": list(self.notes),
            "provenance": self.provenance.as_dict(),
        }


def undominated(designs: Sequence[Design]) -> np.ndarray:
    """Designs that no other matches in all objectives and beats in one, (n,) bool array."""
    gains = np.array(
        [
            [v if more else -abs(v) for name, more in OBJECTIVES.items() for v in (getattr(each, name),)]
            for each in designs
        ]
    )
    no_worse = (gains[:, None] >= gains[None]).all(axis=2)
    better = (gains[:, None] > gains[None]).any(axis=2)
    return np.asarray(~(no_worse & better).any(axis=0))
