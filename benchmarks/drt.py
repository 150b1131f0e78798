"""Speed of the impedance arm against pyDRTtools, and its accuracy against known truth.

    python benchmarks/drt.py [--json] [--draws 100] [--peer-spectra 20]

Speed: a simulated series of 200 spectra of 79 points, one thread on both sides, CPU time of one run
(the shares of a busy machine cancel). pyDRTtools 0.2 (extra "bench") runs its GCV deconvolution on
some spectra spread over the series, and its time per spectrum is multiplied by 200.

Resistances by window: for each case and noise, the error of the refit, of the areas under γ and of
pyDRTtools, and how often the refit's 95 % intervals hold, process by process. Fixed truths have the
relaxation times of the founding paper, where the refit expects them; drawn ones lie in the inner 80 %
of their windows, with φ and R drawn too: they alone can tell whether intervals hold.

Accuracy: four sets of ZARC elements with 0.5 % noise, each draw treated by itself, against the
Cramér-Rao bound computed beside it; then truths that are no ZARC, and the completion time.
"""

import argparse
import contextlib
import importlib
import importlib.util
import io
import json
import os
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType

import numpy as np

from screening.lab.impedance import zarc
from screening.lab.impedance.completion import Criterion
from screening.lab.impedance.drt import DrtOptions, deconvolve
from screening.lab.impedance.processes import assign
from screening.lab.impedance.refit import ZarcSeries, fit_zarcs
from screening.lab.impedance.series import describe
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.impedance.windows import Windows
from screening.simulate.impedance import (
    Circuit,
    Element,
    Evolving,
    FiniteWarburg,
    Gerischer,
    HavriliakNegami,
    Kinetics,
    RestSeries,
    Zarc,
    avrami,
    first_order,
    frequencies_hz,
    linear,
    measure,
    parabolic,
    rest_study,
)

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
SPECTRA = 200
NOISE = 0.005
R_INF_OHM, INDUCTANCE_H = 10.0, 1e-7
MATCH_DECADES = 0.4
EXTRA_SHARE = 0.01
COMPLETION_SERIES = 200

A = (Zarc(20.0, 1e-5, 0.9), Zarc(15.0, 0.3, 0.85))
B = (*A, Zarc(30.0, 1e-7, 0.9))
C = (*B, Zarc(10.0, 1.2e-4, 0.9))
D = (Zarc(30.0, 1e-7, 0.9), Zarc(8.0, 1e-6, 0.95), Zarc(20.0, 3e-5, 0.9), Zarc(25.0, 3.0, 0.85))
ZARC_SET = {"A": A, "B": B, "C": C, "D": D}
OTHER_TRUTHS: dict[str, tuple[Element, ...]] = {
    "Havriliak-Negami": (Zarc(20.0, 1e-6, 0.9), HavriliakNegami(25.0, 1e-2, 0.9, 0.7)),
    "Gerischer": (Zarc(20.0, 1e-6, 0.9), Gerischer(25.0, 1e-2)),
    "finite Warburg": (Zarc(20.0, 1e-6, 0.9), FiniteWarburg(25.0, 0.1)),
}


SIX = {
    "tau1": Zarc(30.0, 1e-7, 0.9),
    "tau6": Zarc(8.0, 1e-6, 0.9),
    "tau2": Zarc(20.0, 1e-5, 0.9),
    "tau3": Zarc(15.0, 10.0**-4.5, 0.9),
    "tau4": Zarc(15.0, 0.3, 0.85),
    "tau5": Zarc(25.0, 3.0, 0.85),
}
FOUR = {name: SIX[name] for name in ("tau1", "tau2", "tau4", "tau5")}
FLAT = {"tau1": SIX["tau1"], "tau2": Zarc(20.0, 1e-5, 0.8), "tau3": Zarc(15.0, 10.0**-4.5, 0.8)}
SINGLE = {"six windows": SIX, "four windows": FOUR, "tau2 and tau3, φ 0.8": FLAT}
SERIES = {"tracked steady": SIX, "tracked reacting": SIX, "tracked steady, four windows": FOUR}
NOISES = (0.005, 0.01)
SERIES_LENGTH = 24
WINDOWS = Windows.default()


