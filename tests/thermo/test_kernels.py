"""Kernels give the same numbers as Python and compiled, and are compiled when enough is asked of them."""

import numpy as np
import pytest

from screening.kernels import Kernel
from screening.phases.composition import parse_formula
from screening.phases.snapshot import Snapshot
from screening.reactors import ranking
from screening.thermo import lines
from screening.thermo.compositions import Compositions

RNG = np.random.default_rng(7)

PAIRS = (
    ("Li", "LiAlCl4"), ("LiAlCl4", "Li6PS5Cl"), ("Li6PS5Cl", "LiNi0.8Mn0.1Co0.1O2"),
    ("Li10GeP2S12", "Li7La3Zr2O12"), ("Li3YCl6", "LiFePO4"), ("MgF2", "Li"), ("LiCl", "LiF"),
    ("Na3PS4", "NaFePO4"),
)  # fmt: skip


def compositions(formulas: tuple[str, ...]) -> Compositions:
    return Compositions.of([parse_formula(each) for each in formulas])


@pytest.mark.parametrize(("open_element", "mu_ev"), [(0, 0.0), (8, -1.5)])
def test_walks_are_the_same_to_the_last_bit(mp2019: Snapshot, open_element: int, mu_ev: float) -> None:
    a, b = zip(*PAIRS, strict=True)
    ends = (lines._Rows.of(compositions(each)) for each in (a, b))
    given = (lines._Pool.of(mp2019), *ends, open_element, np.full(len(PAIRS), mu_ev))
    python, compiled = lines._tie_lines(*given), lines._tie_lines.compiled(*given)
    assert len(python[1]) > 4 * len(PAIRS)
    for ours, theirs in zip(python, compiled, strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


def test_assemblages_are_the_same_to_the_last_bit(mp2019: Snapshot) -> None:
    some = lines._Rows.of(compositions(tuple(b for _, b in PAIRS)))
    given = (lines._Pool.of(mp2019), some, np.full(len(PAIRS), -1))
    for ours, theirs in zip(lines._assemblages(*given), lines._assemblages.compiled(*given), strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


def test_pareto_fronts_are_the_same() -> None:
    gains = np.round(RNG.normal(size=(40, 3)), 1)
    gains = np.ascontiguousarray(gains[np.lexsort(gains.T)[::-1]])
    np.testing.assert_array_equal(ranking._undominated(gains), ranking._undominated.compiled(gains))


def test_a_kernel_is_compiled_once_enough_is_asked_of_it() -> None:
    @Kernel
    def doubled(values: np.ndarray) -> np.ndarray:
        return 2.0 * values

    assert doubled.for_work(60, 100) is doubled
    later = doubled.for_work(41, 100)
    assert later is doubled.compiled
    assert later(np.ones(2)).tolist() == doubled(np.ones(2)).tolist() == [2.0, 2.0]


def test_many_lines_are_worked_off_compiled(mp2019: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines._tie_lines, "spent", 0)
    asked: list[int] = []
    monkeypatch.setattr(Kernel, "for_work", lambda self, work, most: asked.append(work) or self)
    lines.tie_lines(mp2019, compositions(("LiAlCl4",)), compositions(("Li6PS5Cl", "MgF2")))
    assert asked == [2**5 + 2**5]  # Li Al Cl P S; Li Al Cl Mg F
