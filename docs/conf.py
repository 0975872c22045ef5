"""Sphinx configuration: MyST Markdown, furo, nothing that is fetched from elsewhere."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from s2s import __version__

project = "s2s"
author = "the authors of s2s"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "s2s_reference",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "README.md"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
smartquotes = False  # --option would become a dash

html_theme = "furo"
html_title = f"s2s {release}"
html_static_path = ["_static"]
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "font-stack": "system-ui, sans-serif",
        "font-stack--monospace": "ui-monospace, monospace",
    },
}

# A reference that leads nowhere, or a name that is not there, fails the build (`make docs`).
nitpicky = True
# Names of packages whose own pages are elsewhere: nothing is fetched while building.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(numpy|np|NDArray|torch|Tensor|nn|onnx|onnxruntime|sentencepiece|pathlib|Path)(\..*)?",
    ),
    ("py:.*", r"s2s\.search\.beam\.(MemoryT|StateT)"),  # any type that the model chooses
    ("py:.*", r"(collections|typing|types|concurrent|dataclasses|abc|os|re|logging)\..*"),
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_default_options = {"members": True}
autoclass_content = "both"  # what a constructor takes stands in its own docstring
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
