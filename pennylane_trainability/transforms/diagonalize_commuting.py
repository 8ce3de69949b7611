"""The transform ``diagonalize_commuting``."""

from __future__ import annotations

import functools

import pennylane as qml
from pennylane.queuing import QueuingManager
from pennylane.tape import QuantumScript
from pennylane.wires import Wires

from pennylane_trainability.circuits.measurement_groups import MeasurementGroup, measurement_groups
from pennylane_trainability.circuits.pauli import Word
from pennylane_trainability.transforms.pauli_sums import Combination, Sentence, sentence_of

__all__ = ["diagonalize_commuting"]

_GATES = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
}


@qml.transform
def diagonalize_commuting(
    tape: QuantumScript, grouping: str = "auto", two_qubit_weight: float = 0.0
):
    r"""Measure Pauli words that commute in one circuit, also when no qubit-wise basis fits them.

    Words that commute, such as :math:`XX`, :math:`YY` and :math:`ZZ`, share eigenstates, and a
    Clifford circuit :math:`C` turns all of them into products of :math:`Z`:

    .. math:: C\,W_k\,C^\dagger = \pm\prod_{j \in m_k} Z_j.

    The transform splits the expectation values of a circuit into sets of commuting words, appends
    :math:`C` for each, and asks for the products of :math:`Z`, which PennyLane measures together.
    ``qml.transforms.split_non_commuting`` needs letters that agree wire by wire: no two-qubit
    gates, but more circuits.

    Args:
        tape (QNode or QuantumScript): the circuit. Expectation values of Pauli words and of sums of
            them are measured as said; all other measurements (``probs``, ``var``, ``Hermitian`` …)
            stay as they are, together in one circuit of their own.
        grouping: ``"commuting"``, ``"qubit-wise"`` (no two-qubit gates), or ``"auto"``: the cheaper
            of the two, set by set.
        two_qubit_weight: how many circuits one appended two-qubit gate is worth to ``"auto"``. With
            0 the fewest circuits are taken; a noisy device asks for more.

    Returns:
        What the QNode returns, in the same structure. A tape gives ``(tapes, post-processing)``.

    Raises:
        ReadingError: ``grouping`` or ``two_qubit_weight`` is not among the values above.

    **Cost.** One circuit per set of commuting words (greedy colouring), each with the shots of the
    QNode, in one device execution. The appended circuit has at most :math:`k(k-1)/2` two-qubit
    gates if its words disagree on :math:`k` wires, and none if they agree wire by wire.

    **Example**

    A Bell pair has :math:`XX = ZZ = 1` and :math:`YY = -1`. One circuit with one ``CNOT`` says so:

    >>> import pennylane as qml
    >>> device = qml.device("default.qubit")
    >>> @qml.transforms.diagonalize_commuting
    ... @qml.qnode(device)
    ... def bell():
    ...     qml.Hadamard(0)
    ...     qml.CNOT([0, 1])
    ...     return [qml.expval(p(0) @ p(1)) for p in (qml.X, qml.Y, qml.Z)]
    >>> with qml.Tracker(device) as tracker:
    ...     values = bell()
    >>> [round(float(v), 6) for v in values], tracker.totals["executions"]
    ([1.0, -1.0, 1.0], 1)

    A double excitation on four wires takes two circuits instead of five:

    >>> texts = ["XXYY", "YYXX", "XYYX", "YXXY", "ZZII", "IIZZ", "ZIIZ", "ZIII", "IIIZ"]
    >>> words = [qml.pauli.string_to_pauli_word(text) for text in texts]
    >>> energy = qml.Hamiltonian([0.1] * len(words), words)
    >>> tape = qml.tape.QuantumScript([qml.X(0), qml.X(1)], [qml.expval(energy)])
    >>> len(qml.transforms.diagonalize_commuting(tape)[0])
    2
    >>> len(qml.transforms.split_non_commuting(tape, grouping_strategy="qwc")[0])
    5

    Results can be differentiated, also with respect to the coefficients of an observable, under
    autograd, JAX (also inside ``jax.jit``) and Torch.
    """
    with QueuingManager.stop_recording():
        return _split(tape, grouping, two_qubit_weight)


