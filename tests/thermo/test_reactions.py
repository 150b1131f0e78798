"""How balanced reactions are written."""

import pytest

from screening.thermo.reactions import Term, write_reaction


@pytest.mark.parametrize(
    ("reactants", "products", "written"),
    [
        ([("Li", 4.0), ("LiAlCl4", 1.0)], [("LiCl", 4.0), ("LiAl", 1.0)], "4 Li + LiAlCl4 -> 4 LiCl + LiAl"),
        ([("Li", 0.0), ("LiF", 1.0)], [("LiF", 1.0)], "LiF -> LiF"),
        ([("Li", 1 / 3), ("LiF", 2 / 3)], [("LiF", 1.0)], "Li + 2 LiF -> 3 LiF"),
        ([("A", 8 + 1 / 7)], [("B", 1.0)], "57 A -> 7 B"),
        ([("A", 1.0)], [("B", 59 / 60)], "60 A -> 59 B"),
        ([("A", 1.0)], [("B", 0.123456)], "A -> 0.1235 B"),
        ([("A", 1e-4)], [("B", 1.0)], "0.0001 A -> B"),
        ([("A", 7.0), ("B", 1900.0)], [("C", 1400.0), ("D", 50.0)], "7 A + 1900 B -> 1400 C + 50 D"),
    ],
)
def test_reaction_is_written_with_the_smallest_integers_or_with_decimals(
    reactants: list[tuple[str, float]], products: list[tuple[str, float]], written: str
) -> None:
    assert write_reaction([Term(*t) for t in reactants], [Term(*t) for t in products]) == written


def test_all_terms_share_one_scale() -> None:
    moles = [1.0, 1 / 2, 1 / 3, 5 / 6]
    terms = [Term(name, m) for name, m in zip("ABCD", moles, strict=True)]
    assert write_reaction(terms[:2], terms[2:]) == "6 A + 3 B -> 2 C + 5 D"


def test_large_integers_become_decimals() -> None:
    moles = [1.0, 1 / 59, 1 / 53]
    terms = [Term(name, m) for name, m in zip("ABC", moles, strict=True)]
    assert write_reaction(terms[:1], terms[1:]) == "A -> 0.01695 B + 0.01887 C"
