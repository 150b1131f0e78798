import numpy as np
import pytest

from screening.errors import InputError
from screening.lab.impedance.windows import Role, Window, Windows

TABLE = '[[window]]\nname = "{}"\nprocess = "p"\nlow_s = {}\nhigh_s = {}\n'


def test_the_default_windows_hold_the_centres_that_the_paper_names():
    windows = Windows.default()
    centres = {"tau1": 1e-7, "tau6": 1e-6, "tau2": 1e-5, "tau3": 5e-5, "tau4": 0.5, "tau5": 5.0}
    found = windows.locate(np.array(list(centres.values())))
    assert [windows.names[k] for k in found] == list(centres)


def test_bounds_belong_to_the_window_above_and_gaps_to_none():
    windows = Windows((Window("a", "", 1.0, 2.0), Window("b", "", 2.0, 3.0)))
    assert windows.locate(np.array([0.5, 1.0, 2.0, 3.0])).tolist() == [-1, 0, 1, -1]


def test_windows_are_sorted_whatever_their_order():
    assert Windows((Window("b", "", 2.0, 3.0), Window("a", "", 1.0, 2.0))).names == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no window"),
        ("x = ", "not TOML"),
        ("colour = 1", "unknown entry 'colour'"),
        ('window = "tau1"', "unknown entry"),
        (TABLE.format("a", 1.0, 0.5), "from 1 to 0.5 s"),
        (TABLE.format("a", 0.0, 0.5), "from 0 to 0.5 s"),
        (TABLE.format("a", 1.0, "inf"), "from 1 to inf s"),
        (TABLE.format("a", 1.0, 3.0) + TABLE.format("b", 2.0, 4.0), "'a' and 'b' overlap"),
        (TABLE.format("a", 1.0, 2.0) + TABLE.format("a", 3.0, 4.0), "two windows 'a'"),
        ('[[window]]\nname = "a"', "wrong keys"),
        (TABLE.format("a", '"1"', 2.0), "must be text"),
        (TABLE.format("a", 1.0, 2.0) + 'role = "glue"', "no role 'glue'.*choose from grain"),
        (TABLE.format("a", 1.0, 2.0) + "role = []", "no role"),
    ],
)
def test_impossible_windows_are_refused_in_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        Windows.parse(text, "my.toml")
    assert str(caught.value).startswith("my.toml")


def test_roles_are_read_and_may_be_left_out():
    windows = Windows.parse(
        TABLE.format("a", 1.0, 2.0) + TABLE.format("b", 2.0, 3.0) + 'role = "plating"', "my.toml"
    )
    assert [window.role for window in windows] == [None, Role.PLATING]
    assert windows.of_role(Role.PLATING) == (1,)
    assert windows.of_role(Role.SEI) == ()
    assert [len(Windows.default().of_role(role)) for role in Role] == [1, 2, 1, 1, 1]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot read windows"):
        Windows.read(tmp_path / "absent.toml")
    path = tmp_path / "w.toml"
    path.write_text(TABLE.format("mine", 1e-3, 1e-2), "utf-8")
    assert Windows.read(path).names == ("mine",)


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="no window 'tau9'"):
        Windows.default().index("tau9")
