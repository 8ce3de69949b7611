"""Pauli words as users write them, and the groups of commuting ones that make a template."""

from __future__ import annotations

import re
from functools import lru_cache, reduce

from pennylane.operation import Operator
from pennylane.pauli import PauliSentence, PauliWord
from pennylane.queuing import QueuingManager
from pennylane.wires import Wires

from pennylane_trainability.circuits.pauli import (
    IDENTITY,
    Word,
    from_letters,
    from_pauli_word,
    letters,
    product,
)
from pennylane_trainability.circuits.symmetries import (
    first_clash,
    first_dependence,
    group_elements,
)

__all__ = ["block_words", "group_of", "texts_of"]

_TEXT = re.compile(r"[+-]?[IXYZ]*")


def texts_of(words, wires: Wires, what: str) -> tuple[str, ...]:
    """Words in any form as strings with one letter per wire, ``"XIZ"`` or ``"-XIZ"``.

    Args:
        words: strings, ``PauliWord``s, or operators that are a Pauli word; or one of them.
        wires: the wires, one for each letter.
        what: what the words are, for messages.

    Raises:
        ValueError: one of them is no Pauli word with sign ``+`` or ``-`` on these wires.
    """
    single = isinstance(words, str | PauliWord | PauliSentence | Operator)
    return tuple(_text_of(word, wires, what) for word in ([words] if single else words))


def _text_of(word, wires: Wires, what: str) -> str:
    """One word as a string; operators are taken off the queue, as they are no gates."""
    if isinstance(word, Operator):
        QueuingManager.remove(word)
    if isinstance(word, str):
        if _TEXT.fullmatch(word) and len(word.lstrip("+-")) == len(wires):
            return word.lstrip("+")
        raise _no_word(repr(word), wires, what)
    sentence = word if isinstance(word, PauliWord | PauliSentence) else _sentence(word)
    if isinstance(sentence, PauliWord):
        sentence = PauliSentence({sentence: 1.0})
    if sentence is None or len(sentence) != 1:
        raise _no_word(word, wires, what)
    ((found, coefficient),) = sentence.items()
    if abs(coefficient) != 1 or coefficient.real != coefficient or set(found) - set(wires):
        raise _no_word(word, wires, what)
    sign = "-" if coefficient.real < 0 else ""
    return sign + letters(from_pauli_word(found, wires), len(wires))


def _sentence(word) -> PauliSentence | None:
    return word.pauli_rep if isinstance(word, Operator) else None


def _no_word(word, wires: Wires, what: str) -> ValueError:
    return ValueError(
        f"{what} must be Pauli words on the wires {wires.tolist()}, but got {word}. Write one "
        f"letter I, X, Y or Z for each wire, such as {('XZY' * len(wires))[: len(wires)]!r}, or "
        "pass a PauliWord or a product of Pauli operators on these wires, with sign + or −."
    )


@lru_cache(maxsize=64)
def group_of(stabilizers: tuple[str, ...]) -> tuple[Word, ...]:
    """The group that stabilizers generate, identity first for generators.

    Args:
        stabilizers: independent generators, or all elements of the group.

    Returns:
        The elements with their signs: for generators in the order of binary counting, for a whole
        group in the order given.

    Raises:
        ValueError: two do not commute, one is a product of the others, or the products contain −1.
    """
    words = [from_letters(text) for text in stabilizers]
    clash = first_clash(words, words)
    if clash is not None:
        first, second = (stabilizers[k] for k in clash)
        raise ValueError(
            f"Stabilizers must commute with each other, but {first} and {second} do not. "
            "Leave one of them out."
        )
    if first_dependence(words) is None:
        return group_elements(words)
    return _whole_group(stabilizers, words)


def _whole_group(texts: tuple[str, ...], words: list[Word]) -> tuple[Word, ...]:
    """Dependent words are accepted if they are a group."""
    basis: list[int] = []
    spare: list[tuple[int, list[int]]] = []
    for number, word in enumerate(words):
        found = first_dependence([*(words[k] for k in basis), word])
        if found is None:
            basis.append(number)
            continue
        factors = [basis[k] for k in found[1]]
        if reduce(product, [words[k] for k in factors], IDENTITY).sign != word.sign:
            raise ValueError(
                f"Stabilizers must not generate −1, but {texts[number]} has the opposite sign of "
                f"{_named(texts, factors)}. Change its sign, or leave it out."
            )
        spare.append((number, factors))
    if len(words) == len({(word.x, word.z) for word in words}) == 2 ** len(basis):
        return tuple(words)
    number, factors = spare[0]
    raise ValueError(
        f"Stabilizers must be independent generators, or all {2 ** len(basis)} elements of their "
        f"group, but {len(words)} words were given and {texts[number]} is {_named(texts, factors)}."
        " Leave it out."
    )


def _named(texts: tuple[str, ...], factors: list[int]) -> str:
    """A product in words."""
    if not factors:
        return "the identity"
    return " times ".join(texts[k] for k in factors)


@lru_cache(maxsize=64)
def block_words(stabilizers: tuple[str, ...], logicals: tuple[str, ...]) -> tuple:
    """The words ``S_j L_a`` without their signs, as rotations.

    Args:
        stabilizers: see :func:`group_of`.
        logicals: one word for each block.

    Returns:
        For each block a tuple of ``(letters, positions of their wires)``, one for each element of
        the group, in its order.

    Raises:
        ValueError: a logical does not commute with a stabilizer, or is a product of stabilizers.
    """
    group, n = group_of(stabilizers), len(logicals[0])
    named = [from_letters(text) for text in stabilizers]
    return tuple(tuple(_block(group, named, stabilizers, text, n)) for text in logicals)


def _block(group, named: list[Word], stabilizers: tuple[str, ...], text: str, n: int):
    logical = from_letters(text)
    clash = first_clash(named, [logical])
    if clash is not None:
        raise ValueError(
            f"Every logical must commute with every stabilizer, but the logical {text} and the "
            f"stabilizer {stabilizers[clash[0]]} do not commute. Change one of the two."
        )
    for element in group:
        word = product(element, logical)
        if not word.support:
            raise ValueError(
                f"The logical {text} is a product of the stabilizers, so that one of its rotations "
                "is a phase, and no observable with these symmetries sees the others. Leave it out."
            )
        wires = tuple(w for w in range(n) if word.support >> w & 1)
        body = letters(Word(word.x, word.z), n)
        yield "".join(body[w] for w in wires), wires
