r"""The QFIM as covariances of generators: ``F_uv = Re⟨A_u A_v⟩ − ⟨A_u⟩⟨A_v⟩``.

Generators of one layer are read together in the state before the layer (Stokes et al.,
arXiv:1909.02108). For a generator ``u`` of an earlier layer, measure it on the way and read a later
layer at the end: ``E[m_u m_v] = ½⟨{A_u, A_v}⟩`` (after Mitarai and Fujii, arXiv:1901.00015); with
an auxiliary wire that controls ``A_u``, ``⟨X ⊗ A_v⟩`` is the same number.

If ``A_u`` and ``A_r`` anticommute with the same words between their place and the later layer, then
``S = A_r A_u`` commutes with all of them, and ``⟨A_u A_v⟩ = ⟨A_r · S A_v⟩`` is read in the circuit
of ``r`` from other words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pennylane_trainability.circuits.diagonalization import group_commuting
from pennylane_trainability.circuits.layers import LayeredCircuit
from pennylane_trainability.circuits.pauli import Word, commute, product
from pennylane_trainability.circuits.vanishing import Vanishing
from pennylane_trainability.statistics.quadratic import Quadratic
from pennylane_trainability.transforms.qfim_circuits.scheme import Cut, Scheme

__all__ = ["correlator_scheme"]


def correlator_scheme(
    made: LayeredCircuit, zero: Vanishing, wanted: np.ndarray, method: str, native: bool = False
) -> Scheme:
    """Plan the circuits.

    Args:
        made: a circuit in layers, ``V`` nodes.
        zero: entries that need no circuit.
        wanted: entries that are asked for, ``(V, V)``.
        method: ``"block-diag"`` (entries within layers only), ``"direct"`` or ``"hadamard"``.
        native: whether probes are measured on the way.
    """
    plan = _Plan(made, zero, wanted)
    layers = made.layers()
    for number, members in enumerate(layers):
        plan.layer(members)
        if method != "block-diag":
            plan.earlier([u for layer in layers[:number] for u in layer], members)
    nodes = tuple(node.coefficients for node in made.nodes)
    if method != "block-diag" or len(layers) < 2:
        return Scheme(method, made, tuple(plan.cuts()), plan.quadratic(), nodes, native=native)
    left_out = "entries between generators of different layers are left out, as if zero"
    return Scheme(method, made, tuple(plan.cuts()), plan.quadratic(), nodes, approximation=left_out)


@dataclass(slots=True, eq=False)
class _Open:
    """A circuit that still takes words."""

    keep: int
    probe: int | None
    layer: int
    words: dict[Word, int] = field(default_factory=dict)

    def takes(self, word: Word) -> bool:
        """Whether a word commutes with all that are read here."""
        return word in self.words or all(commute(word, other) for other in self.words)

    def add(self, word: Word) -> int:
        """Read a word here; its number among the words."""
        return self.words.setdefault(word, len(self.words))


class _Plan:
    """Circuits and entries, collected layer by layer."""

    def __init__(self, made: LayeredCircuit, zero: Vanishing, wanted: np.ndarray):
        count = len(made.nodes)
        self.made, self.zero = made, zero
        self.needed = wanted & ~zero.covariances
        self.open: list[_Open] = []
        self.entries: list[tuple[int, int, int, int, int]] = []  # u, v, circuit, word, sign
        self.mean_at: dict[int, tuple[int, int]] = {}
        self.constant = np.eye(count)
        self.products = np.zeros((count, count), bool)
        self.joint = np.full((count, count), -1)
        self.probing: dict[tuple[int, int], list[int]] = {}

    def cuts(self) -> list[Cut]:
        """The circuits."""
        return [Cut(o.keep, tuple(o.words), o.probe, o.layer) for o in self.open]

    def layer(self, members: Sequence[int]) -> None:
        """All means and pairs of one layer, in one circuit where its generators commute."""
        nodes = self.made.nodes
        keep = 0
        for v in members:
            keep |= nodes[v].before
        single = [v for v in members if not self.zero.means[v]]
        pairs = [(u, v) for k, v in enumerate(members) for u in members[:k] if self.needed[u, v]]
        words = [nodes[v].word for v in dict.fromkeys([*single, *(w for p in pairs for w in p)])]
        first = len(self.open)
        for group in group_commuting(words) if words else []:
            self.open.append(_Open(keep, None, nodes[members[0]].layer))
            for k in group:
                self.open[-1].add(words[k])
        for v in single:
            self.mean_at[v] = self._read(nodes[v].word, keep, first, nodes[v].layer)
        for v in members:
            self.products[v, v] = v in self.mean_at
            self.joint[v, v] = self.mean_at[v][0] if v in self.mean_at else -1
        for u, v in pairs:
            self._pair(u, v, keep, first)

    def _pair(self, u: int, v: int, keep: int, first: int) -> None:
        """``½⟨{A_u, A_v}⟩`` of two words in one state."""
        nodes = self.made.nodes
        self.products[u, v] = self.products[v, u] = True
        if not commute(nodes[u].word, nodes[v].word) or self.zero.products[u, v]:
            return
        word, sign = _hermitian(product(nodes[u].word, nodes[v].word))
        circuit, number = self._read(word, keep, first, nodes[v].layer)
        self.entries.append((u, v, circuit, number, sign))
        if all(w in self.mean_at and self.mean_at[w][0] == circuit for w in (u, v)):
            self.joint[u, v] = self.joint[v, u] = circuit

    def _read(self, word: Word, keep: int, first: int, layer: int) -> tuple[int, int]:
        """A circuit without a probe, of those from ``first`` on, that reads a word."""
        for number in range(first, len(self.open)):
            circuit = self.open[number]
            if (
                circuit.probe is None
                and circuit.keep | keep == circuit.keep
                and (circuit.takes(word))
            ):
                return number, circuit.add(word)
        self.open.append(_Open(keep, None, layer))
        return len(self.open) - 1, self.open[-1].add(word)

    def earlier(self, others: Sequence[int], members: Sequence[int]) -> None:
        """All pairs of earlier generators with one layer."""
        nodes = self.made.nodes
        keep = 0
        for v in members:
            keep |= nodes[v].before
        classes: dict[tuple, list[int]] = {}
        for u in others:
            needed = [v for v in members if self.needed[u, v]]
            for v in needed:
                self.products[u, v] = self.products[v, u] = True
            if any(not self.zero.products[u, v] for v in needed):
                # what is not in front of the layer brings members of its own into the circuit
                own = 0 if keep >> nodes[u].member & 1 else nodes[u].before
                classes.setdefault((self.made.signature(nodes[u], keep), own), []).append(u)
        for (signature, own), alike in classes.items():
            if signature or not self._without_probe(alike, members, keep | own):
                self._with_probes(alike, members, keep | own)

    def _pairs(self, alike, members):
        return [
            (u, v)
            for u in alike
            for v in members
            if self.needed[u, v] and not self.zero.products[u, v]
        ]

    def _without_probe(self, alike, members, keep: int) -> bool:
        """Nothing between them: products of the words, in few enough circuits, or not at all."""
        nodes = self.made.nodes
        pairs = [
            (u, v) for u, v in self._pairs(alike, members) if commute(nodes[u].word, nodes[v].word)
        ]
        words = {p: _hermitian(product(nodes[p[0]].word, nodes[p[1]].word)) for p in pairs}
        nothing = Word(0, 0)  # of two equal generators: known without a circuit
        distinct = list(dict.fromkeys(word for word, _ in words.values() if word != nothing))
        groups = group_commuting(distinct)
        if len(groups) > len(alike):
            return False
        at: dict[Word, tuple[int, int]] = {}
        for group in groups:
            self.open.append(_Open(keep, None, nodes[members[0]].layer))
            for k in group:
                at[distinct[k]] = len(self.open) - 1, self.open[-1].add(distinct[k])
        for (u, v), (word, sign) in words.items():
            if word == nothing:
                self.constant[u, v] = self.constant[v, u] = sign
            else:
                self.entries.append((u, v, *at[word], sign))
        return True

    def _with_probes(self, alike, members, keep: int) -> None:
        """One probe each; generators whose product with a probe commutes with all share it."""
        nodes = self.made.nodes
        every = [nodes[v].word for v in members]
        probes: list[tuple[int, list[Word]]] = []
        # the lightest words first: they are the cheapest to control or to measure on the way
        for u in sorted(alike, key=lambda u: nodes[u].local.support.bit_count()):
            for r, shared in probes:
                if not commute(nodes[r].word, nodes[u].word):
                    continue
                bridge = product(nodes[r].word, nodes[u].word)
                if all(commute(bridge, w) for w in (*every, *shared)):
                    shared.append(bridge)
                    self._correlate(u, r, bridge, members, keep)
                    break
            else:
                probes.append((u, []))
                self._correlate(u, u, Word(0, 0), members, keep)

    def _correlate(self, u: int, probe: int, bridge: Word, members, keep: int) -> None:
        """``⟨A_u A_v⟩ = ⟨A_probe · bridge · A_v⟩`` for all ``v`` of a layer."""
        nodes = self.made.nodes
        for _, v in self._pairs([u], members):
            word, sign = _hermitian(product(bridge, nodes[v].word))
            known = self.probing.setdefault((probe, keep), [])
            number = next((k for k in known if self.open[k].takes(word)), len(self.open))
            if number == len(self.open):
                known.append(number)
                self.open.append(_Open(keep, probe, nodes[v].layer))
            # the probe is the word at its gate, which may be minus the word pulled back
            factor = sign * nodes[probe].sign
            self.entries.append((u, v, number, self.open[number].add(word), factor))

    def quadratic(self) -> Quadratic:
        """The way back from all means."""
        count = len(self.made.nodes)
        starts = np.cumsum([0, *(len(o.words) for o in self.open)])
        u, v, circuit, word, sign = (
            np.array(self.entries, int).reshape(-1, 5).T if self.entries else np.zeros((5, 0), int)
        )
        means = np.full(count, -1)
        for node, (where, number) in self.mean_at.items():
            means[node] = starts[where] + number
        return Quadratic(
            self.constant, u, v, starts[circuit] + word, sign.astype(float), means,
            np.ones(count), self.products, self.joint,
        )  # fmt: skip


def _hermitian(word: Word) -> tuple[Word, int]:
    """A Hermitian product as a word without phase, and its sign."""
    return Word(word.x, word.z), word.sign
