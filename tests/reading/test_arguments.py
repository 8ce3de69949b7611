"""Which argument is what: every decision of the one rule, and the way back."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability import ReadingError
from pennylane_trainability.circuits.resolution import resolve_arguments

pnp = qml.numpy


def function(x, w, scale=1.0, *, k=None):
    return x, w, scale, k


def labels(arguments):
    return arguments.input_labels(), arguments.parameter_labels()


X, W = 0.2, np.array([0.7, 1.1])
FIXED, FREE = pnp.array(0.2, requires_grad=False), pnp.array([0.7, 1.1], requires_grad=True)
W_LABELS = ("w[0]", "w[1]")

DECISIONS = [
    # positional arguments, keywords, options, inputs, parameters, what the note says
    pytest.param((FIXED, FREE), {}, {}, ("x",), W_LABELS, "requires_grad=False", id="marked"),
    pytest.param(
        (X, W), {"k": np.zeros(2)}, {}, ("k[0]", "k[1]"), ("x", *W_LABELS), "keyword", id="keyword"
    ),
    pytest.param(
        (FIXED, FREE),
        {"k": np.array(0.1)},
        {},
        ("x",),
        (*W_LABELS, "k"),
        "requires_grad",
        id="mark-wins",
    ),
    pytest.param((X, W), {}, {"encoding_args": "x"}, ("x",), W_LABELS, None, id="named"),
    pytest.param((X, W), {}, {"encoding_args": -1}, ("w[0]", "w[1]"), ("x",), None, id="position"),
    pytest.param(
        (X, W), {}, {"encoding_args": {"w": 1}}, ("w[1]",), ("x", "w[0]"), None, id="index"
    ),
    pytest.param(
        (X, W), {}, {"encoding_args": {"w": [(0,)]}}, ("w[0]",), ("x", "w[1]"), None, id="tuple"
    ),
    pytest.param(
        (X, W, 2.0), {}, {"encoding_args": "x"}, ("x",), (*W_LABELS, "scale"), None, id="float"
    ),
    pytest.param(
        (X, W, 2), {}, {"encoding_args": "x"}, ("x",), W_LABELS, None, id="integer-constant"
    ),
    pytest.param(
        (X, W, True), {}, {"encoding_args": "x"}, ("x",), W_LABELS, None, id="boolean-constant"
    ),
    pytest.param((1, W), {}, {"encoding_args": "x"}, ("x",), W_LABELS, None, id="integer-input"),
    pytest.param(
        (FREE, FIXED),
        {},
        {"encoding_args": "x", "argnums": "w"},
        ("x[0]", "x[1]"),
        ("w",),
        None,
        id="argnums-override-the-mark",
    ),
    pytest.param(
        (X, W, 2.0),
        {},
        {"encoding_args": "x", "argnums": [2]},
        ("x",),
        ("scale",),
        None,
        id="argnums",
    ),
    pytest.param(
        (X, FIXED, 2.0), {}, {"encoding_args": "x"}, ("x",), ("scale",), None, id="marked-constant"
    ),
]


@pytest.mark.parametrize("args, kwargs, options, inputs, parameters, note", DECISIONS)
def test_decisions(args, kwargs, options, inputs, parameters, note):
    found = resolve_arguments(function, args, kwargs, **options)
    assert labels(found) == (inputs, parameters)
    assert found.parameters.shape == (len(parameters),)
    assert found.inputs.shape == (len(inputs),)
    if note is None:
        assert found.notes == ()
    else:
        (said,) = found.notes
        assert note in said
        assert f"`{inputs[0].split('[')[0]}` is taken as the input" in said


@pytest.mark.parametrize(
    "args, kwargs",
    [
        pytest.param((X, W), {}, id="nothing-marked"),
        pytest.param((FIXED, pnp.array(W, requires_grad=False)), {}, id="all-marked"),
        pytest.param((), {"x": X, "w": W}, id="two-keywords"),
    ],
)
def test_undecided(args, kwargs):
    with pytest.raises(ReadingError, match=r"encoding_args=….*\['w', 'x'\]"):
        resolve_arguments(function, args, kwargs)


def test_without_inputs_where_none_are_needed():
    found = resolve_arguments(function, (X, W), {}, need_inputs=False)
    assert labels(found) == ((), ("x", *W_LABELS))


CALLS = [
    pytest.param((X, W), {}, id="positional"),
    pytest.param((X,), {"w": W}, id="keyword"),
    pytest.param((), {"w": W, "x": X}, id="keywords-in-another-order"),
    pytest.param((X, W), {"k": [0.1, {"a": W}]}, id="keyword-only"),
    pytest.param((X, W, 3), {"k": "text"}, id="constants"),
]


@pytest.mark.parametrize("args, kwargs", CALLS)
def test_put_together_again_it_is_the_same_call(args, kwargs):
    found = resolve_arguments(function, args, kwargs, "x")
    new_args, new_kwargs = found.numeric(found.parameters, found.inputs)
    before, after = function(*args, **kwargs), function(*new_args, **new_kwargs)
    assert repr(before) == repr(after)


def with_defaults(x, a, c=5.0, n=1, *rest, m=2, **more):
    return x, a, c, n, rest, m, more


@pytest.mark.parametrize(
    "args, kwargs",
    [
        pytest.param((0.1, 0.2), {"n": 3}, id="default-omitted-in-the-middle"),
        pytest.param((0.1,), {"n": 3, "a": 0.2, "m": 7}, id="keywords"),
        pytest.param((0.1, 0.2, 0.3, 4, 0.5, 6), {}, id="variable-positional"),
        pytest.param((0.1, 0.2), {"extra": 0.7, "other": "s"}, id="variable-keyword"),
    ],
)
def test_omitted_defaults_stay_in_their_place(args, kwargs):
    found = resolve_arguments(with_defaults, args, kwargs, "x")
    new_args, new_kwargs = found.numeric(found.parameters, found.inputs)
    assert with_defaults(*new_args, **new_kwargs) == with_defaults(*args, **kwargs)


def test_new_numbers_reach_their_places():
    found = resolve_arguments(
        function, (X, W), {"k": {"a": 1.0, "b": [2.0]}}, {"x": None, "w": [1]}
    )
    assert labels(found) == (("x", "w[1]"), ("w[0]", "k<0>", "k<1>"))
    args, kwargs = found.numeric(np.array([10.0, 20.0, 30.0]), np.array([1.0, 2.0]))
    assert args[0] == 1.0
    np.testing.assert_array_equal(args[1], [10.0, 2.0])
    assert kwargs == {"k": {"a": 20.0, "b": [30.0]}}


def test_columns_return_in_the_shape_of_the_arguments():
    found = resolve_arguments(function, (X, np.ones((2, 3))), {"k": {"a": 1.0, "b": 2}}, "x")
    in_w, in_k = found.unflatten(np.arange(14.0).reshape(2, 7))
    np.testing.assert_array_equal(
        in_w, [np.arange(6.0).reshape(2, 3), np.arange(7.0, 13).reshape(2, 3)]
    )
    assert set(in_k) == {"a", "b"}
    np.testing.assert_array_equal(in_k["a"], [6.0, 13.0])
    assert in_k["b"] is None


def test_operators_are_no_numbers():
    found = resolve_arguments(function, (X, W), {"k": qml.RX(0.3, 0)}, "x")
    assert labels(found) == (("x",), W_LABELS)


@pytest.mark.parametrize("shape", [(1,), (4,), (4, 1)], ids=str)
def test_the_batch_axis_is_the_first(shape):
    found = resolve_arguments(function, (np.zeros(shape), W), {}, "x", drop_batch=True)
    assert found.inputs.size == int(np.prod(shape[1:]))
    assert found.parameters.size == 2, "parameters have no batch axis"
