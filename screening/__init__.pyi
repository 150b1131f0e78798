# What the package exports; lazy_loader reads this list (SPEC 1), and so do type checkers.
from .api.bench import arrhenius as arrhenius
from .api.bench import read_eis as read_eis
from .api.bench import read_xrd as read_xrd
from .api.interfaces import lithiate as lithiate
from .api.interfaces import react as react
from .api.snapshots import compare_snapshots as compare_snapshots
from .api.snapshots import fetch_snapshot as fetch_snapshot
from .errors import ScreeningError as ScreeningError
from .phases.sources import load_snapshot as load_snapshot

__version__: str
