"""Names and options of what is included, and all of it in order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.included import of_circuit, quantities
from pennylane_trainability.included.shared import Included, Shared

__all__ = ["INCLUDED", "include_all", "wanted"]

#: Name → how it is computed.
INCLUDED: dict[str, Callable[..., Included]] = {
    "fourier_fingerprint": quantities.fingerprint,
    "effective_dimension": quantities.effective_dimension,
    "policy_variance": quantities.policies,
    "expressibility": quantities.expressible,
    "entangling_capability": quantities.entangling,
    "capacity": quantities.directions,
    "gradient_variances": of_circuit.variances,
    "gradient_measurement_plan": of_circuit.plan,
    "dynamical_lie_algebra": of_circuit.algebra,
}


def wanted(include) -> dict[str, dict[str, Any]]:
    """What is asked for, with its options.

    Args:
        include: a name, names, or ``{name: options}``.

    Raises:
        ReadingError: a name or an option is unknown.

    >>> wanted("fourier_fingerprint")
    {'fourier_fingerprint': {}}
    """
    if isinstance(include, str):
        include = (include,)
    if not isinstance(include, Mapping | Sequence):
        raise ReadingError(f"include needs names or a dict of options; got {include!r}.")
    asked = dict(include) if isinstance(include, Mapping) else {name: {} for name in include}
    for name, options in asked.items():
        if name not in INCLUDED:
            raise ReadingError(f"include={name!r} is unknown; use some of {list(INCLUDED)}.")
        known = [p for p in inspect.signature(INCLUDED[name]).parameters if p != "shared"]
        strange = [option for option in options or {} if option not in known]
        if strange:
            raise ReadingError(f"{name} has no option {strange[0]!r}; its options are {known}.")
    return {name: dict(options or {}) for name, options in asked.items()}


def include_all(shared: Shared, asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Included]:
    """Everything that is asked for.

    Raises:
        ReadingError: something does not apply, or there are too few draws.
    """
    if not asked:
        return {}
    if len(shared.parameters) < 2:
        raise ReadingError(
            "include=… speaks of parameter draws, and there are none: raise n_draws, or simulate "
            "with engine='exact'."
        )
    own = shared.without_given()
    return {name: INCLUDED[name](own, **options) for name, options in asked.items()}
