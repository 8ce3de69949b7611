"""A user's file to be analysed, and the command line run in this process."""

import json

import pytest

from pennylane_trainability.__main__ import main

SOURCE = '''
import numpy as np
import pennylane as qml

print("a user's print")

@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x, weights):
    """Two rotations around the encoding, all alive; two of three coefficients move."""
    qml.RY(weights[0], wires=0)
    qml.RX(x, wires=0)
    qml.RY(weights[1], wires=0)
    return qml.expval(qml.Z(0))

@qml.qnode(qml.device("default.qubit", wires=1))
def blind(x, weights):
    """The read-out sees nothing of the input or of the parameter."""
    qml.RX(x, wires=0)
    qml.RZ(weights, wires=0)
    return qml.expval(qml.Identity(0))

@qml.qnode(qml.device("default.qubit", wires=1))
def failing(x, weights):
    raise RuntimeError("no such luck")

def by_position():
    return 0.5, np.array([0.1, 0.2])

def by_name():
    return {"x": 0.5, "weights": np.array([0.1, 0.2])}

def wrong():
    return 0.5

def plain(x):
    return x

number = 3
'''


@pytest.fixture
def user_file(tmp_path):
    """Path of a module with QNodes and functions that give their arguments."""
    path = tmp_path / "user_model.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def arguments(tmp_path):
    """Write a JSON file of arguments and return its path."""

    def write(content, name="args.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run the command line: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*argv):
        capsys.readouterr()
        try:
            code = main([str(word) for word in argv])
        except SystemExit as stop:  # argparse
            code = stop.code
        return (code, *capsys.readouterr())

    return call
