"""How much does a loss vary over its parameters, and how much do its derivatives?"""

from __future__ import annotations

from concurrent import futures
from dataclasses import replace
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_found import Found
from pennylane_trainability.diagnostics.variance_methods import (
    METHODS,
    cost_of_answer,
)
from pennylane_trainability.diagnostics.variance_record import DEEP, GradientVariances, LossVariance
from pennylane_trainability.diagnostics.variance_sizes import Asked
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Estimate, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import device_name

__all__ = ["gradient_variances", "loss_variance"]


def loss_variance(
    qnode,
    argnums=None,
    *,
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
    max_words: int | None = None,
    workers: futures.Executor | None = None,
    rescale: bool = False,
    mitigate_read_out: bool = False,
):
    r"""How much does the loss vary over its parameters? Exponentially little is a barren plateau.

    .. math:: \mathrm{Var}_\theta\, \ell = E[\ell^2] - (E\,\ell)^2, \qquad
        \ell(\theta) = \mathrm{Tr}\bigl(\rho\, U^\dagger(\theta) O U(\theta)\bigr)

    over a law of the parameters, which is part of the answer: a wide one describes a random start,
    a narrow one a start near given values.

    Three methods:

    * ``"module"``: exact, from the words that rotations can make of the observable (its *module*):
      thousands of words, any number of wires. Angles as for paths, and in addition gates whose
      generators are sums of words, neighbouring gates that commute and share a parameter (layers
      of QAOA), fixed rotations and other centres of laws where the module is small. Beside the
      circuit's own depth stands the limit of infinite depth.
    * ``"paths"``: Pauli paths drawn backwards through the circuit, for hundreds of wires. Angles
      over whole turns, or ``Uniform(half_width)`` and ``Normal(scale)`` around multiples of π/2;
      every parameter turns one Pauli rotation; any product state; no noise. Unbiased, and with
      binomial intervals.
    * ``"sample"``: draws of the parameters, simulated, or measured on any other device. Shot noise
      is taken out without bias, so that a value may be negative; it is never clipped.

    Args:
        qnode: a QNode that returns one ``expval``.
        argnums: the trainable arguments; ``None`` takes every floating argument that is not marked
            ``requires_grad=False``.
        method: ``"auto"`` takes the first that applies; the result says why others were refused.
        encoding_args: data arguments, left as they are.
        law: how parameters are drawn; default: uniform over each parameter's period.
        n_paths: how many paths, rounded up to a multiple of 64; default 10,000. With ``rtol`` the
            most, default 2^20.
        n_draws: how many draws; default 1,000 simulated, 100 measured. With ``rtol`` the most,
            default 200,000 or what the budget allows.
        rtol: relative standard error that is enough; paths and draws are doubled until then.
        replicates: ``True`` runs every measured circuit twice and multiplies estimates from
            different shots, which is unbiased whatever the noise; ``False`` subtracts the variance
            of the mean that the counts show (``(1 − m²)/(N − 1)`` for outcomes ±1) and needs half
            the circuits; ``None`` does so unless there is one shot only. A shot vector
            ``shots=[(n, R)]`` is taken as ``R`` replicates.
        seed: of all draws; drawn and kept if ``None``.
        engine: where draws come from: ``"auto"``: exact on noiseless simulators without shots, else
            measured; ``"exact"``: simulate in any case; ``"measured"`` (then paths are refused).
        level: level of intervals.
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        max_words: the largest module; ``None`` takes what a few seconds allow in ``"auto"``, and
            131,072 words, as far as ``memory`` goes, with ``method="module"``.
        workers: any :class:`concurrent.futures.Executor` to share the simulation of draws; the
            numbers are the same to the last bit. What is measured stays in this process.
        rescale: divide means of Pauli words by the measured survival ``s`` of the gates, and so the
            variance by ``s²``. This is a **model** (global depolarising noise), not a correction;
            a circuit without gates and one mirror for every set of gates on several wires are
            added, each up to 20 times with the angles of different draws. Intervals hold the
            errors of the survival, too, and ``raw`` is the variance without it.
        mitigate_read_out: take errors of reading out of the means, as measured in two more
            circuits (no wire turned, all turned, again up to 20 times). This is a **model**, too:
            every wire is read wrongly by itself.

    Returns:
        A function of the QNode's arguments that returns a :class:`LossVariance`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost at most and runs
        nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: no method applies; the message says why.
        BudgetError: the cost exceeds a budget.

    **Cost.** Module, paths and simulated draws: no circuits. Measured: one circuit per draw and
    measurement basis, twice as many with replicates; calibrations once 20 circuits for every one
    they need.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> n = 100
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for wire in range(n):
    ...         qml.RY(weights[wire], wires=wire)
    ...     return qml.expval(qml.Z(0) @ qml.Z(1) @ qml.Z(2))
    >>> found = pt.loss_variance(circuit, seed=1)(np.zeros(n))  # 1/8, whatever the width
    >>> print(found.variance)
    0.125 (exact)
    >>> print(pt.loss_variance(circuit, seed=1, method="paths")(np.zeros(n)).variance)
    0.1252 ± 0.0033
    >>> pt.loss_variance(circuit, seed=1, law=pt.Normal(0.1))(np.zeros(n)).mean.value
    0.98511...
    """
    ask = VarianceAsk(
        *(qnode, argnums, encoding_args, law or Uniform(), n_paths, n_draws, rtol, replicates),
        *(kept_seed(seed), engine, level, memory, max_circuits, max_shots, executor, max_words),
        *(workers, rescale, mitigate_read_out),
    )
    return _question(ask, method, False, _loss)


