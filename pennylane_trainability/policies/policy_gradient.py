"""The gradient of the logarithm of a policy at one point: the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.policies.calibrated_actions import CLEAR
from pennylane_trainability.results import Cost, Provenance, Result, record
from pennylane_trainability.results.text import table

__all__ = ["PolicyGradient", "clipping_factor", "shaped"]


def clipping_factor(probabilities: np.ndarray, shots: int | None) -> np.ndarray:
    r"""By what division by a clipped frequency is off on average: ``E[π / max(π̂, 1/N)]``.

    With ``k`` binomial, :math:`\sum_k P(k)\, N\pi/\max(k, 1)`: about ``1 + (1 − π)/(Nπ)`` for
    ``Nπ ≫ 1``, ``Nπ`` for ``Nπ ≪ 1``, and at most 1.39 in between, for any ``N``. The numerator
    comes from other shots, so that an estimate of :math:`\partial\log\pi` has this factor on
    average.

    Args:
        probabilities: ``π``, any shape.
        shots: ``N``; ``None`` for exact probabilities.

    >>> clipping_factor(np.array([0.5, 0.001]), 1000).round(4)
    array([1.001 , 0.8527])
    """
    p = np.asarray(probabilities, float)
    if shots is None:
        return np.ones_like(p)
    k = np.arange(shots + 1)
    steps = np.log(np.maximum(k, 1))
    factorial = np.cumsum(steps)
    choose = factorial[-1] - factorial - factorial[::-1]
    inside = (p > 0) & (p < 1)
    safe = np.where(inside, p, 0.5)[..., None]
    weights = np.exp(choose + k * np.log(safe) + (shots - k) * np.log1p(-safe))
    mean = np.sum(weights * shots * safe / np.maximum(k, 1), axis=-1)
    return np.where(inside, mean, p)


def shaped(index: Any, numbers: np.ndarray) -> Any:
    """Numbers ``(..., P)`` in the shape of the arguments; NaN where nothing is trained.

    Args:
        index: in the shape of the arguments, which parameter stands there, counted from one.
        numbers: ``(..., P)``.
    """
    if isinstance(index, np.ndarray):
        full = np.concatenate([np.full((*numbers.shape[:-1], 1), np.nan), numbers], axis=-1)
        return full[..., index]
    if isinstance(index, Mapping):
        return {key: shaped(entry, numbers) for key, entry in index.items()}
    if isinstance(index, list | tuple):
        return type(index)(shaped(entry, numbers) for entry in index)
    return None


@record
class PolicyGradient(Result):
    r"""How the logarithm of every action's probability changes with the parameters.

    Attributes:
        probabilities: ``π(a)``, ``(A,)``, relative frequencies where measured.
        derivatives: ``∂π(a)/∂θ_p``, ``(A, P)``, unbiased; from other shots than ``probabilities``.
        stderrs: their standard errors, zero where exact.
        clip: ``1/N``, the least a frequency counts in a denominator; 0 for exact probabilities.
        index: in the shape of the trainable arguments, which parameter stands there, counted from
            one; zero for entries that are not trained.
        parameters: names of the parameters.
        partition: outcomes to actions, in words.
        notes: what the reader should know.
        cost: what was run.
        provenance: shots, device and engine.
        raw_probabilities: as the device gave them, if a calibration was put into ``probabilities``.
        raw_derivatives: the same for ``derivatives``.
        probability_stderrs: standard errors of calibrated probabilities, ``(A,)``. These are not
            clipped, and may lie outside of 0 and 1 by their errors.
        calibration: what was measured about the device.
    """

    probabilities: np.ndarray
    derivatives: np.ndarray = field(repr=False)
    stderrs: np.ndarray = field(repr=False)
    clip: float
    index: Any = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    partition: str
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance
    raw_probabilities: np.ndarray | None = None
    raw_derivatives: np.ndarray | None = field(default=None, repr=False)
    probability_stderrs: np.ndarray | None = None
    calibration: Calibration | None = None

    @property
    def log_derivatives(self) -> np.ndarray:
        """``∂π(a)/max(π(a), clip)``, ``(A, P)``; zero where an exact probability vanishes.

        Biased by :attr:`clipping_factors` where measured. With a calibration nothing is clipped:
        ``∂π(a)/π(a)`` of actions whose calibrated probability is at least three standard errors,
        and NaN of the others, because ``1/shots`` is no lower end there.
        """
        if self.calibration is not None:
            below = np.where(self.is_clear, self.probabilities, np.nan)
            return self.derivatives / below[:, None]
        below = np.maximum(self.probabilities, self.clip)[:, None]
        return np.where(below > 0, self.derivatives / np.where(below > 0, below, 1.0), 0.0)

    @property
    def value(self) -> Any:
        """:attr:`log_derivatives` in the shape of the trainable arguments, ``(A, *shape)``."""
        return shaped(self.index, self.log_derivatives)

    @property
    def clipping_factors(self) -> np.ndarray:
        """The mean of an estimate over the truth at these probabilities, ``(A,)``; 1 if exact.

        See :func:`clipping_factor`; where measured, frequencies (at least ``1/N``) stand in for the
        probabilities, which are not known. With a calibration ``1 + (σ/π)²``, to second order in
        the error of the probability (and what a calibration does to both sides of the fraction
        alike is left out); NaN where :attr:`log_derivatives` is.
        """
        if self.probability_stderrs is not None:
            below = np.where(self.is_clear, self.probabilities, np.nan)
            return 1 + (self.probability_stderrs / below) ** 2
        shots = round(1 / self.clip) if self.clip else None
        return clipping_factor(np.maximum(self.probabilities, self.clip), shots)

    @property
    def is_clear(self) -> np.ndarray:
        """Of which actions the probability can be divided by, ``(A,)``; all without a calibration.

        With one: those at least three standard errors above zero.
        """
        if self.probability_stderrs is None:
            return np.ones(len(self.probabilities), bool)
        return self.probabilities > CLEAR * self.probability_stderrs

    @property
    def n_actions(self) -> int:
        """Number of actions ``A``."""
        return len(self.probabilities)

    def of(self, action: int) -> Any:
        """``∂ log π(a)`` of one action, in the shape of the trainable arguments."""
        if not 0 <= action < self.n_actions:
            raise ReadingError(f"action needs a number from 0 to {self.n_actions - 1}: {action!r}.")
        return shaped(self.index, self.log_derivatives[action])

    def of_reward(self, rewards) -> Any:
        r"""The gradient of the expected reward, :math:`\sum_a R(a)\,\partial\pi(a)`.

        No division, so no clipping: unbiased with any number of shots.

        Args:
            rewards: ``R(a)``, ``(A,)``.
        """
        rewards = np.asarray(rewards, float)
        if rewards.shape != (self.n_actions,):
            raise ReadingError(
                f"rewards needs {self.n_actions} numbers, one per action; got {rewards.shape}."
            )
        return shaped(self.index, rewards @ self.derivatives)

    def fisher(self) -> np.ndarray:
        r"""The classical Fisher information of the actions, ``(P, P)``, from exact numbers.

        :math:`F_{ij} = \sum_a \partial_i\pi\,\partial_j\pi/\pi`; actions of probability zero are
        left out.

        Raises:
            ReadingError: the derivatives were measured; their noise would add to ``F``.
        """
        if self.clip:
            raise ReadingError(
                "A Fisher matrix of measured derivatives would hold their shot noise. Use "
                "engine='exact', or policy_variance, which subtracts it from the diagonal."
            )
        return self.log_derivatives.T @ self.derivatives

    def heading(self) -> str:
        """The first line that is printed."""
        count = len(self.parameters)
        return f"Gradient of log π: {self.n_actions} actions ({self.partition}), {count} parameters"

    def rows(self) -> list[tuple[str, object]]:
        """Probabilities and sizes of gradients per action, and how they were found."""
        sizes = np.linalg.norm(self.log_derivatives, axis=1)
        noise = np.linalg.norm(self.stderrs, axis=1)
        cells = [
            (a, f"{p:.4g}", f"{size:.3g}", f"{error:.2g}", f"{factor:.3f}")
            for a, (p, size, error, factor) in enumerate(
                zip(self.probabilities, sizes, noise, self.clipping_factors, strict=True)
            )
        ][:16]
        header = ("action", "π", "‖∂ log π‖", "error of ∂π", "clipping factor")
        clip = f"π ≥ {self.clip:g} in the denominator" if self.clip else "none, exact probabilities"
        if self.calibration is not None:
            clip = f"none; {np.sum(~self.is_clear)} actions of unclear probability are left out"
        return [
            ("actions", "\n" + table(header, cells)),
            ("clipping", clip),
            *(self._calibrated()),
            *(("note", note) for note in self.notes),
            ("cost", self.cost),
            ("engine", f"{self.provenance.engine} on {self.provenance.device}"),
        ]

    def _calibrated(self) -> list[tuple[str, object]]:
        """Values as the device gave them, and the calibration."""
        if self.calibration is None or self.raw_probabilities is None:
            return []
        raw = ", ".join(f"{p:.4g}" for p in self.raw_probabilities[:16])
        return [("raw π", raw), *self.calibration.rows()]