@dataclass(frozen=True)
class Trial:
    """Spectra that are treated together or each by itself, and the true resistance of each window in each."""

    spectra: list[Spectrum]
    truth_ohm: np.ndarray
    tracked: bool


def true_ohm(elements: dict[str, Zarc]) -> np.ndarray:
    """Resistance of each window, shape (w,); 0 where there is no process."""
    return np.array([elements[w].resistance_ohm if w in elements else 0.0 for w in WINDOWS.names])


def drawn(elements: dict[str, Zarc], rng: np.random.Generator) -> dict[str, Zarc]:
    """The same processes with R within 30 %, τ anywhere in the inner 80 % of the window, φ of 0.88 ± 0.05."""
    found = {}
    for name, element in elements.items():
        low, high = WINDOWS.ln_bounds[:, WINDOWS.index(name)] / np.log(10.0)
        tau = 10.0 ** rng.uniform(low + 0.1 * (high - low), high - 0.1 * (high - low))
        phi = float(np.clip(rng.normal(0.88, 0.05), 0.7, 1.0))
        found[name] = Zarc(element.resistance_ohm * rng.uniform(0.7, 1.3), tau, phi)
    return found


def single_trial(cells: list[dict[str, Zarc]], noise: float, rng: np.random.Generator) -> Trial:
    """One spectrum of each cell."""
    spectra = [
        measure(
            Circuit(R_INF_OHM, INDUCTANCE_H, tuple(cell.values())),
            frequencies_hz(),
            relative_noise=noise,
            rng=rng,
        )
        for cell in cells
    ]
    return Trial(spectra, np.array([true_ohm(cell) for cell in cells]), False)


def series_trial(cell: dict[str, Zarc], reacting: bool, noise: float, rng: np.random.Generator) -> Trial:
    """A series of one cell: steady, or with tau2 and tau3 that fade while tau4 appears."""
    time_s = np.linspace(0.0, 36.0 * 3600.0, SERIES_LENGTH)
    course = avrami(6.0 * 3600.0, 1.5) if reacting else None
    ends = {"tau2": (1.0, 0.0), "tau3": (1.0, 0.0), "tau4": (0.0, 1.0)} if reacting else {}
    processes = tuple(
        Evolving(
            name,
            e.tau_s,
            e.phi,
            *(e.resistance_ohm * np.array(ends.get(name, (1.0, 1.0)))).tolist(),
            kinetics=course,
        )
        for name, e in cell.items()
    )
    study = RestSeries(processes, R_INF_OHM, INDUCTANCE_H, tuple(time_s.tolist()), noise)
    truth = np.zeros((SERIES_LENGTH, len(WINDOWS)))
    for process in processes:
        truth[:, WINDOWS.index(process.name)] = process.resistance_ohm(time_s)
    return Trial(list(study.spectra(int(rng.integers(2**31)))), truth, True)


