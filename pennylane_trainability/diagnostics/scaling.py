"""How do the variances of a loss and of its derivatives change with the size of the circuit?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent import futures
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.diagnostics.loss_variance import gradient_variances, loss_variance
from pennylane_trainability.diagnostics.variance_sizes import answers
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, kept_seed, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.scaling import (
    FamilyFit,
    ScalingFit,
    ScalingVerdict,
    fit_scaling,
)
from pennylane_trainability.statistics.scaling_likelihood import Family

__all__ = ["Scaling", "built_model", "scaling"]


@record
class Scaling(Result):
    """Variances at several sizes and what they are consistent with.

    Attributes:
        quantity: what varies, in words.
        fit: the fits of the three families, and the verdict.
        methods: which method gave each variance.
        law: of the parameters, in words.
        notes: what the reader should know, sizes included.
        cost: what was run, all sizes together.
        provenance: seed, device of the largest size, engine.
    """

    quantity: str
    fit: ScalingFit
    methods: tuple[str, ...]
    law: str
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def ns(self) -> tuple[float, ...]:
        """The sizes, ascending."""
        return self.fit.ns

    @property
    def variances(self) -> tuple[Estimate, ...]:
        """The variance at every size."""
        return self.fit.estimates

    @property
    def verdict(self) -> ScalingVerdict:
        """What the points are consistent with."""
        return self.fit.verdict

    @property
    def rate(self) -> Estimate:
        """The factor per unit of size of the exponential fit."""
        return self.fit.rate

    @property
    def exponent(self) -> Estimate:
        """The exponent of the power-law fit."""
        return self.fit.exponent

    def family(self, family: Family) -> FamilyFit:
        """One of the fits."""
        return self.fit.family(family)

    @property
    def sentence(self) -> str:
        """The verdict with its numbers and the sizes it was seen on."""
        return f"{self.quantity}: {self.fit.sentence}"

    def heading(self) -> str:
        """The first line that is printed."""
        return self.sentence

    def rows(self) -> list[tuple[str, object]]:
        """Points, families, law, methods and cost."""
        methods = ", ".join(dict.fromkeys(self.methods))
        rows = [*self.fit.rows(), ("law", self.law), ("method", methods), ("cost", self.cost)]
        return [*rows, ("notes", "\n".join(self.notes))] if self.notes else rows


def scaling(
    builder: Callable[[int], Any],
    ns: Sequence[int],
    *,
    quantity: str = "loss",
    parameter: int | None = None,
    argnums=None,
    method: str = "auto",
    encoding_args=None,
    law: Law | None = None,
    n_paths: int | None = None,
    n_draws: int | None = None,
    rtol: float | None = None,
    replicates: bool | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    workers: futures.Executor | None = None,
    rescale: bool = False,
    mitigate_read_out: bool = False,
) -> Scaling:
    r"""Do variances fall exponentially with size, as a power, or not at all?

    The variance at every size, and fits of ``a``, ``a + b n`` and ``a + c log n`` to its logarithm,
    compared by AICc. Sizes at which nothing was seen enter as upper bounds. The verdict is about
    these sizes only: no asymptotic statement follows from finitely many.

    Args:
        builder: ``builder(n)`` returns ``(qnode, args)``, ``(qnode, args, kwargs)``, a
            :class:`Model`, or a QNode whose arguments all have defaults.
        ns: sizes, at least three; a verdict needs five.
        quantity: ``"loss"``, or ``"gradient"``.
        parameter: with ``"gradient"``, the number of the flat parameter (negative from the end);
            ``None`` takes the mean over all parameters, whose interval is wide because their errors
            may be fully correlated.
        argnums: see :func:`loss_variance`.
        method: see :func:`loss_variance`.
        encoding_args: see :func:`loss_variance`.
        law: see :func:`loss_variance`.
        n_paths: see :func:`loss_variance`.
        n_draws: see :func:`loss_variance`.
        rtol: see :func:`loss_variance`.
        replicates: see :func:`loss_variance`.
        seed: every size draws from a child of it.
        engine: see :func:`loss_variance`.
        level: level of intervals.
        memory: see :func:`loss_variance`.
        max_circuits: at every size, see :func:`loss_variance`.
        max_shots: at every size, see :func:`loss_variance`.
        executor: see :func:`loss_variance`.
        workers: any :class:`concurrent.futures.Executor` to share the sizes: those that need no
            device, as plain numbers; see :func:`loss_variance`.
        rescale: divide variances by the square of the survival measured at every size, see
            :func:`loss_variance`: a **model**, without which noise that grows with the circuit
            looks like a barren plateau.
        mitigate_read_out: take errors of reading out, see :func:`loss_variance`.

    Returns:
        Scaling: points, fits, verdict; ``.plot()`` draws them.

    Raises:
        ReadingError: the builder returns something else, or no method applies at a size.
        ValueError: there are fewer than three sizes, fewer than two were seen at all, or a variance
            is exactly zero.

    **Cost.** That of :func:`loss_variance` or :func:`gradient_variances` at every size;
    :func:`price` tells it before anything runs.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> def global_cost(n):
    ...     def circuit(weights):
    ...         for wire in range(n):
    ...             qml.RX(weights[wire], wires=wire)
    ...         return qml.expval(qml.Projector([0] * n, wires=range(n)))
    ...     return qml.QNode(circuit, qml.device("default.qubit")), (np.zeros(n),)
    >>> found = pt.scaling(global_cost, range(2, 8), quantity="gradient", parameter=0, seed=1)
    >>> print(found.verdict.value)
    consistent with an exponential
    >>> found.rate.low < 3 / 8 < found.rate.high
    True
    """
    if quantity not in ("loss", "gradient"):
        raise ReadingError(f"quantity={quantity!r} is unknown; use 'loss' or 'gradient'.")
    entropy, questions, sizes = kept_seed(seed), [], sorted(ns)
    options: dict[str, Any] = {
        "method": method, "law": law, "n_paths": n_paths, "n_draws": n_draws, "rtol": rtol,
        "replicates": replicates, "engine": engine, "level": level, "memory": memory,
        "max_circuits": max_circuits, "max_shots": max_shots, "executor": executor,
        "workers": workers, "rescale": rescale, "mitigate_read_out": mitigate_read_out,
    }  # fmt: skip
    ask = gradient_variances if quantity == "gradient" else loss_variance
    for n, child in zip(sizes, np.random.SeedSequence(entropy).spawn(len(sizes)), strict=True):
        qnode, args, kwargs, encoded, trained = built_model(builder(n), encoding_args, argnums)
        question = ask(qnode, trained, encoding_args=encoded, seed=child, **options)
        questions.append(question.read(*args, **kwargs))
    found = answers(questions, workers, executor)
    fit = fit_scaling(sizes, [_estimate(one, parameter) for one in found], level)
    law_name = getattr(law, "__name__", str(law or Uniform()))
    return _gathered(_words(quantity, parameter), fit, found, law_name, entropy)


def _gathered(quantity: str, fit: ScalingFit, found: list, law: str, seed: int) -> Scaling:
    """The record of all sizes."""
    last = found[-1].provenance
    pairs = zip(fit.ns, found, strict=True)
    return Scaling(
        quantity=quantity,
        fit=fit,
        methods=tuple(one.method for one in found),
        law=law,
        notes=tuple(f"n = {n:g}: {note}" for n, one in pairs for note in _notes(one)),
        cost=sum((one.cost for one in found), Cost()),
        provenance=Provenance(
            seed=seed,
            n_samples=sum(one.provenance.n_samples for one in found),
            shots=last.shots,
            device=last.device,
            engine=last.engine,
        ),
    )


def _notes(found) -> tuple[str, ...]:
    told = found.calibration
    return found.notes if told is None else (*found.notes, *told.models)


def built_model(built, encoding_args, argnums) -> tuple:
    """QNode, arguments, keyword arguments, inputs and trainable arguments of what was built."""
    if hasattr(built, "call") and hasattr(built, "qnode"):
        args, kwargs = built.call()
        encoding_args = encoding_args if built.encoding_args is None else built.encoding_args
        argnums = argnums if built.argnums is None else built.argnums
        return built.qnode, args, kwargs, encoding_args, argnums
    parts = built if isinstance(built, tuple) else (built,)
    if not 0 < len(parts) < 4 or not isinstance(parts[0], qml.QNode):
        raise ReadingError(
            "builder(n) has to return (qnode, args), (qnode, args, kwargs), a Model or a QNode; "
            f"got {built!r}."
        )
    args, kwargs = [*parts[1:], (), {}][:2] if len(parts) < 3 else parts[1:]
    return parts[0], tuple(args), dict(kwargs), encoding_args, argnums


def _estimate(found, parameter: int | None) -> Estimate:
    if hasattr(found, "variance"):
        return found.variance
    if parameter is None:
        return found.mean_variance()
    if not -found.n_parameters <= parameter < found.n_parameters:
        raise ReadingError(f"parameter={parameter} is none of the {found.n_parameters} parameters.")
    return found.estimate(parameter)


def _words(quantity: str, parameter: int | None) -> str:
    if quantity == "loss":
        return "Variance of the loss"
    if parameter is None:
        return "Mean variance of the derivatives"
    return f"Variance of the derivative by parameter {parameter}"
