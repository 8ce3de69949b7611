"""Circuits that measure how much of the state survives: forth and back again."""

from __future__ import annotations

from dataclasses import replace

from pennylane.operation import Channel

from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.qfim_circuits.answer import Plan
from pennylane_trainability.transforms.qfim_circuits.scheme import Overlap

__all__ = ["mirrored"]


def mirrored(plan: Plan) -> Plan:
    """The plan with mirror circuits behind its own: one per layer, and an empty one.

    A mirror runs the gates of all circuits of its layer and then their inverse; auxiliary wires and
    read-out gates are left out. The empty one, last of all, shows what reading alone loses.

    Raises:
        ReadingError: a gate has no inverse.
    """
    scheme = plan.scheme
    if scheme is None:
        raise ReadingError("Random bases have no mirror circuits; leave rescale out.")
    for gate in scheme.made.circuit.gates:
        if isinstance(gate.op, Channel):
            raise ReadingError(
                f"rescale runs circuits backwards, and {gate.name} has no inverse. Put the noise "
                "into the device instead of the circuit, or leave rescale out."
            )
    keeps: dict[int, int] = {}
    for circuit in scheme.circuits:
        keeps[circuit.layer] = keeps.get(circuit.layer, 0) | circuit.keep
    mirrors = [Overlap(keep, (), layer) for layer, keep in keeps.items()]
    mirrors.append(Overlap(0, (), -1))
    circuits = (*scheme.circuits, *mirrors)
    return replace(plan, scheme=replace(scheme, circuits=circuits), n_circuits=len(circuits))
