"""What comes from the draws that an analysis or a comparison has already.

A function here takes :class:`Shared` and options and returns a :class:`Result` with the few numbers
that stand for it in tables. A further quantity needs one function and one line in ``INCLUDED``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pennylane_trainability.circuits.points import read_points
from pennylane_trainability.diagnostics.capacity import capacity_at
from pennylane_trainability.diagnostics.data_dimension import data_dimension
from pennylane_trainability.diagnostics.entangling_capability import capability_of
from pennylane_trainability.diagnostics.expressibility import expressibility
from pennylane_trainability.diagnostics.fingerprint import fingerprint_of
from pennylane_trainability.diagnostics.state_ask import StateAsk
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.included.shared import Included, Shared
from pennylane_trainability.policies.born_policy import born_policy
from pennylane_trainability.policies.draws import SimulatedActions
from pennylane_trainability.policies.policy_variance import variance_of

__all__ = [
    "directions",
    "effective_dimension",
    "entangling",
    "expressible",
    "fingerprint",
    "policies",
]


def fingerprint(shared: Shared, *, correlation: str = "pearson") -> Included:
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


def effective_dimension(shared: Shared, *, n_data: float = 10_000, gamma: float = 1.0) -> Included:
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


def policies(shared: Shared, *, n_actions: int = 2, partition: Any = "contiguous") -> Included:
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


def expressible(shared: Shared, *, n_pairs: int | None = None, n_bins: int = 75) -> Included:
    """The divergence from Haar random states, from the same law; pairs take draws of their own."""
    ask = expressibility(
        *(shared.qnode, shared.argnums), encoding_args=shared.encoding_args, n_pairs=n_pairs,
        n_bins=n_bins, law=shared.law, seed=shared.seed(1), engine="exact", level=shared.level,
        memory=shared.memory,
    )  # fmt: skip
    found = ask(*shared.args, **shared.kwargs)
    divergence = float("nan") if found.divergence is None else found.divergence
    return Included(found, (("expressibility", divergence),))


def entangling(shared: Shared) -> Included:
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


def directions(shared: Shared) -> Included:
    """The QFIM at the values given and at the same draws: directions in state space."""
    points = read_points(
        shared.qnode, shared.args, shared.kwargs, shared.argnums, shared.encoding_args
    )
    found = capacity_at(
        points, shared.parameters, law=shared.law, level=shared.level, memory=shared.memory,
        provenance=shared.provenance,
    )  # fmt: skip
    return Included(found, (("rank of QFIM", found.rank), ("at most", float(found.bound))))
