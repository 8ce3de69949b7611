"""The second way to read a QNode: run it on plain numbers and see how the gate angles move.

For functions that cannot be traced (``float(w)``, ``math.sin``, ``jnp.sin``, ``torch.sin``).
Dependence on inputs must be affine; dependence on parameters is either linear (verified at other
points) or is differentiated by the user's own interface (JAX, Torch).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from pennylane_trainability.circuits.arguments import Arguments, Leaf, to_numpy
from pennylane_trainability.circuits.circuit import Angle, Circuit, Gate
from pennylane_trainability.circuits.reading import apply_pipeline, circuit_from_tape, tape_of
from pennylane_trainability.errors import NotFourierError, ReadingError

__all__ = ["probe_circuit"]


def probe_circuit(
    function: Callable,
    arguments: Arguments,
    parameters: np.ndarray,
    inputs: np.ndarray,
    pipeline=(),
    measured: bool = True,
) -> Circuit:
    """Read a QNode at one parameter point by running it on plain numbers.

    Args:
        function: the quantum function.
        arguments: one call, taken apart.
        parameters: ``(P,)``.
        inputs: ``(I,)``.
        pipeline: the QNode's own transforms, applied to every tape.
        measured: whether measurements belong to the circuit.

    Returns:
        Circuit: as :func:`read_circuit` gives it at ``D = G = 1``.

    Raises:
        NotFourierError: an angle is not affine in the inputs.
        ReadingError: gates change with the numbers, or the dependence on parameters is hidden.
    """
    run = _Runner(function, arguments, pipeline, measured)
    move = _generic_move(pipeline, parameters.size, inputs.size)
    there = parameters + move[0], inputs + move[1]
    base, values = run(*there)
    input_slopes = _input_slopes(run, base, values, *there)
    slopes, linear = _parameter_slopes(run, values, *there)
    values = values - slopes @ move[0] - input_slopes @ move[1]
    angles = []
    for a, value in enumerate(values):
        angles.append(
            Angle(
                np.full((1, 1), value),
                {p: float(s) for p, s in enumerate(slopes[a]) if s != 0.0},
                {i: float(s) for i, s in enumerate(input_slopes[a]) if s != 0.0},
                True,
                linear,
            )
        )
    return _with_angles(base, angles, parameters.size, inputs.size)


def _generic_move(pipeline, n_parameters: int, n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Where to look instead: transforms such as merge_rotations drop angles of zero."""
    rng = np.random.default_rng(5)
    reach = 1.0 if len(pipeline) else 0.0
    return reach * rng.uniform(0.1, 1.0, n_parameters), reach * rng.uniform(0.1, 1.0, n_inputs)


class _Runner:
    """``(θ, x) → circuit and its angles``; checks that the gates stay the same."""

    def __init__(self, function, arguments: Arguments, pipeline=(), measured: bool = True):
        self.function, self.arguments, self.pipeline = function, arguments, pipeline
        self.measured = measured
        self.digits = 12 if _double_precision(arguments) else 5
        self.tolerance = 1e-9 if self.digits == 12 else 1e-4
        self.signature: list[tuple] | None = None
        self.constants: list[np.ndarray] = []

    def __call__(self, parameters, inputs) -> tuple[Circuit, np.ndarray]:
        args, kwargs = self.arguments.numeric(parameters, inputs, like=True)
        tape = apply_pipeline(self.pipeline, tape_of(self.function, args, kwargs))
        circuit = circuit_from_tape(tape, 0, 0, self.measured)
        signature = [(g.name, g.wires, len(g.angles)) for g in circuit.gates]
        constants = _constants(circuit)
        if self.signature is None:
            self.signature, self.constants = signature, [data for _, data in constants]
        elif signature != self.signature:
            raise ReadingError(
                "The gates of the QNode change with the numbers passed to it, and its arguments "
                "cannot be traced; use NumPy functions on the arguments, or fix the structure of "
                "the circuit."
            )
        for (op, data), first in zip(constants, self.constants, strict=True):
            if data.shape != first.shape or np.abs(data - first).max(initial=0.0) > self.tolerance:
                raise ReadingError(
                    f"{op.name} on wires {op.wires.tolist()} depends on an argument of the QNode, "
                    "but not through a gate angle that can be read. Rewrite it with rotations, or "
                    "exclude the argument with argnums."
                )
        values = np.array([float(a.value) for g in circuit.gates for a in g.angles])
        return circuit, values


def _double_precision(arguments: Arguments) -> bool:
    """Whether plain numbers keep 64 bits in the user's interface (JAX takes 32 by default)."""
    if all(qml.math.get_interface(leaf.original) != "jax" for leaf in arguments.leaves):
        return True
    return "64" in str(qml.math.asarray(0.0, like="jax").dtype)


def _constants(circuit: Circuit) -> list[tuple[Operator, np.ndarray]]:
    """Numbers that must not change: in state preparations, gates without angles and observables."""
    fixed = [g.op for g in circuit.gates if not g.angles]
    observables = [m.obs for m in circuit.measurements if m.obs is not None]
    return [
        (op, np.asarray(qml.math.toarray(data), complex))
        for op in (*circuit.preparation, *fixed, *observables)
        for data in qml.pytrees.flatten(op)[
            0
        ]  # op.data leaves out what the base of an evolution holds
    ]


