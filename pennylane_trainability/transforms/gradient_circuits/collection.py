"""No search for cyclic garbage while many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Make objects without searching all objects of the process for cycles in between.

    A plan and its tapes are a hundred thousand objects, none of them garbage; Python would look for
    cycles several hundred times meanwhile, and through all that PennyLane has loaded. What was
    switched off stays off.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
