"""Every public function, with arguments of every interface: the numbers that NumPy gives.

The table below names all public functions; a new one without an entry turns a test red. Numbers
are chosen so that 32 bits hold them exactly: what is left is what functions do with them.
"""

from __future__ import annotations

import inspect
import numbers

import numpy as np
import pennylane as qml
import pytest
from support import double_precision, to_numpy

import pennylane_trainability as pt

pytestmark = [
    pytest.mark.interfaces,
    pytest.mark.filterwarnings("ignore:jax.*:DeprecationWarning"),
    # PennyLane asks for 128 bits where JAX is left at its default
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype:UserWarning"),
]

X, W = 0.25, np.array([0.375, 1.25, 0.5])
DATA = np.linspace(0, 5, 6)


def model(x, w):
    qml.RY(w[0], wires=0)
    qml.RX(x, wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[1], wires=0)
    qml.RX(w[2], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


def ansatz(w):
    for wire in range(len(w)):
        qml.RY(w[wire], wires=wire)
    for wire in range(len(w) - 1):
        qml.CNOT(wires=[wire, wire + 1])
    for wire in range(len(w)):
        qml.RX(w[wire], wires=wire)
    return qml.expval(qml.Z(0))


def outcomes(w):
    for wire in range(len(w)):
        qml.RY(w[wire], wires=wire)
    return qml.probs(wires=range(len(w)))


def qnode(function=model, interface="auto", shots=None):
    made = qml.QNode(function, qml.device("default.qubit", wires=3, seed=5), interface=interface)
    return qml.set_shots(made, shots=shots) if shots else made


def many(n):
    """``n`` numbers that 32 bits hold exactly."""
    return np.arange(1, n + 1) / 8


def architecture(to, interface):
    """A builder of models whose weights are arrays of the interface."""
    build = pt.template_builder()

    def of(n_wires, n_layers, n_blocks=1):
        made = build(n_wires, n_layers, n_blocks)
        args = [to(np.round(np.asarray(a) * 8) / 8) for a in made.args]
        return type(made)(**{**fields_of(made), "args": tuple(args)})

    return of


def fields_of(record):
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def by_size(function, to, interface, policy=False):
    def builder(n):
        made = qnode(function, interface)
        return (pt.born_policy(made, 2) if policy else made), (to(many(n)),)

    return builder


#: name → (to, interface) → something with numbers in it.
TABLE = {
    # transforms
    "coefficient_jacobian": lambda to, i: pt.coefficient_jacobian(qnode(interface=i), "x")(
        to(X), to(W)
    ),
    "qfim": lambda to, i: pt.qfim(qnode(interface=i), encoding_args="x")(to(X), to(W)),
    "measured_qfim": lambda to, i: pt.measured_qfim(
        qnode(interface=i, shots=50), encoding_args="x"
    )(to(X), to(W)),
    "commuting_grad": lambda to, i: pt.commuting_grad(qnode(interface=i), encoding_args="x")(
        to(X), to(W)
    ),
    "dla_grad": lambda to, i: pt.dla_grad(qnode(interface=i), encoding_args="x")(to(X), to(W)),
    "measured_grad": lambda to, i: pt.measured_grad(
        qnode(interface=i, shots=50), encoding_args="x"
    )(to(X), to(W)),
    "diagonalize_commuting": lambda to, i: pt.diagonalize_commuting(qnode(interface=i))(
        to(X), to(W)
    ),
    # records of a QNode
    "analyze": lambda to, i: pt.analyze(qnode(interface=i), "x", n_draws=5, seed=1)(to(X), to(W)),
    "capacity": lambda to, i: pt.capacity(qnode(ansatz, i), n_draws=5, seed=1)(to(W)),
    "data_jacobian": lambda to, i: pt.data_jacobian(
        qnode(interface=i), to(DATA), "x", targets=to(DATA / 8)
    )(to(X), to(W)),
    "degrees_of_freedom": lambda to, i: pt.degrees_of_freedom(
        qnode(ansatz, i), road="gradient", n_draws=1000, seed=1
    )(to(W)),
    "dynamical_lie_algebra": lambda to, i: pt.dynamical_lie_algebra(qnode(ansatz, i), seed=1)(
        to(W)
    ),
    "entangling_capability": lambda to, i: pt.entangling_capability(
        qnode(ansatz, i), n_draws=10, seed=1
    )(to(W)),
    "expressibility": lambda to, i: pt.expressibility(
        qnode(ansatz, i), n_pairs=50, n_bins=16, seed=1
    )(to(W)),
    "fit": lambda to, i: pt.fit(
        qnode(interface=i), to(DATA), to(DATA / 8), "x", seed=1, restarts=2, max_steps=5
    )(to(X), to(W)),
    "fourier_fingerprint": lambda to, i: pt.fourier_fingerprint(
        qnode(interface=i), "x", n_draws=20, seed=1
    )(to(X), to(W)),
    "fourier_rows": lambda to, i: pt.fourier_rows(qnode(interface=i), "x")(to(X), to(W)),
    "gradient_efficiency": lambda to, i: pt.gradient_efficiency(qnode(ansatz, i), seed=1)(to(W)),
    "gradient_measurement_plan": lambda to, i: pt.gradient_measurement_plan(
        qnode(ansatz, i, 50), seed=1
    )(to(W)),
    "gradient_variances": lambda to, i: pt.gradient_variances(
        qnode(ansatz, i), method="sample", n_draws=20, seed=1
    )(to(W)),
    "hessian_spectrum": lambda to, i: pt.hessian_spectrum(qnode(ansatz, i), n_draws=3, seed=1)(
        to(W)
    ),
    "initialise": lambda to, i: pt.initialise(
        qnode(interface=i), "x", n_candidates=4, n_steps=2, n_baseline=20, n_starts=3, seed=1
    )(to(X), to(W)),
    "landscape_law_test": lambda to, i: pt.landscape_law_test(
        qnode(ansatz, i), n_draws=100, seed=1
    )(to(W)),
    "local_minima": lambda to, i: pt.local_minima(
        qnode(ansatz, i), n_starts=10, max_steps=50, seed=1
    )(to(W)),
    "loss_slice": lambda to, i: pt.loss_slice(qnode(ansatz, i), n_points=5, seed=1)(to(W)),
    "loss_variance": lambda to, i: pt.loss_variance(
        qnode(ansatz, i), method="sample", n_draws=20, seed=1
    )(to(W)),
    "measure_gradient": lambda to, i: pt.measure_gradient(
        qnode(interface=i, shots=50), encoding_args="x", seed=1
    )(to(X), to(W)),
    "measure_jacobian": lambda to, i: pt.measure_jacobian(
        qnode(interface=i, shots=50), "x", seed=1
    )(to(X), to(W)),
    "measure_qfim": lambda to, i: pt.measure_qfim(
        qnode(interface=i, shots=50), encoding_args="x", seed=1
    )(to(X), to(W)),
    "metric_tensor_fn": lambda to, i: pt.metric_tensor_fn(qnode(interface=i), encoding_args="x")(
        to(X), to(W)
    ),
    "monitor": lambda to, i: pt.monitor(qnode(interface=i), "x", every=1, seed=1).monitor(
        to(X), to(W)
    ),
    "plan_shots": lambda to, i: pt.plan_shots(qnode(interface=i, shots=50), 10_000, "x", seed=1)(
        to(X), to(W)
    ),
    "promote": lambda to, i: [
        (p := pt.promote(qnode(interface=i), "w")(to(X), to(W))),
        p.qnode(p.weights, X),
    ],
    "prune": lambda to, i: pt.prune(qnode(interface=i), "x", seed=1)(to(X), to(W)),
    "wishart_parameters": lambda to, i: pt.wishart_parameters(qnode(ansatz, i))(to(W)),
    # policies and mixtures
    "born_policy": lambda to, i: [
        (p := pt.born_policy(qnode(outcomes, i), 2))(to(W)),
        p.log_policy_gradient(to(W)),
    ],
    "policy_variance": lambda to, i: pt.policy_variance(
        pt.born_policy(qnode(outcomes, i), 2), n_draws=20, seed=1
    )(to(W)),
    "density_qnode": lambda to, i: pt.density_qnode([qnode(ansatz, i)] * 2, own="w")(
        to(np.array([0.25, 0.75])), to(np.stack([W, W / 2]))
    ),
    "measure_density": lambda to, i: pt.measure_density(
        pt.density_qnode([qnode(ansatz, i, 50)] * 2, own="w", method="randomised"), seed=1
    )(to(np.array([0.25, 0.75])), to(np.stack([W, W / 2]))),
    "cut_layers": lambda to, i: [part(to(W)) for part in pt.cut_layers(qnode(layered, i), 2)],
    # functions of sizes: the builder hands over arguments of the interface
    "scaling": lambda to, i: pt.scaling(
        by_size(ansatz, to, i), [1, 2, 3], method="sample", n_draws=20, seed=1
    ),
    "trainability": lambda to, i: pt.trainability(
        by_size(ansatz, to, i), [1, 2, 3], n_draws=20, seed=1
    ),
    "policy_scaling": lambda to, i: pt.policy_scaling(
        by_size(outcomes, to, i, policy=True), [1, 2, 3], n_draws=20, seed=1
    ),
    "compare_shapes": lambda to, i: pt.compare_shapes(
        circuits=[pt.Model(qnode(interface=i), (to(X), to(W)), encoding_args="x")] * 2,
        n_draws=5,
        seed=1,
    ),
    "growth_advice": lambda to, i: pt.growth_advice(
        architecture(to, i), 1, 2, max_parameters=12, n_draws=5, seed=1
    ),
    "paper_check": lambda to, i: pt.paper_check(architecture(to, i), budget=2, n_draws=5, seed=1),
    # what it costs
    "cost": lambda to, i: pt.cost(
        lambda e: pt.measure_gradient(qnode(interface=i, shots=50), "w", executor=e)(to(X), to(W))
    ),
    "price": lambda to, i: pt.price(
        lambda e: pt.measure_gradient(qnode(interface=i, shots=50), "w", executor=e)(to(X), to(W))
    ),
}

#: Public functions that take no numbers of a circuit.
WITHOUT_NUMBERS = {
    "one_job": "takes a device",
    "execution_mode": "takes a device",
    "template_builder": "makes models; the numbers are its own",
    "draw_circuit": "draws; its numbers are those of `analyze` and `capacity`",
}


def layered(w):
    qml.Barrier()
    qml.RX(w[0], wires=0)
    qml.Barrier()
    qml.RX(w[1], wires=0)
    return qml.expval(qml.Z(0))


def as_numpy(value):
    return value


def as_autograd(value):
    return qml.numpy.array(value, requires_grad=True)


def as_jax(value):
    import jax.numpy as jnp

    return jnp.asarray(value)


def as_torch(value):
    import torch

    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def as_torch_32(value):
    import torch

    return torch.tensor(value, dtype=torch.float32, requires_grad=True)


def as_torch_constant(value):
    import torch

    return torch.tensor(value, dtype=torch.float64)


#: conversion, interface of the QNode, whether JAX has 64 bits, tolerance
WAYS = [
    pytest.param(as_autograd, "autograd", None, 1e-9, id="autograd"),
    pytest.param(as_jax, "jax", True, 1e-9, id="jax"),
    pytest.param(as_jax, "auto", False, 2e-4, id="jax-32"),
    pytest.param(as_torch, "torch", None, 1e-9, id="torch"),
    pytest.param(as_torch_32, "auto", None, 1e-6, id="torch-32"),
    pytest.param(as_torch_constant, "auto", None, 1e-9, id="torch-constant"),
]


def flat(value, path="") -> dict:
    """The numbers and words of a result of any kind, by place."""
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, (list, tuple)):
        parts = enumerate(value)
    elif hasattr(value, "__dataclass_fields__"):
        parts = fields_of(value).items()
    else:
        return {path: value}
    return {k: v for key, part in parts for k, v in flat(part, f"{path}/{key}").items()}


