"""Overlaps of pairs of states of a circuit: simulated, from density matrices, or measured."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.calibration import known_of
from pennylane_trainability.diagnostics.overlap_calibration import OverlapCalibration
from pennylane_trainability.diagnostics.state_ask import StateAsk, state_chunks
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.executor import cost_of
from pennylane_trainability.results import Cost, Estimate
from pennylane_trainability.simulation.draws import over_draws
from pennylane_trainability.simulation.states import final_states, kept_factor
from pennylane_trainability.statistics.binomial import clopper_pearson
from pennylane_trainability.statistics.divergence import Divergence, divergence_of_counts
from pennylane_trainability.statistics.fidelity_laws import bin_numbers
from pennylane_trainability.transforms.engines import broadcasts, is_exact_simulator
from pennylane_trainability.transforms.overlap_tapes import density_tapes, overlap_tapes

__all__ = ["MIRRORS", "Overlaps", "all_real", "measured_cost", "overlaps"]

#: States whose overlaps are all taken for frame potentials; blocks are independent.
_BLOCK = 20
#: Pairs of equal parameters that are measured on devices that may be noisy.
MIRRORS = 20
_PURE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """What was found.

    Attributes:
        fidelities: of independent pairs, ``(n_pairs,)``.
        powers: independent estimates of ``F^t``, ``(S, T)``, whose mean is the frame potential.
        shots: of every pair; None if overlaps are exact.
        real: whether all states are real, up to a phase each.
        purity: mean purity of the states of all wires; NaN if it is not known.
        survival: how often a circuit that is run and undone comes back, if it was measured.
        cost: what was run.
        calibration: what was measured about the device, if it goes into ``powers``.
        raw_powers: these without it.
    """

    fidelities: np.ndarray
    powers: np.ndarray
    shots: int | None = None
    real: bool = False
    purity: float = float("nan")
    survival: Estimate | None = None
    cost: Cost = field(default_factory=Cost)
    calibration: OverlapCalibration | None = None
    raw_powers: np.ndarray | None = None

    @property
    def n_states(self) -> int:
        """How many were prepared."""
        return 2 * len(self.fidelities)

    def counts(self, n_bins: int) -> np.ndarray:
        """The histogram of the overlaps, ``(B,)``."""
        return np.bincount(bin_numbers(self.fidelities, n_bins), minlength=n_bins)

    def divergence(self, log_masses: np.ndarray, level: float, dimension: int, rng) -> Divergence:
        """From a law, with an interval from resamples."""
        return divergence_of_counts(self.counts(len(log_masses)), log_masses, level, rng)

    def potentials(self) -> tuple[np.ndarray, np.ndarray]:
        """Means of the powers of the overlaps; standard errors, with those of the calibration."""
        means, errors = _mean_and_error(self.powers)
        if self.calibration is not None:
            errors = np.hypot(errors, self.calibration.potential_errors(len(means)))
        return means, errors

    def raw_potentials(self) -> tuple[np.ndarray, np.ndarray]:
        """The same without the calibration."""
        return _mean_and_error(self.powers if self.raw_powers is None else self.raw_powers)

    def added_error(self, n_bins: int) -> float:
        """What the calibration adds to the error of the divergence."""
        if self.calibration is None:
            return 0.0
        return self.calibration.divergence_error(self.counts(n_bins))

    def worth(self, log_masses: np.ndarray) -> float:
        """The number of pairs: they are separate."""
        return float(len(self.fidelities))

    @property
    def pure(self) -> bool:
        """Whether the states of all wires are pure, as far as it is known."""
        if self.survival is not None:
            return self.survival.high >= 1
        return np.isnan(self.purity) or self.purity > 1 - _PURE


def _mean_and_error(powers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.mean(powers, axis=0), np.std(powers, axis=0, ddof=1) / np.sqrt(len(powers))


def overlaps(
    ask: StateAsk, reading: Reading, road: str, kept: tuple[int, ...], n_pairs: int, order: int
) -> Overlaps:
    """Overlaps of pairs of states with independent parameters.

    Args:
        ask: the options.
        reading: the QNode at one call.
        road: ``"exact"``, ``"density"`` or ``"measured"``.
        kept: positions of the wires whose state is compared.
        n_pairs: number of independent pairs.
        order: highest power ``T``.

    Raises:
        ReadingError: a reduced state is to be measured.
        BudgetError: states do not fit the memory, or circuits the budget.
    """
    parameters = ask.drawn(reading, 2 * n_pairs)
    if road == "measured":
        return _measured(ask, reading, parameters, kept, order)
    return _computed(ask, reading, parameters, kept, order, road == "density")


def _computed(ask, reading, parameters, kept, order: int, mixed: bool) -> Overlaps:
    """States in chunks; neighbours are pairs, and blocks of twenty serve for frame potentials."""
    n_wires = reading.circuit.n_wires
    parts = state_chunks(len(parameters), n_wires, ask.memory, _BLOCK, mixed)
    if mixed:
        return _of_densities(ask, reading, parameters, parts, kept, order)
    whole = len(kept) == n_wires
    found = over_draws(
        _of_states, reading, parameters, parts, ask.workers, kept if not whole else None, order
    )
    fidelities, powers, real = zip(*found, strict=True)
    return Overlaps(np.concatenate(fidelities), np.concatenate(powers), None, all(real), purity=1.0)


def _of_states(
    circuit: Circuit, count: int, kept: tuple[int, ...] | None, order: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Fidelities of pairs, powers of blocks, and whether all states are real."""
    states = final_states(circuit)
    states = np.broadcast_to(states, (count, states.shape[1]))
    found = states if kept is None else _vectors_of(kept_factor(states, kept))
    overlap = _overlap(np.vecdot(found[0::2], found[1::2]), kept is None)
    return overlap, _block_powers(found, kept is None, order), all_real(states)


