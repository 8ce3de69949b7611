"""Change the formulas one operator at a time, and show which changes no test notices.

Two steps, both from the root of the repository, with Python 3.12 or newer::

    python tests/mutants.py map -n 2                          # once: which test runs which line
    python tests/mutants.py run pennylane_trainability/liealg --sample 40 --seed 0

``map`` runs the tests and writes down which lines each of them executes; what follows ``map`` goes
to pytest. ``run`` collects all tests once. For each mutant it forks, puts the changed code into the
functions that are loaded already, and runs the tests that execute the changed line, those first
that caught something before, until one fails. A test that takes five times as long as before counts
as failed. What fails for the first time must pass, after the same tests, in a child without the
change; else it is left out. Printed are the mutants that no test noticed, and totals per file.

``--formulas`` leaves signs, factors and axes only, without those that lay out a picture.
``--again`` takes the output of a run and does what survived in it once more, with other tests or a
larger ``--budget``. Mutants that nothing can notice, because the result is the same, stand with the
reason in ``equivalent_mutants.toml``; they are counted, not run.

Changed are operators, signs, comparisons, constants and axes in the bodies of functions, and calls
that have a counterpart (sum and mean, sin and cos, conjugation and transposition left out).
Messages of errors, defaults, decorators and the bodies of modules stay as they are. A mutant that
survives is a missing test, dead code, or means the same: sizes of blocks, values of a placeholder,
``<`` where equality has no probability, the steps of an iteration that ends at the same point.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import os
import pickle
import pkgutil
import random
import re
import signal
import sys
import time
import tomllib
import types
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "pennylane_trainability"
WHERE = Path(os.environ.get("PT_MUTANTS", "/tmp/mutants"))
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
SLOW_TO_IMPORT = (
    *("scipy.linalg", "scipy.optimize", "scipy.sparse.linalg", "scipy.special", "scipy.stats"),
    "matplotlib.pyplot",
)
TOOL = 4  # of sys.monitoring; 0 to 3 and 5 are taken by debuggers, coverage and profilers

# --- which test runs which line ------------------------------------------------------------------


class Lines:
    """Note the lines of the package that each test executes, and how long it takes."""

    def __init__(self) -> None:
        self.now: set[tuple[str, int]] = set()
        self.tests: dict[str, tuple[float, set[tuple[str, int]]]] = {}
        self.shared: dict[str, set[tuple[str, int]]] = defaultdict(set)
        self.imports: set[tuple[str, int]] = set()
        self._inside = str(ROOT / PACKAGE)
        watch = sys.monitoring
        watch.use_tool_id(TOOL, "mutants")
        watch.register_callback(TOOL, watch.events.LINE, self._line)
        watch.set_events(TOOL, watch.events.LINE)

    def _line(self, code: types.CodeType, line: int) -> object:
        if code.co_filename.startswith(self._inside):
            self.now.add((os.path.relpath(code.co_filename, ROOT), line))
        return sys.monitoring.DISABLE

    def _taken(self) -> set[tuple[str, int]]:
        lines, self.now = self.now, set()
        sys.monitoring.restart_events()
        return lines

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        self.imports |= self._taken()
        try:
            return (yield)
        finally:  # a fixture may serve every test of its file
            self.shared[os.path.relpath(item.path, ROOT)] |= self._taken()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            self.tests[item.nodeid] = (time.perf_counter() - start, self._taken())

    def pytest_sessionfinish(self) -> None:
        self.imports |= self.now
        sys.monitoring.set_events(TOOL, 0)
        WHERE.mkdir(parents=True, exist_ok=True)
        with open(WHERE / f"lines-{os.getpid()}.pickle", "wb") as file:
            pickle.dump((self.tests, dict(self.shared), self.imports), file)


def pytest_configure(config: pytest.Config) -> None:
    """Register the watcher, in each worker of pytest-xdist too."""
    if os.environ.get("PT_MUTANTS_MAP"):
        config.pluginmanager.register(Lines(), "lines")


def map_lines(arguments: list[str]) -> int:
    """Run the tests with the watcher."""
    if "--keep" in arguments:
        arguments.remove("--keep")
    else:
        for old in WHERE.glob("lines-*.pickle"):
            old.unlink()
    os.environ["PT_MUTANTS_MAP"] = "1"
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    sys.path.insert(0, here)
    return int(pytest.main(["-p", "mutants", "-q", "-p", "no:cacheprovider", *arguments]))


def read_map() -> tuple[dict, dict, set]:
    """Return what :func:`map_lines` wrote: tests, lines of fixtures by file, lines of imports."""
    tests: dict = {}
    shared: dict = defaultdict(set)
    imports: set = set()
    for path in sorted(WHERE.glob("lines-*.pickle"), key=lambda path: path.stat().st_mtime):
        some, fixtures, loaded = pickle.loads(path.read_bytes())
        tests.update(some)
        imports |= loaded
        for name, lines in fixtures.items():
            shared[name] |= lines
    if not tests:
        raise SystemExit(f"no map in {WHERE}: run `python tests/mutants.py map -n 2` first")
    return tests, shared, imports


# --- the changes ---------------------------------------------------------------------------------

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
NAMES = {
    "sum": "mean", "mean": "sum", "sin": "cos", "cos": "sin", "min": "max", "max": "min",
    "minimum": "maximum", "maximum": "minimum", "any": "all", "all": "any", "floor": "ceil",
    "ceil": "floor", "zeros": "ones", "ones": "zeros", "argmin": "argmax", "argmax": "argmin",
    "log1p": "log", "expm1": "exp", "log2": "log", "real": "imag", "imag": "real",
    "cumsum": "cumprod", "var": "std", "std": "var", "sf": "cdf", "cdf": "sf",
}  # fmt: skip
DROPPED = {"conj", "conjugate", "sqrt", "abs", "square", "transpose", "log", "exp", "swapaxes"}
SKIPPED = (ast.Raise, ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom)
# How much is done at a time never changes a result: a statement with one of these is left alone.
MEMORY = {"memory", "_BLOCK", "_CHUNK", "_MEMORY", "chunk"}
# How a picture is laid out is looked at: widths, sizes, transparency, the limits of its axes.
LAYOUT = {
    *("linewidth", "linewidths", "lw", "elinewidth", "markersize", "ms", "capsize", "alpha"),
    *("size", "width", "fraction", "pad", "color", "bbox_to_anchor"),
}
LIMITS = {"set_xlim", "set_ylim", "set_yticks", "set_zorder"}
Change = tuple[ast.AST, str, object, object, str]  # node, field, old, new, in words


def _swapped(node: ast.AST, table: dict) -> type | None:
    return table.get(type(node))


def _constant(node: ast.Constant, axis: bool) -> object:
    value = node.value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return {0: 1, 1: 0, -1: -2}.get(value, value - 1) if axis else value + 1
    if isinstance(value, float) and abs(value) > 1e-6:
        return 2 * value
    return value


def _of_node(node: ast.AST, axes: set[int]) -> Iterator[Change]:
    if isinstance(node, ast.BinOp | ast.AugAssign):
        new = _swapped(node.op, OPERATORS)
        if new:
            yield node, "op", node.op, new(), f"{type(node.op).__name__} → {new.__name__}"
        elif isinstance(node.op, ast.MatMult) and isinstance(node, ast.BinOp):
            yield node, "right", node.right, node.left, "a @ b → a @ a"
    elif isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            new = COMPARISONS[type(op)]
            ops = [*node.ops[:k], new(), *node.ops[k + 1 :]]
            yield node, "ops", node.ops, ops, f"{type(op).__name__} → {new.__name__}"
    elif isinstance(node, ast.BoolOp):
        new = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield node, "op", node.op, new(), f"{type(node.op).__name__} → {new.__name__}"
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub | ast.Not | ast.Invert):
            yield node, "op", node.op, None, f"{type(node.op).__name__} dropped"
    elif isinstance(node, ast.Constant):
        new = _constant(node, id(node) in axes)
        if new is not node.value:
            yield node, "value", node.value, new, f"{node.value!r} → {new!r}"
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield node, "attr", node.attr, NAMES[node.attr], f".{node.attr} → .{NAMES[node.attr]}"
    elif isinstance(node, ast.Name) and node.id in {"min", "max", "any", "all"}:
        yield node, "id", node.id, NAMES[node.id], f"{node.id} → {NAMES[node.id]}"
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in DROPPED:
        yield node, "func", node.func, None, f"{ast.unparse(node.func)}() dropped"


def _walk(node: ast.AST, inside: bool, axes: set[int]) -> Iterator[Change]:
    """All changes below ``node``, in the bodies of functions only."""
    if isinstance(node, SKIPPED):
        return
    if isinstance(node, ast.Assign) and MEMORY & {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name)
    }:
        return
    if isinstance(node, ast.FunctionDef):
        for statement in node.body:
            yield from _walk(statement, True, axes)
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.AnnAssign):
        if node.value is not None:
            yield from _walk(node.value, inside, axes)
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return
    if isinstance(node, ast.keyword) and node.arg == "axis":
        axes.update(id(part) for part in ast.walk(node.value))
        if isinstance(node.value, ast.UnaryOp) and isinstance(node.value.operand, ast.Constant):
            yield node, "value", node.value, ast.Constant(0), "axis=-k → axis=0"
            return
    if inside:
        if isinstance(node, ast.Attribute) and node.attr in {"T", "mT"}:
            yield node, "", None, None, ".T dropped"
        yield from _of_node(node, axes)
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, inside, axes)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return self.new
        return self.generic_visit(node)


def _applied(tree: ast.Module, change: Change) -> ast.Module:
    """Return a fresh tree with the change (the tree that was handed in is used up)."""
    node, field, _, new, words = change
    if words.endswith("dropped"):
        if isinstance(node, ast.UnaryOp):
            kept = node.operand
        elif isinstance(node, ast.Call):
            kept = node.func.value  # type: ignore[attr-defined]
            if node.args and ast.unparse(kept) in {"np", "math", "qml.math", "np.linalg"}:
                kept = node.args[0]
        else:
            kept = node.value  # type: ignore[attr-defined]
        tree = _Replace(node, kept).visit(tree)
    else:
        setattr(node, field, new)
    return ast.fix_missing_locations(tree)


def changes_of(source: str) -> list[Change]:
    """List the changes of one module, always in the same order."""
    return list(_walk(ast.parse(source), False, set()))


def of_formula(change: Change, axes: set[int]) -> bool:
    """Whether a sign, a factor or an axis is changed: what formulas are made of."""
    node, field, _, _, words = change
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return field == "op" and words.split()[0] in {"Add", "Sub", "Mult", "Div", "Pow"}
    if isinstance(node, ast.Constant):
        return id(node) in axes or isinstance(node.value, float)
    return words in {"USub dropped", ".T dropped", "axis=-k → axis=0"} or words.startswith("axis")


def _of_layout(tree: ast.Module) -> set[int]:
    """The nodes that only say how a picture is laid out."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in LAYOUT:
            found.append(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in LIMITS:
            found.append(node)
        elif isinstance(node, ast.Dict):
            keys = [getattr(key, "value", "") for key in node.keys]
            pairs = zip(keys, node.values, strict=True)
            found += [value for key, value in pairs if key in LAYOUT]
    return {id(part) for node in found for part in ast.walk(node)}


def formulas_of(source: str, picture: bool = False) -> list[int]:
    """Number the changes of one module that are of signs, factors and axes.

    Args:
        source: of the module.
        picture: whether it draws; then numbers of its layout are left out.
    """
    axes: set[int] = set()
    tree = ast.parse(source)
    changes = list(_walk(tree, False, axes))
    left = _of_layout(tree) if picture else set()
    return [k for k, c in enumerate(changes) if of_formula(c, axes) and id(c[0]) not in left]


def mutated(source: str, which: int) -> tuple[ast.Module, int, str]:
    """Return the tree with change number ``which``, its line, and what it is."""
    tree = ast.parse(source)
    change = list(_walk(tree, False, set()))[which]
    line = getattr(change[0], "lineno", 0)
    return _applied(tree, change), line, change[4]


def equivalents() -> list[dict]:
    """Read the mutants that were judged to change no result: file, line, change, why, and which.

    ``line`` is the line of code without indentation, ``change`` the change in words; ``which``
    chooses among equal changes of one line (from 1 on), all of them where it is absent.
    """
    return tomllib.loads(EQUIVALENT.read_text()).get("mutant", [])


def judged_of(path: Path, source: str) -> dict[int, dict]:
    """Number the changes of one module that were judged, with what was said of them."""
    lines = source.splitlines()
    mine = [entry for entry in equivalents() if ROOT / entry["file"] == path]
    found: dict[int, dict] = {}
    seen: Counter[tuple[int, str]] = Counter()
    for k, (node, *_, words) in enumerate(changes_of(source)):
        at = getattr(node, "lineno", 0)
        seen[at, words] += 1
        for entry in mine:
            same = entry["line"] == lines[at - 1].strip() and entry["change"] == words
            if same and entry.get("which", seen[at, words]) == seen[at, words]:
                found[k] = entry
    return found


# --- running the tests on a change ---------------------------------------------------------------


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """All functions of a module that are no function's inner ones."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            if constant.co_flags & 0x2:  # CO_NEWLOCALS: a function
                yield constant
            else:  # the body of a class
                yield from _codes(constant)


def loaded_functions() -> dict[tuple[str, str, int], list[types.FunctionType]]:
    """Find every function of the package that is loaded, by file, name and line."""
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = defaultdict(list)
    inside = str(ROOT / PACKAGE)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__code__.co_filename.startswith(inside):
            code = thing.__code__
            found[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
    return found


class Server:
    """Collect once; for each mutant fork, change the loaded functions, run the tests concerned."""

    def __init__(self, options: argparse.Namespace, files: list[Path]) -> None:
        self.options, self.files = options, files
        self.tests, self.shared, _ = read_map()
        self.kills: Counter[str] = Counter()
        self.sound: dict[str, bool] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self.functions = loaded_functions()
        self.by_line: dict[tuple[str, int], list[str]] = defaultdict(list)
        for name, item in self.items.items():
            duration, lines = self.tests.get(name, (1.0, set()))
            if duration < self.options.longest:
                for line in lines | self.shared.get(os.path.relpath(item.path, ROOT), set()):
                    self.by_line[line].append(name)
        for module in SLOW_TO_IMPORT:  # so that not every child does it
            importlib.import_module(module)
        gc.freeze()
        for path in self.files:
            self.file(path)
        return True

    def file(self, path: Path) -> None:
        source = path.read_text()
        picture = path.parent.name == "plots" or path.stem == "picture"
        every = range(len(changes_of(source)))
        chosen = formulas_of(source, picture) if self.options.formulas else every
        judged = judged_of(path, source)
        tally: Counter[str] = Counter()
        tally["equivalent"] = len(judged.keys() & set(chosen))
        chosen = [which for which in chosen if which not in judged]
        count = len(chosen)
        if self.options.sample and count > self.options.sample:
            draw = random.Random(f"{self.options.seed} {path.name}")
            chosen = sorted(draw.sample(chosen, self.options.sample))
        if self.options.only:
            chosen = self.options.only
        if self.options.again:
            chosen = [which for which in chosen if which in self.options.again[path]]
        self.kills = Counter()
        start = time.perf_counter()
        for which in chosen:
            outcome, line, words = self.mutant(path, source, which)
            tally[outcome] += 1
            if outcome in ("survived", "no test"):
                text = source.splitlines()[line - 1].strip()
                self.say(
                    f"  {path.relative_to(ROOT)}:{line} #{which} {outcome}: {words}   | {text}"
                )
        numbers = ", ".join(f"{name} {number}" for name, number in sorted(tally.items()) if number)
        spent = time.perf_counter() - start
        self.say(f"{path.relative_to(ROOT)}: {len(chosen)} of {count}: {numbers} ({spent:.0f} s)")

    def say(self, text: str) -> None:
        os.write(self.options.out, (text + "\n").encode())

    def mutant(self, path: Path, source: str, which: int) -> tuple[str, int, str]:
        tree, line, words = mutated(source, which)
        span = range(line, 1 + self._last(source, line))
        where = str(path.relative_to(ROOT))
        names = {name for k in span for name in self.by_line.get((where, k), ())}
        if not names:
            return "no test", line, words
        room = f"tests/{path.parent.name}/"
        names = sorted(names, key=lambda n: (-self.kills[n], room not in n, self.breadth(n)))
        try:
            code = compile(tree, str(path), "exec")
        except (SyntaxError, ValueError):
            return "not code", line, words
        old = compile(source, str(path), "exec")
        while True:
            names = [name for name in names if self.sound.get(name, True)]
            outcome, by = self._in_child(names, lambda: self._put(code, old))
            if outcome not in ("killed", "timeout") or self._is_sound(by, names):
                return outcome, line, words

    def _is_sound(self, name: str, names: list[str]) -> bool:
        """Whether a test that caught something passes in a child where nothing is changed."""
        if name not in self.sound:
            before = names[: names.index(name) + 1]
            self.sound[name] = self._in_child(before, lambda: None)[0] == "survived"
            if not self.sound[name]:
                self.say(f"  left out, fails without any change: {name}")
        return self.sound[name]

    @staticmethod
    def _last(source: str, line: int) -> int:
        """The end of the smallest statement that has the line."""
        last, size = line, 10**9
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
                length = (node.end_lineno or 0) - node.lineno
                if length < size:
                    last, size = node.end_lineno or line, length
        return last if size < 12 else line

    def _put(self, new: types.CodeType, old: types.CodeType) -> None:
        for now, before in zip(_codes(new), _codes(old), strict=True):
            if now != before:
                key = before.co_filename, before.co_qualname, before.co_firstlineno
                if not self.functions[key]:
                    os._exit(3)
                for function in self.functions[key]:
                    function.__code__ = now

    def breadth(self, name: str) -> int:
        """Lines that a test runs: those of a few are about them."""
        return len(self.tests.get(name, (1.0, ()))[1])

    def duration(self, name: str) -> float:
        return self.tests.get(name, (1.0,))[0]

    def _in_child(self, names: list[str], change: Callable[[], None]) -> tuple[str, str]:
        """Run the tests in a child; what came of it, and the last test that it began."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            self._child(names, change, writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            last = pipe.read().split("\n")[-1]
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            late = os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGVTALRM)
            return "timeout" if late else "killed", last
        code = os.WEXITSTATUS(status)
        if code == 1:
            self.kills[last] += 1
        return {0: "survived", 1: "killed", 3: "not loaded"}.get(code, "killed"), last

    def _child(self, names: list[str], change: Callable[[], None], writer: int) -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nothing, stream)
        try:
            change()
        except Exception:
            os._exit(3)
        spent = 0.0
        for k, name in enumerate(names):
            duration = self.duration(name)
            spent += duration
            if k and spent > self.options.budget:
                break
            os.write(writer, f"\n{name}".encode())
            # of the processor, which other programs do not change; and of the clock, if it sleeps
            signal.setitimer(signal.ITIMER_VIRTUAL, 4 + 5 * duration)
            signal.alarm(int(60 + 30 * duration))
            following = self.items[names[k + 1]] if k + 1 < len(names) else None
            reports = runtestprotocol(self.items[name], log=False, nextitem=following)
            if any(report.failed for report in reports):
                os._exit(1)
        os._exit(0)


