"""What a network attends to while it writes a given translation.

The pictures of Bahdanau, Cho and Bengio (2015), figure 3.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2s.config import BOS_ID, EOS_ID
from s2s.errors import DataError
from s2s.model.run import Run
from s2s.model.seq2seq import Seq2Seq
from s2s.tokenizer.pieces import read_pieces


class Alignment(NamedTuple):
    """A sentence, its translation, and the attention between them."""

    src_pieces: tuple[str, ...]  # the end piece last
    tgt_pieces: tuple[str, ...]  # the end piece last
    attention: NDArray[np.float32]  # (tgt_len, src_len); each row sums to 1


@torch.inference_mode()
def read_attention(model: Seq2Seq, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
    """Runs over given targets (teacher forcing) and returns what was attended to.

    Args:
        model: In evaluation mode.
        src: (batch, src_len) int64, the end piece last, padded.
        src_lengths: (batch,) int64, each >= 1.
        tgt_in: (batch, tgt_len) int64, the begin piece first, padded.

    Returns:
        (batch, tgt_len, src_len): row t is where the network looked before it wrote piece t of
        the target that comes after ``tgt_in``; it sums to 1 and is 0 on padding. A mean over heads.
    """
    asked: list[Tensor] = []  # all positions at once, or with input feeding one after the other

    def keep(module: object, inputs: object, outputs: tuple[Tensor, Tensor]) -> None:
        asked.append(outputs[1])

    # The decoder has no use for the weights; a hook costs its training nothing.
    hook = model.decoder.attention.register_forward_hook(keep)
    try:
        model(src, src_lengths, tgt_in)
    finally:
        hook.remove()
    return torch.cat(asked, dim=1)


def align(run: Run, sources: Sequence[str], targets: Sequence[Sequence[str]]) -> list[Alignment]:
    """Aligns sentences with translations, as the run's network sees them.

    Args:
        run: A trained run.
        sources: Clean text, with a tag before it where the model wants one.
        targets: As many; the pieces that a search found, without the end piece.

    Raises:
        DataError: If a target piece is not in the vocabulary.
    """
    tokenizer = run.tokenizer
    src_table = [piece.text for piece in read_pieces(tokenizer.src_model)]
    tgt_table = [piece.text for piece in read_pieces(tokenizer.tgt_cutter)]
    tgt_ids = {piece: number for number, piece in enumerate(tgt_table)}
    device = next(run.model.parameters()).device
    aligned = []
    for src, pieces in zip(tokenizer.encode_src(sources), targets, strict=True):
        if unknown := [piece for piece in pieces if piece not in tgt_ids]:
            raise DataError(f"the run's vocabulary has no piece {unknown[0]!r}")
        tgt_in = [BOS_ID, *(tgt_ids[piece] for piece in pieces)]
        found = read_attention(
            run.model,
            torch.tensor([src], device=device),
            torch.tensor([len(src)]),
            torch.tensor([tgt_in], device=device),
        )
        aligned.append(
            Alignment(
                tuple(src_table[each] for each in src),
                (*pieces, tgt_table[EOS_ID]),
                found[0].float().cpu().numpy(),
            )
        )
    return aligned
