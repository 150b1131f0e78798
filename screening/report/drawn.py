"""What a run leaves for people to look at: figures, and the workbook."""

from pathlib import Path
from typing import Any

from screening.campaign.backtest import known_compounds
from screening.campaign.directory import ResultsDirectory
from screening.campaign.figures import campaign_map, reactor_figures
from screening.campaign.store import Store
from screening.errors import IncompleteError, InputError
from screening.files import as_name, atomic_write, write_figure
from screening.plots.campaign import campaign_figure
from screening.plots.interface import reaction_energy_figure
from screening.plots.layer import layer_figure
from screening.report.workbook import write_campaign_book

FIGURE_SUFFIXES = (".png", ".svg")
WORKBOOK = "results.xlsx"


def draw(results: ResultsDirectory) -> None:
    """Draw reactors that are spelled out, and the map of several candidates (png, svg); write the workbook.

    Raises
    ------
    IncompleteError
        If some cannot be written: it names them; what else can be written is.
    """
    drawn, shared = dict[str, Any](), dict[tuple[tuple[str, str], ...], Any]()
    axis = results.study.figures.x_axis
    for pair in results.pairs:
        suffix = f"_{pair[0]}_{pair[1]}" if len(results.pairs) > 1 else ""
        for reactor in results.spelled_out(pair):
            for name, curves in reactor_figures(reactor, suffix).items():
                met = tuple((each.a, each.b) for each in curves)  # two reactors may form one alloy
                shared[met] = shared.get(met) or reaction_energy_figure(curves, axis=axis)
                drawn[name] = shared[met]
            if reactor.plateaus and reactor.at_potential:
                drawn[as_name(f"figure_layer_{reactor.formula}{suffix}")] = layer_figure(reactor)
        candidates = campaign_map(results, pair, known_compounds())
        if candidates is not None and len(candidates.x) > 1:
            drawn[as_name(f"campaign{suffix}")] = campaign_figure(candidates)
    files: dict[str, Any] = {f"{name}{suffix}": drawn[name] for name in drawn for suffix in FIGURE_SUFFIXES}
    files[WORKBOOK] = None
    Store.look(results.path).own(list(files))
    faults, written = dict[str, str](), dict[tuple[Any, str], Path]()
    for path, figure in ((results.path / name, figure) for name, figure in files.items()):
        try:
            if figure is None:
                write_campaign_book(path, results)
            elif same := written.get((figure, path.suffix)):
                with atomic_write(path) as draft:
                    draft.write_bytes(same.read_bytes())
            else:
                write_figure(path, figure, results.provenance, trim=False)
                written[figure, path.suffix] = path
        except InputError as fault:
            faults[path.name] = fault.message
    if faults:
        raise IncompleteError(
            f"figures missing: {', '.join(faults)} ({next(iter(faults.values()))}); all else is written",
            where=str(results.path),
            remedy="make room and run it again",
        )
