"""Loops that run as they are written or compiled, with the same numbers.

To load numba and what it has compiled takes half a second, to compile the walk for the first time a quarter
of a minute; a few tie lines take milliseconds as plain Python. So a kernel runs as Python until it has been
asked for more than that.
"""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Kernel(Generic[P, R]):
    """A function that numba can compile; compiled kernels call each other compiled.

    Attributes
    ----------
    python : callable
        The function as written; calling the kernel calls it.
    spent : int
        Work that `for_work` was asked for.
    """

    def __init__(self, python: Callable[P, R]) -> None:
        self.python, self.spent = python, 0
        update_wrapper(self, python)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it as Python."""
        return self.python(*args, **kwargs)

    @cached_property
    def compiled(self) -> Any:
        """The same, compiled at its first call and kept on disk."""
        from numba import njit

        return njit(cache=True, nogil=True, error_model="numpy")(self.python)

    @property
    def _numba_type_(self) -> Any:
        """What numba takes it for inside another kernel."""
        from numba import typeof

        return typeof(self.compiled)

    def for_work(self, work: int, most: int) -> Callable[P, R]:
        """It as Python while all work asked of it, this included, stays below `most`; compiled beyond."""
        self.spent += work
        return self if self.spent <= most else self.compiled
