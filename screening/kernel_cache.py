"""Where numba keeps what it compiled, if it can write neither beside the package nor in the user's cache."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from platformdirs import user_cache_path

VARIABLE = "NUMBA_CACHE_DIR"


def own_places() -> tuple[Path, ...]:
    """The places that numba tries by itself: beside the code, and the cache of the user."""
    return Path(__file__).parent / "__pycache__", user_cache_path() / "numba"


def keep_kernels(places: Iterable[Path] | None = None) -> str:
    """Give numba a directory of this process where none of `places` can be written, as in containers.

    Without one it refuses to compile. Compiled code is run as it is found, so that the directory is no shared
    one that others could fill; it goes with the process.

    Returns
    -------
    str
        What to tell the user; empty where nothing had to be done.
    """
    if os.environ.get(VARIABLE) or any(map(_writable, own_places() if places is None else places)):
        return ""
    folder = tempfile.mkdtemp(prefix="interphase-kernels-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = folder
    return (
        f"no cache can be written, so that kernels are compiled anew each time; set {VARIABLE} to keep them"
    )


def _writable(place: Path) -> bool:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False
