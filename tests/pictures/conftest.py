"""No picture opens a window, and none is left open."""

import pytest


@pytest.fixture(autouse=True)
def figures():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield
    plt.close("all")
