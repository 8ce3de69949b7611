"""From the operators a user's function queues to gates with at most one angle each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from pennylane import adjoint, ctrl
from pennylane.operation import Channel, Operator, StatePrepBase
from pennylane.ops import MidMeasure
from pennylane.ops.op_math import Adjoint, Controlled, Exp
from pennylane.ops.op_math.evolution import Evolution
from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.circuit import Angle, Gate
from pennylane_trainability.circuits.tracer import Traced, UntraceableError, holds_objects
from pennylane_trainability.circuits.unitaries import FIXED_NAMES
from pennylane_trainability.errors import ReadingError

__all__ = ["ONE_ANGLE", "expand"]

#: Single-parameter gates used as they are; everything else with a generator joins them when met.
ONE_ANGLE = frozenset(
    [
        "RX",
        "RY",
        "RZ",
        "PhaseShift",
        "U1",
        "CRX",
        "CRY",
        "CRZ",
        "ControlledPhaseShift",
        "MultiRZ",
        "PauliRot",
        "IsingXX",
        "IsingYY",
        "IsingZZ",
        "IsingXY",
        "SingleExcitation",
        "SingleExcitationPlus",
        "SingleExcitationMinus",
        "DoubleExcitation",
        "DoubleExcitationPlus",
        "DoubleExcitationMinus",
        "OrbitalRotation",
        "FermionicSWAP",
    ]
)
_SKIPPED = frozenset({"Barrier", "WireCut", "Snapshot", "Identity", "GlobalPhase"})
#: Gates with several angles that are differentiated as a whole.
_SEVERAL_ANGLES = frozenset({"SpecialUnitary"})
#: Preparations that density-matrix simulators alone can do.
_MIXED_STATES = frozenset({"QubitDensityMatrix"})
_MAX_MATRIX_WIRES = 6


def expand(operations: list[Operator], position: Callable) -> tuple[list[Operator], list[Gate]]:
    """State preparation and gates of a list of operators.

    Args:
        operations: what was queued; parameters are numbers or tracers.
        position: wire label → position.

    Returns:
        the operators that prepare the initial state, and the gates in order.

    Raises:
        ReadingError: an operator is no gate, or depends on a traced argument in a way no rule
            covers.
    """
    with QueuingManager.stop_recording():
        return _collect(operations, position)


def _collect(operations, position):
    preparation: list[Operator] = []
    gates: list[Gate] = []
    for op in operations:
        for part in _walk(op, position):
            if isinstance(part, Gate):
                gates.append(part)
            elif gates and not all(
                g.wires and not set(g.wires) & _positions(part, position) for g in gates
            ):
                raise ReadingError(
                    f"{part.name} prepares a state after gates have acted on its wires."
                )
            else:
                preparation.append(part)
    return preparation, gates


def _positions(op, position):
    return {position(w) for w in op.wires}


def _walk(op: Operator, position, depth: int = 0) -> Iterator[Gate | Operator]:
    name = op.name
    if name in _SKIPPED and not _traced(op):
        return
    wires = tuple([position(w) for w in op.wires])
    if name in FIXED_NAMES:
        yield Gate(op, wires)
    elif name in ONE_ANGLE:
        yield Gate(op, wires, (_angle(op.data[0], op),))
    elif name == "Rot":
        for kind, data in zip(("RZ", "RY", "RZ"), op.data, strict=True):
            yield Gate(op, wires, (_angle(data, op),), kind)
    elif isinstance(op, StatePrepBase) or name in _MIXED_STATES:
        if _traced(op):
            raise ReadingError(
                f"{name} prepares a state from an argument of the QNode; only gates can depend on "
                "inputs or trainable parameters. Encode with rotations, or exclude the argument "
                "with argnums."
            )
        yield op
    elif name in _SEVERAL_ANGLES:
        if np.ndim(op.data[0]) > op.ndim_params[0]:
            raise _Batched(op)
        flat = np.ravel(np.asarray(op.data[0], dtype=object))
        yield Gate(op, wires, tuple(_angle(a, op) for a in flat))
    else:
        yield from _walk_other(op, wires, position, depth)


def _walk_other(op: Operator, wires, position, depth) -> Iterator[Gate | Operator]:
    traced = _traced(op)
    if not traced and (
        isinstance(op, Channel) or (op.has_matrix and len(wires) <= _MAX_MATRIX_WIRES)
    ):
        yield Gate(op, wires)
    elif traced and isinstance(op, Exp) and not _traced(op.base):
        yield _exponential(op, wires)
    elif op.num_params == 1 and tuple(op.ndim_params) == (0,) and op.has_generator:
        yield Gate(op, wires, (_angle(op.data[0], op),))
    elif (parts := _parts(op, traced)) is not None and depth < 50:
        for part in parts:
            yield from _walk(part, position, depth + 1)
    elif isinstance(op, MidMeasure):
        raise ReadingError(
            "Mid-circuit measurements are not read; apply qml.defer_measurements to the QNode "
            "first."
        )
    elif not traced:
        raise ReadingError(
            f"{op.name} is no gate that can be read: it has neither matrix nor decomposition."
        )
    else:
        raise ReadingError(
            f"{op.name} on wires {op.wires.tolist()} depends on an argument of the QNode, but has "
            "neither a generator nor a decomposition. Rewrite it with rotations, or exclude the "
            "argument with argnums."
        )


def _exponential(op: Exp, wires) -> Gate:
    """``exp(c·H)`` with imaginary ``c``, as the evolution ``exp(−i a H)`` by ``a = i c``."""
    angle = op.param if isinstance(op, Evolution) else op.coeff * 1j
    if not (op.base.is_verified_hermitian and np.allclose(np.imag(angle.value), 0.0)):
        raise ReadingError(
            f"{op.name} of {op.base} depends on an argument of the QNode but is not known to be "
            "unitary. Write it as qml.evolve(H, t) with a Hermitian H and a real t."
        )
    return Gate(Evolution(op.base, 1.0), wires, (_angle(angle.real, op),))


def _parts(op: Operator, traced: bool) -> list[Operator] | None:
    """A decomposition; controlled and inverted operators pass it on to their base."""
    base = getattr(op, "base", None)
    if traced and isinstance(op, Controlled) and base is not None and base.has_decomposition:
        wires, values = op.control_wires, op.control_values
        return [ctrl(part, wires, control_values=values) for part in base.decomposition()]
    if traced and isinstance(op, Adjoint) and base is not None and base.has_decomposition:
        return [adjoint(part) for part in reversed(base.decomposition())]
    try:
        return op.decomposition() if op.has_decomposition else None
    except TypeError as error:
        if traced:
            raise UntraceableError(
                f"{op.name} cannot be decomposed with traced parameters: {error}"
            ) from error
        raise


def _traced(op: Operator) -> bool:
    for data in op.data:
        if type(data) is Traced:
            return True
        if holds_objects(data):
            return True
    return False


def _angle(data, op: Operator) -> Angle:
    """An :class:`Angle` from a tracer, a 0-d object array holding one, or a number."""
    if type(data) is not Traced:
        if holds_objects(data) and np.shape(data) == ():
            data = data.item()
        if type(data) is not Traced:
            if np.shape(data) != ():
                raise _Batched(op)
            return Angle(float(data))
    inputs = {-1 - k: v for k, v in data.slopes.items() if k < 0}
    if not inputs:
        return Angle(data.value, data.slopes, inputs, data.affine, data.linear)
    parameters = {k: v for k, v in data.slopes.items() if k >= 0}
    return Angle(data.value, parameters, inputs, data.affine, data.linear)


class _Batched(ReadingError):
    """A scalar gate received an array: the argument carries a broadcasting axis."""

    def __init__(self, op):
        super().__init__(
            f"{op.name} on wires {op.wires.tolist()} received an array where it needs a number: an "
            "argument carries a broadcasting axis. Pass a single input and single parameters."
        )
