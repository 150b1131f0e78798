"""Build the atlas of phases that the embedded snapshot lacks: relax with two machine-learned potentials.

    pip install '.[atlas]'  # torch for CPU first
    nice python data/build_atlas.py relax --parts DIR   # hours; goes on where it stopped
    python data/build_atlas.py report --parts DIR       # held-out errors only
    python data/build_atlas.py write --parts DIR        # data/mp2019/atlas.parquet

A potential's total energy never meets one of the Materials Project. What enters is the energy of mixing of
a phase from salts that the snapshot has, all of them relaxed by the same model:
E(phase) = Σ ν·E_snapshot(salt) + [E_model(phase) − Σ ν·E_model(salt)].
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from atlas_structures import Type, amounts_of, letters, starts, structure_types
from build_embedded import ESTIMATED, write_estimated, write_table

from screening.phases.atlas import ATLAS_FILE, held_out, with_intervals
from screening.phases.composition import parse_formula
from screening.phases.library import open_snapshot
from screening.phases.manifest import MANIFEST_FILE
from screening.phases.potentials import FIRST, MODELS, SALTS_FILE, SECOND, calculator, relax
from screening.phases.snapshot import PHASES_FILE
from screening.thermo.compositions import Compositions
from screening.thermo.lines import assemblages

TOP = Path(__file__).resolve().parent

DECIMALS = 6

COLUMNS = [
    *("formula", "family", "salts", "shares", "mixing_ev_per_atom", "sd_ev_per_atom"),
    *("half_width_ev_per_atom", "chgnet_ev_per_atom", "sevennet_ev_per_atom", "snapshot_ev_per_atom"),
    *("snapshot_above_hull_ev_per_atom", "spread_ev_per_atom", "type", "tried", "volume_per_atom_a3"),
    *("source", "method"),
]

CHARGES = {"AX": {"A": 1}, "MX2": {"M": 2}, "MX3": {"M": 3}, "MX4": {"M": 4}, "MX5": {"M": 5},
           "A3MX6": {"A": 1, "M": 3}, "A2MX6": {"A": 1, "M": 4}, "AMX6": {"A": 1, "M": 5},
           "AMX4": {"A": 1, "M": 3}, "A2MX4": {"A": 1, "M": 2}}  # fmt: skip

SALT = {"A3MX6": "MX3", "AMX4": "MX3", "A2MX6": "MX4", "AMX6": "MX5", "A2MX4": "MX2", "A6MY5X": "A3MX4"}
"""The compound of M that each family is mixed from, with AX."""

CHALCOGENS = ("S", "Se")

HALIDES = ("Cl", "Br", "I")
PLAN = (
    # family, alkali metal, metals; what is worth most first, known phases between, which the errors come from
    ("A6MY5X", "Li", "P"),
    ("AMX4", "Li", "Al Ga"),
    ("A3MX6", "Li", "Sc In Y Er Ho"),
    ("A2MX6", "Li", "Zr Hf"),
    ("AMX6", "Li", "Ta Nb"),
    ("A2MX6", "K", "Zr Hf Sn Ti"),
    ("A2MX6", "Cs", "Zr Hf Sn Ti"),
    ("A2MX6", "Rb", "Zr Hf Sn Ti"),
    ("AMX6", "Na", "Ta Nb"),
    ("A2MX4", "Li", "Mg Zn Cd Mn"),
    ("A2MX4", "Na", "Mg Zn Cd Mn"),
    ("AMX4", "Na", "Al Ga"),
    ("A3MX6", "Na", "Sc In Y Er Ho"),
    ("A3MX6", "Li", "Lu Tm Dy Tb Gd"),
    ("A3MX6", "Na", "Lu Tm Dy Tb Gd"),
    ("A2MX6", "Li", "Sn Ti"),
    ("AMX4", "Li", "In"),
)

MOST_TRIES = 4
"""Rows of a compound in one type, those that did not come to rest among them."""

FAR_EV_PER_ATOM = 0.012
"""Above the best arrangement of the metal before: such an arrangement is left out for the metals after."""


@dataclass(frozen=True)
class Job:
    """One compound in one structure type."""

    family: str
    elements: tuple[tuple[str, str], ...]
    kind: Type

    @property
    def formula(self) -> str:
        """Formula with the letters replaced."""
        return formula_of(self.family, dict(self.elements))


def references(family: str, named: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Compounds that a phase is mixed from, all of which the snapshot has.

    It has no Li3PSe4: argyrodites take the sodium compound, and change its sodium for lithium.
    """
    salt = "AX", {"A": named["A"], "X": named["X"]}
    if family != "A6MY5X":
        return [salt, (SALT[family], {"M": named["M"], "X": named["X"]})]
    sulfides = [("A2X", {"A": alkali, "X": named["Y"]}) for alkali in (named["A"], "Na")]
    return [salt, *sulfides, (SALT[family], {"A": "Na", "M": named["M"], "X": named["Y"]})]


