"""What a file says twice must agree: names and columns, |Z| and phase, sign and causality, count and rows."""

import numpy as np
import pandas as pd
import pytest

from screening.errors import InputError
from screening.lab.impedance.spectrum import Spectrum
from screening.lab.readers.eis_sign import sign_evidence
from screening.lab.readers.impedance import read_series, read_spectra

FREQUENCY = np.geomspace(1e5, 1.0, 26)
Z = 10 + 50 / (1 + 2e-3j * np.pi * FREQUENCY)
ZVIEW_NAMES = "  Freq (Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range"


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        return path

    return _write


def zview(title, between, amplitude="0", bias="0", announced=FREQUENCY.size, names=ZVIEW_NAMES):
    rows = [
        between.join((f"{f:.8g}", amplitude, bias, "0.0", f"{z.real:.8g}", f"{z.imag:.8g}", "0", "0", "0"))
        for f, z in zip(FREQUENCY, Z, strict=True)
    ]
    head = [f'"{title}: Version 1.1"', *7 * ['""'], "0,2,0,1,0.1,10000", str(announced), f'"{names}"']
    return "\n".join([*head, *rows]) + "\n"


def table(header, *columns, between=","):
    rows = (between.join(f"{value:.8g}" for value in row) for row in zip(*columns, strict=True))
    return "\n".join([between.join(header), *rows] if header else rows) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        zview("ZView Calculated Data File", "\t"),
        zview("Z60W Data File", ",", "0.01"),
        zview("Z60W Data File", ",", "0.01", "0.002"),
        zview("An instrument nobody knows", "\t", "0.01", "0.002"),
    ],
)
def test_names_with_blanks_do_not_shift_the_columns(content, write):
    (spectrum,) = read_spectra(write("x.z", content))
    np.testing.assert_allclose(spectrum.frequency_hz, FREQUENCY, rtol=1e-6)
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zview("Z60W Data File", ",", announced=41), "26 rows where 41 are announced"),
        (
            zview("Z60W Data File", ",", names="Freq (Hz) Ampl Z' Z''"),
            "line 11: 9 columns under names that cannot",
        ),
        (
            table(["Freq Z'", "Z''"], FREQUENCY, Z.real, Z.imag),
            "3 columns under names that cannot be told apart",
        ),
        (table([], np.arange(26), FREQUENCY, Z.real, Z.imag), "whose first column is an index or a time"),
        (table([], 9.0 * np.arange(26) ** 1.2, FREQUENCY, Z.real, Z.imag), "is an index or a time"),
        (table(["f", "Z'", "Z''", "|Z|"], FREQUENCY, Z.real, Z.imag, 1e3 * abs(Z)), r"is 1e\+03 times that"),
        (
            table(["f", "Z'", "Z''", "phase/deg"], FREQUENCY, Z.real, Z.imag, np.arange(26)),
            "the phase in 'phase/deg' is not that of Z' and Z''",
        ),
    ],
)
def test_what_contradicts_the_columns_is_refused(content, message, write):
    with pytest.raises(InputError, match=message):
        read_spectra(write("x.txt", content))


def test_one_row_that_contradicts_is_told(write):
    modulus = abs(Z)
    modulus[4] *= 2
    (spectrum,) = read_spectra(
        write("x.csv", table(["f", "Z'", "Z''", "|Z|"], FREQUENCY, Z.real, Z.imag, modulus))
    )
    assert spectrum.metadata["contradiction"] == "'|Z|' disagrees with Z' and Z'' in 1 row(s), first line 6"


def test_a_table_without_names_says_what_it_was_taken_for(write):
    (spectrum,) = read_spectra(write("x.txt", table([], FREQUENCY, Z.real, -Z.imag, between="\t")))
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)
    assert "taken for frequency" in spectrum.metadata["header"]
    assert spectrum.metadata["imaginary_sign"].endswith("against the name assumed")


def test_causality_and_passivity_tell_the_sign_and_know_their_ignorance(impedance_corpus):
    f = impedance_corpus.FREQUENCY
    s = 2j * np.pi * f
    cases = {
        "cell": (impedance_corpus.cell(), 1),
        "inductive loop": (10 + 50 / (1 + s * 1e-3) - 10 / (1 + s * 0.1), 1),
        "negative resistance": (5 - impedance_corpus.cell(), 1),
        "blocking": (100 + 1 / (s * 1e-6), 1),
        "coil": (1 + 1e-4 * s, 1),
        "resistor": (np.full(f.size, 5 + 0j), 0),
        "little phase": (100 + 1e-8 * s, 0),
    }
    for name, (z, sign) in cases.items():
        assert sign_evidence([Spectrum(f, z)]).sign == sign, name
        assert sign_evidence([Spectrum(f, z.conj())]).sign == -sign, name


