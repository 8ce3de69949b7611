"""The list of mutants that change no result names changes that exist, each once, with a reason."""

import runpy
from collections import Counter
from pathlib import Path

import pytest

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[1] / "mutants.py"), run_name="tool")
FILES = sorted({entry["file"] for entry in TOOL["equivalents"]()})


@pytest.mark.parametrize("name", FILES)
def test_equivalent_mutants_exist(name):
    path = TOOL["ROOT"] / name
    judged = TOOL["judged_of"](path, path.read_text())
    kept = [entry for entry in TOOL["equivalents"]() if entry["file"] == name]
    assert [entry for entry in kept if entry not in judged.values()] == []


def test_equivalent_mutants_have_reasons_and_are_listed_once():
    entries = TOOL["equivalents"]()
    keys = Counter(tuple(str(entry.get(k)) for k in ("file", "line", "change", "which"))
                   for entry in entries)  # fmt: skip
    assert [key for key, times in keys.items() if times > 1] == []
    assert [entry for entry in entries if len(entry["why"].split()) < 3] == []
