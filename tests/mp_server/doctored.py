"""Parts of the embedded snapshot with energies changed for tests."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq

from screening.phases.composition import atomic_number
from screening.phases.library import locate, open_snapshot, snapshot_home
from screening.phases.snapshot import ESTIMATED_FILE, PHASES_FILE
from screening.phases.writer import write_snapshot

SIX_REACTORS = "Al-Br-Cl-F-Ge-Ho-I-Li-Mg-N-O-P-S-Y"
"""Everything that the packaged study of six reactors touches."""


def doctored(name: str, changes: dict[str, float], chemsys: str = SIX_REACTORS) -> None:
    """Write one system as a snapshot of the user's own, energies shifted (eV/atom); NaN removes a phase."""
    table = pq.read_table(locate() / PHASES_FILE)
    inside = {atomic_number(each) for each in chemsys.split("-")}
    frame = table.to_pandas()
    frame = frame[[inside.issuperset(elements) for elements in frame["elements"]]]
    gone = [formula for formula, change in changes.items() if change != change]
    frame = frame[~frame["formula"].isin(gone)]
    frame["formation_energy_ev_per_atom"] += frame["formula"].map(changes).fillna(0.0)
    changed = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
    manifest = json.loads(open_snapshot().manifest.details)
    manifest |= {"name": name, "query": {"chemical_systems": [chemsys]}}
    snapshot_home().mkdir(parents=True, exist_ok=True)
    write_snapshot(snapshot_home() / name, {PHASES_FILE: changed.replace_schema_metadata()}, manifest)
    shutil.copy(locate() / ESTIMATED_FILE, snapshot_home() / name)
