"""One page of a result: everything in it, nothing loaded, nothing that could run."""

from __future__ import annotations

import base64
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pennylane as qml
import pytest

import pennylane_trainability as pt
from pennylane_trainability.results import Claim, Finding, Result, Severity, record

#: Elements without an end.
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that elements nest, and collects what is shown."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)
        assert self.open == [], "elements are left open"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


@record
class Nested(Result):
    number: float = 1.0

    def heading(self) -> str:
        return "a <nested> & 'quoted' part"


@record
class Outer(Result):
    inner: Nested
    text: str

    def rows(self):
        finding = Finding(
            code="c", title="5 < 6 <script>", claim=Claim.THEOREM, advice="do & do",
            evidence=(("count", 3.0),), source="somewhere", severity=Severity.FAULT,
        )  # fmt: skip
        return [("text", self.text), ("finding", finding)]

    def sections(self):
        return (self.inner,)


def report(**options):
    @qml.qnode(qml.device("default.qubit"))
    def model(x, weights):
        pt.DataReuploading(x, weights, wires=[0, 1])
        return qml.expval(qml.Z(0))

    weights = np.zeros(pt.DataReuploading.shape(n_layers=2, n_wires=2))
    return pt.analyze(model, "x", seed=1, n_draws=5, **options)(0.0, weights)


def test_text_is_escaped_and_complete():
    page = Page(Outer(inner=Nested(), text="first\nsecond <b>").to_html(pictures=False))
    assert "script" not in {tag for tag, _ in page.tags}
    for words in ("5 < 6 <script>", "do & do", "FAULT", "count: 3", "second <b>", "somewhere"):
        assert words in page.text
    headings = [tag for tag, _ in page.tags if tag in ("h1", "h2")]
    assert headings == ["h1", "h2"] and "a <nested> & 'quoted' part" in page.text


def test_the_report_of_a_qnode_is_one_file_with_its_pictures(tmp_path):
    found = report(include=("entangling_capability",))
    text = found.to_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text
    page = Page(text)
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 2, "the report and what it includes"
    for image in images:
        kind, data = image["src"].split(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
        assert image["alt"]
    for finding in found.findings:
        assert finding.title in page.text and finding.advice in page.text
    for label, _ in found.rows():
        assert label in page.text or label == "finding"


def test_nothing_is_loaded_and_nothing_runs():
    text = report().to_html()
    assert not re.search(
        r"https?://[^\"]*\.(?:js|css)|<script|<link|@import|url\(|javascript:", text
    )
    sources = [a.get("src", "") + a.get("href", "") for _, a in Page(text).tags]
    assert all(source.startswith("data:") for source in sources if source)


def test_a_result_without_a_picture_is_a_page_without_one():
    found = report().space.groups[0] if report().space.groups else Nested()
    assert not [tag for tag, _ in Page(found.to_html()).tags if tag == "img"]


def test_no_figure_stays_open():
    plt = pytest.importorskip("matplotlib.pyplot")
    before = plt.get_fignums()
    report().to_html()
    assert plt.get_fignums() == before


def test_without_matplotlib_it_says_what_to_do(monkeypatch):
    found = report()
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="plot"):
        found.to_html()
    assert Page(found.to_html(pictures=False)).text


def test_a_training_on_a_page():
    @qml.qnode(qml.device("default.qubit"))
    def loss(weights):
        qml.RX(weights[0], 0)
        qml.RY(weights[1], 0)
        return qml.expval(qml.Z(0))

    watched = pt.monitor(loss, every=1)
    for k in range(3):
        watched.monitor(np.array([0.3, 0.2 * k]))
    found = watched.monitor.record()
    assert [tag for tag, _ in Page(found.to_html()).tags].count("img") == 1
    axes = found.plot().figure.axes
    assert [ax.get_xlabel() for ax in axes] == ["step"] * 3
    drawn = {line.get_label(): line.get_ydata() for line in axes[2].get_lines()}
    assert np.allclose(drawn["all together"], found.gradient_norms)
    assert np.allclose(axes[1].get_lines()[-1].get_ydata(), found.ranks)
