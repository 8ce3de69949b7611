"""What the QFIM says about a circuit at the values given and at parameter draws."""

from __future__ import annotations

from dataclasses import field

import numpy as np

from pennylane_trainability.diagnostics.column_space import RedundantGroup, redundant_groups
from pennylane_trainability.diagnostics.column_space.spectrum import entropy_rank
from pennylane_trainability.diagnostics.effective_dimension import effective_dimension, resolution
from pennylane_trainability.diagnostics.measured_qfim import MeasuredQFIM
from pennylane_trainability.diagnostics.saturation import Saturation, judge, leading_ranks
from pennylane_trainability.results import (
    Claim,
    Cost,
    Estimate,
    Provenance,
    Result,
    describe,
    record,
)
from pennylane_trainability.statistics.bootstrap import bootstrap_interval

__all__ = ["Capacity"]


@record
class Capacity(Result):
    r"""Independent directions that the parameters of a circuit have in state space.

    The first point is the one given, the others are draws; statements about the circuit come from
    the draws, where there are any. Where the QFIM was measured, every rank is a lower bound that
    holds together with all others at :attr:`level`.

    Attributes:
        points: flat parameters of every point, ``(1 + D, P)``.
        matrices: the QFIM at every point, ``(1 + D, P, P)``.
        eigenvalues: of each, descending, ``(1 + D, P)``.
        limits: up to this size an eigenvalue counts as zero, ``(1 + D,)``: 1e-13 of the largest if
            exact (more above 450 parameters), the noise floor if measured.
        leverages: share of each parameter in the kernel, ``(1 + D, P)``: 1 moves nothing, 0 cannot
            be replaced; NaN if measured, because shots do not show a kernel.
        leading_ranks: ranks of the leading blocks, parameters in :attr:`order`, ``(1 + D, P)``.
        order: parameters in the order in which the circuit is done with them, ``(P,)``.
        dead: parameters that move the state at no point; if measured, those that structure shows.
        repeat: parameters in the last whole repeat of the circuit's pattern of gates, 0 if none.
        n_wires: number of wires ``n``.
        noiseless: whether device and simulation are free of noise other than shots.
        measured: one record per point if measured, else empty.
        parameters: names of rows and columns.
        law: what was drawn, in words.
        level: of intervals and measured bounds.
        notes: what the reader should know.
        cost: what was run.
        provenance: seed, device, engine.
    """

    points: np.ndarray = field(repr=False)
    matrices: np.ndarray = field(repr=False)
    eigenvalues: np.ndarray = field(repr=False)
    limits: np.ndarray = field(repr=False)
    leverages: np.ndarray = field(repr=False)
    leading_ranks: np.ndarray = field(repr=False)
    order: np.ndarray = field(repr=False)
    dead: tuple[int, ...]
    repeat: int
    n_wires: int
    noiseless: bool = True
    measured: tuple[MeasuredQFIM, ...] = field(default=(), repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    law: str
    level: float = 0.95
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def n_parameters(self) -> int:
        """Number of parameters ``P``."""
        return self.matrices.shape[-1]

    @property
    def n_draws(self) -> int:
        """Number of draws ``D``, the values given left out."""
        return len(self.matrices) - 1

    @property
    def exact(self) -> bool:
        """Whether the matrices are free of statistical errors."""
        return not self.measured

    @property
    def ranks(self) -> np.ndarray:
        """Rank at every point, the values given first, ``(1 + D,)``; lower bounds if measured."""
        return self.leading_ranks[:, -1]

    @property
    def rank(self) -> Estimate:
        """Structural rank: the largest over the draws; without draws that at the values given."""
        value = float(max(self._of_draws(self.ranks)))
        if self.exact:
            claim = Claim.GENERIC if self.n_draws else Claim.OBSERVED
            return Estimate.known(value, self.law, claim)
        return Estimate(
            value=value, low=value, high=float(self.bound), level=self.level, law=self.law
        )

    @property
    def most(self) -> int:
        """``2^{n+1} − 2``: no pure state of ``n`` wires has more directions (theorem)."""
        return 2 ** (self.n_wires + 1) - 2

    @property
    def bound(self) -> int:
        """``min(P, 2^{n+1} − 2)``: no QFIM of such a circuit has a larger rank (theorem)."""
        return min(self.n_parameters, self.most)

    @property
    def redundant(self) -> int:
        """Redundant directions ``P − rank``, dead parameters included; if measured, at most."""
        return self.n_parameters - int(self.rank.value)

    @property
    def curve(self) -> np.ndarray:
        """Structural rank of the circuit cut after its first ``k`` parameters, ``(P,)``."""
        return np.max(self._of_draws(self.leading_ranks), axis=0)

    @property
    def verdict(self) -> Saturation:
        """Whether more parameters would add directions; :attr:`reason` says what it rests on."""
        return self._judgement()[0]

    @property
    def reason(self) -> str:
        """What the verdict rests on, in words."""
        return self._judgement()[1]

    @property
    def claim(self) -> Claim:
        """What kind of statement the verdict is."""
        by_bound = self.exact and int(self.rank.value) == self.most
        return Claim.THEOREM if by_bound else Claim.OBSERVED

    @property
    def mean_leverages(self) -> np.ndarray:
        """Mean of :attr:`leverages` over the draws, ``(P,)``."""
        return np.mean(self._of_draws(self.leverages), axis=0)

    @property
    def effective_ranks(self) -> np.ndarray:
        """``exp(−Σ p log p)`` with ``p = λ/Σλ`` at every point, ``(1 + D,)``: how even it is."""
        return entropy_rank(np.sqrt(self._kept()))

    @property
    def gap(self) -> tuple[float, float]:
        """Smallest eigenvalue kept and largest dropped, over λ₁ of their point; NaN where none."""
        top = np.where(self.eigenvalues[:, :1] > 0, self.eigenvalues[:, :1], 1.0)
        kept = self.eigenvalues > self.limits[:, None]
        relative = np.abs(self.eigenvalues) / top
        return (
            float(np.min(relative[kept])) if kept.any() else float("nan"),
            float(np.max(relative[~kept])) if not kept.all() else float("nan"),
        )

    def effective_rank(self, level: float | None = None) -> Estimate:
        """Mean of :attr:`effective_ranks` over the law of the draws, with a bootstrap interval.

        Raises:
            ValueError: there are fewer than two draws, or the matrices were measured.
        """
        self._need_draws("effective_rank()")
        return self._bootstrap(self.effective_ranks[1:], np.mean, level)

    def effective_dimension(
        self, n_data: float, gamma: float = 1.0, level: float | None = None
    ) -> Estimate:
        r"""How many dimensions ``n_data`` data resolve, by Abbas et al., with the **quantum** QFIM.

        .. math::

            d = \frac{2}{\log\kappa}\log\Bigl\langle\sqrt{\det(1+\kappa\hat F)}\Bigr\rangle,
            \quad \hat F = \frac{P}{\langle\mathrm{tr}F\rangle}F,
            \quad \kappa = \frac{\gamma n}{2\pi\log n},

        eqs. (2) and (3) of `arXiv:2011.00027 <https://arxiv.org/abs/2011.00027>`__ (Nature
        Computational Science 1, 403, 2021), which take the Fisher matrix of a classical model of
        data. Here ``F`` is the QFIM of the state, at the data given: a classical Fisher matrix of
        any measurement is at most the QFIM, but each is normalised by its own trace, so that this
        number is neither an upper nor a lower bound on the classical one. Means are over the law of
        the draws (the paper's are uniform); the interval resamples draws. The mean of a square root
        of a determinant is dominated by few draws: with few of them the number is too small.

        Args:
            n_data: number of data ``n``, at least 19.
            gamma: ``γ`` in ``(0, 1]``.
            level: of the interval.

        Raises:
            ValueError: there are fewer than two draws, the matrices were measured, or ``κ ≤ 1``.
        """
        self._need_draws("effective_dimension()")
        kappa = resolution(n_data, gamma)

        def statistic(eigenvalues, axis):
            return effective_dimension(eigenvalues, kappa, axis)

        return self._bootstrap(self._kept()[1:], statistic, level)

    def groups(self) -> tuple[RedundantGroup, ...]:
        """Which redundant parameters stand in for one another; computed when called.

        Raises:
            ValueError: the matrices were measured: shots do not show a kernel.
        """
        if not self.exact:
            raise ValueError("groups() needs exact matrices; pass engine='exact' to capacity().")
        matrices, ranks = self._of_draws(self.matrices), self._of_draws(self.ranks)
        top = self._of_draws(self.eigenvalues)[:, :1, None]
        generic = (ranks == max(ranks)) & (ranks > 0)
        if not generic.any():
            return ()
        rtol = float(np.max(self.limits / np.maximum(self.eigenvalues[:, 0], self.limits)))
        return redundant_groups(matrices[generic] / top[generic], max(ranks), self.dead, rtol)

    def heading(self) -> str:
        """The first line that is printed."""
        rank = int(self.rank.value)
        least = "" if self.rank.exact else "at least "
        return (
            f"Capacity: {least}{_many(rank, 'direction')} with "
            f"{_many(self.n_parameters, 'parameter')}"
        )

    def rows(self) -> list[tuple[str, object]]:
        """Ranks, what is lost, how even the rest is, and whether more parameters would help."""
        rank = self.rank
        dead = describe(tuple(self.parameters[p] for p in self.dead))
        rows: list[tuple[str, object]] = [
            ("circuit", f"{_many(self.n_parameters, 'parameter')}, {_many(self.n_wires, 'wire')}"),
            ("rank", f"{int(rank.value)}: {rank.claim.value}" if rank.exact else self._least()),
            *self._rank_rows(),
            ("bound", f"min(P, 2^(n+1) − 2) = {self.bound}, by theorem"),
            ("zero", self._zero()),
            ("redundant directions", f"{'' if rank.exact else '≤ '}{self.redundant}"),
            ("dead parameters", dead),
        ]
        if self.exact and self.n_draws > 1:
            value = self.effective_rank()
            rows.append(("effective rank", f"{value.value:.3g} {value.interval()}, mean"))
        verdict, reason = self._judgement()
        decided = verdict is not Saturation.UNDECIDED
        rows += [
            ("verdict", verdict.value),
            ("because", f"{reason} ({self.claim.value})" if decided else reason),
        ]
        rows += [("note", note) for note in self.notes]
        return [*rows, ("cost", self.cost), ("engine", self.provenance.engine)]

    def _least(self) -> str:
        return f"≥ {int(self.rank.value)} at {100 * self.level:.4g} %"

    def _rank_rows(self) -> list[tuple[str, object]]:
        if not self.n_draws:
            return []
        low, high = min(self.ranks[1:]), max(self.ranks[1:])
        over = f"{low} at all {self.n_draws}" if low == high else f"{low} to {high}: not the same"
        sign = "" if self.exact else "≥ "
        return [
            ("at the values given", f"{sign}{self.ranks[0]}"),
            ("at the draws", f"{sign}{over}; {self.law}"),
        ]

    def _zero(self) -> str:
        if not self.exact:
            return f"noise floor {self.limits[0]:.3g} ({self.level:.0%})"
        kept, dropped = self.gap
        texts = [
            "none kept" if np.isnan(kept) else f"kept ≥ {kept:.1e}",
            "none dropped" if np.isnan(dropped) else f"dropped ≤ {dropped:.1e}",
        ]
        share = self.limits[0] / self.eigenvalues[0, 0] if self.eigenvalues[0, 0] > 0 else 0.0
        return f"up to {share:.0e} λ₁; " + ", ".join(texts)

    def _kept(self) -> np.ndarray:
        """Eigenvalues, zero where they count as zero, ``(1 + D, P)``."""
        return np.where(self.eigenvalues > self.limits[:, None], self.eigenvalues, 0.0)

    def _of_draws(self, values: np.ndarray) -> np.ndarray:
        return values[1:] if self.n_draws else values

    def _judgement(self) -> tuple[Saturation, str]:
        rank = int(self.rank.value)
        if self.exact and self.n_draws:
            return judge(self.curve, self._lasting(), self.repeat, self.most)
        if not self.noiseless:
            return Saturation.UNDECIDED, "noise of the device may raise the rank that is measured"
        if rank == self.most:
            return judge(self.curve, self.curve, 0, self.most)
        if rank == self.n_parameters:
            return Saturation.NOT_SATURATED, f"rank {rank} with {rank} parameters"
        if self.exact:
            return Saturation.UNDECIDED, "one point shows no generic rank; draw some (n_draws)"
        return Saturation.UNDECIDED, "shots bound the rank from below only"

    def _lasting(self) -> np.ndarray:
        """Ranks of the leading blocks of what is not in the kernel of every draw, ``(P,)``."""
        top = np.maximum(self.eigenvalues[1:, :1, None], self.limits[1:, None, None])
        mean = np.mean(self.matrices[1:] / top, axis=0)[np.ix_(self.order, self.order)]
        limit = np.max(self.limits[1:, None, None] / top)
        return leading_ranks(mean[None], np.array([limit]))[0]

    def _need_draws(self, what: str) -> None:
        if not self.exact or self.n_draws < 2:
            raise ValueError(
                f"{what} is a mean over parameter draws of exact matrices and needs at least two "
                f"draws; there are {self.n_draws}, {'exact' if self.exact else 'measured'}. Pass "
                "n_draws=20 (and engine='exact' on a device with shots) to capacity()."
            )

    def _bootstrap(self, samples: np.ndarray, statistic, level: float | None) -> Estimate:
        # a child of the seed that drew the parameters
        child = np.random.SeedSequence(self.provenance.seed, spawn_key=(1,))
        rng = np.random.default_rng(child)
        level = self.level if level is None else level
        return bootstrap_interval(samples, statistic, rng=rng, level=level, law=self.law)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
