"""Every part with its exact weight: all circuits in one device execution, then a weighted sum."""

from __future__ import annotations

from pennylane.measurements import Shots

from pennylane_trainability.density.mixture import Call, Runs
from pennylane_trainability.density.outputs import weighted_sum

__all__ = ["exact_tapes"]


def exact_tapes(call: Call, shots: Shots):
    """``f = Σ_k α_k f_k`` from the circuits of all parts, each with all shots.

    Returns:
        Tapes and their post-processing.
    """
    runs, outputs = Runs(), call.outputs
    for part, tape in zip(call.mixture.parts, call.tapes, strict=True):
        runs.add(part, tape.copy(shots=shots))
    coefficients = [call.alpha[..., k] for k in range(len(call.tapes))]

    def mixed(results):
        leaves = [outputs.leaves(result) for result in results]
        return outputs.unflatten(weighted_sum(outputs, coefficients, leaves))

    def post(results):
        found = runs.results(results)
        if not shots.has_partitioned_shots:
            return mixed(found)
        return tuple(mixed([part[c] for part in found]) for c in range(shots.num_copies))

    return runs.tapes, post
