"""Gibbs energies of solids from their volume: a snapshot at a temperature other than 0 K."""

import json
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from screening.errors import InputError
from screening.phases.additions import Origin
from screening.phases.composition import atomic_masses_g, parse_formula, symbol
from screening.phases.corrections import AT_0_K, is_corrected, molecule_rows, rows_of, thermal_ev_per_atom
from screening.phases.manifest import Manifest
from screening.phases.snapshot import Phases, Snapshot

LOWEST_K, HIGHEST_K = 300.0, 2000.0
"""Range over which the descriptor was fitted and the elements are tabulated."""

ROOM_K, ROUNDING_K = 298.15, 0.2
"""Room temperature counts as the lowest: the Gibbs energies of the two differ by less than 1 meV/atom."""

CELSIUS_K = 273.15

SISSO_ERROR_EV_PER_ATOM = 0.050
"""Error of the descriptor's Gibbs energies, about 50 meV/atom against experiment (Bartel et al. 2018)."""

GIBBS_ENERGIES = "Gibbs energies at"
"""What the energy scheme of a snapshot at a temperature says."""

CITE = "C. J. Bartel et al., Nat. Commun. 9, 4168 (2018), doi:10.1038/s41467-018-06682-4"

_NAMED_AT_MOST = 5


def at_temperature(snapshot: Snapshot, temperature_k: float) -> Snapshot:
    """The same phases with Gibbs energies of formation instead of formation enthalpies at 0 K.

    ΔG_f(T) = ΔH_f + G^δ(V, m, T) − Σ x_i G_i(T) for a compound; elements are 0 at every temperature by
    definition, and their G_i are tabulated. V is the volume per atom (Å³), m the reduced mass (g/mol), and

        G^δ = (−2.48e−4 ln V − 8.94e−5 m/V) T + 0.181 ln T − 0.882   eV/atom.

    Common gases (H2O, CO2, NH3 and the like), for which a descriptor of solids means nothing, take measured
    values instead. Tables and rules are pymatgen's, so that its class gives the same numbers. A user's own
    energy of a gas counts as its enthalpy, though not a calculation beside uncorrected ones. In a corrected
    snapshot (see `corrections`) gases rest on its enthalpies, and each molecular unit of a solid adds what
    measured entropies say that the descriptor leaves out, growing in proportion to T: 7 kJ/mol per hydroxide
    and 8 per water of hydration at 298 K. Compounds bring the descriptor's error, about 50 meV/atom, into
    their uncertainty; it does not cancel between phases as errors of the calculated enthalpies do.

    Parameters
    ----------
    snapshot : Snapshot
        At 0 K.
    temperature_k : float
        From 300 to 2000 K.

    Returns
    -------
    Snapshot
        Elements whose G_i is not tabulated are left out with all their compounds; the manifest's details
        name them.

    Raises
    ------
    InputError
        If the temperature is out of range, a phase has no volume, or the snapshot is not at 0 K.

    References
    ----------
    C. J. Bartel et al., Nat. Commun. 9, 4168 (2018), doi:10.1038/s41467-018-06682-4.
    """
    temperature_k = _in_range(temperature_k)
    scheme = snapshot.manifest.energy_scheme
    if not scheme.endswith(AT_0_K):
        raise InputError(
            f"snapshot {snapshot.manifest.name} is not at 0 K ({scheme})",
            where="--temperature",
            remedy="start from one that is",
        )
    elements_g, present = element_gibbs_energies_ev(temperature_k), np.unique(snapshot.phases.atomic_number)
    unknown = present[np.isnan(elements_g[present])]
    phases = _without(snapshot.phases, unknown)
    gas = _gas_energies(phases, temperature_k)
    notes = (*snapshot.notes, *_keep_enthalpies(phases, temperature_k, gas, is_corrected(snapshot)))
    energies, errors = _gibbs_energies(phases, temperature_k, elements_g, gas)
    if is_corrected(snapshot):
        energies[errors > 0.0] += thermal_ev_per_atom(phases)[errors > 0.0] * temperature_k / ROOM_K
    sds = np.hypot(phases.uncertainty_ev_per_atom, errors)
    changed = replace(phases, formation_energy_ev_per_atom=energies, uncertainty_ev_per_atom=sds)
    manifest = _warmed(snapshot.manifest, temperature_k, unknown, len(snapshot.phases) - len(phases))
    return replace(snapshot, manifest=manifest, phases=changed, notes=notes)


