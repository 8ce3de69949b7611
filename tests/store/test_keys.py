"""Names of circuits: equal for equal circuits in every process, different for different ones."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.keys import circuit_key, distinct_circuits
from pennylane_trainability.keys.key import canonical
from pennylane_trainability.store.description import description


def tape_of(op, *measurements, shots=100):
    return qml.tape.QuantumScript([op], list(measurements or [qml.probs(wires=0)]), shots=shots)


BASE = qml.Rot(0.1, 0.2, 0.3, wires="a")
H = qml.Hamiltonian([0.5, 1.0], [qml.Z(0), qml.X(0) @ qml.Y(1)])
DIFFERENT = [
    tape_of(BASE),
    tape_of(BASE, shots=101),
    tape_of(BASE, shots=None),
    tape_of(BASE, shots=(50, 50)),
    tape_of(BASE, shots=(100, 100)),
    tape_of(qml.Rot(0.1, 0.2, np.nextafter(0.3, 1), wires="a")),
    tape_of(qml.Rot(0.2, 0.1, 0.3, wires="a")),
    tape_of(qml.Rot(0.1, 0.2, 0.3, wires="b")),
    tape_of(qml.Rot(np.array([0.1, 0.2]), 0.2, 0.3, wires="a")),
    tape_of(qml.adjoint(BASE)),
    tape_of(qml.ctrl(BASE, "c")),
    tape_of(qml.ctrl(BASE, "c", control_values=[0])),
    tape_of(qml.PauliRot(0.1, "XY", wires=[0, 1])),
    tape_of(qml.PauliRot(0.1, "YX", wires=[0, 1])),
    tape_of(qml.QubitUnitary(np.eye(2), 0)),
    tape_of(qml.QubitUnitary(np.eye(2)[::-1], 0)),
    tape_of(BASE, qml.probs(wires=1)),
    tape_of(BASE, qml.counts(wires=0)),
    tape_of(BASE, qml.counts(wires=0, all_outcomes=True)),
    tape_of(BASE, qml.probs(wires=[0, 1])),
    tape_of(BASE, qml.probs(wires=[1, 0])),
    tape_of(BASE, qml.expval(qml.Z(0))),
    tape_of(BASE, qml.var(qml.Z(0))),
    tape_of(BASE, qml.expval(qml.Z("0"))),
    tape_of(BASE, qml.expval(H)),
    tape_of(BASE, qml.expval(2 * qml.Z(0))),
    tape_of(BASE, qml.expval(qml.Z(0)), qml.expval(qml.X(0))),
    tape_of(BASE, qml.expval(qml.X(0)), qml.expval(qml.Z(0))),
]


def middle(first=0, reset=False, function=None, swapped=False):
    with qml.queuing.AnnotatedQueue() as queue:
        one = qml.measure(first, reset=reset)
        qml.RX(0.1, 1)
        two = qml.measure(1)
        read = [two, one] if swapped else [one, two]
        qml.counts(op=function(one, two) if function else read)
    return qml.tape.QuantumScript.from_queue(queue, shots=10)


def test_different_circuits_have_different_names():
    tapes = [*DIFFERENT, middle(), middle(first=2), middle(reset=True), middle(swapped=True)]
    tapes += [middle(function=lambda a, b: a + b), middle(function=lambda a, b: a * b)]
    tapes += [middle(function=lambda a, b: a - 2 * b), middle(function=lambda a, b: b - 2 * a)]
    assert len({circuit_key(tape) for tape in tapes}) == len(tapes)


@pytest.mark.parametrize("cast", [lambda z: z, lambda z: np.array([z, z])], ids=["one", "array"])
def test_zero_has_no_sign(cast):
    for zeros in ((0.0, -0.0), (complex(0, 0), complex(-0.0, -0.0), complex(0, -0.0))):
        assert len({canonical(cast(zero)) for zero in zeros}) == 1
    assert canonical(cast(1.5)) != canonical(cast(-1.5))
    assert canonical(cast(complex(1, 2))) != canonical(cast(complex(1, -2)))


def test_rows_of_a_batch_count_once_whatever_their_order():
    """Entries are told apart by all angles of all gates."""
    batch = [qml.Rot([0.1, 0.1, 0.1], [0.2, 0.2, 0.3], 0.5, wires=0)]
    assert distinct_circuits([tape_of(batch[0])]) == 2
    two = qml.tape.QuantumScript(
        [qml.RX([0.1, 0.1, 0.1, 0.4], 0), qml.RY([0.2, 0.3, 0.2, 0.2], 0)], [qml.probs(wires=0)]
    )
    assert distinct_circuits([two]) == 3


def test_what_does_not_change_the_circuit_does_not_change_the_name():
    for tape in DIFFERENT:
        copy = tape.copy(copy_operations=True)
        copy.trainable_params = []
        assert circuit_key(copy) == circuit_key(tape)
    # PennyLane labels every measurement in the middle at random
    assert circuit_key(middle()) == circuit_key(middle())
    for function in (lambda a, b: a + b, lambda a, b: a - 2 * b):
        # ten of each, because PennyLane orders outcomes by these labels
        assert len({circuit_key(middle(function=function)) for _ in range(10)}) == 1
    zero = [tape_of(qml.RX(x, 0)) for x in (0.0, -0.0, np.float64(0), np.array(0.0))]
    assert len({circuit_key(tape) for tape in zero}) == 1


@pytest.mark.interfaces
def test_numbers_of_other_libraries_have_the_same_name():
    import jax.numpy as jnp
    import torch

    numbers = [0.25, np.array(0.25), jnp.array(0.25), torch.tensor(0.25, requires_grad=True)]
    numbers.append(qml.numpy.array(0.25, requires_grad=True))
    assert len({circuit_key(tape_of(qml.RX(x, 0))) for x in numbers}) == 1


def test_names_are_the_same_in_another_process():
    code = (
        "import pennylane as qml\n"
        "from pennylane_trainability.keys import circuit_key\n"
        "H = qml.Hamiltonian([0.5, 1.0], [qml.Z(0), qml.X(0) @ qml.Y(1)])\n"
        "op = qml.Rot(0.1, 0.2, 0.3, wires='a')\n"
        "print(circuit_key(qml.tape.QuantumScript([op], [qml.expval(H)], shots=100)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == circuit_key(tape_of(BASE, qml.expval(H)))


def test_what_has_no_name_is_refused():
    op = qml.RX(0.1, 0)
    op.hyperparameters["function"] = lambda x: x
    with pytest.raises(pt.ReadingError, match=r"with function .* cannot be stored"):
        circuit_key(tape_of(op))


def test_devices_differ_by_what_they_measure_and_not_by_their_seed():
    def digest(name="default.mixed", **options):
        return description(qml.device(name, **{"wires": 2, **options})).digest

    assert digest(seed=1) == digest(seed=2)
    assert len({digest(), digest(wires=3), digest(readout_prob=0.1), digest("default.qubit")}) == 4
