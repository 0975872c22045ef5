"""The network as the papers write it: numpy, one sentence, one step at a time, nothing padded.

What ``s2s.model`` does with padded batches and fused calls is done here symbol by symbol, so that
a reader can lay the papers beside it. Shapes: ``x`` (input_size,), ``h``, ``c``, ``s`` and
``context`` (hidden_size,), ``memory`` (src_len, hidden_size), a matrix (outputs, inputs). Weights
are a dict by torch's names, of float64.

All of it also takes complex numbers: the derivative of the loss along a direction of the weights is
the imaginary part that a tiny imaginary step leaves, without the rounding of a difference (Squire
and Trapp 1998, "Using Complex Variables to Estimate Derivatives of Real Functions").
"""

# ruff: noqa: N806 -- matrices have capital letters, as in the papers

from typing import NamedTuple

import numpy as np

BOS = 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.where(x.real > 0, x, 0)


def log_softmax(scores):
    """Over the last axis."""
    moved = scores - scores.real.max(axis=-1, keepdims=True)
    return moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True))


def softmax(scores):
    return np.exp(log_softmax(scores))


def part(weights, prefix):
    """The weights of a part of the network, by their names inside it."""
    return {k[len(prefix) :]: v for k, v in weights.items() if k.startswith(prefix)}


def linear(weights, name, x):
    """``x`` (..., inputs) to (..., outputs); a bias if there is one."""
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0)


# Cells: a step from ``state``, a tuple whose first member is h, to the next one.


