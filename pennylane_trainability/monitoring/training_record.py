"""What was seen while a circuit was trained."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.results import Cost, Provenance, Result, record, table

__all__ = ["TrainingRecord"]

#: Lines of the printed table.
_LINES = 12


@record
class TrainingRecord(Result):
    r"""Rank, conditioning and gradients along a training.

    What is watched is the coefficient Jacobian of the model (``quantity="coefficients"``; a
    derivative's size is the norm of its column, the root mean square of :math:`\partial_p f` over
    the inputs), or the QFIM (``quantity="states"``; a derivative is that of what the QNode
    returns, by norm if it returns several numbers).

    Attributes:
        quantity: ``"coefficients"`` or ``"states"``.
        steps: numbers of the steps that were looked at, ``(S,)``.
        ranks: rank at each, lower bounds where measured, ``(S,)``.
        n_rows: the largest rank there can be at each, ``(S,)``.
        singular_values: descending, ``(S, m)``; eigenvalues for a QFIM.
        limits: up to this size a value counts as zero, ``(S,)``: rounding if exact, else what
            noise alone makes.
        gradients: sizes of the derivatives, ``(S, P)``.
        gradient_stderrs: their standard errors, zeros if exact, ``(S, P)``.
        parameters: names of the ``P`` parameters.
        measured: whether this comes from shots.
        notes: what the reader should know, of all looks.
        cost: of all looks together.
        provenance: device, shots, engine.
    """

    quantity: str
    steps: np.ndarray
    ranks: np.ndarray
    n_rows: np.ndarray
    singular_values: np.ndarray = field(repr=False)
    limits: np.ndarray = field(repr=False)
    gradients: np.ndarray = field(repr=False)
    gradient_stderrs: np.ndarray = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    measured: bool
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def conditions(self) -> np.ndarray:
        """``σ₁/σ_rank`` at each step, with the rank of that step; NaN where it is zero, ``(S,)``.

        For a QFIM the ratio of eigenvalues.
        """
        first, last = self.singular_values[:, 0], self.smallest_kept
        return np.divide(first, last, out=np.full(len(first), np.nan), where=last > 0)

    @property
    def smallest_kept(self) -> np.ndarray:
        """``σ_rank``, the smallest value that is not zero or noise, at each step, ``(S,)``."""
        places = np.maximum(self.ranks - 1, 0)[:, None]
        last = np.take_along_axis(self.singular_values, places, axis=1)[:, 0]
        return np.where(self.ranks > 0, last, 0.0)

    @property
    def gradient_norms(self) -> np.ndarray:
        """Norm of all derivatives together, ``(S,)``; noise included where measured."""
        return np.linalg.norm(self.gradients, axis=1)

    def heading(self) -> str:
        """How it began, and how it ended."""
        if not len(self.steps):
            return "Training: nothing was looked at yet"
        what = "at least " if self.measured else ""
        return (
            f"Training, {len(self.steps)} looks up to step {self.steps[-1]}: rank {what}"
            f"{self.ranks[0]} → {self.ranks[-1]} of {self.n_rows[-1]}, gradients "
            f"{self.gradient_norms[0]:.3g} → {self.gradient_norms[-1]:.3g}"
        )

    def rows(self) -> list[tuple[str, object]]:
        """A table of the steps, and what it cost."""
        if not len(self.steps):
            return [("cost", self.cost)]
        places = np.unique(np.linspace(0, len(self.steps) - 1, _LINES).round().astype(int))
        smallest = self.smallest_kept
        lines = [
            (
                *(int(self.steps[k]), int(self.ranks[k]), f"{self.conditions[k]:.3g}"),
                *(f"{self.singular_values[k, 0]:.3g}", f"{smallest[k]:.3g}"),
                f"{self.gradient_norms[k]:.3g}",
            )
            for k in places
        ]
        sign = "λ" if self.quantity == "states" else "σ"
        header = ("step", "rank", "condition", f"{sign}₁", f"{sign}_rank", "gradients")
        watched = {"coefficients": "the coefficient Jacobian", "states": "the QFIM"}
        return [
            ("watched", watched[self.quantity]),
            ("looks", table(header, lines, indent=0)),
            ("smallest gradient", self._smallest()),
            *(("note", note) for note in self.notes),
            ("cost", self.cost),
            ("engine", f"{self.provenance.engine} on {self.provenance.device}"),
        ]

    def _smallest(self) -> str:
        last = self.gradients[-1]
        place = int(np.argmin(last))
        error = self.gradient_stderrs[-1, place]
        shown = f"{last[place]:.3g}" + (f" ± {error:.2g}" if self.measured else "")
        return f"{self.parameters[place]}: {shown} at step {self.steps[-1]}"
