"""Random documents keep their tags, and how these nest, as a browser reads them."""

import random

import pytest
from documents import copied, finish, tags_of, translation
from hypothesis import given, settings
from hypothesis import strategies as st
from number_words import GERMAN

INLINE = ("b", "i", "em", "span", "a", "u")


def draw_inline(draw, depth, in_link, ids):
    """A random row of words, elements and images, with blanks between."""
    parts = []
    for _ in range(draw.randint(1, 4)):
        kind = draw.randint(0, 5) if depth else 0
        words = " ".join(draw.choices(GERMAN, k=draw.randint(1, 3)))
        if kind < 3:
            parts.append(words + draw.choice(["", "", ".", ",", "!"]))
        elif kind == 3:
            ids.append(len(ids))
            parts.append(draw.choice([f'<img id="{ids[-1]}">', f'<code id="{ids[-1]}">x</code>']))
        else:
            name = draw.choice([name for name in INLINE if name != "a" or not in_link])
            ids.append(len(ids))
            number = ids[-1]
            inner = draw_inline(draw, depth - 1, in_link or name == "a", ids)
            parts.append(f'<{name} id="{number}">{inner}</{name}>')
    return " ".join(parts)


def draw_blocks(draw, depth, ids):
    """Random blocks."""
    parts = []
    for _ in range(draw.randint(1, 3)):
        kind = draw.choice(["p", "h2", "div", "ul", "br"] if depth else ["p"])
        if kind == "div":
            parts.append(f"<div>\n{draw_blocks(draw, depth - 1, ids)}</div>")
        elif kind == "ul":
            rows = [f"<li>{draw_inline(draw, 2, False, ids)}</li>" for _ in range(2)]
            parts.append(f"<ul>{''.join(rows)}</ul>")
        elif kind == "br":
            rows = [draw_inline(draw, 1, False, ids) for _ in range(4)]
            ids.append(len(ids))
            inner = f"{rows[1]}<br>{rows[2]}"
            parts.append(f'<p>{rows[0]} <b id="{ids[-1]}">{inner}</b> {rows[3]}</p>')
        else:
            parts.append(f"<{kind}>{draw_inline(draw, 3, False, ids)}</{kind}>")
    return "\n".join(parts)


def outer_ids(source):
    """The elements around each element, by id, as a browser reads the document."""
    lexbor = pytest.importorskip("selectolax.lexbor")
    tree = lexbor.LexborHTMLParser(source, is_fragment=True)
    assert tree.html == source, "a browser reads other tags than are written"
    found = {}
    for node in tree.css("[id]"):
        outer, parent = [], node.parent
        while parent is not None:
            outer.append((parent.tag, parent.attributes.get("id")))
            parent = parent.parent
        found[node.tag, node.attributes["id"]] = outer
    return found


@given(st.integers(0, 10**9), st.sampled_from(["random", "none", "copied"]))
@settings(max_examples=150, deadline=None)
def test_random_documents_keep_their_tags_and_how_these_nest(seed, alignment):
    draw = random.Random(seed)  # noqa: S311
    source = draw_blocks(draw, 2, [])
    documents = []

    def translate(text):
        words = text.split()
        places = [word for word in words if not word.isascii() and ord(max(word)) >= 0xF0000]
        num = max(1, draw.randint(len(words) // 2, len(words) + 3))
        new = [f"{draw.choice('abc')}{draw.choice(['', '.', ','])}" for _ in range(num)] + places
        draw.shuffle(new)
        pairs = None
        if alignment == "random":
            pairs = [(draw.randrange(len(words) + 1), n) for n in range(len(new)) if n % 4]
        if alignment == "copied":
            return copied(text)
        documents.append(" ".join(new))
        return translation(" ".join(new), pairs)

    written = finish(source, translate)
    assert tags_of(written) == tags_of(source)
    before, after = outer_ids(source), outer_ids(written)
    for element, outer in before.items():
        if element[0] == "code":  # a word, which may leave an element as words do
            assert not set(after[element]) - set(outer)
        else:
            assert after[element] == outer
    if alignment == "copied":
        assert "".join(written.split()) == "".join(source.split())
