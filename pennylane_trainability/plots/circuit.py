"""Which gates of the circuit can learn? PennyLane's drawing, coloured by what was found."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pennylane as qml
from pennylane.drawer import tape_mpl
from pennylane.drawer.drawable_layers import drawable_layers
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.circuit import Circuit
from pennylane_trainability.circuits.numeric import numeric_gate
from pennylane_trainability.circuits.qnode import function_of, read_qnode
from pennylane_trainability.diagnostics.capacity_record import Capacity
from pennylane_trainability.errors import ReadingError
from pennylane_trainability.plots.parameters import short_names
from pennylane_trainability.plots.style import pyplot
from pennylane_trainability.report import Report

__all__ = ["draw_circuit"]

#: Kind of parameter → face of its gates, light enough for black letters; the last kind wins where
#: the angle of a gate takes several parameters.
_LOOKS: dict[str, dict[str, Any]] = {
    "dead": {"facecolor": "#f4b183", "hatch": "//"},
    "redundant": {"facecolor": "#f5dc9b", "hatch": ".."},
    "trainable": {"facecolor": "#9ecbea"},
    "independent": {"facecolor": "#9ecbea"},
    "input": {"facecolor": "#d9d9d9"},
}
_WORDS = {
    "dead": "dead: moves nothing",
    "redundant": "redundant: others do the same",
    "independent": "independent set",
    "trainable": "not dead",
    "input": "input",
}


def draw_circuit(qnode, report: Report | Capacity, *, encoding_args=None, argnums=None, style=None,
                 labels: bool = True, **kwargs):  # fmt: skip
    r"""Draw a circuit with PennyLane's drawer, its gates coloured by what a report found.

    Dead parameters (hatched), redundant ones (dotted) and an independent set can be told apart in
    print and with any kind of colour vision. Templates are drawn as the gates they are made of, and
    gates with several parameters as the rotations they are made of. A gate whose angle takes
    several parameters has the look of its best one: as long as one can learn, the gate does
    something.

    Args:
        qnode: the QNode that was analysed.
        report: from :func:`analyze`, or a :class:`Capacity`.
        encoding_args: as they were given to :func:`analyze` or :func:`capacity`.
        argnums: likewise.
        style: a style of PennyLane's drawer (``"pennylane"``, ``"sketch"``, …); default: black and
            white, so that colours are those of the report.
        labels: write the name of its parameters above every gate.
        **kwargs: further keywords of ``qml.drawer.tape_mpl`` (``wire_order``, ``fontsize``, …);
            ``max_length`` is not among them.

    Returns:
        A function of the QNode's arguments that returns matplotlib's ``(figure, axes)``, as
        ``qml.draw_mpl`` does.

    Raises:
        ReadingError: the report speaks of other parameters than this QNode has with these
            arguments.
        ImportError: matplotlib is missing.

    **Cost.** Nothing is run.

    **Example**

    >>> import numpy as np
    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, weights):
    ...     qml.RZ(weights[0], wires=0)
    ...     qml.RY(weights[1], wires=0)
    ...     qml.RX(x, wires=0)
    ...     qml.RY(weights[2], wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> args = 0.0, np.array([0.1, 0.2, 0.3])
    >>> report = pt.analyze(circuit, encoding_args="x", seed=1)(*args)
    >>> figure, axes = pt.draw_circuit(circuit, report, encoding_args="x")(*args)
    """
    if not isinstance(report, (Report, Capacity)):
        raise TypeError(
            "draw_circuit() colours by the report of analyze() or capacity(); got "
            f"{type(report).__name__}."
        )
    pyplot()
    found = _kinds(report)
    need = isinstance(report, Report)

    @functools.wraps(function_of(qnode))
    def call(*args, **call_kwargs):
        reading = read_qnode(qnode, args, call_kwargs, encoding_args, argnums, need_inputs=need)
        names = reading.arguments.parameter_labels()
        if set(names) != set(found):
            raise _others(names, found)
        tape, kinds, titles = _drawn(reading.circuit, [found[name] for name in names], names)
        look = {"style": style or "black_white", "wire_order": list(reading.circuit.wires)} | kwargs
        figure, axes = tape_mpl(tape, **look)
        _colour(axes, tape, kinds, titles if labels else {}, look["wire_order"])
        _legend(figure, axes, kinds)
        return figure, axes

    return call


def _kinds(report: Report | Capacity) -> dict[str, str]:
    """The kind of every parameter, by its name."""
    if isinstance(report, Capacity):
        dead = {report.parameters[p] for p in report.dead}
        return {name: "dead" if name in dead else "trainable" for name in report.parameters}
    dead = set(report.dead)
    if report.measured is not None:
        return {name: "dead" if name in dead else "trainable" for name in report.parameters}
    kept = set(report.independent)
    return {
        name: "dead" if name in dead else "independent" if name in kept else "redundant"
        for name in report.parameters
    }


def _others(names, found) -> Exception:
    missing = sorted(set(names) ^ set(found))[:3]
    return ReadingError(
        "The report speaks of other parameters than this QNode has with these arguments; they "
        f"differ in {', '.join(missing)} … Draw the QNode that was analysed, with its arguments, "
        "encoding_args and argnums."
    )


def _drawn(circuit: Circuit, kinds: list[str], names: tuple[str, ...]):
    """The tape that is drawn; kind and title of its gates by their places."""
    short = short_names(names)[1]
    operators = [*circuit.preparation]
    found: dict[int, str] = {}
    titles: dict[int, str] = {}
    for gate in circuit.gates:
        place = len(operators)
        operators.append(numeric_gate(gate, circuit.wires, 0))
        own = sorted({p for angle in gate.angles for p in angle.parameters})
        if own:
            found[place] = max((kinds[p] for p in own), key=list(_LOOKS).index)
            titles[place] = "; ".join(short[p] for p in own[:2]) + (" …" if len(own) > 2 else "")
        elif gate.is_encoding:
            found[place] = "input"
    with qml.QueuingManager.stop_recording():
        tape = QuantumScript(operators, list(circuit.measurements))
    return tape, found, titles


def _colour(axes, tape: QuantumScript, kinds: Mapping[int, str], titles, order) -> None:
    """Give the boxes of every gate the look of its kind."""
    used = [*order, *(label for label in tape.wires if label not in order)]
    rows = {label: row for row, label in enumerate(w for w in used if w in tape.wires)}
    mapped = [qml.map_wires(op, rows) for op in tape.operations]
    place_of = {id(op): place for place, op in enumerate(mapped)}
    layers = drawable_layers(mapped, wire_map={row: row for row in rows.values()})
    for column, layer in enumerate(layers):
        for op in layer:
            place = place_of[id(op)]
            span = min(op.wires), max(op.wires)
            if place in kinds:
                _paint(axes, column, span, _LOOKS[kinds[place]])
            if titles.get(place):
                axes.text(
                    *(column, span[0] - 0.42, titles[place]), fontsize=8, ha="center",
                    va="bottom", zorder=5,
                )  # fmt: skip


def _paint(axes, column: int, span: tuple[int, int], look: dict) -> None:
    from matplotlib.patches import Circle
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=4, foreground=look["facecolor"])]
    for text in axes.texts:  # names stay legible on hatched boxes
        x, y = text.get_position()
        if abs(x - column) < 0.5 and span[0] - 0.3 < y < span[1] + 0.3:
            text.set_path_effects(halo)
    for patch in axes.patches:
        if isinstance(patch, Circle):
            continue  # controls stay as they are
        box = patch.get_path().get_extents(patch.get_patch_transform())
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        if abs(x - column) < 0.5 and span[0] - 0.5 < y < span[1] + 0.5 and box.width < 1:
            patch.set(**look)


def _legend(figure, axes, kinds: Mapping[int, str]) -> None:
    from matplotlib.patches import Patch

    shown = [kind for kind in _LOOKS if kind in set(kinds.values())]
    handles = [Patch(edgecolor="black", label=_WORDS[kind], **_LOOKS[kind]) for kind in shown]
    if handles:
        axes.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(handles),
            frameon=False,
        )  # fmt: skip
