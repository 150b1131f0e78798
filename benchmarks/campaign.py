"""How fast is a campaign over every compound there is, and how much faster than pymatgen?

    python benchmarks/campaign.py [--json] [--pairs 60] [--rows 50]

Jobs, each a process of its own as a user starts it, on all cores, compiled code cached before:

li_only   every compound against lithium: all kinks and the staircase, filters; no contacts, no draws
full      the same with alloy | electrolyte, alloy | reactor and reactor | electrolyte (Li6PS5Cl) for all that
          pass the filters, then ranks with their probabilities (2,000 draws)

Peak memory is the sum over the process tree, sampled; cpu_s the processor time of the tree. The ratio holds
the li_only job (all our cores) against one pymatgen process (one core) that builds the phase diagram of each
pair's chemical system and asks for kinks and staircase; it is measured on a random sample and extrapolated to
all candidates. Random rows of both jobs are computed again by pymatgen and must agree. The scaling is the
processor time per pair in one warm process.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil
from pymatgen.analysis.interface_reactions import InterfacialReactivity
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition, Element

from screening.campaign.run import Source, run
from screening.campaign.store import Store
from screening.campaign.study import parse_study
from screening.campaign.workers import Workers
from screening.phases.chemsys import phases_within
from screening.phases.composition import symbol
from screening.phases.snapshot import Snapshot
from screening.thermo.staircases import PLATEAU_MERGE_V

STUDY = """
name = "benchmark"
[candidates]
formulas = ["LiAlCl4"]
{source}
[conditions]
contacts = {contacts}
[uncertainty]
draws = {draws}
"""

QUERY = "[candidates.query]\nradioactive = true\nnoble_gases = true\nneeds_metal = false\nnon_reactors = true"

CHILD = """
import sys
from pathlib import Path
from screening.campaign.outcome import rank_campaign
from screening.campaign.run import Source, run
from screening.campaign.study import read_study
campaign = run(read_study(Path(sys.argv[1])), Source(), Path(sys.argv[2]))
if sys.argv[3] == "rank_campaign":
    rank_campaign(campaign, threads=-1)
