"""Every bad input is met at the border, and the message has the remedy."""

from __future__ import annotations

import math

import numpy as np
import pennylane as qml
import pytest
from support import count_executions, one_wire

import pennylane_trainability as pt

WEIGHTS = np.array([0.7, 1.1])


def qnode_of(function, shots=None, device=None):
    device = device or qml.device("default.qubit", seed=1)
    return qml.set_shots(qml.QNode(function, device), shots=shots)


def encoded_by(encode):
    """The standard circuit with another encoding."""

    def circuit(x, w):
        qml.RY(w[0], wires=0)
        encode(x, w)
        qml.RY(w[1], wires=0)
        return qml.expval(qml.Z(0))

    return circuit


def returning(measure):
    """The standard circuit with another return value."""

    def circuit(x, w):
        one_wire(x, w)
        qml.QueuingManager.active_context().remove(
            next(o for o in qml.QueuingManager.active_context().queue if hasattr(o, "obs"))
        )
        return measure()

    return circuit


#: The ways into the package, exact and measured.
EXACT = [
    pytest.param(lambda q, **o: pt.coefficient_jacobian(q, **o), id="coefficient_jacobian"),
    pytest.param(lambda q, **o: pt.fourier_rows(q, **o), id="fourier_rows"),
    pytest.param(lambda q, **o: pt.data_jacobian(q, [0.0], **o), id="data_jacobian"),
    pytest.param(lambda q, **o: pt.analyze(q, n_draws=0, **o), id="analyze"),
]
MEASURED = [
    pytest.param(
        lambda q, **o: pt.measure_jacobian(q.update_shots(10), **o), id="measure_jacobian"
    ),
    pytest.param(
        lambda q, **o: pt.coefficient_jacobian(q.update_shots(10), **o),
        id="coefficient_jacobian-shots",
    ),
]
SERIES = [p for p in (*EXACT, *MEASURED) if p.id != "data_jacobian"]


# -- arguments -------------------------------------------------------------------------------------

