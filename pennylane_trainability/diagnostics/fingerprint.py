"""How do the Fourier coefficients of a QNode hang together over its parameters?"""

from __future__ import annotations

import functools
from statistics import NormalDist

import numpy as np
from pennylane.measurements import Shots

from pennylane_trainability.circuits.qnode import function_of, read_qnode
from pennylane_trainability.circuits.series import series_of
from pennylane_trainability.diagnostics.column_space.spectrum import ATOL, RTOL
from pennylane_trainability.diagnostics.fingerprint_record import FourierFingerprint
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.fourier.correlation import (
    CORRELATIONS,
    correlations,
    cross_fitted,
    mean_size,
    prepared_samples,
)
from pennylane_trainability.laws import Law, Normal, Uniform, draw
from pennylane_trainability.results import Claim, Estimate, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.simulation.fourier_jacobian import exact_jacobian
from pennylane_trainability.transforms.engines import choose_engine, device_name

__all__ = ["check_correlation", "fingerprint_of", "fourier_fingerprint"]

#: Random splits behind the cross-fitted value, shuffles behind the value by chance.
_SPLITS, _SHUFFLES = 40, 100
#: Bootstrap resamples, at most and at least; floating-point operations for all of them.
_MOST, _LEAST, _WORK = 400, 50, 4e9
#: Fewer draws have no halves to compare.
_FEWEST = 8


def fourier_fingerprint(
    qnode,
    encoding_args=None,
    argnums=None,
    *,
    correlation: str = "pearson",
    spectrum=None,
    n_draws: int = 500,
    law: Law | None = None,
    seed: int | np.random.SeedSequence | None = None,
    engine: str = "auto",
    level: float = 0.95,
    memory: int = DEFAULT_MEMORY,
    max_points: int = 20_000,
):
    r"""How correlated are the Fourier coefficients of a QNode over its parameters, and which exist?

    The *fingerprint* is the matrix of correlations :math:`r_{ij}` of the coefficients
    :math:`c_k(\theta)` over parameter draws, of frequency zero and the positive half of the
    spectrum; its mean size, the *Fourier coefficient correlation*,

    .. math:: \mathrm{FCC} = \frac{2}{M(M-1)} \sum_{i<j} |r_{ij}|,

    is meant to predict how well an ansatz learns (Strobl et al.,
    `arXiv:2508.20868 <https://arxiv.org/abs/2508.20868>`__). Coefficients that do not vary have no
    correlation and are left out.

    * ``"pearson"``: real and imaginary parts of all draws are pooled to one sample of ``2D``
      numbers per coefficient, the definition of the authors' package;
    * ``"spearman"``: the same of ranks;
    * ``"complex"``: the complex correlation coefficient, unchanged when inputs are shifted;
    * ``"rows"``: between the rows of the coefficient Jacobian, cosines and sines by themselves.

    **Bias.** ``|r|`` of a finite sample is too large: for independent coefficients it is about
    :math:`\sqrt{2/(\pi n)}` with ``n`` numbers. ``fcc.value`` has this bias, as published values
    do; ``chance`` says how large it is, from shuffled draws. The cross-fitted value (the sign of
    each correlation from one half of the draws, its size from the other) is too small on average
    instead. ``fcc.low`` is the cross-fitted value less its bootstrap error, ``fcc.high`` the value
    plus it: between them lies the FCC of infinitely many draws, at least at the level.

    Args:
        qnode: a QNode that returns ``expval`` or ``probs``.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.
        correlation: which definition.
        spectrum: frequencies; ``None`` finds them.
        n_draws: parameter draws, at least 8.
        law: how parameters are drawn; default: uniform over each parameter's period.
        seed: of all draws; drawn and kept if ``None``.
        engine: ``"auto"``, ``"exact"`` or ``"lightning"``; ``"exact"`` simulates the circuits of
            any device. Correlations are not measured: shot noise would make them smaller.
        level: level of the interval.
        memory: bytes of states.
        max_points: refuse grids with more input points.

    Returns:
        A function of the QNode's arguments that returns a :class:`FourierFingerprint`.

    Raises:
        ReadingError: see :func:`coefficient_jacobian`; or the device is no exact simulator.
        NotFourierError: the output is no Fourier series in the inputs.
        BudgetError: the grid has more than ``max_points`` points.

    **Cost.** No circuits: ``n_draws`` simulations on the grid of the spectrum.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.RX(x, wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[0], wires=0)
    ...     qml.RX(weights[1], wires=1)
    ...     return qml.expval(qml.Z(0))
    >>> found = pt.fourier_fingerprint(circuit, "x", seed=1)(0.0, np.zeros(2))
    >>> found.support.ravel()  # of the nominal frequencies 0, 1, 2: cos(2x) cos(θ₀)
    array([2.])
    >>> found.missing_parts
    (((2.0,), 'sine'),)
    """
    check_correlation(correlation)
    if not isinstance(n_draws, (int, np.integer)) or n_draws < _FEWEST:
        raise ValueError(f"n_draws needs a whole number ≥ {_FEWEST}; got {n_draws!r}.")
    if not 0 < level < 1:
        raise ValueError(f"level needs a number between 0 and 1; got {level!r}.")
    entropy, law = kept_seed(seed), law or Uniform()

    @functools.wraps(function_of(qnode))
    def fingerprint(*args, **kwargs) -> FourierFingerprint:
        chosen = choose_engine(qnode.device, Shots(qnode.shots), engine)
        if chosen == "measured":
            raise ReadingError(
                f"Correlations of coefficients are not measured on {device_name(qnode.device)}: "
                "shot noise would make them smaller. Pass engine='exact' to simulate the circuit."
            )
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums)
        series = series_of(reading, spectrum, max_points)
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(0,)))
        drawn = draw(law, reading.circuit, reading.arguments.parameters, int(n_draws), rng)
        parts = exact_jacobian(series, drawn, gradient=False, memory=memory, engine=chosen).rows
        rows = np.concatenate(
            [np.moveaxis(r.reshape(*r.shape[:2], -1), 1, 2) for r in parts], axis=1
        )
        return fingerprint_of(
            np.broadcast_to(rows, (len(drawn), *rows.shape[1:])),
            series.spectrum.frequencies,
            correlation=correlation,
            inputs=reading.arguments.input_labels(),
            law=law,
            level=level,
            provenance=Provenance(
                seed=entropy,
                n_samples=len(drawn),
                device=device_name(qnode.device),
                engine=chosen,
            ),
        )

    return fingerprint


