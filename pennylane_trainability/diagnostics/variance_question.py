"""A question about variances at one call, and what methods share about its circuit."""

from __future__ import annotations

from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.rotations import PauliCircuit, pauli_circuit
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.path_model import PathModel, path_model

__all__ = ["Question"]


class Question:
    """What is asked, and the circuit as Pauli rotations, read when it is first needed.

    Args:
        ask: the options.
        reading: the QNode at one call.
        gradient: whether derivatives are asked for, not the loss.
    """

    __slots__ = ("_made", "_model", "ask", "gradient", "reading")

    def __init__(self, ask: VarianceAsk, reading: Reading, gradient: bool):
        self.ask, self.reading, self.gradient = ask, reading, gradient
        self._made: PauliCircuit | None = None
        self._model: PathModel | ReadingError | None = None

    @property
    def made(self) -> PauliCircuit:
        """The circuit as Pauli rotations, one Clifford behind them.

        Raises:
            ReadingError: the device is asked for.
        """
        if self.ask.engine == "measured":
            raise ReadingError("engine='measured' asks for the device, and nothing is run on it")
        if self.ask.calibrates:
            raise ReadingError(
                "rescale and mitigate_read_out ask for the device, and nothing is run on it"
            )
        if self._made is None:
            with QueuingManager.stop_recording():  # generators and matrices are made of operators
                self._made = pauli_circuit(self.reading.circuit)
        return self._made

    @property
    def model(self) -> PathModel:
        """The circuit as random branchings of words.

        Raises:
            ReadingError: it is none.
        """
        made = self.made
        if self._model is None:
            try:
                with QueuingManager.stop_recording():
                    self._model = path_model(made, self.ask.law)
            except ReadingError as error:
                self._model = error
        if isinstance(self._model, ReadingError):
            raise self._model
        return self._model
