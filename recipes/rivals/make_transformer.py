"""Makes an untrained Transformer of OpenNMT-py 3.5 and converts it to CTranslate2, int8.

    PYTHON make_transformer.py FOLDER VOCAB_SIZE

PYTHON has OpenNMT-py and ctranslate2: 4 + 4 layers of 256, about as many weights as the others.
"""

import sys
from pathlib import Path

import torch
from convert_ctranslate2 import convert
from onmt.inputters.inputter import vocabs_to_dict
from onmt_models import make_model, options, vocabularies

FLAGS = {
    "encoder_type": "transformer",
    "decoder_type": "transformer",
    "enc_layers": 4,
    "dec_layers": 4,
    "heads": 4,
    "word_vec_size": 256,
    "hidden_size": 256,
    "transformer_ff": 1024,
}


def main() -> None:
    """Builds, saves, converts."""
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    opt = options(FLAGS)
    opt.position_encoding = True
    torch.manual_seed(1)
    vocabs = vocabularies(size)
    model = make_model(opt, vocabs)
    weights = model.state_dict()
    generator = {
        name.removeprefix("generator."): value
        for name, value in weights.items()
        if name.startswith("generator.")
    }
    rest = {name: value for name, value in weights.items() if not name.startswith("generator.")}
    checkpoint = {
        "model": rest,
        "generator": generator,
        "vocab": vocabs_to_dict(vocabs),
        "opt": opt,
        "optim": None,
    }
    convert(checkpoint, folder / "transformer")
    print(sum(value.numel() for value in model.parameters()), flush=True)


if __name__ == "__main__":
    main()
