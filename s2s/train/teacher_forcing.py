"""Teacher forcing: a batch in, the loss of its target out, as one module.

All that a gradient passes through is inside, so that DistributedDataParallel can wrap it.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from s2s.config import PAD_ID
from s2s.corpus.stream import Batch
from s2s.model.seq2seq import Seq2Seq
from s2s.train.loss import Loss, output_loss


class BatchTensors(NamedTuple):
    """A padded batch on the device of the model."""

    src: Tensor  # (batch, src_len) int64
    src_lengths: Tensor  # (batch,) int64
    tgt_in: Tensor  # (batch, tgt_len) int64, the begin piece first
    targets: Tensor  # (tokens,) int64, the real ones of all rows, one row after the other
    positions: Tensor | None  # (tokens,) int64, indices into (batch * tgt_len); None: all of them


def to_device(batch: Batch, device: torch.device) -> BatchTensors:
    """Copies a batch; to a GPU without waiting for it.

    The CPU looks up which target positions are real: the number of them, asked of a GPU, would
    have to be waited for.
    """
    flat = batch.tgt_out.reshape(-1)
    padded = batch.num_tokens < flat.size
    positions = np.flatnonzero(flat != PAD_ID) if padded else None
    targets = flat if positions is None else flat[positions]

    def copy(array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if device.type == "cpu":
            return tensor
        return tensor.pin_memory().to(device, non_blocking=True)

    return BatchTensors(
        src=copy(batch.src),
        src_lengths=copy(batch.src_lengths),
        tgt_in=copy(batch.tgt_in),
        targets=copy(targets),
        positions=None if positions is None else copy(positions),
    )


class TeacherForcing(nn.Module):
    """A translator and its loss."""

    def __init__(
        self,
        model: Seq2Seq,
        *,
        label_smoothing: float,
        bptt_steps: int | None = None,
        r_drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing
        self.bptt_steps = bptt_steps
        self.r_drop = r_drop

    def forward(
        self,
        src: Tensor,
        src_lengths: Tensor,
        tgt_in: Tensor,
        targets: Tensor,
        positions: Tensor | None,
    ) -> Loss:
        """Returns the loss of a batch, summed over its tokens; arguments as in ``BatchTensors``.

        With ``r_drop``, while training, the batch passes twice at once, as rows with a dropout of
        their own.
        """
        r_drop = self.r_drop if self.training else 0.0
        passes = 2 if r_drop else 1
        src, src_lengths, tgt_in = (
            torch.cat([tensor] * passes) for tensor in (src, src_lengths, tgt_in)
        )
        if self.bptt_steps is None or self.bptt_steps >= tgt_in.shape[1]:
            readouts = self.model(src, src_lengths, tgt_in)
        else:
            readouts = self._truncated_readouts(src, src_lengths, tgt_in, self.bptt_steps)
        readouts = readouts.reshape(passes, -1, readouts.shape[-1])
        if positions is not None:
            readouts = readouts.index_select(1, positions)
        return output_loss(readouts, self.model.output, targets, self.label_smoothing, r_drop)

    def _truncated_readouts(
        self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor, steps: int
    ) -> Tensor:
        """As the model's, but no gradient passes from one stretch of ``steps`` to the one before.

        Williams and Peng (1990), "An Efficient Gradient-Based Algorithm for On-Line Training of
        Recurrent Network Trajectories".
        """
        memory, state = self.model.begin(src, src_lengths)
        parts = []
        for part in tgt_in.split(steps, dim=1):
            readouts, state = self.model.decoder(part, memory, state)
            state = state.detach()
            parts.append(readouts)
        return torch.cat(parts, dim=1)
