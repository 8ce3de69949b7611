"""Every example in README, pages and docstrings runs, and prints what it says it prints."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import io
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pennylane as qml
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pennylane_trainability"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# ```python no-run <label>``` is shown but not executed. Page and label → reason.
NOT_RUN: dict[tuple[str, str], str] = {
    ("docs/fitting.md", "dask"): "needs Dask, which is no dependency",
    ("docs/devices.md", "hardware"): "needs an account with a hardware provider",
    ("docs/hardware_runs.md", "account"): "needs an account with a hardware provider",
    ("docs/qfim_on_hardware.md", "hardware"): "needs an account with a hardware provider",
}

NEEDS_INTERFACES = re.compile(r"^\s*(?:>>> |\.\.\. )?(?:import|from) (?:jax|torch)\b", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    options: tuple[str, ...]
    source: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page in order; ``line`` is that of the first line of code."""
    text = page.read_text(encoding="utf-8")
    found, opened = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        fence = re.match(r"\s*(`{3,})(.*)$", line)
        if opened is None and fence:
            opened, info, lines = fence[1], fence[2].split(), []
        elif opened is not None and line.strip() == opened:
            source = textwrap.dedent("\n".join(lines)) + "\n"
            language, *options = info or [""]
            found.append(Block(language, tuple(options), source, number - len(lines)))
            opened = None
        elif opened is not None:
            lines.append(line)
    assert opened is None, "a fence is opened and never closed"
    return found


def run_source(source: str, filename: str, line: int, namespace: dict) -> str:
    """Run a block so that a traceback points to its place in the page; return what it printed."""
    code = compile("\n" * (line - 1) + source, filename, "exec", dont_inherit=True)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    return printed.getvalue()


def run_doctests(source: str, name: str, filename: str, line: int, namespace: dict) -> None:
    """Run the ``>>>`` examples of a text."""
    examples = doctest.DocTestParser().get_examples(source, name)
    test = doctest.DocTest(examples, namespace, name, filename, line - 1, source)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    report = io.StringIO()
    runner.run(test, out=report.write, clear_globs=False)
    namespace.update(test.globs)
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()


def check_output(want: str, got: str, where: str) -> None:
    """Compare what a block printed with the ``text output`` block below it."""
    if not doctest.OutputChecker().check_output(want, got, FLAGS):
        pytest.fail(f"{where}\n--- the page says\n{want}--- the code prints\n{got}", pytrace=False)


def pages() -> list[Path]:
    """The README and the pages that have examples."""
    docs = ROOT / "docs"
    found = [ROOT / "README.md", *sorted(docs.glob("*.md")), *sorted(docs.glob("tutorials/*.md"))]
    return [page for page in found if any(b.language == "python" for b in blocks_of(page))]


def run_page(page: Path, *, interfaces: bool) -> None:
    """Run the blocks of a page in one namespace; those that import JAX or Torch only on demand."""
    where = page.relative_to(ROOT).as_posix()
    namespace: dict = {"__name__": f"example_{page.stem}"}
    printed = None
    for block in blocks_of(page):
        if block.language == "text" and "output" in block.options and printed is not None:
            check_output(block.source, printed, f"{where}:{block.line}")
        if block.language != "python" or "no-run" in block.options:
            continue
        printed = None
        if NEEDS_INTERFACES.search(block.source) and not interfaces:
            continue
        if block.source.lstrip().startswith(">>>"):
            run_doctests(block.source, where, str(page), block.line, namespace)
        else:
            printed = run_source(block.source, str(page), block.line, namespace)


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Examples run in an empty folder, draw nothing on a screen and leave no figure open."""
    monkeypatch.chdir(tmp_path)
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.mark.parametrize("page", pages(), ids=page_id)
def test_page(page):
    run_page(page, interfaces=False)


@pytest.mark.interfaces
@pytest.mark.parametrize(
    "page",
    [p for p in pages() if any(NEEDS_INTERFACES.search(b.source) for b in blocks_of(p))],
    ids=page_id,
)
def test_page_with_interfaces(page):
    run_page(page, interfaces=True)


def test_blocks_that_do_not_run_are_listed():
    marked = {
        (page_id(page), " ".join(o for o in block.options if o != "no-run"))
        for page in pages()
        for block in blocks_of(page)
        if "no-run" in block.options
    }
    assert marked == set(NOT_RUN)


# ----------------------------------------------------------------------------- pictures


def test_pictures_of_tutorials_are_saved_by_their_code():
    """A picture is shown under the name the page gives it, and every one of them is there."""
    for page in sorted((ROOT / "docs" / "tutorials").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        shown = set(re.findall(r"\(\.\./_static/tutorials/([\w.]+)\)", text))
        saved = set(re.findall(r"savefig\(\"([\w.]+)\"", text))
        if page.stem != "index":
            assert shown == saved, page.name
        assert all((ROOT / "docs/_static/tutorials" / name).is_file() for name in shown), page.name


# ----------------------------------------------------------------------------- docstrings


@dataclass(frozen=True)
class Docstring:
    """A public docstring of the source, found without importing it."""

    name: str
    text: str
    line: int


def public_docstrings(path: Path) -> list[Docstring]:
    """Docstrings of a module and of its public classes, functions and methods.

    Read from the source: a transform is an object whose ``__module__`` PennyLane rewrites, which
    ``doctest.DocTestFinder`` does not find.
    """
    found = []

    def visit(node, name):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and (text := ast.get_docstring(node, clean=True)):
            found.append(Docstring(name, text, node.body[0].lineno))
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in node.body:
                if not getattr(child, "name", "_").startswith("_"):
                    visit(child, f"{name}.{child.name}")

    visit(ast.parse(path.read_text(encoding="utf-8")), path.stem)
    return found


def code_blocks(text: str) -> list[tuple[int, str]]:
    """``(line, source)`` of the ``.. code-block:: python`` directives that hold plain code."""
    found, lines = [], text.splitlines()
    for start, line in enumerate(lines):
        directive = re.match(r"(\s*)\.\. code-block:: (?:python|py|python3)\s*$", line)
        if not directive:
            continue
        stop = start + 1
        while stop < len(lines):
            indent = len(lines[stop]) - len(lines[stop].lstrip())
            if lines[stop].strip() and indent <= len(directive[1]):
                break
            stop += 1
        body = [s for s in lines[start + 1 : stop] if not re.match(r"\s+:[\w-]+:", s)]
        source = textwrap.dedent("\n".join(body)).strip("\n") + "\n"
        if not source.lstrip().startswith(">>>"):
            found.append((start, source))
    return found


def run_docstring(doc: Docstring, path: Path, namespace: dict) -> None:
    """Run code blocks and ``>>>`` examples of one docstring in the order they stand."""
    plain = [(line, "code", source) for line, source in code_blocks(doc.text)]
    prompts = [
        (example.lineno, "prompt", example)
        for example in doctest.DocTestParser().get_examples(doc.text, doc.name)
    ]
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    report = io.StringIO()
    for line, kind, what in sorted(plain + prompts, key=lambda entry: entry[0]):
        if kind == "code":
            run_source(what, str(path), doc.line + line + 1, namespace)
            continue
        what.lineno = line
        test = doctest.DocTest([what], namespace, doc.name, str(path), doc.line - 1, doc.text)
        test.globs = namespace
        runner.run(test, out=report.write, clear_globs=False)
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()


def has_example(doc: Docstring) -> bool:
    return ">>> " in doc.text or bool(code_blocks(doc.text))


def modules(*, interfaces: bool) -> list[Path]:
    """Source files with at least one example that does, or does not, need JAX or Torch."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if any(
            has_example(doc) and bool(NEEDS_INTERFACES.search(doc.text)) is interfaces
            for doc in public_docstrings(path)
        )
    ]


