"""What a reactor costs, and what it takes to have it: criteria of supply."""

from typing import Protocol

import numpy as np

from screening.phases.snapshot import Phases
from screening.phases.trade import evidence
from screening.reactors.elements import cost_usd_per_kg as element_cost
from screening.reactors.elements import scarcest_abundance_ppm


class HasCandidates(Protocol):
    """An assessment, in whatever role."""

    @property
    def candidates(self) -> Phases:
        """The candidates as phases."""


def cost_usd_per_kg(assessment: HasCandidates) -> np.ndarray:
    """Price of the elements in one kilogram of candidate; not a quotation for the compound."""
    return element_cost(assessment.candidates)


def abundance_ppm(assessment: HasCandidates) -> np.ndarray:
    """Crustal abundance by mass of the scarcest element of the candidate."""
    return scarcest_abundance_ppm(assessment.candidates)


def powders(assessment: HasCandidates) -> np.ndarray:
    """Powders to weigh: 1 where a table holds it as for sale, else the parts that make it up, 2 or more."""
    candidates = assessment.candidates
    for_sale = evidence(candidates) != ""
    return np.where(for_sale, 1.0, np.maximum(candidates.n_elements - 1.0, 2.0))
