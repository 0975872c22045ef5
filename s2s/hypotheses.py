"""From what a search found, ids and numbers, to text."""

from collections.abc import Sequence

from s2s.backends import Found
from s2s.batching import Query
from s2s.config import EOS_ID
from s2s.text import clean
from s2s.tokenizer import Tokenizer
from s2s.translation import Details, Hypothesis
from s2s.words import align_words


def read_hypotheses(
    found: Found, queries: Sequence[Query], n_best: int, tokenizer: Tokenizer
) -> list[tuple[Hypothesis, ...]]:
    """Returns the best ``n_best`` hypotheses of each sentence of a batch."""
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
        hypotheses = []
        for rank, each in enumerate(beam):
            pieces = tuple(tokenizer.tgt_pieces(each))
            score = float(found.scores[sentence, rank])
            details = _details(found, sentence, rank, query, pieces, tokenizer)
            hypotheses.append(Hypothesis(next(texts), score, pieces, details))
        made.append(tuple(hypotheses))
    return made


def _details(
    found: Found,
    sentence: int,
    rank: int,
    query: Query,
    pieces: tuple[str, ...],
    tokenizer: Tokenizer,
) -> Details | None:
    if found.log_probs is None or found.attention is None:
        return None
    length = int(found.lengths[sentence, rank])
    src_pieces = tokenizer.src_pieces(query.src)
    tags = len(query.src) - 1 - len(src_pieces)  # a tag comes first
    attention = found.attention[sentence, rank, :, tags : len(query.src)]
    return Details(
        tuple(float(each) for each in found.log_probs[sentence, rank, :length]),
        align_words(attention, src_pieces, pieces),
    )
