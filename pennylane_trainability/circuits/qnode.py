"""One QNode call, read: its arguments, its circuit at any parameters and inputs, its device."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator

from pennylane_trainability.circuits.arguments import (
    Arguments,
    is_differentiated,
    is_jax_tracer,
)
from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.probe import probe_circuit
from pennylane_trainability.circuits.reading import read_circuit
from pennylane_trainability.circuits.resolution import resolve_arguments
from pennylane_trainability.circuits.substitution import NumericCircuit, is_plain
from pennylane_trainability.errors import ReadingError

__all__ = [
    "Reading",
    "function_of",
    "probe_call",
    "read_qnode",
    "refuse_capture",
    "trace_call",
    "without_tracing",
]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A QNode read at one call.

    Attributes:
        arguments: the call, taken apart.
        circuit: the circuit at the values given (``D = G = 1``).
        traced: whether the arguments could be traced; otherwise the circuit was probed.
        qnode: the QNode, untouched.
        structure: what the quantum function returns, measurement processes as leaves.
        queued: the operators it queued, with tracers as parameters; empty if it was probed.
        measured: whether measurements belong to the circuit.
    """

    arguments: Arguments
    circuit: Circuit
    traced: bool
    qnode: Any = field(repr=False)
    structure: Any = field(repr=False, default=None)
    queued: tuple[Operator, ...] = field(repr=False, default=())
    measured: bool = True

    def at(self, parameters: np.ndarray, inputs: np.ndarray, *, paired: bool = False) -> Circuit:
        """The circuit at parameter draws ``(D, P)`` and inputs ``(G, I)``.

        With ``paired=True`` the inputs ``(D, I)`` belong to the draws one by one.
        """
        if is_plain(self.circuit):
            return self.numeric().at(parameters, inputs, paired=paired)
        if self.traced:
            return read_circuit(
                self.qnode.func,
                self.arguments,
                parameters,
                inputs,
                self.qnode.compile_pipeline,
                paired=paired,
                measured=self.measured,
            )[0]
        if len(parameters) > 1:
            raise ReadingError(
                "This QNode cannot be traced and its angles are nonlinear in the parameters, so "
                "parameter draws cannot be taken together; analyse one parameter point (n_draws=0)."
            )
        if not np.allclose(parameters[0], self.arguments.parameters):
            raise ReadingError(
                "An untraceable, nonlinear QNode can only be analysed at the values given."
            )
        return self.numeric().at(parameters, inputs, paired=paired)

    def numeric(self) -> NumericCircuit:
        """The circuit without its QNode; the same at other points if it :func:`is_plain`."""
        return NumericCircuit(self.circuit, self.arguments.parameters, self.arguments.inputs)

    def without_qnode(self) -> Reading:
        """The same as plain data, for circuits that follow from it: see :func:`is_plain`."""
        return replace(self, qnode=None, structure=None, queued=())

    def unflatten_outputs(self, results: list) -> Any:
        """Results per measurement in the structure the quantum function returns."""
        leaves, structure = qml.pytrees.flatten(self.structure, is_leaf=_is_measurement)
        if len(leaves) != len(results):
            return results[0] if len(results) == 1 else tuple(results)
        return qml.pytrees.unflatten(results, structure)


def _is_measurement(obj) -> bool:
    return isinstance(obj, MeasurementProcess)


def read_qnode(
    qnode,
    args: tuple,
    kwargs: dict,
    encoding_args=None,
    argnums=None,
    *,
    need_inputs: bool = True,
    need_parameters: bool = True,
    differentiable: bool = False,
) -> Reading:
    """Read a QNode at one call; nothing of the QNode or its arguments is changed.

    Args:
        qnode: the QNode.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.
        encoding_args: see :func:`resolve_arguments`.
        argnums: see :func:`resolve_arguments`.
        need_inputs: whether a call without inputs is an error.
        need_parameters: whether a call without trainable parameters is an error.
        differentiable: whether the caller can be compiled or differentiated; otherwise arguments
            that are being traced, which have no numbers, are an error.

    Raises:
        ReadingError: the arguments or gates do not say what depends on what.
        NotImplementedError: under program capture, or inside ``jit`` or ``grad``.
    """
    refuse_capture()
    resolve = partial(
        resolve_arguments,
        *(qnode.func, args, kwargs, encoding_args, argnums),
        need_inputs=need_inputs,
        need_parameters=need_parameters,
    )
    resolved = resolve()
    if not differentiable and any(is_differentiated(leaf.original) for leaf in resolved.leaves):
        raise NotImplementedError(
            "This result has numbers that cannot be differentiated or compiled; call it outside "
            "jit, vmap and grad. Inside, use qml.transforms.coefficient_jacobian."
        )
    try:
        return trace_call(qnode, resolved)
    except Exception as first:
        if any(leaf.is_input.any() and leaf.value.ndim for leaf in resolved.leaves):
            dropped = resolve(drop_batch=True)
            with suppress(Exception):
                return trace_call(qnode, dropped)
        if isinstance(first, ReadingError):
            raise
        return probe_call(qnode, resolved, first)


