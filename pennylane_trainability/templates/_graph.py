"""The templates' side of PennyLane's graph-based decomposition.

Rules and their resources are declared here and nowhere else, because PennyLane 0.46 replaces the
functions used for it. The templates themselves only name what their number of gates depends on, in
``resource_keys`` and ``resource_params``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext

from pennylane import capture
from pennylane.decomposition import add_decomps, register_resources, resource_rep
from pennylane.operation import Operator
from pennylane.queuing import QueuingManager

__all__ = ["register"]


def register(template: type[Operator], samples: Callable[..., Iterable[tuple]]) -> None:
    """Register ``template.compute_decomposition`` as the rule that decomposes a template.

    Args:
        template: the operator type.
        samples: function of the resource parameters that gives pairs ``(operators, repeats)``:
            example gates, with any numbers in them, and how often the decomposition holds all of
            them.
    """

    def resources(**resource_params):
        counts: Counter = Counter()
        # The examples are only looked at, so nothing may record them.
        # `pause` switches capture on at its end, whether or not it was on before.
        uncaptured = capture.pause() if capture.enabled() else nullcontext()
        with QueuingManager.stop_recording(), uncaptured:
            for operators, repeats in samples(**resource_params):
                for op in operators:
                    counts[resource_rep(type(op), **op.resource_params)] += repeats
        return dict(counts)

    def rule(*data, wires, **hyperparameters):
        template.compute_decomposition(*data, wires=wires, **hyperparameters)

    rule.__name__ = f"{template.__name__}_decomposition"
    add_decomps(template, register_resources(resources, rule))
