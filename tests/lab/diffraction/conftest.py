"""References made from lattices, not from the package's own cells: cubic phases whose lines are known."""

from collections.abc import Callable

import numpy as np
import pytest

from screening.lab.diffraction.pattern import Reference

STRAIN = 0.005

FACE_CENTRED = ((1, 1, 1), (2, 0, 0), (2, 2, 0), (3, 1, 1), (2, 2, 2), (4, 0, 0), (3, 3, 1), (4, 2, 0))


def face_centred(name: str, a: float, *intensity: float) -> Reference:
    """A face-centred cubic phase with these intensities of its first lines."""
    indices = np.array(FACE_CENTRED[: len(intensity)])
    return Reference(name, a / np.sqrt((indices**2).sum(axis=1)), np.array(intensity), STRAIN)


@pytest.fixture(scope="session")
def salt() -> Reference:
    """Much like LiCl."""
    return face_centred("salt", 5.13, 86.0, 100.0, 63.0, 33.0, 19.0, 8.0)


@pytest.fixture(scope="session")
def alloy() -> Reference:
    """Much like LiAl."""
    return face_centred("alloy", 6.37, 100.0, 1.0, 64.0, 35.0, 0.5, 9.0, 12.0)


@pytest.fixture(scope="session")
def electrolyte() -> Reference:
    """Much like Li2S."""
    return face_centred("electrolyte", 5.71, 100.0, 23.0, 55.0, 36.0, 5.0, 8.0)


@pytest.fixture(scope="session")
def reactor() -> Reference:
    """Many lines, as of a monoclinic cell."""
    rng = np.random.default_rng(4)
    return Reference("reactor", np.sort(rng.uniform(1.5, 6.5, 25))[::-1], rng.uniform(5.0, 100.0, 25), STRAIN)


@pytest.fixture(scope="session")
def four(
    salt: Reference, alloy: Reference, electrolyte: Reference, reactor: Reference
) -> tuple[Reference, ...]:
    return salt, alloy, electrolyte, reactor


@pytest.fixture(scope="session")
def cubic() -> Callable[..., Reference]:
    return face_centred
