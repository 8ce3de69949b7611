"""Records: what they keep, how they print, and that their dicts are strict JSON."""

import json
import pickle

import numpy as np
import pytest

from pennylane_trainability.results import (
    Claim,
    Cost,
    Estimate,
    Finding,
    Provenance,
    Result,
    Severity,
    aligned,
    format_error,
    kept_seed,
    markdown_table,
    record,
    table,
)


@record
class Sample(Result):
    values: np.ndarray
    best: Estimate
    pair: tuple = ()
    name: str = "a|b"


@pytest.fixture
def sample():
    return Sample(
        values=np.array([1 + 2j, np.nan, np.inf]),
        best=Estimate.normal(1.0, 0.25),
        pair=(np.arange(2), Claim.GENERIC, np.float32(0.5), {"k": -np.inf}),
    )


def test_arrays_are_read_only_copies_also_inside_tuples():
    source = np.zeros(3)
    kept = Sample(values=source, best=Estimate.known(0), pair=(source,))
    source[0] = 1
    assert kept.values[0] == 0
    assert kept.pair[0][0] == 0
    with pytest.raises(ValueError, match="read-only"):
        kept.values[0] = 2


def test_fields_cannot_be_replaced_or_added(sample):
    with pytest.raises(AttributeError):
        sample.name = "b"
    with pytest.raises((AttributeError, TypeError)):
        sample.other = 1


def test_comparison_is_identity_and_records_hash_and_pickle(sample):
    assert sample == sample
    assert sample != Sample(values=sample.values, best=sample.best)
    assert len({sample, sample}) == 1
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(sample)).values, sample.values)


def test_dict_is_strict_json(sample):
    text = json.dumps(sample.to_dict(), allow_nan=False)
    back = json.loads(text)
    assert back["kind"] == "Sample"
    assert back["values"][0] == [1.0, 2.0]
    assert back["values"][1] == [None, 0.0]
    assert back["values"][2] == [None, 0.0]
    assert back["best"]["kind"] == "Estimate"
    assert back["best"]["claim"] == "OBSERVED"
    assert back["pair"] == [[0, 1], "GENERIC", 0.5, {"k": None}]


def test_equal_runs_have_equal_dicts():
    runs = [Provenance(seed=7, n_samples=3, device="default.qubit") for _ in range(2)]
    assert runs[0].to_dict() == runs[1].to_dict()
    assert "numpy" in runs[0].versions


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        pytest.param(0.125, 0.0031, "0.1250 ± 0.0031", id="two digits below 355"),
        pytest.param(0.125, 0.0040, "0.125 ± 0.004", id="one digit from 355"),
        pytest.param(0.125, 0.00096, "0.1250 ± 0.0010", id="950 rounds up to 1000"),
        pytest.param(0.125, 0.0095, "0.125 ± 0.010", id="950 exactly"),
        pytest.param(0.1, 0.0949, "0.10 ± 0.09", id="just below 950"),
        pytest.param(1e-9, 1e-10, "(1.00 ± 0.10)e-9", id="small"),
        pytest.param(-2.5e7, 1.2e5, "(-2.500 ± 0.012)e7", id="large"),
        pytest.param(12346.0, 300.0, "12350 ± 300", id="two digits above the point"),
        pytest.param(12345.0, 4000.0, "12000 ± 4000", id="one digit above the point"),
        pytest.param(0.0, 0.02, "0.000 ± 0.020", id="zero value"),
        pytest.param(0.001, 5.0, "0 ± 5", id="error larger than value"),
        pytest.param(-0.001, 5.0, "0 ± 5", id="zero has no sign"),
        pytest.param(1.0, float("nan"), "1 ± ?", id="unknown error"),
        pytest.param(1.0, float("inf"), "1 ± ?", id="infinite error"),
        pytest.param(2.0, 0.0, "2 ± 0", id="no spread"),
    ],
)
def test_the_error_decides_the_digits(value, stderr, text):
    assert format_error(value, stderr) == text


def test_estimates_print_what_is_known():
    assert str(Estimate.known(3)) == "3 (exact)"
    assert str(Estimate(value=1.0)) == "1 ± ?"
    assert str(Estimate(value=4, low=4, high=np.inf)) == "≥ 4 at 95 %"
    assert str(Estimate(value=0.0, low=-np.inf, high=0.5, level=0.9)) == "≤ 0.5 at 90 %"
    assert str(Estimate(value=4, low=3, high=6)) == "4 [3, 6] at 95 %"


def test_normal_interval_has_the_quantile_of_the_level():
    estimate = Estimate.normal(1.0, 2.0, level=0.6826894921370859)
    assert estimate.low == pytest.approx(-1.0, abs=1e-12)
    assert estimate.high == pytest.approx(3.0, abs=1e-12)


def test_costs_add_up():
    total = sum([Cost(circuits=3, distinct_circuits=2, shots=300, executions=1)] * 2, Cost())
    assert total.to_dict() == {
        "kind": "Cost",
        "circuits": 6,
        "distinct_circuits": 4,
        "shots": 600,
        "executions": 2,
    }
    assert str(total) == "6 circuits (4 distinct), 600 shots, 2 device executions"
    assert str(Cost(circuits=1, distinct_circuits=1, executions=1)) == (
        "1 circuit, no shots, 1 device execution"
    )
    with pytest.raises(TypeError):
        total + 1


def test_findings_print_their_evidence_and_sort_by_gravity():
    kinds = [Severity.HEALTHY, Severity.FAULT, Severity.NOTE, Severity.WARNING]
    assert [s.name for s in sorted(kinds, key=lambda s: s.order)] == [
        "FAULT",
        "WARNING",
        "NOTE",
        "HEALTHY",
    ]
    finding = Finding(
        code="weak-signal",
        title="The output is small",
        claim=Claim.OBSERVED,
        evidence=(("spread", Estimate.normal(0.1, 0.012)), ("draws", 20)),
    )
    assert str(finding) == (
        "NOTE  The output is small\n"
        "  evidence  spread: 0.100 ± 0.012\n"
        "            draws: 20\n"
        "  claim     seen on these samples"
    )
    assert json.loads(json.dumps(finding.to_dict()))["evidence"][1] == ["draws", 20]


def test_markdown_escapes_what_would_break_a_table(sample):
    text = sample._repr_markdown_()
    assert text.startswith("**Sample**")
    assert "a\\|b" in text
    assert markdown_table(("x",), [("a\nb",)]).endswith("| a<br>b |")


def test_text_is_aligned():
    assert aligned([("a", "x\ny"), ("long", None)]) == "  a     x\n        y\n  long  —"
    assert table(("n", "rank"), [(10, 2.0)]) == "  n   rank\n  10  2"
    assert aligned([("gates", ())]) == "  gates  none"


@pytest.mark.parametrize("seed", [1.5, "seven", -2])
def test_seeds_are_whole_numbers(seed):
    with pytest.raises(ValueError, match="a whole number ≥ 0"):
        kept_seed(seed)
