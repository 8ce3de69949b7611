"""Which ways of measuring a QFIM a device has, what each costs, and which one to take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pennylane.operation import Channel

from pennylane_trainability.circuits.layers import LayeredCircuit, Node
from pennylane_trainability.circuits.vanishing import Vanishing, vanishing
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.transforms.engines import device_name, is_exact_simulator
from pennylane_trainability.transforms.qfim_circuits.correlators import correlator_scheme
from pennylane_trainability.transforms.qfim_circuits.overlap import (
    overlap_count,
    overlap_scheme,
    slots_of,
)
from pennylane_trainability.transforms.qfim_circuits.scheme import Scheme, Slot

__all__ = ["METHODS", "Abilities", "Option", "abilities_of", "choose", "needed_between"]

#: Methods that give the whole matrix come first; ``auto`` takes one of these.
METHODS = ("direct", "hadamard", "overlap", "block-diag", "random-bases")


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a device offers beside the wires of the circuit.

    Attributes:
        name: of the device.
        aux: label of a wire that the circuit does not use; ``None`` if there is none.
        mid_circuit: whether it can measure a wire and go on.
        simulates: whether it is a noiseless simulator.
    """

    name: str
    aux: object = None
    mid_circuit: bool = False
    simulates: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One way and its cost.

    Attributes:
        method: its name.
        circuits: circuits per parameter point; 0 if it is not available.
        relative_cost: circuits times the variance of an entry times the length of a circuit, each
            relative to reading one correlator.
        reason: why it is not available, or what it leaves out.
    """

    method: str
    circuits: int
    relative_cost: float
    reason: str = ""


def abilities_of(device, wires, aux_wire, mid_circuit: bool) -> Abilities:
    """What a device offers to a circuit on some wires.

    Args:
        device: a PennyLane device, or ``None`` for a bare tape.
        wires: labels the circuit uses.
        aux_wire: the user's wish for an auxiliary wire.
        mid_circuit: whether the device measures in mid-circuit.

    Raises:
        ReadingError: the auxiliary wire is one of the circuit, or not on the device.
    """
    own = None if device is None else device.wires
    name = "a bare tape" if device is None else device_name(device)
    if aux_wire is not None:
        if aux_wire in wires or (own is not None and aux_wire not in own):
            raise ReadingError(
                f"aux_wire={aux_wire!r} must be a wire of the device that the circuit does not "
                f"use; the circuit uses {list(wires)}, the device has "
                f"{'any' if own is None else list(own)}."
            )
        aux = aux_wire
    elif own is None:
        integers = [w for w in wires if isinstance(w, (int, np.integer))]
        aux = max(integers) + 1 if len(integers) == len(wires) and integers else "aux"
        while aux in wires:
            aux = f"{aux}_"
    else:
        aux = next((w for w in own if w not in wires), None)
    return Abilities(name, aux, mid_circuit, device is not None and is_exact_simulator(device))


def choose(
    made: LayeredCircuit,
    groups: list[np.ndarray],
    abilities: Abilities,
    method: str,
    by_means: bool = False,
) -> tuple[Scheme, tuple[Option, ...]]:
    """Plan the method asked for, or the cheapest one the device has.

    Args:
        made: the circuit in layers.
        groups: flat parameters between which entries are asked for.
        abilities: of the device.
        method: one of :data:`METHODS` but the last, or ``"auto"``.
        by_means: whether the device gives means of Pauli words instead of outcomes.

    Returns:
        The plan, and what every method would cost.

    Raises:
        ReadingError: the method is unknown or not available; the message names those that are.
    """
    zero = vanishing(made)
    wanted = _wanted(made, [n.coefficients for n in made.nodes], groups)
    slots = slots_of(made)
    needed = needed_between(made, slots, zero, groups)
    native = abilities.mid_circuit and not (abilities.simulates and abilities.aux is not None)
    full = correlator_scheme(made, zero, wanted, "direct", native)
    block = correlator_scheme(made, zero, wanted, "block-diag")
    no_overlap = _no_overlap(made, by_means)
    options = _options(full, block, overlap_count(slots, needed), abilities, no_overlap)
    if method == "auto":
        method = min((o for o in options[:3] if o.circuits or not o.reason), key=_cost).method
    option = {o.method: o for o in options}.get(method)
    if option is None:
        raise ReadingError(f"method={method!r} is unknown; use 'auto' or one of {list(METHODS)}.")
    if option.reason and not option.circuits and method != "block-diag":
        able = [o.method for o in options if o.circuits]
        raise ReadingError(
            f"method={method!r} does not work on {abilities.name}: {option.reason}. Methods that "
            f"do: {able}."
        )
    if method == "overlap":
        return overlap_scheme(made, slots, needed), options
    if method == "hadamard":
        return correlator_scheme(made, zero, wanted, method), options
    return full if method == "direct" else block, options


def _cost(option: Option) -> float:
    return option.relative_cost


def _no_overlap(made: LayeredCircuit, by_means: bool) -> str:
    """Why overlaps cannot be measured; empty if they can."""
    if by_means:
        return "it reads outcomes; use read_out='counts'"
    channel = next((g.name for g in made.circuit.gates if isinstance(g.op, Channel)), None)
    return f"it runs the circuit backwards, and {channel} has no inverse" if channel else ""


def _options(full: Scheme, block: Scheme, overlaps: int, abilities: Abilities, no_overlap: str):
    count = len(full.circuits)
    probes = full.needs_probe
    no_wire = (
        "it needs one wire of the device that the circuit does not use; give the device one more"
    )
    neither = f"it needs a measurement in mid-circuit, or else {no_wire[9:]}"
    direct = not probes or abilities.mid_circuit or abilities.aux is not None
    hadamard = not probes or abilities.aux is not None
    return (
        Option("direct", count if direct else 0, float(count), "" if direct else neither),
        # the same circuits; an auxiliary wire has to live as long as the circuit
        Option("hadamard", count if hadamard else 0, count * 1.001, "" if hadamard else no_wire),
        # twice as long; four overlaps near ½ with a factor ½ each have a quarter of the variance
        Option("overlap", 0 if no_overlap else overlaps, overlaps * 0.25 * 2, no_overlap),
        Option("block-diag", len(block.circuits), float(len(block.circuits)), block.approximation),
    )


def _wanted(made: LayeredCircuit, nodes, groups: list[np.ndarray]) -> np.ndarray:
    """Pairs of nodes that feed parameters of one group."""
    member = np.zeros((len(nodes), len(groups)), int)
    of: dict[int, list[int]] = {}
    for g, group in enumerate(groups):
        for p in group:
            of.setdefault(int(p), []).append(g)
    for v, coefficients in enumerate(nodes):
        for gate, angle in coefficients:
            for p in made.circuit.gates[gate].angles[angle].parameters:
                member[v, of.get(p, [])] = 1
    return (member @ member.T) > 0


def needed_between(
    made: LayeredCircuit, slots: tuple[Slot, ...], zero: Vanishing, groups: list[np.ndarray]
) -> np.ndarray:
    """Pairs of slots that are asked for and not zero by structure."""
    wanted = _wanted(made, [s.coefficients for s in slots], groups)
    feeds = np.zeros((len(slots), len(made.nodes)), bool)
    for a, slot in enumerate(slots):
        for v, node in enumerate(made.nodes):
            feeds[a, v] = _share(slot, node)
    possible = feeds @ ~zero.covariances @ feeds.T
    return wanted & possible


def _share(slot: Slot, node: Node) -> bool:
    return bool(slot.coefficients.keys() & node.coefficients.keys())
