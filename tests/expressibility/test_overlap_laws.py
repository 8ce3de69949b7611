"""Which law overlaps are compared to: potentials in closed form, and the induced measure drawn."""

from __future__ import annotations

import re
from itertools import combinations
from math import comb
from types import SimpleNamespace

import numpy as np
import pennylane as qml
import pytest
from scipy import stats

import pennylane_trainability as pt
from pennylane_trainability.diagnostics import expressibility
from pennylane_trainability.diagnostics.calibration import Known
from pennylane_trainability.diagnostics.expressibility import _estimate
from pennylane_trainability.diagnostics.overlap_calibration import OverlapCalibration
from pennylane_trainability.diagnostics.overlap_laws import law_of
from pennylane_trainability.diagnostics.state_ask import state_chunks
from pennylane_trainability.diagnostics.state_overlaps import (
    Overlaps,
    _block_powers,
    _falling_powers,
    _survival,
)
from pennylane_trainability.results import Estimate
from pennylane_trainability.transforms.calibration_tapes import CalibrationTapes

MEMORY = 2**30


def found(**options) -> Overlaps:
    return Overlaps(np.full(10, 0.5), np.full((10, 3), 0.5), **options)


def haar(dimension: int, order: int) -> list[float]:
    """``1/C(N + t − 1, t)``: one over the dimension of the symmetric subspace."""
    return [1 / comb(dimension + t - 1, t) for t in range(1, order + 1)]


def test_pure_states_have_the_potentials_of_symmetric_subspaces(rng):
    law = law_of(found(purity=1.0), (8, 1), (5, 3), "auto", MEMORY, rng)
    np.testing.assert_allclose(law.potentials, haar(8, 3))


@pytest.mark.parametrize(("flips", "rescale"), [(True, True), (True, False), (False, True)])
def test_states_seen_through_a_calibration(flips, rescale, rng):
    made = CalibrationTapes(("a", "b"), flips, (0,), 100, [None] * (2 + flips))
    means = np.array([0.1, 0.05, 0.85, 0.1, 0.02, 0.7] if flips else [0.85, 0.7])
    known = Known(made, means, np.zeros((len(means), len(means))))
    counts = np.full((10, 4), 5)
    own = OverlapCalibration(known, rescale, counts, ("a", "b"), 20)
    asked = found(shots=20, calibration=own, survival=Estimate.normal(1.0, 0.1))
    law = law_of(asked, (4, 1), (5, 3), "auto", MEMORY, rng)
    np.testing.assert_allclose(law.potentials, haar(4, 3))
    parts = ["a survival of"] * rescale + ["errors of reading"] * flips
    assert all(part in law.name for part in parts)
    assert (" and " in law.name.removeprefix("pure Haar states")) is (rescale and flips)


def test_mixed_states_have_no_law(rng):
    law = law_of(found(purity=0.5), (8, 1), (5, 3), "auto", MEMORY, rng)
    assert law.log_masses is None and np.isnan(law.potentials).tolist() == [True] * 3
    assert "compares to pure Haar states all the same" in law.notes[0]


def test_the_induced_measure_has_its_moments(rng):
    """``E σ² `` over pairs: ``Tr 1²/d² = 1/d``, and twofold twirls for the second."""
    d, k = 2, 4
    law = law_of(found(purity=1.0), (d, k), (400, 3), "auto", MEMORY, rng)
    purity = (d + k) / (d * k + 1)
    second = (k**2 + k * purity) / (d * k * (d * k + 1))
    np.testing.assert_allclose(law.potentials[:2], [1 / d, second], rtol=0.01)
    assert law.potentials[2] < law.potentials[1] and len(law.potentials) == 3


def test_bins_without_a_pair_count_half_of_one(rng):
    """16 bytes for each of 2 · (3 + 3 · 2) numbers, twice: room for 301 states."""
    size = 16 * 2 * (3 + 3 * 2)
    law = law_of(found(purity=1.0), (2, 3), (4000, 1), "auto", 2 * size * 301, rng)
    assert re.search(r"drawn \(301 states\)", law.notes[0])
    masses = np.exp(law.log_masses)
    assert masses.sum() == pytest.approx(1)
    pairs = masses / masses.min() / 2
    assert pairs[pairs > 0.6].sum() == pytest.approx(301 * 300 / 2)
    np.testing.assert_allclose(pairs[pairs > 0.6], np.rint(pairs[pairs > 0.6]))
    with pytest.raises(pt.BudgetError, match="300 of them need"):
        law_of(found(purity=1.0), (2, 3), (4000, 1), "auto", 2 * size * 300 - 1, rng)


# -- overlaps by hand ------------------------------------------------------------------------------


def test_potentials_err_as_means_do(rng):
    powers = rng.uniform(size=(9, 3))
    means, errors = Overlaps(np.zeros(9), powers).potentials()
    np.testing.assert_allclose(means, powers.mean(axis=0))
    np.testing.assert_allclose(errors, np.sqrt(powers.var(axis=0, ddof=1) / 9))


def test_powers_of_blocks_are_means_over_pairs(rng):
    """Sixty-five states are three blocks of twenty; what is left over is left out."""
    states = rng.normal(size=(65, 4)) + 1j * rng.normal(size=(65, 4))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    found = _block_powers(states, True, 2)
    assert found.shape == (3, 2)
    for block, t in np.ndindex(3, 2):
        own = states[20 * block : 20 * block + 20]
        pairs = [abs(np.vdot(a, b)) ** 2 for a, b in combinations(own, 2)]
        assert found[block, t] == pytest.approx(np.mean(np.power(pairs, t + 1)))


