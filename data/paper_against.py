"""Write docs/paper.md: each number of the founding paper on reactors and layers beside its prediction.

    python data/paper_against.py          # prints the table
    python data/paper_against.py --write  # writes it into docs/paper.md

Measured figures are those of H. Duan et al., Adv. Energy Mater. 13, 2300815 (2023), doi
10.1002/aenm.202300815; predictions come from the embedded snapshot and `screening.layer`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import screening as scr
from screening.campaign.document import CriterionValue
from screening.layer.conduction import effective_medium, hashin_shtrikman
from screening.layer.growth import Front, Slab
from screening.layer.network import SURE, Grains, Threshold
from screening.phases.composition import parse_formula
from screening.phases.library import EMBEDDED, open_snapshot
from screening.phases.snapshot import Snapshot
from screening.reactors.assessment import molar_volume_cm3

PAGE = Path(__file__).resolve().parents[1] / "docs" / "paper.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"

DIE_CM2 = np.pi / 4.0
"""10 mm."""

RESTED = {10: (400.0, False), 30: (133.4, False), 50: (80.0, True)}
"""Layer in mg by wt% LiAlCl4, and whether the cell shorted within two days."""

RELIEF = "electrolyte_relief_ev_per_atom"

REACTORS = ("LiAlCl4", "MgI2", "MgF2", "Li3HoCl6", "Li3YBr6", "Li10GeP2S12")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number of the paper beside its prediction."""

    what: str
    measured: str
    predicted: str
    verdict: str


def inside(value: float, low: float, high: float) -> str:
    """Whether a measured value lies in the predicted interval."""
    return "agrees" if low <= value <= high else "contradicts"


def conduction(snapshot: Snapshot) -> Iterator[Line]:
    """The mixture as milled."""
    volume = [_cm3_per_g(snapshot, name) for name in ("Li6PS5Cl", "LiAlCl4")]
    share, sigma = np.array(volume) / sum(volume), np.array([1e-3, 1.8e-5])
    low, high = (float(each) for each in hashin_shtrikman(share, sigma))
    levels = [Threshold.of(Grains().of_electrolyte).quantile(q) for q in (0.975, 0.5, 0.025)]
    least, middle, most = (float(effective_medium(share[0], *sigma, c)) for c in levels)
    measured = 1.7e-4
    yield Line(
        what="σ of 1:1 by mass Li6PS5Cl and LiAlCl4, S/cm (from 1·10⁻³ and 1.8·10⁻⁵)",
        measured=f"{measured:.1e}",
        predicted=f"{middle:.1e} ({least:.1e} to {most:.1e}; bounds {low:.1e} to {high:.1e})",
        verdict=inside(measured, least, most),
    )
    energies = 0.44, 0.46
    yield Line(
        what="activation energy of it, eV (from 0.44 and 0.46)",
        measured="0.47",
        predicted=f"{energies[0]} to {energies[1]}, as any mixture of the two",
        verdict="off by 0.01, with errors unknown: cannot tell",
    )


def networks(snapshot: Snapshot) -> Iterator[Line]:
    """Cells at rest with 10, 30 and 50 wt%."""
    designs = scr.design(
        "LiAlCl4", wt_percent=list(RESTED), layer_mg_per_cm2=[12.7], anode_um=[1000.0], snapshot=snapshot
    ).designs
    uptake = scr.lithiate("LiAlCl4", snapshot=snapshot)
    capacity = max(step.capacity_mah_per_g for step in uptake.steps if step.voltage_v >= 0.02)
    slabs = {wt: Slab.of(mg / DIE_CM2, float(wt), capacity, fronts=2) for wt, (mg, _) in RESTED.items()}
    front = Front.of_completion(slabs[50], 48.0)
    for design, (wt, (mg, shorted)) in zip(designs, RESTED.items(), strict=True):
        times = front.time_h(slabs[wt])
        chance = design.metal_chance
        answer = "yes" if chance >= SURE else "no" if chance <= 1.0 - SURE else "open"
        by = "" if wt == 50 else f"; by the 50 wt% cell through after 48 to {times.max():.0f} h at the latest"
        through = shorted or times.max() <= 48.0
        agreed = "agrees" if (answer == "yes") == shorted else "contradicts"
        yield Line(
            what=f"{wt} wt% ({mg:g} mg): short within 48 h",
            measured="yes" if shorted else "no",
            predicted=f"{answer}: {100 * design.metal_fraction:.1f} vol% metal, chance {chance:.0%}{by}",
            verdict="cannot tell" if answer == "open" or not through else agreed,
        )
    before = Threshold.of()
    yield Line(
        what="threshold of the metal between the 30 and the 50 wt% cell, if both had reacted, vol%",
        measured=f"{100 * designs[1].metal_fraction:.1f} to {100 * designs[2].metal_fraction:.1f}",
        predicted=before.words,
        verdict=inside(before.quantile(0.5), designs[1].metal_fraction, designs[2].metal_fraction),
    )


