"""Which shape (N, L) of one encoding budget suits a task: all of them, side by side."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pennylane_trainability.architectures.columns import random_columns
from pennylane_trainability.architectures.comparison import ShapeComparison
from pennylane_trainability.architectures.equal_count import EqualCount
from pennylane_trainability.architectures.model import Builder, as_model, build_model
from pennylane_trainability.architectures.row import Prepared, ShapeRow, prepare, shape_row
from pennylane_trainability.architectures.stacks import stacks
from pennylane_trainability.architectures.target_view import Target, target_points
from pennylane_trainability.architectures.template_builder import template_builder
from pennylane_trainability.architectures.training import training_of
from pennylane_trainability.diagnostics.stack import JacobianStack
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.included import wanted
from pennylane_trainability.laws import Law, Uniform, draw
from pennylane_trainability.results import Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.workers import check_workers

__all__ = ["Draws", "compare_shapes", "prepared_shape", "shapes_of", "target_for"]

#: Blocks tried at most when parameters are matched.
_MAX_BLOCKS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """How every model is sampled: one child of the seed per model, in order."""

    n_draws: int
    law: Law
    seed: int
    level: float
    memory: int = DEFAULT_MEMORY
    include: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    workers: Executor | None = None

    def __post_init__(self) -> None:
        check_workers(self.workers)
        if not isinstance(self.n_draws, (int, np.integer)) or self.n_draws < 2:
            raise ValueError(f"n_draws needs a whole number ≥ 2; got {self.n_draws!r}.")
        if not 0 < self.level < 1:
            raise ValueError(f"level needs a number between 0 and 1; got {self.level!r}.")

    def rng(self, index: int) -> np.random.Generator:
        """The generator of one model."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(index,)))

    def provenance(self, model: Prepared) -> Provenance:
        """Where the numbers come from."""
        return Provenance(
            seed=self.seed, n_samples=self.n_draws, device=model.device, engine=model.engine
        )

    def stacks(self, models: Mapping[int, Prepared]) -> dict[int, JacobianStack | None]:
        """What workers simulate of the models, each with its number."""
        pairs = []
        for index, one in models.items() if self.workers is not None else ():
            circuit, given = one.reading.circuit, one.reading.arguments.parameters
            drawn = draw(self.law, circuit, given, self.n_draws, self.rng(index))
            pairs.append((one, drawn))
        return dict(zip(models, stacks(pairs, self.memory, self.workers), strict=False))

    def row(
        self,
        prepared: Prepared,
        index: int,
        target: Target | None,
        stack: JacobianStack | None = None,
    ) -> ShapeRow:
        """The row of one model."""
        return shape_row(
            prepared,
            n_draws=self.n_draws,
            law=self.law,
            rng=self.rng(index),
            level=self.level,
            target=target,
            memory=self.memory,
            include=self.include,
            seed=int(np.random.SeedSequence(self.seed, spawn_key=(2, index)).generate_state(1)[0]),
            stack=stack,
        )


