"""Which ways of measuring a gradient there are, what each costs, and which one to take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.transforms.gradient_circuits.arrangement import Arrangement, arrange
from pennylane_trainability.transforms.gradient_circuits.components import Problem
from pennylane_trainability.transforms.gradient_circuits.kept import plans
from pennylane_trainability.transforms.gradient_circuits.scheme import DEFAULT_MAX_WORDS, Scheme
from pennylane_trainability.transforms.gradient_circuits.shift_rule import shift_scheme
from pennylane_trainability.transforms.gradient_circuits.signatures import (
    commuting_scheme,
    hadamard_scheme,
)

if TYPE_CHECKING:
    from pennylane_trainability.transforms.gradient_circuits.random_groups import Bases

__all__ = ["METHODS", "How", "Option", "Plan", "free_wire", "plan_of"]

READ_OUTS = ("counts", "means")
#: With ``"auto"`` the Lie algebra method is not followed further than this: its circuits would be
#: many.
_AUTO_WORDS = 1 << 14
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
        max_words: for ``"dla"``, refuse more carried words.
        truncation: for ``"dla"``, leave out smaller coefficients.
        n_bases: for ``"dla"`` with ``read_out="shadows"``, how many random bases.
        seed: of these.
        values: whether the results themselves are measured, too.
        keyword: what the user calls the method.
    """

    method: str = "auto"
    grouping: str = "auto"
    two_qubit_weight: float = 0.0
    read_out: str = "counts"
    aux_wire: object = None
    device_wires: Sequence | None = None
    max_words: int = DEFAULT_MAX_WORDS
    truncation: float = 0.0
    n_bases: int = 100
    seed: int | None = None
    values: bool = False
    keyword: str = "method"

    @property
    def bases(self) -> Bases | None:
        """Random bases, if they are asked for."""
        if self.read_out != "shadows":
            return None
        # here, as below: what a method alone needs is a good part of the import
        from pennylane_trainability.transforms.gradient_circuits.random_groups import Bases

        return Bases(self.n_bases, self.seed)

    def key_of(self, method: str, key: bytes | None):
        """What a plan is kept under; ``None`` if it depends on angles or is drawn anew."""
        if key is None or (method == "dla" and self.truncation):
            return None
        if self.read_out == "shadows" and self.seed is None:
            return None
        how = (self.grouping, self.two_qubit_weight, self._words, self.bases, self.values)
        return key, method, *how

    @property
    def _words(self) -> int:
        return min(self.max_words, _AUTO_WORDS) if self.method == "auto" else self.max_words


def _adjoint(problem: Problem, how: How) -> Scheme:
    from pennylane_trainability.transforms.gradient_circuits.adjoint_action import adjoint_scheme

    return adjoint_scheme(problem, how._words, how.truncation)


#: How the circuits of every method are planned; Hadamard tests never need fewer than "commuting".
METHODS: dict[str, Callable[[Problem, How], Scheme]] = {
    "commuting": lambda problem, how: commuting_scheme(problem.structure),
    "dla": _adjoint,
    "hadamard": lambda problem, how: hadamard_scheme(problem.structure),
    "shift": lambda problem, how: shift_scheme(problem.structure),
}
AUTO = ("commuting", "dla", "shift")


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
    wanted = list(AUTO) if how.method == "auto" else [how.method]
    looked = [_look(method, problem, key, aux, how) for method in wanted]
    able = [(option, made) for option, made in looked if made is not None]
    if not able:
        rest = [_look(m, problem, key, aux, how)[0] for m in METHODS if m not in wanted]
        others = [option.method for option in rest if not option.reason]
        reasons = "; ".join(f"{how.keyword}={o.method!r}: {o.reason}" for o, _ in looked)
        raise ReadingError(f"Not available on {where}: {reasons}. Methods that are: {others}.")
    _, best = min(able, key=lambda pair: pair[0].relative_cost)
    return Plan(best, tuple(option for option, _ in looked), aux)


def _look(
    method: str, problem: Problem, key: bytes | None, aux, how: How
) -> tuple[Option, Arrangement | None]:
    """What a method would cost, and its circuits if it is available."""
    kept = how.key_of(method, key)
    found = plans.get(kept, lambda: _arranged(method, problem, how), _weight)
    if not isinstance(found, Arrangement):
        return Option(method, 0, np.inf, found), None
    if found.scheme.needs_aux and aux is None:
        return Option(method, 0, np.inf, _NO_WIRE), None
    cost = np.nan
    if how.method == "auto":
        # what is cheapest at the first angles stays so for this structure
        weights = problem.outputs.coefficients.tobytes()
        cost = plans.get(
            kept and (kept, weights),
            lambda: _weighted(found, how) * found.scheme.variance(problem),
            lambda _: 1,
        )
    return Option(method, len(found.readings), cost), found


def _weight(found: Arrangement | str) -> int:
    """What it takes to keep a plan, in words and pairs of words."""
    if not isinstance(found, Arrangement):
        return 1
    # only the Lie algebra keeps more than its words
    return len(found.scheme.target_words) + getattr(found.scheme.linear, "size", 0)


def _weighted(found: Arrangement, how: How) -> float:
    return len(found.readings) + how.two_qubit_weight * found.two_qubit_gates


def _arranged(method: str, problem: Problem, how: How) -> Arrangement | str:
    """The circuits of a method, or why there are none; an error if no other is allowed."""
    try:
        scheme = METHODS[method](problem, how)
        if how.values:
            from pennylane_trainability.transforms.gradient_circuits.values import with_values

            scheme = with_values(scheme)
        return arrange(scheme, how.grouping, how.two_qubit_weight, how.bases)
    except (BudgetError, ReadingError) as error:
        if how.method == method:
            raise
        return str(error)


def _check(how: How) -> None:
    if how.method != "auto" and how.method not in METHODS:
        raise ReadingError(
            f"{how.keyword}={how.method!r} is unknown; use 'auto' or one of {list(METHODS)}."
        )
    allowed = (*READ_OUTS, "shadows") if how.method == "dla" else READ_OUTS
    if how.read_out not in allowed:
        names = " or ".join(map(repr, allowed))
        raise ReadingError(f"read_out needs {names}; got {how.read_out!r}.")
