"""The record of a promotion: the symmetries found, the larger QNode, and where it starts."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.results import Result, describe, record

__all__ = ["Promotion"]


@record
class Promotion(Result):
    r"""A circuit with every trainable rotation multiplied by the circuit's Pauli symmetries.

    Attributes:
        symmetries: independent commuting symmetries, as words at the start of the circuit, one
            letter per entry of :attr:`wires`.
        commutant: generators of all words that commute with the trainable rotations, with what
            stands behind the first one and with what is measured.
        fixed: products of symmetries that the state has a fixed value of before the first
            trainable rotation, at the data given.
        wires: the wires in the order of the letters.
        rotations: the words of all rotations at their place, block by block, ``(B, 2**s)``.
        weights: angles at which the promoted QNode is the QNode given, ``(B, 2**s)``: those of the
            circuit in column 0, zero elsewhere.
        parameters: names of the trainable parameters of the QNode given.
        notes: what was decided on the way.
        qnode: the promoted QNode, ``(weights, *the other arguments)``.
    """

    symmetries: tuple[str, ...]
    commutant: tuple[str, ...]
    fixed: tuple[str, ...]
    wires: tuple
    rotations: tuple[tuple[str, ...], ...] = field(repr=False)
    weights: np.ndarray = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...]
    qnode: Any = field(repr=False)

    @property
    def block_size(self) -> int:
        """Rotations that share a block, ``2**s``."""
        return self.weights.shape[1]

    @property
    def largest_dimension(self) -> int:
        r"""Largest dynamical Lie algebra that has these symmetries, ``4ⁿ/2ˢ − 2ˢ``.

        The algebra acts in each of the :math:`2^s` sectors, of dimension :math:`2^{n-s}`, as
        :math:`su(2^{n-s})` at most; phases of the sectors are not counted.
        """
        return 4 ** len(self.wires) // self.block_size - self.block_size

    def heading(self) -> str:
        """The first line."""
        if not self.symmetries:
            return "No Pauli symmetry found: the promotion is the circuit itself"
        count = len(self.symmetries)
        return (
            f"{count} independent Pauli symmetr{'y' if count == 1 else 'ies'}: "
            f"{len(self.parameters)} parameters become {self.weights.size}"
        )

    def rows(self) -> list[tuple[str, object]]:
        """Symmetries, parameters, what it gains, notes."""
        blocks = f"{len(self.weights)} blocks of {self.block_size}"
        out: list[tuple[str, object]] = [
            ("symmetries", self.symmetries),
            ("parameters before", len(self.parameters)),
            ("parameters after", f"{self.weights.size}, {blocks}"),
        ]
        if self.symmetries:
            out += [
                (
                    "gain",
                    f"a circuit that reads one derivative of a block reads all {self.block_size} "
                    "(theorem: they commute and meet everything else alike)",
                ),
                ("Lie algebra", f"of dimension {self.largest_dimension} at most"),
            ]
        if self.fixed:
            out.append(
                (
                    "fixed by the state",
                    f"{describe(self.fixed)}: at these data a factor of one of them is ±1, so that "
                    f"rotations of a block repeat each other; {self.independent} of "
                    f"{self.block_size} differ",
                )
            )
        return out + [("note", note) for note in self.notes]

    @property
    def independent(self) -> int:
        """Rotations of a block that differ on the state given: ``2**s`` over the fixed ones."""
        return self.block_size // (1 + len(self.fixed))
