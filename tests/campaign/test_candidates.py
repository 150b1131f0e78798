"""Queries select what they say, and count what they leave out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from screening.campaign.candidate_files import candidates_of, read_candidates
from screening.campaign.candidates import ANION_FORMERS, query, select
from screening.campaign.sections import Candidates, Query
from screening.campaign.study import packaged_studies
from screening.errors import InputError
from screening.phases.composition import parse_formula, symbol
from screening.phases.snapshot import Snapshot
from screening.reactors.elements import radioactive_table


def elements(snapshot: Snapshot, phase: int) -> set[str]:
    start, end = snapshot.phases.row_start[phase : phase + 2]
    return {symbol(int(z)) for z in snapshot.phases.atomic_number[start:end]}


@pytest.mark.parametrize(
    "rule",
    [
        Query(),
        Query(anions=("S",), required=("P",), n_elements=(3, 4)),
        Query(anions=("Cl", "Br"), forbidden=("Tl", "Hg"), maximum_energy_above_hull_ev_per_atom=0.05),
        Query(anions=("S",), central_atoms=("P", "B"), n_elements=(4, 6)),
        Query(allowed=("Li", "Mg", "Al", "F", "Cl"), non_reactors=True, needs_metal=False),
    ],
)
def test_selected_and_left_out_are_everything(snapshot: Snapshot, rule: Query) -> None:
    chosen, left_out = query(snapshot, rule)
    counted = sum(entry.count for entry in left_out)
    compounds = int((snapshot.phases.n_elements > 1).sum()) + snapshot.n_dilute_left_out
    assert len(chosen) + counted == compounds
    assert len(np.unique(chosen)) == len(chosen)
    for phase in np.random.default_rng(1).choice(chosen, 40):
        held = elements(snapshot, int(phase))
        assert rule.n_elements[0] <= len(held) <= rule.n_elements[1]
        assert not rule.anions or held & set(rule.anions)
        let_in = {*rule.anions, *rule.central_atoms, *rule.required}
        assert not rule.anions or not (held & set(ANION_FORMERS)) - let_in
        assert held >= set(rule.required)
        assert not held & set(rule.forbidden)
        assert not rule.allowed or held <= set(rule.allowed)


def test_a_limit_above_the_hull_is_the_energy_above_the_hull(snapshot: Snapshot) -> None:
    stable, _ = query(snapshot, Query(anions=("F",), maximum_energy_above_hull_ev_per_atom=0.0))
    every, _ = query(snapshot, Query(anions=("F",)))
    near, _ = query(snapshot, Query(anions=("F",), maximum_energy_above_hull_ev_per_atom=0.1))
    assert set(stable) < set(near) < set(every)
    assert snapshot.find(parse_formula("MgF2")) in stable


class TestPackagedStudies:
    def test_everything_is_everything_that_the_dilute_rule_keeps(self, snapshot: Snapshot) -> None:
        study = packaged_studies()["everything"]
        selection = select(snapshot, study.candidates)
        estimated = int(snapshot.phases.estimated.sum())
        assert len(selection) == 84_946 + estimated
        assert {entry.reason for entry in selection.left_out} == {"dilute supercell"}

    @pytest.mark.parametrize(
        ("name", "inside", "outside"),
        [
            ("metal-halides", ["AlCl3", "Li3YBr6", "ZnI2", "SnF2"], ["LiCl", "CCl4", "MgO", "AlClO", "UF4"]),
            (
                "halides-and-sulfides",
                ["AlCl3", "Li10GeP2S12", "SnS2", "InPS4", "Sn2P2S6"],
                ["Li3P", "GaP", "MgSO4", "Li2S", "PCl5", "P4S3", "Li6PS5Cl", "SnSe"],
            ),
        ],
    )
    def test_select_the_chemistry_of_their_name(
        self, snapshot: Snapshot, name: str, inside: list[str], outside: list[str]
    ) -> None:
        rule = packaged_studies()[name].candidates.query
        chosen = set(query(snapshot, rule)[0].tolist())
        for formula in inside:
            assert snapshot.find(parse_formula(formula)) in chosen, formula
        for formula in outside:
            assert snapshot.find(parse_formula(formula)) not in chosen, formula

    def test_leave_radioactive_elements_out_by_default(self, snapshot: Snapshot) -> None:
        chosen, _ = query(snapshot, Query(anions=("F",)))
        held = snapshot.phases.take(chosen).atomic_number
        assert not radioactive_table()[held].any()


class TestSelection:
    def test_named_candidates_come_first_and_once(self, snapshot: Snapshot) -> None:
        rule = Query(anions=("F",), n_elements=(2, 2))
        candidates = Candidates(formulas=("Mg2F4", "LiAlCl4"), controls=("LiF",), query=rule)
        selection = select(snapshot, candidates)
        assert selection.label[:3].tolist() == ["Mg2F4", "LiAlCl4", "LiF"]
        assert (selection.n_named, selection.n_controls) == (2, 1)
        assert len(set(selection.phase.tolist())) == len(selection)

    @pytest.mark.parametrize("suffix", ["csv", "parquet"])
    def test_files_add_to_the_others(self, snapshot: Snapshot, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"mine.{suffix}"
        frame = pd.DataFrame({"formula": ["AlCl3", "ZnCl2", "AlCl3"], "note": ["a", "b", "c"]})
        frame.to_csv(path) if suffix == "csv" else frame.to_parquet(path)
        selection = select(snapshot, Candidates(formulas=("ZnCl2",), file=str(path)))
        assert selection.label.tolist() == ["ZnCl2", "AlCl3"]

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"formulas": ("LiAlCl4", "Li2Al2Cl8")}, "stands twice"),
            ({"formulas": ("Li9Mg9Cl99",)}, "has no Li9Mg9Cl99"),
            ({"query": Query(required=("He", "Ne"))}, "selects no compound"),
            (
                {"query": Query(required=("Yb",), anions=("Cl",), n_elements=(2, 2))},
                r"selects no compound; 5 of distrusted energies are left out; set distrusted = true",
            ),
        ],
    )
    def test_what_cannot_be_selected_is_refused(
        self, snapshot: Snapshot, given: dict[str, object], told: str
    ) -> None:
        with pytest.raises(InputError, match=told):
            select(snapshot, Candidates.model_validate(given))

    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("a.xls", b"", "unknown suffix"),
            ("a.xlsx", b"", "cannot be read"),
            ("a.csv", b"", "no column 'formula'"),
            ("a.csv", b"formula\nMgF2,1\n", "row 2: a decimal comma"),
            ("a.csv", b"formula,x\nMgF2,1,2\n", "row 2: more cells than columns"),
            ("a.csv", b"name\nMgF2\n", "no column 'formula'"),
            ("a.csv", b"formula,formula\nMgF2,LiCl\n", "column 'formula' stands twice"),
            ("a.csv", b"formula,x\nMgF2,1\n,2\n", "empty formula"),
            ("a.parquet", b"torn", "cannot be read"),
            ("a.csv", b"\xff\xfe\x00", "cannot be read"),
        ],
    )
    def test_unusable_files_are_refused(self, tmp_path: Path, name: str, content: bytes, told: str) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=told):
            read_candidates(path).texts()


class TestLists:
    """Candidates as people keep them."""

    @pytest.mark.parametrize(
        "content",
        [
            "Formula;note\nMgF2;für innen\n Li3,25Ge0,25P0,75S4 ;µ\n".encode("cp1252"),
            "\ufeffformula\nMgF2\nLi3.25Ge0.25P0.75S4\n".encode(),
            "note\tFORMULA\r\nfür\tMgF2\r\n\r\n;\tLi3,25Ge0,25P0,75S4\r\n".encode("utf-16"),
            "formula,note\nMgF2,x\nLi3.25Ge0.25P0.75S4,y\n".encode("utf-16-le"),
            b'formula,note\nMgF2,"a, b"\n"Li3,25Ge0,25P0,75S4",y\n',
            b"formula\nMgF2\nLi3,25Ge0,25P0,75S4\n",
            b"name;formula;\na;MgF2;\nb;Li3.25Ge0.25P0.75S4;;\n",
            b"MgF2\nLi3.25Ge0.25P0.75S4\n",
            b"MgF2;a note\nLi3.25Ge0.25P0.75S4;\n",
        ],
    )
    def test_every_dialect_and_encoding_is_read(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "mine.csv"
        path.write_bytes(content)
        assert read_candidates(path).texts() == ["MgF2", "Li3.25Ge0.25P0.75S4"]

    def test_a_spreadsheet_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.xlsx"
        pd.DataFrame({"no": [1, 2, 3], "Formula ": ["MgF2", None, "LiAlCl₄"]}).to_excel(path, index=False)
        with pytest.raises(InputError, match="1 row cannot be used: row 3: empty formula"):
            read_candidates(path).texts()
        assert read_candidates(path).texts(skip_bad=True) == ["MgF2", "LiAlCl4"]
        table = pd.DataFrame({"formula": ["MgF2", "MgF2", "LiAlCl₄"]})
        assert candidates_of(table, "frame").texts() == ["MgF2", "LiAlCl4"]

    def test_all_faults_are_told_at_once_or_left_out_and_named(
        self, snapshot: Snapshot, tmp_path: Path
    ) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("formula\nMgF2\nLiX\n\nLi9Mg9Cl99\nLi(OH\nZnCl2\n")
        with pytest.raises(InputError) as refusal:
            select(snapshot, Candidates(file=str(path)))
        for told in (
            str(path),
            "3 rows",
            "row 3: formula 'LiX'",
            "row 5: ",
            "no Li9Mg9Cl99",
            "row 6: 'Li(OH'",
        ):
            assert told in str(refusal.value)
        assert "--skip-bad" in refusal.value.remedy
        selection = select(snapshot, Candidates(file=str(path), skip_bad=True))
        assert sorted(selection.label) == ["MgF2", "ZnCl2"]
        reasons = [entry.reason for entry in selection.left_out]
        assert [reason.partition(":")[0] for reason in reasons] == [
            "mine.csv row 3", "mine.csv row 5", "mine.csv row 6"
        ]  # fmt: skip

    def test_faults_of_named_candidates_are_told_at_once_or_left_out(
        self, snapshot: Snapshot, tmp_path: Path
    ) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("formula\nMgF2\nLi\nLiCoO2\n")
        named = {"formulas": ("Foo", "LiXy", "ZnCl2", "Li-In", "LiAl-2"), "controls": ("NoSuch", "NaCl")}
        met = {"anode": [parse_formula("Na"), parse_formula("Li")], "cathode": [parse_formula("LiCoO2")]}
        with pytest.raises(InputError) as refusal:
            select(snapshot, Candidates(**named, file=str(path)), partners=met)
        for told in (
            "7 candidates",
            "'Foo'",
            "'LiXy'",
            "'Li-In'",
            "'LiAl-2'",
            "'NoSuch'",
            "row 3: Li is both",
        ):
            assert told in str(refusal.value)
        assert "row 4: LiCoO2 is both a candidate and the cathode" in str(refusal.value)
        selection = select(snapshot, Candidates(**named, file=str(path), skip_bad=True), partners=met)
        assert selection.label.tolist() == ["ZnCl2", "NaCl", "MgF2"]
        assert (selection.n_named, selection.n_controls) == (1, 1)
        assert len(selection.unusable) == 7
        assert len(selection.left_out) == 7

    def test_an_excel_file_by_another_name_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.xlsx"
        pd.DataFrame({"formula": ["MgF2"]}).to_excel(path, index=False)
        with pytest.raises(InputError, match=r"is an Excel file by another name; name it \.xlsx"):
            read_candidates(path.rename(tmp_path / "mine.csv"))

    def test_hundreds_of_faults_are_counted(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("formula\n" + "LiX\n" * 300)
        with pytest.raises(InputError, match=r"300 rows cannot be used: row 2: .*; and 280 more"):
            read_candidates(path).texts()

    def test_a_repeated_compound_keeps_its_first_spelling_and_is_told(
        self, snapshot: Snapshot, tmp_path: Path
    ) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("formula\nLi2Al2Cl8\nLAC\nMgF2\nMgF2\n")
        selection = select(snapshot, Candidates(file=str(path)))
        assert sorted(selection.label) == ["Li2Al2Cl8", "MgF2"]
        assert selection.notes == (
            "mine.csv, row 3: LAC read as LiAlCl4",
            "mine.csv, row 3: LiAlCl4 is Li2Al2Cl8 in another spelling; row 2 counts",
            "mine.csv, row 5: MgF2 again; row 4 counts",
        )
