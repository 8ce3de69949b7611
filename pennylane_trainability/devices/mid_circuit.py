"""Mid-circuit measurements as the device's own: who has them, and what becomes of a circuit."""

from __future__ import annotations

from collections.abc import Callable

import pennylane as qml
from pennylane.devices.preprocess import decompose, validate_device_wires
from pennylane.measurements import MeasurementProcess
from pennylane.ops import MeasurementValue, MidMeasure
from pennylane.tape import QuantumScript
from pennylane.transforms import broadcast_expand

from pennylane_trainability.devices.plugin import faced, legacy_device, primitives_device
from pennylane_trainability.errors import ReadingError

__all__ = [
    "has_mid_circuit",
    "measures_mid_circuit",
    "mid_circuit_method",
    "native_pipeline",
    "on_bits",
]

#: Simulators that measure in the middle of a circuit and state no capabilities.
_SIMULATORS = frozenset({"default.qubit"})
#: Simulators that can follow all outcomes of a measurement, each once.
BRANCHING = frozenset({"default.qubit", "lightning.qubit"})
#: Steps of the plugin that split a circuit by its terminal observables, or know gates only.
_DROPPED = frozenset({"defer_measurements", "split_non_commuting", "split_execution_types"})
_LEGACY = frozenset({"legacy_device_batch_transform", "legacy_device_expand_fn"})


def measures_mid_circuit(device) -> bool:
    """Whether a device measures in the middle of a circuit, without spare wires.

    Qiskit devices do so through :func:`one_job`, if their backend says it can: by
    ``multi_meas_enabled`` in its configuration, or else by a ``measure`` instruction in its target.

    Args:
        device: a PennyLane device.

    Returns:
        ``False`` as well for devices that can only defer measurements to spare wires.
    """
    own = faced(getattr(device, "user_device", device))
    if primitives_device(own) or legacy_device(own) is not None:
        return _backend_measures(own.backend)
    if hasattr(own, "target_device"):
        return bool(own.target_device.capabilities().get("supports_mid_measure", False))
    if own.name in _SIMULATORS:
        return True
    return bool(own.capabilities is not None and own.capabilities.supported_mcm_methods)


def _backend_measures(backend) -> bool:
    configuration = backend.configuration() if hasattr(backend, "configuration") else None
    stated = getattr(configuration, "multi_meas_enabled", None)
    return "measure" in backend.operation_names if stated is None else bool(stated)


def mid_circuit_method(device, tapes) -> str | None:
    """The fastest way a simulator has to measure in the middle; ``None``: as the device decides.

    By default simulators run a circuit once per shot; following both outcomes costs two.
    """
    plain = getattr(device, "name", "") in BRANCHING
    return "tree-traversal" if plain and any(map(has_mid_circuit, tapes)) else None


def has_mid_circuit(tape: QuantumScript) -> bool:
    """Whether the circuit measures before its end."""
    return any(isinstance(op, MidMeasure) for op in tape.operations)


def native_pipeline(pipeline, device):
    """The preprocessing of a device, changed so that mid-circuit measurements pass through.

    Everything is measured in the same shots, so circuits are not split by their observables.

    Args:
        pipeline: what the plugin does with circuits without mid-circuit measurements.
        device: the plugin's device.
    """
    native = qml.CompilePipeline()
    native.add_transform(_checked)
    passes = _passes(device)
    if any(_name(step) in _LEGACY for step in pipeline):
        native.add_transform(validate_device_wires, device.wires, name=device.short_name)
        native.add_transform(
            decompose,
            stopping_condition=passes,
            target_gates=device.operations,
            name=device.short_name,
            skip_initial_state_prep=False,
        )
        native.add_transform(broadcast_expand)
    for step in pipeline:
        if _name(step) == "decompose":
            native.add_transform(
                decompose, *step.args, **{**step.kwargs, "stopping_condition": passes}
            )
        elif _name(step) not in _DROPPED | _LEGACY:
            native.append(step)
    native.add_transform(_joined)
    return native


def _name(step) -> str:
    return getattr(step.tape_transform, "__name__", "")


def _passes(device) -> Callable:
    def passes(op) -> bool:
        return isinstance(op, MidMeasure) or op.name in device.operations

    return passes


@qml.transform
def _checked(tape: QuantumScript):
    """Say what cannot be measured in the middle, before anything runs."""
    if not tape.shots:
        raise ReadingError(
            "Mid-circuit measurements need shots: set them with qml.set_shots(qnode, shots=…)."
        )
    for op in tape.operations:
        if isinstance(op, MidMeasure) and (op.reset or op.postselect is not None):
            raise ReadingError(
                f"{op} resets or post-selects; the device gets plain measurements only. Write "
                "qml.measure(wire), and select among the samples afterwards."
            )
        if isinstance(op, qml.ops.Conditional):
            raise ReadingError(
                f"{op} depends on an outcome, and no circuits with conditions are sent. Pass "
                "mcm_method='deferred' to the QNode to use spare wires instead."
            )
    return (tape,), lambda results: results[0]


@qml.transform
def _joined(tape: QuantumScript):
    """One circuit for the outcomes in the middle and all observables at the end.

    Sums of observables become their terms; these must share a basis.
    """
    terminal = [k for k, m in enumerate(tape.measurements) if m.mv is None]
    middle = [k for k, m in enumerate(tape.measurements) if m.mv is not None]
    end = QuantumScript([], [tape.measurements[k] for k in terminal], shots=tape.shots)
    (first, *others), post = qml.transforms.split_non_commuting(end)
    if others:
        raise ReadingError(
            f"{end.measurements} share no basis, but everything in a circuit with mid-circuit "
            "measurements comes from the same shots. Return them from several QNodes."
        )
    measured = [*first.measurements, *(tape.measurements[k] for k in middle)]
    cut = len(first.measurements)

    def arrange(results):
        values = results[0] if isinstance(results[0], tuple) else (results[0],)
        found = dict(zip(middle, values[cut:], strict=True))
        if terminal:
            own = post([values[0] if cut == 1 else values[:cut]])
            found |= zip(terminal, own if len(terminal) > 1 else (own,), strict=True)
        ordered = tuple(found[k] for k in sorted(found))
        return ordered[0] if len(ordered) == 1 else ordered

    return (QuantumScript(tape.operations, measured, shots=tape.shots),), arrange


def on_bits(measurement: MeasurementProcess) -> MeasurementProcess:
    """A measurement of mid-circuit outcomes as one of classical bits, named by their ``meas_uid``.

    Args:
        measurement: ``counts``, ``probs``, ``sample``, ``expval`` or ``var`` with ``op=``.
    """
    value = measurement.mv
    single = isinstance(value, MeasurementValue)
    parts = value.measurements if single else [v.measurements[0] for v in value]
    options = {"wires": [part.meas_uid for part in parts]}
    if single and not isinstance(measurement, qml.measurements.ProbabilityMP):
        options["eigvals"] = measurement.eigvals()
    if isinstance(measurement, qml.measurements.CountsMP):
        options["all_outcomes"] = measurement.all_outcomes
    return type(measurement)(**options)
