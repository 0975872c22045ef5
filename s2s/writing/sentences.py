"""Cuts a text into sentences, so that a model that was trained on single ones gets single ones."""

from s2s.writing.boundaries import boundaries
from s2s.writing.languages import primary


def cut_sentences(text: str, language: str | None = None) -> list[str]:
    r"""Cuts a text into its sentences.

    A line break ends a sentence, because whoever wrote it wants to see it again. Blank lines belong
    to the sentence before them; blanks at the start of the text belong to the first sentence.

    Args:
        text: Any text, of any length.
        language: The text's language, a code such as ``de``, ``de-AT``, ``deu`` or ``zh-Hans``. It
            decides about abbreviations and ordinal numbers. None: rules that hold for most
            languages.

    Returns:
        At least one item. Each ends with the blanks and line breaks that follow its sentence, so
        that ``"".join(result) == text``.
    """
    starts = boundaries(text, None if language is None else primary(language))
    if not starts:
        return [text]
    pairs = zip([0, *starts], [*starts, len(text)], strict=True)
    return [text[start:end] for start, end in pairs]
