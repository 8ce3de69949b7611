"""The sub-circuits of a density model: QNodes that run together, and what each is called with."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import pennylane as qml

from pennylane_trainability.circuits.qnode import function_of
from pennylane_trainability.errors import ReadingError

__all__ = ["arguments_of_part", "parts_of", "signature_of_the_call"]

#: What the QNodes of one device execution have in common.
_SHARED = ("interface", "diff_method", "shots", "gradient_kwargs", "execute_kwargs")


def parts_of(parts, device, options: dict) -> tuple[qml.QNode, ...]:
    """The sub-circuits as QNodes of one device.

    Args:
        parts: QNodes, or quantum functions.
        device: the device of quantum functions; ``None`` for QNodes.
        options: options of QNodes, for quantum functions.

    Raises:
        ReadingError: no part, a mixture of both kinds, or QNodes that differ in their device or
            in how they are run.
    """
    if isinstance(parts, qml.QNode) or not isinstance(parts, Sequence) or isinstance(parts, str):
        raise ReadingError(
            f"density_qnode takes a list of QNodes or quantum functions; got "
            f"{type(parts).__name__}. For K copies of one QNode write [qnode] * K, and name the "
            "arguments with one entry per copy: own='weights'."
        )
    if not parts:
        raise ReadingError("density_qnode needs at least one part; got none.")
    if all(isinstance(part, qml.QNode) for part in parts):
        if device is not None or options:
            raise ReadingError(
                f"QNodes bring their device and options; got device={device} and {options}, too. "
                "Pass quantum functions, or change the QNodes: qnode.update(…)."
            )
        found = tuple(parts)
    else:
        found = _qnodes(parts, device, options)
    for number, part in enumerate(found):
        _check(part, found[0], number)
    return found


def _qnodes(functions, device, options: dict) -> tuple[qml.QNode, ...]:
    for number, function in enumerate(functions):
        if isinstance(getattr(function, "user_function", None), qml.QNode):
            function_of(function)  # compiled by qml.qjit: refused
        if isinstance(function, qml.QNode) or not callable(function):
            raise ReadingError(
                "density_qnode takes QNodes, or quantum functions, not both; part "
                f"{number} is {function!r}."
            )
    if device is None:
        raise ReadingError(
            "Quantum functions need a device: density_qnode(functions, device=qml.device(…))."
        )
    return tuple(qml.QNode(function, device, **options) for function in functions)


def _check(part: qml.QNode, first: qml.QNode, number: int) -> None:
    if _target(part.device) is not _target(first.device):
        raise ReadingError(
            f"All parts run in one device execution, but part {number} has a device of its own "
            f"({part.device}, part 0 has {first.device}). Give them one device object: "
            "part.update(device=device)."
        )
    for name in _SHARED:
        if getattr(part, name) != getattr(first, name):
            change = "qml.set_shots(part, …)" if name == "shots" else f"part.update({name}=…)"
            raise ReadingError(
                f"All parts run in one device execution, but part {number} has "
                f"{name}={getattr(part, name)} and part 0 {getattr(first, name)}. Give them the "
                f"same: {change}."
            )
    if part.compile_pipeline.has_final_transform or part.compile_pipeline.is_informative:
        raise ReadingError(
            f"Part {number} has a transform that returns something else than what the circuit "
            f"measures ({part.compile_pipeline}). Mix the circuits first; the mixture can be "
            "differentiated."
        )


def _target(device):
    return getattr(device, "target_device", device)


def arguments_of_part(part: qml.QNode, number: int, count: int, own: tuple, args, kwargs):
    """The arguments of one part: those named in ``own`` hold one entry per part.

    Args:
        part: the part.
        number: which one.
        count: number of parts.
        own: names or positions of arguments.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.

    Returns:
        ``(args, kwargs)``; the user's are not changed.

    Raises:
        ReadingError: there is no such argument, or it has not one entry per part.
    """
    args, kwargs = list(args), dict(kwargs)
    names = list(inspect.signature(part.func).parameters)
    for key in own:
        if isinstance(key, str) and key in kwargs:
            kwargs[key] = _entry(kwargs[key], number, count, key)
            continue
        position = names.index(key) if key in names else key
        if not isinstance(position, int) or not -len(args) <= position < len(args):
            raise ReadingError(
                f"own={key!r} is no argument of this call of part {number}, whose arguments are "
                f"{', '.join(names) or 'none'}. Positions count without the mixture."
            )
        args[position] = _entry(args[position], number, count, key)
    return tuple(args), kwargs


def _entry(value, number: int, count: int, key):
    try:
        length = len(value)
    except TypeError:
        length = None
    if length != count:
        raise ReadingError(
            f"own={key!r} needs one entry for each of {count} parts (a list, or an array with a "
            f"first axis of {count}); got "
            f"{'a single value' if length is None else f'{length} entries'}."
        )
    return value[number]


def signature_of_the_call(part: qml.QNode, with_mixture: bool) -> inspect.Signature:
    """The arguments of the model: ``mixture``, if it is an argument, and those of the parts."""
    signature = inspect.signature(part.func)
    if not with_mixture:
        return signature
    own = list(signature.parameters.values())
    if "mixture" in signature.parameters:
        raise ReadingError(
            "An argument of the parts is called 'mixture', which is the name of the first argument "
            "of the model; rename it."
        )
    kinds = inspect.Parameter
    first_only = own and own[0].kind is kinds.POSITIONAL_ONLY
    kind = kinds.POSITIONAL_ONLY if first_only else kinds.POSITIONAL_OR_KEYWORD
    return inspect.Signature([inspect.Parameter("mixture", kind), *own])
