"""A QNode that takes only some of the parameters, as one flat vector; the rest is frozen."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pennylane as qml

from pennylane_trainability.circuits.arguments import Arguments, is_leaf
from pennylane_trainability.circuits.tracer import Traced, holds_objects
from pennylane_trainability.errors import ReadingError

__all__ = ["Plan", "reduced_function", "reduced_qnode", "with_function"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a flat vector of kept parameters becomes the arguments of a call.

    Attributes:
        arguments: the call, taken apart.
        kept: flat numbers of the parameters that stay, ascending.
        values: all parameters, those that are frozen at their values, ``(P,)``.
    """

    arguments: Arguments
    kept: tuple[int, ...]
    values: np.ndarray

    def to_dict(self) -> dict:
        """The numbers of the plan."""
        return {"kept": list(self.kept), "values": self.values.tolist()}

    def full(self, kept):
        """All parameters ``(P,)`` from those kept, in their interface and differentiable."""
        if qml.math.get_interface(kept) == "builtins":
            kept = np.asarray(kept, float)
        if qml.math.shape(kept) != (len(self.kept),):
            raise ReadingError(
                f"The pruned QNode needs the {len(self.kept)} kept parameters as one flat vector "
                f"in its first argument; got shape {tuple(qml.math.shape(kept))}. "
                "Start from Pruning.start."
            )
        number = len(self.values)
        frozen = np.setdiff1d(np.arange(number), self.kept)
        order = np.empty(number, int)
        order[np.concatenate([self.kept, frozen]).astype(int)] = np.arange(number)
        return _pick([kept, self.values[frozen]], order)


def _pick(parts, order: np.ndarray):
    """``concatenate(parts)[order]`` in the interface and precision of the first part."""
    first = parts[0]
    if "int" in str(getattr(first, "dtype", "")):
        first = 1.0 * first
    rest = [_like(part, first) for part in parts[1:]]
    return qml.math.concatenate([first, *rest])[order]


def _like(part, first):
    if holds_objects(part):
        return part
    if holds_objects(first):  # tracers, and functions of tracers, need tracers beside them
        constants = np.empty(len(part), object)
        constants[:] = [Traced(np.full((1, 1), float(value)), {}) for value in part]
        return constants
    return qml.math.cast_like(qml.math.asarray(part, like=qml.math.get_interface(first)), first)


def reduced_qnode(qnode, plan: Plan):
    """A QNode of ``(kept, *the other arguments)`` with the device and options of the user's.

    Args:
        qnode: the user's QNode, or one with the same arguments; not changed.
        plan: what is kept, and what the rest is frozen at.

    Raises:
        ReadingError: the QNode has other arguments than those of the plan.
    """
    return with_function(qnode, reduced_function(qnode.func, plan))


def with_function(qnode, function: Callable):
    """A QNode with the device, options and transforms of the user's that runs another function."""
    new = copy.copy(qnode)
    new.func = function
    # QNode.update() starts again from these
    new._init_args = {**qnode._init_args, "func": function}
    new._compile_pipeline = copy.copy(qnode._compile_pipeline)
    return new


def reduced_function(function: Callable, plan: Plan) -> Callable:
    """The quantum function of ``(kept, *the other arguments)``; see :func:`reduced_qnode`."""
    old = inspect.signature(function)
    _check_names(function, old, plan)
    whole = {name for name in plan.arguments.trainable_names if _is_whole(plan.arguments, name)}
    new, name = _signature(old, whole, plan.arguments)

    @functools.wraps(function)
    def reduced(*args, **kwargs):
        given = new.bind(*args, **kwargs).arguments
        blocks = _blocks(plan, plan.full(given.pop(name)))
        return function(*_positional(old, given, blocks), **_keywords(old, given, blocks))

    reduced.__signature__ = new  # type: ignore[attr-defined]
    return reduced


def _check_names(function, signature: inspect.Signature, plan: Plan) -> None:
    takes_any = any(
        p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in signature.parameters.values()
    )
    missing = [n for n in plan.arguments.trainable_names if n not in signature.parameters]
    if missing and not takes_any:
        raise ReadingError(
            f"{getattr(function, '__name__', 'the QNode')} has no argument {missing}; apply the "
            "pruning to the QNode it was found for, or to one with the same arguments."
        )


