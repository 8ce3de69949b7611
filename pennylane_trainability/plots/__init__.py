"""Pictures of results; the only room that imports matplotlib, and only when something is drawn."""

from pennylane_trainability.plots.drawing import draw as draw
from pennylane_trainability.plots.drawing import png as png
