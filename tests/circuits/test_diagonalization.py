"""Clifford circuits that diagonalise commuting words: matrices, frames and a full search."""

from __future__ import annotations

import itertools

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability import ReadingError
from pennylane_trainability.circuits.clifford import CLIFFORDS, Frame, conjugate
from pennylane_trainability.circuits.coloring import Conflicts, has_clique
from pennylane_trainability.circuits.diagonalization import (
    _is_tree,
    diagonalize,
    group_commuting,
)
from pennylane_trainability.circuits.elimination import _pairs, eliminate
from pennylane_trainability.circuits.graph_form import graph_form
from pennylane_trainability.circuits.measurement_groups import measurement_groups
from pennylane_trainability.circuits.pauli import (
    IDENTITY,
    Word,
    commute,
    from_letters,
    letters,
    product,
    word_matrix,
)
from pennylane_trainability.circuits.tableau import Tableau, compress, kernel

INVERSES = CLIFFORDS | {"S": CLIFFORDS["Adjoint(S)"], "Adjoint(S)": CLIFFORDS["S"]}
OPERATORS = {
    "Hadamard": qml.Hadamard,
    "S": qml.S,
    "Adjoint(S)": lambda wires: qml.adjoint(qml.S(wires)),
    "CNOT": qml.CNOT,
    "CZ": qml.CZ,
}


def read(*texts: str) -> list[Word]:
    return [from_letters(text) for text in texts]


def dense(gates, n_wires: int) -> np.ndarray:
    """The unitary of a circuit, from PennyLane's own matrices."""
    matrix = np.eye(2**n_wires)
    for name, wires in gates:
        step = qml.matrix(OPERATORS[name](wires=list(wires)), wire_order=range(n_wires))
        matrix = step @ matrix
    return matrix


