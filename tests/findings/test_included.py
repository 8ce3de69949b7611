"""What an analysis or a comparison includes comes from the draws it has."""

from __future__ import annotations

import json

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.diagnostics.effective_dimension import effective_dimension, resolution
from pennylane_trainability.fourier.correlation import correlations, mean_size, prepared_samples


def model(device=None):
    @qml.qnode(device or qml.device("default.qubit"))
    def circuit(x, weights):
        qml.StronglyEntanglingLayers(weights[:1], wires=[0, 1])
        for wire in range(2):
            qml.RX(x, wires=wire)
        qml.StronglyEntanglingLayers(weights[1:], wires=[0, 1])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit


WEIGHTS = np.zeros((2, 2, 3))
EVERYTHING = {
    "fourier_fingerprint": {},
    "effective_dimension": {"n_data": 1e5},
    "policy_variance": {"n_actions": 2, "partition": "parity"},
}


def test_an_analysis_shares_its_draws():
    report = pt.analyze(model(), "x", n_draws=30, seed=1, include=EVERYTHING)(0.3, WEIGHTS)
    assert list(report.included) == list(EVERYTHING)
    fingerprint, dimension, policy = report.included.values()
    rows = report.coefficients[1:, 0]  # the values given come first
    c = np.concatenate(
        [rows[:, :1] + 0j, (rows[:, 1::2] + 1j * rows[:, 2::2]) / np.sqrt(2)], axis=1
    )
    np.testing.assert_allclose(fingerprint.coefficients[:, 0], c)
    c = c[:, ~fingerprint.constant[0]]
    expected = mean_size(correlations(prepared_samples(c, "pearson"), "pearson"))
    assert fingerprint.fcc.value == pytest.approx(expected, abs=1e-9)
    values = np.linalg.svd(report.space.jacobians, compute_uv=False) ** 2
    padded = np.zeros((30, 12))
    padded[:, : values.shape[1]] = values
    assert dimension.value.value == pytest.approx(
        effective_dimension(padded, resolution(1e5)), rel=1e-9
    )
    # two actions by parity: π = (1 ± f)/2, so that Var ∂π is a quarter of that of f
    assert policy.log_terms.shape == (30, 12)
    assert "included" in str(report) and "Born policy, 2 actions (parity)" in str(report)
    json.dumps(report.to_dict())


def test_a_policy_in_an_analysis_is_at_the_inputs_given():
    """At one input the derivative of ``π`` is half that of the expectation value."""
    report = pt.analyze(
        model(), "x", n_draws=8, seed=2, include={"policy_variance": {"partition": "parity"}}
    )(0.3, WEIGHTS)
    policy = report.included["policy_variance"]
    spectrum = report.frequencies[:, 0]
    basis = np.ones(1 + 2 * len(spectrum))
    basis[1::2] = np.sqrt(2) * np.cos(0.3 * spectrum)
    basis[2::2] = -np.sqrt(2) * np.sin(0.3 * spectrum)
    slopes = np.einsum("k,dkp->dp", basis, report.space.jacobians) / 2
    expected = (slopes - slopes.mean(axis=0)) ** 2 * 8 / 7
    np.testing.assert_allclose(policy.derivative_terms, expected, atol=1e-10)


def test_names_alone_and_one_name():
    one = pt.analyze(model(), "x", n_draws=10, seed=1, include="effective_dimension")
    two = pt.analyze(model(), "x", n_draws=10, seed=1, include=["effective_dimension"])
    found = [ask(0.3, WEIGHTS).included["effective_dimension"] for ask in (one, two)]
    assert found[0].value.value == found[1].value.value and found[0].n_data == 10_000
    assert pt.analyze(model(), "x", n_draws=2, seed=1)(0.3, WEIGHTS).included == {}


def test_states_in_an_analysis():
    """The mean is that of states at the draws of the analysis, made one by one."""
    asked = {"entangling_capability": {}, "expressibility": {"n_pairs": 600, "n_bins": 40}}
    seen = []

    def law(rng, given, count):
        seen.append(rng.uniform(0, 2 * np.pi, (count, given.size)))
        return seen[-1]

    report = pt.analyze(model(), "x", n_draws=12, seed=3, law=law, include=asked)(0.3, WEIGHTS)
    entangled, express = report.included.values()
    expected = []
    for weights in seen[0].reshape(12, *WEIGHTS.shape):
        state = qml.matrix(model().func, wire_order=[0, 1])(0.3, weights)[:, 0].reshape(2, 2)
        reduced = state @ state.conj().T
        expected.append(2 * (1 - np.real(np.trace(reduced @ reduced))))
    np.testing.assert_allclose(entangled.samples, expected, atol=1e-12)
    assert entangled.haar == pytest.approx(2 / 5)
    assert express.counts.sum() == 128 * 127 // 2 and len(express.counts) == 40
    assert express.worth >= 600


