"""Vanishing, exploding, or trainable: how gradients of a Born policy change with its size."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import field
from enum import Enum
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law
from pennylane_trainability.policies.born_policy import BornPolicy
from pennylane_trainability.policies.policy_variance import policy_variance
from pennylane_trainability.policies.policy_variance_record import PolicyVariance
from pennylane_trainability.results import (
    Cost,
    Estimate,
    Provenance,
    Result,
    kept_seed,
    record,
)
from pennylane_trainability.results.text import table
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.scaling import ScalingFit, ScalingVerdict, fit_scaling

__all__ = ["PolicyScaling", "PolicyVerdict", "policy_scaling", "verdict_of"]


class PolicyVerdict(Enum):
    """What gradients of a policy are consistent with; the value is the sentence that is shown."""

    WINDOW = "trainable window: neither variance falls exponentially on these sizes"
    VANISHING = "vanishing: the variance of ∂ log π falls exponentially on these sizes"
    EXPLODING = (
        "exploding: ∂ log π keeps its size while ∂π falls exponentially, so that small "
        "probabilities are divided by, and the shots for one estimate grow exponentially on these "
        "sizes"
    )
    UNDECIDED = "undecided"


@record
class PolicyScaling(Result):
    """Gradients of a policy at several sizes, and what they are consistent with.

    Attributes:
        log_fit: fits to the variance of ``∂ log π``.
        derivative_fit: fits to the variance of ``∂π``.
        verdict: what both together say about these sizes; nothing about others.
        actions: number of actions at every size.
        found: everything at every size.
        notes: what the reader should know, sizes included.
        cost: what was run, all sizes together.
        provenance: seed, draws, device of the largest size.
    """

    log_fit: ScalingFit
    derivative_fit: ScalingFit
    verdict: PolicyVerdict
    actions: tuple[int, ...]
    found: tuple[PolicyVariance, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def ns(self) -> tuple[float, ...]:
        """The sizes, ascending."""
        return self.log_fit.ns

    @property
    def log_variances(self) -> tuple[Estimate, ...]:
        """The variance of ``∂ log π`` at every size."""
        return self.log_fit.estimates

    @property
    def derivative_variances(self) -> tuple[Estimate, ...]:
        """The variance of ``∂π`` at every size."""
        return self.derivative_fit.estimates

    def heading(self) -> str:
        """The verdict."""
        return f"Born policy ({self.found[0].partition}): {self.verdict.value}"

    def rows(self) -> list[tuple[str, object]]:
        """Both variances at every size, the fits behind the verdict, law and cost."""
        cells = [
            (f"{n:g}", a, str(log), str(own), f"{np.median(one.smallest):.2g}")
            for n, a, log, own, one in zip(
                self.ns,
                self.actions,
                self.log_variances,
                self.derivative_variances,
                self.found,
                strict=True,
            )
        ]
        header = ("n", "actions", "Var ∂ log π", "Var ∂π", "median smallest π")
        return [
            ("sizes", "\n" + table(header, cells)),
            ("Var ∂ log π", self.log_fit.sentence),
            ("Var ∂π", self.derivative_fit.sentence),
            ("law", self.found[0].law),
            *(("note", note) for note in self.notes),
            ("cost", self.cost),
        ]


def policy_scaling(
    builder: Callable[[int], Any],
    ns: Sequence[int],
    *,
    parameter: int | None = None,
    argnums=None,
    encoding_args=None,
    law: Law | None = None,
    n_draws: int | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    workers: futures.Executor | None = None,
) -> PolicyScaling:
    r"""Do gradients of a Born policy vanish, explode, or neither, on these sizes?

    :func:`policy_variance` at every size, and the fits of :func:`scaling` to both variances. With
    actions drawn by the policy the variance of :math:`\partial\log\pi` is bounded by the quantum
    Fisher information (theorem), so it cannot grow without limit. What explodes is the factor
    :math:`1/\pi` between :math:`\partial\pi`, which is measured, and :math:`\partial\log\pi`.

    =============  ================================  =======================
    verdict        variance of ``∂ log π``           variance of ``∂π``
    =============  ================================  =======================
    vanishing      falls exponentially               any
    exploding      constant, or a power              falls exponentially
    window         constant, or a power              constant, or a power
    undecided      anything else
    =============  ================================  =======================

    Args:
        builder: ``builder(n)`` returns ``(policy, args)`` or ``(policy, args, kwargs)``, with a
            policy of :func:`born_policy`; the number of actions may depend on ``n``.
        ns: sizes, at least three; a verdict needs five.
        parameter: number of the flat parameter (negative from the end); ``None`` takes the mean
            over all.
        argnums: see :func:`policy_variance`.
        encoding_args: see :func:`policy_variance`.
        law: see :func:`policy_variance`.
        n_draws: see :func:`policy_variance`.
        seed: every size draws from a child of it.
        engine: see :func:`policy_variance`.
        level: level of intervals.
        memory: see :func:`policy_variance`.
        max_circuits: at every size, see :func:`policy_variance`.
        max_shots: at every size, see :func:`policy_variance`.
        executor: see :func:`policy_variance`.
        workers: share the draws of one size after the other; see :func:`policy_variance`.

    Returns:
        PolicyScaling: both variances at every size, fits, and a verdict about these sizes. No
        asymptotic statement follows from finitely many; ``.plot()`` draws them.

    Raises:
        ReadingError: the builder returns something else.
        ValueError: there are fewer than three sizes, or nothing varies at two of them.

    **Cost.** That of :func:`policy_variance` at every size; :func:`price` tells it before anything
    runs.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> def builder(n):
    ...     def circuit(weights):
    ...         for wire in range(n):
    ...             qml.RY(weights[wire], wires=wire)
    ...         return qml.probs(wires=range(n))
    ...     qnode = qml.QNode(circuit, qml.device("default.qubit"))
    ...     return pt.born_policy(qnode, 2, partition="parity"), (np.zeros(n),)
    >>> found = pt.policy_scaling(builder, range(4, 10), parameter=0, n_draws=2000, seed=1)
    >>> found.verdict.name
    'VANISHING'
    >>> rate = found.derivative_fit.rate  # cos² of one angle per wire: 1/2
    >>> bool(rate.low < 1 / 2 < rate.high)
    True
    """
    entropy, sizes = kept_seed(seed), sorted(ns)
    options: dict[str, Any] = {
        "encoding_args": encoding_args, "law": law, "n_draws": n_draws, "engine": engine,
        "level": level, "memory": memory, "max_circuits": max_circuits, "max_shots": max_shots,
        "executor": executor, "workers": workers,
    }  # fmt: skip

    children = np.random.SeedSequence(entropy).spawn(len(sizes))
    questions = []
    for n, child in zip(sizes, children, strict=True):
        policy, args, kwargs = _built(builder(n))
        ask: Any = policy_variance(policy, argnums, seed=child, **options)
        # no size is measured if another one costs too much
        runner = default_executor(policy.qnode.device, max_circuits, max_shots, executor)
        runner.check(ask.cost(*args, **kwargs))
        questions.append(functools.partial(ask, *args, **kwargs))
    found = (executor or Executor()).several(questions)
    log = fit_scaling(sizes, [one.log_variance(_own(one, parameter)) for one in found], level)
    own = fit_scaling(
        sizes, [one.derivative_variance(_own(one, parameter)) for one in found], level
    )
    last = found[-1].provenance
    return PolicyScaling(
        log_fit=log,
        derivative_fit=own,
        verdict=verdict_of(log, own),
        actions=tuple(one.n_actions for one in found),
        found=tuple(found),
        notes=tuple(
            f"n = {n:g}: {note}" for n, one in zip(log.ns, found, strict=True) for note in one.notes
        ),
        cost=sum((one.cost for one in found), Cost()),
        provenance=Provenance(
            seed=entropy,
            n_samples=sum(one.provenance.n_samples for one in found),
            shots=last.shots,
            device=last.device,
            engine=last.engine,
        ),
    )


def _built(built) -> tuple[BornPolicy, tuple, dict]:
    parts = built if isinstance(built, tuple) else (built,)
    if not 1 < len(parts) < 4 or not isinstance(parts[0], BornPolicy):
        raise ReadingError(
            "builder(n) has to return (policy, args) or (policy, args, kwargs), with a policy of "
            f"born_policy; got {built!r}."
        )
    return parts[0], tuple(parts[1]), dict(parts[2]) if len(parts) == 3 else {}


def _own(found: PolicyVariance, parameter: int | None) -> int | None:
    count = len(found.parameters)
    if parameter is not None and not -count <= parameter < count:
        raise ReadingError(f"parameter={parameter} is none of the {count} parameters.")
    return parameter


def verdict_of(log: ScalingFit, derivative: ScalingFit) -> PolicyVerdict:
    """What fits to the variances of ``∂ log π`` and ``∂π`` say together about their sizes."""
    slow = (ScalingVerdict.CONSTANT, ScalingVerdict.POWER)
    if _falls(log):
        return PolicyVerdict.VANISHING
    if log.verdict in slow and _falls(derivative):
        return PolicyVerdict.EXPLODING
    if log.verdict in slow and derivative.verdict in slow:
        return PolicyVerdict.WINDOW
    return PolicyVerdict.UNDECIDED


def _falls(fit: ScalingFit) -> bool:
    return fit.verdict is ScalingVerdict.EXPONENTIAL and fit.rate.high < 1
