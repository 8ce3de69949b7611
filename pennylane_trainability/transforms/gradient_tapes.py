"""Gradients of tapes, in the structure of ``qml.gradients.param_shift``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.errors import ReadingError, TrainabilityWarning
from pennylane_trainability.transforms.budget import check_budget
from pennylane_trainability.transforms.carrier import carried

__all__ = [
    "expanded",
    "gradient_of_tape",
    "trainable_of",
    "warn_of_fallback",
    "warn_of_truncation",
]


def expanded(tape: QuantumScript, argnums=None, *, encoding_args=None, **options):
    """Tapes whose trainable parameters are scalars; see :func:`scalar_tapes`.

    Parameters that are chosen by their positions stay where they are.
    """
    if carried(tape) is not None or argnums is not None or encoding_args is not None:
        return [tape], lambda results: results[0]
    from pennylane_trainability.transforms.gradient_circuits.expansion import scalar_tapes

    return scalar_tapes(tape)


def gradient_of_tape(
    tape: QuantumScript,
    options: dict,
    argnums=None,
    encoding_args=None,
    max_circuits: int | None = None,
    max_shots: int | None = None,
) -> tuple[list[QuantumScript], Callable]:
    """Tapes that measure a gradient, and the way back.

    Args:
        tape: the tape; trainable parameters are scalars of gates.
        options: how it is measured; the fields of :class:`How`.
        argnums: positions of the parameters; ``None`` takes ``tape.trainable_params``.
        encoding_args: positions that are left out.
        max_circuits: refuse more circuits than this.
        max_shots: refuse more shots than this.

    Raises:
        ReadingError: something cannot be read or measured.
        NotImplementedError: the gradient is being differentiated.
        BudgetError: more circuits or shots than allowed.
    """
    # here: planning circuits is a good part of the import, and only measuring needs it
    from pennylane_trainability.circuits.tape_circuit import circuit_of_tape
    from pennylane_trainability.transforms.gradient_circuits.answer import answer_of, question_of
    from pennylane_trainability.transforms.gradient_circuits.choice import How
    from pennylane_trainability.transforms.gradient_circuits.expansion import broadcasts_natively
    from pennylane_trainability.transforms.gradient_circuits.second_order import (
        refuse_second_derivatives,
    )

    refuse_second_derivatives(tape)
    trainable = trainable_of(tape, argnums, encoding_args)
    if not trainable:
        warnings.warn(
            "The tape has no trainable parameters, so its gradient is empty. Mark parameters as "
            "trainable in your framework, or set tape.trainable_params.",
            TrainabilityWarning,
            stacklevel=2,
        )
        return [], lambda _: _copies(tape, [np.zeros(0)] * len(tape.measurements), _bare)
    if not all(map(broadcasts_natively, tape.operations)):
        return _one_by_one(tape, options, trainable, max_circuits, max_shots)
    circuit = circuit_of_tape(tape, trainable)
    question = question_of(circuit, tape.measurements, How(**options))
    check_budget(question.n_circuits * (tape.batch_size or 1), tape.shots, max_circuits, max_shots)
    warn_of_fallback(question)
    warn_of_truncation(question, tape.batch_size or 1)
    answer = answer_of(question, tape.shots, batch=tape.batch_size)
    like = _interface(tape)

    def one(results, shots: int | None):
        found = answer.jacobians(results, shots)
        parts = question.problem.outputs.split(found if tape.batch_size else found[0])
        return _structured(parts, like)

    def post(results):
        if not tape.shots.has_partitioned_shots:
            return one(results, tape.shots.total_shots)
        return tuple(one([r[c] for r in results], count) for c, count in enumerate(tape.shots))

    return answer.tapes, post


def trainable_of(tape: QuantumScript, argnums=None, encoding_args=None) -> list[int]:
    """Positions of the parameters to differentiate by.

    A tape of which nobody has said what is trainable also lists the coefficients of its
    observables; these are left out.
    """
    data = [] if encoding_args is None else np.atleast_1d(encoding_args).tolist()
    if argnums is None:
        wanted = list(tape.trainable_params)
        n_gates = sum(len(op.data) for op in tape.operations)
        if len(wanted) > n_gates and wanted == list(range(len(tape.par_info))):
            wanted = wanted[:n_gates]
    else:
        wanted = np.atleast_1d(argnums).tolist()
    count = len(tape.par_info) if argnums is not None or data else 0
    if outside := [j for j in (*wanted, *data) if count and j not in range(count)]:
        raise ReadingError(
            f"The tape has {count} parameters, numbered from 0; {outside} are none of them. "
            "Correct encoding_args or argnums."
        )
    if argnums is not None and (both := [j for j in wanted if j in data]):
        raise ReadingError(
            f"Parameters {both} stand in both encoding_args and argnums; a parameter is either an "
            "input or trainable."
        )
    return sorted(set(wanted) - set(data))


def warn_of_fallback(question) -> None:
    """Say which gates are differentiated by shift rules though the method is another one."""
    scheme = question.plan.arrangement.scheme
    if scheme.fallback:
        names = [question.problem.circuit.gates[g].name for g in scheme.fallback]
        warnings.warn(
            f"{', '.join(names)}: differentiated by shift rules. {' '.join(scheme.notes)}",
            TrainabilityWarning,
            stacklevel=2,
        )


def warn_of_truncation(question, n_points: int) -> None:
    """Say how much a truncated Lie algebra can change the result."""
    if not question.how.truncation:
        return
    # here: as above
    from pennylane_trainability.transforms.gradient_circuits.adjoint_action import truncation_bound

    scheme = question.plan.arrangement.scheme
    bounds = [truncation_bound(scheme, question.problem, d) for d in range(n_points)]
    largest = max(float(bound.max(initial=0.0)) for bound in bounds)
    if largest > 0:
        warnings.warn(
            f"truncation={question.how.truncation:g} changes derivatives by at most {largest:.2g}; "
            "with 0 they are exact.",
            TrainabilityWarning,
            stacklevel=2,
        )


def _one_by_one(tape: QuantumScript, options: dict, trainable: list[int], max_circuits, max_shots):
    """Entries of a broadcasting axis that the gates of one tape cannot carry."""
    singles, _ = qml.transforms.broadcast_expand(tape)
    batch: list[QuantumScript] = []
    posts = []
    for single in singles:
        single.trainable_params = trainable
        tapes, post = gradient_of_tape(single, options)
        posts.append((post, slice(len(batch), len(batch) + len(tapes))))
        batch += tapes
    check_budget(len(batch), tape.shots, max_circuits, max_shots)

    def post_all(results):
        each = [post(results[own]) for post, own in posts]
        leaves = [qml.pytrees.flatten(found) for found in each]
        stacked = [qml.math.stack(column) for column in zip(*(f for f, _ in leaves), strict=True)]
        return qml.pytrees.unflatten(stacked, leaves[0][1])

    return batch, post_all


def _interface(tape: QuantumScript) -> str:
    return qml.math.get_interface(*tape.get_parameters(trainable_only=False))


def _structured(parts: Sequence[np.ndarray], like: str):
    """Per measurement ``(*shape, P)`` as one array for one parameter, else a tuple."""
    found = []
    for part in parts:
        columns = [part[..., p] for p in range(part.shape[-1])]
        if like in ("jax", "torch"):
            columns = [qml.math.asarray(column, like=like) for column in columns]
        found.append(columns[0] if len(columns) == 1 else tuple(columns))
    return _bare(found)


def _bare(found: Sequence):
    return found[0] if len(found) == 1 else tuple(found)


def _copies(tape: QuantumScript, found: Sequence, make: Callable):
    if tape.shots.has_partitioned_shots:
        return tuple(make(found) for _ in range(tape.shots.num_copies))
    return make(found)