def _in_range(temperature_k: float) -> float:
    """The temperature, from that of a room to the lowest as the lowest."""
    if ROOM_K - ROUNDING_K < temperature_k < LOWEST_K:
        return LOWEST_K
    if not LOWEST_K <= temperature_k <= HIGHEST_K:
        celsius = 0.0 < temperature_k < LOWEST_K
        kelvin = f"{temperature_k:g} °C are {temperature_k + CELSIUS_K:g} K; " * celsius
        raise InputError(
            f"{temperature_k:g} K is out of range",
            where="--temperature",
            remedy=f"{kelvin}the descriptor holds from {LOWEST_K:g} to {HIGHEST_K:g} K; leave it out for 0 K",
        )
    return temperature_k


def _warmed(manifest: Manifest, temperature_k: float, unknown: np.ndarray, n_left_out: int) -> Manifest:
    details: dict[str, Any] = json.loads(manifest.details)
    details["temperature"] = {
        "kelvin": temperature_k,
        "elements_left_out": [symbol(int(z)) for z in unknown],
        "phases_left_out": n_left_out,
    }
    scheme = manifest.energy_scheme.removesuffix(AT_0_K)
    return replace(
        manifest,
        energy_scheme=f"{scheme}, {GIBBS_ENERGIES} {temperature_k:g} K (SISSO)",
        cite=(*manifest.cite, CITE),
        details=json.dumps(details, indent=1, ensure_ascii=False),
    )


def sisso_ev_per_atom(volume_per_atom_a3: np.ndarray, mass_g: np.ndarray, temperature_k: float) -> np.ndarray:
    """The descriptor G^δ, (n,) array in eV/atom, of (n,) volumes and reduced masses; see `at_temperature`."""
    per_kelvin = -2.48e-4 * np.log(volume_per_atom_a3) - 8.94e-5 * mass_g / volume_per_atom_a3
    return np.asarray(per_kelvin * temperature_k + 0.181 * np.log(temperature_k) - 0.882)


def reduced_mass_g(phases: Phases) -> np.ndarray:
    """Reduced mass of each compound (Eq. 6 of Bartel et al.), g/mol, (n,) float array; NaN for elements.

    The mean over pairs of elements of m_i m_j/(m_i + m_j), weighted by the atoms of the pair.
    """
    masses = atomic_masses_g()
    total = np.full(len(phases), np.nan)
    for n in np.unique(phases.n_elements[phases.n_elements > 1]):
        rows = np.flatnonzero(phases.n_elements == n)
        flat = phases.row_start[rows][:, None] + np.arange(n)
        mass, fraction = masses[phases.atomic_number[flat]], phases.fraction[flat]
        pairs = np.array(list(combinations(range(n), 2)))
        first, second = mass[:, pairs[:, 0]], mass[:, pairs[:, 1]]
        weight = fraction[:, pairs[:, 0]] + fraction[:, pairs[:, 1]]
        total[rows] = (weight * first * second / (first + second)).sum(axis=1) / (n - 1)
    return total


@cache
def element_gibbs_energies_ev(temperature_k: float) -> np.ndarray:
    """Gibbs energies of the elements by atomic number, (119,) array, eV/atom; NaN where not tabulated.

    pymatgen's table, interpolated linearly in between its steps of 100 K.
    """
    from pymatgen.core import Element
    from pymatgen.entries.computed_entries import G_ELEMS

    steps = sorted(G_ELEMS, key=float)
    energies = np.full(119, np.nan)
    for name in G_ELEMS[steps[0]]:
        table = [G_ELEMS[step][name] for step in steps]
        energies[Element(name).Z] = np.interp(temperature_k, [float(step) for step in steps], table)
    return energies


