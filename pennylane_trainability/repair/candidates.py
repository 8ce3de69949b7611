"""Laws from which starting values are drawn, by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.tracer import Traced
from pennylane_trainability.laws import Law, Normal, Uniform
from pennylane_trainability.templates import DataReuploading

__all__ = ["candidate_laws", "identity_blocks"]


def candidate_laws(reading: Reading, extra: Mapping[str, Law] | None = None) -> dict[str, Law]:
    """Uniform; normal around 0 and around the values given; identity blocks where there are any.

    Args:
        reading: the QNode, read.
        extra: more laws, by name.
    """
    laws: dict[str, Law] = {"uniform over each period": Uniform()}
    for scale in (0.1, 0.5, 1.5):
        laws[f"normal around 0, scale {scale:g}"] = _around_zero(scale)
    for scale in (0.1, 0.5):
        laws[f"normal around the values given, scale {scale:g}"] = Normal(scale)
    blocks = identity_blocks(reading)
    if blocks is not None:
        laws["identity blocks"] = blocks
    return laws | dict(extra or {})


def _around_zero(scale: float) -> Law:
    return lambda rng, given, count: scale * rng.normal(size=(count, given.size))


def identity_blocks(reading: Reading) -> Law | None:
    r"""Trainable layers that are the identity: the second half of the blocks undoes the first.

    The idea is that of Grant, Wossnig, Ostaszewski, Benedetti (Quantum 3, 214 (2019)). It needs
    blocks whose inverse is a block of the same kind: of those of :class:`DataReuploading`
    ``"special-unitary"``, :math:`V(\theta)^{-1} = V(-\theta)`, in an even number per layer. The
    others end in a ring of CNOTs that no block undoes.

    Returns:
        A law, or ``None`` where the circuit has no such blocks.
    """
    pairs = []
    for op in reading.queued:
        if isinstance(op, DataReuploading) and op.hyperparameters["block"] == "special-unitary":
            numbers = _numbers(op.data[1])
            if numbers is not None and numbers.ndim == 3 and numbers.shape[1] % 2 == 0:
                half = numbers.shape[1] // 2
                first, second = numbers[:, :half], numbers[:, half:][:, ::-1]
                pairs.append(np.stack([first.ravel(), second.ravel()]))
    if not pairs:
        return None
    first, second = np.concatenate(pairs, axis=1)

    def law(rng, given, count):
        drawn = rng.normal(size=(count, given.size))
        drawn[:, second] = -drawn[:, first]
        return drawn

    return law


def _numbers(weights) -> np.ndarray | None:
    """The flat parameter every weight is, or ``None`` where a weight is something else."""
    entries = np.asarray(weights, dtype=object)
    out = np.empty(entries.shape, int)
    for index, entry in np.ndenumerate(entries):
        if not isinstance(entry, Traced) or list(entry.slopes.values()) != [1.0]:
            return None
        out[index] = next(iter(entry.slopes))
    return out if np.all(out >= 0) and len(np.unique(out)) == out.size else None
