"""How entangled the states of a circuit are on average."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record

__all__ = ["EntanglingCapability"]


@record
class EntanglingCapability(Result):
    """The mean Meyer–Wallach measure of the states of a circuit.

    Attributes:
        capability: mean of ``Q`` over the parameters.
        raw: the same without a calibration, if one was put into it.
        calibration: what was measured about the device for that.
        haar: the mean of Haar states, ``(N − 2)/(N + 1)``.
        samples: ``Q`` at every draw; with shots they have noise, but no bias.
        spread: standard deviation of ``Q`` over the parameters; NaN with shots, where the noise of
            the samples is in the way.
        purities: mean of ``Tr ρ_k²`` of every wire, ``(n,)``.
        wires: labels of the wires.
        law: of the parameters, in words.
        level: of the interval.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, samples, device, engine.
    """

    capability: Estimate
    raw: Estimate | None = None
    calibration: Calibration | None = None
    haar: float
    samples: np.ndarray = field(repr=False)
    spread: float = float("nan")
    purities: np.ndarray
    wires: tuple
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def n_wires(self) -> int:
        """Number of wires."""
        return len(self.wires)

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Entangling capability: {self.capability} (Haar {self.haar:.4g})"

    def rows(self) -> list[tuple[str, object]]:
        """Interval, spread, purities, law."""
        spread = "" if np.isnan(self.spread) else f"{self.spread:.3g} over the parameters"
        rows = [
            ("interval", self.capability.interval()),
            ("without calibration", "" if self.raw is None else str(self.raw)),
            *(() if self.calibration is None else self.calibration.rows()),
            ("spread", spread),
            ("purities", self.purities),
            ("draws", self.provenance.n_samples),
            ("law", self.law),
            ("notes", "\n".join(self.notes)),
            ("cost", self.cost),
        ]
        return [(label, value) for label, value in rows if not isinstance(value, str) or value]
