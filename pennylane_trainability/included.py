"""What else an analysis or a comparison can hold, computed from the draws it has already.

A function here takes :class:`Shared` and options and returns a :class:`Result` with the few numbers
that stand for it in tables. A further quantity needs one function and one line in
:data:`INCLUDED`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.data_dimension import data_dimension
from pennylane_trainability.diagnostics.entangling_capability import capability_of
from pennylane_trainability.diagnostics.expressibility import expressibility
from pennylane_trainability.diagnostics.fingerprint import fingerprint_of
from pennylane_trainability.diagnostics.stack import JacobianStack
from pennylane_trainability.diagnostics.state_ask import StateAsk
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.laws import Law
from pennylane_trainability.policies.born_policy import born_policy
from pennylane_trainability.policies.draws import SimulatedActions
from pennylane_trainability.policies.policy_variance import variance_of
from pennylane_trainability.results import Estimate, Provenance, Result
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY

__all__ = ["INCLUDED", "Included", "Shared", "include_all", "wanted"]


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """A QNode at parameter draws, simulated once for everything.

    Attributes:
        qnode: the QNode.
        args: of the call.
        kwargs: of the call.
        encoding_args: its data arguments.
        argnums: its trainable arguments.
        reading: the QNode, read at this call.
        parameters: the draws, ``(D, P)``, without the values given.
        stack: coefficients and Jacobians at the same draws.
        law: how parameters were drawn.
        level: of intervals.
        provenance: where the draws come from; its seed serves what else is drawn.
        memory: bytes of states.
    """

    qnode: Any
    args: tuple
    kwargs: dict
    encoding_args: Any
    argnums: Any
    reading: Reading
    parameters: np.ndarray
    stack: JacobianStack
    law: Law
    level: float
    provenance: Provenance
    memory: int = DEFAULT_MEMORY

    def without_given(self) -> Shared:
        """The same without the first row of the stack, where that is the values given."""
        if len(self.stack.jacobians) == len(self.parameters):
            return self
        rows = None if self.stack.rows is None else self.stack.rows[1:]
        return replace(
            self, stack=replace(self.stack, jacobians=self.stack.jacobians[1:], rows=rows)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Included:
    """A result, and what stands for it in tables.

    Attributes:
        result: the record.
        columns: pairs of a short title and a number.
    """

    result: Result
    columns: tuple[tuple[str, Estimate | float], ...]


def _fingerprint(shared: Shared, *, correlation: str = "pearson") -> Included:
    """Correlations of coefficients, and the support."""
    if shared.stack.rows is None:
        raise ReadingError(
            "include='fourier_fingerprint' needs a Fourier series, and this QNode is analysed on "
            "data. Leave it out, or encode the inputs by rotations."
        )
    found = fingerprint_of(
        shared.stack.rows,
        shared.stack.spectrum.frequencies,
        correlation=correlation,
        inputs=shared.reading.arguments.input_labels(),
        law=shared.law,
        level=shared.level,
        provenance=shared.provenance,
    )
    return Included(
        found,
        (("FCC", found.fcc), ("FCC by chance", found.chance), ("support", len(found.support))),
    )


def _effective_dimension(shared: Shared, *, n_data: float = 10_000, gamma: float = 1.0) -> Included:
    """The effective dimension of the model as a regression with normal noise."""
    found = data_dimension(
        shared.stack.jacobians,
        n_data=n_data,
        gamma=gamma,
        level=shared.level,
        law=getattr(shared.law, "__name__", str(shared.law)),
        provenance=shared.provenance,
    )
    return Included(found, ((f"eff. dim. ({n_data:g} data)", found.value),))


def _policy_variance(
    shared: Shared, *, n_actions: int = 2, partition: Any = "contiguous"
) -> Included:
    """Gradients of the Born policy that the measured outcomes make, at the inputs given."""
    policy = born_policy(shared.qnode, n_actions, partition)
    reading, outcomes = policy.read(
        shared.args, shared.kwargs, shared.argnums, shared.encoding_args
    )
    draws = SimulatedActions(reading, outcomes, shared.memory).at(shared.parameters)
    law = getattr(shared.law, "__name__", str(shared.law))
    own = replace(shared.provenance, shots=None, engine="exact")
    found = variance_of(draws, reading, outcomes, law, shared.level, own)
    name = f"{n_actions} actions, {policy.partition_name}"
    return Included(
        found,
        (
            (f"Var ∂ log π ({name})", found.log_variance()),
            (f"Var ∂π ({name})", found.derivative_variance()),
        ),
    )


def _expressibility(shared: Shared, *, n_pairs: int | None = None, n_bins: int = 75) -> Included:
    """The divergence from Haar random states, from the same law; pairs take draws of their own."""
    seed = np.random.SeedSequence(shared.provenance.seed, spawn_key=(1,))
    ask = expressibility(
        *(shared.qnode, shared.argnums), encoding_args=shared.encoding_args, n_pairs=n_pairs,
        n_bins=n_bins, law=shared.law, seed=seed, engine="exact", level=shared.level,
        memory=shared.memory,
    )  # fmt: skip
    found = ask(*shared.args, **shared.kwargs)
    divergence = float("nan") if found.divergence is None else found.divergence
    return Included(found, (("expressibility", divergence),))


def _entangling_capability(shared: Shared) -> Included:
    """The mean Meyer–Wallach measure at the draws."""
    ask = StateAsk(
        name="entangling_capability",
        qnode=shared.qnode,
        argnums=shared.argnums,
        encoding_args=shared.encoding_args,
        law=shared.law,
        seed=shared.provenance.seed or 0,
        engine="exact",
        level=shared.level,
        memory=shared.memory,
        max_circuits=None,
        max_shots=None,
        executor=None,
    )
    found = capability_of(ask, shared.reading, shared.parameters)
    return Included(found, (("entangling", found.capability), ("Haar", found.haar)))


#: Name → how it is computed.
INCLUDED: dict[str, Callable[..., Included]] = {
    "fourier_fingerprint": _fingerprint,
    "effective_dimension": _effective_dimension,
    "policy_variance": _policy_variance,
    "expressibility": _expressibility,
    "entangling_capability": _entangling_capability,
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