def is_number(value) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc"
    return isinstance(value, numbers.Number) or qml.math.get_interface(value) in ("torch", "jax")


def assert_same(found, expected, atol):
    found, expected = flat(found), flat(expected)
    assert found.keys() == expected.keys()
    compared = 0
    for place, one in expected.items():
        compared += is_number(one)
        if isinstance(one, int):  # flags, ranks and seeds
            assert found[place] == one, place
        elif is_number(one):
            np.testing.assert_allclose(
                to_numpy(found[place]), to_numpy(one), rtol=atol, atol=atol, err_msg=place
            )
    assert compared, "there were no numbers to compare"


EXPECTED: dict = {}


def expected_of(name):
    if name not in EXPECTED:
        EXPECTED[name] = TABLE[name](as_numpy, "auto")
    return EXPECTED[name]


def test_the_table_holds_every_public_function():
    functions = {
        name
        for name in pt.__all__
        if callable(getattr(pt, name)) and not inspect.isclass(getattr(pt, name))
    }
    assert functions == TABLE.keys() | WITHOUT_NUMBERS.keys()
    assert not TABLE.keys() & WITHOUT_NUMBERS.keys()


#: Every function in every way; records in the ways that differ least from these only on demand.
TRANSFORMS = set(list(TABLE)[:7])
OFTEN = {"autograd", "jax", "torch-32"}
CASES = [
    pytest.param(
        *(name, *way.values),
        id=f"{name}-{way.id}",
        marks=[] if name in TRANSFORMS or way.id in OFTEN else [pytest.mark.slow],
    )
    for name in TABLE
    for way in WAYS
]


@pytest.mark.parametrize("name, to, interface, double, atol", CASES)
def test_the_numbers_are_those_of_numpy(name, to, interface, double, atol):
    expected = expected_of(name)
    if double:
        with double_precision():
            assert_same(TABLE[name](to, interface), expected, atol)
    else:
        assert_same(TABLE[name](to, interface), expected, atol)
