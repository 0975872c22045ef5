"""What a call of the translator may ask for, checked before any work."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from s2s.config import FORBIDDEN_IDS, SearchConfig, check_integer
from s2s.errors import ConfigError, suggest
from s2s.runtime.backend import BatchSize
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import Keep, make_keep
from s2s.tokenizer.tags import choose_tag
from s2s.translate.phrases import Required

TOO_LONG = ("split", "truncate", "error")
MAX_SRC_LENGTH = 200
"""Source pieces that are translated at once, the end piece counted, unless told otherwise: training
leaves longer sentences out."""
MAX_SCORED = 5 * MAX_SRC_LENGTH
"""Pieces of a translation that is scored, the end piece counted."""
_SEARCH = frozenset(field.name for field in dataclasses.fields(SearchConfig))


class TranslateOptions(TypedDict, total=False):
    """Keyword arguments of ``Translator.translate`` and ``translate_stream``; None is the default.

    What is out of range raises ConfigError before any work.
    """

    to: str | None
    """Code of the language to translate to, of a model that was trained with tags for several: its
    tag is put before each sentence, which then is text from its first character. By default each
    sentence has to begin with a tag itself: ``<2de> Hello.``"""
    beam_size: int | None
    """Hypotheses kept at each step, 1 is greedy search; by default what the model recommends."""
    n_best: int | None
    """Hypotheses to return, at most ``beam_size``; 1 by default."""
    length_penalty: float | None
    """Alpha of Wu et al. (2016), equation 14; larger prefers longer ones."""
    max_length: int | None
    """Pieces of a translation at most, the end piece counted."""
    min_length: int | None
    """Pieces of a translation at least, likewise."""
    prefix: str | Sequence[str] | None
    """How translations begin: one text for all sentences, or one for each. It should end where a
    word does; one that the target vocabulary cannot write is a ConfigError."""
    required: Required | None
    """Texts that every translation must hold, as words of their own: a list of them for all
    sentences, or one list for each. Where the model does not say them by itself, its translation is
    searched again around them, see ``s2s.translate.required.insertion``; that is counted in a
    warning. A blank sentence stays blank. Not with ``temperature``, nor with ``keep``."""
    banned: Sequence[str] | None
    """Pieces that no translation may hold, as the vocabulary writes them: ``["▁Haus"]``."""
    no_repeat: int | None
    """N-grams of so many pieces come once in a translation."""
    diversity: float | None
    """Over 0, hypotheses differ more; see ``SearchConfig.diversity``."""
    temperature: float | None
    """Over 0, each hypothesis is drawn from the model's distribution, on its own; a higher
    temperature draws more freely, and 1 as the model thinks."""
    top_k: int | None
    """Pieces that are drawn from at each step, the best ones; 0, the default, is all."""
    seed: int | None
    """Of what is drawn: the same seed draws the same again."""
    keep: str | Sequence[str] | None
    """Regular expressions (Python's ``re``) of what comes into the translation as it is written in
    the source, as often: placeholders, tags, addresses, numbers. See ``s2s.translate.keep``; one
    that backtracks without end, ``(a+)+b`` say, is not stopped. By default, what the model was
    trained to keep, if it was; an empty text or list keeps nothing. Of the part that ``too_long``
    may leave out, nothing is kept."""
    details: bool | None
    """Whether hypotheses are to have ``details``: log-probabilities of pieces, word alignment."""
    batch_tokens: int | None
    """Source pieces in a batch, padding counted; bounds the memory."""
    max_src_length: int | None
    """Source pieces that are translated at once, the end piece counted; 200 by default."""
    too_long: str | None
    """What becomes of a sentence with more pieces than that. ``split``, the default: it is parted
    at sentence ends, else at marks and blanks, and the translations of the parts are joined;
    ``truncate``: the rest is left out. Both log a warning that counts them. ``error``: DataError.
    """


@dataclass(frozen=True)
class Request:
    """A call's checked options."""

    search: SearchConfig
    tag: str | None
    n_best: int
    size: BatchSize
    max_src_length: int
    too_long: str
    bias: NDArray[np.float32] | None
    """(tgt_vocab,), minus infinity for banned pieces."""
    details: bool
    keep: Keep | None


def check_request(
    options: TranslateOptions, own: SearchConfig, size: BatchSize, tokenizer: Tokenizer
) -> Request:
    """Completes a call's options with a model's own.

    Args:
        options: Those of the caller.
        own: What the model recommends.
        size: What the device recommends.
        tokenizer: The model's.

    Raises:
        ConfigError: If a value is out of range, or the model has no tag for ``to``.
        TypeError: If there is no such option.
    """
    if unknown := set(options) - TranslateOptions.__annotations__.keys():
        name = min(unknown)
        hint = suggest(name, TranslateOptions.__annotations__)
        raise TypeError(f"there is no option {name!r}{hint}")
    given = {name: value for name, value in options.items() if value is not None}
    changed: Any = {name: value for name, value in given.items() if name in _SEARCH}
    search = dataclasses.replace(own, **changed) if changed else own
    most = tokenizer.tgt_vocab_size - len(FORBIDDEN_IDS)
    if search.beam_size > most:
        raise ConfigError(
            f"beam_size is {search.beam_size}; the model's vocabulary allows at most {most}"
        )
    if given.get("required") and search.temperature:
        raise ConfigError(
            f"temperature is {search.temperature}, but what is drawn cannot be made to hold "
            "required texts; leave out one of them"
        )
    n_best = _whole(given, "n_best", 1, 1)
    if n_best > search.beam_size:
        raise ConfigError(
            f"n_best is {n_best} but beam_size only {search.beam_size}; raise beam_size"
        )
    too_long = given.get("too_long", "split")
    if too_long not in TOO_LONG:
        raise ConfigError(
            f"too_long is {too_long!r}; expected {', '.join(TOO_LONG)}"
            f"{suggest(str(too_long), TOO_LONG)}"
        )
    return Request(
        search,
        choose_tag(options.get("to"), tokenizer.tags),
        n_best,
        size._replace(pieces=_whole(given, "batch_tokens", 1, size.pieces)),
        _whole(given, "max_src_length", 2, MAX_SRC_LENGTH),
        too_long,
        _bias(options.get("banned") or (), tokenizer),
        bool(given.get("details", False)),
        tokenizer.keep if options.get("keep") is None else make_keep(options["keep"] or ()),
    )


def _bias(banned: Sequence[str], tokenizer: Tokenizer) -> NDArray[np.float32] | None:
    if isinstance(banned, str):
        raise ConfigError(f"banned is one string; expected a list of pieces: [{banned!r}]")
    if not banned:
        return None
    bias = np.zeros(tokenizer.tgt_vocab_size, np.float32)
    for piece in banned:
        bias[tokenizer.tgt_id(piece)] = -np.inf
    return bias


def _whole(given: dict[str, object], name: str, low: int, default: int) -> int:
    value = given.get(name, default)
    check_integer(name, value, low)
    assert isinstance(value, int)
    return value
