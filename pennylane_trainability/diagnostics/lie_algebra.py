"""Which Lie algebra do the rotations of a circuit generate, and what follows for the loss?"""

from __future__ import annotations

import functools

import numpy as np
from pennylane.pauli import PauliSentence
from pennylane.queuing import QueuingManager

from pennylane_trainability.circuits.pauli import Word, to_pauli_word
from pennylane_trainability.circuits.qnode import function_of, read_qnode
from pennylane_trainability.circuits.rotations import pauli_circuit
from pennylane_trainability.diagnostics.algebra_elements import Elements, elements_of
from pennylane_trainability.diagnostics.algebra_purities import Purities, purities_of
from pennylane_trainability.diagnostics.algebra_reading import AlgebraReading, algebra_reading
from pennylane_trainability.diagnostics.lie_algebra_record import DynamicalLieAlgebra, SimpleIdeal
from pennylane_trainability.diagnostics.variance_ask import positive
from pennylane_trainability.diagnostics.variance_record import DEEP
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.deep_limit import DeepLimit, deep_limit
from pennylane_trainability.landscapes.steps import Step, StepCircuit, Sum
from pennylane_trainability.landscapes.word_module import Budget
from pennylane_trainability.liealg.splitting import Part
from pennylane_trainability.results import Estimate, Provenance, kept_seed
from pennylane_trainability.simulation.adjoint import DEFAULT_MEMORY
from pennylane_trainability.transforms.engines import device_name

__all__ = ["dynamical_lie_algebra"]


def dynamical_lie_algebra(
    qnode,
    argnums=None,
    *,
    encoding_args=None,
    max_dimension: int = 1 << 12,
    max_words: int = 1 << 14,
    seed: int | np.random.SeedSequence | None = None,
    memory: int = DEFAULT_MEMORY,
):
    r"""Which Lie algebra do the rotations of a circuit generate, and what follows for the loss?

    With the generators :math:`G_k` of the gates :math:`e^{-i\theta_k G_k/2}`, carried to the start
    of the circuit through its Clifford gates,

    .. math:: \mathfrak g = \langle iG_1, \dots, iG_m \rangle_{\rm Lie}
              = \mathfrak z \oplus \mathfrak g_1 \oplus \dots \oplus \mathfrak g_k

    is the sum of its centre and of simple ideals. Deep circuits behave like random elements of the
    group :math:`e^{\mathfrak g}`. If the observable or the state lies in :math:`i\mathfrak g`, then
    (Ragone et al., arXiv:2309.09342)

    .. math:: \mathrm{Var}\,\ell = \sum_j
              \frac{P_j(\rho)\, P_j(O)}{\dim \mathfrak g_j}, \qquad
              P_j(H) = \sum_{B \in \mathfrak g_j} |\mathrm{Tr}(BH)|^2,

    and the mean comes from the centre. In any case the variance follows from the module of the
    observable, which is given as well; it needs neither condition.

    Gates that stand side by side, commute and share a parameter have one generator, the sum. Words
    are classified whatever the dimension and listed up to ``max_dimension``; sums of words are
    closed by exact ranks and split in floating point, up to dimension 600.

    Args:
        qnode: a QNode, on any device; it is not run.
        argnums: the trainable arguments; see :func:`loss_variance`.
        encoding_args: data arguments; rotations by them among trainable ones count as generators.
        max_dimension: list no more elements than this.
        max_words: the largest module of the observable.
        seed: of a random matrix that tells ideals of sums of words apart; drawn and kept if
            ``None``.
        memory: bytes that matrices may take.

    Returns:
        A function of the QNode's arguments that returns a :class:`DynamicalLieAlgebra`.

    Raises:
        ReadingError: nothing is trainable, or the generator of a gate is not known.

    **Cost.** No circuits.

    **Example**

    Matchgates on two wires look like one algebra of dimension six, and are two:

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for layer in weights:
    ...         qml.RZ(layer[0], wires=0)
    ...         qml.RZ(layer[1], wires=1)
    ...         qml.IsingXX(layer[2], wires=[0, 1])
    ...     return qml.expval(qml.Z(0) + qml.Z(1))
    >>> found = pt.dynamical_lie_algebra(circuit)(np.zeros((2, 3)))
    >>> print(found.heading())
    Dynamical Lie algebra of dimension 6: 2 × so(3)
    >>> [round(ideal.state_purity * ideal.observable_purity, 9) for ideal in found.ideals]
    [4.0, 0.0]
    >>> print(found.variance)  # 4/3, where one ideal would give 2/3
    1.33333 (exact)
    """
    positive("max_dimension", max_dimension, 1)
    positive("max_words", max_words, 1)
    entropy = kept_seed(seed)

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> DynamicalLieAlgebra:
        reading = read_qnode(qnode, args, kwargs, encoding_args, argnums, need_inputs=False)
        with QueuingManager.stop_recording():  # generators and matrices are made of operators
            read = algebra_reading(pauli_circuit(reading.circuit))
        rng = np.random.default_rng(entropy)
        elements = elements_of(read.generators, read.n_wires, max_dimension, rng)
        deep, why = _deep(read, Budget(max_words, 1e12, memory))
        provenance = Provenance(seed=entropy, device=device_name(qnode.device), engine="exact")
        return _record(read, elements, deep, why, reading.circuit.wires, provenance)

    return run