def check_correlation(correlation) -> None:
    """Refuse a definition that is unknown."""
    if correlation not in CORRELATIONS:
        raise ReadingError(
            f"correlation={correlation!r} is unknown; use one of {list(CORRELATIONS)}."
        )


def fingerprint_of(
    rows: np.ndarray,
    frequencies: np.ndarray,
    *,
    correlation: str,
    inputs: tuple[str, ...],
    law: Law,
    level: float,
    provenance: Provenance,
) -> FourierFingerprint:
    """The fingerprint of coefficients that are there already.

    Args:
        rows: ``(D, outputs, K)``: ``c_0, √2 Re c_k, √2 Im c_k, …`` at independent draws.
        frequencies: ``(R, I)``.
        correlation: which definition.
        inputs: names of the inputs.
        law: how parameters were drawn.
        level: level of the interval.
        provenance: where the rows come from; its seed serves the resampling.

    Raises:
        ReadingError: there are too few draws.
    """
    check_correlation(correlation)
    if len(rows) < _FEWEST:
        raise ReadingError(
            f"A fingerprint needs at least {_FEWEST} parameter draws; got {len(rows)}. Raise "
            "n_draws."
        )
    half = (rows[..., 1::2] + 1j * rows[..., 2::2]) / np.sqrt(2)
    coefficients = np.concatenate([rows[..., :1] + 0j, half], axis=-1)
    tolerance = max(ATOL, RTOL * float(np.max(np.abs(coefficients))))
    samples = [_varying(own, correlation, tolerance) for own in np.moveaxis(coefficients, 1, 0)]
    rng = np.random.default_rng(np.random.SeedSequence(provenance.seed, spawn_key=(7,)))
    estimate = _Estimated(samples, correlation, rng)
    matrices = [correlations(one, correlation) for one in samples]
    analytic = isinstance(law, Uniform | Normal)
    return FourierFingerprint(
        **estimate.numbers(level, getattr(law, "__name__", str(law))),
        matrices=np.array(matrices),
        coefficients=coefficients,
        frequencies=frequencies,
        tolerance=tolerance,
        correlation=correlation,
        inputs=inputs,
        law=getattr(law, "__name__", str(law)),
        claim=Claim.GENERIC if analytic else Claim.OBSERVED,
        provenance=provenance,
    )