def random_gates(rng, n_wires: int, count: int) -> list[tuple[str, list[int]]]:
    names = ["Hadamard", "S"] if n_wires == 1 else ["Hadamard", "S", "SX", "CNOT", "CZ", "ECR"]
    chosen = [names[k] for k in rng.integers(len(names), size=count)]
    return [
        (name, rng.choice(n_wires, len(CLIFFORDS[name]) // 2, replace=False).tolist())
        for name in chosen
    ]


def commuting_words(rng, n_wires: int, count: int, n_gates: int | None = None) -> list[Word]:
    """Images of random signed products of Z under a random Clifford circuit."""
    frame = Frame.identity(n_wires)
    for name, wires in random_gates(rng, n_wires, n_gates or 8 * n_wires):
        frame.append(CLIFFORDS[name], wires)
    bits = rng.integers(0, 2, (count, n_wires + 1)).tolist()
    masks = [(sum(b << w for w, b in enumerate(row[1:])), 2 * row[0]) for row in bits]
    return [frame.pull_back(Word(0, mask, phase)) for mask, phase in masks]


# -- the images are products of Z ------------------------------------------------------------------


@pytest.mark.parametrize("n_wires", [1, 2, 3, 4, 5])
def test_words_become_products_of_z(rng, n_wires):
    for count in range(1, 2 * n_wires + 2):
        words = commuting_words(rng, n_wires, count)
        found = diagonalize(words, n_wires)
        circuit = dense(found.gates, n_wires)
        for word, mask, sign in zip(words, found.masks, found.signs, strict=True):
            image = circuit @ word_matrix(word, n_wires) @ circuit.conj().T
            np.testing.assert_allclose(image, sign * word_matrix(Word(0, mask), n_wires), atol=1e-9)


@pytest.mark.parametrize("n_wires, count", [(12, 24), (30, 10), (100, 100)])
def test_products_of_z_pulled_back_are_the_words(rng, n_wires, count):
    words = commuting_words(rng, n_wires, count, 3 * n_wires)
    found = diagonalize(words, n_wires)
    frame = Frame.identity(n_wires)
    for name, wires in found.gates:
        frame.append(CLIFFORDS[name], wires)
    for word, mask, sign in zip(words, found.masks, found.signs, strict=True):
        assert frame.pull_back(Word(0, mask, 1 - sign)) == word


@pytest.mark.parametrize("road", [eliminate, graph_form])
@pytest.mark.parametrize("count", [3, 7, 14])
def test_each_road_leads_to_products_of_z(rng, road, count):
    words = commuting_words(rng, 7, count)
    table = Tableau.of(words, 7).on(range(7))
    gates = road(table)
    frame = Frame.identity(7)
    for name, wires in reversed(gates):  # W → C W C†: pulled back through the inverse circuit
        frame.append(INVERSES[name], wires)
    assert all(frame.pull_back(word).x == 0 for word in words)


def test_repeated_dependent_and_empty_words():
    found = diagonalize([*read("XX", "XX", "-ZZ", "YY"), IDENTITY, Word(0, 0, 2)], 2)
    assert found.masks[0] == found.masks[1]
    assert found.masks[3] == found.masks[0] ^ found.masks[2], "YY = −XX·ZZ"
    assert found.masks[4:] == (0, 0)
    assert found.signs[4:] == (1, -1)
    nothing = diagonalize([], 3)
    assert (nothing.gates, nothing.masks, nothing.signs, nothing.depth) == ((), (), (), 0)


def test_equal_words_get_equal_circuits(rng):
    words = commuting_words(rng, 8, 8)
    assert diagonalize(words, 8) == diagonalize(list(words), 8)


# -- how many gates --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_wires", [1, 3, 6])
def test_words_that_agree_wire_by_wire_need_no_two_qubit_gate(rng, n_wires):
    basis = rng.integers(1, 4, n_wires)
    words = []
    for keep in rng.integers(0, 2, (8, n_wires)):
        codes = (basis * keep).tolist()
        x = sum((code & 1) << w for w, code in enumerate(codes))
        words.append(Word(x, sum((code >> 1) << w for w, code in enumerate(codes))))
    found = diagonalize(words, n_wires)
    assert found.two_qubit_gates == 0
    assert found.depth <= 2
    assert found.masks == tuple(word.support for word in words)
    assert set(found.signs) == {1}


CLOSED = [
    pytest.param(["XX", "YY", "ZZ"], 1, id="bell"),
    pytest.param(["XXX", "ZZI", "IZZ"], 2, id="ghz"),
    pytest.param(["XXXXXX", "ZZIIII", "IZZIII", "IIZZII", "IIIZZI", "IIIIZZ"], 5, id="ghz-6"),
    pytest.param(["XXII", "ZZII", "IIXX", "IIYY"], 2, id="two-bell-pairs"),
    pytest.param(["XXZI", "YYIZ", "ZZII", "IIZZ"], 1, id="bell-and-z"),
    pytest.param(["XYZ", "XIZ", "IYI"], 0, id="product"),
    # X and Y clash on all four wires, and one gate entangles two of them
    pytest.param(["XXXX", "YYYY"], 2, id="even-letters"),
    pytest.param(["XXYY", "YYXX", "XYYX", "YXXY", "ZZII", "IIZZ", "ZIIZ"], 3, id="excitation"),
]


@pytest.mark.parametrize("texts, gates", CLOSED)
def test_numbers_of_two_qubit_gates(texts, gates):
    assert diagonalize(read(*texts), len(texts[0])).two_qubit_gates == gates


def test_independent_parts_cost_what_they_cost_alone(rng):
    left, right = commuting_words(rng, 4, 4), commuting_words(rng, 4, 4)
    moved = [Word(w.x << 4, w.z << 4, w.phase) for w in right]
    alone = [diagonalize(words, 4).two_qubit_gates for words in (left, right)]
    assert diagonalize(left + moved, 8).two_qubit_gates == sum(alone)


@pytest.mark.parametrize("n_wires", [3, 6, 10])
def test_the_stated_bound_on_two_qubit_gates(rng, n_wires):
    for _ in range(5):
        found = diagonalize(commuting_words(rng, n_wires, 2 * n_wires), n_wires)
        assert found.two_qubit_gates <= n_wires * (n_wires - 1) // 2


def group_of(generators: frozenset[Word]) -> frozenset[Word]:
    """All products of words, phases dropped."""
    out = {IDENTITY}
    for word in generators:
        out |= {product(word, other)._replace(phase=0) for other in out}
    return frozenset(out)


def fewest_gates(n_wires: int) -> dict[frozenset[Word], int]:
    """For every maximal commuting set: the fewest CNOTs from products of Z, by breadth first."""
    local = [(CLIFFORDS[g], [w]) for g in ("Hadamard", "S") for w in range(n_wires)]
    pairs = [(CLIFFORDS["CNOT"], list(p)) for p in itertools.permutations(range(n_wires), 2)]

    def moved(sets, gates):
        for own in sets:
            for images, wires in gates:
                yield frozenset(conjugate(w, images, wires)._replace(phase=0) for w in own)

    layer = {group_of(frozenset(Word(0, 1 << w) for w in range(n_wires)))}
    found: dict[frozenset[Word], int] = {}
    for cost in itertools.count():
        fresh = set(layer)
        while fresh:
            found |= dict.fromkeys(fresh, cost)
            fresh = set(moved(fresh, local)) - set(found)
            layer |= fresh
        layer = set(moved(layer, pairs)) - set(found)
        if not layer:
            return found


def test_all_maximal_sets_on_three_wires_take_the_fewest_gates():
    fewest = fewest_gates(3)
    assert len(fewest) == 135, "stabilizer states of three qubits up to signs"
    for words, gates in fewest.items():
        assert diagonalize(sorted(words), 3).two_qubit_gates == gates


def graph_state(edges, n_wires: int) -> list[Word]:
    """The words X_v ∏ Z_u over the neighbours u of every vertex v."""
    near = [sum(1 << (b if a == v else a) for a, b in edges if v in (a, b)) for v in range(n_wires)]
    return [Word(1 << v, mask) for v, mask in enumerate(near)]


def test_complete_graphs_are_stars_up_to_one_qubit_gates():
    words = graph_state(list(itertools.combinations(range(6), 2)), 6)
    gates = graph_form(Tableau.of(words, 6))
    assert sum(len(wires) == 2 for _, wires in gates) == 5
    assert diagonalize(words, 6).two_qubit_gates == 5


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [([(0, 1), (1, 2)], True), ([(0, 1)], False), ([(0, 1), (0, 1)], False), ([(1, 2)] * 3, False)],
)
def test_trees_on_all_wires_are_recognised(pairs, expected):
    gates = [("Hadamard", (0,)), *(("CZ", pair) for pair in pairs)]
    assert _is_tree(gates, 3) is expected


def test_trees_take_one_gate_per_edge(rng):
    """A graph state of a tree is entangled across every cut, so n − 1 gates are the fewest."""
    for _ in range(5):
        edges = [(int(rng.integers(v)), v) for v in range(1, 9)]
        assert diagonalize(graph_state(edges, 9), 9).two_qubit_gates == 8


def test_twins_in_a_graph_are_joined():
    """Vertices with equal neighbours share a word of two letters: a + b − 1 gates for a·b edges."""
    words = graph_state([(a, 4 + b) for a in range(4) for b in range(5)], 9)
    assert diagonalize(words, 9).two_qubit_gates == 8


def test_words_of_two_letters_that_commute_with_all_are_found(rng):
    for first, second in itertools.product("XYZ", repeat=2):
        hidden = read(f"I{first}II{second}I")[0]
        drawn = [Word(*rng.integers(0, 2**6, 2).tolist()) for _ in range(20)]
        words = [word for word in drawn if commute(word, hidden)]
        table = Tableau.of(words, 6)
        found = [from_letters("".join("IXZY"[c] for c in row)) for row in _pairs(table)]
        assert hidden in found
        assert all(commute(word, other) for word in words for other in found)


def test_a_line_is_disentangled_in_two_layers():
    words = graph_state([(w, w + 1) for w in range(9)], 10)
    found = diagonalize(words, 10)
    assert found.two_qubit_gates == 9
    assert found.depth == 3  # two layers of CZ, one of Hadamard gates


def test_dense_sets_stay_well_below_the_bound(rng):
    """A random graph on 24 vertices has 138 edges; light words do better."""
    sets = [commuting_words(rng, 24, 48, 500) for _ in range(4)]
    counts = [diagonalize(words, 24).two_qubit_gates for words in sets]
    assert np.mean(counts) < 77


def test_depth_counts_layers():
    assert diagonalize(read("YII", "IYI", "IIX"), 3).depth == 2
    assert diagonalize(read("XXII", "ZZII", "IIXX", "IIZZ"), 4).depth == (
        diagonalize(read("XX", "ZZ"), 2).depth
    )


def test_merged_gates_turn_z_into_the_same_words(rng):
    gates = [g for g in random_gates(rng, 4, 60) if g[0] in OPERATORS]
    short = compress([(name, tuple(wires)) for name, wires in gates])
    assert len(short) < len(gates)
    for wire in range(4):
        words = []
        for circuit in (gates, short):
            frame = Frame.identity(4)
            for name, wires in circuit:
                frame.append(CLIFFORDS[name], wires)
            words.append(frame.pull_back(Word(0, 1 << wire))._replace(phase=0))
        assert words[0] == words[1]


# -- groups ----------------------------------------------------------------------------------------


def clashes(words: list[Word], n_wires: int) -> list[int]:
    """Per pair the number of wires with two different letters, from the letters themselves."""
    texts = [letters(Word(w.x, w.z), n_wires) for w in words]
    return [
        sum(a != b and "I" not in a + b for a, b in zip(first, second, strict=True))
        for first, second in itertools.combinations(texts, 2)
    ]


@pytest.mark.parametrize("weighted", [False, True])
def test_groups_commute_and_hold_every_word_once(rng, weighted):
    words = [Word(*rng.integers(0, 2**4, 2).tolist()) for _ in range(40)]
    weights = rng.normal(size=40) if weighted else None
    for qubit_wise in (False, True):
        groups = group_commuting(words, qubit_wise=qubit_wise, weights=weights)
        assert sorted(i for group in groups for i in group) == list(range(40))
        assert all(group == sorted(group) for group in groups)
        for group in groups:
            found = clashes([words[i] for i in group], 4)
            assert not any(found) if qubit_wise else all(c % 2 == 0 for c in found)


def test_weights_put_the_largest_terms_together():
    words = read("ZI", "XX", "IZ", "ZZ")
    assert group_commuting(words, weights=[0.1, 5.0, 0.1, 4.0]) == [[0, 2], [1, 3]]
    assert group_commuting(words, weights=[5.0, 0.1, 0.1, -4.0]) == [[0, 2, 3], [1]]


def test_kernels_are_all_that_every_row_annihilates(rng):
    for count, width in [(1, 1), (3, 6), (6, 3), (5, 9), (0, 4), (4, 11)]:
        rows = rng.integers(0, 2, (count, width)).astype(bool)
        found = kernel(rows)
        every = np.array(list(itertools.product([False, True], repeat=width)))
        inside = ~((every[:, None] & rows).sum(2) % 2).any(1)
        spanned = {tuple(np.bitwise_xor.reduce(found[list(pick)], axis=0, initial=False))
                   for pick in _subsets(len(found))}  # fmt: skip
        assert spanned == {tuple(row) for row in every[inside]}
        assert 2 ** len(found) == inside.sum()


def _subsets(count):
    every = range(count)
    return itertools.chain.from_iterable(itertools.combinations(every, k) for k in range(count + 1))


def test_words_that_all_conflict_bound_the_number_of_groups(rng):
    one_wire = [from_letters(text) for text in ("XI", "YI", "ZI", "IX")]
    assert has_clique(Conflicts(one_wire, True), 3)
    assert not has_clique(Conflicts(one_wire, True), 4)
    assert not has_clique(Conflicts([], True), 1)
    for _ in range(20):
        words = [from_letters("".join(rng.choice(list("IXYZ"), 4))) for _ in range(12)]
        groups = group_commuting(words, qubit_wise=True)
        assert not has_clique(Conflicts(words, True), len(groups) + 1)


def test_no_words_no_groups():
    assert group_commuting([]) == []
    assert measurement_groups([], 2) == []


HEISENBERG = read("XXII", "YYII", "ZZII", "IXXI", "IYYI", "IZZI", "IIXX", "IIYY", "IIZZ")


@pytest.mark.parametrize(
    "options, circuits, gates",
    [
        pytest.param({}, 2, 3, id="circuits-alone"),
        pytest.param({"two_qubit_weight": 0.3}, 2, 3, id="cheap-gates"),
        pytest.param({"two_qubit_weight": 0.4}, 3, 0, id="dear-gates"),
        pytest.param({"grouping": "commuting", "two_qubit_weight": 9}, 2, 3, id="commuting"),
        pytest.param({"grouping": "qubit-wise"}, 3, 0, id="qubit-wise"),
        pytest.param({"weights": range(9)}, 2, 3, id="weights"),
    ],
)
def test_circuits_against_two_qubit_gates(options, circuits, gates):
    groups = measurement_groups(HEISENBERG, 4, **options)
    assert len(groups) == circuits
    assert sum(group.basis.two_qubit_gates for group in groups) == gates
    assert sorted(i for group in groups for i in group.words) == list(range(9))


def test_at_equal_cost_no_two_qubit_gates():
    words = read("XX", "ZZ", "ZI")  # two circuits either way
    assert all(group.basis.two_qubit_gates == 0 for group in measurement_groups(words, 2))


def test_at_an_equal_number_of_circuits_no_two_qubit_gate_is_taken():
    """Four circuits either way: sets that commute need a gate, sets letter by letter none."""
    words = read("IXYI", "YIZI", "YXZI", "ZIYY", "ZIZZ", "ZXZY")

    def cost(grouping):
        groups = measurement_groups(words, 4, grouping=grouping)
        return len(groups), sum(group.basis.two_qubit_gates for group in groups)

    assert cost("commuting") == (4, 1)
    assert cost("qubit-wise") == cost("auto") == (4, 0)


def test_only_sets_that_cost_too_much_are_split():
    """Six circuits or two gates, and two circuits or one gate, when a gate is worth 1.5."""
    pairs = [first + second + "II" for first in ("YY", "ZZ") for second in ("XX", "YY", "ZZ")]
    words = read(*pairs, "XIIIXX", "XIIIYY")
    cheap = measurement_groups(words, 6)
    assert [group.basis.two_qubit_gates for group in cheap] == [2, 1]
    dear = measurement_groups(words, 6, two_qubit_weight=1.5)
    assert [group.words for group in dear] == [tuple(range(6)), (6,), (7,)]
    assert [group.basis.two_qubit_gates for group in dear] == [2, 0, 0]


# -- errors ----------------------------------------------------------------------------------------


def test_words_that_do_not_commute_are_named():
    with pytest.raises(ReadingError, match="XXI and IZI do not commute"):
        diagonalize(read("ZZI", "XXI", "IZI"), 3)


@pytest.mark.parametrize("text", ["iXX", "XXX"])
def test_words_that_cannot_be_measured_are_refused(text):
    with pytest.raises(ReadingError, match=f"got {text}"):
        diagonalize(read(text), 2)


def test_unknown_groupings_and_negative_weights_are_refused():
    with pytest.raises(ReadingError, match="'qubit-wise'; got 'qwc'"):
        measurement_groups(HEISENBERG, 4, grouping="qwc")
    for weight in (-1.0, float("nan")):
        with pytest.raises(ReadingError, match="0 or more; got"):
            measurement_groups(HEISENBERG, 4, two_qubit_weight=weight)
