"""At which volume fraction does the metal of a pressed layer connect? Packings of grains, voxel by voxel.

    python benchmarks/percolation.py
    python benchmarks/percolation.py --picture layer.png

Grains of metal and of insulator are put down at random without overlap, the larger ones first, and grow
until they fill all space (a Laguerre tessellation, much as pressing does); scipy labels what connects. The
size ratio of a row is that of the grains as grown. Overlapping spheres, whose threshold is published, say how
well a box of this size finds one; beside grains stands `screening.layer.network.critical_fraction`.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import label
from scipy.optimize import curve_fit
from scipy.spatial import cKDTree
from scipy.special import expit

from screening.layer.network import critical_fraction

VOXELS = 64
"""Along each edge of the box."""

PACKED = 0.28
"""Volume fraction of the grains as they are put down; random sequential packings end at 0.38."""

OVERLAPPING_SPHERES = 0.2895
"""Their threshold. C. D. Lorenz, R. M. Ziff, J. Chem. Phys. 114, 3659 (2001), doi 10.1063/1.1338506."""

CASES = {0.5: 1600, 1.0: 700, 2.0: 250, 3.0: 120, 5.0: 45, 8.0: 18}
"""Insulating grains in the box by nominal size ratio, insulator over metal."""

CENTRES = ((np.indices((VOXELS,) * 3).reshape(3, -1).T + 0.5) / VOXELS).astype(float)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A threshold found in packings, beside the formula.

    Attributes
    ----------
    packing : str
    size_ratio : float
        Insulator over metal, by the mean volumes of the grown grains at the threshold.
    threshold, spread : float
        Volume fraction at which half of the boxes are spanned, and the width of the step.
    formula : float
    boxes : int
    """

    packing: str
    size_ratio: float
    threshold: float
    spread: float
    formula: float
    boxes: int


def packed(rng: np.random.Generator, radii: np.ndarray) -> np.ndarray:
    """Centres of spheres without overlap in a periodic box, put down one after the other, (n, 3)."""
    centres = np.empty((len(radii), 3))
    for n, radius in enumerate(radii):
        while True:
            point = rng.random(3)
            apart = centres[:n] - point
            apart -= np.round(apart)
            if (np.einsum("ij,ij->i", apart, apart) >= (radii[:n] + radius) ** 2).all():
                centres[n] = point
                break
    return centres


def pressed(rng: np.random.Generator, ratio: float, fraction: float, grains: int) -> tuple[np.ndarray, float]:
    """Which voxels are metal, and the size ratio of the grown grains.

    Parameters
    ----------
    rng : Generator
    ratio : float
        Diameter of an insulating grain over that of a metal one, as they are put down.
    fraction : float
        Of the metal, as it is put down.
    grains : int
        Insulating ones.
    """
    metals = max(1, round(grains * ratio**3 * fraction / (1.0 - fraction)))
    large = (PACKED * (1.0 - fraction) / grains * 0.75 / np.pi) ** (1.0 / 3.0)
    radii = np.concatenate([np.full(grains, large), np.full(metals, large / ratio)])
    metal = np.arange(len(radii)) >= grains
    order = np.argsort(-radii, kind="stable")
    radii, metal = radii[order], metal[order]
    grown = radii * PACKED ** (-1.0 / 3.0)
    # power distance |x - c|² - r² is a plain distance with a fourth coordinate √(max r² - r²)
    fourth = np.sqrt(grown.max() ** 2 - grown**2)
    tree = cKDTree(np.column_stack([packed(rng, radii), fourth]), boxsize=[1.0, 1.0, 1.0, 0.0])
    _, nearest = tree.query(np.column_stack([CENTRES, np.zeros(len(CENTRES))]))
    box = metal[nearest].reshape((VOXELS,) * 3)
    share = box.mean()
    return box, float(((1.0 - share) / grains / (share / metals)) ** (1.0 / 3.0))


def overlapping(rng: np.random.Generator, fraction: float, radius: float = 0.06) -> np.ndarray:
    """Voxels within spheres that may overlap, at a volume fraction on average."""
    count = rng.poisson(-np.log(1.0 - fraction) / (4.0 / 3.0 * np.pi * radius**3))
    distance, _ = cKDTree(rng.random((count, 3)), boxsize=1.0).query(CENTRES, distance_upper_bound=radius)
    return np.isfinite(distance).reshape((VOXELS,) * 3)


