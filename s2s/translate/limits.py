"""Limits of the search that a caller should hear of."""

import dataclasses
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from s2s.config import SearchConfig, check_integer
from s2s.errors import OPTIONS, ConfigError, with_option
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.tags import check_in_step
from s2s.translate.translation import Translation

_SEARCH = frozenset(field.name for field in dataclasses.fields(SearchConfig))
_NOT_IN_STEP = ("max_length", "min_length", "length_factor", "length_margin", "required")

logger = logging.getLogger(__name__)


def set_search(
    given: Mapping[str, Any], recommended: SearchConfig, tokenizer: Tokenizer
) -> SearchConfig:
    """Returns a model's search settings with those that a caller gives.

    Raises:
        ConfigError: If a value is out of range, or a limit is given for outputs in step.
    """
    changes = {name: value for name, value in given.items() if name in _SEARCH}
    for name in ("length_factor", "length_margin"):
        if name in changes:  # and not "auto", which is training's
            changes[name] = check_integer(name, changes[name], 0)
    if changes.get("in_step") == "auto":
        del changes["in_step"]
    if check_in_step(changes.get("in_step", recommended.is_in_step), tokenizer.tags):
        for name in _NOT_IN_STEP:
            if given.get(name):
                raise ConfigError(
                    f"{with_option(name)} is set, but this model's outputs are as long as their "
                    "sources; leave it out, or turn that off (in_step, --in-step no)"
                )
    return dataclasses.replace(recommended, **changes) if changes else recommended


def fit_beam(search: SearchConfig, n_best: int, tokenizer: Tokenizer) -> SearchConfig:
    """Makes a beam as wide as the target vocabulary allows, and says so, if it is wider.

    Raises:
        ConfigError: If it has not ``n_best`` hypotheses.
    """
    fitted = search.fitted(tokenizer.tgt_vocab_size)
    beam_size = fitted.beam_size
    is_wider = search.beam_size > beam_size
    if n_best > beam_size:
        advice = f"the vocabulary allows at most {beam_size}" if is_wider else "raise beam_size"
        raise ConfigError(
            f"n_best (--n-best) is {n_best}, but beam_size (--beam-size) is {beam_size}; {advice}"
        )
    if is_wider:
        logger.warning(
            "beam_size (--beam-size) is %d, but the target vocabulary has only %d pieces that can "
            "be written; the search takes beam_size %d",
            search.beam_size,
            beam_size,
            beam_size,
        )
    return fitted


def check_fixed(given: Mapping[str, Any], search: SearchConfig) -> None:
    """Checks that a call has the values of a file whose search is fixed.

    Args:
        given: The options of the call; None and ``auto`` are the file's own value.
        search: The file's.

    Raises:
        ConfigError: If one differs.
    """
    for name in sorted(given.keys() & _SEARCH):
        value, own = given[name], getattr(search, name)
        if value is None or (isinstance(value, str) and value == "auto"):
            continue
        if not bool(value == own):
            shown = {True: "yes", False: "no"}.get(value, value) if name == "in_step" else value
            raise ConfigError(
                f"{with_option(name)} is {value!r}, but this file's search is fixed with {own!r}; "
                "leave it out, or export the run again: without --fixed-search, or with "
                f"--fixed-search {OPTIONS[name]} {shown}"
            )


class CutCounter:
    """Counts the translations of one call that met a limit of length, and so have no end."""

    def __init__(self, search: SearchConfig, done: int = 0) -> None:
        """``done`` sentences came before, in another call."""
        self._search = search
        self._done = done
        self._num_cut = 0
        self._first_cut = 0

    def count(self, translations: Iterable[Translation]) -> Iterator[Translation]:
        """Passes translations on, in order."""
        for translation in translations:
            self._done += 1
            if translation.hypotheses[0].cut:
                self._num_cut += 1
                self._first_cut = self._first_cut or self._done
            yield translation

    def log_warning(self) -> None:
        """Logs how many there were, and what the limit is."""
        if self._num_cut and self._search.is_in_step:
            logger.warning(
                "%d of %d translations begin with more pieces than their source has, and have no "
                "end (first: line %d; --prefix)",
                self._num_cut,
                self._done,
                self._first_cut,
            )
        elif self._num_cut:
            factor, margin = self._search.limit
            logger.warning(
                "%d of %d translations met the limit of length and have no end (first: line %d); "
                "the limit is %d pieces for each source piece and %d more, %d at most "
                "(--length-factor, --length-margin, --max-length)",
                self._num_cut,
                self._done,
                self._first_cut,
                factor,
                margin,
                self._search.max_length,
            )
