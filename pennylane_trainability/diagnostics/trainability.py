"""Can an architecture be trained from random starts, at the sizes that are looked at?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.diagnostics import trainability_aspects as aspects
from pennylane_trainability.diagnostics.capacity import capacity
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.diagnostics.gradient_plan import gradient_measurement_plan
from pennylane_trainability.diagnostics.gradient_plan_record import GradientPlan
from pennylane_trainability.diagnostics.loss_variance import gradient_variances
from pennylane_trainability.diagnostics.scaling import Scaling, built_model, scaling
from pennylane_trainability.diagnostics.stack import exact_stack
from pennylane_trainability.diagnostics.trainability_record import Aspect, Trainability
from pennylane_trainability.diagnostics.variance_record import GradientVariances
from pennylane_trainability.diagnostics.wishart import parameters_of
from pennylane_trainability.errors import BudgetError, NotFourierError, ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.spectra import spectrum_of
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.results import Cost, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY

__all__ = ["trainability"]

#: Ranks are looked at in the largest circuit that is not larger than this, at that many draws.
_WIRES, _PARAMETERS, _DRAWS = 8, 300, 5
#: Pauli words that a plan of a gradient may carry: more take minutes to sort into circuits.
_WORDS = 4096
#: What a question may fail by without taking the others along.
_UNANSWERED = (ReadingError, BudgetError, NotFourierError, NotImplementedError)


@dataclass(frozen=True, slots=True, eq=False)
class _Sized:
    """The circuit of one size."""

    size: int
    qnode: Any
    args: tuple
    kwargs: dict
    encoding_args: Any
    argnums: Any
    reading: Reading


def trainability(
    builder: Callable[[int], Any],
    ns: Sequence[int],
    *,
    argnums=None,
    method: str = "auto",
    encoding_args=None,
    law: Law | None = None,
    n_paths: int | None = None,
    n_draws: int | None = None,
    rtol: float | None = None,
    affordable_shots: int = 10**6,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
) -> Trainability:
    r"""Can an architecture be trained from random starts, at these sizes?

    Joins what the package finds out one by one, two numbers and a sentence each: how the variance
    of the loss changes with size; degrees of freedom of the observable and the overparametrisation
    ratio :math:`\gamma = p/(2r)` of the Wishart model (Anschuetz, `arXiv:2408.11901
    <https://arxiv.org/abs/2408.11901>`__), where one block of all :math:`2^n` dimensions is what
    the circuit's Lie algebra explores; rank and condition of the QFIM, and of the coefficient
    Jacobian if there are data; circuits and shots of a gradient.

    The verdict is *not trainable* if one of them speaks against it; *trainable* if the loss varies,
    a gradient is affordable, and minima are expected to be good (by the model, or because the rank
    of the QFIM is saturated at the largest size); else *undecided*, with what is missing. It is
    about these sizes and this law of starts: nothing asymptotic follows, and other starts may do
    better.

    Args:
        builder: ``builder(n)``; see :func:`scaling`.
        ns: sizes; a verdict on the variance needs five.
        argnums: see :func:`loss_variance`.
        method: of variances, see :func:`loss_variance`.
        encoding_args: see :func:`loss_variance`.
        law: see :func:`loss_variance`.
        n_paths: see :func:`loss_variance`.
        n_draws: of variances, see :func:`loss_variance`.
        rtol: of variances, see :func:`loss_variance`.
        affordable_shots: shots for one gradient that can be spent, all circuits together, for
            errors as large as a typical derivative.
        seed: of everything that is drawn; drawn and kept if ``None``.
        engine: of variances, see :func:`loss_variance`. Ranks are simulated without noise, at the
            largest size up to 8 wires and 300 parameters.
        level: level of intervals.
        memory: bytes the simulation may hold in states at once.
        max_circuits: of variances at every size, see :func:`loss_variance`.
        max_shots: of variances at every size, see :func:`loss_variance`.
        executor: how circuits are run.

    Returns:
        Trainability: the verdict, its reasons and the single answers; ``.plot()`` draws variances
        against size.

    Raises:
        ReadingError: the builder returns something else, or no variance can be found at a size.
        BudgetError: a variance costs more than its budget.

    **Cost.** That of :func:`scaling`, and of :func:`gradient_variances` at the largest size;
    :func:`price` tells it before anything runs.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> def hardware_efficient(n):
    ...     def circuit(weights):
    ...         qml.StronglyEntanglingLayers(weights, wires=range(n))
    ...         return qml.expval(qml.prod(*map(qml.Z, range(n))))
    ...     qnode = qml.QNode(circuit, qml.device("default.qubit"))
    ...     return qnode, (np.zeros((2 * n, n, 3)),)
    >>> found = pt.trainability(hardware_efficient, [1, 2, 3, 4, 5], seed=1)
    >>> print(found.heading())
    Trainability: not trainable from random starts on these sizes (n = 1, 2, 3, 4, 5)
    >>> found.aspect("signal").verdict.name, found.aspect("minima").verdict.name
    ('NO', 'YES')
    """
    entropy, sizes = kept_seed(seed), sorted(ns)
    children = np.random.SeedSequence(entropy).spawn(3)
    shared: dict[str, Any] = {
        "method": method, "law": law, "n_paths": n_paths, "n_draws": n_draws, "rtol": rtol,
        "engine": engine, "level": level, "memory": memory, "max_circuits": max_circuits,
        "max_shots": max_shots, "executor": executor,
    }  # fmt: skip
    if not sizes:
        raise ReadingError("ns needs at least one size.")
    built = [_sized(builder, n, encoding_args, argnums) for n in sizes]
    last = built[-1]
    signal = functools.partial(_signal, builder, built, children[0], encoding_args, argnums, shared)
    slopes = gradient_variances(
        last.qnode, last.argnums, encoding_args=last.encoding_args, seed=children[1], **shared
    )
    questions: list[Any] = [signal, lambda: slopes(*last.args, **last.kwargs)]
    # before the sizes are measured: the derivatives may be what costs too much
    slopes.read(*last.args, **last.kwargs).check_budget()
    (over, first), spread = (executor or Executor()).several(questions)
    plan, why = _plan(last)
    small = next((one for one in reversed(built) if _simulable(one)), None)
    ranked, rank = _directions(small, last, law, children[2], memory)
    answers = [first, _minima(last, rank), ranked]
    if last.reading.circuit.n_inputs:
        answers.append(_coefficients(small, last, law, entropy, memory))
    answers.append(
        aspects.cost(plan, spread, affordable_shots, last.size)
        if plan is not None
        else aspects.unknown("cost", last.size, why)
    )
    return _gathered(answers, over, spread, sizes, entropy)


def _gathered(
    answers: list[Aspect],
    over: Scaling | None,
    spread: GradientVariances,
    sizes: list[int],
    seed: int,
) -> Trainability:
    verdict, reasons = aspects.joined(answers)
    notes = (*(over.notes if over else ()), *(f"derivatives: {note}" for note in spread.notes))
    return Trainability(
        verdict=verdict,
        reasons=reasons,
        aspects=tuple(answers),
        scaling=over,
        ns=tuple(float(n) for n in sizes),
        law=spread.law,
        level=spread.level,
        notes=notes,
        cost=sum((one.cost for one in (over, spread) if one is not None), Cost()),
        provenance=Provenance(
            seed=seed,
            n_samples=spread.provenance.n_samples + (over.provenance.n_samples if over else 0),
            shots=spread.provenance.shots,
            device=spread.provenance.device,
            engine=spread.provenance.engine,
        ),
    )


def _sized(builder, n: int, encoding_args, argnums) -> _Sized:
    qnode, args, kwargs, encoded, trained = built_model(builder(n), encoding_args, argnums)
    reading = read_qnode(qnode, args, kwargs, encoded, trained, need_inputs=False)
    return _Sized(n, qnode, args, kwargs, encoded, trained, reading)


def _signal(
    builder, built: list[_Sized], seed, encoding_args, argnums, shared: dict[str, Any]
) -> tuple[Scaling | None, Aspect]:
    size = built[-1].size
    if len(built) < 3:
        why = f"{len(built)} sizes show no trend; a verdict on the variance needs five"
        return None, aspects.unknown("signal", size, why)
    try:
        found = scaling(
            builder,
            [one.size for one in built],
            encoding_args=encoding_args,
            argnums=argnums,
            seed=seed,
            **shared,
        )
    except _UNANSWERED:
        raise
    except ValueError as error:  # nothing was seen at most sizes
        return None, aspects.unknown("signal", size, str(error))
    return found, aspects.signal(found)


def _plan(one: _Sized) -> tuple[GradientPlan | None, str]:
    ask = gradient_measurement_plan(
        one.qnode, one.argnums, encoding_args=one.encoding_args, max_words=_WORDS, seed=0
    )
    try:
        return ask(*one.args, **one.kwargs), ""
    except _UNANSWERED as error:
        return None, str(error)


def _minima(one: _Sized, rank: int | None) -> Aspect:
    circuit = one.reading.circuit
    position = {wire: k for k, wire in enumerate(circuit.wires)}
    try:
        terms = pauli_terms(circuit.measurements, position)
        found = parameters_of(one.reading)
    except _UNANSWERED as error:
        return aspects.unknown("minima", one.size, str(error))
    spectrum = spectrum_of({word: coefficient for coefficient, word in terms})
    mean = spectrum.mean - spectrum.low
    if not mean:
        return aspects.unknown("minima", one.size, "the observable is a multiple of the identity")
    share = mean**2 / (mean**2 + spectrum.central[0])
    return aspects.minima(found, share * 2.0**circuit.n_wires, rank, one.size)


def _simulable(one: _Sized) -> bool:
    return one.reading.circuit.n_wires <= _WIRES and one.reading.circuit.n_parameters <= _PARAMETERS


_TOO_LARGE = f"no size has at most {_WIRES} wires and {_PARAMETERS} parameters, so that none is "


def _directions(
    one: _Sized | None, last: _Sized, law, seed, memory: int
) -> tuple[Aspect, int | None]:
    """The question of directions, and the rank at the largest size if it was found there."""
    if one is None:
        return aspects.unknown("directions", last.size, f"{_TOO_LARGE}simulated"), None
    ask = capacity(
        *(one.qnode, one.argnums), encoding_args=one.encoding_args, n_draws=_DRAWS,
        law=law, seed=seed, engine="exact", memory=memory,
    )  # fmt: skip
    try:
        found = ask(*one.args, **one.kwargs)
    except _UNANSWERED as error:
        return aspects.unknown("directions", one.size, str(error)), None
    rank = int(found.rank.value) if one is last else None
    return aspects.directions(found, one.size), rank


def _coefficients(one: _Sized | None, last: _Sized, law, seed: int, memory: int) -> Aspect:
    if one is None:
        return aspects.unknown("coefficients", last.size, f"{_TOO_LARGE}simulated")
    try:
        series = series_of(one.reading)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7,)))
        given = one.reading.arguments.parameters
        drawn = draw(law or Uniform(), one.reading.circuit, given, _DRAWS, rng)
        stack = exact_stack(series, drawn, memory, "exact")
    except _UNANSWERED as error:
        return aspects.unknown("coefficients", one.size, str(error))
    return aspects.coefficients(column_space(stack.jacobians), one.size)
