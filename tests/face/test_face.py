"""What a user sees first: names, docstrings, quick imports, rooms that depend one way."""

from __future__ import annotations

import ast
import compileall
import doctest
import functools
import importlib.metadata
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pennylane as qml
import pytest
from support import GAPS

import pennylane_trainability as pt
from pennylane_trainability.registration import attach, register

PACKAGE = Path(pt.__file__).parent

# -- names -----------------------------------------------------------------------------------------

FUNCTIONS = {
    *("analyze", "data_jacobian", "fit", "fourier_rows", "measure_jacobian", "measure_qfim"),
    *("capacity", "compare_shapes", "growth_advice", "initialise", "metric_tensor_fn"),
    *("gradient_efficiency", "gradient_measurement_plan", "measure_gradient", "paper_check"),
    *("fourier_fingerprint", "monitor", "promote", "prune", "plan_shots"),
    *("gradient_variances", "hessian_spectrum", "loss_slice", "loss_variance", "scaling"),
    *("degrees_of_freedom", "landscape_law_test", "local_minima", "wishart_parameters"),
    *("dynamical_lie_algebra", "entangling_capability", "expressibility", "trainability"),
}
TRANSFORMS = {
    *("coefficient_jacobian", "commuting_grad", "dla_grad", "measured_grad", "measured_qfim"),
    "qfim",
}
#: Functions that make or measure models out of several circuits.
MIXTURES = {"cut_layers", "density_qnode", "measure_density"}
#: Functions that make or ask about Born policies.
POLICIES = {"born_policy", "policy_scaling", "policy_variance"}
#: Transforms that measure the same values with other circuits.
REWRITES = {"diagonalize_commuting"}
RECORDS = {
    *("DataJacobian", "Fit", "FourierRows", "MeasuredJacobian", "MeasuredQFIM", "QFIMPlan"),
    *("Capacity", "GrowthAdvice", "Initialisation", "Model", "PaperCheck", "Pruning", "Report"),
    *("GradientEfficiency", "GradientPlan", "MeasuredDensity", "MeasuredGradient", "Promotion"),
    *("GradientVariances", "HessianSpectrum", "LossSlice", "LossVariance", "Scaling"),
    *("DegreesOfFreedom", "LandscapeLaw", "LocalMinima", "WishartParameters"),
    *("DynamicalLieAlgebra", "ShapeComparison", "Trainability"),
    *("ReportChange", "TrainingRecord"),
    *("BornPolicy", "FourierFingerprint", "PolicyGradient", "PolicyScaling", "PolicyVariance"),
    *("EntanglingCapability", "Expressibility", "Price", "ShotPlan", "Drift"),
}
#: Functions of an answer, not of a QNode.
PRICES = {"cost", "price"}
#: Functions that ask about variances over a law of the parameters.
LANDSCAPES = {"gradient_variances", "loss_variance", "scaling", "trainability"}
#: Functions that ask about the law of a landscape from draws.
DRAWN_LAWS = {"degrees_of_freedom", "landscape_law_test", "local_minima"}
#: Functions that draw.
DRAWN = {"draw_circuit"}
#: Functions that ask about the states of a circuit.
STATES = {"entangling_capability", "expressibility"}
#: Functions that simulate only, or only read.
SIMULATED = {
    *("compare_shapes", "dynamical_lie_algebra", "fit", "fourier_fingerprint"),
    *("gradient_efficiency", "landscape_law_test", "local_minima", "wishart_parameters"),
    *("gradient_measurement_plan", "growth_advice", "hessian_spectrum", "initialise"),
    *("paper_check", "plan_shots", "promote", "prune"),
}
TEMPLATES = {
    *("DataReuploading", "ParallelAngleEncoding", "SerialReuploading", "SimCircuit"),
    "StabilizerLogicalProduct",
}
HELPERS = {
    *("Executor", "NaturalGradientOptimizer", "Normal", "Uniform", "one_job", "template_builder"),
    *("InterleavedExecutor", "RobustExecutor", "Store", "execution_mode"),
}
ERRORS = {"BudgetError", "DeviceFailure", "NotFourierError", "ReadingError", "StoreError"} | {
    "TrainabilityWarning"
}
CALLS = DRAWN | FUNCTIONS | MIXTURES | POLICIES | PRICES | TRANSFORMS
NAMES = CALLS | REWRITES | RECORDS | TEMPLATES | HELPERS | ERRORS


