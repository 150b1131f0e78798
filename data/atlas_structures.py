"""Start structures of the atlas: structure types filled with elements, and orderings that are enumerated."""

import itertools
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Lattice, Structure

TYPES_FILE = Path(__file__).parent / "prototypes.toml"

VOLUME_A3 = {"F": 17.0, "Cl": 32.0, "Br": 39.0, "I": 51.0, "S": 32.0, "Se": 38.0, "O": 16.0}
"""Of a start structure per anion; the relaxation finds the rest."""

KEPT = 2
"""Orderings of one packing that are relaxed: those of lowest electrostatic energy."""

MOST_ORDERINGS = 200_000
"""Of one cell; a larger one is refused."""

TURNS = 60
"""Orientations of a molecule, of which the best are relaxed."""

ALIKE_EV = 0.02
"""Orderings whose electrostatic energies differ by less are one."""

PACKINGS = {
    # lattice vectors in units of the anions' distance, anions, octahedral holes
    "ccp": ([[1.0, 0.0, 0.0], [0.5, math.sqrt(0.75), 0.0], [0.5, math.sqrt(1 / 12), math.sqrt(2 / 3)]],
            [[0.0, 0.0, 0.0]], [[0.5, 0.5, 0.5]]),
    "hcp": ([[1.0, 0.0, 0.0], [-0.5, math.sqrt(0.75), 0.0], [0.0, 0.0, math.sqrt(8 / 3)]],
            [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.5]]),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Type:
    """One structure type; its letters A, M, X are filled with elements."""

    name: str
    formula: str
    source: str
    entry: dict[str, Any]


def structure_types() -> list[Type]:
    """All of ``prototypes.toml``."""
    entries = tomllib.loads(TYPES_FILE.read_text("utf-8"))["type"]
    return [Type(name=e["name"], formula=e["formula"], source=e["source"], entry=e) for e in entries]


def amounts_of(formula: str) -> dict[str, int]:
    """Atoms of each letter of ``A3MX6``."""
    import re

    return {letter: int(n or 1) for letter, n in re.findall(r"([AMXY])(\d*)", formula)}


def starts(kind: Type, elements: dict[str, str], charges: dict[str, int]) -> Iterator[Structure]:
    """Start structures of a type filled with these elements."""
    if "molecule" in kind.entry:
        yield from _turned(kind, elements)
        return
    found = _ordered(kind, charges) if "packing" in kind.entry else [_of_sites(kind.entry)]
    for bare in found:
        filled = Structure(
            bare.lattice, [elements[str(site.specie.symbol)] for site in bare], bare.frac_coords
        )
        anions = [str(site.specie.symbol) for site in filled if site.specie.symbol in VOLUME_A3]
        filled.scale_lattice(sum(VOLUME_A3[symbol] for symbol in anions) * _wide(kind))
        yield filled


def _turned(kind: Type, elements: dict[str, str]) -> Iterator[Structure]:
    """One molecule in its cell, turned in `TURNS` ways; both grow with the anion."""
    from scipy.spatial.transform import Rotation

    grown = (VOLUME_A3[elements["X"]] / VOLUME_A3["Cl"]) ** (1 / 3)
    lattice = Lattice(Lattice.from_parameters(*kind.entry["lattice"]).matrix * 1.04 * grown)
    places = np.array([place for _, *place in kind.entry["molecule"]]) * grown
    names = [elements[STAND_INS[letter]] for letter, *_ in kind.entry["molecule"]]
    for turn in Rotation.random(TURNS, random_state=0):
        found = Structure(lattice, names, turn.apply(places), coords_are_cartesian=True)
        if found.is_valid(tol=2.0):
            yield found


def _wide(kind: Type) -> float:
    """Types with large holes are wider than their close-packed anions."""
    wide = {"CsCl": 1.2, "K2PtCl6": 1.45, "LiAlCl4": 1.15, "antifluorite": 1.6, "argyrodite": 1.2,
            "enargite": 1.2, "cubic Na3PS4": 1.3, "cryolite": 1.2}  # fmt: skip
    return wide.get(kind.name, 1.05)


STAND_INS = {"A": "Li", "M": "Sc", "X": "Cl", "Y": "O"}
_LETTER = {element: letter for letter, element in STAND_INS.items()}


class _Letters(dict[str, str]):
    """Elements of letters, asked for by the element that stands for each."""

    def __missing__(self, element: str) -> str:
        return self[_LETTER[element]]


def letters(**elements: str) -> dict[str, str]:
    """Elements of the letters A, M, X."""
    return _Letters(elements)


def _of_sites(entry: dict[str, Any]) -> Structure:
    lattice = Lattice.from_parameters(*entry["lattice"])
    names = [STAND_INS[letter] for letter, *_ in entry["sites"]]
    places = [place for _, *place in entry["sites"]]
    whole = Structure.from_spacegroup(entry["space_group"], lattice, names, places)
    return whole.get_primitive_structure()