def test_a_capacitive_phase_with_a_rising_modulus_keeps_its_sign(write):
    f = np.geomspace(40, 5e6, 60)
    phase = -9 * (f / 5e6) ** 0.5
    (spectrum,) = read_spectra(
        write(
            "lcr.csv", table(["freq/Hz", "|Z|/Ohm", "phase/deg"], f, 600 * (1 + 0.12 * (f / 5e6) ** 2), phase)
        )
    )
    assert (spectrum.z_ohm.imag < 0).all()
    assert "which the data neither confirm nor deny" in spectrum.metadata["imaginary_sign"]


def test_the_phase_tells_the_sign_where_causality_does_not(write):
    z = 100 - 1j * np.geomspace(0.5, 1.5, 26)
    phase = np.degrees(np.angle(z))
    (spectrum,) = read_spectra(
        write("x.csv", table(["f", "Z'", "Z''", "phase"], FREQUENCY, z.real, -z.imag, phase))
    )
    assert (spectrum.z_ohm.imag < 0).all()
    assert "by the sign of the phase, against the name" in spectrum.metadata["imaginary_sign"]


def test_a_series_has_one_sign(write):
    header = ["f", "Z'", "Z''"]
    quiet = 100 - 0.01j * FREQUENCY / FREQUENCY.max()  # alone it tells nothing
    files = [
        write(f"{k}.csv", table(header, FREQUENCY, z.real, -z.imag)) for k, z in enumerate((Z, quiet, 2 * Z))
    ]
    assert (read_spectra(files[1])[0].z_ohm.imag > 0).all()
    spectra = read_series(files)
    assert all((spectrum.z_ohm.imag < 0).all() for spectrum in spectra)
    assert spectra[1].metadata["imaginary_sign"].endswith("one sign for the series")


def test_a_spectrum_that_contradicts_the_sign_of_its_series_is_not_told_as_confirmed(write):
    files = [
        write(f"{name}.csv", table(["f", "Z'", "-Z''"], FREQUENCY, z.real, -z.imag))
        for name, z in (("a", Z), ("b", 1.05 * Z), ("wrong", 1.1 * Z.conj()))
    ]
    *right, wrong = read_series(files)
    for spectrum in right:
        assert "confirms; one sign for the series" in spectrum.metadata["imaginary_sign"]
        assert not any("sign" in remark for remark in spectrum.remarks)
    assert "confirms" not in wrong.metadata["imaginary_sign"]
    assert wrong.metadata["imaginary_sign"].startswith("that of the other spectra, against its own data")
    assert any("against its own data" in remark for remark in wrong.remarks)
    assert (wrong.z_ohm.imag > 0).all()


MODULUS, PHASE_RAD = np.abs(Z), np.angle(Z)


@pytest.mark.parametrize("factor", [1.0, 180.0 / np.pi])
def test_a_phase_without_unit_is_read_in_the_one_that_is_causal(factor, write):
    (spectrum,) = read_spectra(
        write("x.csv", table(("freq/Hz", "|Z|/Ohm", "phase"), FREQUENCY, MODULUS, factor * PHASE_RAD))
    )
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-5)
    assert any("no unit is stated" in remark for remark in spectrum.remarks)


@pytest.mark.parametrize(("unit", "factor"), [("deg", 1.0), ("rad", 180.0 / np.pi)])
def test_a_phase_in_another_unit_than_stated_is_refused(unit, factor, write):
    content = table(("freq/Hz", "|Z|/Ohm", f"phase/{unit}"), FREQUENCY, MODULUS, factor * PHASE_RAD)
    with pytest.raises(InputError, match="the phase in"):
        read_spectra(write("x.csv", content))


@pytest.mark.parametrize(
    "columns",
    [
        (FREQUENCY, MODULUS, np.degrees(PHASE_RAD)),
        (FREQUENCY, Z.imag, Z.real),
        (Z.real, Z.imag, FREQUENCY),
    ],
)
def test_columns_without_names_in_another_order_are_refused(columns, write):
    with pytest.raises(InputError, match="a table without names"):
        read_spectra(write("x.txt", table((), *columns, between="\t")))


def test_columns_without_names_in_the_usual_order_are_read(write):
    (spectrum,) = read_spectra(write("x.txt", table((), FREQUENCY, Z.real, Z.imag, between="\t")))
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)


def test_two_columns_of_one_name_must_hold_the_same_numbers(write):
    names = ("freq/Hz", "Re(Z)/Ohm", "Re(Z)/Ohm", "Im(Z)/Ohm")
    (spectrum,) = read_spectra(write("same.csv", table(names, FREQUENCY, Z.real, Z.real, Z.imag)))
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)
    with pytest.raises(InputError, match=r"two columns named 'Re\(Z\)/Ohm'"):
        read_spectra(write("other.csv", table(names, FREQUENCY, Z.real, 2 * Z.real, Z.imag)))


