"""The options of a translator's call, checked before any work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from s2s.config import SearchConfig, check_integer
from s2s.errors import ConfigError, suggest, with_option
from s2s.runtime.backend import BatchSize
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KeepPatterns, compile_keep
from s2s.tokenizer.tags import choose_tag
from s2s.translate.habits import Habits
from s2s.translate.limits import fit_beam, set_search
from s2s.translate.phrases import Required
from s2s.translate.rewriting import Rewriter

TOO_LONG = ("split", "truncate", "error")


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


@dataclass(frozen=True)
class Request:
    """A call's checked options."""

    search: SearchConfig
    tag: str | None
    n_best: int
    size: BatchSize
    max_src_length: int
    too_long: str
    trained_length: int | None
    """Source pieces from which on a sequence is longer than all of the training; None for text,
    whose sentences are split if they are long."""
    bias: NDArray[np.float32] | None
    """(tgt_vocab,), minus infinity for banned pieces."""
    details: bool
    keep: KeepPatterns | None
    sentences: bool
    src_language: str | None
    """The language of the source, which helps to cut it into sentences; None if there are several,
    or none is known."""
    rewriter: Rewriter | None
    """Rewrites sentences; None to search them as they were typed."""
    unknown: Literal["copy", "drop"]
    unknown_advice: str
    """How unknown characters could be copied, if they are not."""
    copies_signs: bool
    """Whether a sentence without letters and digits comes back as it is."""
    copies_digits: bool
    """Whether a sentence without letters does."""
    parts_list_marks: bool
    """Whether the mark of a list is copied, and what follows is translated without it."""
    numbers: Literal["check", "keep", "off"]
    numbers_advice: str
    """What could be done about wrong numbers."""


def check_request(
    options: TranslateOptions,
    recommended: SearchConfig,
    size: BatchSize,
    tokenizer: Tokenizer,
    habits: Habits,
) -> Request:
    """Checks a call's options and completes them with a model's recommendations.

    Args:
        options: The caller's options.
        recommended: The model's search settings.
        size: The device's batch size.
        tokenizer: The model's.
        habits: The model's.

    Raises:
        ConfigError: If a value is out of range, or the model has no tag for ``to``.
        TypeError: If there is no such option.
    """
    given = _given(options)
    habits.check_blanks(given)
    search = set_search(given, recommended, tokenizer)
    if given.get("required") and search.temperature:
        raise ConfigError(
            f"temperature (--temperature) is {search.temperature}, but random translations cannot "
            "contain required texts (--require); leave out one of them"
        )
    n_best = _integer(given, "n_best", 1, 1)
    search = fit_beam(search, n_best, tokenizer)
    too_long = given.get("too_long", "split")
    if too_long not in TOO_LONG:
        raise ConfigError(
            f"too_long (--too-long) is {too_long!r}; expected {', '.join(TOO_LONG)}"
            f"{suggest(str(too_long), TOO_LONG)}"
        )
    sentences = _switch(given, "sentences", habits.cuts_sentences())
    rewrite = _switch(given, "rewrite", habits.rewriter is not None)
    if rewrite and habits.rewriter is None:
        raise ConfigError(
            "rewrite (--rewrite) is on, but the model has no record of its training text; train "
            "it anew, or leave the option out"
        )
    policy, advice = _unknown(given, habits)
    numbers, numbers_advice = _numbers(given, habits)
    longest = habits.longest(sentences=sentences, split=too_long == "split")
    return Request(
        search=search,
        tag=choose_tag(options.get("to"), tokenizer.tags),
        n_best=n_best,
        size=size._replace(pieces=_integer(given, "batch_tokens", 1, size.pieces)),
        max_src_length=_integer(given, "max_src_length", 2, longest),
        too_long=too_long,
        trained_length=habits.trained_length(sentences=sentences),
        bias=_bias(options.get("banned") or (), tokenizer),
        details=bool(given.get("details", False)),
        keep=tokenizer.keep if options.get("keep") is None else compile_keep(options["keep"] or ()),
        sentences=sentences,
        src_language=habits.src_language,
        rewriter=habits.rewriter if rewrite else None,
        unknown=policy,
        unknown_advice=advice,
        numbers=numbers,
        numbers_advice=numbers_advice,
        copies_signs=policy == "copy" and habits.facts is not None,
        copies_digits=habits.copies_digits,
        parts_list_marks=sentences and habits.parts_list_marks,
    )


