"""What calibration circuits say and what follows from it: closed forms, enumeration, confusion."""

from __future__ import annotations

from math import comb
from types import SimpleNamespace

import numpy as np
import pytest

from pennylane_trainability.diagnostics.calibrated import calibrated_tables
from pennylane_trainability.diagnostics.calibration import Known, known_of
from pennylane_trainability.diagnostics.overlap_calibration import OverlapCalibration
from pennylane_trainability.diagnostics.purities import purities_of
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.results import Cost
from pennylane_trainability.statistics.divergence import debiased_divergence
from pennylane_trainability.statistics.noisy_overlaps import (
    noisy_counted_log_masses,
    read_as_zeros,
    wrongly_zero,
)
from pennylane_trainability.transforms.calibration_tapes import CalibrationTapes

WIRES = ("a", "b", "c")
#: Reading 1 for 0, and 0 for 1.
FLIPS = np.array([[0.02, 0.05], [0.1, 0.15], [0.04, 0.2]])
ZEROS = {"000": 880, "001": 40, "010": 60, "110": 20}
ONES = {"111": 700, "110": 150, "011": 90, "000": 60}
MIRRORS = [{"000": 450, "100": 250, "011": 300}, {"000": 300, "111": 700}]


def tapes(flips: bool, mirrors: tuple[int, ...], repeats: int = 1) -> CalibrationTapes:
    count = 1 + flips + len(set(mirrors))
    return CalibrationTapes(WIRES, flips, mirrors, 1000, [None] * (count * repeats), repeats)


def outcomes(counts: dict) -> tuple[np.ndarray, np.ndarray]:
    bits = np.array([[int(b) for b in key] for key in counts])
    return bits, np.array(list(counts.values()))


