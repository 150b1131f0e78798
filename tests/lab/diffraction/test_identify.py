"""Verdicts on simulated mixtures of known content, and the laws that verdicts keep."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.lab.diffraction.identify import Identification, Presence, identify
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.lab.readers.diffraction import read_pattern
from screening.phases.structures import literature_cells, read_cells
from screening.simulate.diffraction import Content, Scan, simulate_pattern
from screening.validation.diffraction import references

Four = tuple[Reference, ...]


def verdicts(found: Identification) -> dict[str, Presence]:
    return {each.name: each.presence for each in found.phases}


@pytest.fixture(scope="module")
def reacted(four: Four) -> PowderPattern:
    """The reactor is gone, salt and alloy are there, the alloy in small grains."""
    salt, alloy, *_ = four
    contents = [Content(salt, 4000.0, strain=0.001), Content(alloy, 3000.0, strain=-0.001, grain_nm=25.0)]
    return simulate_pattern(contents, Scan(displacement_deg=0.05), seed=7)


@pytest.fixture(scope="module")
def found(reacted: PowderPattern, four: Four) -> Identification:
    return identify(reacted, four)


def test_what_is_there_is_seen_and_what_is_not_is_absent(found: Identification) -> None:
    assert verdicts(found) == {
        "salt": Presence.SEEN,
        "alloy": Presence.SEEN,
        "electrolyte": Presence.ABSENT,
        "reactor": Presence.ABSENT,
    }
    assert found.unexplained == ()


def test_shares_are_of_the_strongest_line(found: Identification) -> None:
    assert found.to_frame()["share"].max() == pytest.approx(1.0)
    assert found.of("reactor").share_limit < 0.04


def test_random_mixtures_are_never_told_wrong(four: Four) -> None:
    """Six mixtures of random texture, strain and grain size: no phase is seen that is not there."""
    rng, missed = np.random.default_rng(11), 0
    for seed in range(6):
        present = [each for each in four if rng.random() < 0.5]
        contents = [
            Content(each, rng.uniform(500.0, 4000.0), rng.uniform(-0.003, 0.003), rng.choice([20.0, 60.0]))
            for each in present
        ]
        told = verdicts(identify(simulate_pattern(contents, Scan(), seed=seed), four))
        for each in four:
            if each in present:
                assert told[each.name] is not Presence.ABSENT, (seed, each.name)
                missed += told[each.name] is not Presence.SEEN
            else:
                assert told[each.name] is not Presence.SEEN, (seed, each.name)
    assert missed <= 2


def test_the_unit_of_intensity_does_not_matter(
    reacted: PowderPattern, four: Four, found: Identification
) -> None:
    scaled = identify(replace(reacted, intensity=0.01 * reacted.intensity), four)
    assert verdicts(scaled) == verdicts(found)


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_neither_order_nor_names_of_phases_matter(
    reacted: PowderPattern, four: Four, found: Identification, order: tuple[int, ...]
) -> None:
    asked = [replace(four[k], name=f"{9 - k}") for k in order]
    other = identify(reacted, asked)
    figures = [column for column in found.to_frame() if column != "name"]
    expected = found.to_frame().iloc[list(order)].reset_index(drop=True)
    pd.testing.assert_frame_equal(other.to_frame()[figures], expected[figures], check_exact=True)
    assert [each.name for each in other.phases] == [each.name for each in asked]
    assert [each.name for each in other.fit.references] == [each.name for each in asked]
    assert other.unexplained == found.unexplained
    assert other.fit.calculated == pytest.approx(found.fit.calculated, rel=1e-9)


def test_lines_of_a_phase_that_was_not_named_are_reported(four: Four) -> None:
    salt, alloy, *_ = four
    both = simulate_pattern([Content(salt, 3000.0), Content(alloy, 2000.0)], Scan(), seed=5)
    unexplained = identify(both, (salt,)).unexplained
    strongest = alloy.two_theta_deg(both.wavelength_a)[0]
    assert min(abs(peak.two_theta_deg - strongest) for peak in unexplained) < 0.2
    assert unexplained[0].share == max(peak.share for peak in unexplained)


def test_a_strong_line_beside_a_weak_one_of_a_known_phase_is_reported(four: Four) -> None:
    _, alloy, *_ = four
    foreign = Reference("foreign", alloy.d_a[1:2] * 1.003, np.array([100.0]), 0.0)  # 0.08° off a line of 1 %
    pattern = simulate_pattern([Content(alloy, 3000.0), Content(foreign, 1500.0)], Scan(), seed=8)
    found = identify(pattern, (alloy,))
    assert found.of("alloy").presence is Presence.SEEN
    (line,) = foreign.two_theta_deg(pattern.wavelength_a)
    assert min(abs(peak.two_theta_deg - line) for peak in found.unexplained) < 0.1
    assert identify(simulate_pattern([Content(alloy, 3000.0)], Scan(), seed=8), (alloy,)).unexplained == ()


def test_only_what_is_seen_has_a_share(found: Identification) -> None:
    for each in found.phases:
        assert np.isfinite(each.share) == np.isfinite(each.share_sd) == (each.presence is Presence.SEEN)


def test_nothing_is_seen_in_noise(four: Four) -> None:
    told = verdicts(identify(simulate_pattern([], Scan(), seed=3), four))
    assert Presence.SEEN not in told.values()


def test_one_line_is_not_enough(four: Four) -> None:
    salt = four[0]
    lone = Reference("lone", salt.d_a[1:2], salt.intensity[1:2], salt.strain_limit)
    told = identify(simulate_pattern([Content(lone, 3000.0)], Scan(), seed=4), (lone,)).phases[0]
    assert told.presence is Presence.CANNOT_TELL
    assert "fits many phases" in told.reason


def test_a_phase_without_lines_in_the_range_cannot_be_told(reacted: PowderPattern, four: Four) -> None:
    far = Reference("far", np.array([30.0]), np.array([100.0]), 0.005)
    told = identify(reacted, (*four[:2], far)).of("far")
    assert told.presence is Presence.CANNOT_TELL
    assert told.lines_expected == 0


def test_a_phase_that_a_measured_mixture_lacks_is_not_seen(lab_data: Path) -> None:
    """LiF under the lines of Li2MnO3, whose stacking faults no cell describes (XRD-AutoAnalyzer's data)."""
    folder = lab_data / "xrd"
    pattern = read_pattern(folder / "Li2MnO3+MnO+TiO2.xy.gz")
    names = ["LiF", "Li2MnO3", "MnO", "TiO2", "Mn2O3", "LiMnO2"]
    known = references(names, read_cells(sorted((folder / "cif").glob("*.cif"))), pattern).known
    told = verdicts(identify(pattern, known))
    assert told["Li2MnO3"] is Presence.SEEN
    assert told["LiF"] is not Presence.SEEN


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_the_k_beta_lines_of_what_is_there_are_no_other_phase(share: float) -> None:
    """Kβ of LiCl and LiAl, not quite filtered, was read as Li2S: a decomposed electrolyte."""
    blank = PowderPattern(np.linspace(10.0, 80.0, 100), np.ones(100))
    salt, alloy, sulfide = references(("LiCl", "LiAl", "Li2S"), literature_cells(), blank).known
    for seed in (0, 2):
        contents = [Content(salt, 9000.0), Content(alloy, 6000.0)]
        pattern = simulate_pattern(contents, Scan(k_beta_share=share), seed=seed)
        found = identify(pattern, (salt, alloy, sulfide))
        assert verdicts(found)["LiCl"] is Presence.SEEN
        assert verdicts(found)["Li2S"] is not Presence.SEEN
        assert found.fit.pattern.k_beta_share == pytest.approx(share, rel=0.35)
        assert not found.unexplained


def test_a_filtered_pattern_asks_for_no_k_beta(found: Identification) -> None:
    assert found.fit.pattern.k_beta_share == 0.0