def _given(options: TranslateOptions) -> dict[str, Any]:
    """Returns the options that are not None, with NumPy's scalars as Python's."""
    if unknown := set(options) - TranslateOptions.__annotations__.keys():
        name = min(unknown)
        hint = suggest(name, TranslateOptions.__annotations__)
        raise TypeError(f"there is no option {name!r}{hint}")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if getattr(value, "shape", None) == ():  # a scalar of NumPy
            given[name] = value.item()
        if name in ("banned", "keep", "required") and not isinstance(value, Sequence):
            raise ConfigError(
                f"{with_option(name)} is of type {type(value).__name__}; expected a list of texts"
            )
    return given


def _switch(given: dict[str, object], name: str, default: bool) -> bool:
    """Reads an option that is True, False or ``auto``."""
    value = given.get(name, "auto")
    if value == "auto":
        return default
    if not isinstance(value, bool):
        raise ConfigError(f"{name} (--{name}) is {value!r}; expected True, False or 'auto'")
    return value


def _unknown(given: dict[str, object], habits: Habits) -> tuple[Literal["copy", "drop"], str]:
    """Returns what is done with unknown characters, and how they could be copied."""
    policy = _choice(given, "unknown", ("copy", "drop"), not_with_required="copy")
    if given.get("required"):
        return "drop", "without --require they are copied"
    if policy is None and not habits.gives_attention:
        return "drop", "export the model again, and they are copied"
    if habits.keeps_blanks:
        return "drop", "--set byte_fallback=true in training: read as bytes"
    if policy == "drop" or (policy is None and not habits.is_text):
        return "drop", "--unknown copy: copied"
    return "copy", ""


def _numbers(
    given: dict[str, object], habits: Habits
) -> tuple[Literal["check", "keep", "off"], str]:
    """Returns what is done with wrong numbers, and what could be done about those left."""
    policy = _choice(given, "numbers", ("check", "keep", "off"), not_with_required="keep")
    if given.get("required"):
        on = policy == "check" or (policy is None and habits.copies_numbers)
        return "check" if on else "off", "without --require they are kept; "
    if policy == "check":
        advice = "" if habits.keeps_blanks else "--numbers keep: searched again with these; "
        return "check", advice
    return "keep" if policy == "keep" or (policy is None and habits.copies_numbers) else "off", ""


def _choice(
    given: dict[str, object], name: str, choices: Sequence[str], *, not_with_required: str
) -> str | None:
    """Returns the value of an option that is one of some words; None if it is not given."""
    value = given.get(name)
    if value is not None and value not in choices:
        raise ConfigError(
            f"{name} (--{name}) is {value!r}; expected {' or '.join(map(repr, choices))}"
            f"{suggest(str(value), choices)}"
        )
    if value == not_with_required and given.get("required"):
        raise ConfigError(
            f"required (--require) and {name} (--{name}) {value!r} cannot be combined; leave out "
            "one of them"
        )
    return None if value is None else str(value)


def _bias(banned: Sequence[str], tokenizer: Tokenizer) -> NDArray[np.float32] | None:
    if isinstance(banned, str):
        raise ConfigError(f"banned is one string; expected a list of pieces: [{banned!r}]")
    if not banned:
        return None
    bias = np.zeros(tokenizer.tgt_vocab_size, np.float32)
    for piece in banned:
        bias[tokenizer.tgt_id(piece)] = -np.inf
    return bias


def _integer(given: dict[str, object], name: str, low: int, default: int) -> int:
    return check_integer(name, given.get(name, default), low)
