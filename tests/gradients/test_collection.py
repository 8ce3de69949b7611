"""Searches for cyclic garbage are left out while circuits are planned, and come back."""

import gc

import pennylane as qml
import pytest

from pennylane_trainability.transforms.gradient_circuits.collection import uncollected


@pytest.mark.parametrize("on", [True, False])
def test_what_was_switched_on_or_off_is_so_again(on):
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with uncollected():
            assert not gc.isenabled()
        assert gc.isenabled() is on
        with pytest.raises(KeyError), uncollected():
            raise KeyError
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()


def test_gradients_leave_collection_as_it_is():
    tape = qml.tape.QuantumScript([qml.RX(0.3, 0)], [qml.expval(qml.Z(0))])
    qml.gradients.dla_grad(tape)
    assert gc.isenabled()
