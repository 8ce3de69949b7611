"""All circuits of one QFIM on one device, and the matrices that follow from their results.

Both the transform and its measured twin use this one builder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.circuits.layers import layered
from pennylane_trainability.circuits.points import Points
from pennylane_trainability.devices import measures_mid_circuit
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.qfim_circuits.choice import (
    Option,
    abilities_of,
    choose,
)
from pennylane_trainability.transforms.qfim_circuits.random_bases import (
    BasisCircuits,
    basis_circuits,
    basis_count,
)
from pennylane_trainability.transforms.qfim_circuits.read_outs import Means, Observed
from pennylane_trainability.transforms.qfim_circuits.scheme import Scheme
from pennylane_trainability.transforms.qfim_circuits.tapes import Circuits, circuits_of

__all__ = ["Answer", "How", "Plan", "answer_of", "plan_of"]

READ_OUTS = ("counts", "means")


@dataclass(frozen=True, slots=True)
class How:
    """How a QFIM is measured.

    Attributes:
        method: name of a method, or ``"auto"``.
        read_out: ``"counts"`` or ``"means"``.
        aux_wire: the auxiliary wire; ``None`` takes one that is free.
        n_bases: for random bases, how many.
        bases: for random bases, ``"haar"`` or ``"local"``.
        seed: for random bases.
        on_the_way: whether words may be measured in the middle of a circuit, where a device can.
    """

    method: str = "auto"
    read_out: str = "counts"
    aux_wire: object = None
    n_bases: int = 20
    bases: str = "haar"
    seed: int | None = None
    on_the_way: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What will be run, without numbers.

    Attributes:
        method: the method taken.
        n_circuits: circuits per parameter point.
        scheme: the circuits; ``None`` for random bases.
        options: what every method would cost.
        aux: the auxiliary wire, if any circuit needs it.
    """

    method: str
    n_circuits: int
    scheme: Scheme | None
    options: tuple[Option, ...]
    aux: object

    def required(self) -> Scheme:
        """The scheme of a method that has one."""
        if self.scheme is None:
            raise ReadingError(f"{self.method} has no scheme.")
        return self.scheme


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Tapes of one answer.

    Attributes:
        plan: what was planned.
        circuits: tapes, and how they are read.
    """

    plan: Plan
    circuits: Circuits | BasisCircuits

    @property
    def tapes(self) -> list:
        """Everything that is run, point by point."""
        return self.circuits.tapes

    def observed(self, results: Sequence, shots: int | None) -> list[list[Observed | Means]]:
        """Outcomes of all circuits, point by point.

        Raises:
            ReadingError: the circuits are those of random bases, which have no words.
        """
        if isinstance(self.circuits, BasisCircuits):
            raise ReadingError("Random bases have replicates, not outcomes of words.")
        return self.circuits.observed(results, shots)

    def matrices(self, results: Sequence, shots: int | None) -> np.ndarray:
        """The QFIM at every parameter point, ``(D, P, P)``."""
        if isinstance(self.circuits, BasisCircuits):
            return self.circuits.replicates(results).mean(axis=0)[None]
        scheme = self.circuits.scheme
        each = np.full(len(scheme.circuits), float(shots)) if shots else None
        out = []
        for d, observed in enumerate(self.observed(results, shots)):
            mu = np.concatenate([o.means for o in observed]) if observed else np.zeros(0)
            loading = scheme.loading(d)
            out.append(loading @ scheme.quadratic.matrix(mu, each) @ loading.T)
        return np.array(out)


def plan_of(points: Points, device, how: How, groups: list[np.ndarray]) -> Plan:
    """Choose a method and plan its circuits; nothing is built or run.

    Args:
        points: the QNode at its parameter points.
        device: of the QNode; ``None`` for a bare tape.
        how: options.
        groups: flat parameters between which entries are asked for.

    Raises:
        ReadingError: an option is unknown, or the device cannot do it; the message says what can.
    """
    if how.read_out not in READ_OUTS:
        raise ReadingError(f"read_out needs 'counts' or 'means'; got {how.read_out!r}.")
    if points.one_by_one:
        raise ReadingError(
            "Data with a broadcasting axis prepare a state here, so the circuits of different "
            "points differ in more than angles. Call once for each point."
        )
    by_means = how.read_out == "means"
    mid_circuit = how.on_the_way and device is not None and not by_means
    mid_circuit = mid_circuit and measures_mid_circuit(device)
    abilities = abilities_of(device, points.circuit.wires, how.aux_wire, mid_circuit)
    made = layered(points.circuit)
    method = "block-diag" if how.method == "random-bases" else how.method
    scheme, options = choose(made, groups, abilities, method, by_means)
    if by_means:
        # words of one circuit need not come from the same shots
        quadratic = scheme.quadratic
        own = np.where(np.eye(quadratic.size, dtype=bool), quadratic.joint, -1)
        scheme = replace(scheme, quadratic=replace(quadratic, joint=own))
    if how.method != "random-bases":
        return Plan(scheme.method, len(scheme.circuits), scheme, options, abilities.aux)
    if len(points.parameters) > 1 or by_means:
        raise ReadingError(
            "method='random-bases' takes one parameter point and read_out='counts'; call it once "
            "for each point."
        )
    return Plan("random-bases", basis_count(points.circuit, how.n_bases), None, options, None)


def answer_of(points: Points, plan: Plan, how: How, shots) -> Answer:
    """Build the tapes of one answer.

    Args:
        points: the QNode at its parameter points.
        plan: as :func:`plan_of` gives it.
        how: options.
        shots: shots of every circuit, or a list with one entry per circuit of the plan.
    """
    if plan.scheme is None:
        rng = np.random.default_rng(how.seed)
        return Answer(plan, basis_circuits(points.circuit, shots, how.n_bases, how.bases, rng))
    count = len(points.parameters)
    return Answer(plan, circuits_of(plan.scheme, shots, count, plan.aux, how.read_out))
