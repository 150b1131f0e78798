"""Study files: what they may say, and the one line that a fault gives."""

from pathlib import Path

import pytest

from screening.campaign.study import find_study, packaged_studies, parse_study, read_study
from screening.errors import InputError

HEAD = 'name = "mine"\n[candidates]\nformulas = ["LiAlCl4"]\n'


def test_packaged_studies(tmp_path: Path) -> None:
    roles = {name: study.conditions.role for name, study in packaged_studies().items()}
    reactors = ("six-reactors", "metal-halides", "halides-and-sulfides", "everything")
    placed = ("coating", "buffer", "catholyte", "electrolyte")
    assert roles == dict.fromkeys(reactors, "reactor") | {f"{role}s": role for role in placed}
    assert find_study().candidates.formulas == (
        *("LiAlCl4", "MgI2", "MgF2", "Li3HoCl6", "Li3YBr6", "Li10GeP2S12"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = x\n", "malformed TOML at line 1, column 8; mend that place"),
        ('name = "a"\n[candidates]\nformulas = ["LiF"', "malformed TOML at its end, something lacks there"),
        (HEAD + "[conditons]\n", "unknown key 'conditons'"),
        (HEAD + "[conditions]\nanode = 1\n", "unknown key 'conditions.anode'"),
        (HEAD + "[conditions]\nanodes = []\n", "conditions.anodes"),
        (HEAD + '[conditions]\nanodes = ["Lx"]\n', "no element 'Lx'"),
        (HEAD + '[conditions]\nelectrolytes = ["Li6PS5Cl@"]\n', "is not a"),
        (HEAD + '[conditions]\ncontacts = ["relief", "smell"]\n', "conditions.contacts"),
        (HEAD + "[conditions]\nlayers_wt_percent = [120.0]\n", "layers_wt_percent"),
        (HEAD + "[ranking.criteria.relay_ev_per_atom]\nweight = -1\n", "weight"),
        (HEAD + "[ranking.criteria.relay_ev_per_atom]\nbest = 0.5\n", "bounds reversed"),
        (HEAD + "[ranking.criteria.taste]\nweight = 1\n", "no criterion 'taste'"),
        (HEAD + '[ranking]\npareto = ["taste"]\n', "no criterion 'taste'"),
        (HEAD + "[uncertainty]\ndraws = -1\n", "uncertainty.draws"),
        (HEAD + "[uncertainty]\nbias_ev_per_ion = {Xx = 0.1}\n", "bias_ev_per_ion.Xx"),
        (HEAD + "[uncertainty]\nbias_sd_ev_per_ion = {Cl = -0.1}\n", "bias_sd_ev_per_ion.Cl = -0.1"),
        (HEAD + "[conditions]\nwt_percent = true\n", "conditions.wt_percent = True"),
        (HEAD + '[conditions]\nwt_percent = "50"\n', "conditions.wt_percent = '50'"),
        (HEAD + "[conditions]\nlayers_wt_percent = [10, true]\n", "layers_wt_percent.1 = True"),
        (HEAD + '[filters]\nforbid_toxic = "yes"\n', "filters.forbid_toxic = 'yes'"),
        (HEAD + '[candidates.query]\nanions = "F"\n', "anions = 'F': give a list"),
        (HEAD + '[figures]\ncriteria = ["taste", "relay_ev_per_atom"]\n', "no criterion 'taste'"),
        (HEAD + '[figures]\nx_axis = "sideways"\n', "figures.x_axis"),
        (HEAD + "[candidates.query]\nn_elements = [3, 2]\n", "n_elements"),
        (HEAD + '[candidates.query]\nanions = ["Xx"]\n', "no element 'Xx'"),
        ('name = "mine"\n[candidates]\n', "no candidates"),
        ('name = "../out"\n[candidates]\nformulas = ["LiAl"]\n', "name"),
    ],
)
def test_a_fault_gives_one_line(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as fault:
        parse_study(text, where="mine.toml")
    assert "\n" not in str(fault.value)
    assert str(fault.value).startswith("mine.toml")


def test_whole_numbers_stand_for_decimals() -> None:
    study = parse_study(HEAD + "[conditions]\nwt_percent = 30\nlayers_wt_percent = [10, 30.0]\n", where="x")
    assert study.conditions.wt_percent == 30.0
    assert study.conditions.layers_wt_percent == (10.0, 30.0)


def test_contacts_may_be_all_none_or_some() -> None:
    for written, read in (
        ("true", ("relief", "relay", "mixing")),
        ("false", ()),
        ('["mixing"]', ("mixing",)),
    ):
        study = parse_study(HEAD + f"[conditions]\ncontacts = {written}\n", where="x")
        assert study.conditions.contacts == read


def test_the_checksum_follows_numbers_only() -> None:
    study = parse_study(HEAD, where="x")
    assert parse_study(HEAD + "[figures]\ntop = 3\n", where="x").checksum == study.checksum
    assert parse_study('title = "A"\n' + HEAD, where="x").checksum == study.checksum
    assert parse_study(HEAD + "[uncertainty]\nseed = 3\n", where="x").checksum != study.checksum
    assert parse_study(HEAD + "[conditions]\ncontacts = false\n", where="x").checksum != study.checksum


def test_candidate_files_lie_beside_the_study(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('name = "mine"\n[candidates]\nfile = "mine.csv"\n')
    assert read_study(tmp_path / "s.toml").candidates.file == str(tmp_path / "mine.csv")


@pytest.mark.parametrize("name", ["nosuch", "nosuch.toml"])
def test_a_study_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"no study|cannot read"):
        find_study(name)


def test_a_name_too_long_for_a_file_is_told_in_one_line() -> None:
    with pytest.raises(InputError, match="cannot read the study") as refusal:
        find_study("x" * 300)
    assert "\n" not in str(refusal.value)


def test_a_study_that_may_not_be_looked_at_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    packaged_studies()
    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr("screening.campaign.study.packaged_studies", dict)
    with pytest.raises(InputError, match=r"cannot read the study \(Permission denied\)"):
        find_study("noperm/x")


def test_formulas_of_a_study_are_spelled_plainly_and_what_was_read_is_noted() -> None:
    text = """
name = "small"
[candidates]
formulas = [" LAC ", "MgF₂"]
[conditions]
electrolytes = ["LPSC"]
"""
    study = parse_study(text, where="here")
    assert study.candidates.formulas == ("LiAlCl4", "MgF2")
    assert study.conditions.electrolytes == ("Li6PS5Cl",)
    assert study.notes == ("LAC read as LiAlCl4", "LPSC read as Li6PS5Cl")
    plain = text.replace(" LAC ", "LiAlCl4").replace("MgF₂", "MgF2").replace("LPSC", "Li6PS5Cl")
    assert parse_study(plain, where="here").checksum == study.checksum
    assert parse_study(plain, where="here").notes == ()
    with pytest.raises(InputError, match=r"here: .*notes"):
        parse_study(f"notes = 3\n{text}", where="here")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('wt_percent = "x"', "give a number, without quotes"),
        ("wt_percent = 200", "give 100 or less"),
        ("wt_percent = -1", "give a number greater than 0"),
        ('at_hull = "maybe"', "give true or false, without quotes"),
        ('contacts = ["rest"]', "write 'relief', 'relay' or 'mixing'"),
        ("anodes = []", "give at least 1"),
        ("anode_charge = 1.5", "give a whole number"),
    ],
)
def test_no_words_of_a_library_reach_the_user(entry: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as fault:
        parse_study(HEAD + f"[conditions]\n{entry}\n", where="mine.toml")
    for word in ("Input should", "Tuple", "valid", "validation"):
        assert word not in str(fault.value)


@pytest.mark.parametrize(
    "line",
    ['ranking.pareto = ["{}"]', "{} = 1", 'conditions.wt_percent = "{}"', "conditions.{} = 1", 'name = "{}"'],
)
def test_a_refusal_repeats_no_long_input(line: str) -> None:
    head = "" if line.startswith("name") else 'name = "long"\n'
    text = head + line.format("a" * 5000) + '\n[candidates]\nformulas = ["MgF2"]\n'
    with pytest.raises(InputError) as refused:
        parse_study(text, where="long.toml")
    assert "aaa…" in str(refused.value)
    assert len(str(refused.value)) < 400