def _is_whole(arguments: Arguments, name: str) -> bool:
    """Whether nothing but trainable parameters is in an argument."""
    slots = arguments.tree_of(name)[0]
    return all(s is not None and arguments.leaves[s].parameter_mask.all() for s in slots)


def _signature(old: inspect.Signature, whole: set[str], arguments: Arguments):
    """The reduced signature, and the name of its first argument."""
    rest = []
    for parameter in old.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            inside = [n for n in arguments.trainable_names if n.startswith(f"{parameter.name}[")]
            if inside and not (
                set(inside) <= whole and len(inside) == _passed(parameter, arguments)
            ):
                raise ReadingError(
                    f"*{parameter.name} holds trainable parameters and other values; give the "
                    "quantum function arguments with names, so that some can be frozen."
                )
            if inside:
                continue
        if parameter.name not in whole:
            rest.append(parameter)
    name = "kept"
    while name in old.parameters:
        name += "_parameters"
    positional = any(p.kind is p.POSITIONAL_ONLY for p in rest)
    kind = (
        inspect.Parameter.POSITIONAL_ONLY if positional else inspect.Parameter.POSITIONAL_OR_KEYWORD
    )
    return inspect.Signature([inspect.Parameter(name, kind), *rest]), name


def _passed(parameter: inspect.Parameter, arguments: Arguments) -> int:
    return len(arguments._signature.arguments.get(parameter.name, ()))


def _blocks(plan: Plan, full) -> dict[str, Callable]:
    """For every trainable argument what makes it from its value in the call (or from nothing)."""
    starts = np.cumsum([0] + [int(x.parameter_mask.sum()) for x in plan.arguments.leaves])

    def block(number: int, current):
        leaf = plan.arguments.leaves[number]
        part = full[starts[number] : starts[number + 1]]
        mask = leaf.parameter_mask.ravel()
        if not mask.all():
            order = np.arange(mask.size)
            order[mask] = mask.size + np.arange(int(mask.sum()))
            if not mask.any():
                return current
            part = _pick([qml.math.reshape(current, (-1,)), part], order)
        return qml.math.reshape(part, leaf.value.shape) if leaf.value.shape else part[0]

    def argument(name: str):
        slots, structure = plan.arguments.tree_of(name)

        def make(current=None):
            old = [None] * len(slots)
            if not _is_whole(plan.arguments, name):
                old = qml.pytrees.flatten(current, is_leaf=is_leaf)[0]
            new = [o if s is None else block(s, o) for s, o in zip(slots, old, strict=True)]
            return qml.pytrees.unflatten(new, structure)

        return make

    return {name: argument(name) for name in plan.arguments.trainable_names}


def _positional(old: inspect.Signature, given: dict, blocks: dict[str, Callable]) -> list:
    """Arguments up to the first that is left out, and those of ``*args``."""
    out: list = []
    for name, parameter in old.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            inside = [n for n in blocks if n.startswith(f"{name}[")]
            out += [blocks[n]() for n in sorted(inside, key=_number)] or list(given.get(name, ()))
        elif parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            break
        elif name in blocks:
            out.append(blocks[name](given.get(name)))
        elif name in given:
            out.append(given[name])
        else:
            break
    return out


def _number(name: str) -> int:
    return int(name[name.rindex("[") + 1 : -1])


def _keywords(old: inspect.Signature, given: dict, blocks: dict[str, Callable]) -> dict:
    """Everything that :func:`_positional` leaves over."""
    out: dict = {}
    omitted = False
    for name, parameter in old.parameters.items():
        known = name in blocks or name in given
        if parameter.kind is parameter.VAR_KEYWORD:
            rest = dict(given.get(name, {}))
            inside = [n for n in blocks if n not in old.parameters and "[" not in n]
            out |= rest | {n: blocks[n](rest.get(n)) for n in inside}
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            omitted = omitted or not known
            if known and (omitted or parameter.kind is parameter.KEYWORD_ONLY):
                out[name] = blocks[name](given.get(name)) if name in blocks else given[name]
    return out
