"""Made-up materials in the documents of the Materials Project: no number here was ever calculated."""

import json
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from emmet.core.mpid import AlphaID
from emmet.core.thermo import ThermoDoc
from emmet.core.types.enums import ThermoType
from emmet.core.vasp.calc_types.enums import RunType
from pymatgen.core import Composition, Element, Lattice, Structure
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedStructureEntry

DATABASE_VERSION = "2026.04.13"
MADE_UP = "energy, gap and volume are made up for tests: not data of the Materials Project"
_UPDATED = datetime(2026, 4, 1, tzinfo=UTC).isoformat()


@dataclass(frozen=True)
class Material:
    """One invented polymorph; energies before corrections."""

    number: int
    formula: str
    energy_ev_per_atom: float
    volume_per_atom_a3: float
    band_gap_ev: float | None
    theoretical: bool = False
    licence: str = "BY-C"

    @property
    def material_id(self) -> str:
        """Identifier in the padded form that the server stores."""
        return str(AlphaID(f"mp-{self.number}", prefix="mp", padlen=8))

    @property
    def plus_u(self) -> bool:
        return {"Fe", "O"} <= set(Composition(self.formula).as_dict())


MATERIALS = (
    Material(1, "Li", -1.90, 20.1, 0.0),
    Material(2, "Li", -1.88, 20.5, 0.0, theoretical=True),
    Material(3, "Al", -3.75, 16.5, 0.0),
    Material(4, "Cl", -1.80, 39.0, 2.6),
    Material(5, "Mg", -1.60, 22.9, 0.0),
    Material(6, "I", -1.50, 44.0, 1.1),
    Material(7, "Fe", -8.45, 11.4, 0.0),
    Material(8, "O", -4.90, 18.0, 1.8),
    Material(11, "LiCl", -3.68, 16.9, 6.1),
    Material(12, "LiCl", -3.66, 18.4, 5.9, theoretical=True),
    Material(13, "AlCl3", -3.60, 30.1, 4.9),
    Material(14, "LiAlCl4", -3.61, 25.8, None),
    Material(15, "LiAlCl4", -3.59, 26.3, 4.8, theoretical=True),
    Material(16, "LiAlCl4", -3.58, 26.4, 4.4, theoretical=True),
    Material(17, "LiAl", -3.02, 16.2, 0.0),
    Material(18, "Li9Al4", -2.72, 17.0, 0.0),
    Material(19, "LiI", -2.90, 27.0, 4.3),
    Material(20, "MgI2", -2.65, 34.0, 3.6),
    Material(21, "LiMg2", -1.76, 21.6, 0.0, theoretical=True),
    Material(22, "Li2O", -4.75, 8.2, 5.0),
    Material(23, "Fe2O3", -6.60, 10.4, 1.0),
    Material(24, "LiFeO2", -6.05, 9.9, 1.9, theoretical=True),
    Material(25, "Li2AlCl5", -3.80, 24.0, 3.3, theoretical=True, licence="BY-NC"),
)


def structure_of(material: Material) -> Structure:
    """Atoms in a row across a cube: only composition and volume matter to these tests."""
    species = [
        symbol
        for symbol, amount in Composition(material.formula).get_el_amt_dict().items()
        for _ in range(round(amount))
    ]
    n = len(species)
    edge = (material.volume_per_atom_a3 * n) ** (1 / 3)
    return Structure(Lattice.cubic(edge), species, [[(i + 0.5) / n, 0.5, 0.5] for i in range(n)])


def _computed(material: Material, run_type: str, energy_ev_per_atom: float) -> ComputedStructureEntry:
    structure = structure_of(material)
    composition = structure.composition
    plus_u = run_type == "GGA+U"
    guesses = composition.oxi_state_guesses() if len(composition) > 1 else ()
    return ComputedStructureEntry(
        structure,
        energy_ev_per_atom * len(structure),
        entry_id=f"{material.material_id}-{run_type}",
        parameters={
            "run_type": run_type,
            "is_hubbard": plus_u,
            "hubbards": {str(e): 5.3 if str(e) == "Fe" else 0.0 for e in composition} if plus_u else {},
            "potcar_symbols": [f"PBE {e}" for e in composition],
        },
        data={
            "material_id": material.material_id,
            "task_id": material.material_id,
            "run_type": run_type,
            "oxide_type": "oxide" if "O" in material.formula and len(composition) > 1 else "None",
            "oxidation_states": guesses[0] if guesses else {},
            "aspherical": True,
            "last_updated": _UPDATED,
            "license": material.licence,
        },
    )


