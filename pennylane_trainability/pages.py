"""One self-contained page of a result: what is printed, and its pictures."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

from pennylane_trainability.plots import png
from pennylane_trainability.results import Finding, Result, describe

__all__ = ["page"]

# Colours of severity are those of the pictures, told apart with any kind of colour vision.
_STYLE = """
:root { color-scheme: light dark;
  --ink: #1c1c1c; --paper: #ffffff; --line: #d5d5d5; --soft: #5c5c5c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --paper: #16181c; --line: #3b3f46; --soft: #a9adb5; }
}
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.45rem; line-height: 1.3; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 500; color: var(--soft); width: 13rem; }
.finding { border-left: .35rem solid #999999; padding: .1rem 0 .1rem .9rem; margin: 1rem 0; }
.finding h3 { font-size: 1rem; margin: 0 0 .2rem; } .finding p { margin: .2rem 0; }
.finding .word { font-size: .75rem; letter-spacing: .05em; margin-right: .5em; }
.finding small { color: var(--soft); }
.fault { border-color: #D55E00; } .warning { border-color: #E69F00; }
.note { border-color: #0072B2; } .healthy { border-color: #009E73; }
figure { margin: 1.5rem 0; } img { max-width: 100%; background: #ffffff; border-radius: .3rem; }
@media print { body { margin: 0; max-width: none; } .finding, figure { break-inside: avoid; } }
"""


def page(result: Result, pictures: bool = True) -> str:
    """A whole HTML page; nothing in it is loaded from anywhere else.

    Args:
        result: what is shown; results that it includes follow as sections.
        pictures: draw results that have a picture; needs matplotlib.

    Raises:
        ImportError: pictures are asked for and matplotlib is missing.
    """
    sections = [_section(result, "h1", pictures)]
    sections += [_section(part, "h2", pictures) for part in result.sections()]
    head = escape(result.heading())
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{head}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def _section(result: Result, tag: str, pictures: bool) -> str:
    rows = list(result.rows())
    findings = [value for _, value in rows if isinstance(value, Finding)]
    numbers = [(label, value) for label, value in rows if not isinstance(value, Finding)]
    parts = [f"<section>\n<{tag}>{escape(result.heading())}</{tag}>"]
    parts += map(_finding, findings)
    if pictures:
        parts += _picture(result)
    parts.append(_table(numbers))
    return "\n".join([*parts, "</section>"])


def _finding(finding: Finding) -> str:
    evidence = "; ".join(f"{name}: {describe(value)}" for name, value in finding.evidence)
    name = finding.severity.name
    lines = [finding.advice, evidence and f"Evidence: {evidence}."]
    shown = "".join(f"<p>{_lines(line)}</p>" for line in lines if line)
    source = escape("; ".join(text for text in (finding.claim.value, finding.source) if text))
    return (
        f'<div class="finding {name.lower()}"><h3><span class="word">{name}</span>'
        f"{escape(finding.title)}</h3>{shown}<p><small>{source}</small></p></div>"
    )


def _table(rows: Iterable[tuple[str, object]]) -> str:
    body = "\n".join(
        f"<tr><th>{escape(label)}</th><td>{_lines(describe(value))}</td></tr>"
        for label, value in rows
    )
    return f"<table>\n{body}\n</table>"


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _picture(result: Result) -> list[str]:
    """The picture as an image inside the page; empty where there is none of this kind."""
    data = png(result)
    if data is None:
        return []
    text, image = escape(result.heading(), quote=True), base64.b64encode(data).decode()
    return [f'<figure><img alt="Picture: {text}" src="data:image/png;base64,{image}"></figure>']