"""

SAMPLE_S = 0.05
SCALING = (100, 1_000, 10_000)
"""The first warms up and is not shown."""
AGREEMENT_EV = 1e-6
UPTAKE_TOL = 1e-6
ELECTROLYTE = "Li6PS5Cl"
STAIRCASE_TOL = 1e-5
"""In V and in atoms per formula, of which there are up to 200."""


@dataclass(frozen=True)
class Job:
    """One job as measured."""

    candidates: int
    wall_s: float
    cpu_s: float
    peak_rss_mb: float


def run_job(directory: Path, *, contacts: bool, draws: int, file: Path | None = None) -> Job:
    """Run a campaign in a process of its own and watch its memory."""
    directory.mkdir(parents=True)
    source = f'file = "{file}"' if file else QUERY
    study = directory / "study.toml"
    study.write_text(STUDY.format(source=source, contacts=str(contacts).lower(), draws=draws), "utf-8")
    command = [
        sys.executable,
        "-c",
        CHILD,
        str(study),
        str(directory / "out"),
        "rank_campaign" if draws else "rows",
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(command)
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        peak = max(peak, tree_rss(watched))
        time.sleep(SAMPLE_S)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"the job in {directory} ended with status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Job(Store.look(directory / "out").identity.n_candidates, wall, cpu, peak / 2**20)


def tree_rss(process: psutil.Process) -> int:
    """Resident memory of a process and all its children, bytes."""
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.NoSuchProcess:
        return total
    return total


class Peer:
    """pymatgen on the entries of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def diagram(self, elements: set[int]) -> PhaseDiagram:
        """Phase diagram of a chemical system, from formation energies."""
        p, i = self.snapshot.phases, self.snapshot.index
        rows = phases_within(np.array(sorted(elements)), i.low, i.high, i.start, i.phases)
        return PhaseDiagram(
            [
                PDEntry(self.composition(row), p.formation_energy_ev_per_atom[row] * p.atoms[row])
                for row in rows
            ]
        )

    def composition(self, row: int) -> Composition:
        """Composition of a phase."""
        p = self.snapshot.phases
        inside = slice(p.row_start[row], p.row_start[row + 1])
        numbers, amounts = p.atomic_number[inside], p.amount[inside]
        return Composition({symbol(int(z)): float(n) for z, n in zip(numbers, amounts, strict=True)})

    def elements(self, row: int) -> set[int]:
        """Atomic numbers of a phase."""
        p = self.snapshot.phases
        return set(p.atomic_number[p.row_start[row] : p.row_start[row + 1]].tolist())

    def minimum_mutual(self, a: Composition, b: Composition, diagram: PhaseDiagram) -> float:
        """Lowest mutual reaction energy of two compositions, eV per atom."""
        reaction = InterfacialReactivity(a, b, diagram, norm=True, use_hull_energy=True)
        return min(0.0, *(kink[2] for kink in reaction.get_kinks()))

    def reduce(self, row: int) -> tuple[float, np.ndarray]:
        """Lowest mutual energy with lithium, and the staircase as rows of voltage and uptake per formula."""
        diagram = self.diagram(self.elements(row) | {3})
        composition = self.composition(row)
        lowest = self.minimum_mutual(Composition("Li"), composition, diagram)
        profile = diagram.get_element_profile(Element("Li"), composition)
        # an entry holds from its chemical potential downwards: a plateau lies where the next one takes over
        states = sorted((step["evolution"], -step["chempot"]) for step in profile)
        steps = [(states[k - 1][1], states[k][0]) for k in range(1, len(states)) if states[k][0] > UPTAKE_TOL]
        return lowest, np.array([step for step in steps if step[0] > PLATEAU_MERGE_V]).reshape(-1, 2)


def check(out: Path, snapshot: Snapshot, rows: int, seed: int, *, full: bool) -> int:
    """Compare random rows with pymatgen; ends the run where one disagrees."""
    peer, rng = Peer(snapshot), np.random.default_rng(seed)
    columns = ["phase", "passes", "minimum_mutual_ev_per_atom", "plateau_v", "plateau_uptake_per_formula"]
    columns += ["mixing_ev_per_atom"] if full else []
    table = Store.look(out).read(columns).to_pandas()
    negative = snapshot.phases.formation_energy_ev_per_atom[table["phase"]] < 0.0
    usable = table[negative & (table["passes"] if full else True)]
    for i in rng.choice(len(usable), rows, replace=False):
        row = usable.iloc[i]
        phase = int(row["phase"])
        lowest, steps = peer.reduce(phase)
        if abs(lowest - row["minimum_mutual_ev_per_atom"]) > AGREEMENT_EV:
            raise SystemExit(
                f"{snapshot.phases.formula[phase]}: {row['minimum_mutual_ev_per_atom']} here, {lowest}"
            )
        ours = np.column_stack((row["plateau_v"], row["plateau_uptake_per_formula"]))
        if ours.shape != steps.shape or np.abs(ours - steps).max(initial=0.0) > STAIRCASE_TOL:
            raise SystemExit(f"{snapshot.phases.formula[phase]}: plateaus {ours} here, {steps} by pymatgen")
        if full:
            electrolyte = Composition(ELECTROLYTE)
            numbers = peer.elements(phase) | {element.Z for element in electrolyte.elements}
            theirs = peer.minimum_mutual(peer.composition(phase), electrolyte, peer.diagram(numbers))
            if abs(theirs - row["mixing_ev_per_atom"]) > AGREEMENT_EV:
                raise SystemExit(f"{snapshot.phases.formula[phase]} | {ELECTROLYTE}: {theirs} by pymatgen")
    return rows


