"""Which symmetries does a circuit have, and what is the ansatz that makes use of all of them?"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pennylane_trainability.circuits.arguments import Arguments
from pennylane_trainability.circuits.conserved import (
    Conserved,
    PlacedRotation,
    conserved,
    placed_rotations,
)
from pennylane_trainability.circuits.pauli import letters
from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.circuits.qnode import Reading, function_of, probe_call, trace_call
from pennylane_trainability.circuits.reading import tape_of
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.repair.promotion import Promotion
from pennylane_trainability.repair.reduced import Plan, reduced_function, with_function
from pennylane_trainability.repair.replay import Step, angle_values, moved_by, replay, steps_of

__all__ = ["promote"]


def promote(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    max_symmetries: int | None = None,
    max_parameters: int = 100_000,
):
    r"""Which Pauli symmetries does a circuit have, and what is its ansatz with all of them used?

    A Pauli word :math:`S` that commutes with every trainable rotation, with all that stands behind
    the first one, and with what is measured is a symmetry. They are the kernel of a matrix over two
    elements; of them as many commuting ones are kept as there can be, a group of :math:`2^s`. In
    the promoted circuit a rotation by :math:`P` becomes a block of rotations by :math:`S_j P`,
    :math:`j = 1, \dots, 2^s`, each with a parameter of its own, which is the
    :class:`~pennylane_trainability.StabilizerLogicalProduct` of the circuit (Chinzei et al.,
    arXiv:2406.18316). It has the same symmetries, and all derivatives of a block are read from one
    circuit. All other gates stay where they are: data, Clifford gates, fixed rotations. Words are
    carried to their place through the Clifford gates before it.

    Args:
        qnode: a QNode on any device; it is not run. Its trainable gates are products of commuting
            Pauli rotations; a gate of several words becomes several blocks.
        argnums: the trainable arguments; see :func:`qfim`.
        encoding_args: data arguments, which the promoted QNode takes like this one does.
        max_symmetries: use at most this many independent symmetries.
        max_parameters: refuse more parameters.

    Returns:
        A function of the QNode's arguments that returns a :class:`Promotion` with the promoted
        QNode on the same device, with the same shots, interface and differentiation method.

    Raises:
        ReadingError: a trainable gate is no product of commuting Pauli rotations, or a measurement
            is not made of Pauli words.
        BudgetError: there would be more parameters than allowed.

    **Cost.** No circuits.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.AngleEmbedding(x, wires=range(2))
    ...     qml.IsingXX(weights[0], wires=[0, 1])
    ...     qml.IsingYY(weights[1], wires=[0, 1])
    ...     return qml.expval(qml.Z(0) @ qml.Z(1))
    >>> x, weights = np.array([0.3, 0.4]), np.array([0.1, 0.2])
    >>> promotion = pt.promote(circuit, argnums="weights")(x, weights)
    >>> print(promotion.heading())
    2 independent Pauli symmetries: 2 parameters become 8
    >>> larger = promotion.qnode
    >>> bool(np.isclose(larger(promotion.weights, x), circuit(x, weights)))
    True
    """
    if max_symmetries is not None and not (
        isinstance(max_symmetries, (int, np.integer)) and max_symmetries >= 0
    ):
        raise ValueError(f"max_symmetries needs a whole number ≥ 0; got {max_symmetries!r}.")

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> Promotion:
        points, reading, operators = _read(qnode, argnums, encoding_args, args, kwargs)
        found = conserved(reading.circuit, max_symmetries)
        blocks = tuple(placed_rotations(reading.circuit, found.generators))
        _check_size(len(blocks), len(found.generators), max_parameters)
        return _promotion(qnode, points, reading, operators, found, blocks)

    return run


def _read(qnode, argnums, encoding_args, args, kwargs) -> tuple[Points, Reading, list[Operator]]:
    """The circuit without the QNode's own transforms, and the operators it was read from."""
    bare = copy.copy(qnode)
    bare._compile_pipeline = qml.CompilePipeline()
    points = read_points(bare, args, kwargs, argnums, encoding_args)
    single = points.reading.arguments
    if points.reading.traced:
        reading = trace_call(bare, single)
        return points, reading, list(reading.queued)
    reading = probe_call(bare, single, ReadingError("The circuit could not be traced."))
    return points, reading, _queued(qnode.func, single)


