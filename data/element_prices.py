"""Write screening/reactors/elements.csv: prices and crustal abundances of the elements, from mendeleev.

Run it after an update of mendeleev (extra ``test``); a test compares the file with the installed version.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

from mendeleev.fetch import fetch_table

TARGET = Path(__file__).resolve().parents[1] / "screening" / "reactors" / "elements.csv"

HEADER = """\
# Prices (USD/kg) and abundances in the Earth's crust (ppm by mass) of the elements; empty where unknown.
# From mendeleev {version} (MIT, https://github.com/lmmentel/mendeleev), which takes prices from public
# lists and abundances from the CRC Handbook of Chemistry and Physics. Written by data/element_prices.py.
"""


def main() -> None:
    """Write the file."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    columns = ["atomic_number", "symbol", "price_per_kg", "abundance_crust"]
    names = ["atomic_number", "symbol", "price_usd_per_kg", "abundance_crust_ppm"]
    table = fetch_table("elements")[columns].sort_values("atomic_number").set_axis(names, axis=1)
    TARGET.write_text(HEADER.format(version=version("mendeleev")) + table.to_csv(index=False), "utf-8")


if __name__ == "__main__":
    main()
