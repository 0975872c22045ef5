"""Translates lines with a text model (``s2s export --text``), which takes and gives strings.

    python export/examples/translate_text.py MODEL.onnx < in.txt
    python export/examples/translate_text.py MODEL.onnx de < in.txt

One sentence a line, UTF-8. A model with tags needs the code of the language to translate to.
"""

import json
import os
import sys
import unicodedata
from itertools import islice

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read while onnxruntime is loaded
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime_extensions import get_library_path

if len(sys.argv) < 2:
    sys.exit(__doc__)
options = SessionOptions()
options.register_custom_ops_library(get_library_path())
session = InferenceSession(sys.argv[1], options)
metadata = session.get_modelmeta().custom_metadata_map
if metadata.get("s2s.text") != "1":
    sys.exit(f"{sys.argv[1]} is no text model of s2s, version 1")
card = json.loads(metadata["s2s.config"])
search = card["search"]
inputs = {
    "beam_size": np.array(search["beam_size"], np.int64),
    "max_length": np.array(search["max_length"], np.int64),
    "length_penalty": np.array(search["length_penalty"], np.float32),
}
if card.get("fixed_search"):  # then they are constants of the file
    inputs = {}
# The form of text that models are trained with; the model reads nothing behind a NUL.
lines = (
    unicodedata.normalize("NFC", line.decode()).replace("\0", " ") for line in sys.stdin.buffer
)
while texts := list(islice(lines, 64)):
    inputs["text"] = np.array(texts, dtype=object)
    if len(sys.argv) > 2:
        inputs["to"] = np.array([sys.argv[2]] * len(texts), dtype=object)
    (translations,) = session.run(["translations"], inputs)
    print(*translations[:, 0], sep="\n", flush=True)  # noqa: T201