def spanned(box: np.ndarray) -> bool:
    """Whether what is true connects one face with the opposite one."""
    parts, _ = label(box)
    return bool(set(np.unique(parts[0])) & set(np.unique(parts[-1])) - {0})


def half_point(fraction: np.ndarray, through: np.ndarray) -> tuple[float, float]:
    """Fraction at which half of the boxes are spanned, and the width of the step, by a logistic curve."""
    start = (float(np.median(fraction)), 0.01)
    bounds = ([fraction.min(), 1e-4], [fraction.max(), 0.1])
    (middle, width), _ = curve_fit(
        lambda x, m, w: expit((x - m) / w), fraction, through.astype(float), p0=start, bounds=bounds
    )
    return float(middle), float(width)


def grains_case(rng: np.random.Generator, ratio: float, boxes: int) -> Found:
    """The threshold of pressed grains of one nominal size ratio."""
    wanted = np.linspace(0.5, 1.6, boxes) * min(0.17, 0.24 / ratio**1.3)
    results = [pressed(rng, ratio, float(f), CASES[ratio]) for f in wanted]
    fraction = np.array([box.mean() for box, _ in results])
    through = np.array([spanned(box) for box, _ in results])
    middle, width = half_point(fraction, through)
    size = float(
        np.interp(middle, *zip(*sorted(zip(fraction, [r for _, r in results], strict=True)), strict=True))
    )
    formula = float(critical_fraction(size))
    return Found(
        packing="pressed grains",
        size_ratio=size,
        threshold=middle,
        spread=width,
        formula=formula,
        boxes=boxes,
    )


def spheres_case(rng: np.random.Generator, boxes: int) -> Found:
    """The threshold of overlapping spheres, beside the published one."""
    wanted = np.linspace(0.22, 0.36, boxes)
    found = [overlapping(rng, float(f)) for f in wanted]
    fraction, through = np.array([b.mean() for b in found]), np.array([spanned(b) for b in found])
    middle, width = half_point(fraction, through)
    return Found(
        packing="overlapping spheres",
        size_ratio=1.0,
        threshold=middle,
        spread=width,
        formula=OVERLAPPING_SPHERES,
        boxes=boxes,
    )


def picture(path: Path, rng: np.random.Generator) -> None:
    """Cuts through pressed layers of 15 vol% metal at two size ratios, what is connected drawn dark."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 3.4), layout="constrained")
    for axes, (ratio, fraction) in zip(figure.subplots(1, 2), ((1.0, 0.15), (3.0, 0.07)), strict=True):
        box, size = pressed(rng, ratio, fraction, CASES[ratio])
        parts, _ = label(box)
        joined = set(np.unique(parts[0])) & set(np.unique(parts[-1])) - {0}
        shade = np.where(box, np.where(np.isin(parts, list(joined)), 2, 1), 0)
        axes.imshow(shade[:, VOXELS // 2], cmap="Greys", vmin=0, vmax=2, interpolation="nearest")
        word = "connected" if joined else "not connected"
        axes.set_title(f"{box.mean():.1%} metal, size ratio {size:.1f}: {word}", fontsize=8)
        axes.set_axis_off()
    figure.savefig(path, dpi=200)


def main() -> None:
    """Print the thresholds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--boxes", type=int, default=36, help="packings a row")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--picture", type=Path, help="draw cuts through two packings instead")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    if given.picture:
        picture(given.picture, rng)
        return
    rows = [spheres_case(rng, given.boxes), *(grains_case(rng, r, given.boxes) for r in CASES)]
    if given.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print(
        "| packing | insulator over metal | threshold, vol% | formula or published, vol% |\n|---|---|---|---|"
    )
    for row in rows:
        print(
            f"| {row.packing} | {row.size_ratio:.2f} | {100 * row.threshold:.1f} ± {100 * row.spread:.1f} "
            f"| {100 * row.formula:.1f} |"
        )


if __name__ == "__main__":
    main()
