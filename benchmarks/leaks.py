"""How well an electronic leak is told from spectra alone, on simulated cells that no detector has seen.

    python benchmarks/leaks.py [--json] [--series N] [--first SEED] [--only NAME ...] [--keep FILE] [--misses]

Each series holds 13 to 22 spectra of a cell of two to five depressed arcs with R∞ and L: steady, reacting,
warming or losing contact, at 0.2 to 1 % noise. Twelve shapes of leaks of 0.3 to 30 times the cell's
resistance are laid over them; benign classes have none. All of it is written here, apart from the package's
own generators and from the detector.

"Can be told" is a bound from the truth alone. The oracle knows what kind of cell it is: how many arcs, and
whether a common cause acts. It does not know how large any arc is in any spectrum, how far the common cause
has gone, nor R∞, L, each τ and φ, whether τ follows R, and the pattern of the common cause, which the series
shares. All that these can imitate is projected out of the leak's signal at the truth (Fisher information).
The rest is a noncentrality λ; a one-sided test of 1 % finds the leak in 99 % of series where λ ≥ 21.6.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from screening.lab.impedance.analysis import analyse
from screening.lab.impedance.spectrum import Spectrum

CAN_TELL = 21.65
"""(z₀.₉₉ + z₀.₉₉)²: false alarms 1 %, detection 99 %."""

BOLTZMANN_EV = 8.617333262e-5
SIZES = (1.0, 3.0, 10.0, 30.0)
ALARMS = ("hard", "soft", "suspected")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Truth of one series: s spectra, k arcs."""

    hours: np.ndarray  # (s,)
    frequency_hz: np.ndarray  # (n,)
    series_ohm: np.ndarray  # (s,)
    arcs_ohm: np.ndarray  # (s, k)
    tau_s: np.ndarray  # (s, k)
    phi: np.ndarray  # (k,)
    follows: np.ndarray  # (k,): φ·d ln τ/d ln R of the arc's own changes
    common: np.ndarray | None  # (k + 1,): d ln R/du of the common cause, R∞ first
    common_tau: np.ndarray  # (k,): d ln τ/du
    course: np.ndarray  # (s,): u
    inductance_h: float
    noise: float
    temperature_c: np.ndarray | None = None

    @property
    def total_ohm(self) -> np.ndarray:
        """Resistance without the leak, shape (s,)."""
        return self.series_ohm + self.arcs_ohm.sum(axis=1)

    def impedance(self, leak_s: np.ndarray) -> np.ndarray:
        """Noise-free impedance with a leak in parallel to all but the leads, shape (s, n)."""
        omega = 2.0 * np.pi * self.frequency_hz
        cell = self._cell(omega)
        return 1j * omega * self.inductance_h + cell / (1.0 + leak_s[:, None] * cell)

    def _cell(self, omega: np.ndarray) -> np.ndarray:
        return self.series_ohm[:, None] + self._arcs(omega).sum(axis=1)

    def _arcs(self, omega: np.ndarray) -> np.ndarray:
        power = (1j * omega * self.tau_s[:, :, None]) ** self.phi[:, None]
        return self.arcs_ohm[:, :, None] / (1.0 + power)

    def noncentrality(self, leak_s: np.ndarray) -> float:
        """λ of the oracle: what is left of the leak's signal once all benign changes are projected out."""
        omega = 2.0 * np.pi * self.frequency_hz
        arcs, cell = self._arcs(omega), self._cell(omega)
        share = 1.0 / (1.0 + leak_s[:, None] * cell)
        factor = (share**2 / (self.noise * np.abs(self.impedance(leak_s))))[:, None]
        power = (1j * omega * self.tau_s[:, :, None]) ** self.phi[:, None]
        by_ln_tau = -arcs * self.phi[:, None] * power / (1.0 + power)
        by_phi = -arcs * np.log(1j * omega * self.tau_s[:, :, None]) * power / (1.0 + power)
        own = arcs + by_ln_tau * (self.follows / self.phi)[:, None]
        changed = np.log(self.arcs_ohm / self.arcs_ohm[0])[:, :, None]
        lead = 1j * omega * np.ones_like(cell)[:, None] / share[:, None] ** 2
        shared = [lead, np.ones_like(cell)[:, None], by_ln_tau, by_phi, by_ln_tau * changed]
        local = [own]
        if self.common is not None:
            whole = arcs * self.common[1:, None] + by_ln_tau * self.common_tau[:, None]
            local.append((self.common[0] * self.series_ohm[:, None] + whole.sum(axis=1))[:, None])
            shared += [
                part * self.course[:, None, None] for part in (np.ones_like(cell)[:, None], arcs, by_ln_tau)
            ]
        signal = _real(-(leak_s[:, None, None] * cell[:, None] ** 2) * factor)[:, 0]
        own, common = (_real(np.concatenate(part, axis=1) * factor) for part in (local, shared))
        # what a spectrum's own unknowns can imitate goes first, then what the series shares
        basis = np.linalg.qr(own.transpose(0, 2, 1))[0]
        rest = np.concatenate([signal[:, None], common], axis=1).transpose(0, 2, 1)
        rest = (rest - basis @ (basis.transpose(0, 2, 1) @ rest)).reshape(-1, rest.shape[2])
        size = np.linalg.norm(rest[:, 1:], axis=0)
        columns = rest[:, 1:][:, size > 1e-9] / size[size > 1e-9]
        left = rest[:, 0] - columns @ np.linalg.lstsq(columns, rest[:, 0], rcond=1e-10)[0]
        return float(left @ left)

    def spectra(self, leak_s: np.ndarray, rng: np.random.Generator) -> list[Spectrum]:
        """Spectra with noise of constant relative size on Z' and Z''."""
        z = self.impedance(leak_s)
        z = z + self.noise * np.abs(z) * (rng.normal(size=z.shape) + 1j * rng.normal(size=z.shape))
        warm = self.temperature_c
        return [
            Spectrum(
                self.frequency_hz,
                row,
                time_s=3600.0 * hour,
                temperature_c=None if warm is None else float(warm[k]),
                label=f"{hour:.2f} h",
            )
            for k, (hour, row) in enumerate(zip(self.hours, z, strict=True))
        ]