def _hermite(n: int) -> Iterator[np.ndarray]:
    """Every superlattice of index n."""
    for a in (d for d in range(1, n + 1) if n % d == 0):
        for c in (d for d in range(1, n // a + 1) if (n // a) % d == 0):
            f = n // a // c
            for b, d, e in itertools.product(range(c), range(f), range(f)):
                yield np.array([[a, b, d], [0, c, e], [0, 0, f]])


def _ordered(kind: Type, charges: dict[str, int]) -> list[Structure]:
    """Orderings of lowest electrostatic energy, alike ones once."""
    basis, anions, holes = PACKINGS[kind.entry["packing"]]
    unit = Structure(np.array(basis) * 3.6, ["Cl"] * len(anions) + ["H"] * len(holes), [*anions, *holes])
    if "cell" in kind.entry:
        cells = [np.array(kind.entry["cell"])]
    else:
        cells = [*_hermite(kind.entry["anions"] // len(anions))]
    found: list[tuple[float, Structure]] = []
    for cell in cells:
        found += _orderings_of(unit * cell, kind, charges)
    found.sort(key=lambda each: each[0])
    kept: list[tuple[float, Structure]] = []
    for energy, structure in found:
        if all(abs(energy - other) > ALIKE_EV for other, _ in kept):
            kept.append((energy, structure))
        if len(kept) == kind.entry.get("kept", KEPT):
            break
    return [structure for _, structure in kept]


def _orderings_of(host: Structure, kind: Type, charges: dict[str, int]) -> list[tuple[float, Structure]]:
    """The best orderings of one cell with their electrostatic energies per formula."""
    amounts = amounts_of(kind.formula)
    n = sum(site.specie.symbol == "Cl" for site in host)
    times = n // amounts["X"]
    holes = [i for i, site in enumerate(host) if site.specie.symbol == "H"]
    fixed = kind.entry.get("fixed")
    if fixed:
        at = [_nearest(host, holes, np.subtract(place, fixed[1])) for place in fixed[1:]]
        choices = [tuple(at)]
    else:  # the first atom of M lies at the first hole: all are alike
        first, *rest = holes
        choices = [(first, *more) for more in itertools.combinations(rest, amounts["M"] * times - 1)]
    n_a = amounts.get("A", 0) * times
    if len(choices) * math.comb(len(holes) - amounts["M"] * times, n_a) > MOST_ORDERINGS:
        return []
    matrix = EwaldSummation(
        Structure(
            host.lattice, [*host.species], host.frac_coords, site_properties={}
        ).add_oxidation_state_by_element({"Cl": -1, "H": 1})
    ).total_energy_matrix
    unit = np.array([-1.0 if site.specie.symbol == "Cl" else 1.0 for site in host])
    bare = matrix * np.outer(unit, unit)  # as of charges +1 at every site
    best: list[tuple[float, Structure]] = []
    for of_m in choices:
        free = [i for i in holes if i not in of_m]
        picks = np.array([*itertools.combinations(free, n_a)], dtype=int).reshape(
            math.comb(len(free), n_a), n_a
        )
        charge = np.where([site.specie.symbol == "Cl" for site in host], -1.0, 0.0)
        charge[list(of_m)] = charges["M"]
        every = np.repeat(charge[None], len(picks), axis=0)
        np.put_along_axis(every, picks, float(charges.get("A", 1)), axis=1)
        energy = np.einsum("ki,ij,kj->k", every, bare, every, optimize=True) / times
        order = np.argsort(energy)[: 3 * KEPT].tolist()
        best += [(float(energy[row]), _filled(host, of_m, picks[row])) for row in order]
    best.sort(key=lambda each: each[0])
    return best[:20]


def _nearest(host: Structure, holes: list[int], place: np.ndarray) -> int:
    """The hole at this place from the first one."""
    origin = host[holes[0]].frac_coords
    apart = [host.lattice.get_distance_and_image(host[i].frac_coords, place + origin)[0] for i in holes]
    if min(apart) > 0.5:
        raise SystemExit(f"no hole at {place}")
    return holes[int(np.argmin(apart))]


def _filled(host: Structure, of_m: tuple[int, ...], of_a: np.ndarray) -> Structure:
    names = {**dict.fromkeys(of_m, "Sc"), **dict.fromkeys(of_a.tolist(), "Li")}
    kept = [(names.get(i, "Cl"), site.frac_coords) for i, site in enumerate(host)
            if i in names or site.specie.symbol == "Cl"]  # fmt: skip
    return Structure(host.lattice, [name for name, _ in kept], [place for _, place in kept])
