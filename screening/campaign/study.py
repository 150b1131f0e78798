"""A study: which candidates meet what, and how they are compared, read from TOML and validated."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from screening.campaign.candidate_files import read_candidates
from screening.campaign.former import study_per_atom
from screening.campaign.sections import Candidates, ConditionGrid, Figures, Query  # noqa: F401
from screening.display import Shown, Table, settings_table
from screening.errors import InputError, cut, expected, quoted
from screening.files import from_toml, no_pipe
from screening.phases.composition import parse_reactant
from screening.phases.library import EMBEDDED
from screening.phases.sheets import is_formula
from screening.reactors.anode import mobile_ion
from screening.reactors.conditions import REACTOR
from screening.reactors.placement_criteria import criteria_of
from screening.reactors.settings import Filters, Ranking, Settings, Uncertainty

DEFAULT_STUDY = "six-reactors"
"""The packaged study that runs when none is named."""

FORMULA_KEYS = {
    "candidates": {"formulas", "controls"},
    "conditions": {"anodes", "electrolytes", "cathode"},
}
"""Lists of formulas in the sections of a study."""


class Study(Shown, Settings):
    """A whole study.

    Attributes
    ----------
    name, title : str
    snapshot : str
        Name or path; a command-line option overrides it.
    notes : tuple of str
        Where something else was read than was written: ``LPSC read as Li6PS5Cl``.
    candidates, conditions, filters, ranking, uncertainty, figures
        The sections of the TOML file.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    title: str = ""
    snapshot: str = EMBEDDED
    notes: tuple[str, ...] = ()
    candidates: Candidates
    conditions: ConditionGrid = ConditionGrid()
    filters: Filters = Filters()
    ranking: Ranking = Field(default_factory=Ranking)
    uncertainty: Uncertainty = Uncertainty()
    figures: Figures = Figures()

    _file: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _decides(self) -> Self:
        """Refuse what would rank nothing, or carry errors of another ion, before any work is done."""
        self.ranking.require_values(self.conditions.contacts)
        self.uncertainty.require_model([mobile_ion(anode) for anode in self.conditions.anodes])
        return self

    @model_validator(mode="before")
    @classmethod
    def _in_plain_formulas(cls, given: object) -> object:
        """Spell formulas in plain characters, for all who look them up, and note what is to be told."""
        if not isinstance(given, dict) or not isinstance(given.get("notes", ()), list | tuple):
            return given
        given = _with_role(study_per_atom(given))
        plain, notes = dict(given), list(given.get("notes", ()))
        for section, keys in FORMULA_KEYS.items():
            settings = given.get(section)
            if not isinstance(settings, dict):
                continue
            plain[section] = dict(settings)
            for key in keys & settings.keys():
                texts = settings[key]
                if isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts):
                    read = [_plain(text, section) for text in texts]
                    plain[section][key] = [text for text, _ in read]
                    notes.extend(note for _, told in read for note in told)
                elif isinstance(texts, str) and texts:
                    plain[section][key] = parse_reactant(texts).text
        return {**plain, "notes": list(dict.fromkeys(notes))} if notes else plain

    def display(self) -> Table:
        """All settings, one row each."""
        return settings_table(self.title or self.name, self.model_dump(mode="json"))

    def of_file(self, name: str) -> Self:
        """The same study, which names this file where a fault shows only later."""
        study = self.model_copy()
        study._file = name
        return study

    @classmethod
    def of(cls, formulas: Sequence[str] = (), *, file: str = "", **changes: Any) -> Self:
        """A study of these candidates, with defaults everywhere else.

        Parameters
        ----------
        formulas : sequence of str
            Named candidates.
        file : str
            Table of further ones.
        **changes
            As of `with_changes`.

        Examples
        --------
        >>> Study.of(["LiAlCl4", "MgF2"], electrolytes=("Li3PS4",)).conditions.electrolytes
        ('Li3PS4',)
        """
        content = {"name": "candidates", "candidates": {"formulas": [*formulas], "file": file}}
        return _checked(cls, content, "").with_changes(**changes)

    def with_changes(self, *, weights: Mapping[str, float] | None = None, **changes: Any) -> Self:
        """The same study with other settings, checked as a file is.

        Parameters
        ----------
        weights : mapping of str to float, optional
            By name or key of a criterion, as ``relay`` for ``relay_ev_per_atom``.
        **changes
            Keys of the study, or of any of its sections: ``electrolytes=("Li3PS4",)``, ``forbid_toxic=True``,
            ``draws=0``; a section takes a mapping of what changes in it, at any depth.

        Raises
        ------
        InputError
            If a key or a criterion is unknown, or a value out of bounds.

        Examples
        --------
        >>> changed = find_study().with_changes(electrolytes=("Li3PS4",), weights={"relay": 0})
        >>> changed.ranking.criteria["relay_ev_per_atom"].weight
        0.0
        """
        if not weights and not changes:
            return self
        content, role = self.model_dump(), changes.get("role", self.conditions.role)
        if role != self.conditions.role:  # other criteria
            content |= {
                "ranking": {"criteria": {}},
                "figures": {k: v for k, v in content["figures"].items() if k != "criteria"},
            }
            if role == "electrolyte":  # the candidates are: none is left over from the former role
                content["conditions"]["electrolytes"] = ()
        sections = {key: value for key, value in content.items() if isinstance(value, dict)}
        for key, value in changes.items():
            homes = [section for section in sections.values() if key in section]
            if key in sections and isinstance(value, Mapping):
                content[key] = sections[key] = _merged(sections[key], value)
            elif key in content:
                content[key] = value.model_dump() if isinstance(value, Settings) else value
            elif len(homes) == 1:
                homes[0][key] = value
            else:
                fault = "belongs to several sections" if homes else "is no key of a study"
                raise InputError(f"{key!r} {fault}", remedy=f"give a section: {', '.join(sections)}")
        for name, weight in (weights or {}).items():
            if name in self.ranking.columns:
                sections["ranking"]["columns"][name]["weight"] = weight
                continue
            found = criteria_of(role).find(name, where="weights").name
            sections["ranking"]["criteria"].setdefault(found, {})["weight"] = weight
        return _checked(type(self), content, self._file).of_file(self._file)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Name the study's file in what is raised inside."""
        try:
            yield
        except InputError as error:
            where = ": ".join(part for part in (self._file, error.where) if part)
            raise InputError(error.message, where=where, remedy=error.remedy) from None

    @property
    def hull_formulas(self) -> tuple[str, ...]:
        """Candidates and electrolytes that ``at_hull`` takes from the hull where a snapshot lacks them.

        Formulas that cannot be read are left to the selection of candidates, which tells all of them.
        """
        if not self.conditions.at_hull:
            return ()
        given = self.candidates
        listed = read_candidates(Path(given.file)).texts(skip_bad=True) if given.file else []
        met = (*self.conditions.electrolytes, *filter(None, [self.conditions.cathode]))
        parts = (part for name in met for part in parse_reactant(name).parts)
        named = (text for text in (*given.formulas, *given.controls) if is_formula(text))
        return (*named, *listed, *(part.formula.text for part in parts))

    @property
    def checksum(self) -> str:
        """sha256 of everything that decides the numbers (not of figures and title)."""
        deciding = self.model_dump(mode="json", exclude={"figures", "title", "snapshot", "notes"})
        deciding["candidates"].pop("skip_bad")
        if self.candidates.file:
            content = Path(self.candidates.file).read_bytes()
            deciding["candidates"]["file"] = hashlib.sha256(content).hexdigest()
        if self.uncertainty.anchored:  # as before there was a choice
            deciding["uncertainty"].pop("anchored")
        if self.conditions.role == REACTOR:  # as before there were other roles
            for key in ("role", "cathode", "window_v"):
                deciding["conditions"].pop(key)
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def read_study(path: Path) -> Study:
    """Read and validate a study file.

    Raises
    ------
    InputError
        If it cannot be read, is no TOML, or an entry is unknown or out of bounds; one line, naming the entry.
    """
    try:
        text = no_pipe(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise InputError(
            f"cannot read the study ({reason})", where=str(path), remedy="see screening studies"
        ) from None
    return parse_study(text, where=str(path), folder=path.parent)


def parse_study(text: str, *, where: str, folder: Path = Path()) -> Study:
    """Validate the text of a study; relative candidate files are taken from `folder`."""
    try:
        content = from_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"malformed TOML {error}", where=where, remedy="mend that place") from None
    study = _checked(Study, content, where)
    file = study.candidates.file
    if file and not Path(file).is_absolute():
        study = study.with_changes(file=str(folder / file))
    return study.of_file(where)