def _real(columns: np.ndarray) -> np.ndarray:
    return np.concatenate([columns.real, columns.imag], axis=-1)


def steady(rng: np.random.Generator) -> Cell:
    """A cell in which nothing happens."""
    k = int(rng.integers(2, 6))
    s = int(rng.integers(13, 23))
    span = rng.uniform(-6.6, -5.8), rng.uniform(-0.6, 0.2)
    centres = np.linspace(*span, k) + rng.uniform(-0.2, 0.2, k)
    total = 10.0 ** rng.uniform(1.3, 3.0)
    parts = rng.dirichlet(np.full(k + 1, 3.0)) * total
    points = int(rng.integers(32, 49))
    return Cell(
        hours=np.arange(s) * rng.choice([0.5, 1.0, 2.0]),
        frequency_hz=np.geomspace(10.0 ** rng.uniform(6.3, 6.85), 10.0 ** rng.uniform(-1.0, -0.5), points),
        series_ohm=np.full(s, parts[0]),
        arcs_ohm=np.tile(parts[1:], (s, 1)),
        tau_s=np.tile(10.0**centres, (s, 1)),
        phi=rng.uniform(0.75, 0.98, k),
        follows=rng.integers(0, 2, k).astype(float),
        common=None,
        common_tau=np.zeros(k),
        course=np.zeros(s),
        inductance_h=10.0 ** rng.uniform(-7.3, -6.5),
        noise=float(rng.choice([0.002, 0.005, 0.01])),
    )


def _reacted(cell: Cell, factor: np.ndarray) -> Cell:
    """Arcs multiplied by factors (s, k); τ follows where the capacitance stays."""
    tau = cell.tau_s * factor ** (cell.follows / cell.phi)
    return _with(cell, arcs_ohm=cell.arcs_ohm * factor, tau_s=tau)


def _with(cell: Cell, **changes: object) -> Cell:
    return Cell(**{**cell.__dict__, **changes})


def reacting(rng: np.random.Generator) -> Cell:
    """One or two arcs fade or grow, smoothly; where one fades to almost nothing τ stays."""
    cell = steady(rng)
    s, k = cell.arcs_ohm.shape
    progress = 1.0 - np.exp(-((np.arange(s) / (s * rng.uniform(0.1, 0.6))) ** rng.uniform(0.7, 1.8)))
    factor = np.ones((s, k))
    for j in rng.choice(np.arange(1, k), size=min(k - 1, int(rng.integers(1, 3))), replace=False):
        end = rng.choice([rng.uniform(0.05, 0.7), rng.uniform(1.3, 2.5)])
        factor[:, j] = 1.0 + (end - 1.0) * progress
    return _reacted(cell, factor)


