"""Which pairs a training leaves out for their lengths: the ratio of a text, and what it rejects."""

import logging
import math

import numpy as np
from numpy.typing import NDArray

from s2s.corpus import CorpusConfig, DataConfig
from s2s.corpus.chunks import RATIO_MARGIN, PairCounts
from s2s.corpus.config import ORDINARY_RATIO
from s2s.corpus.encode import encode_pairs
from s2s.corpus.survey import Survey
from s2s.tokenizer import Tokenizer
from s2s.train.log import say

REJECTED = 0.01
"""Share of pairs from which on rejecting them needs a reason, and a warning."""
_MEASURED = 10_000
_SPREADS = 4
_LEAST_SPREAD = 0.1
_MOST_PAIRS = 0.8
_ROOM = 1.5

logger = logging.getLogger(__name__)


def settle_ratio(data: DataConfig, sample: Survey, tokenizer: Tokenizer) -> float:
    """Returns ``DataConfig.max_ratio`` as a number, and says so if it is an unusual one.

    Args:
        data: The settings; ``max_ratio`` may be ``auto``.
        sample: Pairs of the text, at least one.
        tokenizer: The vocabularies of the run.
    """
    if data.max_ratio != "auto":
        return data.max_ratio
    step = -(-len(sample.src) // _MEASURED)
    pairs = list(zip(sample.src[::step], sample.tgt[::step], strict=True))
    if tokenizer.keep is not None:
        pairs = [tokenizer.keep.mark_pair(*pair)[:2] for pair in pairs]
    ids = encode_pairs(tokenizer, [src for src, _ in pairs], [tgt for _, tgt in pairs])
    src, tgt = (np.array([len(line) - 1 for line in side], np.int64) for side in ids)
    is_used = (np.minimum(src, tgt) > 0) & (np.maximum(src, tgt) <= data.max_pieces)
    ratio = fit_ratio(src[is_used], tgt[is_used])
    if ratio != ORDINARY_RATIO:
        say(
            f"pairs of this text have sides of very different lengths; those with up to {ratio:g} "
            f"times the pieces of the shorter side are accepted (--set max_ratio={ratio:g})"
        )
    return ratio


def fit_ratio(src: NDArray[np.int64], tgt: NDArray[np.int64]) -> float:
    """Returns how much longer a side may be, so that usual pairs are accepted.

    Text in two languages has sides of like lengths, and pairs with others are misaligned: at most
    a few in a hundred. If ``ORDINARY_RATIO`` would reject more than ``REJECTED``, the text's own
    ratios decide: their median and ``_SPREADS`` standard deviations, which the median deviation
    gives, so that misaligned pairs do not count (Hampel 1974, "The Influence Curve and Its Role in
    Robust Estimation"); and what four in five pairs need, with room, for text of several kinds.

    Args:
        src: Pieces of the sources, at least 1 each.
        tgt: Pieces of the targets, likewise.

    Returns:
        ``ORDINARY_RATIO`` or more.
    """
    if not len(src):
        return ORDINARY_RATIO
    low, high = np.minimum(src, tgt), np.maximum(src, tgt)
    if np.mean(high > ORDINARY_RATIO * low + RATIO_MARGIN) <= REJECTED:
        return ORDINARY_RATIO
    logs = np.log(tgt / src)
    median = float(np.median(logs))
    spread = max(1.4826 * float(np.median(np.abs(logs - median))), _LEAST_SPREAD)
    usual = math.exp(abs(median) + _SPREADS * spread)
    needed = float(np.quantile((high - RATIO_MARGIN) / low, _MOST_PAIRS))
    most = float((high / low).max())  # no pair needs more
    return max(ORDINARY_RATIO, float(math.ceil(min(max(usual, _ROOM * needed), _ROOM * most))))


def warn_of_rejected(config: CorpusConfig, counts: PairCounts, data: DataConfig) -> None:
    """Logs a warning for each limit that rejects more than ``REJECTED`` of a corpus.

    Args:
        config: The corpus.
        counts: Its counts.
        data: The limits.
    """
    limits = {
        f"one side has more than {data.ratio:g} times the pieces of the other one, and "
        f"{RATIO_MARGIN} more": (counts.ratio, "max_ratio", 2 * math.ceil(data.ratio)),
        f"a side has more than {data.max_pieces} pieces": (
            counts.too_long,
            "max_pieces",
            2 * data.max_pieces,
        ),
    }
    for reason, (rejected, name, more) in limits.items():
        if rejected > REJECTED * counts.read:
            logger.warning(
                "%s of %s pairs of %s (%.1f %%) are left out, because %s; raise %s (--set "
                "%s=%d) if they are no mistakes",
                f"{rejected:,}",
                f"{counts.read:,}",
                config.name,
                100 * rejected / counts.read,
                reason,
                name,
                name,
                more,
            )