def covariance(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of means; no variance below that of the shares with four shots imagined."""
    shots = counts.sum()
    out = np.cov(values.T, fweights=counts, ddof=0).reshape(values.shape[1], -1) / shots
    share = (counts @ values + 2) / (shots + 4)
    np.fill_diagonal(out, np.maximum(np.diag(out), share * (1 - share) / shots))
    return out


def test_means_and_covariances_of_calibration_circuits():
    """Bits and zeros, then bits that stay 0 where they were turned, then zeros of mirrors."""
    known = known_of(tapes(True, (0, 1, 0)), [ZEROS, ONES, *MIRRORS])
    np.testing.assert_allclose(
        known.means, [0.02, 0.08, 0.04, 0.88, 0.15, 0.06, 0.21, 0.45, 0.3], atol=1e-12
    )
    np.testing.assert_allclose(known.flips(), [[0.02, 0.15], [0.08, 0.06], [0.04, 0.21]])
    spread = known.root @ known.root.T
    (zero, n_zero), (one, n_one) = outcomes(ZEROS), outcomes(ONES)
    first = np.column_stack([zero, (zero == 0).all(axis=1)])
    np.testing.assert_allclose(spread[:4, :4], covariance(first, n_zero), atol=1e-15)
    np.testing.assert_allclose(spread[4:7, 4:7], covariance(1 - one, n_one), atol=1e-15)
    np.testing.assert_allclose(np.diag(spread)[7:], [0.45 * 0.55 / 1000, 0.3 * 0.7 / 1000], 1e-2)
    assert np.count_nonzero(spread[:4, 4:]) == np.count_nonzero(spread[4:7, 7:]) == 0
    told = known.record(0.95)
    errors = np.sqrt(np.diag(spread))
    np.testing.assert_allclose(told.flip_stderrs, np.stack([errors[:3], errors[4:7]], axis=1))


def test_shots_that_agree_are_no_certainty():
    """One thousand zeros: as if 2 of 1004 had been something else."""
    known = known_of(tapes(False, (0,)), [{"000": 1000}, {"000": 1000}])
    share = 2 / 1004
    np.testing.assert_allclose(known.root, np.sqrt(share * (1 - share) / 1000) * np.eye(2))


def test_repeats_of_a_circuit_are_added_up():
    half = {"000": 500}
    known = known_of(tapes(False, (0, 0), repeats=2), [half, {"111": 500}, half, half])
    np.testing.assert_allclose(known.means, [0.5, 1.0])
    assert known.survivals().shape == (1,)


def test_survivals_and_their_errors_in_closed_form():
    """``s² = (k − q)/(r − q)`` with ``q = 1/8``."""
    known = known_of(tapes(False, (0, 1, 0)), [ZEROS, *MIRRORS])
    reading, returned, even = 0.88, np.array([0.45, 0.3]), 1 / 8
    s = np.sqrt((returned - even) / (reading - even))
    np.testing.assert_allclose(known.survivals(), s)
    np.testing.assert_allclose(known.per_circuit(), s[[0, 1, 0]])
    variance = np.diag(known.root @ known.root.T)
    by_return = variance[1:] / (reading - even) ** 2
    by_reading = variance[0] * (returned - even) ** 2 / (reading - even) ** 4
    told = known.record(0.95)
    np.testing.assert_allclose(
        [one.stderr for one in told.survivals], np.sqrt(by_return + by_reading) / (2 * s), rtol=1e-5
    )


def test_survivals_beside_errors_of_reading():
    """The mixed state is read as zeros with ``Π (1 − u + d)/2``."""
    known = known_of(tapes(True, (0, 1)), [ZEROS, ONES, *MIRRORS])
    up, down = known.flips().T
    even = np.prod((1 - up + down) / 2)
    expected = np.sqrt((np.array([0.45, 0.3]) - even) / (0.88 - even))
    np.testing.assert_allclose(known.survivals(), expected)


def test_errors_follow_by_slopes(rng):
    """A linear quantity has the covariance of the means, turned."""
    known = known_of(tapes(True, (0,)), [ZEROS, ONES, MIRRORS[0]])
    matrix = rng.normal(size=(2, len(known.means)))
    parts = known.factors(lambda means: matrix @ means)
    np.testing.assert_allclose(
        parts.T @ parts, matrix @ known.root @ known.root.T @ matrix.T, rtol=1e-6
    )


def test_a_state_that_is_lost_is_told():
    known = known_of(tapes(False, (0,)), [{"000": 1000}, {"000": 100, "111": 900}])
    np.testing.assert_allclose(known.survivals(), [0.01])
    assert any("nothing is left" in model for model in known.record(0.95).models)


def test_one_wire_that_tells_nothing_is_named():
    """Wire b errs in 0.5 and 0.45; three wires that err upwards in 0.4 each still tell enough."""
    made, bad = tapes(True, ()), {"010": 500, "000": 500}
    with pytest.raises(ReadingError, match="Wire b is read as 1"):
        known_of(made, [bad, {"111": 550, "101": 450}])
    known = known_of(made, [{"111": 400, "000": 600}, {"111": 1000}])
    np.testing.assert_allclose(known.flips(), [[0.4, 0.0]] * 3)


def test_the_record_lists_models_behind_numbers():
    rows = known_of(tapes(True, (0, 1)), [ZEROS, ONES, *MIRRORS]).record(0.95).rows()
    assert [label for label, _ in rows] == ["survival"] * 2 + ["wrongly read"] + ["model"] * 2


@pytest.mark.parametrize("flips", [True, False])
@pytest.mark.parametrize("mirrors", [(1, 0), ()])
def test_tables_take_out_what_the_device_does(flips, mirrors, rng):
    """Two bases on other wires than those of the calibration; every one has its own survival."""
    known = known_of(tapes(flips, mirrors), [ZEROS, *[ONES] * flips, *MIRRORS[: len(mirrors)]])
    bases = [SimpleNamespace(wires=wires, parity=False) for wires in (("c", "a"), ("b",))]
    tables = (rng.normal(size=(3, 4)), rng.normal(size=(3, 2)))
    built = SimpleNamespace(bases=bases, tables=tables)
    survivals = known.survivals()[[1, 0]] if mirrors else np.ones(2)
    found = calibrated_tables(built, known, known.means)
    for basis, table, own, s in zip(bases, tables, found, survivals, strict=True):
        truth = rng.dirichlet(np.ones(table.shape[1]))
        seen = s * truth + (1 - s) / len(truth)
        if flips:
            seen = confusion(known.flips()[[WIRES.index(w) for w in basis.wires]]) @ seen
        np.testing.assert_allclose(own @ seen, table @ truth)


# -- purities --------------------------------------------------------------------------------------


def of_flips(returned: float = 0.5, spread: float = 0.0) -> Known:
    """A device with ``FLIPS``, whose zeros come back with ``returned``."""
    reading = float(np.prod(1 - FLIPS[:, 0]))
    means = np.concatenate([FLIPS[:, 0], [reading], FLIPS[:, 1], [returned]])
    root = spread * np.diag(np.arange(1.0, len(means) + 1))
    return Known(tapes(True, (0,)), means, root)


def without_flips(returned: float = 0.5, reading: float = 0.9) -> Known:
    return Known(tapes(False, (0,)), np.array([reading, returned]), np.diag([0.01, 0.03]))


@pytest.mark.parametrize("shots", [2, 5])
@pytest.mark.parametrize("calibrated", [False, True])
def test_purities_are_unbiased_by_enumeration(shots, calibrated):
    """All counts with their chances, on wires that are read in another order."""
    known = of_flips() if calibrated else None
    wires, truth = ("c", "a"), np.array([0.3, -0.8])
    offset, factor = np.zeros(2), np.ones(2)
    if calibrated:
        up, down = FLIPS[[2, 0]].T
        offset, factor = down - up, known.survivals()[0] * (1 - up - down)
    chance = (1 + offset + factor * truth) / 2
    hits = np.arange(shots + 1)
    vectors = np.broadcast_to((2 * hits / shots - 1)[None, :, None], (3, shots + 1, 2))
    found = purities_of(vectors, shots, wires, known, Cost())
    weights = np.array([
        [comb(shots, k) * c**k * (1 - c) ** (shots - k) for c in chance] for k in hits
    ])  # fmt: skip
    np.testing.assert_allclose((weights * found.values).sum(axis=0), (1 + 3 * truth**2) / 2)
    np.testing.assert_allclose(found.capabilities(), 2 - 2 * found.values.mean(axis=1))
    plain = purities_of(vectors, shots, wires, None, Cost())
    np.testing.assert_allclose(found.raw_capabilities(), plain.capabilities())


def test_exact_means_have_their_squares():
    vectors = np.array([[[0.5, 0.1, 0.2]], [[0.0, 0.3, 0.2]], [[0.5, 0.2, 0.1]]])
    found = purities_of(vectors, None, WIRES, None, Cost())
    np.testing.assert_allclose(found.values, [[0.75, 0.57, 0.545]])
    assert found.error() == 0


def test_the_calibration_errs_the_capability_in_closed_form(rng):
    """``Q = 1 − T/s²`` with ``1/s² = (r − q)/(k − q)``."""
    known, shots, even = without_flips(), 20, 1 / 8
    vectors = rng.uniform(-1, 1, (3, 4, 2))
    found = purities_of(vectors, shots, ("a", "c"), known, Cost())
    t = (vectors**2 - (1 - vectors**2) / (shots - 1)).sum(axis=0).mean()
    s = known.survivals()[0]
    assert found.capabilities().mean() == pytest.approx(1 - t / s**2)
    by_reading, by_return = t / (0.5 - even), t * (0.9 - even) / (0.5 - even) ** 2
    expected = np.hypot(0.01 * by_reading, 0.03 * by_return)
    assert found.error() == pytest.approx(expected, rel=1e-5)


# -- overlaps --------------------------------------------------------------------------------------


def overlaps_of(known: Known, rescale=True, shots=50, wires=("c", "a", "b")):
    counts = np.random.default_rng(1).multinomial(shots, np.r_[0.4, np.full(7, 0.6 / 7)], size=6)
    return OverlapCalibration(known, rescale, counts, wires, shots)


def confusion(flips: np.ndarray) -> np.ndarray:
    out = np.ones((1, 1))
    for up, down in flips:
        out = np.kron(out, [[1 - up, down], [up, 1 - down]])
    return out


@pytest.mark.parametrize("rescale", [True, False])
@pytest.mark.parametrize("flips", [True, False])
def test_values_take_out_what_the_device_does(flips, rescale, rng):
    """Outcomes of any state, mixed with noise and read wrongly, count as its zeros."""
    own = overlaps_of(of_flips() if flips else without_flips(), rescale)
    read = confusion(FLIPS[[2, 0, 1]]) if flips else np.eye(8)
    even = read[0].mean()
    top = float(np.prod(1 - FLIPS[:, 0])) if flips else 1.0
    survival = (0.5 - even) / (top - even)
    assert own.survival() == pytest.approx(survival)
    truth = rng.dirichlet(np.ones(8))
    seen = read @ (survival * truth + (1 - survival) / 8 if rescale else truth)
    assert own.values(own.known.means) @ seen == pytest.approx(truth[0])
    np.testing.assert_allclose(
        own.powers(2)[:, 0], own.counts @ own.values(own.known.means) / 50
    )  # fmt: skip


def test_errors_of_overlaps_in_closed_form():
    """``F = (f − q)/s + q`` with the share ``f`` of zeros and ``s = (k − q)/(1 − q)``."""
    own, even = overlaps_of(without_flips()), 1 / 8
    survival = (0.5 - even) / (1 - even)
    error = 0.03 / (1 - even)
    told = own.told_survival(0.9)
    assert (told.value, told.stderr) == pytest.approx((survival, error))
    share = own.counts[:, 0].mean() / 50
    expected = error * (share - even) / survival**2
    assert own.potential_errors(1)[0] == pytest.approx(expected, rel=1e-5)


def law(own: OverlapCalibration, means: np.ndarray, n_bins: int, spread: bool = False):
    """That of Haar states on the device, from the means of its calibration."""
    if not own.known.made.flips:
        return noisy_counted_log_masses(8, own.shots, n_bins, own.survival(means))
    zeros = read_as_zeros(np.stack([means[[2, 0, 1]], means[[6, 4, 5]]], axis=1))
    wrong = (
        wrongly_zero(zeros, np.random.default_rng(0)) if spread else np.atleast_1d(zeros[1:].mean())
    )
    survival = min(own.survival(means), 1.0) if own.rescale else 1.0
    return noisy_counted_log_masses(
        8, own.shots, n_bins, survival, (zeros[0], wrong, zeros.mean())
    )  # fmt: skip


@pytest.mark.parametrize("known", [of_flips(), of_flips(0.99), without_flips()])
@pytest.mark.parametrize("rescale", [True, False])
def test_the_law_of_haar_states_on_the_device(known, rescale):
    own = overlaps_of(known, rescale)
    if known.made.flips or rescale:
        expected = law(own, known.means, 5, spread=True)
    else:
        expected = noisy_counted_log_masses(8, 50, 5, 1.0)
    np.testing.assert_allclose(own.haar_log_masses(5), expected, atol=1e-9)


@pytest.mark.parametrize("known", [of_flips(spread=0.002), without_flips()])
def test_the_calibration_errs_the_divergence_by_its_slopes(known):
    own, histogram = overlaps_of(known), np.array([40, 20, 10, 5, 0])
    steps = 2e-4 * np.eye(len(known.means))
    slopes = [
        np.subtract(*(
            debiased_divergence(histogram, law(own, known.means + sign * step, 5))
            for sign in (1, -1)
        )) / 4e-4
        for step in steps
    ]  # fmt: skip
    expected = np.linalg.norm(known.root.T @ slopes)
    assert own.divergence_error(histogram) == pytest.approx(expected, rel=0.02)
