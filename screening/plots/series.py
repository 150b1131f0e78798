"""Windows of a solid solution against its composition."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from screening.display import formula_text
from screening.plots.interface import AXES_HEIGHT_IN, BAND_ALPHA
from screening.plots.letters import column_axes, hang_key
from screening.plots.style import BLUE, GREEN, figure_style
from screening.thermo.lithiation import NOT_KNOWN
from screening.thermo.series import Series


def plot_series(shown: Series, ax: Axes | Figure | None = None) -> Axes:
    """Draw both windows against x; open markers of the strict one are interpolated along the hull.

    Steps, as a window jumps where the hull holds something else: nobody computed what lies between two x.

    Parameters
    ----------
    shown : Series
    ax : Axes or Figure, optional
        Where to draw; a new figure of one column width unless given.
    """
    notes = (note.replace("intervals", "bands of the strict window", 1) for note in shown.notes)
    entries = [(note, "0.25") for note in (*notes, "lightly filled: within each window")]
    with figure_style():
        if not isinstance(ax, Axes):
            ax = column_axes(ax, AXES_HEIGHT_IN)
        frame = shown.to_frame().astype(dict.fromkeys(("window_low_v", "window_high_v"), float))
        x, interpolated = frame["x"].to_numpy(), frame["at_hull"].to_numpy(dtype=bool)
        # the useful one is dashed and drawn last: often it is the strict one, and both show
        for kind, name, colour, style in (
            ("window", "strict window", GREEN, "-"),
            ("useful", "useful window", BLUE, "--"),
        ):
            low, high = (frame[f"{kind}_{end}_v"].to_numpy(dtype=float) for end in ("low", "high"))
            ax.step(x, low, style, where="mid", color=colour, label=name)
            ax.step(x, high, style, where="mid", color=colour)
            ax.fill_between(x, low, high, step="mid", color=colour, alpha=0.08, linewidth=0.0)
            for values in (low, high) if kind == "window" else ():
                for which, fill in ((interpolated, "white"), (~interpolated, colour)):
                    ax.plot(
                        x[which],
                        values[which],
                        "o",
                        color=colour,
                        markerfacecolor=fill,
                        clip_on=False,
                        zorder=3,
                    )
        for end in ("low", "high"):
            within = [getattr(point.titration.strict, f"{end}_95_v") or NOT_KNOWN for point in shown.points]
            band = np.array(within, dtype=float).T
            ax.fill_between(x, band[0], band[1], step="mid", color=GREEN, alpha=BAND_ALPHA, linewidth=0.0)
        ax.set_xlim(x[0], x[-1])
        highest = np.nanmax(frame[["useful_high_v", "window_high_v"]].to_numpy(dtype=float), initial=1.0)
        ax.set_ylim(0.0, 1.25 * highest)
        ax.set_xlabel(f"x in {_typeset(shown.template.text)}")
        ax.set_ylabel(f"Voltage against {shown.points[0].titration.element} (V)")
        ax.legend(loc="upper right", ncols=2)
        hang_key(ax, entries)
        return ax


def _typeset(template: str) -> str:
    """A template with its amounts lowered where Unicode can."""
    lowered = str.maketrans("0123456789+-x", "₀₁₂₃₄₅₆₇₈₉₊₋ₓ")
    parts = template.replace("}", "{").split("{")
    return "".join(p.translate(lowered) if k % 2 else formula_text(p) for k, p in enumerate(parts))
