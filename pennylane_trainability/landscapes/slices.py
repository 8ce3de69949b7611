"""Lines and planes through parameter space: orthonormal frames, and the points of a grid in them.

Coordinates are Euclidean distances in parameter space (radians, for angles), whatever spans the
line or plane, so that pictures are true to scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Frame", "frame_of_points", "orthonormal"]

#: A direction of which less than this share is left beside the one before is the same direction.
_PARALLEL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A line or plane with coordinates.

    Attributes:
        origin: where all coordinates are zero, ``(P,)``.
        directions: orthonormal, ``(k, P)``, one or two.
        marks: coordinates of points that lie in it, the origin first, ``(m, k)``.
    """

    origin: np.ndarray
    directions: np.ndarray
    marks: np.ndarray

    def points(self, axes: Sequence[np.ndarray]) -> np.ndarray:
        """The parameters at every point of a grid, ``(G₁·…·G_k, P)``, last axis fastest.

        Args:
            axes: the coordinates along every direction.
        """
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
        return self.origin + grid @ self.directions

    def spans(self, span: float) -> tuple[tuple[float, float], ...]:
        """Ends of every axis: ``±span``, or around the marks with a quarter of their extent."""
        if len(self.marks) == 1:
            return ((-span, span),) * len(self.directions)
        low, high = self.marks.min(axis=0), self.marks.max(axis=0)
        margin = np.max(high - low) / 4
        return tuple((float(a - margin), float(b + margin)) for a, b in zip(low, high, strict=True))


def orthonormal(directions: np.ndarray) -> np.ndarray:
    """Gram and Schmidt: the first keeps its direction, others lose what they share with it.

    Args:
        directions: ``(k, P)``.

    Raises:
        ValueError: one is zero, or the same as those before.

    >>> orthonormal(np.array([[3.0, 0.0], [1.0, 1.0]]))
    array([[1., 0.],
           [0., 1.]])
    """
    found: list[np.ndarray] = []
    for number, direction in enumerate(np.asarray(directions, float), start=1):
        rest, size = direction, np.linalg.norm(direction)
        for _ in range(2):  # twice is enough for full precision
            rest = rest - sum((one * (one @ rest) for one in found), np.zeros_like(rest))
        left = np.linalg.norm(rest)
        if not size > 0 or not left > _PARALLEL * size:
            what = "is zero" if not size > 0 else "has the direction of the one before it"
            raise ValueError(f"direction {number} {what}, and spans nothing.")
        found.append(rest / left)
    return np.array(found)


def frame_of_points(points: np.ndarray) -> Frame:
    """The line through two points, or the plane through three.

    Args:
        points: ``(2, P)`` or ``(3, P)``; the first is the origin, the second on the first axis.

    Raises:
        ValueError: the points coincide or lie on one line.
    """
    apart = points[1:] - points[0]
    directions = orthonormal(apart)
    marks = np.vstack([np.zeros(len(directions)), apart @ directions.T])
    return Frame(points[0], directions, marks)