def abrupt(rng: np.random.Generator) -> Cell:
    """One or two arcs fall at once, as when an interphase breaks; the rest stays."""
    cell = steady(rng)
    s, k = cell.arcs_ohm.shape
    factor, when = np.ones((s, k)), int(rng.integers(3, s - 2))
    for j in rng.choice(np.arange(1, k), size=min(k - 1, int(rng.integers(1, 3))), replace=False):
        factor[when:, j] = rng.uniform(0.2, 0.9)
    return _reacted(cell, factor)


def _course(rng: np.random.Generator, s: int) -> np.ndarray:
    """Ramp, approach, daily wave or step, from 0 to about 1."""
    x, kind = np.linspace(0.0, 1.0, s), rng.integers(4)
    if kind == 0:
        return x
    if kind == 1:
        return 1.0 - np.exp(-x / rng.uniform(0.1, 0.5))
    if kind == 2:
        wave = np.sin(2.0 * np.pi * (x * rng.uniform(1.0, 2.5) + rng.uniform()))
        return (wave - wave[0]) / 2.0
    return (x >= rng.uniform(0.2, 0.85)).astype(float)


def _common(cell: Cell, pattern: np.ndarray, shift: np.ndarray, course: np.ndarray) -> Cell:
    size = pattern[None, :] * course[:, None]
    return _with(
        cell,
        series_ohm=cell.series_ohm * np.exp(size[:, 0]),
        arcs_ohm=cell.arcs_ohm * np.exp(size[:, 1:]),
        tau_s=cell.tau_s * np.exp(shift[None, :] * course[:, None]),
        common=pattern,
        common_tau=shift,
        course=course,
    )


def warming(rng: np.random.Generator, cell: Cell | None = None, recorded: bool = False) -> Cell:
    """Every process by its own activation energy, at constant capacitance, over 1 to 10 K."""
    cell = cell or steady(rng)
    energy = rng.uniform(0.2, 0.65, cell.phi.size + 1)
    low = rng.uniform(18.0, 30.0)
    warm = low + rng.uniform(1.0, 10.0) * rng.choice([1.0, 1.0, -1.0]) * _course(rng, cell.hours.size)
    inverse = 1.0 / (BOLTZMANN_EV * (warm + 273.15)) - 1.0 / (BOLTZMANN_EV * (warm[0] + 273.15))
    found = _common(cell, energy, energy[1:] / cell.phi, inverse)
    return _with(found, temperature_c=warm, common=None) if recorded else found


def warming_recorded(rng: np.random.Generator) -> Cell:
    """The same with the temperature in the file."""
    return warming(rng, recorded=True)


def losing_contact(rng: np.random.Generator) -> Cell:
    """The area falls by 5 to 50 %, at once or slowly; resistances rise as 1/area, τ stays."""
    cell = steady(rng)
    size = -np.log1p(-rng.uniform(0.05, 0.5))
    return _common(
        cell, np.ones(cell.phi.size + 1), np.zeros(cell.phi.size), size * _course(rng, cell.hours.size)
    )


def gaining_contact(rng: np.random.Generator) -> Cell:
    """Pressure is raised: the area grows; half of R∞ is the leads' and stays."""
    cell = steady(rng)
    k = cell.phi.size
    pattern = np.concatenate([[0.5], np.ones(k)])
    size = -np.log1p(rng.uniform(0.05, 0.6))
    return _common(cell, pattern, np.zeros(k), size * _course(rng, cell.hours.size))


def reacting_and_warming(rng: np.random.Generator) -> Cell:
    """Both."""
    return warming(rng, reacting(rng))


def clips(rng: np.random.Generator) -> Cell:
    """Only the contact of the clips changes: R∞ wanders by up to 20 %."""
    cell = steady(rng)
    size = rng.uniform(-0.2, 0.2) * _course(rng, cell.hours.size)
    return _with(cell, series_ohm=cell.series_ohm * np.exp(size))


