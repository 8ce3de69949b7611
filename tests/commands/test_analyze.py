"""``analyze FILE.py:qnode``: sources of arguments, what is printed, exit codes, every error."""

import json
import sys

import numpy as np
import pennylane as qml
import pytest

from pennylane_trainability.__main__ import main
from pennylane_trainability.commands.source import CommandError

GIVEN = {"x": 0.5, "weights": [0.1, 0.2]}


def strict(text):
    """Parse JSON that has no NaN and nothing beside it."""

    def refuse(word):
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


def test_json_goes_alone_to_stdout(run, user_file, arguments):
    words = ("--encoding", "x", "--seed", 1, "--json")
    code, out, err = run("analyze", f"{user_file}:circuit", "--args", arguments(GIVEN), *words)
    report = strict(out)
    assert report["kind"] == "Report"
    assert report["provenance"]["seed"] == 1
    assert "a user's print" in err
    assert code in (0, 1)


def test_every_source_gives_the_same_report(run, user_file, arguments, tmp_path):
    np.savez(tmp_path / "named.npz", x=0.5, weights=[0.1, 0.2])
    np.savez(tmp_path / "positions.npz", 0.5, [0.1, 0.2])
    sources = [
        ("--args", arguments(GIVEN)),
        ("--args", arguments([0.5, [0.1, 0.2]], "list.json")),
        ("--args", tmp_path / "named.npz"),
        ("--args", tmp_path / "positions.npz"),
        ("--args-from", "by_position"),
        ("--args-from", "by_name"),
    ]
    words = ("--encoding", "x", "--seed", 1, "--json")
    reports = [run("analyze", f"{user_file}:circuit", *source, *words)[1] for source in sources]
    assert all(report == reports[0] for report in reports)


def test_position_instead_of_name(run, user_file):
    base = ("analyze", f"{user_file}:circuit", "--args-from", "by_position", "--seed", 1)
    named = run(*base, "--encoding", "x", "--argnums", "weights")
    assert run(*base, "--encoding", 0, "--argnums", 1) == named


def test_exit_code_tells_faults(run, user_file):
    base = ("analyze", f"{user_file}:circuit", "--args-from", "by_name", "--encoding", "x")
    code, out, _ = run(*base, "--seed", 1)
    assert "FAULT" in out  # an even function of x: the sine row cannot be moved
    assert code == 1
    assert run(*base, "--seed", 1, "--exit-zero")[0] == 0


def test_draws_and_seed(run, user_file):
    base = (
        "analyze",
        f"{user_file}:circuit",
        "--args-from",
        "by_name",
        "--encoding",
        "x",
        "--json",
    )
    after = run(*base, "--draws", 3, "--seed", 5)[1]
    report = strict(after)
    assert report["provenance"]["n_samples"] == 4
    assert run("--seed", 5, *base, "--draws", 3)[1] == after


def test_shots_measure(run, user_file):
    base = ("analyze", f"{user_file}:circuit", "--args-from", "by_name", "--encoding", "x")
    report = strict(run(*base, "--shots", 50, "--json")[1])
    assert report["provenance"]["engine"] == "measured"
    assert report["provenance"]["shots"] == 50
    code, out, err = run(*base, "--shots", 50, "--max-circuits", 2)
    assert (code, out) == (2, "")
    assert "--max-circuits" in err
    fewer = strict(run(*base, "--shots", 50, "--gradient", "dla", "--json")[1])
    assert fewer["measured"]["gradient"] == "dla" and report["measured"]["gradient"] == "shift"


BAD = [
    pytest.param("user_model.py", (), "needs FILE.py:qnode", id="no-name"),
    pytest.param("absent.py:circuit", (), "Check the path", id="no-file"),
    pytest.param(
        "user_model.py:nothing", (), "QNodes there: circuit, blind, failing", id="no-qnode"
    ),
    pytest.param("user_model.py:plain", (), "Decorate it with @qml.qnode", id="function"),
    pytest.param("user_model.py:number", (), "is a int, not a QNode", id="number"),
    pytest.param("user_model.py:circuit", (), "Give them with --args", id="no-arguments"),
    pytest.param("user_model.py:circuit", ("--args", "none.json"), "Check the path", id="no-json"),
    pytest.param("user_model.py:circuit", ("--args", "none.npz"), "Check the path", id="no-npz"),
    pytest.param(
        "user_model.py:circuit", ("--args-from", "none"), "Define def none()", id="no-maker"
    ),
    pytest.param("user_model.py:circuit", ("--args-from", "number"), "holds a int", id="bad-maker"),
    pytest.param(
        "user_model.py:circuit", ("--args-from", "wrong"), "Return (x, weights)", id="wrong"
    ),
    pytest.param(
        "user_model.py:circuit", ("--args-from", "plain"), "raised TypeError", id="raises"
    ),
    pytest.param(
        "user_model.py:circuit", ("--args-from", "by_name"), "--encoding NAME", id="no-input"
    ),
    pytest.param(
        "user_model.py:circuit",
        ("--args-from", "by_name", "--encoding", "z"),
        "names 'z'",
        id="wrong-input",
    ),
    pytest.param(
        "user_model.py:failing",
        ("--args-from", "by_name", "--encoding", "x"),
        "failing raised RuntimeError: no such luck",
        id="circuit-raises",
    ),
]


