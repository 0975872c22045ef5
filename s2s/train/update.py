"""One update of the weights: forward, backward through time, clipping, optimizer step."""

import math
from typing import NamedTuple

import torch
from torch import nn

from s2s.config import PAD_ID
from s2s.model.seq2seq import Seq2Seq
from s2s.train.config import TrainConfig
from s2s.train.data import Batch
from s2s.train.loss import output_loss

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
FP16_SCALE = 65536.0
GROW_AFTER = 2000


class UpdateFigures(NamedTuple):
    """What an update was like."""

    tokens: int  # real target tokens
    smoothed: float  # sum over tokens, nats
    nll: float  # sum over tokens, nats
    gradient_norm: float  # before clipping; not finite if the update was left out
    learning_rate: float


class Updater:
    """A model with its optimizer."""

    def __init__(self, model: Seq2Seq, config: TrainConfig) -> None:
        self.model = model
        self.config = config
        self.device = next(model.parameters()).device
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        self.optimizer = kind(
            model.parameters(),
            lr=config.learning_rate,
            betas=(config.beta1, config.beta2),
            eps=1e-9,
            weight_decay=config.weight_decay,
            fused=True,
        )
        # fp16 gradients vanish below 6e-8: the loss is scaled up, as far as nothing overflows
        # (Micikevicius et al. 2018, section 3.2).
        self.scale = FP16_SCALE if config.precision == "fp16" else 1.0
        self.good_updates = 0

    def update(self, batches: list[Batch], learning_rate: float) -> UpdateFigures:
        """Steps once for all of ``batches``; leaves the weights alone if a gradient is not finite.

        Args:
            batches: On the CPU; their losses are averaged over all of their tokens.
            learning_rate: Of this step.
        """
        tokens = sum(batch.num_tokens for batch in batches)
        self.optimizer.zero_grad(set_to_none=True)
        smoothed, nll = 0.0, 0.0
        for batch in batches:
            moved = batch.to(self.device)
            real = moved.tgt_out != PAD_ID
            with torch.autocast(
                self.device.type,
                dtype=AUTOCAST.get(self.config.precision, torch.bfloat16),
                enabled=self.config.precision in AUTOCAST,
            ):
                readouts = self.model(moved.src, moved.src_lengths, moved.tgt_in)[real]
                loss = output_loss(
                    readouts, self.model.output, moved.tgt_out[real], self.config.label_smoothing
                )
            (loss.smoothed * (self.scale / tokens)).backward()
            smoothed += float(loss.smoothed.detach())
            nll += float(loss.nll)
        norm = self._clip()
        if math.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate
            self.optimizer.step()
        self._rescale(math.isfinite(norm))
        return UpdateFigures(tokens, smoothed, nll, norm, learning_rate)

    def _clip(self) -> float:
        """Scales the gradients down to the limit; returns their norm before that."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        if self.scale != 1.0:
            torch._foreach_mul_(gradients, 1 / self.scale)
        norm = nn.utils.get_total_norm(gradients)
        limit = self.config.clip_norm
        if limit is not None:
            torch._foreach_mul_(gradients, (limit / (norm + 1e-6)).clamp(max=1.0))
        return float(norm)

    def _rescale(self, finite: bool) -> None:
        """Finds the largest loss scale that fp16 gradients bear."""
        if self.config.precision != "fp16":
            return
        self.good_updates = self.good_updates + 1 if finite else 0
        if not finite:
            self.scale = max(1.0, self.scale / 2)
        elif self.good_updates >= GROW_AFTER:
            self.scale, self.good_updates = self.scale * 2, 0
