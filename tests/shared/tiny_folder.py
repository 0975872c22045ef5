"""The folder of an untrained run with the tiny model's vocabulary."""

import json

import torch
from safetensors.torch import save_file

from s2s.config import ModelConfig, SearchConfig
from s2s.formats.card import FORMAT
from s2s.formats.run_folder import BEST_FILE, CONFIG_FILE, SRC_TOKENIZER_FILE
from s2s.model.seq2seq import Seq2Seq


def write_run(folder, src_model, **changes):
    """Writes a run of 64 pieces; ``changes`` are of its network."""
    folder.mkdir()
    torch.manual_seed(2)
    torch.set_num_threads(1)  # two wait for each other longer than they work, in so small a model
    sizes = {"src_vocab_size": 64, "tgt_vocab_size": 64, "embedding_size": 16, "hidden_size": 24}
    config = ModelConfig(**{**sizes, **changes})
    model = Seq2Seq(config)
    with torch.no_grad():
        model.output.weight.mul_(8)  # clear preferences, so that rounding decides nothing
    (folder / CONFIG_FILE).write_text(
        json.dumps(
            {
                "format": FORMAT,
                "model": config.to_dict(),
                "search": SearchConfig(beam_size=3).to_dict(),
                "languages": {"src": "de", "tgt": "en"},
            }
        )
    )
    (folder / SRC_TOKENIZER_FILE).write_bytes(src_model)
    tensors = {name: value.contiguous() for name, value in model.named_parameters()}
    save_file(tensors, folder / BEST_FILE, {"s2s.state": json.dumps({"scores": {"BLEU": 1.5}})})
    return folder
