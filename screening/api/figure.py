"""Figure 1 of the founding paper for any compound: its reactions, those at the electrolyte, its staircase."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import numpy as np

from screening.api.interfaces import Source, lithiate, react, source_snapshot
from screening.display import Displayed, Table
from screening.phases.composition import parse_reactant, same_composition, symbol
from screening.phases.corrections import Energies
from screening.phases.snapshot import Snapshot
from screening.provenance import Provenance
from screening.reactors.anode import find_anode
from screening.reactors.reduction import ScreeningContext, reduce
from screening.reactors.settings import Conditions
from screening.thermo.interface import InterfaceReaction, InterfaceReactions, Kink
from screening.thermo.intervals import bounds, written
from screening.thermo.lithiation import Lithiation

if TYPE_CHECKING:
    import pandas as pd

ENERGY = "reaction energy (eV/atom)"

AUTO = "auto"
"""The alloy that a study would take: the first on the staircase of the compound."""


@dataclass(frozen=True, kw_only=True)
class FigureOne(Displayed):
    """Figures 1A and 1F of doi 10.1002/aenm.202300815 for one compound, and its staircase.

    Attributes
    ----------
    compound, anode, electrolyte : str
    alloy : str
        Empty where there is none.
    with_compound : InterfaceReactions
        Anode and alloy against the compound: 1A.
    with_electrolyte : InterfaceReactions
        Both against the electrolyte: 1F; the same curves, hence not drawn, where that is the compound.
    staircase : Lithiation
    reference : InterfaceReaction or None
        Anode against a compound to compare with.
    """

    plotter: ClassVar[str] = "screening.plots.figure_one:plot_figure_one"
    is_figure: ClassVar[bool] = True

    compound: str
    anode: str
    alloy: str
    electrolyte: str
    with_compound: InterfaceReactions
    with_electrolyte: InterfaceReactions
    staircase: Lithiation
    reference: InterfaceReaction | None = None

    @property
    def provenance(self) -> Provenance:
        """Of the snapshot."""
        return self.staircase.provenance

    @property
    def panels(self) -> dict[str, tuple[InterfaceReaction, ...]]:
        """Curves of each panel, the one to compare with among those of 1A."""
        return {
            "1A": (*self.with_compound, *([self.reference] if self.reference else [])),
            **({} if self.is_electrolyte else {"1F": tuple(self.with_electrolyte)}),
        }

    @property
    def is_electrolyte(self) -> bool:
        """Whether the compound is the electrolyte itself."""
        return same_composition(*(parse_reactant(each).unit for each in (self.compound, self.electrolyte)))

    def to_frame(self) -> "pd.DataFrame":
        """All kinks of all curves with their panel."""
        import pandas as pd

        frames = [r.to_frame().assign(figure=name) for name, curves in self.panels.items() for r in curves]
        return pd.concat(frames, ignore_index=True)

    def display(self, axis: str = "molar") -> Table:
        """Lowest energy and end rich in the anode of each curve; marks and the stamp below."""
        return Table(
            f"{self.compound}: Figure 1, {self.anode} and {self.alloy or 'no alloy'}, {self.electrolyte}",
            self._summary(axis, told=True).map(
                lambda cell: f"{cell:.4g}" if isinstance(cell, float) else cell
            ),
            (
                *self._notes(),
                *((f"{self.compound} is the electrolyte: 1F is 1A",) if self.is_electrolyte else ()),
                *(() if self.alloy else ("no alloy drawn: name one with --alloy (alloy= in Python)",)),
                self.provenance.line(),
            ),
        )

    def _summary(self, axis: str, *, told: bool = False) -> "pd.DataFrame":
        """Minima and ends; energies as numbers, or as tables tell them."""
        import pandas as pd

        from screening.report.workbook import ends, pair_name

        def energies(kink: Kink) -> dict[str, Any]:
            energy, within = kink.total_ev_per_atom, kink.total_95_ev_per_atom
            if told:
                return {ENERGY: written(energy, within, None, 3), "95 %": bounds(within, None)}
            return {ENERGY: energy, **ends(ENERGY, within)}

        def row(name: str, curve: InterfaceReaction, kink: Kink, what: str) -> dict[str, Any]:
            reaction = curve.starred(kink.reaction) if told else kink.reaction
            return {
                "figure": name,
                "pair": pair_name(curve),
                "at": what if curve.reacts else "",
                f"x ({axis})": kink.x(axis) if curve.reacts else "" if told else None,
                **energies(kink),
                "reaction": reaction if curve.reacts else "no reaction",
            }

        rows = []
        for name, curves in self.panels.items():
            for curve in curves:
                rows.append(row(name, curve, curve.minimum, "minimum"))
                if curve.end_at_excess_a is not curve.minimum:
                    rows.append(row(name, curve, curve.end_at_excess_a, f"excess {curve.a}"))
        return pd.DataFrame(rows)

    def sheets(self) -> dict[str, "pd.DataFrame"]:
        """Tables of the workbook by the name of their sheet."""
        import pandas as pd

        from screening.report.workbook import curve_table, ends, heading

        steps = [
            {
                "Voltage (V)": step.voltage_v,
                **ends("Voltage (V)", step.voltage_95_v),
                "Uptake per formula": step.uptake_per_formula,
                "Capacity (mAh/g)": step.capacity_mah_per_g,
                "Reaction": step.reaction,
            }
            for step in self.staircase.steps
        ]
        return {
            "Summary": self._summary("molar").rename(columns=heading),
            **{f"Figure {name} data": curve_table(curves) for name, curves in self.panels.items()},
            "Staircase": pd.DataFrame(steps),
            "Notes": pd.DataFrame({"Note": self._notes()}),
        }

    def _notes(self) -> tuple[str, ...]:
        """Marks, cautions and intervals of all panels and the staircase, each once."""
        shown = (self.with_compound, *(() if self.is_electrolyte else (self.with_electrolyte,)))
        told = (note for each in shown for note in each.display().notes[:-1])
        return tuple(dict.fromkeys((*told, *self.staircase.cautions)))

    def save(self, path: str | Path, **options: Any) -> None:
        """Write the workbook (.xlsx), the table of kinks (.csv, .parquet) or the figure into one file."""
        if Path(path).suffix.lower() != ".xlsx":
            super().save(path, **options)
            return
        from screening.report.workbook import write_book

        write_book(Path(path), self.sheets(), self.provenance)


def figure_1(
    compound: str,
    electrolyte: str = "Li6PS5Cl",
    *,
    anode: str = "Li",
    alloy: str = AUTO,
    reference: str = "",
    **source: Unpack[Source],
) -> FigureOne:
    """Figures 1A and 1F of the founding paper for a compound of one's own, and its staircase.

    Parameters
    ----------
    compound, electrolyte : str
        Formulas, mixtures or usual short names.
    anode : str
        A metal, or an alloy of one.
    alloy : str
        Beside the anode; ``auto``: as in a study, and none beside what is no phase; empty: none.
    reference : str
        A compound whose curve with the anode is drawn in grey.
    **source
        As of `react`.

    Raises
    ------
    InputError
        If the snapshot lacks a formula.

    Examples
    --------
    >>> figure_1("LiAlCl4").alloy
    'LiAl'
    """
    held, energies = source_snapshot(**source), source.get("energies", Energies.CORRECTED)
    given: Source = {"snapshot": held, "energies": energies, "at_hull": source.get("at_hull", False)}
    element = symbol(find_anode(held, anode).mobile)
    if alloy == AUTO:
        alloy = _alloy(held, compound, Conditions(anode=anode, electrolyte=electrolyte))
    ends = [*filter(None, (anode, alloy))]
    return FigureOne(
        compound=compound,
        anode=anode,
        alloy=alloy,
        electrolyte=electrolyte,
        with_compound=react(ends, [compound], **given),
        with_electrolyte=react(ends, [electrolyte], **given),
        staircase=lithiate(compound, element=element, **given),
        reference=react(anode, reference, **given) if reference else None,
    )


def _alloy(snapshot: Snapshot, compound: str, conditions: Conditions) -> str:
    """The alloy that a study would take, empty where the compound leaves none, or is no phase."""
    reactant = parse_reactant(compound)
    phase = snapshot.find(reactant.unit) if len(reactant.parts) == 1 else None
    if phase is None:
        return ""
    found = int(reduce(ScreeningContext.of(snapshot, conditions), np.array([phase])).alloy[0])
    return str(snapshot.phases.formula[found]) if found >= 0 and found != phase else ""
