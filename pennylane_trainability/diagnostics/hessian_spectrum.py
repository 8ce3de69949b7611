"""How is a loss curved, at given parameters and at random ones?"""

from __future__ import annotations

import functools

import numpy as np

from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.diagnostics.hessian_record import HessianSpectrum
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.observable import one_expectation
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.results import Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.hessian import loss_hessian
from pennylane_trainability.transforms.engines import device_name

__all__ = ["hessian_spectrum"]


def hessian_spectrum(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    n_draws: int = 20,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    memory: int = DEFAULT_MEMORY,
):
    r"""How is the loss curved, at the values given and at random parameters?

    Eigenvalues of :math:`\partial^2\ell/\partial\theta_p\partial\theta_q`. At a minimum none is
    negative; many zeros say that minima are flat, as they are once a circuit has more parameters
    than it needs. At random parameters about as many are negative as positive.

    Args:
        qnode: a QNode that returns one ``expval``. It is simulated without noise, whatever its
            device: shots and noise are left out.
        argnums: the trainable arguments; see :func:`loss_variance`.
        encoding_args: data arguments, left as they are.
        n_draws: parameter draws beside the values given.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of the draws; drawn and kept if ``None``.
        memory: bytes the simulation may hold in states at once.

    Returns:
        A function of the QNode's arguments that returns a :class:`HessianSpectrum`; ``.plot()``
        draws it.

    Raises:
        ReadingError: angles are nonlinear in the parameters, or a gate has several angles.

    **Cost.** No circuits; at every point a simulated gradient for two (four, for controlled
    rotations) shifted values of every trainable angle, in batches.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.RX(weights[0], wires=0)
    ...     qml.RX(weights[1], wires=1)
    ...     return qml.expval(qml.Z(0) @ qml.Z(1))
    >>> found = pt.hessian_spectrum(circuit, n_draws=0)(np.array([np.pi, 0.0]))
    >>> print(found.heading())
    Hessian of the loss: 2 directions up, 0 down, 0 flat
    >>> np.allclose(found.eigenvalues, 1)
    True
    """
    if not isinstance(n_draws, int | np.integer) or n_draws < 0:
        raise ValueError(f"n_draws needs a whole number ≥ 0; got {n_draws!r}.")
    entropy, chosen = kept_seed(seed), law or Uniform()

    @functools.wraps(qnode.func)
    def run(*args, **kwargs) -> HessianSpectrum:
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums, need_inputs=False)
        one_expectation(reading.circuit.measurements)
        given = reading.arguments.parameters
        rng = np.random.default_rng(entropy)
        drawn = draw(chosen, reading.circuit, given, n_draws, rng)
        points = np.concatenate([given[None], drawn])
        losses, norms, eigenvalues = zip(*(_at(reading, p, memory) for p in points), strict=True)
        return HessianSpectrum(
            eigenvalues=np.array(eigenvalues),
            losses=np.array(losses),
            gradient_norms=np.array(norms),
            points=points,
            parameters=reading.arguments.parameter_labels(),
            law=getattr(law, "__name__", str(chosen)) if n_draws else "the values given only",
            provenance=Provenance(
                seed=entropy,
                n_samples=len(points),
                device=device_name(qnode.device),
                engine="exact",
            ),
        )

    return run


def _at(reading: Reading, parameters: np.ndarray, memory: int) -> tuple[float, float, np.ndarray]:
    """Loss, norm of the gradient and eigenvalues, descending, at one point."""
    circuit = reading.at(parameters[None], reading.arguments.inputs[None])
    here = simulate(circuit, memory=memory)
    slope = np.ravel((here.gradients or ())[0])
    try:
        matrix = loss_hessian(circuit, memory)
    except NotImplementedError as error:
        raise ReadingError(str(error)) from None
    norm = float(np.linalg.norm(slope))
    return float(np.ravel(here.values[0])[0]), norm, np.linalg.eigvalsh(matrix)[::-1]