@pytest.mark.parametrize("matched", [True, False])
def test_a_comparison_has_a_table_of_what_is_included(matched):
    options = {"n_draws": 20, "seed": 1, "matched": matched}
    found = pt.compare_shapes(2, include=EVERYTHING, **options)
    plain = pt.compare_shapes(2, **options)
    titles = [title for title, _, _ in found.tables()]
    assert "Included" in titles and ("Included, with these blocks" in titles) is matched
    header = next(header for title, header, _ in found.tables() if title == "Included")
    assert list(header[:4]) == ["shape", "FCC", "FCC by chance", "support"]
    # what was there before stays as it was
    for row, other in zip(found.shapes, plain.shapes, strict=True):
        np.testing.assert_array_equal(row.coefficients, other.coefficients)
        np.testing.assert_allclose(
            row.included["fourier_fingerprint"].coefficients[:, 0, 0].real, other.coefficients[:, 0]
        )
    assert "Included" not in [title for title, _, _ in plain.tables()]
    assert "FCC" in found.summary() and "FCC" in found._repr_markdown_()


def test_bad_input():
    with pytest.raises(pt.ReadingError, match="use some of"):
        pt.analyze(model(), "x", include="fidelity")
    with pytest.raises(pt.ReadingError, match="has no option 'actions'"):
        pt.compare_shapes(2, include={"policy_variance": {"actions": 2}})
    with pytest.raises(pt.ReadingError, match="names or a dict"):
        pt.analyze(model(), "x", include=3)
    with pytest.raises(pt.ReadingError, match="raise n_draws"):
        pt.analyze(model(), "x", n_draws=0, include="effective_dimension")(0.3, WEIGHTS)
    with pytest.raises(pt.ReadingError, match="at least 8"):
        pt.analyze(model(), "x", n_draws=4, include="fourier_fingerprint")(0.3, WEIGHTS)

    @qml.qnode(qml.device("default.qubit"))
    def no_series(x, weight):
        qml.RX(x**2, wires=0)
        qml.RY(weight, wires=0)
        return qml.expval(qml.Z(0))

    ask = pt.analyze(
        no_series, "x", data=np.linspace(0, 1, 5), n_draws=10, include="fourier_fingerprint"
    )
    with pytest.raises(pt.ReadingError, match="Fourier series"):
        ask(0.3, 0.1)


def test_capacity_is_taken_at_the_same_draws():
    ask = pt.analyze(model(), "x", n_draws=6, seed=1, include="capacity")
    found = ask(0.3, WEIGHTS).included["capacity"]
    alone = pt.capacity(model(), encoding_args="x", n_draws=6, seed=1)(0.3, WEIGHTS)
    np.testing.assert_array_equal(found.points, alone.points)
    np.testing.assert_allclose(found.matrices, alone.matrices, atol=1e-12)
    # the second road: PennyLane's metric tensor at a draw
    theta = qml.numpy.array(found.points[3].reshape(WEIGHTS.shape), requires_grad=True)
    at_input = lambda w: model().func(0.3, w)  # noqa: E731
    qnode = qml.QNode(at_input, qml.device("default.qubit", wires=3))
    metric = qml.metric_tensor(qnode, approx=None)(theta)
    np.testing.assert_allclose(found.matrices[3], 4 * metric.reshape(12, 12), atol=1e-6)


@pytest.mark.slow
def test_what_follows_from_the_circuit():
    names = ["gradient_variances", "gradient_measurement_plan", "dynamical_lie_algebra"]
    report = pt.analyze(model(), "x", n_draws=4, seed=1, include=names)(0.3, WEIGHTS)
    variances, plan, algebra = (report.included[name] for name in names)
    assert algebra.dimension == 15  # su(4)
    methods = {one.method: one.circuits for one in plan.methods}
    live = np.flatnonzero(variances.variances)
    assert methods["shift"] == 2 * len(live)
    # the second road: derivatives of plain PennyLane at draws of its own
    rng, slopes = np.random.default_rng(4), []
    slope = qml.grad(lambda w: model()(0.3, w))
    for _ in range(600):
        slopes.append(slope(qml.numpy.array(rng.uniform(0, 2 * np.pi, (2, 2, 3)))).ravel())
    seen = np.var(slopes, axis=0)
    np.testing.assert_allclose(variances.variances, seen, atol=0.06)
    assert variances.variances.max() > 0.1
    page = report.to_html(pictures=False)
    assert all(report.included[name].heading().split(":")[0] in page for name in names)


def test_shapes_hold_them_in_columns():
    names = ("capacity", "gradient_variances", "dynamical_lie_algebra")
    found = pt.compare_shapes(2, n_draws=4, seed=1, include=names)
    titles = [title for title, _ in found.shapes[0].extra]
    assert titles == ["rank of QFIM", "at most", "mean Var ∂", "dim. of algebra"]
    json.dumps(found.to_dict())
