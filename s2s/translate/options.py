"""What a caller may ask of a translator."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from s2s.translate.phrases import Required

TOO_LONG = ("split", "truncate", "error")

Policy = Literal["check", "keep", "off"]
"""What is done with a translation that lacks something of its source."""


class TranslateOptions(TypedDict, total=False):
    """Keyword arguments of ``Translator.translate`` and ``translate_stream``; None is the default.

    A value out of range raises ConfigError before any work.
    """

    to: str | None
    """Code of the language to translate to, for a model that was trained with tags for several. Its
    tag is put before each sentence, and the sentence is text from its first character. By default
    each sentence must begin with a tag itself: ``<2de> Hello.``"""
    beam_size: int | None
    """Hypotheses kept at each step, 1 is greedy search; by default, the model's recommendation. At
    most the number of pieces that the target vocabulary can write; a wider beam is made as wide as
    that, and logged."""
    n_best: int | None
    """Hypotheses to return, at most ``beam_size``; 1 by default."""
    length_penalty: float | None
    """Alpha of Wu et al. (2016), equation 14; a larger one prefers longer hypotheses."""
    max_length: int | None
    """Maximum length of a translation in pieces, end piece included."""
    length_factor: int | None
    """Pieces that a translation may have for each source piece, end pieces counted, beside
    ``length_margin``; by default, the model's, which all its training pairs fit in. Model files of
    earlier releases cannot change it."""
    length_margin: int | None
    """Pieces that a translation may have, however short its source, see ``length_factor``."""
    in_step: bool | Literal["auto"] | None
    """Whether a translation has exactly as many pieces as its source, as labels of words need it.
    ``auto``, the default, is as training settled it. On, no limit of length can be set, and nothing
    be required. Model files of earlier releases cannot turn it on."""
    min_length: int | None
    """Minimum length of a translation in pieces, end piece included."""
    prefix: str | Sequence[str] | None
    """How translations begin: one text for all sentences, or one for each. It should end at the end
    of a word. A prefix that the target vocabulary cannot write raises ConfigError."""
    required: Required | None
    """Texts that every translation must hold, as words of their own: one list of texts for all
    sentences, or one list for each sentence. If a translation does not hold them by itself, it is
    searched again around them (``s2s.translate.required.inserter``), and a warning counts these
    sentences. A blank sentence stays blank. Cannot be combined with ``temperature`` or ``keep``."""
    banned: Sequence[str] | None
    """Pieces that no translation may contain, as the vocabulary writes them: ``["▁Haus"]``. A piece
    is not always a word: the word may still be written with other pieces, for example in capitals
    or letter by letter."""
    no_repeat: int | None
    """Length of the n-grams, in pieces, that may not come twice in a translation."""
    diversity: float | None
    """Above 0, hypotheses differ more; see ``SearchConfig.diversity``."""
    temperature: float | None
    """Above 0, each hypothesis is drawn from the model's distribution, independently of the others.
    1 draws from the distribution as it is; a higher temperature draws more freely."""
    top_k: int | None
    """Number of best pieces to draw from at each step; 0, the default, is all."""
    seed: int | None
    """Seed of the draw: the same seed draws the same translations again."""
    keep: str | Sequence[str] | None
    """Regular expressions (Python's ``re``) of texts that are copied into the translation, as often
    as they are in the source: placeholders, tags, addresses, numbers (``s2s.translate.keep``). An
    expression that backtracks without end, for example ``(a+)+b``, is not stopped. Default: the
    patterns the model was trained with, if any. An empty string or list turns keeping off. Text cut
    by ``too_long='truncate'`` is not kept."""
    unknown: Literal["copy", "drop"] | None
    """What is done with characters that the source vocabulary has no piece for. ``copy``: they are
    copied into the translation, a whole word if one of its letters is unknown; a sentence of
    nothing else comes back as it is, and so does one of signs alone if the model has a record of
    its training text. ``drop``: they are left to the model, which reads one and the
    same piece for all of them. Default: ``copy``; ``drop`` with ``required``, for vocabularies of
    characters or words, and for model files of 0.1.0. Both are counted and logged."""
    numbers: Literal["check", "keep", "off"] | None
    """What is done with a translation that has other numbers than its source
    (``s2s.writing.numbers``). ``keep``: a lower hypothesis with the right numbers is taken, or the
    sentence is searched again with its numbers as kept texts. ``check``: a warning counts these
    translations. ``off``: nothing. Default: ``keep`` if the model has a record of its training text
    and that kept its numbers; ``check`` with ``required``; else ``off``."""
    placeables: Literal["check", "keep", "off"] | None
    """The same for addresses, placeholders, tags, names of files and code
    (``s2s.writing.placeables``). Default: ``keep`` if the model has a record of its training text
    and that kept them; ``check`` with ``required``; else ``off``."""
    names: Literal["check", "keep", "off"] | None
    """The same for names: words with a capital that the training text hardly had
    (``s2s.writing.names``). The sentence is then searched with a name that the network knows in
    place of each. Default: ``keep`` if the model has a record of its words, in which rare words
    with a capital stayed as they are; ``check`` with ``required``; else ``off``."""
    details: bool | None
    """Whether hypotheses have ``details``: log-probabilities of pieces, word alignment."""
    batch_tokens: int | None
    """Source pieces in a batch, padding counted; bounds the memory."""
    sentences: bool | Literal["auto"] | None
    """Whether a text is cut into sentences, which are translated one by one and joined with the
    blanks and line breaks that stood between them (``s2s.writing.sentences``). False: a text is
    translated in one piece, and its line breaks become blanks. ``auto``, the default: cut, unless
    many lines of the training text had several sentences, the vocabulary is one of characters or
    words, or the model file is from before s2s recorded this."""
    rewrite: bool | Literal["auto"] | None
    """Whether a sentence in capitals, in Title Case or without an end mark is searched as the
    training text is written, if that had few such lines, and its translation is written as the
    sentence was (``s2s.translate.rewriting``). ``auto``, the default, is True where the model has a
    record of its training text and its vocabulary is not one of characters or words."""
    max_src_length: int | None
    """Maximum length in pieces, end piece included, of a sentence that is translated in one part.
    By default the length that nearly all training sentences had, if texts are cut into sentences,
    and 200 at most. With a vocabulary of characters or words, 1,000, and a warning counts the
    inputs that are longer than those of the training."""
    too_long: str | None
    """What is done with a sentence over ``max_src_length``. ``split``, the default: it is split at
    punctuation and blanks, and the translations of its parts are joined; a vocabulary of characters
    or words knows no punctuation, and is split at blanks alone. ``truncate``: its end is
    cut off. A warning counts the sentences that were split or cut. ``error``: DataError.
    """
