"""How far back through time the gradient of the loss reaches.

The question of Bengio, Simard and Frasconi (1994), "Learning Long-Term Dependencies with Gradient
Descent is Difficult", and of Pascanu, Mikolov and Bengio (2013), "On the difficulty of training
recurrent neural networks", section 2: back-propagation through time multiplies one Jacobian
``dh[t] / dh[t-1]`` a step, and the product shrinks or grows exponentially.
"""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2s.config import PAD_ID
from s2s.corpus.stream import Batch
from s2s.errors import DataError, TrainingError
from s2s.model.seq2seq import Seq2Seq
from s2s.train.diagnosis.unroll import StepwiseLayer, unroll

State = Literal["hidden", "cell"]
Route = Literal["recurrence alone", "with attention"]
ROUTES: tuple[Route, ...] = ("recurrence alone", "with attention")
VANISHED = 0.01
"""Share of the last step's gradient under which an earlier step is called vanished."""
BARS = " ▁▂▃▄▅▆▇█"
PLOT_ROWS, DECADES_A_ROW = 3, 2


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerDecay:
    """The gradient that reaches the state of one layer, over steps back from the end."""

    where: str
    """``decoder layer 1``, ``encoder layer 2 backward``: layers count from 1 at the bottom."""
    state: State
    route: Route
    at_end: float
    """Norm of the gradient at the last step, nats; median over sentences."""
    relative: tuple[float, ...]
    """Norm k steps back, divided by the norm at the sentence's last step: median over sentences.
    The first is 1; empty if no gradient arrives even at the last step."""
    sentences: tuple[int, ...]
    """Number of sentences that were long enough, for each k."""
    factor: float | None
    """Factor a step: least squares on the logarithm of ``relative``; None with fewer than two steps
    that get a gradient."""

    def steps_to(self, share: float) -> int | None:
        """Returns the first step from which ``relative`` is, and stays, at ``share`` or less."""
        above = [back for back, value in enumerate(self.relative) if value > share]
        first = above[-1] + 1 if above else 0
        return first if first < len(self.relative) else None

    @property
    def verdict(self) -> str:
        """The decay in words."""
        if not self.relative:
            return "no gradient arrives"
        furthest = len(self.relative) - 1
        high = max(range(furthest + 1), key=self.relative.__getitem__)
        end = f"{_times(self.relative[-1])} after {_steps(furthest)}"
        if (vanished := self.steps_to(VANISHED)) is not None:
            return f"vanishes: falls to {_times(VANISHED)} after {_steps(vanished)}"
        if self.relative[high] >= 1 / VANISHED:
            return f"explodes: {_times(self.relative[high])} after {_steps(high)}"
        if (faded := self.steps_to(0.1)) is not None:
            return f"fades: falls to 10 % after {_steps(faded)}; {end}"
        if self.relative[-1] > 10:
            return f"grows: {end}"
        return f"keeps: {end}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GradientDecay:
    """The result of ``gradient_decay``."""

    decays: tuple[LayerDecay, ...]
    num_sentences: int

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values that JSON can hold, each decay's ``verdict`` among them."""
        decays = [{**asdict(decay), "verdict": decay.verdict} for decay in self.decays]
        return {"num_sentences": self.num_sentences, "decays": decays}


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"


