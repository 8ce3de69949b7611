"""The nineteen circuits of Sim, Johnson and Aspuru-Guzik, as lists of moves.

A move is a name of a gate and the wires it acts on, in order of time; every parametrised gate takes
the next weight of its layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

__all__ = ["CIRCUITS", "ONCE", "layer_moves", "once_moves", "parameters_of"]

Move = tuple[str, tuple[int, ...]]

#: Numbers of the circuits.
CIRCUITS = range(1, 20)
#: Circuits with rotations that are applied once, in front of all layers.
ONCE = frozenset({10})
#: Gates without a weight.
FIXED = frozenset({"Hadamard", "CNOT", "CZ"})


def _each(names: str, wires) -> Iterator[Move]:
    """Rotations of every wire, axis by axis."""
    for axis in names:
        yield from ((f"R{axis}", (w,)) for w in wires)


def _chain(gate: str, n: int) -> Iterator[Move]:
    """Control above target: n−1 on n−2, …, 1 on 0."""
    yield from ((gate, (w, w - 1)) for w in range(n - 1, 0, -1))


def _ring(gate: str, n: int) -> Iterator[Move]:
    """Every wire controls the next one: n−1 on 0, then n−2 on n−1, …, 0 on 1."""
    yield from ((gate, (w, (w + 1) % n)) for w in range(n - 1, -1, -1))


def _back_ring(gate: str, n: int) -> Iterator[Move]:
    """Every wire controls the one before: n−1 on n−2, then 0 on n−1, 1 on 0 and so on."""
    yield from ((gate, (w % n, (w - 1) % n)) for w in range(n - 1, 2 * n - 1))


def _all_to_all(gate: str, n: int) -> Iterator[Move]:
    """Every wire controls every other one, the last wire first."""
    for control in range(n - 1, -1, -1):
        yield from ((gate, (control, t)) for t in range(n - 1, -1, -1) if t != control)


def _bonds(gate: str, n: int, first: int) -> Iterator[Move]:
    """Disjoint neighbours: first + 1 on first, first + 3 on first + 2 and so on."""
    yield from ((gate, (w + 1, w)) for w in range(first, n - 1, 2))


def _bricks(gate: str, n: int, between: str, inner) -> Iterator[Move]:
    yield from _bonds(gate, n, 0)
    yield from _each(between, inner)
    yield from _bonds(gate, n, 1)


@lru_cache(maxsize=256)
def layer_moves(k: int, n: int) -> tuple[Move, ...]:
    """One layer of circuit ``k`` on ``n`` wires."""
    every = range(n)
    turn = "CRZ" if k in (3, 5, 7, 13, 16, 18) else "CRX"
    moves: list[Move] = []
    if k <= 8 or k >= 16:
        moves += _each("XZ", every)
    if k == 2:
        moves += _chain("CNOT", n)
    elif k in (3, 4):
        moves += _chain(turn, n)
    elif k in (5, 6):
        moves += [*_all_to_all(turn, n), *_each("XZ", every)]
    elif k in (7, 8):
        moves += _bricks(turn, n, "XZ", every)
    elif k == 9:
        moves += [*(("Hadamard", (w,)) for w in every), *_chain("CZ", n), *_each("X", every)]
    elif k == 10:
        moves += [*_ring("CZ", n), *_each("Y", every)]
    elif k in (11, 12):
        moves += _each("YZ", every)
        moves += _bricks("CNOT" if k == 11 else "CZ", n, "YZ", range(1, n - 1))
    elif k in (13, 14, 15):
        gate = "CNOT" if k == 15 else turn
        moves += [*_each("Y", every), *_ring(gate, n)]
        moves += [*_each("Y", every), *_back_ring(gate, n)]
    elif k in (16, 17):
        moves += _bricks(turn, n, "", ())
    elif k in (18, 19):
        moves += _ring(turn, n)
    return tuple(moves)


def once_moves(k: int, n: int) -> tuple[Move, ...]:
    """What circuit ``k`` has in front of its layers."""
    return tuple(_each("Y", range(n))) if k in ONCE else ()


def parameters_of(k: int, n: int) -> int:
    """Weights of one layer.

    >>> [parameters_of(k, 4) for k in CIRCUITS]
    [8, 8, 11, 11, 28, 28, 19, 19, 4, 4, 12, 12, 16, 16, 8, 11, 11, 12, 12]
    """
    return sum(name not in FIXED for name, _ in layer_moves(k, n))
