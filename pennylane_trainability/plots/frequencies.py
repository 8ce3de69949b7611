"""What happens at each frequency: gradients, paths, coefficients."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.diagnostics.column_space.spectrum import ATOL, RTOL
from pennylane_trainability.diagnostics.measured import MeasuredJacobian
from pennylane_trainability.diagnostics.series_rows import FourierRows
from pennylane_trainability.plots.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    ORANGE,
    VERMILLION,
    legend,
    line,
    log_scale,
    thinned,
)
from pennylane_trainability.report import Report

__all__ = ["coefficients", "frequency_labels", "gradients", "magnitudes", "rows"]

_MARKERS = "os^D"


def frequency_labels(frequencies: np.ndarray) -> list[str]:
    """Zero and the positive half of the spectrum, in words.

    Args:
        frequencies: ``(R, I)``.

    >>> frequency_labels(np.array([[0, 1], [1, -1]]))
    ['0', '(0, 1)', '(1, −1)']
    """
    words = [", ".join(f"{v:.4g}" for v in k).replace("-", "−") for k in frequencies]
    return ["0", *(f"({w})" if frequencies.shape[1] > 1 else w for w in words)]


def magnitudes(values: np.ndarray) -> np.ndarray:
    """``|c_k|`` from rows of coefficients, over all outputs (root of the sum of squares).

    Args:
        values: ``(..., outputs, K)``: ``c_0, √2 Re c_k, √2 Im c_k, …``.

    Returns:
        ``(..., 1 + R)``.

    >>> magnitudes(np.array([[1.0, 3.0, 4.0]])).round(3)
    array([1.   , 3.536])
    """
    return np.sqrt(np.sum(_powers(values), axis=-2))


def _powers(values: np.ndarray) -> np.ndarray:
    """``|c_k|²`` of every output, ``(..., outputs, 1 + R)``."""
    squares = values**2
    return np.concatenate(
        [squares[..., :1], (squares[..., 1::2] + squares[..., 2::2]) / 2], axis=-1
    )


def gradients(ax, report: Report) -> None:
    """Norm of the rows of ``J`` per frequency over the draws, above the number of paths.

    Args:
        ax: the axes.
        report: a report on a Fourier series.
    """
    strength = report.gradient_strength
    only = "values given" if report.measured is None else "measured"
    what = "draws" if len(strength) > 1 else only
    _bands(ax, strength, {"color": BLUE, "marker": "o"}, what)
    if report.measured is not None:
        _ticks(ax, _row_noise(report.measured, len(report.frequencies)))
    zero = _zero(strength)
    log_scale(ax, strength, zero, spread=30)
    _absent(ax, np.all(strength <= zero, axis=0))
    _paths(ax, report.redundancy)
    ax.set_ylabel("norm of the rows of J")
    ax.set_title("Gradient per frequency")
    _finish(ax, report.frequencies)


def _paths(ax, redundancy: np.ndarray) -> None:
    """Grey bars behind the points, with their own axis on the right."""
    from matplotlib.ticker import MaxNLocator

    twin = ax.twinx()
    twin.bar(np.arange(len(redundancy)), redundancy, color="0.88", width=0.85)
    most = float(redundancy.max())
    if most > 20:
        twin.set_yscale("log")
        twin.set_ylim(0.5, 4 * most)
    else:
        twin.set_ylim(0, 1.3 * most)
        twin.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    twin.set_ylabel("paths R(k) (grey bars)", color="0.45")
    twin.tick_params(which="both", labelsize=8, colors="0.45")
    ax.set_zorder(twin.get_zorder() + 1)
    ax.patch.set_visible(False)


def coefficients(ax, report: Report, values: np.ndarray) -> None:
    """``|c_k|`` over the draws, at the values given, and of the target.

    Args:
        ax: the axes.
        report: a report on a Fourier series.
        values: its coefficients, ``(1 + D, outputs, K)``.
    """
    size = magnitudes(values)
    shown, places, middle = [size], np.arange(size.shape[1]), 0.0
    if len(size) > 1:
        _bands(ax, size[1:], {"color": BLUE, "marker": "o"}, "draws", -0.17)
        middle = 0.17 if report.target is None else 0.0
    look = {"color": ORANGE, "marker": "s", "linestyle": "none", "markersize": 5}
    label = "values given" if report.measured is None else "measured"
    ax.plot(places + middle, size[0], label=label, **look)
    if report.measured is not None and report.measured.coefficient_stderr is not None:
        # the size of |c_k| if there were nothing but noise
        _ticks(ax, magnitudes(report.measured.coefficient_stderr))
    if report.target is not None:
        wanted = magnitudes(report.target.coefficients)
        look = {"color": GREEN, "marker": "D", "linestyle": "none", "markersize": 5}
        ax.plot(places + 0.17, wanted, label="target", **look)
        shown.append(wanted[None])
    zero = _zero(np.concatenate(shown))
    log_scale(ax, np.concatenate(shown), zero, spread=30)
    _absent(ax, np.all(size <= zero, axis=0))
    many = values.shape[1]
    ax.set_ylabel("$|c_k|$" if many == 1 else f"$|c_k|$, {many} outputs together")
    ax.set_title("Fourier coefficients")
    _finish(ax, report.frequencies)


def rows(ax, result: FourierRows, style: dict) -> None:
    """``|c_k|`` of every output with its standard error.

    Args:
        ax: the axes.
        result: the coefficients.
        style: properties of the points.
    """
    size = np.sqrt(_powers(result.values))
    errors = _magnitude_errors(result.values, result.stderr)
    exact, many = not result.stderr.any(), len(size)
    only = "exact" if exact else "measured ± standard error"
    places = np.arange(size.shape[1])
    for k, (values, error) in enumerate(zip(size, errors, strict=True)):
        look = {"color": COLOURS[k % len(COLOURS)], "marker": _MARKERS[k % len(_MARKERS)]}
        label = f"output {k}" if many > 1 else only
        main = line(style, **look, linestyle="none", markersize=5, label=label)
        offset = 0.5 * (k - (many - 1) / 2) / many
        bars = None if exact else error
        ax.errorbar(places + offset, values, yerr=bars, capsize=2, elinewidth=1, **main)
    if exact:
        zero = _zero(size)
        log_scale(ax, size, zero, spread=30)
        _absent(ax, np.all(size <= zero, axis=0))
    else:
        ax.set_ylim(min(0.0, float(np.min(size - errors))), 1.25 * float(np.max(size + errors)))
    ax.set_ylabel("$|c_k|$")
    _finish(ax, result.frequencies, explained=many <= 8)


def _magnitude_errors(values: np.ndarray, stderr: np.ndarray) -> np.ndarray:
    """Standard errors of ``|c_k|``: those of the two parts, weighted by their direction."""
    squares, variances = values**2, stderr**2
    total = squares[:, 1::2] + squares[:, 2::2]
    parts = squares[:, 1::2] * variances[:, 1::2] + squares[:, 2::2] * variances[:, 2::2]
    even = (variances[:, 1::2] + variances[:, 2::2]) / 2
    mixed = np.where(total > 0, parts / np.where(total > 0, total, 1), even)
    return np.sqrt(np.concatenate([variances[:, :1], mixed / 2], axis=1))


def _row_noise(measured: MeasuredJacobian, n_frequencies: int) -> np.ndarray:
    """Root mean square of the norm of the rows if there were nothing but noise, ``(1 + R,)``."""
    square = np.sum(measured.stderr**2, axis=1).reshape(-1, 1 + 2 * n_frequencies).sum(axis=0)
    return np.sqrt(np.concatenate([square[:1], square[1::2] + square[2::2]]))


def _bands(ax, samples: np.ndarray, look: dict, what: str, offset: float = 0.0) -> None:
    """Median and 5–95 % of the draws at every position."""
    places = np.arange(samples.shape[1]) + offset
    low, median, high = np.quantile(samples, [0.05, 0.5, 0.95], axis=0)
    look = look | {"linestyle": "none", "markersize": 5, "capsize": 2, "zorder": 3}
    bars, label = None, what
    if len(samples) > 1:
        bars, label = [median - low, high - median], f"{what}: median, 5–95 %"
    ax.errorbar(places, median, yerr=bars, label=label, **look)


def _ticks(ax, noise: np.ndarray) -> None:
    places = np.arange(len(noise))
    ax.hlines(noise, places - 0.3, places + 0.3, color=BLACK, lw=1.5, label="noise alone (rms)")


def _zero(sizes: np.ndarray) -> float:
    """What counts as zero beside these sizes, which are of order one at most."""
    return max(ATOL, RTOL * float(sizes.max(initial=0.0)))


def _absent(ax, where: np.ndarray) -> None:
    """A cross on the axis where everything is zero."""
    if not where.any():
        return
    places = np.flatnonzero(where)
    look = {"color": VERMILLION, "marker": "x", "linestyle": "none", "markersize": 7, "zorder": 4}
    look |= {"transform": ax.get_xaxis_transform(), "clip_on": False}
    ax.plot(places, np.zeros(len(places)), label="absent (zero)", **look)


def _finish(ax, frequencies: np.ndarray, explained: bool = True) -> None:
    thinned(ax, frequency_labels(frequencies))
    ax.set_xlabel("frequency k")
    if explained:
        legend(ax)
