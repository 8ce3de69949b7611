"""Gradients made of numbers have no derivatives of their own; whoever asks for them is told."""

from __future__ import annotations

import sys

from autograd.tracer import isbox, trace_stack
from pennylane.tape import QuantumScript

from pennylane_trainability.circuits.arguments import is_jax_tracer

__all__ = ["refuse_second_derivatives"]


def refuse_second_derivatives(tape: QuantumScript) -> None:
    """Complain if somebody is differentiating the gradient of a tape.

    Args:
        tape: the tape that is to be differentiated.

    Raises:
        NotImplementedError: a parameter belongs to a derivative that is still being taken: an
            autograd trace that is open, a JAX tracer, or a Torch backward pass that creates a
            graph.
    """
    if any(_is_open(value) for value in tape.get_parameters(trainable_only=False)):
        raise NotImplementedError(
            "A measured gradient has no derivatives of its own, and something asks for them (a "
            "Hessian, create_graph=True, or a gradient inside another one). Use "
            "diff_method='parameter-shift' with max_diff=2 there."
        )


def _is_open(value) -> bool:
    if is_jax_tracer(value):
        return True
    while isbox(value):
        if value._trace <= trace_stack.top:
            return True
        value = value._value
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor) or not value.requires_grad:
        return False
    # a number of the backward pass that is running, −1 outside of one
    task = getattr(torch._C, "_current_graph_task_id", None)
    return torch.is_grad_enabled() and task is not None and task() >= 0
