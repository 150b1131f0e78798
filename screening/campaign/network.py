"""Layers whose metal was seen to form a connected network, against the volumes that a campaign gives them."""

from dataclasses import dataclass

import numpy as np

from screening.campaign.directory import ResultsDirectory


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
    """A reported network whose metal, by a campaign's volumes, stays below the threshold."""

    reported: ReportedNetwork
    metal_volume_fraction: float
    threshold: float

    @property
    def words(self) -> str:
        """The contradiction in one line."""
        network = self.reported
        return (
            f"contradiction: {network.wt_percent:g} wt% {network.reactor} reaches "
            f"{100 * self.metal_volume_fraction:.1f} vol% metal, below the threshold of "
            f"{100 * self.threshold:g}, although the published layer formed a connected network "
            f"(doi {network.doi})"
        )


def network_contradictions(
    results: ResultsDirectory, pair: tuple[str, str]
) -> tuple[NetworkContradiction, ...]:
    """Reported networks among the candidates that the percolation threshold speaks against.

    Parameters
    ----------
    results : ResultsDirectory
    pair : (str, str)
        Anode and electrolyte, as the campaign writes them.

    Returns
    -------
    tuple of NetworkContradiction
        Empty where no such reactor met the same anode and electrolyte, or its layer was not computed.
    """
    conditions = results.study.conditions
    found = []
    for one in REPORTED:
        row = results.row(one.reactor, one.anode, one.electrolyte)
        if row is None or (row["anode"], row["electrolyte"]) != pair:
            continue
        column = f"metal_fraction_{one.wt_percent:g}wt"
        if conditions.wt_percent == one.wt_percent:
            column = "metal_volume_fraction"
        fraction = float(row.get(column, np.nan))
        if fraction < conditions.percolation_threshold:
            found.append(NetworkContradiction(one, fraction, conditions.percolation_threshold))
    return tuple(found)