def test_a_sign_that_turns_in_mid_spectrum_is_not_confirmed(write):
    mixed = np.where(FREQUENCY > 300.0, Z.imag, -Z.imag)
    (spectrum,) = read_spectra(
        write("x.csv", table(("freq/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm"), FREQUENCY, Z.real, mixed))
    )
    assert "confirms" not in spectrum.metadata["imaginary_sign"]


def test_a_phase_against_a_right_sign_is_told(write):
    names = ("freq/Hz", "Re(Z)/Ohm", "Im(Z)/Ohm", "phase/deg")
    content = table(names, FREQUENCY, Z.real, Z.imag, -np.degrees(PHASE_RAD))
    (spectrum,) = read_spectra(write("x.csv", content))
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)
    assert any("against the sign of the phase" in remark for remark in spectrum.remarks)


def grouped(value):
    return f'"{value:,.3f}"' if value >= 1000 else f"{value:.8g}"


def test_quoted_thousands_are_read_and_the_names_with_them(write):
    frequency = np.round(FREQUENCY, 3)
    rows = [
        f"{grouped(f)},{abs(z):.8g},{np.angle(z, deg=True):.8g}" for f, z in zip(frequency, Z, strict=True)
    ]
    (spectrum,) = read_spectra(
        write("x.csv", "\n".join(["Frequency (Hz),|Z| (Ohm),Phase (deg)", *rows]) + "\n")
    )
    np.testing.assert_allclose(spectrum.frequency_hz, frequency)
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)


def test_quoted_decimal_commas_are_read(write):
    rows = [
        ",".join(f'"{x:.7f}"'.replace(".", ",") for x in (f, z.real, z.imag))
        for f, z in zip(FREQUENCY, Z, strict=True)
    ]
    (spectrum,) = read_spectra(write("x.csv", "\n".join(["f/Hz,Z' (Ohm),Z'' (Ohm)", *rows]) + "\n"))
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)


def test_quoted_commas_that_nothing_tells_are_refused(write):
    rows = [f'{f:.0f},"{5 + f:.0f},250",-3' for f in range(9, 1, -1)]
    with pytest.raises(InputError, match="thousands or have a decimal comma"):
        read_spectra(write("x.csv", "\n".join(["f/Hz,Z' (Ohm),Z'' (Ohm)", *rows]) + "\n"))


def test_names_are_not_dropped_with_rows_that_cannot_be_read(write):
    rows = [f"{f:,.3f},{z.real:.8g},{z.imag:.8g}" for f, z in zip(FREQUENCY, Z, strict=True)]
    with pytest.raises(InputError, match="between the names and line"):
        read_spectra(write("x.csv", "\n".join(["f/Hz,Z' (Ohm),Z'' (Ohm)", *rows]) + "\n"))


def test_a_file_cut_inside_its_last_number_is_told(write):
    whole = table(["f/Hz", "Z' (Ohm)", "Z'' (Ohm)"], FREQUENCY, Z.real, Z.imag).removesuffix("\n")
    (spectrum,) = read_spectra(write("whole.csv", whole))
    assert not any("breaks off" in each for each in spectrum.remarks)
    (spectrum,) = read_spectra(write("cut.csv", whole[:-6]))
    assert any("the last line breaks off" in each for each in spectrum.remarks)


def test_chinese_names_in_the_national_encoding_are_read(tmp_path):
    content = table(["频率(Hz)", "实部(Ω)", "虚部(Ω)"], FREQUENCY, Z.real, Z.imag)
    (path := tmp_path / "x.csv").write_bytes(content.encode("gb18030"))
    (spectrum,) = read_spectra(path)
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)


def test_sheets_under_different_headings_are_read_each_under_its_own(tmp_path):
    frames = {
        "cold": pd.DataFrame({"f (Hz)": FREQUENCY, "Z' (kΩ)": Z.real / 1e3, "-Z'' (kΩ)": -Z.imag / 1e3}),
        "warm": pd.DataFrame({"Frequency": FREQUENCY, "Zim": Z.imag / 3, "Zre": Z.real / 3}),
    }
    with pd.ExcelWriter(tmp_path / "x.xlsx") as book:
        for sheet, frame in frames.items():
            frame.to_excel(book, sheet_name=sheet, index=False)
    cold, warm = read_spectra(tmp_path / "x.xlsx")
    assert (cold.label, warm.label) == ("x cold", "x warm")
    np.testing.assert_allclose(cold.z_ohm, Z, rtol=1e-9)
    np.testing.assert_allclose(warm.z_ohm, Z / 3, rtol=1e-9)


def test_a_sign_is_never_told_against_a_name_that_the_file_has_not(write):
    (spectrum,) = read_spectra(write("x.csv", table([], FREQUENCY, Z.real, -Z.imag)))
    np.testing.assert_allclose(spectrum.z_ohm, Z, rtol=1e-6)
    assert "against the name assumed" in spectrum.metadata["imaginary_sign"]
