"""What moist air sets free from a compound: a rule by composition alone, for all phases at once.

Each anion is asked whether it stands as an anion, by the charge of the cations against what the other anions
take up: the phosphorus of Li3P is a phosphide, that of Li3PO4 is not. The rule leans towards the alarm;
docs/ranking.md says what it does not know. Handbook chemistry throughout: N. N. Greenwood, A. Earnshaw,
Chemistry of the Elements, 2nd ed. (1997).
"""

from functools import cache

import numpy as np

from screening.phases.composition import symbol
from screening.phases.snapshot import Phases
from screening.reactors.elements import cation_charges, named, table_of

SAFE_CATIONS = ("Li", "Na", "K", "Rb", "Cs", "Fr", "Ca", "Sr", "Ba")
"""Their chlorides, bromides and iodides dissolve without hydrolysis. Those of Mg (and Be) do hydrolyse: a
hydrate that is dried or milled warm gives off the acid, so Mg is not among them."""

ACIDS = {"Cl": "HCl", "Br": "HBr", "I": "HI"}
CHALCOGENS = {"S": "H2S", "Se": "H2Se", "Te": "H2Te"}
PNICTOGENS = {"P": "PH3", "As": "AsH3"}

HALOGENS = ("F", *ACIDS)
METALLOIDS = ("B", "Si", "Ge", "As", "Sb")
NON_METALS = ("H", "C", "N", "O", "P", *HALOGENS, *CHALCOGENS, "At")

FLUORIDE_HOSTS = (*METALLOIDS, "N", "P", *CHALCOGENS)
"""Their fluorides hydrolyse. Fluorocarbons do not."""

HIGH_VALENT = 4.0
"""Mean charge of the metals from which a fluoride hydrolyses: SnF4, TiF4, NbF5, but not AlF3."""

INERT_PHOSPHIDE_GROUPS = range(4, 12)
"""Phosphides and arsenides of the metals of these groups alone, as Ni2P, conduct and do not hydrolyse."""


@cache
def _electropositive() -> np.ndarray:
    """Metals whose nitrides, carbides and hydrides water takes apart: groups 1 to 3, f elements, Al, Zn."""
    from pymatgen.core import Element

    def rule(z: int) -> bool:
        element = Element.from_Z(z)
        early = element.group in (1, 2, 3) and symbol(z) != "H"
        return early or element.is_lanthanoid or element.is_actinoid or symbol(z) in ("Al", "Zn")

    return table_of(rule)


@cache
def _groups_4_to_11() -> np.ndarray:
    from pymatgen.core import Element

    def rule(z: int) -> bool:
        element = Element.from_Z(z)
        return element.is_transition_metal and element.group in INERT_PHOSPHIDE_GROUPS

    return table_of(rule)


