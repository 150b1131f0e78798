"""What a reactor costs, and what it takes to have it: criteria of supply."""

import numpy as np

from screening.phases.trade import evidence
from screening.reactors.assessment import Assessment
from screening.reactors.elements import cost_usd_per_kg as element_cost
from screening.reactors.elements import scarcest_abundance_ppm


def cost_usd_per_kg(assessment: Assessment) -> np.ndarray:
    """Price of the elements in one kilogram of reactor; not a quotation for the compound."""
    return element_cost(assessment.reduction.candidates)


def abundance_ppm(assessment: Assessment) -> np.ndarray:
    """Crustal abundance by mass of the scarcest element of the reactor."""
    return scarcest_abundance_ppm(assessment.reduction.candidates)


def powders(assessment: Assessment) -> np.ndarray:
    """Powders to weigh: 1 where a table holds it as for sale, else the parts that make it up, 2 or more."""
    candidates = assessment.reduction.candidates
    for_sale = evidence(candidates) != ""
    return np.where(for_sale, 1.0, np.maximum(candidates.n_elements - 1.0, 2.0))
