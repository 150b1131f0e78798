"""What a ranking assumes, validated; the defaults are argued in docs/ranking.md."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from screening.errors import InputError
from screening.names import present_name, with_present_names
from screening.reactors.uncertainty import DEFAULT_ERROR_MODEL, ErrorModel
from screening.thermo.products import SCHER_ZALLEN
from screening.thermo.staircases import DEFAULT_FLOOR_V


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
    anode : str
        A metal, or an alloy that gives up one mobile element; see `anode.find_anode`.
    electrolyte : str
        Electrolyte that the reactor is mixed with.
    plateau_floor_v : float
        Plateaus below it are left out of criteria and of the products at excess.
    wt_percent : float
        Reactor in the layer, by mass, that the criteria refer to.
    layer_mg_per_cm2 : float
        Areal mass of the layer, reactor and electrolyte together: 10 mg on a die of 10 mm unless given.
    percolation_threshold : float
        Critical volume fraction of metal and of electrolyte.
    no_reaction_ev_per_atom : float
        A mutual energy closer to 0 is no reaction.
    alloy : {"first", "richest"}
        Which phase is "the alloy": the first anode–M compound on the staircase, or the one richest in anode
        metal above the floor.
    alloys : dict of str to str
        The alloy of single reactors, by formula, where the rule shall not decide.
    """

    anode: str = "Li"
    electrolyte: str = "Li6PS5Cl"
    plateau_floor_v: float = Field(DEFAULT_FLOOR_V, ge=0.0, lt=1.0)
    wt_percent: float = Field(50.0, gt=0.0, le=100.0)
    layer_mg_per_cm2: float = Field(12.7, gt=0.0)
    percolation_threshold: float = Field(SCHER_ZALLEN, gt=0.0, lt=1.0)
    no_reaction_ev_per_atom: float = Field(0.001, ge=0.0, lt=0.1)
    alloy: Literal["first", "richest"] = "first"
    alloys: dict[str, str] = Field(default_factory=dict)


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


class Filters(Settings):
    """Hard filters; a candidate that fails one has no rank. The first three are always on.

    Attributes
    ----------
    forbid_toxic : bool
        Leave out compounds of Tl, Hg, Cd, Pb, As, Be and the like.
    forbid_moisture_hazard : bool
        Leave out compounds that give off toxic or flammable gases in moist air; see `moisture`.
    maximum_energy_above_hull_ev_per_atom : float or None
    """

    forbid_toxic: bool = False
    forbid_moisture_hazard: bool = False
    maximum_energy_above_hull_ev_per_atom: float | None = Field(None, ge=0.0)


class Uncertainty(Settings):
    """Monte Carlo of the ranks.

    Attributes
    ----------
    draws : int
        0 switches the probabilities off.
    seed : int
    bias_ev_per_ion, bias_sd_ev_per_ion : dict of anion symbol to float
    reduction_sd_ev_per_atom, mixing_sd_ev_per_atom : float or None
    alloy_sd_ev_per_atom, intermetallic_sd_ev_per_atom : float or None
        Changes to the calibrated error model (see `uncertainty.ErrorModel`); None keeps its numbers.
    """

    draws: int = Field(default=2000, ge=0, le=100_000)
    seed: int = Field(default=20230815, ge=0)
    bias_ev_per_ion: dict[str, float] = Field(default_factory=dict)
    bias_sd_ev_per_ion: dict[str, float] = Field(default_factory=dict)
    reduction_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)
    mixing_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)
    alloy_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)
    intermetallic_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        known = [anion.symbol for anion in DEFAULT_ERROR_MODEL.anions]
        for key in ("bias_ev_per_ion", "bias_sd_ev_per_ion"):
            for symbol, value in getattr(self, key).items():
                if symbol not in known:
                    raise InputError(
                        f"no anion {symbol!r} in the error model",
                        where=f"uncertainty.{key}.{symbol}",
                        remedy=f"choose from {', '.join(known)}",
                    )
                if key == "bias_sd_ev_per_ion" and value < 0.0:
                    raise ValueError(f"{key}.{symbol} = {value:g}: must not be below 0")
        return self

    def error_model(self) -> ErrorModel:
        """The calibrated error model with this study's changes."""
        names = ("reduction", "mixing", "alloy", "intermetallic")
        given = {f"{name}_sd_ev_per_atom": getattr(self, f"{name}_sd_ev_per_atom") for name in names}
        spreads = {name: value for name, value in given.items() if value is not None}
        return DEFAULT_ERROR_MODEL.changed(
            bias_ev_per_ion=self.bias_ev_per_ion, bias_sd_ev_per_ion=self.bias_sd_ev_per_ion, **spreads
        )


