"""The examples in docstrings of the numeric rooms run and print what they say."""

import doctest
import importlib

import pytest

ROOMS = {
    "liealg": [
        *("carrying", "closure", "ideals", "modular", "sentences", "steps", "truncation"),
        "words",
    ],
    "results": ["base", "estimate", "finding", "provenance", "text"],
    "statistics": ["bootstrap", "counts", "damping", "moments", "noise_floor"],
    "diagnostics": ["effective_dimension", "saturation"],
    "diagnostics.column_space": ["groups", "kernel", "space", "spectrum"],
}


@pytest.mark.parametrize("name", [f"{room}.{name}" for room in ROOMS for name in ROOMS[room]])
def test_examples_run(name):
    outcome = doctest.testmod(importlib.import_module(f"pennylane_trainability.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
