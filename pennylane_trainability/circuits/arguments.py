"""What the user passes to a QNode: which numbers are inputs, trainable, or constants."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pennylane as qml
from autograd.tracer import isbox
from pennylane.operation import Operator

__all__ = [
    "Arguments",
    "Leaf",
    "gather",
    "is_differentiated",
    "is_jax_tracer",
    "is_leaf",
    "is_variable",
    "to_numpy",
]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One array or number inside an argument.

    Attributes:
        label: how a person would write it, ``weights`` or ``params['a'][0]``.
        value: the numbers (NumPy, whatever the interface).
        is_input: for every entry, whether it is an input of the series; the shape of ``value``.
        trainable: whether the entries that are not inputs are trainable.
        original: what the user passed.
    """

    label: str
    value: np.ndarray
    is_input: np.ndarray
    trainable: bool
    original: Any = field(repr=False, default=None)

    @property
    def parameter_mask(self) -> np.ndarray:
        """Which entries are flat trainable parameters."""
        return ~self.is_input if self.trainable else np.zeros(self.value.shape, bool)


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """The arguments of one call, taken apart and ready to be put together again with other numbers.

    Attributes:
        leaves: floating arrays and numbers that are inputs or trainable, in order of appearance.
        parameters: the flat trainable parameters, shape ``(P,)``.
        inputs: the flat inputs at the values given, shape ``(I,)``.
        notes: what was decided for the user (which argument was taken as the input).
    """

    leaves: tuple[Leaf, ...]
    parameters: np.ndarray
    inputs: np.ndarray
    notes: tuple[str, ...]
    trainable_names: tuple[str, ...]
    single: bool
    _values: Mapping[str, Any] = field(repr=False)
    _trees: Mapping[str, tuple[list[int | None], Any]] = field(repr=False)
    _signature: inspect.BoundArguments = field(repr=False)

    def call(self, make: Callable[[Leaf, int, int], Any]) -> tuple[tuple, dict]:
        """The arguments, every leaf replaced by ``make(leaf, first_parameter, first_input)``."""
        return self._rebuild(self._replacements(make))

    def numeric(self, parameters: np.ndarray, inputs: np.ndarray, like: bool = False):
        """The arguments as plain numbers (of the user's own interface with ``like=True``)."""

        def make(leaf: Leaf, p: int, i: int):
            value = np.array(leaf.value, dtype=float)
            mask = leaf.parameter_mask
            value[mask] = parameters[p : p + int(mask.sum())]
            value[leaf.is_input] = inputs[i : i + int(leaf.is_input.sum())]
            if like and qml.math.get_interface(leaf.original) in ("torch", "jax"):
                return qml.math.asarray(value, like=qml.math.get_interface(leaf.original))
            return value if np.ndim(leaf.original) or value.ndim else float(value)

        return self.call(make)

    def with_leaves(self, change: Callable[[Leaf], Leaf | None]) -> Arguments:
        """The same call with other leaves; ``None`` leaves what the user passed as it is."""
        changed = [change(leaf) for leaf in self.leaves]
        kept = [leaf for leaf in changed if leaf is not None]
        number = {k: n for n, k in enumerate(k for k, c in enumerate(changed) if c is not None)}
        trees = {
            name: ([None if s is None else number.get(s) for s in slots], structure)
            for name, (slots, structure) in self._trees.items()
        }
        trees = {n: t for n, t in trees.items() if any(s is not None for s in t[0])}
        return replace(
            self,
            leaves=tuple(kept),
            parameters=gather(kept, lambda leaf: leaf.parameter_mask),
            inputs=gather(kept, lambda leaf: leaf.is_input),
            _trees=trees,
        )

    def tree_of(self, name: str) -> tuple[list[int | None], Any]:
        """An argument's leaves, by number (``None``: holds something else), and its tree."""
        return self._trees[name]

    def unflatten(self, columns):
        """Columns ``(..., P)`` as the user's trainable arguments, each ``(..., *shape)``.

        One array for one trainable argument, else a tuple; nested arguments keep their structure.
        """
        start, blocks = 0, {}
        for number, leaf in enumerate(self.leaves):
            size = int(leaf.parameter_mask.sum())
            block = columns[..., start : start + size]
            if size != leaf.value.size and size:
                full = np.zeros((*columns.shape[:-1], leaf.value.size), dtype=columns.dtype)
                full[..., leaf.parameter_mask.ravel()] = block
                block = full
            blocks[number] = (
                block.reshape((*columns.shape[:-1], *leaf.value.shape)) if size else None
            )
            start += size
        trees = []
        for name in self.trainable_names:
            slots, structure = self._trees[name]
            trees.append(
                qml.pytrees.unflatten(
                    [blocks.get(s) if s is not None else None for s in slots], structure
                )
            )
        return trees[0] if self.single else tuple(trees)

    def parameter_labels(self) -> tuple[str, ...]:
        """A name for every flat parameter, such as ``weights[0, 2, 1]``."""
        return tuple(self._labels(lambda leaf: leaf.parameter_mask))

    def input_labels(self) -> tuple[str, ...]:
        """A name for every flat input."""
        return tuple(self._labels(lambda leaf: leaf.is_input))

    def _labels(self, mask):
        for leaf in self.leaves:
            for index in np.argwhere(mask(leaf)):
                yield f"{leaf.label}[{', '.join(map(str, index))}]" if len(index) else leaf.label

    def _replacements(self, make):
        p = i = 0
        out = []
        for leaf in self.leaves:
            out.append(make(leaf, p, i))
            p += int(leaf.parameter_mask.sum())
            i += int(leaf.is_input.sum())
        return out

    def _rebuild(self, new):
        values = dict(self._values)
        for name, (slots, structure) in self._trees.items():
            old, _ = qml.pytrees.flatten(values[name], is_leaf=is_leaf)
            values[name] = qml.pytrees.unflatten(
                [o if s is None else new[s] for s, o in zip(slots, old, strict=True)], structure
            )
        bound = self._signature
        args, kwargs = [], {}
        omitted = False
        for name, parameter in bound.signature.parameters.items():
            if name not in bound.arguments:
                omitted = True
                continue
            if parameter.kind is parameter.VAR_POSITIONAL:
                args += [values[f"{name}[{k}]"] for k in range(len(bound.arguments[name]))]
            elif parameter.kind is parameter.VAR_KEYWORD:
                kwargs.update({k: values[k] for k in bound.arguments[name]})
            elif omitted or parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[name] = values[name]
            else:
                args.append(values[name])
        return tuple(args), kwargs


