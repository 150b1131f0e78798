"""Formulas and mixtures as people write them."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition

from screening.errors import InputError
from screening.phases.composition import (
    LEAST_FRACTION,
    SAME_FRACTION,
    Formula,
    atomic_masses_g,
    atomic_number,
    composition_key,
    parse_formula,
    parse_reactant,
    same_composition,
    symbol,
)
from screening.phases.notation import abbreviations

SYMBOLS = st.integers(1, 103).map(symbol)
AMOUNTS = st.integers(1, 400) | st.integers(1, 4000).map(lambda n: n / 100)


@settings(deadline=None)
@given(st.dictionaries(SYMBOLS, AMOUNTS, min_size=1, max_size=8))
def test_amounts_are_those_written(amounts: dict[str, float]) -> None:
    formula = parse_formula("".join(f"{name}{amount}" for name, amount in amounts.items()))
    assert list(formula.atomic_numbers) == sorted(formula.atomic_numbers)
    assert {symbol(z): formula.amount_of(z) for z in formula.atomic_numbers} == pytest.approx(amounts)
    assert formula.fractions.sum() == pytest.approx(1.0)
    assert formula.molar_mass_g == pytest.approx(Composition(amounts).weight)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Li10Ge(PS6)2", {3: 10, 32: 1, 15: 2, 16: 12}),
        ("Li(((O)2)2)2", {3: 1, 8: 8}),
        (" LiAlCl4 ", {3: 1, 13: 1, 17: 4}),
        ("Li.5O", {3: 0.5, 8: 1}),
        ("Mg[OH]2", {12: 1, 8: 2, 1: 2}),
        ("Li0.5H2O", {3: 0.5, 1: 2, 8: 1}),
        ("H2OLi4.2", {3: 4.2, 1: 2, 8: 1}),
        ("LiCl(H2O)2", {3: 1, 17: 1, 1: 4, 8: 2}),
    ],
)
def test_groups_decimals_and_spaces_are_read(text: str, amounts: dict[int, float]) -> None:
    formula = parse_formula(text)
    assert dict(zip(formula.atomic_numbers, formula.amounts, strict=True)) == amounts
    assert formula.text == text.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LiX", "formula 'LiX': no element 'X'; X begins Xe"),
        ("Xx2O", "formula 'Xx2O': no element 'Xx'; X begins Xe"),
        ("LxAlCl4", "no element 'Lx'; L begins Li, La, Lu, Lr, Lv"),
        ("QO2", "no element 'Q'; write its symbol"),
        ("LiAlCl4x", "not a formula"),
        ("li", "not a formula"),
        ("Li2(O", "not a formula"),
        ("Li 2 O", "not a formula"),
        ("Li O@", "not a formula"),
        ("Li+", "not a formula"),
        ("", "not a formula"),
        ("Li-2O", "negative amount"),
        ("Li\N{MINUS SIGN}2O", "negative amount"),
        ("Li0O", "amount of zero"),
        ("Li0.0O", "amount of zero"),
        ("Li(OH)0", "amount of zero"),
        ("T2O", "no element 'T'"),
        ("LiO" + "9" * 400, "403 characters; write at most 200"),
        ("LiO" + "9" * 40, "too far apart"),
        ("Li0.00000000001", "too far apart or from 1"),
        ("W(Po]NdN", "brackets do not match"),
        ("Li()2", "brackets do not match"),
        ("Li)2", "brackets do not match"),
        ("Li(OH", "bracket stays open"),
        ("Li1/0O", "amount of zero"),
        ("2LiCl", "begins with a number; write LiCl"),
        ("Li2O+LiCl", "charge or a plus"),
        ("Cu2+", "charge or a plus"),
        ("PS4^3-", "charge or a plus"),
        ("Li²O", "charge or a plus"),
        ("Li1-xCoO2", "holds a variable"),
        ("LixCoO2", "holds a variable"),
        ("LiCoO2-δ", "holds a variable"),
        ("Li3,25Ge0,25P0,75S4", "decimal comma.*write Li3.25Ge0.25P0.75S4"),
        ("H2O(g)", "names a state.*H2O, CO2 and their like are gases.*write H2O"),
        ("Li(s)", "names a state.*write Li"),
        ("icsd-12345", "identifier of a database"),
        ("Ga-LLZO", "doped material, of no one composition.*with all amounts"),
        ("Al-doped LLZO", "doped material, of no one composition.*with all amounts"),
        ("MgCl2·nH2O", r"holds a variable.*MgCl2·6H2O"),
        ("MgCl2.xH2O", r"holds a variable.*MgCl2·6H2O"),
        ("water", "is a word, not a formula"),
        ("Li2S-25P2S5", "without mol %"),
        ("75Li2S-P2S5", "without mol %"),
        ("β-Li3PS4", "polymorph.*write Li3PS4"),
        ("beta-Li3PS4", "polymorph.*write Li3PS4"),
        ("Li3PS4 (beta)", "polymorph.*write Li3PS4"),
        ("c-Li7La3Zr2O12", "polymorph.*write Li7La3Zr2O12"),
        ("mp-985583", "identifier of the Materials Project"),
        ("Li-In", "without mol %.*write a compound as LiIn"),
        ("Li2S-P2S5", "without mol %.*as 75Li2S-25P2S5"),
        ("LNO", "no one composition; write the one you mean: LiNiO2, LiNbO3"),
        ("LiPON", "no one composition; write the one you mean"),
        ("Li\x1b[31mO", r"'Li\\x1b\[31mO' is not a formula"),
        ("Li\u202eO", r"'Li\\u202eO' is not a formula"),
        ("3Li2S.2P2S5", "dot joins two formulas"),
        ("Li1e400O", "exponent"),
        ("Li1e3AlCl4", "exponent"),
        ("Li(7-x)PS(6-x)Cl(x)", "holds a variable"),
        ("Fe(III)Cl3", "oxidation state.*write FeCl3"),
        ("Cu(II)SO4", "oxidation state.*write CuSO4"),
        ("H20", "zero.*write H2O"),
        ("MgCl2·6H20", "zero.*write MgCl2·6H2O"),
        ("MgCl2(H20)6", r"zero.*write MgCl2\(H2O\)6"),
        ("LiCl YCl3", r"holds 2 formulas.*write LiCl@50mol\+YCl3@50mol"),
        ("SSE", "no one composition.*write the one you mean: the formula"),
        ("CaSO4½H2O", "not a formula"),
        ("LI3PS4", "capitals begin elements; write Li3PS4"),
        ("li6ps5cl", "capitals begin elements; write Li6PS5Cl"),
        ("NACL", "capitals begin elements; write NaCl"),
        ("LICOO2", "capitals begin elements; write LiCoO2"),
        ("LiFePO4/C", "composite of two materials.*write LiFePO4 alone"),
        ("MoS2/graphene", "composite of two materials.*write MoS2 alone"),
        ("LiCl.5H2O", "dot joins two formulas"),
        ("CaSO4.0.5H2O", r"dot joins two formulas.*write CaSO4\*0.5H2O; a decimal amount with a zero"),
        ("Li3PS4-β", "names a polymorph.*write Li3PS4$"),
        ("Li7P3S11-glass", "names a polymorph.*write Li7P3S11$"),
        ("LiCoO2 (R-3m)", "names a polymorph.*write LiCoO2$"),
        ("LiFePO4 (Pnma)", "names a polymorph.*write LiFePO4$"),
        ("O3-NaMnO2", "names a polymorph.*write NaMnO2$"),
        ("Na0.67MnO2 (P2)", "label of a polymorph; write Na0.67MnO2$"),
        ("Li3PS4·2THF", "holds an abbreviation; write Li3PS4·2C4H8O$"),
        ("NMC811@LiNbO3", "but a mixture or a coating; write one compound alone"),
        ("Li\N{ARABIC-INDIC DIGIT FIVE}O", "not a formula"),
        ("Li0.000000001O", "too far apart"),
    ],
)
def test_what_is_no_formula_is_named_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        parse_formula(text)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 300
    assert refusal.value.remedy


@settings(deadline=None)
@given(st.text("LiAClOPSGeMg0123456789.()[]+-@ wtmole\n", max_size=24) | st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        unit = parse_reactant(text).unit
    except InputError as refusal:
        assert str(refusal).isprintable()
        assert len(str(refusal)) < 300
    else:
        assert parse_reactant(text).text.isprintable()
        assert (unit.fractions > LEAST_FRACTION / 2).all()
        assert unit.fractions.sum() == pytest.approx(1.0)


def test_a_compound_is_a_reactant_of_one_part() -> None:
    reactant = parse_reactant("Li2O")
    assert [part.mole_fraction for part in reactant.parts] == [1.0]
    assert reactant.unit == parse_formula("Li2O")


@pytest.mark.parametrize(
    ("text", "plain", "same_as"),
    [
        ("(NH4)2S", "(NH4)2S", "N2H8S"),
        ("(Li2S)75(P2S5)25", "(Li2S)75(P2S5)25", "Li150P50S200"),
        ("Li24 P4 S20 I4", "Li24P4S20I4", "Li24P4S20I4"),
        ("Li O", "LiO", "LiO"),
        ("LiAlCl₄", "LiAlCl4", "LiAlCl4"),
        ("Li_{3}PS_{4}", "Li3PS4", "Li3PS4"),
        ("Li$_3$PS$_4$", "Li3PS4", "Li3PS4"),
        ("Li<sub>3</sub>PS<sub>4</sub>", "Li3PS4", "Li3PS4"),
        ("{Li}[PS4]", "{Li}[PS4]", "LiPS4"),
        ("MgCl2·6H2O", "MgCl2·6H2O", "MgCl2H12O6"),
        ("MgCl2 • 6 H2O", "MgCl2·6H2O", "MgCl2H12O6"),
        ("MgCl2 x 6 H2O", "MgCl2·6H2O", "MgCl2H12O6"),
        ("MgCl2*6H2O", "MgCl2·6H2O", "MgCl2H12O6"),
        ("MgCl2 6H2O", "MgCl2·6H2O", "MgCl2H12O6"),
        ("CuSO4x5H2O", "CuSO4·5H2O", "CuSO9H10"),
        ("LiCl0.5H2O", "LiCl0.5H2O", "LiCl0.5H2O"),
        ("C9H20", "C9H20", "C9H20"),
        ("Na2CO3·10H2O", "Na2CO3·10H2O", "Na2CO13H20"),
        ("Fe(ICl)2", "Fe(ICl)2", "FeI2Cl2"),
        ("(NH4)2 S", "(NH4)2S", "N2H8S"),
        ("Li~3~PS~4~", "Li3PS4", "Li3PS4"),
        (r"\mathrm{Li_3PS_4}", "Li3PS4", "Li3PS4"),
        ("CaSO4·0.5H2O", "CaSO4·0.5H2O", "CaSO4HO0.5"),
        ("LiAlCl4.H2O", "LiAlCl4·H2O", "LiAlCl4H2O"),
        ("3CaO·SiO2", "3CaO·SiO2", "Ca3SiO5"),
        ("2LiCl-GaCl3", "2LiCl-GaCl3", "Li2GaCl5"),
        ("3Li2S-P2S5", "3Li2S-P2S5", "Li6P2S8"),
        ("2(3Li2S-P2S5)-LiI", "2(3Li2S-P2S5)-LiI", "Li13P4S16I"),
        ("Li3P\u200bS4\ufeff", "Li3PS4", "Li3PS4"),
    ],
)
def test_every_notation_of_the_field_is_read(text: str, plain: str, same_as: str) -> None:
    formula, expected = parse_formula(text), parse_formula(same_as)
    assert formula.text == plain
    assert formula.notes == ()
    assert formula.atomic_numbers == expected.atomic_numbers
    assert formula.amounts == pytest.approx(expected.amounts)
    assert parse_formula(formula.text) == formula


def test_thirds_are_thirds() -> None:
    formula = parse_formula("LiNi1/3Mn1/3Co1/3O2")
    assert [formula.amount_of(z) for z in (28, 25, 27)] == [1 / 3, 1 / 3, 1 / 3]


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("LPSC", "Li6PS5Cl"),
        ("LAC", "LiAlCl4"),
        ("LGPS", "Li10GeP2S12"),
        ("LLZO", "Li7La3Zr2O12"),
        ("LATP", "Li1.3Al0.3Ti1.7(PO4)3"),
        ("LAGP", "Li1.5Al0.5Ge1.5(PO4)3"),
        ("LIC", "Li3InCl6"),
        ("NMC811", "LiNi0.8Mn0.1Co0.1O2"),
        ("NMC-811", "LiNi0.8Mn0.1Co0.1O2"),
        ("LCO", "LiCoO2"),
        ("LFP", "LiFePO4"),
        ("LiFSI", "LiN(SO2F)2"),
        ("D2O", "H2O"),
    ],
)
def test_what_is_read_for_something_else_is_told(text: str, formula: str) -> None:
    read = parse_formula(text)
    assert read == parse_formula(formula)
    assert len(read.notes) == 1
    assert read.notes[0].startswith(f"{text} read as {formula}")
    mixture = parse_reactant(f"{text}@50wt+MgF2@50wt")
    assert mixture.notes == read.notes
    assert mixture.text == f"{formula if text == 'D2O' else text}@50wt+MgF2@50wt"
    assert parse_reactant(mixture.text) == mixture


@pytest.mark.parametrize("text", ["CaSO4·½H2O", "CaSO4*1/2H2O", "CaSO4.½H2O", "CaSO4·0.5H2O"])
def test_half_a_molecule_of_water_is_half(text: str) -> None:
    formula = parse_formula(text)
    assert [formula.amount_of(z) for z in (20, 16, 8, 1)] == [1.0, 1.0, 4.5, 1.0]
    assert parse_formula("CaSO4·1½H2O").amount_of(1) == 3.0


def test_shares_that_miss_a_hundred_are_told() -> None:
    mixture = parse_reactant("LiAlCl4@50wt+Li6PS5Cl@60wt")
    assert mixture.notes == (
        "shares of LiAlCl4@50wt+Li6PS5Cl@60wt sum to 110, not 100: "
        "read as LiAlCl4 45.45 wt%, Li6PS5Cl 54.55 wt%",
    )
    assert mixture.is_same_as(parse_reactant("LiAlCl4@45.4545wt+Li6PS5Cl@54.5455wt"))
    for whole in ("Li@33.3wt+LiCl@33.3wt+LiF@33.3wt", "LiCl@1mol+LiF@2mol", "LiCl@40mol%+LiF@60mol%"):
        assert parse_reactant(whole).notes == ()


def test_every_abbreviation_stands_for_formulas() -> None:
    for name, entry in abbreviations().items():
        assert name == re.sub(r"[\s-]", "", name)
        assert len({composition_key(parse_formula(each)) for each in entry.formulas}) == len(entry.formulas)


@pytest.mark.parametrize("unit", ["wt", "wt%", " wt%", "wt.%", "wt %"])
def test_shares_are_read_as_people_write_them(unit: str) -> None:
    assert parse_reactant(f"LiAlCl4@50{unit}+Li6PS5Cl@50{unit}") == parse_reactant(
        "LiAlCl4@50wt+Li6PS5Cl@50wt"
    )


def test_a_hundred_thousand_texts_are_read_or_refused() -> None:
    """Elements, brackets, numbers, joints and noise at random; none crashes, hangs or fills a page."""
    pieces = [symbol(z) for z in range(1, 104)] + list(
        "()[]{}..··-+@*_^$ ,/0123456789xδ₄\x1b\u202e\ud800DT"
    ) * 2
    pieces += ["@50wt", "@50wt%", "1e5", "0.000001", "H2O", "LPSC", "(OH)2", "_{3}", "1/3", "mp-", "beta-"]
    dice = Random(20)
    read = 0
    for _ in range(100_000):
        text = "".join(dice.choices(pieces, k=dice.randint(1, 7)))
        try:
            unit = parse_reactant(text).unit
        except InputError as refusal:
            assert str(refusal).isprintable()
            assert len(str(refusal)) < 400
        else:
            read += 1
            assert unit.text.isprintable()
            assert min(unit.amounts) > 0.0
            assert parse_reactant(unit.text).unit == unit
    assert read > 5000


@settings(deadline=None)
@given(st.floats(0.01, 99.0), st.floats(0.01, 99.0))
def test_weights_of_a_mixture_are_those_written(one: float, two: float) -> None:
    mixture = parse_reactant(f"LiAlCl4@{one:f}wt+Li6PS5Cl@{two:f}wt")
    masses = [part.mole_fraction * part.formula.molar_mass_g for part in mixture.parts]
    assert masses[0] / sum(masses) == pytest.approx(one / (one + two), rel=1e-4)
    assert sum(part.mole_fraction for part in mixture.parts) == pytest.approx(1.0)
    assert mixture.unit.molar_mass_g == pytest.approx(sum(masses))


def test_moles_of_a_mixture_are_those_written() -> None:
    mixture = parse_reactant("LiCl@3mol+AlCl3@1mol")
    assert [part.mole_fraction for part in mixture.parts] == [0.75, 0.25]
    assert mixture.unit.amounts == pytest.approx((0.75, 0.25, 1.5))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LiCl@", "not a mixture"),
        ("LiCl@50", "not a mixture"),
        ("LiCl@50wt+AlCl3", "not a mixture"),
        ("LiCl@50wt+AlCl3@50mol", "mixes wt and mol"),
        ("LiCl@0wt+AlCl3@50wt", "share of zero"),
        ("LiCl@1wt+AlCl3@" + "9" * 400 + "wt", "share of zero"),
        ("LiCl@50wt+Li2Cl2@50wt", "names a compound twice"),
        ("LiCl@50wt+AlX3@50wt", "not a formula|no element"),
        ("LiAlCl4@50wt", "has one part; write LiAlCl4 alone"),
        ("LiCl@" + "9" * 400 + "wt+AlCl3@" + "9" * 400 + "wt", "share of zero"),
        ("LiCl@1wt+" * 200, "1800 characters; write at most 1000"),
        ("LiCl@\N{ARABIC-INDIC DIGIT FIVE}wt+AlCl3@50wt", "not a mixture"),
    ],
)
def test_what_is_no_mixture_is_named_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refusal:
        parse_reactant(text)
    assert refusal.value.remedy


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("LiAlCl4", "Li2Al2Cl8", True),
        ("LiCl@1mol+AlCl3@1mol", "AlCl3@2mol+Li2Cl2@1mol", True),
        ("LiCl@1mol+AlCl3@1mol", "LiCl@1mol+AlCl3@2mol", False),
        ("LiCl@1mol+AlCl3@1mol", "LiAlCl4", False),
        ("LiAlCl4", "LiAlBr4", False),
    ],
)
def test_reactants_are_the_same_by_what_they_hold(one: str, other: str, same: bool) -> None:
    assert parse_reactant(one).is_same_as(parse_reactant(other)) is same


def test_elements_and_masses_are_those_of_the_periodic_table() -> None:
    assert [atomic_number(s) for s in ("H", "Li", "Og")] == [1, 3, 118]
    assert [symbol(z) for z in (1, 3, 118)] == ["H", "Li", "Og"]
    assert atomic_masses_g()[3] == pytest.approx(6.94, abs=0.01)
    with pytest.raises(InputError, match="--element: no element 'Xy'"):
        atomic_number("Xy", where="--element")


def test_chemical_system_is_alphabetical() -> None:
    assert parse_formula("Li6PS5Cl").chemsys == "Cl-Li-P-S"


@settings(deadline=None)
@given(st.dictionaries(SYMBOLS, st.integers(1, 400), min_size=1, max_size=8), st.integers(1, 90))
def test_a_composition_is_the_same_however_many_formula_units(amounts: dict[str, int], times: int) -> None:
    one, many = (
        parse_formula("".join(f"{name}{n * times}" for name, n in amounts.items())) for times in (1, times)
    )
    assert same_composition(one, many)
    assert composition_key(one) == composition_key(many)


def test_compositions_differ_beyond_the_named_tolerance() -> None:
    def salt(lithium: float) -> Formula:
        return Formula("", (3, 17), (lithium, 1.0 - lithium))

    assert same_composition(salt(0.5), salt(0.5 + 0.9 * SAME_FRACTION))
    assert not same_composition(salt(0.5), salt(0.5 + 1.1 * SAME_FRACTION))
    assert composition_key(salt(0.5)) != composition_key(salt(0.5 + 1.1 * SAME_FRACTION))
    assert not same_composition(parse_formula("LiCl"), parse_formula("NaCl"))
    assert composition_key(parse_formula("LiCl")) != composition_key(parse_formula("NaCl"))


def test_a_glass_whose_shares_miss_100_says_so() -> None:
    (told,) = parse_formula("60Li2S-30P2S5").notes
    assert "sum to 90, not 100: counted as written" in told
    assert parse_formula("60Li2S-30P2S5").amounts == parse_formula("Li120P60S210").amounts
    assert parse_formula("3Li2S-1P2S5").notes == ()


@pytest.mark.parametrize(
    ("text", "plain", "same_as"),
    [
        ("75Li2S-25P2S5", "75Li2S-25P2S5", "Li1.5P0.5S2"),
        ("75 Li2S – 25 P2S5", "75Li2S-25P2S5", "Li1.5P0.5S2"),
        ("75Li2S·25P2S5", "75Li2S·25P2S5", "Li1.5P0.5S2"),
        ("(75Li2S-25P2S5)", "75Li2S-25P2S5", "Li1.5P0.5S2"),
        ("30Li2S-26B2S3-44LiI", "30Li2S-26B2S3-44LiI", "Li1.04S1.08B0.52I0.44"),
        ("90(75Li2S-25P2S5)-10LiI", "90(75Li2S-25P2S5)-10LiI", "Li1.45P0.45S1.8I0.1"),
    ],
)
def test_shares_that_sum_to_100_are_mol_percent_and_say_so(text: str, plain: str, same_as: str) -> None:
    formula, expected = parse_formula(text), parse_formula(same_as)
    assert formula.text == plain
    assert formula.notes == (f"{plain}: per mole of mixture (mol %)",)
    assert formula.atomic_numbers == expected.atomic_numbers
    assert formula.amounts == pytest.approx(expected.amounts)


@pytest.mark.parametrize(
    ("text", "told"), [("PC", "write C4H6O3"), ("VC", "write C3H2O3"), ("SN", "write C4H4N2")]
)
def test_a_formula_that_is_an_abbreviation_too_is_told(text: str, told: str) -> None:
    assert parse_formula(text).notes[0].endswith(told)
    assert parse_formula(text + "2").notes == ()


def test_a_glass_is_read_in_each_way_of_writing_its_shares() -> None:
    plain = parse_formula("75Li2S-25P2S5").amounts
    for text in ("75%Li2S-25%P2S5", "75 mol% Li2S-25 mol% P2S5"):
        assert parse_formula(text).amounts == pytest.approx(plain)
    assert parse_formula("3Li2S-P2S5").amounts == pytest.approx([4.0 * each for each in plain])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("MgCl2.6H2O", "MgCl2·6H2O"), ("CaSO4.1/2H2O", "CaSO4·1/2H2O"), ("MgCl2.6NH3", "MgCl2·6NH3")),
        *(("nmc811", "LiNi0.8Mn0.1Co0.1O2"), ("llzo", "Li7La3Zr2O12"), ("lco", "LiCoO2")),
        *(("LiAlCl4.2(H2O)", "LiAlCl4·2(H2O)"), ("Fe(NO3)3.9H2O", "Fe(NO3)3·9H2O"), ("PTFE", "C2F4")),
    ],
)
def test_what_is_read_otherwise_is_told(text: str, plain: str) -> None:
    assert parse_formula(text).amounts == parse_formula(plain).amounts
    assert parse_formula(text).notes == (f"{text} read as {plain}",)
