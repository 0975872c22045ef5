"""The special pieces, the same in every vocabulary."""

PAD_ID, UNK_ID, BOS_ID, EOS_ID = 0, 1, 2, 3
"""Ids of the special pieces, the same in every vocabulary; padding is ``PAD_ID``."""
FORBIDDEN_IDS = (PAD_ID, UNK_ID, BOS_ID)
"""Pieces that are never part of a translation."""


def widest_beam(tgt_vocab_size: int) -> int:
    """Returns the largest beam size of a vocabulary: its pieces that a translation can have."""
    return tgt_vocab_size - len(FORBIDDEN_IDS)
