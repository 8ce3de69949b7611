"""Which measurement of a circuit is meant: its key, and how many equal ones came before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pennylane.tape import QuantumScript

from pennylane_trainability.keys import circuit_key

__all__ = ["numbered", "shots_of"]


def numbered(tapes: Sequence[QuantumScript], counts: Counter) -> list[tuple[str, int]]:
    """Keys of circuits with the number of their replicate.

    Args:
        tapes: the circuits.
        counts: how many of each came before; those of the tapes are added.
    """
    keys = []
    for tape in tapes:
        circuit = circuit_key(tape)
        keys.append((circuit, counts[circuit]))
        counts[circuit] += 1
    return keys


def shots_of(tape: QuantumScript) -> int:
    """Shots of a circuit, those of all entries of its batch together."""
    return (tape.batch_size or 1) * (tape.shots.total_shots or 0)
