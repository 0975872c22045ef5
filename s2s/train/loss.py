"""Output layer, softmax and label-smoothed cross-entropy as one operation.

The logits of a batch are its largest tensor by far. They are never stored: they are made chunk by
chunk, and the gradient is taken at once, while a chunk is in cache. So memory does not grow with
the batch, and the passes over the logits that autograd would make are saved.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from s2s.model.seq2seq import OutputLayer

CHUNK_VALUES = 1 << 21
"""Logits in a chunk on a CPU: 8 MB, the fastest of 2**18 to 2**22 on 2 cores."""
CHUNK_VALUES_GPU = 1 << 25
"""Logits in a chunk on a GPU: 128 MB, and twice as much for their copies in bf16."""


class Loss(NamedTuple):
    """Sums over the real tokens of a batch, in nats."""

    smoothed: Tensor  # (), the loss that training minimises
    nll: Tensor  # (), negative log-likelihood, without gradient


class _OutputLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        readouts: Tensor,
        weight: Tensor,
        bias: Tensor,
        targets: Tensor,
        smoothing: float,
        r_drop: float,
        needs_grad: bool,
    ) -> tuple[Tensor, Tensor]:
        passes, tokens, _ = readouts.shape
        vocab = weight.shape[0]
        weight_low = weight.to(readouts.dtype)
        grad_readouts = torch.empty_like(readouts)
        grad_weight = torch.zeros_like(weight)
        grad_bias = torch.zeros_like(bias)
        # bf16 and fp16 are too coarse for a softmax; float64 stays what it is.
        wide = torch.promote_types(readouts.dtype, torch.float32)
        nll = torch.zeros((), dtype=wide, device=readouts.device)
        spread, divergence = torch.zeros_like(nll), torch.zeros_like(nll)
        values = CHUNK_VALUES_GPU if readouts.is_cuda else CHUNK_VALUES
        size = max(1, values // (vocab * passes))
        for start in range(0, tokens, size):
            chunk = slice(start, min(start + size, tokens))
            inputs = readouts[:, chunk].flatten(0, 1)
            logits = torch.addmm(bias.to(inputs.dtype), inputs, weight_low.T).to(wide)
            rows = targets[chunk, None].repeat(passes, 1)
            picked = logits.gather(1, rows)
            mean = logits.mean(dim=1, keepdim=True) if smoothing else picked
            top = logits.amax(dim=1, keepdim=True)
            ratio = torch.sub(*logits.chunk(2)) if r_drop else None
            logits.sub_(top).exp_()
            normaliser = logits.sum(dim=1, keepdim=True)
            log_normaliser = normaliser.log().add_(top)
            nll += (log_normaliser - picked).sum()
            spread += (log_normaliser - mean).sum()
            if not needs_grad and ratio is None:
                continue
            # d loss / d logits = softmax - (1 - smoothing) * one-hot - smoothing / vocab
            logits.div_(normaliser)
            if ratio is not None:
                ratio.sub_(torch.sub(*log_normaliser.chunk(2)))
                divergence += _pull_together(logits, ratio, r_drop)
            if smoothing:
                logits.sub_(smoothing / vocab)
            logits.scatter_add_(1, rows, torch.full_like(picked, smoothing - 1))
            low = logits.to(inputs.dtype)
            grad_readouts[:, chunk] = torch.mm(low, weight_low).view(passes, -1, weight.shape[1])
            if low.dtype == weight.dtype:
                grad_weight.addmm_(low.T, inputs)
            else:
                grad_weight += (low.T @ inputs).float()
            grad_bias += logits.sum(dim=0)
        ctx.save_for_backward(grad_readouts, grad_weight, grad_bias)
        ctx.passes = passes
        ctx.mark_non_differentiable(nll)
        nll /= passes
        loss = (1 - smoothing) * nll + (smoothing * spread + r_drop * divergence) / passes
        return loss, nll

    @staticmethod
    def backward(ctx: Any, grad_loss: Tensor, _grad_nll: Tensor) -> tuple[Tensor | None, ...]:
        grad_readouts, grad_weight, grad_bias = ctx.saved_tensors
        scale = grad_loss / ctx.passes
        return (
            grad_readouts * scale.to(grad_readouts.dtype),
            grad_weight * scale,
            grad_bias * scale,
            None,
            None,
            None,
            None,
        )


def _pull_together(probabilities: Tensor, ratio: Tensor, weight: float) -> Tensor:
    """Adds R-Drop's gradient to that of the cross-entropy.

    Args:
        probabilities: (2 * tokens, vocab), p of the first pass, then q of the second; changed in
            place into p + weight * d divergence / d logits of p, and the same for q.
        ratio: (tokens, vocab), log p - log q.
        weight: Weight of the divergence in the loss.

    Returns:
        The sum over tokens of (KL(p, q) + KL(q, p)) / 2.
    """
    first, second = probabilities.chunk(2)
    forward = (first * ratio).sum(dim=1, keepdim=True)
    backward = -(second * ratio).sum(dim=1, keepdim=True)
    difference = first - second
    first.add_(first * (ratio - forward) + difference, alpha=weight / 2)
    second.sub_(second * (ratio + backward) + difference, alpha=weight / 2)
    return (forward + backward).sum() / 2


def output_loss(
    readouts: Tensor, output: OutputLayer, targets: Tensor, smoothing: float, r_drop: float = 0.0
) -> Loss:
    """Label-smoothed cross-entropy of an output layer (Szegedy et al. 2016, section 7).

    Args:
        readouts: (passes, tokens, embedding_size), real positions only: one pass through the
            network, or two with different dropout, whose losses are averaged.
        output: Turns readouts into logits (tokens, tgt_vocab).
        targets: (tokens,) int64.
        smoothing: Share of probability spread evenly over the vocabulary.
        r_drop: Weight of the divergence between the predictions of two passes (Liang et al. 2021,
            "R-Drop: Regularized Dropout for Neural Networks", equation 4, halved as the
            cross-entropy is); 0 if there is one pass.

    Returns:
        Sums over tokens; divide by their number.
    """
    # Looked up here: inside an operation gradients are always off, and ctx.needs_input_grad answers
    # as if they were on.
    inputs = (readouts, output.rows, output.bias)
    needs_grad = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)
    smoothed, nll = _OutputLoss.apply(  # type: ignore[no-untyped-call]
        *inputs, targets, smoothing, r_drop, needs_grad
    )
    return Loss(smoothed, nll.detach())
