"""Malformed questions are met by an error of this package that says what to do."""

import re
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_qnodes import programs, thetas

import pennylane_trainability as pt
from pennylane_trainability import TrainabilityWarning

HERE = Path(pt.__file__).parent

FOURIER = {
    "coefficient_jacobian": pt.coefficient_jacobian,
    "fourier_rows": pt.fourier_rows,
    "measure_jacobian": pt.measure_jacobian,
    "prune": pt.prune,
}
POINTS = {
    "qfim": pt.qfim,
    "measured_qfim": pt.measured_qfim,
    "measure_qfim": pt.measure_qfim,
    "commuting_grad": pt.commuting_grad,
    "dla_grad": pt.dla_grad,
    "measured_grad": pt.measured_grad,
    "measure_gradient": pt.measure_gradient,
    "capacity": pt.capacity,
    "loss_variance": pt.loss_variance,
    "gradient_variances": pt.gradient_variances,
    "dynamical_lie_algebra": pt.dynamical_lie_algebra,
    "expressibility": pt.expressibility,
    "entangling_capability": pt.entangling_capability,
    "promote": pt.promote,
}
#: Options that keep the runs short where nothing is refused.
SHORT = {
    "prune": {"n_draws": 2}, "capacity": {"n_draws": 1}, "loss_variance": {"n_draws": 50},
    "gradient_variances": {"n_draws": 50}, "expressibility": {"n_pairs": 300},
    "entangling_capability": {"n_draws": 10},
}  # fmt: skip
SHOTS = ("measure_jacobian", "measure_qfim", "measure_gradient")

WHICH = st.sampled_from(
    ["nobody", "", 7, -9, 1.5, (), [], ["x", "x"], ["first", "nobody"], {"x": [5]}, {"x": "a"},
     {"x": {}}, {"nobody": [0]}, {3: [0]}, object(), b"x", np.nan, [None], [[0]], True,
     {"x": [0.5]}]
)  # fmt: skip
#: A wrong type where a number belongs is a ``TypeError`` of Python; these are wrong numbers.
NUMBER = st.sampled_from([0, -1, 1.5, np.nan, np.inf, 1e30])
WORD = st.sampled_from(["", "nothing", "AUTO"])
JUNK = {
    "encoding_args": WHICH,
    "argnums": WHICH,
    "n_draws": NUMBER,
    "n_paths": NUMBER,
    "n_pairs": NUMBER,
    "n_bins": NUMBER,
    "level": NUMBER,
    "memory": NUMBER,
    "max_points": NUMBER,
    "max_circuits": NUMBER,
    "max_shots": NUMBER,
    "max_words": NUMBER,
    "max_dimension": NUMBER,
    "max_symmetries": NUMBER,
    "seed": st.sampled_from([-1, 1.5, np.nan]),
    "engine": WORD,
    "method": WORD,
    "gradient": WORD,
    "grouping": WORD,
    "read_out": WORD,
    "allocation": WORD,
    "keep": WORD,
    "freeze": WORD,
    "law": st.sampled_from(["uniform", 3, lambda *_: np.zeros(3), lambda *_: None]),
    "spectrum": st.sampled_from([[], [[1, 2, 3]], "x", [np.nan], 5, [[]], {}]),
}


def options_known(name: str) -> set[str]:
    """What the documentation of a function names as its arguments."""
    text = {**FOURIER, **POINTS}[name].__doc__
    return {key for key in JUNK if re.search(rf"^ +{key}:", text, re.MULTILINE)}


def refused_or_answered(call) -> None:
    """An answer is fine, and so is a ``ValueError`` raised in this package with a sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainabilityWarning)
        try:
            call()
        except ValueError as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            assert Path(last.filename).is_relative_to(HERE), f"raised in {last.filename}: {error}"
            assert len(str(error).split()) > 4, str(error)
        except NotImplementedError as error:
            assert len(str(error).split()) > 4, str(error)


#: Every function has examples of its own: 5 where 25 are asked for, 100 of 500.
EACH = settings(max_examples=max(5, settings().max_examples // 5))


@pytest.mark.parametrize("name", [*FOURIER, *POINTS])
@EACH
@given(data=st.data())
def test_bad_options(name, data):
    program = data.draw(
        programs(data="yes", max_steps=3, max_parameters=2, max_encodings=1, max_wires=2)
    )
    args, kwargs = program.call(data.draw(thetas(program)), np.zeros(program.inputs))
    key = data.draw(st.sampled_from(sorted(options_known(name))))
    options = {"encoding_args": "x", **SHORT.get(name, {}), key: data.draw(JUNK[key])}
    function = {**FOURIER, **POINTS}[name]
    qnode = program.qnode(20, seed=1) if name in SHOTS else program.qnode()
    refused_or_answered(lambda: function(qnode, **options)(*args, **kwargs))


#: What a user may put where numbers belong.
VALUES = st.sampled_from(
    [np.nan, np.inf, "0.3", None, [], {}, np.zeros((0,)), np.zeros((2, 3, 4)), 3, True,
     np.array(["a"]), np.array([1, 2]), [0.1, "a"], np.array(0.3, dtype=object)]
)  # fmt: skip


@pytest.mark.parametrize("name", [*FOURIER, *POINTS])
@EACH
@given(data=st.data())
def test_bad_values_of_inputs(name, data):
    """Whatever is given for the data: the circuit uses ``x`` as a number, and may fail itself."""
    program = data.draw(
        programs(data="yes", max_steps=3, max_parameters=2, max_encodings=1, max_wires=2)
    )
    args, kwargs = program.call(data.draw(thetas(program)), np.zeros(program.inputs))
    bad = data.draw(VALUES)
    if program.place == "keyword":
        kwargs = {"x": bad}
    else:
        at = 0 if program.place == "first" else len(args) - 1
        args = (*args[:at], bad, *args[at + 1 :])
    function = {**FOURIER, **POINTS}[name]
    qnode = program.qnode(20, seed=1) if name in SHOTS else program.qnode()
    ask = function(qnode, encoding_args="x", **SHORT.get(name, {}))
    try:
        plain = program.qnode()(*args, **kwargs)
        works = np.all(np.isfinite(np.ravel(plain[0] if isinstance(plain, list) else plain)))
    except Exception:
        works = False
    if works:
        refused_or_answered(lambda: ask(*args, **kwargs))
