"""Where a network looks while it writes a given translation.

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
    """A sentence, a translation, and the attention between them."""

    src_pieces: tuple[str, ...]  # the end piece last
    tgt_pieces: tuple[str, ...]  # the end piece last
    attention: NDArray[np.float32]  # (tgt_len, src_len); each row sums to 1


@torch.inference_mode()
def read_attention(model: Seq2Seq, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
    """Runs over given targets (teacher forcing) and returns the attention.

    Args:
        model: In evaluation mode.
        src: (batch, src_len) int64, the end piece last, padded.
        src_lengths: (batch,) int64, each >= 1.
        tgt_in: (batch, tgt_len) int64, the begin piece first, padded.

    Returns:
        (batch, tgt_len, src_len): row t is where the network looked before it wrote the piece
        after piece t of ``tgt_in``; it sums to 1 and is 0 on padding. A mean over heads.
    """
    attention: list[Tensor] = []  # of all positions at once; with input feeding one by one

    def note(module: object, inputs: object, outputs: tuple[Tensor, Tensor]) -> None:
        attention.append(outputs[1])

    # The decoder does not need the attention; reading it with a hook costs training nothing.
    hook = model.decoder.attention.register_forward_hook(note)
    try:
        model(src, src_lengths, tgt_in)
    finally:
        hook.remove()
    return torch.cat(attention, dim=1)


def align(run: Run, sources: Sequence[str], targets: Sequence[Sequence[str]]) -> list[Alignment]:
    """Aligns sentences with translations, as the run's network sees them.

    Args:
        run: A trained run.
        sources: Clean text, after a tag if the model has tags.
        targets: As many lists of the pieces that a search wrote, without the end piece.

    Raises:
        DataError: If a target piece is not in the vocabulary.
    """
    tokenizer = run.tokenizer
    src_table = [piece.text for piece in read_pieces(tokenizer.src_model)]
    tgt_table = [piece.text for piece in read_pieces(tokenizer.tgt_cutter)]
    tgt_ids = {piece: number for number, piece in enumerate(tgt_table)}
    device = next(run.model.parameters()).device
    alignments = []
    for src, pieces in zip(tokenizer.encode_src(sources), targets, strict=True):
        if unknown := [piece for piece in pieces if piece not in tgt_ids]:
            raise DataError(f"the run's vocabulary has no piece {unknown[0]!r}")
        tgt_in = [BOS_ID, *(tgt_ids[piece] for piece in pieces)]
        attention = read_attention(
            run.model,
            torch.tensor([src], device=device),
            torch.tensor([len(src)], device=device),
            torch.tensor([tgt_in], device=device),
        )
        alignments.append(
            Alignment(
                tuple(src_table[piece] for piece in src),
                (*pieces, tgt_table[EOS_ID]),
                attention[0].float().cpu().numpy(),
            )
        )
    return alignments
