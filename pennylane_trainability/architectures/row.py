"""Everything about one shape: what its Jacobian spans, how strongly, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.architectures import columns
from pennylane_trainability.architectures.model import Model
from pennylane_trainability.architectures.size import CircuitSize, circuit_size
from pennylane_trainability.architectures.target_view import Target, TargetView, view_target
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.circuits.series import Series, series_of
from pennylane_trainability.diagnostics.column_space import ColumnSpace, column_space
from pennylane_trainability.diagnostics.stack import JacobianStack, exact_stack
from pennylane_trainability.errors import BudgetError, NotFourierError, ReadingError
from pennylane_trainability.included import Included, Shared, include_all
from pennylane_trainability.laws import Law, draw
from pennylane_trainability.results import Estimate, Provenance, Result, record
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.bootstrap import quantile
from pennylane_trainability.transforms.engines import choose_engine, device_name

__all__ = ["Prepared", "ShapeRow", "prepare", "shape_row"]


@record
class ShapeRow(Result):
    """One shape.

    Attributes:
        name: what it is called in tables.
        shape: wires, encoding layers, trainable blocks; ``None`` for circuits given one by one.
        space: column space of the coefficient Jacobian over the draws.
        coefficients: ``(D, K)`` coefficients at the same draws.
        frequencies: ``(R, I)``, positive half of the spectrum.
        size: gates, depth, circuits per gradient.
        target: the target seen from this shape, if one was given.
        included: what else was asked for, ``{name: result}``, from the same draws.
        extra: the numbers that stand for it in tables, pairs of a title and a number.
        law: how parameters were drawn.
        level: of the intervals.
    """

    name: str
    shape: tuple[int, int, int] | None
    space: ColumnSpace = field(repr=False)
    coefficients: np.ndarray = field(repr=False)
    frequencies: np.ndarray = field(repr=False)
    size: CircuitSize
    target: TargetView | None = None
    included: dict[str, Result] = field(default_factory=dict, repr=False)
    extra: tuple[tuple[str, Estimate | float], ...] = field(default=(), repr=False)
    law: str
    level: float = 0.95

    @property
    def n_parameters(self) -> int:
        """``P``."""
        return self.space.n_parameters

    @property
    def n_rows(self) -> int:
        """``K``."""
        return self.space.n_rows

    @property
    def sigma_k(self) -> Estimate:
        """``σ_K``, median over the draws; 0 where a direction is unreachable."""
        return self.median(self.space.smallest_row_values)

    @property
    def condition(self) -> Estimate:
        """``σ₁/σ_rank``, median over the draws of full structural rank."""
        return self.median(self.space.conditions[self.space.ranks == self.space.rank])

    @property
    def effective_rank(self) -> Estimate:
        """Effective rank from the entropy of σ², median over the draws."""
        return self.median(self.space.entropy_ranks)

    @property
    def output_scale(self) -> Estimate:
        """Standard deviation of the output over the input, median over the draws."""
        return self.median(columns.output_scale(self.coefficients))

    @property
    def strength(self) -> np.ndarray:
        """Gradient strength per frequency, zero first, ``(D, 1 + R)``."""
        return columns.frequency_strength(self.space.jacobians)

    @property
    def rates(self) -> np.ndarray:
        """Rate at which linearised gradient flow removes an error per frequency, ``(D, 1 + R)``.

        A prediction: ``J`` is taken as constant.
        """
        return columns.convergence_rates(self.space.jacobians)

    @property
    def power(self) -> np.ndarray:
        """``E|c_k|²`` over the draws, zero first, ``(1 + R,)``."""
        return np.mean(columns.coefficient_power(self.coefficients), axis=0)

    def median(self, samples: np.ndarray) -> Estimate:
        """Median of one number per draw, with an interval between order statistics."""
        samples = np.asarray(samples, float)
        if samples.size == 0 or np.isnan(samples).any():
            return Estimate(value=np.nan, level=self.level, law=self.law)
        if np.isinf(samples).any():  # quantiles between a number and infinity are no numbers
            value = float(np.quantile(samples, 0.5, method="higher"))
            with np.errstate(invalid="ignore"):
                ends = quantile(samples, 0.5, level=self.level)
            return Estimate(
                value=value, low=ends.low, high=ends.high, level=self.level, law=self.law
            )
        return quantile(samples, 0.5, level=self.level, law=self.law)

    def rows(self) -> list[tuple[str, object]]:
        """What is printed."""
        space = self.space
        body: list[tuple[str, object]] = [
            ("parameters", self.n_parameters),
            ("rows", self.n_rows),
            ("structural rank", space.rank),
            ("dead", len(space.dead)),
            ("redundant", space.redundant),
            ("unreachable", space.unreachable),
            ("σ_K", self.sigma_k),
            ("condition σ₁/σ_rank", self.condition),
            ("effective rank", self.effective_rank),
            ("output scale", self.output_scale),
            ("two-qubit gates, depth", f"{self.size.two_qubit}, {self.size.depth}"),
            ("circuits per gradient", self.size.circuits),
        ]
        if self.target is not None:
            body += [
                ("aligned residual", self.median(self.target.aligned)),
                ("outside the columns", self.median(self.target.outside)),
                ("predicted time to R² = 0.95", self.median(self.target.times)),
            ]
        return body + list(self.extra)

    def heading(self) -> str:
        """Its name."""
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model that has been read and whose spectrum is known."""

    name: str
    shape: tuple[int, int, int] | None
    model: Model
    series: Series
    engine: str

    @property
    def reading(self) -> Reading:
        """The circuit of the example call."""
        return self.series.reading

    @property
    def n_parameters(self) -> int:
        """``P``."""
        return self.reading.circuit.n_parameters

    @property
    def device(self) -> str:
        """Name of the device."""
        return device_name(self.model.qnode.device)


