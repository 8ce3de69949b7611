"""Which way to measure a gradient is the cheapest, and how cheap could it be?"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from pennylane_trainability.circuits.conserved import conserved
from pennylane_trainability.circuits.pauli import letters
from pennylane_trainability.circuits.points import Points, read_points
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.diagnostics.closure import Algebra, algebra_of, generators_of
from pennylane_trainability.diagnostics.gradient_efficiency import gradient_efficiency
from pennylane_trainability.diagnostics.gradient_plan_record import (
    GradientPlan,
    MethodCost,
    SymmetryGain,
)
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.transforms.engines import device_name, is_exact_simulator
from pennylane_trainability.transforms.gradient_circuits.adjoint_action import DEFAULT_MAX_WORDS
from pennylane_trainability.transforms.gradient_circuits.answer import Question, question_of
from pennylane_trainability.transforms.gradient_circuits.choice import METHODS, How

__all__ = ["gradient_measurement_plan"]

#: Up to here gradient operators are made as dense matrices.
_MAX_WIRES, _MAX_PARAMETERS = 6, 256


def gradient_measurement_plan(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    error: float = 0.01,
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    aux_wire=None,
    max_words: int = DEFAULT_MAX_WORDS,
    max_dimension: int = 4096,
    seed: int | np.random.SeedSequence | None = None,
):
    r"""Which way to measure a gradient is the cheapest, and how cheap could it be?

    Plans the circuits of parameter shift, Hadamard tests, commuting sets and the dynamical Lie
    algebra for one gradient, and compares the shots for equal errors: a method with :math:`C`
    circuits and the linear map :math:`M` from the means of Pauli words to :math:`D` derivatives
    needs

    .. math:: N = \frac{C}{\varepsilon^2}\,\frac1D \sum_{d,t} M_{dt}^2

    shots in all for the root mean square standard error :math:`\varepsilon`, with equally many
    shots for every circuit and if every word has the variance of a fair coin (an upper bound for
    single words; outcomes of one circuit are taken as uncorrelated).

    What is possible at all with sharp measurements of one copy of the state is bounded by
    :math:`\mathcal F \le \mathcal X \le 4^n/\mathcal F - \mathcal F` for deep circuits (Chinzei et
    al., `arXiv:2406.18316 <https://arxiv.org/abs/2406.18316>`__), with the gradient measurement
    efficiency :math:`\mathcal F` (see :func:`gradient_efficiency`) and the dimension
    :math:`\mathcal X` of the dynamical Lie algebra. The methods here are less sharp, and the bound
    does not hold for them.

    Args:
        qnode: a QNode that returns expectation values or probabilities, on any device; it is not
            run.
        argnums: the trainable arguments; see :func:`measured_grad`.
        encoding_args: data arguments; see :func:`measured_grad`.
        error: :math:`\varepsilon`.
        grouping: which words share a circuit; see :func:`measured_grad`.
        two_qubit_weight: see :func:`measured_grad`.
        aux_wire: the auxiliary wire; see :func:`measured_grad`.
        max_words: of the method ``"dla"``; see :func:`dla_grad`.
        max_dimension: for gates of several words, stop the closure of the Lie algebra here; it is
            then a lower bound.
        seed: of the draws behind the efficiency; drawn and kept if ``None``.

    Returns:
        A function of the QNode's arguments that returns a :class:`GradientPlan`. The efficiency is
        part of it for one expectation value on at most 6 wires with at most 256 parameters.

    Raises:
        ReadingError: something cannot be read or measured, or the call has a broadcasting axis.

    **Cost.** No circuits.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> stabilizers, logicals = pt.StabilizerLogicalProduct.brick_wall(n_wires=4, n_layers=12)
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     pt.StabilizerLogicalProduct(weights, stabilizers, logicals, wires=range(4))
    ...     return qml.expval(qml.X(0) @ qml.X(1))
    >>> plan = pt.gradient_measurement_plan(circuit)(np.full((24, 4), 0.3))
    >>> {cost.method: cost.circuits for cost in plan.methods}
    {'commuting': 23, 'dla': 4, 'hadamard': 96, 'shift': 192}
    >>> plan.taken, plan.algebra
    ('dla', '4 × so(6)')
    """
    if not error > 0:
        raise ValueError(f"error needs a positive standard error; got {error!r}.")
    how = dict(
        grouping=grouping, two_qubit_weight=two_qubit_weight, aux_wire=aux_wire,
        max_words=max_words,
    )  # fmt: skip

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> GradientPlan:
        points = read_points(qnode, args, kwargs, argnums, encoding_args, measured=True)
        if points.batch is not None:
            raise ReadingError(
                "gradient_measurement_plan takes one point, and this call has a broadcasting axis; "
                "call it once: the plan is the same for all entries."
            )
        questions = {name: _question(points, qnode.device, name, how) for name in METHODS}
        made = [_cost(name, found, error, two_qubit_weight) for name, found in questions.items()]
        measure = functools.partial(
            gradient_efficiency(
                qnode, argnums, encoding_args=encoding_args, seed=seed, max_dimension=max_dimension
            ),
            *args,
            **kwargs,
        )
        efficiency, skipped = _efficiency(points, measure)
        algebra = _algebra(points, max_dimension)
        able = [cost for cost in made if not cost.reason]
        return GradientPlan(
            methods=tuple(made),
            taken=min(able, key=lambda cost: cost.shots).method,
            error=float(error),
            parameters=points.parameters.shape[1],
            derivatives=_derivatives(questions["shift"]),
            efficiency=efficiency,
            skipped=skipped,
            dimension=None if algebra is None else algebra.dimension,
            complete=algebra is not None and algebra.is_complete,
            algebra="" if algebra is None else algebra.ideals,
            n_wires=points.circuit.n_wires,
            symmetries=_symmetries(points, questions["commuting"]),
            device=device_name(qnode.device),
            notes=_notes(qnode.device),
        )

    return run


def _question(points: Points, device, method: str, how: dict) -> Question | str:
    """The circuits of a method, or why there are none."""
    own = None if device.wires is None else list(device.wires)
    measurements = points.reading.circuit.measurements
    try:
        return question_of(
            points.circuit, measurements, How(method=method, **how), own, device_name(device)
        )
    except (BudgetError, ReadingError) as error:
        if method == "shift":  # it needs nothing: the circuit itself cannot be read
            raise
        return str(error)


def _derivatives(question: Question | str) -> int:
    """Entries of the Jacobian that are not zero by structure."""
    if isinstance(question, str):
        return 0
    problem = question.problem
    structure = problem.structure
    loading = problem.loading(structure.angles) != 0
    seen = (problem.outputs.coefficients != 0).astype(float) @ structure.angle_reach.T > 0
    return int(np.sum(seen.astype(float) @ loading.T > 0))


def _cost(
    method: str, question: Question | str, error: float, two_qubit_weight: float
) -> MethodCost:
    if isinstance(question, str):
        return MethodCost(method=method, reason=question)
    made, scheme = question.plan.arrangement, question.plan.arrangement.scheme
    count = len(made.readings)
    variance = scheme.variance(question.problem) / max(_derivatives(question), 1)
    weighted = count + two_qubit_weight * made.two_qubit_gates
    return MethodCost(
        method=method,
        circuits=count,
        states=len(scheme.states),
        aux_wires=int(scheme.needs_aux),
        two_qubit_gates=made.two_qubit_gates,
        variance=variance,
        shots=int(np.ceil(weighted * variance / error**2 * (1 - 1e-12))),
        fallback=len(scheme.fallback),
    )


def _efficiency(points: Points, measure: Callable):
    n, count = points.circuit.n_wires, points.parameters.shape[1]
    if n > _MAX_WIRES or count > _MAX_PARAMETERS:
        return None, (
            f"dense gradient operators of {count} parameters on {n} wires are not made here; "
            "gradient_efficiency() does"
        )
    try:
        return measure(), ""
    except (BudgetError, ReadingError) as error:
        return None, str(error)


def _algebra(points: Points, max_dimension: int) -> Algebra | None:
    generators, _ = generators_of(points.circuit)
    if not generators:
        return None
    return algebra_of(generators, points.circuit.n_wires, max_dimension)


def _symmetries(points: Points, question: Question | str) -> SymmetryGain | None:
    """Words times symmetries have the same signatures, so that promotion adds no circuits."""
    try:
        found = conserved(points.reading.circuit)
    except ReadingError:
        return None
    if not found.generators:
        return None
    count = points.parameters.shape[1]
    words = {(w.x, w.z) for generator in generators_of(points.circuit)[0] for w in generator}
    used = all((w.x ^ x, w.z ^ z) in words for w in found.generators for x, z in words)
    reason = question if isinstance(question, str) else ""
    return SymmetryGain(
        symmetries=tuple(letters(word, found.n_wires) for word in found.generators),
        parameters=count << len(found.generators),
        circuits=0 if isinstance(question, str) else question.n_circuits,
        reason="every product with a rotation is a rotation already" if used else reason,
    )


def _notes(device) -> tuple[str, ...]:
    if is_exact_simulator(device):
        return ()
    return ("noise of the device is not part of these variances",)