def public_names() -> set[str]:
    return {
        name
        for name in dir(pt)
        if not name.startswith("_") and not isinstance(getattr(pt, name), types.ModuleType)
    }


def test_the_public_names_are_these():
    """Change this on purpose, together with docs/names.md and the changelog."""
    assert public_names() == NAMES == set(pt.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"no attribute 'analyse'"):
        pt.analyse  # noqa: B018 - the access is what is tested


def test_the_version_is_a_version():
    assert pt.__version__.split(".")[0].split("+")[0].isdigit()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_has_a_docstring_of_its_own(name):
    text = inspect.getdoc(getattr(pt, name))
    assert text and len(text.split()) >= 5
    bases = getattr(getattr(pt, name), "__mro__", ())[1:]
    assert text not in [inspect.getdoc(base) for base in bases]


@pytest.mark.parametrize("name", sorted(CALLS | REWRITES | TEMPLATES))
def test_docstrings_have_an_example_that_runs(name):
    """Transforms are instances, which collectors of docstrings leave out."""
    text = inspect.getdoc(getattr(pt, name))
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples, "no example"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    said: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=flags).run(example, out=said.append)
    assert outcome.failed == 0, "".join(said)


@pytest.mark.parametrize("name", sorted(CALLS | REWRITES))
def test_docstrings_explain_every_argument(name):
    function = getattr(pt, name)
    text = inspect.getdoc(function)
    signature = inspect.signature(getattr(function, "tape_transform", function))
    missing = [p for p in signature.parameters if not re.search(rf"    \**{p}\b", text)]
    assert missing == []


