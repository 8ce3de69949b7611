r"""Means over all pairs of independent draws: their variance.

With :math:`m` draws there are :math:`m(m-1)/2` pairs, which are not independent: two of them may
share a draw. The mean of :math:`h(x, y)` over all of them varies by

.. math:: \frac{2}{m(m-1)}\,\bigl[2(m-2)\,\zeta_1 + \zeta_2\bigr],\qquad
    \zeta_1 = \mathrm{Var}\,E[h \mid x],\quad \zeta_2 = \mathrm{Var}\,h

(Hoeffding, Ann. Math. Statist. 19, 293, 1948, eq. 5.13). It never varies more than the mean over
:math:`m/2` separate pairs, and if :math:`\zeta_1 = 0` as little as that over :math:`m(m-1)/2`. Here
draws come in groups of their own, each with all of its pairs.
"""

from __future__ import annotations

import numpy as np

__all__ = ["first_component", "mean_variance"]


def first_component(spread, second, size: int) -> np.ndarray:
    r""":math:`\zeta_1`, without bias, hence sometimes negative.

    The row of a draw is the mean of ``h`` over its pairs. Rows of a group spread by
    :math:`\frac{m-2}{(m-1)^2}[(m-4)\,\zeta_1 + \zeta_2]` in the mean.

    Args:
        spread: sample variance of the rows, or their covariance matrix.
        second: :math:`\zeta_2`, of the same shape.
        size: draws of a group, ``m``; at least 5.

    >>> round(first_component(28 / 25, 1.0, 6), 12)  # 28/25 = 4/25 (2·3 + 1)
    3.0
    """
    return (spread * (size - 1) ** 2 / (size - 2) - second) / (size - 4)


def mean_variance(first, second, groups: int, size: int) -> np.ndarray:
    r"""Variance of the mean over all pairs of all groups; a negative :math:`\zeta_1` counts as 0.

    Args:
        first: :math:`\zeta_1`.
        second: :math:`\zeta_2`, of the same shape.
        groups: their number.
        size: draws of a group.

    >>> mean_variance(0.0, 1.0, 1, 3).item()  # three pairs
    0.3333333333333333
    """
    paired = 2 * (size - 2) * np.maximum(first, 0.0) + second
    return np.asarray(2 * paired / (groups * size * (size - 1)))
