"""Lie algebras of Pauli words: closure under a budget. Arrays only; nothing about circuits."""

from pennylane_trainability.liealg.closure import Closure as Closure
from pennylane_trainability.liealg.closure import closure as closure
from pennylane_trainability.liealg.words import Words as Words

__all__ = ["Closure", "Words", "closure"]
