"""Which entries of a QFIM are zero whatever the angles are: these need no circuit.

Pulled back to the initial state, a generator ``A`` is a sum of words ``w · ∏ P_f`` over members
``f`` that do not commute with what is reached so far. A word has an expectation value in a basis
state only if it holds no ``X`` or ``Y``; so ``⟨A⟩ = 0`` unless the ``X`` part of ``w`` is a sum of
``X`` parts of the ``P_f``. And if the sums of two generators live on different wires of a product
state, their covariance is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.circuits.layers import LayeredCircuit, Node
from pennylane_trainability.circuits.reach import Span, key_of, swap

__all__ = ["Vanishing", "vanishing"]


@dataclass(frozen=True, slots=True, eq=False)
class Vanishing:
    """Zeros by structure among ``V`` nodes.

    Attributes:
        means: where ``⟨A_v⟩ = 0``, ``(V,)``.
        products: where ``Re⟨A_u A_v⟩ = 0``, ``(V, V)``.
        covariances: where ``Re⟨A_u A_v⟩ = ⟨A_u⟩⟨A_v⟩``, ``(V, V)``.
    """

    means: np.ndarray
    products: np.ndarray
    covariances: np.ndarray


class _Reached:
    """What one generator is made of at the initial state."""

    __slots__ = ("flips", "support")

    def __init__(self, node: Node, made: LayeredCircuit, known: int):
        n = made.circuit.n_wires
        span = Span(2 * n, [key_of(node.word, n)])
        self.support = node.word.support
        self.flips = Span(n)
        for number in reversed(range(node.member)):
            if not node.before >> number & 1:
                continue
            words = made.members[number].words
            if all(span.commutes_with(swap(key_of(word, n), n)) for word in words):
                continue
            for word in words:
                span.add(key_of(word, n))
                self.support |= word.support
                self.flips.add(word.x & known)


def vanishing(made: LayeredCircuit) -> Vanishing:
    """Find the zeros by structure.

    Args:
        made: a circuit in layers, ``V`` nodes.

    Returns:
        The zeros; what is not listed may still be zero at given angles. Cost about ``V²`` unions of
        at most ``n`` words.
    """
    known = ~made.state.unknown & (1 << made.circuit.n_wires) - 1
    reached = [_Reached(node, made, known) for node in made.nodes]
    count = len(reached)
    means = np.array(
        [not _holds(r.flips, n.word.x & known) for r, n in zip(reached, made.nodes, strict=True)],
        dtype=bool,
    )
    products = np.zeros((count, count), bool)
    covariances = np.zeros((count, count), bool)
    for u, (first, a) in enumerate(zip(reached, made.nodes, strict=True)):
        for v in range(u):
            second, b = reached[v], made.nodes[v]
            flips = (a.word.x ^ b.word.x) & known
            products[u, v] = products[v, u] = not _joint(first.flips, second.flips, flips)
            apart = not first.support & second.support and not (
                first.support & made.state.unknown and second.support & made.state.unknown
            )
            zero = apart or (products[u, v] and (means[u] or means[v]))
            covariances[u, v] = covariances[v, u] = zero
    return Vanishing(means, products, covariances)


def _holds(span: Span, key: int) -> bool:
    """Whether a mask is a sum of masks of the span."""
    while key:
        pivot = span.pivots.get(key.bit_length())
        if pivot is None:
            return False
        key ^= pivot
    return True


def _joint(first: Span, second: Span, key: int) -> bool:
    """Whether a mask is a sum of masks of two spans."""
    if _holds(first, key) or _holds(second, key):
        return True
    both = Span(first.limit, first.pivots.values())
    for pivot in second.pivots.values():
        both.add(pivot)
    return _holds(both, key)
