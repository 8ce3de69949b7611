"""The report of a QNode in a user's file."""

from __future__ import annotations

import re
from argparse import Namespace

import pennylane as qml

from pennylane_trainability.commands.source import (
    CommandError,
    bind,
    find_qnode,
    load_module,
    read_arguments,
    user_code,
)
from pennylane_trainability.results import Severity

__all__ = ["analyze_file", "has_faults"]

# What the library calls an option, and what the command line calls it.
_OPTIONS = {
    "encoding_args": "--encoding NAME",
    "argnums": "--argnums NAME",
    "max_circuits": "--max-circuits N",
    "n_draws": "--draws N",
    "set_shots": "--shots N",
}


def analyze_file(options: Namespace):
    """Load, analyse, and report.

    Args:
        options: the options of ``analyze``, as parsed.

    Returns:
        The report.

    Raises:
        CommandError: something in files, arguments or options does not fit.
    """
    from pennylane_trainability.analysis import analyze

    with load_module(options.target) as (module, name):
        qnode = find_qnode(module, name)
        args, kwargs = read_arguments(module, options.args, options.args_from)
        args, kwargs = bind(qnode, args, kwargs, options.args or options.args_from)
        if options.shots is not None:
            qnode = qml.set_shots(qnode, shots=options.shots)
        run = analyze(
            qnode,
            encoding_args=_names(options.encoding),
            argnums=_names(options.argnums),
            n_draws=options.draws,
            seed=options.seed,
            gradient=options.gradient,
            max_circuits=options.max_circuits,
        )
        with user_code(name):
            try:
                return run(*args, **kwargs)
            except ValueError as error:  # the package's own errors say what to do
                raise CommandError(_in_options(str(error))) from error


def has_faults(report) -> bool:
    """Whether a report holds a finding of the gravest kind."""
    return any(finding.severity is Severity.FAULT for finding in report.findings)


def _names(given: list[str] | None):
    """Names or positions; one alone is not a list."""
    if not given:
        return None
    names = [int(name) if re.fullmatch(r"-?\d+", name) else name for name in given]
    return names[0] if len(names) == 1 else names


def _in_options(message: str) -> str:
    """A message of the library, with the options of the command line it speaks of."""
    used = [option for keyword, option in _OPTIONS.items() if keyword in message]
    message = " ".join(message.split())
    return f"{message} (On the command line: {', '.join(used)}.)" if used else message
