"""Rows of a shot plan for quantities over parameter draws."""

from __future__ import annotations

import functools
from collections.abc import Callable

from scipy.special import ndtri

from pennylane_trainability.diagnostics import shot_plan_draws as draws
from pennylane_trainability.diagnostics.shot_plan_record import ShotOption

__all__ = ["DRAWN", "rows_of_draws"]

_Find = Callable[[draws.DrawsAsk], tuple[int, draws.Split | None]]


def _variances(gradient: bool) -> dict[str, _Find]:
    return {
        method: functools.partial(draws.of_variances, gradient=gradient, replicates=replicates)
        for method, replicates in (("sample", False), ("replicates", True))
    }


#: Quantity → method → circuits of a draw, and the best split.
DRAWN: dict[str, dict[str, _Find]] = {
    "loss-variance": _variances(False),
    "gradient-variances": _variances(True),
    "frame-potential": {"pairs": draws.of_frame_potential},
    "entangling-capability": {"sample": draws.of_entanglement},
}


def rows_of_draws(quantity: str, ask: draws.DrawsAsk, level: float) -> list[ShotOption]:
    """Every method of a quantity.

    Args:
        quantity: a key of :data:`DRAWN`.
        ask: the call and its options.
        level: at which a size is told from noise.
    """
    size = float(ndtri((1 + level) / 2))
    return [_row(quantity, method, size, *find(ask)) for method, find in DRAWN[quantity].items()]


def _row(
    quantity: str, method: str, size: float, circuits: int, split: draws.Split | None
) -> ShotOption:
    if split is None:
        return ShotOption(quantity=quantity, method=method, reason="needs more shots")
    return ShotOption(
        quantity=quantity,
        method=method,
        circuits=circuits * split.draws,
        shots=split.shots,
        stderr=split.stderr,
        resolved=size * split.noise,
        draws=split.draws,
        relative=split.relative,
    )