def gates(weights, count):
    """W, U and both biases of each gate, in torch's order."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return zip(*(np.split(weights[name], count) for name in names), strict=True)


def lstm(x, state, weights):
    """Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000)."""
    h, c = state
    i, f, g, o = (W @ x + b + U @ h + b_u for W, U, b, b_u in gates(weights, 4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def peephole(x, state, weights):
    """Graves (2013), equations 7 to 11; W_ci, W_cf and W_co are diagonal."""
    h, c = state
    i, f, g, o = (W @ x + b + U @ h + b_u for W, U, b, b_u in gates(weights, 4))
    W_ci, W_cf, W_co = (np.diag(row) for row in weights["weight_ch_l0"])
    i = sigmoid(i + W_ci @ c)
    f = sigmoid(f + W_cf @ c)
    c = f * c + i * np.tanh(g)
    o = sigmoid(o + W_co @ c)
    return o * np.tanh(c), c


def peephole_backward(inputs, state, weights, errors, bound=np.inf):
    """The derivatives of ``sum(errors * outputs)``, by back-propagation through time.

    The derivative with respect to each gate's input is cut to [-``bound``, ``bound``] before it
    goes on to weights, inputs and the step before (Graves 2013, section 2.1). Returns the
    derivatives by weight, those of the inputs, and those of the first h and c.
    """
    matrices = [np.split(weights[f"weight_{kind}_l0"], 4) for kind in ("ih", "hh")]
    biases = np.split(weights["bias_ih_l0"] + weights["bias_hh_l0"], 4)
    W_ci, W_cf, W_co = weights["weight_ch_l0"]
    steps, (h, c) = [], state
    for x in inputs:
        i, f, g, o = (W @ x + U @ h + b for W, U, b in zip(*matrices, biases, strict=True))
        i, f, g = sigmoid(i + W_ci * c), sigmoid(f + W_cf * c), np.tanh(g)
        new = f * c + i * g
        o = sigmoid(o + W_co * new)
        steps.append((x, h, c, i, f, g, o, new))
        h, c = o * np.tanh(new), new
    found = {name: np.zeros_like(weight) for name, weight in weights.items()}
    by_x, by_h, by_c = [], np.zeros_like(h), np.zeros_like(c)
    for (x, h, c, i, f, g, o, new), error in zip(steps[::-1], errors[::-1], strict=True):
        by_h = by_h + error
        by_o = np.clip(by_h * np.tanh(new) * o * (1 - o), -bound, bound)
        by_c = by_c + by_h * o * (1 - np.tanh(new) ** 2) + by_o * W_co
        by_i = np.clip(by_c * g * i * (1 - i), -bound, bound)
        by_f = np.clip(by_c * c * f * (1 - f), -bound, bound)
        by_g = np.clip(by_c * i * (1 - g**2), -bound, bound)
        delta = np.concatenate([by_i, by_f, by_g, by_o])
        found["weight_ih_l0"] += np.outer(delta, x)
        found["weight_hh_l0"] += np.outer(delta, h)
        found["bias_ih_l0"] += delta
        found["bias_hh_l0"] += delta
        found["weight_ch_l0"] += np.stack([by_i * c, by_f * c, by_o * new])
        by_x.append(delta @ weights["weight_ih_l0"])
        by_h = delta @ weights["weight_hh_l0"]
        by_c = by_c * f + by_i * W_ci + by_f * W_cf
    return found, np.stack(by_x[::-1]), (by_h, by_c)


def gru(x, state, weights):
    """cuDNN's, and so torch's: the reset gate comes after the product with U."""
    (h,) = state
    (W_r, U_r, b_r, d_r), (W_z, U_z, b_z, d_z), (W, U, b, d) = gates(weights, 3)
    r = sigmoid(W_r @ x + b_r + U_r @ h + d_r)
    z = sigmoid(W_z @ x + b_z + U_z @ h + d_z)
    new = np.tanh(W @ x + b + r * (U @ h + d))
    return (z * h + (1 - z) * new,)


def gru_of_cho(x, state, weights):
    """Cho et al. (2014), equations 5 to 8: the reset gate comes before the product with U."""
    (h,) = state
    (W_r, U_r, b_r, d_r), (W_z, U_z, b_z, d_z), (W, U, b, d) = gates(weights, 3)
    r = sigmoid(W_r @ x + b_r + U_r @ h + d_r)
    z = sigmoid(W_z @ x + b_z + U_z @ h + d_z)
    new = np.tanh(W @ x + b + U @ (r * h) + d)
    return (z * h + (1 - z) * new,)


def rnn_tanh(x, state, weights):
    """Elman (1990)."""
    ((W, U, b, d),) = gates(weights, 1)
    return (np.tanh(W @ x + b + U @ state[0] + d),)


def rnn_relu(x, state, weights):
    """Elman (1990) with rectified units, as Le, Jaitly and Hinton (2015)."""
    ((W, U, b, d),) = gates(weights, 1)
    return (relu(W @ x + b + U @ state[0] + d),)


CELLS = {
    ("lstm", "tanh"): lstm,
    ("peephole", "tanh"): peephole,
    ("gru", "tanh"): gru,
    ("rnn", "tanh"): rnn_tanh,
    ("rnn", "relu"): rnn_relu,
}


def read(cell, inputs, weights):
    """Returns h after each of ``inputs`` (time, input_size), from a state of zeros."""
    size = weights["weight_hh_l0"].shape[1]
    state = (np.zeros(size),) * (2 if cell in (lstm, peephole) else 1)
    outputs = []
    for x in inputs:
        state = cell(x, state, weights)
        outputs.append(state[0])
    return np.stack(outputs)


# Encoder


class Encoded(NamedTuple):
    memory: np.ndarray  # (src_len, hidden_size)
    summary: np.ndarray  # (hidden_size,)


def encode(config, weights, src):
    """Bahdanau et al. (2015), section 3.2; residuals between layers as in GNMT (Wu et al. 2016)."""
    cell = CELLS[config.cell, config.activation]
    inputs = weights["encoder.embedding.table.weight"][list(src)]
    for layer in range(config.encoder_layers):
        ahead = read(cell, inputs, part(weights, f"encoder.forward_layers.{layer}."))
        back = read(cell, inputs[::-1], part(weights, f"encoder.backward_layers.{layer}."))
        both = np.concatenate([ahead, back[::-1]], axis=1)
        inputs = both if layer == 0 else both + inputs
    return Encoded(inputs, np.concatenate([ahead[-1], back[-1]]))


# Attention: a decoder state asks, a context and the weights of the memory come back.


def attend(config, weights, s, memory):
    """Weights are those of the attention alone; returns the context, and (src_len,) weights."""
    if config.attention == "multihead":
        return multihead(config, weights, s, memory)
    if config.attention == "mlp":  # Bahdanau et al. (2015), appendix A.1.2: v' tanh(W s + U h)
        W, U = weights["query.weight"], weights["key.weight"]
        v, b = weights["energy.weight"][0], weights["query.bias"]
        scores = np.array([v @ np.tanh(W @ s + b + U @ h) for h in memory])
    elif config.attention == "general":  # Luong et al. (2015), equation 8: s' W h
        scores = np.array([s @ weights["key.weight"] @ h for h in memory]) / len(s) ** 0.5
    else:  # the same equation: s' h; both over the root of the width, see Vaswani et al. (2017)
        scores = np.array([s @ h for h in memory]) / len(s) ** 0.5
    alpha = softmax(scores)
    return sum(a * h for a, h in zip(alpha, memory, strict=True)), alpha


def multihead(config, weights, s, memory):
    """Vaswani et al. (2017), section 3.2.2: Concat(head_1, ...) W_O, each on its own projections.

    head_i = softmax(q_i K_i' / sqrt(d_k)) V_i, with a bias on q and on the output.
    """
    heads, size = config.attention_heads, len(s) // config.attention_heads
    found, alphas = [], []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        q = weights["query.weight"][own] @ s + weights["query.bias"][own]
        K = memory @ weights["key.weight"][own].T
        V = memory @ weights["value.weight"][own].T
        alphas.append(softmax(K @ q / size**0.5))
        found.append(alphas[-1] @ V)
    return linear(weights, "merge", np.concatenate(found)), sum(alphas) / heads


# Decoder


def begin(config, weights, summary):
    """The state of each layer before the first step: a squashed view of the summary."""
    bridged = np.tanh(linear(weights, "decoder.bridge", summary))
    per_layer = bridged.reshape(-1, config.decoder_layers, config.hidden_size)
    return [tuple(per_layer[:, layer]) for layer in range(config.decoder_layers)]  # (h,) or (h, c)


def decode(config, weights, encoded, tgt_in):
    """Returns readouts (tgt_len, embedding_size) for the target that is fed in."""
    cell = CELLS[config.cell, config.activation]
    layers = [part(weights, f"decoder.layers.{n}.") for n in range(config.decoder_layers)]
    asking = part(weights, "decoder.attention.")
    states = begin(config, weights, encoded.summary)
    readout = np.zeros(config.embedding_size)
    readouts = []
    for token in tgt_in:
        x = weights["decoder.embedding.table.weight"][token]
        if config.context == "input_feeding":  # Luong et al. (2015), section 3.3
            x = np.concatenate([x, readout])
        states[0] = cell(x, states[0], layers[0])
        s = states[0][0]
        if config.context == "parallel":  # GNMT v2: the first layer asks, all above are told
            context, _ = attend(config, asking, s, encoded.memory)
        for number in range(1, len(layers)):
            x = np.concatenate([s, context]) if config.context == "parallel" else s
            states[number] = cell(x, states[number], layers[number])
            s = s + states[number][0]
        if config.context == "input_feeding":  # the last one asks
            context, _ = attend(config, asking, s, encoded.memory)
        # Luong et al. (2015), equation 5
        readout = np.tanh(linear(weights, "decoder.readout", np.concatenate([s, context])))
        readouts.append(readout)
    return np.stack(readouts)


# Loss


def smoothed_nll(log_probs, tgt, smoothing):
    """Szegedy et al. (2016), section 7: -sum_k q(k) log p(k), q a mix of the target and uniform."""
    vocab = log_probs.shape[1]
    total = 0
    for p, y in zip(log_probs, tgt, strict=True):
        q = np.full(vocab, smoothing / vocab)
        q[y] += 1 - smoothing
        total -= q @ p
    return total


def r_drop(log_p, log_q):
    """Liang et al. (2021), equation 2: (KL(p, q) + KL(q, p)) / 2, summed over tokens."""
    p, q = np.exp(log_p), np.exp(log_q)
    return ((p * (log_p - log_q)).sum() + (q * (log_q - log_p)).sum()) / 2


def log_probabilities(config, weights, src, tgt):
    """Returns (tgt_len, tgt_vocab): log p(. | src, what stands before) at each place of ``tgt``."""
    readouts = decode(config, weights, encode(config, weights, src), (BOS, *tgt[:-1]))
    return log_softmax(linear(weights, "output", readouts))


def loss(config, weights, pairs, smoothing):
    """The label-smoothed loss of sentence pairs, each with its end piece, summed over tokens."""
    return sum(
        smoothed_nll(log_probabilities(config, weights, src, tgt), tgt, smoothing)
        for src, tgt in pairs
    )
