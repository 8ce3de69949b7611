"""What are the degrees of freedom of a circuit, and what do they say about its landscape?"""

from __future__ import annotations

import functools
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from pennylane_trainability.circuits.arguments import to_numpy
from pennylane_trainability.circuits.qnode import Reading, function_of, read_qnode
from pennylane_trainability.diagnostics.wishart_blocks import Found, Part, find_blocks
from pennylane_trainability.diagnostics.wishart_reading import driven
from pennylane_trainability.diagnostics.wishart_record import (
    LossMoments,
    WishartBlock,
    WishartParameters,
)
from pennylane_trainability.errors import BudgetError, ReadingError
from pennylane_trainability.landscapes.observable import one_expectation
from pennylane_trainability.landscapes.wishart import BlockModel
from pennylane_trainability.results import Provenance
from pennylane_trainability.transforms.engines import device_name

__all__ = ["parameters_of", "parameters_or_why", "wishart_parameters"]


def wishart_parameters(qnode, argnums=None, *, encoding_args=None, data=None):
    r"""How many degrees of freedom has a circuit, and what law do its loss and gradient follow?

    The rotations of a circuit act on blocks of ``N × N`` matrices over the real numbers, the
    complex numbers or the quaternions (:math:`\beta = 1, 2, 4`). Where they reach all of SO(N),
    SU(N) or Sp(N), a deep circuit with random parameters has, asymptotically, the loss

    .. math:: \ell - \ell^* = \sum_\alpha \frac{I_\alpha \bar o_\alpha}{r_\alpha}
        \mathrm{Tr}(\rho^\alpha W^\alpha), \qquad
        r_\alpha = \frac{\mathrm{Tr}_\alpha(O)^2}{\mathrm{Tr}_\alpha(O^2)},

    with Wishart matrices :math:`W^\alpha` (Anschuetz, arXiv:2408.11901) and ``O`` shifted so that
    its smallest eigenvalue, here that of the block, is 0. From it follow the laws of the loss
    (Gamma) and of a derivative (variance-gamma), whether they are close to normal, and how many
    parameters put local minima at the bottom (:math:`\gamma = p/(\beta r) \ge 1`). Beside them
    stand the exact moments at this size; where the group is not all of SO(N), SU(N) or Sp(N), the
    result says so and gives no laws.

    Two moments of ``O`` enter the laws. ``r_uncentred`` is the definition above; ``r_centred``,
    with ``Tr (O − ō)²`` in the denominator, reproduces the variance also where ``r`` is not small
    against ``N``. Observables whose eigenvalues reach further down than up (``1 − |0⟩⟨0|``) take
    the mirrored law, that of ``λ_max − O``.

    Args:
        qnode: a QNode that returns one ``expval`` of a sum of Pauli words.
        argnums: the trainable arguments; ``None`` takes every floating argument that is not marked
            ``requires_grad=False``.
        encoding_args: data arguments, left as they are.
        data: points of the data argument, ``(G, …)``; then ``kernel`` holds the covariances of the
            loss between them. Their gates have to stand in front of all trainable ones.

    Returns:
        A function of the QNode's arguments that returns :class:`WishartParameters`.

    Raises:
        ReadingError: a gate or the observable has no Pauli words.
        BudgetError: generators are sums of words on too many wires.

    **Cost.** No circuits. Pauli words: linear algebra over two elements, hundreds of wires. Sums of
    words (tied angles): matrices up to 32 × 32.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(weights):
    ...     for layer in weights:
    ...         for wire in range(4):
    ...             qml.RY(layer[wire, 0], wires=wire)
    ...             qml.RZ(layer[wire, 1], wires=wire)
    ...         for wire in range(4):
    ...             qml.CNOT(wires=[wire, (wire + 1) % 4])
    ...     return qml.expval(qml.Projector([0, 0], wires=[0, 1]))
    >>> found = pt.wishart_parameters(circuit)(np.zeros((10, 4, 2)))
    >>> block = found.blocks[0]
    >>> block.group, block.r_uncentred, round(block.r_centred, 3)
    ('SU(16)', 4.0, 5.333)
    >>> found.threshold, found.n_parameters
    (8.0, 76)
    """

    @functools.wraps(function_of(qnode))
    def run(*args, **kwargs) -> WishartParameters:
        reading = read_qnode(
            qnode,
            args,
            kwargs,
            encoding_args,
            argnums,
            need_inputs=data is not None,
        )
        one_expectation(reading.circuit.measurements)
        return parameters_of(reading, data)

    return run