def trials(case: str, noise: float, count: int, rng: np.random.Generator, *, draw: bool) -> list[Trial]:
    """All trials of a case: `count` single spectra in one, or half as many series."""

    def cell(elements: dict[str, Zarc]) -> dict[str, Zarc]:
        return drawn(elements, rng) if draw else elements

    if case in SINGLE:
        return [single_trial([cell(SINGLE[case]) for _ in range(count)], noise, rng)]
    return [
        series_trial(cell(SERIES[case]), "reacting" in case, noise, rng) for _ in range(max(count // 2, 2))
    ]


def by_element(case: str, noise: float, count: int, peer_count: int, *, draw: bool) -> dict[str, object]:
    """Errors in Ω a window of three methods, and coverage of the refit, process by process."""
    rng = np.random.default_rng([2026, int(1e4 * noise), int(draw), *case.encode()])
    refit_off, held, area_off, peer_off = [], [], [], []
    for trial in trials(case, noise, count, rng, draw=draw):
        drt = deconvolve(trial.spectra)
        found = assign(fit_zarcs(drt, tracked=trial.tracked))
        low, high = found.resistance_interval_ohm
        refit_off.append(np.abs(found.resistance_ohm - trial.truth_ohm))
        held.append((low <= trial.truth_ohm + 1e-9) & (trial.truth_ohm <= high + 1e-9))
        area_off.append(np.abs(assign(drt).resistance_ohm - trial.truth_ohm))
        if sum(map(len, peer_off)) < peer_count:
            chosen = np.linspace(
                0, len(trial.spectra) - 1, min(peer_count, 8 if trial.tracked else peer_count)
            )
            rows = np.unique(chosen.round().astype(int))
            peer_off.append(np.abs(peer_areas([trial.spectra[i] for i in rows]) - trial.truth_ohm[rows]))
    refit_ohm, covered = np.concatenate(refit_off), np.concatenate(held)
    return {
        "case": case,
        "noise": noise,
        "truth": "drawn" if draw else "fixed",
        "refit_ohm": round(float(refit_ohm.mean()), 2),
        "areas_ohm": round(float(np.concatenate(area_off).mean()), 2),
        "pydrttools_ohm": round(float(np.concatenate(peer_off).mean()), 2) if peer_off else None,
        "refit_ohm_by_window": dict(
            zip(WINDOWS.names, refit_ohm.mean(axis=0).round(2).tolist(), strict=True)
        ),
        "coverage_95_by_window": dict(
            zip(WINDOWS.names, covered.mean(axis=0).round(3).tolist(), strict=True)
        ),
    }


@dataclass(frozen=True)
class Accuracy:
    """Errors of all matched elements, pooled, and counts per spectrum."""

    decades: np.ndarray
    area: np.ndarray
    covered: np.ndarray
    missed: float
    extra: float


def draws(elements: tuple[Element, ...], count: int, rng: np.random.Generator) -> list[Spectrum]:
    """Fresh noise on one circuit."""
    circuit = Circuit(R_INF_OHM, INDUCTANCE_H, elements)
    return [measure(circuit, frequencies_hz(), relative_noise=NOISE, rng=rng) for _ in range(count)]


def refit(spectra: list[Spectrum]) -> ZarcSeries:
    """Each spectrum by itself, its own λ and its own number of elements."""
    return fit_zarcs(deconvolve(spectra, DrtOptions(per_spectrum=True)), tracked=False)


def compare(result: ZarcSeries, truth: tuple[Element, ...]) -> Accuracy:
    """Match each true element with the nearest found one within 0.4 decade, each used once."""
    found, count = result.elements, len(result.drt.spectra)
    there = found.detected
    low_r, high_r = found.resistance_interval_ohm
    low_tau, high_tau = found.tau_interval_s
    total = R_INF_OHM + sum(element.resistance_ohm for element in truth)
    decades, area, covered = [], [], []
    missed = extra = 0
    for index in range(count):
        mine = np.flatnonzero((found.spectrum == index) & there)
        used: set[int] = set()
        for element in truth:
            distance = np.abs(np.log10(found.tau_s[mine] / element.peak_tau_s))
            nearest = int(distance.argmin()) if mine.size else -1
            if nearest < 0 or distance[nearest] > MATCH_DECADES or nearest in used:
                missed += 1
                continue
            used.add(nearest)
            e = mine[nearest]
            decades.append(distance[nearest])
            area.append(abs(found.resistance_ohm[e] / element.resistance_ohm - 1.0))
            covered.append(low_r[e] <= element.resistance_ohm <= high_r[e])
            covered.append(low_tau[e] <= element.tau_s <= high_tau[e])
        rest = [e for k, e in enumerate(mine) if k not in used]
        extra += int((found.resistance_ohm[rest] > EXTRA_SHARE * total).sum())
    return Accuracy(np.array(decades), np.array(area), np.array(covered), missed / count, extra / count)


def cramer_rao(truth: tuple[Zarc, ...], rng: np.random.Generator, count: int = 20000) -> Accuracy:
    """Errors of a perfect unbiased estimator: normal, with the inverse Fisher information as covariance."""
    omega = 2.0 * np.pi * frequencies_hz()
    z = Circuit(R_INF_OHM, INDUCTANCE_H, truth).impedance(omega)
    columns = np.stack([np.ones(omega.size, dtype=complex), 1j * omega])
    theta = [R_INF_OHM, INDUCTANCE_H]
    for element in truth:
        theta += [element.resistance_ohm, np.log(element.tau_s), element.phi]
    problem = zarc.Problem(np.log(omega)[None], z[None], 1.0 / (NOISE * np.abs(z))[None], columns[None])
    _, jacobian = zarc.evaluate(problem, np.array(theta)[None])
    scale = np.sqrt((jacobian[0] ** 2).sum(axis=1))
    scaled = jacobian[0] / scale[:, None]
    deviation = np.sqrt(np.diag(np.linalg.inv(scaled @ scaled.T))) / scale
    resistance = np.array([element.resistance_ohm for element in truth])
    decades = np.abs(rng.normal(size=(count, len(truth))) * deviation[3::3]) / np.log(10.0)
    area = np.abs(rng.normal(size=(count, len(truth))) * deviation[2::3] / resistance)
    return Accuracy(decades.ravel(), area.ravel(), np.ones(1), 0.0, 0.0)


def pooled(parts: list[Accuracy]) -> Accuracy:
    """All errors together; counts averaged over the cases, which have equally many draws."""
    return Accuracy(
        np.concatenate([part.decades for part in parts]),
        np.concatenate([part.area for part in parts]),
        np.concatenate([part.covered for part in parts]),
        float(np.mean([part.missed for part in parts])),
        float(np.mean([part.extra for part in parts])),
    )


@cache
def peer_module() -> ModuleType:
    """Import the mathematics of pyDRTtools without its window.

    Its ``__init__`` imports the Qt window, which fails without a display. An empty package of the same
    name and path, put in ``sys.modules`` first, lets its mathematics be imported alone.
    """
    spec = importlib.util.find_spec("pyDRTtools")
    if spec is None or spec.submodule_search_locations is None:
        sys.exit("benchmarks/drt.py: pyDRTtools is not installed; pip install 'interphase-screening[bench]'")
    os.environ.setdefault("MPLBACKEND", "Agg")
    package = ModuleType("pyDRTtools")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["pyDRTtools"] = package
    # it prints at import, which would spoil --json
    with contextlib.redirect_stdout(io.StringIO()):
        return importlib.import_module("pyDRTtools.runs")


def peer_areas(spectra: list[Spectrum]) -> np.ndarray:
    """Areas of pyDRTtools' γ over the windows, shape (s, w)."""
    runs, found = peer_module(), []
    for spectrum in spectra:
        with contextlib.redirect_stdout(io.StringIO()):
            entry = runs.EIS_object(spectrum.frequency_hz, spectrum.z_ohm.real, spectrum.z_ohm.imag)
            runs.simple_run(entry, cv_type="GCV")
        order = np.argsort(entry.out_tau_vec)
        ln_tau, gamma = np.log(entry.out_tau_vec)[order], entry.gamma[order]
        parts = np.diff(ln_tau) * (gamma[1:] + gamma[:-1]) / 2.0
        low, high = (np.interp(b, ln_tau, np.append(0.0, parts.cumsum())) for b in WINDOWS.ln_bounds)
        found.append(high - low)
    return np.array(found)


def peer_seconds(spectra: list[Spectrum], count: int) -> float:
    """CPU time of pyDRTtools for the whole series, from `count` spectra spread over it."""
    runs = peer_module()
    chosen = [spectra[i] for i in np.linspace(0, len(spectra) - 1, count).round().astype(int)]
    start = time.process_time()
    for spectrum in chosen:
        with contextlib.redirect_stdout(io.StringIO()):
            entry = runs.EIS_object(spectrum.frequency_hz, spectrum.z_ohm.real, spectrum.z_ohm.imag)
            runs.simple_run(entry, cv_type="GCV")
    return (time.process_time() - start) / count * len(spectra)


def own_seconds(spectra: list[Spectrum]) -> tuple[float, float]:
    """CPU time of the deconvolution alone, and with the tracked refit."""
    fit_zarcs(deconvolve(spectra[:8]))
    start = time.process_time()
    drt = deconvolve(spectra)
    middle = time.process_time()
    fit_zarcs(drt)
    return middle - start, time.process_time() - start


def batch(peer_spectra: int) -> dict[str, float]:
    """Speed on a simulated rest series of 200 spectra."""
    study = rest_study()
    times = np.linspace(study.time_s[0], study.time_s[-1], SPECTRA)
    spectra = list(replace(study, time_s=tuple(times.tolist())).spectra(0))
    alone, with_refit = own_seconds(spectra)
    peer = peer_seconds(spectra, peer_spectra)
    return {
        "spectra": SPECTRA,
        "ratio_to_pydrttools": round(peer / alone, 1),
        "ratio_refit_to_pydrttools": round(peer / with_refit, 1),
    }


def accuracy(found: Accuracy, bound: Accuracy) -> dict[str, float]:
    """Medians and 90 % points, and their ratio to a perfect estimator's."""

    def q90(values: np.ndarray) -> float:
        return float(np.quantile(values, 0.9))

    return {
        "log10_tau_median": round(float(np.median(found.decades)), 5),
        "log10_tau_p90": round(q90(found.decades), 5),
        "area_error_median": round(float(np.median(found.area)), 5),
        "area_error_p90": round(q90(found.area), 5),
        "tau_p90_over_bound": round(q90(found.decades) / q90(bound.decades), 3),
        "area_p90_over_bound": round(q90(found.area) / q90(bound.area), 3),
        "missed_per_spectrum": round(found.missed, 4),
        "extra_per_spectrum": round(found.extra, 4),
    }


def kinetics(name: str, duration_s: float) -> Kinetics:
    """Five courses that are done, or nearly, after `duration_s`."""
    courses = {
        "first order": first_order(duration_s / 3.0),
        "Avrami 1.5": avrami(duration_s / 2.0, 1.5),
        "Avrami 0.7": avrami(duration_s / 4.5, 0.7),
        "parabolic": parabolic(duration_s),
        "linear": linear(duration_s),
    }
    return courses[name]


def completion_report(count: int) -> list[str]:
    """Coverage of the completion time through the whole chain: spectra, DRT, tracked refit, course."""
    rng, rule = np.random.default_rng(11), Criterion()
    names = ("first order", "Avrami 1.5", "Avrami 0.7", "parabolic", "linear")
    held: dict[str, list[bool]] = {name: [] for name in names}
    widths, open_ended = [], 0
    for index in range(count):
        name = names[index % len(names)]
        course = kinetics(name, rng.uniform(10.0, 20.0) * 3600.0)
        time_s = np.linspace(0.0, 36.0 * 3600.0, int(rng.integers(30, 50)))
        fading = Evolving(
            "tau2", 10.0 ** rng.uniform(-5.3, -4.9), 0.9, rng.uniform(10, 40), 0.0, kinetics=course
        )
        steady = (Evolving("tau1", 1e-7, 0.9, 30.0, 30.0), Evolving("tau4", 0.3, 0.85, 15.0, 15.0))
        study = RestSeries((*steady, fading), 10.0, 1e-7, tuple(time_s.tolist()), NOISE)
        processes = assign(fit_zarcs(deconvolve(study.spectra(int(rng.integers(2**31))))))
        end = next(c.completion for c in describe(processes, rule).courses if c.window == "tau2")
        fine = np.linspace(0.0, time_s[-1], 100001)
        left = fading.resistance_ohm(fine)
        final = fading.resistance_ohm(time_s[time_s >= time_s[-1] * (1 - rule.plateau_share)]).mean()
        truth = fine[np.flatnonzero(left > final + rule.share_left * (left[0] - final))[-1]]
        if end.low_s is None or end.high_s is None:
            open_ended += 1
            continue
        held[name].append(bool(end.low_s <= truth <= end.high_s))
        widths.append((end.high_s - end.low_s) / 3600.0)
    lines = [f"  {name:12s} {np.mean(held[name]):.3f} of {len(held[name])}" for name in names]
    total = np.concatenate([held[name] for name in names])
    lines.append(
        f"  all          {total.mean():.3f} of {total.size}, {open_ended} not settled by the criterion"
    )
    return [*lines, f"  median width {np.median(widths):.2f} h"]


def other_truths_report(count: int, rng: np.random.Generator) -> list[str]:
    """Errors where the truth is no ZARC; matched at the peak of its distribution."""
    lines = []
    for name, elements in OTHER_TRUTHS.items():
        spectra = draws(elements, count, rng)
        drt = deconvolve(spectra)
        result = refit(spectra)
        found = compare(result, elements)
        total = sum(element.resistance_ohm for element in elements)
        sums = np.bincount(result.elements.spectrum, result.elements.resistance_ohm, minlength=count)
        elements_off = np.median(np.abs(sums / total - 1.0))
        gamma_off = np.median(np.abs(drt.polarisation_ohm / total - 1.0))
        lines += [
            f"  {name:17s} log10 tau {np.median(found.decades):.3f} / {np.quantile(found.decades, 0.9):.3f}, "
            f"area {np.median(found.area):.1%} / {np.quantile(found.area, 0.9):.1%}, "
            f"missed {found.missed:.2f}, extra {found.extra:.2f};",
            f"  {'':17s} whole polarisation: elements off by {elements_off:.1%}, ∫γ by {gamma_off:.1%}",
        ]
    return lines


def one_thread() -> None:
    """Start again with one thread where the environment does not say so already."""
    if all(os.environ.get(name) == "1" for name in THREADS):
        return
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **dict.fromkeys(THREADS, "1")})


