"""Interphase: thermodynamic screening of reactive interlayers, joined to what the bench measured.

The names below are imported when they are first used; ``__init__.pyi`` lists them with their types.
"""

import lazy_loader

_exported, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    if name == "__version__":  # looking it up takes as long as everything else here
        from importlib.metadata import version

        return globals().setdefault(name, version("interphase-screening"))
    return _exported(name)
