"""What did the device say: a measured quantum Fisher information matrix, with its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from statistics import NormalDist

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.diagnostics.qfim_calibrated import CalibratedCountErrors
from pennylane_trainability.diagnostics.qfim_errors import CountErrors, ReplicateErrors
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record
from pennylane_trainability.statistics.damping import damped_solve
from pennylane_trainability.statistics.noise_floor import NoiseFloor, eigenvalue_floor

__all__ = ["MeasuredQFIM"]


@record
class MeasuredQFIM(Result):
    r"""A QFIM measured on a device.

    The formula measured is that of a pure state, on noisy devices, too.

    Attributes:
        value: the estimate, ``(P, P)``, symmetric; it need not be positive.
        raw: the same without rescaling and mitigation; equal to ``value`` if neither was asked for.
        stderr: standard error of every entry of ``value``, ``(P, P)``.
        errors: what these errors come from: outcomes of all circuits, or replicates.
        method: how it was measured.
        survival: estimated survival of the state in the circuits of each layer, if measured;
            errors of reading are part of it unless they are taken out.
        calibration: the errors of reading, if they were measured.
        structural_bound: no QFIM of this circuit has a larger rank, by theorem.
        notes: what the estimate leaves out, and what noise does to it.
        parameters: names of rows and columns.
        cost: what was run.
        provenance: device, shots, seed of the resampling.
        level: level used where none is given.
    """

    value: np.ndarray
    raw: np.ndarray = field(repr=False)
    stderr: np.ndarray = field(repr=False)
    errors: CountErrors | CalibratedCountErrors | ReplicateErrors = field(repr=False)
    method: str
    survival: np.ndarray | None = None
    calibration: Calibration | None = None
    structural_bound: int
    notes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = field(repr=False)
    cost: Cost
    provenance: Provenance
    level: float = 0.95

    def covariance(self, first: tuple[int, int], second: tuple[int, int]) -> float:
        """Covariance between the estimates of two entries, ``(i, j)`` and ``(k, l)``."""
        return self.errors.covariance(first, second)

    def interval(self, level: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of normal intervals at a level, each ``(P, P)``."""
        reach = NormalDist().inv_cdf((1 + self._level(level)) / 2) * self.stderr
        return self.value - reach, self.value + reach

    def noise_floor(self, level: float | None = None, n_resamples: int = 399) -> NoiseFloor:
        """How large noise alone makes the eigenvalues (resampled from the counts, Weyl)."""
        rng = np.random.default_rng(self.provenance.seed)
        draws = self.value + self.errors.draw(n_resamples, rng)
        return eigenvalue_floor(self.value, draws, level=self._level(level))

    def eigenvalues(self, level: float | None = None) -> tuple[Estimate, ...]:
        """Eigenvalues, descending, with intervals that hold for all of them together.

        The interval of each is the estimate ± the noise floor (Weyl's inequality), cut at zero.
        """
        level, floor = self._level(level), self.noise_floor(level)
        low, high = floor.bounds(level)
        return tuple(
            Estimate(value=float(v), low=max(float(a), 0.0), high=max(float(b), 0.0), level=level,
                     law=self._law())
            for v, a, b in zip(floor.values, low, high, strict=True)
        )  # fmt: skip

    def rank(self, level: float | None = None) -> Estimate:
        """A lower bound on the rank at a level: eigenvalues above the noise floor.

        The upper end is the bound by structure ``min(P, 2^{n+1} − 2)``: shots never show that an
        eigenvalue is zero. On noisy devices more eigenvalues than that can lie above the floor,
        which the printed record says; the bound is then that of the structure.
        """
        return self._rank(self.noise_floor(level), self._level(level))

    def _rank(self, floor: NoiseFloor, level: float) -> Estimate:
        found = min(floor.rank(level), self.structural_bound)
        return Estimate(
            value=found,
            low=found,
            high=float(self.structural_bound),
            level=level,
            law=self._law(),
        )

    def shots_to_detect(self, size: float, level: float | None = None) -> int:
        """Shots per circuit that would show an eigenvalue of a given size at a level."""
        return self._shots(self.noise_floor(level), size)

    def _shots(self, floor: NoiseFloor, size: float) -> int:
        each = float(np.mean(np.array(self.provenance.shots, float)))
        return int(np.ceil(each * floor.shots_factor(size)))

    def projected(self) -> np.ndarray:
        """The nearest positive semidefinite matrix (negative eigenvalues set to zero), ``(P, P)``.

        Its small eigenvalues are too large on average; use it to solve with, not to read a rank.
        """
        values, vectors = np.linalg.eigh(self.value)
        return (vectors * np.maximum(values, 0.0)) @ vectors.T

    def natural_gradient(self, gradient: np.ndarray, level: float | None = None) -> np.ndarray:
        """``(F₊ + λ)⁻¹ ∇f`` with ``λ`` the noise floor, ``(P,)``.

        Directions whose eigenvalue is known to lie above the floor are followed with their own
        metric; the others are damped by the floor instead of being blown up by noise.

        Args:
            gradient: flat, ``(P,)``.
            level: level of the floor.
        """
        return damped_solve(self.value, np.ravel(gradient), self.noise_floor(level).floor())

    def heading(self) -> str:
        """The first line that is printed."""
        return "Measured QFIM"

    def rows(self) -> Sequence[tuple[str, object]]:
        """Size, errors, rank and cost."""
        floor = self.noise_floor()
        rank = self._rank(floor, self.level)
        rows: list[tuple[str, object]] = [
            ("matrix", f"{len(self.value)} parameters, formula of a pure state"),
            ("method", self.method),
            (
                "standard error",
                f"median {np.median(self.stderr):.2g}, largest {self.stderr.max(initial=0.0):.2g}",
            ),
            ("rank", f"{rank.interval()}"),
            ("noise floor", f"{floor.floor():.3g} ({self.level:.0%}); λ₁ = {floor.values[0]:.3g}"),
        ]
        if (above := floor.rank()) > self.structural_bound:
            rows.append(
                (
                    "contradiction",
                    f"{above} eigenvalues lie above the noise floor, and a pure state has at most "
                    f"{self.structural_bound}: errors of the device, not of the shots",
                )
            )
        if int(rank.value) < len(self.value):
            following = floor.values[int(rank.value)]
            rest = floor.bounds()[1][int(rank.value)]
            rows.append(("the rest", f"each ≤ {rest:.3g}"))
            if following > 0 and rank.value < self.structural_bound:
                needed = self._shots(floor, float(following))
                rows.append(
                    ("more shots", f"about {needed:,} per circuit show one of {following:.3g}")
                )
        if self.survival is not None:
            rows.append(("survival", f"{np.min(self.survival):.2f} to {np.max(self.survival):.2f}"))
        if self.calibration is not None:
            rows += self.calibration.rows()
        rows += [("note", note) for note in self.notes]
        return [*rows, ("cost", self.cost), ("device", self.provenance.device)]

    def _level(self, level: float | None) -> float:
        return self.level if level is None else level

    def _law(self) -> str:
        return f"{self.provenance.shots} shots per circuit"