BENIGN: dict[str, Callable[[np.random.Generator], Cell]] = {
    "steady": steady,
    "reacting": reacting,
    "one arc falls at once": abrupt,
    "warming": warming,
    "warming, recorded": warming_recorded,
    "reacting and warming": reacting_and_warming,
    "losing contact": losing_contact,
    "gaining contact": gaining_contact,
    "clips": clips,
}
LEAKY = {"steady": steady, "reacting": reacting, "warming": warming, "losing contact": losing_contact}


def _onset(rng: np.random.Generator, s: int) -> int:
    return int(rng.integers(3, max(s - 4, 4)))


def step(rng: np.random.Generator, s: int) -> np.ndarray:
    """From one spectrum to the next, for good."""
    return (np.arange(s) >= _onset(rng, s)).astype(float)


def early(rng: np.random.Generator, s: int) -> np.ndarray:
    """From the second or third spectrum on."""
    return (np.arange(s) >= rng.integers(1, 3)).astype(float)


def late(rng: np.random.Generator, s: int) -> np.ndarray:
    """In the last two to four spectra only."""
    return (np.arange(s) >= s - rng.integers(2, 5)).astype(float)


def two_steps(rng: np.random.Generator, s: int) -> np.ndarray:
    """A third of it first, all of it later."""
    first = _onset(rng, s)
    return (np.arange(s) >= first) / 3.0 + (np.arange(s) >= rng.integers(first + 1, s)) * 2.0 / 3.0


def linear(rng: np.random.Generator, s: int) -> np.ndarray:
    """Grows evenly from a moment to the end."""
    first = _onset(rng, s)
    return np.clip((np.arange(s) - first) / (s - 1.0 - first), 0.0, 1.0)


def exponential(rng: np.random.Generator, s: int) -> np.ndarray:
    """Grows by the same factor from spectrum to spectrum, from a hundredth."""
    first = _onset(rng, s)
    grown = 0.01 ** (1.0 - (np.arange(s) - first) / (s - 1.0 - first))
    return np.where(np.arange(s) >= first, grown, 0.0)


def stairs(rng: np.random.Generator, s: int) -> np.ndarray:
    """Grows in steps at random spectra."""
    rises = rng.uniform(size=s) * (rng.uniform(size=s) < 0.25)
    rises[:2], rises[_onset(rng, s)] = 0.0, 0.5
    return np.cumsum(rises) / rises.sum()


def healing(rng: np.random.Generator, s: int) -> np.ndarray:
    """Comes at once and goes at once."""
    first = int(rng.integers(2, s - 6))
    return ((np.arange(s) >= first) & (np.arange(s) < first + rng.integers(2, s - first - 2))).astype(float)


def fading(rng: np.random.Generator, s: int) -> np.ndarray:
    """Comes at once and burns out slowly."""
    first = int(rng.integers(2, s - 6))
    away = np.exp(-(np.arange(s) - first) / rng.uniform(1.5, 5.0))
    return np.where(np.arange(s) >= first, away, 0.0)


def every_nth(rng: np.random.Generator, s: int) -> np.ndarray:
    """In every third to sixth spectrum."""
    n = int(rng.integers(3, 7))
    return (np.arange(s) % n == rng.integers(n)).astype(float)


def now_and_then(rng: np.random.Generator, s: int) -> np.ndarray:
    """In a fifth of the spectra, of unlike size."""
    found = rng.uniform(0.3, 1.0, s) * (rng.uniform(size=s) < 0.2)
    found[int(rng.integers(s))] = 1.0
    return found


def bell(rng: np.random.Generator, s: int) -> np.ndarray:
    """Grows and heals as smoothly."""
    return np.exp(-0.5 * ((np.arange(s) - rng.uniform(0.4, 0.8) * s) / rng.uniform(1.5, 4.0)) ** 2)


SHAPES = {
    "step": step,
    "early step": early,
    "late step": late,
    "two steps": two_steps,
    "linear ramp": linear,
    "exponential ramp": exponential,
    "stairs": stairs,
    "comes and heals": healing,
    "comes and fades": fading,
    "every n-th spectrum": every_nth,
    "now and then": now_and_then,
    "grows and heals": bell,
}


@dataclass(frozen=True)
class Trial:
    """One series: what was laid over it and what was found."""

    kind: str
    shape: str
    seed: int
    times_total: float
    noncentrality: float
    verdict: str
    seconds: float


