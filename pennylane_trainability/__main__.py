"""The command line: ``python -m pennylane_trainability [analyze FILE.py:qnode]``.

Exit codes: 0 done; 1 done, and the report holds a FAULT; 2 not done, with one line on stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from pennylane_trainability.commands.source import CommandError

__all__ = ["main"]

_PICTURE = "trainability.png"
_EXAMPLES = """\
examples:
  python -m pennylane_trainability
  python -m pennylane_trainability analyze model.py:circuit --args args.json --encoding x
  python -m pennylane_trainability analyze model.py:circuit --html report.html
  python -m pennylane_trainability analyze --help"""
_EPILOG = """\
exit codes: 0 analysed; 1 analysed, and a FAULT was found (0 with --exit-zero); 2 not analysed.
The file is executed: analyse only files that you trust."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after the command; ``None`` takes those of the process.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(argv)
    try:
        code = _analyze(options) if options.command == "analyze" else _built_in(options)
        sys.stdout.flush()
        return code
    except CommandError as error:
        if options.traceback:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has stopped, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2


def _versions() -> str:
    from pennylane_trainability.results import installed_versions

    packages = ("pennylane-trainability", "pennylane", "pennylane-lightning", "pennylane-qiskit")
    found = installed_versions(*packages, "numpy")
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _built_in(options: argparse.Namespace) -> int:
    from pennylane_trainability.commands.comparison import compare_shapes, report_of

    comparison = compare_shapes(seed=options.seed or 0)
    print(comparison)
    print(
        "\nOne shape in full, at its fitted parameters; its target are the twelve monthly means:\n"
    )
    print(report_of(comparison))
    if not options.no_picture:
        _draw_built_in(comparison, options.picture)
    return 0


def _draw_built_in(comparison, path: str | None) -> None:
    """A picture nobody asked for by name is left out where matplotlib is missing."""
    from pennylane_trainability.commands.picture import MissingMatplotlib, save_comparison

    try:
        save_comparison(comparison, path or _PICTURE)
    except MissingMatplotlib as error:
        if path:
            raise
        print(error, file=sys.stderr)
    else:
        print(f"picture: {path or _PICTURE}", file=sys.stderr)


def _analyze(options: argparse.Namespace) -> int:
    from pennylane_trainability.commands.analysis import analyze_file, has_faults

    report = analyze_file(options)
    if options.json:
        print(json.dumps(report.to_dict(), indent=2, allow_nan=False, ensure_ascii=False))
    else:
        print(report)
    if options.picture:
        from pennylane_trainability.commands.picture import save_report

        save_report(report, options.picture)
        print(f"picture: {options.picture}", file=sys.stderr)
    if options.html:
        from pennylane_trainability.commands.picture import save_page

        save_page(report, options.html)
        print(f"page: {options.html}", file=sys.stderr)
    return int(has_faults(report) and not options.exit_zero)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pennylane_trainability",
        description="Which parameters of a QNode can learn, which cannot, why, what to change.\n"
        "Without a command: a re-uploading model in four shapes on the airline passengers series.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_versions())
    _add_shared(parser, None, False)
    parser.add_argument("--no-picture", action="store_true", help="write no picture")
    commands = parser.add_subparsers(dest="command", metavar="analyze")
    _add_analyze(
        commands.add_parser(
            "analyze",
            help="the report of a QNode in a file",
            description="The report of a QNode in a file.",
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    return parser


def _add_shared(parser: argparse.ArgumentParser, default, off) -> None:
    """Options that may stand before or behind the command."""
    add = parser.add_argument
    add("--seed", type=_natural, metavar="N", default=default, help="seed of all draws")
    add(
        "--picture",
        metavar="PATH",
        default=default,
        help=f"file of the picture (without a command: {_PICTURE})",
    )
    add("--traceback", action="store_true", default=off, help="show where an error arose")


def _add_analyze(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("target", metavar="FILE.py:qnode", help="a Python file and the name of a QNode in it")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--args",
        metavar="FILE",
        help="arguments of the QNode: JSON, an object (by name) or a list (by position), or .npz; "
        "lists of numbers become float arrays, 1 alone is an integer constant, 1.0 is a number",
    )
    source.add_argument(
        "--args-from", metavar="NAME", help="a function in FILE.py that returns a tuple or a dict"
    )
    add(
        "--encoding", action="append", metavar="NAME", help="an input, name or position; repeatable"
    )
    add("--argnums", action="append", metavar="NAME", help="a trainable argument; repeatable")
    add("--draws", type=_natural, metavar="N", help="random parameter sets beside the values given")
    add("--shots", type=_positive, metavar="N", help="measure with this many shots per circuit")
    add(
        "--gradient",
        choices=("shift", "commuting", "dla", "hadamard", "auto"),
        default="shift",
        help="how derivatives are measured (default: shift)",
    )
    add("--max-circuits", type=_positive, metavar="N", help="refuse more circuits than this")
    add("--json", action="store_true", help="JSON on stdout, and nothing else there")
    add("--html", metavar="PATH", help="file of the report as one HTML page with its pictures")
    _add_shared(parser, argparse.SUPPRESS, argparse.SUPPRESS)
    add("--exit-zero", action="store_true", help="exit with 0 even if a FAULT was found")


def _natural(text: str) -> int:
    return _whole(text, 0)


def _positive(text: str) -> int:
    return _whole(text, 1)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"needs a whole number ≥ {least}, but got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
