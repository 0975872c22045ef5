"""An LSTM whose gates also see the cell: peepholes with a weight of their own for each unit.

The cell of Gers, Schraudolph and Schmidhuber (2002), "Learning Precise Timing with LSTM Recurrent
Networks", as Graves (2013), "Generating Sequences With Recurrent Neural Networks", writes it in
equations 7 to 11. cuDNN and oneDNN have no such layer, so its steps are a loop. All that is not
recurrent is outside of the loop: the product with the inputs, the derivatives of the gates, and
the gradients of the weights.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

Bound = float | Tensor
"""Largest derivative, a number or a tensor ()."""


class PeepholeLSTM(nn.Module):
    """One layer in one direction, batch first.

    The weights have the names and shapes of those of ``nn.LSTM``, in torch's order of gates
    (i, f, g, o); ``weight_ch_l0`` (3, hidden_size) leads from the cell to i, f and o.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.zeros(4 * hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.zeros(4 * hidden_size))
        self.weight_ch_l0 = nn.Parameter(torch.zeros(3, hidden_size))
        self.derivative_bound: Bound | None = None
        """See ``bound_derivatives``."""

    def forward(
        self,
        inputs: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        weights: list[Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Runs over a padded batch.

        Args:
            inputs: (batch, time, input_size).
            state: Hidden state and cell before the first step, (1, batch, hidden_size) each; None
                is zero.
            weights: Weights instead of its own, in the order in which they are made above.

        Returns:
            Outputs (batch, time, hidden_size), and the state after the last step. With autocast,
            outputs are in its precision, and the cell stays in float32.
        """
        w_ih, w_hh, b_ih, b_hh, w_ch = list(self.parameters()) if weights is None else weights
        by_time = inputs.transpose(0, 1).contiguous()
        fed = functional.linear(by_time, w_ih, b_ih + b_hh)
        if state is None:
            nothing = fed.new_zeros(fed.shape[1], self.hidden_size)
            hidden, cell = nothing, nothing
        else:
            hidden, cell = state[0][0], state[1][0]
        outputs, last = _Steps.apply(  # type: ignore[no-untyped-call]
            fed, hidden, cell, w_hh, w_ch, self.derivative_bound
        )
        return outputs.transpose(0, 1), (outputs[-1:], last[None])


def bound_derivatives(model: nn.Module, bound: Bound | None) -> None:
    """Cuts derivatives with respect to the inputs of gates, in all peephole layers of a model.

    Graves (2013), section 2.1: "the derivative of the loss with respect to the network inputs to
    the LSTM layers (before the sigmoid and tanh functions are applied)".

    Args:
        model: Whatever contains the layers.
        bound: Largest absolute value of a derivative of the tensor that ``backward`` is called on,
            in its unit. It holds for calls of the layers from now on. None: no limit.
    """
    for module in model.modules():
        if isinstance(module, PeepholeLSTM):
            module.derivative_bound = bound


class _Steps(torch.autograd.Function):
    """All steps of a layer, from the products with its inputs to its outputs and last cell.

    Gates are (time, batch, 4, hidden_size) in the order i, f, g, o. Products are in the precision
    of ``fed``, everything else at least in float32.
    """

    @staticmethod
    def forward(
        ctx: Any,
        fed: Tensor,
        hidden: Tensor,
        cell: Tensor,
        weight: Tensor,
        peepholes: Tensor,
        bound: Bound | None,
    ) -> tuple[Tensor, Tensor]:
        time, batch, size = fed.shape[0], *cell.shape
        low, wide = fed.dtype, torch.promote_types(fed.dtype, torch.float32)
        recurrent = weight.to(low).t()
        if time > 1:  # many products are faster with a copy, one is not
            recurrent = recurrent.contiguous()
        to_output = peepholes[2].to(wide)
        to_others = peepholes[:2].to(wide)
        gates = fed.new_empty(time, batch, 4, size, dtype=wide)
        cells = gates.new_empty(time + 1, batch, size)
        outputs = fed.new_empty(time, batch, size)
        squashed = torch.empty_like(cells[0])
        cells[0] = cell
        last = hidden.to(low)
        views = [fed, outputs, cells[:-1], cells[1:], cells[:-1, :, None]]
        views += [gates.flatten(2), gates[:, :, :2], *gates.unbind(2)]
        for step in zip(*(view.unbind(0) for view in views), strict=True):
            addend, output, before, after, shown, gate, both, write, forget, new, read = step
            _add_product(addend, last, recurrent, gate)
            both.addcmul_(shown, to_others).sigmoid_()
            torch.mul(forget, before, out=after)
            after.addcmul_(write, new.tanh_())
            read.addcmul_(after, to_output).sigmoid_()
            torch.tanh(after, out=squashed)
            last = torch.mul(read, squashed, out=output)
        ctx.save_for_backward(gates, cells, outputs, hidden, weight, peepholes)
        ctx.bound, ctx.cell_dtype = bound, cell.dtype
        ctx.set_materialize_grads(False)
        return outputs, cells[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_outputs: Tensor | None, grad_cell: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        gates, cells, outputs, hidden, weight, peepholes = ctx.saved_tensors
        wide, recurrent = cells.dtype, weight.to(outputs.dtype)
        if grad_outputs is None:
            grad_outputs = torch.zeros_like(outputs)
        by_cell = torch.zeros_like(cells[0]) if grad_cell is None else grad_cell.to(wide, copy=True)
        deltas = _back_through_time(
            gates, cells, grad_outputs, by_cell, recurrent, peepholes.to(wide), ctx.bound
        )
        lows = deltas.flatten(2).to(outputs.dtype)
        before = torch.cat([hidden[None].to(outputs.dtype), outputs[:-1]])
        grad_peepholes = [
            (deltas[:, :, gate] * cell).sum(dim=(0, 1))
            for gate, cell in ((0, cells[:-1]), (1, cells[:-1]), (3, cells[1:]))
        ]
        return (
            lows,
            (lows[0] @ recurrent).to(hidden.dtype) if ctx.needs_input_grad[1] else None,
            by_cell.to(ctx.cell_dtype),
            (lows.flatten(0, 1).t() @ before.flatten(0, 1)).to(weight.dtype),
            torch.stack(grad_peepholes).to(peepholes.dtype),
            None,
        )


def _add_product(addend: Tensor, left: Tensor, right: Tensor, out: Tensor) -> None:
    """Writes ``addend + left @ right`` into ``out``, which may be in a higher precision."""
    if left.dtype == out.dtype:
        torch.addmm(addend, left, right, out=out)
    else:
        out.copy_(addend).add_(left @ right)


def _back_through_time(
    gates: Tensor,
    cells: Tensor,
    by_outputs: Tensor,
    by_cell: Tensor,
    recurrent: Tensor,
    peepholes: Tensor,
    bound: Bound | None,
) -> Tensor:
    """Returns the derivatives by the inputs of gates, of the shape of ``gates``.

    Args:
        gates: Values of the gates.
        cells: (time + 1, batch, hidden_size), the one before the first step included.
        by_outputs: Derivatives by outputs (time, batch, hidden_size).
        by_cell: Derivative by the last cell (batch, hidden_size); becomes that by the first one.
        recurrent: (4 * hidden_size, hidden_size), in the precision of products.
        peepholes: (3, hidden_size), to i, f and o.
        bound: See ``bound_derivatives``.
    """
    to_input, to_forget, to_output = peepholes
    lower = None if bound is None else -bound
    deltas, keep, read = _factors(gates, cells)
    if bound is None:  # then a derivative reaches the cell by all of its ways at once
        keep = torch.addcmul(keep, deltas[:, :, 0], to_input)
        keep.addcmul_(deltas[:, :, 1], to_forget)
        read.addcmul_(deltas[:, :, 3], to_output)
    by_hidden = torch.empty_like(by_cell)
    views = [by_outputs, keep, read, deltas.flatten(2), deltas[:, :, :3]]
    views += [deltas[:, :, gate] for gate in (0, 1, 3)]
    later: Tensor | None = None
    for step in zip(*(view.unbind(0)[::-1] for view in views), strict=True):
        by_output, kept, shown, all_four, three, to_write, to_keep, to_read = step
        if later is None:
            by_hidden.copy_(by_output)
        else:
            _add_product(by_output, later, recurrent, by_hidden)
        to_read.mul_(by_hidden)
        by_cell.addcmul_(by_hidden, shown)
        if bound is not None:
            to_read.clamp_(lower, bound)
            by_cell.addcmul_(to_read, to_output)
        three.mul_(by_cell[:, None])
        by_cell.mul_(kept)
        if bound is not None:
            three.clamp_(lower, bound)
            by_cell.addcmul_(to_write, to_input).addcmul_(to_keep, to_forget)
        later = all_four.to(recurrent.dtype)
    return deltas


def _factors(gates: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Returns what the derivatives by cells and hidden states are multiplied by.

    Returns:
        For the input of each gate (time, batch, 4, hidden_size): the factor of the cell's
        derivative for i, f, g and of the hidden state's for o. For the cell before a step, the
        factor of the cell's; for the cell after it, that of the hidden state's (time, batch,
        hidden_size). The peepholes are left out.
    """
    write, forget, new, read = gates.unbind(2)
    squashed = cells[1:].tanh()
    # Each x - x * x: the derivative of a sigmoid, and for the three others a factor comes after it.
    factors = torch.addcmul(gates, gates, gates, value=-1)
    factors[:, :, 0].mul_(new)
    factors[:, :, 1].mul_(cells[:-1])
    factors[:, :, 3].mul_(squashed)
    written = write * new
    torch.addcmul(write, written, new, value=-1, out=factors[:, :, 2])
    torch.mul(read, squashed, out=written)
    return factors, forget, torch.addcmul(read, written, squashed, value=-1)