def _plain(text: str, section: str) -> tuple[str, tuple[str, ...]]:
    """A formula in plain characters, and notes; an unreadable candidate stays, to be told with the others."""
    try:
        read = parse_reactant(text)
    except InputError:
        if section != "candidates":
            raise
        return text, ()
    return read.text, read.notes


def _checked(kind: type[Study], content: Mapping[str, Any], where: str) -> Any:
    """A study of these settings; a fault is one line that names the entry."""
    try:
        return kind.model_validate(dict(content))
    except InputError as error:
        place = f"{where}: {error.where}" if error.where and where else error.where or where
        raise InputError(error.message, where=place, remedy=error.remedy) from None
    except ValidationError as error:
        raise InputError(_first_fault(error), where=where, remedy=_remedy(kind, error)) from None


def _with_role(given: dict[str, Any]) -> dict[str, Any]:
    """Tell the sections that depend on the role of the candidates which one it is."""
    conditions = given.get("conditions", {})
    role = getattr(conditions, "role", None) or (
        conditions.get("role") if isinstance(conditions, dict) else None
    )
    told = {
        key: {**given.get(key, {}), "role": role}
        for key in ("ranking", "figures")
        if isinstance(given.get(key, {}), dict)
    }
    return {**given, **told} if role else given


def _merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with changes in them, at any depth."""
    return {
        **settings,
        **{
            key: _merged(settings[key], value)
            if isinstance(value, Mapping) and isinstance(settings.get(key), Mapping)
            else value
            for key, value in changes.items()
        },
    }


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key {quoted(place)}"
    message = expected(fault)
    if not place or isinstance(fault["input"], dict):
        return f"{place}: {message}" if place else message
    given = fault["input"]
    shown = quoted(given) if isinstance(given, str) else cut(repr(given))
    return f"{cut(place)} = {shown}: {message}"


def _remedy(kind: type[Study], error: ValidationError) -> str:
    """The keys that stand beside the faulty one."""
    *sections, key = error.errors(include_url=False)[0]["loc"] or ("",)
    model: Any = kind
    for section in sections:
        field = getattr(model, "model_fields", {}).get(section)
        inner = [field.annotation, *get_args(field.annotation)] if field else []
        model = next((each for each in inner if hasattr(each, "model_fields")), None)
    known = ", ".join(getattr(model, "model_fields", ()))
    return f"known there: {known}" if known and key not in known.split(", ") else "correct that entry"


def packaged_studies() -> dict[str, Study]:
    """The studies that ship with the package, by name."""
    found = {}
    for resource in sorted(files("screening.campaign").joinpath("studies").iterdir(), key=lambda r: r.name):
        if resource.name.endswith(".toml"):
            study = parse_study(resource.read_text("utf-8"), where=resource.name)
            found[study.name] = study
    return found


def find_study(name: str = DEFAULT_STUDY) -> Study:
    """A study by the name of a packaged one or by path.

    Raises
    ------
    InputError
        If it is neither, or the file is faulty.
    """
    shipped = packaged_studies()
    if name in shipped:
        return shipped[name]
    try:
        there = name.endswith(".toml") or Path(name).exists()
    except OSError:
        there = True  # a place that cannot be looked at: reading it says why
    if not there:
        raise InputError(f"no study {name!r}", remedy=f"give a TOML file or one of {', '.join(shipped)}")
    return read_study(Path(name))