def gradient_variances(
    qnode,
    argnums=None,
    *,
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
    max_words: int | None = None,
    workers: futures.Executor | None = None,
    rescale: bool = False,
    mitigate_read_out: bool = False,
):
    r"""How much does every derivative of the loss vary over the parameters?

    ``Var ∂ℓ/∂θ_p`` of all parameters at once. Where its mean vanishes, as over whole turns, it is
    the size of the signal a gradient step has to be told from noise by. The module gives all
    variances from one sweep back and one forth, Pauli paths from the same paths. Derivatives that
    vanish for structural reasons are exact zeros.

    Args:
        qnode: a QNode that returns one ``expval``.
        argnums: see :func:`loss_variance`.
        method: see :func:`loss_variance`.
        encoding_args: see :func:`loss_variance`.
        law: see :func:`loss_variance`.
        n_paths: see :func:`loss_variance`.
        n_draws: see :func:`loss_variance`.
        rtol: relative standard error that is enough for every single variance.
        replicates: see :func:`loss_variance`.
        seed: see :func:`loss_variance`.
        engine: see :func:`loss_variance`.
        level: level of intervals, of each by itself.
        memory: see :func:`loss_variance`.
        max_circuits: see :func:`loss_variance`.
        max_shots: see :func:`loss_variance`.
        executor: see :func:`loss_variance`.
        max_words: see :func:`loss_variance`.
        workers: see :func:`loss_variance`.
        rescale: see :func:`loss_variance`.
        mitigate_read_out: see :func:`loss_variance`.

    Returns:
        A function of the QNode's arguments that returns :class:`GradientVariances`; its ``value``
        has the shape of the trainable arguments. The attribute ``cost`` says what it would cost.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: no method applies; the message says why.
        BudgetError: the cost exceeds a budget.

    **Cost.** Module, paths and simulated draws: no circuits. Measured: the shift rule of every
    parameter that is not dead, per draw and measurement basis.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for wire in range(3):
    ...         qml.RY(weights[0, wire], wires=wire)
    ...         qml.RZ(weights[1, wire], wires=wire)
    ...     return qml.expval(qml.Z(0) @ qml.Z(1))
    >>> found = pt.gradient_variances(circuit, seed=1)(np.zeros((2, 3)))
    >>> found.value.shape, found.constant
    ((2, 3), (2, 3, 4, 5))
    >>> print(found.estimate(0))  # 1/4
    0.25 (exact)
    """
    ask = VarianceAsk(
        *(qnode, argnums, encoding_args, law or Uniform(), n_paths, n_draws, rtol, replicates),
        *(kept_seed(seed), engine, level, memory, max_circuits, max_shots, executor, max_words),
        *(workers, rescale, mitigate_read_out),
    )
    return _question(ask, method, True, _gradients)


