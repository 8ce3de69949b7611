"""A PennyLane tape as the record of a circuit, one flat parameter per trainable number."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pennylane as qml
from autograd.tracer import isbox
from pennylane.operation import Operator, StatePrepBase
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pennylane_trainability.circuits.arguments import is_jax_tracer, to_numpy
from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.expansion import ONE_ANGLE, expand
from pennylane_trainability.circuits.numeric import with_data
from pennylane_trainability.circuits.tracer import Traced
from pennylane_trainability.circuits.unitaries import FIXED_NAMES
from pennylane_trainability.errors import ReadingError

__all__ = ["circuit_of_tape", "is_plain", "plain"]

_PLAIN = frozenset({float, int, bool, complex, np.float64, np.int64, np.complex128, np.ndarray})


def circuit_of_tape(tape: QuantumScript, trainable: Collection[int]) -> Circuit:
    """Read a tape without running a function.

    Args:
        tape: gates with numbers of any interface. Gates of one angle that is no parameter may
            carry a broadcasting axis of size ``D``, and so may state preparations.
        trainable: positions of the scalar gate parameters that are differentiated, ascending.

    Returns:
        The circuit, ``P = len(trainable)``; the operators of its gates have plain numbers, except
        where a parameter is in a gate that had to be taken apart.

    Raises:
        ReadingError: a trainable parameter is no scalar gate angle, or carries a broadcasting axis;
            or a gate cannot be read.
        NotImplementedError: a parameter is being traced by JAX.
    """
    position = {label: w for w, label in enumerate(tape.wires)}
    number = {j: p for p, j in enumerate(trainable)}
    preparation: list[Operator] = []
    gates: list[Gate] = []
    j = 0
    for op in tape.operations:
        own = [number.get(j + k) for k in range(len(op.data))]
        j += len(op.data)
        known = _simple(op, own, position)
        if known is not None:
            gates += known
            continue
        prepared, parts = expand([_variable(op, own)], position.__getitem__)
        if prepared and any({position[w] for w in op.wires} & set(g.wires) for g in gates):
            raise ReadingError(f"{op.name} prepares a state after gates have acted on its wires.")
        preparation += prepared
        gates += parts
    _refuse_others(tape, [t for t in trainable if t >= j])
    return Circuit(
        tuple(preparation), tuple(gates), tuple(tape.measurements),
        Wires(list(tape.wires)), len(number), 0,
    )  # fmt: skip


def _simple(op: Operator, own: list[int | None], position: dict) -> list[Gate] | None:
    """Gates that need no taking apart."""
    name = op.name
    if name in FIXED_NAMES:
        return [Gate(op, tuple([position[w] for w in op.wires]))]
    if name == "Rot" or name in ONE_ANGLE:
        wires = tuple([position[w] for w in op.wires])
        angles = [_angle(value, p, op) for value, p in zip(op.data, own, strict=True)]
        if name == "Rot":
            kinds = ("RZ", "RY", "RZ")
            return [Gate(op, wires, (a,), k) for a, k in zip(angles, kinds, strict=True)]
        return [Gate(op, wires, (angles[0],))]
    return None


def _angle(value, parameter: int | None, op: Operator) -> Angle:
    number = _number(value)
    if isinstance(number, float):
        return Angle(number) if parameter is None else Angle(number, {parameter: 1.0})
    if parameter is not None or number.ndim > 1:
        raise ReadingError(
            f"{op.name} on wires {op.wires.tolist()} has a trainable parameter with a broadcasting "
            "axis, which is not differentiated; call it once for each entry of the axis."
        )
    return Angle(number.reshape(-1, 1))


def _number(value) -> float | np.ndarray:
    if type(value) is float:
        return value
    if is_jax_tracer(value):
        raise NotImplementedError(
            "This gradient cannot be differentiated or compiled: its circuits are made of "
            "numbers. Use it as diff_method of a QNode, which may be compiled, with max_diff=1."
        )
    found = to_numpy(value)
    return found if found.ndim else float(found)


def _variable(op: Operator, own: list[int | None]) -> Operator:
    """The operator with tracers for its trainable parameters and plain numbers for the others."""
    if not op.data or not (any(p is not None for p in own) or not is_plain(op)):
        return op
    data: list = []
    for value, p in zip(op.data, own, strict=True):
        if p is None:
            data.append(plain(value))
        elif qml.math.ndim(value) or isinstance(op, StatePrepBase):
            raise ReadingError(
                f"{op.name} on wires {op.wires.tolist()} has a trainable parameter that is no gate "
                "angle. Leave it out of tape.trainable_params, or choose the parameters with "
                "argnums."
            )
        else:
            data.append(Traced(np.full((1, 1), _number(value)), {p: 1.0}))
    with qml.QueuingManager.stop_recording():
        return with_data(op, data)


def plain(value):
    """The numbers of a gate parameter of any interface, real or complex."""
    if type(value) in _PLAIN:
        return value
    if is_jax_tracer(value):
        return _number(value)  # says what to do
    while isbox(value):
        value = value._value
    if qml.math.get_interface(value) == "torch":
        value = value.detach().cpu().numpy()
    found = np.array(value)
    return found if found.ndim else found.item()


def is_plain(op: Operator) -> bool:
    """Whether all parameters of an operator are plain numbers or NumPy arrays."""
    return all(type(value) in _PLAIN for value in op.data)


def _refuse_others(tape: QuantumScript, positions: list[int]) -> None:
    if not positions:
        return
    if positions[-1] >= len(tape.par_info):
        raise ReadingError(
            f"The tape has {len(tape.par_info)} parameters, numbered from 0; {positions[-1]} is "
            "none of them. Correct argnums or tape.trainable_params."
        )
    observable = tape.par_info[positions[0]]["op"]
    raise ReadingError(
        f"Parameter {positions[0]} of the tape is a coefficient of {observable}, not a gate angle. "
        "Leave it out of tape.trainable_params, or multiply the results outside."
    )
