"""Means and variances of losses over angle laws by quadrature: an independent second road.

A loss has degree one in the cosine and sine of every angle, its square degree two: three equally
spaced points are exact over whole turns, few Gauss points as good as exact for narrow laws.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.circuits.rotations import pauli_circuit
from pennylane_trainability.landscapes.path_estimates import path_estimates
from pennylane_trainability.landscapes.path_model import path_model
from pennylane_trainability.laws import Normal
from pennylane_trainability.simulation.adjoint import simulate


@dataclass
class Exact:
    mean: float
    loss: float
    gradients: np.ndarray


def rule(law):
    """Points and weights of one angle around zero."""
    if isinstance(law, Normal):
        points, weights = np.polynomial.hermite_e.hermegauss(8)
        return points * law.scale, weights / weights.sum()
    if law.half_width is None:
        return 2 * np.pi * np.arange(3) / 3, np.full(3, 1 / 3)
    points, weights = np.polynomial.legendre.leggauss(6)
    return points * law.half_width, weights / 2


def read(function, *args, **options):
    qnode = qml.QNode(function, qml.device("default.qubit"))
    return read_qnode(qnode, args, {}, need_inputs=False, **options)


def exact(reading, law) -> Exact:
    given = reading.arguments.parameters
    points, weights = rule(law)
    moved = np.array(list(product(points, repeat=len(given))))
    share = np.prod(np.array(list(product(weights, repeat=len(given)))), axis=1)
    found = simulate(reading.at(given + moved, reading.arguments.inputs[None]))
    values, slopes = found.values[0][:, 0], found.gradients[0][:, 0]
    mean = share @ values
    return Exact(mean, share @ values**2 - mean**2, share @ slopes**2 - (share @ slopes) ** 2)


def drawn(reading, law, n_paths, seed, level=0.95):
    model = path_model(pauli_circuit(reading.circuit), law)
    return path_estimates(model, n_paths, np.random.SeedSequence(seed))


def misses(interval, truth):
    """How many standard errors the truth is off; 0 where the interval covers it anyway."""
    known = interval.error == 0
    covered = (interval.low - 1e-12 <= truth) & (truth <= interval.high + 1e-12)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.abs(interval.value - truth) / interval.error
    off = np.where(known, np.where(np.abs(interval.value - truth) < 1e-9, 0.0, np.inf), off)
    return np.where(covered, 0.0, off)


LETTERS = list("IXYZ")


def some_word(rng, n):
    while True:
        word = "".join(rng.choice(LETTERS, n))
        if set(word) != {"I"}:
            return word


def random_function(rng, n, count, fixed=0, prepared=False, leading=False):
    """Rotations about random words, fixed rotations and Clifford gates; a random observable."""
    steps = []
    if prepared:
        state = [int(b) for b in rng.integers(0, 2, n)]
        steps.append(lambda w: qml.BasisState(state, wires=range(n)))
    if leading:
        for wire, angle in enumerate(rng.uniform(0, 6, n)):
            steps.append(lambda w, wire=wire, angle=angle: qml.RX(angle, wire))
            steps.append(lambda w, wire=wire, angle=angle: qml.RZ(2 * angle, wire))
    kinds = rng.permutation(["free"] * count + ["fixed"] * fixed)
    place = 0
    for kind in kinds:
        for _ in range(2):
            steps.append(_clifford(rng, n))
        word = some_word(rng, n)
        if kind == "free":
            steps.append(lambda w, k=place, p=word: qml.PauliRot(w[k], p, wires=range(n)))
            place += 1
        else:
            angle = rng.uniform(0, 6)
            steps.append(lambda w, a=angle, p=word: qml.PauliRot(a, p, wires=range(n)))
    terms = [(rng.normal(), some_word(rng, n)) for _ in range(rng.integers(1, 5))]
    observable = qml.sum(*[c * qml.pauli.string_to_pauli_word(p) for c, p in terms])

    def function(w):
        for step in steps:
            step(w)
        return qml.expval(observable)

    return function


def _clifford(rng, n):
    a, b = (int(w) for w in rng.permutation(n)[:2])
    return [
        lambda w: qml.H(a),
        lambda w: qml.S(a),
        lambda w: qml.SX(a),
        lambda w: qml.CNOT([a, b]),
        lambda w: qml.CZ([a, b]),
    ][rng.integers(5)]
