"""Pictures in a file; the only file of the command line that needs matplotlib."""

from __future__ import annotations

import numpy as np

from pennylane_trainability.commands.comparison import Comparison
from pennylane_trainability.commands.source import CommandError

__all__ = ["MissingMatplotlib", "save_comparison", "save_page", "save_report"]

# Okabe and Ito's colours, told apart by people with any kind of colour vision; plus markers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_MARKERS = ("o", "s", "^", "D")
_WIDTHS = (7.0, 4.6, 2.8, 1.1)  # curves that coincide stay visible below each other
_STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "savefig.dpi": 150,
}
_MONTHS = "JFMAMJJASOND"


class MissingMatplotlib(CommandError):
    """There is no matplotlib to draw with."""


def save_comparison(comparison: Comparison, path: str) -> None:
    """Fitted curves beside the singular values of the shapes.

    Args:
        comparison: what is drawn.
        path: file to be written; its ending chooses the format.

    Raises:
        MissingMatplotlib: it is not installed.
        CommandError: the file cannot be written.
    """
    figure = _figure(path, (11.5, 4.8), 2)
    with _matplotlib().rc_context(_STYLE):
        left, right = figure.axes
        _draw_curves(comparison, left)
        _draw_spectra(comparison, right)
        _save(figure, path)


def save_report(report, path: str) -> None:
    """What ``report.plot()`` draws, in a file; errors as in :func:`save_comparison`."""
    figure = _figure(path, (8, 5), 1)
    report.plot(figure.axes[0])
    _save(figure, path)


def save_page(report, path: str) -> None:
    """What ``report.to_html()`` writes, in a file; errors as in :func:`save_comparison`."""
    _matplotlib()
    try:
        report.to_html(path)
    except OSError as error:
        raise CommandError(
            f"No page: {path} cannot be written ({error}). Name another file with --html."
        ) from error


def _matplotlib():
    try:
        import matplotlib
    except ImportError as error:
        raise MissingMatplotlib(
            "No picture: matplotlib is missing. Install it with "
            'python -m pip install "pennylane-trainability[plot]", or add --no-picture.'
        ) from error
    return matplotlib


def _figure(path: str, size: tuple[float, float], columns: int):
    matplotlib = _matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.12))
        FigureCanvasAgg(figure)  # no window, whatever the backend of the session
        figure.subplots(1, columns)
    return figure


def _save(figure, path: str) -> None:
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"No picture: {path} cannot be written ({error}). Name another file with --picture."
        ) from error


def _draw_curves(comparison: Comparison, axes) -> None:
    data = comparison.data
    held, shift = data.held_out, 0.12
    points = {"marker": "o", "linestyle": "none", "markersize": 3.5, "color": "0.45"}
    axes.plot(data.months[~held] - shift, data.targets[~held], label="fitted years", **points)
    axes.plot(
        data.months[held] + shift,
        data.targets[held],
        label="held out",
        **points | {"markerfacecolor": "none", "color": "black"},
    )
    for trial, colour, width in zip(comparison.trials, _COLOURS, _WIDTHS, strict=False):
        label = f"{trial.shape}, R² = {trial.fit.r2:.3f}"
        month = 1 + 6 * trial.grid / np.pi
        axes.plot(month, trial.curve, color=colour, lw=width, label=label, zorder=1)
    axes.set_xticks(range(1, 13), _MONTHS)
    axes.set_xlabel("month")
    axes.set_ylabel("log(passengers) − trend")
    years = data.years[~held]
    axes.set_title(f"Season, fitted to {years[0]}–{years[-1]}, shapes (wires, layers)")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.28 * (high - low))  # room for the legend
    axes.legend(ncols=2, loc="upper left", fontsize=9)


def _draw_spectra(comparison: Comparison, axes) -> None:
    looks = zip(comparison.trials, _COLOURS, _MARKERS, strict=False)
    for trial, colour, marker in looks:
        low, median, high = trial.space.quantiles((0.25, 0.5, 0.75))
        index = np.arange(1, len(median) + 1)
        axes.fill_between(index, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(index, median, color=colour, marker=marker, ms=4, lw=1.2, label=f"{trial.shape}")
    axes.set_yscale("log")
    axes.set_xticks(index)
    axes.set_xlabel("$k$")
    axes.set_ylabel(r"singular value $\sigma_k$ of the coefficient Jacobian")
    axes.set_title("How strongly the coefficients move (median and quartiles)")
    axes.legend(title="shape (wires, layers)", loc="lower left", fontsize=9)