def compare_shapes(
    budget: int | None = None,
    *,
    circuits: Sequence | None = None,
    build: Builder | None = None,
    blocks: int = 1,
    target: Any = None,
    amplitude: float | None = None,
    encoding_args=None,
    argnums=None,
    n_draws: int = 50,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    matched: bool = True,
    train: bool | Mapping[str, Any] = False,
    workers: Executor | None = None,
    engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
    memory: int = DEFAULT_MEMORY,
    include=(),
) -> ShapeComparison:
    r"""Which shape of one encoding budget suits a task: rank, conditioning, scale, cost.

    For every shape :math:`(N, L)` with :math:`N L = E` the coefficient Jacobian :math:`J` is
    simulated at random parameters. Shapes have different numbers of parameters, so they are
    compared three times: as they are; with the number of trainable blocks that brings :math:`P`
    closest to the largest one; and with exactly as many parameters as the smallest has, the others
    frozen at random (a frozen parameter is a column of :math:`J` left out).

    Args:
        budget: encoding budget :math:`E`.
        circuits: in place of a budget, the circuits to compare: QNodes whose arguments all have
            defaults, ``(qnode, args)``, or :class:`Model`.
        build: ``build(n_wires, n_layers, n_blocks)`` → one of the above; default:
            :func:`template_builder`.
        blocks: trainable blocks per trainable layer.
        target: what is to be learnt: a function of the inputs ``(n, I) → (n,)``, or
            ``(data, values)``. It adds the aligned residual, what is out of reach, and a predicted
            time.
        amplitude: scales the target so that its largest size is this; ``None`` takes it as it is.
            The amplitude decides which shape fits best, because outputs differ in scale.
        encoding_args: the inputs, where models do not name them; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments, where models do not name them.
        n_draws: parameter draws per shape.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of the draws; drawn and kept if ``None``.
        level: of intervals.
        matched: whether to compare at matched numbers of parameters too.
        train: whether to train every shape on the target too (the matched ones as well): ``True``,
            or a dict of the options ``restarts`` (20), ``readout``, ``method``, ``max_steps``,
            ``learning_rate``, ``tolerance``, ``patience``, ``threshold`` and ``block`` of
            :func:`fit`. All starts are drawn uniformly over each parameter's period.
        workers: any :class:`concurrent.futures.Executor` to share the shapes and the training
            runs; the numbers are the same to the last bit. See :func:`fit`.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``; ``"exact"`` simulates the circuits of
            any device.
        progress: called with (models done, models in all); trained models count once more.
        memory: bytes of states.
        include: further columns from the same draws; see :func:`analyze`.

    Returns:
        A :class:`ShapeComparison`; all medians carry intervals. Training runs are in ``fits``.

    Raises:
        ReadingError: a model cannot be read or sent to workers, or target and inputs do not fit.
        ValueError: neither or both of ``budget`` and ``circuits``, or an option is out of range.

    **Cost.** No circuits: everything is simulated, per shape ``n_draws`` gradients on
    :math:`2E + 2` inputs; training takes one gradient per start and step on all points of the
    target.

    **Example**

    >>> import pennylane_trainability as pt
    >>> found = pt.compare_shapes(4, n_draws=20, seed=1)
    >>> [(row.name, row.n_parameters, row.space.rank) for row in found.shapes]
    [('(1, 4)', 15, 9), ('(2, 2)', 18, 9), ('(4, 1)', 24, 9)]
    >>> print(found.findings[0])
    All 3 have structural rank 9 (generic).
    """
    draws = Draws(
        n_draws, law or Uniform(), kept_seed(seed), level, memory, wanted(include), workers
    )
    training = training_of(train, workers, target)
    build = template_builder() if build is None else build
    named = {"encoding_args": encoding_args, "argnums": argnums}
    models = _models(budget, circuits, build, blocks, engine, named)
    twins = _twins(build, models, engine, named) if matched and circuits is None else []
    aim = target_for(target, [*models, *twins], amplitude)
    problems = training.problems([*models, *twins], aim, memory) if training and aim else {}
    told = _counted(progress, len(models) + len(twins) + len(problems))
    rows = _rows(models, twins, draws, aim, told)
    fits = training.run(problems, draws.seed, level, told) if training else {}
    shapes = tuple(rows[: len(models)])
    return ShapeComparison(
        shapes=shapes,
        matched=tuple(rows[len(models) :]),
        equal=_equal_counts(shapes, draws) if matched else (),
        budget=budget,
        amplitude=amplitude,
        fits=tuple(fits[m.name] for m in models) if training else None,
        matched_fits=tuple(fits[m.name] for m in twins) if training else (),
        provenance=draws.provenance(models[0]),
    )