def _question(ask: VarianceAsk, method: str, gradient: bool, make):
    """A function of the QNode's arguments, and what it costs."""
    if method not in ("auto", *METHODS):
        raise ReadingError(f"method={method!r} is unknown; use one of {['auto', *METHODS]}.")

    def run(executor, args, kwargs):
        return of(replace(ask, executor=executor), args, kwargs).record()

    def read(*args, **kwargs) -> Asked:
        return of(ask, args, kwargs)

    def of(own: VarianceAsk, args, kwargs) -> Asked:
        return Asked(own, own.read(args, kwargs), gradient, method, make)

    def cost(*args, **kwargs) -> Cost:
        return cost_of_answer(ask, ask.read(args, kwargs), gradient, method)

    asked: Any = priced(function_of(ask.qnode), run, ask.executor, ask.qnode.device, cost=cost)
    asked.read = read
    return asked


def _common(ask: VarianceAsk, reading: Reading, found: Found, quantity: str) -> dict[str, Any]:
    measured = found.engine == "measured"
    noise = noise_notes(quantity, ask.runner.device, reading.circuit) if measured else ()
    return {
        "method": found.method,
        "assumptions": found.assumptions,
        "refused": found.refused,
        "samples": found.samples,
        "n_wires": reading.circuit.n_wires,
        "law": ask.law_name,
        "level": ask.level,
        "calibration": found.calibration,
        "notes": (*found.notes, *noise),
        "cost": found.cost,
        "provenance": Provenance(
            seed=ask.seed,
            n_samples=found.n_samples,
            shots=ask.shots.total_shots if found.engine == "measured" else None,
            device=device_name(ask.qnode.device),
            engine=found.engine,
        ),
    }


def _loss(ask: VarianceAsk, reading: Reading, found: Found) -> LossVariance:
    value, error, low, high = (
        float(part[0]) for part in (found.value, found.error, found.low, found.high)
    )
    raw = None if found.raw is None else _estimate(ask, *(float(part[0]) for part in found.raw))
    return LossVariance(
        variance=_estimate(ask, value, error, low, high),
        raw=raw,
        limit=None if found.limit is None else Estimate.known(float(found.limit[0]), DEEP),
        mean=found.mean,
        n_parameters=reading.circuit.n_parameters,
        **_common(ask, reading, found, "loss-variance"),
    )


def _estimate(ask: VarianceAsk, value: float, error: float, low: float, high: float) -> Estimate:
    if error == 0:
        return Estimate.known(value, ask.law_name)
    return Estimate(
        value=value, stderr=error, low=low, high=high, level=ask.level, law=ask.law_name
    )


def _gradients(ask: VarianceAsk, reading: Reading, found: Found) -> GradientVariances:
    arguments = reading.arguments
    count = reading.circuit.n_parameters
    return GradientVariances(
        variances=found.value,
        limits=found.limit,
        raw=None if found.raw is None else found.raw[0],
        raw_stderrs=None if found.raw is None else found.raw[1],
        stderrs=found.error,
        lows=found.low,
        highs=found.high,
        index=arguments.unflatten(np.arange(1, count + 1)),
        parameters=arguments.parameter_labels(),
        **_common(ask, reading, found, "gradient-variances"),
    )
