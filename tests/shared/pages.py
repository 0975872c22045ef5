"""Reads a page as a browser would, and looks that it loads and runs nothing."""

import re
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}
ACTIVE = {"script", "iframe", "object", "embed", "link", "img", "image", "form", "a", "use", "base"}


class Reader(HTMLParser):
    """Collects what is on a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.styles, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert tag not in ACTIVE
        assert not [name for name in names if name.startswith("on") or "src" in name]
        assert not [name for name in names if "href" in name or name == "style"]
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.styles if self.open[-1:] == ["style"] else self.texts).append(data)

    def count(self, tag):
        return sum(1 for found, _ in self.tags if found == tag)

    @property
    def text(self):
        return " ".join(self.texts)


def read_page(html):
    """Parses a page, every element of which is closed."""
    assert html.startswith("<!DOCTYPE html>\n<html")
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert not re.search(r"url\(|@import|</", "".join(reader.styles))
    policies = [attrs for tag, attrs in reader.tags if tag == "meta" and "http-equiv" in attrs]
    assert "default-src 'none'" in policies[0]["content"]
    return reader
