"""The lengths that a model's search allows: every pair of its training fits.

A hypothesis of a source with n pieces, end piece counted, has at most ``factor * n + margin``
pieces. 2 and 20 are the limit of text whose pairs all fit in them, as those of most languages do.
Other tasks have longer targets: digits spelled out, commands made of a word, sentences made of a
few facts.

A tagger writes a label for each word. If all training pairs have sides of equal lengths, the search
is in step with the source instead: a hypothesis has exactly as many pieces.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.config import SearchConfig
from s2s.corpus.shards import Shards
from s2s.files import atomic_output
from s2s.formats.run_folder import CONFIG_FILE, read_config
from s2s.tokenizer import Tokenizer
from s2s.tokenizer.pieces import algorithm_of
from s2s.tokenizer.tags import check_in_step
from s2s.train.log import say
from s2s.train.prepare import PreparedRun

ROOM = 10
"""A limit that is learned has room for targets that are longer by a tenth."""
TIGHT = 0.001
"""Share of pairs that may be without this room in the limit of ordinary text."""
_MOST_FACTOR = 1000
_STRETCH = 1_000_000
_DEFAULT = SearchConfig()

logger = logging.getLogger(__name__)


class Lengths(NamedTuple):
    """Lengths of training pairs, in pieces; end pieces and tags are counted."""

    longest: NDArray[np.int64]  # (longest source + 1,): the longest target of each source length
    mean_src: float
    mean_tgt: float
    tight: float
    """Share of pairs that would not fit in the limit of ordinary text with ``ROOM``."""
    unequal: int
    """Number of pairs with sides of different lengths."""
    pairs: int
    """Number of all pairs."""


def measure_lengths(corpora: Sequence[Shards]) -> Lengths:
    """Reads the lengths of all pairs.

    Raises:
        FileError: If files were removed or cut short.
    """
    factor, margin = SearchConfig().limit
    longest = np.zeros(1, np.int64)
    totals = np.zeros(5, np.int64)
    for src, tgt in _stretches(corpora):
        longest = np.pad(longest, (0, max(0, int(src.max()) + 1 - len(longest))))
        np.maximum.at(longest, src, tgt)
        tight = np.count_nonzero(_with_room(tgt) > factor * src + margin)
        unequal = np.count_nonzero(src != tgt)
        totals += [len(src), src.sum(), tgt.sum(), tight, unequal]
    pairs, all_src, all_tgt, all_tight, all_unequal = totals.tolist()
    return Lengths(
        longest=longest,
        mean_src=all_src / pairs,
        mean_tgt=all_tgt / pairs,
        tight=all_tight / pairs,
        unequal=all_unequal,
        pairs=pairs,
    )


def _with_room(tgt: NDArray[np.int64]) -> NDArray[np.int64]:
    return tgt - -tgt // ROOM


def _stretches(corpora: Sequence[Shards]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    for shards in corpora:
        for start in range(0, len(shards), _STRETCH):
            yield shards.lengths(start, min(start + _STRETCH, len(shards)))


def fit_limit(lengths: Lengths, search: SearchConfig) -> SearchConfig:
    """Returns search settings whose limits of length let every training target be written.

    What ``search`` sets itself stays. The limit of ordinary text is taken if all pairs fit in it,
    and nearly all with ``ROOM``. Else the limit has that room for all. The factor is at least the
    mean number of target pieces a source piece, so that longer sources than the training's have
    room, too; among the larger ones, it is the one whose limit is the lowest for a source of mean
    length.

    Args:
        lengths: Lengths of the training pairs.
        search: Settings whose ``length_factor``, ``length_margin``, or both may be ``auto``.
    """
    src = np.flatnonzero(lengths.longest)
    tgt = lengths.longest[src]
    with_room = _with_room(tgt)
    if search.max_length == _DEFAULT.max_length:
        search = replace(search, max_length=max(search.max_length, int(with_room.max())))
    factor, margin = search.limit
    if search.length_factor != "auto" and search.length_margin != "auto":
        return search
    is_ordinary = search.limit == _DEFAULT.limit and lengths.tight <= TIGHT
    if not (is_ordinary and (tgt <= factor * src + margin).all()):
        factor, margin = _choose(lengths, src, with_room, search)
    return replace(search, length_factor=factor, length_margin=margin)


def _choose(
    lengths: Lengths, src: NDArray[np.int64], tgt: NDArray[np.int64], search: SearchConfig
) -> tuple[int, int]:
    """Returns factor and margin of a limit that targets ``tgt`` of sources ``src`` fit in."""
    factor, margin = search.limit
    if search.length_margin != "auto":
        needed = -(-(tgt - margin) // src)
        return max(factor, min(int(needed.max()), _MOST_FACTOR)), margin
    factors = np.array([factor])
    if search.length_factor == "auto":
        least = max(factor, int(np.ceil(lengths.mean_tgt / lengths.mean_src)))
        factors = np.arange(min(least, _MOST_FACTOR), _MOST_FACTOR + 1)
    margins = np.array([max(margin, int((tgt - each * src).max())) for each in factors])
    best = int((factors * lengths.mean_src + margins).argmin())
    return int(factors[best]), int(margins[best])


def are_in_step(lengths: Lengths, tokenizer: Tokenizer) -> bool:
    """Whether each target has a word for each word of its source, however many there are."""
    models = (tokenizer.src_model, tokenizer.tgt_model or tokenizer.src_model)
    are_words = all(algorithm_of(model) == "word" for model in models)
    return are_words and not lengths.unequal and bool(np.count_nonzero(lengths.longest) > 1)


def settle_lengths(run: PreparedRun, corpora: Sequence[Shards], *, write: bool) -> PreparedRun:
    """Returns a run whose search has limits of length, learned from its pairs if it had none.

    Args:
        run: The run.
        corpora: Its training pairs.
        write: Whether to write them into the run folder, and to say what they are.

    Raises:
        ConfigError: If it is to be in step with sources that begin with a tag.
        FileError: If a file cannot be read or written.
    """
    asked = run.search
    if asked.is_in_step:
        check_in_step(True, run.tokenizer.tags)
    if "auto" not in (asked.length_factor, asked.length_margin, asked.in_step):
        return run
    lengths = measure_lengths(corpora)
    in_step = are_in_step(lengths, run.tokenizer) if asked.in_step == "auto" else asked.in_step
    search = replace(fit_limit(lengths, asked), in_step=in_step)
    if write:
        path = run.out / CONFIG_FILE
        config = {**read_config(run.out), "search": search.to_dict()}
        with atomic_output(path) as file:
            file.write(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
        _say_lengths(lengths, asked, search)
    return replace(run, search=search)


def _say_lengths(lengths: Lengths, asked: SearchConfig, search: SearchConfig) -> None:
    """Says what was learned, if it is unusual."""
    if search.in_step and lengths.unequal:
        logger.warning(
            "%s of %s training pairs have sides of different lengths, but outputs are in step with "
            "their sources and cannot be as these targets (--in-step no: other lengths)",
            f"{lengths.unequal:,}",
            f"{lengths.pairs:,}",
        )
    elif search.in_step and asked.in_step == "auto":
        say(
            f"each of the {lengths.pairs:,} pairs has as many words on both sides, so the search "
            "writes a word for each word of the source (--in-step no: other lengths)"
        )
    elif search.limit != _DEFAULT.limit or search.max_length != _DEFAULT.max_length:
        factor, margin = search.limit
        say(
            f"limit of length: {factor} pieces for each source piece and {margin} more, "
            f"{search.max_length} at most (--set length_factor=N, length_margin, max_length)"
        )
