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
    places: Tensor | None  # (tokens,) int64, where they stand in (batch * tgt_len); None: all of it


def to_device(batch: Batch, device: torch.device) -> BatchTensors:
    """Copies a batch; to a GPU without waiting for it.

    Which target positions are real is found out here, on the CPU: asked of a GPU, the answer's
    size would have to be waited for.
    """
    flat = batch.tgt_out.reshape(-1)
    padded = batch.num_tokens < flat.size
    places = np.flatnonzero(flat != PAD_ID) if padded else None
    arrays = (batch.src, batch.src_lengths, batch.tgt_in, flat if places is None else flat[places])

    def moved(array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(array)
        if device.type == "cpu":
            return tensor
        return tensor.pin_memory().to(device, non_blocking=True)

    src, src_lengths, tgt_in, targets = map(moved, arrays)
    return BatchTensors(
        src, src_lengths, tgt_in, targets, None if places is None else moved(places)
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
        places: Tensor | None,
    ) -> Loss:
        """Returns the loss of a batch, summed over its tokens; arguments as in ``BatchTensors``.

        With ``r_drop``, while training, the batch passes twice at once, as rows with a dropout of
        their own.
        """
        r_drop = self.r_drop if self.training else 0.0
        passes = 2 if r_drop else 1
        src, src_lengths, tgt_in = (
            torch.cat([part] * passes) for part in (src, src_lengths, tgt_in)
        )
        rows = self._read(src, src_lengths, tgt_in)
        readouts = rows.reshape(passes, -1, rows.shape[-1])
        if places is not None:
            readouts = readouts.index_select(1, places)
        return output_loss(readouts, self.model.output, targets, self.label_smoothing, r_drop)

    def _read(self, src: Tensor, src_lengths: Tensor, tgt_in: Tensor) -> Tensor:
        steps = self.bptt_steps
        if steps is None or steps >= tgt_in.shape[1]:
            whole: Tensor = self.model(src, src_lengths, tgt_in)
            return whole
        memory, state = self.model.begin(src, src_lengths)
        parts = []
        for part in tgt_in.split(steps, dim=1):
            readouts, state = self.model.decoder(part, memory, state)
            state = state.detach()
            parts.append(readouts)
        return torch.cat(parts, dim=1)
