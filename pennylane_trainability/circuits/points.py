"""A QNode at one or several parameter points, for quantities that need no Fourier inputs.

Arguments are trainable or data. Data are left as they are; where the call broadcasts, the points
are the entries of the broadcasting axis, parameters and data paired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.circuits.arguments import (
    Arguments,
    Leaf,
    is_differentiated,
    is_jax_tracer,
)
from pennylane_trainability.circuits.batching import Batch, carriers, find_batch, point_of
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import (
    Reading,
    probe_call,
    refuse_capture,
    trace_call,
    without_tracing,
)
from pennylane_trainability.circuits.resolution import resolve_arguments
from pennylane_trainability.circuits.stacking import stack
from pennylane_trainability.errors import ReadingError

__all__ = ["Points", "read_points"]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A QNode read at the points of one call.

    Attributes:
        reading: the QNode at the first point; measurements and the return value are left out
            unless they were asked for.
        parameters: flat trainable parameters of every point, ``(D, P)``.
        inputs: data that are paired with them, ``(D, I)``; data that are the same at all points
            are constants of the circuit, unless somebody differentiates or compiles through them.
        batch: size of the broadcasting axis, ``None`` if the call has none; then ``D = 1``.
        circuit: the circuit, its angles broadcast to ``(D, 1)``.
        call: the arguments as the user passed them, broadcasting axis included.
        parameter_index: ``(D, P)``, where every parameter stands among the numbers of the call.
        input_index: ``(D, I)``, the same for the inputs.
        one_by_one: whether every point was read for itself, because data with a broadcasting axis
            are more than gate angles; then ``circuit.preparation`` may broadcast, too.
    """

    reading: Reading
    parameters: np.ndarray
    inputs: np.ndarray
    batch: int | None
    circuit: Circuit
    call: Arguments = field(repr=False)
    parameter_index: np.ndarray = field(repr=False)
    input_index: np.ndarray = field(repr=False)
    one_by_one: bool = False

    @property
    def numbers(self) -> np.ndarray:
        """All numbers of the leaves of :attr:`call`, flat."""
        return _numbers(self.call)

    def at(self, numbers: np.ndarray) -> Circuit:
        """The circuit with other numbers in the call, flat as in :attr:`numbers`.

        Raises:
            NotImplementedError: data prepare states or cannot be traced, so that the points were
                read one by one.
        """
        if np.array_equal(numbers, self.numbers):
            return self.circuit
        if self.one_by_one:
            raise NotImplementedError(
                "Data with a broadcasting axis are used for something else than gate angles, which "
                "cannot be compiled. Call it outside jit, or once for each point."
            )
        parameters, inputs = numbers[self.parameter_index], numbers[self.input_index]
        return self.reading.at(parameters, inputs, paired=True)


def read_points(
    qnode,
    args: tuple,
    kwargs: dict,
    argnums=None,
    encoding_args=None,
    differentiable: bool = False,
    measured: bool = False,
) -> Points:
    """Read a QNode at the parameter point(s) of one call; nothing of the user's is changed.

    Args:
        qnode: the QNode.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every floating
            argument, except data and PennyLane tensors marked ``requires_grad=False``.
        encoding_args: name(s) or position(s) of data arguments, or ``{name: indices}``, which are
            not differentiated.
        differentiable: whether the caller can be compiled or differentiated; otherwise arguments
            that are being traced, which have no numbers, are an error.
        measured: whether measurements belong to the circuit; otherwise it does not matter what the
            QNode returns.

    Returns:
        Points: the points and the circuit.

    Raises:
        ReadingError: the arguments or gates do not say what depends on what.
        NotImplementedError: under program capture, or inside ``jit`` or ``grad``.
    """
    refuse_capture()
    call = resolve_arguments(
        qnode.func, args, kwargs, encoding_args, argnums, need_inputs=False, rest_is_input=True
    )
    if not differentiable and any(is_differentiated(leaf.original) for leaf in call.leaves):
        raise NotImplementedError(
            "This result has numbers that cannot be differentiated or compiled; call it outside "
            "jit, vmap and grad."
        )
    with without_tracing(call):  # JAX stages even what is done with constants
        return _read_call(qnode, call, measured)


