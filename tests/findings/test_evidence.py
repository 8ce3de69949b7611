"""What findings count and say, by hand."""

import numpy as np
import pytest

from pennylane_trainability.circuits.dead import DeadParameters
from pennylane_trainability.diagnostics.column_space import column_space
from pennylane_trainability.diagnostics.findings.evidence import Evidence
from pennylane_trainability.diagnostics.findings.measured import measured_rank
from pennylane_trainability.diagnostics.findings.structure import surplus
from pennylane_trainability.statistics.noise_floor import NoiseFloor


class Measured:
    """A measured Jacobian with the singular values 1 and 0.3, and noise of 0.25 at most."""

    def noise_floor(self, level):
        return NoiseFloor(values=np.array([1.0, 0.3, 0.1]), norms=np.linspace(0.0, 0.25, 1000))


def evidence(jacobians, rows=None, measured=None, dead=()):
    space = column_space(jacobians)
    names = tuple(f"w[{p}]" for p in range(jacobians.shape[2]))
    known = DeadParameters({p: "no reason" for p in dead})
    return Evidence(
        space, rows, np.zeros((1, 1)), known, names, None, "a law", 0.95, measured=measured
    )


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_coefficients_that_move_do_not_depend_on_the_unit(unit, rng):
    """Two outputs whose coefficients are opposite, the second of three coefficients at rest."""
    one = unit * rng.normal(size=(4, 3, 5))
    one[:, 1] = 0.0
    found = evidence(np.concatenate([one, -one], axis=1), rows=np.zeros((4, 2, 3)))
    assert found.reachable == 2


def test_names_beyond_the_eighth_are_counted(rng):
    found = evidence(rng.normal(size=(2, 3, 11)))
    assert found.names(range(11)).endswith("w[6], w[7] and 3 more")
    assert found.names(range(2)) == "w[0], w[1]"


def test_surplus_is_what_neither_death_nor_fixed_relations_explain(rng):
    """Five columns of rank two, one zero and two proportional: one is left."""
    jacobians = rng.normal(size=(6, 2, 5))
    jacobians[:, :, 0] = 0.0
    jacobians[:, :, 2] = 2 * jacobians[:, :, 1]
    found = surplus(evidence(jacobians, dead=[0]))
    assert found.title == "1 live parameters more than 2 independent directions need"


def test_the_measured_rank_counts_what_structure_allows(rng):
    """Of four parameters one is dead: three directions at most in seven rows, two are seen."""
    jacobians = rng.normal(size=(3, 7, 4))
    found = measured_rank(evidence(jacobians, measured=Measured(), dead=[2]))
    assert "at least 2 independent directions" in found.title
    assert "1 of the 3 that structure allows are undecided" in found.title
    assert "64 times as many" in found.advice  # (2 · floor / (floor / 4))²
