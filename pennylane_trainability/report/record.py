"""What an analysis found, as one record: numbers, findings, text, Markdown, JSON, a picture."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from pennylane_trainability.diagnostics.column_space import ColumnSpace
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.target import TargetFit
from pennylane_trainability.results import Cost, Finding, Provenance, Result, record
from pennylane_trainability.results.text import describe

if TYPE_CHECKING:
    from pennylane_trainability.report.change import ReportChange

__all__ = ["Report"]


@record
class Report(Result):
    """What a QNode can learn.

    Attributes:
        name: name of the quantum function.
        findings: what is wrong or right, gravest first.
        space: column space of the Jacobian over the parameter draws (the measured value alone,
            where the Jacobian was measured).
        given: column space at the values given.
        coefficients: ``(1 + D, outputs, K)`` coefficients, the values given first; ``None`` where
            the rows are data points.
        frequencies: ``(R, I)``, positive half of the spectrum.
        redundancy: eigenvalue paths per frequency, zero first, ``(1 + R,)``.
        parameters: names of the columns.
        inputs: names of the inputs.
        reasons: why parameters are dead by structure, ``{name: sentence}``.
        target: the target seen from the model, if one was given.
        measured: the measured Jacobian, if it was measured.
        law: how parameters were drawn.
        included: what else was asked for, ``{name: result}``, from the same draws.
        notes: what was decided on the way.
        cost: what was run on the device.
        provenance: seed, draws, shots, device and engine.
    """

    name: str
    findings: tuple[Finding, ...]
    space: ColumnSpace
    given: ColumnSpace
    coefficients: np.ndarray | None = field(repr=False)
    frequencies: np.ndarray = field(repr=False)
    redundancy: np.ndarray = field(repr=False)
    parameters: tuple[str, ...] = field(repr=False)
    inputs: tuple[str, ...] = field(repr=False)
    reasons: dict[str, str] = field(repr=False)
    target: TargetFit | None = None
    measured: MeasuredJacobian | None = None
    law: str = ""
    included: dict[str, Result] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    cost: Cost
    provenance: Provenance

    @property
    def n_parameters(self) -> int:
        """``P``."""
        return self.space.n_parameters

    @property
    def n_rows(self) -> int:
        """``K`` times the number of outputs."""
        return self.space.n_rows

    @property
    def rank(self) -> int:
        """Structural rank: the largest over the draws (a lower bound where measured)."""
        return int(self.measured.rank().value) if self.measured is not None else self.space.rank

    @property
    def dead(self) -> tuple[str, ...]:
        """Names of the parameters that never move the output."""
        if self.measured is not None:
            return tuple(self.reasons)
        return tuple(self.parameters[p] for p in self.space.dead)

    @property
    def independent(self) -> tuple[str, ...]:
        """Names of a largest set of parameters that can move independently."""
        return tuple(self.parameters[p] for p in self.space.independent)

    @property
    def regime(self) -> str:
        """``P`` against the number of coefficients."""
        live = self.n_parameters - len(self.dead)
        if live < self.n_rows:
            return "fewer live parameters than coefficients (P < K)"
        if live <= 1.5 * self.n_rows:
            return "about as many live parameters as coefficients (P ≈ K)"
        return "more live parameters than coefficients (P ≫ K)"

    @property
    def gradient_strength(self) -> np.ndarray:
        """Norm of the rows of ``J`` per frequency and draw over all outputs, ``(D, 1 + R)``."""
        stack = self.space.jacobians
        n = len(self.frequencies)
        per_row = np.sum(
            stack.reshape(len(stack), -1, 1 + 2 * n, stack.shape[-1]) ** 2, axis=(1, 3)
        )
        return np.sqrt(
            np.concatenate([per_row[:, :1], per_row[:, 1::2] + per_row[:, 2::2]], axis=1)
        )

    @property
    def output_scale(self) -> np.ndarray:
        """Standard deviation of the output over the input, per draw, ``(1 + D,)`` (Parseval)."""
        if self.coefficients is None:
            return np.zeros(0)
        return np.sqrt(np.mean(np.sum(self.coefficients[..., 1:] ** 2, axis=-1), axis=-1))

    def heading(self) -> str:
        """The line that says what matters."""
        live = self.n_parameters - len(self.dead)
        at_least = "at least " if self.measured is not None else ""
        return (
            f"{self.name}: {live} of {self.n_parameters} parameters can learn, on "
            f"{at_least}{self.rank} of {self.n_rows} directions"
        )

    def rows(self) -> list[tuple[str, object]]:
        """The numbers, then the findings."""
        space = self.space
        body: list[tuple[str, object]] = [("regime", self.regime), *self._ranks(space)]
        if self.coefficients is not None:
            body += [("spectrum", self._spectrum()), ("output scale", _spread(self.output_scale))]
            strength = np.median(self.gradient_strength, axis=0)
            body.append(("gradient per frequency", ", ".join(f"{s:.3g}" for s in strength[:12])))
        if self.target is not None:
            body += [(f"target, {label}", value) for label, value in self.target.rows()]
        for result in self.included.values():
            body.append(("included", result.heading()))
        body += [("draws", f"{space.n_draws}, {self.law}; seed {self.provenance.seed}")]
        body += [("engine", f"{self.provenance.engine} on {self.provenance.device}; {self.cost}")]
        body += [("note", note) for note in self.notes]
        return body + [("finding", finding) for finding in self.findings]

    def compare(self, after: Report) -> ReportChange:
        """What a change of the circuit changed: this report, and one made after the change.

        Args:
            after: the other report, best with the same ``law``, ``data`` and ``targets``.

        Returns:
            A :class:`ReportChange`: findings gone and new, parameters revived and dead,
            frequencies, ranks, and tests of what differs from draw to draw.

        >>> import numpy as np
        >>> import pennylane as qml
        >>> import pennylane_trainability as pt
        >>> def model(x, weights, wire):
        ...     pt.DataReuploading(x, weights, wires=[0, 1])
        ...     return qml.expval(qml.Z(wire))
        >>> weights = np.zeros(pt.DataReuploading.shape(n_layers=3, n_wires=2))
        >>> ask = pt.analyze(qml.QNode(model, qml.device("default.qubit")), "x", "weights", seed=1)
        >>> print(ask(0.1, weights, 0).compare(ask(0.1, weights, 1)).heading())
        model → model: 11 of 13 → 13 of 13 directions; 1 finding gone, 0 new
        """
        from pennylane_trainability.report.change import change_between

        return change_between(self, after)

    def sections(self) -> tuple[Result, ...]:
        """What else was asked for."""
        return tuple(self.included.values())

    def _ranks(self, space: ColumnSpace) -> list[tuple[str, object]]:
        if self.measured is not None:
            return [
                ("rank", self.measured.rank()),
                ("noise floor", f"{self.measured.noise_floor().floor():.3g}"),
                ("dead parameters", describe(self.dead) if self.dead else "none by structure"),
            ]
        ranks = space.ranks
        return [
            (
                "structural rank",
                f"{space.rank} (draws: {ranks.min()} … {ranks.max()}; given: {self.given.rank})",
            ),
            ("dead parameters", describe(self.dead) if self.dead else "none"),
            (
                "redundant directions",
                f"{space.redundant} = P − rank, of which {len(space.dead)} dead",
            ),
            (
                "unreachable directions",
                f"{space.unreachable} = K − rank, of which {len(space.zero_rows)} fixed rows",
            ),
            (
                "singular values",
                f"σ₁ {_spread(space.singular_values[:, 0])}; σ_K "
                f"{_spread(space.smallest_row_values)}",
            ),
            ("condition σ₁/σ_rank", _spread(space.conditions)),
            ("effective rank", _spread(space.entropy_ranks)),
            ("independent set", describe(self.independent)),
        ]

    def _spectrum(self) -> str:
        names = ["0", *(", ".join(f"{v:g}" for v in k) for k in self.frequencies)]
        pairs = [f"{n} (×{int(r)})" for n, r in zip(names, self.redundancy, strict=True)]
        shown = ", ".join(pairs[:10])
        return shown + (f", … {len(pairs)} in all" if len(pairs) > 10 else "")

    def summary(self) -> str:
        """The report as text."""
        head = Result.summary(self).split("\n  finding", 1)[0]
        return "\n\n".join([head, *(f.summary() for f in self.findings)])

    def _repr_markdown_(self) -> str:
        lines = [
            f"| {label} | {describe(value)} |" for label, value in self.rows() if label != "finding"
        ]
        table = "\n".join(["| | |", "|---|---|", *lines])
        found = "\n\n".join(
            f"**{f.severity.name}** {f.title}  \n{f.advice}  \n*{f.claim.value}; {f.source}*"
            for f in self.findings
        )
        return f"### {self.heading()}\n\n{table}\n\n{found}"


def _spread(values: np.ndarray) -> str:
    """Median and the 5 % and 95 % quantiles over the draws."""
    values = np.asarray(values, float)
    if values.size == 1:
        return f"{values[0]:.3g}"
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{median:.3g} [{low:.3g}, {high:.3g}]"
