r"""All derivatives from Pauli words at the output of the circuit as it is.

Carried behind the circuit, a generator word stays a combination of Pauli words of the dynamical Lie
algebra, ``P̃_j = Σ_t c_{jt} σ_t``, with coefficients that follow from the angles alone. So

.. math:: \partial_j\langle O\rangle = \tfrac i2\langle[\tilde P_j, O]\rangle
          = \sum_t c_{jt}\,\tfrac i2\langle[\sigma_t, O]\rangle ,

and the circuits to run do not depend on how many parameters there are (Heidari, Mozakka and
Szpankowski, arXiv:2404.05108). Parts that are no rotations mix the words of their wires by their
Pauli transfer matrix; channels, and unitaries on many wires, stand in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pennylane.operation import Channel

from pennylane_trainability.circuits.anticommutation import anticommute, reached, unite
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.liealg import Mixing, Source, Turn, Words, truncated
from pennylane_trainability.liealg.words import WordIndex
from pennylane_trainability.transforms.gradient_circuits.adjoint_linear import (
    Adjoint,
    Carrier,
    Exact,
    Kept,
    commutators,
    tables_of,
)
from pennylane_trainability.transforms.gradient_circuits.carried_words import carrying_of
from pennylane_trainability.transforms.gradient_circuits.components import (
    Component,
    Part,
    Problem,
    Structure,
)
from pennylane_trainability.transforms.gradient_circuits.scheme import (
    DEFAULT_MAX_WORDS,
    PLAIN,
    Scheme,
    Table,
    TableBuilder,
)
from pennylane_trainability.transforms.gradient_circuits.shift_rule import add_shifts
from pennylane_trainability.transforms.gradient_circuits.values import Beside

__all__ = ["DEFAULT_MAX_WORDS", "adjoint_scheme", "truncation_bound"]

#: Unitaries on more wires are not taken apart into Pauli words.
_MAX_WIRES = 4
#: Entries of transfer matrices that are zero but for rounding.
_ROUNDING = 1e-14


def adjoint_scheme(
    problem: Problem, max_words: int = DEFAULT_MAX_WORDS, truncation: float = 0.0
) -> Scheme:
    """Plan the measurement of all derivatives at the output of the circuit.

    Args:
        problem: the circuit; its angles matter only with truncation.
        max_words: refuse more carried words than this.
        truncation: leave out coefficients below this, see :mod:`pennylane_trainability.liealg`.

    Returns:
        The scheme. For ``d`` carried words and ``I`` words of the read-out the cost is that of
        finding the words, and ``d·I`` tests.

    Raises:
        BudgetError: too many words.
        ReadingError: a part is in the way of a gate without a shift rule.
    """
    structure = problem.structure
    walls = frozenset(k for k, part in enumerate(structure.parts) if _is_wall(part, problem))
    behind = _behind_walls(structure, sorted(walls))
    others = {structure.angles[a].gate for a in structure.unknown} | behind
    own = tuple(c for c in structure.components if c.gate not in others)
    carrier, words = _carried(problem, own, walls, max_words, truncation)
    read = Words.of(structure.words, structure.n_wires)
    signs = np.array([word.sign for word in structure.words], float)
    measured = commutators(words, read, signs)
    built = TableBuilder()
    targets = [Word(*pair) for pair in measured.found.pairs()]
    if targets:
        built.states[PLAIN] = 0
        built.targets = {(0, word): number for number, word in enumerate(targets)}
    shifted = [a for a, component in enumerate(structure.angles) if component.gate in others]
    rest = [structure.angles[a] for a in shifted]
    add_shifts(built, structure, rest, structure.angle_reach[shifted], len(own))
    scheme = built.scheme(
        "dla", structure, (*own, *rest), notes=_notes(problem, sorted(walls), behind),
        fallback=tuple(component.gate for component in rest),
    )  # fmt: skip
    return _with_adjoint(scheme, carrier, measured)


def _with_adjoint(scheme: Scheme, carrier: Carrier, measured) -> Scheme:
    table = scheme.linear
    if not isinstance(table, Table):
        raise TypeError("A table of shift rules was expected.")
    count = len(scheme.target_words)
    return replace(scheme, linear=Adjoint(carrier, measured, table, table.shape, count))


def truncation_bound(scheme: Scheme, problem: Problem, draw: int = 0) -> np.ndarray:
    """How much truncation can change every derivative, ``(R, P)``; zeros without it."""
    out = np.zeros((len(problem.outputs.coefficients), problem.circuit.n_parameters))
    linear = scheme.linear.derivatives if isinstance(scheme.linear, Beside) else scheme.linear
    if isinstance(linear, Adjoint) and isinstance(linear.carrier, Kept):
        dropped = linear.carrier.at(draw)[0].dropped
        loading = np.abs(problem.loading(scheme.components[: len(dropped)], draw))
        sizes = np.abs(problem.outputs.coefficients).sum(axis=1)
        out += sizes[:, None] * (loading @ dropped)
    return out


def _is_wall(part: Part, problem: Problem) -> bool:
    if part.is_rotation:
        return False
    op = problem.circuit.gates[part.gate].op
    return len(part.wires) > _MAX_WIRES or isinstance(op, Channel) or not op.has_matrix


def _behind_walls(structure: Structure, walls: Sequence[int]) -> set[int]:
    """Gates with a component of which something may arrive at a wall behind it."""
    if not walls or not structure.components:
        return set()
    parts, n = structure.parts, structure.n_wires
    flat = [word for part in parts for word in part.words]
    sizes = [len(part.words) for part in parts]
    pairs = unite(anticommute(flat, flat, n), sizes, 0)
    against = unite(pairs, sizes, 1)
    number = np.arange(len(parts))
    seeds = against[:, walls] & (number[:, None] < np.array(walls))
    arriving = np.asarray(reached(against, seeds).any(axis=1))
    arriving[walls] = True
    own = unite(anticommute([_word(c) for c in structure.components], flat, n), sizes, 1)
    places = np.array([component.place for component in structure.components])
    hit = np.asarray((own & arriving & (number >= places[:, None])).any(axis=1))
    return {c.gate for c, blocked in zip(structure.components, hit, strict=True) if blocked}


def _word(component: Component) -> Word:
    if component.word is None:
        raise ValueError("A component without a word cannot be carried.")
    return component.word


def _carried(
    problem: Problem,
    own: Sequence[Component],
    walls: frozenset[int],
    max_words: int,
    truncation: float,
) -> tuple[Carrier, Words]:
    """The coefficients of the carried words, and these."""
    structure = problem.structure
    sources = [Source(c.place, *_word(c)[:2]) for c in own]
    steps = _steps(problem, walls)
    if not truncation:
        carrying = carrying_of(steps, sources, structure.n_wires, max_words)
        return Exact(carrying, walls), carrying.words
    draws = [
        truncated(
            steps, sources, structure.n_wires, problem.angles(d), truncation,
            tables=tables_of(problem, d, walls), max_words=max_words,
        )
        for d in range(_n_draws(problem))
    ]  # fmt: skip
    index = WordIndex(draws[0].words.n_limbs)
    columns = tuple(index.add(kept.words) for kept in draws)
    return Kept(tuple(draws), columns, len(index)), index.words


def _steps(problem: Problem, walls: frozenset[int]) -> list[Turn | Mixing]:
    """The parts as steps; what unitaries with angles may mix does not depend on the angles."""
    tables: dict[int, np.ndarray] = {}
    steps: list[Turn | Mixing] = []
    for k, part in enumerate(problem.structure.parts):
        if part.is_rotation:
            steps.append(Turn(part.words[0].x, part.words[0].z))
        elif k in walls:
            steps.append(Mixing((), np.ones((1, 1), bool)))
        elif problem.circuit.gates[part.gate].angles:
            size = 4 ** len(part.wires)
            steps.append(Mixing(part.words, np.ones((size, size), bool)))
        else:
            tables = tables or tables_of(problem, 0, walls)
            steps.append(Mixing(part.words, np.abs(tables[k]) > _ROUNDING))
    return steps


def _n_draws(problem: Problem) -> int:
    sizes = [
        np.shape(angle.value)[0]
        for gate in problem.circuit.gates
        for angle in gate.angles
        if np.ndim(angle.value)
    ]
    return max(sizes, default=1)


def _notes(problem: Problem, walls: Sequence[int], behind: set[int]) -> tuple[str, ...]:
    """Why gates are differentiated by shift rules."""
    structure, gates = problem.structure, problem.circuit.gates
    notes = [f"Shift rule instead: {why}" for why in structure.unknown.values()]
    if behind:
        names = dict.fromkeys(gates[structure.parts[k].gate].name for k in walls)
        notes.append(
            f"Generators are carried through unitaries on at most {_MAX_WIRES} wires; here "
            f"{', '.join(names)} stands behind some."
        )
    return tuple(notes)
