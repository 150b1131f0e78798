"""What a command loads: the libraries that take longest stay out of what does without them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from screening.validation.example_study import write_example

LOADED = """
import atexit, json, sys
from screening.cli import main
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
main()
"""

DRAWING = ("matplotlib", "plotly", "reportlab", "PIL", "IPython")
FILES = ("openpyxl", "xlsxwriter", "python_calamine", "duckdb", "jinja2")
NETWORK = ("mp_api", "requests", "distributed")
NEVER = (*DRAWING, *FILES, *NETWORK, "scipy.stats", "emcee", "impedance", "joblib")
"""Libraries of figures, workbooks, pages and the network, none of which a table on the terminal needs."""

NUMBERS = ("numpy", "pandas", "scipy", "pyarrow", "numba", "pymatgen")

REST, CYCLED = "simulated-rest.csv", "simulated-symmetric-control.csv"

SOLVERS = ("scipy.sparse", "scipy.special", "scipy.linalg", "scipy.optimize")

COMMANDS = {
    "--help": (("--help",), (*NUMBERS, "pydantic")),
    "react --help": (("react", "--help"), NUMBERS),
    "react": (("react", "Li", "LiAlCl4", "Li6PS5Cl"), ("numba", "pandas", "scipy")),
    "react, open": (("react", "LiCoO2", "Li6PS5Cl", "--voltage", "4"), ("numba", "pandas", "scipy")),
    "lithiate": (("lithiate", "LiAlCl4", "MgF2"), ("numba", "pandas", "scipy")),
    "eis": (("eis", REST), ("numba", "pymatgen", *SOLVERS)),
    "cycling": (("cycling", CYCLED, "--diameter-mm", "13"), ("numba", "pymatgen", "scipy.ndimage")),
    "drt": (("drt", REST), ("pymatgen",)),
    "arrhenius": (("arrhenius", "25C.csv", "0C.csv"), ("pymatgen", "numba")),
}
"""Words of each command, and what it must not load besides `NEVER`."""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("example")
    write_example(directory)
    s = 2j * np.pi * (frequency := np.geomspace(1e5, 1.0, 40))
    for name, resistance in (("25C", 80.0), ("0C", 400.0)):
        z = resistance + 1.0 / (1e-6 * s**0.9)
        rows = [f"{f},{x.real},{-x.imag}" for f, x in zip(frequency, z, strict=True)]
        text = "\n".join(["freq/Hz,Re(Z)/Ohm,-Im(Z)/Ohm", *rows])
        (directory / "raw" / f"{name}.csv").write_text(text, "utf-8")
    return directory / "raw"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_loads_only_what_it_needs(name: str, raw: Path) -> None:
    words, unneeded = COMMANDS[name]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], cwd=raw, check=False, capture_output=True, text=True
    )
    *said, listed = done.stderr.splitlines()
    assert done.returncode == 0, said
    loaded = set(json.loads(listed))
    assert "typer" in loaded
    assert sorted(loaded.intersection((*NEVER, *unneeded))) == []
