"""What a file on disk may be: an archive that unpacks to more than a machine holds is none to open."""

import zipfile
from pathlib import Path

import pytest

from screening.errors import InputError
from screening.lab.readers import source
from screening.lab.readers.cycling import read_cycling
from screening.lab.readers.impedance import read_spectra


@pytest.mark.parametrize(
    ("read", "name"), [(read_cycling, "x.ndax"), (read_cycling, "x.xlsx"), (read_spectra, "x.xlsx")]
)
def test_an_archive_that_unpacks_to_too_much_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read, name: str
) -> None:
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"0" * 1_000_001)
        archive.writestr("data.ndc", b"0")
    monkeypatch.setattr(source, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"unpacks to .* GiB"):
        read(tmp_path / name)


def test_the_bound_is_two_gibibytes() -> None:
    assert source.MAX_UNPACKED_BYTES == 2 * 1024**3