#: What has options of its own beside a QNode's.
ASKED_POLICIES = POLICIES - {"born_policy"}
#: One spelling of options everywhere; the functions that have them.
OPTIONS = {
    "encoding_args": DRAWN | FUNCTIONS | TRANSFORMS | ASKED_POLICIES,
    "argnums": DRAWN | FUNCTIONS | TRANSFORMS | ASKED_POLICIES,
    "include": {"analyze", "compare_shapes"},
    "spectrum": {
        *("analyze", "fourier_rows", "measure_jacobian", "coefficient_jacobian"),
        *("fourier_fingerprint", "initialise", "monitor", "prune", "plan_shots"),
    },
    "engine": {
        *("fourier_fingerprint", *ASKED_POLICIES),
        *("analyze", "capacity", "coefficient_jacobian", "data_jacobian", "fourier_rows", "qfim"),
        *("compare_shapes", "growth_advice", "initialise", "paper_check", "prune", *LANDSCAPES),
        *("degrees_of_freedom", "loss_slice", "monitor", *STATES),
    },
    "gradient": {"monitor", "analyze", "coefficient_jacobian", "data_jacobian", "measure_jacobian"},
    "executor": (FUNCTIONS | ASKED_POLICIES | PRICES | {"measure_density"}) - SIMULATED,
    "max_circuits": (
        FUNCTIONS
        | ASKED_POLICIES
        | {"coefficient_jacobian", "commuting_grad", "dla_grad", "measure_density"}
        | {"measured_grad", "measured_qfim"}
    )
    - SIMULATED,
    "max_shots": (
        FUNCTIONS
        | ASKED_POLICIES
        | {"coefficient_jacobian", "commuting_grad", "dla_grad", "measure_density"}
        | {"measured_grad", "measured_qfim"}
    )
    - SIMULATED,
    "seed": {
        *("analyze", "capacity", "measure_jacobian", "measure_qfim", "measured_qfim"),
        *("density_qnode", "measure_density", "metric_tensor_fn"),
        *SIMULATED - {"promote", "wishart_parameters"},
        *("dla_grad", "loss_slice", "measure_gradient", "monitor", *ASKED_POLICIES),
        *(LANDSCAPES | DRAWN_LAWS | STATES),
    },
    "level": {
        *("fourier_fingerprint", *ASKED_POLICIES),
        *("analyze", "capacity", "initialise", "measure_jacobian", "measure_qfim"),
        *("compare_shapes", "growth_advice", "metric_tensor_fn", "paper_check"),
        *("loss_slice", "measure_density", "measure_gradient", "plan_shots"),
        *("data_jacobian", "fourier_rows"),
        *(LANDSCAPES | DRAWN_LAWS | STATES),
    },
    "law": {
        *("fourier_fingerprint", *ASKED_POLICIES),
        *("analyze", "capacity", "compare_shapes", "growth_advice", "initialise", "paper_check"),
        *("gradient_efficiency", "hessian_spectrum", "plan_shots", "prune"),
        *(LANDSCAPES | DRAWN_LAWS | STATES),
    },
    "n_draws": {
        *("fourier_fingerprint", *ASKED_POLICIES),
        *("analyze", "capacity", "compare_shapes", "growth_advice", "paper_check", "prune"),
        *("gradient_efficiency", "hessian_spectrum", "entangling_capability", *LANDSCAPES),
        *("degrees_of_freedom", "landscape_law_test"),
    },
    "n_paths": LANDSCAPES,
    "max_words": {
        *("dla_grad", "dynamical_lie_algebra", "gradient_measurement_plan", "gradient_variances"),
        *("loss_variance", "measure_gradient"),
    },
    "rtol": LANDSCAPES,
    "workers": {
        *("capacity", "compare_shapes", "fit", "growth_advice", "hessian_spectrum"),
        *("local_minima", *ASKED_POLICIES, *STATES, *LANDSCAPES - {"trainability"}),
    },
}


@pytest.mark.parametrize("option", OPTIONS)
def test_options_are_spelled_alike(option):
    found = set()
    for name in CALLS:
        function = getattr(pt, name)
        if option in inspect.signature(getattr(function, "tape_transform", function)).parameters:
            found.add(name)
    assert found == OPTIONS[option]


# -- names on PennyLane ----------------------------------------------------------------------------


def test_names_on_pennylane():
    for module in (qml.transforms, qml.gradients):
        for name in TRANSFORMS:
            assert getattr(module, name) is getattr(pt, name)
    for name in REWRITES:
        assert getattr(qml.transforms, name) is getattr(pt, name)
    for name in TEMPLATES:
        assert getattr(qml, name) is getattr(qml.templates, name) is getattr(pt, name)


