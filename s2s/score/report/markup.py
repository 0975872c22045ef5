"""HTML and SVG as a tree; what is written of it is escaped by ``xml.etree``."""

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, tostring

# What neither HTML nor XML can hold, and what a terminal or editor would stumble over.
_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_RAW = ("style", "script")  # their content is written as it is

Value = str | float
Attributes = dict[str, Value]


def element(
    tag: str, attributes: Mapping[str, Value] | None = None, *children: Element | str
) -> Element:
    """Returns an element; numbers are written with two decimals at most, text is escaped later.

    Args:
        tag: HTML's or SVG's name of it.
        attributes: By name.
        children: Elements and texts, in order.
    """
    assert tag not in _RAW, "only `document` writes a style, and nothing a script"
    made = Element(tag, {name: _written(value) for name, value in (attributes or {}).items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + _printable(child)
        else:
            made.text = (made.text or "") + _printable(child)
    return made


def table(head: Sequence[str], rows: Sequence[Sequence[Element | str]]) -> Element:
    """Returns a table; text in its cells is a number or a name, elements go in as they are."""
    return element(
        "table",
        None,
        element("thead", None, element("tr", None, *(element("th", None, each) for each in head))),
        element(
            "tbody",
            None,
            *(element("tr", None, *(element("td", None, cell) for cell in row)) for row in rows),
        ),
    )


def text(content: str) -> Element:
    """Returns a user's text in its own direction, which changes nothing around it."""
    return element("bdi", {"dir": "auto"}, content)


def document(title: str, style: str, body: Sequence[Element]) -> str:
    """Returns a whole page that loads nothing and runs nothing.

    Args:
        title: What the window is called.
        style: CSS, trusted: it is written as it is.
        body: What is on the page.
    """
    sheet = Element("style")
    sheet.text = style
    policy = {
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; style-src 'unsafe-inline'",
    }
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", policy),
        element("meta", {"name": "viewport", "content": "width=device-width"}),
        element("title", None, title),
        sheet,
    )
    root = element("html", {"lang": "en"}, head, element("body", None, *body))
    return f"<!DOCTYPE html>\n{tostring(root, encoding='unicode', method='html')}\n"


def _written(value: Value) -> str:
    if isinstance(value, str):
        return _printable(value)
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _printable(content: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", content)
