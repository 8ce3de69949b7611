"""Which arguments of a call are inputs and which are trainable: what the user says, or marks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.arguments import (
    Arguments,
    Leaf,
    gather,
    is_leaf,
    to_numpy,
)
from pennylane_trainability.errors import ReadingError

__all__ = ["input_positions", "resolve_arguments"]


def resolve_arguments(
    function: Callable,
    args: tuple,
    kwargs: dict,
    encoding_args=None,
    argnums=None,
    *,
    need_inputs: bool = True,
    need_parameters: bool = True,
    drop_batch: bool = False,
    rest_is_input: bool = False,
) -> Arguments:
    """Take one call apart.

    Args:
        function: the quantum function.
        args: its positional arguments.
        kwargs: its keyword arguments.
        encoding_args: name(s), position(s) or ``{name: indices}`` of the inputs; ``None`` takes the
            one floating argument with ``requires_grad=False``, or else the one keyword array.
        argnums: name(s) or position(s) of the trainable arguments; ``None`` takes every other
            floating argument, except PennyLane tensors marked ``requires_grad=False``.
        need_inputs: whether a call without inputs is an error.
        need_parameters: whether a call without trainable parameters is an error.
        drop_batch: whether the first axis of the inputs is a broadcasting axis to be dropped.
        rest_is_input: whether every floating number that is not trainable counts as an input.

    Returns:
        Arguments: the call, taken apart.

    Raises:
        ReadingError: no input recognised, no trainable parameter, overlap, or NaN.
    """
    bound = inspect.signature(function).bind(*args, **kwargs)
    values = _named_values(bound)
    names = list(values)
    encoding, notes = _inputs_of(values, set(kwargs), encoding_args, need_inputs)
    wanted = None if argnums is None else list(_normalise_encoding(argnums, names, "argnums"))
    _refuse_overlap(wanted or [], encoding)
    parts = _take_apart(values, encoding, wanted, drop_batch, rest_is_input)
    _refuse_untrainable(wanted or [], parts.trainable_names)
    result = Arguments(
        leaves=tuple(parts.leaves),
        parameters=gather(parts.leaves, lambda leaf: leaf.parameter_mask),
        inputs=gather(parts.leaves, lambda leaf: leaf.is_input),
        notes=notes,
        trainable_names=tuple(parts.trainable_names if wanted is None else wanted),
        single=(len(parts.trainable_names) == 1 and not isinstance(argnums, (list, tuple))),
        _values=values,
        _trees=parts.trees,
        _signature=bound,
    )
    _check(result, values, need_inputs, need_parameters)
    return result


def input_positions(function, args: tuple, kwargs: dict, encoding_args) -> set[int]:
    """Positions of the positional arguments that are data as a whole.

    Args:
        function: the quantum function.
        args: its positional arguments.
        kwargs: its keyword arguments.
        encoding_args: name(s), position(s) or ``{name: indices}``; ``None``: no argument.
    """
    if encoding_args is None:
        return set()
    names = list(_named_values(inspect.signature(function).bind(*args, **kwargs)))
    whole = {n for n, part in _normalise_encoding(encoding_args, names).items() if part is None}
    return {k for k, name in enumerate(names[: len(args)]) if name in whole}


def _inputs_of(
    values: dict[str, Any], keyword: set[str], encoding_args, need_inputs: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """``{argument name: indices or None}`` of the inputs, and what was decided for the user."""
    if encoding_args is not None:
        return _normalise_encoding(encoding_args, list(values)), ()
    if not need_inputs:
        return {}, ()
    encoding, note = _guess_encoding(values, keyword)
    return encoding, (note,)


def _refuse_overlap(wanted: list[str], encoding: dict[str, Any]) -> None:
    if both := [n for n in wanted if n in encoding and encoding[n] is None]:
        raise ReadingError(
            f"{both} stand in both encoding_args and argnums; an argument is either an input or "
            "trainable."
        )


def _refuse_untrainable(wanted: list[str], trainable_names: list[str]) -> None:
    if trainable_names and (empty := [n for n in wanted if n not in trainable_names]):
        raise ReadingError(
            f"argnums names {empty}, which hold no floating number that could be trained; pass "
            "floats, or leave them out of argnums."
        )


@dataclass(slots=True, eq=False)
class _Parts:
    """The leaves of all arguments, the trees they hang on, and which arguments are trainable."""

    leaves: list[Leaf] = field(default_factory=list)
    trees: dict[str, tuple] = field(default_factory=dict)
    trainable_names: list[str] = field(default_factory=list)


def _take_apart(
    values: dict[str, Any],
    encoding: dict[str, Any],
    wanted: list[str] | None,
    drop_batch: bool,
    rest_is_input: bool,
) -> _Parts:
    parts = _Parts()
    for name, value in values.items():
        train = _is_trained(name, value, encoding, wanted)
        indices = None if rest_is_input and not train else encoding.get(name, ())
        raw, structure = qml.pytrees.flatten(value, is_leaf=is_leaf)
        slots: list[int | None] = []
        for number, original in enumerate(raw):
            label = name if len(raw) == 1 else f"{name}<{number}>"
            leaf = None
            if _is_floating(original) or (name in encoding and _is_integer(original)):
                leaf = _leaf(label, original, indices, train, drop_batch)
            if leaf is None or not (leaf.is_input.any() or leaf.parameter_mask.any()):
                slots.append(None)
                continue
            slots.append(len(parts.leaves))
            parts.leaves.append(leaf)
        used = [parts.leaves[s] for s in slots if s is not None]
        if used:
            parts.trees[name] = (slots, structure)
        if any(leaf.parameter_mask.any() for leaf in used):
            parts.trainable_names.append(name)
    return parts


def _is_trained(name: str, value, encoding: dict[str, Any], wanted: list[str] | None) -> bool:
    if wanted is not None:
        return name in wanted
    is_input = name in encoding and encoding[name] is None
    return not is_input and not _marked_constant(value)


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
        "Which argument carries the input x? Name it with encoding_args=…; floating arguments of "
        f"this call: {sorted(floating) or 'none'}."
        + (f" Several are {why_not}: {candidates}." if candidates else "")
    )


def _is_floating(value) -> bool:
    if isinstance(value, (bool, int, str, bytes)) or value is None or is_leaf(value):
        return False
    if isinstance(value, float):
        return True
    dtype = str(getattr(value, "dtype", ""))
    return "float" in dtype


def _is_integer(value) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return False
    return isinstance(value, int) or "int" in str(getattr(value, "dtype", ""))


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
                    f"encoding_args has index {index} for {label}, which has shape {value.shape}: "
                    f"{error}. Use flat positions or index tuples inside that shape."
                ) from error
    return Leaf(label, value, mask, train, original)


def _check(result: Arguments, values, need_inputs: bool, need_parameters: bool) -> None:
    if need_inputs and not result.inputs.size:
        raise ReadingError(
            "The encoding argument holds no floating number; pass at least one input value."
        )
    if need_parameters and not result.parameters.size:
        floating = [n for n, v in values.items() if _is_floating(v)]
        raise ReadingError(
            "The QNode has no trainable parameters here: no floating argument is left beside the "
            f"inputs (floating arguments: {floating}). Pass the weights as floating-point "
            "arguments, or name them with argnums=…"
        )
    for leaf in result.leaves:
        if not np.all(np.isfinite(leaf.value)):
            raise ReadingError(
                f"Argument {leaf.label} contains NaN or infinity; pass finite numbers."
            )
