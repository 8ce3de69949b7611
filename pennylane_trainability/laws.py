"""How trainable parameters are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.encoding import gate_frequencies

__all__ = ["Law", "Normal", "Uniform", "draw", "drawn_near", "periods"]


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every parameter uniform, over its own period or within a distance of the value given.

    Attributes:
        half_width: ``None`` for the whole period (2π for rotations, 4π for controlled ones), else
            ``a`` for ``[θ − a, θ + a]`` around the values ``θ`` given.
    """

    half_width: float | None = None

    def __post_init__(self) -> None:
        if self.half_width is not None and not 0 < self.half_width < np.inf:
            raise ValueError(
                f"Uniform(half_width) needs a positive number of radians, or None for the whole "
                f"period; got {self.half_width!r}."
            )

    def __str__(self) -> str:
        if self.half_width is None:
            return "uniform over each parameter's period"
        return f"uniform within ±{self.half_width:g} of the values given"


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal around the values given.

    Attributes:
        scale: standard deviation in radians.
    """

    scale: float = 0.1

    def __str__(self) -> str:
        return f"normal around the values given, scale {self.scale:g}"


Law = Uniform | Normal | Callable[[np.random.Generator, np.ndarray, int], np.ndarray]


def periods(circuit: Circuit) -> np.ndarray:
    """The period of the output in every flat parameter, ``nan`` where unknown, shape ``(P,)``.

    An angle ``s·θ`` of a gate with eigenvalue differences ``Ω`` has the frequencies ``sΩ``; the
    period is 2π over their greatest common divisor, where there is one.
    """
    if circuit not in _PERIODS:
        _PERIODS[circuit] = _found_periods(circuit)
    return _PERIODS[circuit].copy()


#: Of circuits that were asked about: who draws asks, and who says how.
_PERIODS: WeakKeyDictionary[Circuit, np.ndarray] = WeakKeyDictionary()


def _found_periods(circuit: Circuit) -> np.ndarray:
    found: list[list[float]] = [[] for _ in range(circuit.n_parameters)]
    for gate in circuit.gates:
        for angle in gate.angles:
            for p, slope in angle.parameters.items():
                if len(gate.angles) > 1 or not angle.linear or np.ndim(slope):
                    found[p].append(np.nan)
                else:
                    found[p] += [abs(float(slope)) * w for w in gate_frequencies(gate)]
    return np.array([_period(tuple(f)) for f in found])


@lru_cache(maxsize=1024)
def _period(frequencies: tuple[float, ...]) -> float:
    if not frequencies or np.isnan(frequencies).any():
        return np.nan
    moving = np.array([f for f in frequencies if f > 1e-12])  # gates that undo each other move none
    if not len(moving):
        return 2 * np.pi
    unit = moving.min()
    for divisor in range(1, 13):
        ratios = moving * divisor / unit
        if np.allclose(ratios, np.round(ratios), atol=1e-9):
            return 2 * np.pi * divisor / unit
    return np.nan


def drawn_near(law: Law, circuit: Circuit) -> tuple[str, ...]:
    """What to say where a law cannot be as wide as its name: one note or none.

    Args:
        law: the law.
        circuit: for the periods.
    """
    if not isinstance(law, Uniform) or law.half_width is not None:
        return ()
    unknown = int(np.isnan(periods(circuit)).sum())
    if not unknown:
        return ()
    one = unknown == 1
    return (
        f"{unknown} parameter{'' if one else 's'} without a known period "
        f"{'was' if one else 'were'} drawn near the value given (normal, scale "
        f"{Normal().scale:g}), which may miss what happens elsewhere; pass law= to draw wider",
    )


def draw(law: Law, circuit: Circuit, given: np.ndarray, n_draws: int, rng) -> np.ndarray:
    """Parameter draws, shape ``(n_draws, P)``.

    Args:
        law: a :class:`Uniform`, a :class:`Normal`, or
            ``f(rng, given (P,), n_draws) → (n_draws, P)``.
        circuit: the circuit, for the periods.
        given: the values given, ``(P,)``.
        n_draws: how many.
        rng: a NumPy generator.

    Raises:
        ValueError: a callable returns the wrong shape or numbers that are not finite.
    """
    if isinstance(law, Normal):
        return given + law.scale * rng.normal(size=(n_draws, given.size))
    if isinstance(law, Uniform) and law.half_width is not None:
        return given + law.half_width * rng.uniform(-1.0, 1.0, size=(n_draws, given.size))
    if isinstance(law, Uniform):
        period = periods(circuit)
        # where no period is known: normal around the value given
        wide = rng.uniform(size=(n_draws, given.size)) * np.nan_to_num(period)
        near = given + Normal().scale * rng.normal(size=(n_draws, given.size))
        return np.where(np.isnan(period), near, wide)
    if not callable(law):
        raise ValueError(f"law needs Uniform(), Normal(scale) or a callable; got {law!r}.")
    out = np.asarray(law(rng, given, n_draws), float)
    if out.shape != (n_draws, given.size) or not np.all(np.isfinite(out)):
        raise ValueError(
            f"law must return finite numbers of shape ({n_draws}, {given.size}); got shape "
            f"{out.shape}."
        )
    return out
