"""Layers whose metal was seen to form a connected network, against the volumes that a campaign gives them."""

from dataclasses import dataclass

import numpy as np

from screening.campaign.outcome import Outcome
from screening.campaign.run import Campaign
from screening.phases.composition import Formula, parse_formula, parse_reactant


@dataclass(frozen=True)
class ReportedNetwork:
    """A reacted layer that conducted electrons from face to face.

    Attributes
    ----------
    reactor, anode, electrolyte : str
    wt_percent : float
        Reactor in the layer, by mass.
    doi : str
    """

    reactor: str
    anode: str
    electrolyte: str
    wt_percent: float
    doi: str


REPORTED = (ReportedNetwork("LiAlCl4", "Li", "Li6PS5Cl", 50.0, "10.1002/aenm.202300815"),)
"""The cell with 50 wt% shorted through its layer within two days of rest; those with 10 and 30 did not."""


@dataclass(frozen=True)
class NetworkContradiction:
    """A reported network whose metal, by a campaign's volumes, stays below the threshold.

    Attributes
    ----------
    reactor, doi : str
    wt_percent, metal_volume_fraction, threshold : float
    """

    reactor: str
    doi: str
    wt_percent: float
    metal_volume_fraction: float
    threshold: float


def network_contradictions(campaign: Campaign, outcome: Outcome) -> tuple[NetworkContradiction, ...]:
    """Reported networks among the candidates that the percolation threshold speaks against.

    Parameters
    ----------
    campaign : Campaign
    outcome : Outcome

    Returns
    -------
    tuple of NetworkContradiction
        Empty where no such reactor met the same anode and electrolyte, or its layer was not computed.
    """
    conditions, snapshot = campaign.study.conditions, campaign.source.load()
    found = []
    for one in REPORTED:
        meets = (one.anode, outcome.anode), (one.electrolyte, outcome.electrolyte)
        if not all(_same(parse_formula(a), parse_reactant(b).unit) for a, b in meets):
            continue
        column = f"metal_fraction_{one.wt_percent:g}wt"
        if conditions.wt_percent == one.wt_percent:
            column = "metal_volume_fraction"
        rows = np.flatnonzero(outcome.table["phase"].to_numpy() == snapshot.find(parse_formula(one.reactor)))
        if not len(rows) or column not in outcome.table:
            continue
        fraction = float(outcome.table[column].iloc[rows[0]])
        if fraction < conditions.percolation_threshold:
            found.append(
                NetworkContradiction(
                    one.reactor, one.doi, one.wt_percent, fraction, conditions.percolation_threshold
                )
            )
    return tuple(found)


def _same(one: Formula, other: Formula) -> bool:
    return one.atomic_numbers == other.atomic_numbers and np.allclose(one.fractions, other.fractions)