def _queued(function: Callable, arguments: Arguments) -> list[Operator]:
    numbers = arguments.numeric(arguments.parameters, arguments.inputs, like=True)
    return list(tape_of(function, *numbers).operations)


def _check_size(n_blocks: int, n_symmetries: int, allowed: int) -> None:
    if n_blocks << n_symmetries > allowed:
        raise BudgetError(
            f"{n_symmetries} independent symmetries make {n_blocks << n_symmetries} parameters of "
            f"{n_blocks} rotations, and {allowed} are allowed. Use fewer with max_symmetries=…, or "
            "allow more with max_parameters=…."
        )


def _promotion(
    qnode, points: Points, reading: Reading, operators, found: Conserved, blocks
) -> Promotion:
    circuit, arguments = reading.circuit, reading.arguments
    steps = steps_of(operators, circuit, reading.traced)
    angles = angle_values(_queued(qnode.func, arguments), steps, reading.traced)
    given = {gate: float(qml.math.toarray(angle)) for gate, angle in angles.items()}
    weights = np.zeros((len(blocks), 1 << len(found.generators)))
    weights[:, 0] = [block.coefficient * given[block.gate] for block in blocks]
    promoted = _Promoted(reading, steps, given, blocks)
    n = circuit.n_wires
    return Promotion(
        symmetries=tuple(letters(word, n) for word in found.generators),
        commutant=tuple(letters(word, n) for word in found.commutant),
        fixed=tuple(letters(word._replace(phase=0), n) for word in found.fixed),
        wires=tuple(circuit.wires),
        rotations=tuple(tuple(letters(word, n) for word in block.words) for block in blocks),
        weights=weights,
        parameters=arguments.parameter_labels(),
        notes=tuple(_notes(points, promoted, found)),
        qnode=with_function(qnode, promoted.function(qnode.func)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Promoted:
    """What the promoted quantum function needs."""

    reading: Reading
    steps: tuple[Step, ...]
    given: dict[int, float]
    blocks: tuple[PlacedRotation, ...]

    def function(self, original: Callable) -> Callable:
        """``(weights, *the other arguments)``."""
        arguments = self.reading.arguments
        frozen, nothing = _frozen(original, arguments, self.reading.traced)
        signature, first = _renamed(frozen.__signature__)  # type: ignore[attr-defined]

        @functools.wraps(original)
        def promoted(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            weights = bound.arguments[first]
            self._check(weights)
            bound.arguments[first] = nothing
            with qml.QueuingManager.stop_recording(), qml.queuing.AnnotatedQueue() as queue:
                returned = frozen(*bound.args, **bound.kwargs)
                tape = qml.tape.QuantumScript.from_queue(queue)
            for item in (*self.operators(tape.operations, weights), *tape.measurements):
                item.queue()  # not qml.apply, which copies what equals something in the queue
            return returned

        promoted.__signature__ = signature  # type: ignore[attr-defined]
        return promoted

    def _check(self, weights) -> None:
        expected = (len(self.blocks), len(self.blocks[0].words) if self.blocks else 1)
        shape = tuple(np.shape(weights))
        if len(shape) not in (2, 3) or shape[-2:] != expected:
            raise ReadingError(
                f"The promoted QNode needs weights of shape {expected}, or a batch of such arrays, "
                f"in its first argument, but got shape {shape}. Start from Promotion.weights."
            )

    def operators(self, operators, weights) -> list[Operator]:
        """The operators of the promoted circuit, from those of the original function."""
        batched = np.ndim(weights) > 2
        rows: dict[int, list[int]] = {}
        for row, block in enumerate(self.blocks):
            rows.setdefault(block.gate, []).append(row)

        def new(gate: int, angle) -> Iterator[Operator]:
            move = moved_by(angle, self.given[gate])
            for row in rows.get(gate, ()):
                block = self.blocks[row]
                for column, word in enumerate(block.words):
                    value = weights[:, row, column] if batched else weights[row, column]
                    if column == 0 and move is not None:
                        value = value + block.coefficient * move
                    yield from self._rotation(value, word)

        with qml.QueuingManager.stop_recording():
            circuit = self.reading.circuit
            return list(replay(operators, self.steps, self.reading.traced, circuit.gates, new))

    def _rotation(self, angle, word) -> Iterator[Operator]:
        """A rotation on the wires of its letters; none for the identity, which is a phase."""
        labels = self.reading.circuit.wires
        at = [w for w in range(len(labels)) if word.support >> w & 1]
        text = letters(word, len(labels))
        if at:
            yield qml.PauliRot(angle, "".join(text[w] for w in at), wires=[labels[w] for w in at])


def _frozen(original: Callable, arguments: Arguments, traced: bool) -> tuple[Callable, object]:
    """The function with its trainable numbers at the values given, and its empty first argument."""
    nothing = np.zeros(0)
    interfaces = {qml.math.get_interface(leaf.original) for leaf in arguments.leaves}
    if not traced:  # functions of one interface alone, such as jnp.sin, need its arrays
        for name in interfaces & {"jax", "torch"}:
            nothing = qml.math.asarray(nothing, like=name)
    plan = Plan(arguments, (), arguments.parameters)
    return reduced_function(original, plan), nothing


def _renamed(signature: inspect.Signature) -> tuple[inspect.Signature, str]:
    """The signature with its first argument called ``weights``, where that name is free."""
    first, *rest = signature.parameters.values()
    name = "weights"
    while name in {parameter.name for parameter in rest}:
        name = f"promoted_{name}"
    return signature.replace(parameters=[first.replace(name=name), *rest]), name


def _notes(points: Points, promoted: _Promoted, found: Conserved) -> Iterator[str]:
    if found.is_choice:
        yield (
            "other commuting symmetries could have been kept: the symmetries found do not all "
            "commute, or there are more than were asked for"
        )
    idle = sum(any(not word.support for word in block.words) for block in promoted.blocks)
    if idle:
        yield (
            f"{idle} rotations are by symmetries themselves; nothing that is measured sees their "
            "blocks"
        )
    gates = promoted.reading.circuit.gates
    entered = [p for block in promoted.blocks for p in gates[block.gate].angles[0].parameters]
    if len(set(entered)) < len(entered):
        yield "a parameter that entered several rotations is replaced by one for each of them"
    moved = _moved_by_data(points, promoted)
    if moved:
        yield (
            f"the angles of {', '.join(moved)} depend on data too; they go on to do so as at the "
            "parameters given, and the new parameters are added"
        )


def _moved_by_data(points: Points, promoted: _Promoted) -> list[str]:
    """Trainable gates whose angles change with the data; looked for by changing the data."""
    call, circuit = points.call, promoted.reading.circuit
    moved: set[int] = set()
    for data in _other_data(call.inputs) if call.inputs.size else ():
        try:
            numbers = call.numeric(call.parameters, data, like=True)
            with np.errstate(all="ignore"):  # an angle that is no number has not been seen to move
                operators = tape_of(points.reading.qnode.func, *numbers).operations
            angles = angle_values(operators, promoted.steps, promoted.reading.traced)
        except Exception:  # these data are none that the function takes
            continue
        moves = {k: qml.math.toarray(a) - promoted.given[k] for k, a in angles.items()}
        moved |= {k for k, move in moves.items() if np.max(np.abs(move)) > 1e-9}
    return [f"{circuit.gates[k].name} (gate {k})" for k in sorted(moved)]


def _other_data(inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    """Other data; a function may refuse some, so states keep their norm, shares stay below 1."""
    shifted = inputs + np.random.default_rng(0).uniform(0.1, 1.0, inputs.size)
    flipped = inputs * np.where(np.arange(inputs.size) % 2, 1.0, -1.0)  # the first at least
    return shifted, flipped, 0.7 * inputs
