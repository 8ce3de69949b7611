"""From a result to its picture."""

from __future__ import annotations

import io

from pennylane_trainability.plots import one_panel, several_panels  # noqa: F401 - they register
from pennylane_trainability.plots.registry import NoPictureError, picture
from pennylane_trainability.results import Result

__all__ = ["draw", "png"]


def draw(result: Result, ax=None, **style):
    """Draw a result; nothing is shown and no setting of matplotlib is changed.

    A report on new axes has up to four panels: singular values, parameters, gradient per frequency,
    Fourier coefficients. A capacity has two: eigenvalues, and how the rank grows; a comparison of
    shapes up to three. On given axes only the first panel is drawn.

    Args:
        result: the result.
        ax: matplotlib axes to draw on, whose fonts and sizes are kept; a new figure if ``None``.
        **style: properties of the main line (a ``Line2D``), such as ``color`` or ``marker``.

    Returns:
        The matplotlib axes of the main panel; the others are in ``ax.figure.axes``.

    Raises:
        ImportError: matplotlib is missing.
        TypeError: there is no picture of this kind of result.
    """
    return picture(result, ax, style)


def png(result: Result) -> bytes | None:
    """The picture of a result as the bytes of a PNG file; ``None`` if there is none of its kind.

    Args:
        result: the result.

    Raises:
        ImportError: matplotlib is missing.
    """
    try:
        figure, file = draw(result).figure, io.BytesIO()
    except NoPictureError:
        return None
    from matplotlib.pyplot import close

    try:
        figure.savefig(file, format="png", dpi=150, facecolor="white")
    finally:
        close(figure)
    return file.getvalue()
