"""One update of the weights: forward, backward through time, clipping, optimizer step.

Nothing here waits for a GPU: losses and norms stay tensors until somebody reads them, and the
device itself decides whether an update is left out.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from s2s.config import BOS_ID, EOS_ID, PAD_ID
from s2s.corpus.stream import Batch, Step
from s2s.errors import TrainingError
from s2s.model.layers import expect_loose_weights
from s2s.model.memory import is_out_of_memory
from s2s.model.peephole import Bound, bound_derivatives
from s2s.model.seq2seq import Seq2Seq
from s2s.train.config import TrainConfig
from s2s.train.diagnosis.norms import NormsByLayer
from s2s.train.teacher_forcing import TeacherForcing, to_device
from s2s.train.world import World

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
NO_BATCH = Batch(
    src=np.array([[EOS_ID]]),
    src_lengths=np.array([1]),
    tgt_in=np.array([[BOS_ID]]),
    tgt_out=np.array([[PAD_ID]]),
    num_tokens=0,
    seed=0,
)
"""A batch without a target token, for a process that has no batch in an update: its loss and its
gradients are 0, but all processes must sum gradients together."""


class UpdateFigures(NamedTuple):
    """Losses and norms of one update."""

    tokens: int  # real target tokens, of all processes
    sums: Tensor  # (2,) smoothed loss and negative log-likelihood, nats, of this process's tokens
    gradient_norm: Tensor  # (), before clipping; not finite if the update was left out
    learning_rate: float
    layers: NormsByLayer | None  # None unless they were asked for


class Updater:
    """A model with its optimizer."""

    def __init__(self, model: Seq2Seq, config: TrainConfig, world: World | None = None) -> None:
        self.model = model
        self.config = config
        self.world = world or World()
        self.device = next(model.parameters()).device
        if model.config.recurrent_dropout:
            expect_loose_weights()
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        self.optimizer = kind(
            model.parameters(),
            lr=config.learning_rate,
            betas=(config.beta1, config.beta2),
            eps=1e-9,
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self._has_fp16())
        self.network: nn.Module = TeacherForcing(
            model,
            label_smoothing=config.label_smoothing,
            bptt_steps=config.bptt_steps,
            r_drop=config.r_drop,
        )
        if self.world.size > 1:
            self.network = DistributedDataParallel(self.network, gradient_as_bucket_view=True)
        self.splits = 0
        """Batches split so far because they did not fit into the GPU's memory."""

    def _has_fp16(self) -> bool:
        """Whether some gradients may be fp16: the loss is then scaled up, while nothing overflows.

        fp16 gradients vanish below 6e-8 (Micikevicius et al. 2018, "Mixed Precision Training",
        section 3.2). With bf16, torch gives cuDNN's recurrent layers fp16 all the same: its
        ``AutocastRNN.cpp`` names no other type. If a later torch gives them bf16, the scale is a
        power of two that changes nothing.
        """
        precision = self.config.precision
        return precision == "fp16" or (precision == "bf16" and self.device.type == "cuda")

    def update(self, step: Step, learning_rate: float, *, measure: bool = False) -> UpdateFigures:
        """Steps once, for the mean loss over the tokens of all batches of all processes.

        A gradient that is not finite leaves the weights alone.

        Args:
            step: The batches of this process, and the number of tokens of all processes.
            learning_rate: The optimizer's for this step.
            measure: Also take the norms of each layer.

        Raises:
            TrainingError: If a single sentence does not fit into the GPU's memory.
        """
        sums = self._backward(step)
        if self.scaler.is_enabled():
            self.scaler.unscale_(self.optimizer)
        named = [(n, p) for n, p in self.model.named_parameters() if p.grad is not None]
        gradients = [p.grad for _, p in named if p.grad is not None]
        layers = NormsByLayer(named) if measure else None
        norm = nn.utils.get_total_norm(gradients)
        if self.config.clip_norm is not None:
            torch._foreach_mul_(gradients, (self.config.clip_norm / (norm + 1e-6)).clamp(max=1.0))
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        if self.scaler.is_enabled():
            # The norm of finite gradients may overflow, too.
            for found in self.scaler._found_inf_per_device(self.optimizer).values():
                found.add_(norm.isfinite().logical_not())
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            # As the scaler does: if this is 1, a fused optimizer changes nothing, and the host need
            # not wait to know.
            self.optimizer.found_inf = norm.isfinite().logical_not().float()  # type: ignore[attr-defined]
            self.optimizer.step()
        if layers is not None:
            layers.finish()
        return UpdateFigures(
            tokens=step.tokens,
            sums=sums,
            gradient_norm=norm,
            learning_rate=learning_rate,
            layers=layers,
        )

    def _backward(self, step: Step) -> Tensor:
        """Leaves the gradients of a step in the parameters; returns the sums of its losses.

        If a batch does not fit into the GPU's memory, it is cut in two and the step starts again.
        """
        batches = list(step.batches) or [NO_BATCH]
        # DistributedDataParallel takes the mean over processes: the sum is wanted.
        weight = self.world.size / step.tokens
        bound_derivatives(self.model, self._gate_bound(weight))
        while True:
            number = 0
            try:
                self.optimizer.zero_grad(set_to_none=True)
                sums = torch.zeros(2, device=self.device)
                for number, batch in enumerate(batches):
                    # A batch draws its dropout from its own seed: it is the same after a
                    # resumption, and in whichever process.
                    torch.manual_seed(batch.seed)
                    with self._gradients_summed(last=number == len(batches) - 1):
                        with self._autocast():
                            smoothed, nll = self.network(*to_device(batch, self.device))
                        self.scaler.scale(smoothed * weight).backward()
                    sums += torch.stack([smoothed.detach(), nll])
                return sums
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                reason = str(error).partition(".")[0]
            # Outside of the handler, where the error no longer holds the batch's tensors.
            if self.world.size > 1 and number == len(batches) - 1:
                raise TrainingError(
                    f"process {self.world.rank}: {reason}, while the gradients were summed; "
                    f"lower batch_tokens (--batch-tokens) from {self.config.batch_tokens}"
                )
            batches[number : number + 1] = halve(batches[number], reason)
            self.splits += 1
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _gate_bound(self, weight: float) -> Bound | None:
        """Returns ``clip_gates`` in the unit of a loss that is multiplied by ``weight``."""
        if self.config.clip_gates is None:
            return None
        bound = self.config.clip_gates * weight
        if not self.scaler.is_enabled():
            return bound
        scaled: Tensor = self.scaler.scale(torch.full((), bound, device=self.device))
        return scaled

    def _autocast(self) -> torch.autocast:
        """Returns the context in which matrix products have the precision of the configuration."""
        return torch.autocast(
            self.device.type,
            dtype=AUTOCAST.get(self.config.precision, torch.bfloat16),
            enabled=self.config.precision in AUTOCAST,
        )

    def _gradients_summed(self, *, last: bool) -> AbstractContextManager[None]:
        """Only the last batch of a step waits for the gradients of the other processes."""
        if last or not isinstance(self.network, DistributedDataParallel):
            return nullcontext()
        return self.network.no_sync()


