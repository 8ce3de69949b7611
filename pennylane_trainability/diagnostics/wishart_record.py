"""Degrees of freedom of a circuit, block by block, and the laws they predict: the records."""

from __future__ import annotations

import math
from dataclasses import field
from enum import Enum

import numpy as np

from pennylane_trainability.results import Provenance, Result, record
from pennylane_trainability.statistics.gamma_sums import GammaSum

__all__ = ["Gaussianity", "LossMoments", "WishartBlock", "WishartParameters"]

#: Skewness and excess kurtosis up to which, and from which on, a law is (not) called normal.
NORMAL, NOT_NORMAL = 0.2, 0.5


class Gaussianity(Enum):
    """Whether the loss is close to a Gaussian process; the value is the sentence that is shown."""

    GAUSSIAN = "close to normal: skewness and excess kurtosis are at most 0.2"
    NOT_GAUSSIAN = "not normal: skewness or excess kurtosis is at least 0.5"
    UNDECIDED = "undecided: skewness and excess kurtosis lie between 0.2 and 0.5, or are not known"


@record
class LossMoments(Result):
    """Moments of a loss when the unitaries of all blocks are random elements of their groups.

    Attributes:
        mean: of the loss.
        variance: of the loss.
        skewness: NaN where the state on a block is mixed.
        excess_kurtosis: NaN where the state on a block is mixed.
        gradient_variance: of a derivative by a Pauli rotation with random elements before and after
            it.
    """

    mean: float
    variance: float
    skewness: float
    excess_kurtosis: float
    gradient_variance: float


@record
class WishartBlock(Result):
    """One block of matrices on which the circuit acts, and which carries the state.

    Attributes:
        size: ``N``, of matrices over the real numbers, complex numbers or quaternions.
        beta: 1, 2 or 4.
        multiplicity: how many copies of the block the Hilbert space holds.
        embedding_index: trace over these copies, per trace over the block.
        dimension: of the Lie algebra on the block.
        is_full: whether that is all of ``so(N)``, ``su(N)`` or ``sp(N)``.
        probability: of the state to be in the block.
        mean_eigenvalue: ``ō`` of ``O − λ_min``, or of ``λ_max − O`` if mirrored.
        low: the smallest eigenvalue of the observable on the block, or a bound from below.
        high: the largest eigenvalue, or a bound from above.
        ends_exact: whether ``low`` and ``high`` are eigenvalues; otherwise ``r`` are upper bounds.
        mirrored: whether the laws are those of ``λ_max − O``, which has fewer degrees of freedom.
        r_uncentred: ``(Σ o)²/Σ o²``.
        r_centred: ``(Σ o)²/Σ (o − ō)²``, whose law has the variance of the group average.
        r_descent: the uncentred ``r`` of ``O − λ_min`` also where the law is mirrored: what
            parameters are counted against, because descents go down.
        overparametrisation: ``γ = p/(β r)`` with ``r_descent``.
        variance: of the block's part of the loss, exact for random elements of the group.
        gradient_variance: the same of a derivative by a Pauli rotation between random elements.
        pure: whether the state on the block is pure.
    """

    size: int
    beta: int
    multiplicity: int
    embedding_index: int
    dimension: int
    is_full: bool
    probability: float
    mean_eigenvalue: float
    low: float
    high: float
    ends_exact: bool
    mirrored: bool
    r_uncentred: float
    r_centred: float
    r_descent: float
    overparametrisation: float
    variance: float
    gradient_variance: float
    pure: bool

    @property
    def group(self) -> str:
        """``"SU(16)"``."""
        return {1: "SO", 2: "SU", 4: "Sp"}[self.beta] + f"({self.size})"

    @property
    def degrees_of_freedom(self) -> float:
        """``⌈r⌉`` of ``O − λ_min``, the number of columns of the Wishart matrix."""
        finite = math.isfinite(self.r_descent)
        return float(math.ceil(self.r_descent - 1e-9)) if finite else math.nan

    def heading(self) -> str:
        """The first line that is printed."""
        copies = f" ({self.multiplicity} copies)" if self.multiplicity > 1 else ""
        return f"{self.group}, β = {self.beta}{copies}, probability {self.probability:.4g}"

    def rows(self) -> list[tuple[str, object]]:
        """Degrees of freedom, overparametrisation, eigenvalues."""
        full = "full" if self.is_full else "not full"
        at_most = "" if self.ends_exact else "≤ "
        which = "λ_max − O (mirrored)" if self.mirrored else "O − λ_min"
        return [
            ("Lie algebra", f"dimension {self.dimension}, {full}"),
            ("degrees of freedom", f"{at_most}{self.r_uncentred:.6g} uncentred, "
                                   f"{at_most}{self.r_centred:.6g} centred, of {which}"),
            ("mean eigenvalue", self.mean_eigenvalue),
            ("γ = p/(βr)", self.overparametrisation),
        ]  # fmt: skip


