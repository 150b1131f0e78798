"""Speed of the Kramers–Kronig test against impedance.py's linKK, in one run, on the same spectra.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/kramers_kronig.py --json

linKK stops with NameError under numpy 2, because it evaluates a text in which numbers are written as
``np.float64(…)``: it is given the name ``np`` here, so that it runs.
"""

import argparse
import contextlib
import io
import json
import time

import numpy as np
from impedance import validation

from screening.lab.impedance.kramers_kronig import Verdict, kramers_kronig
from screening.lab.impedance.spectrum import Spectrum

SPECTRA, PEER_SPECTRA, POINTS, NOISE, ROUNDS = 200, 3, 79, 5e-3, 3


def spectra() -> list[Spectrum]:
    """Two ZARC elements, a resistance and an inductance, with 0.5 % noise."""
    frequency = np.geomspace(7e6, 0.1, POINTS)
    s = 2j * np.pi * frequency
    z = 10 + 20 / (1 + (1e-5 * s) ** 0.9) + 15 / (1 + (0.3 * s) ** 0.85) + 1e-7 * s
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((SPECTRA, POINTS)) + 1j * rng.standard_normal((SPECTRA, POINTS))
    return [Spectrum(frequency, row) for row in z * (1 + NOISE * noise)]


def seconds(work) -> float:
    """Shortest of several runs."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure both and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    given = spectra()
    validation.circuit_elements["np"] = np

    def peer() -> None:
        for spectrum in given[:PEER_SPECTRA]:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
                validation.linKK(spectrum.frequency_hz, spectrum.z_ohm, c=0.85, max_M=50, fit_type="complex")

    kramers_kronig(given[:2])
    single = seconds(lambda: [kramers_kronig([spectrum]) for spectrum in given[:20]]) / 20
    batch = seconds(lambda: kramers_kronig(given)) / SPECTRA
    theirs = seconds(peer) / PEER_SPECTRA
    passed = sum(test.verdict is Verdict.PASSED for test in kramers_kronig(given))
    result = {
        "points": POINTS,
        "milliseconds_single": round(1e3 * single, 2),
        "milliseconds_in_batch_of_200": round(1e3 * batch, 2),
        "milliseconds_impedance_py": round(1e3 * theirs, 1),
        "ratio_single": round(theirs / single),
        "ratio_batch": round(theirs / batch),
        "passed_of_200_at_half_per_cent_noise": passed,
    }
    print(json.dumps(result) if as_json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
