"""Wide bases, of which only the parity of all wires is kept."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pennylane as qml

from pennylane_trainability.transforms.bases import Basis, bases_of
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes


def test_frequencies_of_even_and_odd_outcomes():
    basis = Basis({0: "Z", "a": "X", 2: "Y"}, parity=True)
    counts = {"000": 3, "101": 5, "111": 1, "010": 2, "110": 4}
    assert basis.n_outcomes == 2
    np.testing.assert_allclose(basis.frequencies(counts), [0.8, 0.2], rtol=1e-15)


def weights_of(*observables):
    """By output, what each outcome of the only basis counts."""
    measured = SimpleNamespace(
        measurements=[qml.expval(one) for one in observables], wires=range(14), n_wires=14
    )
    (basis,) = bases_of(measured)
    return basis, basis.weights


def test_a_wide_word_and_a_constant_share_the_parity():
    """``2 + ½ P`` is 2.5 at even outcomes and 1.5 at odd ones."""
    word = qml.prod(*(qml.X(w) if w % 2 else qml.Y(w) for w in range(13)))
    basis, weights = weights_of(2 * qml.I(0) + 0.5 * word)
    assert basis.parity
    np.testing.assert_allclose(weights[0], [2.5, 1.5], rtol=1e-15)
    basis, weights = weights_of(-3 * word)
    np.testing.assert_allclose(weights[0], [-3, 3], rtol=1e-15)


def test_an_observable_on_three_wires_brings_its_own_basis(rng):
    matrix = rng.normal(size=(8, 8))
    basis, weights = weights_of(qml.Hermitian(matrix + matrix.T, [0, 3, 1]))
    assert basis.wires == [0, 3, 1] and basis.n_outcomes == 8
    np.testing.assert_allclose(np.sort(weights[0]), np.linalg.eigvalsh(matrix + matrix.T))


def test_variances_of_means_by_hand():
    """Outcomes 1 and -1 with 0.8 and 0.2; and 0, 1, 2 with a half and two quarters."""
    tables = [np.array([[1.0, -1.0]]), np.array([[0.0, 1.0, 2.0]])]
    observed = [np.array([[[0.8, 0.2]]]), np.array([[[0.5, 0.25, 0.25]]])]
    for table, frequencies, wanted in zip(tables, observed, [0.64, 11 / 16], strict=True):
        tapes = SimpleNamespace(tables=[table])
        found = JacobianTapes.variances(tapes, [frequencies], 100)
        np.testing.assert_allclose(found, [[[wanted / 100]]], rtol=1e-12)
