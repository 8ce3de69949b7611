"""Scalars that remember how they depend on parameters and inputs while the user's function runs.

A :class:`Traced` scalar stands for a whole array of values, one per parameter draw and input point
(shape broadcastable to ``(D, G)``), carries sparse first derivatives, and knows whether it is still
affine in the inputs and linear in the parameters. NumPy functions applied to object arrays of
tracers call the methods below element by element, so ordinary NumPy code runs unchanged.
"""

from __future__ import annotations

import math

import autoray
import numpy as np

__all__ = ["Traced", "UntraceableError", "holds_objects"]

_OBJECT = np.dtype(object)


class UntraceableError(TypeError):
    """The user's function asked a tracer for a plain number."""


def _merge(left: dict, left_scale, right: dict, right_scale) -> dict:
    """Slopes of ``left_scale·left + right_scale·right``."""
    merged = {k: left_scale * v for k, v in left.items()}
    for k, v in right.items():
        merged[k] = merged[k] + right_scale * v if k in merged else right_scale * v
    return merged


class Traced:
    """A real scalar with its derivatives.

    Args:
        value: array broadcastable to ``(D, G)``.
        slopes: ``{variable: derivative}``; parameters are ``0, 1, …``, inputs ``-1, -2, …``.
        affine: whether it is ``a₀(θ) + Σ a_i x_i`` with constant ``a_i``.
        linear: whether it is linear in θ with constant slopes.
    """

    __slots__ = ("affine", "linear", "slopes", "value")
    ndim = 0
    shape = ()
    size = 1
    dtype = np.dtype(float)

    def __init__(self, value, slopes, affine=True, linear=True):
        self.value = value
        self.slopes = slopes
        self.affine = affine
        self.linear = linear

    def __repr__(self):
        return f"Traced({np.ravel(self.value)[0]:.4g})"

    # -- linear operations: structure is kept ------------------------------------------------------
    def _combine(self, other, mine, theirs):
        if isinstance(other, Traced):
            return Traced(
                mine * self.value + theirs * other.value,
                _merge(self.slopes, mine, other.slopes, theirs),
                self.affine and other.affine,
                self.linear and other.linear,
            )
        if _is_number(other):
            slopes = self.slopes if mine == 1 else {k: mine * v for k, v in self.slopes.items()}
            return Traced(mine * self.value + theirs * float(other), slopes, *self._flags)
        return NotImplemented

    @property
    def _flags(self):
        return self.affine, self.linear

    def __add__(self, other):
        return self._combine(other, 1, 1)

    __radd__ = __add__

    def __sub__(self, other):
        return self._combine(other, 1, -1)

    def __rsub__(self, other):
        return self._combine(other, -1, 1)

    def __neg__(self):
        return self._scale(-1.0)

    def __pos__(self):
        return self

    def _scale(self, factor):
        return Traced(
            self.value * factor, {k: v * factor for k, v in self.slopes.items()}, *self._flags
        )

    # -- products and functions --------------------------------------------------------------------
    def __mul__(self, other):
        if isinstance(other, Traced):
            slopes = _merge(self.slopes, other.value, other.slopes, self.value)
            return Traced(self.value * other.value, slopes, *_structure(self, other))
        if isinstance(other, complex):  # exp(1j·w·G): the angle is the imaginary part
            return self._scale(other)
        return self._scale(float(other)) if _is_number(other) else NotImplemented

    __rmul__ = __mul__

    def __truediv__(self, other):
        if isinstance(other, Traced):
            return self * other._apply(1.0 / other.value, -1.0 / np.square(other.value))
        return self._scale(1.0 / float(other)) if _is_number(other) else NotImplemented

    def __rtruediv__(self, other):
        return self._apply(1.0 / self.value, -1.0 / np.square(self.value)) * other

    def __pow__(self, power):
        if not _is_number(power):
            return NotImplemented
        if float(power) == 1.0:
            return self
        power = float(power)
        return self._apply(self.value**power, power * self.value ** (power - 1))

    def _apply(self, value, derivative):
        """``f(self)`` from its value and derivative; no longer linear in anything it depends on."""
        slopes = {k: derivative * v for k, v in self.slopes.items()}
        return Traced(value, slopes, *_structure(self, self))

    def __abs__(self):
        return self._apply(np.abs(self.value), np.sign(self.value))

    def conjugate(self):
        """The complex conjugate."""
        return self._part(np.conj)

    conj = conjugate

    @property
    def real(self):
        """The real part."""
        return self._part(np.real)

    @property
    def imag(self):
        """The imaginary part."""
        return self._part(np.imag)

    def _part(self, part):
        return Traced(part(self.value), {k: part(v) for k, v in self.slopes.items()}, *self._flags)

    @property
    def T(self):
        """Itself, as for any scalar."""
        return self

    def item(self):
        """Itself: it stays a tracer when taken out of an array."""
        return self

    # -- what cannot be traced ---------------------------------------------------------------------
    def _plain(self, *_):
        raise UntraceableError("a plain number was asked of a traced argument")

    __float__ = __int__ = __index__ = __complex__ = __bool__ = _plain
    __lt__ = __le__ = __gt__ = __ge__ = __round__ = __floor__ = __mod__ = _plain
    __array_priority__ = -1.0
    __hash__ = object.__hash__

    def __eq__(self, other):
        if _is_number(other):  # ``if x == 0`` must not pass for false
            self._plain()
        return self is other


