"""Limits of the search that a caller should hear of."""

import logging

from s2s.config import SearchConfig
from s2s.errors import ConfigError
from s2s.tokenizer import Tokenizer

logger = logging.getLogger(__name__)


def fit_beam(search: SearchConfig, n_best: int, tokenizer: Tokenizer) -> SearchConfig:
    """Makes a beam as wide as the target vocabulary allows, and says so, if it is wider.

    Raises:
        ConfigError: If it has not ``n_best`` hypotheses.
    """
    fitted = search.fitted(tokenizer.tgt_vocab_size)
    beam_size = fitted.beam_size
    is_wider = fitted is not search
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
