"""Translates lines with a model file, without s2s: all it takes is in the file.

    python export/examples/translate.py MODEL.onnx < in.txt
    python export/examples/translate.py MODEL.onnx in.txt

One sentence a line, UTF-8. For a model with tags, each line begins with one, ``<2de> Hello.``
"""

import base64
import fileinput
import json
import os
import re
import sys
import unicodedata
from itertools import islice

import numpy as np
from sentencepiece import SentencePieceProcessor

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read while onnxruntime is loaded
from onnxruntime import InferenceSession

PAD, UNKNOWN, END = 0, 1, 3
ZERO_WIDTH = "\u200b"  # ends words of Khmer and Thai; elsewhere it is nothing
ZERO_WIDTH_RUN = re.compile(f"[ {ZERO_WIDTH}]*{ZERO_WIDTH}[ {ZERO_WIDTH}]*")
LINE_BLANK = re.compile("[\0\ufeff\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

if len(sys.argv) < 2:
    sys.exit(__doc__)
session = InferenceSession(sys.argv[1])
metadata = session.get_modelmeta().custom_metadata_map
if metadata.get("s2s.format") != "1":
    sys.exit(f"{sys.argv[1]} is no s2s model file of format 1")
card = json.loads(metadata["s2s.config"])
source = SentencePieceProcessor(model_proto=base64.b64decode(metadata["s2s.tokenizer"]))
tgt_model = metadata.get("s2s.tgt_tokenizer", metadata["s2s.tokenizer"])
target = SentencePieceProcessor(model_proto=base64.b64decode(tgt_model))
# A vocabulary without a piece or a rule for it reads a blank.
zero_width = " " if UNKNOWN in source.encode(ZERO_WIDTH) else ZERO_WIDTH
options = {
    "beam_size": np.array(card["search"]["beam_size"], np.int64),
    "max_length": np.array(card["search"]["max_length"], np.int64),
    "length_penalty": np.array(card["search"]["length_penalty"], np.float32),
}
if card.get("fixed_search"):  # then they are constants of the file
    options = {}


def encode(line: str) -> list[int]:
    """Returns a line's piece ids, the end piece last; that one alone if the line is blank."""
    # The form of text that models are trained with: composed characters, single blanks.
    text = unicodedata.normalize("NFC", line).replace(ZERO_WIDTH, zero_width)
    single = " ".join(re.sub("[\0\ufeff]", " ", text).split())
    single = ZERO_WIDTH_RUN.sub(lambda run: " " if " " in run[0] else ZERO_WIDTH, single)
    single = single.strip(f" {ZERO_WIDTH}")
    if single and card.get("whitespace") == "keep":
        return [*source.encode(LINE_BLANK.sub(" ", text.rstrip("\r\n"))), END]
    text = single
    tag = next((tag for tag in card.get("tags", []) if text.startswith(tag)), "")
    ids = source.encode(text.removeprefix(tag).strip())
    # SentencePiece finds no tag in text, so its piece is put there.
    return [*([source.piece_to_id(tag)] if tag else []), *ids, END] if ids else [END]


with fileinput.input(sys.argv[2:], mode="rb") as stream:
    lines = (line.decode() for line in stream)
    while rows := [encode(line) for line in islice(lines, 64)]:
        lengths = np.array([len(row) for row in rows], np.int64)
        src = np.full((len(rows), lengths.max()), PAD, np.int64)
        for padded, row in zip(src, rows, strict=True):
            padded[: len(row)] = row
        (hypotheses,) = session.run(["hypotheses"], {"src": src, "src_lengths": lengths, **options})
        best = [[i for i in ids if i not in (PAD, END)] for ids in hypotheses[:, 0].tolist()]
        for row, text in zip(rows, target.decode(best), strict=True):
            print(text if len(row) > 1 else "", flush=True)  # noqa: T201
