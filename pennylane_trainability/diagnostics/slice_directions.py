"""What spans a line or plane through parameter space: directions by name, as arrays, or points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_simulated import Simulated
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.slices import Frame, frame_of_points, orthonormal
from pennylane_trainability.simulation.hessian import loss_hessian

__all__ = ["NAMED", "flattened", "frame_of"]

#: Directions that have a name.
NAMED = ("random", "gradient", "hessian-max", "hessian-min")


def frame_of(ask: VarianceAsk, reading: Reading, directions, points) -> tuple[Frame, tuple]:
    """The line or plane that is asked for, and a name for each axis.

    Args:
        ask: the options.
        reading: the QNode at one call.
        directions: how many random ones, or one or two names or arrays.
        points: one or two other points instead.

    Raises:
        ReadingError: this is no line or plane.
    """
    given = reading.arguments.parameters
    try:
        if points is not None:
            return _through(reading, points, given)
        asked = _listed(directions)
        made = np.array([_one(ask, reading, k, d) for k, d in enumerate(asked)])
        names = tuple(d if isinstance(d, str) else "given" for d in asked)
        return Frame(given, orthonormal(made), np.zeros((1, len(asked)))), _numbered(names)
    except ValueError as error:
        if isinstance(error, ReadingError):
            raise
        raise ReadingError(f"No line or plane: {error}") from None


def _through(reading: Reading, points, given: np.ndarray) -> tuple[Frame, tuple]:
    if not isinstance(points, Sequence) or not 1 <= len(points) <= 2:
        raise ReadingError(
            "points needs a list of one point (a line from the values given) or two (a plane), "
            "each in the shape of the trainable arguments."
        )
    others = [flattened(reading, point, "points") for point in points]
    names = ("towards point 1", "across, towards point 2")
    return frame_of_points(np.array([given, *others])), names[: len(others)]


def _listed(directions) -> list:
    if isinstance(directions, int | np.integer) and not isinstance(directions, bool):
        directions = ["random"] * int(directions)
    elif isinstance(directions, str):
        directions = [directions]
    if not isinstance(directions, list | tuple) or not 1 <= len(directions) <= 2:
        raise ReadingError(
            "directions needs 1 or 2 (that many random ones), or a list of one or two, each one of "
            f"{list(NAMED)} or in the shape of the trainable arguments; got {directions!r}."
        )
    return list(directions)


def _one(ask: VarianceAsk, reading: Reading, number: int, direction) -> np.ndarray:
    if not isinstance(direction, str):
        return flattened(reading, direction, "directions")
    if direction not in NAMED:
        raise ReadingError(f"direction {direction!r} is unknown; use one of {list(NAMED)}.")
    if direction == "random":
        rng = np.random.default_rng(ask.seeds(number))
        return rng.normal(size=reading.circuit.n_parameters)
    if ask.sampler() != "exact":
        raise ReadingError(
            f"The direction {direction!r} is computed by simulation, and this slice is measured. "
            "Pass it as an array (measure_gradient gives a gradient), or engine='exact'."
        )
    here = reading.arguments.parameters[None]
    if direction == "gradient":
        return Simulated(reading, True, ask.memory).at(here).values[0, 0]
    try:
        hessian = loss_hessian(reading.at(here, reading.arguments.inputs[None]), ask.memory)
    except NotImplementedError as error:
        raise ReadingError(str(error)) from None
    vectors = np.linalg.eigh(hessian)[1]
    chosen = vectors[:, -1 if direction == "hessian-max" else 0]
    return chosen * np.sign(chosen[np.argmax(np.abs(chosen))])


def _numbered(names: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(f"{name} direction" for name in names)
    if len(set(words)) == len(words):
        return words
    return tuple(f"{word} {k}" for k, word in enumerate(words, start=1))


def flattened(reading: Reading, tree: Any, what: str) -> np.ndarray:
    """Numbers in the shape of the trainable arguments, flat, ``(P,)``.

    Args:
        reading: the QNode at one call.
        tree: the numbers.
        what: the name of the option, for the message.

    Raises:
        ReadingError: the shape is another one, or a number is not finite.
    """
    count = reading.circuit.n_parameters
    index = reading.arguments.unflatten(np.arange(1, count + 1))
    out = np.full(count, np.nan)
    _place(index, tree, out, what)
    if not np.all(np.isfinite(out)):
        raise ReadingError(f"{what} needs finite numbers for all {count} parameters.")
    return out


def _place(index: Any, tree: Any, out: np.ndarray, what: str) -> None:
    if index is None:
        return
    if isinstance(index, np.ndarray):
        numbers = np.asarray(_plain(tree), float)
        if numbers.shape != index.shape:
            raise ReadingError(
                f"{what} needs the shape of the trainable arguments, here {index.shape}; got "
                f"{numbers.shape}."
            )
        out[index[index > 0] - 1] = numbers[index > 0]
        return
    keys = index.keys() if isinstance(index, Mapping) else range(len(index))
    if isinstance(index, Mapping) != isinstance(tree, Mapping) or len(tree) != len(index):
        raise ReadingError(f"{what} needs the structure of the trainable arguments; got {tree!r}.")
    for key in keys:
        _place(index[key], tree[key], out, what)


def _plain(value: Any) -> Any:
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value
