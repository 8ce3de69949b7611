"""A QNode whose Jacobian can be had at any parameters: as a Fourier series, or on data points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import Reading, read_qnode
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.diagnostics.data_jacobian import data_points
from pennylane_trainability.diagnostics.stack import exact_stack, stack_on_data
from pennylane_trainability.errors import NotFourierError, ReadingError
from pennylane_trainability.laws import Law, draw
from pennylane_trainability.simulation.adjoint import simulate
from pennylane_trainability.transforms.engines import choose_engine

__all__ = ["Model", "model_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A QNode, read, on an exact simulator.

    Attributes:
        reading: the QNode, read.
        series: the QNode as a Fourier series; ``None`` where the rows are data points.
        points: data points ``(n, I)``, where there are any.
        engine: what computes the numbers.
        memory: bytes of states.
        why: why it is no Fourier series.
    """

    reading: Reading
    series: Series | None
    points: np.ndarray | None = field(repr=False)
    engine: str
    memory: int
    why: str = ""

    @property
    def given(self) -> np.ndarray:
        """The values given, ``(P,)``."""
        return self.reading.arguments.parameters

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.reading.arguments.parameter_labels()

    def draws(self, law: Law, count: int, rng) -> np.ndarray:
        """Parameters ``(count, P)``."""
        return draw(law, self.reading.circuit, self.given, count, rng)

    def jacobians(self, parameters: np.ndarray) -> np.ndarray:
        """``(D, P)`` to ``(D, K, P)``."""
        if self.series is not None:
            return exact_stack(self.series, parameters, self.memory, self.engine).jacobians
        if self.points is None:
            raise ReadingError("A model needs a Fourier series or data points; pass data=….")
        return stack_on_data(
            self.reading, self.points, parameters, self.memory, self.why, self.engine
        ).jacobians

    def values(self, parameters: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """All outputs at ``(D, P)`` parameters and ``(n, I)`` inputs, ``(D, n, outputs)``."""
        size = (len(parameters), len(inputs))
        found = simulate(self.reading.at(parameters, inputs), gradient=False).values
        return np.concatenate(
            [np.broadcast_to(v, (*size, *v.shape[2:])).reshape(*size, -1) for v in found], axis=2
        )

    def inputs(self, count: int, rng) -> np.ndarray:
        """Inputs to compare outputs at: the data points, or uniform ones."""
        if self.points is not None:
            return self.points
        width = self.reading.arguments.inputs.size
        return rng.uniform(-np.pi, np.pi, (count, width))


def model_of(
    name: str, qnode, args, kwargs, encoding_args, argnums, data, spectrum, engine, memory, points
) -> Model:
    """Read a call of a QNode on an exact simulator.

    Args:
        name: who asks, for messages.
        qnode: the QNode.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.
        encoding_args: the inputs.
        argnums: the trainable arguments.
        data: data points, used as rows where the QNode is no Fourier series; or ``None``.
        spectrum: frequencies, or ``None``.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``.
        memory: bytes of states.
        points: refuse grids with more input points.

    Raises:
        ReadingError: the device is no exact simulator.
        NotFourierError: no Fourier series, and no data.
    """
    chosen = choose_engine(qnode.device, Shots(qnode.shots), engine)
    if chosen == "measured":
        raise ReadingError(
            f"{name}() draws parameters, which is done on exact simulators only, but this QNode "
            "would be measured. Force engine='exact', or call it with the same circuit on "
            "qml.device('default.qubit'); the result can be used on any device."
        )
    reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
    rows = None if data is None else data_points(data, reading)
    try:
        series = series_of(reading, spectrum, points)
    except NotFourierError as error:
        if rows is None:
            raise
        return Model(reading, None, rows, chosen, memory, str(error))
    return Model(series.reading, series, rows, chosen, memory)
