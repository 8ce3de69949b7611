"""Sphinx configuration: MyST pages, the Xanadu theme, the API from docstrings."""

import tomllib
from pathlib import Path

project = "pennylane-trainability"
author = "the pennylane-trainability developers"
copyright = f"2026, {author}"
with (Path(__file__).parents[1] / "pyproject.toml").open("rb") as _file:
    version = release = tomllib.load(_file)["project"]["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "xanadu_sphinx_theme",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "benchmarks"]
templates_path = ["_templates"]

myst_enable_extensions = ["amsmath", "attrs_inline", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "xanadu"
html_title = f"{project} {release}"
html_theme_options = {
    "navbar_name": project,
    "navbar_home_link": "index.html",
    "navbar_left_links": [
        {"name": "Quick start", "href": "quickstart.html"},
        {"name": "Tutorials", "href": "tutorials/index.html"},
        {"name": "Concepts", "href": "concepts.html"},
        {"name": "API", "href": "api.html"},
        {"name": "PennyLane", "href": "https://pennylane.ai", "external": True},
    ],
    "border_colour": "#0274DE",
    "prev_next_button_colour": "#0074E0",
    "prev_next_button_hover_colour": "#0055A5",
    "table_header_background_colour": "#BDEBFF",
    "text_accent_colour": "#0074E0",
    "toc_marker_colour": "#0074E0",
    "toc_overview": True,
    "search_on_pennylane_ai": False,
}
