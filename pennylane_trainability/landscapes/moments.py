r"""First and second moments of the cosine and the sine of a rotation angle.

For an angle ``φ = φ₀ + δ`` with ``δ`` symmetric around zero, ``E sin δ = E sin δ cos δ = 0``, and
what remains are ``m = E cos δ`` and ``E cos² δ = (1 + κ)/2`` with ``κ = E cos 2δ``. Over a whole
turn both ``m`` and ``κ`` vanish.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pennylane_trainability.laws import Law, Normal, Uniform

__all__ = ["Moments", "moments_of", "whole_turns"]

_SMALL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of deviations ``δ``, arrays of one shape.

    Attributes:
        mean: ``E cos δ``.
        sine: ``E sin² δ``.
        spread: ``E cos² δ − (E cos δ)²``, without cancellation for narrow laws.
    """

    mean: np.ndarray
    sine: np.ndarray
    spread: np.ndarray

    @property
    def cosine(self) -> np.ndarray:
        """``E cos² δ``."""
        return 1 - self.sine


def whole_turns(count: int) -> Moments:
    """The moments over whole turns."""
    half = np.full(count, 0.5)
    return Moments(np.zeros(count), half, half.copy())


def moments_of(law: Law, scale: np.ndarray) -> Moments | None:
    """The moments of ``δ = scale · (θ − θ_given)``.

    Args:
        law: of ``θ``; a :class:`Uniform` over periods has whole turns, which the caller checks.
        scale: derivative of the angle by ``θ``, any shape.

    Returns:
        The moments; None for a callable law.

    >>> found = moments_of(Uniform(np.pi / 2), np.array([1.0, 2.0]))
    >>> found.mean.round(4), found.sine.round(4)
    (array([0.6366, 0.    ]), array([0.5, 0.5]))
    """
    scale = np.abs(np.asarray(scale, float))
    if isinstance(law, Normal):
        square = (law.scale * scale) ** 2
        return Moments(np.exp(-square / 2), -np.expm1(-2 * square) / 2, np.expm1(-square) ** 2 / 2)
    if not isinstance(law, Uniform):
        return None
    if law.half_width is None:
        return whole_turns(scale.size)
    width = law.half_width * scale
    mean = _clean(np.sinc(width / np.pi))
    second = _clean(np.sinc(2 * width / np.pi))
    y = (2 * np.minimum(width, _SMALL)) ** 2
    short = width < _SMALL
    # series of (1 − sin y/y)/2 and of E cos² − (E cos)², exact to rounding below _SMALL
    sine = np.where(short, y / 12 * (1 - y / 20 * (1 - y / 42 * (1 - y / 72))), (1 - second) / 2)
    z = y / 4
    series = z**2 / 45 * (1 - z / 7 + z**2 / 105 - 4 * z**3 / 10395)
    spread = np.where(short, series, (1 + second) / 2 - mean**2)
    return Moments(mean, sine, spread)


def _clean(values: np.ndarray) -> np.ndarray:
    """``sin(kπ)/kπ`` is zero; what rounding leaves of it would pass for a narrow law."""
    return np.where(np.abs(values) < 1e-15, 0.0, values)
