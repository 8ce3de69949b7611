"""Encoding layers against trainable blocks: the spectrum of ``J`` on the target rows."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from pennylane_trainability.architectures.row import ShapeRow
from pennylane_trainability.architectures.statements import Statement, Verdict
from pennylane_trainability.architectures.target_rows import restricted_sigma
from pennylane_trainability.results import Estimate

__all__ = ["growth_statement"]

_T3 = (
    "Adding encoding layers strengthens the spectrum of JᵀJ monotonically, and needs 1.6 to 2.2 "
    "times fewer parameters than adding trainable blocks to reach R² ≥ 0.95."
)
_TESTED = (
    "medians of σ_min on the rows of frequencies ≤ {degree} at random parameters, for one and two "
    "more layers and one and two more blocks; training is not part of it"
)
_REMARK = (
    "The ratio is P of the largest block route over the least P of the layer route with at least "
    "the same median σ_min. It is no R²: compare it with trained circuits before quoting it."
)


def growth_statement(
    routes: Mapping[tuple[int, int], Sequence[Sequence[ShapeRow]]], degree: int
) -> Statement:
    """T3 for the shapes of a builder.

    Args:
        routes: per shape, the rows of the layer route and of the block route, the shape itself
            first in both.
        degree: target rows are those of frequencies up to this.
    """
    if not routes:
        why = "one circuit alone cannot be grown; pass a builder"
        return Statement(code="T3", claim=_T3, verdict=Verdict.DOES_NOT_APPLY, tested=why)
    evidence: list[tuple[str, Estimate | float | str]] = []
    verdicts = []
    for shape, (layers, blocks) in routes.items():
        if blocks[-1].n_parameters == blocks[0].n_parameters:
            why = "the builder returns the same model for any number of blocks"
            return Statement(code="T3", claim=_T3, verdict=Verdict.DOES_NOT_APPLY, tested=why)
        by_layers = [row.median(restricted_sigma(row, degree)) for row in layers]
        by_blocks = [row.median(restricted_sigma(row, degree)) for row in blocks]
        verdicts.append(_verdict(by_layers, by_blocks, layers, blocks))
        evidence += [
            (f"{shape} by layers", _path(layers, by_layers)),
            (f"{shape} by blocks", _path(blocks, by_blocks)),
            (f"{shape} ratio of parameters", _ratio(layers, blocks, by_layers, by_blocks)),
        ]
    if all(v is Verdict.HOLDS for v in verdicts):
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.FAILS if Verdict.FAILS in verdicts else Verdict.UNDECIDED
    return Statement(
        code="T3",
        claim=_T3,
        verdict=verdict,
        tested=_TESTED.format(degree=degree),
        evidence=tuple(evidence),
        remark=_REMARK,
    )


def _verdict(by_layers, by_blocks, layers, blocks) -> Verdict:
    """Whether layers raise σ_min step by step, and beat every block model that costs as much.

    Each block model is set against the largest layer model with no more parameters.
    """
    falls = any(b.high < a.low for a, b in itertools.pairwise(by_layers))
    rises = all(b.low > a.high for a, b in itertools.pairwise(by_layers))
    pairs = []
    for block, m in zip(by_blocks[1:], blocks[1:], strict=True):
        cheaper = [
            layer
            for layer, n in zip(by_layers[1:], layers[1:], strict=True)
            if n.n_parameters <= m.n_parameters
        ]
        pairs += [(layer, block) for layer in cheaper[-1:]]
    if falls or any(layer.high < block.low for layer, block in pairs):
        return Verdict.FAILS
    ahead = bool(pairs) and all(layer.low > block.high for layer, block in pairs)
    return Verdict.HOLDS if rises and ahead else Verdict.UNDECIDED


def _path(rows: Sequence[ShapeRow], estimates: Sequence[Estimate]) -> str:
    pairs = zip(rows, estimates, strict=True)
    return ", ".join(
        f"P {row.n_parameters}: {e.value:.2g} [{e.low:.2g}, {e.high:.2g}]" for row, e in pairs
    )


def _ratio(layers, blocks, by_layers, by_blocks) -> float | str:
    """Parameters of the strongest block model over the fewest by layers that are as strong."""
    best = max(range(len(blocks)), key=lambda i: by_blocks[i].value)
    enough = [
        row.n_parameters
        for row, e in zip(layers, by_layers, strict=True)
        if e.value >= by_blocks[best].value
    ]
    return blocks[best].n_parameters / min(enough) if enough else "not reached by two layers"