def trial(kind: str, shape: str, seed: int) -> Trial:
    """Simulate and judge one series; a shape of "" leaves the leak out."""
    rng = np.random.default_rng([seed, *f"{kind}/{shape}".encode()])
    cell = (LEAKY if shape else BENIGN)[kind](rng)
    leak, times = np.zeros(cell.hours.size), np.inf
    if shape:
        times = 10.0 ** rng.uniform(np.log10(0.3), np.log10(30.0))
        leak = SHAPES[shape](rng, leak.size) / (times * np.median(cell.total_ohm))
    spectra = cell.spectra(leak, rng)
    started = time.process_time()
    found = analyse(spectra).short
    spent = time.process_time() - started
    return Trial(kind, shape, seed, times, cell.noncentrality(leak), str(found.verdict), spent)


def trials(series: int, first: int, only: list[str], keep: Path | None) -> list[Trial]:
    """Every benign class, and every shape on the four kinds of cells in turn; one of each, then the next."""
    kinds, asked = list(LEAKY), []
    for seed in range(first, first + series):
        asked += [(kind, "", seed) for kind in BENIGN]
        asked += [(kinds[seed % len(kinds)], shape, seed) for shape in SHAPES]
    lines = keep.read_text("utf-8").splitlines() if keep and keep.exists() else []
    done = {}
    for each in (Trial(**json.loads(line)) for line in lines):
        done[each.kind, each.shape, each.seed] = each
    found = []
    for each in asked:
        if only and (each[1] or each[0]) not in only:
            continue
        result = done.get(each) or trial(*each)
        found.append(result)
        if keep and each not in done:
            with keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
    return found


def share(found: list[Trial]) -> str:
    """Alarms of some trials."""
    alarms = sum(each.verdict in ALARMS for each in found)
    return f"{alarms}/{len(found)}" + (f" ({alarms / len(found):.1%})" if found else "")


def tables(found: list[Trial]) -> dict[str, dict[str, dict[str, str]]]:
    """Alarms by benign class; by shape, kind and size of the leak where it can be told, and where not."""
    leaks = [each for each in found if each.shape]
    told = [each for each in leaks if each.noncentrality >= CAN_TELL]
    rows: dict[str, dict[str, dict[str, str]]] = {
        "benign": {},
        "by shape": {},
        "by kind of cell": {},
        "by size": {},
    }
    for kind in dict.fromkeys(each.kind for each in found if not each.shape):
        mine = [each for each in found if each.kind == kind and not each.shape]
        unsure = sum(each.verdict == "indeterminate" for each in mine)
        rows["benign"][kind] = {"false alarms": share(mine), "cannot tell": f"{unsure}/{len(mine)}"}
    groups: dict[str, Callable[[Trial], str]] = {
        "by shape": lambda each: each.shape,
        "by kind of cell": lambda each: each.kind,
        "by size": lambda each: next(f"R_e up to {size:g} R" for size in SIZES if each.times_total <= size),
    }
    for name, key in groups.items():
        for value in sorted({key(each) for each in leaks}):
            mine = [each for each in told if key(each) == value]
            rest = [each for each in leaks if key(each) == value and each.noncentrality < CAN_TELL]
            rows[name][value] = {"found where it can be told": share(mine), "elsewhere": share(rest)}
    rows["all"] = {"leaks": {"found where it can be told": share(told)}}
    return rows


def main() -> None:
    """Run the trials and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON only")
    parser.add_argument("--series", type=int, default=200, help="series of each class and each shape")
    parser.add_argument(
        "--first", type=int, default=1000, help="first seed; those below were used for tuning"
    )
    parser.add_argument("--only", nargs="*", default=[], help="benign classes and shapes")
    parser.add_argument("--keep", type=Path, help="file of trials: done ones are not repeated, others added")
    parser.add_argument("--misses", action="store_true", help="list false alarms and leaks not found")
    arguments = parser.parse_args()
    found = trials(arguments.series, arguments.first, arguments.only, arguments.keep)
    result = tables(found)
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"{np.mean([each.seconds for each in found]):.2f} s of processor a series, all of `analyse`")
    for name, rows in result.items():
        print(f"\n{name}")
        for row, values in rows.items():
            print(f"  {row:24s}" + "  ".join(f"{key} {value}" for key, value in values.items()))
    for each in found if arguments.misses else []:
        missed = bool(each.shape) and each.noncentrality >= CAN_TELL
        if (each.verdict in ALARMS) != bool(each.shape) and (missed or not each.shape):
            print(each)


if __name__ == "__main__":
    main()
