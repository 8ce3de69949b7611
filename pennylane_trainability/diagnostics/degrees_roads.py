"""Degrees of freedom from what was sampled: each road for itself, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pennylane_trainability.circuits.qnode import Reading
from pennylane_trainability.diagnostics.degrees_sample import Samples
from pennylane_trainability.diagnostics.variance_ask import VarianceAsk
from pennylane_trainability.diagnostics.wishart import parameters_or_why
from pennylane_trainability.landscapes.observable import pauli_terms
from pennylane_trainability.landscapes.spectra import Spectrum, spectrum_of
from pennylane_trainability.results import Claim, Estimate, Finding, Severity
from pennylane_trainability.statistics.cumulants import draw_powers
from pennylane_trainability.statistics.degrees import (
    from_gradient_kurtosis,
    from_loss_skewness,
    from_loss_variance,
    from_traces,
)

__all__ = ["Basis", "Roads", "basis_of", "findings_of", "roads_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What all roads start from.

    Attributes:
        beta: 1, 2 or 4.
        lowest: ``ℓ^*``; the largest value if mirrored.
        mirrored: whether the law is that of ``λ_max − O``.
        size: ``N`` of the block, or of the whole space where there are several.
        spectrum: of the observable on the whole space.
        notes: what the reader should know.
    """

    beta: int
    lowest: float
    mirrored: bool
    size: float
    spectrum: Spectrum
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """The estimates of all roads that were taken.

    Attributes:
        estimates: ``(name, r)``.
        skewness: of the loss.
        excess_kurtosis: of the derivative.
    """

    estimates: tuple[tuple[str, Estimate], ...]
    skewness: Estimate | None
    excess_kurtosis: Estimate | None


def basis_of(reading: Reading, traces: bool, beta: int | None, minimum: float | None) -> Basis:
    """From the generators of the circuit as far as they tell, else from what is passed.

    Args:
        reading: the QNode.
        traces: whether traces are asked for, which are those of the whole space.
        beta: as passed by the user.
        minimum: as passed by the user.
    """
    found, why = parameters_or_why(reading)
    doubt = "blocks are not known" if found is None else "Wishart laws are not expected"
    notes = tuple(f"{doubt}: {one}" for one in why)
    blocks = found.blocks if found is not None else ()
    if beta is None:
        beta = blocks[0].beta if blocks else 2
        notes += () if blocks else ("β = 2 is assumed; pass beta=… if the matrices are real",)
    position = {label: k for k, label in enumerate(reading.circuit.wires)}
    terms = {word: c for c, word in pauli_terms(reading.circuit.measurements, position)}
    whole = spectrum_of(terms)
    one = blocks[0] if len(blocks) == 1 and found is not None and found.applies else None
    mirrored = minimum is None and one is not None and one.mirrored
    if minimum is not None:
        lowest = float(minimum)
    elif one is not None and one.ends_exact:
        lowest = one.high if mirrored else one.low
    else:
        lowest = whole.high if mirrored else whole.low
        if not whole.exact:
            notes += (
                "ℓ^* is a bound by Σ|c|, so that 'loss variance' and 'traces' are upper bounds",
            )
    size = 2.0 ** len(position) / (2 if beta == 4 else 1)
    if len(blocks) == 1:
        size = float(blocks[0].size)
    if traces and (len(blocks) > 1 or (blocks and blocks[0].multiplicity > 1)):
        notes += ("traces are those of the whole Hilbert space, not of a block",)
    return Basis(beta, lowest, mirrored, size, whole, notes)


def roads_of(samples: Samples, basis: Basis, traces: bool, ask: VarianceAsk) -> Roads:
    """Every road that the samples allow.

    Args:
        samples: what was drawn.
        basis: where all roads start.
        traces: whether that of traces is asked for.
        ask: seed, level and law.
    """
    rng = np.random.default_rng(ask.seeds(3))
    options: dict[str, Any] = {"rng": rng, "level": ask.level, "law": ask.law_name}
    estimates: list[tuple[str, Estimate]] = []
    skewness = kurtosis = None
    if traces:
        estimates += _traces(samples, basis, rng, ask.level)
    if samples.losses is not None:
        powers = draw_powers(samples.losses, samples.exact)
        by_variance = from_loss_variance(powers, basis.lowest, basis.beta, **options)
        by_skewness, skewness = from_loss_skewness(powers, basis.beta, **options)
        estimates += [("loss variance", by_variance), ("loss skewness", by_skewness)]
    if samples.derivatives is not None:
        powers = draw_powers(samples.derivatives, samples.exact)
        by_kurtosis, kurtosis = from_gradient_kurtosis(powers, basis.beta, **options)
        estimates.append(("gradient kurtosis", by_kurtosis))
    return Roads(tuple(estimates), skewness, kurtosis)


def _traces(samples: Samples, basis: Basis, rng, level: float) -> list[tuple[str, Estimate]]:
    names = ("traces, uncentred", "traces, centred")
    size, lowest = basis.size, basis.lowest  # first moments are squared: mirrored or not
    if samples.traces is None:
        first, spread = basis.spectrum.mean - lowest, basis.spectrum.central[0]
        pair = (size * first**2 / (first**2 + spread), size * first**2 / spread)
        return [(n, Estimate.known(v)) for n, v in zip(names, pair, strict=True)]
    mean, square = samples.traces
    first, second = mean - lowest, square - 2 * lowest * mean + lowest**2
    return [
        (name, from_traces(first, second, size, centred, rng=rng, level=level))
        for name, centred in zip(names, (False, True), strict=True)
    ]


def findings_of(estimates: tuple[tuple[str, Estimate], ...]) -> tuple[Finding, ...]:
    """Pairs of roads whose intervals do not overlap."""
    compared = [pair for pair in estimates if pair[0] != "traces, uncentred"]
    apart = [
        (a, b) for a, b in combinations(compared, 2)
        # what traces and finite N give differs by about one part in N
        if a[1].low > 1.05 * b[1].high + 1 or b[1].low > 1.05 * a[1].high + 1
    ]  # fmt: skip
    if not apart:
        return ()
    names = "; ".join(f"{a[0]} {a[1].value:.4g} and {b[0]} {b[1].value:.4g}" for a, b in apart)
    return (
        Finding(
            code="not-one-wishart-block",
            title=f"not a single-block Wishart law: {names}",
            claim=Claim.OBSERVED,
            evidence=tuple(dict(pair for pairs in apart for pair in pairs).items()),
            advice="Use the measured variance and moments themselves; a single number of degrees "
            "of freedom does not describe this landscape.",
            source="moments of Gamma and variance-gamma laws of one block",
            severity=Severity.NOTE,
        ),
    )