def shapes_of(budget: int) -> list[tuple[int, int]]:
    """All shapes ``(N, L)`` with ``N·L = budget``, serial first.

    >>> shapes_of(6)
    [(1, 6), (2, 3), (3, 2), (6, 1)]
    """
    if not isinstance(budget, (int, np.integer)) or isinstance(budget, bool) or budget < 1:
        raise ValueError(f"budget needs a whole number ≥ 1; got {budget!r}.")
    return [(n, int(budget) // n) for n in range(1, int(budget) + 1) if budget % n == 0]


def prepared_shape(build: Builder, shape: tuple[int, int, int], engine, named, **options):
    """One shape of a builder, read; its name has the blocks where there are several."""
    n_wires, n_layers, n_blocks = shape
    name = f"({n_wires}, {n_layers})" + (f" B={n_blocks}" if n_blocks > 1 else "")
    return prepare(name, shape, build_model(build, shape, **named, **options), engine)


def target_for(target, models: Sequence[Prepared], amplitude: float | None) -> Target | None:
    """The target on points that are the same for all models."""
    if target is None:
        return None
    inputs = {m.series.spectrum.n_inputs for m in models}
    if len(inputs) > 1:
        raise ReadingError(
            f"The models have {sorted(inputs)} inputs; one target needs models with equally many. "
            "Compare them without target, or in groups."
        )
    rows = max(m.series.spectrum.n_rows for m in models)
    return target_points(target, rows, inputs.pop(), amplitude)


def _models(budget, circuits, build, blocks, engine, named) -> list[Prepared]:
    if (budget is None) == (circuits is None):
        raise ValueError(
            "compare_shapes() needs a budget, or circuits=[…]; it got "
            f"{'neither' if budget is None else 'both'}."
        )
    if circuits is None:
        if not isinstance(blocks, (int, np.integer)) or blocks < 1:
            raise ValueError(f"blocks needs a whole number ≥ 1; got {blocks!r}.")
        return [prepared_shape(build, (*s, int(blocks)), engine, named) for s in shapes_of(budget)]
    if len(circuits) == 0:
        raise ValueError("circuits needs at least one circuit; got none.")
    models = [as_model(circuit, **named) for circuit in circuits]
    names = [getattr(m.qnode.func, "__name__", "circuit") for m in models]
    unique = [n if names.count(n) == 1 else f"{n} {i + 1}" for i, n in enumerate(names)]
    return [prepare(n, None, m, engine) for n, m in zip(unique, models, strict=True)]


def _rows(models, twins, draws: Draws, target, told: Callable[[], None]) -> list[ShapeRow]:
    """The rows of all models, then of their twins."""
    rows: list[ShapeRow] = []
    shapes = [m.shape for m in models]
    every = dict(enumerate([*models, *twins]))
    # a twin that is the shape itself is not drawn again
    known = {k: shapes.index(m.shape) for k, m in enumerate(twins, len(models))
             if m.shape in shapes}  # fmt: skip
    found = draws.stacks({k: m for k, m in every.items() if k not in known})
    for index, prepared in every.items():
        if index in known:
            rows.append(rows[known[index]])
        else:
            rows.append(draws.row(prepared, index, target, found.get(index)))
        told()
    return rows


def _counted(progress: Callable[[int, int], None] | None, total: int) -> Callable[[], None]:
    """What to call whenever one of ``total`` is done."""
    numbers = itertools.count(1)

    def told() -> None:
        if progress is not None:
            progress(next(numbers), total)

    return told


def _twins(build, models: Sequence[Prepared], engine, named) -> list[Prepared]:
    """For every shape the number of blocks that brings ``P`` closest to the largest."""
    wanted = max(m.n_parameters for m in models)
    return [_twin(build, model, wanted, engine, named) for model in models]


def _twin(build, model: Prepared, wanted: int, engine, named) -> Prepared:
    best, last = model, model
    while last.shape is not None and last.n_parameters < wanted and last.shape[2] < _MAX_BLOCKS:
        n_wires, n_layers, n_blocks = last.shape
        larger = prepared_shape(build, (n_wires, n_layers, n_blocks + 1), engine, named)
        if larger.n_parameters <= last.n_parameters:
            break  # a builder without blocks
        last = larger
        if abs(last.n_parameters - wanted) < abs(best.n_parameters - wanted):
            best = last
    return best


def _equal_counts(rows: Sequence[ShapeRow], draws: Draws) -> tuple[EqualCount, ...]:
    kept = min(row.n_parameters for row in rows)
    found = []
    for index, row in enumerate(rows):
        rng = np.random.default_rng(np.random.SeedSequence(draws.seed, spawn_key=(1, index)))
        part = random_columns(row.space.jacobians, kept, rng)
        found.append(
            EqualCount(
                name=row.name,
                total=row.n_parameters,
                n_parameters=kept,
                n_rows=row.n_rows,
                singular_values=np.linalg.svd(part, compute_uv=False),
                level=draws.level,
                law=f"{row.law}; parameters kept at random",
            )
        )
    return tuple(found)
