"""Rebuild the embedded snapshot `mp2019` from the wheel that carries its source tables.

    python data/build_embedded.py                 # fetches the pinned wheel with pip
    python data/build_embedded.py --wheel PATH    # uses a copy already at hand

The wheel is read as a zip archive; nothing of it is imported or executed.
"""

import argparse
import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from additive_volumes import VOLUME_DECIMALS, held_out_errors, with_estimated_volumes
from pymatgen.core import Composition, Element
from scipy.constants import Avogadro

from screening.phases.checksum import content_checksum

ATLAS = Path(__file__).resolve().parent / "mp2019" / "atlas.parquet"
"""Written by `build_atlas.py`; a rebuild copies it."""

ESTIMATED = "estimated_phases.toml"

REQUIREMENT = "crabnet==2.0.8"
WHEEL_SHA256 = "4901565abaa5b4cd1a7841b9de647a3906df21676b226a7abf972d113f92054a"
PINNED_PYARROW = "26.0.1"  # the committed bytes are this writer's; other versions give the same content

A3_PER_CM3 = 1e24
DILUTE_RATIO = 100  # largest over smallest coefficient: a supercell with one defect rather than a compound

PHASES_SCHEMA = pa.schema(
    [
        pa.field("formula", pa.string(), nullable=False),
        pa.field("elements", pa.list_(pa.uint8()), nullable=False),
        pa.field("amounts", pa.list_(pa.float32()), nullable=False),
        pa.field("formation_energy_ev_per_atom", pa.float64(), nullable=False),
        pa.field("band_gap_ev", pa.float32()),
        pa.field("band_gap_min_ev", pa.float32()),
        pa.field("band_gap_max_ev", pa.float32()),
        pa.field("band_gap_polymorphs", pa.int16(), nullable=False),
        pa.field("volume_per_atom_a3", pa.float32()),
        pa.field("volume_source", pa.string(), nullable=False),
    ]
)
REFERENCE_SCHEMA = pa.schema(
    [
        pa.field("formula", pa.string(), nullable=False),
        pa.field("decomposition_energy_ev_per_atom", pa.float64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Sources:
    """The tables of the wheel, each with the columns `formula` (as written there) and `target`.

    Attributes
    ----------
    formation_energy, decomposition_energy : pandas.DataFrame
        eV/atom, one row a compound.
    band_gap : pandas.DataFrame
        eV, one row a polymorph.
    volume : pandas.DataFrame
        Å³/atom, one row a compound.
    polymorph_energy : pandas.DataFrame
        Formation energy in eV/atom, one row a polymorph; for a cross-check only.
    """

    formation_energy: pd.DataFrame
    decomposition_energy: pd.DataFrame
    band_gap: pd.DataFrame
    volume: pd.DataFrame
    polymorph_energy: pd.DataFrame


@dataclass(frozen=True)
class EstimatedPhase:
    """A phase whose energy is estimated, not computed, as it stands in `estimated_phases.toml`."""

    formula: str
    formation_energy_ev_per_atom: float
    uncertainty_ev_per_atom: float
    origin: str
    method: str
    band_gap_ev: float
    band_gap_method: str
    volume_per_atom_a3: float
    volume_source: str
    volume_method: str
    sources: tuple[str, ...]


# --- reading -------------------------------------------------------------------------------------


def fetch_wheel(directory: Path) -> Path:
    """Download the pinned wheel with pip."""
    options = ["--no-deps", "--python-version", "3.10", "--only-binary=:all:", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(directory), REQUIREMENT]
    subprocess.run(command, check=True)
    return next(directory.glob("*.whl"))


def require_sha256(path: Path, expected: str) -> None:
    """Refuse a file whose bytes are not the expected ones."""
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise SystemExit(f"{path.name}: sha256 is {found}, expected {expected}; fetch {REQUIREMENT} again")


def read_sources(wheel: Path) -> Sources:
    """Read the csv tables out of the wheel."""
    with zipfile.ZipFile(wheel) as archive:

        def table(name: str) -> pd.DataFrame:
            with archive.open(f"crabnet/data/{name}.csv") as stream:
                rows = list(csv.DictReader(io.TextIOWrapper(stream, "utf-8", newline="")))
            # float() reads every digit of the source in any version of pandas
            values = [float(row["target"]) for row in rows]
            return pd.DataFrame({"formula": [row["formula"] for row in rows], "target": values})

        def split(name: str) -> pd.DataFrame:
            parts = [table(f"benchmark_data/{name}/{part}") for part in ("train", "val", "test")]
            return pd.concat(parts, ignore_index=True)

        return Sources(
            formation_energy=split("CritExam__Ef"),
            decomposition_energy=split("CritExam__Ed"),
            band_gap=table("matbench/mp_gap"),
            volume=split("OQMD_Volume_per_atom"),
            polymorph_energy=table("matbench/mp_e_form"),
        )


def phase_name(formula: str) -> str:
    """Reduced formula of a compound, bare symbol of an element (O, not O2)."""
    composition = Composition(formula)
    return composition.elements[0].symbol if len(composition) == 1 else composition.reduced_formula


def named(frame: pd.DataFrame) -> pd.Series:
    """The values of a source table under the names of their phases."""
    return pd.Series(frame["target"].to_numpy(float), index=[phase_name(text) for text in frame["formula"]])


# --- assembling ----------------------------------------------------------------------------------


def gap_columns(gaps: pd.Series) -> pd.DataFrame:
    """Median, range and number of the polymorphs' band gaps, by phase."""
    by_phase = gaps.groupby(level=0)
    columns = {"": by_phase.median(), "_min": by_phase.min(), "_max": by_phase.max()}
    frame = pd.DataFrame({f"band_gap{key}_ev": values for key, values in columns.items()})
    return frame.assign(band_gap_polymorphs=by_phase.size())


def element_volume(symbol: str) -> float:
    """Volume per atom of the condensed element (Å³) from its molar volume; NaN where none is tabulated."""
    molar = Element(symbol).molar_volume
    return float(molar) * A3_PER_CM3 / Avogadro if molar else float("nan")


def phase_frame(energies: pd.Series, gaps: pd.DataFrame, volumes: pd.Series) -> pd.DataFrame:
    """One row a phase: elements by atomic number, then compounds by formula.

    Parameters
    ----------
    energies : pandas.Series
        Formation energy of the compounds in eV/atom; of a repeated formula the lowest is kept.
    gaps : pandas.DataFrame
        As from `gap_columns`.
    volumes : pandas.Series
        Volume of compounds in Å³/atom.
    """
    energies = energies.groupby(level=0).min()
    compositions = {name: Composition(name) for name in sorted(energies.index)}
    elements = sorted({element for each in compositions.values() for element in each}, key=lambda e: e.Z)
    symbols = [element.symbol for element in elements]
    amounts = [{element.Z: 1.0} for element in elements]
    amounts += [{e.Z: each[e] for e in sorted(each, key=lambda e: e.Z)} for each in compositions.values()]
    names = [*symbols, *compositions]
    volume = pd.concat([pd.Series({s: element_volume(s) for s in symbols}, dtype=float), volumes])
    found = gaps.reindex(names)
    frame = pd.DataFrame(
        {
            "formula": names,
            "elements": [list(each) for each in amounts],
            "amounts": [list(each.values()) for each in amounts],
            "formation_energy_ev_per_atom": [0.0] * len(symbols) + list(energies[list(compositions)]),
            **{name: found[name].to_numpy() for name in gaps.columns},
            "volume_per_atom_a3": volume.reindex(names).to_numpy(),
        }
    )
    source = np.where(np.arange(len(names)) < len(symbols), "element", "dft")
    frame["volume_source"] = np.where(frame["volume_per_atom_a3"].isna(), "", source)
    frame["band_gap_polymorphs"] = frame["band_gap_polymorphs"].fillna(0).astype("int16")
    return frame


# --- estimated phases ----------------------------------------------------------------------------


def from_atlas(phases: pd.DataFrame, atlas: pd.DataFrame) -> EstimatedPhase:
    """Li3HoCl6, a reactor of the founding paper that the source lacks, from the atlas."""
    known, row = phases.set_index("formula"), atlas.set_index("formula").loc["Li3HoCl6"]
    salts = known.loc[[*row["salts"]], "formation_energy_ev_per_atom"].to_numpy(float)
    return EstimatedPhase(
        formula="Li3HoCl6",
        formation_energy_ev_per_atom=round(float(row["shares"] @ salts) + row["mixing_ev_per_atom"], 6),
        uncertainty_ev_per_atom=float(row["sd_ev_per_atom"]),
        origin="machine-learned",
        method=row["method"],
        band_gap_ev=round(float(known.loc["Li3ErCl6", "band_gap_ev"]), 4),
        band_gap_method="PBE band gap of Li3ErCl6, the isotypic analogue",
        volume_per_atom_a3=round(float(row["volume_per_atom_a3"]), VOLUME_DECIMALS),
        volume_source="estimated",
        volume_method="relaxed by the first of the potentials",
        sources=(
            "B. Deng et al., Nat. Mach. Intell. 5, 1031 (2023), doi:10.1038/s42256-023-00716-3",
            "Y. Park et al., J. Chem. Theory Comput. 20, 4857 (2024), doi:10.1021/acs.jctc.4c00190",
            "C. J. Bartel et al., npj Comput. Mater. 6, 97 (2020), doi:10.1038/s41524-020-00362-y",
        ),
    )


def write_estimated(phases: pd.DataFrame, snapshot: Path) -> None:
    """Write the phases that join the source, from the atlas that lies beside it."""
    content = estimated_toml([from_atlas(phases, pd.read_parquet(snapshot / ATLAS.name))])
    (snapshot / ESTIMATED).write_text(content, "utf-8")


def estimated_toml(phases: Iterable[EstimatedPhase]) -> str:
    """The estimated phases as TOML (a JSON string or list of strings is also valid TOML)."""
    head = "# Not calculated by the source. Written by data/build_embedded.py and data/build_atlas.py.\n"
    tables = (
        "\n[[phase]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in asdict(phase).items())
        for phase in phases
    )
    return head + "".join(tables)


# --- writing -------------------------------------------------------------------------------------


def as_table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Frame to table: NaN becomes null, and nothing of pandas remains in the metadata."""
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    return table.replace_schema_metadata()


def write_table(table: pa.Table, path: Path) -> None:
    """Write parquet with fixed options, so that one version of the writer gives one sequence of bytes."""
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    text = [name for name in table.column_names if name == "volume_source"]
    options = {"compression": "zstd", "compression_level": 19, "row_group_size": len(table)}
    pq.write_table(table, path, use_dictionary=text, use_byte_stream_split=floats, version="2.6", **options)


def counts_of(phases: pd.DataFrame) -> dict[str, int]:
    """The counts that the manifest states; those on band gaps are of compounds."""
    is_element = phases["elements"].map(len) == 1
    compounds = phases[~is_element]
    gap_open = compounds["band_gap_max_ev"] > 0
    ratio = compounds["amounts"].map(lambda amounts: max(amounts) / min(amounts))
    source = compounds["volume_source"].value_counts()
    return {
        "elements": int(is_element.sum()),
        "compounds": len(compounds),
        "with_band_gap": int((compounds["band_gap_polymorphs"] > 0).sum()),
        "without_band_gap": int((compounds["band_gap_polymorphs"] == 0).sum()),
        "ambiguous_gap": int((gap_open & (compounds["band_gap_min_ev"] == 0)).sum()),
        "volume_dft": int(source.get("dft", 0)),
        "volume_estimated": int(source.get("estimated", 0)),
        "volume_unknown": int(source.get("", 0)),
        "dilute": int((ratio >= DILUTE_RATIO).sum()),
    }


def manifest(table: pa.Table, counts: Mapping[str, int], files: Iterable[Path]) -> dict[str, object]:
    """What the snapshot says of itself."""
    return {
        "name": "mp2019",
        "title": "Materials Project ground states, late 2019",
        "energy_scheme": "GGA/GGA+U, legacy MP corrections, 0 K",
        "database_version": "Materials Project, late 2019 (Bartel et al. 2020)",
        "date": "2019",
        "source": f"{REQUIREMENT} (PyPI wheel, sha256 {WHEEL_SHA256})",
        "licence": "CC BY 4.0",
        "cite": [
            "A. Jain et al., APL Mater. 1, 011002 (2013), doi:10.1063/1.4812323",
            "C. J. Bartel et al., npj Comput. Mater. 6, 97 (2020), doi:10.1038/s41524-020-00362-y",
            "A. Dunn et al., npj Comput. Mater. 6, 138 (2020), doi:10.1038/s41524-020-00406-3",
            "J. E. Saal et al., JOM 65, 1501 (2013), doi:10.1007/s11837-013-0755-4",
            "S. Kirklin et al., npj Comput. Mater. 1, 15010 (2015), doi:10.1038/npjcompumats.2015.10",
            "A. Y.-T. Wang et al., npj Comput. Mater. 7, 77 (2021), doi:10.1038/s41524-021-00545-1",
        ],
        "counts": dict(counts),
        "checksum": content_checksum(table),
        "writer": {"pyarrow": pa.__version__},
        "file_sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def build(sources: Sources, destination: Path) -> pd.DataFrame:
    """Write the snapshot and the reference table under `destination`; return the phases."""
    gaps = gap_columns(named(sources.band_gap))
    phases = phase_frame(named(sources.formation_energy), gaps, named(sources.volume).groupby(level=0).mean())
    phases = with_estimated_volumes(phases)
    snapshot, reference = destination / "mp2019", destination / "reference"
    for directory in (snapshot, reference):
        directory.mkdir(parents=True, exist_ok=True)
    table = as_table(phases, PHASES_SCHEMA)
    files = ("phases.parquet", ESTIMATED, ATLAS.name)
    write_table(table, snapshot / files[0])
    if not (snapshot / ATLAS.name).exists():
        shutil.copy(ATLAS, snapshot)
    write_estimated(phases, snapshot)
    content = manifest(table, counts_of(phases), [snapshot / name for name in files])
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (snapshot / "manifest.json").write_text(text, "utf-8")
    decomposition = named(sources.decomposition_energy).groupby(level=0).first().sort_index()
    frame = decomposition.rename_axis("formula").rename("decomposition_energy_ev_per_atom").reset_index()
    write_table(as_table(frame, REFERENCE_SCHEMA), reference / "decomposition.parquet")
    return phases


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch or take the wheel, check it, build, and print what was found."""
    parser = argparse.ArgumentParser(description="Rebuild the embedded snapshot mp2019.")
    parser.add_argument("--wheel", type=Path, help=f"a copy of {REQUIREMENT}; without it, pip fetches one")
    here = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=here, help="where mp2019/ and reference/ are written")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = options.wheel or fetch_wheel(Path(scratch))
        require_sha256(wheel, WHEEL_SHA256)
        sources = read_sources(wheel)
    phases = build(sources, options.out)
    for line in report(sources, phases, options.out):
        print(line)


def report(sources: Sources, phases: pd.DataFrame, destination: Path) -> list[str]:
    """Counts, the accuracy of the estimated volumes, the cross-check and the sizes, as lines of text."""
    lines = [f"{name:18s} {count:7d}" for name, count in counts_of(phases).items()]
    names = pd.Series([phase_name(text) for text in sources.formation_energy["formula"]])
    lines.append(f"source rows that share a reduced formula: {int(names.duplicated().sum())}")
    held_out = held_out_errors(phases[phases["volume_source"] != "estimated"])
    magnitude = held_out["error"].abs().dropna()
    median, ninety = magnitude.quantile([0.5, 0.9])
    lines.append(
        f"additive volume on {len(magnitude)} held-out compounds: median error {median:.1%}, 90 % within "
        f"{ninety:.1%}, bias {held_out['error'].median():+.1%}"
    )
    polymorphs = named(sources.polymorph_energy).groupby(level=0).min()
    ours = phases.set_index("formula")["formation_energy_ev_per_atom"].iloc[counts_of(phases)["elements"] :]
    difference = (ours - polymorphs.reindex(ours.index)).abs().dropna()
    lines.append(
        f"lowest polymorph of mp_e_form: {len(difference)} compounds in common, "
        f"{(difference < 1e-3).mean():.1%} agree within 1 meV/atom; "
        f"{len(polymorphs.index.difference(phases['formula']))} of its formulas are not in the snapshot"
    )
    if pa.__version__ != PINNED_PYARROW:
        lines.append(f"pyarrow {pa.__version__} wrote this; the committed bytes are of {PINNED_PYARROW}")
    written = [destination / "mp2019" / "phases.parquet", destination / "reference" / "decomposition.parquet"]
    for path in written:
        name, checksum = f"{path.parent.name}/{path.name}", content_checksum(pq.read_table(path))
        lines.append(f"{name}: {path.stat().st_size} bytes, content checksum {checksum}")
    return lines


if __name__ == "__main__":
    main()