def _is_number(x) -> bool:
    if isinstance(x, (int, float, np.number)):
        return not isinstance(x, np.complexfloating)
    return getattr(x, "shape", None) == () and not holds_objects(x)


def holds_objects(x) -> bool:
    """Whether something is an array of Python objects, such as tracers."""
    return getattr(x, "dtype", None) == _OBJECT


def _depends(x: Traced) -> tuple[bool, bool]:
    """Whether it depends on parameters, on inputs."""
    return any(k >= 0 for k in x.slopes), any(k < 0 for k in x.slopes)


def _structure(a: Traced, b: Traced) -> tuple[bool, bool]:
    """Affine and linear flags of a product or a nonlinear function."""
    (a_theta, a_x), (b_theta, b_x) = _depends(a), _depends(b)
    return not (a_x or b_x), not (a_theta or b_theta)


def _unary(name, function, derivative):
    def method(self):
        return self._apply(function(self.value), derivative(self.value))

    method.__name__ = name
    setattr(Traced, name, method)


for _name, _function, _derivative in [
    ("sin", np.sin, np.cos),
    ("cos", np.cos, lambda v: -np.sin(v)),
    ("tan", np.tan, lambda v: 1 / np.cos(v) ** 2),
    ("exp", np.exp, np.exp),
    ("expm1", np.expm1, np.exp),
    ("log", np.log, lambda v: 1 / v),
    ("log1p", np.log1p, lambda v: 1 / (1 + v)),
    ("log2", np.log2, lambda v: 1 / (v * math.log(2))),
    ("sqrt", np.sqrt, lambda v: 0.5 / np.sqrt(v)),
    ("square", np.square, lambda v: 2 * v),
    ("arcsin", np.arcsin, lambda v: 1 / np.sqrt(1 - v**2)),
    ("arccos", np.arccos, lambda v: -1 / np.sqrt(1 - v**2)),
    ("arctan", np.arctan, lambda v: 1 / (1 + v**2)),
    ("sinh", np.sinh, np.cosh),
    ("cosh", np.cosh, np.sinh),
    ("tanh", np.tanh, lambda v: 1 / np.cosh(v) ** 2),
]:
    _unary(_name, _function, _derivative)

# `qml.math` looks up the library of what it is handed; tracers live in NumPy object arrays.
autoray.register_backend(Traced, "numpy")
