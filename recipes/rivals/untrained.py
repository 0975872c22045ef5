"""The s2s network that translation speed is measured with when no run is given."""

import torch

from s2s.config import EOS_ID, ModelConfig
from s2s.model.seq2seq import Seq2Seq

VOCAB_SIZE = 8000


def untrained(cell: str) -> Seq2Seq:
    """Returns a network of embeddings 256, layers 512 and 8,000 pieces a side; it never ends."""
    torch.manual_seed(1)
    sizes = {"src_vocab_size": VOCAB_SIZE, "tgt_vocab_size": VOCAB_SIZE}
    model = Seq2Seq(ModelConfig.from_dict({**sizes, "tie": "none", "cell": cell})).eval()
    model.output.bias.data[EOS_ID] = -1e9
    return model
