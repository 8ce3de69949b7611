"""How many components of the gradient can one measurement give, at best?"""

from __future__ import annotations

import functools

import numpy as np
from pennylane.measurements import ExpectationMP

from pennylane_trainability.circuits.circuit import Circuit, take_draws
from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.circuits.qnode import Reading, function_of, probe_call, trace_call
from pennylane_trainability.diagnostics.closure import closure_dimension, generators_of
from pennylane_trainability.diagnostics.efficiency_record import GradientEfficiency
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.results import Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.heisenberg import gradient_operators
from pennylane_trainability.simulation.observables import Output, outputs_of
from pennylane_trainability.statistics.commuting_sets import (
    clique_partition,
    commutator_sizes,
    independent_number,
)
from pennylane_trainability.transforms.engines import device_name

__all__ = ["gradient_efficiency"]

_ZERO = 1e-11  # of the size of the observable


def gradient_efficiency(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    n_draws: int = 2,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    tolerance: float = 1e-9,
    max_dimension: int = 1000,
    memory: int = DEFAULT_MEMORY,
):
    r"""How many components of the gradient can one measurement give, at best?

    The derivative by a parameter is the mean of its gradient operator in the state the circuit
    starts from,

    .. math::

        \partial_p \langle O \rangle = \mathrm{Tr}[\rho\, \Gamma_p(\theta)], \qquad
        \Gamma_p(\theta) = \partial_p\, U^\dagger(\theta) O U(\theta),

    and components can be measured together, in one copy of the state, if their operators commute
    for all parameters. With :math:`M_L` the fewest sets of commuting ones among :math:`L`
    components, :math:`\mathcal{F}^{(L)} = L/M_L` is the gradient measurement efficiency, and for
    deep circuits of Pauli rotations and a Pauli observable

    .. math::

        \mathcal{F} \le \mathcal{X} \le \frac{4^n}{\mathcal{F}} - \mathcal{F}

    with the dimension :math:`\mathcal{X}` of the dynamical Lie algebra (Chinzei, Yamano, Tran,
    Endo, Oshima, arXiv:2406.18316). The bound is about sharp measurements of one copy: schemes
    whose outcomes are less sharp can read components together that do not commute.

    Operators are dense matrices. Whether they commute is seen at parameter draws: commutators are
    analytic, so that one that is zero at a generic point is zero everywhere. The partition takes
    out the largest commuting set again and again, which need not give the fewest sets; the result
    says when it does.

    Args:
        qnode: a QNode that returns one expectation value, on any device; it is not run.
        argnums: the trainable arguments; see :func:`qfim`.
        encoding_args: data arguments, left as they are.
        n_draws: parameter draws; the values given are not used. At least 1.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of the draws; drawn and kept if ``None``.
        tolerance: commutators up to this, relative to their factors, are zero.
        max_dimension: stop the closure of the Lie algebra beyond this; it is then a lower bound.
        memory: bytes the operators may take.

    Returns:
        A function of the QNode's arguments that returns a :class:`GradientEfficiency`.

    Raises:
        ReadingError: the QNode returns something else, the call broadcasts, a gate is no unitary,
            or no component differs from zero.
        BudgetError: the operators do not fit the memory.

    **Cost.** No circuits: :math:`P\,8^n + P^2 4^n` operations for each draw, :math:`32 P\,4^n`
    bytes.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> stabilizers, logicals = pt.StabilizerLogicalProduct.brick_wall(n_wires=4, n_layers=12)
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     pt.StabilizerLogicalProduct(weights, stabilizers, logicals, wires=range(4))
    ...     return qml.expval(qml.X(0) @ qml.X(1))
    >>> found = pt.gradient_efficiency(circuit, seed=1)(np.zeros((24, 4)))
    >>> print(found.heading())
    Gradient measurement efficiency 4.174 at this depth: 96 components in 23 sets
    >>> found.dimension, round(found.largest_efficiency, 9)
    (60, 4.0)
    """
    _check(n_draws, tolerance, max_dimension)
    entropy = kept_seed(seed)

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> GradientEfficiency:
        reading = _read(qnode, argnums, encoding_args, args, kwargs)
        circuit, output = reading.circuit, _single_output(reading.circuit)
        rng = np.random.default_rng(entropy)
        drawn = draw(law or Uniform(), circuit, reading.arguments.parameters, n_draws, rng)
        sizes, zero = _commutators(reading, output, drawn, memory, rng)
        if zero.all():
            raise ReadingError(
                "gradient_efficiency() needs a component that differs from zero, but the "
                "observable depends on no trainable parameter. See analyze() for the reasons."
            )
        return GradientEfficiency(
            **_sets(sizes, zero, tolerance),
            **_algebra(circuit, max_dimension),
            n_wires=circuit.n_wires,
            tolerance=float(tolerance),
            parameters=reading.arguments.parameter_labels(),
            law=f"{n_draws} draws, {getattr(law, '__name__', str(law or Uniform()))}",
            notes=_notes(circuit),
            provenance=Provenance(
                seed=entropy, n_samples=n_draws, device=device_name(qnode.device), engine="exact"
            ),
        )

    return run


