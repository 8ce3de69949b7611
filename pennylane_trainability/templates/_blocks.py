"""Trainable blocks: one repetition of the trainable unitary inside one trainable layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pennylane import capture
from pennylane.ops import CNOT, RY, Rot, SpecialUnitary
from pennylane.queuing import AnnotatedQueue, QueuingManager, apply
from pennylane.tape import QuantumScript

from pennylane_trainability.templates._encoding import entry, shape_of

__all__ = ["BLOCKS", "apply_block", "resolve_block_shape"]


def _ring(wires) -> list:
    """Closed ring of CNOTs; two wires get one in each direction, one wire none."""
    n = len(wires)
    return [CNOT(wires=[wires[i], wires[(i + 1) % n]]) for i in range(n)] if n > 1 else []


def _rot_ring(weights, wires) -> list:
    batched = len(shape_of(weights)) > 2
    gates = []
    for i, wire in enumerate(wires):
        angles = (entry(weights, (i, j), batched) for j in range(3))
        gates.append(Rot(*angles, wires=wire))
    return gates + _ring(wires)


def _ry_ring(weights, wires) -> list:
    batched = len(shape_of(weights)) > 1
    gates = [RY(entry(weights, (i,), batched), wires=wire) for i, wire in enumerate(wires)]
    return gates + _ring(wires)


def _special_unitary(weights, wires) -> list:
    return [SpecialUnitary(weights, wires=wires)]


@dataclass(frozen=True)
class Block:
    """A block that comes with the package: its gates, and the shape of its weights."""

    gates: Callable
    shape: Callable[[int], tuple[int, ...]]


BLOCKS = {
    "rot-ring": Block(_rot_ring, lambda n_wires: (n_wires, 3)),
    "ry-ring": Block(_ry_ring, lambda n_wires: (n_wires,)),
    "special-unitary": Block(_special_unitary, lambda n_wires: (4**n_wires - 1,)),
}
"""The blocks that can be chosen by name."""


def resolve_block_shape(block, block_shape, n_wires: int) -> tuple[int, ...]:
    """Shape of the weights of one block.

    Raises:
        ValueError: if the block is unknown, or the shape is missing or does not fit it.
    """
    given = None if block_shape is None else tuple(int(size) for size in block_shape)
    if callable(block):
        if given is None:
            raise ValueError(
                "A block of your own needs block_shape, but got None. "
                "Pass the shape of the weights that one call of the block takes, such as (3,)."
            )
        return given
    if not isinstance(block, str) or block not in BLOCKS:
        names = ", ".join(repr(name) for name in BLOCKS)
        raise ValueError(
            f"block must be {names} or a function block(weights, wires), but got {block!r}. "
            "Pass one of the names, or a function together with block_shape."
        )
    shape = BLOCKS[block].shape(n_wires)
    if given not in (None, shape):
        raise ValueError(
            f"block={block!r} takes weights of shape {shape} on {n_wires} wires, but got "
            f"block_shape={given}. Leave block_shape out; it is for blocks of your own."
        )
    return shape


def apply_block(block, weights, wires) -> list:
    """Put one block into the circuit and list its gates.

    Args:
        block: a name from :data:`BLOCKS`, or a function ``block(weights, wires)``.
        weights: weights of this block, with a leading batch axis if there is one.
        wires: wires of the template.

    Raises:
        ValueError: if a function measures, or uses other wires.
    """
    if isinstance(block, str):
        return BLOCKS[block].gates(weights, wires)
    if capture.enabled():
        block(weights, wires)
        return []
    with AnnotatedQueue() as queue:
        block(weights, wires)
    script = QuantumScript.from_queue(queue)
    strangers = [wire for wire in script.wires if wire not in wires]
    if script.measurements or strangers:
        came = f"a gate on wires {strangers}" if strangers else "a measurement"
        raise ValueError(
            f"A block may only apply gates to the wires it is given, {list(wires)}, but it "
            f"contains {came}. Use the second argument of the block as wires, and measure after "
            "the template."
        )
    if QueuingManager.recording():
        return [apply(op) for op in script.operations]
    return script.operations