def case_lines(cases: list[dict[str, object]]) -> list[str]:
    """Two lines a case: errors by method, then error and coverage by window."""
    lines = []
    for one in cases:
        off, held = one["refit_ohm_by_window"], one["coverage_95_by_window"]
        assert isinstance(off, dict) and isinstance(held, dict)
        lines += [
            f"{one['case']}, {one['truth']}, {one['noise']:.1%}: refit {one['refit_ohm']} Ω a window, "
            f"areas {one['areas_ohm']}, pyDRTtools {one['pydrttools_ohm']}",
            "  " + "  ".join(f"{name} {off[name]:.1f} Ω {held[name]:.0%}" for name in off),
        ]
    return lines


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object only")
    parser.add_argument("--draws", type=int, default=100, help="noise draws of each case")
    parser.add_argument("--peer-spectra", type=int, default=20, help="spectra that pyDRTtools solves")
    parser.add_argument("--cases", action="store_true", help="the resistances by window only")
    options = parser.parse_args()
    one_thread()
    cases = [
        by_element(case, noise, options.draws, options.peer_spectra, draw=draw)
        for draw in (False, True)
        for case in (*SINGLE, *SERIES)
        for noise in NOISES
    ]
    if options.cases:
        print(json.dumps(cases) if options.json else "\n".join(case_lines(cases)))
        return
    rng = np.random.default_rng(2024)
    found = {name: compare(refit(draws(e, options.draws, rng)), e) for name, e in ZARC_SET.items()}
    bounds = {name: cramer_rao(e, rng) for name, e in ZARC_SET.items()}
    all_found = pooled(list(found.values()))
    summary = {
        "batch": batch(options.peer_spectra),
        "accuracy": accuracy(all_found, pooled(list(bounds.values()))),
        "by_element": cases,
    }
    if options.json:
        print(json.dumps(summary))
        return
    print(json.dumps({key: summary[key] for key in ("batch", "accuracy")}, indent=1))
    print("\n".join(case_lines(cases)))
    print(f"pyDRTtools solved {options.peer_spectra} of {SPECTRA} spectra; its time is extrapolated")
    print("by case:")
    for name in ZARC_SET:
        print(f"  {name} {json.dumps(accuracy(found[name], bounds[name]))}")
    bound, best = pooled(list(bounds.values())), all_found
    print(
        f"medians over the bound: log10 tau {np.median(best.decades) / np.median(bound.decades):.2f}, "
        f"area {np.median(best.area) / np.median(bound.area):.2f}"
    )
    print("other truths (median / 90 % point):", *other_truths_report(options.draws, rng), sep="\n")
    print(
        f"completion time, interval holds the truth ({COMPLETION_SERIES} series):",
        *completion_report(COMPLETION_SERIES),
        sep="\n",
    )


if __name__ == "__main__":
    main()
