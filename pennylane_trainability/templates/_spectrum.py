r"""Which frequencies an angle encoding can produce, and how often: counting, without a circuit.

An encoding gate :math:`e^{-i a_j x P/2}` with a Pauli word :math:`P` has eigenvalues
:math:`e^{\mp i a_j x/2}`. The output of a model with such gates is a sum over pairs of eigenvalue
paths, and gate :math:`j` moves the frequency of a pair by :math:`-a_j` (one pair), by 0 (two pairs)
or by :math:`+a_j` (one pair). Hence (Schuld, Sweke, Meyer, Phys. Rev. A 103, 032430 (2021))

.. math::

    \Omega = \Big\{\sum_j s_j a_j : s_j \in \{-1, 0, 1\}\Big\}, \qquad
    \sum_k R(k)\, z^k = \prod_j \big(z^{-a_j} + 2 + z^{a_j}\big).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, prod

import numpy as np

__all__ = ["EncodingSpectrum", "difference_counts"]

MAX_FREQUENCIES = 10_000_000
"""A spectrum with more frequencies than this is not written out."""

RELATIVE_TOLERANCE = 1e-9
"""Frequencies closer than this times the largest frequency are the same frequency."""


def difference_counts(prefactors: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    r"""All frequencies of one input, and the number of pairs of eigenvalue paths with each.

    Args:
        prefactors: one number :math:`a_j` per encoding gate.

    Returns:
        ``(frequencies, counts)``: the frequencies of both signs, ascending, and as many exact
        Python integers in an object array; the counts sum to :math:`4^E` for :math:`E` gates.

    Raises:
        ValueError: if there are more than ten million frequencies.

    **Example**

    >>> from pennylane_trainability.templates import difference_counts
    >>> frequencies, counts = difference_counts([1, 1])
    >>> frequencies
    array([-2., -1.,  0.,  1.,  2.])
    >>> counts.tolist()
    [1, 4, 6, 4, 1]
    """
    frequencies, counts = np.zeros(1), np.array([1], dtype=object)
    tolerance = RELATIVE_TOLERANCE * sum(abs(a) for a in prefactors)
    for a in prefactors:
        _check_size(len(frequencies))
        shifted = np.concatenate([frequencies - abs(a), frequencies, frequencies + abs(a)])
        weighted = np.concatenate([counts, 2 * counts, counts])
        frequencies, counts = _merge(shifted, weighted, tolerance)
    _check_size(len(frequencies))
    return frequencies, counts


def _merge(frequencies, counts, tolerance):
    """Sort, and add up the counts of frequencies that agree within the tolerance."""
    order = np.argsort(frequencies, kind="stable")
    frequencies, counts = frequencies[order], counts[order]
    starts = np.flatnonzero(np.diff(frequencies, prepend=-np.inf) > tolerance)
    ends = np.append(starts[1:], len(frequencies)) - 1
    # The midpoint keeps the spectrum symmetric about zero to the last bit.
    return (frequencies[starts] + frequencies[ends]) / 2, np.add.reduceat(counts, starts)


def _check_size(size: int) -> None:
    if size > MAX_FREQUENCIES:
        raise ValueError(
            f"A spectrum is written out for at most {MAX_FREQUENCIES} frequencies, but this "
            f"encoding has at least {size}. Use fewer gates, fewer features, or prefactors "
            "whose sums coincide, such as 'unary'."
        )


@dataclass(frozen=True)
class EncodingSpectrum:
    r"""The Fourier series that an angle encoding allows, whatever the trainable gates are.

    Everything follows from the prefactors. It is an upper bound: the trainable blocks and the
    read-out decide which of the coefficients can differ from zero.

    Args:
        prefactors: for each input, the prefactors of all its encoding gates on all wires and
            layers.

    Raises:
        ValueError: if there is no input, or a prefactor is not a finite real number.

    **Example**

    Three gates with unit prefactors allow the frequencies 0 to 3, and
    :math:`R(k) = \binom{2E}{E+k}` pairs of paths contribute to frequency :math:`k`:

    >>> from pennylane_trainability.templates import EncodingSpectrum
    >>> spectrum = EncodingSpectrum([[1, 1, 1]])
    >>> spectrum.budget, spectrum.minimum_parameters
    (3, 7)
    >>> spectrum.frequencies
    array([0., 1., 2., 3.])
    >>> spectrum.redundancy
    (20, 15, 6, 1)
    """

    prefactors: tuple[tuple[float, ...], ...]

    def __post_init__(self):
        table = tuple(tuple(row) for row in self.prefactors)
        if not table or not all(isfinite(a) for row in table for a in row):
            raise ValueError(
                "EncodingSpectrum needs one sequence of finite real prefactors per input, but got "
                f"{self.prefactors!r}. For one input write EncodingSpectrum([[1, 1, 1]])."
            )
        object.__setattr__(self, "prefactors", table)

    @property
    def n_features(self) -> int:
        """Number of inputs."""
        return len(self.prefactors)

    @property
    def budget(self) -> int:
        r"""Encoding budget :math:`E`: the number of encoding gates of all inputs together.

        :math:`E = N L` for :math:`N` wires and :math:`L` encoding layers. For one input with unit
        prefactors it is the degree of the Fourier series.
        """
        return sum(len(row) for row in self.prefactors)

    @cached_property
    def _axes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [difference_counts(row) for row in self.prefactors]

    @property
    def minimum_parameters(self) -> int:
        r"""The number :math:`K` of real Fourier coefficients: no smaller model can move them all.

        :math:`K = |\Omega|`, one for :math:`c_0` and two for each pair :math:`\pm k`; for one input
        with unit prefactors :math:`K = 2E + 1`. The coefficients depend smoothly on the parameters,
        so fewer than :math:`K` of them cannot reach an open set of coefficients. That :math:`K` are
        enough is not implied. (Holzer, Turkalj, arXiv:2402.14515, for the size of the spectrum;
        Poppel et al., arXiv:2605.05942, for the count.)
        """
        return prod(len(frequencies) for frequencies, _ in self._axes)

    @cached_property
    def frequencies(self) -> np.ndarray:
        r"""Frequencies, ascending, zero first.

        Returns:
            For one input the nonnegative frequencies, shape ``((K + 1) / 2,)``. For ``n`` inputs
            the zero vector and the vectors whose first nonzero entry is positive, in lexicographic
            order, shape ``((K + 1) / 2, n)``; the other half are their negatives.
        """
        _check_size(self.minimum_parameters)
        grids = np.meshgrid(*(frequencies for frequencies, _ in self._axes), indexing="ij")
        vectors = np.stack([grid.ravel() for grid in grids], axis=-1)[
            self.minimum_parameters // 2 :
        ]
        return vectors[:, 0] if self.n_features == 1 else vectors

    @cached_property
    def redundancy(self) -> tuple[int, ...]:
        r"""Number :math:`R(k)` of pairs of eigenvalue paths with difference :math:`k`.

        Returns:
            One exact integer for each row of :attr:`frequencies`. For one input with unit
            prefactors :math:`R(k) = \binom{2E}{E+k}`; with prefactors 1, 3, 9, … it is 2 to the
            number of zeros among the :math:`E` balanced ternary digits of :math:`k` (Shin, Teo,
            Jeong, arXiv:2206.12105, for the ternary encoding). Several inputs multiply.
        """
        _check_size(self.minimum_parameters)
        counts = np.array([1], dtype=object)
        for _, own in self._axes:
            counts = np.multiply.outer(counts, own).ravel()
        return tuple(counts[self.minimum_parameters // 2 :])