def pymatgen_s_per_pair(snapshot: Snapshot, phases: np.ndarray, pairs: int, seed: int) -> float:
    """Mean time that one pymatgen process takes for kinks and staircase of one compound with lithium."""
    peer, rng = Peer(snapshot), np.random.default_rng(seed)
    peer.reduce(int(phases[0]))
    chosen = rng.choice(
        phases[snapshot.phases.formation_energy_ev_per_atom[phases] < 0.0], pairs, replace=False
    )
    began = time.perf_counter()
    for phase in chosen:
        peer.reduce(int(phase))
    return (time.perf_counter() - began) / pairs


def scaling(directory: Path, snapshot: Snapshot, seed: int) -> list[dict[str, float]]:
    """Time per pair of random subsets and of all, li_only, in this one warm process, selection left out."""
    rng = np.random.default_rng(seed)
    compounds = np.flatnonzero(snapshot.phases.n_elements > 1)
    found = []
    for n in (*SCALING, len(compounds)):
        listed = directory / f"{n}.csv"
        names = snapshot.phases.formula[rng.choice(compounds, n, replace=False)]
        listed.write_text("formula\n" + "\n".join(names) + "\n", "utf-8")
        text = STUDY.format(source=f'file = "{listed}"', contacts="false", draws=0)
        began: list[float] = []
        campaign = run(
            parse_study(text, where="scaling"),
            Source(),
            directory / f"out{n}",
            workers=Workers(1),
            announce=lambda _, began=began: began.append(time.process_time()),
        )
        taken = time.process_time() - began[0]
        found.append(
            {"candidates": len(campaign.selection), "ms_per_pair": 1e3 * taken / len(campaign.selection)}
        )
    return found[1:]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}", file=sys.stderr)
    snapshot = Source().load()
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        run_job(directory / "compile", contacts=True, draws=10, file=_few(directory))
        print("li_only, full", file=sys.stderr)
        li_only = run_job(directory / "li_only", contacts=False, draws=0)
        full = run_job(directory / "full", contacts=True, draws=2000)
        passing = int(np.sum(Store.look(directory / "full" / "out").read(["passes"])["passes"].to_numpy()))
        print("rows again, by pymatgen (minutes)", file=sys.stderr)
        check(directory / "li_only" / "out", snapshot, given.rows, given.seed, full=False)
        check(directory / "full" / "out", snapshot, given.rows, given.seed + 1, full=True)
        phases = Store.look(directory / "li_only" / "out").read(["phase"])["phase"].to_numpy()
        theirs = pymatgen_s_per_pair(snapshot, phases, given.pairs, given.seed + 2)
        scales = scaling(directory, snapshot, given.seed + 3)
    content = {
        "li_only": asdict(li_only),
        "full": asdict(full),
        "full_pass_filters": passing,
        "sample_pairs": given.pairs,
        "pymatgen_s_per_pair": theirs,
        "ratio_to_pymatgen": theirs * li_only.candidates / li_only.wall_s,
        "rows_recomputed": 2 * given.rows,
        "scaling": scales,
        "seed": given.seed,
    }
    if given.json:
        print(json.dumps(content, indent=1))
        return
    for name, job in (("li_only", li_only), ("full", full)):
        times = f"{job.wall_s:6.1f} s ({job.cpu_s:.1f} s of processor)"
        print(f"{name:8} {job.candidates} candidates  {times}  peak {job.peak_rss_mb:6.0f} MB")
    print(f"{passing} pass the filters and meet alloy and electrolyte")
    ratio = content["ratio_to_pymatgen"]
    print(f"pymatgen {1e3 * theirs:.0f} ms a pair in one process: {ratio:.0f}x (all cores here)")
    print(f"{2 * given.rows} random rows recomputed with pymatgen agree")
    for one in scales:
        print(f"  {one['candidates']:6.0f} candidates: {one['ms_per_pair']:.3f} ms a pair")


def _few(directory: Path) -> Path:
    listed = directory / "few.csv"
    listed.write_text("formula\nMgF2\nZnCl2\nLi3YBr6\n", "utf-8")
    return listed


if __name__ == "__main__":
    main()