def _of_densities(ask, reading, parameters, parts, kept, order: int) -> Overlaps:
    """The same of the device's density matrices."""
    parts, count = list(parts), len(parameters)
    ask.simulating.check(Cost(circuits=count, distinct_circuits=count, executions=len(parts)))
    of_part = functools.partial(_density_vectors, ask, reading)
    questions = [functools.partial(of_part, parameters[part], kept) for part in parts]
    found = ask.simulating.several(questions)
    pairs = [_overlap(np.vecdot(rows[0::2], rows[1::2]), False) for rows, _, _ in found]
    return Overlaps(
        np.concatenate(pairs),
        np.concatenate([_block_powers(rows, False, order) for rows, _, _ in found]),
        None,
        purity=float(np.mean(np.concatenate([purities for _, purities, _ in found]))),
        cost=sum((cost for *_, cost in found), Cost()),
    )


def _overlap(product: np.ndarray, squared: bool) -> np.ndarray:
    """``|⟨ψ|φ⟩|²`` from products of states, or ``Tr ρσ`` from those of real vectors."""
    return np.clip(product.real**2 + product.imag**2 if squared else product.real, 0.0, 1.0)


def _block_powers(found: np.ndarray, squared: bool, order: int) -> np.ndarray:
    """Means of ``F^t`` over all pairs of every block, ``(S, T)``: unbiased, and independent."""
    count = len(found) // _BLOCK
    blocks = found[: count * _BLOCK].reshape(count, _BLOCK, -1)
    rows, columns = np.triu_indices(_BLOCK, 1)
    products = blocks.conj() @ blocks.swapaxes(1, 2)
    overlap = _overlap(products[:, rows, columns], squared)
    return np.stack([np.mean(overlap**t, axis=1) for t in range(1, order + 1)], axis=1)


def all_real(states: np.ndarray) -> bool:
    """``|Σ ψ_j²| = 1`` holds for states that are real up to a phase, and for no others."""
    return bool(np.all(np.abs(np.vecdot(states.conj(), states)) > 1 - _PURE))


def _vectors_of(factors: np.ndarray) -> np.ndarray:
    """Reduced states ``A A†`` as real vectors whose products are ``Tr ρσ``."""
    return _real_vectors(factors @ factors.conj().swapaxes(-1, -2))


def _real_vectors(rho: np.ndarray) -> np.ndarray:
    flat = rho.reshape(len(rho), -1)
    return np.concatenate([flat.real, flat.imag], axis=1)


def _density_vectors(ask: StateAsk, reading: Reading, parameters, kept):
    """Density matrices from the simulator: vectors of the kept wires, purities of all, cost."""
    circuit = ask.at(reading, parameters)
    tapes = density_tapes(circuit, len(parameters), broadcasts(ask.qnode.device))
    cost = cost_of(tapes, len(parameters))
    size = 2**circuit.n_wires
    results = ask.simulating.run(tapes)
    rho = np.concatenate([np.asarray(r, complex).reshape(-1, size, size) for r in results])
    purity = np.einsum("dij,dji->d", rho, rho).real
    n, rest = circuit.n_wires, [w for w in range(circuit.n_wires) if w not in kept]
    moved = rho.reshape(-1, *([2] * (2 * n))).transpose(
        0, *(1 + w for w in (*kept, *rest)), *(1 + n + w for w in (*kept, *rest))
    )
    split = moved.reshape(-1, 2 ** len(kept), 2 ** len(rest), 2 ** len(kept), 2 ** len(rest))
    return _real_vectors(np.einsum("dikjk->dij", split)), purity, cost


