"""Which parameters stand in for one another? Groups of redundant parameters."""

from __future__ import annotations

from enum import Enum

import numpy as np

from pennylane_trainability.diagnostics.column_space.kernel import (
    common_kernel_projector,
    independent_columns,
    kernel_projectors,
)
from pennylane_trainability.diagnostics.column_space.spectrum import RTOL
from pennylane_trainability.results import Result, describe, record

__all__ = ["RedundantGroup", "Relation", "components", "proportional_classes", "redundant_groups"]


class Relation(Enum):
    """How the columns of a redundant group depend on each other; the value is what is shown."""

    PROPORTIONAL = "multiples of each other, by the same factor in every draw"
    FIXED = "linear relations that are the same in every draw"
    PARALLEL = "multiples of each other, by a factor that changes with the parameters"
    VARYING = "linear relations whose coefficients change with the parameters"


@record
class RedundantGroup(Result):
    """Parameters of which some can be fixed without losing a direction.

    Attributes:
        members: flat parameter indices.
        excess: how many of them can be fixed.
        relation: how their columns depend on each other.

    >>> print(RedundantGroup(members=(2, 5), excess=1, relation=Relation.PROPORTIONAL))
    1 of parameters 2, 5: multiples of each other, by the same factor in every draw
    """

    members: tuple[int, ...]
    excess: int
    relation: Relation

    def summary(self) -> str:
        """One line."""
        return f"{self.excess} of parameters {describe(self.members)}: {self.relation.value}"


def redundant_groups(
    jacobians: np.ndarray, rank: int, dead: tuple[int, ...] = (), rtol: float = RTOL
) -> tuple[RedundantGroup, ...]:
    """All redundant directions that are not dead parameters, in groups as small as they come.

    In four steps, each of which keeps as many parameters as there are independent ones and hands
    them on: columns that are multiples by a fixed factor; fixed linear relations (the kernel of
    the draws on top of each other); columns that are multiples draw by draw; the rest of the
    kernels draw by draw. So the excesses add up to ``P − rank − number of dead parameters``.
    Relations between many parameters are cut where the projector on the kernel is block diagonal.

    Args:
        jacobians: draws that attain the structural rank, each divided by its largest singular
            value, shape ``(D, K, P)``.
        rank: the structural rank, at least 1.
        dead: parameters to leave out.
        rtol: what counts as zero beside the largest singular value.

    Returns:
        Groups, in the order of the steps.

    >>> theta = np.array([0.3, 1.1, 2.0])
    >>> row = np.stack([np.cos(theta), np.sin(theta), 2 * np.sin(theta)], axis=-1)
    >>> for group in redundant_groups(row[:, None, :], rank=1):
    ...     print(group)
    1 of parameters 1, 2: multiples of each other, by the same factor in every draw
    1 of parameters 0, 1: multiples of each other, by a factor that changes with the parameters
    """
    left = np.setdiff1d(np.arange(jacobians.shape[-1]), dead).astype(int)
    # The triangular factor has the lengths and angles of the columns of the draws together.
    stack = np.asarray(np.linalg.qr(jacobians.reshape(-1, jacobians.shape[-1]), mode="r"))[None]
    cutoff = rtol * np.sqrt(len(jacobians))

    multiples, left = _multiples(stack, left, cutoff, Relation.PROPORTIONAL)
    projector, condition = common_kernel_projector(stack[..., left], rtol)
    fixed = _relations(projector[None], condition, left, Relation.FIXED)
    n_fixed = len(left) - sum(group.excess for group in fixed)
    left = left[sorted(independent_columns(stack[..., left], n_fixed))]

    parallel, left = _multiples(jacobians, left, rtol, Relation.PARALLEL)
    varying = _relations(*_kernels(jacobians[..., left], rank), left, Relation.VARYING)
    return (*multiples, *fixed, *parallel, *varying)


