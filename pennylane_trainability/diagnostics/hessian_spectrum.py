"""How is a loss curved, at given parameters and at random ones?"""

from __future__ import annotations

import functools
from concurrent import futures

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading, function_of, read_qnode
from pennylane_trainability.diagnostics.hessian_record import HessianSpectrum
from pennylane_trainability.diagnostics.local_minima import BOTTOM, minima_of
from pennylane_trainability.diagnostics.wishart import parameters_or_why
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.hessian_law import HessianLaw, at_bottom, at_random
from pennylane_trainability.landscapes.observable import one_expectation
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.results import Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY, simulate
from pennylane_trainability.simulation.draws import over_draws, slices
from pennylane_trainability.simulation.hessian import loss_hessian
from pennylane_trainability.transforms.engines import device_name
from pennylane_trainability.workers import check_workers

__all__ = ["hessian_spectrum"]

_POINTS = ("draws", "minima")
_NO_NOTES: tuple[str, ...] = ()
#: Descents stop a little before the minimum, where what is flat has a small curvature left.
_FLAT = {"draws": 1e-9, "minima": 1e-3}


def hessian_spectrum(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    at: str = "draws",
    n_draws: int = 20,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    memory: int = DEFAULT_MEMORY,
    workers: futures.Executor | None = None,
):
    r"""How is the loss curved, at the values given and at random parameters?

    Eigenvalues of :math:`\partial^2\ell/\partial\theta_p\partial\theta_q`. At a minimum none is
    negative; many zeros say that minima are flat, as they are once a circuit has more parameters
    than it needs. At random parameters about as many are negative as positive. Where the Wishart
    model of :func:`wishart_parameters` applies, its first two moments of the spectrum are beside
    those of the samples; they suppose a circuit that is random between its parameters.

    Args:
        qnode: a QNode that returns one ``expval``. It is simulated without noise, whatever its
            device: shots and noise are left out.
        argnums: the trainable arguments; see :func:`loss_variance`.
        encoding_args: data arguments, left as they are.
        at: ``"draws"``, or ``"minima"``: where descents from the draws end, see
            :func:`local_minima`; those that did not converge are left out.
        n_draws: parameter draws beside the values given.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of the draws; drawn and kept if ``None``.
        memory: bytes the simulation may hold in states at once.
        workers: any :class:`concurrent.futures.Executor` to share the points; see
            :func:`loss_variance`.

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
    if at not in _POINTS:
        raise ValueError(f"at={at!r} is unknown; use one of {list(_POINTS)}.")
    check_workers(workers)
    entropy, chosen = kept_seed(seed), law or Uniform()

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> HessianSpectrum:
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums, need_inputs=False)
        one_expectation(reading.circuit.measurements)
        given = reading.arguments.parameters
        drawn, notes = np.zeros((0, len(given))), _NO_NOTES
        if n_draws and at == "draws":
            rng = np.random.default_rng(entropy)
            drawn = draw(chosen, reading.circuit, given, n_draws, rng)
        elif n_draws:
            drawn, notes = _ends(reading, chosen, n_draws, entropy, memory, workers)
        points = np.concatenate([given[None], drawn])
        parts = slices(len(points), 1)
        found = over_draws(_at, reading, points, parts, workers, memory)
        losses, norms, eigenvalues = zip(*found, strict=True)
        predicted, why = _prediction(reading, at)
        return HessianSpectrum(
            eigenvalues=np.array(eigenvalues),
            losses=np.array(losses),
            gradient_norms=np.array(norms),
            points=points,
            rtol=_FLAT[at],
            parameters=reading.arguments.parameter_labels(),
            law=getattr(law, "__name__", str(chosen)) if n_draws else "the values given only",
            at=at,
            predicted=predicted,
            notes=notes + why,
            provenance=Provenance(
                seed=entropy,
                n_samples=len(points),
                device=device_name(qnode.device),
                engine="exact",
            ),
        )

    return run


def _ends(
    reading: Reading, law: Law, count: int, seed, memory: int, workers
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Where descents ended that converged, and how many of them above the bottom."""
    found = minima_of(reading, law, count, seed, memory, workers)
    above = int(np.sum(found.energies > BOTTOM))
    if not above:
        return found.points, ()
    return found.points, (
        f"{above} of {len(found.points)} minima lie above the bottom; predictions are for those at "
        "the bottom",
    )


def _prediction(reading: Reading, at: str) -> tuple[HessianLaw | None, tuple[str, ...]]:
    """What the Wishart model expects, or why it does not."""
    found, why = parameters_or_why(reading)
    if found is None or not found.applies:
        return None, tuple(f"no prediction: {one}" for one in why)
    active = [block for block in found.blocks if block.variance > 0]
    if not active:
        return None, ("no prediction: the loss does not vary in any block",)
    if at == "draws":
        variances = [block.variance for block in active]
        slopes = [block.gradient_variance for block in active]
        return at_random(variances, slopes, found.slopes), ()
    if len(active) > 1 or not active[0].ends_exact:
        return None, ("no prediction at the bottom: several blocks, or its depth is not known",)
    [block] = active
    mean = (found.exact.mean if found.exact is not None else 0.0) - block.probability * block.low
    return at_bottom(mean, block.beta * block.r_descent, found.slopes), ()


def _at(circuit: Circuit, _: int, memory: int) -> tuple[float, float, np.ndarray]:
    """Loss, norm of the gradient and eigenvalues, descending, at one point."""
    here = simulate(circuit, memory=memory)
    slope = np.ravel((here.gradients or ())[0])
    try:
        matrix = loss_hessian(circuit, memory)
    except NotImplementedError as error:
        raise ReadingError(str(error)) from None
    norm = float(np.linalg.norm(slope))
    return float(np.ravel(here.values[0])[0]), norm, np.linalg.eigvalsh(matrix)[::-1]
