"""Commutants, isotropic parts and groups of Pauli words, against brute force over all words."""

from __future__ import annotations

from itertools import product

import pytest

from pennylane_trainability.circuits import pauli
from pennylane_trainability.circuits.pauli import IDENTITY, Word, commute, from_letters, letters
from pennylane_trainability.circuits.symmetries import (
    commutant,
    first_clash,
    first_dependence,
    group_elements,
    isotropic,
)

#: Two-body words on a ring of four wires, and the observable of arXiv:2406.18316, Fig. 4.
SYMMETRIC = (
    *("XXII", "IXXI", "IIXX", "XIIX", "YYII", "IYYI"),
    *("IIYY", "YIIY", "ZZII", "IZZI", "IIZZ", "ZIIZ"),
)


def words(*texts):
    return [from_letters(text) for text in texts]


def span(generators):
    """All products without their phases."""
    return {(w.x, w.z) for w in group_elements(generators)}


def everything(n):
    return [Word(x, z) for x, z in product(range(2**n), repeat=2)]


def random_words(rng, n, count):
    return [Word(int(x), int(z)) for x, z in rng.integers(2**n, size=(count, 2))]


def test_the_symmetries_of_the_paper_s_circuit():
    found = commutant(words(*SYMMETRIC, "XXII"), 4)
    assert span(found) == {(w.x, w.z) for w in words("IIII", "XXXX", "YYYY", "ZZZZ")}
    centre, chosen = isotropic(found)
    assert len(centre) == 2 and chosen == []


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_the_commutant_is_what_brute_force_finds(rng, n, count):
    given = random_words(rng, n, count)
    found = commutant(given, n)
    assert first_dependence(found) is None
    wanted = {(w.x, w.z) for w in everything(n) if all(commute(w, g) for g in given)}
    assert span(found) == wanted


@pytest.mark.parametrize("n", [1, 2, 3])
def test_isotropic_parts_commute_and_cannot_be_enlarged(rng, n):
    for count in (1, 2, 3, 5):
        group = commutant(random_words(rng, n, count), n)
        centre, chosen = isotropic(group)
        kept = centre + chosen
        assert first_clash(kept, kept) is None and first_dependence(kept) is None
        members = [Word(x, z) for x, z in span(group)]
        assert span(centre) == {(w.x, w.z) for w in members if all(commute(w, m) for m in members)}
        for member in members:
            if all(commute(member, word) for word in kept):
                assert (member.x, member.z) in span(kept)
        assert len(group) == len(centre) + 2 * len(chosen)


def test_elements_count_in_binary_and_keep_their_signs():
    group = [letters(w, 3) for w in group_elements(words("XXI", "-ZZI", "IIZ"))]
    assert group == ["III", "XXI", "-ZZI", "YYI", "IIZ", "XXZ", "-ZZZ", "YYZ"]
    assert group_elements([]) == (IDENTITY,)


def test_dependence_names_the_factors():
    assert first_dependence(words("XI", "IX", "ZZ")) is None
    assert first_dependence(words("XI", "ZZ", "IX", "XX")) == (3, (0, 2))
    assert first_dependence(words("XI", "II")) == (1, ())
    assert first_dependence(words("XYZ", "-XYZ")) == (1, (0,))


def test_clashes(rng):
    given = random_words(rng, 3, 6)
    found = first_clash(given, given)
    pairs = [(i, j) for i, j in product(range(6), repeat=2) if not commute(given[i], given[j])]
    assert found == (pairs[0] if pairs else None)
    assert pauli.commute(*words("XX", "ZZ")) and first_clash(words("XX"), words("ZZ")) is None
