"""Uploaded files read in a process of their own: what was read, and figures and tables of it as files."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import screening as scr
from screening.display import Displayed, Table
from screening.errors import InputError, ScreeningError
from screening.files import json_ready, write_json

RECORDS = (".mpr", ".nda", ".ndax", ".res", ".xlsx", ".xls", ".ods")
"""Endings that a reader of records knows best: what is wrong with such a file is his to say."""

FIGURES, TABLES = (".svg", ".pdf", ".png"), (".csv", ".xlsx")

Asked = dict[str, Any]
Told = dict[str, Any]


@dataclass
class Findings:
    """What was found, in order; files of it lie in `folder`.

    Attributes
    ----------
    folder : Path
    blocks : list of dict
        Title, table and notes of each, with the names of its files.
    techniques : dict of str to list of str
        Raw files by the key of a sheet's ``files`` that they belong under.
    """

    folder: Path
    blocks: list[dict[str, Any]] = field(default_factory=list)
    techniques: dict[str, list[str]] = field(default_factory=dict)

    def add(self, title: str, found: Displayed, *, drawn: bool = True, **options: Any) -> None:
        """One result, with its figure in every form where it has one."""
        stem = f"{len(self.blocks):02d}"
        block: dict[str, Any] = {
            "title": title,
            "table": packed(found.display()),
            "figures": [],
            "tables": [],
        }
        for suffix in TABLES:
            found.save(self.folder / f"{stem}{suffix}")
            block["tables"].append(f"{stem}{suffix}")
        try:
            for suffix in FIGURES if drawn else ():
                found.save(self.folder / f"{stem}{suffix}", **options)
                block["figures"].append(f"{stem}{suffix}")
        except InputError as fault:
            block["table"]["notes"].append(f"no figure: {fault.message}")
        self.blocks.append(block)

    def say(self, title: str, shown: Table) -> None:
        """A table that is no result of its own."""
        self.blocks.append({"title": title, "table": packed(shown), "figures": [], "tables": []})

    def refuse(self, name: str, fault: ScreeningError) -> None:
        """Why something is of no use."""
        import pandas as pd

        why = pd.DataFrame({"why": [plain(fault, self.folder)]})
        self.say(f"{name}: cannot be used", Table("", why))

    def told(self) -> Told:
        """All of it."""
        return {"blocks": self.blocks, "techniques": self.techniques}


def packed(shown: Table) -> dict[str, Any]:
    """A table as content for JSON."""
    return {
        "caption": shown.caption,
        "columns": [str(name) for name in shown.frame.columns],
        "rows": [json_ready(list(row)) for row in shown.frame.itertuples(index=False)],
        "notes": list(shown.notes),
    }


def unpacked(content: dict[str, Any]) -> Table:
    """The table again."""
    import pandas as pd

    frame = pd.DataFrame(content["rows"], columns=content["columns"])
    return Table(content["caption"], frame, tuple(content["notes"]))


def plain(fault: ScreeningError, folder: Path) -> str:
    """A fault without the place that uploads lie in, beside the folder of the task."""
    return str(fault).replace(f"{folder.parent / 'files'}{os.sep}", "")


def bench(folder: Path, asked: Asked) -> Told:
    """Read whatever a bench gives: sheets with the raw files they name, else spectra, records, patterns."""
    from screening.lab.beginnings import find_cells

    place, findings = Path(asked["files"]), Findings(folder)
    used: set[Path] = set()
    every = sorted(place.iterdir())

    def reach(name: str) -> None:
        at = {"stage": name, "done": min(len(used) + 1, len(every)), "total": len(every)}
        write_json(folder / "progress.json", at)

    for path in sorted(place.glob("*.toml")):
        reach(path.name)
        _sheet(findings, path, used)
    cells, _ = find_cells(place)
    for name, found in cells.items():
        for technique, paths in (("impedance", found.impedance), ("cycling", found.cycling)):
            findings.techniques.setdefault(technique, []).extend(str(path) for path in paths)
        rest = [path for path in (*found.impedance, *found.cycling) if path not in used]
        reach(name)
        used.update(rest)
        if rest and found.impedance:
            _tried(findings, name, lambda n, paths=rest: _spectra(findings, n, paths, asked))
        elif rest:
            _tried(findings, name, lambda n, paths=rest: _record(findings, n, paths, asked))
    for path in every:
        if path not in used and path.suffix != ".toml" and path.suffix != ".cif":
            reach(path.name)
            used.add(path)
            _tried(findings, path.name, lambda n, one=path: _pattern(findings, n, one, asked))
    if not findings.blocks:
        raise InputError("no file that can be read as a measurement", remedy="see docs/formats.md")
    return findings.told()


def _tried(findings: Findings, name: str, read: Any) -> None:
    try:
        read(name)
    except ScreeningError as fault:
        findings.refuse(name, fault)


def _sheet(findings: Findings, path: Path, used: set[Path]) -> None:
    """A cell by its sheet, with all raw files that it names."""
    try:
        cell: scr.Cell = scr.read_cell(path)
        if any(".." in name for name in cell.files.all):
            raise InputError("names files outside its folder", where=path.name, remedy="send them along")
        used.update(cell.located("all"))
        found = scr.analyse_cell(cell)
    except ScreeningError as fault:
        findings.refuse(path.name, fault)
        return
    findings.add(f"{found.name}: outcomes", _Outcomes(found), drawn=False)
    if found.impedance is not None:
        findings.add(f"{found.name}: relaxation times", found.impedance)
    if found.cycling is not None:
        with suppress(InputError):
            files = [*cell.located("cycling")]
            findings.add(f"{found.name}: cycling", scr.read_cycling(files, cell=cell))
    if found.short is not None:
        findings.say(f"{found.name}: short circuit? {found.short.words}", _evidence(found.short))


@dataclass(frozen=True)
class _Outcomes(Displayed):
    cell: Any

    def display(self) -> Table:
        return self.cell.display()

    def to_frame(self) -> Any:
        from screening.lab.analysis import outcomes_frame

        return outcomes_frame([self.cell])


def _evidence(verdict: Any) -> Table:
    columns = ["signal", "source", "verdict", "statement", "time_h", "value", "threshold"]
    frame = verdict.evidence_frame()[columns]
    return Table("Evidence", frame.rename(columns={"time_h": "time (h)"}))


def _spectra(findings: Findings, name: str, paths: list[Path], asked: Asked) -> None:
    spectra = scr.read_eis(paths, area_cm2=asked["area_cm2"])
    title = name.removesuffix(" impedance")
    findings.add(f"{title}: spectra", spectra, drawn=False)  # the test draws them, too
    findings.add(f"{title}: Kramers–Kronig test", spectra.kramers_kronig())
    found = spectra.drt()
    findings.add(f"{title}: relaxation times", found)
    if found.short is not None:
        findings.say(f"{title}: short circuit? {found.short.words}", _evidence(found.short))


def _record(findings: Findings, name: str, paths: list[Path], asked: Asked) -> None:
    found = scr.read_cycling(paths, area_cm2=asked["area_cm2"])
    title = name.removesuffix(" cycling")
    findings.add(f"{title}: cycling", found)
    findings.say(f"{title}: short circuit? {found.verdict.words}", _evidence(found.verdict))


def _pattern(findings: Findings, name: str, path: Path, asked: Asked) -> None:
    try:
        pattern = scr.read_xrd(path)
    except InputError:
        if path.suffix.lower() in RECORDS:
            scr.read_cycling([path])
        raise
    findings.techniques.setdefault("diffraction", []).append(str(path))
    if not (asked["sought"] or asked["reactor"]):
        findings.add(f"{name}: powder pattern", pattern)
        return
    found = pattern.identify(
        *asked["sought"],
        reactor=asked["reactor"],
        electrolyte=asked["electrolyte"],
        cif=[Path(each) for each in asked["cif"]],
    )
    findings.add(f"{name}: phases", found)


def phases(folder: Path, asked: Asked) -> Told:
    """Own phases: read, joined to the snapshot, and told."""
    import pandas as pd

    (path,) = asked["paths"]
    own = scr.OwnPhases(path, asked["force"], asked["replace"])
    held = scr.load_snapshot(asked["snapshot"], own, energies=asked["energies"])
    added = held.phases.added & ~held.phases.estimated
    frame = pd.DataFrame(
        {
            "formula": held.phases.formula[added],
            "formation energy (eV/atom)": held.phases.formation_energy_ev_per_atom[added],
            "uncertainty (eV/atom)": held.phases.uncertainty_ev_per_atom[added],
            "origin": held.phases.origin[added],
        }
    )
    return {"table": packed(Table(held.manifest.name, frame, held.notes))}


def structures(folder: Path, asked: Asked) -> Told:
    """Structures of CIF files."""
    import pandas as pd

    from screening.phases.structures import read_cells

    rows = [
        {
            "formula": cell.formula.text,
            "atoms": len(cell.structure),
            "volume (Å³)": cell.structure.volume,
            "source": cell.source,
        }
        for cell in read_cells([Path(each) for each in asked["paths"]])
    ]
    return {"table": packed(Table("Structures", pd.DataFrame(rows)))}


def candidates(folder: Path, asked: Asked) -> Told:
    """A list of candidates, cleaned: formulas that can be read in a file of its own."""
    import pandas as pd

    from screening.campaign.candidate_files import read_candidates

    (path,) = asked["paths"]
    listed = read_candidates(Path(path))
    texts = listed.texts(skip_bad=True)
    if not texts:
        listed.require_sound()
        raise InputError("no formula in it", remedy="give a column named formula")
    clean = folder / "candidates.csv"
    pd.DataFrame({"formula": texts}).to_csv(clean, index=False)
    notes = [*listed.notes, *(str(fault) for fault in listed.faults)]
    return {"path": str(clean), "count": len(texts), "notes": notes}


def compare(folder: Path, asked: Asked) -> Told:
    """All cells of the folder of experiments against a campaign."""
    findings = Findings(folder)
    found = scr.validate(asked["run"], asked["experiments"], simulated=asked["simulated"])
    findings.add("Prediction against measurement", found, drawn=False)
    contradictions = found.contradictions_frame()
    findings.say("Contradictions", Table("", contradictions, () if len(contradictions) else ("none",)))
    return findings.told()


def blocks(told: Told) -> Iterator[tuple[str, Table, list[str], list[str]]]:
    """Title, table, figures and tables of each block of what was told."""
    for each in told["blocks"]:
        yield each["title"], unpacked(each["table"]), each["figures"], each["tables"]
