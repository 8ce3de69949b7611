"""What the user passes to a QNode: which numbers are inputs, which are trainable, which are constants."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pennylane as qml
from autograd.tracer import isbox
from pennylane.operation import Operator

from pennylane_trainability.errors import ReadingError

__all__ = ["Arguments", "Leaf", "resolve_arguments"]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One array or number inside an argument.

    Attributes:
        label: how a person would write it, ``weights`` or ``params['a'][0]``.
        value: the numbers (NumPy, whatever the interface).
        is_input: for every entry, whether it is an input of the series; scalar or array of the shape.
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
    _trees: Mapping[str, tuple] = field(repr=False)
    _signature: inspect.BoundArguments = field(repr=False)

    def call(self, make: Callable[[Leaf, int, int], Any]) -> tuple[tuple, dict]:
        """The arguments with every leaf replaced by ``make(leaf, first_parameter, first_input)``."""
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
            old, _ = qml.pytrees.flatten(values[name], is_leaf=_is_leaf)
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


def _is_leaf(obj) -> bool:
    return isinstance(obj, Operator)


def _is_floating(value) -> bool:
    if isinstance(value, (bool, int, str, bytes)) or value is None or isinstance(value, Operator):
        return False
    if isinstance(value, float):
        return True
    dtype = str(getattr(value, "dtype", ""))
    return "float" in dtype


def _is_integer(value) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return False
    return isinstance(value, int) or "int" in str(getattr(value, "dtype", ""))


def is_jax_tracer(value) -> bool:
    """Whether a value is a JAX tracer (inside ``jit``, ``grad``, ``vmap``)."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def is_differentiated(value) -> bool:
    """Whether autograd or JAX is tracing the value right now."""
    return isbox(value) or is_jax_tracer(value)


def to_numpy(value) -> np.ndarray:
    """The numbers of a leaf of any interface; autograd boxes and Torch tensors are unwrapped.

    JAX tracers have no numbers: generic ones of their shape stand in, which serves to find the structure.
    """
    if is_jax_tracer(value):
        return 0.37 + 0.11 * np.arange(value.size, dtype=float).reshape(value.shape)
    while isbox(value):
        value = value._value
    if qml.math.get_interface(value) == "torch":
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=float)


