"""The bound on a nominal spectrum, which is taken before its frequencies are listed."""

import re

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability import coefficient_jacobian
from pennylane_trainability.circuits import series

THREE_LEVELS = np.diag([0.0, 1.0, np.sqrt(2), 0.0])  # 0, 1, sqrt(2): gaps on no common grid
FIVE_GAPS = np.diag([0.0, 1.5, 4.5, 0.0])  # gaps 0, 1.5, 3, 4.5 of either sign: seven, halves


def circuit_of(gates):
    @qml.qnode(qml.device("default.qubit", wires=2))
    def circuit(x, w):
        for gate in gates:
            qml.RX(w, 0)
            gate(x)
        qml.RY(w, 1)
        return qml.expval(qml.Z(0) @ qml.X(1))

    return circuit


def rotation(scale):
    return lambda x: qml.RY(scale * x, 0)


def evolution(hamiltonian):
    h = qml.Hermitian(hamiltonian, wires=[0, 1])
    return lambda x: qml.evolve(h, x)


def bound_of(gates, monkeypatch) -> float:
    """The bound that a refusal prints, two digits."""
    monkeypatch.setattr(series, "_MAX_FREQUENCIES", 1)
    with pytest.raises(pt.BudgetError, match="nominal spectrum") as refused:
        coefficient_jacobian(circuit_of(gates), encoding_args="x")(0.1, np.array(0.2))
    return float(re.search(r"up to (\S+) frequency vectors", str(refused.value)).group(1))


@pytest.mark.parametrize(
    "gates, bound",
    [
        # three gaps, n times: -n ... n of them
        ([rotation(1.0)], 3),
        ([rotation(1.0)] * 4, 9),
        ([rotation(2.0)] * 3, 7),
        ([evolution(np.diag([0.0, 0.0, 2.5, 2.5]))] * 3, 7),
        ([rotation(1.0), rotation(1.0), rotation(2.0)], 5 * 3),
        # seven gaps, the sums on halves from -4.5 n to 4.5 n
        ([evolution(FIVE_GAPS)], 7),
        ([evolution(FIVE_GAPS)] * 3, 4 * 3 * 4.5 + 1),
        # seven gaps on no grid: every choice may be another sum
        ([evolution(THREE_LEVELS)] * 2, 49),
    ],
)
def test_the_bound_on_the_nominal_spectrum(gates, bound, monkeypatch):
    assert bound_of(gates, monkeypatch) == float(f"{bound:.1e}")
