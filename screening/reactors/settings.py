"""What a ranking assumes, validated; the defaults are argued in docs/ranking.md."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from screening.errors import InputError
from screening.names import RELIEF_PER_MOL
from screening.reactors.bound import ANION_VALENCE
from screening.reactors.conditions import REACTOR, Conditions, Desirability, Role, Settings
from screening.reactors.criteria import Criteria, Criterion
from screening.reactors.placement_criteria import criteria_of
from screening.reactors.uncertainty import ErrorModel, find_error_model, why_no_error_model

__all__ = ["Conditions", "Desirability", "Filters", "Ranking", "Settings", "Uncertainty"]


class Filters(Settings):
    """Hard filters besides the three that are always on; a candidate that fails one has no rank.

    Attributes
    ----------
    maximum_energy_above_hull_ev_per_atom : float or None
        A study may write false for no limit. Most observed phases that are not on the hull lie within 50 meV
        of it (W. Sun et al., Sci. Adv. 2, e1600225 (2016), doi 10.1126/sciadv.1600225).
    require_salt : bool
        Leave out intermetallics, borides and carbides: what holds no anion former sets no metal free.
    require_solid : bool
        Leave out what is measured to be liquid or gaseous at 25 °C; unknown passes as undecided.
    forbid_molecular_anions : bool
        Leave out compounds of carbon with nitrogen: cyanides, thiocyanates, cyanamides.
    forbid_toxic : bool
        Leave out compounds of Tl, Hg, Cd, Pb, As, Be, chromium(VI), OsO4 and RuO4; see `sense`.
    forbid_explosive : bool
        Leave out azides, perchlorates, chlorates, chlorites and bromates.
    forbid_moisture_hazard : bool
        Leave out compounds that give off toxic or flammable gases in moist air; see `moisture`.
    where : str
        One SQL expression over the columns of the results that must hold; what is unknown does not hold.
    """

    maximum_energy_above_hull_ev_per_atom: float | None = Field(0.05, ge=0.0)
    require_salt: bool = True
    require_solid: bool = True
    forbid_molecular_anions: bool = True
    forbid_toxic: bool = True
    forbid_explosive: bool = True
    forbid_moisture_hazard: bool = False
    where: str = ""

    @field_validator("maximum_energy_above_hull_ev_per_atom", mode="before")
    @classmethod
    def _no_limit(cls, given: object) -> object:
        return None if given is False else given


class Uncertainty(Settings):
    """Monte Carlo of the ranks.

    Attributes
    ----------
    draws : int
        0 switches the probabilities off.
    seed : int
    anchored : bool
        Rank by energies anchored to measurement as well, where there are any, and draw from these.
    bias_ev_per_ion, bias_sd_ev_per_ion : dict of anion symbol to float
    reduction_sd_ev_per_atom, mixing_sd_ev_per_atom : float or None
    alloy_sd_ev_per_atom, intermetallic_sd_ev_per_atom : float or None
        Changes to the calibrated error model (see `uncertainty.ErrorModel`); None keeps its numbers.
    """

    draws: int = Field(default=2000, ge=0, le=100_000)
    seed: int = Field(default=20230815, ge=0)
    anchored: bool = True
    bias_ev_per_ion: dict[str, float] = Field(default_factory=dict)
    bias_sd_ev_per_ion: dict[str, float] = Field(default_factory=dict)
    reduction_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)
    mixing_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)
    alloy_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)
    intermetallic_sd_ev_per_atom: float | None = Field(default=None, ge=0.0)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for key in ("bias_ev_per_ion", "bias_sd_ev_per_ion"):
            for symbol, value in getattr(self, key).items():
                if symbol not in ANION_VALENCE:
                    raise InputError(
                        f"no anion {symbol!r} in the error model",
                        where=f"uncertainty.{key}.{symbol}",
                        remedy=f"choose from {', '.join(ANION_VALENCE)}",
                    )
                if key == "bias_sd_ev_per_ion" and value < 0.0:
                    raise ValueError(f"{key}.{symbol} = {value:g}: must not be below 0")
        return self

    @property
    def changes(self) -> dict[str, Any]:
        """What the study sets itself of the error model, by attribute of `ErrorModel`."""
        given = self.model_dump(exclude={"draws", "seed", "anchored"})
        return {name: value for name, value in given.items() if value not in (None, {})}

    def error_model(self, ion: str) -> ErrorModel | None:
        """The calibrated error model of a mobile ion with this study's changes; None where there is none."""
        model = find_error_model(ion)
        return None if model is None else model.changed(**self.changes)

    def require_model(self, ions: Sequence[str]) -> None:
        """Refuse changes that would change nothing, or another ion than the one they are meant for.

        Raises
        ------
        InputError
            If the error model is changed and an ion has none, or biases are given for more than one ion.
        """
        missing = [ion for ion in ions if find_error_model(ion) is None]
        if not self.changes:
            return
        if missing:
            raise InputError(why_no_error_model(missing[0]), where="uncertainty", remedy="remove the changes")
        if len(set(ions)) > 1:
            raise InputError(
                f"the error model is changed for one mobile ion, and the anodes give up {' and '.join(ions)}",
                where="uncertainty",
                remedy="make one study per ion",
            )


