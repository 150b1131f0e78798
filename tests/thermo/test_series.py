"""Compositions with a variable: how they are read, mixed and scanned."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import screening as scr
from screening.errors import InputError
from screening.phases.snapshot import Snapshot
from screening.thermo.series import parse_template, scan

MakeUp = Callable[[dict[str, float]], Snapshot]
HALIDE = "Li{3-x}Y{1-x}Zr{x}Cl6"


@pytest.mark.parametrize(
    ("text", "x", "formula"),
    [
        (HALIDE, 0.0, "Li3YCl6"),
        (HALIDE, 0.5, "Li2.5Y0.5Zr0.5Cl6"),
        (HALIDE, 1.0, "Li2ZrCl6"),
        ("Li{2x}Cl{2x}", 0.5, "LiCl"),
        ("Li{6-0.5x}PS{5 - 0.5x}Cl{1+x}", 1.0, "Li5.5PS4.5Cl2"),
        ("Li6PS5Cl{1-x}Br{x}", 1.0, "Li6PS5Br"),
    ],
)
def test_amounts_are_linear_in_x(text: str, x: float, formula: str) -> None:
    assert parse_template(text).at(x) == formula


@pytest.mark.parametrize(
    ("text", "sites", "per_k"),
    [
        (HALIDE, (("Y", "Zr"),), np.log(2)),
        ("Li3InCl{6-6x}Br{6x}", (("Cl", "Br"),), 6 * np.log(2)),
        ("Li{3-x}Y{1-x}Zr{x}Cl{6-x}Br{x}", (("Y", "Zr"), ("Cl", "Br")), np.log(2) + 6 * 0.286836),
        # one S of Li6PS5Cl stands on a site of its own: its four others are bound to P
        ("Li{6-x}PS{5-x}Cl{1+x}", (("S", "Cl"),), np.log(2)),
        ("Li{6-x}PS4S{1-x}Cl{1+x}", (("S", "Cl"),), np.log(2)),
        ("Li6PS{5-x}O{x}Cl", (("S", "O"),), 5 * 0.325083),
        ("Li{3-x}YCl6", (), 0.0),
    ],
)
def test_elements_mix_that_share_a_site(text: str, sites: tuple[tuple[str, ...], ...], per_k: float) -> None:
    template = parse_template(text)
    assert template.mixing == sites
    assert template.mixing_entropy_per_k(0.5) == pytest.approx(per_k, rel=1e-4)
    assert template.mixing_entropy_per_k(0.0) == 0.0


def test_between_its_ends_the_hull_is_a_mixture(made_up: MakeUp) -> None:
    # halfway between Li3YCl6 (-20 eV) and Li2ZrCl6 (-18 eV) stands -19 eV, less kT ln 2 for one site
    snapshot = made_up({"Li3YCl6": -2.0, "Li2ZrCl6": -2.0, "LiCl": -1.5, "YCl3": -1.5, "ZrCl4": -1.5})
    found = scan(snapshot, parse_template(HALIDE), steps=3, mixing_k=600.0)
    first, middle, last = found.points
    assert set(middle.on_the_hull) == {"Li3YCl6", "Li2ZrCl6"}
    assert middle.titration.lithiation.at_hull
    assert not first.titration.lithiation.at_hull
    assert middle.mixing_ev_per_atom == pytest.approx(-8.617333e-5 * 600 * np.log(2) / 9.5)
    assert middle.above_hull_ev_per_atom == pytest.approx(middle.mixing_ev_per_atom, abs=1e-9)
    assert middle.at_0_v_ev_per_atom == 0.0, "lithium reduces none of these, and no reaction costs energy"
    assert (first.mixing_ev_per_atom, last.mixing_ev_per_atom) == (0.0, 0.0)


@pytest.mark.parametrize(("kelvin", "own"), [(300.0, -1.6254973), (3000.0, -1.7222613)])
def test_windows_are_of_the_energy_with_its_entropy(tmp_path: Path, kelvin: float, own: float) -> None:
    """The same as of an own phase at that energy, worked out apart from the series."""
    columns = "formula,formation_energy_ev_per_atom,uncertainty_ev_per_atom,volume_per_atom_a3,note"
    file = tmp_path / "own.csv"
    file.write_text(f"{columns}\nLi3InCl3Br3,{own},0.02,25.0,ideal mixing", "utf-8")
    alone = scr.titrate("Li3InCl3Br3", phases=file)
    middle = scr.series("Li3InCl{6-6x}Br{6x}", steps=3, mixing_k=kelvin).points[1]
    for one, other in ((middle.titration.strict, alone.strict), (middle.titration.useful, alone.useful)):
        assert (one.low_v, one.high_v) == pytest.approx((other.low_v, other.high_v), abs=1e-4)
    assert middle.at_0_v_ev_per_atom == pytest.approx(
        alone.lithiation.decomposition_energy_0v_ev_per_atom, abs=1e-6
    )
    if kelvin == 300.0:
        assert (middle.titration.strict.low_v, middle.titration.strict.high_v) == pytest.approx(
            (2.0797, 3.5032), abs=1e-3
        )


def test_an_unmixed_end_is_the_same_in_every_series() -> None:
    ends = [scr.series(text, steps=3).points[0] for text in ("Li{6-x}PS{5-x}Cl{1+x}", "Li6PS5Cl{1-x}Br{x}")]
    assert [end.above_hull_ev_per_atom for end in ends] == [0.0, 0.0]
    assert ends[0].titration.strict.low_v == pytest.approx(ends[1].titration.strict.low_v)


def test_a_series_is_told_and_drawn(tmp_path: Path) -> None:
    found = scr.series(HALIDE, steps=3)
    assert "ideal mixing of Y and Zr at 300 K; no heat of mixing" in str(found)
    assert "Li2.5Y0.5Zr0.5Cl6†" in str(found)
    content = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert [point["x"] for point in content["points"]] == [0.0, 0.5, 1.0]
    found.save(tmp_path / "f.svg")
    assert "x in Li₃₋ₓY₁₋ₓZrₓCl₆" in (tmp_path / "f.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("Li3YCl6", {}, "nothing varies"),
        ("Li{3-x^2}YCl6", {}, "write amounts as"),
        ("Li{}Y{x}Cl6", {}, "write amounts as"),
        ("Li{3-x}Y{1-x}Zr{x}Cl6", {"x": (0.0, 2.0)}, "at x = 1.2 holds -0.2 Y"),
        ("Li{3-x}Y{1-x}Zr{x}Cl6", {"x": (1.0, 0.0)}, "give the lower end first"),
        ("Li{3-x}Y{1-x}Zr{x}Cl6", {"steps": 1}, "2 to 201 steps"),
        ("Li{3-x}Y{1-x}Zr{x}Cl6", {"mixing_k": -5.0}, "0 to 3000 K"),
        ("Li{3-x}Qq{x}Cl6", {}, "no element"),
        (HALIDE, {"steps": 2.5}, "2.5 steps"),
        (HALIDE, {"x": ("a", 1.0)}, "give numbers|from 'a' to"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        scr.series(text, **options)


def test_an_energy_at_0_v_brings_its_interval_past_the_entropy() -> None:
    point = scr.series("Li{3-x}Y{1-x}Zr{x}Cl6", x=(0.0, 1.0), steps=3).points[1]
    low, high = point.at_0_v_95_ev_per_atom
    assert point.mixing_ev_per_atom < 0.0
    alone = scr.lithiate("Li2.5Y0.5Zr0.5Cl6", at_hull=True)
    bare = alone.decomposition_energy_0v_95_ev_per_atom
    assert (low, high) == pytest.approx([end - point.mixing_ev_per_atom for end in bare])


def test_a_figure_says_what_its_bands_are() -> None:
    shown = [text.get_text() for text in scr.series("Li{3-x}Y{1-x}Zr{x}Cl6", steps=2).plot().texts]
    assert any("bands of the strict window: 95 %" in text for text in shown)
    drawn = [text.get_text() for text in scr.titrate("Li3PS4").plot().texts]
    assert not any("bands" in text for text in drawn), "none is drawn"


def test_ends_above_the_hull_lie_on_it_where_compositions_between_are_interpolated() -> None:
    """Ends at energies of their own would make every mixture look stabler than both."""
    points = scr.series("Li6PS5Cl{1-x}Br{x}", steps=3).points
    above = [point.titration.lithiation.energy_above_hull_ev_per_atom for point in points]
    assert above == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert all(point.titration.lithiation.at_hull for point in points)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Li3Y{1-x}Sc{x}Cl6", [{"LiCl", "YCl3"}, {"LiCl", "ScCl3"}]),
        ("Li3YCl{6-6x}Br{6x}", [{"LiCl", "YCl3"}, {"LiBr", "YBr3"}]),
    ],
)
def test_what_the_hull_holds_is_named_where_an_end_lies_above_it(text: str, held: list[set[str]]) -> None:
    """Li3ScCl6 and Li3YBr6 are phases of the snapshot above its hull, and left out of the series."""
    assert [{*point.on_the_hull} for point in scr.series(text, steps=2).points] == held