def parameters_of(reading: Reading, data=None) -> WishartParameters:
    """The parameters of a QNode that has been read."""
    read = driven(reading.circuit if data is None else _at(reading, data))
    found = find_blocks(read)
    order = sorted(found.parts, key=lambda part: -_variance(part))
    models = [part.model for part in order if part.model is not None]
    complete = not found.reasons and bool(models)
    return WishartParameters(
        blocks=tuple(_block(part, read.n_parameters) for part in order),
        algebra=found.algebra,
        method=found.method,
        reasons=found.reasons,
        n_parameters=read.n_parameters,
        n_wires=read.n_wires,
        loss_law=_sum(m.loss_law(False) for m in models) if complete else None,
        loss_law_centred=_sum(m.loss_law(True) for m in models) if complete else None,
        gradient_law=_sum(m.gradient_law(False) for m in models) if complete else None,
        gradient_law_centred=_sum(m.gradient_law(True) for m in models) if complete else None,
        slopes=read.slopes,
        exact=_exact(models) if complete else None,
        kernel=found.kernel,
        notes=read.notes + _notes(models, found),
        provenance=Provenance(
            n_samples=0, device=device_name(reading.qnode.device), engine="structure"
        ),
    )


def parameters_or_why(reading: Reading) -> tuple[WishartParameters | None, tuple[str, ...]]:
    """The parameters, and why the laws do not apply; ``None`` if the blocks are not known."""
    try:
        found = parameters_of(reading)
    except (ReadingError, BudgetError) as error:
        return None, (str(error),)
    return found, found.reasons


def _at(reading: Reading, data):
    """The circuit at all data points.

    Raises:
        ReadingError: the data have another width, or enter behind a trainable gate.
    """
    points = to_numpy(data)
    width = reading.arguments.inputs.size
    if not points.size or points.size % width or not np.isfinite(points).all():
        raise ReadingError(
            f"data needs finite points of {width} numbers each; got shape {points.shape}."
        )
    trained = False
    for gate in reading.circuit.gates:
        trained = trained or gate.is_trainable
        if trained and gate.is_encoding:
            raise ReadingError(
                f"{gate.name} carries data behind a trainable gate, so that inputs differ by more "
                "than the state they prepare. Call without data=…: the input of the call is used."
            )
    return reading.at(reading.arguments.parameters[None], points.reshape(-1, width))


def _sum(laws):
    return reduce(add, laws)


def _variance(part: Part) -> float:
    return 0.0 if part.model is None else part.model.exact_loss().variance


def _block(part: Part, n_parameters: int) -> WishartBlock:
    model = part.model
    nan = float("nan")
    common: dict[str, Any] = {
        "size": part.size, "beta": part.beta, "multiplicity": part.multiplicity,
        "embedding_index": part.multiplicity * (2 if part.beta == 4 else 1),
        "dimension": part.dimension, "is_full": part.is_full, "probability": part.total,
    }  # fmt: skip
    if model is None:
        return WishartBlock(
            **common, mean_eigenvalue=nan, low=nan, high=nan, ends_exact=False, mirrored=False,
            r_uncentred=nan, r_centred=nan, r_descent=nan, overparametrisation=nan, variance=nan,
            gradient_variance=nan, pure=False,
        )  # fmt: skip
    return WishartBlock(
        **common,
        mean_eigenvalue=model.mean_eigenvalue,
        low=model.spectrum.low,
        high=model.spectrum.high,
        ends_exact=model.spectrum.exact,
        mirrored=model.mirrored,
        r_uncentred=model.degrees(False),
        r_centred=model.degrees(True),
        r_descent=model.upright_degrees,
        overparametrisation=n_parameters / (part.beta * model.upright_degrees),
        variance=model.exact_loss().variance,
        gradient_variance=model.exact_gradient(),
        pure=model.weights.is_pure,
    )


def _exact(models: list[BlockModel]) -> LossMoments:
    total = reduce(add, (model.exact_loss() for model in models))
    return LossMoments(
        mean=total.mean,
        variance=total.variance,
        skewness=total.skewness,
        excess_kurtosis=total.excess_kurtosis,
        gradient_variance=sum(model.exact_gradient() for model in models),
    )


def _notes(models: list[BlockModel], found: Found) -> tuple[str, ...]:
    notes = []
    if any(not model.spectrum.exact for model in models):
        notes.append(
            "the smallest and largest eigenvalues are bounds by Σ|c|: degrees of freedom are upper "
            "bounds, and shapes of laws depend on them; means and variances of centred laws do not"
        )
    if any(model.mirrored for model in models):
        notes.append("mirrored laws: eigenvalues reach further down from their mean than up")
    if models and not found.reasons:
        notes.append(
            "laws are limits: independent parameters, deep enough for random elements of the group"
        )
    return tuple(notes)
