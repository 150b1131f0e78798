"""The energy of a structure of one's own, by machine-learned potentials (extra ``mlip``)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screening.display import Displayed, Table
from screening.errors import InputError
from screening.phases.additions import AddedPhase
from screening.phases.atlas import Z_95
from screening.phases.corrections import Energies
from screening.phases.library import EMBEDDED
from screening.phases.snapshot import Snapshot
from screening.phases.user_phases import read_phases
from screening.provenance import Provenance
from screening.thermo.compositions import Compositions
from screening.thermo.intervals import Interval
from screening.thermo.lines import assemblages
from screening.thermo.marks import stamp
from screening.thermo.sources import load_snapshot

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Estimate(Displayed):
    """What two potentials say of a structure, on the scale of a snapshot.

    Attributes
    ----------
    phase : AddedPhase
        Its energy of formation with method and both potentials' energies of mixing.
    above_hull_ev_per_atom : float
        Above the stable phases at its composition; negative: below all others.
    provenance : Provenance
    """

    phase: AddedPhase
    above_hull_ev_per_atom: float
    provenance: Provenance

    @property
    def above_hull_95_ev_per_atom(self) -> Interval:
        """Where that lies in 95 % of all cases, the stable phases taken as the snapshot has them."""
        half = Z_95 * self.phase.uncertainty_ev_per_atom
        return Interval(self.above_hull_ev_per_atom - half, self.above_hull_ev_per_atom + half)

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        low, high = self.above_hull_95_ev_per_atom
        return {
            "formula": self.phase.formula.text,
            "formation_energy_ev_per_atom": self.phase.formation_energy_ev_per_atom,
            "uncertainty_ev_per_atom": self.phase.uncertainty_ev_per_atom,
            "above_hull_ev_per_atom": self.above_hull_ev_per_atom,
            "above_hull_low_ev_per_atom": low,
            "above_hull_high_ev_per_atom": high,
            "volume_per_atom_a3": self.phase.volume_per_atom_a3,
            "origin": str(self.phase.origin),
        }

    def to_frame(self) -> "pd.DataFrame":
        """One row."""
        import pandas as pd

        return pd.DataFrame([self.as_dict()])

    def display(self) -> Table:
        """The same, the method below."""
        rows = [{"": name.replace("_", " "), "value": value} for name, value in self.as_dict().items()]
        return Table(self.phase.formula.text, rows, (self.phase.note, self.provenance.line()))


def estimate(
    structure: str | Path, *, snapshot: str | Path | Snapshot = EMBEDDED, energies: str = Energies.CORRECTED
) -> Estimate:
    """Relax a structure (CIF) and give its energy of formation: what ``phases="my.cif"`` adds to a hull.

    Parameters
    ----------
    structure : str or Path
    snapshot, energies
        As of `react`.

    Raises
    ------
    InputError
        If it is no CIF or the potentials give no number; see `screening.phases.potentials.estimate`.
    """
    path = Path(structure)
    if path.suffix.lower() != ".cif":
        raise InputError("no CIF", where=str(path), remedy="give a structure, file.cif")
    opened = load_snapshot(snapshot, energies=energies)
    (phase,) = read_phases(path, opened)
    hull = assemblages(opened, Compositions.of([phase.formula])).energy_ev_per_atom[0]
    return Estimate(
        phase=phase,
        above_hull_ev_per_atom=phase.formation_energy_ev_per_atom - float(hull),
        provenance=stamp(opened),
    )
