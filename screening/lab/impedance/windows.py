"""Named windows of relaxation time: what a resistance at a given τ is read as."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from itertools import pairwise
from math import isfinite
from pathlib import Path

import numpy as np

from screening.errors import InputError
from screening.files import from_toml, no_pipe
from screening.lab.impedance.basis import FloatArray
from screening.lab.impedance.zarc import Shape

KEYS = ("name", "process", "low_s", "high_s")
OPTIONAL = ("role", "shape", "tau_s")


class Role(StrEnum):
    """What a process tells about a cell; verdicts ask for roles, whatever a window is called."""

    GRAIN = "grain"
    REACTION = "reaction"
    CONTACT = "contact"
    PLATING = "plating"
    SEI = "sei"


@dataclass(frozen=True)
class Window:
    """A range of relaxation times, low ≤ τ < high, and the process it is read as.

    Attributes
    ----------
    name, process : str
    low_s, high_s : float
    role : Role or None
        Grain boundary, reacting interface, alloy contact, plating and stripping, or interphase; None where a
        verdict has no use for the process.
    shape : Shape
        Impedance by which the refit describes the process: a depressed arc unless said.
    tau_s : float
        Where the process is expected: the middle of the window in log τ unless said.
    """

    name: str
    process: str
    low_s: float
    high_s: float
    role: Role | None = None
    shape: Shape = Shape.ZARC
    tau_s: float = 0.0


@dataclass(frozen=True)
class Windows:
    """Windows in the order of τ, without overlap.

    Raises
    ------
    InputError
        If there is none, a name appears twice, or bounds do not rise or overlap.
    """

    windows: tuple[Window, ...]
    source: str = "windows"

    def __post_init__(self) -> None:
        if not self.windows:
            raise InputError("no window", where=self.source, remedy="add at least one [[window]]")
        names = [window.name for window in self.windows]
        for window in self.windows:
            if names.count(window.name) > 1:
                raise InputError(f"two windows {window.name!r}", where=self.source, remedy="rename one")
            if not (isfinite(window.high_s) and 0.0 < window.low_s < window.high_s):
                raise InputError(
                    f"window {window.name!r} runs from {window.low_s:g} to {window.high_s:g} s",
                    where=self.source,
                    remedy="give 0 < low_s < high_s",
                )
            if window.tau_s and not window.low_s < window.tau_s < window.high_s:
                raise InputError(
                    f"window {window.name!r} expects τ = {window.tau_s:g} s outside itself",
                    where=self.source,
                    remedy="give low_s < tau_s < high_s, or leave tau_s out",
                )
        ordered = tuple(sorted(self.windows, key=lambda window: window.low_s))
        for lower, upper in pairwise(ordered):
            if upper.low_s < lower.high_s:
                raise InputError(
                    f"windows {lower.name!r} and {upper.name!r} overlap "
                    f"({upper.low_s:g} s lies below {lower.high_s:g} s)",
                    where=self.source,
                    remedy="let each begin where the one before ends, or later",
                )
        object.__setattr__(self, "windows", ordered)

    def __iter__(self) -> Iterator[Window]:
        return iter(self.windows)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of τ."""
        return tuple(window.name for window in self.windows)

    @property
    def ln_centres(self) -> FloatArray:
        """Logarithms of the expected relaxation times, shape (w,)."""
        return np.log([window.tau_s or (window.low_s * window.high_s) ** 0.5 for window in self])

    @property
    def ln_bounds(self) -> FloatArray:
        """Logarithms of the bounds, shape (2, w)."""
        return np.log([[window.low_s for window in self], [window.high_s for window in self]])

    def index(self, name: str) -> int:
        """Position of a window by its name.

        Raises
        ------
        InputError
            If there is no such window.
        """
        if name not in self.names:
            raise InputError(
                f"no window {name!r}", where=self.source, remedy=f"use one of {', '.join(self.names)}"
            )
        return self.names.index(name)

    def of_role(self, role: Role) -> tuple[int, ...]:
        """Positions of the windows of a role; none where no window has it."""
        return tuple(index for index, window in enumerate(self) if window.role is role)

    def locate(self, tau_s: FloatArray) -> np.ndarray:
        """Index of the window that holds each τ, −1 where none does; same shape as `tau_s`."""
        low, high = self.ln_bounds
        ln_tau = np.log(tau_s)[..., None]
        inside = (ln_tau >= low) & (ln_tau < high)
        return np.where(inside.any(axis=-1), inside.argmax(axis=-1), -1)

    @classmethod
    def default(cls) -> "Windows":
        """Windows of the founding paper, τ1 to τ6, with the bounds of ``windows.toml`` beside this module."""
        text = files("screening.lab.impedance").joinpath("windows.toml").read_text("utf-8")
        return cls.parse(text, "windows.toml")

    @classmethod
    def read(cls, path: Path) -> "Windows":
        """Windows of a TOML file of ``[[window]]`` tables (name, process, low_s, high_s; role, shape, tau_s).

        Raises
        ------
        InputError
            If the file cannot be read, is not TOML, or holds impossible windows.
        """
        try:
            text = no_pipe(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise InputError(
                f"cannot read windows ({reason})", where=str(path), remedy="give a TOML file"
            ) from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, source: str) -> "Windows":
        """Windows from TOML text; `source` names it in errors."""
        try:
            content = from_toml(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"not TOML {error}", where=source, remedy="correct that place") from None
        tables = content.pop("window", [])
        if content or not isinstance(tables, list):
            raise InputError(
                f"unknown entry {next(iter(content), 'window')!r}", where=source, remedy="use [[window]] only"
            )
        return cls(tuple(_window(table, i, source) for i, table in enumerate(tables, start=1)), source)


def _window(table: object, number: int, source: str) -> Window:
    where = f"{source}, window {number}"
    if not isinstance(table, dict) or set(table).difference(OPTIONAL) != set(KEYS):
        raise InputError(
            "wrong keys",
            where=where,
            remedy=f"give {', '.join(KEYS)}, and {', '.join(OPTIONAL)}, if any",
        )
    name, process, low, high = (table[key] for key in KEYS)
    tau = table.get("tau_s", 0.0)
    numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in (low, high, tau)
    )
    if not (isinstance(name, str) and name.strip() and isinstance(process, str) and numbers):
        raise InputError(
            "name and process must be text, low_s, high_s and tau_s numbers", where=where, remedy="correct it"
        )
    if (role := table.get("role")) is not None and role not in list(Role):
        raise InputError(f"no role {role!r}", where=where, remedy=f"choose from {', '.join(Role)}")
    if (shape := table.get("shape", Shape.ZARC)) not in list(Shape):
        raise InputError(f"no shape {shape!r}", where=where, remedy=f"choose from {', '.join(Shape)}")
    role = None if role is None else Role(role)
    return Window(name.strip(), process, float(low), float(high), role, Shape(shape), float(tau))
