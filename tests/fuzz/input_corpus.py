"""Formulas, mixtures and studies as a user types them; `fuzz_readers.py` damages them."""

import math
from collections.abc import Callable
from pathlib import Path

FORMULAS = (
    *("LiAlCl4", "Li6PS5Cl", "Li5.5PS4.5Cl1.5", "Li3.25Ge0.25P0.75S4", "Ca(OH)2", "[Co(NH3)6]Cl3", "LNMO"),
    *("LiAlCl4@50wt+Li6PS5Cl@50wt", "LiCl@30wt+Li3PS4@70wt", "Li₆PS₅Cl", "Li(Ni0.8Co0.1Mn0.1)O2"),
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "studies.md"
STUDY = DOCUMENT.read_text("utf-8").partition('title="my-study.toml"\n')[2].partition("```")[0]
"""Every key that a study has, without the file of formulas beside it."""

FILES: dict[str, dict[str, bytes]] = {
    "formula": {f"{number}.txt": formula.encode() for number, formula in enumerate(FORMULAS)},
    "study": {
        "whole.toml": "".join(line for line in STUDY.splitlines(True) if "mine.csv" not in line).encode(),
        "short.toml": b'name = "short"\n[candidates]\nformulas = ["LiAlCl4", "MgF2", "LNMO"]\n',
    },
}


def _formula(path: Path) -> None:
    """What is accepted has finite positive amounts and a mass."""
    from screening.phases.composition import parse_reactant

    unit = parse_reactant(path.read_text("utf-8", errors="surrogateescape")).unit
    assert unit.amounts
    assert all(math.isfinite(amount) and amount > 0 for amount in (*unit.amounts, unit.molar_mass_g))


def reader(name: str) -> Callable[[Path], object]:
    """Function that takes a file of `name` as the command line would."""
    from screening.campaign.study import read_study

    return {"formula": _formula, "study": read_study}[name]
