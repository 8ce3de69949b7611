r"""Action probabilities and their derivatives with a calibration put into what was seen.

Every outcome counts for an action with a value of its own. Where the gates leave the state with
probability ``s``, and the maximally mixed one otherwise, ``π → s π + (1 − s) q`` with the share
``q`` of the outcomes that mean the action, so that values ``v`` become ``(v − q)/s + q``. Errors of
reading turn the table of values as in ``statistics/flips.py``. Neither keeps probabilities between
0 and 1: what is left of the noise is not clipped away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.diagnostics.calibrated import calibrated_tables
from pennylane_trainability.diagnostics.calibration import Calibration, Known
from pennylane_trainability.policies.partitions import Partition
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes

__all__ = ["CLEAR", "ActionsSeen", "CalibratedActions", "chain_of"]

#: From this many standard errors on a probability can be divided by.
CLEAR = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class ActionsSeen:
    """Outcomes of the circuits of some draws.

    Attributes:
        built: the circuits; the first of every draw is not shifted.
        frequencies: of outcomes, ``(S, M, 2^w)``.
    """

    built: JacobianTapes
    frequencies: np.ndarray

    def numbers(self, table: np.ndarray, shots: int) -> tuple[np.ndarray, ...]:
        """Probabilities, derivatives, variances of both: ``(M, A)``, ``(M, A, P)`` and so again.

        Args:
            table: what every outcome counts for every action, ``(A, 2^w)``.
            shots: of every circuit, at least two.
        """
        means = self.frequencies @ table.T  # (S, M, A)
        # unbiased: the shots show (N − 1)/N of the variance
        variances = np.maximum(self.frequencies @ table.T**2 - means**2, 0.0) / (shots - 1)
        chain = chain_of(self.built)
        derivatives = np.einsum("spg,sgo->gop", chain, means)
        return (
            means[0],
            derivatives,
            variances[0],
            np.einsum("spg,sgo->gop", chain**2, variances),
        )


def chain_of(built: JacobianTapes) -> np.ndarray:
    """What every circuit counts for every derivative, ``(S, P, M)``."""
    slopes = built.plan.slopes(built.n_parameters)
    slopes = np.broadcast_to(slopes, (*slopes.shape[:2], built.n_points))
    return np.einsum("apg,as->spg", slopes, built.plan.weights)


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedActions:
    """What was seen at ``M`` draws, and a calibration.

    Attributes:
        known: the calibration, one for all draws.
        seen: the draws.
        partition: outcomes to actions.
        shots: of every circuit.
    """

    known: Known
    seen: tuple[ActionsSeen, ...]
    partition: Partition
    shots: int

    def numbers(self, means: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Probabilities, derivatives, and variances of both from the shots of their own circuits.

        Args:
            means: of the calibration circuits, if not those that were measured.
        """
        means = self.known.means if means is None else means
        plain, found = (self.partition.matrix().T,), []
        for one in self.seen:
            (table,) = calibrated_tables(replace(one.built, corrected=plain), self.known, means)
            found.append(one.numbers(table, self.shots))
        return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))

    def factors(self, follow: Callable[[tuple[np.ndarray, ...]], np.ndarray]) -> np.ndarray:
        """What the errors of the calibration add to a quantity, in independent parts, ``(Q, …)``.

        Args:
            follow: the quantity as a function of :meth:`numbers`.
        """
        return self.known.factors(lambda means: follow(self.numbers(means)))

    def record(self, level: float) -> Calibration:
        """What is told about the calibration."""
        return self.known.record(level)
