"""Options of ``s2s train`` for vocabulary and network, in the groups of its help page."""

from pathlib import Path
from typing import Annotated

from s2s.cli.options import option
from s2s.cli.train_options import OF_SMALL

VOCABULARY = "Vocabulary"
NETWORK = "Network"

# Vocabulary

VocabSize = Annotated[
    int | None,
    option(
        panel=VOCABULARY,
        help_="Learn this many SentencePiece pieces.",
        metavar="N",
        low=8,
        default=OF_SMALL["vocab_size"],
    ),
]
Algorithm = Annotated[
    str | None,
    option(
        panel=VOCABULARY,
        help_="Cut text into subwords (bpe, unigram), characters, or words between blanks. auto is "
        "char if the lines are single words that seldom come again, else bpe.",
        choices=("auto", "bpe", "unigram", "char", "word"),
        default=OF_SMALL["algorithm"],
    ),
]
TgtAlgorithm = Annotated[
    str | None,
    option(
        panel=VOCABULARY,
        help_="Cut target text in another way; needs --separate-vocabularies.",
        choices=("bpe", "unigram", "char", "word"),
        default="that of --algorithm",
    ),
]
Normalization = Annotated[
    str | None,
    option(
        panel=VOCABULARY,
        help_="Rules for characters. folded reads full-width letters, ligatures and the like as "
        "plain ones, and writes targets as they are; identity changes nothing; nfkc and nmt_nfkc "
        "change both sides. auto is folded for bpe and unigram, or else identity.",
        choices=("auto", "folded", "identity", "nfkc", "nmt_nfkc"),
        default="auto",
    ),
]
Whitespace = Annotated[
    str | None,
    option(
        panel=VOCABULARY,
        help_="Blanks within a line: single makes a run of them one, and takes away those at both "
        "ends; keep leaves blanks and tabs as they are, for code.",
        choices=("single", "keep"),
        default="single",
    ),
]
SeparateVocabularies = Annotated[
    bool,
    option(
        "--separate-vocabularies",
        panel=VOCABULARY,
        help_="Learn a vocabulary for each side, not a joint one.",
    ),
]
TokenizerModel = Annotated[
    Path | None,
    option(
        "--tokenizer",
        panel=VOCABULARY,
        help_="Use this SentencePiece model, for the source or for both sides.",
        metavar="FILE",
        default="learn one",
    ),
]
TgtTokenizerModel = Annotated[
    Path | None,
    option(
        "--tgt-tokenizer",
        panel=VOCABULARY,
        help_="Use this SentencePiece model for the target, and --tokenizer for the source only.",
        metavar="FILE",
        default="that of --tokenizer",
    ),
]
Sampling = Annotated[
    float | None,
    option(
        panel=VOCABULARY,
        help_="Sample subwords with this probability (BPE-dropout), for example 0.1.",
        metavar="P",
        low=0,
        high=1,
        default=OF_SMALL["sampling"],
    ),
]

# Network

Cell = Annotated[
    str | None,
    option(
        panel=NETWORK,
        help_="Use this recurrent cell; peephole is an LSTM whose gates see the cell.",
        choices=("lstm", "gru", "rnn", "peephole"),
        default=OF_SMALL["cell"],
    ),
]
Attention = Annotated[
    str | None,
    option(
        panel=NETWORK,
        help_="Score source positions with this attention.",
        choices=("dot", "general", "mlp", "multihead"),
        default=OF_SMALL["attention"],
    ),
]
Context = Annotated[
    str | None,
    option(
        panel=NETWORK,
        help_="Choose how the decoder reads the source; parallel is faster to train.",
        choices=("parallel", "input_feeding"),
        default=OF_SMALL["context"],
    ),
]
EmbeddingSize = Annotated[
    int | None,
    option(
        panel=NETWORK,
        help_="Set the width of an embedding.",
        metavar="N",
        low=1,
        default=OF_SMALL["embedding_size"],
    ),
]
HiddenSize = Annotated[
    int | None,
    option(
        panel=NETWORK,
        help_="Set the width of a recurrent state.",
        metavar="N",
        low=2,
        default=OF_SMALL["hidden_size"],
    ),
]
EncoderLayers = Annotated[
    int | None,
    option(
        panel=NETWORK,
        help_="Set the encoder's depth.",
        metavar="N",
        low=1,
        default=OF_SMALL["encoder_layers"],
    ),
]
DecoderLayers = Annotated[
    int | None,
    option(
        panel=NETWORK,
        help_="Set the decoder's depth.",
        metavar="N",
        low=1,
        default=OF_SMALL["decoder_layers"],
    ),
]
Dropout = Annotated[
    float | None,
    option(
        panel=NETWORK,
        help_="Drop this share of the values between layers.",
        metavar="P",
        low=0,
        high=0.95,
        default=OF_SMALL["dropout"],
    ),
]
