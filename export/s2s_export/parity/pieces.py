"""The pieces of hypotheses, to compare two searches."""

from s2s.config import PAD_ID
from s2s.search.beam import Hypotheses


def pieces_of(hypotheses: Hypotheses, row: int) -> list[list[int]]:
    """Returns the pieces of one sentence's hypotheses, without padding."""
    lengths = hypotheses.lengths[row].tolist()
    tokens = hypotheses.tokens[row].tolist()
    # Everything that is not padding counts: a wrong length must not hide wrong pieces.
    return [
        [*pieces[:length], *(piece for piece in pieces[length:] if piece != PAD_ID)]
        for pieces, length in zip(tokens, lengths, strict=True)
    ]


def count_identical(expected: Hypotheses, actual: Hypotheses) -> int:
    """Returns how many hypotheses have the same pieces at the same rank."""
    return sum(
        torch_pieces == graph_pieces
        for row in range(len(expected.tokens))
        for torch_pieces, graph_pieces in zip(
            pieces_of(expected, row), pieces_of(actual, row), strict=True
        )
    )