def _default_criteria() -> dict[str, Desirability]:
    return {
        "driving_force_ev_per_ion": Desirability(weight=2.0, worst=0.0, best=-1.5),
        "uptake_mah_per_g": Desirability(weight=0.5, worst=1500.0, best=0.0),
        "electrolyte_relief_ev_per_mol": Desirability(weight=2.0, worst=-2.0, best=4.0),
        "relay_ev_per_atom": Desirability(weight=1.0, worst=0.05, best=-0.3),
        "mixing_ev_per_atom": Desirability(weight=1.0, worst=-0.3, best=0.0),
        "metal_volume_fraction": Desirability(weight=1.0, worst=0.0, best=SCHER_ZALLEN),
        "volume_change": Desirability(weight=0.5, worst=0.5, best=0.0, target=True),
        "alloy_potential_v": Desirability(weight=0.5, worst=1.2, best=0.3, target=True),
        "lithiophilic": Desirability(weight=1.0, worst=-0.5, best=1.0),
        "cost_usd_per_kg": Desirability(weight=0.5, worst=3000.0, best=1.0, scale="log"),
        "abundance_ppm": Desirability(weight=0.5, worst=0.001, best=1000.0, scale="log"),
    }


class Ranking(Settings):
    """How candidates are compared.

    Attributes
    ----------
    floor : float
        Smallest desirability, so that only a failed filter gives a score of 0.
    criteria : dict of str to Desirability
        By criterion name; a criterion left out of the study keeps its default.
    pareto : tuple of str
        Criteria that span the Pareto front. The default are the reaction energies: with all eleven, nearly
        half of a large campaign is undominated, and the front says nothing.
    """

    floor: float = Field(0.01, gt=0.0, lt=1.0)
    criteria: dict[str, Desirability] = Field(default_factory=_default_criteria)
    pareto: tuple[str, ...] = Field(
        default=(
            "driving_force_ev_per_ion",
            "electrolyte_relief_ev_per_mol",
            "relay_ev_per_atom",
            "mixing_ev_per_atom",
        ),
        min_length=1,
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: object) -> object:
        """Let a study change single entries of single criteria."""
        if not isinstance(given, dict) or not isinstance(given.get("criteria"), dict):
            return given
        merged: dict[str, object] = {k: v.model_dump() for k, v in _default_criteria().items()}
        for name, change in given["criteria"].items():
            if name not in merged:
                raise ValueError(f"no criterion {name!r}; choose from {', '.join(merged)}")
            default = merged[name]
            merged[name] = (
                {**default, **change} if isinstance(change, dict) and isinstance(default, dict) else change
            )
        return {**given, "criteria": merged}

    @model_validator(mode="after")
    def _weighted(self) -> Self:
        for name, default in _default_criteria().items():
            given = self.criteria[name]
            if not given.target and (given.best > given.worst) != (default.best > default.worst):
                better = "larger" if default.best > default.worst else "smaller"
                raise ValueError(f"criteria.{name}: bounds reversed, {better} is better")
        for name in self.pareto:
            if name not in self.criteria:
                raise ValueError(f"pareto: no criterion {name!r}; choose from {', '.join(self.criteria)}")
        if not any(c.weight > 0.0 for c in self.criteria.values()):
            raise ValueError("at least one criterion needs a weight above 0")
        return self