def run_module(path: Path, *, interfaces: bool) -> None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    module = importlib.import_module(name)
    package = importlib.import_module("pennylane_trainability")
    for doc in public_docstrings(path):
        if has_example(doc) and bool(NEEDS_INTERFACES.search(doc.text)) is interfaces:
            namespace = {"qml": qml, "np": np, "pt": package, **vars(module)}
            run_docstring(doc, path, namespace)


def module_id(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


@pytest.mark.parametrize("path", modules(interfaces=False), ids=module_id)
def test_docstrings(path):
    run_module(path, interfaces=False)


@pytest.mark.interfaces
@pytest.mark.parametrize("path", modules(interfaces=True), ids=module_id)
def test_docstrings_with_interfaces(path):
    run_module(path, interfaces=True)


# ----------------------------------------------------------------------------- the two shell blocks


def test_readme_has_one_block_to_run_and_one_to_test():
    shell = [b.source for b in blocks_of(ROOT / "README.md") if b.language == "bash"]
    runs = [s for s in shell if "python -m pennylane_trainability\n" in s]
    tests = [s for s in shell if "pytest" in s]
    assert len(runs) == 1
    assert "pytest" not in runs[0]
    assert tests[0].splitlines()[-1] == "python -m pytest -n 2"


# ----------------------------------------------------------------------------- the runner itself


PAGE = """
# Page
```python
x = 2
print(x + 1)
```
```text output
{printed}
```
Words.

  ```python
  >>> x
  {shown}
  ```
```bash
exit 1
```
"""


@pytest.mark.parametrize(
    ("printed", "shown", "passes"),
    [
        pytest.param("3", "2", True, id="as-shown"),
        pytest.param("4", "2", False, id="wrong-output-block"),
        pytest.param("3", "1", False, id="wrong-prompt"),
    ],
)
def test_runner_compares_outputs(tmp_path, monkeypatch, printed, shown, passes):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(printed=printed, shown=shown))
    if passes:
        run_page(page, interfaces=False)
    else:
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            run_page(page, interfaces=False)


def test_runner_points_to_the_line_of_the_page(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("text\n\n```python\na = 1\nraise KeyError\n```\n")
    with pytest.raises(KeyError) as caught:
        run_page(page, interfaces=False)
    assert caught.traceback[-1].lineno + 1 == 5


SOURCE = '''
"""Module."""

def public():
    """Say.

    .. code-block:: python

        y = 3

    >>> y + 1
    {answer}
    """

def _private():
    """>>> 1 / 0"""
'''


@pytest.mark.parametrize(("answer", "passes"), [(4, True), (5, False)])
def test_runner_reads_docstrings(tmp_path, answer, passes):
    path = tmp_path / "module.py"
    path.write_text(SOURCE.format(answer=answer))
    docs = [doc for doc in public_docstrings(path) if has_example(doc)]
    assert [doc.name for doc in docs] == ["module.public"]
    if passes:
        run_docstring(docs[0], path, {})
    else:
        with pytest.raises(AssertionError, match="Expected"):
            run_docstring(docs[0], path, {})