def halve(batch: Batch, reason: str) -> list[Batch]:
    """Cuts a batch in two.

    Args:
        batch: Two sentence pairs or more.
        reason: Why it has to be cut, for the error.

    Raises:
        TrainingError: If it has one sentence pair only.
    """
    rows = len(batch.src)
    if rows == 1:
        raise TrainingError(
            f"a pair of {batch.src.shape[1]} source and {batch.tgt_out.shape[1]} target pieces "
            f"does not fit into memory: {reason}; lower max_pieces (--set max_pieces=50), or "
            "train a smaller model"
        )
    parts: list[Batch] = []
    for part in (slice(rows // 2), slice(rows // 2, rows)):
        src_len = int(batch.src_lengths[part].max())
        tgt_lengths = (batch.tgt_out[part] != PAD_ID).sum(axis=1)
        tgt_len = int(tgt_lengths.max())
        parts.append(
            Batch(
                src=np.ascontiguousarray(batch.src[part, :src_len]),
                src_lengths=batch.src_lengths[part],
                tgt_in=np.ascontiguousarray(batch.tgt_in[part, :tgt_len]),
                tgt_out=np.ascontiguousarray(batch.tgt_out[part, :tgt_len]),
                num_tokens=int(tgt_lengths.sum()),
                seed=batch.seed + 1 + len(parts),
            )
        )
    return parts