def _split(tape: QuantumScript, grouping: str, two_qubit_weight: float):
    sentences = [sentence_of(m, tape.wires) for m in tape.measurements]
    words = list({word: None for s in sentences for word, _ in s or () if word.support})
    groups = measurement_groups(
        words, len(tape.wires), grouping=grouping, two_qubit_weight=two_qubit_weight
    )
    tapes = [_rotated(tape, group) for group in groups]
    # a constant alone takes shape and interface from any value that is measured
    alone = [not any(word.support for word, _ in s or ()) for s in sentences]
    kept = [k for k, s in enumerate(sentences) if s is None or (alone[k] and not groups)]
    if len(kept) == len(sentences):
        return [tape], lambda results: results[0]
    if kept:
        tapes.append(_copy(tape, tape.operations, [tape.measurements[k] for k in kept], kept))
    places = _places(words, groups)
    combinations = [
        Combination(None, [1.0], [(len(groups), kept.index(k))])
        if k in kept
        else _combination(s or [], places)
        for k, s in enumerate(sentences)
    ]
    sizes = [len(t.measurements) for t in tapes]
    one = functools.partial(_values, combinations=combinations, sizes=sizes)
    if not tape.shots.has_partitioned_shots:
        return tapes, one
    return tapes, lambda results: tuple(one(copies) for copies in zip(*results, strict=True))


def _values(results, combinations: list[Combination], sizes: list[int]):
    """What the tape returns, from the results of all circuits with the numbers of measurements."""
    rows = [r if size > 1 else (r,) for r, size in zip(results, sizes, strict=True)]
    values = tuple(combination.value(rows) for combination in combinations)
    return values if len(values) > 1 else values[0]


def _rotated(tape: QuantumScript, group: MeasurementGroup) -> QuantumScript:
    """The circuit that measures a group, with one expectation value of Z per word."""
    wires = tape.wires
    gates = [_GATES[name](wires=[wires[w] for w in own]) for name, own in group.basis.gates]
    measurements = [qml.expval(_z_word(mask, wires)) for mask in group.basis.masks]
    return _copy(tape, [*tape.operations, *gates], measurements, [])


def _z_word(mask: int, wires: Wires):
    factors = [qml.Z(label) for w, label in enumerate(wires) if mask >> w & 1]
    return factors[0] if len(factors) == 1 else qml.prod(*factors)


def _copy(tape: QuantumScript, operations, measurements, kept: list[int]) -> QuantumScript:
    """A tape with some of the measurements, the same parameters of the rest trainable."""
    count = len(tape.operations)
    stay = [
        number
        for number, info in enumerate(tape.par_info)
        if info["op_idx"] < count or info["op_idx"] - count in kept
    ]
    wanted = set(tape.trainable_params)
    trainable = [new for new, old in enumerate(stay) if old in wanted]
    return tape.copy(operations=operations, measurements=measurements, trainable_params=trainable)


def _places(words: list[Word], groups: list[MeasurementGroup]) -> dict:
    """``{word: (circuit, measurement, sign)}``."""
    return {
        words[i]: (number, position, float(group.basis.signs[position]))
        for number, group in enumerate(groups)
        for position, i in enumerate(group.words)
    }


def _combination(sentence: Sentence, places: dict) -> Combination:
    constant, coefficients, found = None, [], []
    for word, coefficient in sentence:
        if not word.support:
            constant = coefficient
            continue
        circuit, measurement, sign = places[word]
        coefficients.append(sign * coefficient)
        found.append((circuit, measurement))
    if not found:
        return Combination(0.0 if constant is None else constant, [0.0], [(0, 0)])
    return Combination(constant, coefficients, found)
