"""Which columns of a Jacobian show its rank? A random few, spread over the circuit.

The rank of some columns is a lower bound on the rank of all, whatever they are. It is the full rank
if the columns left out depend on those taken, as in general they do for a few more columns than
there are rows. Parameters that stand close together in a circuit are the likeliest to depend on
each other, so one is drawn from each of equally long stretches of the circuit.

Derivatives along random combinations of all parameters would do as well, but no circuit has them
without bias: with shifts small against the sum of all generators, noise grows with that sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from pennylane_trainability.errors import ReadingError

__all__ = ["SPARE", "drawn_columns", "number_of_columns"]

#: Columns beyond the number of rows.
SPARE = 5


def number_of_columns(directions: int | str, n_rows: int) -> int:
    """How many columns are asked for.

    Args:
        directions: a number, or ``"auto"``: five more than there are rows.
        n_rows: rows of the Jacobian.

    Raises:
        ReadingError: it is neither.
    """
    if directions == "auto":
        return n_rows + SPARE
    whole = isinstance(directions, (int, np.integer)) and not isinstance(directions, bool)
    if not whole or int(directions) < 1:
        raise ReadingError(
            f"directions needs a number of parameters, 1 or more, or 'auto'; got {directions!r}."
        )
    return int(directions)


def drawn_columns(live: Sequence[int], count: int, seed: int) -> list[int]:
    """One column from each of ``count`` stretches, ascending; all if there are no more.

    Args:
        live: columns that are not known to be zero, in the order of the circuit.
        count: how many are wanted.
        seed: of the draws.

    >>> drawn_columns([4, 5, 6, 1, 2], 2, seed=1)
    [2, 4]
    """
    count = min(count, len(live))
    rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])
    ends = np.arange(count + 1) * len(live) // max(count, 1)
    return sorted(live[int(rng.integers(a, b))] for a, b in pairwise(ends))