def body(weights):
    for wire in range(3):
        qml.RX(weights[wire], wires=wire)
        qml.RY(weights[3 + wire], wires=wire)
    qml.IsingXY(weights[6], wires=[0, 1])
    qml.IsingZZ(weights[7], wires=[1, 2])
    qml.CNOT([2, 0])
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize("wires", [[2], [2, 0], "all"])
def test_density_matrices_have_the_overlaps_of_states(wires):
    """The same draws on two devices; reduced states with their wires in another order."""
    options = {"wires": wires, "n_pairs": 40, "n_bins": 2, "order": 2, "seed": 3}
    pure, mixed = (
        pt.expressibility(qml.QNode(body, qml.device(name, wires=3)), pairs="disjoint", **options)(
            np.zeros(8)
        )
        for name in ("default.qubit", "default.mixed")
    )
    np.testing.assert_array_equal(pure.counts, mixed.counts)
    for one, two in zip(pure.potentials, mixed.potentials, strict=True):
        assert (one.value, one.stderr) == pytest.approx((two.value, two.stderr))
    assert pure.purity == 1 and mixed.purity == pytest.approx(1)
    assert mixed.cost.circuits == 80


def test_the_survival_of_mirrors_is_a_share_of_shots():
    found = _survival(np.array([0.9, 0.8]), 50, 0.95)
    known = stats.binomtest(85, 100).proportion_ci(0.95, "exact")
    assert (found.value, found.stderr) == pytest.approx((0.85, np.sqrt(0.85 * 0.15 / 100)))
    assert (found.low, found.high) == pytest.approx((known.low, known.high))


@pytest.mark.parametrize("shots", [3, 6])
def test_falling_powers_are_unbiased_by_enumeration(shots):
    """``k(k−1)…/(M(M−1)…)`` over all counts; without shots the powers themselves."""
    hits, share = np.arange(shots + 1), 0.37
    found = _falling_powers(hits / shots, shots, 3)
    np.testing.assert_allclose(
        stats.binom.pmf(hits, shots, share) @ found, share ** np.arange(1, 4)
    )
    exact = _falling_powers(np.array([0.2, 0.6]), None, 3)
    np.testing.assert_allclose(exact, [[0.2, 0.04, 0.008], [0.6, 0.36, 0.216]])


# -- what is told ----------------------------------------------------------------------------------


def test_a_calibration_widens_both_ends_of_the_interval():
    divergence = SimpleNamespace(value=0.2, stderr=0.03, low=0.15, high=0.32)
    found = _estimate(divergence, SimpleNamespace(level=0.9, law_name="by hand"), 0.04)
    reach = stats.norm.ppf(0.95) * 0.04
    assert (found.value, found.stderr) == pytest.approx((0.2, 0.05))
    assert found.low == pytest.approx(0.2 - np.hypot(0.05, reach))
    assert found.high == pytest.approx(0.2 + np.hypot(0.12, reach))


def test_levels_up_to_the_highest():
    qnode = qml.QNode(body, qml.device("default.qubit", wires=3))
    with pytest.raises(ValueError, match=r"at most 0\.999"):
        pt.expressibility(qnode, level=0.9991)
    assert callable(pt.expressibility(qnode, level=0.999))


def test_pairs_of_densities_are_as_many_as_the_bins_need():
    qnode = qml.QNode(body, qml.device("default.mixed", wires=3))
    for n_bins, pairs in ((30, 1000), (400, 1200)):
        cost = pt.expressibility(qnode, n_bins=n_bins).cost(np.zeros(8))
        assert cost.circuits == cost.distinct_circuits == 2 * pairs


def test_sizes_of_what_is_kept_and_of_the_rest(monkeypatch):
    sizes = []

    def told(found, both, *others):
        sizes.append(both)
        return law_of(found, both, *others)

    monkeypatch.setattr(expressibility, "law_of", told)

    @qml.qnode(qml.device("default.qubit"))
    def five(weights):
        for wire in range(5):
            qml.RX(weights[wire], wires=wire)
        for wire in range(4):
            qml.CNOT([wire, wire + 1])
        return qml.expval(qml.Z(0))

    for wires in ([0], [0, 1, 2, 4]):
        pt.expressibility(five, wires=wires, n_pairs=40, n_bins=2, order=1, seed=1)(np.zeros(5))
    assert sizes == [(2, 16), (16, 2)]


def test_purities_are_told_wire_by_wire():
    qnode = qml.set_shots(qml.QNode(body, qml.device("default.qubit", wires=3, seed=1)), shots=20)
    found = pt.entangling_capability(qnode, n_draws=7, engine="measured", seed=1)(np.zeros(8))
    assert found.purities.shape == (3,)


@pytest.mark.parametrize(("mixed", "size"), [(False, 8), (True, 64)])
def test_the_least_memory_holds_four_times_the_states_that_belong_together(mixed, size):
    least = 4 * 16 * size * 20
    assert state_chunks(50, 3, least, 20, mixed) == [slice(0, 20), slice(20, 40), slice(40, 50)]
    with pytest.raises(pt.BudgetError, match="20 states of 3 wires"):
        state_chunks(50, 3, least - 1, 20, mixed)


def test_flips_alone_are_two_circuits_however_often_they_are_run():
    qnode = qml.set_shots(qml.QNode(body, qml.device("default.qubit", wires=3)), shots=20)
    ask = pt.entangling_capability(qnode, n_draws=7, engine="measured", mitigate_read_out=True)
    assert ask.cost(np.zeros(8)).distinct_circuits == 3 * 7 + 2
