"""HTML and SVG as a tree of elements, which ``xml.etree`` escapes when it writes it."""

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, tostring

# Characters that HTML and XML cannot hold, or that disturb a terminal or editor.
_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_RAW = ("style", "script")  # elements whose content is not escaped

Value = str | float
Attributes = dict[str, Value]


def element(
    tag: str, attributes: Mapping[str, Value] | None = None, *children: Element | str
) -> Element:
    """Returns an element. Numbers have at most two decimals; text is escaped when it is written.

    Args:
        tag: Name of the element in HTML or SVG.
        attributes: Values by name.
        children: Elements and texts, in order.
    """
    assert tag not in _RAW, "only `document` writes a style, and nothing a script"
    parent = Element(tag, {name: _format(value) for name, value in (attributes or {}).items()})
    for child in children:
        if isinstance(child, Element):
            parent.append(child)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + _printable(child)
        else:
            parent.text = (parent.text or "") + _printable(child)
    return parent


def table(head: Sequence[str], rows: Sequence[Sequence[Element | str]]) -> Element:
    """Returns a table; the text of a cell is a number or a name of ours, not a user's text."""
    return element(
        "table",
        None,
        element("thead", None, element("tr", None, *(element("th", None, name) for name in head))),
        element(
            "tbody",
            None,
            *(element("tr", None, *(element("td", None, cell) for cell in row)) for row in rows),
        ),
    )


def text(content: str) -> Element:
    """Returns a user's text, whose direction of writing changes nothing around it."""
    return element("bdi", {"dir": "auto"}, content)


def document(title: str, style: str, body: Sequence[Element]) -> str:
    """Returns a whole page that loads nothing and runs nothing.

    Args:
        title: Title of the window.
        style: CSS, which is not escaped.
        body: Elements of the page.
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


def _format(value: Value) -> str:
    if isinstance(value, str):
        return _printable(value)
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _printable(content: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", content)
