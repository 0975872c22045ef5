"""Both sides of text to ids, with stand-ins for kept texts."""

from collections.abc import Sequence

from s2s.tokenizer import Tokenizer
from s2s.tokenizer.keep import STAND_IN


def encode_pairs(
    tokenizer: Tokenizer, src_texts: Sequence[str], tgt_texts: Sequence[str]
) -> tuple[list[list[int]], list[list[int]]]:
    """Returns the ids of both sides; the texts may have stand-ins for kept texts."""
    src_ids, tgt_ids = tokenizer.encode_src(src_texts), tokenizer.encode_tgt(tgt_texts)
    rows = [row for row, text in enumerate(src_texts) if STAND_IN in text]
    src_marked = tokenizer.encode_marked([src_texts[row] for row in rows])
    tgt_marked = tokenizer.encode_tgt_marked([tgt_texts[row] for row in rows])
    for row, src, tgt in zip(rows, src_marked, tgt_marked, strict=True):
        src_ids[row] = list(tokenizer.read_marks(src))
        tgt_ids[row] = list(tokenizer.read_tgt_marks(tgt))
    return src_ids, tgt_ids