class _Anions:
    """Sums over the atoms of each phase, and which anions each phase holds."""

    def __init__(self, phases: Phases) -> None:
        self._phases = phases
        self.oxygen, self.halogen = self.atoms("O"), self.atoms(*HALOGENS)
        self.acid_halogen = self.atoms(*ACIDS)
        self.chalcogen, self.nitrogen = self.atoms(*CHALCOGENS), self.atoms("N")
        self.pnictogen, self.carbon = self.atoms("P", "As", "Sb"), self.atoms("C")
        self.electropositive = self.charge(_electropositive() * cation_charges()[0])

    def charge(self, per_element: np.ndarray) -> np.ndarray:
        """Sum of a value per atom, (n,) float array."""
        value = self._phases.amount * per_element[self._phases.atomic_number]
        return np.add.reduceat(value, self._phases.row_start[:-1])

    def atoms(self, *symbols: str) -> np.ndarray:
        """Atoms of these elements, (n,) float array."""
        return self.charge(named(symbols).astype(float))

    def safe_charge(self) -> np.ndarray:
        """Charge of the cations whose halides do not hydrolyse, (n,) float array."""
        return self.charge(named(SAFE_CATIONS) * cation_charges()[0])

    def halides(self) -> np.ndarray:
        """Cl, Br, I as anions (no chlorates) and more of them than the safe cations hold, (n,) bool array."""
        least, most = cation_charges()
        cation = np.where(named((*HALOGENS, "O", "At")), 0.0, most)
        cation = np.where(named(("N",)), least, cation)
        anion = self.charge(cation) > 2.0 * self.oxygen
        return (self.acid_halogen > 0) & anion & (self.halogen > self.safe_charge())

    def fluorides(self) -> np.ndarray:
        """Fluorides of non-metals or of high-valent metals, (n,) bool array."""
        _, most = cation_charges()
        hosts = self.charge(named((*FLUORIDE_HOSTS, "C")) * most)
        bare = (self.charge(named(FLUORIDE_HOSTS) * most) > 0) & (2.0 * self.oxygen <= hosts)
        other = ~named((*SAFE_CATIONS, *NON_METALS, *METALLOIDS))
        metals = self.charge(other.astype(float))
        metal_charge = self.halogen + 2.0 * self.oxygen - hosts - self.safe_charge() - self.atoms("H")
        high = (metals > 0) & (metal_charge >= HIGH_VALENT * np.maximum(metals, 1e-9) - 1e-6)
        fluorine = self.atoms("F")
        return (fluorine > 0) & (self.halogen > self.safe_charge()) & (bare | high)

    def chalcogenides(self) -> np.ndarray:
        """S, Se or Te as an anion, no sulfate, selenite or tellurite, (n,) bool array.

        Where there is little oxygen the cations count with their greatest charge, else with their least.
        """
        least, most = cation_charges()
        cation = ~named(("O", "N", *HALOGENS, *CHALCOGENS))
        taken = 2.0 * self.oxygen + self.halogen + 3.0 * self.nitrogen
        few_oxygen = self.oxygen < 3.0 * self.chalcogen
        by_most, by_least = self.charge(cation * most), self.charge(cation * np.where(_full(), most, least))
        return (self.chalcogen > 0) & np.where(few_oxygen, by_most > taken, by_least > taken)

    def phosphides(self) -> np.ndarray:
        """P or As as an anion, unless all metals are of groups 4 to 11, (n,) bool array."""
        least, _ = cation_charges()
        cation = ~named((*NON_METALS, "As", "Sb"))
        soft = self.charge((cation & ~_groups_4_to_11()).astype(float)) > 0
        return soft & (self.charge(cation * least) > self._taken())

    def _taken(self) -> np.ndarray:
        """Charge that O, halogens, S, Se, Te and N take up as anions, (n,) float array."""
        return 2.0 * (self.oxygen + self.chalcogen) + self.halogen + 3.0 * self.nitrogen

    def antimonides(self) -> np.ndarray:
        """Sb as an anion of electropositive metals, (n,) bool array."""
        return (self.atoms("Sb") > 0) & (self.electropositive > self._taken())

    def nitrides(self) -> np.ndarray:
        """N as an anion of electropositive metals, no nitrate, (n,) bool array."""
        return (self.nitrogen > 0) & (self.electropositive > self._taken() - 3.0 * self.nitrogen)

    def carbides(self) -> np.ndarray:
        """C as an anion of electropositive metals, no carbonate, (n,) bool array."""
        return (self.carbon > 0) & (self.electropositive > self._taken() + 3.0 * self.pnictogen)

    def hydrides(self) -> np.ndarray:
        """H as an anion of electropositive metals, no hydroxide or amide, (n,) bool array."""
        taken = self._taken() + 3.0 * self.pnictogen + 4.0 * self.carbon
        return (self.atoms("H") > 0) & (self.electropositive > taken)


@cache
def _full() -> np.ndarray:
    """Elements that are counted with their full charge beside oxygen, as P in thiophosphates."""
    return named(("C", "P", *METALLOIDS))


def moisture_hazard(phases: Phases) -> np.ndarray:
    """Gases that moist air may set free, by composition alone.

    Returns
    -------
    (n,) object array of str
        Formulas joined by a comma, as ``HCl``, ``H2S, HCl`` or ``PH3``; empty where the rule knows of none.
    """
    if not len(phases):
        return np.empty(0, dtype=object)
    anions = _Anions(phases)
    found: list[tuple[str, np.ndarray]] = []

    def add(gases: dict[str, str], hazard: np.ndarray) -> None:
        found.extend((gas, hazard & (anions.atoms(element) > 0)) for element, gas in gases.items())

    add(CHALCOGENS, anions.chalcogenides())
    add(ACIDS, anions.halides())
    add({"F": "HF"}, anions.fluorides())
    add(PNICTOGENS, anions.phosphides())
    add({"Sb": "SbH3"}, anions.antimonides())
    found.extend(_of_electropositive_metals(anions))
    hazard = np.full(len(phases), "", dtype=object)
    for gas, freed in found:
        hazard[freed] = np.where(hazard[freed] == "", gas, hazard[freed] + ", " + gas)
    return hazard


def _of_electropositive_metals(anions: _Anions) -> list[tuple[str, np.ndarray]]:
    """Nitrides, carbides and hydrides, with the gas of each."""
    nitride, carbide = anions.nitrides(), anions.carbides()
    cyanide = nitride & (anions.carbon >= anions.nitrogen)
    methanide = carbide & (anions.atoms("Al", "Be", "H") > 0)
    return [
        ("NH3", nitride & ~cyanide),
        ("HCN", cyanide),
        ("CH4", methanide),
        ("C2H2", carbide & ~methanide),
        ("H2", anions.hydrides()),
    ]