def _varying(coefficients: np.ndarray, correlation: str, tolerance: float) -> np.ndarray:
    """Samples of one output without rounding errors, which have ranks and correlations too."""
    pair = (coefficients.real, coefficients.imag)
    real, imaginary = (np.where(np.abs(x) <= tolerance, 0.0, x) for x in pair)
    samples = prepared_samples(real + 1j * imaginary, correlation)
    still = np.max(np.abs(samples - samples[:1]), axis=(0, 1)) <= np.sqrt(2) * tolerance
    return np.where(still, 0.0, samples)


class _Estimated:
    """The mean correlation of all outputs, with what draws, halves and shuffles say about it."""

    def __init__(self, samples: list[np.ndarray], correlation: str, rng: np.random.Generator):
        self.samples, self.correlation, self.rng = samples, correlation, rng
        self.size = len(samples[0])

    def mean(self, samples: list[np.ndarray], counts: np.ndarray | None = None) -> float:
        """The FCC, mean over outputs; NaN if no two coefficients vary."""
        found = [mean_size(correlations(s, self.correlation, counts)) for s in samples]
        return float(np.nanmean(found)) if not np.all(np.isnan(found)) else np.nan

    def numbers(self, level: float, law: str) -> dict:
        """Fields of the record."""
        value = self.mean(self.samples)
        if np.isnan(value):
            none = Estimate(value=np.nan, level=level, law=law)
            fixed = "no two coefficients vary, so that there is no correlation"
            return {
                "fcc": none, "cross_fitted": np.nan, "chance": np.nan, "chance_high": np.nan,
                "n_resamples": 0, "notes": (fixed,),
            }  # fmt: skip
        lower = float(np.mean([self._crossed() for _ in range(_SPLITS)]))
        chance = [self.mean(self._shuffled()) for _ in range(_SHUFFLES)]
        count = self._resamples()
        drawn = self.rng.multinomial(self.size, np.full(self.size, 1 / self.size), size=count)
        error = float(np.std([self.mean(self.samples, w) for w in drawn], ddof=1))
        reach = NormalDist().inv_cdf((1 + level) / 2) * error
        return {
            "fcc": Estimate(
                value=value,
                stderr=error,
                low=max(0.0, min(lower, value) - reach),
                high=min(1.0, value + reach),
                level=level,
                law=law,
            ),
            "cross_fitted": lower,
            "chance": float(np.mean(chance)),
            "chance_high": float(np.quantile(chance, level)),
            "n_resamples": count,
            "notes": (),
        }

    def _resamples(self) -> int:
        work = sum(s.shape[0] * s.shape[1] * s.shape[2] ** 2 for s in self.samples)
        return int(np.clip(_WORK / max(work, 1), _LEAST, _MOST))

    def _crossed(self) -> float:
        order = self.rng.permutation(self.size)
        found = [cross_fitted(s, self.correlation, order) for s in self.samples]
        return float(np.nanmean(found)) if not np.all(np.isnan(found)) else 0.0

    def _shuffled(self) -> list[np.ndarray]:
        """Every coefficient with its draws in an order of its own."""
        return [
            np.take_along_axis(s, self._orders(s.shape[-1])[:, None, :], axis=0)
            for s in self.samples
        ]

    def _orders(self, count: int) -> np.ndarray:
        return np.argsort(self.rng.random((self.size, count)), axis=0)
