# What the package exports; lazy_loader reads this list (SPEC 1), and so do type checkers.
from .api.bench import arrhenius as arrhenius
from .api.bench import read_eis as read_eis
from .api.campaigns import Ranking as Ranking
from .api.campaigns import load_study as load_study
from .api.campaigns import read_results as read_results
from .api.campaigns import screen as screen
from .api.cells import read_cells as read_cells
from .api.cells import read_cycling as read_cycling
from .api.cells import validate as validate
from .api.figure import FigureOne as FigureOne
from .api.figure import figure_1 as figure_1
from .api.interfaces import hull_energy as hull_energy
from .api.interfaces import lithiate as lithiate
from .api.interfaces import react as react
from .api.interfaces import titrate as titrate
from .api.layers import design as design
from .api.patterns import read_xrd as read_xrd
from .api.snapshots import compare_snapshots as compare_snapshots
from .api.snapshots import fetch_snapshot as fetch_snapshot
from .api.stacks import series as series
from .api.stacks import stack as stack
from .api.structures import Estimate as Estimate
from .api.structures import estimate as estimate
from .campaign.study import Study as Study
from .errors import ScreeningError as ScreeningError
from .lab.analysis import analyse_cell as analyse_cell
from .lab.cell import Cell as Cell
from .lab.sheets import read_cell as read_cell
from .phases.imported import import_snapshot as import_snapshot
from .thermo.sources import OwnPhases as OwnPhases
from .thermo.sources import load_snapshot as load_snapshot
from .validation.example_study import write_example as write_example

__version__: str