def _deep(read: AlgebraReading, budget: Budget) -> tuple[DeepLimit | None, tuple[str, ...]]:
    """The variance by the module of the observable, or why there is none."""
    if read.terms is None or read.bloch is None:
        return None, ()
    steps = tuple(Step(k, one, {}) for k, one in enumerate(read.generators))
    circuit = StepCircuit(
        *(read.terms, read.constant, (), steps, read.bloch, len(steps)), has_fixed=False
    )
    try:
        return deep_limit(circuit, budget), ()
    except (BudgetError, ReadingError) as error:
        note = f"the variance is not given: {error}. loss_variance() has methods that still apply."
        return None, (note,)


def _record(
    read: AlgebraReading,
    elements: Elements,
    deep: DeepLimit | None,
    why: tuple[str, ...],
    wires,
    provenance: Provenance,
) -> DynamicalLieAlgebra:
    split = elements.split
    found = purities_of(read, split)
    centre: SimpleIdeal | None = None
    parts: tuple[SimpleIdeal, ...] = ()
    if split is not None:
        everything = [
            _ideal(part, split.words.pairs(), found, number, wires)
            for number, part in enumerate((split.centre, *split.parts))
        ]
        centre, parts = everything[0], tuple(everything[1:])
    return DynamicalLieAlgebra(
        dimension=elements.dimension,
        complete=elements.complete,
        text=elements.text,
        centre=centre,
        ideals=parts,
        generators=tuple(str(_sentence(one, wires)) for one in read.generators),
        observable_inside=found.observable_inside,
        state_inside=found.state_inside,
        mean=None if deep is None else Estimate.known(deep.mean, DEEP),
        variance=None if deep is None else Estimate.known(deep.loss, DEEP),
        gradients=None if deep is None else deep.gradients,
        ragone=None if found.ragone is None else Estimate.known(found.ragone, DEEP),
        fontana=found.fontana,
        module=None if deep is None else deep.dimension,
        statements=_statements(found, deep),
        notes=(*elements.notes, *read.notes, *why),
        n_wires=read.n_wires,
        provenance=provenance,
    )


def _ideal(part: Part, pairs: list, found: Purities, number: int, wires) -> SimpleIdeal:
    keys = [pairs[row] for row in part.rows]
    basis = tuple(
        _sentence({keys[k]: float(row[k]) for k in np.flatnonzero(np.abs(row) > 1e-12)}, wires)
        for row in part.basis
    )
    return SimpleIdeal(
        name=part.name,
        dimension=part.dimension,
        state_purity=None if found.state is None else float(found.state[number]),
        observable_purity=None if found.observable is None else float(found.observable[number]),
        basis=basis,
    )


def _sentence(one: Sum, wires) -> PauliSentence:
    return PauliSentence({to_pauli_word(Word(*key), wires)[0]: v for key, v in one.items()})


def _statements(found: Purities, deep: DeepLimit | None) -> tuple[str, ...]:
    """What holds, in plain words."""
    words = {True: "lies", False: "does not lie"}
    out = [
        f"the {what} {words[inside]} in the algebra (up to the identity)"
        for what, inside in (
            ("observable", found.observable_inside),
            ("state", found.state_inside),
        )
        if inside is not None
    ]
    if found.ragone is not None:
        out.append("the variance is the sum over ideals of P(ρ) P(O) / dimension")
    elif found.observable_inside is False and found.state_inside is False:
        out.append("the formula with one purity per ideal does not apply; the module's does")
    if deep is not None:
        out.append("variances are those of random elements of the group: a limit of deep circuits")
    return tuple(out)
