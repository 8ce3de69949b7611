"""Errors that measured matrices will have, before anything is measured: words as fair coins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.diagnostics.gradient_errors import GradientErrors
from pennylane_trainability.diagnostics.qfim_errors import CountErrors
from pennylane_trainability.statistics.noise_floor import (
    eigenvalue_floor,
    gaussian_resamples,
    singular_value_floor,
)
from pennylane_trainability.transforms.gradient_circuits.answer import Question
from pennylane_trainability.transforms.jacobian_tapes import JacobianTapes
from pennylane_trainability.transforms.point_circuits import PointCircuits
from pennylane_trainability.transforms.qfim_circuits.scheme import Scheme

__all__ = ["Forecast", "of_gradient", "of_jacobian", "of_qfim"]

_RESAMPLES = 400
#: Choices of signs over which errors of QFIMs are averaged.
_SIGNS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Errors to come.

    Attributes:
        stderr: of every entry.
        floor: the norm that noise alone exceeds with probability ``1 − level``.
    """

    stderr: np.ndarray
    floor: float

    @property
    def typical(self) -> float:
        """Root mean square over the entries that are measured."""
        seen = self.stderr[self.stderr > 0]
        return float(np.sqrt(np.mean(seen**2))) if seen.size else 0.0


def of_gradient(question: Question, shots: int, draw: int = 0) -> np.ndarray:
    """Standard errors of derivatives, ``(R, P)``."""
    return np.sqrt(_of_words(question, shots, draw).variances())


def of_qfim(scheme: Scheme, shots: int, level: float, rng: np.random.Generator) -> Forecast:
    r"""Standard errors of a QFIM, ``(P, P)``, and its noise floor.

    Entries are ``C − m_u m_v``. Generators are given means ``±1/√2``, with all signs as likely:
    then ``1 − m²`` errs most, by one over the root of the shots, and the other entries by
    :math:`\sqrt{3/2}` of that, where :math:`\sqrt 2` is the most they can.
    """
    cases = [_of_scheme(scheme, shots, rng) for _ in range(_SIGNS)]
    stderr = np.sqrt(np.mean([errors.stderr() ** 2 for errors in cases], axis=0))
    draws = np.concatenate([errors.draw(_RESAMPLES // _SIGNS, rng) for errors in cases])
    return Forecast(stderr, eigenvalue_floor(np.zeros(stderr.shape), draws, level=level).floor())


def _of_scheme(scheme: Scheme, shots: int, rng: np.random.Generator) -> CountErrors:
    """Errors at one choice of signs of the means of generators."""
    sizes = [circuit.n_values for circuit in scheme.circuits]
    first = np.unique(scheme.quadratic.means[scheme.quadratic.means >= 0])
    means, variances = np.zeros(sum(sizes)), np.ones(sum(sizes))
    means[first], variances[first] = rng.choice([-1, 1], len(first)) / np.sqrt(2), 0.5
    return CountErrors(
        means=means,
        covariances=tuple(np.diag(v) / shots for v in np.split(variances, np.cumsum(sizes)[:-1])),
        outcomes=(),
        shots=np.full(len(sizes), float(shots)),
        quadratic=scheme.quadratic,
        loading=scheme.loading(),
    )


def of_jacobian(
    built: JacobianTapes | PointCircuits, shots: int, level: float, rng: np.random.Generator
) -> Forecast:
    """Standard errors of a coefficient Jacobian, ``(outputs·K, P)``, and its noise floor."""
    square = built.matrix**2
    if isinstance(built, JacobianTapes):
        slopes = built.plan.slopes(built.n_parameters)
        chain = np.einsum("apg,as->spg", slopes, built.plan.weights, optimize=True) ** 2
        chain = np.broadcast_to(chain, (*chain.shape[:2], square.shape[1])).sum(axis=0)
        variances = np.einsum("kg,pg,o->okp", square, chain, _of_outputs(built)) / shots
    else:
        each = [of_gradient(built.question, shots, g) ** 2 for g in range(square.shape[1])]
        variances = np.einsum("kg,gop->okp", square, np.array(each))
    stderr = np.sqrt(variances.reshape(-1, variances.shape[-1]))
    zero = np.zeros(stderr.shape)
    draws = gaussian_resamples(zero, stderr, _RESAMPLES, rng)
    return Forecast(stderr, singular_value_floor(zero, draws, level=level).floor())


def _of_words(question: Question, shots: int, draw: int) -> GradientErrors:
    """Errors where every word is a fair coin of its own."""
    arrangement = question.plan.arrangement
    matrix = arrangement.scheme.matrix(question.problem, draw)
    slopes = tuple(
        matrix[:, :, list(reading.targets)]
        * (1.0 if reading.shares is None else np.array(reading.shares))
        for reading in arrangement.readings
    )
    return GradientErrors(
        slopes=slopes,
        values=tuple(np.zeros((own.shape[2], 1)) for own in slopes),
        weights=(np.zeros(0),) * len(slopes),
        shots=np.full(len(slopes), float(shots)),
    )


def _of_outputs(built: JacobianTapes) -> np.ndarray:
    """Variance of every output from one shot in every basis, if all outcomes are as likely."""
    spread = [np.mean(t**2, axis=1) - np.mean(t, axis=1) ** 2 for t in built.tables]
    return np.sum(spread, axis=0)
