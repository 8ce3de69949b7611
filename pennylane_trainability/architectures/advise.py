"""How should this model grow? Each way is tried on the exact engine before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pennylane_trainability.architectures.compare import Draws, prepared_shape, target_for
from pennylane_trainability.architectures.growth import GrowthAdvice, GrowthStep, ordered
from pennylane_trainability.architectures.model import Builder, takes_prefactors
from pennylane_trainability.architectures.row import Prepared, ShapeRow
from pennylane_trainability.architectures.target_rows import (
    degree_of,
    restricted_condition,
    restricted_sigma,
)
from pennylane_trainability.architectures.target_view import Target, view_target
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.errors import BudgetError
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.results import kept_seed
from pennylane_trainability.statistics.ratio import ratio_of_medians

__all__ = ["growth_advice"]


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the user can afford."""

    parameters: int | None
    depth: int | None
    two_qubit: int | None

    def exceeded(self, row: ShapeRow) -> str:
        """Which limit a model exceeds, in words; empty if none."""
        pairs = (
            ("max_parameters", row.n_parameters, self.parameters),
            ("max_depth", row.size.depth, self.depth),
            ("max_two_qubit_gates", row.size.two_qubit, self.two_qubit),
        )
        over = [f"{v} exceeds {n}={m}" for n, v, m in pairs if m is not None and v > m]
        return "; ".join(over)

    def __str__(self) -> str:
        pairs = (("P", self.parameters), ("depth", self.depth), ("CNOTs", self.two_qubit))
        return ", ".join(f"{name} ≤ {most}" for name, most in pairs if most is not None)


