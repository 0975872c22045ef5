"""A document with markup: read to plain texts, and finished with their translations.

Between the two, the texts of many documents can be translated together:

>>> documents = [translator.read_html(page) for page in pages]
>>> options = translator.html_options({})
>>> texts = [text for document in documents for text in document.texts]
>>> translations = iter(translator.translate(texts, **options))
>>> [document.finish(islice(translations, len(document.texts))) for document in documents]
"""

import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from s2s.errors import ConfigError, with_option
from s2s.tokenizer import Tokenizer
from s2s.translate.markup.entities import decode, encode
from s2s.translate.markup.options import Markup
from s2s.translate.markup.segments import Span, part, trim
from s2s.translate.markup.sentence import PLACE, TaggedText
from s2s.translate.markup.tokens import read_tokens
from s2s.translate.markup.writing import write
from s2s.translate.translation import Translation

if TYPE_CHECKING:
    from s2s.translate.markup.calls import MarkupCalls
    from s2s.translate.options import TranslateOptions

logger = logging.getLogger(__name__)


class Document:
    """A document: its texts, and what stands between them."""

    def __init__(self, source: str, markup: Markup, *, gives_attention: bool = True) -> None:
        """Reads a document.

        Args:
            source: The document, or a piece of one.
            markup: How it is read.
            gives_attention: Whether translations will have an alignment of words.
        """
        read = read_tokens(source, markup)
        self.texts: list[str] = []
        """The texts to translate, without tags, in order; each is one block, of several sentences
        perhaps. A document without tags is one text as it is, with its line breaks."""
        self.num_unread = read.num_unread
        """Characters at the end that were left as they are, because a comment, an element such as
        ``script`` or the value of an attribute has no end."""
        self.num_guessed = 0
        """Blocks with tags that ``finish`` put around words by their share of the text, because
        nothing said which words belong together."""
        self._parts: list[str | TaggedText | None] = []
        if all(token.kind == "text" for token in read.tokens):
            self._parts.append(None)
            self.texts.append(decode(source))
            return
        for piece in part(read, markup):
            if isinstance(piece, Span) and piece.has_words:
                lead, pieces, trail = trim(piece.pieces)
                text = TaggedText(pieces, with_places=gives_attention)
                self._parts += [lead, text, trail]
                self.texts.append(text.text)
            else:
                self._parts.append(piece.raw if isinstance(piece, Span) else piece)

    def finish(self, translations: Iterable[Translation]) -> str:
        """Returns the document in the other language.

        Args:
            translations: Translations of ``texts``, with the options of ``html_options``.
        """
        left = iter(translations)
        pieces = []
        for each in self._parts:
            if isinstance(each, str):
                pieces.append(each)
                continue
            translation = next(left)
            if each is None:
                pieces.append(encode(translation.text))
                continue
            details = translation.details
            written = write(each, translation.text, None if details is None else details.alignment)
            self.num_guessed += written.is_guessed
            pieces.append(written.raw)
        return "".join(pieces)


def html_options(
    options: "TranslateOptions", tokenizer: Tokenizer, *, gives_attention: bool
) -> "TranslateOptions":
    """Returns the options with which the texts of documents are translated.

    Args:
        options: The caller's.
        tokenizer: The model's.
        gives_attention: Whether the model's searches can give attention.

    Raises:
        ConfigError: If an option cannot be combined with markup, or the model keeps blanks.
    """
    if tokenizer.keeps_blanks:
        raise ConfigError(
            "HTML cannot be translated by a model that was trained with whitespace (--whitespace) "
            "'keep'; translate plain text"
        )
    for name in ("prefix", "required"):
        if options.get(name):
            raise ConfigError(f"{with_option(name)} cannot be combined with HTML; leave it out")
    if (options.get("n_best") or 1) != 1:
        raise ConfigError(
            f"{with_option('n_best')} is {options['n_best']!r}, but a document has one "
            "translation; leave it out"
        )
    if not gives_attention:
        return options
    keep = options.get("keep")
    patterns: Sequence[str] = () if tokenizer.keep is None else tokenizer.keep.patterns
    if keep is not None:
        patterns = [keep] if isinstance(keep, str) else list(keep)
    patterns = [*filter(None, patterns), PLACE]
    return {**options, "keep": patterns, "details": True}


def translate_documents(
    sources: Iterable[str],
    translator: "MarkupCalls",
    markup: Markup,
    options: "TranslateOptions",
) -> list[str]:
    """Translates documents; see ``Translator.translate_html``."""
    texts_options = translator.html_options(options)
    documents = [translator.read_html(source, markup) for source in sources]
    texts = (text for document in documents for text in document.texts)
    translations = translator.translate_stream(texts, **texts_options)
    finished = [
        document.finish(islice(translations, len(document.texts))) for document in documents
    ]
    for _ in translations:  # its end, where it says what it counted
        pass
    log_counts(documents)
    return finished


def log_counts(documents: Sequence[Document]) -> None:
    """Logs what could not be read, and where tags were placed by guessing, each in a line."""
    if num := sum(document.num_guessed for document in documents):
        logger.warning(
            "%d of %d blocks have tags around words that were guessed by their place, because "
            "nothing says which words belong together: the model gives no attention, the script "
            "has no blanks, or tags nest by the thousand",
            num,
            sum(len(document.texts) for document in documents),
        )
    if unread := [document.num_unread for document in documents if document.num_unread]:
        logger.warning(
            "%d of %d documents end within a comment, an element such as script or an attribute; "
            "%d characters there were left as they are",
            len(unread),
            len(documents),
            sum(unread),
        )
