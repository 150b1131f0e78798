"""The phases that a powder pattern of a layer is searched for, defined once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from screening.lab.cell import Cell
from screening.lab.diffraction.identify import Identification
from screening.lab.diffraction.pattern import PowderPattern
from screening.phases.composition import parse_formula
from screening.phases.structures import Cell as UnitCell
from screening.phases.structures import find_cell
from screening.reactors.detail import Plateau
from screening.validation.diffraction import look_for
from screening.validation.predictions import Prediction, stages


def expected_phases(
    reactor: str, electrolyte: str, anode: str, plateaus: Iterable[Plateau] = ()
) -> tuple[str, ...]:
    """Formulas that a layer is made of and should become: reactor, products, electrolyte, anode, each once.

    Parameters
    ----------
    reactor, electrolyte, anode : str
        An empty one is left out.
    plateaus : iterable of Plateau
        Of the reactor's lithiation. Expected are the products from the first plateau that holds the alloy to
        the last one above the floor: metal is in excess, and how far the reaction goes is open.
    """
    products = [product.formula for plateau in stages(plateaus) for product in plateau.products]
    return _each_once((reactor, *products, electrolyte, anode))


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    """The first spelling of each composition: one phase given twice would share its lines with itself."""
    found: dict[object, str] = {}
    for name in filter(None, names):
        formula = parse_formula(name)
        found.setdefault((formula.atomic_numbers, tuple(formula.fractions.round(6).tolist())), name)
    return tuple(found.values())


@dataclass(frozen=True, eq=False)
class ExpectedPhases:
    """Phases that the pattern of one cell is searched for (an `analysis.PhaseSearch`).

    Attributes
    ----------
    names : tuple of str
        All formulas.
    sought : dict of str to tuple of str
        Those that answer a quantity.
    structures : tuple of structures.Cell
        The first of a composition counts.
    """

    names: tuple[str, ...]
    sought: dict[str, tuple[str, ...]]
    structures: tuple[UnitCell, ...]

    @classmethod
    def of(
        cls, sheet: Cell, prediction: Prediction | None, structures: Sequence[UnitCell]
    ) -> "ExpectedPhases":
        """Those of a cell: of its sheet, and what the campaign predicts for it."""
        reactor = prediction.reactor if prediction else sheet.reactor
        sought: dict[str, tuple[str, ...]] = {"reactor_lines_gone": (reactor,)}
        plateaus: Sequence[Plateau] = ()
        if prediction is not None:
            sought |= {"salt_lines_present": prediction.salts, "alloy_lines_present": prediction.metals}
            plateaus = prediction.detail.plateaus if prediction.detail else ()
        answers = [name for formulas in sought.values() for name in formulas]
        names = expected_phases(reactor, sheet.electrolyte, sheet.anode, plateaus)
        return cls(_each_once((*names, *answers)), sought, tuple(structures))

    @cached_property
    def digest(self) -> str:
        """Checksum of the formulas and their structures."""
        total = sha256(repr((self.names, self.sought)).encode())
        for name in self.names:
            cell = find_cell(parse_formula(name), self.structures)
            if cell is not None:
                total.update(f"{cell.source}{cell.functional}{cell.structure}".encode())
        return total.hexdigest()

    def identify(self, pattern: PowderPattern) -> Identification:
        """Search a pattern.

        Raises
        ------
        InputError
            If no structure of any of them is at hand.
        """
        return look_for(self.names, self.structures, pattern)
