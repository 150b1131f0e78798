"""The sections of a study that name what meets what: candidates, anodes and electrolytes, figures."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from screening.phases.composition import atomic_number, parse_formula, parse_reactant
from screening.reactors.anode import mobile_ion
from screening.reactors.conditions import REACTOR, Role
from screening.reactors.contacts import STAGES
from screening.reactors.placement_criteria import criteria_of
from screening.reactors.settings import Conditions, Settings


class Query(Settings):
    """Candidates taken from the snapshot by rule.

    Attributes
    ----------
    anions : tuple of str
        At least one of these must be present, and no other of F, Cl, Br, I, O, S, Se, Te, N, P, As, H, C, B
        unless it is required or a central atom; empty: any.
    central_atoms : tuple of str
        Anion formers that may stand beside the anions, as P in thiophosphates.
    required, allowed, forbidden : tuples of str
        Elements that all must be present; that alone may be present (empty: all); that must be absent.
    radioactive, noble_gases : bool
        Whether compounds of such elements are let in.
    distrusted : bool
        Whether compounds are let in whose energies the snapshot is known to have wrong (Yb, salts of Sm, Eu).
    n_elements : (int, int)
        Fewest and most elements.
    maximum_energy_above_hull_ev_per_atom : float or None
    needs_metal : bool
        Must contain a metal other than the anode's, or Si, Ge, Sb.
    non_reactors : bool
        Whether compounds of the anode metal with a single anion (LiCl, Li2S) are let in.
    """

    anions: tuple[str, ...] = ()
    central_atoms: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    radioactive: bool = False
    noble_gases: bool = False
    distrusted: bool = False
    n_elements: tuple[int, int] = (2, 20)
    maximum_energy_above_hull_ev_per_atom: float | None = Field(default=None, ge=0.0)
    needs_metal: bool = True
    non_reactors: bool = False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not 1 <= self.n_elements[0] <= self.n_elements[1]:
            raise ValueError(f"n_elements {list(self.n_elements)}: bounds reversed or below 1")
        for name in ("anions", "central_atoms", "required", "allowed", "forbidden"):
            for symbol in getattr(self, name):
                atomic_number(symbol, where=f"candidates.query.{name}")
        return self


class Candidates(Settings):
    """Where candidates come from; all given sources add up, without repeats.

    Attributes
    ----------
    formulas : tuple of str
        Named candidates: always in figures and reports.
    controls : tuple of str
        Negative controls, which must come out without a rank.
    file : str
        csv, Excel or parquet file with a column ``formula``, relative to the study file.
    skip_bad : bool
        Leave out rows of the file that cannot be used, instead of refusing it; results name them.
    query : Query or None
    """

    formulas: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    file: str = ""
    skip_bad: bool = False
    query: Query | None = None

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not self.formulas and not self.file and self.query is None:
            raise ValueError("no candidates: give formulas, file or query")
        return self


class ConditionGrid(Settings):
    """The grid of counter-phases, and how the outcome is read; see `Conditions`.

    Attributes
    ----------
    role, cathode, window_v
        As of `Conditions`.
    at_hull : bool
        Take named candidates, electrolytes and the cathode that the snapshot lacks, as doped ones or NMC,
        from the hull: at the energy and volume of the phases that are stable there. Results mark them.
    anodes, electrolytes : tuples of str
        Every candidate meets every anode (a metal, or an alloy as LiAl) with every electrolyte.
    layers_wt_percent : tuple of float
        Reactor contents at which the layer's volumes are reported.
    contacts : tuple of {"relief", "relay", "mixing"}
        Which reactions among alloy, reactor and electrolyte are computed (the dearer half), for candidates
        that pass the filters; a study may write true for all and false for none.
    """

    role: Role = REACTOR
    anodes: tuple[str, ...] = Field(default=("Li",), min_length=1)
    electrolytes: tuple[str, ...] = ("Li6PS5Cl",)
    cathode: str = ""
    window_v: tuple[float, float] | None = None
    at_hull: bool = False
    anode_charge: int | None = Conditions().anode_charge
    plateau_floor_v: float = Conditions().plateau_floor_v
    wt_percent: float = Conditions().wt_percent
    layers_wt_percent: tuple[float, ...] = (10.0, 30.0, 50.0)
    layer_mg_per_cm2: float = Conditions().layer_mg_per_cm2
    percolation_threshold: float = Conditions().percolation_threshold
    no_reaction_ev_per_atom: float = Conditions().no_reaction_ev_per_atom
    anode_um: float | None = None
    potential_v: float | None = None
    contacts: tuple[Literal["relief", "relay", "mixing"], ...] = ("relief", "relay", "mixing")

    @model_validator(mode="before")
    @classmethod
    def _own_electrolyte(cls, given: object) -> object:
        """Where the candidates are the electrolyte there is no default for another one."""
        candidates = isinstance(given, dict) and given.get("role") == "electrolyte"
        return {"electrolytes": (), **given} if isinstance(given, dict) and candidates else given

    @field_validator("contacts", mode="before")
    @classmethod
    def _all_or_none(cls, given: object) -> object:
        return (STAGES if given else ()) if isinstance(given, bool) else given

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name in self.anodes:
            parse_formula(name)
        for name in (*self.electrolytes, *filter(None, [self.cathode])):
            parse_reactant(name)
        if not self.electrolytes and self.role != "electrolyte":
            raise ValueError("electrolytes: give at least one")
        if not all(0.0 < wt <= 100.0 for wt in self.layers_wt_percent):
            raise ValueError("layers_wt_percent must lie in (0, 100]")
        self.grid()
        return self

    def met(self, anode: str, electrolyte: str) -> str:
        """What the candidates of one pair meet, in words."""
        if self.window_v is None:
            return f"{anode} anode, {electrolyte}"
        low, high = self.window_v
        sides = f"{self.cathode or anode} and {electrolyte or anode}"
        return f"between {sides}, {low:g} to {high:g} V vs {mobile_ion(anode)}"

    def grid(self) -> tuple[Conditions, ...]:
        """Conditions of every anode with every electrolyte."""
        shared = self.model_dump(
            exclude={"anodes", "electrolytes", "at_hull", "layers_wt_percent", "contacts"}
        )
        return tuple(
            Conditions(anode=a, electrolyte=s, **shared)
            for a in self.anodes
            for s in self.electrolytes or ("",)
        )


class Figures(Settings):
    """What is drawn and spelled out one by one.

    Attributes
    ----------
    top : int
        Best candidates shown in ``ranking.json`` and figures, besides the named ones.
    x_axis : {"atomic", "molar", "mass"}
    role : Role
        Of the study, which decides what the criteria are.
    criteria : (str, str)
        Criteria that span the figure of the whole campaign.
    """

    top: int = Field(default=50, ge=0)
    x_axis: str = Field(default="atomic", pattern="^(atomic|molar|mass)$")
    role: Role = Field(default=REACTOR, exclude=True)
    criteria: tuple[str, str] = ("", "")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        known = criteria_of(given.get("role", REACTOR))
        names = given.get("criteria", known.axes)
        if isinstance(names, list | tuple):
            names = tuple(
                known.find(name, where="figures.criteria").name if isinstance(name, str) else name
                for name in names
            )
        return {**given, "criteria": names}
