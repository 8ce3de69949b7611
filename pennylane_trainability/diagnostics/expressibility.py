"""How far are the states of a circuit from Haar random ones?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent import futures
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading, function_of
from pennylane_trainability.diagnostics.compared_wires import compared_wires, idle_note
from pennylane_trainability.diagnostics.expressibility_record import Expressibility
from pennylane_trainability.diagnostics.noise import noise_notes
from pennylane_trainability.diagnostics.overlap_laws import OverlapLaw, law_of
from pennylane_trainability.diagnostics.state_ask import StateAsk
from pennylane_trainability.diagnostics.state_overlaps import Overlaps, measured_cost, overlaps
from pennylane_trainability.diagnostics.state_pairs import StatePairs, all_pairs
from pennylane_trainability.executor import Executor
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.pricing import priced
from pennylane_trainability.results import Cost, Estimate, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.statistics.divergence import Divergence
from pennylane_trainability.statistics.fidelity_laws import real_haar_log_masses
from pennylane_trainability.transforms.engines import is_exact_simulator

__all__ = ["expressibility"]

#: Pairs if nobody says how many: on state vectors, with density matrices, on other devices.
_PAIRS = {"exact": 5_000, "density": 1_000, "measured": 500}
#: Pairs per bin from which on intervals were found to cover at their level.
_PER_BIN = 3
#: Levels above need more resamples than are drawn.
_HIGHEST = 0.999


def expressibility(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    wires: str | Sequence | None = None,
    n_pairs: int | None = None,
    pairs: str = "auto",
    n_bins: int = 75,
    order: int = 2,
    threshold: float = 0.05,
    reference: str = "auto",
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_circuits: int | None = None,
    max_shots: int | None = None,
    executor: Executor | None = None,
    workers: futures.Executor | None = None,
    rescale: bool = False,
    mitigate_read_out: bool = False,
):
    r"""How far are the states of a circuit from Haar random ones?

    Pairs of states with independent parameters have overlaps
    :math:`F = |\langle\psi(\theta)|\psi(\varphi)\rangle|^2`. Their histogram is compared to that of
    Haar random states of dimension :math:`N`,

    .. math::

        D = \sum_b p_b \ln\frac{p_b}{q_b}, \qquad q_{[u, v]} = (1-u)^{N-1} - (1-v)^{N-1}

    (Sim, Johnson, Aspuru-Guzik, arXiv:1905.10876). With :math:`n` pairs the usual plug-in value of
    true Haar states is up to (bins − 1)/2n instead of zero: 0.0037 for four wires, 75 bins and
    5,000 pairs. Here that is taken out, and "indistinguishable from Haar" is the outcome of a test.
    Beside it stand the frame potentials :math:`E F^t`, unbiased; Haar states have the smallest,
    :math:`t!\,(N-1)!/(N+t-1)!`.

    Simulated states are compared with each other, all pairs of them, in groups of at most 128: a
    few hundred states tell as much as thousands of separate pairs. The variance that pairs of one
    state have in common is estimated and is part of the interval (``statistics/all_pairs.py``), and
    states are added until they are worth ``n_pairs`` separate pairs. Intervals of separate pairs
    come from resampling.

    What is compared is the state of all wires, whatever the QNode measures; if it returns
    ``density_matrix`` of some wires, their reduced state, by its overlaps
    :math:`\mathrm{Tr}\,\rho\sigma` with those of reduced Haar states (the induced measure). States
    that are mixed by noise are compared to nothing unless ``reference="haar"`` says so; their frame
    potentials are given.

    On devices overlaps are measured by running the circuit at :math:`\theta` and undoing it at
    :math:`\varphi`: :math:`F` is the probability of all zeros. Powers come from falling factorials
    of the counts, without bias, and histograms are compared to Haar overlaps seen through as many
    shots. On devices that are no exact simulators twenty circuits are undone at their own
    parameters to see whether noise acts.

    Args:
        qnode: a QNode; what it returns matters only as said above.
        argnums: the trainable arguments, which are drawn; see :func:`loss_variance`.
        encoding_args: data arguments, left as they are.
        wires: ``"all"``, or labels of the wires whose state is compared; ``None``: what the QNode
            returns.
        n_pairs: independent pairs; default 5,000 on state vectors, 1,000 with density matrices, 500
            on other devices. With all pairs of simulated states: how many independent ones they
            should be worth; how many they are, by the same estimate, is ``worth``.
        pairs: ``"auto"``: all pairs of the states that are drawn where pure states of all wires are
            simulated, independent pairs elsewhere; ``"disjoint"``: independent pairs everywhere.
        n_bins: bins of the histogram. The divergence depends on it.
        order: highest frame potential.
        threshold: a divergence below counts as expressive.
        reference: ``"auto"``: the law of Haar states that belongs to the states; ``"haar"``: that
            of pure Haar states, even for mixed ones.
        law: how parameters are drawn; default: uniform over each parameter's period, which is 4π
            for controlled rotations.
        seed: of all draws; drawn and kept if ``None``.
        engine: ``"auto"``: simulate state vectors where the device is an exact simulator without
            shots, density matrices on ``default.mixed`` without shots, else measure; ``"exact"``:
            simulate in any case; ``"measured"``.
        level: level of intervals and of the test.
        memory: bytes the simulation may hold in states at once.
        max_circuits: refuse more circuits before running any; on devices that are no simulators
            more than 1,000 circuits are refused without it.
        max_shots: refuse more shots before running any.
        executor: how circuits are run.
        workers: any :class:`concurrent.futures.Executor` to share the simulation of draws; see
            :func:`loss_variance`.
        rescale: free measured overlaps from global depolarising noise, with the survival ``s`` of a
            circuit and its inverse: ``F = (p − (1 − s)/2^n)/s``. This is a **model**. Frame
            potentials are unbiased under it; the histogram is compared to Haar states seen through
            the same noise. Without ``mitigate_read_out`` errors of reading all zeros count as part
            of ``s``. ``raw_potentials`` are without it, and intervals hold the errors of ``s``.
        mitigate_read_out: take errors of reading out of overlaps, if every wire is read wrongly by
            itself: a **model**, too.

    Returns:
        A function of the QNode's arguments that returns an :class:`Expressibility`. Its attribute
        ``cost`` is a function of the same arguments that says what it would cost and runs nothing.
        Another one, ``price``, compiles for the device, see :func:`price`.

    Raises:
        ReadingError: no parameters, an unclear state, or a state that cannot be compared on this
            device.
        ValueError: too few pairs for the interval.
        BudgetError: the cost exceeds a budget.

    **Cost.** Simulated: no circuits. Measured: one circuit of twice the depth per pair, all in one
    device execution; calibrations take the place of the twenty that are undone, with 20 more
    circuits without gates and, for ``mitigate_read_out``, 20 with all wires turned.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     qml.StronglyEntanglingLayers(weights, wires=range(4))
    ...     return qml.state()
    >>> shape = qml.StronglyEntanglingLayers.shape(n_layers=4, n_wires=4)
    >>> found = pt.expressibility(circuit, seed=1)(np.zeros(shape))
    >>> found.sentence
    'indistinguishable from Haar at 8,128 samples'
    >>> bool(abs(found.divergence.value) < 0.002), round(found.floor, 3)
    (True, 0.002)
    """
    options = _Options(wires, n_pairs, pairs, n_bins, order, threshold, reference)
    if 0 < 1 - level < 1 - _HIGHEST - 1e-12:
        raise ValueError(
            f"Intervals and the test come from resamples, and level={level!r} asks for too many of "
            f"them; use at most {_HIGHEST}."
        )
    ask = StateAsk(
        *("expressibility", qnode, argnums, encoding_args, law or Uniform(), kept_seed(seed)),
        *(engine, level, memory, max_circuits, max_shots, executor),
        workers=workers, rescale=rescale, mitigate_read_out=mitigate_read_out,
    )  # fmt: skip

    def run(executor, args, kwargs) -> Expressibility:
        own = replace(ask, executor=executor)
        return options.answer(own, own.read(args, kwargs))

    def cost(*args, **kwargs) -> Cost:
        reading = ask.read(args, kwargs)
        road = ask.road()
        ask.check_calibration(road)
        count = options.pairs(ask, road)
        compared_wires(reading.circuit, options.wires)  # refuses what a run would refuse
        if road == "measured":
            return measured_cost(ask, count)
        if road == "exact":
            return Cost()
        return Cost(circuits=2 * count, distinct_circuits=2 * count, executions=1)

    return priced(function_of(qnode), run, executor, qnode.device, cost=cost)


class _Options:
    """What is compared, and how finely."""

    def __init__(self, wires, n_pairs, pairs, n_bins, order, threshold, reference):
        for name, value, least in (("n_bins", n_bins, 2), ("order", order, 1)):
            _whole(name, value, least)
        if n_pairs is not None:
            _whole("n_pairs", n_pairs, 1)
            if n_pairs < _PER_BIN * n_bins:
                raise ValueError(
                    f"The interval of a divergence over {n_bins} bins needs at least "
                    f"{_PER_BIN * n_bins} pairs; got n_pairs={n_pairs}. Draw more pairs, or use at "
                    f"most {n_pairs // _PER_BIN} bins (n_bins)."
                )
        if not threshold > 0:
            raise ValueError(f"threshold needs a positive number; got {threshold!r}.")
        if pairs not in ("auto", "disjoint"):
            raise ValueError(f"pairs={pairs!r} is unknown; use 'auto' or 'disjoint'.")
        if reference not in ("auto", "haar"):
            raise ValueError(f"reference={reference!r} is unknown; use 'auto' or 'haar'.")
        self.wires, self.n_pairs, self.all, self.n_bins = wires, n_pairs, pairs == "auto", n_bins
        self.order, self.threshold, self.reference = order, threshold, reference

    def pairs(self, ask: StateAsk, road: str) -> int:
        """How many pairs are drawn."""
        fast = road == "measured" and is_exact_simulator(ask.qnode.device)
        return self.n_pairs or max(_PAIRS["exact" if fast else road], _PER_BIN * self.n_bins)

    def found(self, ask: StateAsk, reading: Reading, kept) -> Overlaps | StatePairs:
        """All pairs of pure states of all wires where they are simulated, else separate pairs."""
        road = ask.road()
        count = self.pairs(ask, road)
        if self.all and road == "exact" and len(kept) == reading.circuit.n_wires:
            return all_pairs(ask, reading, count, self.n_bins, self.order)
        return overlaps(ask, reading, road, kept, count, self.order)

    def answer(self, ask: StateAsk, reading: Reading) -> Expressibility:
        """The record."""
        circuit, road = reading.circuit, ask.road()
        ask.check_calibration(road)
        kept = compared_wires(circuit, self.wires)
        found = self.found(ask, reading, kept)
        rng = np.random.default_rng(ask.seeds(2))
        sizes = (2 ** len(kept), 2 ** (circuit.n_wires - len(kept)))
        compared = law_of(found, sizes, (self.n_bins, self.order), self.reference, ask.memory, rng)
        idle = idle_note(ask.qnode.device, circuit)
        real = found.real and len(kept) == circuit.n_wires
        noise = () if road == "exact" else noise_notes("expressibility", ask.runner.device, circuit)
        return Expressibility(
            **_divergences(found, compared, sizes[0], real, ask, rng),
            **_potentials(found, ask),
            haar_potentials=compared.potentials,
            counts=found.counts(self.n_bins),
            n_states=found.n_states,
            masses=_masses(compared, self.n_bins),
            reference=compared.name,
            real=real,
            purity=found.purity,
            survival=found.survival,
            threshold=float(self.threshold),
            dimension=sizes[0],
            n_wires=circuit.n_wires,
            wires=tuple(circuit.wires[w] for w in kept),
            law=ask.law_name,
            level=ask.level,
            notes=(*ask.notes(reading), *idle, *compared.notes, *_real_note(real), *noise),
            cost=found.cost,
            provenance=ask.provenance(road, found.n_states),
        )


def _masses(compared: OverlapLaw, n_bins: int) -> np.ndarray:
    if compared.log_masses is None:
        return np.full(n_bins, np.nan)
    return np.exp(compared.log_masses)


def _whole(name: str, value, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} needs a whole number ≥ {least}; got {value!r}.")


def _potentials(found: Overlaps | StatePairs, ask: StateAsk) -> dict[str, Any]:
    """Frame potentials, and those without a calibration if there is one."""
    out: dict[str, Any] = {"potentials": _means(*found.potentials(), ask)}
    if found.calibration is not None:
        out["raw_potentials"] = _means(*found.raw_potentials(), ask)
        out["calibration"] = found.calibration.record(ask.level)
    return out


def _means(means: np.ndarray, errors: np.ndarray, ask: StateAsk) -> tuple[Estimate, ...]:
    errors = np.where(errors < 1e-14, 0.0, errors)  # equal overlaps differ by rounding
    return tuple(
        Estimate.normal(float(mean), float(error), ask.level, ask.law_name)
        for mean, error in zip(means, errors, strict=True)
    )


def _divergences(
    found: Overlaps | StatePairs, compared: OverlapLaw, dimension: int, real: bool, ask: StateAsk,
    rng: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    """Divergences from Haar, and from real Haar states where all states are real."""
    if compared.log_masses is None:
        return {"divergence": None}
    first = found.divergence(compared.log_masses, ask.level, dimension, rng)
    out: dict[str, Any] = {
        "divergence": _estimate(first, ask, found.added_error(len(compared.log_masses))),
        "plug_in": first.plug_in,
        "floor": first.floor,
        "p_value": first.p_value,
        "worth": found.worth(compared.log_masses),
    }
    if real:
        masses = real_haar_log_masses(dimension, len(compared.log_masses))
        second = found.divergence(masses, ask.level, dimension, rng)
        out["real_divergence"] = _estimate(second, ask)
    return out


def _estimate(found: Divergence, ask: StateAsk, added: float = 0.0) -> Estimate:
    """The divergence, its interval widened by the error of a calibration."""
    reach = NormalDist().inv_cdf((1 + ask.level) / 2) * added
    return Estimate(
        value=found.value,
        stderr=float(np.hypot(found.stderr, added)),
        low=found.value - float(np.hypot(found.value - found.low, reach)),
        high=found.value + float(np.hypot(found.high - found.value, reach)),
        level=ask.level,
        law=ask.law_name,
    )


def _real_note(real: bool) -> tuple[str, ...]:
    if not real:
        return ()
    return (
        "all states seen are real up to a phase: such a circuit stays at a distance from Haar; "
        "real_divergence compares to real Haar states",
    )