BAD_CALLS = [
    pytest.param({"encoding_args": "y"}, r"names 'y'.*\['x', 'w'\].*Use one of these", id="name"),
    pytest.param(
        {"encoding_args": 5}, r"encoding_args=5 is no argument.*there are 2", id="position"
    ),
    pytest.param({"encoding_args": 1.5}, "needs argument names, positions or", id="type"),
    pytest.param(
        {"encoding_args": {"w": [9]}}, r"index 9 for w, which has shape \(2,\)", id="index"
    ),
    pytest.param({"encoding_args": "x", "argnums": "q"}, "argnums names 'q'", id="argnums-name"),
    pytest.param(
        {"encoding_args": "x", "argnums": 7}, "argnums=7 is no argument", id="argnums-position"
    ),
    pytest.param(
        {"encoding_args": "x", "argnums": [0, 1]}, "either an input or trainable", id="overlap"
    ),
    pytest.param({}, r"Name it with encoding_args.*\['w', 'x'\]", id="no-input-recognised"),
]


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
@pytest.mark.parametrize("options, remedy", BAD_CALLS)
def test_options_that_name_nothing(function, options, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        function(qnode_of(one_wire), **options)(0.0, WEIGHTS)


WITHOUT_PARAMETERS = [
    pytest.param(
        0.0, np.array([1, 2]), "Pass the weights as floating-point arguments", id="integers"
    ),
    pytest.param(
        0.0,
        qml.numpy.array([1.0, 2.0], requires_grad=False),
        "no trainable parameters",
        id="marked-constant",
    ),
]
NEED_PARAMETERS = [p for p in (*EXACT, *MEASURED) if p.id != "fourier_rows"]


@pytest.mark.parametrize("function", NEED_PARAMETERS)
@pytest.mark.parametrize("x, w, remedy", WITHOUT_PARAMETERS)
def test_nothing_to_train(function, x, w, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        function(qnode_of(one_wire), encoding_args="x")(x, w)


BAD_VALUES = [
    pytest.param(0.0, np.array([np.nan, 1]), "w contains NaN or infinity; pass finite", id="nan"),
    pytest.param(
        0.0, np.array([np.inf, 1]), "w contains NaN or infinity; pass finite", id="infinity"
    ),
    pytest.param(np.nan, WEIGHTS, "x contains NaN or infinity; pass finite", id="nan-input"),
    pytest.param("a", WEIGHTS, "holds no floating number; pass at least one", id="text-input"),
    pytest.param(True, WEIGHTS, "holds no floating number; pass at least one", id="boolean-input"),
]


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
@pytest.mark.parametrize("x, w, remedy", BAD_VALUES)
def test_values_that_cannot_be_used(function, x, w, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        function(qnode_of(one_wire), encoding_args="x")(x, w)


def test_argnums_that_hold_no_number():
    def circuit(x, w, n=1):
        return one_wire(x, w)

    with pytest.raises(pt.ReadingError, match=r"\['n'\].*leave them out of argnums"):
        pt.coefficient_jacobian(qnode_of(circuit), "x", ["w", "n"])(0.0, WEIGHTS, n=2)


def test_several_candidates_are_listed():
    x, w = (qml.numpy.array(v, requires_grad=False) for v in (0.1, [0.2, 0.3]))
    with pytest.raises(pt.ReadingError, match=r"marked requires_grad=False: \['x', 'w'\]"):
        pt.coefficient_jacobian(qnode_of(one_wire))(x, w)
    with pytest.raises(pt.ReadingError, match=r"passed by keyword: \['x', 'w'\]"):
        pt.coefficient_jacobian(qnode_of(one_wire))(x=np.array(0.1), w=WEIGHTS)


def test_a_missing_argument_is_the_same_error_as_in_the_qnode():
    with pytest.raises(TypeError, match="missing a required argument: 'w'"):
        pt.coefficient_jacobian(qnode_of(one_wire), "x")(0.0)


def test_an_error_of_the_users_function_comes_through():
    with pytest.raises(ZeroDivisionError):
        pt.coefficient_jacobian(qnode_of(encoded_by(lambda x, w: 1 / 0)), "x")(0.0, WEIGHTS)


# -- what the QNode returns ------------------------------------------------------------------------

BAD_RETURNS = [
    pytest.param(lambda: qml.state(), id="state"),
    pytest.param(lambda: qml.sample(wires=0), id="sample"),
    pytest.param(lambda: qml.counts(wires=0), id="counts"),
    pytest.param(lambda: qml.var(qml.Z(0)), id="var"),
    pytest.param(lambda: qml.density_matrix(0), id="density_matrix"),
    pytest.param(lambda: qml.purity(wires=0), id="purity"),
    pytest.param(lambda: qml.probs(op=qml.Hadamard(0)), id="probs-of-an-observable"),
]


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
@pytest.mark.parametrize("measure", BAD_RETURNS)
def test_other_measurements(function, measure):
    with pytest.raises(pt.ReadingError, match=r"qml\.probs\(|use probs\(wires=…\)"):
        function(qnode_of(returning(measure)), encoding_args="x")(0.0, WEIGHTS)


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
@pytest.mark.parametrize("value", [None, 3.0], ids=str)
def test_returning_no_measurement(function, value):
    with pytest.raises(pt.ReadingError, match="return every measurement, and nothing else"):
        function(qnode_of(returning(lambda: value)), encoding_args="x")(0.0, WEIGHTS)


@pytest.mark.parametrize("function", MEASURED)
def test_an_observable_without_a_known_basis_has_no_standard_error(function):
    sparse = qml.SparseHamiltonian(qml.Z(0).sparse_matrix(), wires=0)
    qnode = qnode_of(returning(lambda: qml.expval(sparse)))
    with pytest.raises(
        pt.ReadingError, match=r"error cannot be read from counts.*sum of Pauli words"
    ):
        function(qnode, encoding_args="x")(0.0, WEIGHTS)


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
def test_an_observable_that_depends_on_parameters(function):
    def circuit(x, w):
        qml.RX(x, wires=0)
        return qml.expval(qml.Hamiltonian([w[0]], [qml.Z(0)]))

    with pytest.raises(pt.ReadingError, match=r"(?i)multiply the result\s+outside"):
        function(qnode_of(circuit), encoding_args="x")(0.0, WEIGHTS)


# -- encodings -------------------------------------------------------------------------------------

NOT_FOURIER = [
    pytest.param(lambda x, w: qml.RX(x**2, wires=0), "RX", id="square"),
    pytest.param(lambda x, w: qml.RY(np.arcsin(x), wires="q"), "RY on wires .'q'.", id="arcsin"),
    pytest.param(lambda x, w: qml.RZ(math.sin(x), wires=0), "RZ", id="math.sin"),
    pytest.param(lambda x, w: qml.RX(w[0] * x, wires=0), "RX.*trainable parameter", id="prefactor"),
    pytest.param(
        lambda x, w: qml.RX(float(w[0]) * float(x), wires=0),
        "RX.*by a trainable parameter",
        id="prefactor-as-float",
    ),
    pytest.param(
        lambda x, w: qml.Rot(0.1, x * x, 0.2, wires=0),
        "RY.*nonlinear function of the input",
        id="Rot",
    ),
    pytest.param(
        lambda x, w: qml.SpecialUnitary([x, 0.1, 0.2], wires=0),
        "SpecialUnitary.*one-angle",
        id="matrix",
    ),
]


@pytest.mark.parametrize("function", SERIES)
@pytest.mark.parametrize("encode, gate", NOT_FOURIER)
def test_encodings_that_make_no_fourier_series_name_the_gate(function, encode, gate):
    with pytest.raises(pt.NotFourierError, match=f"(?s){gate}.*use data=…"):
        function(qnode_of(encoded_by(encode)), encoding_args="x")(0.0, WEIGHTS)


@pytest.mark.parametrize("function", SERIES)
def test_a_circuit_without_the_input(function):
    with pytest.raises(pt.NotFourierError, match=r"No gate depends.*Check\s+encoding_args"):
        function(qnode_of(encoded_by(lambda x, w: None)), encoding_args="x")(0.0, WEIGHTS)


UNREADABLE = [
    pytest.param(lambda x: qml.StatePrep(x, wires=0, normalize=True), "StatePrep", id="StatePrep"),
    pytest.param(
        lambda x: qml.AmplitudeEmbedding(x, wires=0, normalize=True),
        "AmplitudeEmbedding",
        id="amplitude",
    ),
    pytest.param(
        lambda x: qml.QubitUnitary(qml.matrix(qml.RX(float(x[0]), 0)), wires=0),
        "QubitUnitary",
        id="unitary",
    ),
]


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
@pytest.mark.parametrize("prepare, gate", UNREADABLE)
def test_inputs_outside_of_gate_angles(function, prepare, gate):
    def circuit(x, w):
        prepare(x)
        qml.RY(w[0], wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match=f"(?s){gate}.*with rotations"):
        function(qnode_of(circuit), encoding_args="x")(np.array([0.6, 0.8]), WEIGHTS)


@pytest.mark.parametrize("function", [*EXACT, *MEASURED])
def test_mid_circuit_measurements(function):
    def circuit(x, w):
        qml.RX(x, wires=0)
        outcome = qml.measure(0)
        qml.cond(outcome, qml.RY)(w[0], wires=1)
        return qml.expval(qml.Z(1))

    with pytest.raises(pt.ReadingError, match=r"apply qml\.defer_measurements"):
        function(qnode_of(circuit), encoding_args="x")(0.0, WEIGHTS)


@pytest.mark.parametrize("function", EXACT)
def test_channels_have_no_exact_value(function):
    qnode = qnode_of(encoded_by(lambda x, w: (qml.RX(x, wires=0), qml.BitFlip(0.1, wires=0))))
    with pytest.raises(pt.ReadingError, match=r"BitFlip.*run the QNode on its own device"):
        function(qnode, encoding_args="x")(0.0, WEIGHTS)


def test_a_trainable_channel_is_named():
    qnode = qnode_of(
        encoded_by(lambda x, w: (qml.RX(x, wires=0), qml.BitFlip(w[0], wires=0))),
        device=qml.device("default.mixed", wires=1),
    )
    with pytest.raises(pt.ReadingError, match=r"BitFlip on wires \[0\].*exclude the argument"):
        pt.coefficient_jacobian(qnode, "x")(0.0, np.array([0.1, 0.2]))


def test_the_structure_of_the_circuit_must_not_depend_on_the_numbers():
    def circuit(x, w):
        qml.RX(x, wires=0)
        (qml.RY if float(w[0]) > 0 else qml.RX)(w[0], wires=0)
        return qml.expval(qml.Z(0))

    with pytest.raises(pt.ReadingError, match="fix the structure of the circuit"):
        pt.coefficient_jacobian(qnode_of(circuit), "x")(0.0, WEIGHTS)


def test_functions_that_hide_a_parameter():
    with pytest.raises(pt.ReadingError, match="Use NumPy functions"):
        pt.coefficient_jacobian(
            qnode_of(encoded_by(lambda x, w: qml.RX(x + math.sin(w[0]), wires=0))), "x"
        )(0.0, WEIGHTS)


# -- spectra ---------------------------------------------------------------------------------------


def many_inputs(x, w):
    for value in x:
        qml.RX(value, wires=0)
        qml.RX(3 * value, wires=0)
    qml.RY(w[0], wires=0)
    return qml.expval(qml.Z(0))


@pytest.mark.parametrize("function", SERIES)
def test_a_spectrum_too_large_to_list_is_counted_not_listed(function):
    with pytest.raises(pt.BudgetError, match=r"up to 2\.8e\+11 frequency vectors.*encoding_args="):
        function(qnode_of(many_inputs), encoding_args="x")(np.zeros(12), WEIGHTS)


@pytest.mark.parametrize("function", SERIES)
def test_a_grid_too_large_has_its_count_in_the_message(function):
    with pytest.raises(
        pt.BudgetError, match=r"9 × 9 × 9 = 729 points.*max_points=700.*raise\s+max_points"
    ):
        function(qnode_of(many_inputs), encoding_args="x", max_points=700)(np.zeros(3), WEIGHTS)


BAD_SPECTRA = [
    pytest.param([[1, 2]], "2 components for 1 inputs; pass an array", id="shape"),
    pytest.param([np.nan], "needs finite numbers", id="nan"),
    pytest.param("ab", "needs finite numbers", id="text"),
]


@pytest.mark.parametrize("function", SERIES)
@pytest.mark.parametrize("spectrum, remedy", BAD_SPECTRA)
def test_bad_spectra(function, spectrum, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        function(qnode_of(one_wire), encoding_args="x", spectrum=spectrum)(0.0, WEIGHTS)


DOUBLED = encoded_by(lambda x, w: qml.RX(2 * x, wires=0))


@pytest.mark.parametrize("function", [p for p in EXACT if p.id != "data_jacobian"])
@pytest.mark.parametrize("spectrum", [[1], []], ids=str)
def test_a_spectrum_that_lacks_frequencies_is_noticed(function, spectrum):
    with pytest.raises(pt.NotFourierError, match=r"(?s)lacks frequencies.*spectrum=None"):
        function(qnode_of(DOUBLED), encoding_args="x", spectrum=spectrum)(0.0, WEIGHTS)


def test_a_spectrum_that_lacks_frequencies_is_noticed_where_measured():
    with pytest.raises(pt.NotFourierError, match="lacks frequencies"):
        pt.measure_jacobian(qnode_of(DOUBLED, shots=1000), "x", spectrum=[1])(0.0, WEIGHTS)


# -- shots, budgets, levels ------------------------------------------------------------------------


def test_measure_jacobian_needs_shots():
    with pytest.raises(pt.ReadingError, match=r"set them with qml\.set_shots"):
        pt.measure_jacobian(qnode_of(one_wire), "x")(0.0, WEIGHTS)


@pytest.mark.parametrize("function", [pt.measure_jacobian, pt.analyze])
def test_one_number_of_shots_where_errors_are_counted(function):
    qnode = qnode_of(one_wire, shots=(10, 20))
    with pytest.raises(pt.ReadingError, match=r"not the shot vector.*Pass shots=total"):
        function(qnode, "x")(0.0, WEIGHTS)


#: Circuits: two shifts for each of two weights at three points, coefficients at three points.
BUDGETED = [
    pytest.param(lambda q, **o: pt.measure_jacobian(q, "x", **o), 12, id="measure_jacobian"),
    pytest.param(lambda q, **o: pt.fourier_rows(q, "x", **o), 3, id="fourier_rows"),
    pytest.param(lambda q, **o: pt.data_jacobian(q, [0.0, 1.0], "x", **o), 10, id="data_jacobian"),
    pytest.param(lambda q, **o: pt.analyze(q, "x", **o), 15, id="analyze"),
]


@pytest.mark.parametrize("function, circuits", BUDGETED)
@pytest.mark.parametrize("own_executor", [False, True], ids=["default", "executor"])
def test_budgets_run_nothing(function, circuits, own_executor):
    qnode = qnode_of(one_wire, shots=10)
    sizes = count_executions(qnode.device)
    options = {"executor": pt.Executor(qnode.device, chunk=1)} if own_executor else {}
    with pytest.raises(
        pt.BudgetError,
        match=rf"needs {circuits} circuits.*Nothing was run.*max_circuits={circuits}",
    ):
        function(qnode, max_circuits=circuits - 1, **options)(0.0, WEIGHTS)
    with pytest.raises(
        pt.BudgetError, match=rf"needs {10 * circuits} shots.*Nothing was run.*raise\s+max_shots"
    ):
        function(qnode, max_shots=10 * circuits - 1, **options)(0.0, WEIGHTS)
    assert sizes == []
    function(qnode, max_circuits=circuits, max_shots=10 * circuits, **options)(0.0, WEIGHTS)
    assert len(sizes) > 1 if own_executor and circuits > 3 else len(sizes) == 1


def test_the_budget_of_an_executor_holds():
    qnode = qnode_of(one_wire, shots=10)
    executor = pt.Executor(qnode.device, max_circuits=11)
    with pytest.raises(pt.BudgetError, match="max_circuits allows 11"):
        pt.measure_jacobian(qnode, "x", executor=executor)(0.0, WEIGHTS)


@pytest.mark.parametrize("function", EXACT)
def test_memory(function):
    with pytest.raises(pt.BudgetError, match=r"Raise\s+memory=…"):
        function(qnode_of(one_wire), encoding_args="x", memory=10)(0.0, WEIGHTS)


@pytest.mark.parametrize("function", EXACT)
def test_engines(function):
    with pytest.raises(
        pt.ReadingError, match=r"'fast' is unknown; use 'auto', 'exact', .*'measured'"
    ):
        function(qnode_of(one_wire), encoding_args="x", engine="fast")(0.0, WEIGHTS)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95])
@pytest.mark.parametrize("function", [pt.analyze, pt.measure_jacobian])
def test_levels(function, level):
    with pytest.raises(ValueError, match="level needs a number between 0 and 1"):
        function(qnode_of(one_wire, shots=10), "x", level=level)


BAD_ANALYSES = [
    pytest.param({"n_draws": -1}, "n_draws needs a whole number ≥ 0", id="negative"),
    pytest.param({"n_draws": 2.5}, "n_draws needs a whole number ≥ 0", id="fraction"),
    pytest.param({"law": 3}, r"law needs Uniform\(\), Normal\(scale\) or a callable", id="law"),
    pytest.param(
        {"law": lambda rng, given, n: given}, r"finite numbers of shape \(20, 2\)", id="law-shape"
    ),
    pytest.param(
        {"law": lambda rng, given, n: np.full((n, 2), np.nan)},
        "must return finite numbers",
        id="law-nan",
    ),
    pytest.param({"data": [[0.0, 1.0]]}, r"data needs shape \(n, 1\)", id="data-shape"),
    pytest.param({"data": [np.nan]}, "data contains NaN or infinity; remove", id="data-nan"),
    pytest.param({"data": []}, "data holds no points; pass at least one", id="data-empty"),
    pytest.param({"targets": [1.0]}, "targets=… needs data=…", id="targets-alone"),
    pytest.param({"data": [0.0, 1.0], "targets": [1.0]}, "targets needs 2 × 1", id="targets-shape"),
    pytest.param(
        {"data": [0.0, 1.0], "targets": [1.0, np.inf]}, "finite numbers", id="targets-infinite"
    ),
]


@pytest.mark.parametrize("options, remedy", BAD_ANALYSES)
def test_bad_options_of_analyze(options, remedy):
    with pytest.raises(ValueError, match=remedy):
        pt.analyze(qnode_of(one_wire), "x", **options)(0.0, WEIGHTS)


def test_numpy_integers_are_whole_numbers():
    assert pt.analyze(qnode_of(one_wire), "x", n_draws=np.int64(2), seed=1)(0.0, WEIGHTS).rank == 2


def test_a_measured_analysis_draws_nothing():
    with pytest.raises(pt.ReadingError, match="Leave n_draws=None, or force engine='exact'"):
        pt.analyze(qnode_of(one_wire, shots=10), "x", n_draws=2)(0.0, WEIGHTS)


BAD_DATA = [
    pytest.param([[0.0, 1.0]], None, r"data needs shape \(n, 1\)", id="shape"),
    pytest.param([np.inf], None, "data contains NaN or infinity", id="infinite"),
    pytest.param([], None, "pass at least one", id="empty"),
    pytest.param([0.0, 1.0], [1.0], "targets needs 2 × 1 finite numbers", id="targets"),
]


@pytest.mark.parametrize("data, targets, remedy", BAD_DATA)
def test_bad_data(data, targets, remedy):
    with pytest.raises(pt.ReadingError, match=remedy):
        pt.data_jacobian(qnode_of(one_wire), data, "x", targets=targets)(0.0, WEIGHTS)


def test_a_loss_needs_targets():
    found = pt.data_jacobian(qnode_of(one_wire), [0.0], "x")(0.0, WEIGHTS)
    with pytest.raises(ValueError, match="pass targets=… to data_jacobian"):
        found.loss_gradient  # noqa: B018


@pytest.mark.parametrize("seed", [-1, 1.5, math.nan, "seed"])
def test_seeds_are_whole_numbers(seed):
    with pytest.raises(ValueError, match=r"seed needs a whole number ≥ 0.*drawn and kept"):
        pt.loss_variance(qnode_of(one_wire), encoding_args="x", seed=seed)(0.0, WEIGHTS)


@pytest.mark.parametrize("count", [-1, 1.5, math.inf])
def test_numbers_of_symmetries_are_whole(count):
    with pytest.raises(ValueError, match=r"max_symmetries needs a whole number ≥ 0"):
        pt.promote(qnode_of(one_wire), encoding_args="x", max_symmetries=count)(0.0, WEIGHTS)


@pytest.mark.parametrize("spectrum", [5, [[[1.0]]]])
def test_spectra_are_lists_of_frequencies(spectrum):
    with pytest.raises(pt.ReadingError, match="finite numbers, one row per frequency"):
        pt.fourier_rows(qnode_of(one_wire), encoding_args="x", spectrum=spectrum)(0.0, WEIGHTS)
