"""A QNode and its arguments from a user's files; every failure says what to do about it."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pennylane as qml

__all__ = ["CommandError", "bind", "find_qnode", "load_module", "read_arguments", "user_code"]


class CommandError(ValueError):
    """The command cannot do what was asked; the message is all that is shown."""


@contextlib.contextmanager
def user_code(what: str) -> Iterator[None]:
    """Run a user's code: what it prints goes to stderr, what it raises becomes one line."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except CommandError:
        raise
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split())
        raise CommandError(
            f"{what} raised {type(error).__name__}: {text or 'no message'}. Correct it, or add "
            "--traceback to see where."
        ) from error


@contextlib.contextmanager
def load_module(target: str) -> Iterator[tuple[ModuleType, str]]:
    """Execute ``FILE.py`` of ``FILE.py:qnode``; its folder can be imported from meanwhile.

    Args:
        target: path and name.

    Yields:
        The module, and the name.

    Raises:
        CommandError: the target has another form, or the file is missing or fails.
    """
    file, separator, name = target.rpartition(":")
    if not separator or not name.isidentifier() or not file:
        raise CommandError(
            "analyze needs FILE.py:qnode, a file and the name of a QNode in it, but got "
            f"{target!r}. Write for example model.py:circuit."
        )
    path = Path(file).resolve()
    if not path.is_file():
        raise CommandError(
            f"There is no file {file!r} (looked for {path}). Check the path before the colon."
        )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CommandError(
            f"analyze needs a Python file, but got {file!r}. Its name must end in .py."
        )
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path), sys.modules.get(path.stem)
    sys.path.insert(0, str(path.parent))
    sys.modules[path.stem] = module  # dataclasses and pickles look their module up
    try:
        with user_code(file):
            spec.loader.exec_module(module)
        yield module, name
    finally:
        sys.path[:] = before[0]
        sys.modules.pop(path.stem, None)
        if before[1] is not None:
            sys.modules[path.stem] = before[1]


def find_qnode(module: ModuleType, name: str):
    """The QNode of a module.

    Raises:
        CommandError: there is none of that name.
    """
    found = getattr(module, name, None)
    if isinstance(found, qml.QNode):
        return found
    names = [key for key, value in vars(module).items() if isinstance(value, qml.QNode)]
    there = f"QNodes there: {', '.join(names)}." if names else "There is no QNode at the top level."
    if found is None:
        raise CommandError(f"{module.__file__} has no {name!r}. {there}")
    hint = " Decorate it with @qml.qnode(device)." if callable(found) else ""
    raise CommandError(
        f"{name!r} in {module.__file__} is a {type(found).__name__}, not a QNode.{hint} {there}"
    )


def read_arguments(
    module: ModuleType, file: str | None, function: str | None
) -> tuple[tuple, dict[str, Any]]:
    """Arguments of the QNode from a JSON or ``.npz`` file, or from a function of the module.

    Args:
        module: the user's module.
        file: path of the file, or ``None``.
        function: name of the function, or ``None``.

    Returns:
        Positional and keyword arguments; none without file and function.
    """
    given: dict | list | tuple = ()
    if file is not None:
        given = _from_npz(file) if file.endswith(".npz") else _from_json(file)
    elif function is not None:
        given = _from_function(module, function)
    return ((), given) if isinstance(given, dict) else (tuple(given), {})


def bind(qnode, args: tuple, kwargs: dict, source: str | None) -> tuple[tuple, dict]:
    """Arguments as the signature has them, so that a name counts the same as its position.

    Raises:
        CommandError: they do not fit the signature.
    """
    signature = inspect.signature(qnode.func)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        given = f"{source} gives" if source else "no arguments were given, that is"
        names = [f"{len(args)} by position"] if args else sorted(kwargs) or ["none"]
        raise CommandError(
            f"{qnode.func.__name__}{signature} needs other arguments ({error}): {given} "
            f"{', '.join(names)}. Give them with --args FILE.json, --args FILE.npz or "
            "--args-from NAME."
        ) from error
    return bound.args, bound.kwargs


def _from_json(file: str) -> dict | list:
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"--args {file}: {error.strerror}. Check the path.") from error
    except ValueError as error:
        raise CommandError(
            f"--args {file} is no JSON ({error}). Write an object of names, such as "
            '{"x": 0.5, "weights": [[0.1, 0.2]]}, or a list of positional arguments.'
        ) from error
    if isinstance(content, dict):
        return {name: _numbers(name, value) for name, value in content.items()}
    if isinstance(content, list):
        return [_numbers(f"argument {k}", value) for k, value in enumerate(content)]
    raise CommandError(
        f"--args {file} needs an object of names or a list of positional arguments, but holds a "
        f"{type(content).__name__}."
    )


def _numbers(name: str, value):
    """Lists become float arrays; objects are kept with arrays inside; the rest stays as it is."""
    if isinstance(value, dict):
        return {key: _numbers(f"{name}.{key}", entry) for key, entry in value.items()}
    if not isinstance(value, list):
        return value
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise CommandError(
            f"{name} needs numbers in nested lists of equal lengths, but numpy says: {error} "
            "Build such arguments in Python and use --args-from NAME."
        ) from error


def _from_npz(file: str) -> dict | list:
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except OSError as error:
        raise CommandError(f"--args {file}: {error.strerror or error}. Check the path.") from error
    except Exception as error:
        raise CommandError(
            f"--args {file} is no archive of plain arrays ({error}). Write it with "
            "numpy.savez(file, x=…, weights=…)."
        ) from error
    if all(name == f"arr_{k}" for k, name in enumerate(arrays)):
        return list(arrays.values())
    return arrays


def _from_function(module: ModuleType, name: str) -> dict | list | tuple:
    function = getattr(module, name, None)
    if not callable(function):
        there = "has no such name" if function is None else f"holds a {type(function).__name__}"
        raise CommandError(
            f"--args-from {name} needs a function without arguments in {module.__file__}, which "
            f"{there}. Define def {name}(): return x, weights."
        )
    with user_code(f"{name}()"):
        given = function()
    if not isinstance(given, tuple | list | dict):
        raise CommandError(
            f"--args-from {name} needs a tuple (positional) or a dict (by name) of arguments, but "
            f"got a {type(given).__name__}. Return (x, weights) or a dict; for one argument (x,)."
        )
    return given
