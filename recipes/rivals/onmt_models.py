"""OpenNMT-py 3.5's own way from flags to a model, without its commands and files."""

from argparse import Namespace
from typing import Any

import onmt.opts
import torch
from onmt.inputters.inputter import dict_to_vocabs
from onmt.model_builder import build_model
from onmt.utils.parse import ArgumentParser

RECURRENT = {
    "encoder_type": "brnn",
    "decoder_type": "rnn",
    "rnn_type": "LSTM",
    "enc_layers": 1,
    "dec_layers": 1,
    "global_attention": "general",
}


def options(flags: dict[str, Any]) -> Namespace:
    """Returns what ``onmt_train`` would make of these flags."""
    parser = ArgumentParser()
    onmt.opts.train_opts(parser)
    given = {"data": "{}", "src_vocab": "unused", **flags}
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    found: Namespace = parser.parse_args(words)
    found.data = {}
    ArgumentParser.update_model_opts(found)
    ArgumentParser.validate_model_opts(found)
    return found


def vocabularies(size: int) -> dict[str, Any]:
    """Returns vocabularies of made-up pieces, the same for both sides."""
    pieces = ["<unk>", "<blank>", "<s>", "</s>", *(f"piece{number}" for number in range(4, size))]
    made: dict[str, Any] = dict_to_vocabs({"data_task": "seq2seq", "src": pieces, "tgt": pieces})
    made["tgt"] = made["src"]
    return made


def make_model(opt: Namespace, vocabs: dict[str, Any]) -> torch.nn.Module:
    """Returns an untrained model."""
    model: torch.nn.Module = build_model(opt, opt, vocabs, None, -1)
    return model
