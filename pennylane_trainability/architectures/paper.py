"""Do the statements of arXiv:2605.05942 hold for this circuit? Rank, kernel, and growth."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.architectures.columns import random_columns
from pennylane_trainability.architectures.compare import Draws, prepared_shape, shapes_of
from pennylane_trainability.architectures.model import Model, as_model
from pennylane_trainability.architectures.routes import growth_statement
from pennylane_trainability.architectures.row import Prepared, ShapeRow, prepare
from pennylane_trainability.architectures.statements import PaperCheck, Statement, Verdict
from pennylane_trainability.diagnostics.column_space.spectrum import numerical_rank
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.results import Estimate, kept_seed

__all__ = ["paper_check"]

_T1 = "Serial circuits: rank(J) ≤ 2L + 1 for any P, so the kernel grows with P at fixed L."
_T2 = "Parallel circuits: the smallest singular value is generically positive for P ≤ 2E + 1."
_ROWS = (
    "The bound is the number of rows of J, which is 2E + 1 for every shape with E = N·L; it does "
    "not tell serial circuits from others."
)
#: Singular values dropped above this, relative to σ₁, may be genuine.
_DOUBTFUL = 1e-12


def paper_check(
    circuit: Any,
    *,
    budget: int = 4,
    blocks: int = 1,
    encoding_args=None,
    argnums=None,
    n_draws: int = 50,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> PaperCheck:
    r"""Which statements of arXiv:2605.05942 hold for this circuit: verdicts with their numbers.

    T1: serial circuits have :math:`\mathrm{rank}(J) \le 2L + 1`. T2: parallel circuits have
    :math:`\sigma_{\min}(J) > 0` for :math:`P \le 2E + 1`. T3: encoding layers strengthen the
    spectrum of :math:`J` with fewer parameters than trainable blocks. They are taken from the
    abstract; how the paper builds its circuits may differ. A single circuit is checked for T1 and
    T2; T3 needs a builder, whose serial, parallel and mixed shapes are then all looked at.

    Args:
        circuit: a QNode whose arguments all have defaults, ``(qnode, args)``, a :class:`Model`, or
            a builder ``build(n_wires, n_layers, n_blocks)``.
        budget: encoding budget of a builder's shapes.
        blocks: trainable blocks of a builder's shapes.
        encoding_args: the inputs, where models do not name them.
        argnums: the trainable arguments, where models do not name them.
        n_draws: parameter draws per model.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of the draws; drawn and kept if ``None``.
        level: of intervals.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``.
        progress: called with (models done, models in all).

    Returns:
        A :class:`PaperCheck`.

    Raises:
        ReadingError: a model cannot be read.
        ValueError: an option is out of range.

    **Cost.** No circuits: everything is simulated.

    **Example**

    >>> import pennylane_trainability as pt
    >>> check = pt.paper_check(pt.template_builder(), budget=2, n_draws=20, seed=1)
    >>> [statement.verdict.name for statement in check.statements][:2]
    ['HOLDS', 'DOES_NOT_APPLY']
    """
    draws = Draws(n_draws, law or Uniform(), kept_seed(seed), level)
    named = {"encoding_args": encoding_args, "argnums": argnums}
    if isinstance(circuit, (qml.QNode, Model, tuple)):
        models = [prepare("the circuit", None, as_model(circuit, **named), engine)]
        routes: dict = {}
        serial = [m for m in models if m.reading.circuit.n_wires == 1]
        parallel = [m for m in models if _is_parallel(m)]
    else:
        serial = [prepared_shape(circuit, (1, budget, blocks + b), engine, named) for b in range(3)]
        parallel = [prepared_shape(circuit, (budget, 1, blocks), engine, named)]
        routes = {s: _routes(circuit, (*s, blocks), engine, named) for s in shapes_of(budget)}
        models = [*serial, *parallel, *(m for r in routes.values() for path in r for m in path)]
    rows: dict[Any, ShapeRow] = {}
    for index, model in enumerate(models):
        key = model.shape or id(model)
        if key not in rows:
            rows[key] = draws.row(model, index, None)
        if progress is not None:
            progress(index + 1, len(models))
    found = {id(m): rows[m.shape or id(m)] for m in models}
    paths = {s: [[found[id(m)] for m in path] for path in r] for s, r in routes.items()}
    return PaperCheck(
        t1=_serial([found[id(m)] for m in serial], [_encodings(m) for m in serial]),
        t2=_parallel([found[id(m)] for m in parallel], [_encodings(m) for m in parallel], draws),
        t3=growth_statement(paths, budget),
        provenance=draws.provenance(models[0]),
    )


def _encodings(model: Prepared) -> int:
    """Number of encoding gates ``E``."""
    return sum(gate.is_encoding for gate in model.reading.circuit.gates)


def _is_parallel(model: Prepared) -> bool:
    """Whether every wire carries one encoding gate, and there are several wires."""
    circuit = model.reading.circuit
    wires = sorted(w for gate in circuit.gates if gate.is_encoding for w in gate.wires)
    return circuit.n_wires > 1 and wires == list(range(circuit.n_wires))


def _routes(build, shape, engine, named) -> list[list[Prepared]]:
    """From one shape, two steps by encoding layers and two by trainable blocks."""
    n, layers, blocks = shape
    return [
        [prepared_shape(build, (n, layers + i, blocks), engine, named) for i in range(3)],
        [prepared_shape(build, (n, layers, blocks + i), engine, named) for i in range(3)],
    ]


def _refusal(rows: Sequence[ShapeRow], encodings: Sequence[int], kind: str) -> str:
    """Why a statement does not speak of these circuits; empty if it does."""
    if not rows:
        return f"the circuit is not {kind}"
    if any(row.n_rows != 2 * e + 1 for row, e in zip(rows, encodings, strict=True)):
        return "the spectrum is not that of one input with unit prefactors"
    return ""


def _serial(rows: Sequence[ShapeRow], encodings: Sequence[int]) -> Statement:
    why = _refusal(rows, encodings, "serial (one wire)")
    if why:
        return Statement(code="T1", claim=_T1, verdict=Verdict.DOES_NOT_APPLY, tested=why)
    bound = 2 * encodings[0] + 1
    kernels = [row.space.redundant for row in rows]
    grows = all(
        b.space.redundant > a.space.redundant
        for a, b in itertools.pairwise(rows)
        if b.n_parameters > a.n_parameters
    )
    holds = grows and all(row.space.rank <= bound for row in rows)
    evidence: list[tuple[str, Estimate | float | str]] = [("2L + 1", bound)]
    for row, kernel in zip(rows, kernels, strict=True):
        text = f"rank {row.space.rank}, kernel {kernel}, of which {len(row.space.dead)} dead"
        evidence.append((f"{row.name}, P = {row.n_parameters}", text))
    return Statement(
        code="T1",
        claim=_T1,
        verdict=Verdict.HOLDS if holds else Verdict.FAILS,
        tested="structural rank over the draws, and P − rank for every number of blocks at hand",
        evidence=tuple(evidence),
        remark=_ROWS,
    )


def _parallel(rows: Sequence[ShapeRow], encodings: Sequence[int], draws: Draws) -> Statement:
    why = _refusal(rows, encodings, "parallel (one encoding gate on each of several wires)")
    if why:
        return Statement(code="T2", claim=_T2, verdict=Verdict.DOES_NOT_APPLY, tested=why)
    (row,), bound = rows, 2 * encodings[0] + 1
    evidence: list[tuple[str, Estimate | float | str]] = [
        ("2E + 1", bound),
        ("P", row.n_parameters),
        ("structural rank", row.space.rank),
        ("dead parameters", len(row.space.dead)),
    ]
    if row.n_parameters > bound:
        return _beyond(row, bound, evidence, draws)
    evidence.append(("σ_P, median", row.median(row.space.singular_values[:, -1])))
    doubtful = row.space.gap[1] > _DOUBTFUL
    below = Verdict.UNDECIDED if doubtful else Verdict.FAILS
    return Statement(
        code="T2",
        claim=_T2,
        verdict=Verdict.HOLDS if row.space.rank == row.n_parameters else below,
        tested="whether any draw has rank P (then almost every parameter value has)",
        evidence=tuple(evidence),
        remark="Genericity needs one point of full rank for this circuit; symmetries and light "
        "cones can exclude it.",
    )


def _beyond(row: ShapeRow, bound: int, evidence: list, draws: Draws) -> Statement:
    """T2 does not speak of a circuit with more parameters; what it says of parts of it."""
    return Statement(
        code="T2",
        claim=_T2,
        verdict=Verdict.DOES_NOT_APPLY,
        tested=f"P = {row.n_parameters} exceeds 2E + 1 = {bound}, so J has a kernel by its "
        "size; instead, the same circuit with all but 2E + 1 parameters frozen at random",
        evidence=(*evidence, *_frozen(row, bound, draws)),
        remark="A frozen parameter is a column of J left out.",
    )


def _frozen(row: ShapeRow, bound: int, draws: Draws) -> list[tuple[str, float | str]]:
    """Shares of random choices of ``2E + 1`` parameters that are independent."""
    live = np.setdiff1d(np.arange(row.n_parameters), row.space.dead)
    found: list[tuple[str, float | str]] = []
    for name, columns in (("all", np.arange(row.n_parameters)), ("live", live)):
        label = f"σ_min > 0 in this share of choices among {name} parameters"
        if len(columns) < bound:
            found.append((label, f"only {len(columns)} of them"))
            continue
        part = random_columns(row.space.jacobians[:, :, columns], bound, draws.rng(2000))
        values = np.linalg.svd(part, compute_uv=False)
        found.append((label, float(np.mean(numerical_rank(values) == bound))))
    chosen = "exists" if row.space.rank >= bound else "does not exist"
    found.append((f"a choice of {bound} independent parameters", chosen))
    return found
