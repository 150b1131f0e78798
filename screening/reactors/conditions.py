"""What candidates meet, and how one criterion is valued; validated."""

from functools import cached_property
from math import log
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from screening.names import present_name, with_present_names
from screening.phases.composition import Reactant, parse_reactant
from screening.thermo.products import SCHER_ZALLEN
from screening.thermo.reservoir import Reservoir
from screening.thermo.staircases import DEFAULT_FLOOR_V

Role = Literal["reactor", "coating", "buffer", "catholyte", "electrolyte"]
"""What candidates are in a cell: what the anode reduces to a layer; what stands between cathode and
electrolyte, or between anode and electrolyte; what is mixed with the cathode; what stands between both."""

REACTOR: Role = "reactor"
FACES_CATHODE: tuple[Role, ...] = ("coating", "catholyte", "electrolyte")
SEPARATES: tuple[Role, ...] = ("coating", "buffer")
"""Roles whose only task is to keep two neighbours apart: they must stay over the whole window."""


class Settings(BaseModel):
    """Base of all settings: frozen; an unknown key, or a value of another type, is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _arrays(cls, given: object) -> object:
        """Take TOML's arrays for the tuples that frozen settings hold, and names of version 1 for today's."""
        if not isinstance(given, dict):
            return given
        present = {present_name(key): with_present_names(value) for key, value in given.items()}
        return {key: tuple(value) if isinstance(value, list) else value for key, value in present.items()}


class Conditions(Settings):
    """What the candidates meet, and how the outcome is read.

    Attributes
    ----------
    role : Role
    anode : str
        A metal, or an alloy that gives up one mobile element; see `anode.find_anode`.
    anode_charge : int or None
        Of the cation that the anode gives up; that of the most common one unless given (Cu is Cu2+).
    electrolyte : str
        What the reactor is mixed with, or what lies behind a candidate of another role; empty where the
        candidates are the electrolyte.
    cathode : str
        What a coating, a catholyte or an electrolyte faces; empty for other roles.
    window_v : (float, float) or None
        Voltages of the cell, against the metal of the ion; None for reactors.
    plateau_floor_v : float
        Plateaus below it are left out of criteria and of the products at excess.
    anode_um : float or None
        Thickness of the anode that faces one layer, its budget of mobile ions. None: more than the layer
        takes up, as in the cells of doi 10.1002/aenm.202300815 (their layer of LiAlCl4 takes up 25 µm).
    potential_v : float or None
        Potential against the anode at which the layer is held, instead of a budget.
    wt_percent : float
        Reactor in the layer, by mass, that the criteria refer to.
    layer_mg_per_cm2 : float
        Areal mass of the layer, reactor and electrolyte together: 10 mg on a die of 10 mm unless given.
    percolation_threshold : float
        Critical volume fraction of metal and of electrolyte.
    no_reaction_ev_per_atom : float
        A mutual energy closer to 0 is no reaction.
    """

    role: Role = REACTOR
    anode: str = "Li"
    anode_charge: int | None = Field(None, gt=0)
    electrolyte: str = "Li6PS5Cl"
    cathode: str = ""
    window_v: tuple[float, float] | None = None
    plateau_floor_v: float = Field(DEFAULT_FLOOR_V, ge=0.0, lt=1.0)
    wt_percent: float = Field(50.0, gt=0.0, le=100.0)
    layer_mg_per_cm2: float = Field(12.7, gt=0.0)
    percolation_threshold: float = Field(SCHER_ZALLEN, gt=0.0, lt=1.0)
    no_reaction_ev_per_atom: float = Field(0.001, ge=0.0, lt=0.1)
    anode_um: float | None = Field(default=None, gt=0.0)
    potential_v: float | None = Field(default=None, ge=0.0)

    @model_validator(mode="after")
    def _one_state(self) -> Self:
        if self.anode_um is not None and self.potential_v is not None:
            raise ValueError("anode_um and potential_v: a cell fixes the one or the other")
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        for key, given, needed in (
            ("cathode", bool(self.cathode), self.role in FACES_CATHODE),
            ("electrolytes", bool(self.electrolyte), self.role != "electrolyte"),
            ("window_v", self.window_v is not None, self.role != REACTOR),
        ):
            if given != needed:
                raise ValueError(
                    f"{key}: {'give it' if needed else 'leave it out'} where the role is {self.role}"
                )
        if self.window_v is not None:
            low, high = (Reservoir.at_voltage(v).voltage_v or 0.0 for v in self.window_v)
            if low >= high:
                raise ValueError(f"window_v {list(self.window_v)}: give the lower voltage first")
        if self.role != REACTOR and self.met["electrode"].is_same_as(self.met["neighbour"]):
            raise ValueError(f"{self.electrode} and {self.neighbour}: name two different neighbours")
        return self

    @cached_property
    def met(self) -> dict[str, Reactant]:
        """What the candidates meet, parsed, by the name of its attribute."""
        names = ("anode", "electrolyte", "cathode", "electrode", "neighbour")
        return {name: parse_reactant(text) for name in names if (text := getattr(self, name))}

    @property
    def electrode(self) -> str:
        """What a candidate that is no reactor faces: the cathode, or a buffer the anode."""
        return self.cathode or self.anode

    @property
    def neighbour(self) -> str:
        """What lies on its other side: the electrolyte, or of an electrolyte the anode."""
        return self.electrolyte or self.anode


class Desirability(Settings):
    """How one criterion is valued: 0 at or beyond `worst`, 1 at or beyond `best`, a power in between.

    Attributes
    ----------
    weight : float
        In the weighted geometric mean; 0 shows the criterion without counting it.
    worst, best : float
        Bounds in the unit of the criterion. For a target, `best` is the target and `worst` the value on
        either side at the same distance where nothing is left.
    target : bool
        Whether values past `best` lose again.
    scale : {"linear", "log"}
    exponent : float
        Shape between the bounds.

    References
    ----------
    G. Derringer, R. Suich, J. Qual. Technol. 12, 214 (1980), doi 10.1080/00224065.1980.11980968.
    """

    weight: float = Field(ge=0.0)
    worst: float
    best: float
    target: bool = False
    scale: Literal["linear", "log"] = "linear"
    exponent: float = Field(default=1.0, gt=0.0)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.worst == self.best:
            raise ValueError("worst and best must differ")
        if self.scale == "log" and min(self.worst, self.best) <= 0.0:
            raise ValueError("a log scale needs bounds above 0")
        return self

    @property
    def scaled_bounds(self) -> tuple[float, float]:
        """Worst and best, as logarithms where the scale is one."""
        return (log(self.worst), log(self.best)) if self.scale == "log" else (self.worst, self.best)