def growth_advice(
    build: Builder,
    n_wires: int,
    n_layers: int,
    n_blocks: int = 1,
    *,
    target: Any = None,
    degree: float | None = None,
    amplitude: float | None = None,
    max_parameters: int | None = None,
    max_depth: int | None = None,
    max_two_qubit_gates: int | None = None,
    encoding_args=None,
    argnums=None,
    n_draws: int = 100,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
    workers: Executor | None = None,
) -> GrowthAdvice:
    r"""How a model should grow for a target: each way to grow it, with its predicted effect.

    One more encoding layer, one more trainable block, one more wire, ternary prefactors (where the
    builder has an argument ``prefactors``) and an affine read-out :math:`a f + b` are simulated at
    random parameters. The prediction is the ratio of :math:`\sigma_{\min}` of the *target rows*
    of the coefficient Jacobian, those of the frequencies the target has: by the Polyak–Łojasiewicz
    inequality it bounds how fast gradient descent removes an error there.

    Args:
        build: ``build(n_wires, n_layers, n_blocks)`` → a QNode whose arguments all have defaults,
            ``(qnode, args)`` or a :class:`Model`; see :func:`template_builder`.
        n_wires: wires of the model as it is.
        n_layers: encoding layers of the model as it is.
        n_blocks: trainable blocks per trainable layer of the model as it is.
        target: what is to be learnt, a function of the inputs ``(n, I) → (n,)`` or
            ``(data, values)``; it sets the target rows and the read-out gain.
        degree: largest frequency of the target rows; default: that of the target (frequencies with
            0.1 % of its energy), or that of the model as it is.
        amplitude: scales the target so that its largest size is this; ``None`` takes it as it is.
        max_parameters: steps with more parameters are put last.
        max_depth: steps with a larger depth on CNOTs and one-qubit gates are put last.
        max_two_qubit_gates: steps with more CNOTs are put last.
        encoding_args: the inputs, where models do not name them.
        argnums: the trainable arguments, where models do not name them.
        n_draws: parameter draws per model.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of the draws; drawn and kept if ``None``.
        level: of intervals.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``.
        progress: called with (models done, models in all).
        workers: any :class:`concurrent.futures.Executor` to share the models; see
            :func:`compare_shapes`.

    Returns:
        A :class:`GrowthAdvice`. It speaks of random parameters; training may differ.

    Raises:
        ReadingError: a model cannot be read, or target and inputs do not fit.
        ValueError: an option is out of range.

    **Cost.** No circuits: everything is simulated, about five models.

    **Example**

    >>> import pennylane_trainability as pt
    >>> advice = pt.growth_advice(pt.template_builder(), 1, 4, max_parameters=21, seed=1)
    >>> advice.best.name
    '+1 encoding layer'
    """
    draws = Draws(n_draws, law or Uniform(), kept_seed(seed), level, workers=workers)
    named = {"encoding_args": encoding_args, "argnums": argnums}
    limits = _Limits(max_parameters, max_depth, max_two_qubit_gates)
    shape = (n_wires, n_layers, n_blocks)
    base = prepared_shape(build, shape, engine, named)
    others = _candidates(build, shape, base, engine, named)
    models = [m for _, m, _ in others if m is not None]
    plain = [base, *(m for m in models if m.shape != shape)]
    wanted = target_for(target, plain, amplitude)
    widest = max(plain, key=lambda m: m.series.spectrum.n_rows).series.spectrum
    if degree is None:
        degree = degree_of(wanted, widest if wanted is not None else base.series.spectrum)
    judge = _Judge(draws, float(degree), wanted, limits)
    every = {0: base} | {k: m for k, (_, m, _) in enumerate(others, 1) if m is not None}
    found = draws.stacks(every)
    first = draws.row(base, 0, wanted, found.get(0))
    steps = []
    for index, (name, model, why) in enumerate(others, 1):
        row = None if model is None else draws.row(model, index, wanted, found.get(index))
        steps.append(judge.step(name, row, first, why))
        if progress is not None:
            progress(index, len(others))
    gain = _gain(first)
    loud = _with_read_out(first, base, gain, wanted)
    steps.append(judge.step(f"read-out gain {gain:.3g} and offset", loud, first))
    return GrowthAdvice(
        base=replace(judge.step("as it is", first, first), why=""),
        steps=ordered(steps),
        degree=float(degree),
        gain=gain,
        limits=str(limits),
        provenance=draws.provenance(base),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """Compares a changed model with the model as it is."""

    draws: Draws
    degree: float
    target: Target | None
    limits: _Limits

    def step(self, name: str, row: ShapeRow | None, base: ShapeRow, why: str = "") -> GrowthStep:
        if row is None:
            return GrowthStep(name=name, why=why)
        samples = restricted_sigma(row, self.degree)
        highest = float(np.max(np.abs(row.frequencies)))
        return GrowthStep(
            name=name,
            row=row,
            sigma=row.median(samples),
            condition=row.median(restricted_condition(row, self.degree)),
            ratio=ratio_of_medians(
                samples,
                restricted_sigma(base, self.degree),
                rng=self.draws.rng(1000),
                level=self.draws.level,
                law=row.law,
            ),
            reachable=bool(np.any(samples > 0)) and highest >= self.degree - 1e-9,
            why=self.limits.exceeded(row),
        )


def _candidates(
    build, shape, base: Prepared, engine, named
) -> list[tuple[str, Prepared | None, str]]:
    """Name, model and, where there is none, the reason."""
    n, layers, blocks = shape
    found: list[tuple[str, Prepared | None, str]] = []
    for name, larger in (
        ("+1 encoding layer", (n, layers + 1, blocks)),
        ("+1 trainable block", (n, layers, blocks + 1)),
        ("+1 wire", (n + 1, layers, blocks)),
    ):
        model = prepared_shape(build, larger, engine, named)
        same = model.n_parameters == base.n_parameters and np.array_equal(
            model.series.spectrum.frequencies, base.series.spectrum.frequencies
        )
        why = "does not apply: the builder returns a model of the same size" if same else ""
        found.append((name, None if same else model, why))
    found.append(("ternary prefactors", *_ternary(build, shape, base, engine, named)))
    return found


def _ternary(build, shape, base: Prepared, engine, named) -> tuple[Prepared | None, str]:
    if not takes_prefactors(build):
        return None, "does not apply: the builder has no argument prefactors"
    try:
        model = prepared_shape(build, shape, engine, named, prefactors="ternary")
    except BudgetError as error:
        return None, f"not simulated: {error}"
    if np.array_equal(model.series.spectrum.frequencies, base.series.spectrum.frequencies):
        return None, "does not apply: the spectrum stays the same on so few wires"
    return model, ""


def _gain(base: ShapeRow) -> float:
    """Read-out gain that brings the median output to the target's scale; 1 without a target."""
    view = base.target
    scale = float(np.median(view.model_scales)) if view is not None else 0.0
    return view.target_scale / scale if view is not None and scale > 0 else 1.0


def _with_read_out(base: ShapeRow, model: Prepared, gain: float, target) -> ShapeRow:
    """The model ``a·f + b`` at this gain: gain and offset are two more parameters."""
    values = base.coefficients
    offset = np.zeros_like(values)
    offset[:, 0] = 1.0
    own = np.stack([values, offset], axis=-1)
    jacobians = np.concatenate([gain * base.space.jacobians, own], axis=-1)
    view = None
    if target is not None:
        view = view_target(target, model.series.spectrum, gain * values, jacobians)
    return replace(base, space=column_space(jacobians), coefficients=gain * values, target=view)
