"""Which ways of measuring a gradient there are, what each costs, and which one to take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.transforms.gradient_circuits.arrangement import Arrangement, arrange
from pennylane_trainability.transforms.gradient_circuits.components import Problem, Structure
from pennylane_trainability.transforms.gradient_circuits.kept import plans
from pennylane_trainability.transforms.gradient_circuits.scheme import Scheme
from pennylane_trainability.transforms.gradient_circuits.shift_rule import shift_scheme
from pennylane_trainability.transforms.gradient_circuits.signatures import commuting_scheme

__all__ = ["METHODS", "How", "Option", "Plan", "free_wire", "plan_of"]

#: How the circuits of every method are planned.
METHODS: dict[str, Callable[[Structure], Scheme]] = {
    "commuting": commuting_scheme,
    "shift": shift_scheme,
}
READ_OUTS = ("counts", "means")
_NO_WIRE = (
    "it needs one wire of the device that the circuit does not use; give the device one more wire"
)


@dataclass(frozen=True, slots=True)
class How:
    """How a gradient is measured.

    Attributes:
        method: name of a method, or ``"auto"``.
        grouping: which words share a circuit.
        two_qubit_weight: how many circuits an added two-qubit gate is worth.
        read_out: ``"counts"`` or ``"means"``.
        aux_wire: the auxiliary wire; ``None`` takes one that is free.
        device_wires: the wires there are; ``None`` takes those of the device, if it is known.
    """

    method: str = "auto"
    grouping: str = "auto"
    two_qubit_weight: float = 0.0
    read_out: str = "counts"
    aux_wire: object = None
    device_wires: Sequence | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One method and its cost.

    Attributes:
        method: its name.
        circuits: circuits per parameter point; 0 if it is not available.
        relative_cost: circuits times the variance of all derivatives, if every word had the
            variance of a fair coin: shots for equal errors.
        reason: why it is not available.
    """

    method: str
    circuits: int
    relative_cost: float
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What will be run.

    Attributes:
        arrangement: the circuits.
        options: what every method that was looked at would cost.
        aux: label of the auxiliary wire; ``None`` if there is none.
    """

    arrangement: Arrangement
    options: tuple[Option, ...]
    aux: object


def free_wire(wires: Sequence, own: Sequence | None, wanted=None):
    """A wire that a circuit does not use.

    Args:
        wires: labels the circuit uses.
        own: labels there are; ``None`` if any label will do.
        wanted: the user's wish.

    Returns:
        The label, or ``None`` if there is none.

    Raises:
        ReadingError: the wish cannot be fulfilled.
    """
    if wanted is not None:
        if wanted in wires or (own is not None and wanted not in own):
            raise ReadingError(
                f"aux_wire={wanted!r} must be a wire of the device that the circuit does not use; "
                f"the circuit uses {list(wires)}, the device has "
                f"{'any' if own is None else list(own)}."
            )
        return wanted
    if own is not None:
        return next((label for label in own if label not in wires), None)
    if all(isinstance(label, (int, np.integer)) for label in wires):
        return next(k for k in range(len(wires) + 1) if k not in wires)
    label = "aux"
    while label in wires:
        label += "_"
    return label


def plan_of(
    problem: Problem, key: bytes | None, own: Sequence | None, how: How, where: str
) -> Plan:
    """Plan the method asked for, or the one that is predicted to need the fewest shots.

    Args:
        problem: the circuit and its numbers.
        key: digest of its structure; ``None`` plans anew.
        own: wires of the device; ``None`` if they are not known.
        how: options.
        where: name of the device, for messages.

    Raises:
        ReadingError: an option is unknown, or the method is not available here; the message names
            those that are.
    """
    _check(how)
    aux = free_wire(problem.circuit.wires, own, how.aux_wire)
    wanted = list(METHODS) if how.method == "auto" else [how.method]
    looked = [_look(method, problem, key, aux, how) for method in wanted]
    able = [(option, made) for option, made in looked if made is not None]
    if not able:
        rest = [_look(m, problem, key, aux, how)[0] for m in METHODS if m not in wanted]
        others = [option.method for option in rest if not option.reason]
        reasons = "; ".join(f"method={o.method!r}: {o.reason}" for o, _ in looked)
        raise ReadingError(f"Not available on {where}: {reasons}. Methods that are: {others}.")
    _, best = min(able, key=lambda pair: pair[0].relative_cost)
    return Plan(best, tuple(option for option, _ in looked), aux)


def _look(
    method: str, problem: Problem, key: bytes | None, aux, how: How
) -> tuple[Option, Arrangement | None]:
    """What a method would cost, and its circuits if it is available."""
    options = (method, how.grouping, how.two_qubit_weight)
    try:
        found = plans.get(
            key and (key, *options),
            lambda: arrange(METHODS[method](problem.structure), *options[1:]),
            lambda made: len(made.scheme.target_words),
        )
    except (ReadingError, BudgetError) as error:
        if how.method == method:
            raise
        return Option(method, 0, np.inf, str(error)), None
    if found.scheme.needs_aux and aux is None:
        return Option(method, 0, np.inf, _NO_WIRE), None
    count = len(found.readings)
    weighted = count + how.two_qubit_weight * found.two_qubit_gates
    cost = weighted * found.scheme.variance(problem) if how.method == "auto" else np.nan
    return Option(method, count, cost), found


def _check(how: How) -> None:
    if how.method != "auto" and how.method not in METHODS:
        raise ReadingError(
            f"method={how.method!r} is unknown; use 'auto' or one of {list(METHODS)}."
        )
    if how.read_out not in READ_OUTS:
        raise ReadingError(f"read_out needs 'counts' or 'means'; got {how.read_out!r}.")