def salts_and_phases(anions: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Compounds in the order in which they are worth most: salts just before the phases that need them."""
    yield "A3MX4", {"A": "Li", "M": "P", "X": "S"}  # for structures of one's own
    for family, alkali, metals in PLAN:
        for x, m, y in product(anions, metals.split(), CHALCOGENS if "Y" in family else ("",)):
            named = {"A": alkali, "M": m, "X": x} | ({"Y": y} if y else {})
            yield from references(family, named)
            yield family, named


def fits(kind: Type, named: dict[str, str]) -> bool:
    """Whether a type is tried for these elements."""
    if kind.name == "K2PtCl6":
        return named["A"] not in ("Li", "Na")
    if named.get("A") in ("K", "Rb", "Cs"):
        return kind.formula == "AX"
    if kind.name in ("enargite", "Pnma"):
        return named["A"] == "Li"
    if kind.name in ("cubic Na3PS4", "cryolite"):
        return named["A"] == "Na"
    if kind.name == "CsCl":
        return named["A"] == "Cs"
    if kind.name in ("PuBr3", "UCl3"):
        return named["M"] in ("Gd", "Tb") and named["X"] != "I"
    if kind.name == "P-3m1":
        return named["A"] == "Li"
    if kind.name == "dimer":
        return named["M"] in ("Al", "Ga")
    if kind.name == "tetrahedron":
        return named["M"] in ("Sn", "Ti")
    return True


def relaxed(model: str, atoms: Any, *, fresh: bool) -> dict[str, Any]:
    """Relax cell and places; what a row holds of it."""
    return {
        **asdict(relax(model, atoms, fresh=fresh)),
        "cell": np.round(np.array(atoms.cell), 5).tolist(),
        "numbers": atoms.numbers.tolist(),
        "places": np.round(atoms.get_scaled_positions(), 5).tolist(),
    }


def single_point(atoms: Any) -> float:
    """Energy per atom by the first model, the volume scaled to the least of three."""
    found = []
    for scale in (0.97, 1.0, 1.03):
        wide = atoms.copy()
        wide.set_cell(atoms.cell * scale, scale_atoms=True)
        wide.calc = calculator(FIRST)
        found.append(float(wide.get_potential_energy()) / len(wide))
    return min(found)


def alike(rows: list[dict[str, Any]], job: Job) -> list[dict[str, Any]]:
    """Relaxed compounds of the family that differ from this one in the metal only."""
    named = {k: v for k, v in job.elements if k != "M"}
    return [
        row
        for row in rows
        if row["family"] == job.family
        and row["model"] == FIRST
        and row["converged"]
        and row["formula"] != job.formula
        and "M" in row["elements"]
        and {k: v for k, v in row["elements"].items() if k != "M"} == named
    ]


def worth(rows: list[dict[str, Any]]) -> set[tuple[str, int]]:
    """Arrangements not far above the best one of the metal of which most were tried."""
    metals = [row["elements"]["M"] for row in rows]
    most = max(metals, key=metals.count)
    tried = [row for row in rows if row["elements"]["M"] == most]
    best = min(row["energy_ev_per_atom"] for row in tried)
    far = {(r["type"], r["ordering"]) for r in tried if r["energy_ev_per_atom"] > best + FAR_EV_PER_ATOM}
    return {(row["type"], row["ordering"]) for row in rows} - far


def ase_starts(rows: list[dict[str, Any]], job: Job) -> dict[int, Any]:
    """Start structures by ordering: those of another metal, relaxed, or new ones.

    Of more than three new ones the best two by single points; their symmetry is broken a little.
    """
    from ase import Atoms
    from ase.data import atomic_numbers

    named = dict(job.elements)
    others = alike(rows, job)
    mine = [row for row in others if row["type"] == job.kind.name]
    found: dict[int, Any] = {}
    for row in mine if "M" in named else ():
        if "A" not in named or (row["type"], row["ordering"]) in worth(others):
            old, new = (atomic_numbers[each] for each in (row["elements"]["M"], named["M"]))
            numbers = [new if z == old else z for z in row["numbers"]]
            found[row["ordering"]] = Atoms(
                numbers, cell=row["cell"], scaled_positions=row["places"], pbc=True
            )
    if not mine:
        fresh = [s.to_ase_atoms() for s in starts(job.kind, letters(**named), CHARGES.get(job.family, {}))]
        fresh = sorted(fresh, key=single_point)[:2] if len(fresh) > 3 else fresh
        found = dict(enumerate(fresh))
    for k, atoms in found.items():
        atoms.rattle(0.01, seed=k)
    return found


def atoms_of(row: dict[str, Any]) -> Any:
    """The structure of a row."""
    from ase import Atoms

    return Atoms(row["numbers"], cell=row["cell"], scaled_positions=row["places"], pbc=True)


def relaxed_rows(parts: Path) -> list[dict[str, Any]]:
    """All rows of a directory of parts."""
    files = sorted(parts.glob("relaxed*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def relax_all(parts: Path, anions: tuple[str, ...]) -> None:
    """Relax what is lacking; each row is written when it is done."""
    import torch
    from ase import Atoms

    torch.set_num_threads(1)
    parts.mkdir(parents=True, exist_ok=True)
    path = parts / f"relaxed-{'-'.join(anions)}.jsonl"
    rows = relaxed_rows(parts)
    kinds = structure_types()
    seen = set()
    with path.open("a") as out:

        def keep(job_of: dict[str, Any]) -> None:
            rows.append(job_of)
            out.write(json.dumps(job_of) + "\n")
            out.flush()

        for family, named in salts_and_phases(anions):
            formula = formula_of(family, named)
            if formula in seen:
                continue
            seen.add(formula)
            for kind in kinds:
                if kind.formula != family or not fits(kind, named):
                    continue
                job = Job(family, tuple(named.items()), kind)
                tried = [
                    r for r in rows if (r["formula"], r["type"], r["model"]) == (formula, kind.name, FIRST)
                ]
                again = {r["ordering"]: atoms_of(r) for r in tried[:MOST_TRIES] if not r["converged"]}
                if tried and (len(tried) >= MOST_TRIES or not again):
                    continue
                for k, atoms in (again or ase_starts(rows, job)).items():
                    head = {"formula": formula, "family": family, "type": kind.name, "ordering": k,
                            "elements": named}  # fmt: skip
                    keep({**head, **relaxed(FIRST, atoms, fresh=not alike(rows, job))})
            mine = [r for r in rows if r["formula"] == formula]
            seconds = [(r["type"], r["ordering"]) for r in mine if r["model"] == SECOND]
            done = [r for r in mine if r["model"] == FIRST and r["converged"]]
            ranked = sorted(done, key=lambda r: r["energy_ev_per_atom"])
            for best in ranked[:1]:
                if (best["type"], best["ordering"]) in seconds:
                    continue
                atoms = Atoms(best["numbers"], cell=best["cell"], scaled_positions=best["places"], pbc=True)
                head = {key: best[key] for key in ("formula", "family", "type", "ordering", "elements")}
                keep({**head, **relaxed(SECOND, atoms, fresh=False)})


def lowest(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The lowest relaxed structure of each formula and model."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in filter(lambda each: each["converged"], rows):
        key = row["formula"], row["model"]
        if key not in found or row["energy_ev_per_atom"] < found[key]["energy_ev_per_atom"]:
            found[key] = row
    return found


def mixed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Energies of mixing of every phase whose salts are relaxed, too, beside those of the snapshot."""
    snapshot = open_snapshot()
    energy = snapshot.phases.formation_energy_ev_per_atom
    best = lowest(rows)
    sources = {(kind.formula, kind.name): kind.source for kind in structure_types()}
    found = []
    for formula in dict.fromkeys(row["formula"] for row in rows if row["family"] in SALT):
        if (formula, FIRST) not in best:
            continue
        first = best[formula, FIRST]
        named = first["elements"]
        salts = [formula_of(*each) for each in references(first["family"], named)]
        if any((text, model) not in best for text in (formula, *salts) for model in MODELS):
            continue
        share = shares_of(formula, salts)
        mixing = [
            best[formula, model]["energy_ev_per_atom"]
            - float(share @ [best[text, model]["energy_ev_per_atom"] for text in salts])
            for model in MODELS
        ]
        own, *theirs = (snapshot.find(parse_formula(text)) for text in (formula, *salts))
        own = None if own is not None and snapshot.phases.estimated[own] else own
        if None in theirs:
            continue
        known = own is not None
        above = np.nan
        if known:
            hull = assemblages(snapshot, Compositions.of([parse_formula(formula)]))
            above = float(energy[own] - hull.energy_ev_per_atom[0])
        found.append(
            {
                "formula": parse_formula(formula).text,
                "family": first["family"],
                "salts": [parse_formula(text).text for text in salts],
                "shares": share.round(DECIMALS),
                "chgnet_ev_per_atom": mixing[0],
                "sevennet_ev_per_atom": mixing[1],
                "snapshot_above_hull_ev_per_atom": above,
                "snapshot_ev_per_atom": energy[own] - share @ energy[theirs] if known else np.nan,
                "type": first["type"],
                "tried": len({(r["type"], r["ordering"]) for r in rows if r["formula"] == formula}),
                "source": sources[first["family"], first["type"]],
                "volume_per_atom_a3": first["volume_a3_per_atom"],
                "anion": named["X"],
                "metal": named["M"],
            }
        )  # fmt: skip
    table = pd.DataFrame(found)
    table["spread_ev_per_atom"] = (table["chgnet_ev_per_atom"] - table["sevennet_ev_per_atom"]).abs()
    table["mixing_ev_per_atom"] = table[["chgnet_ev_per_atom", "sevennet_ev_per_atom"]].mean(axis=1)
    return table


def formula_of(family: str, named: dict[str, str]) -> str:
    """A family's formula with its letters replaced."""
    return "".join(f"{named[k]}{'' if n == 1 else n}" for k, n in amounts_of(family).items())


def shares_of(formula: str, salts: list[str]) -> np.ndarray:
    """Atomic shares of salts that make up a composition, negative of what is given off."""
    wanted, *theirs = (parse_formula(text) for text in (formula, *salts))
    held = [dict(zip(each.atomic_numbers, each.fractions, strict=True)) for each in (wanted, *theirs)]
    numbers = sorted({z for each in held for z in each})
    columns = np.array([[each.get(z, 0.0) for z in numbers] for each in held]).T
    share = np.linalg.lstsq(columns[:, 1:], columns[:, 0])[0]
    if not np.allclose(columns[:, 1:] @ share, columns[:, 0], atol=1e-9):
        raise SystemExit(f"{formula} is not made of {', '.join(salts)}")
    return np.asarray(share)


def report(table: pd.DataFrame) -> None:
    """Held-out errors by family and model, against the snapshot's own energies of mixing."""
    known = held_out(table)
    print("energies of mixing against those of the snapshot (meV/atom):")
    for family in [*dict.fromkeys(known["family"]), ""]:
        here = known[known["family"] == family] if family else known
        words = []
        for name in ("chgnet", "sevennet", "mixing"):
            error = 1000.0 * (here[f"{name}_ev_per_atom"] - here["snapshot_ev_per_atom"])
            words.append(f"{name} mean {error.mean():+.1f} rms {np.sqrt((error**2).mean()):.1f}")
        inside = (here["error_ev_per_atom"].abs() <= here["half_width_ev_per_atom"]).mean()
        print(f"  {family or 'all':6}{len(here):4d}  {'; '.join(words)}; within 95 % {inside:.0%}")
    widths = 1000.0 * table.groupby("family")["half_width_ev_per_atom"].agg(["min", "max"])
    print(widths.round(1).to_string())
    print(f"phases that the snapshot lacks: {int(table['snapshot_ev_per_atom'].isna().sum())}")


def mixture(formula: str, salts: list[str], shares: np.ndarray) -> str:
    """The salts of a formula unit, ``3 LiCl + YCl3``; after a minus sign what is given off."""
    atoms = parse_formula(formula).n_atoms
    words = []
    for text, share in zip(salts, shares, strict=True):
        n = share * atoms / parse_formula(text).n_atoms
        words.append(f"{'−' if n < 0 else '+'} {f'{abs(n):.3g} ' if abs(abs(n) - 1) > 1e-4 else ''}{text}")
    return " ".join(words).removeprefix("+ ")


def write(table: pd.DataFrame, rows: list[dict[str, Any]]) -> None:
    """All phases beside the snapshot, whose manifest takes the digest, and the salts for the package."""
    methods = [
        mixture(row.formula, row.salts, row.shares)
        + f" at their energies, and their mixing {1000 * row.mixing_ev_per_atom:+.1f} meV/atom by two "
        f"machine-learned potentials ({FIRST} {1000 * row.chgnet_ev_per_atom:+.1f}, {SECOND} "
        f"{1000 * row.sevennet_ev_per_atom:+.1f}), 95 % within {1000 * row.half_width_ev_per_atom:.0f}; "
        f"arrangement {row.type}, the lowest of {row.tried}"
        for row in table.itertuples(index=False)
    ]
    phases = table.assign(method=methods)[COLUMNS].sort_values("formula", ignore_index=True)
    numbers = phases.select_dtypes("number").columns
    phases[numbers] = phases[numbers].round(DECIMALS)
    path = TOP / "mp2019" / ATLAS_FILE
    write_table(pa.Table.from_pandas(phases, preserve_index=False).replace_schema_metadata(), path)
    manifest = path.with_name(MANIFEST_FILE)
    content = json.loads(manifest.read_text("utf-8"))
    write_estimated(pd.read_parquet(path.with_name(PHASES_FILE)), path.parent)
    for file in (path, path.with_name(ESTIMATED)):
        content["file_sha256"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    best = lowest(rows)
    salts = sorted({text for text, _ in best if best[text, FIRST]["family"] not in SALT})
    pd.DataFrame(
        [
            {"formula": text, **{model: best[text, model]["energy_ev_per_atom"] for model in MODELS}}
            for text in salts
            if all((text, model) in best for model in MODELS)
        ]
    ).round(DECIMALS).to_csv(TOP.parent / "screening" / "phases" / SALTS_FILE, index=False)
    print(f"{path.name}: {len(phases)} phases, {int(phases['snapshot_ev_per_atom'].isna().sum())} new")


def main() -> None:
    """Relax, report or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("relax", "report", "write"))
    parser.add_argument("--parts", type=Path, required=True, help="Directory of relaxed structures.")
    parser.add_argument(
        "--anions", nargs="+", default=list(HALIDES), help="Each may have a process of its own."
    )
    asked = parser.parse_args()
    if asked.step == "relax":
        relax_all(asked.parts, tuple(asked.anions))
        return
    rows = relaxed_rows(asked.parts)
    table = with_intervals(mixed(rows))
    report(table)
    if asked.step == "write":
        write(table, rows)


if __name__ == "__main__":
    main()
