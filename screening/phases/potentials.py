"""Energy of a structure of one's own by machine-learned potentials (extra ``mlip``).

As in the atlas (see `screening.phases.atlas`), two independent potentials relax the structure, and only its
energy of mixing from salts that the snapshot has and the same potentials have relaxed joins the hull. Torch
and the potentials, whose weights lie in their packages, are imported when a structure is given, not before.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import numpy as np

from screening.errors import InputError
from screening.phases.additions import AddedPhase, Origin
from screening.phases.atlas import Z_95
from screening.phases.composition import Formula, parse_formula
from screening.phases.snapshot import Snapshot

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

FIRST = "CHGNet 0.3.0"
SECOND = "7net-MF-0 R2SCAN"
MODELS = (FIRST, SECOND)
"""Potentials by B. Deng et al. (2023), doi 10.1038/s42256-023-00716-3, and Y. Park et al. (2024), doi
10.1021/acs.jctc.4c00190; of the second its channel for r2SCAN."""

SALTS_FILE = "relaxed_salts.csv"

FORCE_EV_PER_A = 0.05
"""Largest force (and stress, as force on the cell) at which a structure is relaxed."""

FIRST_STEPS = 40
MOST_STEPS = 80

MOST_ATOMS = 80
"""Of a primitive cell; a larger one takes minutes."""

MOST_ORDERINGS = 5_000
"""Ways to fill partly occupied sites that are gone through."""

WHOLE = 0.02
"""Occupancies are rounded to thousandths: counts of atoms this near to a whole number are one."""

DISAGREE_EV_PER_ATOM = 0.05
"""Potentials that differ by more give no number."""

HELD_OUT_EV_PER_ATOM = 0.036
"""Half width of the 95 % interval of energies of mixing, from phases that the snapshot has."""


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """A structure relaxed by one potential.

    Attributes
    ----------
    model : str
    energy_ev_per_atom : float
        Total energy, comparable within the model alone.
    volume_a3_per_atom : float
    steps : int
    converged : bool
    """

    model: str
    energy_ev_per_atom: float
    volume_a3_per_atom: float
    steps: int
    converged: bool


@cache
def calculator(model: str) -> Any:
    """A potential as a calculator of ASE, on one thread's worth of processor.

    Raises
    ------
    InputError
        If its package is not installed.
    """
    try:
        with catch_warnings():
            simplefilter("ignore")
            if model == FIRST:
                from chgnet.model import CHGNet, CHGNetCalculator

                net = CHGNet.load(model_name="0.3.0", use_device="cpu", verbose=False)
                return CHGNetCalculator(net, use_device="cpu")
            from sevenn.calculator import SevenNetCalculator

            return SevenNetCalculator("7net-mf-0", modal="R2SCAN", device="cpu")
    except ImportError as error:
        raise _lacking(error) from None


def _lacking(error: ImportError) -> InputError:
    return InputError(
        f"a structure needs machine-learned potentials ({error.name} is not installed)",
        remedy="pip install torch for CPU, then 'interphase-screening[mlip]'; or give a formation energy",
    )


def _atoms(cell: "Structure") -> "Atoms":
    """A cell for the potentials, its symmetry broken a little."""
    try:
        from ase import Atoms
    except ImportError as error:
        raise _lacking(error) from None
    atoms = Atoms([str(site.specie.symbol) for site in cell], cell=cell.lattice.matrix, pbc=True)
    atoms.set_scaled_positions(cell.frac_coords)
    atoms.rattle(0.01, seed=0)
    return atoms


def relax(model: str, atoms: "Atoms", *, fresh: bool) -> Relaxed:
    """Relax cell and places of a structure, which is changed.

    Parameters
    ----------
    model : str
    atoms : ase.Atoms
    fresh : bool
        Whether it may be far from its minimum, where the quasi-Newton search leaps.
    """
    from ase.filters import FrechetCellFilter
    from ase.optimize import FIRE, LBFGS

    atoms.calc = calculator(model)
    if fresh:
        gentle = FIRE(FrechetCellFilter(atoms), logfile=None, maxstep=0.1)
        gentle.run(fmax=10.0 * FORCE_EV_PER_A, steps=FIRST_STEPS)
    search = LBFGS(FrechetCellFilter(atoms), logfile=None, maxstep=0.1)
    converged = bool(search.run(fmax=FORCE_EV_PER_A, steps=MOST_STEPS))
    return Relaxed(
        model=model,
        energy_ev_per_atom=float(atoms.get_potential_energy()) / len(atoms),
        volume_a3_per_atom=float(atoms.get_volume()) / len(atoms),
        steps=int(search.nsteps),
        converged=converged,
    )


def estimate(structure: "Structure", snapshot: Snapshot, where: str) -> AddedPhase:
    """Energy of a structure on the scale of a snapshot.

    Parameters
    ----------
    structure : pymatgen Structure
        Of compounds between the salts that the potentials have relaxed (``relaxed_salts.csv``). Where sites
        are partly occupied, the ordering of lowest electrostatic energy counts.
    snapshot : Snapshot
    where : str
        For messages.

    Returns
    -------
    AddedPhase
        Machine-learned, with what such energies were off by where the snapshot has the phase.

    Raises
    ------
    InputError
        If it cannot be ordered, is too large, lies outside the salts, does not relax, or if the potentials
        differ by more than `DISAGREE_EV_PER_ATOM`.
    """
    ordered = _ordered(structure, where)
    formula = parse_formula(ordered.composition.reduced_formula)
    salts, share = _salts_of(formula, snapshot, where)
    of_salts, atoms = _relaxed_salts(), _atoms(ordered)
    found: list[Relaxed] = []
    for model in MODELS:
        found.append(relax(model, atoms, fresh=not found))
        if not found[-1].converged:
            raise InputError(
                f"{formula.text} does not relax by {model}", where=where, remedy="check the structure"
            )
    mixing = [
        each.energy_ev_per_atom - float(share @ [of_salts[text][each.model] for text in salts])
        for each in found
    ]
    told = ", ".join(f"{model} {1000 * each:+.1f}" for model, each in zip(MODELS, mixing, strict=True))
    spread = float(np.ptp(mixing))
    if spread > DISAGREE_EV_PER_ATOM:
        raise InputError(
            f"the potentials disagree about {formula.text}: mixing {told} meV/atom",
            where=where,
            remedy="calculate it, and give its formation energy",
        )
    energy, sd = _mixture(snapshot, salts, share)
    half = max(HELD_OUT_EV_PER_ATOM, spread)
    return AddedPhase(
        formula,
        energy + float(np.mean(mixing)),
        math.hypot(sd, half / Z_95),
        f"{' + '.join(salts)} at their energies, and their mixing by two machine-learned potentials ({told} "
        f"meV/atom), 95 % within {1000 * half:.0f} ({where})",
        volume_per_atom_a3=found[0].volume_a3_per_atom,
        origin=Origin.MACHINE_LEARNED,
    )


def _mixture(snapshot: Snapshot, salts: list[str], share: np.ndarray) -> tuple[float, float]:
    """Energy of unmixed salts and its standard deviation, eV/atom."""
    of_salts = [snapshot.find(parse_formula(text)) for text in salts]
    rows = [i for i in of_salts if i is not None]  # all of them, by `_salts_of`
    phases = snapshot.phases
    energy = share @ phases.formation_energy_ev_per_atom[rows]
    return float(energy), float(share @ phases.uncertainty_ev_per_atom[rows])


@cache
def _relaxed_salts() -> dict[str, dict[str, float]]:
    """Total energies (eV/atom) of salts by the potentials."""
    import pandas as pd

    with files("screening.phases").joinpath(SALTS_FILE).open("r", encoding="utf-8") as stream:
        table = pd.read_csv(stream, comment="#").set_index("formula")
    return {str(text): {model: float(row[model]) for model in MODELS} for text, row in table.iterrows()}


def _salts_of(formula: Formula, snapshot: Snapshot, where: str) -> tuple[list[str], np.ndarray]:
    """Salts of lowest energy that make up a composition, with their atomic shares."""
    from scipy.optimize import linprog

    numbers, columns, names, energy = formula.atomic_numbers, [], [], []
    for text in _relaxed_salts():
        salt = parse_formula(text)
        phase = snapshot.find(salt) if set(salt.atomic_numbers) <= set(numbers) else None
        if phase is not None:
            of: Mapping[int, float] = dict(zip(salt.atomic_numbers, salt.fractions, strict=True))
            columns.append([of.get(z, 0.0) for z in numbers])
            names.append(text)
            energy.append(float(snapshot.phases.formation_energy_ev_per_atom[phase]))
    found = linprog(energy, A_eq=np.transpose(columns), b_eq=formula.fractions) if names else None
    if found is None or not found.success:
        known = ", ".join(names) or "none"
        raise InputError(
            f"{formula.text} is not made of salts that the potentials have relaxed (here: {known})",
            where=where,
            remedy="calculate it, and give its formation energy",
        )
    used = np.flatnonzero(found.x > 1e-9)
    return [names[i] for i in used], found.x[used]


def _ordered(structure: "Structure", where: str) -> "Structure":
    """The primitive cell, or its ordering of lowest electrostatic energy.

    Raises
    ------
    InputError
        If it cannot be ordered in its own cell, or is too large.
    """
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    cell = structure
    if structure.is_ordered:  # a cell with partly occupied sites is as large as it has to be to fill them
        cell = SpacegroupAnalyzer(structure, symprec=0.01).find_primitive() or structure
    if len(cell) > MOST_ATOMS:
        raise _too_large(cell, where)
    if not cell.is_ordered:
        cell = _ordering(cell, where)
    if not cell.is_valid():
        raise InputError("atoms lie on top of each other", where=where, remedy="correct the structure")
    return cell


def _too_large(cell: "Structure", where: str) -> InputError:
    return InputError(
        f"{len(cell)} sites in the cell, at most {MOST_ATOMS}", where=where, remedy="give a smaller cell"
    )


def _ordering(cell: "Structure", where: str) -> "Structure":
    from pymatgen.transformations.standard_transformations import OrderDisorderedStructureTransformation

    partly = Counter(str(site.species) for site in cell if not site.is_ordered)
    sets = {str(site.species): site.species for site in cell if not site.is_ordered}
    ways = 1
    for text, n in partly.items():
        counts = [float(share) * n for share in sets[text].as_dict().values()]
        uneven = [count for count in counts if abs(count - round(count)) > WHOLE]
        if uneven:
            raise InputError(
                f"{n} sites hold {text}, no whole number of atoms",
                where=where,
                remedy="give an ordered cell, such as a supercell",
            )
        ways *= math.prod(math.comb(n, round(count)) for count in counts)
    if ways > MOST_ORDERINGS:
        raise InputError(
            f"partly occupied sites can be filled in {ways} ways, at most {MOST_ORDERINGS}",
            where=where,
            remedy="give an ordered cell",
        )
    with catch_warnings():
        simplefilter("ignore")
        charged = cell.copy()
        try:
            charged.add_oxidation_state_by_guess()
            found: Any = OrderDisorderedStructureTransformation().apply_transformation(charged)
        except (ValueError, TypeError, IndexError) as error:
            raise InputError(
                f"partly occupied sites cannot be filled by their charges ({error})",
                where=where,
                remedy="give an ordered cell",
            ) from None
    ordered: Structure = found.remove_oxidation_states()
    return ordered
