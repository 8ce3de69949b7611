"""Numbers computed in NumPy, handed back in the user's interface and differentiable there.

``numeric(θ)`` and ``vjp(θ, V)`` are plain NumPy functions; autograd, JAX and Torch each learn them
as one primitive. Under ``jax.jit`` they run in a callback, because the circuit is simulated in
NumPy. Arguments on an accelerator are copied to the CPU; results are put where arguments are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pennylane as qml
from autograd.tracer import isbox

from pennylane_trainability.circuits.arguments import Arguments, is_variable, to_numpy

__all__ = ["as_arguments", "interface_of", "is_traced", "like_tensor", "wrap"]

Numeric = Callable[[np.ndarray], np.ndarray]


def interface_of(arguments: Arguments) -> str:
    """``"numpy"``, ``"autograd"`` (being differentiated), ``"jax"`` or ``"torch"``."""
    originals = [leaf.original for leaf in arguments.leaves]
    names = {qml.math.get_interface(o) for o in originals}
    if "jax" in names:
        return "jax"
    if "torch" in names:
        return "torch"
    return "autograd" if any(isbox(o) for o in originals) else "numpy"


def is_traced(arguments: Arguments) -> bool:
    """Whether somebody differentiates or compiles through the arguments."""
    return any(is_variable(leaf.original) for leaf in arguments.leaves)


def as_arguments(value: np.ndarray, arguments: Arguments):
    """Numbers as arrays of the arguments' interface, on their device.

    Args:
        value: what was computed.
        arguments: the call; under NumPy and autograd the numbers stay as they are.
    """
    interface = interface_of(arguments)
    if interface in ("numpy", "autograd"):
        return value
    if interface == "jax":  # JAX moves arrays without a device of their own where they are needed
        return qml.math.asarray(value, like="jax")
    return like_tensor(value, *(leaf.original for leaf in arguments.leaves))


def like_tensor(value, *originals):
    """Numbers as a Torch tensor on the device of the first Torch tensor among some arguments."""
    import torch

    places = [o.device for o in originals if isinstance(o, torch.Tensor)]
    return torch.as_tensor(value, device=places[0] if places else None)


def wrap(arguments: Arguments, numeric: Numeric, vjp, shape: tuple[int, ...], numbers=None):
    """``numeric`` at the flat parameters of the call, in the call's interface.

    Args:
        arguments: the call.
        numeric: ``(P,) → shape``.
        vjp: ``(P,), shape → (P,)``.
        shape: shape of the result.
        numbers: all numbers of the call, if data are variables like the trainable parameters; then
            ``P`` above is their count.
    """
    interface = interface_of(arguments)
    if not is_traced(arguments):
        value = numeric(arguments.parameters if numbers is None else numbers)
        return as_arguments(value, arguments)
    leaves = arguments.leaves
    if numbers is None:
        if any(0 < leaf.parameter_mask.sum() < leaf.value.size for leaf in leaves):
            raise NotImplementedError(
                "An argument mixes inputs and trainable parameters; split it into two arguments to "
                "differentiate."
            )
        leaves = tuple(leaf for leaf in leaves if leaf.parameter_mask.any())
    theta = _flat([leaf.original for leaf in leaves], interface)
    if interface == "autograd":
        return _autograd(theta, numeric, vjp)
    if interface == "jax":
        return _jax(theta, numeric, vjp, shape)
    return _torch(theta, numeric, vjp)


def _flat(parts, interface):
    if interface == "torch":
        arrays = [like_tensor(p, p, *parts) for p in parts]
    else:
        arrays = [qml.math.asarray(p, like=interface) for p in parts]
    return qml.math.concatenate([qml.math.reshape(a, (-1,)) for a in arrays])


def _autograd(theta, numeric, vjp):
    from autograd.extend import defvjp, primitive

    function = primitive(lambda t: numeric(np.asarray(t, float)))
    defvjp(function, lambda _, t: lambda v: vjp(np.asarray(t, float), np.asarray(v, float)))
    return function(theta)


def _jax(theta, numeric, vjp, shape):
    import jax

    dtype = jax.numpy.result_type(float)

    def callback(function, size, *values):
        return jax.pure_callback(
            lambda *v: np.asarray(function(*(np.asarray(u, float) for u in v)), dtype),
            jax.ShapeDtypeStruct(size, dtype),
            *values,
            vmap_method="sequential",
        )

    @jax.custom_vjp
    def function(t):
        return callback(numeric, shape, t)

    def forward(t):
        return function(t), t

    def backward(t, v):
        return (callback(vjp, t.shape, t, v).astype(t.dtype),)

    function.defvjp(forward, backward)
    return function(theta)


def _torch(theta, numeric, vjp):
    import torch

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, t):
            ctx.save_for_backward(t)
            return torch.as_tensor(numeric(to_numpy(t)), device=t.device)

        @staticmethod
        def backward(ctx, v):
            (t,) = ctx.saved_tensors
            return torch.as_tensor(vjp(to_numpy(t), to_numpy(v)), dtype=t.dtype, device=t.device)

    return Function.apply(theta)
