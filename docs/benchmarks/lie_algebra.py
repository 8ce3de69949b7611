"""Lie algebras of Pauli words beside ``qml.lie_closure``, and words carried through long circuits.

``python docs/benchmarks/lie_algebra.py`` prints three tables: dynamical Lie algebras by listing
them and by their type, against PennyLane's closure on the same generators; algebras of sums of
words; and the sweep of a gradient through Ising-like circuits on 100 wires. Everything runs in one
process; "first" is the first call, "again" the best of the following ones, in milliseconds of
processor time on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pennylane as qml
from pennylane.pauli import PauliSentence, PauliWord

from pennylane_trainability.liealg import (
    Carrying,
    Source,
    Turn,
    Words,
    closure,
    ideals,
    sentence_closure,
)

LETTERS = {(0, 0): "I", (1, 0): "X", (0, 1): "Z", (1, 1): "Y"}
LOGICALS = [
    *("XXII", "IIYY", "IZZI", "XIIX", "YYII", "IIZZ"),
    *("IXXI", "YIIY", "ZZII", "IIXX", "IYYI", "ZIIZ"),
]


def masks(text: str) -> tuple[int, int]:
    """A word written as letters."""
    x = sum(1 << w for w, letter in enumerate(text) if letter in "XY")
    return x, sum(1 << w for w, letter in enumerate(text) if letter in "YZ")


def bonds(n: int, letter: int, closed: bool) -> list[tuple[int, int]]:
    """The same letter on neighbouring wires; bits of ``letter`` say ``X`` and ``Z``."""
    pairs = [1 << w | 1 << (w + 1) % n for w in range(n if closed else n - 1)]
    return [(m * (letter & 1), m * (letter >> 1)) for m in pairs]


def single(n: int, letter: int) -> list[tuple[int, int]]:
    return [((1 << w) * (letter & 1), (1 << w) * (letter >> 1)) for w in range(n)]


def word_cases() -> dict[str, tuple[int, list[tuple[int, int]], bool]]:
    """Name → wires, generators, whether PennyLane's closure and a list are within reach."""
    stabilizers = [masks(text) for text in ("IIII", "XXXX", "ZZZZ", "YYYY")]
    product = [(x ^ a, z ^ b) for x, z in map(masks, LOGICALS) for a, b in stabilizers]
    symmetric = [pair for letter in (1, 2, 3) for pair in bonds(4, letter, True)]
    cases = {
        "stabilizer-logical product, n = 4": (4, product, True),
        "symmetric (XX, YY, ZZ ring), n = 4": (4, symmetric, True),
        "non-symmetric (X, Y, ZZ ring), n = 4": (
            4, single(4, 1) + single(4, 3) + bonds(4, 2, True), True,
        ),
    }  # fmt: skip
    for n, small in ((6, True), (8, True), (60, False), (100, False)):
        chain = single(n, 2) + bonds(n, 1, False)
        cases[f"Ising chain, n = {n}"] = (n, chain, small)
    return cases


def sum_cases() -> dict[str, tuple[int, list[tuple[int, int]], np.ndarray, bool]]:
    """Name → wires, words, coefficients, whether PennyLane's closure is within reach."""
    cases = {}
    for n, small in ((4, True), (6, True), (30, False)):
        cases[f"QAOA on a ring, n = {n}"] = (
            n, single(n, 1) + bonds(n, 2, True), np.kron(np.eye(2), np.ones(n)), small,
        )  # fmt: skip
    for n in (3, 4):
        words = single(n, 1) + single(n, 3) + bonds(n, 2, False)
        layers = np.repeat(np.eye(3), [n, n, n - 1], axis=1)
        cases[f"tied X, Y and ZZ layers, n = {n}"] = (n, words, layers, True)
    return cases


def pauli_word(pair: tuple[int, int], n: int) -> PauliWord:
    x, z = pair
    names = {w: LETTERS[x >> w & 1, z >> w & 1] for w in range(n)}
    return PauliWord({w: letter for w, letter in names.items() if letter != "I"})


def clock(call: Callable, repeats: int = 5) -> tuple[str, object]:
    """``first / again`` in milliseconds, and the value."""
    times = []
    value = None
    for _ in range(repeats):
        start = time.process_time()
        value = call()
        times.append(1e3 * (time.process_time() - start))
    again = f"{min(times[1:]):.1f}" if repeats > 1 else "-"
    return f"{times[0]:.1f} / {again}", value


def words_table() -> None:
    print(f"{'words':<40}{'dimension':>10}{'list':>18}{'type':>18}{'PennyLane':>20}  (ms)")
    for name, (n, pairs, small) in word_cases().items():
        words = Words.of(pairs, n)
        listed, found = clock(lambda own=words: closure(own))
        typed, kind = clock(lambda own=words: ideals(own))
        theirs = "-"
        if small:
            named = [pauli_word(pair, n) for pair in pairs]
            theirs, basis = clock(lambda own=named: qml.lie_closure(own, pauli=True), 3)
            assert len(basis) == found.dimension
        assert kind.dimension == found.dimension
        print(f"{name:<40}{found.text:>10}{listed:>18}{typed:>18}{theirs:>20}  {kind.text}")


def sums_table() -> None:
    print(f"\n{'sums of words':<40}{'dimension':>10}{'this package':>18}{'PennyLane':>20}  (ms)")
    for name, (n, pairs, coefficients, small) in sum_cases().items():
        words = Words.of(pairs, n)
        ours, found = clock(lambda w=words, c=coefficients: sentence_closure(w, c), 3)
        theirs = "-"
        if small:
            named = [
                PauliSentence({pauli_word(p, n): c for p, c in zip(pairs, row, strict=True) if c})
                for row in coefficients.tolist()
            ]
            theirs, basis = clock(lambda own=named: qml.lie_closure(own, pauli=True), 2)
            assert len(basis) == found.dimension
        print(f"{name:<40}{found.text:>10}{ours:>18}{theirs:>20}")


def sweep_table(n: int = 100) -> None:
    print(f"\n{f'Ising layers, n = {n}':<40}{'words':>10}{'plan':>18}{'sweep':>18}  (ms)")
    rng = np.random.default_rng(0)
    for layers in (1, 5, 10):
        steps = [Turn(*pair) for pair in bonds(n, 1, False) + single(n, 2)] * layers
        sources = [Source(k, step.x, step.z) for k, step in enumerate(steps)]
        plan, made = clock(lambda s=steps, o=sources: Carrying.of(s, o, n), 3)
        angles, y = rng.uniform(-3, 3, len(steps)), rng.standard_normal(len(made.words))
        sweep, _ = clock(lambda c=made, a=angles, v=y: c.backward(a, v))
        print(f"{f'{len(steps)} parameters':<40}{len(made.words):>10}{plan:>18}{sweep:>18}")


if __name__ == "__main__":
    words_table()
    sums_table()
    sweep_table()
