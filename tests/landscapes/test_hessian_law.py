"""Second derivatives in the Wishart model: against random matrices and against circuits."""

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.landscapes.hessian_law import at_bottom, at_random
from pennylane_trainability.landscapes.wishart import Moments


def haar(rng, count, size):
    """Haar-random unitaries, ``(count, size, size)``."""
    z = rng.normal(size=(count, size, size)) + 1j * rng.normal(size=(count, size, size))
    q, r = np.linalg.qr(z)
    phases = np.einsum("...ii->...i", r)
    return q * (phases / np.abs(phases))[:, None, :]


def losses(unitaries, angles, word, observable):
    """``⟨O⟩`` behind Haar-random unitaries with rotations by a word between them."""
    state = unitaries[0][:, :, 0]
    for unitary, angle in zip(unitaries[1:], angles, strict=True):
        state = np.cos(angle / 2) * state - 1j * np.sin(angle / 2) * state @ word.T
        state = np.einsum("kij,kj->ki", unitary, state)
    return np.real(np.einsum("ki,ij,kj->k", state.conj(), observable, state))


def test_variances_at_random_points_are_those_of_random_unitaries():
    """d = 4, O = P = ZI, 40,000 draws: Var ∂ = 8/75, Var H₁₁ the same, Var H₁₂ = (8/75)²·5."""
    rng = np.random.default_rng(3)
    word = np.diag([1.0, 1, -1, -1])
    unitaries = [haar(rng, 40_000, 4) for _ in range(3)]
    quarter = np.pi / 2

    def at(first, second):
        return losses(unitaries, (first, second), word, word)

    mixed = (at(quarter, quarter) - at(quarter, -quarter) - at(-quarter, quarter)
             + at(-quarter, -quarter)) / 4  # fmt: skip
    own = (at(np.pi, 0.0) - at(0.0, 0.0)) / 2
    law = at_random([1 / 5], [8 / 75], np.ones(2))
    found = (np.mean(own**2) * 2 + np.mean(mixed**2) * 2) / 2
    spread = np.std(own**2 + mixed**2) / np.sqrt(40_000)
    assert abs(found - law.mean_square) < 5 * spread
    assert law.mean_square == pytest.approx(8 / 75 + (8 / 75) ** 2 * 5)
    assert law.mean == 0


def test_the_bottom_is_a_sum_of_squares_of_normal_rows():
    rng = np.random.default_rng(4)
    slopes = np.array([1.0, 1, 2, 1, 0])
    k, mean = 3, 0.8
    rows = rng.normal(size=(20_000, k, 5)) * slopes
    hessians = mean / 2 / k * np.einsum("nki,nkj->nij", rows, rows)
    law = at_bottom(mean, k, slopes)
    traces = np.einsum("nii->n", hessians) / 5
    squares = np.einsum("nij,nij->n", hessians, hessians) / 5
    for found, expected in ((traces, law.mean), (squares, law.mean_square)):
        assert abs(found.mean() - expected) < 5 * found.std() / np.sqrt(20_000)
    assert law.rank == 3


def test_the_edge_is_that_of_marchenko_and_pastur():
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(400, 800))
    largest = np.linalg.eigvalsh(rows @ rows.T / 400 / 2)[-1]  # ō = 1, k = 400, p = 800
    assert largest == pytest.approx(at_bottom(1.0, 400, np.ones(800)).edge, rel=0.02)


def test_the_edge_grows_with_the_squares_of_the_slopes():
    """Rows ``c g`` have eigenvalues ``c²`` times as large; dead parameters add zeros only."""
    edge = at_bottom(0.7, 40, np.ones(8)).edge
    assert at_bottom(2.1, 40, 2 * np.ones(8)).edge == pytest.approx(12 * edge)
    assert at_bottom(0.7, 40, np.r_[np.ones(8), 0, 0]).edge == pytest.approx(edge)


def layered(observable, n_wires, layers):
    @qml.qnode(qml.device("default.qubit"))
    def circuit(weights):
        for layer in weights:
            for wire in range(n_wires):
                qml.RY(layer[wire, 0], wires=wire)
                qml.RZ(layer[wire, 1], wires=wire)
            for wire in range(n_wires):
                qml.CNOT(wires=[wire, (wire + 1) % n_wires])
        return qml.expval(observable)

    return circuit, np.zeros((layers, n_wires, 2))


