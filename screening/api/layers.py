"""Which layer to press, from formulas and lists of what may be varied."""

from collections.abc import Sequence
from pathlib import Path

from screening.layer.design import Known, Varied
from screening.layer.design import design as design_of
from screening.layer.designs import Around, Designs
from screening.phases.corrections import Energies
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.reactors.conditions import Conditions
from screening.thermo.sources import Own, load_snapshot

WT_PERCENT = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0)
LAYER_MG_PER_CM2 = (2.0, 5.0, 12.7)
ANODE_UM = (10.0, 20.0, 40.0)


def design(
    reactor: str,
    *,
    electrolyte: str = "Li6PS5Cl",
    wt_percent: Sequence[float] = WT_PERCENT,
    layer_mg_per_cm2: Sequence[float] = LAYER_MG_PER_CM2,
    anode_um: Sequence[float] = ANODE_UM,
    s_per_cm: float | None = None,
    shorted: Sequence[float] = (),
    held: Sequence[float] = (),
    rested: tuple[float, float, float] | None = None,
    around: Around | None = None,
    batch: int = 3,
    snapshot: str | Path | Snapshot = EMBEDDED,
    phases: Own = None,
    energies: str = Energies.CORRECTED,
) -> Designs:
    """Layers of a reactor by content, mass and lithium: networks, resistance, lithium, cost, energy, time.

    Parameters
    ----------
    reactor, electrolyte : str
    wt_percent, layer_mg_per_cm2, anode_um : sequences of float
        What is varied: reactor in the layer, mass of the layer, lithium that faces it.
    s_per_cm, shorted, held, rested
        What cells have told: see `screening.layer.design.Known`.
    around : Around, optional
        Separator and cathode.
    batch : int
        Cells to propose.
    snapshot, phases, energies
        As of `react`.

    Raises
    ------
    InputError
        If a compound is lacking, does not react, or no conductivity is known.

    Examples
    --------
    >>> found = design("LiAlCl4", wt_percent=[30, 50], layer_mg_per_cm2=[12.7], anode_um=[40])
    >>> found.to_frame()["metal_fraction"].round(3).tolist()
    [0.094, 0.151]
    """
    return design_of(
        load_snapshot(snapshot, phases, None, energies),
        reactor,
        Conditions(electrolyte=electrolyte),
        Varied(
            wt_percent=tuple(map(float, wt_percent)),
            layer_mg_per_cm2=tuple(map(float, layer_mg_per_cm2)),
            anode_um=tuple(map(float, anode_um)),
        ),
        known=Known(s_per_cm=s_per_cm, shorted=tuple(shorted), held=tuple(held), rested=rested),
        around=around,
        batch=batch,
    )