def function_of(qnode) -> Callable:
    """The quantum function of a QNode; what is no QNode is refused before anything is done.

    Args:
        qnode: what a user passed as a QNode.

    Raises:
        ReadingError: it is something made of a QNode (compiled by ``qml.qjit``, a layer of a neural
            network), or something else.
    """
    if all(hasattr(qnode, name) for name in ("func", "device", "compile_pipeline", "shots")):
        return qnode.func
    name = getattr(qnode, "__name__", "this")
    made = [
        attribute
        for attribute in ("user_function", "qnode")
        if isinstance(getattr(qnode, attribute, None), qml.QNode)
    ]
    remedy = f"the QNode it was made of, {name}.{made[0]}" if made else "what qml.QNode returns"
    raise ReadingError(f"A QNode is needed, and {name} is a {type(qnode).__name__}. Pass {remedy}.")


def refuse_capture() -> None:
    """Program capture hands out programs instead of running functions.

    Raises:
        NotImplementedError: it is enabled.
    """
    if qml.capture.enabled():
        raise NotImplementedError(
            "Reading a QNode does not work with program capture; call qml.capture.disable() first."
        )


def without_tracing(resolved: Arguments):
    """Under ``jax.jit`` the user's function runs on plain numbers all the same."""
    if not any(is_jax_tracer(leaf.original) for leaf in resolved.leaves):
        return nullcontext()
    import jax

    return jax.ensure_compile_time_eval()


def trace_call(qnode, resolved: Arguments, *, measured: bool = True) -> Reading:
    """Read one call by tracers.

    Args:
        qnode: the QNode.
        resolved: the call, taken apart.
        measured: whether measurements belong to the circuit; without them it does not matter what
            the QNode returns.

    Raises:
        ReadingError: a gate cannot be read.
        UntraceableError: the function needs plain numbers.
    """
    circuit, structure, queued = read_circuit(
        qnode.func,
        resolved,
        resolved.parameters[None],
        resolved.inputs[None],
        qnode.compile_pipeline,
        measured=measured,
    )
    if measured:
        _check_structure(circuit, structure)
    return Reading(resolved, circuit, True, qnode, structure, queued, measured)


def _check_structure(circuit: Circuit, structure) -> None:
    leaves = qml.pytrees.flatten(structure, is_leaf=_is_measurement)[0]
    if len(leaves) != len(circuit.measurements) or not all(map(_is_measurement, leaves)):
        raise ReadingError(
            f"The QNode queues {len(circuit.measurements)} measurements and returns {len(leaves)} "
            "objects; return every measurement, and nothing else."
        )


def probe_call(qnode, resolved: Arguments, first: Exception, *, measured: bool = True) -> Reading:
    """Read by plain numbers; the user's own error comes first if the function fails on them too.

    Args:
        qnode: the QNode.
        resolved: the call, taken apart.
        first: why it could not be traced.
        measured: see :func:`trace_call`.
    """
    with without_tracing(resolved):
        return _probe(qnode, resolved, first, measured)


def _probe(qnode, resolved: Arguments, first: Exception, measured: bool) -> Reading:
    args, kwargs = resolved.numeric(resolved.parameters, resolved.inputs, like=True)
    try:
        with qml.QueuingManager.stop_recording(), qml.queuing.AnnotatedQueue():
            structure = qnode.func(*args, **kwargs)
    except Exception as error:
        raise error from first
    circuit = probe_circuit(
        qnode.func,
        resolved,
        resolved.parameters,
        resolved.inputs,
        qnode.compile_pipeline,
        measured,
    )
    if measured:
        _check_structure(circuit, structure)
    nonlinear = not all(a.linear for g in circuit.gates for a in g.angles)
    if nonlinear and any(is_differentiated(leaf.original) for leaf in resolved.leaves):
        raise NotImplementedError(
            "Inside jit, vmap and grad a QNode with nonlinear functions of its parameters is read "
            "only if they are NumPy functions or those of qml.math (qml.math.sin instead of "
            "jnp.sin)."
        )
    return Reading(resolved, circuit, False, qnode, structure, (), measured)
