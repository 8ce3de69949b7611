"""Does a choice of parameters hold where it was not made? Spaces, ranks, outputs at new draws."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.column_space import (
    ColumnSpace,
    numerical_rank,
    tolerance,
)
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.repair.basis import fixed_directions, largest_angles
from pennylane_trainability.repair.model import Model
from pennylane_trainability.repair.pruning import PruningCheck

__all__ = ["verify"]

_N_INPUTS = 7  # inputs at which outputs are compared


def verify(model: Model, space: ColumnSpace, kept, values, new, keep: str, rng):
    """Column spaces at new draws and on the slice, outputs, and the price.

    Args:
        model: the QNode, read.
        space: column space over the draws the choice was made from.
        kept: flat numbers of the parameters that stay.
        values: all parameters, the removed ones at their frozen values, ``(P,)``.
        new: draws that were not used for the choice, ``(D', P)``.
        keep: ``"rank"`` or ``"directions"``.
        rng: a NumPy generator, for inputs.

    Returns:
        The check, the ratios of the weakest singular values ``(D',)``, and the condition numbers
        before and after ``(D', 2)``.

    Raises:
        ReadingError: the rank falls at the frozen values.
    """
    columns, rank = list(kept), space.rank
    frozen = np.setdiff1d(np.arange(len(values)), kept)
    on_slice = np.array(new)
    on_slice[:, frozen] = values[frozen]
    sliced = model.jacobians(on_slice)
    full = np.linalg.svd(sliced, compute_uv=False)
    part = np.linalg.svd(sliced[..., columns], compute_uv=False)
    slice_ranks = numerical_rank(part, space.rtol, space.atol)
    if np.max(slice_ranks) < rank:
        raise ReadingError(
            f"With the redundant parameters frozen at these values the rank falls from {rank} to "
            f"{np.max(slice_ranks)}: they are special. Pass other values, or use freeze='best'."
        )
    everywhere = model.jacobians(new)
    known = space.jacobians[space.ranks == rank]
    weakest = np.maximum(np.linalg.svd(everywhere[..., columns], compute_uv=False), 1e-300)
    strongest = np.linalg.svd(everywhere, compute_uv=False)[:, 0]
    check = PruningCheck(
        angles=largest_angles(known, known[..., columns], rank),
        new_angles=largest_angles(everywhere, everywhere[..., columns], rank),
        slice_ranks=slice_ranks,
        tolerances=np.maximum(1e-10, 1e-13 * strongest / weakest[:, rank - 1]),
        dead_error=_dead_error(model, space, values, new, rng),
        value_error=_value_error(model, space, kept, values, new, keep, rng),
        rank=rank,
    )
    strength = part[:, rank - 1] / np.maximum(full[:, rank - 1], tolerance(full))
    conditions = np.stack([s[:, 0] / np.maximum(s[:, rank - 1], 1e-300) for s in (full, part)], 1)
    return check, strength, conditions


def _dead_error(model: Model, space: ColumnSpace, values, new, rng) -> float:
    inputs = model.inputs(_N_INPUTS, rng)
    changed = np.array(new)
    changed[:, list(space.dead)] = values[list(space.dead)]
    return float(np.max(np.abs(model.values(new, inputs) - model.values(changed, inputs))))


def _value_error(model: Model, space: ColumnSpace, kept, values, new, keep: str, rng) -> float:
    """Move every draw along the fixed directions onto the slice; outputs must not change."""
    if keep != "directions":
        return float("nan")
    generic = space.jacobians[space.ranks == space.rank]
    alive = np.setdiff1d(np.arange(len(values)), space.dead)
    columns = fixed_directions(generic[..., alive], space.rtol)[0]
    removed = np.flatnonzero(~np.isin(alive, kept))
    stays = np.flatnonzero(np.isin(alive, kept))
    moved = np.array(new)
    moved[:, list(space.dead)] = values[list(space.dead)]
    step = values[alive[removed]] - new[:, alive[removed]]
    answer = np.linalg.solve(columns[:, stays], columns[:, removed])
    moved[:, alive[removed]] = values[alive[removed]]
    moved[:, alive[stays]] -= step @ answer.T
    inputs = model.inputs(_N_INPUTS, rng)
    return float(np.max(np.abs(model.values(new, inputs) - model.values(moved, inputs))))