def corrected_entries() -> list[ComputedStructureEntry]:
    """GGA and GGA+U entries with the corrections of 2020, which are real; the energies are not."""
    raw = [_computed(m, "GGA+U" if m.plus_u else "GGA", m.energy_ev_per_atom) for m in MATERIALS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MaterialsProject2020Compatibility(check_potcar=False).process_entries(raw, clean=True)


def thermo_documents() -> list[dict[str, Any]]:
    """One document a material and scheme, as the builders of the database make them."""
    r2scan = [_computed(m, "r2SCAN", 1.2 * m.energy_ev_per_atom) for m in MATERIALS]
    built = [
        *ThermoDoc.from_entries(corrected_entries(), thermo_type=ThermoType.GGA_GGA_U, deprecated=False),
        *ThermoDoc.from_entries(r2scan, thermo_type=RunType.r2SCAN, deprecated=False),
    ]
    documents = []
    for each in built:
        document = json.loads(each.model_dump_json())
        document["thermo_id"] = f"{document['material_id']}_{document['thermo_type']}"
        document["last_updated"] = _UPDATED
        document["warnings"] = [MADE_UP]
        documents.append(document)
    return documents


_SHARED = (
    "builder_meta",
    "nsites",
    "elements",
    "nelements",
    "composition",
    "composition_reduced",
    "formula_pretty",
    "formula_anonymous",
    "chemsys",
    "volume",
    "density",
    "density_atomic",
    "symmetry",
    "material_id",
    "deprecated",
    "last_updated",
    "origins",
    "warnings",
)


def summary_documents(thermo: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One document a material, with what only the summary route tells."""
    gga = {each["material_id"]: each for each in thermo if each["thermo_type"] == "GGA_GGA+U"}
    return [
        {
            **{key: gga[material.material_id].get(key) for key in _SHARED},
            "property_name": "summary",
            "band_gap": material.band_gap_ev,
            "theoretical": material.theoretical,
            "task_ids": [material.material_id],
        }
        for material in MATERIALS
    ]


def many_documents(count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Thermo and summary documents of so many invented binaries and their elements, of one scheme."""
    symbols = [element.symbol for element in Element if element.Z <= 90]
    formulas: list[dict[str, float]] = [{symbol: 1.0} for symbol in symbols]
    pairs = ((a, b) for a, b in combinations(symbols, 2))
    ratios = ((1, 1), (1, 2), (2, 1))
    formulas += [{a: float(m), b: float(n)} for a, b in pairs for m, n in ratios][: count - len(symbols)]
    thermo, summary = [], []
    for number, composition in enumerate(formulas, start=1):
        shared = {
            "material_id": str(AlphaID(f"mp-{number}", prefix="mp", padlen=8)),
            "composition": composition,
            "chemsys": "-".join(sorted(composition)),
            "volume": 15.0 * sum(composition.values()),
            "deprecated": False,
            "last_updated": _UPDATED,
            "builder_meta": {"license": "BY-C"},
        }
        energy = -2.0 if len(composition) == 1 else -2.0 - number % 997 / 1000
        thermo.append(
            {
                **shared,
                "thermo_id": f"{shared['material_id']}_GGA_GGA+U",
                "thermo_type": "GGA_GGA+U",
                "energy_type": "GGA",
                "energy_per_atom": energy,
                "uncorrected_energy_per_atom": energy,
                "warnings": [MADE_UP],
            }
        )
        summary.append({**shared, "band_gap": number % 7 / 2, "theoretical": bool(number % 2)})
    return thermo, summary
