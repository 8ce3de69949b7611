"""Which elements share one pass over the state: a schedule of stages, chosen by predicted cost.

A *product* stage holds one-wire gates on any wires and is applied window by window (Kronecker
products); a *window* stage holds disjoint groups of gates on a few wires each, every group one
dense matrix; a *permutation* stage and a *phase* stage hold any number of such elements on any
wires.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pennylane_trainability.simulation.elements import Dense, Permutation, Phase

__all__ = ["Stage", "schedule"]


@dataclass(slots=True, eq=False)
class Stage:
    """Elements applied together.

    Attributes:
        kind: ``product``, ``window``, ``permutation`` or ``phase``.
        members: the elements in order.
        wires: the wires they touch.
    """

    kind: str
    members: list = field(default_factory=list)
    wires: set = field(default_factory=set)

    @property
    def is_trainable(self) -> bool:
        """Whether a gradient is read at this stage."""
        if self.kind == "phase":
            return any(m.slot is not None for m in self.members)
        return self.kind != "permutation" and any(m.slots for m in self.members if type(m) is Dense)


def schedule(elements: list, n_wires: int, rows: int) -> list[Stage]:
    """The cheapest of a few schedules.

    Args:
        elements: elements in order.
        n_wires: number of wires.
        rows: number of states simulated side by side.
    """
    layered = _swap_hadamards(_greedy(elements, 2, False))
    if all(len(e.wires) == 1 for e in elements if type(e) is Dense):
        return layered
    width = min(n_wires, 3 if n_wires <= 6 else 5)
    candidates = [
        layered,
        _swap_hadamards(_greedy(elements, width, False)),
        _greedy(elements, width, True),
    ]
    return min(candidates, key=lambda stages: _cost(stages, n_wires, rows))


def _swap_hadamards(stages: list[Stage]) -> list[Stage]:
    """Hadamards on both wires turn a CNOT around: basis changes of an encoding move before it.

    ``[product][CNOTs][H on all their wires]`` becomes ``[product, H][CNOTs reversed]``, which saves
    the pass for the Hadamards.
    """
    out: list[Stage] = []
    for stage in stages:
        if len(out) > 1 and _is_hadamards(stage, out[-1]) and out[-2].kind == "product":
            earlier, permutation = out[-2], out.pop()
            earlier.members.extend(stage.members)
            earlier.wires.update(stage.wires)
            turned = [Permutation(m.wires[::-1], m.monomial, m.name) for m in permutation.members]
            out.append(Stage("permutation", turned, permutation.wires))
        else:
            out.append(stage)
    return out


def _is_hadamards(stage: Stage, before: Stage) -> bool:
    return (
        stage.kind == "product"
        and before.kind == "permutation"
        and all(m.name == "CNOT" for m in before.members)
        and stage.wires >= before.wires
        and len(stage.members) == len(stage.wires)
        and all(m.is_hadamard for m in stage.members)
    )


def _kind(element, windows_only: bool) -> str:
    if type(element) is Phase:
        return "phase"
    if type(element) is Permutation:
        return "window" if windows_only and len(element.wires) <= 2 else "permutation"
    # chains of product stages take one constant generator per gate
    several = element.rotation is None and element.slots
    return "window" if windows_only or several or len(element.wires) > 1 else "product"


def _greedy(elements: list, width: int, windows_only: bool) -> list[Stage]:
    """Every element joins the earliest stage that can take it without overtaking its wires."""
    stages: list[Stage] = []
    last: dict[int, int] = {}
    for element in elements:
        first = max(last.get(w, -1) for w in element.wires)
        kind = _kind(element, windows_only)
        index = _place(stages, element, kind, max(first, 0), width, first)
        if index is None:
            stages.append(Stage(kind))
            index = len(stages) - 1
        stages[index].members.append(element)
        stages[index].wires.update(element.wires)
        for w in element.wires:
            last[w] = index
    return stages


def _place(stages, element, kind, start, width, first):
    if kind == "product" and first >= 0 and stages[first].kind == "window":
        return first
    fresh = None
    for q in range(start, len(stages)):
        stage = stages[q]
        if stage.kind != kind:
            continue
        if kind != "window":
            return q
        union = stage.wires.union(element.wires)
        if len(union) <= max(width, len(element.wires)) and _compact(union, stage.wires, element):
            if stage.wires.intersection(element.wires) or len(element.wires) == 1:
                return q
            fresh = q if fresh is None else fresh
    return fresh


def _compact(union: set[int], before: set[int], element) -> bool:
    """Whether a window stays contiguous, or was not contiguous to begin with."""

    def span(wires):
        return max(wires) - min(wires) + 1 - len(wires)

    return span(union) <= max(span(before), span(set(element.wires)))


def _cost(stages: list[Stage], n_wires: int, rows: int) -> float:
    """Predicted time in passes over the state; figures fitted to measurements on two cores."""
    overhead = 3e4 / (2**n_wires * rows)  # one NumPy call against one pass over the state
    total = 0.0
    for stage in stages:
        if stage.kind == "product":
            total += (1.0 + n_wires * 0.45) * 3 + overhead
        elif stage.kind == "window":
            k = len(stage.wires)
            split = max(stage.wires) - min(stage.wires) + 1 > k
            total += (1.0 + 0.06 * 2**k + 2.0 * split) * 3 + overhead * (1 + 2 * len(stage.members))
        else:
            total += 2.5 + overhead
    return total
