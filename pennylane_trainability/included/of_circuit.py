"""What follows from the circuit and the law of its parameters, without draws."""

from __future__ import annotations

from pennylane_trainability.diagnostics.gradient_plan import gradient_measurement_plan
from pennylane_trainability.diagnostics.lie_algebra import dynamical_lie_algebra
from pennylane_trainability.diagnostics.loss_variance import gradient_variances
from pennylane_trainability.included.shared import Included, Shared

__all__ = ["algebra", "plan", "variances"]


def variances(shared: Shared, *, method: str = "auto") -> Included:
    """Variances of the derivatives under the same law, at the inputs given."""
    seed = shared.seed(3)
    ask = gradient_variances(
        *(shared.qnode, shared.argnums), encoding_args=shared.encoding_args, method=method,
        law=shared.law, seed=seed, engine="exact", level=shared.level, memory=shared.memory,
    )  # fmt: skip
    found = ask(*shared.args, **shared.kwargs)
    return Included(found, (("mean Var ∂", found.mean_variance()),))


def plan(shared: Shared, *, error: float = 0.01) -> Included:
    """What a gradient of the loss costs with every method."""
    ask = gradient_measurement_plan(
        *(shared.qnode, shared.argnums), encoding_args=shared.encoding_args, error=error,
        seed=shared.seed(4),
    )  # fmt: skip
    found = ask(*shared.args, **shared.kwargs)
    taken = next(one for one in found.methods if one.method == found.taken)
    columns = (f"circuits ({found.taken})", float(taken.circuits)), ("shots", float(taken.shots))
    return Included(found, columns)


def algebra(shared: Shared, *, max_dimension: int = 4096) -> Included:
    """The Lie algebra that the gates generate, those of inputs left out."""
    ask = dynamical_lie_algebra(
        *(shared.qnode, shared.argnums), encoding_args=shared.encoding_args,
        max_dimension=max_dimension, seed=shared.seed(5), memory=shared.memory,
    )  # fmt: skip
    found = ask(*shared.args, **shared.kwargs)
    return Included(found, (("dim. of algebra", float(found.dimension)),))
