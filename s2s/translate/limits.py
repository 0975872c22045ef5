"""Limits of the search that a caller should hear of."""

import logging
from collections.abc import Iterable, Iterator

from s2s.config import SearchConfig
from s2s.errors import ConfigError
from s2s.tokenizer import Tokenizer
from s2s.translate.translation import Translation

logger = logging.getLogger(__name__)


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
        if self._num_cut:
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
