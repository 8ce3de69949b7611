r"""What a device does to known states, and what follows for the means it measures.

Two models, each only on request, and neither of them a correction of everything:

* **Survival** (``rescale``): the gates replace the state by the maximally mixed one with
  probability ``1 − s``, so that means of Pauli words are multiplied by ``s``. With the probability
  ``k`` of returning from a mirror circuit, ``r`` of reading all zeros without any gate, and ``q``
  of reading them in the maximally mixed state, ``s² = (k − q)/(r − q)``: a mirror runs every gate
  twice and is read once.
* **Flips** (``mitigate_read_out``): every wire is read wrongly by itself; see
  ``statistics/flips.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.results import Estimate, Result, record
from pennylane_trainability.statistics.flips import even_return
from pennylane_trainability.transforms.calibration_tapes import CalibrationTapes

__all__ = ["Calibration", "Known", "known_of"]

#: Smallest ``s²``: so that one can divide by it. Its error is then far larger.
_LEAST = 1e-4
#: Imagined shots, half of them with the bit set: shots that all agree are no certainty.
_IMAGINED = 4.0
#: A step of a mean in a difference quotient.
_STEP = 1e-4


@record
class Calibration(Result):
    """What was measured about a device next to an answer, and the model it was put to use in.

    Attributes:
        survivals: of the gates of every kind of circuit (the same gates on several wires), with
            intervals; empty if they were not measured.
        flips: probabilities of reading 1 for 0 and 0 for 1, ``(w, 2)``; empty if not measured.
        flip_stderrs: their standard errors, ``(w, 2)``.
        wires: labels of the wires that were read.
        circuits: how many circuits this took.
        models: what was assumed, in words.
    """

    survivals: tuple[Estimate, ...] = ()
    flips: np.ndarray
    flip_stderrs: np.ndarray = field(repr=False)
    wires: tuple
    circuits: int
    models: tuple[str, ...]

    def rows(self) -> list[tuple[str, object]]:
        """Survivals, flips, models."""
        rows: list[tuple[str, object]] = []
        for survival in self.survivals[:4]:
            rows.append(("survival", f"{survival} {survival.interval()}"))
        if len(self.survivals) > 4:
            rows.append(("survival", f"… {len(self.survivals) - 4} more kinds of circuits"))
        if self.flips.size:
            text = f"{self.flips.min():.2g} to {self.flips.max():.2g}"
            rows.append(("wrongly read", f"{text} per wire (± {self.flip_stderrs.max():.2g})"))
        return rows + [("model", model) for model in self.models]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Means of the calibration circuits, and what follows from them.

    Attributes:
        made: the circuits.
        means: one after another: of the circuit without gates the bits (with flips) and all zeros,
            of the turned one how often each bit is 0, of every mirror all zeros; ``(Q,)``.
        root: ``L`` with ``L Lᵀ`` the covariance of these, ``(Q, Q)``.
    """

    made: CalibrationTapes
    means: np.ndarray
    root: np.ndarray

    def flips(self, means: np.ndarray | None = None) -> np.ndarray | None:
        """``(u, d)`` of every wire, ``(w, 2)``; ``None`` if they were not measured."""
        if not self.made.flips:
            return None
        means, n = self.means if means is None else means, len(self.made.wires)
        return np.stack([means[:n], means[n + 1 : 2 * n + 1]], axis=1)

    def survivals(self, means: np.ndarray | None = None) -> np.ndarray:
        """Of the gates of the circuits of every mirror, ``(M,)``."""
        means, n = self.means if means is None else means, len(self.made.wires)
        flips = self.flips(means)
        even = 2.0**-n if flips is None else even_return(flips)
        reading = means[0 if flips is None else n]
        returned = means[len(means) - self.made.n_mirrors :]
        return np.sqrt(np.maximum((returned - even) / (reading - even), _LEAST))

    def per_circuit(self, means: np.ndarray | None = None) -> np.ndarray:
        """Survival of every circuit of the answer, ``(C,)``; one without mirrors."""
        if not self.made.mirrors:
            return np.ones(1)
        return self.survivals(means)[list(self.made.mirrors)]

    def factors(self, follow: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """What the errors of these means add to a quantity: independent parts, ``(Q, …)``.

        Their squares add up to its variance (delta method): ``L`` times difference quotients.

        Args:
            follow: the quantity as a function of the means.
        """
        slopes = []
        for step in _STEP * np.eye(len(self.means)):
            slopes.append((follow(self.means + step) - follow(self.means - step)) / (2 * _STEP))
        return np.tensordot(self.root.T, np.array(slopes), 1)

    def record(self, level: float) -> Calibration:
        """What is told about it."""
        flips = self.flips()
        survivals = self.survivals() if self.made.mirrors else np.zeros(0)
        errors = np.zeros(0)
        if self.made.mirrors:
            errors = np.sqrt(np.sum(self.factors(self.survivals) ** 2, axis=0))
        law = f"{self.made.shots * self.made.repeats} shots of mirror circuits"
        own = zip(survivals.tolist(), errors.tolist(), strict=True)
        variances = np.sum(self.root**2, axis=1)
        return Calibration(
            survivals=tuple(Estimate.normal(s, error, level, law) for s, error in own),
            flips=np.zeros((0, 2)) if flips is None else flips,
            flip_stderrs=np.zeros((0, 2)) if flips is None else np.sqrt(_pair(variances, flips)),
            wires=self.made.wires,
            circuits=len(self.made.tapes),
            models=_models(self.made, survivals),
        )


def _pair(numbers: np.ndarray, flips: np.ndarray) -> np.ndarray:
    n = len(flips)
    return np.stack([numbers[:n], numbers[n + 1 : 2 * n + 1]], axis=1)


def _models(made: CalibrationTapes, survivals: np.ndarray) -> tuple[str, ...]:
    out = []
    if made.mirrors:
        out.append(
            "values are divided by the measured survival of the gates: global depolarising noise, "
            "a model and not a correction; `raw` is without it"
        )
        if not made.flips:
            out.append("errors of reading are not part of the survival, and stay in the values")
        if np.any(survivals**2 <= _LEAST):
            out.append("no state comes back from a mirror circuit: nothing is left to rescale")
    if made.flips:
        out.append(
            "values are freed from errors of reading, if every wire is read wrongly by itself: a "
            "model; `raw` is without it"
        )
    return tuple(out)


def known_of(made: CalibrationTapes, results) -> Known:
    """What the calibration circuits have said.

    Args:
        made: the circuits.
        results: of these.

    Raises:
        ReadingError: a wire tells nothing about its state.
    """
    seen, parts = made.bits(results), []
    for number, (bits, counts) in enumerate(seen):
        own = [np.all(bits == 0, axis=1)[:, None]]
        if made.flips and number < 2:
            own = [bits, *own] if number == 0 else [1 - bits]
        parts.append(_moments(np.concatenate(own, axis=1).astype(float), counts))
    known = Known(made, np.concatenate([mean for mean, _ in parts]), _stacked(parts))
    flips = known.flips()
    if flips is not None and np.any(flips.sum(axis=1) > 0.9):
        worst = made.wires[int(np.argmax(flips.sum(axis=1)))]
        raise ReadingError(
            f"Wire {worst} is read as 1 about as often for 0 as for 1, so that its errors of "
            "reading cannot be taken out. Use other wires, or leave mitigate_read_out out."
        )
    return known


def _moments(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of values 0 or 1 per outcome ``(u, V)``, and the covariance of these means."""
    shots = counts.sum()
    mean = counts @ values / shots
    centred = values - mean
    covariance = (centred * counts[:, None]).T @ centred / shots**2
    smooth = (counts @ values + _IMAGINED / 2) / (shots + _IMAGINED)
    floor = smooth * (1 - smooth) / shots
    return mean, covariance + np.diag(np.maximum(floor - np.diag(covariance), 0.0))


def _stacked(parts) -> np.ndarray:
    """A root of the covariance of independent parts."""
    size = sum(len(mean) for mean, _ in parts)
    root, start = np.zeros((size, size)), 0
    for mean, covariance in parts:
        own = slice(start, start + len(mean))
        values, vectors = np.linalg.eigh(covariance)
        root[own, own] = vectors * np.sqrt(np.maximum(values, 0.0))
        start = own.stop
    return root