def test_registering_twice_is_harmless():
    before = {m: dict(vars(m)) for m in (qml, qml.templates, qml.transforms, qml.gradients)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        register()
        register()
    for module, names in before.items():
        assert vars(module) == names


def test_a_name_that_is_taken_is_kept_with_a_warning():
    module = types.ModuleType("pennylane.somewhere")
    module.analyze = "of PennyLane"
    with pytest.warns(pt.TrainabilityWarning, match=r"use pennylane_trainability\.analyze"):
        attach(module, "analyze", pt.analyze)
    assert module.analyze == "of PennyLane"
    attach(module, "other", pt.analyze)
    assert module.other is pt.analyze


# -- a fresh process -------------------------------------------------------------------------------

HEAVY = (
    "jax",
    "torch",
    "tensorflow",
    "qiskit",
    "pennylane_qiskit",
    "matplotlib",
    "pandas",
    "pytest",
)

FRESH = f"""
import json, os, sys, time, warnings
warnings.simplefilter("ignore")
import pennylane as qml

facts = {{"lazy": "pennylane_trainability" not in sys.modules}}
before = set(sys.modules)
times = []
for _ in range(5):
    read, write = os.pipe()
    if os.fork() == 0:
        start = time.process_time()
        import pennylane_trainability
        os.write(write, str(time.process_time() - start).encode())
        os._exit(0)
    times.append(float(os.read(read, 100)))
    os.wait()
facts["seconds"] = min(times)
import pennylane_trainability
facts["file"] = pennylane_trainability.__file__
facts["new"] = sorted(set(sys.modules) - before)
facts["heavy"] = [n for n in {HEAVY!r} if n in sys.modules and n not in before]
print(json.dumps(facts))
"""

ALONE = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pennylane as qml

lazy = "pennylane_trainability" not in sys.modules
transform = qml.transforms.coefficient_jacobian
from pennylane.transforms import coefficient_jacobian
import pennylane_trainability
print(json.dumps([
    lazy,
    "coefficient_jacobian" in qml.transforms.__all__,
    transform is coefficient_jacobian is pennylane_trainability.coefficient_jacobian,
    transform is qml.gradients.coefficient_jacobian,
]))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> dict:
    """What a process sees that imports PennyLane, and then this package with its compiled files."""
    root = tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, root / PACKAGE.name, ignore=ignored)
    assert compileall.compile_dir(root, quiet=1), "as an installation does"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(root)
    done = subprocess.run(
        [sys.executable, "-c", FRESH],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_is_quick(fresh):
    assert Path(fresh["file"]).parent != PACKAGE, "the compiled copy is the one measured"
    assert fresh["seconds"] < 0.15


def test_importing_loads_nothing_heavy(fresh):
    assert fresh["heavy"] == []
    outside = {name.split(".")[0] for name in fresh["new"]} - {
        "pennylane_trainability",
        "pennylane",
    }
    assert outside <= set(sys.stdlib_module_names), "third-party packages beyond PennyLane's own"


def installed() -> bool:
    points = importlib.metadata.entry_points(group="pennylane.transforms")
    return "coefficient_jacobian" in points.names


@pytest.mark.skipif(not installed(), reason=GAPS["entry point", "none", "none"].reason)
def test_pennylane_alone_has_the_transform():
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lazy, listed, same, gradient = json.loads(done.stdout)
    assert lazy, "importing PennyLane must not import this package"
    assert listed and same and gradient


# -- rooms -----------------------------------------------------------------------------------------

#: Room → rooms it may import, in the direction of the flow: every room stands below those it needs.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "devices": {"errors"},
    "keys": {"errors"},
    "results": set(),
    "workers": {"errors"},
    "fourier": {"errors"},
    "liealg": {"errors"},
    "statistics": {"results"},
    "circuits": {"errors", "fourier"},
    "templates": {"circuits"},
    "laws": {"circuits", "errors"},
    "landscapes": {"circuits", "errors", "laws", "liealg", "statistics"},
    "simulation": {"circuits", "errors", "workers"},
    "transforms": {"circuits", "devices", "errors", "liealg", "simulation", "statistics"},
    "executor": {"devices", "errors", "keys", "results"},
    "execution": {"devices", "errors", "executor", "results", "statistics"},
    "store": {"devices", "errors", "execution", "executor", "keys", "results"},
    "pricing": {"devices", "errors", "executor", "keys", "results", "store"},
    "diagnostics": {
        *("circuits", "errors", "executor", "fourier", "landscapes", "laws", "liealg"),
        *("pricing", "results"),
        *("simulation", "statistics", "transforms", "workers"),
    },
    "policies": {
        *("circuits", "diagnostics", "errors", "executor", "laws", "results", "simulation"),
        *("pricing", "statistics", "transforms", "workers"),
    },
    "included": {"circuits", "diagnostics", "errors", "laws", "policies", "results", "simulation"},
    "density": {
        *("circuits", "diagnostics", "errors", "executor", "results", "statistics", "transforms"),
        "pricing",
    },
    "optimize": {
        *("circuits", "devices", "diagnostics", "errors", "executor", "results", "simulation"),
        *("statistics", "transforms"),
        "pricing",
    },
    "fitting": {
        *("circuits", "errors", "laws", "results", "simulation", "statistics", "transforms"),
        "workers",
    },
    "repair": {
        *("circuits", "diagnostics", "errors", "fitting", "laws", "results", "simulation"),
        *("statistics", "templates", "transforms"),
    },
    "report": {
        *("circuits", "diagnostics", "errors", "executor", "fourier", "laws", "results"),
        *("simulation", "transforms"),
    },
    "analysis": {
        *("circuits", "diagnostics", "errors", "executor", "fourier", "included", "laws"),
        *("report", "results", "simulation", "transforms"),
        "pricing",
    },
    "architectures": {
        *("circuits", "diagnostics", "errors", "fitting", "fourier", "included", "laws"),
        *("results", "simulation", "statistics", "templates", "transforms", "workers"),
    },
    "monitoring": {
        *("analysis", "circuits", "diagnostics", "executor", "results", "simulation"),
        "transforms",
    },
    "plots": {
        "circuits",
        "errors",
        "architectures",
        "diagnostics",
        "monitoring",
        "policies",
        "report",
        "results",
        "statistics",
    },
    "pages": {"plots", "results"},
    "registration": {"errors", "templates", "transforms"},
    "commands": {
        *("analysis", "architectures", "circuits", "diagnostics", "errors", "fitting", "laws"),
        *("plots", "report", "results", "simulation"),
    },
    "__main__": {"commands", "results"},
    "__init__": {
        *("analysis", "architectures", "density", "devices", "diagnostics", "errors", "executor"),
        *("execution", "store"),
        *("fitting", "laws", "monitoring", "optimize", "plots", "policies", "registration"),
        "repair",
        "report",
        *("templates", "transforms"),
        "pricing",
    },
}
#: Against the flow, inside a function only: drawing is loaded where somebody draws.
LAZY = {("results", "pages"), ("results", "plots")}
#: Imported inside functions only, wherever they are imported.
OPTIONAL = {
    *("jax", "torch", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "pennylane_qiskit"),
    "matplotlib",
}


