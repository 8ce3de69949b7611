"""Faults planted on purpose: every one is found, and nothing else is called a fault."""

from __future__ import annotations

from functools import cache

import pytest
from zoo import CODES, ZOO

import pennylane_trainability as pt
from pennylane_trainability.results import Severity

GRAVE = (Severity.FAULT, Severity.WARNING)
MEMBERS = [pytest.param(m, id=m.name) for m in ZOO]


@cache
def report_of(member, seed=3):
    options = {"n_draws": 12, "seed": seed, **member.options}
    return pt.analyze(member.qnode, "x", **options)(*member.arguments)


def faults_of(report):
    return {f.code for f in report.findings if f.severity in GRAVE}


@pytest.mark.parametrize("member", MEMBERS)
def test_faults_are_found_and_no_others(member):
    assert faults_of(report_of(member)) == set(member.faults)


@pytest.mark.parametrize("member", MEMBERS)
def test_dead_parameters_are_named(member):
    report = report_of(member)
    assert report.space.dead == tuple(sorted(member.dead))
    finding = [f for f in report.findings if f.code == "dead-parameters"]
    for number in sorted(member.dead)[:8]:
        assert report.parameters[number] in finding[0].title


@pytest.mark.parametrize("member", MEMBERS)
def test_healthy_is_said_of_the_healthy_alone(member):
    said = [f for f in report_of(member).findings if f.severity is Severity.HEALTHY]
    assert bool(said) == (not member.faults)


@pytest.mark.parametrize("member", MEMBERS)
def test_findings_can_be_acted_on_and_come_gravest_first(member):
    findings = report_of(member).findings
    orders = [f.severity.order for f in findings]
    assert orders == sorted(orders)
    assert len({f.code for f in findings}) == len(findings)
    for finding in findings:
        assert finding.source and finding.evidence
        assert finding.advice or finding.severity is Severity.HEALTHY
        assert finding.title in report_of(member).summary()


def test_every_code_is_planted_somewhere():
    assert set().union(*(m.faults for m in ZOO)) == set(CODES)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_confusion_matrix_is_clean(seed, capsys):
    """One line per finding: found and planted, missed, false alarm, rightly silent."""
    table = {code: [0, 0, 0, 0] for code in CODES}
    unknown = set()
    for member in ZOO:
        found = faults_of(report_of(member, seed))
        unknown |= found - set(CODES)
        for code in CODES:
            planted, seen = code in member.faults, code in found
            table[code][0 if planted and seen else 1 if planted else 2 if seen else 3] += 1
    with capsys.disabled():
        if seed == 3:
            print(f"\n{'finding':26} found missed false silent   ({len(ZOO)} circuits)")
            for code, row in table.items():
                print(f"{code:26} {row[0]:5} {row[1]:6} {row[2]:5} {row[3]:6}")
    assert not unknown
    assert all(missed == 0 and false == 0 for _, missed, false, _ in table.values())
