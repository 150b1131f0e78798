"""A cell layer by layer: which contacts are made, in which states, and what is said of them."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.image import imread

import screening as scr
from screening.errors import InputError
from screening.phases.snapshot import Snapshot
from screening.plots.style import ORANGE, VERMILION
from screening.report.stack import stack_section
from screening.thermo.conduction import conduction_degree
from screening.thermo.products import interphase
from screening.thermo.stack import Stack, parse_stack
from screening.thermo.stack_contact import SEVERITIES

CELL = "Li | LiAlCl4@50wt+Li6PS5Cl@50wt | Li6PS5Cl | Li3InCl6 | LiCoO2@70wt+Li3InCl6@30wt"


@pytest.fixture(scope="module")
def cell() -> Stack:
    return scr.stack(CELL, "2.6-4.2")


def test_every_contact_is_made_once_in_every_state(cell: Stack) -> None:
    made = [(c.place, c.a, c.b, c.state) for c in cell.contacts]
    assert made == [
        ("1 | 2", "Li", "LiAlCl4", "closed"),
        ("1 | 2", "Li", "Li6PS5Cl", "closed"),
        *(("in 2, 2 | 3", "LiAlCl4", "Li6PS5Cl", state) for state in ("closed", "2.6 V", "4.2 V")),
        *(("3 | 4", "Li6PS5Cl", "Li3InCl6", state) for state in ("closed", "2.6 V", "4.2 V")),
        ("4 | 5, in 5", "Li3InCl6", "LiCoO2", "closed"),
        ("4 | 5, in 5", "Li3InCl6", "Li0.5CoO2", "charged"),
        *(("4 | 5, in 5", "Li3InCl6", "LiCoO2", state) for state in ("2.6 V", "4.2 V")),
    ]


def test_digits_follow_the_intervals(cell: Stack) -> None:
    """One part in fifty of an interval at the finest: 0.4 eV wide, no hundredths."""
    rows = cell.display().frame
    for (_, row), contact in zip(rows.iterrows(), cell.contacts, strict=True):
        for head, within in (("mutual (eV)", contact.energy_95_ev), ("alone (eV)", contact.alone_95_ev)):
            decimals = len(row[head].partition(".")[2])
            if within is not None and within.high - within.low > 1e-9:
                assert (within.high - within.low) < 50.0 * 10.0**-decimals, (contact.pair, head)


def test_energies_are_those_of_the_pairs(cell: Stack) -> None:
    by = {(c.a, c.b, c.state): c for c in cell.contacts}
    closed = scr.react("Li6PS5Cl", "Li3InCl6").minimum_mutual
    assert by["Li6PS5Cl", "Li3InCl6", "closed"].energy_ev == closed.mutual_ev_per_atom
    at = scr.react("Li6PS5Cl", "Li3InCl6", voltage=4.2)
    open_at = by["Li6PS5Cl", "Li3InCl6", "4.2 V"]
    assert open_at.energy_ev == pytest.approx(at.minimum_mutual.mutual_ev_per_atom)
    # alone: from the hull, so that 13 x 0.0831 eV per 7 atoms of the metastable electrolyte are no reaction
    above = at.energy_above_hull_ev_per_atom.a * 13 / 7
    assert open_at.alone_ev == pytest.approx(at.kinks[-1].total_ev_per_atom + above)
    assert open_at.per == "non-Li atom"
    assert by["Li", "LiAlCl4", "closed"].begins == "below 1.59 V (1.4 to 2.1)"


def test_charging_a_cathode_is_no_reaction(cell: Stack) -> None:
    at = next(c for c in cell.contacts if (c.b, c.state) == ("LiCoO2", "4.2 V"))
    assert at.alone_ev == 0.0, "LiCoO2 -> CoO2 + Li is what the cell is for"
    assert scr.react("Li3InCl6", "LiCoO2", voltage=4.2).kinks[0].total_ev_per_atom < -0.1


def test_a_contact_is_judged_by_all_that_forms_in_it() -> None:
    every = {c.state: c for c in scr.stack("Li | Li6PS5Cl | LCO", "2.6-4.2").contacts if c.place == "2 | 3"}
    charged = every["4.2 V"]
    assert charged.alone_ev < charged.energy_ev, "the electrolyte alone does more, and blocks"
    assert (charged.interphase, charged.conducting) == ("growing", ("CoS2",))
    assert charged.what_forms == (
        "Li6PS5Cl alone: 2 SCl + P2S7 + S + 12 Li; both: 3 CoS2 + 2 CoSO4 + 2 SCl + Co3(PO4)2 + 20 Li"
    )
    iron = next(c for c in scr.stack("Li | Li6PS5Cl | LFP", "2.5-3.8").contacts if c.state == "2.5 V")
    assert (iron.interphase, iron.conducting) == ("may grow", ("FeS2",))


@pytest.mark.parametrize("cathode", ["S", "Li2S", "FeF3", "LiTiS2", "charged LCO"])
def test_a_cathode_may_be_charged_and_discharged(cathode: str) -> None:
    found = scr.stack(f"Li | Li6PS5Cl | {cathode}", "1.5-2.8", at_hull=True)
    at = [c for c in found.contacts if c.state in ("1.5 V", "2.8 V")]
    assert [round(c.alone_ev, 3) for c in at] == [-0.158, -0.313], "what Li6PS5Cl does"
    assert all(c.alone.count("->") == 1 for c in at)


@pytest.mark.parametrize("layer", ["Li3InCl6", "LiBr"])
def test_an_electrolyte_in_the_cathode_is_no_cathode(layer: str) -> None:
    found = scr.stack(f"Li | Li3PS4 | LiCoO2@70wt+{layer}@30wt", "2.6-5")
    high = next(c for c in found.contacts if (c.b, c.state) == (layer, "5 V") and c.place.startswith("in"))
    assert layer in high.alone and "LiCoO2" not in high.alone


@pytest.mark.parametrize(("anode", "volts"), [("Si", 0.41), ("Li4Ti5O12@50wt+Li6PS5Cl@50wt", 1.75)])
def test_another_anode_stands_at_its_own_voltage(anode: str, volts: float) -> None:
    found = scr.stack(f"{anode} | Li6PS5Cl | LiCoO2", "2.6-4.2")
    name = anode.partition("@")[0]
    assert [c.state for c in found.contacts if name == c.a] == ["closed", f"{volts} V"]
    assert scr.lithiate(name).cathodic_limit_v == pytest.approx(volts, abs=0.005)
    low, high = (f"{end - volts:.3g}" for end in (2.6, 4.2))
    assert (
        f"{name}, the anode, at {volts} V, where it begins to take up Li; the window is against Li/Li+, not "
        f"against it: 2.6 to 4.2 V are {low} to {high} V of the cell" in found.notes
    )
    assert found.contacts[-1].alone_ev == pytest.approx(-1.513, abs=1e-3), "the electrolyte is no anode"


def test_what_is_far_from_measurement_is_told_once() -> None:
    notes = scr.stack("Li | Li6PS5Cl | Li3InCl6 | NCA", "2.6-4.2").notes
    (far,) = [note for note in notes if note.startswith("far from measurement")]
    assert far.count("NiO -0.93 calculated") == far.count("--energies anchored") == 1
    assert all(name in far for name in ("SCl", "PCl3", "PCl5", "Cl2O"))
    assert far.endswith("takes what is measured")


@pytest.mark.parametrize(
    ("layers", "pair"),
    [
        ("Li | Li6PS5Cl | LiCoO2@70wt+Li0.5CoO2@30wt", ("LiCoO2", "Li0.5CoO2")),
        ("Al | LiAl | Li6PS5Cl | LCO", ("Al", "LiAl")),
    ],
)
def test_states_of_one_host_meet_closed_only(layers: str, pair: tuple[str, str]) -> None:
    """With the ion open both become the same: there is no contact any more."""
    found = scr.stack(layers, "2.6-4.2").contacts
    assert [c.state for c in found if (c.a, c.b) == pair] == ["closed"]
    assert any(c.state == "4.2 V" for c in found)


def test_what_was_read_otherwise_than_written_is_told() -> None:
    notes = scr.stack("Li | Li6PS5Cl | LCO@70wt+Li3InCl6@20wt", "2.6-4.2").notes
    assert "LCO read as LiCoO2" in notes
    assert any("sum to 90, not 100" in note for note in notes)


@pytest.mark.parametrize(
    ("layers", "element", "said"),
    [
        ("LCO | Li6PS5Cl | Li", "Li", "from the anode to the cathode"),
        ("LCO | Li6PS5Cl | Si", "Li", "from the anode to the cathode"),
        ("Li | Li6PS5Cl | LCO", "Na", "the anode is Li, the working ion Na"),
        ("Na | Li6PS5Cl | LCO", "Li", "the anode is Na, the working ion Li"),
        ("Na | Li6PS5Cl | LCO", "Na", "holds Na, the working ion"),
        ("Li | Li6PS5Cl | LCO", "Xx", "--element: no element 'Xx'"),
        ("Sn | Li6PS5Cl | LCO", "Na", "holds Na, the working ion"),
    ],
)
def test_a_wrong_cell_is_refused(layers: str, element: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        scr.stack(layers, "2.6-4.2", element=element)


def test_every_border_and_mixture_is_coloured_by_its_worst(cell: Stack) -> None:
    axes = cell.plot()
    drawn = {tuple(map(tuple, line.get_xydata())): line.get_color() for line in axes.lines}
    assert len(drawn) == 4 + 2, "four borders, two mixtures"
    assert [*drawn.values()].count(VERMILION) == 4 and [*drawn.values()].count(ORANGE) == 2


def test_where_a_contact_begins_within_the_window() -> None:
    found = scr.stack("Li | Li3PS4 | Li3InCl6", "2.0-3.0").contacts
    text = next(c.begins for c in found if c.state == "3 V")
    onset = float(re.search(r"[\d.]+", text)[0])
    below, above = (scr.react("Li3PS4", "Li3InCl6", voltage=v) for v in (onset - 0.03, onset))
    assert "already" in text or not (below.reacts or below.kinks[-1].total_ev_per_atom < -1e-3)
    assert above.reacts or min(k.total_ev_per_atom for k in (above.kinks[0], above.kinks[-1])) < -1e-3


def test_severities_go_by_energy(cell: Stack) -> None:
    words = list(SEVERITIES)
    for contact in cell.contacts:
        level = words.index(contact.severity)
        assert contact.lowest_ev > list(SEVERITIES.values())[level]
        assert level == 0 or contact.lowest_ev <= list(SEVERITIES.values())[level - 1]
    assert cell.worst.severity == "severe"


@pytest.mark.parametrize(
    ("products", "verdict", "conducting"),
    [
        ({"LiCl": 4.0, "Al": 1.0}, "may grow", ("Al",)),
        ({"LiCl": 1.0, "Li2S": 1.0}, "blocking", ()),
        ({"Li2O": 2.0, "Co": 1.0}, "growing", ("Co",)),
    ],
)
def test_what_conducts_lets_an_interphase_grow(
    mp2019: Snapshot, products: dict[str, float], verdict: str, conducting: tuple[str, ...]
) -> None:
    assert interphase(mp2019, conduction_degree(mp2019.phases), products) == (verdict, conducting)


def test_all_is_told_written_and_drawn(cell: Stack, tmp_path: Path) -> None:
    assert "Li6PS5Cl alone: 2 SCl + P2S7 + S + 12 Li" in str(cell)
    content = json.loads(json.dumps(cell.as_dict(), allow_nan=False))
    assert len(content["contacts"]) == len(cell.contacts) == len(cell.to_frame())
    written = {path.name for path in cell.write(tmp_path)}
    assert written == {"stack.csv", "stack.png", "stack.json"}
    assert len(pd.read_csv(tmp_path / "stack.csv")) == len(cell.contacts)
    assert imread(tmp_path / "stack.png").shape[1] > 900
    cell.save(tmp_path / "s.svg")
    drawn = (tmp_path / "s.svg").read_text("utf-8")
    for text in ("Li₆PS₅Cl | Li₃InCl₆", "−1.51 ○", "severe", "4.2 V", "3 | 4"):
        assert text in drawn


def test_the_report_shows_what_was_written(cell: Stack, tmp_path: Path) -> None:
    assert stack_section(tmp_path) is None
    cell.write(tmp_path)
    section = stack_section(tmp_path)
    assert section.blocks[0].pictures[0].uri.startswith("data:image/png;base64,")
    assert len(section.blocks[0].tables[0].rows) == len(cell.contacts)
    name, stamp = section.blocks[0].sentences
    assert name.startswith("Li | LiAlCl₄@50wt") and name.endswith(", 2.6 to 4.2 V vs Li")
    assert "interphase-screening" in stamp
    (tmp_path / "stack.csv").write_text("nothing\n", "utf-8")
    with pytest.raises(InputError, match="run screening stack again"):
        stack_section(tmp_path)


@pytest.mark.parametrize("cathode", ["NMC622", "NMC811", "NCA"])
def test_cathodes_with_a_charged_state_are_taken_at_the_hull(cathode: str) -> None:
    found = scr.stack(f"Li | Li3PS4 | {cathode}", "2.6-4.2")
    at = {c.state: c for c in found.contacts if c.place == "2 | 3"}
    assert {*at} == {"closed", "charged", "2.6 V", "4.2 V"}
    charged = scr.react("Li3PS4", f"charged {cathode}", at_hull=True)
    assert at["charged"].energy_ev == pytest.approx(charged.minimum_mutual.mutual_ev_per_atom)
    assert all(c.pair == f"{c.a} | {c.b}†" for c in at.values())
    assert any(note.startswith("† taken at its hull energy") for note in found.notes)
    assert any("understated" in note for note in found.notes)
    with pytest.raises(InputError, match="Li3InCl9"):
        scr.stack(f"Li | Li3PS4 | {cathode}@70wt+Li3InCl9@30wt", "2.6-4.2")


def test_a_mark_stands_at_the_phase_and_not_at_the_pair() -> None:
    found = scr.stack("Li | Li3YCl6 | Li6PS5Cl | Li2ZrCl6 | NMC811", "2.6-4.2", snapshot="mp2019+atlas")
    pairs = {c.pair for c in found.contacts if c.state == "closed"}
    assert pairs == {
        "Li | Li3YCl6*",
        "Li3YCl6* | Li6PS5Cl",
        "Li6PS5Cl | Li2ZrCl6*",
        "Li2ZrCl6* | LiNi0.8Mn0.1Co0.1O2†",
    }
    among = scr.stack("Li | ZrCl4 | LCO", "1-2", snapshot="mp2019+atlas").contacts
    product = next(c for c in among if c.state == "charged")
    assert (product.pair, product.what_forms) == (
        "ZrCl4 | Li0.5CoO2",
        "16 Co3O4 + 12 Li2ZrCl6* + 11 ZrO2 + 10 Cl2O",
    )
    told = found.to_frame().set_index("state").loc["charged", "marked"]
    assert told == "Li2ZrCl6* Li0.25Ni0.8Mn0.1Co0.1O2†"


@pytest.mark.parametrize(
    ("layers", "window", "said"),
    [
        ("Li", "2.6-4.2", "no stack of 2 to 12 layers"),
        ("Li | | LiCoO2", "2.6-4.2", "no stack of 2 to 12 layers"),
        ("Li | Li6PS5Cl | Li12P2S10Cl2", "2.6-4.2", "layers 2 and 3 are both Li6PS5Cl"),
        ("Li | Li6PS5Cl", "4.2-2.6", "4.2 to 2.6 V is no range"),
        ("Li | Li6PS5Cl", (2.6, 9.0), "2.6 to 9 V is no range"),
        ("Li | Li6PS5Cl", "4.2", "is no range"),
        ("Li | Li6PS5Cl | NMC532", "2.6-4.2", "at-hull"),
    ],
)
def test_what_makes_no_sense_is_refused(layers: str, window: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        scr.stack(layers, window)


def test_layers_may_be_a_list() -> None:
    assert [layer.text for layer in parse_stack(["Li", "LPSC"])] == ["Li", "Li6PS5Cl"]


def test_a_stack_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="'None' is no stack"):
        scr.stack(None, "2-3")
