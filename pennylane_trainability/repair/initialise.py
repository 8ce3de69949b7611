"""Which parameter values respond more strongly to training than the usual random ones?"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.circuits.arguments import to_numpy
from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.diagnostics.column_space import numerical_rank
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.fitting.problem import Problem, state_problem
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.repair.candidates import candidate_laws
from pennylane_trainability.repair.initialisation import Initialisation, TrainingGain
from pennylane_trainability.repair.model import Model, model_of
from pennylane_trainability.repair.scores import ORDER, alignment, climb, response
from pennylane_trainability.repair.training import steps_to
from pennylane_trainability.results import Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import device_name

__all__ = ["initialise"]

_CLIMBERS = 2  # candidates that are improved


@dataclass(frozen=True, slots=True, eq=False)
class _Options:
    objective: str
    n_candidates: int
    n_steps: int
    n_baseline: int
    n_starts: int
    threshold: float
    max_steps: int
    law: Law
    laws: Mapping[str, Law] = field(repr=False)
    seed: int
    level: float


def initialise(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    objective: str = "sigma",
    data=None,
    targets=None,
    spectrum=None,
    n_candidates: int = 48,
    n_steps: int = 15,
    n_baseline: int = 200,
    n_starts: int = 12,
    threshold: float = 0.95,
    max_steps: int = 100,
    readout: str = "affine",
    law: Law | None = None,
    laws: Mapping[str, Law] | None = None,
    seed: int | np.random.SeedSequence | None = None,
    level: float = 0.95,
    engine: str = "auto",
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
):
    r"""Which values to start training from, and what is gained over the usual ones?

    Candidates are drawn from several laws (uniform; normal around 0 and around the values given,
    with several scales; identity blocks where the template has them), and the best are improved by
    random steps. The scores are exact at every point, so the values found are what they are said
    to be; the median of the default law is taken from fresh draws that played no part in the
    search. A larger :math:`\sigma_K` bounds the gradient from below by the error
    (:math:`\|\nabla L\| \ge \sigma_K \|e\|`) at the start only; whether training is faster is
    measured, if a target is given, by fits from ``n_starts`` such starts, each the end of a search
    with its own seed, beside as many of the default law.

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``, on an exact simulator without shots.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        objective: ``"sigma"`` raises :math:`\sigma_r`, the weakest singular value of ``J`` within
            the structural rank ``r`` (:math:`\sigma_K` at full rank); ``"condition"`` lowers
            :math:`\sigma_1/\sigma_r`; ``"aligned"`` raises :math:`\|J^T e\|/\|e\|` for the
            error ``e`` of the targets, before any read-out gain.
        data: data points ``(n, *shape of the input)``.
        targets: target values ``(n,)`` on ``data``; or, without ``data``, a function of the inputs
            ``(n, I) → (n,)``.
        spectrum: frequencies; ``None`` finds them.
        n_candidates: candidates, spread evenly over the laws.
        n_steps: random steps, eight displacements each, of the two best candidates.
        n_baseline: fresh draws of the default law.
        n_starts: fits of each kind, with targets; 0 for none.
        threshold: the R² that counts as success of a fit.
        max_steps: steps tried per fit.
        readout: ``"affine"`` fits gain and offset along (see :func:`fit`); ``"none"`` does not.
        law: the default law; uniform over each parameter's period if ``None``.
        laws: more laws for candidates, by name.
        seed: seed of everything drawn; drawn and kept if ``None``.
        level: level of intervals.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``.
        memory: bytes of states of the exact engine.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns an :class:`Initialisation`.

    Raises:
        ReadingError: see :func:`coefficient_jacobian`; the device is no exact simulator; or data
            and targets do not fit.
        NotFourierError: the output is no Fourier series and no ``data`` was given.

    **Cost.** No circuits: about ``n_candidates + 16 n_steps + n_baseline`` simulated Jacobians,
    and with targets ``n_starts`` times the first two, and the fits.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.RY(weights[0], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> find = pt.initialise(circuit, encoding_args="x", seed=1)
    >>> start = find(0.0, np.zeros(2))
    >>> start.arguments.shape, bool(start.gain.low > 1)
    ((2,), True)
    """
    _check_options(objective, targets, readout, level, n_candidates, n_steps, n_baseline, n_starts)
    options = _Options(
        *(objective, n_candidates, n_steps, n_baseline, n_starts, threshold, max_steps),
        *(law or Uniform(), dict(laws or {}), kept_seed(seed), level),
    )

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> Initialisation:
        model = model_of(
            "initialise",
            *(qnode, args, kwargs, encoding_args, argnums, data, spectrum, engine),
            *(memory, max_points),
        )
        if targets is None:
            return _initialise(model, None, options, device_name(qnode.device))
        problem = _problem(model, targets, readout == "affine")
        return _initialise(model, problem, options, device_name(qnode.device))

    return run


def _check_options(objective, targets, readout, level, *counts) -> None:
    if objective not in ORDER:
        raise ValueError(f"initialise() needs objective in {list(ORDER)}, but got {objective!r}.")
    if objective == "aligned" and targets is None:
        raise ValueError("initialise() needs targets=… for objective='aligned'.")
    if readout not in ("affine", "none"):
        raise ValueError(f"initialise() needs readout='affine' or 'none', but got {readout!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    names = ("n_candidates", "n_steps", "n_baseline", "n_starts")
    for name, count, least in zip(names, counts, (1, 0, 1, 0), strict=True):
        whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
        if not whole or count < least or (name == "n_starts" and count == 1):
            raise ValueError(
                f"initialise() needs {name} as a whole number ≥ {least}"
                f"{' other than 1' if name == 'n_starts' else ''}, but got {count!r}."
            )


def _problem(model: Model, targets, affine: bool) -> Problem:
    points = model.points
    if points is None:
        if not callable(targets) or model.series is None:
            raise ReadingError(
                "targets=… needs data=… (the points they belong to), or a function of the inputs."
            )
        spectrum = model.series.spectrum
        size = (8 * spectrum.n_rows, spectrum.n_inputs)
        points = np.random.default_rng(0).uniform(-np.pi, np.pi, size)
    values = targets(points) if callable(targets) else targets
    return state_problem(model.reading, points, to_numpy(values), None, affine)


@dataclass(frozen=True, slots=True, eq=False)
class _Scorer:
    """Scores of parameter points, in groups of moderate size."""

    model: Model
    problem: Problem | None
    rank: int

    def all(self, points: np.ndarray) -> dict[str, np.ndarray]:
        found = response(self.model.jacobians(points), self.rank)
        return found if self.problem is None else found | {"aligned": self.aligned(points)}

    def one(self, objective: str, points: np.ndarray) -> np.ndarray:
        """The objective, more is better; conditions on a logarithmic scale."""
        if objective == "aligned":
            return self.aligned(points)
        found = response(self.model.jacobians(points), self.rank)[objective]
        return found if ORDER[objective] > 0 else -np.log(found)

    def aligned(self, points: np.ndarray) -> np.ndarray:
        problem = self.problem
        if problem is None:  # for the type checker: asked for with targets only
            raise ReadingError("alignment needs targets.")
        values, slopes = problem.outputs(points, problem.fitted_inputs)
        return alignment(values - problem.means[problem.counts > 0], slopes)


def _initialise(
    model: Model, problem: Problem | None, options: _Options, device: str
) -> Initialisation:
    seeds = np.random.SeedSequence(options.seed).spawn(3 + options.n_starts)
    fresh = model.draws(options.law, options.n_baseline, np.random.default_rng(seeds[0]))
    jacobians = model.jacobians(fresh)
    scorer = _Scorer(model, problem, _structural_rank(jacobians))
    candidates = candidate_laws(model.reading, options.laws)
    point, trace, table, origin = _search(scorer, candidates, options, seeds[1])
    scores = {name: float(value[0]) for name, value in scorer.all(point[None]).items()}
    training = None
    if problem is not None and options.n_starts:
        training = _train(scorer, candidates, options, seeds[2:])
    return Initialisation(
        parameters=point,
        arguments=model.reading.arguments.unflatten(point),
        objective=options.objective,
        scores=scores,
        baseline=scorer.all(fresh),
        laws=table,
        origin=origin,
        trace=trace if ORDER[options.objective] > 0 else np.exp(-trace),
        rank=scorer.rank,
        n_rows=jacobians.shape[1],
        level=options.level,
        default=str(options.law),
        training=training,
        provenance=Provenance(
            seed=options.seed, n_samples=options.n_candidates, device=device, engine=model.engine
        ),
    )


def _structural_rank(jacobians: np.ndarray) -> int:
    values = np.linalg.svd(jacobians, compute_uv=False)
    rank = int(np.max(numerical_rank(values)))
    if rank == 0:
        raise ReadingError(
            "initialise() needs an output that depends on some parameter, but every column of J "
            "is zero at all draws. See analyze() for the reasons."
        )
    return rank


def _search(scorer: _Scorer, candidates: Mapping[str, Law], options: _Options, seed):
    """The best point, the way to it, what each law offered, and the law it came from."""
    rng = np.random.default_rng(seed)
    share = -(-options.n_candidates // len(candidates))
    drawn = [scorer.model.draws(law, share, rng) for law in candidates.values()]
    points = np.concatenate(drawn)
    values = scorer.one(options.objective, points)
    by_law = values.reshape(len(candidates), share)
    shown = by_law if ORDER[options.objective] > 0 else np.exp(-by_law)
    best = np.max if ORDER[options.objective] > 0 else np.min
    table = {
        n: (float(np.median(s)), float(best(s))) for n, s in zip(candidates, shown, strict=True)
    }
    top = np.argsort(-values)[:_CLIMBERS]
    ends = [
        climb(functools.partial(scorer.one, options.objective), points[[t]], options.n_steps, rng)
        for t in top
    ]
    winner = int(np.argmax([trace[-1] for _, trace in ends]))
    origin = list(candidates)[top[winner] // share]
    return *ends[winner], table, origin


def _train(scorer: _Scorer, candidates: Mapping[str, Law], options: _Options, seeds):
    """Fits from chosen starts, each of its own search, and from starts of the default law."""
    problem = scorer.problem
    if problem is None:
        return None
    rng = np.random.default_rng(seeds[0])
    chosen = np.stack([_search(scorer, candidates, options, s)[0] for s in seeds[1:]])
    default = scorer.model.draws(options.law, len(chosen), rng)
    threshold, limit = options.threshold, options.max_steps
    return TrainingGain(
        chosen=steps_to(problem, chosen, threshold, limit),
        default=steps_to(problem, default, threshold, limit),
        threshold=threshold,
        max_steps=limit,
        level=options.level,
        seed=options.seed,
    )
