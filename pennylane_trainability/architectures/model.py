"""What is compared: a QNode with one example call, and functions that build one for a shape."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pennylane as qml

from pennylane_trainability.circuits.qnode import Reading, function_of, read_qnode
from pennylane_trainability.errors import ReadingError

__all__ = ["Builder", "Model", "as_model", "build_model", "takes_prefactors"]

#: ``build(n_wires, n_layers, n_blocks)`` → a :class:`Model`, ``(qnode, args)`` or a QNode.
Builder = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A QNode and one example call of it.

    The call fixes shapes and constants; where numbers are drawn, the values of the trainable
    arguments do not matter.

    Args:
        qnode: the QNode.
        args: positional arguments of the call; arguments that are left out take their defaults.
        kwargs: keyword arguments of the call.
        encoding_args: the inputs; see :func:`coefficient_jacobian`.
        argnums: the trainable arguments; see :func:`coefficient_jacobian`.

    **Example**

    >>> import pennylane as qml
    >>> import pennylane_trainability as pt
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def circuit(x, w):
    ...     qml.RY(w, wires=0)
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> pt.Model(circuit, (0.0, 0.1), encoding_args="x").read().circuit.n_parameters
    1
    """

    qnode: Any
    args: tuple = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    encoding_args: Any = None
    argnums: Any = None

    def call(self) -> tuple[tuple, dict]:
        """Positional and keyword arguments, defaults filled in.

        Raises:
            ReadingError: an argument without a default is missing, or there are too many.
        """
        signature = inspect.signature(function_of(self.qnode))
        try:
            bound = signature.bind(*self.args, **self.kwargs)
        except TypeError as error:
            raise ReadingError(
                f"The example call does not fit {self.qnode.func.__name__}{signature}: {error}. "
                "Pass Model(qnode, args, kwargs), or give every argument of the QNode a default."
            ) from error
        whole = inspect.BoundArguments(signature, bound.arguments.copy())
        whole.apply_defaults()
        if len(whole.arguments) == len(bound.arguments):
            return tuple(self.args), dict(self.kwargs)
        return whole.args, whole.kwargs

    def read(self) -> Reading:
        """The circuit of the example call.

        Raises:
            ReadingError: see :func:`coefficient_jacobian`.
        """
        args, kwargs = self.call()
        return read_qnode(self.qnode, args, kwargs, self.encoding_args, self.argnums)


def as_model(built, encoding_args=None, argnums=None) -> Model:
    """Anything that stands for a model, as a model.

    Args:
        built: a :class:`Model`, ``(qnode, args)``, ``(qnode, args, kwargs)`` or a QNode.
        encoding_args: the inputs, where the model itself does not name them.
        argnums: the trainable arguments, where the model itself does not name them.

    Raises:
        ReadingError: it is none of these.
    """
    if isinstance(built, qml.QNode):
        built = Model(built)
    elif isinstance(built, tuple) and len(built) in (2, 3) and isinstance(built[0], qml.QNode):
        built = Model(*built)
    if not isinstance(built, Model) or not isinstance(built.qnode, qml.QNode):
        raise ReadingError(
            "A model is a QNode whose arguments all have defaults, (qnode, args), or "
            f"Model(qnode, args, kwargs); got {built!r}."
        )
    if not isinstance(built.args, tuple):
        raise ReadingError(
            f"The arguments of a model are a tuple, one entry per argument; got {built.args!r}. "
            "Write (qnode, (x, weights))."
        )
    return replace(
        built,
        encoding_args=encoding_args if built.encoding_args is None else built.encoding_args,
        argnums=argnums if built.argnums is None else built.argnums,
    )


def build_model(
    build: Builder, shape: tuple[int, int, int], encoding_args=None, argnums=None, **options
) -> Model:
    """Call a builder.

    Args:
        build: ``build(n_wires, n_layers, n_blocks)`` → anything :func:`as_model` takes.
        shape: wires, encoding layers, trainable blocks.
        encoding_args: the inputs, where the model itself does not name them.
        argnums: the trainable arguments, where the model itself does not name them.
        **options: passed on to the builder.

    Raises:
        ReadingError: the builder does not take three arguments, or returns something else.
    """
    if not callable(build) or isinstance(build, qml.QNode):
        raise ReadingError(
            f"build needs a function build(n_wires, n_layers, n_blocks); got {build!r}. For single "
            "circuits pass circuits=[…]."
        )
    try:
        inspect.signature(build).bind(*shape, **options)
    except TypeError as error:
        raise ReadingError(
            "A builder is called as build(n_wires, n_layers, n_blocks); "
            f"{getattr(build, '__name__', build)!r} cannot be: {error}. Let it take these three "
            "(and ignore what it has no use for)."
        ) from error
    return as_model(build(*shape, **options), encoding_args, argnums)


def takes_prefactors(build: Builder) -> bool:
    """Whether a builder has an argument ``prefactors``."""
    return "prefactors" in inspect.signature(build).parameters