def layer_of_a_cell(snapshot: Snapshot) -> Iterator[Line]:
    """The 10 mg layer of the full cells."""
    density = 1.0 / sum(0.5 * _cm3_per_g(snapshot, name) for name in ("Li6PS5Cl", "LiAlCl4"))
    thickness = 10.0 / DIE_CM2 * 1e-3 / density * 1e4
    low, high = 0.9 * thickness, 1.1 * thickness / 0.85
    yield Line(
        what="thickness of 10 mg with 50 wt% on 10 mm, µm",
        measured="63",
        predicted=f"{thickness:.0f} ({low:.0f} to {high:.0f}: volumes to a tenth, pores to 15 %)",
        verdict=inside(63.0, low, high),
    )


def reactions() -> Iterator[Line]:
    """What each of the six forms, and whether its alloy relieves the electrolyte."""
    spelled_out = scr.screen(list(REACTORS), snapshot=EMBEDDED).results.document.reactors
    found = {reactor.formula: reactor for reactor in spelled_out}
    for name in REACTORS:
        one = found[name]
        metal = one.criteria["metal_volume_fraction"].value or 0.0
        drive, relief = (one.criteria[key] for key in ("driving_force_ev_per_ion", RELIEF))
        products = list(one.products_li_excess)
        if name == "LiAlCl4":
            yield Line(
                what="LiAlCl4 after two days with lithium, by X-rays",
                measured="LiAlCl4 gone, LiCl there",
                predicted=", ".join(products),
                verdict="agrees" if "LiCl" in products and name not in products else "contradicts",
            )
        yield Line(
            what=f"{name}: reacts at rest",
            measured="yes",
            predicted=f"{_with_interval(drive)} eV/Li; {one.alloy or 'no alloy'}",
            verdict=_sign(drive, -1.0),
        )
        none = "no metal that holds lithium: no question of energies"
        yield Line(
            what=f"{name}: cell runs (efficiency above 92 %); the layer is to relieve Li6PS5Cl",
            measured="yes",
            predicted=f"relief {_with_interval(relief)} eV/atom; {100 * metal:.1f} vol% metal",
            verdict=_sign(relief, 1.0) if relief.value else f"cannot tell ({none})",
        )


def _with_interval(criterion: CriterionValue) -> str:
    """A criterion with its 95 % interval."""
    if criterion.within_95 is None:
        return f"{criterion.value:.2f}"
    low, high = criterion.within_95.low, criterion.within_95.high
    return f"{criterion.value:.2f} ({low:.2f} to {high:.2f})"


def _sign(criterion: CriterionValue, wanted: float) -> str:
    """Whether a criterion has the wanted sign over all of its interval."""
    assert criterion.within_95 is not None
    ends = sorted(wanted * end for end in (criterion.within_95.low, criterion.within_95.high))
    return "agrees" if ends[0] > 0.0 else "cannot tell" if ends[1] > 0.0 else "contradicts"


def unpredicted() -> Iterator[Line]:
    """Numbers that no part of the package predicts."""
    for what, measured in (
        ("τ2 and τ3 gone after, h", "18"),
        ("symmetric cell, 0.5 mA/cm², 0.5 mAh/cm², h", "1500 (without layer 20)"),
        ("symmetric cell, 3 mA/cm², 3 mAh/cm², h", "500"),
        ("first discharge of LiCoO2, mAh/g", "137.5"),
        ("first Coulombic efficiency, %", "96"),
        ("retention over 100 cycles at 0.3C, %", "71"),
    ):
        yield Line(what=what, measured=measured, predicted="none", verdict="no prediction")


def _cm3_per_g(snapshot: Snapshot, name: str) -> float:
    formula = parse_formula(name)
    return molar_volume_cm3(snapshot, formula) / formula.molar_mass_g


def table() -> str:
    """The table in Markdown."""
    snapshot = open_snapshot()
    lines = [
        *conduction(snapshot),
        *networks(snapshot),
        *layer_of_a_cell(snapshot),
        *reactions(),
        *unpredicted(),
    ]
    head = "| what | measured | predicted (95 % interval where one stands) | verdict |\n|---|---|---|---|"
    rows = [f"| {line.what} | {line.measured} | {line.predicted} | {line.verdict} |" for line in lines]
    return "\n".join([head, *rows])


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put it into docs/paper.md")
    if not parser.parse_args().write:
        print(table())
        return
    page = PAGE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
