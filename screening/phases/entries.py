"""What the Materials Project holds of one material, as columns: one row an entry, polymorphs included."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from screening.phases.composition import symbol

NON_COMMERCIAL = "BY-NC"

ENTRIES_SCHEMA = pa.schema(
    [
        pa.field("material_id", pa.string(), nullable=False),
        pa.field("formula", pa.string(), nullable=False),
        pa.field("elements", pa.list_(pa.uint8()), nullable=False),
        pa.field("amounts", pa.list_(pa.float32()), nullable=False),
        pa.field("energy_ev_per_atom", pa.float64(), nullable=False),
        pa.field("correction_ev_per_atom", pa.float64(), nullable=False),
        pa.field("run_type", pa.string(), nullable=False),
        pa.field("volume_per_atom_a3", pa.float32(), nullable=False),
        pa.field("band_gap_ev", pa.float32()),
        pa.field("theoretical", pa.bool_()),
        pa.field("licence", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One calculated polymorph.

    Attributes
    ----------
    material_id : str
        As ``mp-1234``.
    formula : str
        Reduced formula; the bare symbol of an element.
    elements : tuple of int
        Atomic numbers, ascending.
    amounts : tuple of float
        Atoms per formula.
    energy_ev_per_atom : float
        With the corrections of the scheme.
    correction_ev_per_atom : float
        What the scheme added to the calculated energy.
    run_type : str
        As ``GGA``, ``GGA+U`` or ``r2SCAN``.
    volume_per_atom_a3 : float
    band_gap_ev : float or None
    theoretical : bool or None
        False where an experimental structure is known.
    licence : str
        ``BY-C`` or ``BY-NC``; empty where none is stated.
    """

    material_id: str
    formula: str
    elements: tuple[int, ...]
    amounts: tuple[float, ...]
    energy_ev_per_atom: float
    correction_ev_per_atom: float
    run_type: str
    volume_per_atom_a3: float
    band_gap_ev: float | None
    theoretical: bool | None
    licence: str


@dataclass(frozen=True)
class Summary:
    """What the summary route adds to an entry: electronic structure and origin."""

    band_gap_ev: float | None = None
    theoretical: bool | None = None


def identifier(text: object) -> str:
    """A material's identifier as ``mp-1234``, whichever of its spellings the service uses."""
    from emmet.core.mpid import AlphaID

    return str(AlphaID(str(text)).formatted)


def summary_of_document(document: Mapping[str, Any]) -> Summary:
    """Band gap and origin from a document of the summary route."""
    gap, theoretical = document.get("band_gap"), document.get("theoretical")
    return Summary(None if gap is None else float(gap), None if theoretical is None else bool(theoretical))


def entry_of_document(document: Mapping[str, Any], summary: Summary) -> Entry:
    """Entry from a document of the thermo route.

    Raises
    ------
    ValueError, LookupError, TypeError, ArithmeticError
        If the document is not what that route gives.
    """
    energy = float(document["energy_per_atom"])
    return _entry(
        material_id=identifier(document["material_id"]),
        composition=document["composition"],
        energy_ev_per_atom=energy,
        correction_ev_per_atom=energy - float(document["uncorrected_energy_per_atom"]),
        run_type=str(document["energy_type"]),
        volume_per_atom_a3=_positive(float(document["volume"]) / sum(document["composition"].values())),
        summary=summary,
        licence=str((document.get("builder_meta") or {}).get("license") or ""),
    )


def entry_of_computed(computed: Any, summary: Summary) -> Entry:
    """Entry from a `ComputedStructureEntry` of a phase diagram, with its mixing corrections.

    Raises
    ------
    ValueError, LookupError, TypeError
        If it lacks what the Materials Project writes into its entries.
    """
    return _entry(
        material_id=identifier(computed.data["material_id"]),
        composition=computed.composition.get_el_amt_dict(),
        energy_ev_per_atom=float(computed.energy_per_atom),
        correction_ev_per_atom=float(computed.correction_per_atom),
        run_type=str(computed.parameters["run_type"]),
        volume_per_atom_a3=_positive(float(computed.structure.volume) / len(computed.structure)),
        summary=summary,
        licence=str(computed.data.get("license") or ""),
    )


def entry_of_energy(
    material_id: str,
    composition: str | Mapping[str, float],
    *,
    energy_ev_per_atom: float,
    volume_per_atom_a3: float,
    summary: Summary,
    run_type: str = "",
) -> Entry:
    """Entry of a dump that gives an energy only; its volume may be NaN.

    Raises
    ------
    ValueError, LookupError, TypeError, AttributeError
        If the composition cannot be read, or the energy is no number.
    """
    return _entry(
        material_id=material_id,
        composition=composition,
        energy_ev_per_atom=energy_ev_per_atom,
        correction_ev_per_atom=0.0,
        run_type=run_type,
        volume_per_atom_a3=volume_per_atom_a3,
        summary=summary,
        licence="",
    )


def _positive(volume: float) -> float:
    if not 0.0 < volume < math.inf:
        raise ValueError("no usable volume")
    return volume


def _entry(
    *,
    material_id: str,
    composition: str | Mapping[str, float],
    energy_ev_per_atom: float,
    summary: Summary,
    **values: Any,
) -> Entry:
    from pymatgen.core import Composition

    if not math.isfinite(energy_ev_per_atom):
        raise ValueError(f"{material_id} has no usable energy")
    reduced = Composition(composition).reduced_composition
    if not reduced:
        raise ValueError(f"{material_id} has no composition")
    amounts = {element.Z: float(reduced[element]) for element in sorted(reduced, key=lambda e: e.Z)}
    if len(amounts) == 1:  # a reduced element is written as its molecule: N2
        amounts = dict.fromkeys(amounts, 1.0)
    name = symbol(next(iter(amounts))) if len(amounts) == 1 else reduced.reduced_formula
    return Entry(
        material_id=material_id,
        formula=name,
        elements=tuple(amounts),
        amounts=tuple(amounts.values()),
        energy_ev_per_atom=energy_ev_per_atom,
        band_gap_ev=summary.band_gap_ev,
        theoretical=summary.theoretical,
        **values,
    )


def entries_table(entries: Iterable[Entry]) -> pa.Table:
    """Entries as a table; sorted, so that the order in which they came does not matter."""
    ordered = sorted(entries, key=lambda e: (e.formula, e.energy_ev_per_atom, e.material_id))
    return pa.Table.from_pylist([asdict(each) for each in ordered], schema=ENTRIES_SCHEMA)


def entries_of(table: pa.Table) -> list[Entry]:
    """Entries from a table as `entries_table` makes it."""
    rows = table.to_pylist()
    return [
        Entry(**{**row, "elements": tuple(row["elements"]), "amounts": tuple(row["amounts"])}) for row in rows
    ]