@functools.cache
def imports_of(path: Path) -> tuple[tuple[str, bool], ...]:
    """``(module imported, whether at module level)`` of every import in a file."""
    found = []
    todo: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), True)]
    while todo:
        node, top = todo.pop()
        top = top and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if isinstance(node, ast.Import):
            found += [(alias.name, top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            whole = node.module == PACKAGE.name
            for alias in node.names:
                found.append((f"{node.module}.{alias.name}" if whole else str(node.module), top))
        elif not isinstance(node, ast.expr):  # no import stands in an expression
            todo += [(child, top) for child in ast.iter_child_nodes(node)]
    return tuple(found)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


def test_the_table_of_rooms_points_one_way():
    rooms = list(MAY_IMPORT)
    for number, room in enumerate(rooms):
        assert MAY_IMPORT[room] <= set(rooms[:number]), f"{room} needs a room that stands below it"


def test_every_room_stands_in_the_table():
    assert {room_of(path) for path in FILES} <= set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_go_with_the_flow(room):
    for path in (p for p in FILES if room_of(p) == room):
        for module, top in imports_of(path):
            parts = module.split(".")
            if parts[0] != PACKAGE.name:
                continue
            other = parts[1] if len(parts) > 1 else "__init__"
            lazy = (room, other) in LAZY and not top
            assert other == room or other in MAY_IMPORT[room] or lazy, f"{path} imports {module}"


def test_optional_packages_are_imported_where_they_are_used():
    top_level = {
        (str(path), module)
        for path in FILES
        for module, top in imports_of(path)
        if top and module.split(".")[0] in OPTIONAL
    }
    assert top_level == set()


def test_only_plots_draws():
    drawing = {
        room_of(path)
        for path in FILES
        for module, _ in imports_of(path)
        if module.split(".")[0] == "matplotlib"
    }
    assert drawing <= {"plots", "commands"}
