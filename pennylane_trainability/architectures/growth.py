"""What a larger circuit would bring: layers, blocks, wires, prefactors, a read-out gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

import numpy as np

from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.results.text import markdown_table, table

__all__ = ["GrowthAdvice", "GrowthStep"]

_HEADER = (
    *("step", "σ on target rows", "ratio", "condition", "σ_K, all rows", "rank", "P", "depth"),
    *("CNOTs", "output scale"),
)


@record
class GrowthStep(Result):
    """One way to change a model, and what it is predicted to bring.

    Attributes:
        name: the change, in words.
        row: the changed model; ``None`` where the step does not apply.
        sigma: the smallest response over the target rows, median over the draws.
        condition: ``σ₁/σ_rank`` over the target rows, median over the draws.
        ratio: ``sigma`` over that of the model as it is; the prediction.
        reachable: whether all target rows are there and can be moved.
        why: why it does not apply or exceeds a limit; empty if neither.
    """

    name: str
    row: ShapeRow | None = field(default=None, repr=False)
    sigma: Estimate | None = None
    condition: Estimate | None = None
    ratio: Estimate | None = None
    reachable: bool = False
    why: str = ""

    @property
    def fits(self) -> bool:
        """Whether it applies and keeps to the limits."""
        return not self.why


@record
class GrowthAdvice(Result):
    """What could be changed, best first.

    Steps are ordered by the ratio of the smallest response over the target rows, after those that
    leave target rows unreachable, exceed a limit or do not apply have been put last.

    Attributes:
        base: the model as it is.
        steps: the changes, best first.
        degree: target rows are those of frequencies up to this.
        gain: read-out gain that was assumed.
        limits: limits on parameters, depth and two-qubit gates, in words.
        provenance: seed, draws, device and engine.
    """

    base: GrowthStep
    steps: tuple[GrowthStep, ...]
    degree: float
    gain: float
    limits: str = ""
    provenance: Provenance

    @property
    def best(self) -> GrowthStep | None:
        """The first step that keeps to the limits and raises the smallest response, if any does."""
        for step in self.steps:
            if step.fits and step.reachable and step.ratio is not None and step.ratio.low > 1:
                return step
        return None

    @property
    def findings(self) -> tuple[str, ...]:
        """What the numbers say."""
        best = self.best
        if best is None or best.ratio is None or best.row is None:
            return ("No step within the limits raises σ on the target rows beyond its interval.",)
        added = best.row.n_parameters - (self.base.row.n_parameters if self.base.row else 0)
        first = (
            f"{best.name}: σ on the target rows {best.ratio.value:.2g} times as large "
            f"{best.ratio.interval()} for {added} more parameters (prediction at random "
            "parameters; observed)."
        )
        return (first, *self._ties(best), *self._layers_and_blocks())

    def _ties(self, best: GrowthStep) -> list[str]:
        """Steps that these draws do not tell from the best."""
        if best.sigma is None:
            return []
        low = best.sigma.low
        ties = [
            step.name
            for step in self.steps
            if step is not best and step.fits and step.sigma is not None and step.sigma.high >= low
        ]
        return [f"These draws do not tell it from: {', '.join(ties)}."] if ties else []

    def _layers_and_blocks(self) -> list[str]:
        """One more encoding layer against one more trainable block."""
        named = {step.name: step for step in self.steps}
        layer, block = named.get("+1 encoding layer"), named.get("+1 trainable block")
        if layer is None or block is None or layer.sigma is None or block.sigma is None:
            return []
        if layer.sigma.low > block.sigma.high:
            word = "more than"
        elif layer.sigma.high < block.sigma.low:
            word = "less than"
        else:
            word = "as much as, within the intervals,"
        return [f"One more encoding layer raises σ on the target rows {word} one more block."]

    def heading(self) -> str:
        """What is grown."""
        name = self.base.row.name if self.base.row is not None else self.base.name
        return f"Growing {name}: target rows up to frequency {self.degree:g}" + (
            f"; {self.limits}" if self.limits else ""
        )

    def rows(self) -> list[tuple[str, object]]:
        """One line per step, then the findings."""
        body: list[tuple[str, object]] = [
            (step.name, step.why or f"ratio {_ratio(step.ratio)}") for step in self.steps
        ]
        return body + [("finding", sentence) for sentence in self.findings]

    def _cells(self) -> list[list[object]]:
        steps = (self.base, *self.steps)
        return [_cells(step, step.row) for step in steps if step.row is not None]

    def _bullets(self) -> str:
        left = [f"{step.name}: {step.why}" for step in self.steps if step.why]
        return "\n".join(f"- {sentence}" for sentence in (*self.findings, *left))

    def summary(self) -> str:
        """The table and the findings as text."""
        return f"{self.heading()}\n\n{table(_HEADER, self._cells())}\n\n{self._bullets()}"

    def _repr_markdown_(self) -> str:
        cells = markdown_table(_HEADER, self._cells())
        return f"**{self.heading()}**\n\n{cells}\n\n{self._bullets()}"


def ordered(steps: Sequence[GrowthStep]) -> tuple[GrowthStep, ...]:
    """Best first; see :class:`GrowthAdvice`."""

    def key(step: GrowthStep):
        ratio = step.ratio.value if step.ratio is not None else 0.0
        return (not step.fits, not step.reachable, -np.nan_to_num(ratio, posinf=np.inf))

    return tuple(sorted(steps, key=key))


def _ratio(estimate: Estimate | None) -> str:
    if estimate is None:
        return "—"
    return f"{estimate.value:.2g} [{estimate.low:.2g}, {estimate.high:.2g}]"


def _cells(step: GrowthStep, row: ShapeRow) -> list[object]:
    condition = step.condition.value if step.condition is not None else float("nan")
    return [
        *(step.name, _ratio(step.sigma), _ratio(step.ratio), f"{condition:.2g}"),
        *(f"{row.sigma_k.value:.2g}", f"{row.space.rank} of {row.n_rows}", row.n_parameters),
        *(row.size.depth, row.size.two_qubit, f"{row.output_scale.value:.2g}"),
    ]
