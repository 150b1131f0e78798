"""What the figures of a campaign show: 1A and 1F of each reactor spelled out, and all candidates at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from screening.campaign.backtest import Known
from screening.campaign.outcome import Outcome
from screening.campaign.run import Campaign
from screening.phases.composition import parse_formula
from screening.reactors.criteria import CRITERIA
from screening.reactors.detail import ReactorDetail
from screening.reactors.ranking import gain
from screening.thermo.interface import InterfaceReaction


@dataclass(frozen=True)
class Marked:
    """One compound with a letter: its name, its place, and whether it is a negative control."""

    name: str
    x: float
    y: float
    control: bool


@dataclass(frozen=True, eq=False)
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
    marked : tuple of Marked
    stable, unranked : tuples of str
        Negative controls that do not react, and known reactors that fail a filter: without a place.
    estimated : frozenset of str
        Which of all these formulas rest on an estimated phase.
    """

    x: np.ndarray
    y: np.ndarray
    x_gain: np.ndarray
    y_gain: np.ndarray
    stepped: bool
    x_label: str
    y_label: str
    marked: tuple[Marked, ...]
    stable: tuple[str, ...]
    unranked: tuple[str, ...]
    estimated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FigurePlan:
    """One figure to draw: its file name without suffix, and its curves."""

    name: str
    curves: tuple[InterfaceReaction, ...]


def reactor_figures(reactor: ReactorDetail, pair: str = "") -> Iterator[FigurePlan]:
    """Figure 1A (anode and alloy | reactor) and, where there is an alloy, 1F (both | electrolyte).

    What does not react, as a negative control, has no figure: its curves would be flat lines.

    Parameters
    ----------
    reactor : ReactorDetail
    pair : str
        Added to the names where a study has more than one pair of anode and electrolyte.
    """
    against_reactor = (reactor.with_anode, reactor.with_alloy)
    against_electrolyte = (reactor.electrolyte_with_anode, reactor.electrolyte_with_alloy)
    for figure, curves in (("1a", against_reactor), ("1f", against_electrolyte)):
        drawn = tuple(curve for curve in curves if curve is not None)
        reacts = any(curve.minimum.total_ev_per_atom < 0.0 for curve in drawn)
        if reacts and (figure == "1a" or len(drawn) > 1):
            yield FigurePlan(f"figure_{figure}_{reactor.formula}{pair}", drawn)


def campaign_map(
    campaign: Campaign, outcome: Outcome, known: Sequence[Known], names: tuple[str, str]
) -> CampaignMap | None:
    """Ranked candidates by two criteria, with known reactors, controls and the study's own candidates.

    Parameters
    ----------
    campaign : Campaign
    outcome : Outcome
    known : sequence of Known
    names : (str, str)
        Criteria on the two axes.

    Returns
    -------
    CampaignMap or None
        None where no candidate has both.
    """
    table, snapshot = outcome.table, campaign.source.load()
    x, y = (table[name].to_numpy(dtype=float) for name in names)
    placed = np.isfinite(x) & np.isfinite(y)
    shown = placed & table["passes"].to_numpy(dtype=bool)
    if not shown.any():
        return None
    selection = campaign.selection
    labelled = {
        **dict.fromkeys(selection.label[: selection.n_named].tolist(), False),
        **dict.fromkeys(selection.label[selection.n_named :][: selection.n_controls].tolist(), True),
        **{one.formula: one.role == "control" for one in known},
    }
    row_of = {phase: row for row, phase in enumerate(table["phase"].tolist())}
    marked: list[Marked] = []
    left_out: dict[bool, list[str]] = {True: [], False: []}
    estimated: set[str] = set()
    for formula, control in labelled.items():
        row = row_of.get(snapshot.find(parse_formula(formula)))
        if row is None:
            continue
        if table["estimated"].iloc[row]:
            estimated.add(formula)
        if shown[row]:
            marked.append(Marked(formula, float(x[row]), float(y[row]), control))
        else:
            left_out[control].append(formula)
    rules = [campaign.study.ranking.criteria[name] for name in names]
    x_label, y_label = (CRITERIA.find(name).axis_label(outcome.ion) for name in names)
    return CampaignMap(
        x[shown],
        y[shown],
        gain(x[shown], rules[0]),
        gain(y[shown], rules[1]),
        not any(rule.target for rule in rules),
        x_label,
        y_label,
        tuple(marked),
        tuple(left_out[True]),
        tuple(left_out[False]),
        frozenset(estimated),
    )
