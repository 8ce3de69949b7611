"""Training runs of a comparison: what they say, workers, sources of models, border."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.architectures import ShapeFit
from pennylane_trainability.architectures.sentences import fits_apart
from pennylane_trainability.fitting import Starts
from pennylane_trainability.results import Provenance

QUICK = {"n_draws": 2, "matched": False}
FEW = {"restarts": 4, "max_steps": 15}


def wave(x):
    return np.cos(x[:, 0])


def mixed(x):
    return 0.5 * np.cos(x[:, 0]) + 0.3 * np.sin(2 * x[:, 0]) + 0.1


# -- what is fitted --------------------------------------------------------------------------------


def test_without_read_out_the_output_is_bounded_and_with_it_the_gain_makes_up(seed):
    """One qubit of degree 1: ``a cos(x + φ) + c`` with ``|f| ≤ 1``; the target has amplitude 2."""
    options = {**QUICK, "target": wave, "amplitude": 2.0, "seed": seed}
    bare = pt.compare_shapes(1, train={"readout": "none", "restarts": 8}, **options).fits[0]
    assert bare.r2 == pytest.approx(1 - (2 - 1) ** 2 / 2**2, abs=1e-6)
    assert bare.success.value == 0 and np.isnan(bare.steps.value) and bare.gain == 1
    free = pt.compare_shapes(1, train={"restarts": 8}, **options).fits[0]
    assert free.r2 == pytest.approx(1, abs=1e-6)
    assert abs(free.gain) >= 2 - 1e-6


def test_the_points_found_give_the_numbers_in_pennylane(seed):
    found = pt.compare_shapes(2, target=mixed, seed=seed, train=FEW, **QUICK)
    x = np.linspace(-np.pi, np.pi, 20, endpoint=False)
    for fit, shape in zip(found.fits, ((1, 2), (2, 1)), strict=True):
        model, starts = pt.template_builder()(*shape), fit.starts
        assert fit.name == str(shape)
        for point, gain, offset, r2 in zip(
            starts.points, starts.gains, starts.offsets, starts.r2, strict=True
        ):
            weights = point.reshape(model.args[1].shape)
            output = np.array([model.qnode(v, weights) for v in x])
            wanted = mixed(x[:, None])
            rest = np.mean((gain * output + offset - wanted) ** 2) / np.var(wanted)
            assert r2 == pytest.approx(1 - rest, abs=1e-8)


def test_success_steps_and_medians_are_those_of_the_starts(seed):
    found = pt.compare_shapes(2, target=mixed, seed=seed, level=0.9, train=FEW, **QUICK)
    for fit in found.fits:
        reached = fit.starts.r2 >= 0.95
        assert fit.success.value == np.mean(reached) and fit.success.level == 0.9
        steps = [
            np.flatnonzero(t <= 0.05 * fit.starts.variance)[0]
            for t, r in zip(fit.starts.traces, reached, strict=True)
            if r
        ]
        assert fit.steps.value == pytest.approx(np.median(steps) if steps else np.nan, nan_ok=True)
        assert fit.r2 == fit.starts.r2.max()


def test_training_changes_nothing_else(seed, global_state_unchanged):
    options = {**QUICK, "target": mixed, "seed": seed}
    plain = pt.compare_shapes(2, **options)
    trained = pt.compare_shapes(2, train={**FEW, "max_steps": 2}, **options)
    assert plain.fits is None and plain.matched_fits == ()
    assert [r.to_dict() for r in plain.shapes] == [r.to_dict() for r in trained.shapes]


def test_matched_shapes_are_trained_too_and_equal_ones_once(seed):
    told = []
    found = pt.compare_shapes(
        *(2,),
        target=mixed,
        seed=seed,
        n_draws=2,
        train=FEW,
        progress=lambda *pair: told.append(pair),
    )
    assert [f.name for f in found.matched_fits] == [r.name for r in found.matched]
    rows = (*found.shapes, *found.matched)
    for fit, row in zip((*found.fits, *found.matched_fits), rows, strict=True):
        assert fit.starts.points.shape == (4, row.n_parameters)
    assert found.matched_fits[1] is found.fits[1], "(2, 1) has most parameters and stays as it is"
    different = len({r.name for r in (*found.shapes, *found.matched)})
    assert told == [(n, 4 + different) for n in range(1, 5 + different)]


# -- workers and sources ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["levenberg-marquardt", "adam"])
def test_workers_change_nothing(seed, method):
    train = {**FEW, "method": method, "block": 2}
    options = {**QUICK, "target": mixed, "seed": seed, "train": train}
    here = pt.compare_shapes(2, **options)
    with ThreadPoolExecutor(2) as workers:
        there = pt.compare_shapes(2, workers=workers, **options)
    assert here.to_dict() == there.to_dict()
    assert len(here.fits) == 2


def nonlinear(x, w):
    qml.RY(w[0] * w[1], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


def plain(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(w[1], wires=0)
    return qml.expval(qml.Z(0))


def circuits():
    device = qml.device("default.qubit")
    return [(qml.QNode(f, device), (0.0, np.ones(2))) for f in (plain, nonlinear)]


def test_circuits_of_ones_own(seed):
    data = np.linspace(0, 6, 9)
    found = pt.compare_shapes(
        circuits=circuits(),
        encoding_args="x",
        target=(data, 3 * np.cos(data) - 1),
        seed=seed,
        train=FEW,
        **QUICK,
    )
    assert [fit.name for fit in found.fits] == ["plain", "nonlinear"]
    assert all(fit.r2 > 0.999 for fit in found.fits)


def test_a_builder_of_ones_own(seed):
    def build(n_wires, n_layers, n_blocks):
        def product(x, w):
            for layer in range(n_layers):
                for wire in range(n_wires):
                    qml.Rot(*w[layer, wire], wires=wire)
                    qml.RX(x, wires=wire)
            qml.RY(w[0, 0, 0], wires=n_wires - 1)
            return qml.expval(qml.Z(n_wires - 1))

        shape = (n_layers, n_wires, 3)
        return qml.QNode(product, qml.device("default.qubit")), (0.0, np.ones(shape))

    found = pt.compare_shapes(
        2, build=build, encoding_args="x", target=mixed, seed=seed, train=FEW, **QUICK
    )
    assert [fit.name for fit in found.fits] == ["(1, 2)", "(2, 1)"]
    second = 0.3**2 / (0.5**2 + 0.3**2)  # one encoding on the wire that is read: no sin 2x
    assert found.fits[1].r2 <= 1 - second + 1e-9


# -- what is printed -------------------------------------------------------------------------------


def made(name, r2s, steps):
    """Starts of given R² whose threshold, if reached, is reached after so many steps."""
    losses = 1 - np.array(r2s, float)
    traces = tuple(np.r_[np.ones(n), loss] for loss, n in zip(losses, steps, strict=True))
    count = len(r2s)
    starts = Starts(
        points=np.zeros((count, 3)),
        gains=np.full(count, 2.5),
        offsets=np.zeros(count),
        losses=losses,
        traces=traces,
        converged=np.ones(count, bool),
        variance=1.0,
        threshold=0.95,
        method="adam",
        provenance=Provenance(seed=1, n_samples=count),
    )
    return ShapeFit(name=name, readout="affine", starts=starts)


def test_findings_name_differences_only_beyond_the_intervals():
    good, bad = made("A", [0.99] * 20, [5] * 20), made("B", [0.5] * 20, [5] * 20)
    (sentence,) = fits_apart([good, bad])
    assert "success rate goes from 0 for B to 1 for A (95 % intervals apart" in sentence
    assert sentence.startswith("Training, 20 starts, adam, affine read-out")
    some, fewer = made("C", [0.99, 0.5] * 3, [5] * 6), made("D", [0.99, 0.5, 0.5] * 2, [5] * 6)
    (sentence,) = fits_apart([some, fewer])
    assert "not told apart" in sentence
    slow = made("E", [0.99] * 20, [50] * 20)
    same, steps = fits_apart([good, slow])
    assert "not told apart" in same
    assert "steps of successful starts differs by a factor of 10, from 5 for A to 50 for E" in steps
    assert fits_apart([good]) == []


def test_tables_and_lines_have_the_runs(seed):
    found = pt.compare_shapes(2, target=mixed, seed=seed, train=FEW, **QUICK)
    text, line = str(found), dict(found.rows()[2:4])["(1, 2)"]
    assert "Training runs, 4 starts, levenberg-marquardt, affine read-out" in text
    assert "best R²" in found._repr_markdown_()
    assert line.startswith("training: R² ") and "gain" in line
    assert "median 5 steps" in made("A", [0.99] * 4, [5] * 4).line()
    assert "steps" not in made("A", [0.5] * 4, [5] * 4).line()
    assert found.to_dict()["fits"][0]["kind"] == "ShapeFit"
    assert "steps to the threshold" in str(found.fits[0])


# -- border ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"train": True}, r"train needs a target"),
        ({"train": 5, "target": wave}, r"train needs True, False, or options.*got 5"),
        ({"train": {"epochs": 3}, "target": wave}, r"options restarts.*got epochs"),
        ({"train": {"readout": "linear"}, "target": wave}, r"'affine' or 'none'; got 'linear'"),
        ({"train": {"method": "sgd"}, "target": wave}, r"method='levenberg-marquardt' or 'adam'"),
        ({"train": {"restarts": 0}, "target": wave}, r"at least one start"),
        ({"train": {"block": 0}, "target": wave}, r"blocks of at least one start"),
        ({"train": True, "workers": 2, "target": wave}, r"futures\.Executor .* got 2"),
        ({"workers": 2}, r"futures\.Executor"),
    ],
)
def test_settings_that_make_no_training_are_refused_before_anything_runs(options, match):
    told = []
    with pytest.raises(ValueError, match=match):
        pt.compare_shapes(1, progress=lambda *pair: told.append(pair), **options)
    assert told == []


def test_a_circuit_that_cannot_be_sent_is_named():
    with (
        ThreadPoolExecutor(1) as workers,
        pytest.raises(pt.ReadingError, match=r"nonlinear: workers= needs gate angles"),
    ):
        pt.compare_shapes(
            circuits=circuits(), encoding_args="x", target=wave, train=True, workers=workers
        )
