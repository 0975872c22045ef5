"""Networks that say what a table says, and every hypothesis that a search may find in them."""

import itertools

import numpy as np
import torch

from s2s.config import BOS_ID, EOS_ID, FORBIDDEN_IDS
from s2s.model.attention import Memory
from s2s.model.decoder import DecoderState

FIRST_WORD = EOS_ID + 1


class ScriptedDecoder:
    """Logits that depend on the seed, the source, and all that was written so far.

    Pieces after the words have no probability. They make room for a beam that is wider than the
    vocabulary of those that can be written, so that nothing need be given up.
    """

    def __init__(self, seed, words=2, dead=0):
        self.seed = seed
        self.words = tuple(range(FIRST_WORD, FIRST_WORD + words))
        self.vocab = FIRST_WORD + words + dead

    def logits(self, src, history):
        """Those (vocab,) after ``history``, which begins with the begin piece."""
        random = np.random.default_rng([self.seed, *src, PAUSE, *history])
        drawn = random.standard_normal(FIRST_WORD + len(self.words)) * 2
        logits = torch.full((self.vocab,), float("-inf"))
        logits[: len(drawn)] = torch.from_numpy(drawn)
        return logits

    def begin(self, src, src_lengths):
        """A state is the row of the source and what was written."""
        self.sources = [
            row[:length] for row, length in zip(src.tolist(), src_lengths.tolist(), strict=True)
        ]
        rows = torch.arange(len(src))[None, :, None]
        return Memory(src, src, src > 0), DecoderState(rows, None, None)

    def step(self, tokens, memory, state):
        hidden = torch.cat([state.hidden, tokens[None, :, None]], dim=2)
        logits = [self.logits(self.sources[row], written) for row, *written in hidden[0].tolist()]
        return torch.stack(logits), DecoderState(hidden, None, None)

    def log_probs(self, src, tokens):
        """Of each piece of a hypothesis, special pieces left out of the softmax."""
        found, history = [], [BOS_ID]
        for piece in tokens:
            logits = self.logits(src, history)
            logits[list(FORBIDDEN_IDS)] = float("-inf")
            found.append(float(logits.double().log_softmax(0)[piece]))
            history.append(piece)
        return found

    def every_hypothesis(self, max_length):
        """All that end, and those that are cut at the limit."""
        for length in range(max_length):
            for words in itertools.product(self.words, repeat=length):
                yield (*words, EOS_ID)
        yield from itertools.product(self.words, repeat=max_length)

    def score(self, src, tokens, alpha):
        """Wu et al. (2016), equation 14."""
        return sum(self.log_probs(src, tokens)) / ((5 + len(tokens)) / 6) ** alpha


PAUSE = 10**6
"""Between source and history, so that no two pairs of them are drawn alike."""