def _times(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{share:.3g} times"


def _cut(_module: nn.Module, _inputs: Any, attended: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
    """Forward hook of the attention: makes its context a constant."""
    return attended[0].detach(), attended[1]


def _last_token_loss(model: Seq2Seq, batch: Batch, tgt_lengths: NDArray[np.int64]) -> Tensor:
    """Returns the sum over sentences of the last token's loss, nats."""
    device = next(model.parameters()).device
    last = (np.arange(len(tgt_lengths)), tgt_lengths - 1)
    fed = (batch.src, batch.src_lengths, batch.tgt_in)
    readouts = model(*(torch.from_numpy(array).to(device) for array in fed))
    targets = torch.from_numpy(batch.tgt_out[last]).to(device)
    return functional.cross_entropy(model.output(readouts[last]), targets, reduction="sum")


Curves = dict[tuple[str, State], list[NDArray[np.float64]]]
"""Gradient norms of each layer and state, an array per sentence: (steps,), last step first."""


def _add_curves(
    curves: Curves, model: Seq2Seq, layers: dict[str, StepwiseLayer], batch: Batch
) -> None:
    """Adds the sentences of ``batch`` to ``curves``."""
    for layer in layers.values():
        layer.hidden, layer.cells = [], []
    tgt_lengths = (batch.tgt_out != PAD_ID).sum(axis=1)
    loss = _last_token_loss(model, batch, tgt_lengths)
    if not math.isfinite(value := float(loss.detach())):
        raise TrainingError(f"the last target token's loss is {value}; it has no useful gradient")
    nodes: dict[tuple[str, State], list[Tensor]] = {}
    for name, layer in layers.items():
        nodes[name, "hidden"] = layer.hidden
        if layer.cells:
            nodes[name, "cell"] = layer.cells
    flat = [node for steps in nodes.values() for node in steps]
    # If a route is cut, autograd has no gradient; here it is 0.
    gradients = iter(torch.autograd.grad(loss, flat, allow_unused=True, materialize_grads=True))
    for key, steps in nodes.items():
        norms = torch.stack([next(gradients).norm(dim=1) for _ in steps], dim=1).cpu().numpy()
        lengths = tgt_lengths if key[0].startswith("decoder") else batch.src_lengths
        rows = curves.setdefault(key, [])
        for row, length in zip(norms, lengths.tolist(), strict=True):
            rows.append(row[:length][::-1])


def _summarise(
    where: str, state: State, route: Route, curves: list[NDArray[np.float64]], min_share: float
) -> LayerDecay:
    """Returns medians over sentences, and the factor per step that fits them."""
    at_end = float(np.median([curve[0] for curve in curves]))
    usable = [curve / curve[0] for curve in curves if curve[0] > 0]
    relative, sentences = [], []
    for back in range(max(map(len, usable), default=0)):
        values = [curve[back] for curve in usable if len(curve) > back]
        if len(values) < min_share * len(usable):
            break
        relative.append(float(np.median(values)))
        sentences.append(len(values))
    steps = [back for back, value in enumerate(relative) if value > 0]
    factor = None
    if len(steps) > 1:
        logs = [math.log(relative[back]) for back in steps]
        weights = [math.sqrt(sentences[back]) for back in steps]
        factor = math.exp(np.polyfit(steps, logs, 1, w=weights)[0])
    return LayerDecay(
        where=where,
        state=state,
        route=route,
        at_end=at_end,
        relative=tuple(relative),
        sentences=tuple(sentences),
        factor=factor,
    )


def gradient_decay(
    model: Seq2Seq, batches: Iterable[Batch], *, min_share: float = 0.1
) -> GradientDecay:
    """Measures how the gradient of the loss decays over time steps.

    The loss is that of the last target token (the end piece) of each sentence, without label
    smoothing. Its gradient is taken with respect to the hidden state of each decoder layer, k steps
    back from the step that predicts that token, and of each encoder layer and direction, k steps
    back from the end of that direction: the last source token if it reads left to right, the first
    one if it reads right to left. The cells of LSTMs, with peepholes or without, are measured too:
    they are the path made to last (Hochreiter and Schmidhuber 1997). Hidden state and cell of a
    step are distinct nodes: the gradient of the cell includes what passes through the hidden state
    of the same step, but the gradient of the hidden state does not include what passes through the
    cell. ``clip_gates`` is not applied.

    There are two routes. ``with attention`` is the whole gradient, which training uses.
    ``recurrence alone`` takes the contexts as constants: no gradient passes through the attention,
    neither to its query nor to the memory. It reaches the encoder through the last states, the
    bridge and all decoder steps, as in a model without attention (Sutskever et al. 2014). Paths
    from one layer to the next belong to the recurrence; so does the readout that input feeding
    feeds back.

    The figures are medians over sentences, each divided by its own last step: unlike a mean, they
    do not depend on a few exact zeros (a relu that is off) or on one long sentence. All is computed
    on a copy of ``model`` in float64, without dropout: the model, its mode and its gradients stay
    as they are, and tiny gradients do not become 0.

    Args:
        model: On any device that computes in float64.
        batches: Sentence pairs to measure; a hundred are enough.
        min_share: Steps that a smaller share of the sentences reaches are left out.

    Raises:
        DataError: If ``batches`` is empty.
        TrainingError: If the loss is not finite.
    """
    batches = list(batches)
    if not batches:
        raise DataError("gradient_decay has no batch; pass at least one")
    decays = []
    with torch.enable_grad():
        clone, layers = unroll(model)
        for route in ROUTES:
            cut = route == "recurrence alone"
            handle = clone.decoder.attention.register_forward_hook(_cut) if cut else None
            curves: Curves = {}
            for batch in batches:
                _add_curves(curves, clone, layers, batch)
            if handle is not None:
                handle.remove()
            decays += [
                _summarise(where, state, route, norms, min_share)
                for (where, state), norms in curves.items()
            ]
    names = list(layers)
    decays.sort(key=lambda decay: (names.index(decay.where), decay.state == "cell"))  # stable
    num_sentences = sum(len(batch.src) for batch in batches)
    return GradientDecay(decays=tuple(decays), num_sentences=num_sentences)


def table(decay: GradientDecay) -> str:
    """Renders the gradients relative to the last step, at 0, 1, 2, 4, 8, ... steps back."""
    longest = max((len(layer.relative) for layer in decay.decays), default=0)
    marks = [0, *(2**power for power in range(longest.bit_length()) if 2**power < longest)]
    head = "".join(f"{mark:>9}" for mark in marks)
    names = [f"{layer.where}, {layer.state}, {layer.route}" for layer in decay.decays]
    wide = max(map(len, names), default=0)
    lines = [
        f"gradient of the last target token's loss, {decay.num_sentences:,} sentences: "
        "its norm at the end (nats), and relative to that, steps back",
        f"{'':{wide}}{'at end':>9}{head}{'a step':>9}",
    ]
    for name, layer in zip(names, decay.decays, strict=True):
        cells = (
            f"{layer.relative[mark]:>9.2g}" if mark < len(layer.relative) else f"{'':9}"
            for mark in marks
        )
        factor = "-" if layer.factor is None else f"{layer.factor:.3f}"
        lines.append(f"{name:{wide}}{layer.at_end:>9.2g}{''.join(cells)}{factor:>9}")
    return "\n".join(lines)


def plot(decay: GradientDecay, width: int = 60) -> str:
    """Renders each decay as bars on a logarithmic scale, steps back to the right, and its verdict.

    A label belongs to the upper edge of its row, the lowest label to the bottom.

    Args:
        decay: Result of ``gradient_decay``.
        width: Maximum number of bars; longer decays show every second step, or every third, ...
    """
    highest = max((max(layer.relative, default=1.0) for layer in decay.decays), default=1.0)
    top = math.ceil(math.log10(highest) - 1e-9)
    blocks = []
    for layer in decay.decays:
        stride = max(1, math.ceil(len(layer.relative) / width))
        eighths = [
            0.0 if value == 0 else 8 * ((math.log10(value) - top) / DECADES_A_ROW + PLOT_ROWS)
            for value in layer.relative[::stride]
        ]
        factor = "" if layer.factor is None else f" ({layer.factor:.3f} a step)"
        lines = [f"{layer.where}, {layer.state}, {layer.route}: {layer.verdict}{factor}"]
        for row in reversed(range(PLOT_ROWS)):
            bars = "".join(BARS[round(min(max(high - 8 * row, 0), 8))] for high in eighths)
            lines.append(
                f"{10.0 ** (top - DECADES_A_ROW * (PLOT_ROWS - 1 - row)):>7.0e} |{bars}".rstrip()
            )
        ticks = "".join(f"{stride * tick:<10}" for tick in range(0, len(eighths), 10))
        lines.append(f"{10.0 ** (top - DECADES_A_ROW * PLOT_ROWS):>7.0e} +{ticks}".rstrip())
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
