r"""Taking errors of reading out of measured means, if every wire errs by itself.

Wire ``w`` reads 1 for 0 with probability ``u_w`` and 0 for 1 with probability ``d_w``. What is seen
is ``A p`` with the confusion matrix

.. math:: A = \bigotimes_w \begin{pmatrix} 1 - u_w & d_w\\ u_w & 1 - d_w\end{pmatrix},

so that a mean :math:`t^T p` of a value per outcome is :math:`(A^{-T} t)^T` of what is seen: values
are corrected, and frequencies stay as they are. For a Pauli word each outcome ``z_w = ±1`` becomes
``(z_w − a_w)/b_w`` with ``a_w = d_w − u_w`` and ``b_w = 1 − u_w − d_w``.
"""

from __future__ import annotations

import numpy as np

__all__ = ["corrected_returns", "corrected_table", "corrected_words", "even_return"]


def corrected_words(
    bits: np.ndarray, words: np.ndarray, signs: np.ndarray, flips: np.ndarray
) -> np.ndarray:
    """Values of Pauli words in outcomes, corrected, ``(W, u)``; not ±1 any more.

    Args:
        bits: outcomes, ``(u, w)``.
        words: which wires every word is the parity of, ``(W, w)``.
        signs: in front of each, ``(W,)``.
        flips: ``(u_w, d_w)`` of every wire, ``(w, 2)``.

    >>> flips = np.array([[0.1, 0.1], [0.0, 0.2]])
    >>> bits = np.array([[0, 0], [1, 1]])
    >>> corrected_words(bits, np.array([[1, 0]]), np.array([1]), flips)
    array([[ 1.25, -1.25]])
    """
    up, down = flips.T
    scores = (1.0 - 2.0 * np.asarray(bits, float) - (down - up)) / (1 - up - down)
    rows = [np.prod(scores[:, np.asarray(word, bool)], axis=1) for word in words]
    return np.reshape(rows, (len(words), len(bits))) * np.asarray(signs, float)[:, None]


def corrected_returns(bits: np.ndarray, start: np.ndarray, flips: np.ndarray) -> np.ndarray:
    """What every outcome counts for the probability of one of them, corrected, ``(u,)``.

    One row of :func:`corrected_table`, without a table of all outcomes.

    Args:
        bits: outcomes, ``(u, w)``.
        start: the one that is asked for, ``(w,)``.
        flips: ``(u_w, d_w)`` of every wire, ``(w, 2)``.

    >>> corrected_returns(np.array([[0], [1]]), np.array([0]), np.array([[0.1, 0.1]]))
    array([ 1.125, -0.125])
    """
    # wrongly read as what is asked for, for every wire
    wrong = np.where(np.asarray(start) == 0, flips[:, 1], flips[:, 0])
    same = np.asarray(bits) == np.asarray(start)
    return np.prod(np.where(same, 1 - wrong, -wrong) / (1 - flips.sum(axis=1)), axis=1)


def corrected_table(table: np.ndarray, flips: np.ndarray) -> np.ndarray:
    """Values per outcome, corrected, ``(R, 2^w)``: ``t A^{-1}``.

    Args:
        table: value of every outcome, the leading wire first, ``(R, 2^w)``.
        flips: of every wire, ``(w, 2)``.

    >>> corrected_table(np.array([[1.0, -1.0]]), np.array([[0.1, 0.1]]))
    array([[ 1.25, -1.25]])
    """
    n = len(flips)
    out = np.reshape(np.asarray(table, float), (len(table), *([2] * n)))
    for axis, (up, down) in enumerate(flips, start=1):
        inverse = np.array([[1 - down, -down], [-up, 1 - up]]) / (1 - up - down)
        out = np.moveaxis(np.tensordot(out, inverse, ([axis], [0])), -1, axis)
    return out.reshape(len(table), -1)


def even_return(flips: np.ndarray) -> float:
    """Probability of reading all zeros in the maximally mixed state.

    >>> even_return(np.array([[0.0, 0.0], [0.0, 0.2]]))
    0.3
    """
    up, down = flips.T
    return float(np.prod((1 - up + down) / 2))