@pytest.mark.parametrize(("target", "words", "remedy"), BAD)
def test_errors_are_one_line_and_say_what_to_do(run, user_file, target, words, remedy):
    code, out, err = run("analyze", target, *words)
    assert (code, out) == (2, "")
    lines = [line for line in err.splitlines() if line != "a user's print"]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert remedy in lines[0]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        pytest.param("{", "is no JSON", id="broken"),
        pytest.param("3", "needs an object of names or a list", id="number"),
        pytest.param({"x": 0.5, "weights": [[1], [2, 3]]}, "weights needs numbers", id="ragged"),
        pytest.param({"x": 0.5}, "missing a required argument", id="too-few"),
        pytest.param({**GIVEN, "y": 1.0}, "needs other arguments", id="too-many"),
    ],
)
def test_bad_json(run, user_file, arguments, content, remedy):
    words = ("--args", arguments(content), "--encoding", "x")
    code, out, err = run("analyze", f"{user_file}:circuit", *words)
    assert (code, out) == (2, "")
    assert remedy in err


def test_bad_npz(run, user_file, tmp_path):
    (tmp_path / "a.npz").write_text("nothing")
    code, _, err = run("analyze", f"{user_file}:circuit", "--args", tmp_path / "a.npz")
    assert code == 2
    assert "numpy.savez" in err


def test_file_that_fails(run, tmp_path):
    (tmp_path / "broken.py").write_text("import no_such_module_at_all\n")
    code, _, err = run("analyze", "broken.py:circuit")
    assert code == 2
    assert "ModuleNotFoundError" in err
    assert "--traceback" in err


def test_traceback_on_demand(user_file, tmp_path):
    with pytest.raises(CommandError) as caught:
        main(["analyze", f"{user_file}:failing", "--args-from", "by_name", "--traceback"])
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--draws", "-3"), id="negative"),
        pytest.param(("--shots", "0"), id="no-shots"),
        pytest.param(("--args", "a.json", "--args-from", "f"), id="two-sources"),
        pytest.param(("--nonsense",), id="unknown"),
    ],
)
def test_usage(run, user_file, words):
    code, out, err = run("analyze", f"{user_file}:circuit", *words)
    assert (code, out) == (2, "")
    assert "error:" in err


def test_user_module_leaves_nothing_behind(run, user_file):
    before = list(sys.path)
    run("analyze", f"{user_file}:circuit", "--args-from", "by_name", "--encoding", "x")
    assert sys.path == before
    assert "user_model" not in sys.modules


def test_file_may_import_its_neighbours(run, tmp_path):
    (tmp_path / "neighbour_of_model.py").write_text("angles = (0.5, [0.1, 0.2])\n")
    (tmp_path / "model_with_neighbour.py").write_text(
        "import numpy as np, pennylane as qml\n"
        "from neighbour_of_model import angles\n"
        "def given(): return angles[0], np.array(angles[1])\n"
        "@qml.qnode(qml.device('default.qubit'))\n"
        "def f(x, w):\n"
        "    qml.RY(w[0], 0); qml.RX(x, 0); qml.RY(w[1], 0)\n"
        "    return qml.expval(qml.Z(0))\n"
    )
    words = ("--args-from", "given", "--encoding", "x", "--exit-zero")
    assert run("analyze", "model_with_neighbour.py:f", *words)[0] == 0
    sys.modules.pop("neighbour_of_model", None)


def test_picture_of_the_report_after_the_report(run, user_file, tmp_path, monkeypatch):
    """What is drawn is the report's own plot; a picture that fails does not cost the report."""

    def plot(self, ax=None, **style):
        ax.plot([0, 1])
        return ax

    monkeypatch.setattr("pennylane_trainability.report.Report.plot", plot)
    base = ("analyze", f"{user_file}:circuit", "--args-from", "by_name", "--encoding", "x")
    code, _, err = run(*base, "--exit-zero", "--picture", "report.png")
    assert code == 0
    assert "picture: report.png" in err
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
    code, out, err = run(*base, "--picture", "no/such/folder/report.png")
    assert code == 2
    assert "parameters can learn" in out
    assert "Name another file with --picture" in err


def test_a_page_of_the_report(run, user_file, tmp_path):
    base = ("analyze", f"{user_file}:circuit", "--args-from", "by_name", "--encoding", "x")
    code, out, err = run(*base, "--exit-zero", "--html", "report.html")
    assert code == 0 and "page: report.html" in err
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and out.splitlines()[0].split(":")[1] in page
    code, out, err = run(*base, "--html", "no/such/folder/report.html")
    assert code == 2 and "parameters can learn" in out and "--html" in err


def test_the_version_and_what_it_stands_on(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert f"pennylane {qml.__version__}" in said and "pennylane-trainability" in said