def test_circuits_follow_the_law_at_random_points():
    circuit, weights = layered(qml.Z(0), 4, 10)
    found = pt.hessian_spectrum(circuit, n_draws=20, seed=1)(weights)
    assert found.predicted.mean_square == pytest.approx(found.mean_square.value, rel=0.08)
    assert abs(found.mean.value) < 5 * found.mean.stderr


def test_circuits_follow_the_law_at_the_bottom():
    circuit, weights = layered(qml.Projector([0] * 3, wires=range(3)), 4, 5)
    found = pt.hessian_spectrum(circuit, at="minima", n_draws=20, seed=1)(weights)
    assert found.at == "minima" and np.all(found.losses[1:] < 1e-3)
    assert found.predicted.mean == pytest.approx(found.mean.value, rel=0.15)
    assert found.predicted.mean_square == pytest.approx(found.mean_square.value, rel=0.3)
    assert np.all(found.positive[1:] == found.predicted.rank) and not np.any(found.negative[1:])
    assert "at most 4 up" in str(found)


def test_without_the_model_there_is_no_prediction():
    def turns(w):
        qml.RX(w[0], wires=0)
        qml.RX(w[1], wires=1)
        return qml.expval(qml.Z(0) @ qml.Z(1))

    qnode = qml.QNode(turns, qml.device("default.qubit"))
    found = pt.hessian_spectrum(qnode, n_draws=2, seed=1)(np.zeros(2))
    assert found.predicted is None and any("no prediction" in note for note in found.notes)


def test_points_are_named():
    circuit, _ = layered(qml.Z(0), 2, 1)
    with pytest.raises(ValueError, match=r"at='saddles' is unknown; use one of"):
        pt.hessian_spectrum(circuit, at="saddles")


def test_slopes_stretch_second_derivatives():
    """Angles ``c_p θ_p`` give ``c_p c_q H_pq``: here squares 1, 4 and 0 of three parameters."""
    own, mixed = 0.3 + 0.1, 0.3**2 / 0.5 + 0.1**2 / 0.2
    law = at_random([0.5, 0.2], [0.3, 0.1], np.array([1.0, -2.0, 0.0]))
    assert law.mean_square == pytest.approx((17 * own + 2 * 4 * mixed) / 3)
    assert law.rank == 2
    # a part of the loss that does not vary has no derivatives
    assert at_random([0.5, 0.0], [0.3, 0.0], np.ones(1)).mean_square == pytest.approx(0.3)


def test_moments_of_a_sum_are_those_of_its_cumulants():
    """Gamma variables: ``κ_j = (j − 1)! k w^j`` add up."""
    shapes, weights = np.array([0.5, 3.0]), np.array([2.0, -0.7])

    def moments(k, w):
        return Moments(k * w, k * w**2, 2 * np.sign(w) / np.sqrt(k), 6 / k)

    one, two = (moments(k, w) for k, w in zip(shapes, weights, strict=True))
    total = one + two
    second, third, fourth = (f * np.sum(shapes * weights**j) for j, f in ((2, 1), (3, 2), (4, 6)))
    assert (total.mean, total.variance) == pytest.approx((np.sum(shapes * weights), second))
    assert total.skewness == pytest.approx(third / second**1.5)
    assert total.excess_kurtosis == pytest.approx(fourth / second**2)
    constant = Moments(1.5, 0.0)
    assert (constant + one).skewness == pytest.approx(one.skewness)
    nothing = constant + constant
    assert (nothing.mean, nothing.variance) == (3.0, 0.0) and np.isnan(nothing.skewness)


def test_the_law_at_the_bottom_does_not_depend_on_where_zero_is():
    observable = qml.Projector([0] * 3, wires=range(3))
    laws = []
    for shift in (0.0, 5.0):
        circuit, weights = layered(observable + shift * qml.I(0), 3, 2)
        law = pt.hessian_spectrum(circuit, at="minima", n_draws=1, seed=1)(weights).predicted
        laws.append((law.mean, law.mean_square, law.rank))
    assert laws[0] == pytest.approx(laws[1])