def gather(leaves, mask) -> np.ndarray:
    """The entries of all leaves that a mask picks, flat."""
    parts = [leaf.value[mask(leaf)] for leaf in leaves]
    return np.concatenate(parts) if parts else np.zeros(0)


def is_leaf(obj) -> bool:
    """Whether an argument is not to be taken apart: operators are PyTrees too."""
    # not isinstance: the first look through an abstract class costs milliseconds
    return Operator in type(obj).__mro__


def is_jax_tracer(value) -> bool:
    """Whether a value is a JAX tracer (inside ``jit``, ``grad``, ``vmap``)."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def is_differentiated(value) -> bool:
    """Whether autograd or JAX is tracing the value right now."""
    return isbox(value) or is_jax_tracer(value)


def is_variable(value) -> bool:
    """Whether somebody differentiates or compiles through the value, in any interface."""
    if is_differentiated(value):
        return True
    return qml.math.get_interface(value) == "torch" and value.requires_grad


def to_numpy(value) -> np.ndarray:
    """The numbers of a leaf of any interface; autograd boxes and Torch tensors are unwrapped.

    JAX tracers have no numbers: generic ones of their shape stand in, which serves to find the
    structure.
    """
    if is_jax_tracer(value):
        return 0.37 + 0.11 * np.arange(value.size, dtype=float).reshape(value.shape)
    while isbox(value):
        value = value._value
    if qml.math.get_interface(value) == "torch":
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=float)
