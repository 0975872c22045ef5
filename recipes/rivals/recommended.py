"""Settings of other toolkits that their authors, or papers, recommend for little text.

What is not named is at the toolkit's default. Each says where it comes from.
"""

from typing import Any

# OpenNMT-py: its example for Multi30k ("Example: Translation" in its documentation) takes the
# defaults; its published model for little data (IWSLT 2014) has a bidirectional encoder besides.
ONMT_LSTM: dict[str, Any] = {
    "encoder_type": "brnn",
    "decoder_type": "rnn",
    "enc_layers": 2,
    "dec_layers": 2,
    "word_vec_size": 500,
    "hidden_size": 500,
    "dropout": [0.3],
    "batch_type": "sents",
    "batch_size": 64,
    "optim": "sgd",
    "learning_rate": 1.0,
}
# Wu et al. (2021), "Good for Misconceived Reasons": the Transformer-Tiny with 41.0 BLEU on
# Multi30k. Vaswani's schedule with OpenNMT-py's factor of 2: the rate rises to 4e-3.
ONMT_TRANSFORMER: dict[str, Any] = {
    "encoder_type": "transformer",
    "decoder_type": "transformer",
    "position_encoding": True,
    "enc_layers": 4,
    "dec_layers": 4,
    "heads": 4,
    "word_vec_size": 128,
    "hidden_size": 128,
    "transformer_ff": 256,
    "dropout": [0.3],
    "attention_dropout": [0.1],
    "share_embeddings": True,
    "share_decoder_embeddings": True,
    "label_smoothing": 0.1,
    "batch_type": "tokens",
    "batch_size": 4096,
    "normalization": "tokens",
    "optim": "adam",
    "adam_beta2": 0.98,
    "decay_method": "noam",
    "warmup_steps": 2000,
    "learning_rate": 2.0,
    "max_grad_norm": 0.0,
    "param_init": 0.0,
    "param_init_glorot": True,
}
# JoeyNMT: configs/iwslt_envi_xnmt.yaml (one layer of LSTM, 133,000 pairs).
JOEYNMT_LSTM: dict[str, Any] = {
    "training": {
        "learning_rate": 0.001,
        "learning_rate_min": 0.00005,
        "clip_grad_norm": 1.0,
        "batch_size": 64,
        "scheduling": "plateau",
        "patience": 1,
        "validation_freq": 100,
        "decrease_factor": 0.5,
    },
    "model": {
        "initializer": "xavier_uniform",
        "embed_initializer": "normal",
        "embed_init_weight": 0.1,
        "encoder": {
            "type": "recurrent",
            "rnn_type": "lstm",
            "embeddings": {"embedding_dim": 128, "scale": False},
            "hidden_size": 512,
            "bidirectional": True,
            "dropout": 0.3,
            "num_layers": 1,
        },
        "decoder": {
            "type": "recurrent",
            "rnn_type": "lstm",
            "embeddings": {"embedding_dim": 128, "scale": False},
            "hidden_size": 512,
            "dropout": 0.3,
            "hidden_dropout": 0.3,
            "num_layers": 1,
            "input_feeding": True,
            "init_hidden": "zero",
            "attention": "bahdanau",
        },
    },
}
_LAYERS: dict[str, Any] = {
    "type": "transformer",
    "num_layers": 6,
    "num_heads": 4,
    "embeddings": {"embedding_dim": 256, "scale": True, "dropout": 0.0},
    "hidden_size": 256,
    "ff_size": 1024,
    "dropout": 0.3,
}
# JoeyNMT: configs/transformer_iwslt14_deen_bpe.yaml (6 + 6 layers of 256, 160,000 pairs).
JOEYNMT_TRANSFORMER: dict[str, Any] = {
    "training": {
        "adam_betas": [0.9, 0.999],
        "learning_rate": 0.0003,
        "learning_rate_min": 1e-8,
        "label_smoothing": 0.1,
        "batch_size": 4096,
        "batch_type": "token",
        "scheduling": "plateau",
        "patience": 5,
        "validation_freq": 25,
        "decrease_factor": 0.7,
    },
    "model": {
        "initializer": "xavier_uniform",
        "embed_initializer": "xavier_uniform",
        "tied_embeddings": True,
        "tied_softmax": True,
        "encoder": _LAYERS,
        "decoder": _LAYERS,
    },
}