def _read_call(qnode, call: Arguments, measured: bool) -> Points:
    """At one point, or at all entries of a broadcasting axis if an operator has several values."""
    single = point_of(call, None, 0, False)
    try:
        reading = trace_call(qnode, single, measured=measured)
        if not _broadcasts(reading.circuit):
            return _points(call, None, reading, reading.circuit)
        first: Exception = ReadingError("An operator broadcasts.")
    except Exception as error:
        first = error
    batch = find_batch(qnode.func, call, qnode.compile_pipeline)
    if batch is not None:
        return _read_batch(qnode, call, batch, measured)
    if isinstance(first, ReadingError):
        raise first
    reading = probe_call(qnode, single, first, measured=measured)
    return _points(call, None, reading, reading.circuit)


def _broadcasts(circuit: Circuit) -> bool:
    """Whether an operator without traced parameters has several values."""
    fixed = [gate.op for gate in circuit.gates if not gate.angles and gate.op.num_params]
    return any(op.batch_size is not None for op in (*circuit.preparation, *fixed))


def _points(
    call: Arguments, batch: Batch | None, reading: Reading, circuit: Circuit | None = None
) -> Points:
    """The points; without a circuit the reading at one point is carried over to all of them."""
    parameters = _index(call, batch, reading.arguments, lambda leaf: leaf.parameter_mask)
    inputs = _index(call, batch, reading.arguments, lambda leaf: leaf.is_input)
    numbers = _numbers(call)
    one_by_one = circuit is not None and batch is not None
    if circuit is None:
        circuit = reading.at(numbers[parameters], numbers[inputs], paired=True)
    return Points(
        reading=reading,
        parameters=numbers[parameters],
        inputs=numbers[inputs],
        batch=batch[0] if batch else None,
        circuit=circuit,
        call=call,
        parameter_index=parameters,
        input_index=inputs,
        one_by_one=one_by_one,
    )


def _numbers(call: Arguments) -> np.ndarray:
    parts = [leaf.value.reshape(-1) for leaf in call.leaves]
    return np.concatenate(parts) if parts else np.zeros(0)


def _index(call: Arguments, batch: Batch | None, here: Arguments, mask: Callable) -> np.ndarray:
    """Where the entries that a mask picks at one point stand among the numbers of the call."""
    carrying = carriers(call, batch)
    own = {leaf.label: leaf for leaf in here.leaves}
    size = batch[0] if batch else 1
    parts, start = [np.zeros((size, 0), int)], 0
    for leaf in call.leaves:
        stop = start + leaf.value.size
        place = np.arange(start, stop).reshape(leaf.value.shape)
        start = stop
        if leaf.label in own:
            picked = mask(own[leaf.label])
            found = place[:, picked] if id(leaf) in carrying else place[picked][None]
            parts.append(np.broadcast_to(found, (size, found.shape[1])))
    return np.concatenate(parts, axis=1)


def _read_batch(qnode, call: Arguments, batch: Batch, measured: bool) -> Points:
    """All entries of a broadcasting axis at once; one by one where that does not work."""
    if mixed := [call.leaves[k].label for k in batch[1] if _is_mixed(call.leaves[k])]:
        raise ReadingError(
            f"{mixed[0]} carries a broadcasting axis and holds both data and trainable parameters; "
            "split it into two arguments, or call the QNode once for each point."
        )
    single = point_of(call, batch, 0, False)
    try:
        return _points(call, batch, _read(qnode, single, measured))
    except Exception as error:
        if any(is_jax_tracer(leaf.original) for leaf in call.leaves):
            raise NotImplementedError(
                "This call broadcasts, and it cannot be compiled because its gates could not be "
                f"read with its arguments traced: {error} Call it outside jit, vmap and grad, or "
                "once for each point."
            ) from error
    readings = [_read(qnode, point_of(call, batch, d, True), measured) for d in range(batch[0])]
    return _points(call, batch, readings[0], stack([r.circuit for r in readings]))


def _is_mixed(leaf: Leaf) -> bool:
    return bool(leaf.is_input.any() and leaf.parameter_mask.any())


def _read(qnode, single: Arguments, measured: bool) -> Reading:
    try:
        return trace_call(qnode, single, measured=measured)
    except ReadingError:
        raise
    except Exception as error:
        return probe_call(qnode, single, error, measured=measured)
