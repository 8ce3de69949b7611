"""How Fourier coefficients hang together over parameter draws: the record."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.fourier.correlation import mean_size
from pennylane_trainability.results import Claim, Estimate, Provenance, Result, record

__all__ = ["FourierFingerprint"]

_WORDS = {
    "pearson": "Pearson, real and imaginary parts as samples",
    "spearman": "Spearman, real and imaginary parts as samples",
    "complex": "complex Pearson",
    "rows": "Pearson of the real rows",
}


@record
class FourierFingerprint(Result):
    r"""Correlations between Fourier coefficients, and which coefficients there are.

    Attributes:
        fcc: mean of :math:`|r_{ij}|` over all pairs of coefficients that vary (and over outputs).
            Its value is that of these draws, as it is published elsewhere; its interval is one for
            infinitely many draws and is not symmetric, see :func:`fourier_fingerprint`.
        cross_fitted: the estimate whose mean is at most the FCC of infinitely many draws.
        chance: what ``fcc`` is on average if the draws of every coefficient are shuffled: the value
            of independent coefficients with these laws and this number of draws.
        chance_high: the ``level`` quantile of the same.
        matrices: ``r_ij`` per output, ``(outputs, M, M)``, complex for ``correlation="complex"``;
            NaN where a coefficient does not vary. Frequency zero first; ``"rows"`` has all rows.
        coefficients: ``c_k`` at the draws, ``(D, outputs, 1 + R)``.
        frequencies: ``(R, I)``, positive half of the spectrum, without zero.
        tolerance: sizes up to this count as zero.
        correlation: which definition.
        inputs: names of the inputs.
        law: of the parameters, in words.
        claim: what kind of statement it is that coefficients vanish.
        n_resamples: bootstrap resamples behind the standard error.
        notes: what the reader should know.
        provenance: seed, draws, device, engine.
    """

    fcc: Estimate
    cross_fitted: float
    chance: float
    chance_high: float
    matrices: np.ndarray = field(repr=False)
    coefficients: np.ndarray = field(repr=False)
    frequencies: np.ndarray = field(repr=False)
    tolerance: float
    correlation: str
    inputs: tuple[str, ...] = field(repr=False)
    law: str
    claim: Claim
    n_resamples: int
    notes: tuple[str, ...] = ()
    provenance: Provenance

    @property
    def vanishing(self) -> np.ndarray:
        """Which coefficients are zero at all draws, ``(outputs, 1 + R)``.

        A coefficient is an analytic function of the parameters: if it is zero at one generic point
        it is zero everywhere (up to :attr:`tolerance`; generic).
        """
        return np.max(np.abs(self.coefficients), axis=0) <= self.tolerance

    @property
    def constant(self) -> np.ndarray:
        """Which coefficients are the same at all draws, zero or not, ``(outputs, 1 + R)``."""
        spread = np.abs(self.coefficients - self.coefficients[:1])
        return np.max(spread, axis=0) <= self.tolerance

    @property
    def support(self) -> np.ndarray:
        """Frequencies that some output shows, of zero and the positive half, ``(S, I)``."""
        every = np.concatenate([np.zeros((1, self.frequencies.shape[1])), self.frequencies])
        return every[~self.vanishing.all(axis=0)]

    @property
    def missing_parts(self) -> tuple[tuple[tuple[float, ...], str], ...]:
        """Frequencies in the support of which every output lacks the cosine or the sine."""
        found = []
        size = np.max(np.abs([self.coefficients.real, self.coefficients.imag]), axis=(1, 2))
        for k, cosine, sine in zip(self.frequencies, size[0, 1:], size[1, 1:], strict=True):
            if (cosine <= self.tolerance) != (sine <= self.tolerance):
                name = "cosine" if cosine <= self.tolerance else "sine"
                found.append((tuple(float(v) for v in k), name))
        return tuple(found)

    @property
    def quadrant(self) -> np.ndarray:
        """Which frequencies have no negative component, zero first, ``(1 + R,)``.

        qml-essentials averages over these; with one input they are all.
        """
        return np.concatenate([[True], np.all(self.frequencies >= 0, axis=1)])

    @property
    def correlated(self) -> bool:
        """Whether the coefficients are more correlated than shuffled ones, at the level."""
        return bool(self.fcc.value > self.chance_high)

    def mean_correlation(self, subset=None, weights=None) -> float:
        r"""The FCC of these draws over part of the coefficients, or weighted.

        Args:
            subset: mask over zero and the positive half ``(1 + R,)``, such as :attr:`quadrant`;
                ``None`` takes all.
            weights: one number per coefficient; a pair counts :math:`w_i w_j`, and weights are
                divided by their sum. ``"mean"`` takes :math:`|E\,c_k|`.
        """
        count = 1 + len(self.frequencies)
        if self.correlation == "rows" and (subset is not None or weights is not None):
            raise ValueError(
                "subset and weights belong to frequencies, and correlation='rows' has one entry "
                "per row; use another correlation."
            )
        keep = np.ones(count, bool) if subset is None else np.asarray(subset, bool)
        if keep.shape != (count,):
            raise ValueError(f"subset needs {count} entries, one per frequency; got {keep.shape}.")
        means = np.abs(self.coefficients.mean(axis=0))
        found = []
        for matrix, mean in zip(self.matrices, means, strict=True):
            own = None
            if weights is not None:
                own = (mean if isinstance(weights, str) else np.asarray(weights, float))[keep]
            part = matrix if subset is None else matrix[np.ix_(keep, keep)]
            found.append(mean_size(part, own))
        return float(np.nanmean(found)) if not np.all(np.isnan(found)) else np.nan

    def heading(self) -> str:
        """The first line that is printed."""
        return f"Fourier fingerprint: FCC {self.fcc}, {self.chance:.2g} by chance"

    def rows(self) -> list[tuple[str, object]]:
        """The FCC with its interval, the support, definition, law and engine."""
        vanish, fixed = self.vanishing, self.constant & ~self.vanishing
        told = "more than" if self.correlated else "not told from"
        rows: list[tuple[str, object]] = [
            ("correlation", _WORDS[self.correlation]),
            ("interval", f"{self.fcc.interval()}, for infinitely many draws"),
            (
                "by chance",
                f"{self.chance:.3g}, below {self.chance_high:.3g} at "
                f"{100 * self.fcc.level:.4g} %: {told} independent coefficients",
            ),
            ("support", f"{len(self.support)} of {vanish.shape[1]} frequencies (zero included)"),
            ("coefficients", f"{int(vanish.sum())} vanish, {int(fixed.sum())} more are constant"),
            ("zero means", f"at most {self.tolerance:.1g}; {self.claim.value}"),
        ]
        if self.missing_parts:
            names = [
                f"{name} of {', '.join(f'{v:g}' for v in k)}" for k, name in self.missing_parts
            ]
            rows.append(("missing", "; ".join(names[:8]) + ("; …" if len(names) > 8 else "")))
        rows += [
            ("law", self.law),
            ("draws", f"{len(self.coefficients)}; seed {self.provenance.seed}"),
            ("engine", f"{self.provenance.engine} on {self.provenance.device}"),
        ]
        return rows + [("note", note) for note in self.notes]
