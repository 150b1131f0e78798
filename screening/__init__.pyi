# What the package exports; lazy_loader reads this list (SPEC 1), and so do type checkers.
from .api.interfaces import lithiate as lithiate
from .api.interfaces import react as react
from .api.snapshots import load_snapshot as load_snapshot
from .errors import ScreeningError as ScreeningError

__version__: str
