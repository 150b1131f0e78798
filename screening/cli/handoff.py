"""``screening handoff``: bench sheets of candidates."""

from pathlib import Path
from typing import Annotated, Any

import typer

from screening.cli.options import CifOption, JsonOption, say_all, sourced, tell, write_json

ContentOption = Annotated[
    float | None,
    typer.Option("--wt", metavar="PERCENT", help="Reactor in the layer (default that of --results, or 50)."),
]
CapacityOption = Annotated[
    float | None, typer.Option("--capacity-mah", metavar="MAH", help="Of the cathode, for --programs.")
]


@sourced()
def handoff(
    formulas: Annotated[list[str], typer.Argument(metavar="FORMULA...", help="Reactors, one sheet each.")],
    results: Annotated[
        Path | None,
        typer.Option("--results", metavar="DIR", help="Results of `screening run`: rank and conditions."),
    ] = None,
    wt: ContentOption = None,
    die_mm: Annotated[float, typer.Option("--die-mm", metavar="MM", help="Diameter of the die.")] = 10.0,
    layer_mg: Annotated[float, typer.Option("--layer-mg", metavar="MG", help="Mass of a layer.")] = 10.0,
    batch_g: Annotated[float, typer.Option("--batch-g", metavar="G", help="Reactor to synthesise.")] = 1.0,
    cells: Annotated[int, typer.Option("--cells", metavar="N", help="Symmetric cells to mix for.")] = 5,
    anode: Annotated[
        str, typer.Option("--anode", help="Metal of the anode (default that of --results, or Li).")
    ] = "",
    electrolyte: Annotated[
        str, typer.Option("--electrolyte", help="In the layer (default that of --results, or Li6PS5Cl).")
    ] = "",
    cif: CifOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Directory (default handoff; none with --json)."),
    ] = None,
    programs: Annotated[bool, typer.Option("--programs", help="Also cycler programs: .mps, .xml.")] = False,
    capacity_mah: CapacityOption = None,
    as_json: JsonOption = False,
    *,
    source: dict[str, Any],
) -> None:
    """Write bench sheets of candidates: html, printable pdf, json."""
    from screening.api.campaigns import Source, bench_sheets
    from screening.campaign.directory import ResultsDirectory
    from screening.handoff.pages import write_sheets
    from screening.handoff.plan import Plan
    from screening.handoff.programs import write_programs
    from screening.phases.corrections import Energies, chosen_energies, scheme_energies
    from screening.phases.library import EMBEDDED
    from screening.thermo.sources import own_phases

    ranked = None if results is None else ResultsDirectory(results).checked()
    given = {"anode": anode, "electrolyte": electrolyte, "wt_percent": wt}
    told = {name: value for name, value in given.items() if value not in ("", None)}
    plan = Plan.of(ranked, die_mm=die_mm, layer_mg=layer_mg, batch_g=batch_g, cells=cells, **told)
    stated = ranked.study.hull_formulas if ranked else ()
    from_hull = (*formulas, plan.electrolyte) if source["at_hull"] else stated
    own, energies = own_phases(source["phases"], source["force"], source["replace"]), source["energies"]
    snapshot, chosen = source["snapshot"], chosen_energies(energies)
    if ranked is not None and (snapshot, chosen) == (EMBEDDED, Energies.CORRECTED):  # those of the run
        snapshot, chosen = ranked.snapshot, scheme_energies(ranked.provenance.energy_scheme)
    of = Source(snapshot, own or "", source["temperature_k"], chosen, from_hull)
    sheets = bench_sheets(formulas, plan, results=ranked, source=of, cif=cif or ())
    say_all(f"{sheet.formula}: {note}" for sheet in sheets for note in sheet.notes)
    if out is not None or not as_json:
        folder = out or Path("handoff")
        written = write_sheets(folder, sheets)
        if programs and any(not sheet.withheld for sheet in sheets):
            written += write_programs(folder, plan, capacity_mah)
        if not as_json:
            tell("\n".join(map(str, written)))
    if as_json:
        write_json([sheet.as_dict() for sheet in sheets])