def _measured(ask: StateAsk, reading: Reading, parameters, kept, order: int) -> Overlaps:
    """Run and undo: the probability of all zeros, in one device execution."""
    if len(kept) != reading.circuit.n_wires:
        raise ReadingError(
            "Overlaps of reduced states are not measured: running the circuit and undoing it "
            "compares the states of all wires. Pass wires='all', or simulate (engine='exact')."
        )
    shots = ask.shots
    if shots is not None and shots < order:
        raise ReadingError(
            f"An unbiased frame potential of order {order} needs at least {order} shots for every "
            f"pair, but the QNode has {shots}. Set them with qml.set_shots, or lower order."
        )
    if ask.calibrates:
        return _calibrated(ask, reading, parameters, order)
    left, right = _with_mirrors(ask, parameters)
    tapes = overlap_tapes(
        *(ask.at(reading, left), ask.at(reading, right), len(left), Shots(shots)),
        broadcasts(ask.qnode.device),
    )
    cost = cost_of(tapes, len(left))
    ask.runner.check(cost)
    results = ask.runner.run(tapes)
    zeros = np.concatenate([np.atleast_2d(np.asarray(r, float))[:, 0] for r in results])
    count = len(parameters) // 2
    survival = _survival(zeros[count:], shots, ask.level) if len(zeros) > count else None
    return Overlaps(
        np.clip(zeros[:count], 0.0, 1.0),
        _falling_powers(zeros[:count], shots, order),
        *(shots, False, float("nan"), survival, cost),
    )


def _calibrated(ask: StateAsk, reading: Reading, parameters, order: int) -> Overlaps:
    """The same with circuits that calibrate, in the same device execution."""
    left, right = ask.at(reading, parameters[0::2]), ask.at(reading, parameters[1::2])
    count, shots = len(parameters) // 2, int(ask.shots or 0)
    tapes = overlap_tapes(left, right, count, Shots(shots), broadcasts(ask.qnode.device))
    made = ask.calibration(left, count, mirrors=True)
    cost = cost_of([*tapes, *made.tapes], count + len(made.tapes))
    ask.runner.check(cost)
    results = ask.runner.run([*tapes, *made.tapes])
    found = np.concatenate([np.atleast_2d(np.asarray(r, float)) for r in results[: len(tapes)]])
    known = known_of(made, results[len(tapes) :])
    wires = tuple(reading.circuit.wires)
    calibration = OverlapCalibration(known, ask.rescale, np.round(found * shots), wires, shots)
    zeros = found[:, 0]
    return Overlaps(
        np.clip(zeros, 0.0, 1.0),
        calibration.powers(order),
        *(shots, False, float("nan"), calibration.told_survival(ask.level), cost),
        calibration=calibration,
        raw_powers=_falling_powers(zeros, shots, order),
    )


def _with_mirrors(ask: StateAsk, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs, and on devices that may be noisy some pairs of the same parameters."""
    left, right = parameters[0::2], parameters[1::2]
    if is_exact_simulator(ask.qnode.device):
        return left, right
    return np.concatenate([left, left[:MIRRORS]]), np.concatenate([right, left[:MIRRORS]])


def _survival(zeros: np.ndarray, shots: int | None, level: float) -> Estimate:
    if shots is None:
        return Estimate.known(float(np.mean(zeros)), "mirror circuits")
    hits, total = int(np.sum(np.round(zeros * shots))), len(zeros) * shots
    low, high = (float(end) for end in clopper_pearson(hits, total, level))
    share = hits / total
    error = float(np.sqrt(share * (1 - share) / total)) or float("nan")
    return Estimate(
        value=share, stderr=error, low=low, high=high, level=level, law="shots of mirror circuits"
    )


def _falling_powers(zeros: np.ndarray, shots: int | None, order: int) -> np.ndarray:
    """``k(k−1)…/(M(M−1)…)``, whose mean is ``F^t`` exactly."""
    if shots is None:
        return np.stack([zeros**t for t in range(1, order + 1)], axis=1)
    hits = np.round(zeros * shots)
    steps = [(hits - j) / (shots - j) for j in range(order)]
    return np.cumprod(np.stack(steps, axis=1), axis=1)


def measured_cost(ask: StateAsk, n_pairs: int) -> Cost:
    """What measuring overlaps of so many pairs costs."""
    mirrors = 0 if is_exact_simulator(ask.qnode.device) else min(MIRRORS, n_pairs)
    count = n_pairs + (0 if ask.calibrates else mirrors)
    own = Cost(
        circuits=count,
        distinct_circuits=count,
        shots=count * (ask.shots or 0),
        executions=1,
    )
    return own + ask.calibration_cost(n_pairs, mirrors=True)
