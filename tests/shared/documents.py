"""Documents with tags, translated by a function."""

from collections import Counter

from s2s.translate.markup.document import Document
from s2s.translate.markup.options import Markup
from s2s.translate.markup.tokens import read_tokens
from s2s.translate.translation import Details, Hypothesis, Translation

HTML = Markup()


def translation(text, pairs):
    """A translation with this text and this alignment."""
    details = None if pairs is None else Details((), tuple(pairs))
    return Translation((Hypothesis(text=text, score=0.0, pieces=(), details=details),), 1)


def copied(text):
    """A translation that is its source."""
    return translation(text, [(word, word) for word in range(len(text.split()))])


def finish(source, translate=copied, markup=HTML):
    """The document, with its texts translated by a function."""
    document = Document(source, markup)
    return document.finish(map(translate, document.texts))


def swapped(text):
    """A translation in the reverse order, in capitals."""
    words = text.split()
    pairs = [(len(words) - 1 - word, word) for word in range(len(words))]
    return translation(" ".join(reversed(words)).upper(), pairs)


def tags_of(source):
    """How often each tag and comment comes in a document."""
    return Counter(t.raw for t in read_tokens(source, HTML).tokens if t.kind != "text")
