"""What is known about how far the states of a circuit are from Haar random ones."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

import numpy as np

from pennylane_trainability.diagnostics.calibration import Calibration
from pennylane_trainability.results import Cost, Estimate, Provenance, Result, record

__all__ = ["Expressibility", "ExpressibilityVerdict"]


class ExpressibilityVerdict(Enum):
    """What the interval says; the value is the sentence that is shown."""

    HAAR = "indistinguishable from Haar at this number of samples"
    EXPRESSIVE = "distinguishable from Haar, but closer than the threshold"
    LIMITED = "farther from Haar than the threshold"
    UNDECIDED = "the interval does not decide; draw more pairs"
    REFUSED = "not compared to Haar; the notes say why"


@record
class Expressibility(Result):
    """How the overlaps of random states of a circuit compare to those of Haar random states.

    Attributes:
        divergence: Kullback–Leibler divergence of the histogram of overlaps from the law of Haar
            states, in nats, debiased; may be slightly negative. ``None`` if there is no law to
            compare with.
        plug_in: the same without the correction, which is what is published elsewhere.
        floor: what the plug-in value would be for Haar states, at as many pairs.
        p_value: how often Haar states give a divergence that is as large, at as many pairs.
        potentials: frame potentials ``E F^t`` for ``t = 1, 2, …``.
        raw_potentials: those without a calibration, if one was put into ``potentials``.
        calibration: what was measured about the device for that.
        haar_potentials: those of the law that is compared to; NaN where there is none.
        counts: the histogram of the overlaps.
        n_states: states that were drawn.
        worth: how many separate pairs would tell as much about the divergence and the potentials;
            NaN where nothing is compared.
        masses: the law that is compared to, over the same bins; NaN where there is none.
        reference: what is compared to.
        real: whether all states are real, up to a phase each.
        real_divergence: divergence from the law of *real* Haar states, where states are real.
        purity: mean purity of the states, where it is known.
        survival: how often a circuit that is run and undone comes back, where it was measured.
        threshold: divergences below count as expressive.
        dimension: of the states that are compared.
        n_wires: number of wires of the circuit.
        wires: labels of the wires whose state is compared.
        law: of the parameters, in words.
        level: of intervals and of the test.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, samples, device, engine.
    """

    divergence: Estimate | None
    plug_in: float = float("nan")
    floor: float = float("nan")
    p_value: float = float("nan")
    potentials: tuple[Estimate, ...]
    raw_potentials: tuple[Estimate, ...] = ()
    calibration: Calibration | None = None
    haar_potentials: tuple[float, ...]
    counts: np.ndarray = field(repr=False)
    n_states: int = 0
    worth: float = float("nan")
    masses: np.ndarray = field(repr=False)
    reference: str
    real: bool = False
    real_divergence: Estimate | None = None
    purity: float = float("nan")
    survival: Estimate | None = None
    threshold: float
    dimension: int
    n_wires: int
    wires: tuple
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def n_pairs(self) -> int:
        """Number of pairs of states: separate ones, or all pairs of states in groups."""
        return int(np.sum(self.counts))

    @property
    def n_bins(self) -> int:
        """Number of bins of the histogram."""
        return len(self.counts)

    @property
    def verdict(self) -> ExpressibilityVerdict:
        """What the interval and the test say."""
        if self.divergence is None:
            return ExpressibilityVerdict.REFUSED
        if self.divergence.low > self.threshold:
            return ExpressibilityVerdict.LIMITED
        if self.divergence.high >= self.threshold:
            return ExpressibilityVerdict.UNDECIDED
        if self.p_value > 1 - self.level:
            return ExpressibilityVerdict.HAAR
        return ExpressibilityVerdict.EXPRESSIVE

    @property
    def sentence(self) -> str:
        """The verdict with its number of samples."""
        return self.verdict.value.replace("this number of samples", f"{self.n_pairs:,} samples")

    def _pairs(self) -> str:
        if self.n_states == 2 * self.n_pairs:
            return f"{self.n_pairs:,} pairs"
        worth = "" if np.isnan(self.worth) else f", worth {self.worth:,.0f} separate ones"
        return f"{self.n_pairs:,} pairs of {self.n_states:,} states{worth}"

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Expressibility: {self.divergence or 'no divergence'}, {self.sentence}"

    def rows(self) -> list[tuple[str, object]]:
        """Interval, what other tools would say, frame potentials, law, reference."""
        rows: list[tuple[str, object]] = []
        if self.divergence is not None:
            rows += [
                ("interval", self.divergence.interval()),
                ("not debiased", f"{self.plug_in:.4g} (Haar states: {self.floor:.4g})"),
            ]
        for order, (found, haar) in enumerate(
            zip(self.potentials, self.haar_potentials, strict=True), start=1
        ):
            known = "" if np.isnan(haar) else f" (Haar {haar:.4g})"
            rows.append((f"frame potential {order}", f"{found}{known}"))
        for order, raw in enumerate(self.raw_potentials, start=1):
            rows.append((f"potential {order}, raw", str(raw)))
        if self.real_divergence is not None:
            rows.append(("from real Haar", str(self.real_divergence)))
        if self.survival is not None:
            rows.append(("survival", self.survival))
        if self.calibration is not None:
            rows += [row for row in self.calibration.rows() if row[0] != "survival"]
        wires = ", ".join(map(str, self.wires))
        rows += [
            ("compared to", self.reference),
            ("states", f"wires {wires} of {self.n_wires}; {self._pairs()}"),
            ("law", self.law),
            ("notes", "\n".join(self.notes)),
            ("cost", self.cost),
        ]
        return [(label, value) for label, value in rows if value != ""]
