r"""Quantities over parameter draws: how many draws, and how many shots for each?

Of :math:`N` shots, :math:`M = N/(C n)` draws get :math:`n` shots in each of :math:`C` circuits. An
unbiased estimate that is a mean over draws errs by the root of

.. math:: \frac1M \Bigl(\text{spread over draws} + \text{noise}(n)\Bigr) ,

and the best :math:`n` is where one more shot takes as much noise as one more draw takes spread.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.diagnostics.entangling_capability import entangling_capability
from pennylane_trainability.diagnostics.expressibility import expressibility
from pennylane_trainability.diagnostics.loss_variance import gradient_variances, loss_variance
from pennylane_trainability.diagnostics.state_overlaps import MIRRORS
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.variance_measured import Measured
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.laws import Law, Uniform
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import is_exact_simulator

__all__ = [
    "WIDEST",
    "DrawsAsk",
    "Split",
    "best_split",
    "of_entanglement",
    "of_frame_potential",
    "of_variances",
]

#: Wider circuits are not simulated to learn what to expect.
WIDEST = 10
#: Draws of the simulation that tells what to expect.
_EXPECTED = 500
#: Fewer draws say nothing about a variance.
_FEWEST = 4
#: Fourth over squared second moment of what varies: a normal law.
_KURTOSIS = 3.0
#: The order of the frame potential that :func:`expressibility` measures by default.
ORDER = 2
#: Words of a module that is looked at.
_WORDS = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class DrawsAsk:
    """A call and its options.

    Attributes:
        qnode: the QNode.
        args: of the call.
        kwargs: of the call.
        encoding_args: its data arguments.
        argnums: its trainable arguments.
        law: of the parameters.
        seed: of simulations.
        total: shots there are.
    """

    qnode: Any
    args: tuple
    kwargs: dict
    encoding_args: Any
    argnums: Any
    law: Law | None
    seed: int
    total: int

    def simulated(self, question: Callable, **options) -> Any:
        """The answer of this package's own engine; nothing is run on the device."""
        qnode = qml.set_shots(self.qnode, shots=None)
        ask = question(
            qnode, self.argnums, encoding_args=self.encoding_args, law=self.law, seed=self.seed,
            engine="exact", **options,
        )  # fmt: skip
        return ask(*self.args, **self.kwargs)

    def variance_ask(self, replicates: bool) -> VarianceAsk:
        """The question as it would be measured, with some shots."""
        return VarianceAsk(
            qnode=qml.set_shots(self.qnode, shots=10),
            argnums=self.argnums,
            encoding_args=self.encoding_args,
            law=self.law or Uniform(),
            n_paths=None,
            n_draws=None,
            rtol=None,
            replicates=replicates,
            seed=self.seed,
            engine="measured",
            level=0.95,
            memory=DEFAULT_MEMORY,
            max_circuits=None,
            max_shots=None,
            executor=None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """How shots are divided between draws.

    Attributes:
        draws: parameter draws, or pairs of them.
        shots: of every circuit.
        stderr: predicted, root mean square over the entries.
        relative: the same relative to the values.
        noise: standard error where nothing varies; NaN if that is not asked.
    """

    draws: int
    shots: int
    stderr: float
    relative: float
    noise: float


def best_split(
    total: int,
    circuits: int,
    value: np.ndarray,
    variance: Callable[[int], np.ndarray],
    noise: Callable[[int], np.ndarray] | None,
    least: int,
    extra: int = 0,
) -> Split | None:
    """The split of least relative error; ``None`` if there are too few shots for any.

    Args:
        total: shots there are.
        circuits: of one draw.
        value: what is expected to be found, ``(P,)``.
        variance: of the estimate from one draw with so many shots per circuit, ``(P,)``.
        noise: the same where nothing varies; ``None`` where it is not asked what is resolved.
        least: the fewest shots of a circuit.
        extra: further circuits, of as many shots, beside those of the draws.
    """
    most = total // (circuits * _FEWEST + extra)
    if most < least:
        return None
    sizes = np.unique(np.geomspace(least, most, 400).round().astype(int))
    draws = {int(n): (total // int(n) - extra) // circuits for n in sizes}
    error = {n: float(np.mean(variance(n) / value**2)) / count for n, count in draws.items()}
    n = min(error, key=lambda one: error[one])
    return Split(
        draws=draws[n],
        shots=n,
        stderr=float(np.sqrt(np.mean(variance(n)) / draws[n])),
        relative=math.sqrt(error[n]),
        noise=float(np.sqrt(np.mean(noise(n)) / draws[n])) if noise else math.nan,
    )


def of_variances(ask: DrawsAsk, gradient: bool, replicates: bool) -> tuple[int, Split | None]:
    r"""Variances of the loss or its derivatives: circuits of one draw, and the best split.

    With :math:`v = s^2/n`, where :math:`s^2` is the variance of one shot of fair coins, one draw
    has the variance :math:`(\kappa - 1) V^2 + 4 V v + 2 v^2 n/(n-1)`, and with two replicates of
    :math:`n` shots :math:`(\kappa - 1) V^2 + 2 V v + v^2`; :math:`\kappa = 3`.

    Raises:
        ReadingError: the QNode cannot be read, or nothing is known of its variance.
    """
    own = ask.variance_ask(replicates)
    road = Measured(own, own.read(ask.args, ask.kwargs), gradient)
    coin, circuits = road.coin_noise()
    value = _expected_variances(ask, gradient, road.reading.circuit.n_wires)
    seen = value > 0
    if not np.any(seen):
        raise ReadingError("The variance is zero, or too small to be seen in a simulation.")
    value, coin = value[seen], coin[seen]

    def of_one(n: int, signal: np.ndarray) -> np.ndarray:
        v = coin / n
        spread = (_KURTOSIS - 1) * signal**2
        if replicates:
            return spread + 2 * signal * v + v**2
        return spread + 4 * signal * v + 2 * v**2 * n / (n - 1)

    split = best_split(
        ask.total,
        circuits,
        value,
        lambda n: of_one(n, value),
        lambda n: of_one(n, np.zeros_like(value)),
        1 if replicates else 2,
    )
    return circuits, split


def of_frame_potential(ask: DrawsAsk) -> tuple[int, Split | None]:
    r"""The frame potential of order 2, from pairs of states run and undone.

    The unbiased :math:`k(k-1)/n(n-1)` of :math:`k` hits has the second moment

    .. math:: \sum_j \binom{t}{j}^2 j!\, \frac{(n)_{2t-j}}{(n)_t^2}\, E\,F^{2t-j} ,
        \qquad (n)_t = n (n-1) \cdots (n-t+1) ,

    with the moments of the overlaps :math:`F` from a simulation.

    Raises:
        ReadingError: the circuit is too wide to be simulated.
    """
    _refuse_wide(ask)
    found = ask.simulated(expressibility, wires="all", n_pairs=_EXPECTED, n_bins=5, order=2 * ORDER)
    moments = np.array([one.value for one in found.potentials])
    value = moments[ORDER - 1 : ORDER]

    def of_one(n: int) -> np.ndarray:
        return np.array([_second_moment(n, ORDER, moments)]) - value**2

    extra = 0 if is_exact_simulator(ask.qnode.device) else MIRRORS
    return 1, best_split(ask.total, 1, value, of_one, None, ORDER, extra)


def _second_moment(n: int, order: int, moments: np.ndarray) -> float:
    """Of the unbiased estimate of ``F^t`` from ``n`` shots."""
    falling = [math.prod(range(n - k + 1, n + 1)) for k in range(2 * order + 1)]
    terms = [
        math.comb(order, j) ** 2
        * math.factorial(j)
        * falling[2 * order - j]
        / falling[order] ** 2
        * moments[2 * order - j - 1]
        for j in range(order + 1)
    ]
    return float(sum(terms))


def of_entanglement(ask: DrawsAsk) -> tuple[int, Split | None]:
    r"""The entangling capability, from three circuits per draw.

    With :math:`w` wires and means :math:`m` of the Pauli words on single wires, shot noise adds
    :math:`\bigl(4 (1 - Q)/n + 6/n(n-1)\bigr)/w` to the spread of :math:`Q` over the draws, words as
    independent fair coins.

    Raises:
        ReadingError: the circuit is too wide to be simulated.
    """
    _refuse_wide(ask)
    found = ask.simulated(entangling_capability, n_draws=_EXPECTED)
    value, width = np.array([found.capability.value]), len(found.wires)
    if value[0] < 1e-12:  # products have zero up to rounding
        raise ReadingError("The circuit entangles nothing.")

    def noise(n: int, q: np.ndarray) -> np.ndarray:
        return (4 * (1 - q) / n + 6 / (n * (n - 1))) / width

    split = best_split(
        *(ask.total, 3, value),
        lambda n: found.spread**2 + noise(n, value),
        lambda n: noise(n, np.zeros(1)),
        2,
    )
    return 3, split


def _refuse_wide(ask: DrawsAsk) -> None:
    reading = read_qnode(
        *(ask.qnode, ask.args, ask.kwargs, ask.encoding_args, ask.argnums), need_inputs=False
    )
    width = reading.circuit.n_wires
    if width > WIDEST:
        raise ReadingError(
            f"What to expect of the states is simulated, and on {width} wires that is not done; "
            f"up to {WIDEST} it is. Plan a narrower circuit of the same kind."
        )


def _expected_variances(ask: DrawsAsk, gradient: bool, width: int) -> np.ndarray:
    """Variances ``(P,)`` without circuits: from words, from Pauli paths, or from a simulation."""
    question = gradient_variances if gradient else loss_variance
    roads: list[dict[str, Any]] = [{"method": "auto", "n_draws": _EXPECTED}]
    if width > WIDEST:
        roads = [{"method": "module", "max_words": _WORDS}, {"method": "paths", "n_paths": 4096}]
    why = []
    for options in roads:
        try:
            found = ask.simulated(question, **options)
        except (BudgetError, ReadingError) as error:
            why.append(str(error))
            continue
        return np.atleast_1d(found.variances if gradient else found.variance.value).ravel()
    raise ReadingError(f"Nothing tells what variance to expect: {' '.join(why)}")
