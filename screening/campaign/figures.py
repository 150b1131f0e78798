"""What the figures of a campaign show: 1A and 1F of each reactor spelled out, and all candidates at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from screening.campaign.backtest import Known
from screening.campaign.directory import ResultsDirectory
from screening.campaign.document import Reactor
from screening.campaign.study import Study
from screening.files import as_name
from screening.phases.distrust import formula_cautions
from screening.reactors.anode import mobile_ion
from screening.reactors.conditions import REACTOR
from screening.reactors.ranking import gain
from screening.thermo.interface import InterfaceReaction

ALIKE = 1e-9
"""Values of a criterion that differ by less are the same: rounding of sums."""


@dataclass(frozen=True)
class Marked:
    """One compound with a letter: name, place, and whether it is a negative control or a known reactor."""

    name: str
    x: float
    y: float
    control: bool
    known: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class CampaignMap:
    """Ranked candidates by two criteria.

    Attributes
    ----------
    x, y : (n,) float arrays
    x_gain, y_gain : (n,) float arrays
        The same, turned so that larger is better.
    stepped : bool
        Whether better lies in one direction on both axes: the front of two such criteria is a staircase.
    x_label, y_label : str
    role : str
        Of the candidates.
    marked : tuple of Marked
    stable, unranked : tuples of str
        Negative controls that do not react, and known reactors that fail a filter: without a place.
    origins : mapping of str to str
        Which of all these formulas rest on phases that are none of the source's own, and of which origin.
    cautions : tuple of str
        Elements among these formulas whose energies are known to be wrong.
    """

    x: np.ndarray
    y: np.ndarray
    x_gain: np.ndarray
    y_gain: np.ndarray
    stepped: bool
    x_label: str
    y_label: str
    role: str
    marked: tuple[Marked, ...]
    stable: tuple[str, ...]
    unranked: tuple[str, ...]
    origins: Mapping[str, str] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()


def reactor_figures(reactor: Reactor, pair: str = "") -> dict[str, tuple[InterfaceReaction, ...]]:
    """Curves of figure 1A (anode and alloy | reactor) and, where there is an alloy, 1F (both | electrolyte).

    What does not react, as a negative control, has no figure: its curves would be flat lines.

    Parameters
    ----------
    reactor : Reactor
    pair : str
        Added to the names where a study has more than one pair of anode and electrolyte.

    Returns
    -------
    dict
        By the file's name without suffix.
    """
    found = {}
    for figure, other in (("1a", reactor.formula), ("1f", reactor.electrolyte)):
        drawn = reactor.against(other)
        reacts = any(curve.minimum.total_ev_per_atom < 0.0 for curve in drawn)
        if reacts and (figure == "1a" or len(drawn) > 1):
            found[as_name(f"figure_{figure}_{reactor.formula}{pair}")] = drawn
    return found


def campaign_map(
    results: ResultsDirectory,
    pair: tuple[str, str],
    known: Sequence[Known] = (),
    names: tuple[str, str] | None = None,
) -> CampaignMap | None:
    """Ranked candidates by two criteria, with known reactors, controls and the study's own candidates.

    Parameters
    ----------
    results : ResultsDirectory
    pair : (str, str)
        Anode and electrolyte, as the campaign writes them.
    known : sequence of Known
    names : (str, str), optional
        Criteria on the two axes; unless given those of the study, or the next where all are alike in one.

    Returns
    -------
    CampaignMap or None
        None where no candidate has both.
    """
    study = results.study
    mine = (results.table["anode"] == pair[0]) & (results.table["electrolyte"] == pair[1])
    table = results.table[mine].set_index("formula")
    names = names or _telling(table[table["passes"].to_numpy(dtype=bool)], study)
    x, y = (table[name].to_numpy(dtype=float) for name in names)
    shown = np.isfinite(x) & np.isfinite(y) & table["passes"].to_numpy(dtype=bool)
    if not shown.any():
        return None
    marked: list[Marked] = []
    left_out, origins = dict[bool, list[str]]({True: [], False: []}), dict[str, str]()
    for formula, control in _labelled(study, known).items():
        if (written := results.as_written(formula)) not in table.index:
            continue
        row = table.index.get_loc(written)
        if table["origin"].iloc[row]:
            origins[formula] = str(table["origin"].iloc[row])
        if shown[row]:
            at = float(x[row]), float(y[row])
            marked.append(_marked(formula, at, control, _reactors(study, known)))
        else:
            left_out[control].append(formula)
    rules = [study.ranking.rules[name] for name in names]
    x_label, y_label = (study.ranking.every.find(name).axis_label(mobile_ion(pair[0])) for name in names)
    return CampaignMap(
        x=x[shown],
        y=y[shown],
        x_gain=gain(x[shown], rules[0]),
        y_gain=gain(y[shown], rules[1]),
        stepped=not any(rule.target for rule in rules),
        x_label=x_label,
        y_label=y_label,
        role=study.conditions.role,
        marked=tuple(marked),
        stable=tuple(left_out[True]),
        unranked=tuple(left_out[False]),
        origins=origins,
        cautions=_cautions(results, marked, left_out),
    )


def _reactors(study: Study, known: Sequence[Known]) -> list[str]:
    """Known reactors, where the candidates are such."""
    return [one.formula for one in known if study.conditions.role == REACTOR]


def _marked(formula: str, place: tuple[float, float], control: bool, reactors: Sequence[str]) -> Marked:
    return Marked(formula, *place, control, not control and formula in reactors)


def _telling(ranked: pd.DataFrame, study: Study) -> tuple[str, str]:
    """The study's two criteria; for one in which all that rank are alike, the next in which they differ."""
    chosen = study.figures.criteria
    values = {name: ranked[name].astype(float) for name in (*study.ranking.known.names, *chosen)}
    telling = [name for name, each in values.items() if each.max() - each.min() > ALIKE]
    others = (name for name in telling if name not in chosen)
    x, y = (name if name in telling else next(others, name) for name in chosen)
    return x, y


def _cautions(
    results: ResultsDirectory, marked: Sequence[Marked], left_out: Mapping[bool, Sequence[str]]
) -> tuple[str, ...]:
    names = [*(one.name for one in marked), *left_out[True], *left_out[False]]
    return formula_cautions(results.provenance.energy_scheme, names)


def _labelled(study: Study, known: Sequence[Known]) -> dict[str, bool]:
    """Compounds that carry a letter, and whether each is a control."""
    known = known if study.conditions.role == REACTOR else ()
    return {
        **dict.fromkeys(study.candidates.formulas, False),
        **dict.fromkeys(study.candidates.controls, True),
        **{one.formula: one.role == "control" for one in known},
    }
