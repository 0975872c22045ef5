"""Links of the project's own pages lead somewhere; ``make docs`` looks at links between pages."""

import re
from pathlib import Path

import pytest
from paths import ROOT

SITE = re.compile(r"https://s2s\.example/([\w./#-]*[\w/])")
"""The project's address; it is one that nobody can have until it is decided."""
SOURCES = [
    ROOT / "README.md",
    ROOT / "pyproject.toml",
    *sorted((ROOT / "s2s").rglob("*.py")),
    *sorted((ROOT / "export" / "s2s_export").rglob("*.py")),
]


def place_of(link: str) -> Path:
    """Returns the file that a link of the project's site is made from."""
    path = link.split("#", maxsplit=1)[0]
    if path == "issues/":  # where faults are reported: no file
        return ROOT
    if path.startswith("source/"):
        return ROOT / path.removeprefix("source/")
    if path.startswith("_static/"):
        return ROOT / "docs" / path
    return (ROOT / "docs" / path).with_suffix(".md")


@pytest.mark.parametrize("source", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_links_to_the_project_lead_to_pages(source):
    for link in SITE.findall(source.read_text(encoding="utf-8")):
        assert place_of(link).exists(), f"{source.name} links to {link}"


def test_the_readme_links_only_with_whole_addresses():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)]+)\)", text)
    assert len(targets) > 10
    assert all(target.startswith("https://") for target in targets)


DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in path.parts),
    *(
        ROOT / name / "README.md"
        for name in ("export", "export/examples", "recipes", "recipes/rivals")
    ),
]
PATHS = re.compile(r"`((?:s2s|export|tests|recipes|docs)/[\w./-]+)`")


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)
def test_a_document_names_files_that_are_there(document):
    names = PATHS.findall(document.read_text(encoding="utf-8"))
    made = ("docs/_build", "export/examples/node_modules")  # by make docs, by npm install
    absent = [name for name in names if not (ROOT / name).exists()]
    assert not [name for name in absent if not name.startswith(made)]