def _given(assessed: object) -> np.ndarray:
    raise LookupError("a column of the list of candidates is not computed")


def column_criterion(name: str, rule: Desirability) -> Criterion:
    """A column of the list of candidates as a criterion: its name is all that is known of it."""
    label = name.replace("_", " ")
    return Criterion(
        name=name,
        key=name,
        label=label,
        unit="1",
        default=rule,
        meaning="Given with the candidates.",
        compute=_given,
        source="list of candidates",
    )


class Ranking(Settings):
    """How candidates are compared.

    Attributes
    ----------
    role : Role
        Of the study, which decides what the criteria are.
    floor : float
        Smallest desirability, so that only a failed filter gives a score of 0.
    criteria : dict of str to Desirability
        By name or key of a criterion; one left out of the study keeps its default.
    columns : dict of str to Desirability
        Columns of the list of candidates that count as criteria too, with weight and bounds.
    pareto : tuple of str
        Criteria that span the Pareto front. The default are the reaction energies: with all of them, nearly
        half of a large campaign is undominated, and the front says nothing.
    """

    floor: float = Field(0.01, gt=0.0, lt=1.0)
    role: Role = Field(default=REACTOR, exclude=True)
    criteria: dict[str, Desirability] = Field(default_factory=dict)
    columns: dict[str, Desirability] = Field(default_factory=dict)
    pareto: tuple[str, ...] = Field(default=(), min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: object) -> object:
        """Let a study change single entries of single criteria, and name them in short."""
        if not isinstance(given, dict):
            return given
        full, known = dict(given), criteria_of(given.get("role", REACTOR))
        pareto = given.get("pareto", known.pareto)
        if isinstance(pareto, list | tuple):
            full["pareto"] = tuple(
                known.find(name, where="ranking.pareto").name
                if isinstance(name, str) and name not in dict(given.get("columns") or {})
                else name
                for name in pareto
            )
        criteria = given.get("criteria", {})
        if isinstance(criteria, dict):
            merged: dict[str, Any] = {each.name: each.default.model_dump() for each in known}
            for name, change in criteria.items():
                criterion = known.find(name, where="ranking.criteria")
                if name in RELIEF_PER_MOL and isinstance(change, dict) and change.keys() & {"worst", "best"}:
                    raise ValueError(f"criteria.{name}: give bounds of {criterion.name} instead, in eV/atom")
                so_far = merged[criterion.name]
                both = isinstance(so_far, dict) and isinstance(change, dict)
                merged[criterion.name] = so_far | change if both else change
            full["criteria"] = merged
        return full

    @property
    def every(self) -> Criteria:
        """The criteria, and after them the columns of the list of candidates that count as such."""
        own = map(column_criterion, self.columns, self.columns.values())
        return Criteria(*self.known, *own, pareto=self.known.pareto, axes=self.known.axes)

    @property
    def rules(self) -> dict[str, Desirability]:
        """How each of `every` is valued, by name."""
        return self.criteria | self.columns

    @model_validator(mode="after")
    def _weighted(self) -> Self:
        taken = {word for criterion in self.known for word in (criterion.name, criterion.key)}
        for name in self.columns.keys() & taken:
            raise ValueError(f"columns.{name}: there is a criterion of this name; call the column otherwise")
        for criterion in self.known:
            given, default = self.criteria[criterion.name], criterion.default
            if not given.target and (given.best > given.worst) != (default.best > default.worst):
                better = "larger" if default.best > default.worst else "smaller"
                raise ValueError(f"criteria.{criterion.name}: bounds reversed, {better} is better")
        if not any(c.weight > 0.0 for c in self.rules.values()):
            raise ValueError("at least one criterion needs a weight above 0")
        return self

    @property
    def known(self) -> Criteria:
        """The criteria of the role, in the order of columns and arrays."""
        return criteria_of(self.role)

    def require_values(self, contacts: Sequence[str]) -> None:
        """Refuse weights that lie only on criteria without values: all candidates would tie.

        Raises
        ------
        InputError
            If no criterion with a weight is computed with these contacts.
        """
        weighed = [each for each in self.every if self.rules[each.name].weight > 0.0]
        if not any(criterion.computed_with(contacts) for criterion in weighed):
            named = ", ".join(criterion.key for criterion in weighed)
            needed = sorted({stage for criterion in weighed for stage in criterion.needs})
            raise InputError(
                f"all weight lies on {named}, which this study does not compute",
                where="conditions.contacts",
                remedy=f"add {' or '.join(needed)} to the contacts, or weigh another criterion",
            )
