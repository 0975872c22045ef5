"""From what a search found, ids and numbers, to text."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from s2s.batching import Query
from s2s.config import EOS_ID
from s2s.runtime.backend import Found
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.translation import Details, Hypothesis
from s2s.words import align_words


class Searched(NamedTuple):
    """What became of a query."""

    hypotheses: tuple[Hypothesis, ...]
    """Best first."""
    attention: tuple[NDArray[np.float32], ...] = ()
    """Of each (tgt_len, src_len), without a tag's column, if the query is watched."""


def read_hypotheses(
    found: Found, queries: Sequence[Query], n_best: int, tokenizer: Tokenizer, *, details: bool
) -> list[Searched]:
    """Returns the best ``n_best`` hypotheses of each sentence of a batch.

    Args:
        found: By the search.
        queries: What was searched.
        n_best: Hypotheses of each.
        tokenizer: The model's.
        details: Whether hypotheses are to have theirs, if they were found.
    """
    ids = [
        [
            [int(piece) for piece in tokens[:length] if piece != EOS_ID]
            for tokens, length in zip(beam[:n_best], lengths[:n_best], strict=True)
        ]
        for beam, lengths in zip(found.hypotheses, found.lengths, strict=True)
    ]
    # Cleaned, because a vocabulary made elsewhere may hold line ends.
    texts = iter(
        [clean(text) for text in tokenizer.decode([each for beam in ids for each in beam])]
    )
    made = []
    for sentence, (query, beam) in enumerate(zip(queries, ids, strict=True)):
        hypotheses, looked = [], []
        for rank, each in enumerate(beam):
            pieces = tuple(tokenizer.tgt_pieces(each))
            score = float(found.scores[sentence, rank])
            attention = None
            if found.attention is not None:
                skipped = tokenizer.count_tags(query.src)
                attention = found.attention[sentence, rank, :, skipped : len(query.src)]
            if query.watched and attention is not None:
                # A copy, so that not all of the batch is held.
                looked.append(attention[: len(pieces)].copy())
            own = None
            if details and attention is not None and found.log_probs is not None:
                length = int(found.lengths[sentence, rank])
                log_probs = found.log_probs[sentence, rank, :length]
                own = Details(
                    # None of a place in the beam that there is no hypothesis for.
                    tuple(float(each) for each in log_probs) or (-math.inf,),
                    align_words(attention, tokenizer.src_pieces(query.src), pieces),
                )
            hypotheses.append(Hypothesis(next(texts), score, pieces, own))
        made.append(Searched(tuple(hypotheses), tuple(looked)))
    return made
