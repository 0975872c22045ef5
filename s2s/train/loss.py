"""Output layer, softmax and label-smoothed cross-entropy as one operation.

The logits of a batch are its largest tensor by far. Made chunk by chunk, with the gradient taken
at once while a chunk is in cache, they are never stored: memory does not grow with the batch, and
the passes over them that autograd would make fall away.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

CHUNK_VALUES = 1 << 21
"""Logits of a chunk on a CPU: 8 MB, the fastest of 2**18 to 2**22 on 2 cores."""
CHUNK_VALUES_GPU = 1 << 27


class Loss(NamedTuple):
    """Sums over the real tokens of a batch, in nats."""

    smoothed: Tensor  # (), what is minimised
    nll: Tensor  # (), negative log-likelihood, without gradient


class _OutputLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, readouts: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        tokens, vocab = readouts.shape[0], weight.shape[0]
        weight_low = weight.to(readouts.dtype)
        grad_readouts = torch.empty_like(readouts)
        grad_weight = torch.zeros_like(weight)
        grad_bias = torch.zeros_like(bias)
        nll = torch.zeros((), dtype=torch.float32, device=readouts.device)
        spread = torch.zeros_like(nll)
        values = CHUNK_VALUES_GPU if readouts.is_cuda else CHUNK_VALUES
        size = max(1, values // vocab)
        for start in range(0, tokens, size):
            chunk = slice(start, min(start + size, tokens))
            logits = torch.addmm(bias.to(readouts.dtype), readouts[chunk], weight_low.T).float()
            rows = targets[chunk, None]
            picked = logits.gather(1, rows)
            mean = logits.mean(dim=1, keepdim=True) if smoothing else picked
            top = logits.amax(dim=1, keepdim=True)
            logits.sub_(top).exp_()
            normaliser = logits.sum(dim=1, keepdim=True)
            log_normaliser = normaliser.log().add_(top)
            nll += (log_normaliser - picked).sum()
            spread += (log_normaliser - mean).sum()
            if not any(ctx.needs_input_grad):
                continue
            # d loss / d logits = softmax - (1 - smoothing) * one-hot - smoothing / vocab
            logits.div_(normaliser)
            if smoothing:
                logits.sub_(smoothing / vocab)
            logits.scatter_add_(1, rows, torch.full_like(picked, smoothing - 1))
            low = logits.to(readouts.dtype)
            torch.mm(low, weight_low, out=grad_readouts[chunk])
            if low.dtype == weight.dtype:
                grad_weight.addmm_(low.T, readouts[chunk])
            else:
                grad_weight += (low.T @ readouts[chunk]).float()
            grad_bias += logits.sum(dim=0)
        ctx.save_for_backward(grad_readouts, grad_weight, grad_bias)
        ctx.mark_non_differentiable(nll)
        return (1 - smoothing) * nll + smoothing * spread, nll

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor, _grad_nll: Tensor) -> tuple[Tensor | None, ...]:
        grad_readouts, grad_weight, grad_bias = ctx.saved_tensors
        return (
            grad_readouts * grad_loss.to(grad_readouts.dtype),
            grad_weight * grad_loss,
            grad_bias * grad_loss,
            None,
            None,
        )


def output_loss(readouts: Tensor, output: nn.Linear, targets: Tensor, smoothing: float) -> Loss:
    """Label-smoothed cross-entropy of an output layer (Szegedy et al. 2016, section 7).

    Args:
        readouts: (tokens, embedding_size), real positions only.
        output: To (tokens, tgt_vocab) logits.
        targets: (tokens,) int64.
        smoothing: Share of probability spread evenly over the vocabulary.

    Returns:
        Sums over tokens; divide by their number.
    """
    smoothed, nll = _OutputLoss.apply(  # type: ignore[no-untyped-call]
        readouts, output.weight, output.bias, targets, smoothing
    )
    return Loss(smoothed, nll.detach())
