"""Steps in parameter space that follow the geometry of states: the natural gradient."""

from pennylane_trainability.optimize.metric import metric_tensor_fn as metric_tensor_fn
from pennylane_trainability.optimize.natural_gradient import (
    NaturalGradientOptimizer as NaturalGradientOptimizer,
)

__all__ = ["NaturalGradientOptimizer", "metric_tensor_fn"]
