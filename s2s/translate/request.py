"""The options of a translator's call, checked before any work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from s2s.config import SearchConfig, check_integer
from s2s.errors import ConfigError, suggest, with_option
from s2s.runtime.backend import BatchSize
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import KeepPatterns, Kind, compile_keep
from s2s.tokenizer.tags import choose_tag
from s2s.translate.habits import Habits
from s2s.translate.limits import fit_beam, set_search
from s2s.translate.options import TOO_LONG, Policy, TranslateOptions
from s2s.translate.rewriting import Rewriter
from s2s.writing.names import NameFinder


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
    numbers: Policy
    placeables: Policy
    names: Policy
    name_finder: NameFinder | None
    stand_ins: tuple[str, ...]
    """Names that the network knows."""
    advice: str
    """What could be done about texts that are wrong and not kept; it names the option as
    ``{option}``."""

    @property
    def mended(self) -> tuple[Kind, ...]:
        """What is kept if a translation lacks it."""
        policies: dict[Kind, Policy] = {
            "number": self.numbers,
            "placeable": self.placeables,
            "name": self.names,
        }
        return tuple(kind for kind, policy in policies.items() if policy == "keep")


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
    numbers = _policy(given, "numbers", habits.copies_numbers)
    placeables = _policy(given, "placeables", habits.copies_placeables)
    names = _policy(given, "names", habits.names is not None)
    if names != "off" and habits.names is None:
        raise ConfigError(
            f"names (--names) is {names!r}, but the model has no record of names in its training "
            "text, or that changed them; leave the option out"
        )
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
        placeables=placeables,
        names=names,
        name_finder=habits.names,
        stand_ins=habits.stand_ins,
        advice=_advice(given, habits),
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


def _policy(given: dict[str, object], name: str, copies: bool) -> Policy:
    """Returns what is done with numbers, or placeables; ``copies`` is whether the model does."""
    policy = _choice(given, name, ("check", "keep", "off"), not_with_required="keep")
    if policy is None:
        policy = "off" if not copies else "check" if given.get("required") else "keep"
    return cast("Policy", policy)


def _advice(given: dict[str, object], habits: Habits) -> str:
    """Returns what could be done about texts that are checked and not kept."""
    if given.get("required"):
        return "without --require they are kept; "
    return "" if habits.keeps_blanks else "--{option} keep: searched again with these; "


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
