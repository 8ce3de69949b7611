"""Measure a QFIM on the user's device: the twin of ``measured_qfim``."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.diagnostics.measure import default_executor
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.qfim_run import (
    Ask,
    Prepared,
    prepared,
    run,
    table_of,
    tapes_of,
)
from pennylane_trainability.executor import Executor
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import kept_seed
from pennylane_trainability.transforms.qfim_circuits.answer import How

__all__ = ["measure_qfim"]


def measure_qfim(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    method: str = "auto",
    read_out: str = "counts",
    rescale: bool = False,
    mitigate_read_out: bool = False,
    allocation: str = "even",
    aux_wire=None,
    n_bases: int = 20,
    bases: str = "haar",
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
):
    r"""Measure the QFIM on the QNode's device: values, errors, rank, cost.

    The measured twin of :func:`measured_qfim`: the same circuits, but all outcomes are kept, and
    the whole matrix over all trainable arguments is measured.

    Args:
        qnode: a QNode with shots (``qml.set_shots``).
        argnums: the trainable arguments; see :func:`measured_qfim`.
        encoding_args: data arguments, left alone; see :func:`measured_qfim`.
        method: see :func:`measured_qfim`.
        read_out: ``"counts"``, or ``"means"`` for devices and primitives that give no outcomes; a
            mean of a Pauli word then has the error ``√((1 − m²)/shots)``, and errors of words read
            together count as independent.
        rescale: divide the means by the measured survival of the state. This is a **model** (global
            depolarising noise), not a correction: one mirror circuit per layer is added, every mean
            is divided by the survival of its own circuit before the matrix is formed, and the
            matrix without it is kept as ``raw``.
        mitigate_read_out: take errors of reading out of the outcomes, as measured in two more
            circuits (no wire turned, all turned). This is a **model**, too: every wire is read
            wrongly by itself. Errors hold those of the calibration, and ``raw`` is without it.
            Words are then read at the end of circuits only, because errors of a reading on the way
            are others: ``direct`` takes an auxiliary wire.
        allocation: ``"even"``: as many shots for every circuit; ``"adaptive"``: a quarter of the
            shots in a pilot run, the rest (a second execution) where they lower the noise floor of
            the eigenvalues most, at the same total.
        aux_wire: the auxiliary wire; see :func:`measured_qfim`.
        n_bases: for ``random-bases``, how many.
        bases: for ``random-bases``, ``"haar"`` or ``"local"``.
        seed: of the resampling behind noise floors, and of random bases; drawn and kept if
            ``None``.
        level: level of intervals and rank bounds.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run; default: all in one device execution.

    Returns:
        A function of the QNode's arguments that returns a :class:`MeasuredQFIM`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost at most, ``plan``
        one that compares the methods on this device, ``price`` one that compiles for the device
        and adds jobs, depth, two-qubit gates and an estimate of the time; none runs anything.

    Raises:
        ReadingError: the device has no shots or a shot vector, or cannot do the method; shots are
            too few for any statement (the message says how many are needed).
        BudgetError: the cost exceeds a budget.
        DeviceFailure: the device failed in the middle (with an executor that runs in chunks).

    **Cost.** See :func:`measured_qfim`; ``rescale`` adds one circuit per layer,
    ``mitigate_read_out`` two circuits, ``adaptive`` one execution.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.set_shots(1000)
    ... @qml.qnode(qml.device("default.qubit", seed=1))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     qml.RZ(weights[2], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> measure = pt.measure_qfim(circuit, seed=2)
    >>> weights = np.array([0.3, 0.4, 0.5])
    >>> print(measure.cost(weights))
    3 circuits, 3,000 shots, 1 device execution
    >>> F = measure(weights)
    >>> F.value.shape, F.method
    ((3, 3), 'direct')
    >>> print(F.rank().interval())
    [2, 2] at 95 %

    The upper end is a theorem: a pure state of one qubit has two directions.
    """
    how = How(
        *(method, read_out, aux_wire, n_bases, bases, kept_seed(seed)),
        on_the_way=not mitigate_read_out,
    )
    ask = Ask(how, rescale, allocation, level, mitigate_read_out)
    ask.check()

    def prepare(args, kwargs) -> Prepared:
        points = read_points(qnode, args, kwargs, argnums, encoding_args)
        return prepared(points, qnode, ask)

    def call(executor, args, kwargs) -> MeasuredQFIM:
        ready = prepare(args, kwargs)
        runner = default_executor(qnode.device, max_circuits, max_shots, executor)
        runner.check(ready.cost())
        return run(ready, qnode, runner, ask)

    def everything(executor, args, kwargs):
        # both runs of an adaptive allocation are known but for how their shots are spread
        executor.with_device(qnode.device).run(tapes_of(prepare(args, kwargs), ask))

    measured = priced(function_of(qnode), call, executor, qnode.device, circuits=everything)
    measured.plan = lambda *args, **kwargs: table_of(prepare(args, kwargs), qnode)
    return measured