def _named_values(bound: inspect.BoundArguments) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, parameter in bound.signature.parameters.items():
        if name not in bound.arguments:
            continue
        value = bound.arguments[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            values.update({f"{name}[{k}]": v for k, v in enumerate(value)})
        elif parameter.kind is parameter.VAR_KEYWORD:
            values.update(value)
        else:
            values[name] = value
    return values


def _normalise_encoding(
    encoding_args, names: list[str], option: str = "encoding_args"
) -> dict[str, Any]:
    """``{argument name: indices or None}`` from names, positions or a mapping."""
    if isinstance(encoding_args, Mapping):
        items = list(encoding_args.items())
    elif isinstance(encoding_args, (str, int, np.integer)):
        items = [(encoding_args, None)]
    elif isinstance(encoding_args, Iterable):
        items = [(entry, None) for entry in encoding_args]
    else:
        raise ReadingError(
            f"{option} needs argument names, positions or {{name: indices}}; "
            f"got {type(encoding_args).__name__}."
        )
    out = {}
    for key, indices in items:
        if isinstance(key, (int, np.integer)):
            if not -len(names) <= key < len(names):
                raise ReadingError(
                    f"{option}={key} is no argument of this call; there are {len(names)}: {names}."
                )
            key = names[key]
        if key not in names:
            raise ReadingError(
                f"{option} names {key!r}, but the QNode was called with {names}. "
                "Use one of these names, or a position."
            )
        out[key] = indices
    return out


def _guess_encoding(values: dict, keyword: set[str]) -> tuple[dict, str]:
    """The one argument marked ``requires_grad=False``, or the one keyword array."""
    floating = {n: v for n, v in values.items() if _is_floating(v)}
    marked = [
        n
        for n, v in floating.items()
        if n not in keyword
        and getattr(v, "requires_grad", None) is False
        and qml.math.get_interface(v) != "torch"
    ]
    torch_trained = any(getattr(v, "requires_grad", False) for v in floating.values())
    if torch_trained:
        marked += [
            n
            for n, v in floating.items()
            if n not in marked and getattr(v, "requires_grad", None) is False
        ]
    candidates = marked or [n for n in floating if n in keyword]
    why_not = "marked requires_grad=False" if marked else "passed by keyword"
    if len(candidates) == 1:
        name = candidates[0]
        why = "it has requires_grad=False" if marked else "it is the only keyword array"
        return {name: None}, f"`{name}` is taken as the input: {why}."
    raise ReadingError(
        "Which argument carries the input x? Name it with encoding_args=…; floating arguments of this "
        f"call: {sorted(floating) or 'none'}."
        + (f" Several are {why_not}: {candidates}." if candidates else "")
    )


def resolve_arguments(
    function: Callable,
    args: tuple,
    kwargs: dict,
    encoding_args=None,
    argnums=None,
    *,
    need_inputs: bool = True,
    drop_batch: bool = False,
) -> Arguments:
    """Take one call apart.

    Args:
        function: the quantum function.
        args: its positional arguments.
        kwargs: its keyword arguments.
        encoding_args: name(s), position(s) or ``{name: indices}`` of the inputs; ``None`` takes the one
            floating argument with ``requires_grad=False``, or else the one keyword array.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every other floating
            argument, except PennyLane tensors marked ``requires_grad=False``.
        need_inputs: whether a call without inputs is an error.
        drop_batch: whether the first axis of the inputs is a broadcasting axis to be dropped.

    Returns:
        Arguments: the call, taken apart.

    Raises:
        ReadingError: no input recognised, no trainable parameter, overlap, or NaN.
    """
    bound = inspect.signature(function).bind(*args, **kwargs)
    values = _named_values(bound)
    names, notes = list(values), []
    if encoding_args is None and need_inputs:
        encoding, note = _guess_encoding(values, set(kwargs))
        notes.append(note)
    else:
        encoding = _normalise_encoding(encoding_args, names) if encoding_args is not None else {}
    wanted = None if argnums is None else list(_normalise_encoding(argnums, names, "argnums"))
    if wanted is not None and (
        both := [n for n in wanted if n in encoding and encoding[n] is None]
    ):
        raise ReadingError(
            f"{both} stand in both encoding_args and argnums; an argument is either an input or trainable."
        )
    leaves: list[Leaf] = []
    trees, trainable_names = {}, []
    for name, value in values.items():
        is_encoding = name in encoding
        if wanted is not None:
            train = name in wanted
        else:
            train = not (is_encoding and encoding[name] is None) and not _marked_constant(value)
        slots, has_parameters = [], False
        raw, structure = qml.pytrees.flatten(value, is_leaf=_is_leaf)
        for number, leaf in enumerate(raw):
            if not _is_floating(leaf) and not (is_encoding and _is_integer(leaf)):
                slots.append(None)
                continue
            label = name if len(raw) == 1 else f"{name}<{number}>"
            new = _leaf(label, leaf, encoding.get(name) if is_encoding else (), train, drop_batch)
            if not new.is_input.any() and not new.parameter_mask.any():
                slots.append(None)
                continue
            has_parameters |= bool(new.parameter_mask.any())
            slots.append(len(leaves))
            leaves.append(new)
        if any(s is not None for s in slots):
            trees[name] = (slots, structure)
        if has_parameters:
            trainable_names.append(name)
    if trainable_names and (empty := [n for n in wanted or () if n not in trainable_names]):
        raise ReadingError(
            f"argnums names {empty}, which hold no floating number that could be trained; pass floats, or leave "
            "them out of argnums."
        )
    result = Arguments(
        leaves=tuple(leaves),
        parameters=_gather(leaves, lambda leaf: leaf.parameter_mask),
        inputs=_gather(leaves, lambda leaf: leaf.is_input),
        notes=tuple(notes),
        trainable_names=tuple(trainable_names if wanted is None else wanted),
        single=(len(trainable_names) == 1 and not isinstance(argnums, (list, tuple))),
        _values=values,
        _trees=trees,
        _signature=bound,
    )
    _check(result, values, need_inputs)
    return result


def _marked_constant(value) -> bool:
    return (
        getattr(value, "requires_grad", None) is False
        and qml.math.get_interface(value) == "autograd"
    )


def _leaf(label, original, indices, train, drop_batch) -> Leaf:
    value = to_numpy(original)
    if indices is None:
        if drop_batch and value.ndim:
            value = value[0]
        mask = np.ones(value.shape, bool)
    else:
        mask = np.zeros(value.shape, bool)
        for index in [indices] if isinstance(indices, (int, np.integer)) else indices:
            try:
                if isinstance(index, tuple):
                    mask[index] = True
                else:
                    mask.reshape(-1)[index] = True
            except IndexError as error:
                raise ReadingError(
                    f"encoding_args has index {index} for {label}, which has shape {value.shape}: {error}. Use flat "
                    "positions or index tuples inside that shape."
                ) from error
    return Leaf(label, value, mask, train, original)


def _gather(leaves, mask) -> np.ndarray:
    parts = [leaf.value[mask(leaf)] for leaf in leaves]
    return np.concatenate(parts) if parts else np.zeros(0)


def _check(result: Arguments, values, need_inputs) -> None:
    if need_inputs and not result.inputs.size:
        raise ReadingError(
            "The encoding argument holds no floating number; pass at least one input value."
        )
    if not result.parameters.size:
        floating = [n for n, v in values.items() if _is_floating(v)]
        raise ReadingError(
            "The QNode has no trainable parameters here: no floating argument is left beside the inputs "
            f"(floating arguments: {floating}). Pass the weights as floating-point arguments, or name them "
            "with argnums=…"
        )
    for leaf in result.leaves:
        if not np.all(np.isfinite(leaf.value)):
            raise ReadingError(
                f"Argument {leaf.label} contains NaN or infinity; pass finite numbers."
            )
