"""What a circuit returns, as Pauli words with coefficients."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.gradient_circuits.outputs import outputs_of


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_matrices_of_any_size_are_taken_apart(scale):
    """Coefficients that are zero but for rounding are those far below the matrix itself."""
    words = {"XYZ": 0.3, "ZIY": -0.71, "IXI": 0.1}
    matrix = sum(c * qml.pauli.string_to_pauli_word(w).matrix([0, 1, 2]) for w, c in words.items())
    found = outputs_of([qml.expval(qml.Hermitian(scale * matrix, wires=[0, 1, 2]))], [0, 1, 2])
    np.testing.assert_allclose(
        sorted(found.coefficients[0] / scale), sorted(words.values()), rtol=1e-12
    )
    assert found.constants == pytest.approx([0], abs=1e-14 * scale)


def test_the_imaginary_part_of_a_coefficient_counts_against_its_real_part():
    small = qml.s_prod(1e8 + 1e-6j, qml.Z(0))
    found = outputs_of([qml.expval(small)], [0])
    np.testing.assert_allclose(found.coefficients, [[1e8]], rtol=1e-12)
    with pytest.raises(ReadingError, match="complex coefficient"):
        outputs_of([qml.expval(qml.s_prod(1 + 1e-6j, qml.Z(0)))], [0])
    with pytest.raises(ReadingError, match="complex coefficient"):
        outputs_of([qml.expval(qml.s_prod(1e-6 + 1e-11j, qml.Z(0)))], [0])


def test_constants_and_words_of_several_results():
    """``2 − 3 Z_0``; the parities of three wires, of which the first is an even one."""
    wires = ["a", "b", "c"]
    found = outputs_of([qml.expval(2 * qml.I("a") - 3 * qml.Z("a")), qml.probs(wires=wires)], wires)
    assert found.shapes == ((), (8,))
    np.testing.assert_allclose(found.constants, [2, *[1 / 8] * 8])
    signs = np.array([[(-1) ** bin(b & m).count("1") for m in range(1, 8)] for b in range(8)])
    masks = [sum(1 << (2 - w) for w in range(3) if word.z >> w & 1) for word in found.words]
    np.testing.assert_allclose(found.coefficients[0], [-3 if m == 4 else 0 for m in masks])
    np.testing.assert_allclose(found.coefficients[1:], signs[:, np.array(masks) - 1] / 8)
    values = np.arange(2 * 9 * 5.0).reshape(2, 9, 5)
    first, second = found.split(values)
    np.testing.assert_array_equal(first, values[:, 0])
    np.testing.assert_array_equal(second, values[:, 1:])
