"""Measure a gradient on the user's device: the twin of ``measured_grad``."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.diagnostics.gradient_run import Ask, Prepared, prepared, run
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.measured_gradient import MeasuredGradient
from pennylane_trainability.executor import Executor
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import kept_seed
from pennylane_trainability.transforms.gradient_circuits.adjoint_action import DEFAULT_MAX_WORDS

__all__ = ["measure_gradient"]


def measure_gradient(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    method: str = "auto",
    grouping: str = "auto",
    two_qubit_weight: float = 0.0,
    read_out: str = "counts",
    aux_wire=None,
    max_words: int = DEFAULT_MAX_WORDS,
    truncation: float = 0.0,
    n_bases: int = 100,
    seed: int | np.random.SeedSequence | None = None,
    allocation: str = "even",
    rescale: bool = False,
    mitigate_read_out: bool = False,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""Measure the gradient of a QNode on its device: values, errors, cost.

    The measured twin of :func:`measured_grad`: the same circuits, but all outcomes are kept. With
    the means :math:`\mu_c` of circuit :math:`c`, estimated from :math:`n_c` shots,

    .. math:: \partial_p f_r = \sum_c M^{(c)}_{rp}\,\mu_c,\qquad
       C_r = \sum_c M^{(c)}_r\,\frac{\Sigma_c}{n_c}\,M^{(c)T}_r ,

    where :math:`\Sigma_c` is the covariance of the outcomes of one shot.

    Args:
        qnode: a QNode with shots (``qml.set_shots``) that returns expectation values or
            probabilities.
        argnums: the trainable arguments; see :func:`measured_grad`.
        encoding_args: data arguments, left alone; see :func:`measured_grad`.
        method: ``"auto"``, ``"shift"``, ``"commuting"`` or ``"dla"``; see :func:`measured_grad`.
        grouping: see :func:`measured_grad`.
        two_qubit_weight: see :func:`measured_grad`.
        read_out: see :func:`measured_grad`; with ``"means"`` a Pauli word has the error
            ``√((1 − m²)/shots)``, and words read together count as independent.
        aux_wire: the auxiliary wire; see :func:`measured_grad`.
        max_words: of the method ``"dla"``; see :func:`dla_grad`.
        truncation: of the method ``"dla"``; how far it can change the values is in ``bound``.
        n_bases: of ``read_out="shadows"``; see :func:`dla_grad`.
        seed: of these bases; drawn and kept if ``None``.
        allocation: ``"even"``: as many shots for every circuit; ``"weighted"``: the same total,
            split so that the sum of all variances is least if every word has the variance of a
            fair coin.
        rescale: divide means of Pauli words by the measured survival of the gates. This is a
            **model** (global depolarising noise), not a correction: a circuit without gates and one
            mirror circuit for every set of gates on several wires are added, intervals hold the
            errors of the survival, too, and the values without it are kept as ``raw``.
        mitigate_read_out: take errors of reading out of the means, as measured in two more circuits
            (no wire turned, all turned). This is a **model**, too: every wire is read wrongly by
            itself. Intervals hold its errors, and ``raw`` is without it.
        level: level of intervals.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.

    Returns:
        A function of the QNode's arguments that returns a :class:`MeasuredGradient`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost, ``price`` one
        that compiles for the device and adds jobs, depth, two-qubit gates and an estimate of the
        time; neither runs anything.

    Raises:
        ReadingError: the device has no shots or a shot vector, or something cannot be read or
            measured there; too few shots for any statement about errors.
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Cost.** See :func:`measured_grad`; ``rescale`` adds at least two circuits,
    ``mitigate_read_out`` two, of which one is shared.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.IsingXX(weights[1], wires=[0, 1])
    ...     return qml.expval(qml.Z(0))
    >>> measure = pt.measure_gradient(circuit, method="commuting")
    >>> weights = np.array([0.4, 0.7])
    >>> print(measure.cost(weights))
    1 circuit, 1,000 shots, 1 device execution
    >>> gradient = measure(weights)
    >>> exact = np.array([-np.sin(0.4) * np.cos(0.7), -np.cos(0.4) * np.sin(0.7)])
    >>> bool(np.all(np.abs(gradient.value - exact) < 4 * gradient.stderr))
    True
    """
    how = dict(
        method=method, grouping=grouping, two_qubit_weight=two_qubit_weight,
        read_out=read_out, aux_wire=aux_wire, max_words=max_words, truncation=truncation,
        n_bases=n_bases, seed=kept_seed(seed) if read_out == "shadows" else None,
    )  # fmt: skip
    ask = Ask(how, allocation, level, rescale, mitigate_read_out)
    ask.check()

    def prepare(args, kwargs) -> Prepared:
        points = read_points(qnode, args, kwargs, argnums, encoding_args, measured=True)
        return prepared(points, qnode, ask)

    def call(executor, args, kwargs) -> MeasuredGradient:
        ready = prepare(args, kwargs)
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        runner.check(ready.cost())
        return run(ready, runner)

    return priced(function_of(qnode), call, executor, qnode.device)
