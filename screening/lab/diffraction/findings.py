"""What powder patterns say about phases: findings, and how they show themselves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import nan
from typing import Any

import pandas as pd

from screening.display import Displayed, Group, Table
from screening.files import json_ready, records
from screening.lab.diffraction.fit import Fit
from screening.provenance import Provenance

SHOWN_PEAKS = 8
"""Unexplained lines shown; the files hold them all."""


POLYMORPH_SHARE = 0.2
"""Where so strong a line is nobody's, a phase called absent may be there in another form."""

ONE_STRUCTURE = (
    "absent is the structure that was looked for: another polymorph of it is another phase (give its --cif)"
)


class Presence(StrEnum):
    """What a pattern says about a phase."""

    SEEN = "seen"
    ABSENT = "absent"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True)
class PhaseFinding:
    """What a pattern says about one phase.

    Attributes
    ----------
    name : str
    presence : Presence
    reason : str
    share, share_sd : float
        Area of its strongest line over that of the strongest line of the pattern, and standard deviation;
        NaN for a phase that is not seen.
    share_limit : float
        95 % upper limit of that share.
    lines_seen, lines_expected : int
        Strong lines found by themselves, of those that could be found.
    strain : float
        Elongation of its lattice against the reference, relative.
    fwhm_deg : float
        Width of its lines at 2θ = 0.
    source : str
        Of the reference.
    """

    name: str
    presence: Presence
    reason: str
    share: float = nan
    share_sd: float = nan
    share_limit: float = nan
    lines_seen: int = 0
    lines_expected: int = 0
    strain: float = nan
    fwhm_deg: float = nan
    source: str


@dataclass(frozen=True)
class Peak:
    """A line that none of the phases explains: position, and height over the pattern's strongest."""

    two_theta_deg: float
    share: float


@dataclass(frozen=True, eq=False)
class Identification(Displayed):
    """All findings of one pattern.

    Attributes
    ----------
    fit : Fit
    phases : tuple of PhaseFinding
        In the order asked for.
    unexplained : tuple of Peak
        Strongest first.
    without_structure : tuple of str
        Phases that were asked for, but not looked for: no structure is at hand.
    provenance : Provenance or None
        Stamp of the file; None for a pattern of values in memory.
    """

    plotter = "screening.plots.diffraction:plot_identifications"

    fit: Fit
    phases: tuple[PhaseFinding, ...]
    unexplained: tuple[Peak, ...]
    without_structure: tuple[str, ...] = ()
    provenance: Provenance | None = None

    def _unexplained_is_strong(self) -> bool:
        return any(peak.share > POLYMORPH_SHARE for peak in self.unexplained)

    def of(self, name: str) -> PhaseFinding:
        """Finding of one phase."""
        return next(each for each in self.phases if each.name == name)

    def to_frame(self) -> pd.DataFrame:
        """One row per phase."""
        return pd.DataFrame([vars(each) | {"presence": str(each.presence)} for each in self.phases])

    def display(self) -> Table:
        """One row per phase; lines of none of them below."""
        fit = self.fit
        rows = [
            {
                "phase": each.name,
                "verdict": str(each.presence),
                "share": f"{each.share:.1%} ± {each.share_sd:.1%}" if each.share == each.share else "–",
                "why": each.reason,
            }
            for each in self.phases
        ]
        peaks = [f"{peak.two_theta_deg:.2f}° ({peak.share:.0%})" for peak in self.unexplained[:SHOWN_PEAKS]]
        lacking = ", ".join(self.without_structure)
        absent = any(each.presence is Presence.ABSENT for each in self.phases)
        notes = [
            *([f"not read: {fit.pattern.not_read}"] if fit.pattern.not_read else []),
            *([f"lines of none of these: {', '.join(peaks)}"] if peaks else []),
            *([ONE_STRUCTURE] if absent and self._unexplained_is_strong() else []),
            "share: strongest line of the phase over the strongest of the pattern; no weight fraction",
            *([f"no structure at hand, not looked for (give --cif): {lacking}"] if lacking else []),
            *([] if self.provenance is None else [self.provenance.line()]),
        ]
        low, high = fit.pattern.range_deg
        caption = f"{fit.pattern.name}: {low:g} to {high:g}° 2θ, R_wp {fit.weighted_profile_residual:.1%}, "
        caption += f"{fit.pattern.wavelength_a:.5g} Å {fit.pattern.wavelength_from}"
        return Table(caption, pd.DataFrame(rows), tuple(notes))

    def as_dict(self) -> dict[str, Any]:
        """Content for JSON."""
        content = {
            "file": self.fit.pattern.name,
            "wavelength_a": self.fit.pattern.wavelength_a,
            "wavelength_from": self.fit.pattern.wavelength_from,
            "not_read": self.fit.pattern.not_read,
            "range_deg": self.fit.pattern.range_deg,
            "displacement_deg": self.fit.displacement_deg,
            "weighted_profile_residual": self.fit.weighted_profile_residual,
            "phases": records(self.to_frame()),
            "unexplained": [asdict(peak) for peak in self.unexplained],
            "without_structure": self.without_structure,
            "provenance": None if self.provenance is None else self.provenance.as_dict(),
        }
        return dict(json_ready(content))

    def contents(self) -> Mapping[str, Any]:
        """Findings, the fit and the figure."""
        return Identifications((self,), self.provenance).contents()


@dataclass(frozen=True, eq=False, repr=False)
class Identifications(Group[Identification]):
    """Findings of several patterns.

    Attributes
    ----------
    items : tuple of Identification
    provenance : Provenance or None
        Stamp of all files.
    """

    plotter = "screening.plots.diffraction:plot_identifications"

    provenance: Provenance | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per phase and pattern."""
        return pd.concat(
            [each.to_frame().assign(file=each.fit.pattern.name) for each in self.items], ignore_index=True
        )

    def display(self) -> Table:
        """One row per phase, a column of verdicts per pattern."""
        verdicts = {e.fit.pattern.name: {f.name: str(f.presence) for f in e.phases} for e in self.items}
        frame = pd.DataFrame(verdicts).rename_axis("phase").reset_index()
        held = {e.fit.pattern.name: e.fit.pattern.not_read for e in self.items if e.fit.pattern.not_read}
        notes = [f"{name}: not read: {what}" for name, what in held.items()]
        return Table("", frame, (*notes, *(() if self.provenance is None else (self.provenance.line(),))))

    def contents(self) -> Mapping[str, Any]:
        """Findings, the fits and the figure."""
        fits = [each.fit.to_frame().assign(file=each.fit.pattern.name) for each in self.items]
        return {
            "phases.csv": self.to_frame(),
            "fit.csv": pd.concat(fits, ignore_index=True),
            "xrd.png": self.plot,
        }
