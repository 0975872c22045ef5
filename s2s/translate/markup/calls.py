"""The methods of a translator for documents with markup."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Unpack

from s2s.tokenizer import Tokenizer
from s2s.translate.batching import check_texts
from s2s.translate.habits import Habits
from s2s.translate.markup.options import Markup
from s2s.translate.options import TranslateOptions
from s2s.translate.translation import Translation

if TYPE_CHECKING:
    from s2s.translate.markup.document import Document


class MarkupCalls(ABC):
    """The part of ``Translator`` that reads and writes markup."""

    tokenizer: Tokenizer
    _habits: Habits

    @abstractmethod
    def translate_stream(
        self,
        texts: Iterable[str],
        chunk_lines: int = 2000,
        skip: int = 0,
        **options: Unpack[TranslateOptions],
    ) -> Iterator[Translation]:
        """As ``Translator.translate_stream``."""

    def translate_html(
        self,
        texts: Iterable[str],
        *,
        markup: Markup | None = None,
        **options: Unpack[TranslateOptions],
    ) -> list[str]:
        """Translates documents with markup; the tags go with the words that they were around.

        Args:
            texts: Documents of HTML, or pieces of such, each of which depends on itself alone.
            markup: How they are read, for example as XML; HTML if None.
            options: As for ``translate``, without ``n_best``, ``prefix`` and ``required``.

        Returns:
            One document for each, in order. Everything but the texts to translate is as it was.

        Raises:
            ConfigError: As ``translate``; if an option has no meaning for documents; if the model
                was trained with its blanks kept.
            DataError: As ``translate``; the number is that of a block of text.
        """
        from s2s.translate.markup.document import translate_documents  # few calls need it

        return translate_documents(check_texts("texts", texts), self, markup or Markup(), options)

    def read_html(self, text: str, markup: Markup | None = None) -> "Document":
        """Reads a document with markup, so that the texts of several are translated together.

        Args:
            text: The document.
            markup: As for ``translate_html``.
        """
        from s2s.translate.markup.document import Document

        gives_attention = self._habits.gives_attention
        return Document(text, markup or Markup(), gives_attention=gives_attention)

    def html_options(self, options: TranslateOptions) -> TranslateOptions:
        """Returns the options for ``translate`` to translate the texts of documents.

        Args:
            options: The caller's.

        Raises:
            ConfigError: If one has no meaning for documents, or the model keeps blanks.
        """
        from s2s.translate.markup.document import html_options

        gives_attention = self._habits.gives_attention
        return html_options(options, self.tokenizer, gives_attention=gives_attention)