@record
class WishartParameters(Result):
    """The blocks of a circuit, their degrees of freedom, and what follows from them.

    Attributes:
        blocks: those that carry the state, largest variance first.
        algebra: the dynamical Lie algebra in words, where it is known.
        method: ``"pauli words"`` or ``"matrices"``.
        reasons: why the Wishart laws do not apply; empty if they do.
        n_parameters: parameters that are not dead, ``p``.
        n_wires: number of wires.
        loss_law: of the loss with uncentred degrees of freedom; ``None`` if the laws do not apply.
        loss_law_centred: with centred ones.
        gradient_law: of a derivative by a Pauli rotation deep in the circuit, uncentred.
        gradient_law_centred: with centred ones.
        slopes: ``c`` of the rotations ``exp(−i c θ_p P/2)`` of every parameter, ``(P,)``; 0 where
            it is dead. Laws and variances of derivatives are for ``c = 1`` and scale with ``c``.
        exact: moments for random elements of the groups, without the surrogate.
        kernel: covariance of the loss between input points, ``(G, G)``: the kernel of the limit
            process; the variance alone without ``data``; ``None`` if it is not known.
        notes: what the reader should know.
        provenance: device and engine.
    """

    blocks: tuple[WishartBlock, ...]
    algebra: str
    method: str
    reasons: tuple[str, ...]
    n_parameters: int
    n_wires: int
    loss_law: GammaSum | None
    loss_law_centred: GammaSum | None
    gradient_law: GammaSum | None
    gradient_law_centred: GammaSum | None
    slopes: np.ndarray = field(repr=False)
    exact: LossMoments | None
    kernel: np.ndarray | None = field(repr=False)
    notes: tuple[str, ...] = ()
    provenance: Provenance

    @property
    def applies(self) -> bool:
        """Whether the circuit is one to which the laws apply."""
        return not self.reasons

    @property
    def overparametrisation(self) -> float:
        """The smallest ``γ`` of the blocks in which the loss varies; NaN if it does not vary."""
        return min((b.overparametrisation for b in self.blocks if b.variance > 0), default=math.nan)

    @property
    def threshold(self) -> float:
        """How many parameters make ``γ ≥ 1`` in every block: minima are expected at the bottom."""
        needed = [b.beta * b.degrees_of_freedom for b in self.blocks if b.variance > 0]
        return max(needed, default=math.nan)

    @property
    def is_mirrored(self) -> bool:
        """Whether a law is that of ``λ_max − O``."""
        return any(block.mirrored for block in self.blocks)

    @property
    def gaussian(self) -> Gaussianity:
        """Whether the loss is close to normal: exact moments where known, else the centred law."""
        if self.exact is None or self.loss_law_centred is None:
            return Gaussianity.UNDECIDED
        pair = (self.exact.skewness, self.exact.excess_kurtosis)
        if not all(map(math.isfinite, pair)):
            law = self.loss_law_centred
            pair = (law.skewness, law.excess_kurtosis)
        worst = max(map(abs, pair))
        if worst <= NORMAL:
            return Gaussianity.GAUSSIAN
        return Gaussianity.NOT_GAUSSIAN if worst >= NOT_NORMAL else Gaussianity.UNDECIDED

    def heading(self) -> str:
        """The first line that is printed."""
        if not self.applies:
            return "Wishart laws do not apply to this circuit"
        count = len(self.blocks)
        return f"Wishart parameters of {count} block{'' if count == 1 else 's'}"

    def rows(self) -> list[tuple[str, object]]:
        """Blocks, laws, verdicts."""
        rows: list[tuple[str, object]] = [("because", "\n".join(self.reasons))]
        rows += [("block", block.summary()) for block in self.blocks[:3]]
        if len(self.blocks) > 3:
            rows.append(("blocks", f"{len(self.blocks) - 3} more"))
        rows += [("Lie algebra", self.algebra), ("parameters", self.n_parameters)]
        if self.applies:
            rows += _law_rows(self)
        rows.append(("notes", "\n".join(self.notes)))
        return [(label, value) for label, value in rows if value != ""]


def _law_rows(found: WishartParameters) -> list[tuple[str, object]]:
    exact, law, centred = found.exact, found.loss_law, found.loss_law_centred
    gradient = found.gradient_law_centred
    rows: list[tuple[str, object]] = []
    for name, one in (("exact", exact), ("uncentred law", law), ("centred law", centred)):
        if one is not None:
            rows.append(
                (
                    f"loss, {name}",
                    f"mean {one.mean:.4g}, variance {one.variance:.4g}, "
                    f"skewness {one.skewness:.3g}, excess kurtosis {one.excess_kurtosis:.3g}",
                )
            )
    if exact is not None and gradient is not None:
        rows.append(("derivative", f"variance {exact.gradient_variance:.4g} exact, "
                     f"{gradient.variance:.4g} and excess kurtosis {gradient.excess_kurtosis:.3g} "
                     "by the centred law"))  # fmt: skip
    where = "at the bottom" if found.overparametrisation >= 1 else "above the bottom"
    return [
        *rows,
        ("normal?", found.gaussian.value),
        ("local minima", f"expected {where}: γ = {found.overparametrisation:.3g}, "
                         f"γ ≥ 1 from {found.threshold:.6g} parameters on"),
    ]  # fmt: skip