def _without(phases: Phases, elements: np.ndarray) -> Phases:
    if not len(elements):
        return phases
    holds = phases.rows.reduced(np.logical_or, np.isin(phases.atomic_number, elements))
    return phases.take(np.flatnonzero(~holds))


def _gibbs_energies(
    phases: Phases, temperature_k: float, elements_g: np.ndarray, gas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gibbs energies of formation and the errors they bring, two (n,) arrays in eV/atom."""
    compound = phases.n_elements > 1
    solid = compound & np.isnan(gas)
    _require_volumes(phases, solid)
    of_elements = phases.rows.reduced(np.add, phases.fraction * elements_g[phases.atomic_number])
    volume = np.where(solid, phases.volume_per_atom_a3, 1.0)
    descriptor = sisso_ev_per_atom(volume, reduced_mass_g(phases), temperature_k)
    energies = np.where(solid, phases.formation_energy_ev_per_atom + descriptor - of_elements, 0.0)
    energies[compound & ~solid] = gas[compound & ~solid]
    return energies, np.where(solid, SISSO_ERROR_EV_PER_ATOM, 0.0)


def _require_volumes(phases: Phases, solid: np.ndarray) -> None:
    lacking = np.flatnonzero(solid & ~(phases.volume_per_atom_a3 > 0.0))
    if len(lacking):
        named = ", ".join(phases.formula[lacking[:_NAMED_AT_MOST]])
        more = f" and {len(lacking) - _NAMED_AT_MOST} more" if len(lacking) > _NAMED_AT_MOST else ""
        raise InputError(
            f"no volume for {named}{more}",
            where="--temperature",
            remedy="give volume_per_atom_a3, or leave the temperature out",
        )


def _gas_energies(phases: Phases, temperature_k: float) -> np.ndarray:
    """Measured Gibbs energies of formation of common gases, (n,) array in eV/atom; NaN for all others."""
    from pymatgen.entries.computed_entries import G_GASES

    energies = np.full(len(phases), np.nan)
    for name, table in G_GASES.items():
        formula = parse_formula(name)
        steps = sorted(table, key=float)
        per_formula = np.interp(temperature_k, [float(s) for s in steps], [table[s] for s in steps])
        energies[rows_of(phases, formula)] = per_formula / formula.n_atoms
    return energies


def _keep_enthalpies(phases: Phases, temperature_k: float, gas: np.ndarray, is_corrected: bool) -> list[str]:
    """Change the Gibbs energies of gases so that they rest on the enthalpies that count for them.

    A user's own energy, and the calculated one that a corrected snapshot keeps, add the measured difference
    of Gibbs energy and enthalpy; gases that pymatgen does not tabulate take ΔH - T ΔS with values of 298 K.
    Where a user's calculation bears the error of the source's own, the measured value counts: this is told.
    """
    erring = (phases.origin == Origin.CALCULATED) & (not is_corrected)
    for molecule, rows in molecule_rows(phases):
        enthalpy = molecule.enthalpy_ev / molecule.formula.n_atoms
        if not np.isnan(gas[rows]).any():
            measured = (~phases.added | erring)[rows] & (molecule.measured or not is_corrected)
            gas[rows] += np.where(measured, 0.0, phases.formation_energy_ev_per_atom[rows] - enthalpy)
        elif is_corrected:
            thermal = molecule.gibbs_energy_ev / molecule.formula.n_atoms - enthalpy
            gas[rows] = phases.formation_energy_ev_per_atom[rows] + thermal * temperature_k / ROOM_K
    told = "its measured Gibbs energy counts at a temperature, not your calculation"
    return [f"{name}: {told}" for name in phases.formula[erring & ~np.isnan(gas)]]
