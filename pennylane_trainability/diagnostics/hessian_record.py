"""The eigenvalues of the matrix of second derivatives of a loss: the record."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.landscapes.hessian_law import HessianLaw
from pennylane_trainability.results import Estimate, Provenance, Result, record

__all__ = ["HessianSpectrum"]


@record
class HessianSpectrum(Result):
    """Eigenvalues of the Hessian of a loss, at the values given and at draws, or at minima.

    Attributes:
        eigenvalues: descending, the values given first, ``(1 + D, P)``.
        losses: the loss at every point, ``(1 + D,)``.
        gradient_norms: Euclidean norms of the gradients, ``(1 + D,)``.
        points: flat parameters, ``(1 + D, P)``.
        rtol: up to this share of the largest in absolute value, over all points, an eigenvalue
            counts as zero.
        parameters: names of the parameters.
        law: what was drawn, in words.
        at: ``"draws"``, or ``"minima"`` that descents from draws ended in.
        predicted: what the Wishart model expects there; ``None`` where it does not apply.
        notes: what the reader should know.
        provenance: seed, device, engine.
    """

    eigenvalues: np.ndarray = field(repr=False)
    losses: np.ndarray = field(repr=False)
    gradient_norms: np.ndarray = field(repr=False)
    points: np.ndarray = field(repr=False)
    rtol: float = 1e-9
    parameters: tuple[str, ...] = field(repr=False)
    law: str
    at: str = "draws"
    predicted: HessianLaw | None = None
    notes: tuple[str, ...] = ()
    provenance: Provenance

    @property
    def n_parameters(self) -> int:
        """Number of parameters ``P``."""
        return self.eigenvalues.shape[1]

    @property
    def n_draws(self) -> int:
        """Number of draws ``D``, the values given left out."""
        return len(self.eigenvalues) - 1

    @property
    def limit(self) -> float:
        """Up to this size an eigenvalue counts as zero."""
        return self.rtol * max(float(np.max(np.abs(self.eigenvalues), initial=0.0)), 1e-300)

    @property
    def positive(self) -> np.ndarray:
        """Directions in which the loss curves up, at every point, ``(1 + D,)``."""
        return np.sum(self.eigenvalues > self.limit, axis=1)

    @property
    def negative(self) -> np.ndarray:
        """Directions in which the loss curves down (the index), at every point, ``(1 + D,)``."""
        return np.sum(self.eigenvalues < -self.limit, axis=1)

    @property
    def flat(self) -> np.ndarray:
        """Directions without curvature, at every point, ``(1 + D,)``."""
        return self.n_parameters - self.positive - self.negative

    @property
    def mean(self) -> Estimate:
        """Mean eigenvalue over the draws or minima; the interval is over points."""
        return self._over_points(self.eigenvalues[1:].mean(axis=1))

    @property
    def mean_square(self) -> Estimate:
        """Mean square of an eigenvalue over the draws or minima."""
        return self._over_points((self.eigenvalues[1:] ** 2).mean(axis=1))

    def _over_points(self, values: np.ndarray) -> Estimate:
        if len(values) < 2:
            value = float(values[0]) if len(values) else float("nan")
            return Estimate(value=value, law=self.law)
        error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
        return Estimate.normal(float(values.mean()), error, 0.95, self.law)

    def heading(self) -> str:
        """The first line that is printed."""
        signs = (self.positive[0], self.negative[0], self.flat[0])
        return "Hessian of the loss: {} directions up, {} down, {} flat".format(*signs)

    def rows(self) -> list[tuple[str, object]]:
        """Signs, extremes and slope at the values given, and the range over the draws."""
        first = self.eigenvalues[0]
        rows: list[tuple[str, object]] = [
            ("loss", f"{self.losses[0]:.6g}, gradient norm {self.gradient_norms[0]:.3g}"),
            ("eigenvalues", f"{first[-1]:.4g} to {first[0]:.4g}, sum {np.sum(first):.4g}"),
            ("zero", f"up to {self.limit:.1e}"),
        ]
        if self.n_draws:
            for label, count in (("up", self.positive), ("down", self.negative)):
                low, median, high = np.quantile(count[1:], (0, 0.5, 1))
                rows.append((f"{label}, at {self.at}", f"{median:g}, {low:g} to {high:g}"))
            rows += self._means()
            rows.append((self.at, f"{self.n_draws}, {self.law}"))
        if self.notes:
            rows.append(("notes", "\n".join(self.notes)))
        return [*rows, ("engine", self.provenance.engine)]

    def _means(self) -> list[tuple[str, object]]:
        """Moments at the draws or minima, beside those that are predicted."""
        law = self.predicted
        found: list[tuple[str, object]] = []
        for label, name in (("mean", "mean"), ("mean square", "mean_square")):
            expected = f", predicted {getattr(law, name):.4g}" if law is not None else ""
            found.append((f"{label}, at {self.at}", f"{getattr(self, name)}{expected}"))
        if law is not None and self.at == "minima":
            found.append(("predicted", f"at most {law.rank:g} up, bulk up to {law.edge:.4g}"))
        return found
