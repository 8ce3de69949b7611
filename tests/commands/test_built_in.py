"""The built-in job: the series, its sampling, the fits, the text, the picture."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pennylane_trainability.commands.airline import fourier_basis, load_airline, unidentifiable
from pennylane_trainability.commands.comparison import SHAPES, _span, compare_shapes, report_of
from pennylane_trainability.fitting import r_squared

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def comparison():
    return compare_shapes(n_draws=10)


@pytest.fixture
def computed(comparison, monkeypatch):
    """The command line finds the fits done; a fresh process is tested below."""
    monkeypatch.setattr(f"{compare_shapes.__module__}.compare_shapes", lambda seed: comparison)


def test_series_is_complete():
    data = load_airline()
    assert data.passengers.shape == (144,)
    assert data.passengers[[0, -1]].tolist() == [112, 432]
    assert data.years[data.held_out].tolist() == sorted([1958, 1959, 1960] * 12)
    assert np.array_equal(data.months, np.tile(np.arange(1, 13), 12))


def test_trend_knows_only_the_fitted_years():
    data = load_airline()
    fitted = ~data.held_out
    time_axis = np.arange(144) / 12
    # least squares leaves nothing along a constant or a line, on the rows it was fitted to
    assert abs(data.targets[fitted].sum()) < 1e-9
    assert abs(data.targets[fitted] @ time_axis[fitted]) < 1e-9
    assert abs(data.targets @ time_axis) > 1


def test_trend_counts_years_from_january_1949():
    data = load_airline()
    slope, intercept = np.polyfit(np.arange(108) / 12, np.log(data.passengers[:108]), 1)
    np.testing.assert_allclose(data.trend, (intercept, slope), rtol=1e-9)


def test_levels_of_the_years_held_out_are_taken_away():
    data = load_airline()
    values = np.arange(144.0) ** 2
    years = values[108:].reshape(3, 12)
    expected = years - years.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(data.without_yearly_means(values), expected.ravel())


def test_line_forecasts_better_than_parabola_within_the_fitted_years():
    """What the docstring says about the choice of the trend."""
    data = load_airline()
    values, axis = np.log(data.passengers), np.arange(144) / 12
    months = (data.months[:, None] == np.arange(1, 13)).astype(float)

    def miss(degree, last):
        design = np.hstack([months, *(axis[:, None] ** d for d in range(1, degree + 1))])
        weights = np.linalg.lstsq(design[:last], values[:last], rcond=None)[0]
        following = slice(last, min(last + 36, 108))
        return np.sqrt(np.mean((values - design @ weights)[following] ** 2))

    origins = (36, 48, 60, 72)
    line, parabola = ([miss(d, n) for n in origins] for d in (1, 2))
    assert all(a < b for a, b in zip(line, parabola, strict=True))
    assert (round(min(line), 2), round(max(line), 2)) == (0.04, 0.10)
    assert (round(min(parabola), 2), round(max(parabola), 2)) == (0.10, 0.43)


@pytest.mark.parametrize(
    ("points", "degree", "rank", "terms"),
    [
        pytest.param(12, 6, 12, ("sin 6x",), id="monthly"),
        pytest.param(12, 5, 11, (), id="lower-degree"),
        pytest.param(24, 6, 13, (), id="twice-a-month"),
        pytest.param(4, 6, 4, ("sin 2x", "sin 4x", "sin 6x"), id="quarterly"),
    ],
)
def test_what_sampling_cannot_show(points, degree, rank, terms):
    assert unidentifiable(2 * np.pi * np.arange(points) / points, degree) == (rank, terms)


def test_basis_on_a_fine_grid_is_orthogonal():
    basis, names = fourier_basis(2 * np.pi * np.arange(40) / 40, 3)
    assert len(names) == 7
    assert np.allclose(basis.T @ basis, np.diag([40] + [20] * 6))


def test_every_shape_reaches_the_monthly_means(comparison):
    data = comparison.data
    fitted = ~data.held_out
    ceiling = r_squared(data.targets[fitted], data.best_of_month[fitted])
    for trial in comparison.trials:
        assert trial.fit.r2 == pytest.approx(ceiling, abs=1e-3)
        assert np.allclose(trial.fit.fitted, data.best_of_month, atol=5e-3)


def test_ranks_are_full_and_rows_are_thirteen(comparison):
    assert tuple(t.shape for t in comparison.trials) == SHAPES
    assert {t.space.n_rows for t in comparison.trials} == {13}
    assert {t.space.rank for t in comparison.trials} == {13}


def test_curve_passes_through_the_fitted_values(comparison):
    for trial in comparison.trials:
        at_months = np.interp(np.unique(comparison.data.inputs), trial.grid, trial.curve)
        assert np.allclose(at_months, trial.fit.fitted[:12], atol=2e-3)


def test_text_says_what_is_needed(comparison):
    text = str(comparison)
    for shape in SHAPES:
        assert str(shape) in text
    assert "rank 12; sin 6x is zero at every month" in text
    assert "R² held out" in text
    assert max(map(len, text.splitlines())) <= 104


def test_text_counts_shapes_that_come_within_a_thousandth(comparison):
    data = comparison.data
    fitted = ~data.held_out
    ceiling = r_squared(data.targets[fitted], data.best_of_month[fitted])
    trials = tuple(
        SimpleNamespace(fit=SimpleNamespace(r2=ceiling - gap)) for gap in (5e-4, 15e-4, 5e-4, 0.1)
    )
    assert "; 2 of 4 shapes come within 0.001" in replace(comparison, trials=trials)._ceiling()


def test_text_says_how_many_times_the_weakest_direction_differs(comparison):
    medians = {t.shape: np.median(t.space.smallest_row_values) for t in comparison.trials}
    low, high = min(medians, key=medians.get), max(medians, key=medians.get)
    words = " ".join(str(comparison).split())
    ratio = medians[high] / medians[low]
    assert f"σ_K is {ratio:.1f} times as large in shape {high} as in {low} " in words


@pytest.mark.parametrize(
    ("values", "text"),
    [((0.3, 0.3004), "0.300"), ((0.3, 0.3008), "0.300 to 0.301"), ((0.3, 0.4), "0.300 to 0.400")],
)
def test_ranges_are_told_where_three_digits_differ(values, text):
    assert _span(values) == text


def test_text_says_by_how_much_the_years_held_out_are_missed(comparison):
    season = comparison.data.targets[:108].reshape(9, 12).mean(axis=0)
    miss = (comparison.data.targets[108:].reshape(3, 12) - season).mean()
    words = " ".join(str(comparison).split())
    assert f"lie {-miss:.3f} below trend and season on average" in words


def test_a_level_that_is_fitted_is_not_missed(comparison):
    """What all years share belongs to the season, whatever the years held out miss."""
    data, says = comparison.data, comparison._level()
    higher = replace(comparison, data=replace(data, targets=data.targets + 0.3))
    assert higher._level().split(":")[0] == says.split(":")[0]


def test_fits_are_given_values_of_a_whole_period(monkeypatch):
    given = []
    monkeypatch.setattr(
        f"{compare_shapes.__module__}.fit", lambda *args, **options: lambda x, w: given.append(w)
    )
    monkeypatch.setattr(f"{compare_shapes.__module__}.read_qnode", lambda *args: None)
    with pytest.raises(AttributeError):  # nothing was fitted
        compare_shapes(((2, 3),), n_draws=3)
    (weights,) = given
    assert weights.size == 24 and 0 <= weights.min() < np.pi / 2
    assert 3 * np.pi / 2 < weights.max() < 2 * np.pi


def test_curves_run_from_half_a_month_before_january_over_one_period(comparison):
    for trial in comparison.trials:
        np.testing.assert_allclose(trial.grid[[0, -1]] * 6 / np.pi + 1, [0.5, 12.5])


def test_same_seed_same_numbers():
    one, two = (compare_shapes(((1, 6),), seed=3, n_draws=3) for _ in range(2))
    assert one.to_dict() == two.to_dict()


def test_report_of_one_shape(comparison):
    report = report_of(comparison)
    assert report.rank == 13
    assert report.n_parameters == 24


def test_command_without_arguments(computed, run, tmp_path):
    code, out, err = run()
    assert code == 0
    assert "R² fitted" in out
    assert "parameters can learn" in out
    assert "picture: trainability.png" in err
    assert (tmp_path / "trainability.png").read_bytes().startswith(b"\x89PNG")


def test_picture_where_asked_or_not_at_all(computed, run, tmp_path):
    assert run("--picture", "here.svg")[0] == 0
    assert (tmp_path / "here.svg").exists()
    assert run("--no-picture")[0] == 0
    assert not (tmp_path / "trainability.png").exists()


def test_picture_that_cannot_be_written(computed, run):
    code, out, err = run("--picture", "no/such/folder/a.png")
    assert code == 2
    assert "parameters can learn" in out  # the answer is not lost
    assert "Name another file with --picture" in err


def test_without_matplotlib_one_line(computed, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run()
    assert code == 0
    assert "parameters can learn" in out
    assert err.count("\n") == 1
    assert "matplotlib is missing" in err
    assert run("--picture", "a.png")[0] == 2


def test_picture_shows_every_shape(comparison, tmp_path, global_state_unchanged):
    from pennylane_trainability.commands.picture import save_comparison

    path = tmp_path / "a.svg"
    save_comparison(comparison, str(path))
    assert path.stat().st_size > 10_000


def test_picture_shows_years_beside_their_month_and_curves_on_it(comparison):
    from matplotlib.figure import Figure

    from pennylane_trainability.commands.picture import _draw_curves

    axes, data = Figure().subplots(), comparison.data
    _draw_curves(comparison, axes)
    fitted, held, *curves = axes.get_lines()
    months = np.arange(1, 13)
    left = np.reshape(fitted.get_xdata(), (9, 12)) - months
    right = np.reshape(held.get_xdata(), (3, 12)) - months
    assert np.all((left > -0.5) & (left < 0)) and np.all((right > 0) & (right < 0.5))
    np.testing.assert_array_equal(fitted.get_ydata(), data.targets[:108])
    np.testing.assert_array_equal(held.get_ydata(), data.targets[108:])
    assert len(curves) == len(SHAPES)
    for curve, trial in zip(curves, comparison.trials, strict=True):
        at_months = np.interp(months, curve.get_xdata(), curve.get_ydata())
        assert np.allclose(at_months, trial.fit.fitted[:12], atol=2e-3)

    values = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    (low, high), spread = axes.get_ylim(), np.ptp(values)
    assert low < values.min()
    assert 0.25 * spread < high - values.max() < 0.45 * spread  # room for the legend


def test_picture_shows_medians_and_quartiles_of_the_singular_values(comparison):
    from matplotlib.figure import Figure

    from pennylane_trainability.commands.picture import _draw_spectra

    axes = Figure().subplots()
    _draw_spectra(comparison, axes)
    pairs = zip(axes.get_lines(), axes.collections, strict=True)
    for (line, band), trial in zip(pairs, comparison.trials, strict=True):
        values = np.sort(trial.space.singular_values, axis=0)  # of ten draws
        assert len(values) == 10
        middle = (values[4] + values[5]) / 2
        quarter, three = 0.75 * values[2] + 0.25 * values[3], 0.25 * values[6] + 0.75 * values[7]
        np.testing.assert_allclose(line.get_ydata(), middle, rtol=1e-9)
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 14))
        corners = band.get_paths()[0].vertices
        for k in range(13):
            own = corners[corners[:, 0] == k + 1, 1]
            np.testing.assert_allclose([own.min(), own.max()], [quarter[k], three[k]], rtol=1e-9)


def test_fresh_process_is_done_in_time(tmp_path):
    before = os.times().children_user
    done = subprocess.run(
        [sys.executable, "-m", "pennylane_trainability"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trainability.png").exists()
    # processor time, which a busy machine does not stretch
    assert os.times().children_user - before < 20
