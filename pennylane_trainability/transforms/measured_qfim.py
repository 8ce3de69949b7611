"""The transform ``measured_qfim``."""

from __future__ import annotations

import functools

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.devices.mid_circuit import BRANCHING
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.blocks import argument_blocks, argument_ranges
from pennylane_trainability.transforms.budget import check_budget
from pennylane_trainability.transforms.carrier import carried, carrying
from pennylane_trainability.transforms.engines import (
    device_name,
    takes_shot_vectors,
)
from pennylane_trainability.transforms.interfaces import as_arguments, interface_of, is_traced
from pennylane_trainability.transforms.points_task import PointsTask, points_of_tape

__all__ = ["measured_qfim"]


@functools.partial(qml.transform, final_transform=True)
def measured_qfim(
    tape: QuantumScript,
    argnums=None,
    *,
    encoding_args=None,
    method: str = "auto",
    read_out: str = "counts",
    aux_wire=None,
    n_bases: int = 20,
    bases: str = "haar",
    seed: int | None = None,
    max_circuits: int | None = None,
    max_shots: int | None = None,
):
    r"""The quantum Fisher information matrix, measured on the QNode's own device.

    For gates :math:`e^{-i\theta_j G_j}` that prepare :math:`|\psi(\theta)\rangle`

    .. math::

        F_{ij} = 4\,\mathrm{Re}\bigl[\langle\partial_i\psi|\partial_j\psi\rangle
        - \langle\partial_i\psi|\psi\rangle\langle\psi|\partial_j\psi\rangle\bigr],

    four times ``qml.metric_tensor``. The formula is that of a **pure state**, whatever the device:
    on a noisy device the estimate is that of the formula, not the QFIM of the mixed state (for that
    on a density-matrix simulator see :func:`qfim`). Nothing is simulated in place of the device.

    With the Pauli words :math:`A` of the generators this is a sum of covariances
    :math:`\mathrm{Re}\langle A_u A_v\rangle - \langle A_u\rangle\langle A_v\rangle`. Words are put
    into layers by commutation (not by their place in the code); a layer is read from one circuit,
    entries that are zero by structure need none.

    ================  ===========================  =============================================
    method            needs                        circuits for ``P`` parameters in ``M`` layers
    ================  ===========================  =============================================
    ``direct``        a mid-circuit measurement,   at most about ``P·M/2``; one word is measured
                      or one auxiliary wire        on the way, a later layer at the end
    ``hadamard``      one auxiliary wire           the same; the wire controls the earlier word
    ``overlap``       nothing, twice the depth     about ``2P²``; compute–uncompute, shift rule
    ``block-diag``    nothing                      ``M``; entries between layers are left out
    ``random-bases``  nothing, few wires           ``2P + 1`` per basis; biased, for study
    ================  ===========================  =============================================

    Sources: Stokes et al., `arXiv:1909.02108 <https://arxiv.org/abs/1909.02108>`__ (block-diag),
    Mitarai and Fujii, `arXiv:1901.00015 <https://arxiv.org/abs/1901.00015>`__ (direct), Mari et
    al., `arXiv:2008.06517 <https://arxiv.org/abs/2008.06517>`__ (overlap), Kolotouros and Wallden,
    `arXiv:2311.04135 <https://arxiv.org/abs/2311.04135>`__ (random bases).

    Args:
        tape (QNode or QuantumScript): the circuit. What it measures does not matter.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every floating
            argument (except data and PennyLane tensors marked ``requires_grad=False``). On a tape:
            parameter indices.
        encoding_args: name(s) or position(s) of data arguments: their gates are left alone.
        method: one of the table, or ``"auto"``: the method for the whole matrix with the least
            total cost on this device; :func:`measure_qfim` says which.
        read_out: ``"counts"`` asks for outcomes of wires (sampling primitives), ``"means"`` for
            expectation values of Pauli words (estimator primitives, devices that give no more).
        aux_wire: the auxiliary wire; ``None`` takes one the circuit does not use.
        n_bases: for ``random-bases``, how many.
        bases: for ``random-bases``, ``"haar"`` or ``"local"``.
        seed: for ``random-bases``, where bases are drawn from.
        max_circuits: refuse more circuits than this; on devices that are no simulators more than
            1,000 are refused without it.
        max_shots: refuse more shots of all circuits together before running any.

    Returns:
        As ``qml.metric_tensor`` shapes it: for one trainable argument of shape ``S`` an array
        ``(*S, *S)``, for several a tuple of these (entries between arguments are not measured).
        With a broadcasting axis of size ``B`` in the call, ``(B, *S, *S)``; with a shot vector a
        tuple of these. A tape gives ``(tapes, post-processing)`` and an array ``(P, P)``.
        Estimates need not be positive; they are unbiased (except ``random-bases``).

    Raises:
        ReadingError: the device cannot do the method (the message names those it can do), there is
            no trainable parameter, or a trainable gate has no generator (named).
        BudgetError: more circuits or shots than allowed; nothing was run.

    **Cost.** See the table; all circuits of an answer go in one device execution (on Qiskit devices
    one job).

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> weights = np.array([0.3, 0.4])
    >>> F = qml.transforms.measured_qfim(circuit, method="overlap")(weights)
    >>> np.round(F, 4) + 0.0
    array([[1.    , 0.    ],
           [0.    , 0.9127]])

    The entry :math:`F_{11} = 1 - \langle Y\rangle^2 = \cos^2 0.3`. With shots the same call gives
    an estimate; :func:`measure_qfim` gives its errors, too.
    """
    task = carried(tape)
    if task is None:
        how = _how(method=method, read_out=read_out, aux_wire=aux_wire, n_bases=n_bases,
                   bases=bases, seed=seed)  # fmt: skip
        points = points_of_tape(tape, argnums, encoding_args)
        task = PointsTask(points, None, {"how": how, "limits": (max_circuits, max_shots)})
    return _tapes(task, tape.shots)