def survivors_of(output: str) -> dict[Path, set[int]]:
    """Numbers of the mutants that survived in an earlier run, by file; the files are unchanged."""
    found: dict[Path, set[int]] = defaultdict(set)
    for line in Path(output).read_text().splitlines():
        if hit := re.match(r"  (\S+):\d+ #(\d+) (?:survived|no test):", line):
            found[ROOT / hit[1]].add(int(hit[2]))
    return found


def run(arguments: list[str]) -> int:
    """Make the mutants of the files named, and run the tests on each."""
    parser = argparse.ArgumentParser(prog="mutants.py run")
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--sample", type=int, default=0, help="mutants per file; 0 takes all")
    parser.add_argument("--formulas", action="store_true", help="only signs, factors and axes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds of tests per mutant")
    parser.add_argument("--longest", type=float, default=10.0, help="leave out longer tests")
    parser.add_argument("--only", nargs="*", type=int, help="numbers of mutants, of one file")
    parser.add_argument("--again", type=survivors_of, help="output of a run: what survived in it")
    parser.add_argument("--tests", nargs="*", default=["tests"])
    options = parser.parse_args(arguments)
    files = [] if options.paths else sorted(options.again or ())
    for path in options.paths:
        found = sorted(path.glob("*.py")) if path.is_dir() else [path]
        files += [file.resolve() for file in found if file.name != "__init__.py"]
    options.out = os.dup(1)
    plugins = [Server(options, files)]
    # tracebacks as pytest writes them take longer than most tests
    quiet = ["-q", "--tb=native", "-p", "no:cacheprovider", "-p", "no:xdist", "-s", "--no-header"]
    return int(pytest.main([*quiet, *options.tests], plugins=plugins))


if __name__ == "__main__":
    os.chdir(ROOT)
    step = {"map": map_lines, "run": run}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if step is None:
        raise SystemExit(__doc__)
    raise SystemExit(step(sys.argv[2:]))