def _check(n_draws, tolerance: float, max_dimension: int) -> None:
    if isinstance(n_draws, bool) or not isinstance(n_draws, (int, np.integer)) or n_draws < 1:
        raise ValueError(f"n_draws needs a whole number ≥ 1; got {n_draws!r}.")
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance needs a number between 0 and 1; got {tolerance!r}.")
    if max_dimension < 1:
        raise ValueError(f"max_dimension needs a whole number ≥ 1; got {max_dimension!r}.")


def _read(qnode, argnums, encoding_args, args, kwargs) -> Reading:
    points = read_points(qnode, args, kwargs, argnums, encoding_args)
    if points.batch is not None:
        raise ReadingError(
            "gradient_efficiency takes one point, and this call has a broadcasting axis; call it "
            "once for each entry. Parameters are drawn by it (n_draws=…)."
        )
    if not points.parameters.size:
        raise ReadingError(
            "gradient_efficiency() needs trainable parameters; pass them as floating-point "
            "arguments, or name them with argnums."
        )
    single = points.reading.arguments
    if points.reading.traced:
        return trace_call(qnode, single)
    return probe_call(qnode, single, ReadingError("It could not be traced."))


def _single_output(circuit: Circuit) -> Output:
    outputs = outputs_of(circuit)
    if len(outputs) != 1 or not isinstance(circuit.measurements[0], ExpectationMP):
        raise ReadingError(
            "gradient_efficiency() takes one expectation value, but the QNode returns "
            f"{', '.join(map(str, circuit.measurements))}. Return one qml.expval(…); several "
            "observables can be analysed one after the other."
        )
    return outputs[0]


def _commutators(
    reading: Reading, output: Output, drawn, memory: int, rng
) -> tuple[np.ndarray, np.ndarray]:
    """The largest relative commutators over the draws ``(L, L)``, and which components vanish."""
    none = np.zeros((len(drawn), 0))  # data of one point are constants
    at_draws = reading.at(drawn, none, paired=True)
    identity = np.eye(2**at_draws.n_wires)
    size = np.linalg.norm(output.operators[0](identity)) / np.sqrt(len(identity))
    largest = np.zeros((drawn.shape[1],) * 2)
    norms = np.zeros(drawn.shape[1])
    for number in range(len(drawn)):
        here = take_draws(at_draws, np.array([number]))
        operators = gradient_operators(here, output, memory)
        found, sizes = commutator_sizes(operators, rng, _ZERO * size)
        np.maximum(largest, found, out=largest)
        np.maximum(norms, sizes, out=norms)
    return largest, norms <= _ZERO * size


def _sets(sizes: np.ndarray, zero: np.ndarray, tolerance: float) -> dict:
    commuting = sizes <= tolerance
    other = sizes[~commuting]
    return {
        "commuting": commuting,
        "groups": clique_partition(commuting),
        "least_groups": independent_number(commuting),
        "zero": tuple(int(p) for p in np.flatnonzero(zero)),
        "gap": (float(np.max(sizes[commuting])), float(np.min(other)) if len(other) else np.nan),
    }


def _algebra(circuit: Circuit, budget: int) -> dict:
    """The dimension of the Lie algebra, and what of the theorem's conditions is not met."""
    generators, others = generators_of(circuit)
    dimension, complete = None, False
    if generators:
        dimension, complete = closure_dimension(generators, circuit.n_wires, budget)
    exceptions = []
    if not generators or any(len(generator) > 1 for generator in generators) or _tied(circuit):
        exceptions.append("a parameter of its own for every Pauli rotation")
    if others:
        exceptions.append("no rotations by fixed or data angles among the trainable ones")
    words = circuit.measurements[0].obs.pauli_rep
    if words is None or sum(bool(word) for word in words) != 1:
        exceptions.append("a single Pauli word as observable")
    return {"dimension": dimension, "complete": complete, "exceptions": tuple(exceptions)}


def _tied(circuit: Circuit) -> bool:
    """Whether a parameter enters several gates, or a gate several parameters."""
    entered = [tuple(a.parameters) for gate in circuit.gates for a in gate.angles if a.parameters]
    flat = [p for own in entered for p in own]
    return len(flat) != len(set(flat)) or any(len(own) > 1 for own in entered)


def _notes(circuit: Circuit) -> tuple[str, ...]:
    notes = []
    if _tied(circuit):
        notes.append(
            "the Lie algebra is that of single gates; a circuit with tied parameters may reach less"
        )
    if generators_of(circuit)[1]:
        notes.append("rotations by fixed or data angles count as generators of the Lie algebra")
    return tuple(notes)