def _multiples(
    jacobians: np.ndarray, left: np.ndarray, cutoff: float, relation: Relation
) -> tuple[list[RedundantGroup], np.ndarray]:
    """Groups of proportional columns among ``left``, and one parameter of every class."""
    classes = [left[c] for c in proportional_classes(jacobians[..., left], cutoff)]
    groups = [_group(c, len(c) - 1, relation) for c in classes if len(c) > 1]
    return groups, np.array([c[0] for c in classes], dtype=int)


def _relations(
    projectors: np.ndarray, condition: float, left: np.ndarray, relation: Relation
) -> list[RedundantGroup]:
    """The blocks of projectors on kernels, each with the dimension of its part: a trace.

    An entry that is not identically zero is nonzero in almost every draw, so the median over the
    draws keeps it; and a single draw that is badly conditioned cannot invent one.
    """
    # What rounding can leave in an entry that should be zero.
    noise = max(1e-9, 1e3 * np.finfo(float).eps * condition)
    leverage = np.diagonal(projectors, axis1=-2, axis2=-1)
    groups = []
    for part in components(np.median(np.abs(projectors), axis=0) > noise):
        excess = round(float(np.median(np.sum(leverage[:, part], axis=-1))))
        if excess > 0:
            groups.append(_group(left[part], excess, relation))
    return groups


def _kernels(jacobians: np.ndarray, rank: int) -> tuple[np.ndarray, float]:
    """The kernel projectors of draws of the same rank, and the median of their conditions."""
    _, values, vectors = np.linalg.svd(jacobians, full_matrices=False)
    projectors = kernel_projectors(vectors, np.full(len(values), rank))
    return projectors, float(np.median(values[:, 0] / values[:, rank - 1]))


def _group(members: np.ndarray, excess: int, relation: Relation) -> RedundantGroup:
    return RedundantGroup(members=tuple(members.tolist()), excess=excess, relation=relation)


def proportional_classes(jacobians: np.ndarray, cutoff: float) -> list[list[int]]:
    """Classes of columns that are multiples of each other in every draw; most have one member.

    The factor may change from draw to draw. Columns p and q are in one class if in every draw the
    second singular value of the two is not larger than ``cutoff``.

    Args:
        jacobians: shape ``(D, K, P)``, scaled draws.
        cutoff: the length up to which a column counts as zero.

    >>> proportional_classes(np.array([[[1.0, 0.0, 3.0], [0.0, 1.0, 0.0]]]), 1e-9)
    [[0, 2], [1]]
    """
    gram = jacobians.swapaxes(-1, -2) @ jacobians
    squares = np.diagonal(gram, axis1=-2, axis2=-1)
    # The Gram matrix only preselects: its cosines are good to half the digits. Its determinant is
    # σ₁²σ₂², at most σ₂² times its trace.
    one, two = squares[:, :, None], squares[:, None, :]
    candidates = np.all(gram**2 >= (1 - 1e-6) * one * two - cutoff**2 * (one + two), axis=0)
    left = np.ones(jacobians.shape[-1], dtype=bool)
    classes = []
    for p in range(len(left)):
        if not left[p]:
            continue
        others = np.flatnonzero(left & candidates[p]).tolist()
        members = [q for q in others if q == p or _proportional(jacobians, p, q, cutoff)]
        left[members] = False
        classes.append(members)
    return classes


def _proportional(jacobians: np.ndarray, p: int, q: int, cutoff: float) -> bool:
    pair = np.linalg.svd(jacobians[..., [p, q]], compute_uv=False)
    return pair.shape[1] < 2 or bool(np.all(pair[:, 1] <= cutoff))


def components(adjacent: np.ndarray) -> list[list[int]]:
    """Connected components of a graph given by a symmetric boolean matrix ``(n, n)``.

    >>> components(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool))
    [[0, 2], [1]]
    """
    left = set(range(len(adjacent)))
    parts = []
    while left:
        part, front = set(), {min(left)}
        while front:
            part |= front
            front = set(np.flatnonzero(adjacent[sorted(front)].any(axis=0)).tolist()) - part
        left -= part
        parts.append(sorted(part))
    return parts
