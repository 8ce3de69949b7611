r"""A circuit and an angle law as random branchings of Pauli words, or the reason why not.

With ``U = R_m ⋯ R_1``, ``R_k = exp(−iφ_k P_k/2)``, a word ``W`` that anticommutes with ``P_k``
becomes ``cos φ_k W + sin φ_k iP_k W``. For independent angles the mean of a product of two words
therefore follows from first and second moments of every ``(cos φ_k, sin φ_k)``. These are diagonal
for angles over whole turns, and for symmetric laws around multiples of a quarter turn, whose
quarter turns are Clifford gates and are taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pennylane_trainability.circuits.circuit import Angle, Circuit
from pennylane_trainability.circuits.clifford import Frame
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.circuits.reach import Element, idle_elements, key_of, swap
from pennylane_trainability.circuits.rotations import Opaque, PauliCircuit, Rotation
from pennylane_trainability.circuits.tableau import bits
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.landscapes.moments import Moments, moments_of
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.product_state import bloch_vectors, turn
from pennylane_trainability.laws import Law, Uniform, periods

__all__ = ["NONLINEAR", "PathModel", "absorb", "in_reach", "path_model", "rotation_angle"]

#: More words than this in an observable are refused.
_MAX_WORDS = 1 << 14
_TOLERANCE = 1e-9

#: Why an angle cannot be read, and what helps.
NONLINEAR = (
    "an angle is not a number times one parameter plus a number; where an argument only scales or "
    "shifts others, leave it out with argnums"
)


@dataclass(frozen=True, slots=True, eq=False)
class PathModel:
    """What Pauli paths need: ``m`` rotations on ``n`` wires, ``W`` words, a product state.

    Attributes:
        coefficients: of the words of the observable, ``(W,)``; the identity is left out.
        words: their bits ``(x, z)``, each ``(W, n)``, behind the rotations.
        rotations: bits ``(x, z)`` of the words of the rotations, ``(m, n)``, in order.
        parameters: flat parameter of every rotation, −1 for a fixed one, ``(m,)``.
        scales: derivative of the angle by the parameter, ``(m,)``.
        mean: ``E cos φ``, ``(m,)``.
        sine: ``E sin² φ``, ``(m,)``.
        spread: ``E cos² φ − (E cos φ)²``, ``(m,)``.
        bloch: Bloch vectors of the initial state, ``(n, 3)``.
        constant: coefficient of the identity.
        narrow: whether an angle is not spread over whole turns.
        n_parameters: number of flat parameters.
    """

    coefficients: np.ndarray
    words: tuple[np.ndarray, np.ndarray]
    rotations: tuple[np.ndarray, np.ndarray]
    parameters: np.ndarray
    scales: np.ndarray
    mean: np.ndarray
    sine: np.ndarray
    spread: np.ndarray
    bloch: np.ndarray
    constant: float
    narrow: bool
    n_parameters: int

    @property
    def n_wires(self) -> int:
        """Number of wires ``n``."""
        return len(self.bloch)

    @property
    def is_basis(self) -> np.ndarray:
        """Which wires start in ``|0⟩`` or ``|1⟩``, ``(n,)``."""
        return np.abs(self.bloch[:, 2]) == 1.0

    @property
    def fixed(self) -> np.ndarray:
        """Which rotations have a fixed angle, ``(m,)``."""
        return self.parameters < 0

    @property
    def cosine(self) -> np.ndarray:
        """``E cos² φ``, ``(m,)``."""
        return 1 - self.sine

    def log_cosine(self) -> np.ndarray:
        """``log E cos² φ``, ``(m,)``; minus infinity where it vanishes."""
        with np.errstate(divide="ignore"):
            return np.log1p(-self.sine)

    def log_shrink(self) -> np.ndarray:
        """``log (E cos φ)²/E cos² φ``, ``(m,)``; minus infinity where the mean vanishes."""
        with np.errstate(divide="ignore"):
            return np.log1p(-np.minimum(self.spread / self.cosine, 1.0))


def path_model(made: PauliCircuit, law: Law) -> PathModel:
    """Read a circuit for Pauli paths.

    Args:
        made: the circuit as Pauli rotations, at one point.
        law: of the parameters.

    Raises:
        ReadingError: the paths do not give the variance of this circuit under this law; the
            message says why.
    """
    circuit, n = made.circuit, made.circuit.n_wires
    position = {label: w for w, label in enumerate(circuit.wires)}
    every = pauli_terms(circuit.measurements, position)
    terms = [(c, word) for c, word in every if word.support]
    if len(terms) > _MAX_WORDS:
        raise ReadingError(
            f"the observable has {len(terms)} Pauli words, paths take at most {_MAX_WORDS}"
        )
    pulled = [made.tail.pull_back(word) for _, word in terms]
    kept = _checked(in_reach(made.elements, pulled, n))
    bloch = bloch_vectors(circuit.preparation, position, n)
    rotations = absorb(kept, bloch)
    angles = _Angles.of(rotations, circuit, law)
    rotations, pulled = _without_quarters(rotations, pulled, angles, n)
    signs = np.array([word.sign for word in pulled], float)
    return PathModel(
        coefficients=signs * np.array([c for c, _ in terms]),
        words=(bits([w.x for w in pulled], n), bits([w.z for w in pulled], n)),
        rotations=(bits([e.word.x for e in rotations], n), bits([e.word.z for e in rotations], n)),
        parameters=angles.parameters,
        scales=angles.scales,
        mean=angles.moments.mean,
        sine=angles.moments.sine,
        spread=angles.moments.spread,
        bloch=bloch,
        constant=sum(c for c, word in every if not word.support),
        narrow=bool(angles.narrow.any()),
        n_parameters=circuit.n_parameters,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Angles:
    """Angles of the rotations: values, what they depend on, moments under the law."""

    values: np.ndarray
    parameters: np.ndarray
    scales: np.ndarray
    moments: Moments
    narrow: np.ndarray

    @classmethod
    def of(cls, rotations: Sequence[Rotation], circuit: Circuit, law: Law) -> _Angles:
        """Look them up and refuse what has no formula."""
        slopes = [_slope(e) for e in rotations]
        parameters = np.array([parameter for parameter, _ in slopes], np.int64)
        scales = np.array([slope for _, slope in slopes])
        moments = moments_of(law, scales)
        if moments is None:
            raise ReadingError(
                "the law is a function, whose moments are not known; use Uniform() or Normal(scale)"
            )
        if isinstance(law, Uniform) and law.half_width is None:
            _check_periods(circuit, slopes)
        free, values = parameters >= 0, np.array([rotation_angle(e) for e in rotations])
        narrow = free & ((moments.mean != 0) | (np.abs(0.5 - moments.sine) > 1e-15))
        if narrow.any() and not free.all():
            raise ReadingError(
                "rotations by fixed angles stand between trainable ones and the law does not "
                "spread every angle over whole turns, so that paths with different signs interfere"
            )
        moments = Moments(
            np.where(free, moments.mean, np.cos(values)),
            np.where(free, moments.sine, np.sin(values) ** 2),
            np.where(free, moments.spread, 0.0),
        )
        return cls(values, parameters, scales, moments, narrow)


def in_reach(
    elements: Sequence[Rotation | Opaque], pulled: Sequence[Word], n: int
) -> list[Rotation | Opaque]:
    """The elements that do not commute with all that the observable can become before them."""
    keys = [tuple(key_of(w, n) for w in _words(e)) for e in elements]
    known = [Element(k, tuple(swap(key, n) for key in k)) for k in keys]
    order = range(len(known) - 1, -1, -1)
    seeds = [key_of(word, n) for word in pulled]
    idle = {k for k, _ in idle_elements(order, known, seeds, 2 * n)}
    return [e for k, e in enumerate(elements) if k not in idle]


def _words(element: Rotation | Opaque) -> tuple[Word, ...]:
    return (element.word,) if isinstance(element, Rotation) else element.words


def _checked(elements: Sequence[Rotation | Opaque]) -> list[Rotation]:
    """Only rotations, every parameter in one of them, linearly."""
    seen: dict[int, int] = {}
    out = []
    for element in elements:
        if not isinstance(element, Rotation):
            raise ReadingError(
                "a gate (or noise channel) is no product of Pauli rotations and Clifford gates"
            )
        out.append(element)
        if not isinstance(element.angle, Angle) or not element.angle.parameters:
            continue
        if len(element.angle.parameters) > 1 or not element.angle.linear:
            raise ReadingError(NONLINEAR)
        (parameter,) = element.angle.parameters
        if parameter in seen:
            raise ReadingError(
                "the generator of a gate has several Pauli words"
                if seen[parameter] == element.gate
                else "several gates share a parameter (tied angles)"
            )
        seen[parameter] = element.gate
    return out


def absorb(elements: list[Rotation], bloch: np.ndarray) -> list[Rotation]:
    """Fixed one-wire rotations in front of everything else become part of the product state."""
    blocked, out = 0, []
    for element in elements:
        support = element.word.support
        if element.is_trainable or support.bit_count() > 1 or support & blocked:
            blocked |= support
            out.append(element)
        else:
            turn(bloch, element.word, rotation_angle(element))
    return out


def rotation_angle(element: Rotation) -> float:
    """The angle at the values given."""
    value = element.angle.value if isinstance(element.angle, Angle) else element.angle
    return element.coefficient * float(np.real(np.ravel(value)[0]))


def _slope(element: Rotation) -> tuple[int, float]:
    """The parameter of a trainable rotation and the derivative of the angle; −1 if it is fixed."""
    if not isinstance(element.angle, Angle) or not element.angle.parameters:
        return -1, 1.0
    ((parameter, slope),) = element.angle.parameters.items()
    return parameter, element.coefficient * float(np.ravel(slope)[0])


def _check_periods(circuit: Circuit, slopes: Sequence[tuple[int, float]]) -> None:
    known = periods(circuit)
    for parameter, slope in slopes:
        turns = known[parameter] * slope / (2 * np.pi)
        if parameter >= 0 and (not np.isfinite(turns) or abs(turns - round(turns)) > _TOLERANCE):
            raise ReadingError("the period of a parameter is not known")


def _without_quarters(
    elements: list[Rotation], pulled: list[Word], angles: _Angles, n: int
) -> tuple[list[Rotation], list[Word]]:
    """Angles of narrow laws around zero: their quarter turns are moved behind all rotations."""
    turns = np.where(angles.narrow, angles.values / (np.pi / 2), 0.0)
    quarters = np.round(turns).astype(int)
    if np.any(np.abs(turns - quarters) > _TOLERANCE):
        raise ReadingError(
            "the law is centred at angles that are no multiples of π/2, so that paths with "
            "different signs interfere; give multiples of π/2 (zeros, for instance), or use "
            "Uniform()"
        )
    if not np.any(quarters % 4):
        return elements, pulled
    frame, out = Frame.identity(n), []
    for element, count in zip(elements, quarters.tolist(), strict=True):
        word = frame.pull_back(element.word)
        # the law is symmetric, so that a sign of the word does not matter
        out.append(replace(element, word=Word(word.x, word.z)))
        frame.append_quarter_turns(element.word, range(n), count)
    return out, [frame.pull_back(word) for word in pulled]
