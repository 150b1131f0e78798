"""Verdicts on simulated mixtures of known content, and the laws that verdicts keep."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.lab.diffraction.findings import Identifications
from screening.lab.diffraction.identify import Identification, Presence, _Apart, _presence, identify
from screening.lab.diffraction.pattern import PowderPattern, Reference
from screening.lab.readers.diffraction import read_pattern
from screening.phases.structures import literature_cells, read_cells
from screening.provenance import Provenance
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


def apart(fitted: list[float], *, scale: float = 10.0, sd: float = 1.0, error: float = 1.0) -> _Apart:
    """A phase of four strong lines and a weak one (reference intensities 10, 8, 6, 4, 1)."""
    lines = len(fitted)
    return _Apart(
        scale,
        sd,
        np.array([10.0, 8.0, 6.0, 4.0, 1.0]),
        np.array(fitted),
        np.full(lines, error),
        np.zeros(lines, dtype=bool),
    )


ALL = [10.0, 10.0, 10.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("found", "limit", "presence"),
    [
        (apart(ALL), 1.0, Presence.SEEN),
        (apart(ALL, scale=5.1), 1.0, Presence.SEEN),  # docs/diffraction.md: 5 σ in all
        (apart(ALL, scale=4.9), 1.0, Presence.CANNOT_TELL),
        (apart(ALL, scale=4.9), 0.039, Presence.ABSENT),  # 4 % of the strongest of the pattern
        (apart(ALL, scale=4.9), 0.041, Presence.CANNOT_TELL),
        (apart([10.0, 10.0, 10.0, 0.0, 0.0]), 1.0, Presence.SEEN),  # three of four; the weak one is none
        (apart([10.0, 10.0, 0.0, 0.0, 10.0]), 1.0, Presence.CANNOT_TELL),  # two of four are not 60 %
        (apart([0.0, 10.0, 10.0, 10.0, 10.0]), 1.0, Presence.CANNOT_TELL),  # the strongest is missing
        (apart([10.0, 2.6, 2.6, 2.6, 0.0], error=0.5), 1.0, Presence.SEEN),  # a quarter of what is expected
        (apart([10.0, 2.4, 2.4, 2.4, 0.0], error=0.5), 1.0, Presence.CANNOT_TELL),
        (apart([10.0, 2.9, 2.9, 2.9, 0.0]), 1.0, Presence.CANNOT_TELL),  # 3 σ by itself
        (apart([10.0, 3.1, 3.1, 3.1, 0.0]), 1.0, Presence.SEEN),
    ],
)
def test_a_phase_is_seen_from_the_bounds_of_the_documents_on(
    found: _Apart, limit: float, presence: Presence
) -> None:
    assert _presence(found, limit)[0] is presence


def test_one_line_is_no_phase_and_lines_of_others_speak_for_none() -> None:
    lines = apart(ALL)
    shared = replace(lines, shared=np.array([False, True, True, True, True]))
    assert _presence(shared, 1.0)[0] is Presence.CANNOT_TELL
    assert "one line fits many phases" in _presence(shared, 1.0)[1]
    two = replace(lines, shared=np.array([False, False, True, True, True]))
    assert _presence(two, 1.0)[0] is Presence.SEEN


def test_strong_lines_are_those_from_a_fifth_of_the_strongest() -> None:
    lines = replace(apart(ALL), expected=np.array([10.0, 2.1, 1.9, 1.0, 0.5]))
    assert lines.strong.tolist() == [True, True, False, False, False]


def test_what_is_left_is_a_line_from_two_percent_and_six_sigma(four: Four) -> None:
    salt, alloy, electrolyte, _ = four
    contents = [Content(salt, 4000.0), Content(electrolyte, 2000.0)]
    left = identify(simulate_pattern(contents, Scan(), seed=1), [salt, alloy]).unexplained
    strongest = float(np.degrees(2.0 * np.arcsin(1.5406 / 2.0 / electrolyte.d_a[0])))
    assert left[0].two_theta_deg == pytest.approx(strongest, abs=0.15)
    assert 0.3 < left[0].share < 0.7  # 2000 beside 4000 counts
    assert all(each.share >= 0.02 for each in left)
    lines = np.degrees(2.0 * np.arcsin(1.5406 / 2.0 / electrolyte.d_a))
    assert {int(np.argmin(np.abs(lines - each.two_theta_deg))) for each in left} >= {0, 1, 2, 3}


def test_the_stamp_stands_below_the_verdicts(found: Identification) -> None:
    stamp = Provenance.now("x.xy", "0" * 64)
    assert Identifications((found,), stamp).display().notes == (stamp.line(),)
    assert Identifications((found,), None).display().notes == ()


def test_the_strongest_line_of_the_pattern_may_be_of_no_phase(reacted: PowderPattern, four: Four) -> None:
    """The share of the alloy does not grow where the stronger salt is not looked for."""
    salt, alloy, *_ = four
    with_salt = identify(reacted, (salt, alloy)).of("alloy")
    without = identify(reacted, (alloy,)).of("alloy")
    assert with_salt.presence is without.presence is Presence.SEEN
    assert without.share == pytest.approx(with_salt.share, rel=0.1)
    assert without.share < 0.9


def test_an_absent_structure_beside_strong_lines_of_nobody_may_be_there_as_a_polymorph(
    lab_data: Path,
) -> None:
    """TiO2 as anatase, looked for as rutile (XRD-AutoAnalyzer's data)."""
    folder = lab_data / "xrd"
    pattern = read_pattern(folder / "TiO2+MnO.xy.gz")
    cells = read_cells(sorted((folder / "cif").glob("*.cif")))
    told = identify(pattern, references(["MnO", "TiO2", "LiF"], cells, pattern).known)
    assert told.of("TiO2").presence is Presence.ABSENT  # the rutile is
    assert max(told.unexplained, key=lambda peak: peak.share).two_theta_deg == pytest.approx(40.6, abs=0.1)
    assert any("another polymorph" in note for note in told.display().notes)


def test_where_every_strong_line_is_explained_no_polymorph_is_spoken_of(found: Identification) -> None:
    assert Presence.ABSENT in {each.presence for each in found.phases}
    assert not any("polymorph" in note for note in found.display().notes)
