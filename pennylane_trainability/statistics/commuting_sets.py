"""Matrices that commute with each other: which do, and how few sets they fall into."""

from __future__ import annotations

import numpy as np

__all__ = ["clique_partition", "commutator_sizes", "independent_number"]

_CHUNK = 2**27  # bytes of products held at once


def commutator_sizes(
    matrices: np.ndarray, rng: np.random.Generator, floor: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    r"""How far from commuting matrices are, relative to their own size.

    A commutator vanishes if it takes a random vector :math:`v` to zero (with probability one), so
    that :math:`A_j A_k v - A_k A_j v` is formed instead of products of matrices: ``L²d²``
    operations instead of ``L²d³``.

    Args:
        matrices: Hermitian, shape ``(L, d, d)``.
        rng: draws the vector.
        floor: norms up to this are rounding, and the matrix is zero.

    Returns:
        :math:`\|[A_j, A_k] v\| / (\|A_j\| \|A_k\| \|v\|)`, shape ``(L, L)``, 0 for a matrix that
        is zero; and the norms :math:`\|A_j\|`, which are Frobenius norms divided by
        :math:`\sqrt d`, ``(L,)``.
    """
    count, size = matrices.shape[:2]
    vector = np.array([1, 1j]) @ rng.normal(size=(2, size))
    vector /= np.linalg.norm(vector)
    norms = np.linalg.norm(matrices, axis=(1, 2)) / np.sqrt(size)
    factors = np.divide(1.0, norms, out=np.zeros(count), where=norms > floor)
    scaled = matrices * factors[:, None, None]
    once = (scaled @ vector).T  # (d, L)
    sizes = np.zeros((count, count))
    step = max(1, _CHUNK // (32 * size * count))
    for first in range(0, count, step):
        rows = slice(first, first + step)
        forth = scaled[rows] @ once  # (j, d, L): A_j A_k v
        back = scaled @ once[:, rows]  # (L, d, j): A_k A_j v
        sizes[rows] = np.linalg.norm(forth - back.transpose(2, 1, 0), axis=1)
    return sizes, norms


def clique_partition(commuting: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Sets of mutually commuting members, the largest taken out again and again.

    Repeated maximum cliques, which need not be the fewest sets there are. Members that commute with
    the same others are one node with a weight, which changes no maximum and keeps the graph small.

    Args:
        commuting: symmetric, True on the diagonal, shape ``(L, L)``.

    Returns:
        The members of each set, ascending, in the order in which sets were taken out.
    """
    import networkx

    classes = _twins(commuting)
    graph = networkx.Graph()
    for node, members in enumerate(classes):
        graph.add_node(node, size=len(members))
    first = [members[0] for members in classes]
    reduced = commuting[np.ix_(first, first)]
    graph.add_edges_from((i, j) for i, j in np.argwhere(np.triu(reduced, 1)).tolist())
    sets = []
    while graph:
        clique, _ = networkx.max_weight_clique(graph, weight="size")
        sets.append(tuple(sorted(m for node in clique for m in classes[node])))
        graph.remove_nodes_from(clique)
    return tuple(sets)


def _twins(commuting: np.ndarray) -> list[list[int]]:
    """Members with equal rows, by their first one."""
    classes: dict[bytes, list[int]] = {}
    for member, row in enumerate(np.asarray(commuting, bool)):
        classes.setdefault(row.tobytes(), []).append(member)
    return list(classes.values())


def independent_number(commuting: np.ndarray) -> int:
    """Members of which no two commute: no partition into commuting sets has fewer sets.

    Greedy, by the fewest neighbours left, so that there may be more of them.

    Args:
        commuting: symmetric, True on the diagonal, shape ``(L, L)``.
    """
    left = np.ones(len(commuting), bool)
    count = 0
    while left.any():
        degrees = np.where(left, commuting[:, left].sum(1), len(commuting) + 1)
        left &= ~commuting[int(np.argmin(degrees))]
        count += 1
    return count