def prepare(name: str, shape, model: Model, engine: str) -> Prepared:
    """Read a model and find its spectrum; nothing is simulated.

    Raises:
        ReadingError: it cannot be read, has several outputs, or runs on a device that is no exact
            simulator; the message names the model.
    """
    qnode = model.qnode
    try:
        chosen = choose_engine(qnode.device, Shots(qnode.shots), engine)
        if chosen == "measured":
            raise ReadingError(
                f"shapes are compared on noiseless simulators without shots, not on "
                f"{device_name(qnode.device)}; pass engine='exact' to simulate the circuits."
            )
        series = series_of(model.read())
    except (BudgetError, NotFourierError, ReadingError) as error:
        raise type(error)(f"{name}: {error}") from error
    measurements = series.reading.circuit.measurements
    if len(measurements) != 1 or measurements[0].obs is None:
        raise ReadingError(
            f"{name}: shapes are compared on one expectation value; this QNode returns "
            f"{len(measurements)} measurements. Return one expval."
        )
    return Prepared(name, shape, model, series, chosen)


def shape_row(
    prepared: Prepared,
    *,
    n_draws: int,
    law: Law,
    rng: np.random.Generator,
    level: float,
    target: Target | None = None,
    memory: int = DEFAULT_MEMORY,
    include: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    stack: JacobianStack | None = None,
) -> ShapeRow:
    """Simulate a model at parameter draws and derive its row.

    Args:
        prepared: the model, read.
        n_draws: number of draws.
        law: how parameters are drawn.
        rng: source of randomness.
        level: of intervals.
        target: what is to be learnt.
        memory: bytes of states.
        include: what else is wanted, with its options.
        seed: of what else is drawn for it.
        stack: what was simulated at the same draws, if it was.
    """
    reading, series = prepared.reading, prepared.series
    drawn = draw(law, reading.circuit, reading.arguments.parameters, n_draws, rng)
    if stack is None:
        stack = _stack(prepared, drawn, memory)
    coefficients = (stack.rows if stack.rows is not None else np.zeros((n_draws, 1, 1)))[:, 0]
    view: Any = None
    if target is not None:
        view = view_target(target, series.spectrum, coefficients, stack.jacobians)
    more = _included(prepared, drawn, stack, law, level, seed, memory, include or {})
    return ShapeRow(
        name=prepared.name,
        shape=prepared.shape,
        space=column_space(stack.jacobians),
        coefficients=coefficients,
        frequencies=series.spectrum.frequencies,
        size=circuit_size(prepared.model, reading),
        target=view,
        included={name: one.result for name, one in more.items()},
        extra=tuple(column for one in more.values() for column in one.columns),
        law=str(law) if not callable(law) else getattr(law, "__name__", "a law of the caller"),
        level=level,
    )


def _stack(prepared: Prepared, drawn: np.ndarray, memory: int) -> JacobianStack:
    try:
        return exact_stack(prepared.series, drawn, memory, prepared.engine)
    except ReadingError as error:
        raise type(error)(f"{prepared.name}: {error}") from error


def _included(
    prepared: Prepared, drawn, stack, law: Law, level, seed: int, memory: int, include
) -> dict[str, Included]:
    """What else is wanted, from the same draws."""
    args, kwargs = prepared.model.call()
    provenance = Provenance(
        seed=seed, n_samples=len(drawn), device=prepared.device, engine=prepared.engine
    )
    shared = Shared(
        qnode=prepared.model.qnode,
        args=args,
        kwargs=kwargs,
        encoding_args=prepared.model.encoding_args,
        argnums=prepared.model.argnums,
        reading=prepared.reading,
        parameters=drawn,
        stack=stack,
        law=law,
        level=level,
        provenance=provenance,
        memory=memory,
    )
    return include_all(shared, include)