def _gate_of_angle(circuit: Circuit, index: int) -> Gate:
    return [g for g in circuit.gates for _ in g.angles][index]


def _input_slopes(run, base, values, parameters, inputs) -> np.ndarray:
    rng = np.random.default_rng(7)
    slopes = np.zeros((len(values), inputs.size))
    for i in range(inputs.size):
        unit = np.eye(inputs.size)[i]
        slopes[:, i] = np.round(run(parameters, inputs + unit)[1] - values, run.digits)
    step = rng.normal(size=inputs.size)
    other = parameters + rng.normal(size=parameters.size)
    here = run(parameters, inputs + step)[1] - values
    there = run(other, inputs + step)[1] - run(other, inputs)[1]
    for change, why in (
        (here, "is not affine in the input"),
        (there, "multiplies the input by a trainable parameter"),
    ):
        wrong = np.flatnonzero(
            np.abs(change - slopes @ step) > run.tolerance * (1 + np.abs(values))
        )
        if len(wrong):
            gate = _gate_of_angle(base, wrong[0])
            labels = [base.wires[w] for w in gate.wires]
            if len(run.pipeline):
                raise NotFourierError(
                    f"With the QNode's own transforms {run.pipeline} the angle of {gate.name} on "
                    f"wires {labels} {why}; apply the analysis to the QNode without them."
                )
            raise NotFourierError(
                f"The angle of {gate.name} on wires {labels} {why}. The output is no Fourier "
                "series of the input. Move the function outside the QNode, or write it with NumPy "
                "functions and use data=… for the Jacobian on your data points."
            )
    return slopes


def _parameter_slopes(run, values, parameters, inputs) -> tuple[np.ndarray, bool]:
    columns = [run(parameters + unit, inputs)[1] - values for unit in np.eye(parameters.size)]
    slopes = np.round(np.stack(columns, axis=1), run.digits)
    steps = np.random.default_rng(11).normal(size=(3, parameters.size))
    # both signs and far away, so that clipped, folded or piecewise angles do not pass for linear
    for step in (*steps, *(-np.pi * steps)):
        change = run(parameters + step, inputs)[1] - values
        if np.any(np.abs(change - slopes @ step) > run.tolerance * (1 + np.abs(change))):
            return _interface_slopes(run, parameters, inputs), False
    return slopes, True


def _interface_slopes(run: _Runner, parameters, inputs) -> np.ndarray:
    """The Jacobian of all angles by the interface the user's arguments belong to."""
    interfaces = {qml.math.get_interface(leaf.original) for leaf in run.arguments.leaves}
    if len(run.pipeline):
        raise ReadingError(
            f"With the QNode's own transforms {run.pipeline} a gate angle depends nonlinearly on a "
            "trainable parameter; apply the analysis to the QNode without them."
        )

    def angles(theta):
        args, kwargs = run.arguments.call(_rebuilder(theta, inputs))
        tape = tape_of(run.function, args, kwargs)
        data = [d for op in tape.operations for d in _flat_data(op)]
        return qml.math.stack([qml.math.reshape(d, ()) for d in data])

    if "jax" in interfaces:
        import jax

        jacobian = jax.jacobian(angles)(jax.numpy.asarray(parameters))
    elif "torch" in interfaces:
        import torch

        theta = torch.tensor(parameters, requires_grad=True)
        jacobian = torch.autograd.functional.jacobian(angles, theta)
    else:
        raise ReadingError(
            "A gate angle depends on a trainable parameter through a function that cannot be "
            "traced (math.sin, np.clip, float(…) inside a nonlinear function …). Use NumPy "
            "functions that are smooth, or JAX or Torch arguments with their functions."
        )
    return to_numpy(jacobian)


def _flat_data(op):
    """The scalar angles of an operator, template by template, in the order of reading."""
    if op.name == "Rot" or not op.has_decomposition or op.num_params == 1:
        for d in op.data:
            if qml.math.ndim(d) == 0:
                yield d
            else:
                raise ReadingError(
                    f"{op.name} cannot be differentiated here; unpack its parameters first."
                )
    else:
        for part in op.decomposition():
            yield from _flat_data(part)


def _rebuilder(theta, inputs):
    def make(leaf: Leaf, p: int, i: int):
        like = qml.math.get_interface(theta)
        size = int(leaf.parameter_mask.sum())
        if size == leaf.value.size:
            return qml.math.reshape(theta[p : p + size], leaf.value.shape)
        value = np.array(leaf.value)
        value[leaf.is_input] = inputs[i : i + int(leaf.is_input.sum())]
        if size:
            raise ReadingError(
                "An argument mixes inputs and parameters; split it into two arguments."
            )
        return qml.math.asarray(value, like=like)

    return make


def _with_angles(base: Circuit, angles: list[Angle], n_parameters: int, n_inputs: int) -> Circuit:
    gates, start = [], 0
    for gate in base.gates:
        part = tuple(angles[start : start + len(gate.angles)])
        start += len(gate.angles)
        part = tuple(a if a.parameters or a.inputs else Angle(float(a.value[0, 0])) for a in part)
        gates.append(Gate(gate.op, gate.wires, part, gate.kind))
    return Circuit(
        base.preparation, tuple(gates), base.measurements, base.wires, n_parameters, n_inputs
    )
