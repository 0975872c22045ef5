"""Posts as services send them keep their tags, and their texts are those of plain text.

``selectolax``, which reads HTML as browsers do, judges what was written.
"""

import random
import re
from collections import Counter

import pytest
from number_words import GERMAN

lexbor = pytest.importorskip("selectolax.lexbor")


def words(draw, low=1, high=4):
    """A few numbers, with a comma now and then."""
    row = draw.choices(GERMAN, k=draw.randint(low, high))
    return " ".join(row).replace(" vier", ", vier")


def mention(draw):
    """A name, a hashtag, an address or an emoji, as Mastodon writes them."""
    name = draw.choice(GERMAN)
    return draw.choice(
        [
            f'<span class="h-card" translate="no"><a href="https://m.example/@{name}" '
            f'class="u-url mention">@<span>{name}</span></a></span>',
            f'<a href="https://m.example/tags/{name}" class="mention hashtag" rel="tag">'
            f"#<span>{name}</span></a>",
            f'<a href="https://{name}.example/a?b=1&amp;c=2" target="_blank" rel="nofollow">'
            f'<span class="invisible">https://</span><span class="ellipsis">{name}.example/a'
            f'</span><span class="invisible">?b=1&amp;c=2</span></a>',
            f'<img src="/{name}.png" alt=":{name}:" class="emoji">',
            f"<code>{name}()</code>",
        ]
    )


def sentence(draw, *, units):
    """A sentence with tags that nest."""
    parts = []
    for _ in range(draw.randint(1, 4)):
        kind = draw.randint(0, 6 if units else 4)
        text = words(draw)
        if kind == 1:
            name = draw.choice(["b", "em", "strong", "s"])
            text = f"<{name}>{text}</{name}>"
        elif kind == 2:
            text = f'<a href="/{draw.randint(0, 99)}">{text} <i>{words(draw)}</i></a>'
        elif kind == 3:
            text = f"<u><span class='x'>{text}</span> {words(draw)}</u>".replace("'", '"')
        elif kind > 4:
            text = mention(draw)
        parts.append(text)
    return " ".join(parts) + draw.choice([".", "!", "?", ""])


def block(draw, *, units):
    """A block as Mastodon or Discourse write it."""
    kind = draw.randint(0, 8)
    one, two = sentence(draw, units=units), sentence(draw, units=units)
    forms = [
        f"<h2>{one}</h2>",
        f"<ul>\n<li>{one}</li>\n<li>{two}</li>\n</ul>",
        f"<blockquote>\n<p>{one}</p>\n</blockquote>",
        f'<aside class="quote" data-post="1"><div class="title"></div><p>{one}</p></aside>',
        f"<table><tbody><tr><th>{one}</th><td>{two}</td></tr></tbody></table>",
    ]
    if kind < len(forms):
        return forms[kind]
    if kind == 5 and units:
        return '<pre><code class="lang-py">eins = 1\n</code></pre>'
    if kind == 6:
        return f"<p>{one}<br>{two}</p>"
    return f"<p>{one} {two}</p>"


def post(draw, *, units=True):
    """A post of a few blocks."""
    return "\n".join(block(draw, units=units) for _ in range(draw.randint(1, 4)))


def read(source):
    """The tree of a post, which is written as a browser would write it."""
    tree = lexbor.LexborHTMLParser(source, is_fragment=True)
    assert tree.html == source
    return tree


def tags_of(tree):
    """How often each element comes, with its attributes."""
    return Counter((node.tag, tuple(node.attributes.items())) for node in tree.css("*"))


def blocks_of(tree):
    """The texts of the innermost blocks, in order."""
    nodes = tree.css("p, h2, li, th, td")
    return [" ".join(node.text().split()) for node in nodes]


def check_posts(translator, posts):
    """Looks at the tags of posts; returns how many tags and blocks there were."""
    num_tags = num_blocks = 0
    for before, after in zip(posts, translator.translate_html(posts), strict=True):
        trees = read(before), read(after)
        assert tags_of(trees[0]) == tags_of(trees[1])
        blocks = [blocks_of(tree) for tree in trees]
        assert [bool(text) for text in blocks[0]] == [bool(text) for text in blocks[1]]
        num_tags += tags_of(trees[0]).total()
        num_blocks += len(blocks[0])
    return num_tags, num_blocks


def check_texts(translator, posts):
    """Compares the text of each block with the translation of its text."""
    blocks, texts = [], []
    for before, after in zip(posts, translator.translate_html(posts), strict=True):
        blocks += blocks_of(read(before.replace("<br>", "\n")))
        texts += blocks_of(read(after.replace("<br>", "\n")))
    assert len(blocks) == len(texts)
    lines = [re.sub(r"\s+", " ", block) for block in blocks]
    assert [each.text for each in translator.translate(lines)] == texts


def test_posts_keep_their_tags(translator):
    draw = random.Random(1)  # noqa: S311
    num_tags, num_blocks = check_posts(translator, [post(draw) for _ in range(30)])
    assert num_tags > 200
    assert num_blocks > 50


def test_the_text_of_a_block_is_the_translation_of_its_text(translator):
    draw = random.Random(2)  # noqa: S311
    posts = [post(draw, units=False) for _ in range(20)]
    check_texts(translator, [each for each in posts if "<br>" not in each])


@pytest.mark.slow
def test_five_hundred_posts_keep_their_tags_and_texts(translator, capsys):
    draw = random.Random(3)  # noqa: S311
    num_tags, num_blocks = check_posts(translator, [post(draw) for _ in range(500)])
    posts = [post(draw, units=False) for _ in range(500)]
    check_texts(translator, [each for each in posts if "<br>" not in each])
    with capsys.disabled():
        print(f"\n500 posts, {num_tags} tags and {num_blocks} blocks: all tags equal, none empty")  # noqa: T201
