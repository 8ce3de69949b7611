"""What does noise do to this quantity? One sentence each, said wherever a device may be noisy.

The model behind most of them is global depolarising noise, ``ρ → s ρ + (1 − s) 1/2^n`` with a
survival ``s``: means of Pauli words are multiplied by ``s``. Other noise does other things, and the
sentences say where that changes the reading.
"""

from __future__ import annotations

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.transforms.noise_source import NoiseSource, noise_source

__all__ = ["EFFECTS", "noise_notes", "source_of"]

#: What noise does, by quantity.
EFFECTS = {
    "jacobian": (
        "global depolarising noise multiplies every entry by one factor below 1: directions sink "
        "below the noise floor, and the rank seen stays a lower bound; coherent errors and "
        "relaxation move entries otherwise and can add directions that the ideal circuit lacks"
    ),
    "fourier-rows": (
        "it is in the values and not in the errors; global depolarising noise multiplies every "
        "coefficient by one factor below 1 (of the constant its distance to the mean of the "
        "observable), so that the spectrum keeps its shape; errors of reading and relaxation move "
        "the constant, coherent errors all of them"
    ),
    "natural-gradient": (
        "global depolarising noise shortens the gradient by one factor below 1 and changes the "
        "metric otherwise: the direction is still one of descent, but the length of the step is "
        "not that of the circuit without noise; coherent errors can turn both"
    ),
    "gradient": (
        "it is in the values and not in the errors; global depolarising noise multiplies all "
        "derivatives by one factor below 1, so that small ones are no sign that the ideal circuit "
        "has a plateau; coherent errors and relaxation move derivatives otherwise"
    ),
    "qfim-overlap": (
        "the formula is that of a pure state; global depolarising noise shrinks the spectrum, so "
        "that a rank bound stays one but gets worse; coherent errors can add directions"
    ),
    "qfim-generators": (
        "the formula is that of a pure state; noise makes generators look less correlated, which "
        "raises small eigenvalues: the rank bound holds for this matrix, not for the circuit "
        "without noise"
    ),
    "loss-variance": (
        "global depolarising noise multiplies the variance by the square of a factor below 1 that "
        "falls exponentially with the number of gates, which looks like a barren plateau of the "
        "circuit; relaxation can keep a variance from vanishing that would without it"
    ),
    "gradient-variances": (
        "global depolarising noise multiplies all variances by the square of a factor below 1 that "
        "falls exponentially with the number of gates, which looks like a barren plateau of the "
        "circuit; relaxation can keep variances from vanishing that would without it"
    ),
    "expressibility": (
        "it moves overlaps towards 1/2^n, those of equal states too, so that frame potentials and "
        "divergences speak of noise as well as of the circuit; the survival says how much"
    ),
    "entangling-capability": (
        "depolarising noise lowers the purities of single wires, which counts as entanglement "
        "here: the value is then an upper bound; relaxation towards a basis state raises them"
    ),
    "data-jacobian": (
        "it is in the values and not in the errors; global depolarising noise multiplies the "
        "Jacobian by one factor below 1 and the tangent kernel by its square, so that learning "
        "looks slower than the ideal circuit's; coherent errors and relaxation do otherwise"
    ),
    "loss-slice": (
        "global depolarising noise draws the landscape towards the mean of the observable by one "
        "factor below 1, which leaves minima where they are and flattens them; coherent errors "
        "and relaxation can move minima"
    ),
    "degrees-of-freedom": (
        "global depolarising noise divides variances of loss and derivatives by a square, which "
        "the roads of variances read as more degrees of freedom; skewness and kurtosis stay, so "
        "that roads that disagree may be a sign of noise"
    ),
    "mixture": (
        "it is in the values and not in the errors; deeper parts lose more of their signal, so "
        "that a noisy mixture also weighs its parts otherwise than asked"
    ),
    "policy-gradient": (
        "global depolarising noise mixes probabilities with even ones: derivatives of π shrink by "
        "one factor below 1, and those of log π by more where π is small; errors of reading move "
        "probability between actions"
    ),
    "policy-variance": (
        "global depolarising noise mixes probabilities with even ones: variances of ∂π shrink by "
        "the square of a factor below 1, those of ∂ log π by more, because no probability stays "
        "small; that hides vanishing denominators of the ideal circuit"
    ),
}


def source_of(device, circuit: Circuit | None = None) -> NoiseSource:
    """Where noise of a measurement may come from; see :func:`noise_source`."""
    return noise_source(device, () if circuit is None else (gate.op for gate in circuit.gates))


def noise_notes(quantity: str, device, circuit: Circuit | None = None) -> tuple[str, ...]:
    """What noise does to a quantity, if there may be any: one note or none.

    Args:
        quantity: a key of :data:`EFFECTS`.
        device: it is measured on.
        circuit: whose channels are noise, too.

    >>> import pennylane as qml
    >>> noise_notes("gradient", qml.device("default.qubit"))
    ()
    >>> noise_notes("gradient", qml.device("default.mixed", wires=1, readout_prob=0.1))[0][:44]
    'default.mixed: noise is simulated; it is in '
    """
    source = source_of(device, circuit)
    return (f"{source}; {EFFECTS[quantity]}",) if source.may_be_noisy else ()