@measured_qfim.custom_qnode_transform
def _on_qnode(self, qnode, targs, tkwargs):
    options = dict(zip(("argnums",), targs, strict=False)) | tkwargs
    new = carrying(qnode, "measured_qfim", functools.partial(_task_of_call, qnode, **options))
    if new.execute_kwargs.get("mcm_method") is None and qnode.device.name in BRANCHING:
        # without it a simulator runs a circuit once per shot
        new.execute_kwargs = {**new.execute_kwargs, "mcm_method": "tree-traversal"}
    return self.default_qnode_transform(new, (), {})


def _task_of_call(
    qnode,
    args,
    kwargs,
    device,
    *,
    argnums=None,
    encoding_args=None,
    max_circuits=None,
    max_shots=None,
    **how,
) -> PointsTask:
    points = read_points(qnode, args, kwargs, argnums, encoding_args, differentiable=True)
    if is_traced(points.call) and interface_of(points.call) != "torch":
        raise NotImplementedError(
            "A measured QFIM cannot be differentiated or compiled; use qml.transforms.qfim on a "
            "simulator, or call it outside jit and grad."
        )
    return PointsTask(points, device, {"how": _how(**how), "limits": (max_circuits, max_shots)})


def _how(**options):
    """The options of a measurement."""
    # here and below: planning circuits is a quarter of the import, and only measuring needs it
    from pennylane_trainability.transforms.qfim_circuits.answer import How

    return How(**options)


def _tapes(task: PointsTask, shots):
    from pennylane_trainability.transforms.qfim_circuits.answer import answer_of, plan_of

    points, device, how = task.points, task.device, task.options["how"]
    _check_shots(device, shots)
    arguments = points.reading.arguments
    every = [np.arange(points.parameters.shape[1])]
    plan = plan_of(points, device, how, every if device is None else argument_ranges(arguments))
    count = plan.n_circuits * len(points.parameters)
    advice = "take fewer parameters (argnums), or method='block-diag'"
    max_circuits, max_shots = task.options["limits"]
    check_budget(count, shots, max_circuits, max_shots, device, advice)
    answer = answer_of(points, plan, how, shots)

    def one(results, count):
        matrices = answer.matrices(results, count)
        found = as_arguments(matrices if points.batch is not None else matrices[0], points.call)
        return found if device is None else argument_blocks(found, arguments)

    def post(results):
        if not shots.has_partitioned_shots:
            return one(results, shots.total_shots)
        counts = [s.shots for s in shots.shot_vector for _ in range(s.copies)]
        return tuple(one([r[c] for r in results], n) for c, n in enumerate(counts))

    return answer.tapes, post


def _check_shots(device, shots) -> None:
    if device is None:
        return
    if not shots and device_name(device).startswith("qiskit."):
        raise ReadingError(
            f"{device_name(device)} needs shots: set them with qml.set_shots(qnode, shots=…). A "
            "simulation is never run in place of the device; for one use qml.transforms.qfim with "
            "engine='exact'."
        )
    if shots.has_partitioned_shots and not takes_shot_vectors(device):
        raise ReadingError(
            f"{device_name(device)} returns no shot vectors, and this QNode has {shots}. Set one "
            "number of shots with qml.set_shots, and call it once for each number."
        )
