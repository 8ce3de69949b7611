"""The entry point ``density_qnode``: a convex mixture of circuits that is called like a QNode."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.qnode import refuse_capture
from pennylane_trainability.density.exact import exact_tapes
from pennylane_trainability.density.mixture import Call, Mixture
from pennylane_trainability.density.parts import parts_of, signature_of_the_call
from pennylane_trainability.density.randomised import randomised_tapes
from pennylane_trainability.density.register import register_tapes
from pennylane_trainability.density.weights import mixture_weights
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.results import kept_seed
from pennylane_trainability.transforms.carrier import Carrier, carried
from pennylane_trainability.transforms.engines import device_name, takes_shot_vectors
from pennylane_trainability.transforms.qnodes import device_of_the_call, qnode_like

__all__ = ["density_qnode"]

_METHODS: dict[str, Callable] = {
    "exact": exact_tapes,
    "randomised": randomised_tapes,
    "register": register_tapes,
}


def density_qnode(
    parts,
    weights=None,
    *,
    method: str = "exact",
    own=(),
    device=None,
    aux_wires=None,
    seed: int | np.random.SeedSequence | None = None,
    **options,
):
    r"""A density model: a convex mixture of circuits, called like a QNode.

    .. math::

        \rho = \sum_{k=1}^{K} \alpha_k\, U_k \rho_0 U_k^\dagger, \qquad
        f = \mathrm{Tr}(O\rho) = \sum_k \alpha_k f_k, \qquad \alpha_k \ge 0,\ \sum_k \alpha_k = 1

    (Coyle et al., `arXiv:2405.20237 <https://arxiv.org/abs/2405.20237>`__). Derivatives are
    :math:`\partial f/\partial\theta_k = \alpha_k\,\partial f_k/\partial\theta_k`, taken by the
    ``diff_method`` of the parts, and :math:`\partial f/\partial\alpha_k = f_k`; with softmax logits
    :math:`l`, :math:`\partial f/\partial l_k = \alpha_k (f_k - f)`.

    ==============  ====================================  =======================================
    method          circuits of a call                    variance of a Pauli word, ``N`` shots
    ==============  ====================================  =======================================
    ``exact``       ``K``, each with ``N`` shots          ``Σ α_k² (1 − f_k²) / N``
    ``randomised``  at most ``K``, ``N`` shots in all     ``(1 − f²) / N``
    ``register``    1, on ``⌈log₂ K⌉`` more wires, the    ``(1 − f²) / N``
                    gates of the parts controlled
    ==============  ====================================  =======================================

    The circuits of a call go in one device execution. ``randomised`` draws
    :math:`n \sim \mathrm{Multinomial}(N, \alpha)` shots for the parts at every call (and every
    point of a broadcasting axis) and leaves out parts that got none; values and gradients are
    unbiased, except the derivative by a weight that is zero: that part is never run. Its gradients
    run every circuit with the shots its part was given.

    Args:
        parts: ``K`` QNodes on one device object, with the same options, that measure the same; or
            quantum functions, with ``device``. They may return any structure of ``qml.expval``,
            ``qml.probs`` and ``qml.density_matrix``, and have transforms of their own.
        weights: ``None``: the first argument of every call, ``mixture``, holds the weights;
            ``"softmax"``: it holds logits; a function: ``weights(mixture, *args)`` returns them,
            with the arguments of the parts, so that they may depend on inputs; numbers: the weights
            are fixed and the calls have no such argument. Weights may have the shape ``(K,)`` or,
            with a broadcasting axis, ``(B, K)``.
        method: one of the table.
        own: name(s) or position(s) of the parts' arguments that hold one entry per part (a list, or
            an array with a first axis of ``K``); all others go to all parts.
        device: where quantum functions run.
        aux_wires: for ``register``, the wires of the register; ``None`` takes free ones.
        seed: for ``randomised``, where the draws start; drawn if ``None``, and kept as
            ``model.func.mixture.seed``.
        options: options of ``qml.QNode`` for quantum functions, such as ``diff_method``.

    Returns:
        qml.QNode: a QNode with the arguments of the parts, and ``mixture`` before them, that
        returns what the parts return. It takes ``qml.set_shots``, shot vectors, ``qml.Tracker``,
        ``update``, autograd, JAX (``jit`` not with ``randomised``) and Torch. The parts are not
        changed.

    Raises:
        ReadingError: the parts differ in device, options or measurements; the weights are no
            probabilities; there are no wires for the register.

    **Cost.** See the table; :func:`measure_density` says it before anything runs. A gradient costs
    those of the parts.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> from pennylane import numpy as pnp
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(angle):
    ...     qml.RX(angle, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> model = pt.density_qnode([circuit, circuit], own="angle")
    >>> alpha = pnp.array([0.25, 0.75], requires_grad=True)
    >>> angles = pnp.array([0.0, np.pi / 2], requires_grad=True)
    >>> print(round(float(model(alpha, angles)), 4))
    0.25
    >>> by_alpha, by_angles = qml.grad(model)(alpha, angles)
    >>> print(np.round(by_alpha, 4) + 0.0, np.round(by_angles, 4) + 0.0)
    [1. 0.] [ 0.   -0.75]
    """
    refuse_capture()
    if method not in _METHODS:
        raise ReadingError(f"method={method!r} is unknown; use one of {', '.join(_METHODS)}.")
    qnodes = parts_of(parts, device, options)
    kept = kept_seed(seed)
    mixture = Mixture(
        parts=qnodes,
        weights=mixture_weights(weights, len(qnodes)),
        own=(own,) if isinstance(own, (str, int)) else tuple(own),
        method=method,
        aux_wires=aux_wires,
        seed=kept,
        rng=np.random.default_rng(kept),
    )
    return _mixed(qnode_like(qnodes[0], _function(mixture)))


def _function(mixture: Mixture):
    """The quantum function of the model: it queues one call, for :func:`_mixed` to take apart."""
    first = mixture.parts[0]

    def density_model(*args, **kwargs):
        refuse_capture()
        device = device_of_the_call(first.device)
        with qml.QueuingManager.stop_recording():
            call = mixture.read(args, kwargs, device)
        return Carrier(call, "density_qnode")

    model: Any = density_model
    model.mixture = mixture
    model.__signature__ = signature_of_the_call(first, mixture.weights.is_argument)
    return model


@functools.partial(qml.transform, final_transform=True)
def _mixed(tape: QuantumScript):
    """The circuits of a call, and their weighted sum."""
    call = cast(Call, carried(tape))
    name = device_name(call.device)
    if not tape.shots and name.startswith("qiskit."):
        raise ReadingError(
            f"{name} needs shots: set them with qml.set_shots(model, shots=…). A simulation is "
            "never run in place of the device."
        )
    if tape.shots.has_partitioned_shots and not takes_shot_vectors(call.device):
        raise ReadingError(
            f"{name} returns no shot vectors, and this model has {tape.shots}. Set one number of "
            "shots with qml.set_shots, and call it once for each number."
        )
    with qml.QueuingManager.stop_recording():
        return _METHODS[call.mixture.method](call, tape.shots)
