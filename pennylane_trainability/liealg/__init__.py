"""Lie algebras of Pauli words, and words carried through circuits. Arrays only; no circuits."""

from pennylane_trainability.liealg.carrying import Carrying as Carrying
from pennylane_trainability.liealg.closure import Closure as Closure
from pennylane_trainability.liealg.closure import closure as closure
from pennylane_trainability.liealg.ideals import Decomposition as Decomposition
from pennylane_trainability.liealg.ideals import Ideal as Ideal
from pennylane_trainability.liealg.ideals import ideals as ideals
from pennylane_trainability.liealg.reach import Source as Source
from pennylane_trainability.liealg.sentences import SentenceClosure as SentenceClosure
from pennylane_trainability.liealg.sentences import sentence_closure as sentence_closure
from pennylane_trainability.liealg.steps import Mixing as Mixing
from pennylane_trainability.liealg.steps import Turn as Turn
from pennylane_trainability.liealg.steps import transfer_matrix as transfer_matrix
from pennylane_trainability.liealg.truncation import Truncated as Truncated
from pennylane_trainability.liealg.truncation import truncated as truncated
from pennylane_trainability.liealg.words import Words as Words

__all__ = [
    "Carrying",
    "Closure",
    "Decomposition",
    "Ideal",
    "Mixing",
    "SentenceClosure",
    "Source",
    "Truncated",
    "Turn",
    "Words",
    "closure",
    "ideals",
    "sentence_closure",
    "transfer_matrix",
    "truncated",
]
