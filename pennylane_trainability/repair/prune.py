"""Which parameters can be frozen so that the model loses nothing, at least to first order?"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.dead import dead_parameters
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.diagnostics.column_space import ColumnSpace, column_space
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.laws import Law, Uniform, drawn_near
from pennylane_trainability.repair.basis import best_basis, fixed_directions, on_column_space
from pennylane_trainability.repair.model import Model, model_of
from pennylane_trainability.repair.pruning import Pruning, Removal
from pennylane_trainability.repair.reduced import Plan
from pennylane_trainability.repair.verification import verify
from pennylane_trainability.results import Claim, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import device_name

__all__ = ["prune"]

_KEEP = ("rank", "directions")
_FREEZE = ("given", "best")


@dataclass(frozen=True, slots=True)
class _Options:
    keep: str
    freeze: str
    n_draws: int
    law: Law
    seed: int


def prune(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    keep: str = "rank",
    freeze: str = "given",
    data=None,
    spectrum=None,
    n_draws: int = 20,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
):
    r"""Which parameters can be removed, why, and what is the QNode without them?

    With ``keep="rank"`` the parameters kept are a basis of the column space of the coefficient
    Jacobian :math:`J`: as many as the structural rank, which is the fewest possible, because every
    basis has that size. Of all bases one with a large smallest singular value is taken (pivoted
    Gram–Schmidt over all draws, then exchanges; a local best). The model is then unchanged to
    first order at almost every value of its parameters, and to first order only.

    With ``keep="directions"`` only those go that are dead, or that others replace by a linear
    relation that is the same at all draws. :math:`f` is constant along such a direction, so that
    the set of functions stays the same.

    Both are verified at draws that were not used for the choice.

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``, on an exact simulator without shots.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        keep: ``"rank"`` or ``"directions"``.
        freeze: redundant parameters are frozen at the values ``"given"``, or at the ``"best"`` of
            the draws, where the pruned QNode responds most. Dead ones are frozen at 0.
        data: data points ``(n, *shape of the input)``; the rows of ``J`` where the QNode is no
            Fourier series.
        spectrum: frequencies; ``None`` finds them.
        n_draws: parameter draws for the choice, and as many again for the check; at least 2.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: seed of the draws; drawn and kept if ``None``.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``.
        memory: bytes of states of the exact engine.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`Pruning`; its method ``apply``
        makes the pruned QNode.

    Raises:
        ReadingError: see :func:`coefficient_jacobian`; the device is no exact simulator; or the
            rank falls when the redundant parameters are frozen at the values given.
        NotFourierError: the output is no Fourier series and no ``data`` was given.

    **Cost.** No circuits: :math:`3D` simulated Jacobians.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.RZ(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     qml.RY(weights[2], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[3], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> weights = np.array([0.1, 0.2, 0.3, 0.4])
    >>> pruning = pt.prune(circuit, encoding_args="x", seed=1)(0.0, weights)
    >>> print(pruning.heading())
    2 of 4 parameters are enough
    >>> small = pruning.apply(circuit)
    >>> bool(np.isclose(small(pruning.start, 0.7), circuit(0.7, weights)))
    True
    """
    _check_options(keep, freeze, n_draws)
    options = _Options(keep, freeze, int(n_draws), law or Uniform(), kept_seed(seed))

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> Pruning:
        model = model_of(
            "prune",
            *(qnode, args, kwargs, encoding_args, argnums, data, spectrum, engine),
            *(memory, max_points),
        )
        return _prune(model, options, device_name(qnode.device))

    return run


def _check_options(keep: str, freeze: str, n_draws) -> None:
    if keep not in _KEEP:
        raise ValueError(f"prune() needs keep='rank' or keep='directions', but got {keep!r}.")
    if freeze not in _FREEZE:
        raise ValueError(f"prune() needs freeze='given' or freeze='best', but got {freeze!r}.")
    if isinstance(n_draws, bool) or not isinstance(n_draws, (int, np.integer)) or n_draws < 2:
        raise ValueError(f"prune() needs n_draws as a whole number ≥ 2, but got {n_draws!r}.")


def _prune(model: Model, options: _Options, device: str) -> Pruning:
    rng = np.random.default_rng(options.seed)
    drawn = model.draws(options.law, options.n_draws, rng)
    space = column_space(model.jacobians(drawn))
    if space.rank == 0:
        raise ReadingError(
            "prune() needs an output that depends on some parameter, but every column of J is "
            "zero at all draws. See analyze() for the reasons."
        )
    kept, exchanges = _choose(space, options.keep)
    new = model.draws(options.law, options.n_draws, rng)
    values = _frozen(model, space, kept, drawn, new, options)
    checked = verify(model, space, kept, values, new, options.keep, rng)
    return _record(model, space, kept, exchanges, values, checked, options, device)


def _record(
    model: Model, space: ColumnSpace, kept, exchanges, values, checked, options: _Options, device
) -> Pruning:
    check, strength, conditions = checked
    reading, labels = model.reading, model.names
    return Pruning(
        keep=options.keep,
        names=labels,
        kept=kept,
        removed=_removals(model, space, kept, values),
        groups=tuple(_in_words(group, labels) for group in space.groups),
        mask=reading.arguments.unflatten(np.isin(np.arange(len(values)), kept)),
        frozen_values=reading.arguments.unflatten(values),
        start=values[list(kept)],
        exchanges=exchanges,
        strength=strength,
        conditions=conditions,
        check=check,
        space=space,
        law=str(options.law),
        notes=(
            *reading.arguments.notes,
            *((model.why,) if model.why else ()),
            *drawn_near(options.law, reading.circuit),
        ),
        provenance=Provenance(
            seed=options.seed, n_samples=2 * options.n_draws, device=device, engine=model.engine
        ),
        plan=Plan(reading.arguments, kept, values),
    )


def _choose(space: ColumnSpace, keep: str) -> tuple[tuple[int, ...], int]:
    generic = space.jacobians[space.ranks == space.rank]
    if keep == "directions":
        alive = np.setdiff1d(np.arange(space.n_parameters), space.dead)
        kept, exchanges = best_basis(fixed_directions(generic[..., alive], space.rtol))
        return tuple(int(p) for p in alive[list(kept)]), exchanges
    return best_basis(on_column_space(generic, space.rank))


def _frozen(model: Model, space: ColumnSpace, kept, drawn, new, options: _Options) -> np.ndarray:
    """All parameters: the kept ones and the redundant ones as given, dead ones at 0."""
    values = np.array(model.given)
    values[list(space.dead)] = 0.0
    if options.freeze == "given" or len(kept) + len(space.dead) == len(values):
        return values
    removed = np.setdiff1d(np.arange(len(values)), (*kept, *space.dead))
    responses = []
    for point in drawn:
        trial = np.array(new)
        trial[:, removed], trial[:, list(space.dead)] = point[removed], 0.0
        part = model.jacobians(trial)[..., list(kept)]
        response = np.linalg.svd(part, compute_uv=False)[:, space.rank - 1]
        responses.append(np.mean(np.log(np.maximum(response, 1e-300))))
    values[removed] = drawn[int(np.argmax(responses)), removed]
    return values


def _removals(model: Model, space: ColumnSpace, kept, values) -> tuple[Removal, ...]:
    structural = dead_parameters(model.reading.circuit)
    names = model.names
    out = []
    for p in np.setdiff1d(np.arange(len(names)), kept).tolist():
        kind, claim = "redundant", Claim.GENERIC
        if p in structural:
            kind, reason, claim = "dead", structural[p].value, Claim.THEOREM
        elif p in space.dead:
            kind, reason = "dead", "its column is zero at all draws"
        else:
            reason = "; ".join(_in_words(g, names) for g in space.groups if p in g.members)
            reason = reason or "the kept columns span its column at all draws"
        out.append(
            Removal(
                parameter=p,
                name=names[p],
                kind=kind,
                reason=reason,
                value=float(values[p]),
                claim=claim,
            )
        )
    return tuple(out)


def _in_words(group, names: tuple[str, ...]) -> str:
    members = [names[m] for m in group.members]
    shown = ", ".join(members[:8]) + (f", … ({len(members) - 8} more)" if len(members) > 8 else "")
    return f"{group.excess} of {shown} can be fixed ({group.relation.value})"
