"""The table of phase diagrams as it lies in the open-data bucket, over the made-up entries."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake
from emmet.core.arrow import arrowize
from emmet.core.types.pymatgen_types.phase_diagram_adapter import PhaseDiagramType
from pydantic import TypeAdapter
from pymatgen.analysis.phase_diagram import PhaseDiagram

from mp_server.documents import DATABASE_VERSION, corrected_entries

PREFIX = "objects/phase-diagrams"


def write_phase_diagrams(folder: Path, chemsys: str) -> None:
    """Write the table with one mixed phase diagram, as the builders of the database do."""
    symbols = set(chemsys.split("-"))
    inside = [each for each in corrected_entries() if {str(e) for e in each.composition.elements} <= symbols]
    adapter = TypeAdapter(PhaseDiagramType)
    diagram = _plain(adapter.dump_python(PhaseDiagram(inside), context={"format": "arrow"}))
    schema = pa.schema(
        [
            pa.field("chemsys", pa.string()),
            pa.field("thermo_type", pa.string()),
            pa.field("version", pa.string()),
            pa.field("phase_diagram", arrowize(PhaseDiagramType)),
        ]
    )
    row = {
        "chemsys": chemsys,
        "thermo_type": "GGA_GGA+U_R2SCAN",
        "version": DATABASE_VERSION.replace(".", "-"),
        "phase_diagram": _shaped(diagram, schema.field("phase_diagram").type),
    }
    table = pa.Table.from_pylist([row], schema=schema)
    write_deltalake(str(folder / PREFIX), table, partition_by=["version"])


def _plain(value: Any) -> Any:
    """Containers, text and numbers only."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _shaped(value: Any, kind: pa.DataType) -> Any:
    """A plain value in the shape of an arrow type: maps as pairs, identifiers in parts, the rest as JSON."""
    if value is None:
        return None
    if pa.types.is_struct(kind) and isinstance(value, str):
        identifier, suffix = value.rsplit("-", 1)
        return {"identifier": identifier, "suffix": suffix, "separator": "-"}
    if pa.types.is_struct(kind):
        return {field.name: _shaped(value.get(field.name), field.type) for field in kind}
    if pa.types.is_map(kind):
        pairs = value.items() if isinstance(value, dict) else value
        return [(key, _shaped(each, kind.item_type)) for key, each in pairs]
    if pa.types.is_list(kind):
        return [_shaped(each, kind.value_type) for each in value]
    if pa.types.is_string(kind) and not isinstance(value, str):
        return json.dumps(value)
    return value
