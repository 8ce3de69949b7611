r"""Values and gradients of a circuit for many parameter draws and input points at once.

One forward sweep keeps the states after the stages that hold trainable gates; one backward sweep
carries ``λ`` (starting at ``O ψ``) and reads all gradients of a stage from ``S = ψ λ†``:
``∂f/∂a = 2 Im tr(G S)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.operation import StatePrepBase

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.simulation.elements import elements_of, trainable_angles
from pennylane_trainability.simulation.fusion import schedule
from pennylane_trainability.simulation.observables import Output, outputs_of
from pennylane_trainability.simulation.passes import PhaseTables, compile_passes

__all__ = ["DEFAULT_MEMORY", "Simulation", "chain_rule", "extent", "simulate", "split_outputs"]

#: Bytes of states held at once unless the caller says otherwise.
DEFAULT_MEMORY = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """Outputs of a circuit and their derivatives.

    Attributes:
        outputs: the measurements.
        values: one array ``(D, G, *shape)`` per measurement.
        gradients: one array ``(D, G, *shape, P)`` per measurement, or ``None``.
    """

    outputs: tuple[Output, ...]
    values: tuple[np.ndarray, ...]
    gradients: tuple[np.ndarray, ...] | None


def simulate(
    circuit: Circuit,
    *,
    gradient: bool = True,
    memory: int = DEFAULT_MEMORY,
    outputs: tuple[Output, ...] | None = None,
) -> Simulation:
    """Simulate a circuit at all its draws and inputs.

    Args:
        circuit: a circuit whose angles broadcast to ``(D, G)``.
        gradient: whether derivatives by the flat parameters are wanted.
        memory: bytes the states may take; the work is cut into chunks of inputs and draws.
        outputs: what is measured in place of the circuit's own measurements.

    Returns:
        Simulation: values and gradients.

    Raises:
        BudgetError: not even one state fits the memory.
    """
    outputs = outputs_of(circuit) if outputs is None else outputs
    draws, points = extent(circuit)
    elements = elements_of(circuit)
    stages = schedule(elements, circuit.n_wires, draws * points)
    angles = trainable_angles(circuit) if gradient else []
    operators = [apply for output in outputs for apply in output.operators]
    kept = sum(stage.is_trainable for stage in stages) if gradient else 0
    chunk, width = _chunks(circuit.n_wires, draws, points, kept, len(operators), memory)
    values = np.empty((len(operators), draws, points))
    slopes = np.zeros((len(operators), draws, points, len(angles)))
    passes, chains = compile_passes(stages, circuit.n_wires, draws)
    if 16 * 2**circuit.n_wires * draws * chunk > 2**17:
        _keep_freed_memory()
    for start in range(0, points, chunk):
        inputs = slice(start, min(start + chunk, points))
        here = [p.at(inputs) if type(p) is PhaseTables else p for p in passes]
        sweep = _Sweep(circuit, here, chains, draws, inputs.stop - inputs.start)
        values[:, :, inputs] = sweep.run(operators, bool(angles), width, slopes[:, :, inputs])
    gradients = None
    if gradient:
        gradients = split_outputs(chain_rule(slopes, angles, circuit.n_parameters), outputs)
    return Simulation(outputs, split_outputs(values, outputs), gradients)


def extent(circuit: Circuit) -> tuple[int, int]:
    """``(D, G)`` of the angles of a circuit."""
    draws = points = 1
    for gate in circuit.gates:
        for angle in gate.angles:
            if np.ndim(angle.value):
                draws = max(draws, angle.value.shape[0])
                points = max(points, angle.value.shape[1])
    return draws, points


def _chunks(n, draws, points, kept, n_operators, memory) -> tuple[int, int]:
    """Input points per chunk, and operators per backward sweep."""
    state = 16 * 2**n * draws
    fixed = kept + 4  # ψ, its image, and what one pass needs beside them
    fit = memory // state
    if fit < fixed + 2:
        raise BudgetError(
            f"One state of {n} wires for {draws} draws with {kept} kept stages needs "
            f"{state * (fixed + 2) / 2**20:.0f} MiB; the budget is {memory / 2**20:.0f} MiB. Raise "
            "memory=…, or use fewer draws."
        )
    width = max(1, min(n_operators, (fit - fixed) // 3))
    points_fit = max(1, fit // (fixed + 3 * width))
    cache = max(1, 2**21 // (16 * 2**n * draws))  # states that stay in the processor's cache
    return min(points, points_fit, max(cache, 1) if n >= 11 else points), width


def _keep_freed_memory() -> None:
    """Let the C library reuse freed states instead of handing them back to the system.

    Every pass makes a new array of states. glibc maps and unmaps arrays above a threshold that
    follows the largest array ever freed, and fresh pages cost more than the passes themselves; one
    untouched array of 30 MiB, freed at once, lifts the threshold.
    """
    np.empty(30 * 2**20, np.uint8)


class _Sweep:
    """One chunk of inputs: forwards once, backwards for every group of operators."""

    def __init__(self, circuit: Circuit, passes: list, chains, draws: int, points: int):
        self.circuit, self.passes, self.chains = circuit, passes, chains
        self.draws, self.points = draws, points

    def run(self, operators, gradient: bool, width: int, slopes: np.ndarray) -> np.ndarray:
        """Values ``(m, D, G)``; gradients are written into ``slopes`` (m, D, G, A)."""
        state = self._initial()
        kept: dict[int, np.ndarray] = {}
        first = next((k for k, p in enumerate(self.passes) if p.is_trainable), len(self.passes))
        for k, one in enumerate(self.passes):
            state = one.forward(state)
            if gradient and one.is_trainable:
                kept[k] = state
        values = np.empty((len(operators), self.draws, self.points))
        for start in range(0, len(operators), width):
            part = slice(start, start + width)
            applied = [apply(state) for apply in operators[part]]
            lam = (applied[0][None] if len(applied) == 1 else np.stack(applied)).conj()
            values[part] = np.einsum("...j,...j->...", lam, state).real
            if gradient:
                self._backward(lam, kept, first, slopes[part])
        return values

    def _initial(self) -> np.ndarray:
        n = self.circuit.n_wires
        # no input yet: one state for all points, until the first phase spreads it out
        state = np.zeros((self.draws, 1, 2**n), complex)
        if self.circuit.preparation:
            state[:] = prepared_state(self.circuit)[..., None, :]
        else:
            state[..., 0] = 1.0
        return state

    def _backward(self, lam, kept, first, slopes) -> None:
        sums: dict[int, np.ndarray] = {}
        for k in range(len(self.passes) - 1, first - 1, -1):
            one = self.passes[k]
            if k in kept:
                one.gradient(kept[k], lam, slopes, sums)
            if k > first:
                lam = one.backward(lam)
        if sums:
            self._chain_gradients(sums, slopes)

    def _chain_gradients(self, sums, slopes) -> None:
        rows = sorted(sums)
        effective = self.chains.effective[rows]  # (C, m, D, 2, 2)
        flat = effective.swapaxes(-1, -2).reshape(*effective.shape[:3], 4)
        outer = np.stack([sums[r] for r in rows])  # (C, o, D, G, 2, 2)
        outer = outer.reshape(*outer.shape[:-2], 4)
        table = flat.transpose(0, 2, 3, 1)[:, None]  # (C, 1, D, 4, m)
        values = 2 * (outer @ table).imag  # (C, o, D, G, m)
        slots = self.chains.slots[rows]
        chain, member = np.nonzero(slots >= 0)
        slopes[..., slots[chain, member]] = np.moveaxis(values, 0, -2)[..., chain, member]


def prepared_state(circuit: Circuit) -> np.ndarray:
    """The initial state vector, shape ``(2^n,)``, or ``(D, 2^n)`` if the preparation broadcasts.

    Raises:
        ReadingError: it is a mixed state.
    """
    if mixed := [op.name for op in circuit.preparation if not isinstance(op, StatePrepBase)]:
        raise ReadingError(
            f"{mixed[0]} prepares no state vector, so an exact state-vector simulation does not "
            "exist; run the QNode on its own device instead."
        )
    prep = qml.tape.QuantumScript(circuit.preparation, [qml.state()])
    (prep,), _ = qml.transforms.convert_to_numpy_parameters(prep)
    # a seed of its own: without one the device takes it from NumPy's global generator
    device = qml.device("default.qubit", wires=circuit.wires, seed=0)
    state = qml.execute([prep], device)[0]
    return np.asarray(state, complex)


def chain_rule(slopes: np.ndarray, angles: list[Angle], n_parameters: int) -> np.ndarray:
    """From gate angles to flat parameters, shape ``(m, D, G, P)``."""
    out = np.zeros((*slopes.shape[:-1], n_parameters))
    constant: list[tuple[int, int, float]] = []
    for a, angle in enumerate(angles):
        for p, slope in angle.parameters.items():
            if np.ndim(slope) == 0:
                constant.append((a, p, float(slope)))
            else:
                out[..., p] += slopes[..., a] * slope
    if constant:
        source, target, factor = map(np.array, zip(*constant, strict=True))
        if len(set(target)) == len(target):
            out[..., target] += slopes[..., source] * factor
        else:
            place: Any = (..., target)  # NumPy's stubs leave the ellipsis out
            np.add.at(out, place, slopes[..., source] * factor)
    return out


def split_outputs(stack: np.ndarray, outputs: tuple[Output, ...]) -> tuple[np.ndarray, ...]:
    """``(m, D, G, …)`` cut into measurements ``(D, G, *shape, …)``."""
    parts, start = [], 0
    for output in outputs:
        count = len(output.operators)
        part = stack[start : start + count]
        start += count
        parts.append(np.moveaxis(part, 0, 2) if output.shape else part[0])
    return tuple(parts)
