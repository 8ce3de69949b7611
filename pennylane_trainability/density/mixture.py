"""A density model, and one call of it: the circuits of all parts and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pennylane as qml
from pennylane.queuing import AnnotatedQueue, QueuingManager
from pennylane.tape import QuantumScript

from pennylane_trainability.density.outputs import Outputs, outputs_of
from pennylane_trainability.density.parts import arguments_of_part
from pennylane_trainability.density.weights import MixtureWeights
from pennylane_trainability.errors import ReadingError

__all__ = ["Call", "Mixture", "Runs", "mixture_of", "points_of", "trainable"]


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """The parts of a density model and how they are mixed.

    Attributes:
        parts: the sub-circuits.
        weights: where the weights come from.
        own: names or positions of arguments with one entry per part.
        method: ``"exact"``, ``"randomised"`` or ``"register"``.
        aux_wires: wires of the register; ``None`` takes wires that are free.
        seed: where the draws of shots started.
        rng: where they are now.
    """

    parts: tuple[qml.QNode, ...]
    weights: MixtureWeights
    own: tuple
    method: str
    aux_wires: Any
    seed: int
    rng: np.random.Generator = field(repr=False)

    def read(self, args: tuple, kwargs: dict, device) -> Call:
        """The circuits and weights of one call; nothing of the user's is changed.

        Raises:
            ReadingError: the weights are no probabilities, or the parts measure different things.
        """
        mixture, args, kwargs = self._split(args, kwargs)
        alpha = self.weights.at(mixture, args, kwargs)
        tapes, returned = [], []
        for number, part in enumerate(self.parts):
            own = arguments_of_part(part, number, len(self.parts), self.own, args, kwargs)
            with QueuingManager.stop_recording(), AnnotatedQueue() as queue:
                returned.append(part.func(*own[0], **own[1]))
            tapes.append(trainable(QuantumScript.from_queue(queue)))
        return Call(self, tuple(tapes), alpha, outputs_of(returned, tapes, device), device)

    def _split(self, args: tuple, kwargs: dict):
        if not self.weights.is_argument:
            return None, args, kwargs
        if "mixture" in kwargs:
            rest = {name: value for name, value in kwargs.items() if name != "mixture"}
            return kwargs["mixture"], args, rest
        if not args:
            raise ReadingError(
                "The first argument of this density model is the mixture; the call has no "
                "positional argument and none called 'mixture'."
            )
        return args[0], args[1:], kwargs


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a density model.

    Attributes:
        mixture: the model.
        tapes: the circuit of every part, without shots and before the part's own transforms.
        alpha: the weights, ``(K,)`` or ``(B, K)``, of any interface.
        outputs: what is measured.
        device: where it runs.
    """

    mixture: Mixture
    tapes: tuple[QuantumScript, ...]
    alpha: Any
    outputs: Outputs
    device: Any


class Runs:
    """Circuits that go to the device together, each through the own transforms of its part."""

    def __init__(self) -> None:
        self.tapes: list[QuantumScript] = []
        self._back: list = []

    def add(self, part: qml.QNode, tape: QuantumScript) -> None:
        """Take one circuit of a part in."""
        tapes, post = part.compile_pipeline((tape,))
        self._back.append((post, len(self.tapes), len(self.tapes) + len(tapes)))
        self.tapes += tapes

    def results(self, results) -> list:
        """One result per circuit taken in, from the results of all tapes."""
        return [post(results[start:stop])[0] for post, start, stop in self._back]


def trainable(tape: QuantumScript) -> QuantumScript:
    """The tape, its trainable parameters marked as a QNode marks them."""
    parameters = tape.get_parameters(trainable_only=False)
    tape.trainable_params = qml.math.get_trainable_indices(parameters)
    return tape


def points_of(call: Call) -> tuple[bool, list[tuple[Sequence[QuantumScript], Any]]]:
    """The call at every point of its broadcasting axis.

    Returns:
        Whether there is such an axis, and per point the circuits of the parts and ``α`` ``(K,)``.

    Raises:
        ReadingError: parts and weights broadcast to different sizes.
    """
    sizes = {tape.batch_size for tape in call.tapes} - {None}
    several = len(qml.math.shape(call.alpha)) == 2
    if several:
        sizes.add(qml.math.shape(call.alpha)[0])
    if len(sizes) > 1:
        raise ReadingError(
            f"The parts and their weights have broadcasting axes of different sizes: {sizes}. Give "
            "all of them the same first axis."
        )
    if not sizes:
        return False, [(call.tapes, call.alpha)]
    size = sizes.pop()
    columns = [
        qml.transforms.broadcast_expand(tape)[0] if tape.batch_size else [tape] * size
        for tape in call.tapes
    ]
    return True, [
        ([column[b] for column in columns], call.alpha[b] if several else call.alpha)
        for b in range(size)
    ]


def mixture_of(model) -> Mixture:
    """The parts behind a density model.

    Raises:
        ReadingError: this is no QNode made by :func:`density_qnode`.
    """
    found = getattr(getattr(model, "func", None), "mixture", None)
    if not isinstance(found, Mixture):
        raise ReadingError(
            f"measure_density takes what density_qnode returns; got {model!r}. Mix the circuits "
            "first: density_qnode([…])."
        )
    return found
