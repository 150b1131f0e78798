from dataclasses import replace

import numpy as np
import pytest

from screening.lab.impedance.explain import Tracks, _touched
from screening.lab.impedance.leaky import FARTHEST_LEAK, Series, State, evaluate, parameters
from screening.lab.impedance.zarc import Problem

STEP = 1e-6
SPECTRA, ARCS = 4, 2


def cell(**changes):
    rng = np.random.default_rng(1)
    state = State(
        terms=np.array([0.01]),
        ln_r=np.log([0.2, 0.5, 0.4]),
        ln_tau=np.log([1e-4, 1e-1]),
        phi=np.array([0.9, 0.8]),
        follow=np.array([0.3, 0.7]),
        pattern=np.array([0.2, 0.4, 0.5]),
        shift=np.array([0.1, 0.3]),
        energy=np.array([0.3, 0.4, 0.5]),
        local=rng.uniform(0.05, 0.2, (SPECTRA, ARCS + 3)),
        home=np.log([1e-4, 1e-1]),
        height=np.array([0.3]),
        shape=np.linspace(0.0, 1.0, SPECTRA),
    )
    return replace(state, **changes)


def series():
    omega = np.tile(2 * np.pi * np.geomspace(1e5, 0.1, 21), (SPECTRA, 1))
    columns = np.stack([np.ones_like(omega), 1j * omega / omega.max()], axis=1)
    z, weight = np.ones(omega.shape, dtype=complex), np.ones(omega.shape)
    return Series(Problem(np.log(omega), z, weight, columns), 1, np.linspace(0.0, 0.5, SPECTRA), 0)


def test_the_impedance_is_that_of_a_cell_beside_a_resistor_behind_its_leads():
    state, given = cell(), series()
    theta, _, _ = parameters(given, state)
    residual, _ = evaluate(given, theta, state.leak)
    omega = np.exp(given.problem.ln_omega)
    elements = theta[:, 2:].reshape(SPECTRA, ARCS, 3)
    resistance, tau, phi = elements[..., :1], np.exp(elements[..., 1:2]), elements[..., 2:]
    inside = theta[:, :1] + (resistance / (1 + (1j * omega[:, None] * tau) ** phi)).sum(axis=1)
    expected = theta[:, 1:2] * given.problem.columns[:, 1] + 1 / (1 / inside + state.leak[:, None])
    assert np.allclose(given.problem.z - residual.view(complex), expected, rtol=1e-10)


@pytest.mark.parametrize("shapes_common", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_derivatives_are_those_of_the_impedance(tied, shapes_common):
    given, state = series(), cell(tied=tied, shapes_common=shapes_common)

    def impedance(at):
        theta, _, _ = parameters(given, at)
        return -evaluate(given, theta, at.leak)[0]

    theta, by_shared, by_local = parameters(given, state)
    _, by_parameter = evaluate(given, theta, state.leak)
    start = impedance(state)
    unused = np.zeros(state.shared.size, dtype=bool)
    if tied:  # the shifts of ln τ are then those of the pattern
        first = sum(
            getattr(state, name).size for name in ("terms", "ln_r", "ln_tau", "phi", "follow", "pattern")
        )
        unused[first : first + ARCS] = True
    for index in np.flatnonzero(~unused):
        shared = state.shared.copy()
        shared[index] += STEP
        moved = (impedance(state.moved(shared, state.local)) - start) / STEP
        assert np.allclose(np.einsum("sp,spn->sn", by_shared[:, :, index], by_parameter), moved, atol=1e-4)
    for index in range(ARCS + 3):
        local = state.local.copy()
        local[:, index] += STEP
        moved = (impedance(state.moved(state.shared, local)) - start) / STEP
        assert np.allclose(np.einsum("sp,spn->sn", by_local[:, :, index], by_parameter), moved, atol=1e-4)


def test_a_cause_that_ends_one_arc_changes_the_others_too():
    """An arc may go by e^-100 and R∞ by e^-2 only: that is a change of either."""
    pattern, none = np.array([0.2, 10.0, 0.2]), np.zeros(1)
    far, near = (
        cell(pattern=pattern, height=none, local=np.full((SPECTRA, ARCS + 3), u)) for u in (-10, 1e-3)
    )
    assert _touched(far).all()
    assert _touched(near).tolist() == [False, True, False]


def test_a_leak_stays_a_number():
    state = cell()
    moved = state.moved(state.shared, np.full_like(state.local, -1e115))
    assert (moved.leak >= -2.0 * FARTHEST_LEAK).all()


def test_two_arcs_that_take_turns_are_tried_as_one():
    turns = np.array([[5.0, 1.0, 44.0, 30.0], [5.0, 1.0, 44.0, 30.0], [5.0, 30.0, 0.0, 30.0]])
    near = np.log(np.tile([6e-6, 1e-5, 1e-1], (3, 1)))
    tracks = Tracks(turns, near, np.full((3, 3), 0.9), np.zeros((3, 0)))
    one = tracks.merged()
    assert np.allclose(one.resistance, [[5.0, 45.0, 30.0], [5.0, 45.0, 30.0], [5.0, 30.0, 30.0]])
    assert np.allclose(np.exp(one.ln_tau[-1]), [6e-6, 1e-1])
    assert one.merged() is one
