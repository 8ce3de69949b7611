"""Initialisation: the gain is one, is not the winner's own, and training is said as it went."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.circuits.qnode import read_qnode
from pennylane_trainability.repair.candidates import candidate_laws, identity_blocks
from pennylane_trainability.repair.initialisation import TrainingGain
from pennylane_trainability.repair.model import model_of
from pennylane_trainability.repair.scores import alignment, climb

DEVICE = qml.device("default.qubit")


def model(n_wires, n_layers, n_blocks=1, block="rot-ring"):
    @qml.qnode(DEVICE)
    def circuit(x, w):
        pt.DataReuploading(x, w, wires=range(n_wires), block=block)
        return qml.expval(qml.Z(n_wires - 1))

    return circuit, pt.DataReuploading.shape(n_layers, n_wires, n_blocks, block)


def small(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


SMALL = qml.QNode(small, DEVICE)


@pytest.mark.parametrize(("shape", "factor"), [((1, 6), 30), ((6, 1), 3)])
def test_the_weakest_response_rises_in_both_shapes(shape, factor):
    circuit, weights = model(*shape)
    find = pt.initialise(circuit, "x", seed=5, n_baseline=60)
    found = find(0.0, np.full(weights, 0.3))
    assert found.rank == found.n_rows == 13
    assert found.gain.value > factor and found.gain.low > 1
    assert found.share_below > 0.95
    # second road: the transform, at the values found and at draws of this test
    jacobian = pt.coefficient_jacobian(circuit, encoding_args="x")

    def weakest(w):
        return np.linalg.svd(jacobian(0.0, w).reshape(13, -1), compute_uv=False)[-1]

    assert np.isclose(weakest(found.arguments), found.scores["sigma"], rtol=1e-6)
    draws = np.random.default_rng(8).uniform(0, 2 * np.pi, (40, *weights))
    assert weakest(found.arguments) > factor / 2 * np.median([weakest(w) for w in draws])


def test_the_best_of_a_circuit_known_by_hand(seed):
    """``f = cos a cos b cos x − sin a sin b``.

    The row of ``√2 Re c_1`` has length ``√(sin²a cos²b + cos²a sin²b)/√2 ≤ 1/√2``, which no weakest
    singular value exceeds; at ``a = π/2``, ``b = 0`` the columns ``(0, −1/√2)`` and ``(−1, 0)``
    attain it.
    """
    found = pt.initialise(SMALL, "x", seed=seed, n_steps=60)(0.0, np.zeros(2))
    assert found.rank == 2 and found.n_rows == 3
    assert 0.70 < found.scores["sigma"] <= np.sqrt(0.5) + 1e-9
    best = pt.initialise(SMALL, "x", seed=seed, objective="condition", n_steps=60)
    assert best(0.0, np.zeros(2)).scores["condition"] < np.sqrt(2) + 0.05


def test_more_is_better_also_for_conditions(seed):
    found = pt.initialise(SMALL, "x", objective="condition", seed=seed)(0.0, np.zeros(2))
    assert np.all(np.diff(found.trace) <= 0) and np.isclose(
        found.trace[-1], found.scores["condition"]
    )
    middle = np.median(found.baseline["condition"])
    gain = found.gain_of("condition")
    assert np.isclose(gain.value, middle / found.scores["condition"])
    assert gain.low <= gain.value <= gain.high
    with pytest.raises(ValueError, match="'aligned' needs"):
        found.gain_of("aligned")


def test_the_median_is_of_draws_the_search_has_not_seen(seed):
    few = pt.initialise(SMALL, "x", seed=seed, n_candidates=6, n_steps=0)(0.0, np.zeros(2))
    many = pt.initialise(SMALL, "x", seed=seed, n_candidates=60, n_steps=5)(0.0, np.zeros(2))
    np.testing.assert_array_equal(few.baseline["sigma"], many.baseline["sigma"])


def test_identity_blocks_are_the_identity(seed):
    circuit, weights = model(2, 1, 2, "special-unitary")
    found = pt.initialise(circuit, "x", seed=seed, n_candidates=9, n_steps=0, n_baseline=5)(
        0.0, np.full(weights, 0.2)
    )
    assert "identity blocks" in found.laws
    # RX on |0⟩ and Z: nothing else moves to first order where every layer is the identity
    assert found.laws["identity blocks"][1] < 1e-6 < found.scores["sigma"]
    one, _ = model(2, 1, 1, "special-unitary")
    shape = (weights[0], 1, weights[2])
    other = pt.initialise(one, "x", seed=seed, n_candidates=9, n_steps=0, n_baseline=5)
    assert "identity blocks" not in other(0.0, np.full(shape, 0.2)).laws


@pytest.mark.parametrize("n_blocks", [2, 4])
def test_identity_blocks_undo_themselves(rng, n_blocks):
    """In two operators of different sizes, whose weights do not stand side by side."""
    shapes = [pt.DataReuploading.shape(layers, 2, n_blocks, "special-unitary") for layers in (1, 2)]

    @qml.qnode(DEVICE)
    def circuit(x, first, angle, second):
        pt.DataReuploading(x, first, wires=range(2), block="special-unitary")
        qml.RX(angle, wires=0)
        pt.DataReuploading(x, second, wires=range(2), block="special-unitary")
        return qml.expval(qml.Z(1))

    call = (0.0, np.zeros(shapes[0]), 0.3, np.zeros(shapes[1]))
    law = identity_blocks(read_qnode(circuit, call, {}, "x"))
    sizes = [np.prod(shape) for shape in shapes]
    drawn = law(rng, np.zeros(sum(sizes) + 1), 3)
    assert np.std(drawn) == pytest.approx(1, abs=0.3)
    for row in drawn:
        for layer in (
            *row[: sizes[0]].reshape(shapes[0]),
            *row[sizes[0] + 1 :].reshape(shapes[1]),
        ):
            blocks = [qml.SpecialUnitary(b, wires=[0, 1]).matrix() for b in layer]
            whole = np.linalg.multi_dot(blocks[::-1])
            np.testing.assert_allclose(whole, np.eye(4), atol=1e-10)


def test_laws_are_as_wide_as_their_names_say(rng):
    laws = candidate_laws(read_qnode(SMALL, (0.0, np.zeros(2)), {}, "x"))
    around = "normal around the values given, scale"
    assert list(laws) == [
        "uniform over each period",
        *(f"normal around 0, scale {scale}" for scale in (0.1, 0.5, 1.5)),
        *(f"{around} {scale}" for scale in (0.1, 0.5)),
    ]
    for name, law in laws.items():
        if name.startswith("normal around 0"):
            scale = float(name.split()[-1])
            drawn = law(rng, np.full(5, 9.0), 800)
            assert drawn.shape == (800, 5)
            assert np.std(drawn) == pytest.approx(scale, rel=0.1)
            assert abs(np.mean(drawn)) < scale / 10


def test_own_laws_take_part(seed):
    laws = {"all ones": lambda rng, given, count: np.ones((count, given.size))}
    found = pt.initialise(SMALL, "x", seed=seed, laws=laws, n_steps=0)(0.0, np.zeros(2))
    assert found.laws["all ones"][0] == found.laws["all ones"][1]


def test_laws_are_told_in_the_score_that_was_asked_for():
    point = np.array([0.3, 1.2])
    laws = {"one point": lambda rng, given, count: np.tile(point, (count, 1))}
    find = pt.initialise(SMALL, "x", seed=1, laws=laws, n_steps=0, objective="condition")
    jacobian = pt.coefficient_jacobian(SMALL, encoding_args="x")(0.0, point)
    condition = np.linalg.cond(jacobian.reshape(3, 2))
    assert find(0.0, np.zeros(2)).laws["one point"] == pytest.approx((condition, condition))


def test_the_share_of_draws_that_are_worse():
    found = pt.initialise(SMALL, "x", seed=1, n_steps=0)(0.0, np.zeros(2))
    sigma = {"sigma": np.array([0.1, 0.2, 0.5, 0.9, 2.0])}
    assert replace(found, baseline=sigma, scores={"sigma": 0.6}).share_below == 0.6
    condition = {"condition": np.array([1.1, 1.2, 3.0, 40.0, 1.4])}
    made = replace(
        found, objective="condition", baseline=condition, scores={"condition": 1.3}
    )  # fmt: skip
    assert made.share_below == 0.6


def test_targets(seed):
    find = pt.initialise(
        *(SMALL, "x"), targets=lambda x: 0.3 * np.cos(x[:, 0]), objective="aligned", seed=seed,
        n_starts=4, n_baseline=20,
    )  # fmt: skip
    found = find(0.0, np.zeros(2))
    chosen, default = found.training.success
    assert chosen.law == default.law == "4 starts"
    assert chosen.low < chosen.value <= 1 and np.isclose(chosen.value, 1.0)
    assert np.isclose(found.trace[-1], found.scores["aligned"])
    # second road: by hand, on the points the target was taken at
    x = np.random.default_rng(0).uniform(-np.pi, np.pi, (24, 1))
    a, b = found.parameters
    wave = np.cos(x[:, 0])
    error = np.cos(a) * np.cos(b) * wave - np.sin(a) * np.sin(b) - 0.3 * wave
    slopes = np.stack(
        [
            -np.sin(a) * np.cos(b) * wave - np.cos(a) * np.sin(b),
            -np.cos(a) * np.sin(b) * wave - np.sin(a) * np.cos(b),
        ],
        axis=1,
    )
    expected = np.linalg.norm(slopes.T @ error) / np.linalg.norm(error) / np.sqrt(24)
    assert np.isclose(found.scores["aligned"], expected, rtol=1e-9)


def test_chosen_starts_reach_the_target_sooner_on_a_long_serial_circuit():
    """Measured: fits of degree 6 on (1, 6) from chosen starts take about half the steps."""
    circuit, weights = model(1, 6)
    rng = np.random.default_rng(3)
    size, phase = rng.normal(size=7), rng.uniform(0, 6, 7)

    def target(x):
        return 0.13 * sum(size[k] * np.cos(k * x[:, 0] + phase[k]) for k in range(7))

    find = pt.initialise(circuit, "x", targets=target, seed=2, n_starts=10, n_baseline=20)
    gain = find(0.0, np.full(weights, 0.3)).training
    assert gain.success[0].value == 1.0
    assert gain.steps_saved.low > 0


def test_steps_that_never_come_count_as_all_steps():
    gain = TrainingGain(
        chosen=np.array([3.0, np.inf]), default=np.array([5.0, np.inf]), threshold=0.95,
        max_steps=10, level=0.95, seed=0,
    )  # fmt: skip
    assert gain.steps_saved.value == 1.0
    assert [e.value for e in gain.success] == [0.5, 0.5]
    assert "chosen 3" in str(gain)


def test_shares_have_the_intervals_of_wilson():
    """The ends ``p`` satisfy ``(p̂ − p)² = z² p (1 − p)/n``."""
    gain = TrainingGain(
        chosen=np.array([3.0, 4.0, *[np.inf] * 6]), default=np.full(8, np.inf), threshold=0.95,
        max_steps=10, level=0.9, seed=0,
    )  # fmt: skip
    share = gain.success[0]
    assert (share.value, share.stderr) == (0.25, pytest.approx(np.sqrt(0.25 * 0.75 / 8)))
    assert 0 < share.low < 0.25 < share.high < 1
    for end in (share.low, share.high):
        square = 1.6448536269514722**2 * end * (1 - end) / 8
        assert (0.25 - end) ** 2 == pytest.approx(square, abs=1e-12)


def test_scores_and_climbing_by_hand(rng):
    errors, slopes = np.array([[3.0, 4.0]]), np.array([[[1.0], [0.0]]])
    np.testing.assert_allclose(alignment(errors, slopes), 0.6 / np.sqrt(2))
    point, trace = climb(lambda t: -np.sum((t - 2.0) ** 2, axis=1), np.zeros((2, 3)), 60, rng)
    np.testing.assert_allclose(point, 2.0, atol=0.05)
    assert trace.shape == (61,)


def test_messages():
    with pytest.raises(ValueError, match="objective in"):
        pt.initialise(SMALL, "x", objective="loss")
    with pytest.raises(ValueError, match="targets=…"):
        pt.initialise(SMALL, "x", objective="aligned")
    with pytest.raises(ValueError, match="n_candidates as a whole number ≥ 1"):
        pt.initialise(SMALL, "x", n_candidates=0)
    with pytest.raises(ValueError, match="other than 1"):
        pt.initialise(SMALL, "x", n_starts=1)
    with pytest.raises(pt.ReadingError, match="data=…"):
        pt.initialise(SMALL, "x", targets=[1.0, 2.0])(0.0, np.zeros(2))


def test_equal_seeds_give_equal_records_and_nothing_changes(global_state_unchanged):
    weights = np.zeros(2)
    first, second = (
        pt.initialise(SMALL, "x", seed=4, n_steps=2, n_baseline=10)(0.0, weights) for _ in range(2)
    )
    assert first.to_dict() == second.to_dict()
    json.dumps(first.to_dict(), allow_nan=False)
    assert "improved by" in str(first)
    np.testing.assert_array_equal(weights, 0.0)


def test_an_output_without_parameters_is_refused():
    @qml.qnode(DEVICE)
    def deaf(x, w):
        qml.RZ(w, wires=0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match=r"See analyze\(\)"):
        pt.initialise(deaf, "x", n_baseline=3)(0.0, 0.1)


def test_outputs_of_several_measurements_stand_side_by_side(rng):
    @qml.qnode(DEVICE)
    def circuit(x, w):
        qml.RY(w[0] + x, wires=0)
        qml.RY(w[1], wires=1)
        return qml.expval(qml.Z(0)), qml.probs(wires=1)

    options = {"data": None, "spectrum": None, "engine": "auto", "memory": 2**20, "points": 100}
    model = model_of("prune", circuit, (0.0, np.zeros(2)), {}, "x", None, **options)
    inputs, drawn = model.inputs(500, rng), rng.normal(size=(4, 2))
    assert inputs.shape == (500, 1)
    assert -np.pi <= inputs.min() < -3 < 3 < inputs.max() <= np.pi
    found = model.values(drawn, inputs[:3])
    assert found.shape == (4, 3, 3)
    for d, n in np.ndindex(4, 3):
        own = circuit(inputs[n, 0], drawn[d])
        np.testing.assert_allclose(found[d, n], [own[0], *own[1]], atol=1e-12)
